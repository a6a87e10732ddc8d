"""The regime's rerouting: removal levels and the dual of its revenue program.

The regime ships the most R_t that the damaged network carries: a linear program (`sanctopt.network`).
By duality R_t is the least value of a price system, and the coalition wants R_t small, so the program
may choose the prices:

    d_it     value of a dollar that leaves entity i              in [0, v_i]
    e_it     value of a dollar that arrives at entity i          in [0, v_i]
    c_ilt    price of the l-th slice of i's throughput           >= 0
    f_ilt    price of the l-th slice of channel i's offer        >= 0
    g_lt     price of link l's capacity                          >= 0
    z_ilt    removal level l of entity i is reached              in [0, 1]

v_i is the most that a dollar at i can deliver over any path, at most 1: prices above it are never
needed. Removal is the maximum of shares from a finite list. At each distinct share, a slice of the
entity's throughput (and offer) is wholly on or wholly off, and a slice that is off is free (its price may
be 0): that is exact with the big-M v_i, and no product of variables arises.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from sanctopt.formulation.bounds import Bounds
from sanctopt.formulation.frame import Frame
from sanctopt.formulation.linear import Row, at_least, at_most, equal
from sanctopt.formulation.rungs import started
from sanctopt.game import REGIME

Slices = tuple[tuple[float, float], ...]
"""Slices of a capacity: (removal share at which the slice is off, its width in money units); the last
slice, which no removal takes, has an infinite share."""

ALWAYS_ON = float("inf")

ROUNDING = 1e-12
"""Slices narrower than this share of a capacity are rounding of ``capacity (1 - r)``, not slices."""


@dataclass(frozen=True)
class Damage:
    """Removal levels and slices of every entity and stage of one frame."""

    levels: dict[tuple[str, int], tuple[float, ...]]
    throughput: dict[tuple[str, int], Slices]
    offer: dict[tuple[str, int], Slices]
    link: dict[tuple[int, int], float]


def add_rerouting(model: Any) -> None:
    """Add removal levels, prices and revenue for every type and stage."""
    frame: Frame = model.frame
    bounds: Bounds = model.bounds
    damage = model.damage = damages(frame, bounds)
    value = model.path_value = frame.network.path_values()
    types, stages = frame.voices, frame.stages
    names = [i for i in frame.downstream if value[i] > 0]
    numbered = [
        (number, link)
        for number, link in enumerate(frame.game.links)
        if value[link.source] > 0 and (link.sink == REGIME or value[link.sink] > 0)
    ]

    model.removed = pyo.Var(
        [(q, i, level, t) for q in types for (i, t), levels in damage.levels.items() for level in levels],
        bounds=(0.0, 1.0),
    )
    by_value = {"bounds": lambda _, q, i, t: (0.0, value[i])}
    model.departure = pyo.Var([(q, i, t) for q in types for i in names for t in stages], **by_value)
    model.arrival = pyo.Var([(q, i, t) for q in types for i in names for t in stages], **by_value)
    for which, slices in (("throughput_price", damage.throughput), ("offer_price", damage.offer)):
        keys = [(q, i, level, t) for q in types for (i, t), parts in slices.items() for level, _ in parts]
        setattr(model, which, pyo.Var(keys, bounds=lambda _, q, i, level, t: (0.0, value[i])))
    model.link_price = pyo.Var([(q, n, t) for q in types for n, t in damage.link], bounds=(0.0, 1.0))
    model.revenue = pyo.Var(
        list(frame.voice_stages),
        bounds=lambda _, q, t: (0.0, frame.network.baseline_revenue(t) / frame.unit),
    )

    model.removal_level = pyo.Constraint(list(model.removed), rule=removal_level)
    model.throughput_value = pyo.Constraint(list(model.throughput_price), rule=throughput_value)
    model.unlimited_throughput = pyo.Constraint(
        [(q, i, t) for q in types for i in names for t in stages if (i, t) not in damage.throughput],
        rule=unlimited_throughput,
    )
    model.offer_value = pyo.Constraint(list(model.offer_price), rule=offer_value)
    model.link_value = pyo.Constraint(
        [(q, n, t) for q in types for n, link in numbered for t in stages], rule=link_value
    )
    model.revenue_dual = pyo.Constraint(list(frame.voice_stages), rule=revenue_dual)


def damages(frame: Frame, bounds: Bounds) -> Damage:
    """Find the removal levels and cut every capacity into slices.

    What an entity can pass at removal r is ``min(inflow, capacity (1 - r))`` with the proven inflow of
    `Bounds.inflow`; the slice of a level is what that level takes. Levels that take nothing are left
    out, and so are throughputs that never bind.
    """
    game = frame.game
    value = frame.network.path_values()
    levels: dict[tuple[str, int], tuple[float, ...]] = {}
    throughput: dict[tuple[str, int], Slices] = {}
    offer: dict[tuple[str, int], Slices] = {}
    link_limit: dict[tuple[int, int], float] = {}
    arrives_from = {link.sink for link in game.links}
    for stage in frame.stages:
        inflow = bounds.inflow[stage]
        for i in frame.downstream:
            if value[i] == 0 or inflow[i] == 0:
                continue
            shares = reachable_shares(frame, bounds, i, stage)
            supply, capacity = game.supply(i, stage), game.capacity(i, stage)
            alone = i not in arrives_from  # a channel that nothing is shipped to: offer and throughput agree
            if supply > 0:
                offer[i, stage] = _slices(frame, shares, min(supply, capacity) if alone else supply, supply)
            if not alone:
                parts = _slices(frame, shares, capacity, inflow[i])
                if capacity < inflow[i] or len(parts) > 1:
                    throughput[i, stage] = parts
            used = {share for slices in (offer, throughput) for share, _ in slices.get((i, stage), ())}
            if needed := tuple(share for share in shares if share in used):
                levels[i, stage] = needed
        for number, link in enumerate(game.links):
            passes = min(inflow[link.source], game.capacity(link.source, stage))
            if link.capacity is not None and link.capacity < passes:
                link_limit[number, stage] = link.capacity / frame.unit
    return Damage(levels, throughput, offer, link_limit)


def _slices(frame: Frame, shares: tuple[float, ...], capacity: float, most: float) -> Slices:
    """Cut ``min(most, capacity (1 - r))`` at the shares r; slices without width are left out."""
    left = min(most, capacity)
    parts = []
    for share in shares:
        lower = min(most, capacity * (1 - share))
        if left - lower > ROUNDING * capacity:
            parts.append((share, (left - lower) / frame.unit))
            left = lower
    parts.append((ALWAYS_ON, left / frame.unit))
    return tuple(parts)


def reachable_shares(frame: Frame, bounds: Bounds, entity: str, stage: int) -> tuple[float, ...]:
    """Distinct positive removal shares that something could bring upon an entity in a stage, ascending."""
    game = frame.game
    row = game.entity[entity]
    shares = {
        game.start_removal(start, age)
        for start in frame.starts
        if start.entity == entity
        for age in range(stage + 1)
    }
    shares |= {
        profile.at(age)
        for (_, jurisdiction), profile in game.enforcement_profile.items()
        if jurisdiction == row.jurisdiction
        for age in range(stage + 1)
    }
    if row.us_exposure is not None:
        shares.add(row.exit_removal)
    return tuple(sorted(share for share in shares if share > 0))


def removal_level(model: Any, type_name: str, entity: str, share: float, stage: int) -> Row:
    """A removal level is reached only through something that removes as much (rerouting.1).

    ``z_ilt <= sum of starts s_imtau with effects(m, kind, t - tau) >= share_l
    + sum of responses y_a,tau with enforcement(a, jurisdiction, t - tau) >= share_l
    + sum_s x_ist if exit_removal(i) >= share_l``
    """
    frame: Frame = model.frame
    game = frame.game
    row = game.entity[entity]
    causes: list[tuple[float, Any]] = []
    for start in frame.starts:
        if start.entity == entity:
            terms = started(model, type_name, entity, start.instrument, stage)
            causes += [
                term for tau, term in enumerate(terms) if game.start_removal(start, stage - tau) >= share
            ]
    for (response, jurisdiction), profile in game.enforcement_profile.items():
        if jurisdiction == row.jurisdiction:
            causes += [
                (1.0, model.takes[type_name, response, tau])
                for tau in range(stage + 1)
                if profile.at(stage - tau) >= share and (type_name, response, tau) in model.takes
            ]
    if row.exit_removal >= share:
        causes += [
            (1.0, model.exits[type_name, entity, s, stage]) for s in model.exit_class.get((entity, stage), ())
        ]
    removed = (1.0, model.removed[type_name, entity, share, stage])
    return at_most([removed, *((-weight, cause) for weight, cause in causes)], 0.0)


def throughput_value(model: Any, type_name: str, entity: str, share: float, stage: int) -> Row:
    """A slice of throughput costs what a dollar gains by passing, unless it is off (rerouting.2).

    ``c_ilt >= d_it - e_it - v_i z_ilt``;  v_i is enough: d_it <= v_i and e_it >= 0
    """
    terms = [
        (1.0, model.throughput_price[type_name, entity, share, stage]),
        (-1.0, model.departure[type_name, entity, stage]),
        (1.0, model.arrival[type_name, entity, stage]),
    ]
    return at_least([*terms, *_free(model, type_name, entity, share, stage)], 0.0)


def unlimited_throughput(model: Any, type_name: str, entity: str, stage: int) -> Row:
    """Where throughput never binds, a dollar gains nothing by passing (rerouting.3).

    ``e_it >= d_it``
    """
    arrival = model.arrival[type_name, entity, stage]
    return at_least([(1.0, arrival), (-1.0, model.departure[type_name, entity, stage])], 0.0)


def offer_value(model: Any, type_name: str, entity: str, share: float, stage: int) -> Row:
    """A slice of a channel's offer costs what a dollar is worth there, unless it is off (rerouting.4).

    ``f_ilt >= e_it - v_i z_ilt``;  v_i is enough: e_it <= v_i
    """
    price = model.offer_price[type_name, entity, share, stage]
    arrival = model.arrival[type_name, entity, stage]
    return at_least([(1.0, price), (-1.0, arrival), *_free(model, type_name, entity, share, stage)], 0.0)


def _free(model: Any, type_name: str, entity: str, share: float, stage: int) -> list[tuple[float, Any]]:
    if share == ALWAYS_ON:
        return []
    return [(model.path_value[entity], model.removed[type_name, entity, share, stage])]


def link_value(model: Any, type_name: str, number: int, stage: int) -> Row:
    """A dollar is worth at least what any link makes of it (rerouting.5).

    ``d_it + g_lt >= (1 - toll_l) e_jt`` for link l from i to j;  e is 1 at the regime
    """
    link = model.frame.game.links[number]
    terms = [(1.0, model.departure[type_name, link.source, stage])]
    if (type_name, number, stage) in model.link_price:
        terms.append((1.0, model.link_price[type_name, number, stage]))
    if link.sink == REGIME:
        return at_least(terms, 1 - link.toll)
    return at_least([*terms, (-(1 - link.toll), model.arrival[type_name, link.sink, stage])], 0.0)


def revenue_dual(model: Any, type_name: str, stage: int) -> Row:
    """Revenue is at least the value of the prices (rerouting.6).

    ``R_t = sum over throughput slices of width c_ilt + sum over offer slices of width f_ilt
    + sum over links of capacity_l g_lt``

    Every price system gives at least the regime's true revenue, and the true revenue is the value of
    one of them, within the bounds used (strong duality of the revenue program).
    """
    damage: Damage = model.damage
    terms: list[tuple[float, Any]] = [(-1.0, model.revenue[type_name, stage])]
    for price, slices in ((model.throughput_price, damage.throughput), (model.offer_price, damage.offer)):
        for (entity, t), parts in slices.items():
            if t == stage:
                terms += [(width, price[type_name, entity, share, stage]) for share, width in parts]
    terms += [
        (limit, model.link_price[type_name, number, stage])
        for (number, t), limit in damage.link.items()
        if t == stage
    ]
    return equal(terms, 0.0)
