"""Starts of a solve, changes of bounds between solves, and the file of a program."""

from __future__ import annotations

import math
import time
from pathlib import Path

import highspy
import numpy as np
import pyomo.environ as pyo
import pytest
from pyomo.common.collections import ComponentMap

from sanctopt.errors import SolverError
from sanctopt.solver import Limit, Reason, SolveOptions, compile_program
from sanctopt.solver_options import new_highs
from solver_models import assignment_start, at, knapsack, market_split

EXACT = SolveOptions(relative_gap=0.0)


# --- starts -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("sense", [pyo.minimize, pyo.maximize])
@pytest.mark.parametrize(
    ("options", "limit"),
    [
        (SolveOptions(node_limit=0), Limit.NODES),
        (SolveOptions(time_limit_seconds=0), Limit.TIME),
        (SolveOptions(time_limit_seconds=1e-4), Limit.TIME),
    ],
)
def test_complete_start_is_the_first_incumbent(sense: int, options: SolveOptions, limit: Limit) -> None:
    model = market_split(5, 40, seed=0, sense=sense)
    program = compile_program(model)
    start = assignment_start(model, [i < 20 for i in range(40)])
    report = program.solve(options, warm_start=start)
    assert (report.reason, report.limit) == (Reason.LIMIT, limit)
    assert report.has_solution
    assert report.incumbent == program.evaluate(start).objective
    assert report.relative_gap == math.inf


def test_partial_start_is_completed() -> None:
    model = market_split(5, 40, seed=0)
    program = compile_program(model)
    choice = [i < 20 for i in range(40)]
    worth = program.evaluate(assignment_start(model, choice)).objective
    start = ComponentMap((model.take[i], float(choice[i])) for i in range(40))  # the slacks follow
    report = program.solve(SolveOptions(node_limit=0), warm_start=start)
    assert report.incumbent == pytest.approx(worth)
    some = ComponentMap((model.take[i], float(choice[i])) for i in range(20))
    report = program.solve(SolveOptions(node_limit=0), warm_start=some)
    assert report.incumbent is not None
    assert report.incumbent <= worth + 1e-9


def test_unfinished_partial_start_is_no_incumbent() -> None:
    # HiGHS then keeps the unfinished point, with the objective of its zeros.
    model = market_split(5, 40, seed=0)
    start = ComponentMap((model.take[i], 1.0) for i in range(20))
    report = compile_program(model).solve(SolveOptions(time_limit_seconds=0), warm_start=start)
    assert (report.reason, report.incumbent) == (Reason.LIMIT, None)


def test_infeasible_start_does_not_hurt() -> None:
    model = knapsack(12, seed=3)
    truth = compile_program(model).solve(EXACT)
    report = compile_program(model).solve(EXACT, warm_start=at(model.take, 1))
    assert (report.reason, report.incumbent) == (Reason.OPTIMAL, truth.incumbent)


def test_start_of_a_linear_program_is_kept_at_a_limit() -> None:
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(30), bounds=(0, 1))
    model.worth = pyo.Objective(expr=sum((1 + i % 7) * model.x[i] for i in range(30)), sense=pyo.maximize)
    model.row = pyo.Constraint(expr=sum((1 + i % 5) * model.x[i] for i in range(30)) <= 11)
    report = compile_program(model).solve(
        SolveOptions(highs={"simplex_iteration_limit": 0, "presolve": "off"}),
        warm_start=at(model.x, 0.1),
    )
    assert (report.reason, report.limit) == (Reason.LIMIT, Limit.ITERATIONS)
    assert report.incumbent == pytest.approx(0.1 * sum(1 + i % 7 for i in range(30)))


def test_constants_of_the_model_in_a_start_are_left_out() -> None:
    model = knapsack(4, seed=0)
    model.take[0].fix(1)
    report = compile_program(model).solve(EXACT, warm_start=at(model.take, 0))
    assert report.reason is Reason.OPTIMAL


@pytest.mark.parametrize(
    ("value", "match"), [(0.4, "give a whole number"), (math.nan, "give a finite number")]
)
def test_bad_starts_are_refused(value: float, match: str) -> None:
    model = knapsack(4, seed=0)
    program = compile_program(model)
    with pytest.raises(SolverError, match=rf"take\[1\] has value {value}; {match}"):
        program.solve(warm_start=ComponentMap([(model.take[1], value)]))
    with pytest.raises(SolverError, match=r"take\[0\] is not a free variable of the compiled model"):
        program.solve(warm_start=at(knapsack(4, seed=0).take, 1))
    assert program.solve().has_solution


# --- bounds -----------------------------------------------------------------------------------------------
def test_fixing_then_solving_again() -> None:
    model = knapsack(12, seed=3)
    program = compile_program(model)
    free = program.solve(EXACT)
    chosen = next(i for i in model.take if program.value(model.take[i]) > 0.5)
    program.fix(model.take[chosen], 0)
    without = program.solve(EXACT)
    assert program.value(model.take[chosen]) == 0
    assert free.incumbent is not None
    assert without.incumbent is not None
    assert without.incumbent <= free.incumbent
    fresh = knapsack(12, seed=3)
    fresh.take[chosen].fix(0)
    assert without.incumbent == pytest.approx(compile_program(fresh).solve(EXACT).incumbent)
    program.unfix(model.take[chosen])
    again = program.solve(EXACT)  # from scratch: the same work as the first time
    assert (again.incumbent, again.nodes, again.simplex_iterations) == (
        free.incumbent,
        free.nodes,
        free.simplex_iterations,
    )


def test_evaluation_and_file_follow_the_bounds(tmp_path: Path) -> None:
    model = knapsack(3, seed=0)
    program = compile_program(model)
    point = at(model.take, 0)
    assert program.evaluate(point).bound_violation == 0
    program.set_bounds(model.take[1], 1, None)
    assert program.evaluate(point).bound_violation == 1
    program.write(tmp_path / "program.lp")
    text = (tmp_path / "program.lp").read_text()
    assert "1 <= take(1)" in text
    assert "+5" in text  # constant of the objective


@pytest.mark.parametrize("suffix", [".lp", ".mps"])
def test_written_program_is_the_program(tmp_path: Path, suffix: str) -> None:
    model = pyo.ConcreteModel()
    model.x = pyo.Var(["a b", "c"], domain=pyo.Integers, bounds=(-3, 8))
    model.free = pyo.Var()
    model.idle = pyo.Var(bounds=(None, 4))
    model.end = pyo.Constraint(expr=(-1 / 7, model.x["a b"] / 3 + model.free, 1 / 7))
    model.st = pyo.Constraint(expr=model.x["c"] / 3 - model.free == 0.1)
    model.max = pyo.Objective(expr=model.x["a b"] * math.pi - model.free + 1 / 9, sense=pyo.maximize)
    program = compile_program(model)
    program.write(tmp_path / f"program{suffix}")
    read = new_highs()
    assert read.readModel(str(tmp_path / f"program{suffix}")) == highspy.HighsStatus.kOk
    form, lp = program.form, read.getLp()
    order = [lp.col_names_.index(name) for name in ("x(a_b)", "x(c)", "n_free", "idle")]
    assert [v.name for v in form.variables] == ["x[a b]", "x[c]", "free", "idle"]
    assert np.array(lp.col_cost_)[order] == pytest.approx(form.cost, rel=1e-14)
    assert np.array(lp.col_lower_)[order].tolist() == form.column_lower.tolist()
    assert np.array(lp.col_upper_)[order].tolist() == form.column_upper.tolist()
    assert lp.offset_ == pytest.approx(form.offset, rel=1e-14)
    report, again = program.solve(EXACT), read.run()
    assert again == highspy.HighsStatus.kOk
    assert read.getInfo().objective_function_value == pytest.approx(report.incumbent)


def test_bounds_change_in_microseconds() -> None:
    model = knapsack(12, seed=3)
    program = compile_program(model)
    start = time.perf_counter()
    for k in range(2000):
        program.fix(model.take[k % 12], k % 2)
    assert (time.perf_counter() - start) / 2000 < 1e-3  # 2e-6 s when measured; no gate on speed


def test_what_is_held_is_held_as_long_as_the_context_lasts() -> None:
    model = knapsack(12, seed=3)
    model.take[11].fix(1)
    program = compile_program(model)
    program.set_bounds(model.take[2], 0, 0)
    before = [program.bounds(model.take[item]) for item in range(12)]
    best = program.solve(EXACT).incumbent
    values = ComponentMap([(model.take[0], 0.0), (model.take[1], 1.0), (model.take[11], 1.0)])
    with program.holding(values) as possible:
        assert possible
        report = program.solve(EXACT)
        assert [program.value(model.take[item]) for item in (0, 1, 2, 11)] == [0.0, 1.0, 0.0, 1.0]
        point = program.values_within_bounds()
        assert program.evaluate(point).objective == pytest.approx(report.incumbent)
    assert [program.bounds(model.take[item]) for item in range(12)] == before
    assert program.solve(EXACT).incumbent == best
    with pytest.raises(KeyError), program.holding(values):
        raise KeyError
    assert [program.bounds(model.take[item]) for item in range(12)] == before


@pytest.mark.parametrize(("item", "value"), [(2, 1.0), (11, 0.0), (0, 2.0)])
def test_what_bounds_or_constants_rule_out_is_not_held(item: int, value: float) -> None:
    model = knapsack(12, seed=3)
    model.take[11].fix(1)
    program = compile_program(model)
    program.set_bounds(model.take[2], 0, 0)
    before = [program.bounds(model.take[one]) for one in range(12)]
    with program.holding(ComponentMap([(model.take[1], 1.0), (model.take[item], value)])) as possible:
        assert not possible
        assert [program.bounds(model.take[one]) for one in range(12)] == before


@pytest.mark.parametrize(
    ("low", "high"), [(2.0, 1.0), (math.nan, 1.0), (0.0, math.nan), (math.inf, None), (None, -math.inf)]
)
def test_bad_bounds_are_refused(low: float | None, high: float | None) -> None:
    model = knapsack(3, seed=0)
    with pytest.raises(SolverError, match=r"bounds .* of take\[0\] leave no value between them"):
        compile_program(model).set_bounds(model.take[0], low, high)


def test_fixing_outside_the_model_is_refused() -> None:
    model = knapsack(3, seed=0)
    program = compile_program(model)
    with pytest.raises(SolverError, match=r"take\[0\] cannot be fixed at 2: the model bounds it by 0 and 1"):
        program.fix(model.take[0], 2)
    with pytest.raises(SolverError, match="cannot be fixed at nan"):
        program.fix(model.take[0], math.nan)


def test_bad_points_and_paths_are_refused(tmp_path: Path) -> None:
    model = knapsack(3, seed=0)
    program = compile_program(model)
    with pytest.raises(SolverError, match=r"2 variables have no value, among them take\[1\]"):
        program.evaluate(ComponentMap([(model.take[0], 0)]))
    with pytest.raises(SolverError, match=r"the point has shape \(2,\), the program \(3,\)"):
        program.evaluate(np.zeros(2))
    with pytest.raises(SolverError, match=r"give a path that ends in \.lp or \.mps"):
        program.write(tmp_path / "program.txt")
    with pytest.raises(FileNotFoundError, match="missing"):  # alone, HiGHS would crash the process
        program.write(tmp_path / "missing" / "program.lp")
