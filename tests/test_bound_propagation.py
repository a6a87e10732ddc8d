"""Bound propagation against all points of small programs."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyomo.common.collections import ComponentMap
from scipy.sparse import csc_array

from sanctopt.bound_propagation import BoundPropagation
from sanctopt.standard_form import Bounds, StandardForm

SIDES = st.integers(-6, 6)


def program(
    rows: list[list[float]], sides: list[tuple[float, float]], upper: list[float], whole: list[bool]
) -> StandardForm:
    """Columns from 0 up to bounds."""
    matrix = csc_array(np.array(rows, dtype=np.float64).reshape(len(rows), len(upper)))
    matrix.eliminate_zeros()
    return StandardForm(
        maximize=True,
        offset=0.0,
        cost=np.zeros(len(upper)),
        column_lower=np.zeros(len(upper)),
        column_upper=np.array(upper, dtype=np.float64),
        integer=np.array(whole),
        matrix=matrix,
        row_lower=np.array([low for low, _ in sides], dtype=np.float64),
        row_upper=np.array([high for _, high in sides], dtype=np.float64),
        variables=(),
        constants=ComponentMap(),
        row_names=tuple(f"row[{number}]" for number in range(len(rows))),
    )


@st.composite
def programs(draw: st.DrawFn) -> StandardForm:
    """Up to four rows of up to five whole-number columns."""
    width = draw(st.integers(1, 5))
    rows = draw(st.lists(st.lists(SIDES, min_size=width, max_size=width), min_size=1, max_size=4))
    sides = [sorted(draw(st.tuples(SIDES, SIDES))) for _ in rows]
    open_below = draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    ends = [
        (-np.inf if free else float(low), float(high))
        for free, (low, high) in zip(open_below, sides, strict=True)
    ]
    upper = draw(st.lists(st.integers(0, 2), min_size=width, max_size=width))
    return program([[float(v) for v in row] for row in rows], ends, [float(u) for u in upper], [True] * width)


def points(form: StandardForm, bounds: Bounds) -> list[np.ndarray]:
    """All points of a program within bounds."""
    ranges = [range(int(low), int(high) + 1) for low, high in zip(bounds.lower, bounds.upper, strict=True)]
    every = (np.array(point, dtype=np.float64) for point in product(*ranges))
    return [point for point in every if form.evaluate(point, bounds.lower, bounds.upper).row_violation == 0.0]


@given(programs(), st.data())
def test_loses_no_point(form: StandardForm, data: st.DataObject) -> None:
    """From scratch, and from wider bounds that were tightened."""
    propagation = BoundPropagation(form)
    tight = propagation.tightened(form.bounds)
    found = points(form, form.bounds)
    if tight is None:
        assert not found
        return
    assert all((tight.lower <= point).all() and (point <= tight.upper).all() for point in found)
    column = data.draw(st.integers(0, len(form.cost) - 1))
    value = float(data.draw(st.integers(0, 2)))
    narrower = tight.holding({column: value})
    left = [point for point in found if point[column] == value]
    again = None if narrower is None else propagation.tightened(narrower, since=tight)
    if again is None:
        assert not left
        return
    assert all((again.lower <= point).all() and (point <= again.upper).all() for point in left)
    assert narrower is not None
    scratch = propagation.tightened(narrower)
    assert scratch is not None
    assert np.array_equal(again.lower, scratch.lower)
    assert np.array_equal(again.upper, scratch.upper)


def test_by_hand() -> None:
    """What exceeds the room goes; what is left must fill the floor; that takes the last of the other row."""
    rows = [[5.0, 2.0, 2.0, 0.0], [1.0, 1.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]]
    form = program(rows, [(-np.inf, 4.0), (2.0, np.inf), (-np.inf, 1.0)], [1.0] * 4, [True] * 4)
    tight = BoundPropagation(form).tightened(form.bounds)
    assert tight is not None
    assert tight.lower.tolist() == [0.0, 1.0, 1.0, 0.0]
    assert tight.upper.tolist() == [0.0, 1.0, 1.0, 0.0]


def test_a_stock_passes_it_on() -> None:
    """``3 <= stock <= 4, stock = 3 a + 2 b`` in two rows: through a column that is no whole number."""
    form = program(
        [[3.0, 2.0, -1.0], [0.0, 0.0, 1.0]], [(0.0, 0.0), (3.0, 4.0)], [1.0, 1.0, 9.0], [True, True, False]
    )
    tight = BoundPropagation(form).tightened(form.bounds)
    assert tight is not None
    assert tight.upper[2] == pytest.approx(3.0, abs=1e-4)
    assert tight.lower[:2].tolist() == [1.0, 0.0]
    assert tight.upper[:2].tolist() == [1.0, 0.0]


@pytest.mark.parametrize("short", [1e-9, 1e-3])
def test_a_row_that_is_broken_by_rounding_is_kept(short: float) -> None:
    form = program([[0.1, 0.2]], [(-np.inf, 0.3 - short)], [1.0, 1.0], [True, True])
    bounds = form.bounds.holding({0: 1.0})
    assert bounds is not None
    tight = BoundPropagation(form).tightened(bounds)
    assert tight is not None
    assert tight.upper.tolist() == [1.0, float(short < 1e-6)]


def test_rows_of_unbounded_columns_and_those_not_heeded_prove_nothing() -> None:
    sides = [(-np.inf, 1.0), (-np.inf, 1.0)]
    form = program([[2.0, 1.0, 0.0], [0.0, 0.0, 2.0]], sides, [1.0, np.inf, 1.0], [True, False, True])
    every = BoundPropagation(form).tightened(form.bounds)
    assert every is not None
    assert every.upper.tolist() == [1.0, np.inf, 0.0]
    none = BoundPropagation(form, np.array([True, False])).tightened(form.bounds)
    assert none is not None
    assert none.upper.tolist() == [1.0, np.inf, 1.0]


def test_holding_outside_of_bounds_is_impossible() -> None:
    assert Bounds(np.zeros(2), np.ones(2)).holding({1: 2.0}) is None
    held = Bounds(np.zeros(2), np.ones(2)).holding({1: 1.0})
    assert held is not None
    assert held.lower.tolist() == [0.0, 1.0]
