"""Solves against brute force and hand-checked answers: gaps, starts, bounds, limits, verdicts, repeats."""

from __future__ import annotations

import itertools
import math
import os
import re
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sanctopt import solver, solver_run
from sanctopt.errors import OptionError, SolverError
from sanctopt.solver import Limit, Progress, Reason, SolveOptions, compile_program
from sanctopt.solver_options import relative_gap
from solver_models import at, empty_model, knapsack, market_split

EXACT = SolveOptions(relative_gap=0.0)


# --- options ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("field", "value", "match"),
    [
        ("time_limit_seconds", -1.0, "time_limit_seconds is -1.0; give a finite number of at least 0"),
        ("time_limit_seconds", math.nan, "time_limit_seconds is nan"),
        ("time_limit_seconds", math.inf, "time_limit_seconds is inf; .*None for no limit"),
        ("time_limit_seconds", "60", "time_limit_seconds is '60'"),
        ("relative_gap", -1e-9, "relative_gap is -1e-09"),
        ("relative_gap", math.nan, "relative_gap is nan"),
        ("relative_gap", True, "relative_gap is True"),
        ("threads", 0, "threads is 0; give a whole number from 1"),
        ("threads", 1.5, "threads is 1.5; give a whole number from 1"),
        ("seed", -1, "seed is -1; give a whole number from 0"),
        ("seed", 2**31, "seed is 2147483648; .* to 2147483647"),
        ("node_limit", -1, "node_limit is -1"),
        ("log", 1, "log is 1; give True or False"),
        ("highs", {"mip_rel_gapp": 0.1}, "no option 'mip_rel_gapp'; did you mean 'mip_rel_gap'"),
        ("highs", {"presolv": "on"}, "no option 'presolv'; did you mean 'presolve'"),
        ("highs", {"qqqqqq": 1}, "no option 'qqqqqq'$"),
        ("highs", {"presolve": "offf"}, "does not take 'offf' for its option 'presolve' of type str"),
        ("highs", {"mip_heuristic_effort": 2.0}, "does not take 2.0 for its option 'mip_heuristic_effort'"),
        ("highs", {"mip_heuristic_effort": "0.5"}, "does not take '0.5' .* of type float"),
        ("highs", {"mip_heuristic_effort": math.nan}, "does not take nan"),
        ("highs", {"mip_heuristic_effort": True}, "does not take True .* of type float"),
        ("highs", {"mip_max_leaves": 3.7}, "does not take 3.7 .* of type int"),
        ("highs", {"time_limit": 5.0}, "'time_limit' by the field 'time_limit_seconds'"),
        ("highs", {"threads": 2}, "'threads' by the field 'threads'"),
        ("highs", {"mip_abs_gap": 0.5}, "'mip_abs_gap' cannot be set: it would stop the search"),
        ("highs", {"solve_relaxation": True}, "'solve_relaxation' cannot be set: .*whole-number"),
    ],
)
def test_bad_options_are_refused(field: str, value: Any, match: str) -> None:
    with pytest.raises(OptionError, match=match):
        SolveOptions(**{field: value})


def test_good_options_are_accepted() -> None:
    options = SolveOptions(
        time_limit_seconds=0,
        threads=3,
        node_limit=0,
        highs={"presolve": "off", "mip_feasibility_tolerance": 1e-7},
    )
    assert compile_program(knapsack(4, seed=0)).solve(options).reason in (Reason.LIMIT, Reason.OPTIMAL)


def test_options_do_not_follow_the_dictionary_they_were_made_of() -> None:
    highs: dict[str, Any] = {"presolve": "off"}
    options = SolveOptions(highs=highs)
    highs["presolve"] = "nonsense"
    assert options.highs == {"presolve": "off"}


# --- answers ----------------------------------------------------------------------------------------------
def _by_hand(model: Any) -> tuple[float, float]:
    """Least and greatest worth of a knapsack by trying every subset."""
    items = list(model.take)
    best, worst = -math.inf, math.inf
    for choice in itertools.product((0, 1), repeat=len(items)):
        if sum(model.weight[i] * x for i, x in zip(items, choice, strict=True)) <= model.room:
            worth = sum(model.worth[i] * x for i, x in zip(items, choice, strict=True)) + model.extra
            best, worst = max(best, worth), min(worst, worth)
    return worst, best


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(1, 9), gap=st.sampled_from([0.0, 1e-6, 0.1, 0.5]))
def test_every_knapsack_against_all_its_subsets(seed: int, size: int, gap: float) -> None:
    for sense in (pyo.maximize, pyo.minimize):
        model = knapsack(size, seed=seed, sense=sense)
        program = compile_program(model)
        report = program.solve(SolveOptions(relative_gap=gap))
        worst, best = _by_hand(model)
        truth, sign = (best, 1) if sense == pyo.maximize else (worst, -1)
        assert report.reason is Reason.OPTIMAL
        assert report.incumbent is not None
        assert report.dual_bound is not None
        # The bound holds for the truth, the incumbent is attained, and the two are as near as was asked.
        assert sign * (report.dual_bound - truth) >= -1e-7
        assert sign * (truth - report.incumbent) >= -1e-7
        assert report.relative_gap <= gap + 1e-12
        assert report.relative_gap == relative_gap(report.incumbent, report.dual_bound)
        found = program.evaluate(program.values)
        assert found.objective == report.incumbent
        assert found.largest_violation <= 1e-6


@pytest.mark.parametrize("sense", [pyo.maximize, pyo.minimize])
def test_linear_program(sense: int) -> None:
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(bounds=(0, 3)), pyo.Var(bounds=(-1, 3))
    model.row = pyo.Constraint(expr=(-2, model.x + model.y, 4))
    model.worth = pyo.Objective(expr=2 * model.x + model.y + 10, sense=sense)
    program = compile_program(model)
    report = program.solve()
    expected = {pyo.maximize: (17.0, 3.0, 1.0), pyo.minimize: (9.0, 0.0, -1.0)}[sense]
    assert (report.incumbent, program.value(model.x), program.value(model.y)) == pytest.approx(expected)
    assert (report.reason, report.relative_gap, report.nodes) == (Reason.OPTIMAL, 0.0, 0)
    assert report.dual_bound == report.incumbent
    assert (report.rows, report.columns, report.integer_columns, report.nonzeros) == (1, 2, 0, 2)


def test_unused_and_fixed_variables_have_values() -> None:
    model = knapsack(3, seed=1)
    model.idle = pyo.Var(bounds=(2, 5), domain=pyo.Integers)
    model.pinned = pyo.Var(initialize=0.75)
    model.pinned.fix()
    program = compile_program(model)
    report = program.solve()
    assert report.columns == 4
    assert 2 <= program.value(model.idle) <= 5
    assert program.value(model.pinned) == 0.75
    assert model.pinned not in program.columns
    assert sorted(program.columns.values()) == [0, 1, 2, 3]


def test_program_without_columns() -> None:
    report = compile_program(empty_model(4.5)).solve()
    assert (report.reason, report.incumbent, report.dual_bound) == (Reason.OPTIMAL, 4.5, 4.5)


@pytest.mark.parametrize("gap", [0.0, 1e-6])
def test_optimum_of_zero(gap: float) -> None:
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(6), domain=pyo.Binary)
    model.row = pyo.Constraint(expr=3 * sum(model.x[i] for i in model.x) >= 8)  # three of six
    model.cost = pyo.Objective(expr=sum(model.x[i] for i in model.x) - 3)
    report = compile_program(model).solve(SolveOptions(relative_gap=gap))
    assert (report.reason, report.relative_gap) == (Reason.OPTIMAL, 0.0)
    assert report.incumbent == pytest.approx(0.0, abs=1e-9)


def test_relative_gap_by_its_definition() -> None:
    assert relative_gap(None, 3.0) == relative_gap(3.0, None) == math.inf
    assert relative_gap(50.0, 60.0) == relative_gap(-50.0, -40.0) == 0.2
    assert relative_gap(0.0, 9e-10) == relative_gap(1e4, 1e4 + 9e-10) == 0.0
    assert relative_gap(0.0, 1.0) > 1e8


def test_values_need_an_incumbent() -> None:
    model = knapsack(3, seed=0)
    program = compile_program(model)
    with pytest.raises(SolverError, match="no incumbent; look at has_solution"):
        program.value(model.take[0])
    program.solve()
    with pytest.raises(ValueError, match="read-only"):
        program.values[0] = 7.0


# --- verdicts ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("domain", [pyo.Reals, pyo.Integers])
def test_infeasible_and_unbounded(domain: Any) -> None:
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(domain=domain, bounds=(0, None)), pyo.Var(domain=domain, bounds=(0, 1))
    model.worth = pyo.Objective(expr=model.x, sense=pyo.maximize)
    model.row = pyo.Constraint(expr=model.x + 2 * model.y >= 1)
    program = compile_program(model)
    report = program.solve()
    assert (report.reason, report.incumbent, report.dual_bound) == (Reason.UNBOUNDED, None, None)
    assert not report.has_solution
    assert not report.contradicted
    model.never = pyo.Constraint(expr=2 * model.y >= 3)
    report = compile_program(model).solve()
    assert (report.reason, report.incumbent, report.relative_gap) == (Reason.INFEASIBLE, None, math.inf)
    assert not report.contradicted


def _lie(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> list[solver_run.Outcome]:
    """Let the first run of HiGHS end with other facts than the true ones; return the true outcomes."""
    honest, outcomes = solver_run.Runner.run, []

    def run(self: Any, monitor: Any, on_progress: Any) -> solver_run.Outcome:
        outcome = honest(self, monitor, on_progress)
        outcomes.append(outcome)
        if len(outcomes) > 1:
            return outcome
        return solver.replace(outcome, **changes)

    monkeypatch.setattr(solver_run.Runner, "run", run)
    return outcomes


STATUS = solver.HighsModelStatus


@pytest.mark.parametrize("status", [STATUS.kInfeasible, STATUS.kUnbounded, STATUS.kUnboundedOrInfeasible])
def test_verdict_of_presolve_is_not_believed(monkeypatch: pytest.MonkeyPatch, status: Any) -> None:
    truth = compile_program(knapsack(12, seed=3)).solve()
    outcomes = _lie(monkeypatch, status=status, values=None)
    report = compile_program(knapsack(12, seed=3)).solve(SolveOptions(highs={"presolve": "on"}))
    assert len(outcomes) == 2
    assert report.contradicted
    assert (report.reason, report.incumbent) == (Reason.OPTIMAL, truth.incumbent)


def test_verdict_without_presolve_needs_no_second_run(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = _lie(monkeypatch, status=STATUS.kInfeasible, values=None)
    report = compile_program(knapsack(12, seed=3)).solve()
    assert (len(outcomes), report.reason, report.contradicted) == (1, Reason.INFEASIBLE, False)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"dual_bound": 1e4}, "HiGHS calls a gap of .* optimal, 1e-06 was asked for"),
        ({"dual_bound": None}, "HiGHS calls a gap of inf optimal"),
        ({"dual_bound": 1.0}, "the incumbent .* beats the dual bound 1.0"),
        ({"objective": 1e4}, "HiGHS gives objective 10000.0 to a point worth"),
        ({"values": np.full(12, 0.25)}, "the point that HiGHS returned breaks the program"),
        ({"values": np.full(12, 1.0)}, "the point that HiGHS returned breaks the program"),
        ({"values": np.full(12, math.nan)}, "the point that HiGHS returned breaks the program"),
        ({"values": None}, "HiGHS calls a gap of inf optimal"),
        ({"status": STATUS.kUnknown}, "HiGHS ended without a verdict"),
    ],
)
def test_contradictions_are_errors(monkeypatch: pytest.MonkeyPatch, changes: Any, match: str) -> None:
    _lie(monkeypatch, **changes)
    program = compile_program(knapsack(12, seed=3))
    report = program.solve()
    assert report.reason is Reason.ERROR
    assert re.search(match, report.message)
    assert not report.has_solution
    with pytest.raises(SolverError, match="no incumbent"):
        _ = program.values


def test_infeasible_against_a_feasible_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    _lie(monkeypatch, status=STATUS.kInfeasible, values=None)
    model = knapsack(12, seed=3)
    report = compile_program(model).solve(
        SolveOptions(highs={"presolve": "off"}), warm_start=at(model.take, 0)
    )
    assert (report.reason, report.message) == (
        Reason.ERROR,
        "HiGHS calls the program infeasible, but the start is feasible",
    )


# --- limits, threads, repeats -----------------------------------------------------------------------------
def test_time_limit_holds_for_each_solve() -> None:
    program = compile_program(market_split(5, 40, seed=0))
    for _ in range(3):
        report = program.solve(SolveOptions(time_limit_seconds=0.3))
        assert (report.reason, report.limit) == (Reason.LIMIT, Limit.TIME)
        assert 0.25 <= report.solve_seconds < 5
        assert report.has_solution
        assert 0 < report.relative_gap < math.inf


def test_other_limits_by_name() -> None:
    program = compile_program(market_split(5, 40, seed=0))
    nodes = program.solve(SolveOptions(node_limit=3))
    assert (nodes.reason, nodes.limit) == (Reason.LIMIT, Limit.NODES)
    solutions = program.solve(SolveOptions(highs={"mip_max_improving_sols": 2}))
    assert (solutions.reason, solutions.limit) == (Reason.LIMIT, Limit.SOLUTIONS)
    target = program.solve(SolveOptions(highs={"objective_target": 200.0}))
    assert (target.reason, target.limit) == (Reason.LIMIT, Limit.TARGET)


def test_any_number_of_threads_follows_any_other() -> None:
    program, truth = compile_program(knapsack(25, seed=5)), None
    for threads in (1, 2, 4, 1, 3):
        report = program.solve(SolveOptions(relative_gap=0.0, threads=threads))
        truth = report.incumbent if truth is None else truth
        assert (report.reason, report.incumbent) == (Reason.OPTIMAL, pytest.approx(truth))
    assert not [t for t in threading.enumerate() if t.name == "highs"]


def test_programs_solve_side_by_side() -> None:
    truth = compile_program(market_split(3, 16, seed=2)).solve(EXACT)
    reports: dict[int, solver.SolveReport] = {}

    def work(k: int) -> None:
        reports[k] = compile_program(market_split(3, 16, seed=2)).solve(EXACT)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for report in reports.values():
        assert (report.incumbent, report.nodes, report.simplex_iterations) == (
            truth.incumbent,
            truth.nodes,
            truth.simplex_iterations,
        )
    assert len(reports) == 4


def test_runs_repeat_exactly() -> None:
    def work(seed: int) -> tuple[Any, ...]:
        report = compile_program(market_split(3, 18, seed=1)).solve(SolveOptions(seed=seed))
        return report.reason, report.incumbent, report.dual_bound, report.nodes, report.simplex_iterations

    first = work(0)
    assert first[0] is Reason.OPTIMAL
    assert first[3] > 100
    assert work(0) == first
    assert work(7)[2:] != first[2:]  # the seed reaches HiGHS
    program = compile_program(market_split(3, 18, seed=1))
    for _ in range(2):  # nothing is left over from the solve before
        report = program.solve(SolveOptions(seed=0))
        assert (report.nodes, report.simplex_iterations) == first[3:]
        program.solve(SolveOptions(seed=3, node_limit=5, highs={"presolve": "off"}))


def test_progress_does_not_change_the_run() -> None:
    events: list[Progress] = []
    quiet = compile_program(market_split(3, 18, seed=1)).solve(EXACT)
    watched = compile_program(market_split(3, 18, seed=1)).solve(EXACT, on_progress=events.append)
    assert (quiet.incumbent, quiet.nodes, quiet.simplex_iterations) == (
        watched.incumbent,
        watched.nodes,
        watched.simplex_iterations,
    )
    assert events


def test_log_goes_to_standard_output_only_when_asked(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    program = compile_program(knapsack(12, seed=3))
    program.solve()
    assert capfd.readouterr().out == ""
    program.solve(SolveOptions(highs={"log_file": os.fspath(tmp_path / "highs.log")}))
    assert capfd.readouterr().out == ""
    assert "HiGHS" in (tmp_path / "highs.log").read_text()
    program.solve(SolveOptions(log=True))
    assert "HiGHS" in capfd.readouterr().out
