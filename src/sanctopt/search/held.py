"""A program and its relaxation, held to paths."""

from __future__ import annotations

from dataclasses import dataclass

from pyomo.common.collections import ComponentMap

from sanctopt.search.paths import Path, PathIndex, Paths, held
from sanctopt.search.program import Program
from sanctopt.solver_relaxation import Basis, Relaxation
from sanctopt.standard_form import FloatArray

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
    basis : Basis
        To start the next one from.
    """

    bound: float
    answers: FloatArray
    basis: Basis


class HeldProgram:
    """A program, its relaxation, and how often that was solved."""

    def __init__(self, program: Program, relaxation: Relaxation) -> None:
        self.program = program
        self.index = PathIndex(program.model)
        self.iterations = self.solves = 0
        self._relaxation = relaxation
        columns = program.compiled.columns  # what is past has none
        answers = (*program.model.takes.values(), *program.model.concedes.values())
        self._place = ComponentMap((v, n) for n, v in enumerate(v for v in answers if v in columns))
        self._columns = [columns[variable] for variable in self._place]

    def relax(self, paths: Paths, basis: Basis | None = None, seconds: float | None = None) -> Held | None:
        """Solve the relaxation held to paths; None if it has no point."""
        columns = self.program.compiled.columns
        values = {columns[variable]: value for variable, value in self._held(paths).items()}
        found = self._relaxation.solve(values, basis, seconds)
        self.solves += 1
        if found is None:
            return None
        self.iterations += found.iterations
        return Held(self.program.unit * found.bound, found.values[self._columns], found.basis)

    def does(self, answers: FloatArray, paths: Paths) -> bool:
        """Whether a point does what paths say: then it is the best of those that are held to them, too."""
        return all(abs(answers[self._place[v]] - value) <= SAME for v, value in self._held(paths).items())

    def weight(self, answers: FloatArray, name: str, path: Path) -> float:
        """How much of what a path decided last a point does, from 0 to 1."""
        model = self.program.model
        if len(path.given) > model.frame.past.stage:
            stage = len(path.given) - 1
            return float(answers[self._place[model.takes[name, path.given[stage], stage]]])
        own = {t: v for (q, t), v in model.concedes.items() if q == name and v in self._place}
        ends = {t: float(answers[self._place[v]]) for t, v in own.items()}
        return 1.0 - sum(ends.values()) if path.concedes is None else ends[path.concedes]

    def _held(self, paths: Paths) -> ComponentMap:
        values = held(self.program.model, paths)
        return ComponentMap((v, value) for v, value in values.items() if v in self._place)
