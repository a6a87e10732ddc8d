"""Facilitators: the stock of credibility, and who leaves by itself.

    k_t      credibility after the rung of stage t, one per copy
    x_ist    facilitator i exits in stage t, after a response of shield class s in t-1   binary

A shield class of facilitator i collects the responses that shield its jurisdiction equally; class by
class the exit threshold is a number, so no product of exit and response is needed.
"""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from sanctopt.formulation.bounds import Bounds
from sanctopt.formulation.frame import Frame
from sanctopt.formulation.linear import Row, at_most
from sanctopt.game import EQUAL, Entity


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
    exiting = [(q, i, t) for q in frame.voices for i, t in model.exit_class]
    model.exit_threshold = pyo.Constraint(exiting, rule=exit_threshold)
    model.exit_shield = pyo.Constraint(
        [(q, i, s, t) for q, i, t in exiting if t > 0 for s in model.exit_class[i, t]], rule=exit_shield
    )


def exit_classes(frame: Frame, bounds: Bounds, entity: Entity, stage: int) -> dict[float, float]:
    """Shield class -> exit threshold in units of credibility, for the classes that can be reached.

    ``us_exposure k >= regime_profit (1 + shield)`` divided by us_exposure. A facilitator without
    exposure exits only if it earns nothing. Thresholds above the most that credibility can be are left
    out (`Bounds.credibility`).
    """
    if entity.us_exposure is None or entity.exit_removal == 0:
        return {}
    shields = {0.0} if stage == 0 else {frame.game.shield(a, entity.jurisdiction) for a in frame.responses}
    thresholds = {}
    for shield in sorted(shields):
        needed = entity.regime_profit * (1 + shield)
        if entity.us_exposure > 0:
            needed /= entity.us_exposure
        elif needed > 0:
            continue
        if needed <= bounds.credibility[stage] + EQUAL * max(1.0, needed):
            thresholds[shield] = needed
    return thresholds


def credibility_stock(model: Any, owner: str, stage: int) -> Row:
    """Credibility is what is left of it plus the signal of the starts (facilitators.1).

    ``k_t <= (1 - decay) k_t-1 + sum_im signal(m) signal(i) s_imt``,  ``k_t <= max`` by its bound

    "At most" suffices for min(max, ...): credibility only causes exits and terminal value, and more of
    either never hurts the coalition, except by a concession that it forces (`sanctopt.search.forced`).
    """
    frame: Frame = model.frame
    game = frame.game
    kept = 1 - game.credibility.decay
    gained = [
        (-game.start_signal(start), model.starts[owner, start.entity, start.instrument, stage])
        for start in frame.starts
    ]
    level = (1.0, model.credibility[owner, stage])
    if stage == 0:
        return at_most([level, *gained], kept * game.credibility.initial)
    before = (-kept, model.credibility[frame.copy(owner, stage - 1), stage - 1])
    return at_most([level, before, *gained], 0.0)


def exit_threshold(model: Any, type_name: str, entity: str, stage: int) -> Row:
    """A facilitator exits only if credibility reaches its threshold (facilitators.2).

    ``sum_s threshold_is x_ist <= k_t``,  threshold_is = regime_profit(i) (1 + s) / us_exposure(i)

    "Only if" suffices: an exit removes throughput and never hurts the coalition, except by a concession
    that it forces (`sanctopt.search.forced`).
    """
    thresholds = model.exit_class[entity, stage]
    exits = [(needed, model.exits[type_name, entity, s, stage]) for s, needed in thresholds.items()]
    return at_most([*exits, (-1.0, model.credibility[model.frame.copy(type_name, stage), stage])], 0.0)


def exit_shield(model: Any, type_name: str, entity: str, shield: float, stage: int) -> Row:
    """The shield is that of the response taken in the stage before (facilitators.3).

    ``x_ist <= sum over responses a of shield class s of y_a,t-1``
    """
    frame: Frame = model.frame
    jurisdiction = frame.game.entity[entity].jurisdiction
    taken = [
        (-1.0, model.takes[type_name, a, stage - 1])
        for a in frame.responses
        if frame.game.shield(a, jurisdiction) == shield and (type_name, a, stage - 1) in model.takes
    ]
    return at_most([(1.0, model.exits[type_name, entity, shield, stage]), *taken], 0.0)
