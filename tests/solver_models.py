"""Small and hard programs for the tests of the solver."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.common.collections import ComponentMap


def empty_model(offset: float) -> Any:
    """A constant objective and nothing else."""
    model = pyo.ConcreteModel()
    model.worth = pyo.Objective(expr=offset)
    return model


def knapsack(size: int, *, seed: int, sense: int = pyo.maximize) -> Any:
    """Binary knapsack with whole weights, worths that may be negative, and 5 as constant."""
    random = np.random.default_rng(seed)
    model = pyo.ConcreteModel(name=f"knapsack {size}")
    items = range(size)
    model.weight = [int(w) for w in random.integers(1, 50, size)]
    model.worth = [int(w) for w in random.integers(-20, 60, size)]
    model.room = sum(model.weight) // 2
    model.extra = 5
    model.take = pyo.Var(items, domain=pyo.Binary)
    model.fit = pyo.Constraint(expr=sum(model.weight[i] * model.take[i] for i in items) <= model.room)
    model.goal = pyo.Objective(
        expr=sum(model.worth[i] * model.take[i] for i in items) + model.extra, sense=sense
    )
    return model


def market_split(rows: int, items: int, *, seed: int, sense: int = pyo.minimize) -> Any:
    """Market split with slacks (Cornuejols and Dawande 1999): incumbents abound, proofs take for ever.

    5 x 40 is out of reach of any test; 3 x 18 takes a second or so.
    """
    random = np.random.default_rng(seed)
    model = pyo.ConcreteModel(name=f"market split {rows} x {items}")
    model.size = random.integers(0, 100, (rows, items))
    model.half = model.size.sum(axis=1) // 2
    model.take = pyo.Var(range(items), domain=pyo.Binary)
    model.over = pyo.Var(range(rows), domain=pyo.NonNegativeReals)
    model.under = pyo.Var(range(rows), domain=pyo.NonNegativeReals)

    def split(model: Any, i: int) -> Any:
        sold = sum(int(model.size[i, j]) * model.take[j] for j in range(items))
        return sold + model.under[i] - model.over[i] == int(model.half[i])

    model.split = pyo.Constraint(range(rows), rule=split)
    missed = sum(model.over[i] + model.under[i] for i in range(rows))
    model.goal = pyo.Objective(expr=7 + missed if sense == pyo.minimize else 100 - missed, sense=sense)
    return model


def assignment_start(model: Any, choice: Sequence[bool]) -> Any:
    """Complete start of a market split: a choice of items and the slacks that follow from it."""
    missing = model.half - model.size @ np.array(choice, dtype=int)
    start = ComponentMap((model.take[j], float(taken)) for j, taken in enumerate(choice))
    for i, short in enumerate(missing):
        start[model.under[i]], start[model.over[i]] = float(max(short, 0)), float(max(-short, 0))
    return start


def polytope(rows: int, columns: int, *, seed: int = 0) -> Any:
    """A linear program that takes the simplex method a while."""
    random = np.random.default_rng(seed)
    model = pyo.ConcreteModel(name="polytope")
    model.x = pyo.Var(range(columns), bounds=(0, 1))
    model.worth = pyo.Objective(
        expr=pyo.quicksum(float(random.random() + 0.1) * model.x[j] for j in range(columns)),
        sense=pyo.maximize,
    )

    def room(model: Any, _i: int) -> Any:
        chosen = random.choice(columns, columns // 40, replace=False)
        return pyo.quicksum(float(random.random() + 0.1) * model.x[int(j)] for j in chosen) <= float(
            1 + 5 * random.random()
        )

    model.room = pyo.Constraint(range(rows), rule=room)
    return model


def at(variables: Any, value: float) -> Any:
    """Every member of a variable at one value."""
    return ComponentMap((variables[i], value) for i in variables)
