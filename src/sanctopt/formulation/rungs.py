"""The coalition's rungs: what may be started, used, threatened and offered.

Decisions, one copy per owner c and stage t (`Frame.copy`); below, s with a history index means the sum
over the copies that a type meets on its way:

    s_imt   start of instrument m against entity i          binary
    r_imt   the same, threatened for the next stage         binary
    u_et    engagement e is used                            binary
    w_jt    mitigation j is started                         binary
    o_t     the off-ramp is offered                         binary
"""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from sanctopt.formulation.frame import Frame
from sanctopt.formulation.linear import Row, at_least, at_most
from sanctopt.ladder import Rung


def chosen_keys(rung: Rung) -> dict[str, set[tuple[str, ...]]]:
    """For each family of decisions, what a rung chooses: the index without owner and stage."""
    return {
        "starts": {(s.entity, s.instrument) for s in rung.starts},
        "threats": {(s.entity, s.instrument) for s in rung.threat},
        "engagements": {(name,) for name in rung.engagements},
        "mitigations": {(name,) for name in rung.mitigations},
        "offers": {()} if rung.offer else set(),
    }


def add_rungs(model: Any) -> None:
    """Add the coalition's decisions and what the game allows of them."""
    frame: Frame = model.frame
    game = frame.game
    keys = [(start.entity, start.instrument) for start in frame.starts]
    threat_copies = [(owner, stage) for owner, stage in frame.copies if stage in frame.threats_at]
    model.starts = pyo.Var([(c, i, m, t) for c, t in frame.copies for i, m in keys], domain=pyo.Binary)
    model.threats = pyo.Var([(c, i, m, t) for c, t in threat_copies for i, m in keys], domain=pyo.Binary)
    model.engagements = pyo.Var(
        [(c, row.name, t) for c, t in frame.copies for row in game.engagements], domain=pyo.Binary
    )
    model.mitigations = pyo.Var(
        [(c, name, t) for c, t in frame.copies for name in game.mitigation_names], domain=pyo.Binary
    )
    offers = frame.copies if frame.conceding else ()
    model.offers = pyo.Var(list(offers), domain=pyo.Binary)

    model.effort = pyo.Constraint(list(frame.copies), rule=effort)
    model.start_once = pyo.Constraint([(p, i, m) for p in frame.paths for i, m in keys], rule=start_once)
    model.mitigate_once = pyo.Constraint(
        [(p, name) for p in frame.paths for name in game.mitigation_names], rule=mitigate_once
    )
    needing = [(i, m) for i, m in keys if game.instrument[m].requires]
    model.requirement = pyo.Constraint(
        [(p, i, m, t) for p in frame.paths for i, m in needing for t in frame.stages], rule=requirement
    )
    threatening = [(p, t) for p in frame.paths for t in frame.threats_at]
    model.threat_effort = pyo.Constraint(
        list(dict.fromkeys((frame.copy(p, t), t) for p, t in threatening)), rule=threat_effort
    )
    model.threat_not_started = pyo.Constraint(
        [(p, i, m, t) for p, t in threatening for i, m in keys], rule=threat_not_started
    )
    model.threat_requirement = pyo.Constraint(
        [(p, i, m, t) for p, t in threatening for i, m in needing], rule=threat_requirement
    )
    model.threat_called = pyo.Constraint(
        [(q, i, m, t) for q in frame.voices for t in frame.threats_at for i, m in keys], rule=threat_called
    )


def started(model: Any, type_name: str, entity: str, instrument: str, until: int) -> list[tuple[float, Any]]:
    """Terms of "instrument m has been started against i by stage ``until``" on a type's way."""
    frame: Frame = model.frame
    stages = range(min(until, frame.game.stages - 1) + 1)
    return [(1.0, model.starts[frame.copy(type_name, t), entity, instrument, t]) for t in stages]


def effort(model: Any, owner: str, stage: int) -> Row:
    """Starts of a stage stay within its effort (rungs.1).

    ``sum_im effort(m) effort(i) s_imt <= effort_per_stage``
    """
    return _within_effort(model, model.starts, owner, stage)


def threat_effort(model: Any, owner: str, stage: int) -> Row:
    """A threat could be carried out within one stage's effort (rungs.2).

    ``sum_im effort(m) effort(i) r_imt <= effort_per_stage``
    """
    return _within_effort(model, model.threats, owner, stage)


def _within_effort(model: Any, variables: Any, owner: str, stage: int) -> Row:
    """No row for the past, whose sum is a constant that rounding may put above the limit."""
    frame: Frame = model.frame
    terms = [
        (frame.game.start_effort(start), variables[owner, start.entity, start.instrument, stage])
        for start in frame.starts
    ]
    if stage not in frame.planned or not any(weight for weight, _ in terms):
        return pyo.Constraint.Skip  # type: ignore[no-any-return]
    return at_most(terms, frame.game.effort_per_stage)


def start_once(model: Any, path: str, entity: str, instrument: str) -> Row:
    """Each eligible pair starts at most once along a history (rungs.3).

    ``sum_t s_imt <= 1``
    """
    return at_most(started(model, path, entity, instrument, model.frame.game.stages), 1.0)


def mitigate_once(model: Any, path: str, mitigation: str) -> Row:
    """A mitigation is started at most once (rungs.4).

    ``sum_t w_jt <= 1``
    """
    frame: Frame = model.frame
    return at_most([(1.0, model.mitigations[frame.copy(path, t), mitigation, t]) for t in frame.stages], 1.0)


def requirement(model: Any, path: str, entity: str, instrument: str, stage: int) -> Row:
    """What an instrument requires was started early enough (rungs.5).

    ``s_imt <= sum over tau <= t - requires_age(m) of s_im'tau``,  m' = requires(m)
    """
    frame: Frame = model.frame
    row = frame.game.instrument[instrument]
    earlier = started(model, path, entity, row.requires, stage - row.requires_age)
    now = (1.0, model.starts[frame.copy(path, stage), entity, instrument, stage])
    return at_most([now, *_minus(earlier)], 0.0)


def threat_not_started(model: Any, path: str, entity: str, instrument: str, stage: int) -> Row:
    """What is threatened has not been started by then (rungs.6).

    ``r_imt + sum over tau <= t of s_imtau <= 1``
    """
    threat = (1.0, model.threats[model.frame.copy(path, stage), entity, instrument, stage])
    return at_most([threat, *started(model, path, entity, instrument, stage)], 1.0)


def threat_requirement(model: Any, path: str, entity: str, instrument: str, stage: int) -> Row:
    """What is threatened would be allowed in the next stage (rungs.7).

    ``r_imt <= sum over tau <= min(t, t + 1 - requires_age(m)) of s_im'tau  (+ r_im't if requires_age is 0)``
    """
    frame: Frame = model.frame
    row = frame.game.instrument[instrument]
    owner = frame.copy(path, stage)
    met = started(model, path, entity, row.requires, min(stage, stage + 1 - row.requires_age))
    if row.requires_age == 0:
        met.append((1.0, model.threats[owner, entity, row.requires, stage]))
    return at_most([(1.0, model.threats[owner, entity, instrument, stage]), *_minus(met)], 0.0)


def threat_called(model: Any, type_name: str, entity: str, instrument: str, stage: int) -> Row:
    """After a hostile response the threat is carried out, unless the game has ended (rungs.8).

    ``s_im,t+1 >= r_imt + sum over hostile a of y_at - 1 - g_t``,  g_t = 1 if the regime concedes in t
    """
    frame: Frame = model.frame
    follows = model.starts[frame.copy(type_name, stage + 1), entity, instrument, stage + 1]
    threat = model.threats[frame.copy(type_name, stage), entity, instrument, stage]
    hostile = [
        (-1.0, model.takes[type_name, response, stage])
        for response in frame.hostile
        if (type_name, response, stage) in model.takes
    ]
    if not hostile:
        return pyo.Constraint.Skip  # type: ignore[no-any-return]
    ends = [(1.0, model.concedes[type_name, stage])] if type_name in frame.ending else []
    return at_least([(1.0, follows), (-1.0, threat), *hostile, *ends], -1.0)


def _minus(terms: list[tuple[float, Any]]) -> list[tuple[float, Any]]:
    return [(-coefficient, variable) for coefficient, variable in terms]
