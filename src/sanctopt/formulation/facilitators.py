"""Facilitators: the stock of credibility, and who leaves by itself.

    k_t      credibility after the rung of stage t, one per copy
    x_ist    facilitator i exits in stage t, after a response of shield class s in t-1   binary

A shield class of facilitator i collects the responses that shield its jurisdiction equally; class by
class the exit threshold is a number, so no product of exit and response is needed. Facilitators that every
response shields equally form a *queue*: class by class they leave in the order of their thresholds, so the
thresholds add up step by step, and a fraction of credibility buys no fraction of a far exit.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pyomo.environ as pyo

from sanctopt.formulation.bounds import Bounds
from sanctopt.formulation.frame import Frame
from sanctopt.formulation.linear import Row, at_most, decimal_sum
from sanctopt.game import Entity, at_least


def add_facilitators(model: Any) -> None:
    """Add credibility and exits."""
    frame: Frame = model.frame
    bounds: Bounds = model.bounds
    model.credibility = pyo.Var(
        list(frame.copies), bounds=lambda _, owner, stage: (0.0, bounds.credibility[stage])
    )
    model.exit_class = {
        (i.name, t): classes
        for i in frame.game.entities
        for t in frame.stages
        if (classes := exit_classes(frame, bounds, i, t))
    }
    model.exits = pyo.Var(
        [(q, i, s, t) for q in frame.voices for (i, t), classes in model.exit_class.items() for s in classes],
        domain=pyo.Binary,
    )
    model.credibility_stock = pyo.Constraint(list(frame.copies), rule=credibility_stock)
    model.exit_queue = queues = exit_queues(frame, model.exit_class)
    places = [(q, number, t) for q in frame.voices for number, t in queues]
    model.exit_threshold = pyo.Constraint(places, rule=exit_threshold)
    classed = [(q, number, s, t) for q, number, t in places for s in queues[number, t]]
    model.exit_shield = pyo.Constraint([place for place in classed if place[-1] > 0], rule=exit_shield)
    model.before_in_queue = {
        (behind, s, t): ahead
        for (_, t), by_class in queues.items()
        for s, queue in by_class.items()
        for (_, ahead), (_, behind) in pairwise(queue)
    }
    model.exit_order = pyo.Constraint(
        [(q, behind, s, t) for q, number, s, t in classed for _, behind in queues[number, t][s][1:]],
        rule=exit_order,
    )


def exit_classes(frame: Frame, bounds: Bounds, entity: Entity, stage: int) -> dict[float, float]:
    """Shield class -> exit threshold in units of credibility, for the classes that can be reached.

    ``us_exposure k >= regime_profit (1 + shield)`` divided by us_exposure. A facilitator without
    exposure exits only if it earns nothing. Thresholds above the most that credibility can be are left
    out (`Bounds.credibility`); one that is equal to it in decimals (`reached_at`) is that number.
    """
    if entity.us_exposure is None or entity.exit_removal == 0:
        return {}
    shields = {0.0} if stage == 0 else {frame.game.shield(a, entity.jurisdiction) for a in frame.responses}
    thresholds = {}
    for shield in sorted(shields):
        most = bounds.credibility[stage]
        if reached_at(entity, shield, 0.0):
            thresholds[shield] = 0.0
        elif reached_at(entity, shield, most):
            thresholds[shield] = min(most, entity.regime_profit * (1 + shield) / entity.us_exposure)
    return thresholds


def reached_at(entity: Entity, shield: float, credibility: float) -> bool:
    """Tell whether a facilitator exits at a credibility, in decimals as `play` does.

    >>> bank = Entity("bank", "bank", us_exposure=30.0, regime_profit=19.8)
    >>> reached_at(bank, 0.0, 0.66), reached_at(bank, 0.1, 0.66)
    (True, False)
    """
    exposure = entity.us_exposure or 0.0
    return at_least(credibility * exposure, entity.regime_profit * (1 + shield))


def credibility_stock(model: Any, owner: str, stage: int) -> Row:
    """Credibility is what is left of it plus the signal of the starts (facilitators.1).

    ``k_t <= (1 - decay) k_t-1 + sum_im signal(m) signal(i) s_imt``,  ``k_t <= max`` by its bound

    "At most" suffices for min(max, ...): credibility only causes exits and terminal value, and more of
    either never hurts the coalition, except by a concession that it forces (`sanctopt.search.forced`).
    """
    frame: Frame = model.frame
    game = frame.game
    kept = decimal_sum(1.0, -game.credibility.decay)
    gained = [
        (-game.start_signal(start), model.starts[owner, start.entity, start.instrument, stage])
        for start in frame.starts
    ]
    level = (1.0, model.credibility[owner, stage])
    if stage == 0:
        return at_most([level, *gained], kept * game.credibility.initial)
    before = (-kept, model.credibility[frame.copy(owner, stage - 1), stage - 1])
    return at_most([level, before, *gained], 0.0)


def exit_queues(
    frame: Frame, classes: dict[tuple[str, int], dict[float, float]]
) -> dict[tuple[int, int], dict[float, list[tuple[float, str]]]]:
    """(queue, stage) -> shield class -> (threshold, facilitator) in the order of leaving."""
    number: dict[tuple[float, ...], int] = {}
    queues: dict[tuple[int, int], dict[float, list[tuple[float, str]]]] = {}
    for (entity, stage), thresholds in classes.items():
        jurisdiction = frame.game.entity[entity].jurisdiction
        shields = tuple(frame.game.shield(a, jurisdiction) for a in frame.responses) if stage > 0 else ()
        place = queues.setdefault((number.setdefault(shields, len(number)), stage), {})
        for shield, needed in thresholds.items():
            place.setdefault(shield, []).append((needed, entity))
    return {
        key: {shield: sorted(queue) for shield, queue in sorted(by_class.items())}
        for key, by_class in queues.items()
    }


def exit_threshold(model: Any, type_name: str, queue: int, stage: int) -> Row:
    """Facilitators exit only if credibility reaches their threshold (facilitators.2).

    ``sum_s sum_n (threshold_ns - threshold_n-1,s) x_nst <= k_t``,  n = 1, 2, ... the place in the queue of
    class s, threshold_0 = 0, threshold_is = regime_profit(i) (1 + s) / us_exposure(i)

    The last one that exits has its whole threshold on the left, since all before it exit too
    (facilitators.4). Thresholds that are equal in decimals (`reached_at`) are one. "Only if" suffices: an
    exit removes throughput and never hurts the coalition, except by a concession that it forces
    (`sanctopt.search.forced`).
    """
    terms: list[tuple[float, Any]] = []
    for shield, places in model.exit_queue[queue, stage].items():
        before = 0.0
        for needed, entity in places:
            if not reached_at(model.frame.game.entity[entity], shield, before):
                step = decimal_sum(needed, -before)
                terms.append((step, model.exits[type_name, entity, shield, stage]))
                before = needed
    return at_most([*terms, (-1.0, model.credibility[model.frame.copy(type_name, stage), stage])], 0.0)


def exit_shield(model: Any, type_name: str, queue: int, shield: float, stage: int) -> Row:
    """The shield is that of the response taken in the stage before (facilitators.3).

    ``x_1st <= sum over responses a of shield class s of y_a,t-1``
    """
    frame: Frame = model.frame
    _, first = model.exit_queue[queue, stage][shield][0]
    jurisdiction = frame.game.entity[first].jurisdiction
    taken = [
        (-1.0, model.takes[type_name, a, stage - 1])
        for a in frame.responses
        if frame.game.shield(a, jurisdiction) == shield and (type_name, a, stage - 1) in model.takes
    ]
    return at_most([(1.0, model.exits[type_name, first, shield, stage]), *taken], 0.0)


def exit_order(model: Any, type_name: str, entity: str, shield: float, stage: int) -> Row:
    """Nobody leaves before those with a smaller threshold (facilitators.4).

    ``x_nst <= x_n-1,st``
    """
    ahead = model.before_in_queue[entity, shield, stage]
    return at_most(
        [
            (1.0, model.exits[type_name, entity, shield, stage]),
            (-1.0, model.exits[type_name, ahead, shield, stage]),
        ],
        0.0,
    )
