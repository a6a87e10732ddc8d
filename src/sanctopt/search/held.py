"""A program and its relaxation, held to paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pyomo.common.collections import ComponentMap

from sanctopt.search.paths import Path, Paths, said
from sanctopt.solver_relaxation import Basis, Relaxation
from sanctopt.standard_form import FloatArray, StandardForm

SAME = 1e-9
"""What a point takes of an answer is what paths say of it, if it differs by no more."""


@dataclass(frozen=True)
class Held:
    """A relaxation held to paths, solved.

    Attributes
    ----------
    bound : float
        No ladder that goes the paths is worth more (millions of US dollars).
    answers : ndarray of float, shape (answers,)
        What the best point takes of each response and concession, from 0 to 1, in the order of the program.
    prices : ndarray of float, shape (answers,)
        What the bound has of each answer per unit that is taken (millions of US dollars): reduced costs.
    rest : float
        The bound without what it has of answers.
    basis : Basis
        To start the next one from.
    """

    bound: float
    answers: FloatArray
    prices: FloatArray
    rest: float
    basis: Basis


class HeldProgram:
    """The relaxation of a program, held to paths, and how often it was solved.

    Parameters
    ----------
    model : ConcreteModel
        Its Pyomo model.
    form : StandardForm
        The program, or a part of it.
    unit : float
        Millions of US dollars per unit of its objective.
    relaxation : Relaxation
        Of ``form``.
    """

    def __init__(self, model: Any, form: StandardForm, unit: float, relaxation: Relaxation) -> None:
        self.model = model
        self.iterations = self.solves = 0
        self._unit, self._relaxation = unit, relaxation
        columns = ComponentMap((variable, j) for j, variable in enumerate(form.variables))
        # What is past has no column, and others' answers have none in a part.
        takes = {key: columns[v] for key, v in model.takes.items() if v in columns}
        concedes = {key: columns[v] for key, v in model.concedes.items() if v in columns}
        self._columns = [*takes.values(), *concedes.values()]
        self._takes = {key: number for number, key in enumerate(takes)}
        self._concedes = {key: number for number, key in enumerate(concedes, len(takes))}
        self._lower, self._upper = form.column_lower[self._columns], form.column_upper[self._columns]

    def relax(
        self,
        paths: Paths,
        basis: Basis | None = None,
        seconds: float | None = None,
        enough: float | None = None,
    ) -> Held | None:
        """Solve the relaxation held to paths; None if it has no point.

        A bound of ``enough`` (millions of US dollars) or less is not made any closer.
        """
        unit = self._unit
        values = {self._columns[number]: value for number, value in self._held(paths).items()}
        found = self._relaxation.solve(values, basis, seconds, None if enough is None else enough / unit)
        self.solves += 1
        if found is None:
            return None
        self.iterations += found.iterations
        prices = unit * found.reduced[self._columns]
        bound = unit * found.bound
        rest = bound - self._priced(prices, paths)
        return Held(bound, found.values[self._columns], prices, rest, found.basis)

    def foreseen(self, of: Held, paths: Paths) -> float:
        """What the duals of a relaxation prove of paths, without a solve."""
        return of.rest + self._priced(of.prices, paths)

    def does(self, point: Held, paths: Paths) -> bool:
        """Whether a point does what paths say: then it is the best of those that are held to them, too."""
        held = self._held(paths).items()
        return all(abs(point.answers[number] - value) <= SAME for number, value in held)

    def weight(self, point: Held, name: str, path: Path) -> float:
        """How much of what a path decided last a point does, from 0 to 1."""
        answers = point.answers
        model = self.model
        if len(path.given) > model.frame.past.stage:
            stage = len(path.given) - 1
            return float(answers[self._takes[name, path.given[stage], stage]])
        ends = {t: float(answers[number]) for (q, t), number in self._concedes.items() if q == name}
        return 1.0 - sum(ends.values()) if path.concedes is None else ends[path.concedes]

    def _priced(self, prices: FloatArray, paths: Paths) -> float:
        """Most that answers can give at these prices on paths."""
        lower, upper = self._lower.copy(), self._upper.copy()
        for number, value in self._held(paths).items():
            lower[number] = upper[number] = value
        return float(np.maximum(prices * lower, prices * upper).sum())

    def _held(self, paths: Paths) -> dict[int, float]:
        """Values of the answers that paths decide, by their number."""
        return dict(said(self._takes, self._concedes, paths))
