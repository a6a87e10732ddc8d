"""A program and its relaxation, held to paths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyomo.common.collections import ComponentMap

from sanctopt.bound_propagation import BoundPropagation
from sanctopt.search.paths import Path, Paths, said
from sanctopt.solver_relaxation import Basis, Relaxation
from sanctopt.standard_form import Bounds, FloatArray, StandardForm, VarData

SAME = 1e-9
"""A point is between bounds if it is outside of them by no more."""

OPEN = 1e-3
"""An answer is open if a point takes more of it than this, and leaves more than this."""

REVENUE = ("throughput_value", "offer_value", "arrival_value", "link_value", "revenue_dual")
"""Rows of the revenue program: three quarters of all, and what they leave of bounds is never less."""


@dataclass(frozen=True, eq=False)
class Leeway:
    """What paths leave to the whole-number columns of a program.

    Attributes
    ----------
    lower, upper : ndarray of int, shape (whole-number columns,)
    """

    lower: NDArray[np.int8]
    upper: NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Held:
    """A relaxation held to paths, solved.

    Attributes
    ----------
    bound : float
        No ladder that goes the paths is worth more (millions of US dollars).
    values : ndarray of float, shape (whole-number columns,)
        The best point.
    prices : ndarray of float, shape (whole-number columns,)
        What the bound has of each column per unit that is taken (millions of US dollars): reduced costs.
    rest : float
        The bound without what it has of these columns.
    basis : Basis
        To start the next one from.
    """

    bound: float
    values: FloatArray
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
        The program, or a part of it; its whole numbers are 0 or 1.
    unit : float
        Millions of US dollars per unit of its objective.
    relaxation : Relaxation
        Of ``form``.
    """

    def __init__(self, model: Any, form: StandardForm, unit: float, relaxation: Relaxation) -> None:
        self.model = model
        self.iterations = self.solves = 0
        self._form, self._unit, self._relaxation = form, unit, relaxation
        self._propagation = BoundPropagation(form, heeded_rows(form))
        self._whole = np.flatnonzero(form.integer)
        columns = ComponentMap((variable, j) for j, variable in enumerate(form.variables))
        # What is past has no column, and others' answers have none in a part.
        self._takes = {key: columns[v] for key, v in model.takes.items() if v in columns}
        self._concedes = {key: columns[v] for key, v in model.concedes.items() if v in columns}

    def on(self, paths: Paths) -> Bounds | None:
        """Bounds of the columns on paths; None if these are not possible."""
        return self._narrowed(self._form.bounds, paths)

    def within(self, leeway: Leeway) -> Bounds | None:
        """Bounds of the columns with this leeway; None if there is no such point."""
        return self._propagation.tightened(self._form.bounds_with_whole(leeway.lower, leeway.upper))

    def going_on(self, within: Bounds, paths: Paths) -> Bounds | None:
        """Bounds on longer paths, from what `within` gave of shorter ones; None if these are not possible."""
        return self._narrowed(within, paths, within)

    def _narrowed(self, bounds: Bounds, paths: Paths, since: Bounds | None = None) -> Bounds | None:
        narrower = bounds.holding(dict(said(self._takes, self._concedes, paths)))
        return None if narrower is None else self._propagation.tightened(narrower, since)

    def leeway(self, bounds: Bounds) -> Leeway:
        """What bounds leave to the whole-number columns."""
        return Leeway(bounds.lower[self._whole].astype(np.int8), bounds.upper[self._whole].astype(np.int8))

    def settled(self, leeway: Leeway) -> Iterator[tuple[VarData, float]]:
        """The whole-number variables to which no choice is left, with their values."""
        for place in np.flatnonzero(leeway.lower == leeway.upper):
            yield self._form.variables[self._whole[place]], float(leeway.lower[place])

    def relax(
        self,
        leeway: Leeway,
        basis: Basis | None = None,
        seconds: float | None = None,
        enough: float | None = None,
    ) -> Held | None:
        """Solve the relaxation with this leeway; None if it has no point.

        A bound of ``enough`` (millions of US dollars) or less is not made any closer.
        """
        unit = self._unit
        least = None if enough is None else enough / unit
        bounds = self._form.bounds_with_whole(leeway.lower, leeway.upper)
        found = self._relaxation.solve(bounds, basis, seconds, least)
        self.solves += 1
        if found is None:
            return None
        self.iterations += found.iterations
        prices = unit * found.reduced[self._whole]
        bound = unit * found.bound
        rest = bound - _priced(prices, leeway)
        return Held(bound, found.values[self._whole], prices, rest, found.basis)

    def foreseen(self, of: Held, leeway: Leeway) -> float:
        """What the duals of a relaxation prove of less leeway, without a solve."""
        return of.rest + _priced(of.prices, leeway)

    def worthwhile(self, of: Held, leeway: Leeway, floor: float) -> Leeway:
        """Less leeway, without what the duals of its relaxation prove to be worth no more than ``floor``.

        The same object if that is nothing.
        """
        idle = (leeway.lower < leeway.upper) & (np.abs(of.prices) >= self.foreseen(of, leeway) - floor)
        up, down = idle & (of.prices > 0.0), idle & (of.prices < 0.0)
        if not (up | down).any():
            return leeway
        lower, upper = leeway.lower.copy(), leeway.upper.copy()
        lower[up], upper[down] = upper[up], lower[down]
        return Leeway(lower, upper)

    def does(self, point: Held, leeway: Leeway) -> bool:
        """Whether a point stays within less leeway: then it is the best of that, too."""
        low, high = leeway.lower - SAME, leeway.upper + SAME
        return bool(((low <= point.values) & (point.values <= high)).all())

    def weight(self, point: Held, name: str, path: Path) -> float:
        """How much of what a path decided last a point does, from 0 to 1."""
        model = self.model
        if len(path.given) > model.frame.past.stage:
            stage = len(path.given) - 1
            return self._value(point, self._takes[name, path.given[stage], stage])
        ends = {t: self._value(point, column) for (q, t), column in self._concedes.items() if q == name}
        return 1.0 - sum(ends.values()) if path.concedes is None else ends[path.concedes]

    def undecided(self, point: Held, name: str) -> bool:
        """Whether a point leaves any answer of a type between yes and no."""
        columns = [column for (q, _, _), column in self._takes.items() if q == name]
        values = point.values[np.searchsorted(self._whole, columns)]
        return bool((np.abs(values - np.round(values)) > OPEN).any())

    def _value(self, point: Held, column: int) -> float:
        return float(point.values[np.searchsorted(self._whole, column)])


def heeded_rows(form: StandardForm) -> NDArray[np.bool_]:
    """Rows that say something of the bounds of starts and answers, shape (rows,)."""
    heeded: NDArray[np.bool_] = ~np.isin([name.partition("[")[0] for name in form.row_names], REVENUE)
    return heeded


def _priced(prices: FloatArray, leeway: Leeway) -> float:
    """Most that whole-number columns can give at these prices."""
    return float(np.maximum(prices * leeway.lower, prices * leeway.upper).sum())
