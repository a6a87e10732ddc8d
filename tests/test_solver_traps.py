"""Traps of HiGHS 1.15.1: the known wrong thing still goes wrong where :mod:`sanctopt.solver` says.

A test that fails here is good news: HiGHS has changed, and a guard may have become unnecessary.
"""

from __future__ import annotations

import math
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import highspy
import numpy as np
import pytest
from highspy import HighsModelStatus, HighsStatus

from sanctopt import OptionError, SolveOptions, load_case, solve
from sanctopt import solver_options as options_module
from sanctopt.solver import compile_program
from sanctopt.solver_options import new_highs
from solver_models import assignment_start, market_split

NAN = math.nan
DATA = Path(__file__).parent / "data"
FREE_COLUMNS_DOUBLETONS_AGGREGATOR = 256 + 512 + 4096
PROBING = 32768
"""Rules of HiGHS's presolve by their bits in ``presolve_rule_off``."""


def one_column(
    *, cost: float = -1.0, upper: float = 1.0, coefficient: float = 1.0, side: float = 1.0
) -> tuple[HighsStatus, highspy.Highs]:
    """``min cost * x`` over ``coefficient * x <= side`` and ``0 <= x <= upper``; status of passModel."""
    highs = new_highs()
    status = highs.passModel(
        1, 1, 1, 1, 1, 0.0,
        np.array([cost]), np.zeros(1), np.array([upper]), np.array([-np.inf]), np.array([side]),
        np.array([0, 1], dtype=np.int32), np.array([0], dtype=np.int32), np.array([coefficient]),
        np.array([0], dtype=np.int32),
    )  # fmt: skip
    return status, highs


@pytest.mark.parametrize("where", ["cost", "coefficient"])
def test_nan_is_accepted_and_called_optimal(where: str) -> None:
    status, highs = one_column(**{where: NAN})
    assert status == HighsStatus.kOk
    assert highs.run() == HighsStatus.kOk
    assert highs.getModelStatus() == HighsModelStatus.kOptimal


@pytest.mark.parametrize("where", ["side", "upper"])
def test_refused_nan_leaves_a_model_that_solves(where: str) -> None:
    status, highs = one_column(**{where: NAN})
    assert status == HighsStatus.kError
    assert highs.run() == HighsStatus.kOk
    assert highs.getModelStatus() == HighsModelStatus.kOptimal


def test_huge_side_is_no_side() -> None:
    status, highs = one_column(side=1e30, upper=math.inf)
    assert status == HighsStatus.kOk
    highs.run()
    assert highs.getModelStatus() == HighsModelStatus.kUnbounded  # the optimum is 1e30


def test_small_coefficient_is_dropped() -> None:
    status, highs = one_column(coefficient=1e-9, upper=1e12)
    assert status == HighsStatus.kWarning
    assert highs.getNumNz() == 0
    highs.run()
    assert highs.getInfo().objective_function_value == -1e12  # the optimum is -1e9


def test_misspelt_option_is_only_a_return_value(capfd: pytest.CaptureFixture[str]) -> None:
    highs = new_highs()
    assert highs.setOptionValue("mip_rel_gapp", 0.1) == HighsStatus.kError
    assert highs.setOptionValue("mip_rel_gap", -1.0) == HighsStatus.kError
    assert capfd.readouterr().out == ""  # a silent HiGHS does not even log it


def test_options_take_nan_and_text() -> None:
    highs = new_highs()
    assert highs.setOptionValue("mip_rel_gap", NAN) == HighsStatus.kOk
    assert highs.setOptionValue("mip_rel_gap", "0.5") == HighsStatus.kOk  # type: ignore[arg-type]
    assert highs.getOptionValue("mip_rel_gap") == (HighsStatus.kOk, 0.5)


def test_default_gap_is_not_small() -> None:
    assert new_highs().getOptionValue("mip_rel_gap") == (HighsStatus.kOk, 1e-4)


def in_a_thread(work: Any) -> None:
    """Run in a new thread, which has a HiGHS scheduler of its own."""
    failures: list[BaseException] = []

    def body() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def test_other_number_of_threads_fails_and_leaves_the_verdict_before() -> None:
    def work() -> None:
        _, highs = one_column()
        highs.setOptionValue("threads", 1)
        assert highs.run() == HighsStatus.kOk
        highs.changeColBounds(0, 5.0, 6.0)  # now infeasible
        assert highs.setOptionValue("threads", 2) == HighsStatus.kOk
        assert highs.run() == HighsStatus.kError
        assert highs.getInfo().objective_function_value != 5.0
        highspy.Highs.resetGlobalScheduler(True)
        assert highs.run() == HighsStatus.kOk
        assert highs.getModelStatus() == HighsModelStatus.kInfeasible

    in_a_thread(work)


def test_scheduler_belongs_to_the_thread() -> None:
    _, highs = one_column()
    for threads in (1, 2, 3):

        def work(threads: int = threads) -> None:
            highs.setOptionValue("threads", threads)
            assert highs.run() == HighsStatus.kOk

        in_a_thread(work)


def test_run_time_accumulates() -> None:
    program = compile_program(market_split(5, 40, seed=0))
    highs = program._highs
    highs.setOptionValue("time_limit", 0.3)
    in_a_thread(highs.run)
    first = highs.getRunTime()
    in_a_thread(highs.run)
    assert highs.getRunTime() > 1.5 * first


def test_unfinished_start_has_an_objective() -> None:
    model = market_split(5, 40, seed=0)
    program = compile_program(model)
    start = assignment_start(model, [i < 20 for i in range(40)])
    highs = program._highs
    highs.setOptionValue("time_limit", 0.0)
    index = np.array([program.columns[model.take[i]] for i in range(40)], dtype=np.int32)
    highs.setSolution(40, index, np.array([start[model.take[i]] for i in range(40)]))
    in_a_thread(highs.run)
    info = highs.getInfo()
    assert math.isfinite(info.objective_function_value)
    assert info.primal_solution_status != int(highspy.SolutionStatus.kSolutionStatusFeasible)


def test_file_that_cannot_be_opened_kills_the_process(tmp_path: Path) -> None:
    code = "import sys; from highspy import Highs; h = Highs(); h.addBinary(); h.writeModel(sys.argv[1])"
    missing = tmp_path / "missing" / "program.lp"
    command = [sys.executable, "-c", code, str(missing)]
    done = subprocess.run(command, check=False, capture_output=True, timeout=60)
    assert done.returncode != 0  # the process dies of a segmentation fault


def test_one_bad_name_renames_all_columns(tmp_path: Path) -> None:
    _, highs = one_column()
    highs.passColName(0, "take[1]")
    assert highs.writeModel(str(tmp_path / "program.lp")) == HighsStatus.kWarning
    text = (tmp_path / "program.lp").read_text()
    assert "take" not in text
    assert "c0" in text


@pytest.mark.parametrize(
    ("program", "wrong", "right", "optimum", "instead"),
    [
        ("highs_presolve_wrong_optimum.mps", 0, FREE_COLUMNS_DOUBLETONS_AGGREGATOR, -7.814087, -8.933004),
        (
            "highs_probing_wrong_optimum.mps",
            FREE_COLUMNS_DOUBLETONS_AGGREGATOR,
            FREE_COLUMNS_DOUBLETONS_AGGREGATOR + PROBING,
            365.769496,
            -83.275823,
        ),
    ],
)
def test_presolve_cuts_off_an_optimum(
    program: str, wrong: int, right: int, optimum: float, instead: float
) -> None:
    """Both programs are of this game and maximize; the brute force confirms the optimum of either."""

    def claimed(**options: int | str) -> float:
        highs = new_highs()
        for name, value in options.items():
            assert highs.setOptionValue(name, value) == HighsStatus.kOk
        assert highs.readModel(str(DATA / program)) == HighsStatus.kOk
        in_a_thread(highs.run)
        assert highs.getModelStatus() == HighsModelStatus.kOptimal
        info = highs.getInfo()
        assert info.mip_dual_bound == pytest.approx(info.objective_function_value)  # it claims a proof
        return info.objective_function_value

    assert claimed(presolve_rule_off=wrong) == pytest.approx(instead, abs=1e-5)
    assert claimed(presolve_rule_off=right) == pytest.approx(optimum, abs=1e-5)
    assert claimed(presolve="off") == pytest.approx(optimum, abs=1e-5)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_wrong_optimum_at_too_small_a_tolerance(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"mip_feasibility_tolerance": 1e-9}
    with pytest.raises(OptionError, match="give at least 1e-08: below, HiGHS"):
        SolveOptions(highs=small)
    monkeypatch.setattr(options_module, "LEAST", {})
    wrong = solve(load_case("teaching"), options=SolveOptions(seed=seed, highs=small))
    right = solve(load_case("teaching"), options=SolveOptions(seed=seed))
    assert right.value == pytest.approx(471.18, abs=0.01)
    assert wrong.status.reason.value == "optimal"
    assert wrong.value < 0.9 * right.value
