"""A Pyomo model as arrays: what is compiled, what is refused, and evaluation by hand-checked numbers."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest

from sanctopt.errors import SolverError
from sanctopt.model_compiler import compile_standard_form, file_names

NAN = float("nan")
Edit = Callable[[Any], None]


def small_model() -> Any:
    """``max 3x + 2y + 4`` over ``1 <= x + 3y + 1 <= 5``, ``x - 2y = 1``, x in [0, 9], y binary, u unused."""
    model = pyo.ConcreteModel(name="small")
    model.x = pyo.Var(bounds=(0, 9))
    model.u = pyo.Var([1, 2], bounds=(2, 5), domain=pyo.Integers)
    model.y = pyo.Var(domain=pyo.Binary)
    model.z = pyo.Var(initialize=2.5)
    model.z.fix()
    model.worth = pyo.Objective(expr=3 * model.x + 2 * model.y + 4, sense=pyo.maximize)
    model.range = pyo.Constraint(expr=(1, model.x + 3 * model.y + 1, 5))
    model.equal = pyo.Constraint(expr=model.x == 2 * model.y + 1)
    return model


def test_arrays_hold_the_model() -> None:
    model = small_model()
    form = compile_standard_form(model)
    assert [v.name for v in form.variables] == ["x", "y", "u[1]", "u[2]"]  # unused ones last
    assert form.maximize
    assert form.offset == 4.0
    assert form.cost.tolist() == [3.0, 2.0, 0.0, 0.0]
    assert form.matrix.toarray().tolist() == [[1.0, 3.0, 0.0, 0.0], [1.0, -2.0, 0.0, 0.0]]
    assert form.row_lower.tolist() == [0.0, 1.0]  # constants of the body move to the sides
    assert form.row_upper.tolist() == [4.0, 1.0]  # one row for the range
    assert form.row_names == ("range", "equal")
    assert form.column_lower.tolist() == [0.0, 0.0, 2.0, 2.0]
    assert form.column_upper.tolist() == [9.0, 1.0, 5.0, 5.0]
    assert form.integer.tolist() == [False, True, True, True]
    assert form.constants[model.z] == 2.5


def test_one_sided_rows_and_absent_bounds_are_infinite() -> None:
    model = pyo.ConcreteModel()
    model.x = pyo.Var()
    model.cost = pyo.Objective(expr=model.x)
    model.low = pyo.Constraint(expr=model.x >= -3)
    model.high = pyo.Constraint(expr=model.x <= 8)
    form = compile_standard_form(model)
    assert not form.maximize
    assert form.row_lower.tolist() == [-3.0, -math.inf]
    assert form.row_upper.tolist() == [math.inf, 8.0]
    assert (form.column_lower[0], form.column_upper[0]) == (-math.inf, math.inf)


def test_fixed_variables_are_constants_of_rows_and_objective() -> None:
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(bounds=(0, 1)), pyo.Var(bounds=(0, 9))
    model.cost = pyo.Objective(expr=model.x + 10 * model.y)
    model.row = pyo.Constraint(expr=model.x + 2 * model.y >= 7)
    model.y.fix(3)
    form = compile_standard_form(model)
    assert [v.name for v in form.variables] == ["x"]
    assert (form.offset, form.row_lower.tolist()) == (30.0, [1.0])


def test_model_without_free_variables() -> None:
    model = pyo.ConcreteModel()
    model.cost = pyo.Objective(expr=4.0)
    form = compile_standard_form(model)
    assert (form.offset, form.matrix.shape, form.variables) == (4.0, (0, 0), ())


def test_row_whose_variables_cancel_is_dropped_and_its_column_kept() -> None:
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(0, 1))
    model.cost = pyo.Objective(expr=0.0)
    model.row = pyo.Constraint(expr=model.x - model.x <= 1)
    form = compile_standard_form(model)
    assert form.matrix.shape[1] == 1
    assert form.matrix.nnz == 0


def test_evaluate_by_hand() -> None:
    form = compile_standard_form(small_model())
    exact = form.evaluate(np.array([1.0, 0.0, 2.0, 5.0]))
    assert (exact.objective, exact.largest_violation) == (7.0, 0.0)
    # Row range: 11.5 is 7.5 over 4. Row equal: 7.75 is 6.75 off 1. u[1] is 1.5 under 2 and 0.5 from whole.
    broken = form.evaluate(np.array([9.25, 0.75, 0.5, 3.25]))
    assert broken.objective == pytest.approx(3 * 9.25 + 2 * 0.75 + 4)
    assert broken.row_violation == pytest.approx(7.5)
    assert broken.bound_violation == pytest.approx(1.5)
    assert broken.integrality_violation == pytest.approx(0.5)
    assert broken.largest_violation == pytest.approx(7.5)


def test_evaluate_calls_nan_a_violation() -> None:
    form = compile_standard_form(small_model())
    assert form.evaluate(np.array([NAN, 0.0, 2.0, 2.0])).largest_violation == math.inf


def test_evaluate_under_other_bounds() -> None:
    form = compile_standard_form(small_model())
    point = np.array([1.0, 0.0, 2.0, 2.0])
    upper = np.array([0.25, 1.0, 5.0, 5.0])
    assert form.evaluate(point, form.column_lower, upper).bound_violation == 0.75


def _number(where: str, number: float) -> Edit:
    """An edit of the small model that puts a number somewhere."""
    edits: dict[str, Edit] = {
        "cost": lambda m: m.worth.set_value(number * m.x),
        "constant": lambda m: m.worth.set_value(m.x + number),
        "coefficient": lambda m: m.range.set_value(number * m.x + m.y <= 3),
        "upper side": lambda m: m.range.set_value(m.x + m.y <= number),
        "lower side": lambda m: m.range.set_value(m.x + m.y >= number),
        "bound": lambda m: m.x.setub(number),
    }
    return edits[where]


@pytest.mark.parametrize(
    ("where", "number", "match"),
    [
        ("cost", NAN, "objective coefficient nan of x"),
        ("constant", NAN, "constant nan of the objective"),
        ("coefficient", NAN, "coefficient nan of x in row range"),
        ("upper side", NAN, "side nan of range"),
        ("bound", NAN, r"'x' .*non-finite upper bound \(nan\)"),
        ("cost", 1e30, r"objective coefficient 1e\+30 of x"),
        ("cost", math.inf, "objective coefficient inf of x"),
        ("constant", math.inf, "constant inf of the objective"),
        ("coefficient", 1e30, r"coefficient 1e\+30 of x in row range .*under 1e\+09"),
        ("coefficient", 1e9, r"coefficient 1e\+09 of x in row range"),
        ("coefficient", 1e-9, "coefficient 1e-09 of x in row range .*over 1e-09"),
        ("coefficient", 0.1 + 0.2 - 0.3, "coefficient 5.55112e-17 of x in row range"),
        ("upper side", 1e15, r"upper side 1e\+15 of range"),
        ("lower side", math.inf, "lower side inf of range"),
        ("bound", 1e30, r"upper bound 1e\+30 of x"),
        ("bound", -1.0, "over its upper bound: lower 0 of x"),
    ],
)
def test_numbers_that_highs_would_swallow_are_refused(where: str, number: float, match: str) -> None:
    model = small_model()
    _number(where, number)(model)
    with pytest.raises(SolverError, match=match):
        compile_standard_form(model)


def test_numbers_just_inside_are_accepted() -> None:
    for where, number in (("coefficient", 9e8), ("coefficient", 1.1e-9), ("bound", 9e14), ("cost", 1e-12)):
        model = small_model()
        _number(where, number)(model)
        compile_standard_form(model)


def _second_objective(model: Any) -> None:
    model.other = pyo.Objective(expr=model.y)


def _false_constraint(model: Any) -> None:
    model.never = pyo.Constraint(expr=model.z >= 5)


def _odd_domain(model: Any) -> None:
    model.odd = pyo.Var(domain={0, 2, 5})


def _ordered_set(model: Any) -> None:
    model.sos = pyo.SOSConstraint(var=model.u, sos=1)


@pytest.mark.parametrize(
    ("edit", "match"),
    [
        (_second_objective, "'small' has 2 active objectives; activate exactly one"),
        (lambda m: m.worth.deactivate(), "has 0 active objectives"),
        (lambda m: m.worth.set_value(m.x * m.y), "cannot be compiled to a linear program: .*nonlinear"),
        (lambda m: m.range.set_value(m.x**2 <= 3), "cannot be compiled to a linear program: .*nonlinear"),
        (_false_constraint, "trivially infeasible constraint, 'never': it has no free variable"),
        (_odd_domain, "variable 'odd' has domain .*only real, integer and binary"),
        (_ordered_set, "cannot be compiled to a linear program: .*does not know how"),
    ],
)
def test_models_that_are_not_one_linear_program_are_refused(edit: Edit, match: str) -> None:
    model = small_model()
    edit(model)
    with pytest.raises(SolverError, match=f"(?s){match}"):
        compile_standard_form(model)


def test_first_compilations_may_come_from_two_threads() -> None:
    # In a process of its own: the trap is the compiler's very first call.
    code = """
import threading
import pyomo.environ as pyo
from sanctopt.model_compiler import compile_standard_form

def model(n):
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(400), bounds=(0, n))
    m.o = pyo.Objective(expr=sum(m.x[i] for i in m.x))
    m.c = pyo.Constraint(range(1, 400), rule=lambda m, i: m.x[i] + n * m.x[i - 1] >= i)
    return m

models, forms, gate = [model(n) for n in range(1, 9)], {}, threading.Barrier(8)

def work(n):
    gate.wait()
    forms[n] = compile_standard_form(models[n - 1])

threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 9)]
for t in threads: t.start()
for t in threads: t.join()
assert sorted(forms) == list(range(1, 9))
for n, form in forms.items():
    assert form.matrix.nnz == 798 and form.matrix.sum() == 399 * (n + 1)
print("all eight")
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "all eight", done.stderr


def test_file_names_are_distinct_and_plain() -> None:
    assert file_names(["stake[1,a]", "stake(1,a)", "free", "2nd", "e[1]", "off ramp[x]"]) == [
        "stake(1,a)",
        "stake(1,a)_2",
        "n_free",
        "n_2nd",
        "e(1)",
        "off_ramp(x)",
    ]
