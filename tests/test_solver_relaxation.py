"""Relaxations: the same as a solve from scratch, whatever was solved before; bounds that need no trust."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest

from sanctopt.errors import SolverError
from sanctopt.model_compiler import compile_standard_form
from sanctopt.solver import SolveOptions, compile_program
from sanctopt.solver_relaxation import Relaxation, RelaxationTimeError
from sanctopt.solver_run import expect_ok
from sanctopt.standard_form import Bounds, StandardForm
from solver_models import knapsack, polytope


def relaxed_optimum(model: Any, held: dict[int, float]) -> float | None:
    """Optimum of the relaxation with columns held, by a program of its own."""
    form = compile_standard_form(model)
    lower, upper = form.column_lower.copy(), form.column_upper.copy()
    for column, value in held.items():
        lower[column] = upper[column] = value
    for variable, low, high in zip(form.variables, lower, upper, strict=True):
        variable.domain = pyo.Reals
        variable.setlb(low)
        variable.setub(high)
    report = compile_program(model).solve(SolveOptions())
    return report.incumbent


def holding(form: StandardForm, values: dict[int, float]) -> Bounds:
    """Bounds of the columns with some held at values."""
    bounds = form.bounds.holding(values)
    assert bounds is not None
    return bounds


@pytest.mark.parametrize("sense", [pyo.maximize, pyo.minimize])
@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_a_solve_from_scratch(seed: int, sense: int) -> None:
    random = np.random.default_rng(seed)
    form = compile_standard_form(knapsack(12, seed=seed, sense=sense))
    with Relaxation(form) as relaxation:
        basis = None
        for _ in range(8):
            held = {int(j): float(random.integers(0, 2)) for j in random.choice(12, 4, replace=False)}
            found = relaxation.solve(holding(form, held), basis)
            wanted = relaxed_optimum(knapsack(12, seed=seed, sense=sense), held)
            assert (found is None) == (wanted is None)
            if found is None or wanted is None:
                continue
            basis = found.basis
            assert found.bound == pytest.approx(wanted, rel=1e-7, abs=2e-9)  # widened by 1e-9
            worse = found.bound - wanted if sense == pyo.maximize else wanted - found.bound
            assert worse >= -1e-12
            assert all(found.values[j] == value for j, value in held.items())


def covering(sense: int) -> Any:
    """Cheapest choice that covers 15 rows, or the same with the sign turned."""
    random = np.random.default_rng(0)
    model = pyo.ConcreteModel(name="covering")
    model.take = pyo.Var(range(40), domain=pyo.Binary)
    cost = pyo.quicksum(float(random.integers(5, 20)) * model.take[j] for j in range(40))
    model.goal = pyo.Objective(expr=-cost if sense == pyo.maximize else cost, sense=sense)
    model.row = pyo.ConstraintList()
    for _ in range(15):
        chosen = random.choice(40, 12, replace=False)
        model.row.add(pyo.quicksum(float(random.integers(1, 9)) * model.take[int(j)] for j in chosen) >= 20.0)
    return model


@pytest.mark.parametrize("sense", [pyo.maximize, pyo.minimize])
@pytest.mark.parametrize("share", [0.0, 0.9, 1.1])
def test_a_bound_that_is_enough_ends_a_solve(share: float, sense: int) -> None:
    """Which then need not be close, but holds: enough is the more the closer it is to the first bound."""
    form = compile_standard_form(covering(sense))
    sign = 1.0 if sense == pyo.maximize else -1.0
    saved = 0
    with Relaxation(form) as relaxation, Relaxation(form) as exact:
        root = relaxation.solve(form.bounds)
        assert root is not None
        for first in range(30):
            held = {first + step: float(step % 2) for step in range(8)}
            wanted = exact.solve(holding(form, held))
            assert wanted is not None
            enough = root.bound + share * (wanted.bound - root.bound)
            found = relaxation.solve(holding(form, held), root.basis, None, enough)
            assert found is not None
            assert sign * found.bound >= sign * wanted.bound - 1e-7 * abs(wanted.bound)
            if found.bound != pytest.approx(wanted.bound, rel=1e-7):
                assert sign * found.bound <= sign * enough
                saved += 1
    assert (saved > 0) is (share < 1.0)


@pytest.mark.parametrize("sense", [pyo.maximize, pyo.minimize])
def test_reduced_costs_say_what_a_bound_has_of_a_column(sense: int) -> None:
    """So duals of one relaxation bound those in which other columns are held."""
    form = compile_standard_form(knapsack(12, seed=2, sense=sense))
    sign = 1.0 if sense == pyo.maximize else -1.0
    with Relaxation(form) as relaxation:
        free = relaxation.solve(form.bounds)
        assert free is not None
        gains = sign * free.reduced
        for column in range(12):
            at_best = max(0.0, gains[column])
            for value in (0.0, 1.0):
                foreseen = sign * free.bound - at_best + gains[column] * value
                found = relaxation.solve(holding(form, {column: value}))
                if found is not None:
                    assert sign * found.bound <= foreseen + 1e-7
        assert any(gain < -1e-6 for gain in gains)
        assert any(gain > 1e-6 for gain in gains)


def test_infeasible_is_none_and_does_not_last() -> None:
    form = compile_standard_form(knapsack(6, seed=0))
    with Relaxation(form) as relaxation:
        free = relaxation.solve(form.bounds)
        assert free is not None
        assert relaxation.solve(holding(form, dict.fromkeys(range(6), 1.0))) is None  # over the room
        again = relaxation.solve(form.bounds)
        assert again is not None
        assert again.bound == pytest.approx(free.bound)


def test_no_time_is_told() -> None:
    form = compile_standard_form(polytope(300, 300))
    with (
        Relaxation(form) as relaxation,
        pytest.raises(RelaxationTimeError, match="the time for a linear relaxation ran out"),
    ):
        relaxation.solve(form.bounds, None, 0.0)


def test_time_is_that_of_one_solve() -> None:
    """HiGHS adds up the time of linear programs; together these take more than the limit of each."""
    form = compile_standard_form(polytope(300, 300))
    ends = 0
    with Relaxation(form) as relaxation:
        while relaxation._highs.getRunTime() < 0.6:
            expect_ok(relaxation._highs.clearSolver(), "a fresh start")
            assert relaxation.solve(form.bounds, None, 0.5) is not None
            ends += 1
    assert ends > 1


def test_an_unbounded_relaxation_is_an_error() -> None:
    model = pyo.ConcreteModel()
    model.x = pyo.Var(domain=pyo.NonNegativeReals)
    model.y = pyo.Var(bounds=(0, 1))
    model.row = pyo.Constraint(expr=model.x - model.y >= 0)
    model.worth = pyo.Objective(expr=model.x, sense=pyo.maximize)
    form = compile_standard_form(model)
    with (
        Relaxation(form) as relaxation,
        pytest.raises(SolverError, match="HiGHS ended a linear relaxation with"),
    ):
        relaxation.solve(form.bounds)


class TestProvenBound:
    """It holds for any multipliers at all."""

    def form(self, seed: int, sense: int) -> StandardForm:
        return compile_standard_form(knapsack(8, seed=seed, sense=sense))

    @pytest.mark.parametrize("sense", [pyo.maximize, pyo.minimize])
    @pytest.mark.parametrize("seed", range(10))
    def test_no_point_beats_it(self, seed: int, sense: int) -> None:
        random = np.random.default_rng(seed)
        form = self.form(seed, sense)
        for _ in range(20):
            point = random.random(8) * 0.5
            if form.evaluate(point).row_violation > 0:
                continue
            bound = form.proven_bound(random.normal(0, 3, 1), form.bounds)
            value = form.evaluate(point).objective
            assert value <= bound + 1e-9 if sense == pyo.maximize else value >= bound - 1e-9

    def test_by_hand(self) -> None:
        """``max 3x + 2y, x + y <= 1, x, y in [0, 1]``: 3 with multiplier 3, 5 with 0, 4 with 1."""
        model = pyo.ConcreteModel()
        model.x, model.y = pyo.Var(bounds=(0, 1)), pyo.Var(bounds=(0, 1))
        model.row = pyo.Constraint(expr=model.x + model.y <= 1)
        model.worth = pyo.Objective(expr=3 * model.x + 2 * model.y, sense=pyo.maximize)
        form = compile_standard_form(model)
        assert [form.proven_bound(np.array([y]), form.bounds) for y in (3.0, 0.0, 1.0)] == [3.0, 5.0, 4.0]
        assert (
            form.proven_bound(np.array([-2.0]), form.bounds) == 5.0
        )  # the row has no lower side: taken as 0

    @pytest.mark.parametrize("dual", [np.nan, np.inf, -np.inf])
    def test_multipliers_that_are_no_numbers_prove_no_more_than_none(self, dual: float) -> None:
        for seed in range(4):
            form = self.form(seed, pyo.maximize)
            none = form.proven_bound(np.zeros(1), form.bounds)
            assert form.proven_bound(np.array([dual]), form.bounds) == none

    def test_an_absent_bound_makes_it_infinite(self) -> None:
        model = pyo.ConcreteModel()
        model.x = pyo.Var(domain=pyo.NonNegativeReals)
        model.row = pyo.Constraint(expr=model.x <= 4)
        model.worth = pyo.Objective(expr=model.x, sense=pyo.maximize)
        form = replace(compile_standard_form(model))
        assert form.proven_bound(np.array([0.5]), form.bounds) == np.inf
        assert form.proven_bound(np.array([1.0]), form.bounds) == 4.0


class TestRestricted:
    def model(self) -> Any:
        """``max 5a + 4b + 3c + 1``: a + 2b + c <= 3, a - b <= 0, c binary, a, b in [0, 2], a, b whole."""
        model = pyo.ConcreteModel()
        model.a = pyo.Var(bounds=(0, 2), domain=pyo.Integers)
        model.b = pyo.Var(bounds=(0, 2), domain=pyo.Integers)
        model.c = pyo.Var(domain=pyo.Binary)
        model.room = pyo.Constraint(expr=model.a + 2 * model.b + model.c <= 3)
        model.order = pyo.Constraint(expr=model.a - model.b <= 0)
        model.worth = pyo.Objective(expr=5 * model.a + 4 * model.b + 3 * model.c + 1, sense=pyo.maximize)
        return model

    def test_fixed_and_tied_columns_go(self) -> None:
        model = self.model()
        form = compile_standard_form(model)
        column = {variable.name: j for j, variable in enumerate(form.variables)}
        small = form.restricted({column["c"]: 1.0}, {column["b"]: column["a"]})
        assert [variable.name for variable in small.variables] == ["a"]
        assert small.cost.tolist() == [9.0]
        assert small.offset == 4.0  # 1, and 3 of c
        assert small.matrix.toarray().tolist() == [[3.0]]  # the order is 0 <= 0: no row
        assert small.row_upper.tolist() == [2.0]
        assert small.constants[model.c] == 1.0
        assert [(variable.name, j) for variable, j in small.tied] == [("b", 0)]
        assert small.integer.tolist() == [True]

    def test_a_tied_column_has_the_tighter_bounds(self) -> None:
        model = self.model()
        model.a.setub(1)
        model.b.setlb(1)
        form = compile_standard_form(model)
        column = {variable.name: j for j, variable in enumerate(form.variables)}
        small = form.restricted({}, {column["b"]: column["a"]})
        at = [variable.name for variable in small.variables].index("a")
        assert (small.column_lower[at], small.column_upper[at]) == (1.0, 1.0)

    def test_rows_that_bounds_satisfy_and_twins_go(self) -> None:
        model = self.model()
        model.twin = pyo.Constraint(expr=model.a + 2 * model.b + model.c <= 3)
        model.idle = pyo.Constraint(expr=model.a + model.b <= 4)
        small = compile_standard_form(model).restricted({}, {})
        assert small.row_names == ("room", "order")

    def test_a_program_answers_for_all_its_variables(self) -> None:
        model = self.model()
        whole = compile_program(model)
        small = whole.restricted(pyo.ComponentMap([(model.c, 0.0)]), pyo.ComponentMap([(model.b, model.a)]))
        report = small.solve(SolveOptions(relative_gap=0.0))
        assert report.incumbent == 10.0
        assert [small.value(variable) for variable in (model.a, model.b, model.c)] == [1.0, 1.0, 0.0]
        assert small.bounds(model.c) == (0.0, 0.0)
        small.fix(model.c, 0.0)  # what it is already
        small.add_row([(1.0, model.a), (1.0, model.b), (5.0, model.c)], 3.0, "more")
        assert small.solve(SolveOptions()).incumbent is None  # 2a >= 3, and 3a <= 3

    def test_rows_that_contradict_the_bounds_stay(self) -> None:
        model = self.model()
        model.never = pyo.Constraint(expr=model.a + model.b + model.c >= 2.5)
        whole = compile_program(model)
        zeros = pyo.ComponentMap((variable, 0.0) for variable in (model.a, model.b))
        report = whole.restricted(zeros, pyo.ComponentMap()).solve(SolveOptions())
        assert report.incumbent is None
        assert report.reason.value == "infeasible"
