"""HiGHS behind a small door: compile a Pyomo model once, solve it as often as needed.

Only this module, :mod:`sanctopt.solver_options`, `solver_run` and `solver_relaxation` import highspy. Facts
about HiGHS 1.15.1 that shape them, each held by a test in ``tests/test_solver.py``:

- It accepts NaN in costs and coefficients and calls the result optimal; of NaN bounds it complains, keeps
  the model and solves it. :mod:`sanctopt.model_compiler` refuses such numbers first.
- A misspelt option is reported by a return value only; so is a failed ``run``, which leaves the verdict of
  the *previous* solve in place. Every return value is checked here.
- The number of threads belongs to a scheduler that each operating-system thread starts once; a later
  ``run`` in that thread with another number fails. Here every solve runs in a thread of its own, so any
  number can follow any other. It also leaves the caller's thread free to receive Ctrl-C, without a signal
  handler, and to run ``on_progress``.
- ``getRunTime`` accumulates over solves; ``time_limit`` holds for each of them.
- Presolve has cut off the optimum of programs of this game, so it is off unless asked for.
- "Infeasible" can come from a faulty reduction of presolve, and presolve cannot tell infeasible from
  unbounded. Both are believed only after a second solve from scratch without presolve.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock

import highspy
import numpy as np
from highspy import HighsModelStatus
from numpy.typing import NDArray
from pyomo.common.collections import ComponentMap
from pyomo.environ import ConcreteModel

from sanctopt.errors import SolverError
from sanctopt.model_compiler import compile_standard_form, file_names
from sanctopt.solver_options import (
    ABSOLUTE_GAP,
    Limit,
    Progress,
    Reason,
    SolveOptions,
    SolveReport,
)
from sanctopt.solver_run import Monitor, OnProgress, Outcome, Runner, expect_ok, loaded, set_option
from sanctopt.solver_verdict import VIOLATION_TOLERANCE, judged
from sanctopt.standard_form import Bounds, Evaluation, FloatArray, StandardForm, VarData

__all__ = [
    "CompiledProgram",
    "Evaluation",
    "Limit",
    "Progress",
    "Reason",
    "SolveOptions",
    "SolveReport",
    "compile_program",
]

PRESOLVE = "off"
"""Presolve of HiGHS 1.15.1 has called worse points optimal on programs of this game, with its default rules
and with some of them switched off (``tests/test_solver_traps.py``); it removes few of their rows anyway. The
option ``presolve`` of `SolveOptions.highs` switches it on."""

_Start = tuple[NDArray[np.int32], FloatArray]
"""Columns and their values."""


def compile_program(model: ConcreteModel) -> CompiledProgram:
    """Compile a linear Pyomo model with one active objective and hand it to HiGHS.

    Parameters
    ----------
    model : ConcreteModel
        Read once: later changes to the model do not reach the program.

    Returns
    -------
    CompiledProgram

    Raises
    ------
    SolverError
        The model is not linear or holds numbers that cannot be solved reliably; see
        :func:`sanctopt.model_compiler.compile_standard_form`.

    Examples
    --------
    >>> import pyomo.environ as pyo
    >>> model = pyo.ConcreteModel()
    >>> model.take = pyo.Var([1, 2, 3], domain=pyo.Binary)
    >>> model.room = pyo.Constraint(expr=2 * model.take[1] + 3 * model.take[2] + 4 * model.take[3] <= 6)
    >>> model.worth = pyo.Objective(
    ...     expr=3 * model.take[1] + 4 * model.take[2] + 5 * model.take[3], sense=pyo.maximize
    ... )
    >>> program = compile_program(model)
    >>> report = program.solve(SolveOptions(relative_gap=0.0))
    >>> report.reason, report.incumbent, program.value(model.take[2])
    (<Reason.OPTIMAL: 'optimal'>, 8.0, 0.0)
    """
    start = time.perf_counter()
    form = compile_standard_form(model)
    return CompiledProgram(form, loaded(form), time.perf_counter() - start)


class CompiledProgram:
    """A mixed-integer linear program inside HiGHS; made by :func:`compile_program`.

    Bounds may change between solves. Every solve starts from scratch, so that it does not depend on what
    was solved before; what an earlier solve found is passed on by ``warm_start``. One object solves one
    program at a time; different objects may solve at the same time in different threads.
    """

    def __init__(self, form: StandardForm, highs: highspy.Highs, compile_seconds: float) -> None:
        self._form = form
        self._highs = highs
        self._compile_seconds = compile_seconds
        self._columns = ComponentMap((variable, j) for j, variable in enumerate(form.variables))
        self._columns.update(form.tied)
        # Asked for by the thousand: faster than the map. The form keeps the variables, so ids last.
        self._number: dict[int, int] = {id(variable): j for variable, j in self._columns.items()}
        self._lower = form.column_lower.copy()
        self._upper = form.column_upper.copy()
        self._values: FloatArray | None = None
        self._runner = Runner(highs)
        self._solving = Lock()

    @property
    def columns(self) -> Mapping[VarData, int]:
        """Column of each Pyomo variable; those fixed when the model was compiled have none.

        Variables that a restriction tied together share theirs.
        """
        columns: Mapping[VarData, int] = self._columns
        return columns

    @property
    def form(self) -> StandardForm:
        """The program as arrays, with the bounds of the model."""
        return self._form

    @property
    def bounds_now(self) -> Bounds:
        """Bounds of all columns as they are now."""
        return Bounds(self._lower.copy(), self._upper.copy())

    @property
    def values(self) -> FloatArray:
        """Incumbent of the last solve, shape (columns,), as HiGHS gave it: binaries may be off by 1e-6.

        Raises
        ------
        SolverError
            There is no incumbent: ``report.has_solution`` is False, or nothing was solved.
        """
        if self._values is None:
            raise SolverError("the program has no incumbent; look at has_solution of the report first")
        return self._values

    def values_within_bounds(self) -> FloatArray:
        """The same, moved to the bounds as they are now where HiGHS is off by a rounding."""
        point: FloatArray = np.clip(self.values, self._lower, self._upper)
        return point

    def value(self, variable: VarData) -> float:
        """Value of a variable in the incumbent, or the constant at which the model had fixed it."""
        if variable in self._form.constants:
            return float(self._form.constants[variable])
        return float(self.values[self._column(variable)])

    def restricted(self, fixed: Mapping[VarData, float], tied: Mapping[VarData, VarData]) -> CompiledProgram:
        """The program, with its rows as they are now, in which variables are fixed or follow a leading one.

        Nothing else is presolved, so every point is one of this program too.

        Parameters
        ----------
        fixed : ComponentMap of VarData to float
            Values of variables; a constant of the model only at its own value.
        tied : ComponentMap of VarData to VarData
            Variables with the one that each of them equals; it is neither tied nor fixed itself.
        """
        start = time.perf_counter()
        constants = self._form.constants
        if wrong := [v.name for v, value in fixed.items() if v in constants and constants[v] != value]:
            raise SolverError(f"{', '.join(wrong[:5])}: held at another value by the compiled model")
        values = {self._column(v): float(value) for v, value in fixed.items() if v not in constants}
        leads = {self._column(v): self._column(lead) for v, lead in tied.items() if v not in constants}
        form = self._form.restricted(values, leads)
        return CompiledProgram(form, loaded(form), time.perf_counter() - start)

    def bounds(self, variable: VarData) -> tuple[float, float]:
        """Bounds of a variable as they are now; infinite where there is none."""
        if variable in self._form.constants:
            constant = float(self._form.constants[variable])
            return constant, constant
        j = self._column(variable)
        return float(self._lower[j]), float(self._upper[j])

    def set_bounds(self, variable: VarData, lower: float | None, upper: float | None) -> None:
        """Replace the bounds of a variable (None: no bound), for the solves to come.

        Raises
        ------
        SolverError
            A bound is NaN, ``lower`` exceeds ``upper``, or a solve is running.
        """
        j = self._column(variable)
        low = -np.inf if lower is None else float(lower)
        high = np.inf if upper is None else float(upper)
        if not low <= high or low == np.inf or high == -np.inf:
            raise SolverError(f"bounds {lower} and {upper} of {variable.name} leave no value between them")
        self._refuse_while_running()
        expect_ok(self._highs.changeColBounds(j, low, high), "a change of bounds")
        self._lower[j], self._upper[j] = low, high

    def fix(self, variable: VarData, value: float) -> None:
        """Hold a variable at a value within the bounds of the model, until :meth:`unfix`."""
        if variable in self._form.constants and value == self._form.constants[variable]:
            return
        j = self._column(variable)
        if not self._form.column_lower[j] <= value <= self._form.column_upper[j]:
            raise SolverError(
                f"{variable.name} cannot be fixed at {value}: the model bounds it by "
                f"{self._form.column_lower[j]:g} and {self._form.column_upper[j]:g}"
            )
        self.set_bounds(variable, value, value)

    @contextmanager
    def holding(self, fixed: Mapping[VarData, float]) -> Iterator[bool]:
        """Hold variables at values as long as the context lasts.

        Parameters
        ----------
        fixed : ComponentMap of VarData to float
            Values; a variable that the model had fixed has no other than its own.

        Yields
        ------
        bool
            False if a value is not between the bounds as they are now, or not the constant; then nothing is
            held.
        """
        constants = self._form.constants
        possible = all(value == constants[v] for v, value in fixed.items() if v in constants)
        given = {self._column(v): float(value) for v, value in fixed.items() if v not in constants}
        index = np.fromiter(given, dtype=np.int32, count=len(given))
        values = np.fromiter(given.values(), dtype=np.float64, count=len(given))
        lower, upper = self._lower[index], self._upper[index]
        if not possible or bool(((values < lower) | (values > upper)).any()):
            yield False
            return
        self._set_all_bounds(index, values, values)
        try:
            yield True
        finally:
            self._set_all_bounds(index, lower, upper)

    def _set_all_bounds(self, index: NDArray[np.int32], lower: FloatArray, upper: FloatArray) -> None:
        self._refuse_while_running()
        expect_ok(self._highs.changeColsBounds(len(index), index, lower, upper), "a change of bounds")
        self._lower[index], self._upper[index] = lower, upper

    def unfix(self, variable: VarData) -> None:
        """Give a variable the bounds of the model again."""
        j = self._column(variable)
        self.set_bounds(variable, float(self._form.column_lower[j]), float(self._form.column_upper[j]))

    def add_row(self, terms: Iterable[tuple[float, VarData]], lower: float, name: str) -> None:
        """Add the row ``terms >= lower`` for the solves to come.

        Raises
        ------
        SolverError
            A coefficient or the side is not a finite number, or a solve is running.
        """
        weights: dict[int, float] = {}
        for weight, variable in terms:
            if variable in self._form.constants:
                lower -= float(weight) * float(self._form.constants[variable])
            else:
                j = self._column(variable)
                weights[j] = weights.get(j, 0.0) + float(weight)
        if not np.isfinite([lower, *weights.values()]).all():
            raise SolverError(f"row {name!r} holds a number that is not finite")
        self._refuse_while_running()
        self._form = self._form.with_row(list(weights.items()), lower, name)
        row = self._form.matrix[[-1], :].tocoo()
        status = self._highs.addRow(
            lower, np.inf, row.nnz, row.coords[1].astype(np.int32), row.data.astype(np.float64)
        )
        expect_ok(status, f"the row {name!r}")

    def evaluate(self, values: Mapping[VarData, float] | FloatArray) -> Evaluation:
        """Objective and violations of a point under the current bounds, without HiGHS.

        Parameters
        ----------
        values : ComponentMap of VarData to float, or ndarray of shape (columns,)
            A value for every column. (A plain dict cannot hold Pyomo variables: they are unhashable.)

        Returns
        -------
        Evaluation
        """
        if isinstance(values, np.ndarray):
            point = np.asarray(values, dtype=np.float64)
        else:
            index, given = self._start(values)
            point = np.full(len(self._lower), np.nan)
            point[index] = given
            missing = np.flatnonzero(np.isnan(point))
            if missing.size:
                raise SolverError(
                    f"{missing.size} variables have no value, among them "
                    f"{self._form.variables[missing[0]].name}"
                )
        if point.shape != self._lower.shape:
            raise SolverError(f"the point has shape {point.shape}, the program {self._lower.shape}")
        return self._form.evaluate(point, self._lower, self._upper)

    def write(self, path: str | Path) -> None:
        """Write the program with its current bounds as ``.lp`` or ``.mps``.

        Characters that the LP format cannot hold are replaced, e.g. ``x[1,a]`` by ``x(1,a)``.

        Raises
        ------
        SolverError
            The suffix is neither, a solve is running, or HiGHS cannot write the file.
        OSError
            The file cannot be opened.
        """
        if Path(path).suffix not in (".lp", ".mps"):
            raise SolverError(f"cannot write {str(path)!r}: give a path that ends in .lp or .mps")
        self._refuse_while_running()
        for j, name in enumerate(file_names([variable.name for variable in self._form.variables])):
            expect_ok(self._highs.passColName(j, name), f"the column name {name!r}")
        for i, name in enumerate(file_names(list(self._form.row_names))):
            expect_ok(self._highs.passRowName(i, name), f"the row name {name!r}")
        Path(path).open("w").close()  # HiGHS crashes the process where a file cannot be opened
        expect_ok(self._highs.writeModel(str(path)), f"writing {str(path)!r}")

    def solve(
        self,
        options: SolveOptions | None = None,
        *,
        on_progress: OnProgress | None = None,
        warm_start: Mapping[VarData, float] | None = None,
    ) -> SolveReport:
        """Solve the program.

        Ctrl-C (or a ``KeyboardInterrupt`` raised by ``on_progress``) ends the solve with what was found so
        far; HiGHS notices it at its next check, which inside a long root relaxation takes seconds. A second
        Ctrl-C is raised at once and leaves HiGHS to stop in the background.

        Parameters
        ----------
        options : SolveOptions or None
            None for the defaults.
        on_progress : callable or None
            Called in this thread at every new incumbent and about ten times a second in between; what it
            raises stops the solve and is raised here. LPs have no progress.
        warm_start : ComponentMap of VarData to float, or None
            Values to start from. HiGHS completes a partial start by a small search of its own and silently
            drops one that cannot be completed. A complete start that is feasible is never lost: no
            worse point is returned. LPs return it only if a limit ends them first.

        Returns
        -------
        SolveReport
            Infeasible, interrupted and limited solves are reports too.

        Raises
        ------
        OptionError
            HiGHS refuses an option.
        SolverError
            A value of the start is not a finite number, or not whole for an integer column; another solve
            of this object is running.
        """
        options = SolveOptions() if options is None else options
        if not self._solving.acquire(blocking=False):
            raise SolverError("this program is being solved already; compile another one")
        try:
            self._refuse_while_running()
            start = self._start(warm_start or {})
            complete = self._complete(start)
            self._values = None
            monitor = Monitor()
            outcome, refused = self._run(options, start, monitor, on_progress)
            return self._report(options, outcome, complete, monitor, refused)
        finally:
            self._solving.release()

    def _run(
        self, options: SolveOptions, start: _Start, monitor: Monitor, on_progress: OnProgress | None
    ) -> tuple[Outcome, bool]:
        """Outcome, and whether it took a second run because the first one called the program insoluble."""
        self._configure(options, options.time_limit_seconds, start)
        first = self._runner.run(monitor, on_progress)
        if not first.refused or options.highs.get("presolve", PRESOLVE) == "off":
            return first, False
        if monitor.stop:  # no verdict without the second run
            return replace(first, status=HighsModelStatus.kInterrupt), False
        left = options.time_limit_seconds
        self._configure(options, None if left is None else max(0.0, left - monitor.seconds()), start)
        set_option(self._highs, "presolve", "off")
        second = self._runner.run(monitor, on_progress)
        return replace(second, iterations=first.iterations + second.iterations), True

    def _configure(self, options: SolveOptions, seconds: float | None, start: _Start) -> None:
        """Bring HiGHS into the state of a first solve with these options."""
        highs = self._highs
        expect_ok(highs.clearSolver(), "a fresh start")
        expect_ok(highs.resetOptions(), "the default options")
        set_option(highs, "output_flag", options.log or "log_file" in options.highs)
        set_option(highs, "log_to_console", options.log)
        # HiGHS stops at either gap. It sums its relative gap in another order than we do, so it is asked
        # for a hair more; its absolute gap only decides where the incumbent is 0.
        set_option(highs, "mip_rel_gap", 0.999 * float(options.relative_gap))
        set_option(highs, "mip_abs_gap", 0.5 * ABSOLUTE_GAP)
        set_option(highs, "presolve", PRESOLVE)
        set_option(highs, "threads", int(options.threads))
        set_option(highs, "random_seed", int(options.seed))
        if seconds is not None:
            set_option(highs, "time_limit", float(seconds))
        if options.node_limit is not None:
            set_option(highs, "mip_max_nodes", int(options.node_limit))
        for name, value in options.highs.items():
            set_option(highs, name, value)
        index, values = start
        if len(index) and self._form.integer.any():
            expect_ok(highs.setSolution(len(index), index, values), "the start")

    def _report(
        self,
        options: SolveOptions,
        outcome: Outcome,
        complete: FloatArray | None,
        monitor: Monitor,
        refused: bool,
    ) -> SolveReport:
        """What of the outcome is believed, with the size of the program and the time it took."""
        if outcome.status == HighsModelStatus.kModelEmpty:
            offset = self._form.offset
            outcome = replace(outcome, values=np.zeros(0), objective=offset, dual_bound=offset)
        verdict = judged(options, outcome, complete, self.evaluate, self._form.maximize)
        self._values = verdict.values
        if self._values is not None:
            self._values.flags.writeable = False
        return SolveReport(
            reason=verdict.reason,
            limit=Limit.INTERRUPT if monitor.interrupted else verdict.limit,
            message=verdict.message,
            incumbent=verdict.incumbent,
            dual_bound=verdict.dual_bound,
            relative_gap=verdict.relative_gap,
            nodes=outcome.nodes,
            simplex_iterations=outcome.iterations,
            rows=len(self._form.row_lower),
            columns=len(self._form.cost),
            integer_columns=int(self._form.integer.sum()),
            nonzeros=int(self._form.matrix.nnz),
            compile_seconds=self._compile_seconds,
            solve_seconds=monitor.seconds(),
            contradicted=refused and not outcome.refused and self._values is not None,
        )

    def _start(self, values: Mapping[VarData, float]) -> _Start:
        """Columns and values of a mapping, integers made exact; constants of the model are left out."""
        given: dict[int, float] = {}
        for variable, value in values.items():
            if variable in self._form.constants:
                continue
            j, number = self._column(variable), float(value)
            if not np.isfinite(number):
                raise SolverError(f"{variable.name} has value {value}; give a finite number")
            if self._form.integer[j]:
                if abs(number - round(number)) > VIOLATION_TOLERANCE:
                    raise SolverError(f"{variable.name} has value {value}; give a whole number")
                number = float(round(number))
            given[j] = number
        return np.array(list(given), dtype=np.int32), np.array(list(given.values()), dtype=np.float64)

    def _complete(self, start: _Start) -> FloatArray | None:
        """Return a start as a point if it is complete and feasible."""
        index, values = start
        if len(index) < len(self._lower) or not len(index):
            return None
        point = np.empty(len(self._lower))
        point[index] = values
        return point if self.evaluate(point).largest_violation <= VIOLATION_TOLERANCE else None

    def _column(self, variable: VarData) -> int:
        number = self._number.get(id(variable))
        if number is None:
            name = getattr(variable, "name", variable)
            raise SolverError(f"{name} is not a free variable of the compiled model")
        return number

    def _refuse_while_running(self) -> None:
        if self._runner.busy:
            raise SolverError("HiGHS is still running on this program; wait, or compile the model again")
