"""Between a program's numbers and a ladder: read a ladder out of an incumbent, write one as a start."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import replace
from typing import Any

from pyomo.common.collections import ComponentMap

from sanctopt.formulation.frame import Frame
from sanctopt.game import Start
from sanctopt.ladder import History, Information, Rung
from sanctopt.outcome import Outcome

Values = MutableMapping[Any, float]
"""Values of Pyomo variables: a `ComponentMap`, since variables are compared by identity."""


def read_responses(model: Any, values: Values) -> dict[str, tuple[str, ...]]:
    """Read which responses each type takes; the tuple ends with the stage of its concession."""
    frame: Frame = model.frame
    taken: dict[str, tuple[str, ...]] = {}
    for name in frame.types:
        voice = frame.voice[name]
        history: list[str] = []
        for stage in frame.stages:
            history.append(
                next(
                    a
                    for a in frame.responses
                    if (voice, a, stage) in model.takes and values[model.takes[voice, a, stage]] > 0.5
                )
            )
            if name in frame.conceding and values[model.concedes[name, stage]] > 0.5:
                break
        taken[name] = tuple(history)
    return taken


def read_concessions(model: Any, values: Values) -> dict[str, int | None]:
    """Read in which stage each type's regime concedes; None if it never does."""
    stages: dict[str, int | None] = dict.fromkeys(model.frame.types)
    for (name, stage), variable in model.concedes.items():
        if values[variable] > 0.5:
            stages[name] = stage
    return stages


def read_rungs(model: Any, values: Values) -> dict[History, Rung]:
    """Read the rung of every public history that some type reaches.

    An offer that no type there accepts is left out: it costs, if anything, and changes nothing else. (An
    open-loop plan has one offer for all histories of a stage.)
    """
    frame: Frame = model.frame
    rungs: dict[History, Rung] = {}
    taken, conceded = read_responses(model, values), read_concessions(model, values)
    accepted = set()
    for name, responses in taken.items():
        for stage in range(len(responses)):
            history = responses[:stage]
            if history not in rungs:
                rungs[history] = _rung(model, values, frame.copy(name, stage), history)
            if conceded[name] == stage:
                accepted.add(stage if frame.information is Information.OPEN_LOOP else history)
    for history, rung in rungs.items():
        key = len(history) if frame.information is Information.OPEN_LOOP else history
        rungs[history] = replace(rung, offer=rung.offer and key in accepted)
    return rungs


def _rung(model: Any, values: Values, owner: str, history: History) -> Rung:
    stage = len(history)

    def chosen(decisions: Any) -> list[Any]:
        return [
            index[1:-1]
            for index in decisions
            if index[0] == owner and index[-1] == stage and values[decisions[index]] > 0.5
        ]

    return Rung(
        history=history,
        starts=tuple(sorted(Start(*key) for key in chosen(model.starts))),
        threat=tuple(sorted(Start(*key) for key in chosen(model.threats))),
        engagements=tuple(name for (name,) in chosen(model.engagements)),
        mitigations=tuple(name for (name,) in chosen(model.mitigations)),
        offer=bool(chosen(model.offers)),
    )


def binary_values(model: Any, outcome: Outcome) -> Values | None:
    """Values of every binary of the program that say what a played ladder does; None if it has no such point.

    HiGHS completes them by solving a linear program. Where the game has ended for a type, its own copies
    stay empty.

    Parameters
    ----------
    model : ConcreteModel
        A program of `sanctopt.formulation.build`.
    outcome : Outcome
        `play` of an allowed ladder of the same game.
    """
    frame: Frame = model.frame
    decisions = (model.starts, model.threats, model.engagements, model.mitigations, model.offers)
    consequences = (model.takes, model.concedes, model.exits, model.capped)
    values: Values = ComponentMap(
        (variable, 0.0) for family in (*decisions, *consequences) for variable in family.values()
    )
    for stage, (rung, response) in enumerate(zip(frame.past.rungs, frame.past.responses, strict=True)):
        for name in frame.voices:
            _set_rung(model, values, frame.copy(name, stage), rung)
            values[model.takes[name, response, stage]] = 1.0
    for step in outcome.steps:
        if step.type not in frame.voice:
            continue
        name, stage = frame.voice[step.type], step.stage
        _set_rung(model, values, frame.copy(name, stage), step.rung)
        if (name, step.response, stage) not in model.takes:
            return None  # ruled out by a bound, e.g. because it never has the margin
        values[model.takes[name, step.response, stage]] = 1.0
        if step.concedes:
            values[model.concedes[step.type, stage]] = 1.0
        for entity in step.exits:
            classes = model.exit_class.get((entity, stage), {})
            jurisdiction = frame.game.entity[entity].jurisdiction
            shield = frame.game.shield(step.history[-1], jurisdiction) if stage > 0 else 0.0
            if shield in classes:
                values[model.exits[name, entity, shield, stage]] = 1.0
    _set_caps(model, values)
    return values


def _set_rung(model: Any, values: Values, owner: str, rung: Rung) -> None:
    stage = rung.stage
    for start in rung.starts:
        values[model.starts[owner, start.entity, start.instrument, stage]] = 1.0
    for start in rung.threat:
        values[model.threats[owner, start.entity, start.instrument, stage]] = 1.0
    for name in rung.engagements:
        values[model.engagements[owner, name, stage]] = 1.0
    for name in rung.mitigations:
        values[model.mitigations[owner, name, stage]] = 1.0
    if rung.offer and (owner, stage) in model.offers:
        values[model.offers[owner, stage]] = 1.0


def _set_caps(model: Any, values: Values) -> None:
    """Mark the coverages that reach the cap."""
    frame: Frame = model.frame
    for owner, group, stage in model.capped:
        at_work = 0.0
        for number in frame.coverages[group]:
            row = frame.game.mitigations[number]
            at_work += row.reduction * sum(
                values[model.mitigations[frame.copy(owner, tau), row.name, tau]]
                for tau in range(stage - row.lead + 1)
            )
        values[model.capped[owner, group, stage]] = float(at_work > frame.game.max_cover)
