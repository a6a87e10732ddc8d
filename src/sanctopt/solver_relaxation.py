"""The linear relaxation of a program, solved again and again from where it stood.

Belongs to :mod:`sanctopt.solver`. A search that holds whole-number columns at values of its own asks for
thousands of relaxations that differ in a few bounds. HiGHS solves each of them by the dual simplex method
from a basis of one like it, which takes a fraction of a solve from scratch, and no further than to a bound
that is enough; from the basis that it ended with last, it goes on with all that it still holds. The first
one is presolved: a presolve that errs can make the bound worse here, but not wrong.

No answer of HiGHS is taken on trust: the bound is computed here from its row duals
(:meth:`sanctopt.standard_form.StandardForm.proven_bound`), and "infeasible" is believed if the same formula,
asked with a dual ray and no objective, finds no room, or if a second solve from scratch says so too.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self

import highspy
import numpy as np
from highspy import HighsModelStatus, HighsStatus

from sanctopt.errors import SolverError
from sanctopt.solver_run import expect_ok, loaded, set_option
from sanctopt.standard_form import Bounds, FloatArray, StandardForm

Basis = Any
"""A basis of HiGHS."""

ROUNDING = 1e-9
"""A proven bound is widened by this share, for the rounding of its own sums."""

LEAST_ROOM, SUMS = 1e-9, 1e-13
"""A ray proves that there is no point if it misses 0 by more than the first, and more than the second times
the sum of its terms' sizes: a sum of k numbers is rounded by k times 1e-16 of that at most, and no column
has a thousand."""


class RelaxationTimeError(Exception):
    """Time ended a linear relaxation; no error, and no exception of a listener can be taken for it."""


@dataclass(frozen=True)
class Relaxed:
    """One relaxation, solved.

    Attributes
    ----------
    bound : float
        No point of the relaxation has a better objective.
    values : ndarray of float, shape (columns,)
        The optimal point as HiGHS gave it; where the bound was enough, the last point on the way to it.
    reduced : ndarray of float, shape (columns,)
        What the bound has per unit of each column (`StandardForm.reduced_costs`).
    basis : Basis
        To start the next one from.
    iterations : int
        Simplex iterations.
    """

    bound: float
    values: FloatArray
    reduced: FloatArray
    basis: Basis
    iterations: int


class Relaxation:
    """The relaxation of a program, in a thread of its own; a context manager that ends the thread."""

    def __init__(self, form: StandardForm, seed: int = 0) -> None:
        self._form = form
        self._bounds = form.bounds
        self._begun = False
        self._last = None
        # As a minimum: of a maximum, HiGHS does not heed its bound of the objective.
        self._sign = -1.0 if form.maximize else 1.0
        least = replace(
            form,
            maximize=False,
            offset=self._sign * form.offset,
            cost=self._sign * form.cost,
            integer=np.zeros(len(form.cost), dtype=np.bool_),
        )
        self._highs: Any = loaded(least)
        for name, value in (("presolve", "off"), ("threads", 1), ("random_seed", seed)):
            set_option(self._highs, name, value)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="relaxation")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the thread."""
        self._thread.submit(highspy.Highs.resetGlobalScheduler, True)
        self._thread.shutdown(wait=True)

    def solve(
        self,
        bounds: Bounds,
        basis: Basis | None = None,
        seconds: float | None = None,
        enough: float | None = None,
    ) -> Relaxed | None:
        """Solve with the columns between bounds.

        Parameters
        ----------
        bounds : Bounds
            Of all columns.
        basis : Basis or None
            Basis to start from; None for the last one.
        seconds : float or None
            Time for it; None for no limit.
        enough : float or None
            Bound that need not be closer: the solve ends there. None for no such bound.

        Returns
        -------
        Relaxed or None
            None if there is no such point.

        Raises
        ------
        RelaxationTimeError
            Time ran out.
        SolverError
            HiGHS fails.
        """
        return self._thread.submit(self._solve, bounds, basis, seconds, enough).result()

    def _solve(
        self,
        bounds: Bounds,
        basis: Basis | None,
        seconds: float | None,
        enough: float | None,
    ) -> Relaxed | None:
        lower, upper, stood = bounds.lower, bounds.upper, self._bounds
        moved = np.flatnonzero((lower != stood.lower) | (upper != stood.upper)).astype(np.int32)
        if moved.size:
            changed = self._highs.changeColsBounds(len(moved), moved, lower[moved], upper[moved])
            expect_ok(changed, "a change of bounds")
        self._bounds = bounds
        last, self._last = self._last, None
        if basis is not None and basis is not last:
            expect_ok(self._highs.setBasis(basis), "a basis")
        # Of linear programs, unlike of whole-number ones, HiGHS holds the limit against all solves together.
        limit = float("inf") if seconds is None else self._highs.getRunTime() + float(seconds)
        set_option(self._highs, "time_limit", limit)
        status = self._first() if basis is None and not self._begun else self._again(enough)
        self._begun = True
        if status == HighsModelStatus.kInfeasible and not self._no_room():
            expect_ok(self._highs.clearSolver(), "a fresh start")
            status = self._run()
        if status == HighsModelStatus.kInfeasible:
            return None
        if status == HighsModelStatus.kTimeLimit:
            raise RelaxationTimeError("the time for a linear relaxation ran out")
        if status not in (HighsModelStatus.kOptimal, HighsModelStatus.kObjectiveBound):
            raise SolverError(f"HiGHS ended a linear relaxation with {status}")
        self._last = self._highs.getBasis()
        duals = self._duals()
        return Relaxed(
            bound=self._bound(duals),
            values=np.array(self._highs.getSolution().col_value, dtype=np.float64),
            reduced=self._form.reduced_costs(duals),
            basis=self._last,
            iterations=max(0, self._highs.getInfo().simplex_iteration_count),
        )

    def _first(self) -> HighsModelStatus:
        """Solve with presolve; an odd end is looked at again without."""
        set_option(self._highs, "presolve", "on")
        status = self._run()
        set_option(self._highs, "presolve", "off")
        if status in (HighsModelStatus.kOptimal, HighsModelStatus.kTimeLimit):
            return status
        expect_ok(self._highs.clearSolver(), "a fresh start")
        return self._run()

    def _again(self, enough: float | None) -> HighsModelStatus:
        """Solve by the dual simplex method, until the bound is proven to be enough."""
        if enough is None:
            return self._run()
        set_option(self._highs, "objective_bound", self._sign * enough)
        status = self._run()
        set_option(self._highs, "objective_bound", float("inf"))
        if status != HighsModelStatus.kObjectiveBound:
            return status
        return status if self._sign * (self._bound(self._duals()) - enough) >= 0.0 else self._run()

    def _bound(self, duals: FloatArray) -> float:
        """The bound that row duals prove."""
        bound = self._form.proven_bound(duals, self._bounds)
        return bound - self._sign * ROUNDING * max(1.0, abs(bound))

    def _duals(self) -> FloatArray:
        """HiGHS's row duals, in the sense of the program."""
        duals: FloatArray = self._sign * np.array(self._highs.getSolution().row_dual, dtype=np.float64)
        return duals

    def _run(self) -> HighsModelStatus:
        if self._highs.run() == HighsStatus.kError:
            raise SolverError(f"HiGHS failed; its last status is {self._highs.getModelStatus()}")
        status: HighsModelStatus = self._highs.getModelStatus()
        return status

    def _no_room(self) -> bool:
        """Whether HiGHS's dual ray proves that no point satisfies the rows within the bounds."""
        status, found, ray = self._highs.getDualRay()
        if status != HighsStatus.kOk or not found:
            return False
        idle = replace(self._form, cost=np.zeros_like(self._form.cost), offset=0.0, maximize=True)
        duals = np.array(ray, dtype=np.float64)
        if not np.isfinite(duals).all():
            return False
        duals /= max(1e-300, float(np.abs(duals).max()))
        missed = -min(idle.proven_bound(sign * duals, self._bounds) for sign in (1.0, -1.0))
        return missed > LEAST_ROOM and missed > SUMS * self._size(np.abs(duals))

    def _size(self, duals: FloatArray) -> float:
        """Sum of the absolute terms of a proof by row duals, of finite ones: its rounding goes by that."""

        def farthest(lower: FloatArray, upper: FloatArray) -> FloatArray:
            ends = (np.where(np.isfinite(end), np.abs(end), 0.0) for end in (lower, upper))
            farther: FloatArray = np.maximum(*ends)
            return farther

        terms = duals * farthest(self._form.row_lower, self._form.row_upper)
        columns = abs(self._form.matrix).T @ duals
        return float(terms.sum() + (columns * farthest(self._bounds.lower, self._bounds.upper)).sum())
