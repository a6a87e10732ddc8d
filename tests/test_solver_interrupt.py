"""A solve that is watched or stopped: Ctrl-C, exceptions of the caller, other threads, second thoughts."""

from __future__ import annotations

import math
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import highspy
import pytest

from sanctopt import solver_run
from sanctopt.errors import SolverError
from sanctopt.solver import Limit, Progress, Reason, SolveOptions, compile_program
from sanctopt.solver_run import Monitor, Runner
from solver_models import knapsack, market_split, polytope

LONG = SolveOptions(time_limit_seconds=60.0)  # no test may hang; none comes near it
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="os.kill is not Ctrl-C on Windows")


@contextmanager
def ctrl_c_after(*seconds: float) -> Iterator[None]:
    """A real SIGINT to this process, caught by Python's own handler."""
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    timers = [threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT)) for delay in seconds]
    for timer in timers:
        timer.start()
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
            timer.join()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@POSIX
def test_ctrl_c_returns_the_incumbent() -> None:
    program = compile_program(market_split(5, 40, seed=0))
    with ctrl_c_after(0.5):
        report = program.solve(LONG)
    assert (report.reason, report.limit) == (Reason.INTERRUPTED, Limit.INTERRUPT)
    assert 0.4 < report.solve_seconds < 30
    assert report.incumbent is not None
    assert report.dual_bound is not None
    assert 0 < report.relative_gap < math.inf
    assert program.evaluate(program.values).largest_violation <= 1e-6
    # The program is as good as new.
    assert program.solve(SolveOptions(node_limit=1)).reason is Reason.LIMIT


@POSIX
def test_ctrl_c_in_a_linear_program() -> None:
    program = compile_program(polytope(1200, 2400))
    with ctrl_c_after(0.3):
        report = program.solve(LONG)
    assert (report.reason, report.limit) == (Reason.INTERRUPTED, Limit.INTERRUPT)
    assert report.dual_bound is None
    assert program.solve(LONG).reason is Reason.OPTIMAL


@POSIX
def test_ctrl_c_with_progress_and_threads() -> None:
    program, events = compile_program(market_split(5, 40, seed=0)), []
    with ctrl_c_after(0.5):
        report = program.solve(SolveOptions(time_limit_seconds=60.0, threads=2), on_progress=events.append)
    assert report.reason is Reason.INTERRUPTED
    assert events


@POSIX
def test_handler_of_the_caller_stays_in_charge() -> None:
    caught: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: caught.append(number))
    try:
        timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        program = compile_program(market_split(5, 40, seed=0))
        report = program.solve(SolveOptions(time_limit_seconds=0.8))
        timer.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert caught == [signal.SIGINT]
    assert report.limit is Limit.TIME


@POSIX
def test_ctrl_c_in_a_process_of_its_own() -> None:
    code = """
import sys
from solver_models import market_split
from sanctopt.solver import SolveOptions, compile_program
program = compile_program(market_split(5, 40, seed=0))
def tell(progress):
    if not tell.told:
        print("running", flush=True)
    tell.told = True
tell.told = False
report = program.solve(SolveOptions(time_limit_seconds=60), on_progress=tell)
print(report.reason.name, report.has_solution, flush=True)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "INTERRUPTED True\n")


def test_progress_reports_what_is_known() -> None:
    events: list[Progress] = []
    threads: set[int] = set()

    def watch(progress: Progress) -> None:
        events.append(progress)
        threads.add(threading.get_ident())

    report = compile_program(market_split(5, 40, seed=0)).solve(
        SolveOptions(time_limit_seconds=0.8), on_progress=watch
    )
    assert threads == {threading.get_ident()}  # the caller's own thread
    assert len(events) >= 5
    assert [e.wall_seconds for e in events] == sorted(e.wall_seconds for e in events)
    assert [e.nodes for e in events] == sorted(e.nodes for e in events)
    found = [e.incumbent for e in events if e.incumbent is not None]
    assert found == sorted(found, reverse=True)  # a minimum falls
    assert found[-1] == pytest.approx(report.incumbent)
    for e in events:
        known = e.incumbent is not None and e.dual_bound is not None
        assert math.isfinite(e.relative_gap) == known


class SurpriseError(Exception):
    """Raised by the caller's own function."""


@pytest.mark.parametrize("from_main", [True, False])
def test_exception_of_on_progress_stops_and_is_raised(from_main: bool) -> None:
    program = compile_program(market_split(5, 40, seed=0))
    raised: list[BaseException] = []
    calls: list[Progress] = []

    def fail(progress: Progress) -> None:
        calls.append(progress)
        raise SurpriseError("at the first incumbent")

    def work() -> None:
        with pytest.raises(SurpriseError, match="at the first incumbent") as caught:
            program.solve(LONG, on_progress=fail)
        raised.append(caught.value)

    start = time.perf_counter()
    if from_main:
        work()
    else:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert time.perf_counter() - start < 30
    assert len(raised) == len(calls) == 1
    with pytest.raises(SolverError, match="no incumbent"):
        _ = program.values
    assert program.solve(SolveOptions(node_limit=1)).has_solution


def test_exception_inside_the_callback_stops_and_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> float:
        raise SurpriseError("between HiGHS and us")

    program = compile_program(market_split(5, 40, seed=0))
    start = time.perf_counter()
    monkeypatch.setattr(solver_run, "relative_gap", fail)
    with pytest.raises(SurpriseError, match="between HiGHS and us"):
        program.solve(LONG)
    monkeypatch.undo()
    assert time.perf_counter() - start < 30
    assert program.solve(SolveOptions(node_limit=1)).has_solution


def test_keyboard_interrupt_of_on_progress_is_an_interrupt() -> None:
    def enough(progress: Progress) -> None:
        if progress.nodes > 50:
            raise KeyboardInterrupt

    report = compile_program(market_split(5, 40, seed=0)).solve(LONG, on_progress=enough)
    assert (report.reason, report.has_solution) == (Reason.INTERRUPTED, True)


def test_solves_in_another_thread() -> None:
    reports = []
    program = compile_program(knapsack(12, seed=3))
    thread = threading.Thread(target=lambda: reports.append(program.solve()))
    thread.start()
    thread.join(60)
    assert [r.reason for r in reports] == [Reason.OPTIMAL]


def test_one_program_solves_once_at_a_time() -> None:
    model = market_split(5, 40, seed=0)
    program = compile_program(model)
    complaints: list[str] = []

    def meddle(_progress: Progress) -> None:
        for attempt in (program.solve, lambda: program.fix(model.take[0], 1)):
            with pytest.raises(SolverError, match=r"running|being solved") as caught:
                attempt()
            complaints.append(str(caught.value))
        raise KeyboardInterrupt

    assert program.solve(LONG, on_progress=meddle).reason is Reason.INTERRUPTED
    assert complaints == [
        "this program is being solved already; compile another one",
        "HiGHS is still running on this program; wait, or compile the model again",
    ]


# --- a stand-in for HiGHS, for what the true one does too rarely -------------------------------------------
class Stubborn:
    """Takes every call and, in ``run``, waits for leave to end with a status."""

    def __init__(self, status: Any = highspy.HighsStatus.kOk) -> None:
        self.leave, self.status = threading.Event(), status

    def __getattr__(self, _name: str) -> Any:
        return lambda *_: highspy.HighsStatus.kOk

    def run(self) -> Any:
        self.leave.wait(60)
        return self.status


@POSIX
def test_second_ctrl_c_does_not_wait_for_highs() -> None:
    stubborn, monitor = Stubborn(), Monitor()
    runner = Runner(stubborn)  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt), ctrl_c_after(0.3, 0.8):
        runner.run(monitor, None)
    assert runner.busy
    assert monitor.interrupted
    stubborn.leave.set()
    deadline = time.perf_counter() + 30
    while runner.busy and time.perf_counter() < deadline:
        time.sleep(0.01)
    assert not runner.busy


def test_ctrl_c_between_two_waits_counts_as_the_first() -> None:
    class Between(queue.SimpleQueue[Any]):
        """Its first look is struck by Ctrl-C, as between the end of a wait and the next one."""

        struck = False

        def empty(self) -> bool:
            if not Between.struck:
                Between.struck = True
                raise KeyboardInterrupt
            return super().empty()

    monitor, willing = Monitor(), Stubborn()
    monitor.events = Between()
    willing.leave.set()
    with pytest.raises(AttributeError):  # the stand-in has no outcome; what counts is that the run went on
        Runner(willing).run(monitor, None)  # type: ignore[arg-type]
    assert Between.struck
    assert monitor.interrupted


def test_failed_run_is_not_read() -> None:
    failing = Stubborn(highspy.HighsStatus.kError)
    failing.leave.set()
    with pytest.raises(SolverError, match="HiGHS failed; its last status is"):
        Runner(failing).run(Monitor(), None)  # type: ignore[arg-type]


@POSIX
def test_ctrl_c_that_comes_too_late_still_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Runner.run

    def late(self: Runner, monitor: Monitor, on_progress: Any) -> Any:
        outcome = honest(self, monitor, on_progress)
        monitor.interrupted = monitor.stop = True
        return outcome

    monkeypatch.setattr(Runner, "run", late)
    report = compile_program(knapsack(12, seed=3)).solve()
    assert (report.reason, report.limit) == (Reason.OPTIMAL, Limit.INTERRUPT)


def test_interrupt_before_the_second_run_leaves_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    import pyomo.environ as pyo

    honest = Runner.run

    def late(self: Runner, monitor: Monitor, on_progress: Any) -> Any:
        outcome = honest(self, monitor, on_progress)
        monitor.interrupted = monitor.stop = True
        return outcome

    monkeypatch.setattr(Runner, "run", late)
    model = pyo.ConcreteModel()
    model.y = pyo.Var(domain=pyo.Binary)
    model.cost = pyo.Objective(expr=model.y)
    model.never = pyo.Constraint(expr=2 * model.y >= 3)
    report = compile_program(model).solve(SolveOptions(highs={"presolve": "on"}))
    assert (report.reason, report.limit) == (Reason.INTERRUPTED, Limit.INTERRUPT)
