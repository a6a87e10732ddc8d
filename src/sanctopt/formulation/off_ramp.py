"""The off-ramp: offers, and when the regime concedes.

    o_t     the off-ramp is offered (`rungs`)                      binary, one per copy
    g_t     the regime of this type concedes in stage t            binary

A concession ends the type's game. The regime concedes if and only if the offer stands and revenue is at
or below its reservation. The rows here say "only if"; so the program is a relaxation that may overlook a
concession, where one offer stands for several types and it would rather have one of them decline. Points
that do are cut off when their ladder is played (`sanctopt.search.forced`).
"""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from sanctopt.formulation.frame import Frame
from sanctopt.formulation.linear import Row, at_most, decimal_sum


def add_off_ramp(model: Any) -> None:
    """Add concessions; needs offers and revenue."""
    frame: Frame = model.frame
    keys = list(model.concedes)
    model.concede_once = pyo.Constraint(list(frame.conceding), rule=concede_once)
    model.concede_offer = pyo.Constraint(keys, rule=concede_offer)
    model.concede_revenue = pyo.Constraint(keys, rule=concede_revenue)


def add_concessions(model: Any) -> None:
    """Add the concession variables alone; the other rooms' rows refer to them."""
    frame: Frame = model.frame
    model.concedes = pyo.Var([(q, t) for q in frame.conceding for t in frame.stages], domain=pyo.Binary)


def concede_once(model: Any, type_name: str) -> Row:
    """A type concedes at most once: that ends its game (off_ramp.1).

    ``sum_t g_t <= 1``
    """
    return at_most([(1.0, model.concedes[type_name, t]) for t in model.frame.stages], 1.0)


def concede_offer(model: Any, type_name: str, stage: int) -> Row:
    """Only what is offered can be accepted (off_ramp.2).

    ``g_t <= o_t``
    """
    offer = model.offers[model.frame.copy(type_name, stage), stage]
    return at_most([(1.0, model.concedes[type_name, stage]), (-1.0, offer)], 0.0)


def concede_revenue(model: Any, type_name: str, stage: int) -> Row:
    """The regime concedes only at or below its reservation (off_ramp.3).

    ``R_t + (1 - reservation) Rbar_t g_t <= Rbar_t``

    The big-M (1 - reservation) Rbar_t is proven: without concession the row says R_t <= Rbar_t, which
    holds because removal only lowers revenue.
    """
    frame: Frame = model.frame
    reservation = frame.game.patron_type[type_name].reservation or 0.0
    baseline = frame.network.baseline_revenue(stage) / frame.unit
    revenue = model.revenue[frame.voice[type_name], stage]
    lost = decimal_sum(1.0, -reservation) * baseline
    return at_most([(1.0, revenue), (lost, model.concedes[type_name, stage])], baseline)
