"""The linear relaxation of a program, solved again and again from where it stood.

Belongs to :mod:`sanctopt.solver`. A search that holds whole-number columns at values of its own asks for
thousands of relaxations that differ in a few bounds. HiGHS solves each of them by the dual simplex method
from a basis of one like it, which takes a fraction of a solve from scratch. The first one is presolved: a
presolve that errs can make the bound worse here, but not wrong.

No answer of HiGHS is taken on trust: the bound is computed here from its row duals
(:meth:`sanctopt.standard_form.StandardForm.proven_bound`), and "infeasible" is believed if the same formula,
asked with a dual ray and no objective, finds no room, or if a second solve from scratch says so too.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self

import highspy
import numpy as np
from highspy import HighsModelStatus, HighsStatus

from sanctopt.errors import SolverError
from sanctopt.solver_run import expect_ok, loaded, set_option
from sanctopt.standard_form import FloatArray, StandardForm

Basis = Any
"""A basis of HiGHS."""

ROUNDING = 1e-9
"""A proven bound is widened by this share, for the rounding of its own sums."""


@dataclass(frozen=True)
class Relaxed:
    """One relaxation, solved.

    Attributes
    ----------
    bound : float
        No point of the relaxation has a better objective.
    values : ndarray of float, shape (columns,)
        The optimal point as HiGHS gave it.
    basis : Basis
        To start the next one from.
    iterations : int
        Simplex iterations.
    """

    bound: float
    values: FloatArray
    basis: Basis
    iterations: int


class Relaxation:
    """The relaxation of a program, in a thread of its own; a context manager that ends the thread."""

    def __init__(self, form: StandardForm, seed: int = 0) -> None:
        self._form = form
        self._lower, self._upper = form.column_lower.copy(), form.column_upper.copy()
        self._held: dict[int, float] = {}
        self._begun = False
        self._highs: Any = loaded(replace(form, integer=np.zeros(len(form.cost), dtype=np.bool_)))
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
        self, held: Mapping[int, float], basis: Basis | None = None, seconds: float | None = None
    ) -> Relaxed | None:
        """Solve with some columns held at values, all others between their bounds.

        Parameters
        ----------
        held : mapping of int to float
            Columns and values.
        basis : Basis or None
            Basis to start from; None for the last one.
        seconds : float or None
            Time for it; None for no limit.

        Returns
        -------
        Relaxed or None
            None if there is no such point.

        Raises
        ------
        TimeoutError
            Time ran out.
        SolverError
            HiGHS fails.
        """
        return self._thread.submit(self._solve, dict(held), basis, seconds).result()

    def _solve(self, held: dict[int, float], basis: Basis | None, seconds: float | None) -> Relaxed | None:
        for column in [*self._held, *held]:
            value = held.get(column)
            if value == self._held.get(column):
                continue
            low = self._form.column_lower[column] if value is None else value
            high = self._form.column_upper[column] if value is None else value
            expect_ok(self._highs.changeColBounds(column, low, high), "a change of bounds")
            self._lower[column], self._upper[column] = low, high
        self._held = held
        if basis is not None:
            expect_ok(self._highs.setBasis(basis), "a basis")
        cold = basis is None and not self._begun
        if cold:
            set_option(self._highs, "presolve", "on")
        # Of linear programs, unlike of whole-number ones, HiGHS holds the limit against all solves together.
        limit = float("inf") if seconds is None else self._highs.getRunTime() + float(seconds)
        set_option(self._highs, "time_limit", limit)
        status = self._run()
        self._begun = True
        if cold:
            set_option(self._highs, "presolve", "off")
            if status not in (HighsModelStatus.kOptimal, HighsModelStatus.kTimeLimit):
                expect_ok(self._highs.clearSolver(), "a fresh start")
                status = self._run()
        if status == HighsModelStatus.kInfeasible and not self._no_room():
            expect_ok(self._highs.clearSolver(), "a fresh start")
            status = self._run()
        if status == HighsModelStatus.kInfeasible:
            return None
        if status == HighsModelStatus.kTimeLimit:
            raise TimeoutError("the time for a linear relaxation ran out")
        if status != HighsModelStatus.kOptimal:
            raise SolverError(f"HiGHS ended a linear relaxation with {status}")
        solution = self._highs.getSolution()
        duals = np.array(solution.row_dual, dtype=np.float64)
        bound = self._form.proven_bound(duals, self._lower, self._upper)
        sign = 1.0 if self._form.maximize else -1.0
        return Relaxed(
            bound=bound + sign * ROUNDING * max(1.0, abs(bound)),
            values=np.array(solution.col_value, dtype=np.float64),
            basis=self._highs.getBasis(),
            iterations=max(0, self._highs.getInfo().simplex_iteration_count),
        )

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
        duals /= max(1e-300, float(np.abs(duals).max()))
        return any(idle.proven_bound(sign * duals, self._lower, self._upper) < -1e-9 for sign in (1.0, -1.0))
