"""The regime's rerouting: the dual of its revenue program, with removal levels.

The regime ships the most R_t that the damaged network carries: a linear program (`sanctopt.network`).
By duality R_t is the least value of a price system, and the coalition wants R_t small, so the program
may choose the prices:

    d_it     value of a dollar that leaves entity i              in [0, v_i]
    e_it     value of a dollar that arrives at entity i          in [0, v_i]
    c_ilt    price of the l-th slice of i's throughput           >= 0
    f_ilt    price of the l-th slice of channel i's offer        >= 0
    g_lt     price of link l's capacity                          >= 0

v_i is the most that a dollar at i can deliver over any path, at most 1: prices above it are never
needed. Removal is the maximum of shares from a finite list. At each distinct share, a slice of the
entity's throughput (and offer) is wholly on or wholly off, and a slice that is off is free (its price may
be 0): that is exact with the big-M v_i, and no product of variables arises. The slice that nothing takes
needs no price of its own: it costs d_it - e_it.

Only prices that are open become columns (`Price`). Where nothing limits the throughput, e is d. Where a
dollar can leave over one link only, d is what that link makes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo
from pyomo.common.collections import ComponentMap

from sanctopt.formulation.bounds import Bounds
from sanctopt.formulation.frame import Frame
from sanctopt.formulation.linear import ROUNDING, Row, at_least, at_most, decimal_sum, equal
from sanctopt.formulation.rungs import started
from sanctopt.game import REGIME, Link

Slices = tuple[tuple[float, float], ...]
"""Slices of a capacity: (removal share at which the slice is off, its width in money units); the last
slice, which no removal takes, has an infinite share."""

ALWAYS_ON = float("inf")


@dataclass(frozen=True)
class Damage:
    """Slices of every entity and limits of every link, by stage."""

    throughput: dict[tuple[str, int], Slices]
    offer: dict[tuple[str, int], Slices]
    link: dict[tuple[int, int], float]


@dataclass(frozen=True)
class Price:
    """Value of a dollar at an entity: a number, or ``scale`` times the departure or arrival of another.

    Attributes
    ----------
    family : str
        ``"departure"``, ``"arrival"``, or ``""`` for a number.
    entity : str
        Whose column it is.
    scale : float
        Factor of the column, or the number itself.
    """

    family: str
    entity: str
    scale: float

    def times(self, factor: float) -> Price:
        """The same value after a toll."""
        return Price(self.family, self.entity, self.scale * factor)


def add_rerouting(model: Any) -> None:
    """Add prices and revenue for every type and stage."""
    frame: Frame = model.frame
    bounds: Bounds = model.bounds
    damage = model.damage = damages(frame, bounds)
    value = model.path_value = frame.network.path_values()
    model.price = {
        (which, i, t): price
        for t in frame.stages
        for i, both in prices(frame, damage, t).items()
        for which, price in zip(("departure", "arrival"), both, strict=True)
    }
    types = frame.voices
    open_prices = [key for key, price in model.price.items() if (price.family, price.entity) == key[:2]]
    for which in ("departure", "arrival"):
        columns = [(q, i, t) for q in types for family, i, t in open_prices if family == which]
        setattr(model, which, pyo.Var(columns, bounds=lambda _, q, i, t: (0.0, value[i])))
    for which, slices in (("throughput_price", damage.throughput), ("offer_price", damage.offer)):
        keys = [
            (q, i, level, t) for q in types for (i, t), parts in slices.items() for level, _ in parts[:-1]
        ]
        setattr(model, which, pyo.Var(keys, bounds=lambda _, q, i, level, t: (0.0, value[i])))
    model.link_price = pyo.Var([(q, n, t) for q in types for n, t in damage.link], bounds=(0.0, 1.0))
    model.revenue = pyo.Var(
        list(frame.voice_stages),
        bounds=lambda _, q, t: (0.0, frame.network.baseline_revenue(t) / frame.unit),
    )

    model.throughput_value = pyo.Constraint(list(model.throughput_price), rule=throughput_value)
    model.offer_value = pyo.Constraint(list(model.offer_price), rule=offer_value)
    model.arrival_value = pyo.Constraint(
        [(q, i, t) for q, i, t in model.arrival if model.price["departure", i, t].family], rule=arrival_value
    )
    model.link_value = pyo.Constraint(
        [
            (q, number, t)
            for q, i, t in model.departure
            for number in frame.numbers_from[i]
            if useful(value, frame.game.links[number])
        ],
        rule=link_value,
    )
    model.revenue_dual = pyo.Constraint(list(frame.voice_stages), rule=revenue_dual)


def useful(value: dict[str, float], link: Link) -> bool:
    """Whether anything sent over a link can reach the regime."""
    return link.toll < 1 and (link.sink == REGIME or value[link.sink] > 0)


def prices(frame: Frame, damage: Damage, stage: int) -> dict[str, tuple[Price, Price]]:
    """(departure, arrival) of every entity from which the regime can be reached, in one stage.

    A departure is a column if dollars have a choice of links or a link has a limit; an arrival is one if
    something limits the throughput.
    """
    value = frame.network.path_values()
    found: dict[str, tuple[Price, Price]] = {}
    for i in reversed(frame.downstream):
        if value[i] <= 0:
            continue
        out = [link for link in frame.links_from[i] if useful(value, link)]
        limited = any((number, stage) in damage.link for number in frame.numbers_from[i])
        departure = Price("departure", i, 1.0)
        if not limited and len(out) == 1:
            sink = Price("", REGIME, 1.0) if out[0].sink == REGIME else found[out[0].sink][1]
            departure = sink.times(decimal_sum(1.0, -out[0].toll))
        elif not limited and all(link.sink == REGIME for link in out):
            departure = Price("", REGIME, max(decimal_sum(1.0, -link.toll) for link in out))
        found[i] = (departure, Price("arrival", i, 1.0) if (i, stage) in damage.throughput else departure)
    return found


def damages(frame: Frame, bounds: Bounds) -> Damage:
    """Cut every capacity into slices.

    What an entity can pass at removal r is ``min(inflow, capacity (1 - r))`` with the proven inflow of
    `Bounds.inflow`; the slice of a level is what that level takes. Levels that take nothing are left
    out, and so are throughputs that never bind.
    """
    game = frame.game
    value = frame.network.path_values()
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
        for number, link in enumerate(game.links):
            passes = min(inflow[link.source], game.capacity(link.source, stage))
            if link.capacity is not None and link.capacity < passes:
                link_limit[number, stage] = link.capacity / frame.unit
    return Damage(throughput, offer, link_limit)


def _slices(frame: Frame, shares: tuple[float, ...], capacity: float, most: float) -> Slices:
    """Cut ``min(most, capacity (1 - r))`` at the shares r; slices without width are left out.

    Slices narrower than `ROUNDING` of the capacity are rounding of ``capacity (1 - r)``, not slices.
    """
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
        for start in frame.starts_against.get(entity, ())
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


def price(
    model: Any, which: str, type_name: str, entity: str, stage: int
) -> tuple[list[tuple[float, Any]], float]:
    """Departure or arrival as (terms, constant)."""
    at: Price = model.price[which, entity, stage]
    if not at.family:
        return [], at.scale
    return [(at.scale, getattr(model, at.family)[type_name, at.entity, stage])], 0.0


def removing(model: Any, type_name: str, entity: str, share: float, stage: int) -> list[tuple[float, Any]]:
    """The binaries that remove at least a share of an entity in a stage, each with weight 1.

    Starts s_imtau with effects(m, kind, t - tau) >= share, responses y_a,tau with
    enforcement(a, jurisdiction, t - tau) >= share, and exits x_ist if exit_removal(i) >= share.
    """
    frame: Frame = model.frame
    game = frame.game
    row = game.entity[entity]
    causes: list[tuple[float, Any]] = []
    for start in frame.starts_against.get(entity, ()):
        terms = started(model, type_name, entity, start.instrument, stage)
        causes += [term for tau, term in enumerate(terms) if game.start_removal(start, stage - tau) >= share]
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
    return causes


def throughput_value(model: Any, type_name: str, entity: str, share: float, stage: int) -> Row:
    """A slice of throughput costs what a dollar gains by passing, unless it is taken (rerouting.1).

    ``c_ilt + v_i sum of all that removes share_l or more >= d_it - e_it``;  v_i is enough: d_it <= v_i and
    e_it >= 0; and where two things remove the slice, c_ilt >= 0 is all that is left
    """
    departure, constant = price(model, "departure", type_name, entity, stage)
    arrival, _ = price(model, "arrival", type_name, entity, stage)
    terms = [(1.0, model.throughput_price[type_name, entity, share, stage])]
    terms += [(-weight, variable) for weight, variable in departure]
    terms += [*arrival, *_taken(model, type_name, entity, share, stage)]
    return at_least(terms, constant)


def offer_value(model: Any, type_name: str, entity: str, share: float, stage: int) -> Row:
    """A slice of a channel's offer costs what a dollar is worth there, unless it is taken (rerouting.2).

    ``f_ilt + v_i sum of all that removes share_l or more >= e_it``;  v_i is enough: e_it <= v_i
    """
    arrival, constant = price(model, "arrival", type_name, entity, stage)
    terms = [(1.0, model.offer_price[type_name, entity, share, stage])]
    terms += [(-weight, variable) for weight, variable in arrival]
    return at_least([*terms, *_taken(model, type_name, entity, share, stage)], constant)


def _taken(model: Any, type_name: str, entity: str, share: float, stage: int) -> list[tuple[float, Any]]:
    most = model.path_value[entity]
    return [(most * weight, cause) for weight, cause in removing(model, type_name, entity, share, stage)]


def arrival_value(model: Any, type_name: str, entity: str, stage: int) -> Row:
    """A dollar that arrives is worth no more than one that leaves (rerouting.3).

    ``e_it <= d_it``:  d_it - e_it is the price of the throughput that nothing takes. Where d_it is a number,
    it is v_i, and the bound of e_it says it.
    """
    departure, constant = price(model, "departure", type_name, entity, stage)
    arrival = (1.0, model.arrival[type_name, entity, stage])
    return at_most([arrival, *((-weight, variable) for weight, variable in departure)], constant)


def link_value(model: Any, type_name: str, number: int, stage: int) -> Row:
    """A dollar is worth at least what any link makes of it (rerouting.4).

    ``d_it + g_lt >= (1 - toll_l) e_jt`` for link l from i to j;  e is 1 at the regime
    """
    link = model.frame.game.links[number]
    terms = [(1.0, model.departure[type_name, link.source, stage])]
    if (type_name, number, stage) in model.link_price:
        terms.append((1.0, model.link_price[type_name, number, stage]))
    passed = decimal_sum(1.0, -link.toll)
    if link.sink == REGIME:
        return at_least(terms, passed)
    arrival, constant = price(model, "arrival", type_name, link.sink, stage)
    terms += [(-passed * weight, variable) for weight, variable in arrival]
    return at_least(terms, passed * constant)


def revenue_dual(model: Any, type_name: str, stage: int) -> Row:
    """Revenue is at least the value of the prices (rerouting.5).

    ``R_t = sum over throughput slices of width (c_ilt; d_it - e_it for the slice that nothing takes)
    + sum over offer slices of width (f_ilt; e_it for the slice that nothing takes)
    + sum over links of capacity_l g_lt``

    Every price system gives at least the regime's true revenue, and the true revenue is the value of
    one of them, within the bounds used (strong duality of the revenue program).
    """
    damage: Damage = model.damage
    terms: list[tuple[float, Any]] = [(-1.0, model.revenue[type_name, stage])]
    widths: ComponentMap = ComponentMap()  # several entities may have the price of one column
    constants: list[float] = []

    def add(width: float, value: tuple[list[tuple[float, Any]], float]) -> None:
        for scale, variable in value[0]:
            widths.setdefault(variable, []).append(width * scale)
        constants.append(width * value[1])

    for (entity, t), parts in damage.throughput.items():
        if t == stage:
            for share, width in parts[:-1]:
                terms.append((width, model.throughput_price[type_name, entity, share, stage]))
            add(parts[-1][1], price(model, "departure", type_name, entity, stage))
            add(-parts[-1][1], price(model, "arrival", type_name, entity, stage))
    for (entity, t), parts in damage.offer.items():
        if t == stage:
            for share, width in parts[:-1]:
                terms.append((width, model.offer_price[type_name, entity, share, stage]))
            add(parts[-1][1], price(model, "arrival", type_name, entity, stage))
    for (number, t), limit in damage.link.items():
        if t == stage:
            terms.append((limit, model.link_price[type_name, number, stage]))
    terms += [(decimal_sum(*parts), variable) for variable, parts in widths.items()]
    return equal(terms, -decimal_sum(*constants))
