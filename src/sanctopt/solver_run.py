"""One run of HiGHS: in a thread of its own, stoppable, every return value checked.

Belongs to :mod:`sanctopt.solver`, whose docstring says why the run has its own thread.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from highspy import HighsModelStatus, HighsStatus

from sanctopt.errors import OptionError, SolverError
from sanctopt.solver_options import HighsValue, Limit, Progress, Reason, SolveOptions, new_highs, relative_gap
from sanctopt.standard_form import FloatArray, StandardForm

HighsCallbackType = highspy.cb.HighsCallbackType
_PROGRESS_SECONDS = 0.1
_POLL_SECONDS = 0.1
_IMPROVEMENT = HighsCallbackType.kCallbackMipImprovingSolution
_INTERRUPTS = (
    HighsCallbackType.kCallbackMipInterrupt,
    HighsCallbackType.kCallbackSimplexInterrupt,
    HighsCallbackType.kCallbackIpmInterrupt,
)

_LIMITS = {
    HighsModelStatus.kTimeLimit: Limit.TIME,
    HighsModelStatus.kIterationLimit: Limit.ITERATIONS,
    HighsModelStatus.kSolutionLimit: Limit.SOLUTIONS,
    HighsModelStatus.kMemoryLimit: Limit.MEMORY,
    HighsModelStatus.kObjectiveBound: Limit.TARGET,
    HighsModelStatus.kObjectiveTarget: Limit.TARGET,
    HighsModelStatus.kInterrupt: Limit.INTERRUPT,
}

OnProgress = Callable[[Progress], None]


def set_option(highs: highspy.Highs, name: str, value: HighsValue) -> None:
    """Set an option of HiGHS, or raise OptionError where HiGHS only returns an error status."""
    if highs.setOptionValue(name, value) != HighsStatus.kOk:
        raise OptionError(f"HiGHS does not take {value!r} for its option {name!r}")


def expect_ok(status: HighsStatus, what: str) -> None:
    """Raise SolverError unless HiGHS did what it was told, without as much as a warning."""
    if status != HighsStatus.kOk:
        raise SolverError(f"HiGHS refused {what} ({status})")


def loaded(form: StandardForm) -> highspy.Highs:
    """Hand a program to a new HiGHS object."""
    highs = new_highs()
    status = highs.passModel(
        len(form.cost),
        len(form.row_lower),
        form.matrix.nnz,
        int(highspy.MatrixFormat.kColwise),
        int(highspy.ObjSense.kMaximize if form.maximize else highspy.ObjSense.kMinimize),
        form.offset,
        form.cost,
        form.column_lower,
        form.column_upper,
        form.row_lower,
        form.row_upper,
        form.matrix.indptr.astype(np.int32),
        form.matrix.indices.astype(np.int32),
        form.matrix.data,
        form.integer.astype(np.int32),
    )
    if status != HighsStatus.kOk:
        raise SolverError(f"HiGHS did not take a program as it is ({status})")
    return highs


def finite(number: float) -> float | None:
    """Return the number, or None where HiGHS writes an infinity for "none yet"."""
    return float(number) if np.isfinite(number) else None


@dataclass(frozen=True)
class Outcome:
    """What HiGHS left behind after one run, not yet judged.

    Parameters
    ----------
    status : HighsModelStatus
        HiGHS's verdict.
    values : ndarray of float, shape (columns,), or None
        A point that HiGHS calls feasible.
    objective : float
        Objective that HiGHS gives to that point; meaningless without one.
    dual_bound : float or None
        Of an LP, known at its optimum only.
    nodes, iterations : int
        Branch-and-bound nodes and simplex iterations.
    """

    status: HighsModelStatus
    values: FloatArray | None
    objective: float
    dual_bound: float | None
    nodes: int
    iterations: int

    @property
    def refused(self) -> bool:
        """Whether HiGHS calls the program insoluble."""
        return self.status in (
            HighsModelStatus.kInfeasible,
            HighsModelStatus.kUnbounded,
            HighsModelStatus.kUnboundedOrInfeasible,
        )


class Monitor:
    """What a running solve and its caller tell each other.

    It holds no reference to the program, so HiGHS, which keeps the callback, forms no cycle with it.
    """

    def __init__(self) -> None:
        self.stop = False
        self.interrupted = False
        self.events: queue.SimpleQueue[Progress | None] = queue.SimpleQueue()
        self.outcome: Outcome | None = None
        self.failure: BaseException | None = None
        self._start = time.perf_counter()
        self._last = 0.0

    def seconds(self) -> float:
        """Wall time since the solve began."""
        return time.perf_counter() - self._start

    def callback(self, kind: Any, _message: str, out: Any, reply: Any, _data: object) -> None:
        """Answer HiGHS from its thread; no exception may travel through its C++ frames."""
        try:
            now = self.seconds()
            due = kind == HighsCallbackType.kCallbackMipInterrupt and now - self._last >= _PROGRESS_SECONDS
            if due or kind == _IMPROVEMENT:
                self._last = now
                incumbent, bound = finite(out.mip_primal_bound), finite(out.mip_dual_bound)
                gap = relative_gap(incumbent, bound)
                self.events.put(Progress(now, incumbent, bound, gap, max(0, out.mip_node_count)))
        except BaseException as error:
            self.failure, self.stop = error, True
        if self.stop and kind in _INTERRUPTS:
            reply.user_interrupt = True


class Runner:
    """Runs one HiGHS object, one run at a time."""

    def __init__(self, highs: highspy.Highs) -> None:
        self._highs = highs
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether HiGHS is running, perhaps only on its way to stop after a second Ctrl-C."""
        return self._thread is not None and self._thread.is_alive()

    def run(self, monitor: Monitor, on_progress: OnProgress | None) -> Outcome:
        """Run HiGHS in a new thread; serve Ctrl-C and ``on_progress`` in this one.

        Parameters
        ----------
        monitor : Monitor
            Shared by the runs of one solve.
        on_progress : callable or None
            Its exceptions stop the run and are raised here once HiGHS has stopped.

        Returns
        -------
        Outcome

        Raises
        ------
        SolverError
            HiGHS failed.
        KeyboardInterrupt
            At the second Ctrl-C only; the first one ends in an ordinary outcome.
        """
        done = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(monitor, done), name="highs", daemon=True)
        try:
            self._thread.start()
            # Ctrl-C may fall on any line, so the whole watch is within reach of the handler.
            while True:
                try:
                    self._watch(monitor, done, on_progress)
                    break
                except KeyboardInterrupt:
                    if monitor.stop:
                        raise
                    monitor.interrupted = monitor.stop = True
        except BaseException:
            monitor.stop = True
            raise
        if monitor.failure is not None:
            raise monitor.failure
        if monitor.outcome is None:
            raise SolverError("HiGHS ended without an outcome")
        return monitor.outcome

    def _watch(self, monitor: Monitor, done: threading.Event, on_progress: OnProgress | None) -> None:
        """Serve ``on_progress`` until the thread has ended."""
        while not (done.is_set() and monitor.events.empty()):
            try:
                # The timeout is for Windows, where a wait without one is deaf to Ctrl-C.
                progress = monitor.events.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            try:
                if progress is not None and on_progress is not None and not monitor.stop:
                    on_progress(progress)
            except Exception as error:
                monitor.failure, monitor.stop = error, True
        if self._thread is not None:
            self._thread.join()

    def _work(self, monitor: Monitor, done: threading.Event) -> None:
        """Body of the thread."""
        try:
            expect_ok(self._highs.setCallback(monitor.callback, None), "the callback")
            for kind in (*_INTERRUPTS, _IMPROVEMENT):
                expect_ok(self._highs.startCallback(kind), "the callback")
            monitor.outcome = None
            if self._highs.run() == HighsStatus.kError:
                # The model status may be that of the run before, so it is not a verdict.
                raise SolverError(f"HiGHS failed; its last status is {self._highs.getModelStatus()}")
            monitor.outcome = self._outcome()
        except BaseException as error:
            monitor.failure = monitor.failure or error
        finally:
            # Joins the helpers of this thread's scheduler, which would otherwise end at some later time.
            highspy.Highs.resetGlobalScheduler(True)
            done.set()
            monitor.events.put(None)

    def _outcome(self) -> Outcome:
        status, info = self._highs.getModelStatus(), self._highs.getInfo()
        # HiGHS also keeps infeasible points, with a finite objective, e.g. an unfinished partial start.
        feasible = info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible)
        if info.mip_node_count >= 0:
            bound = finite(info.mip_dual_bound)
        else:
            bound = info.objective_function_value if status == HighsModelStatus.kOptimal else None
        return Outcome(
            status=status,
            values=np.array(self._highs.getSolution().col_value, dtype=np.float64) if feasible else None,
            objective=info.objective_function_value,
            dual_bound=bound,
            nodes=max(0, info.mip_node_count),
            iterations=max(0, info.simplex_iteration_count),
        )


def ending(options: SolveOptions, outcome: Outcome) -> tuple[Reason, Limit, str]:
    """Reason, limit and complaint by HiGHS's status alone."""
    status = outcome.status
    if status in (HighsModelStatus.kOptimal, HighsModelStatus.kModelEmpty):
        return Reason.OPTIMAL, Limit.NONE, ""
    if status == HighsModelStatus.kInfeasible:
        return Reason.INFEASIBLE, Limit.NONE, ""
    if status == HighsModelStatus.kUnbounded:
        return Reason.UNBOUNDED, Limit.NONE, ""
    if status not in _LIMITS:
        return Reason.ERROR, Limit.NONE, f"HiGHS ended without a verdict ({status})"
    limit = _LIMITS[status]
    if limit is Limit.INTERRUPT:
        return Reason.INTERRUPTED, limit, ""
    if limit is Limit.SOLUTIONS and options.node_limit is not None and outcome.nodes >= options.node_limit:
        limit = Limit.NODES
    return Reason.LIMIT, limit, ""
