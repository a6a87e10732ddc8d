"""Between a program's numbers and a ladder: read a ladder out of an incumbent, write one as a start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sanctopt.formulation.frame import Frame
from sanctopt.game import Start
from sanctopt.ladder import History, Ladder, Rung
from sanctopt.play import Outcome

Responses = Mapping[str, tuple[str, ...]]
"""For each type, the responses it takes, stage by stage, until its game ends."""


def read_responses(model: Any, values: Mapping[Any, float]) -> dict[str, tuple[str, ...]]:
    """Read which responses each type takes; the tuple ends with the stage of its concession."""
    frame: Frame = model.frame
    taken: dict[str, tuple[str, ...]] = {}
    for name in frame.types:
        history: list[str] = []
        for stage in frame.stages:
            history.append(
                next(
                    a
                    for a in frame.responses
                    if (name, a, stage) in model.takes and values[model.takes[name, a, stage]] > 0.5
                )
            )
            if name in frame.conceding and values[model.concedes[name, stage]] > 0.5:
                break
        taken[name] = tuple(history)
    return taken


def read_rungs(model: Any, values: Mapping[Any, float]) -> dict[History, Rung]:
    """Read the rung of every public history that some type reaches."""
    frame: Frame = model.frame
    rungs: dict[History, Rung] = {}
    for name, responses in read_responses(model, values).items():
        for stage in range(len(responses)):
            history = responses[:stage]
            if history not in rungs:
                rungs[history] = _rung(model, values, frame.copy(name, stage), history)
    return rungs


def _rung(model: Any, values: Mapping[Any, float], owner: str, history: History) -> Rung:
    frame: Frame = model.frame
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


def start_values(model: Any, ladder: Ladder, outcome: Outcome) -> dict[Any, float]:
    """Values of every binary of the program, from a ladder and what it leads to.

    HiGHS completes them with the rest by solving a linear program. Where the game has ended for a type,
    its own copies stay empty.

    Parameters
    ----------
    model : ConcreteModel
        A program of `sanctopt.formulation.build`.
    ladder : Ladder
        An allowed ladder of the same game that meets every type of the frame at each of its histories.
    outcome : Outcome
        `play` of that ladder, ties in the coalition's favour.
    """
    frame: Frame = model.frame
    values: dict[Any, float] = {}
    for decisions in (model.starts, model.threats, model.engagements, model.mitigations, model.offers):
        values.update(dict.fromkeys(decisions.values(), 0.0))
    for variables in (model.takes, model.concedes, model.exits, model.capped):
        values.update(dict.fromkeys(variables.values(), 0.0))
    for step in outcome.steps:
        if step.type not in frame.types:
            continue
        name, stage = step.type, step.stage
        rung = ladder.rung_at(step.history, name)
        if rung is not None:
            _set_rung(model, values, frame.copy(name, stage), rung)
        values[model.takes[name, step.response, stage]] = 1.0
        if step.concedes:
            values[model.concedes[name, stage]] = 1.0
        for entity in step.exits:
            classes = model.exit_class.get((entity, stage), {})
            jurisdiction = frame.game.entity[entity].jurisdiction
            shield = frame.game.shield(step.history[-1], jurisdiction) if stage > 0 else 0.0
            if shield in classes:
                values[model.exits[name, entity, shield, stage]] = 1.0
    _set_caps(model, values)
    return values


def _set_rung(model: Any, values: dict[Any, float], owner: str, rung: Rung) -> None:
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


def _set_caps(model: Any, values: dict[Any, float]) -> None:
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
