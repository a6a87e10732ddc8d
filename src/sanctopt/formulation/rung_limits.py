"""Limits on the rungs themselves (`sanctopt.rung_limits`), as bounds of decisions and rows.

z       no type concedes in the first stage that is planned, for an excluded rung with an offer     one each

e       a type spoils what an empty threat rests on: it gets there, gives the response, ...         in [0, 1]

Below, u is the first stage that is planned; all types meet its rung.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyomo.environ as pyo

from sanctopt.errors import OptionError
from sanctopt.formulation.frame import Frame
from sanctopt.formulation.linear import Row, at_least, at_most
from sanctopt.formulation.rungs import chosen_keys
from sanctopt.ladder import History, Rung
from sanctopt.rung_limits import (
    Barred,
    Decision,
    FirstRung,
    Givers,
    HeldRung,
    NoEmptyThreat,
    OtherFirstRungs,
    Required,
    RungLimit,
)

FAMILY = {"starts": "starts", "threat": "threats", "engagements": "engagements", "mitigations": "mitigations"}
"""Family of decisions by field of a rung, but for the offer."""


def add_rung_limits(model: Any) -> None:
    """Add the limits on rungs; a program of some of the types has what they ask of each type alone."""
    frame: Frame = model.frame
    limits = [limit for limit in frame.aims.limits if isinstance(limit, RungLimit)]
    if len(frame.types) < len(frame.game.patron_types) or frame.pools:
        limits = [own for limit in limits if isinstance(own := limit.alone(frame.game), RungLimit)]
    model.rung_limits = limits
    excluded = [
        (number, place)
        for number, limit in enumerate(limits)
        if isinstance(limit, OtherFirstRungs)
        for place, rung in enumerate(limit.rungs)
        if _exists(model, rung) and (frame.conceding or not rung.offer)
    ]
    if excluded:
        offered = [key for key in excluded if _excluded(model, *key).offer]
        model.no_concession = pyo.Var(offered, bounds=(0.0, 1.0))
        model.other_rung = pyo.Constraint(excluded, rule=other_rung)
        keys = [(*key, name) for key in offered for name in frame.conceding]
        model.no_concession_now = pyo.Constraint(keys, rule=no_concession_now)
    _add_empty_threats(model)
    held = [_hold(variable, number) for limit in limits for variable, number in _held(model, limit)]
    model.held_rungs = [limit.rung for limit in limits if isinstance(limit, HeldRung)]
    model.held_decisions = [
        (rung, name, family, key)
        for rung in model.held_rungs
        for name in frame.types
        for family in FAMILY.values()
        for key in _keys(model, family, name, rung)
    ]
    if model.held_rungs:
        model.held_rung = pyo.Constraint(range(len(model.held_decisions)), rule=held_rung)
        no_offer = [
            (n, name) for n, rung in enumerate(model.held_rungs) for name in frame.conceding if not rung.offer
        ]
        model.held_no_offer = pyo.Constraint(no_offer, rule=held_no_offer)
    model.asked_rows = [row for limit in limits for row in _rows(model, limit)]
    if not all(held):
        model.asked_rows.append(_never(model))
    if model.asked_rows:
        model.asked = pyo.Constraint(range(len(model.asked_rows)), rule=asked)


def other_rung(model: Any, number: int, place: int) -> Row:
    """The first rung differs from an excluded one in some decision (rung_limits.1).

    ``sum over decisions of the rung of (1 - d_u) + sum over all others of d_u + differs >= 1``;
    differs = sum over types of g_u if the rung has no offer, z if it has one
    """
    frame: Frame = model.frame
    rung = _excluded(model, number, place)
    stage = frame.past.stage
    owner = frame.copy(frame.voices[0], stage)
    terms, chosen_count = [], 0
    for family in FAMILY.values():
        chosen = chosen_keys(rung)[family]
        for index, variable in getattr(model, family).items():
            if index[0] == owner and index[-1] == stage:
                hit = index[1:-1] in chosen
                chosen_count += hit
                terms.append((-1.0 if hit else 1.0, variable))
    if rung.offer:
        terms.append((1.0, model.no_concession[number, place]))
    else:
        terms += [(1.0, model.concedes[name, stage]) for name in frame.conceding]
    if not terms:  # there is nothing to choose, so there is no other rung
        return _never(model)
    return at_least(terms, 1.0 - chosen_count)


def no_concession_now(model: Any, number: int, place: int, type_name: str) -> Row:
    """Whether no type concedes in the first stage that is planned (rung_limits.2).

    ``z <= 1 - g_u``  for each type
    """
    concedes = model.concedes[type_name, model.frame.past.stage]
    return at_most([(1.0, model.no_concession[number, place]), (1.0, concedes)], 1.0)


def asked(model: Any, number: int) -> Row:
    """A decision is required while the game goes on, or an offer that is accepted (rung_limits.3).

    ``d_t >= 1 - sum over tau < t of g_tau`` for each type;  for an offer ``sum over types of g_t >= 1``

    ``sum over types of g_u <= 0``  under a first rung that has no offer

    The decisions of a first rung, and those that are barred, are held by their bounds: 1 or 0.
    """
    row: Row = model.asked_rows[number]
    return row


def held_rung(model: Any, number: int) -> Row:
    """A type that comes to a public history meets the rung that is held there (rung_limits.4).

    ``d_t >= 1 - away`` for each decision of the rung,  ``d_t <= away`` for all others;
    ``away = sum over tau < t of (1 - y_h(tau),tau + g_tau)``,  h(tau) the responses of the history
    """
    rung, type_name, family, key = model.held_decisions[number]
    copy = model.frame.copy(type_name, rung.stage)
    variables = getattr(model, family)
    away, constant = _away(model, type_name, rung.history)
    index = (copy, *key, rung.stage)
    made = [(1.0, variables[index])] if index in variables else []
    minus_away = [(-factor, variable) for factor, variable in away]
    if key in chosen_keys(rung)[family]:
        return at_least([*made, *away], 1.0 - constant) if made or away else _never(model)
    return at_most([*made, *minus_away], constant)


def held_no_offer(model: Any, number: int, type_name: str) -> Row:
    """Where a held rung has no offer, none is accepted (rung_limits.5).

    ``g_t <= away``
    """
    rung: Rung = model.held_rungs[number]
    away, constant = _away(model, type_name, rung.history)
    minus_away = [(-factor, variable) for factor, variable in away]
    return at_most([(1.0, model.concedes[type_name, rung.stage]), *minus_away], constant)


def _away(model: Any, type_name: str, history: History) -> tuple[list[tuple[float, Any]], float]:
    """Terms and constant of how far a type is from a public history; 0 if it comes there."""
    frame: Frame = model.frame
    voice = frame.voice[type_name]
    terms, constant = [], 0.0
    for stage, response in enumerate(history):
        constant += 1.0
        if (voice, response, stage) in model.takes:
            terms.append((-1.0, model.takes[voice, response, stage]))
        if type_name in frame.conceding:
            terms.append((1.0, model.concedes[type_name, stage]))
    return terms, constant


def _keys(model: Any, family: str, name: str, rung: Rung) -> list[tuple[str, ...]]:
    """Decisions of a family that a type could meet at a rung, or that the rung makes."""
    copy = model.frame.copy(name, rung.stage)
    there = [i[1:-1] for i in getattr(model, family) if i[0] == copy and i[-1] == rung.stage]
    return list(dict.fromkeys([*there, *sorted(chosen_keys(rung)[family])]))


def no_empty_threat(model: Any, number: int, type_name: str) -> Row:
    """A threat is not made on a way on which it is empty (rung_limits.6).

    ``sum of (1 - d) over what is done on the way + sum of d over what is not + spoils >= 1``

    What is done: starts, engagements and mitigations of the rungs up to h, the threat, and the responses of
    the types that are named, on the copies of one of them. What is not: other starts, engagements and
    mitigations, and concessions. spoils: the sum of e over what else the threat rests on. With
    `Givers.NOBODY` other threats count as what is not done, and ``sum over types of g_t`` if none of them
    concedes.
    """
    limit: NoEmptyThreat = model.rung_limits[number]
    terms, made = [], 0
    for hit, variable in _way(model, limit, type_name):
        terms.append((-1.0 if hit else 1.0, variable))
        made += hit
    terms += [(1.0, variable) for key, variable in model.spoils.items() if key[0] == number]
    return at_least(terms, 1.0 - made)


def spoils_only_if(model: Any, number: int, role: str, type_name: str, place: int) -> Row:
    """What a threat rests on is spoilt only by what a type does (rung_limits.7).

    ``e <= y_a,tau`` for each response that this takes;  ``e <= 1 - g_t`` where it must not concede
    """
    need, variable = _spoiling(model, model.rung_limits[number], role, type_name)[place]
    spoils = (1.0, model.spoils[number, role, type_name])
    return at_most([spoils, (-1.0, variable)], 0.0) if need else at_most([spoils, (1.0, variable)], 1.0)


Literal = tuple[bool, Any]
"""A binary of the program, and whether it must be 1."""


def _add_empty_threats(model: Any) -> None:
    """Add the rows of empty threats: one for each, or one for each type that may get there."""
    keys: list[tuple[int, str]] = []
    spoilers: dict[tuple[int, str, str], int] = {}
    for number, limit in enumerate(model.rung_limits):
        if not isinstance(limit, NoEmptyThreat):
            continue
        ways = limit.types if limit.givers is Givers.ANYBODY else limit.types[:1]
        possible = [name for name in ways if _possible(model, limit, name)]
        keys += [(number, name) for name in possible]
        for role, name in _spoilers(model, limit) if possible else ():
            literals = _spoiling(model, limit, role, name)
            if all(variable is not None for _, variable in literals):
                spoilers[number, role, name] = len(literals)
    if not keys:
        return
    model.spoils = pyo.Var(list(spoilers), bounds=(0.0, 1.0))
    model.no_empty_threat = pyo.Constraint(keys, rule=no_empty_threat)
    places = [(*key, place) for key, count in spoilers.items() for place in range(count)]
    model.spoils_only_if = pyo.Constraint(places, rule=spoils_only_if)


def _possible(model: Any, limit: NoEmptyThreat, name: str) -> bool:
    """Whether the program could do what is named at all."""
    return all(variable is not None for _, variable in _way(model, limit, name))


def _way(model: Any, limit: NoEmptyThreat, name: str) -> Iterator[Literal]:
    """What a type meets and does, and what the types that are named do; None for what cannot be."""
    frame: Frame = model.frame
    starts = [(start.entity, start.instrument) for start in frame.starts]
    known: dict[str, list[tuple[str, ...]]] = {
        "starts": list(starts),
        "engagements": [(row.name,) for row in frame.game.engagements],
        "mitigations": [(mitigation,) for mitigation in frame.game.mitigation_names],
    }
    last = limit.rungs[-1]
    for rung in limit.rungs:
        owner, chosen = frame.copy(name, rung.stage), chosen_keys(rung)
        for family, keys in known.items():
            variables = getattr(model, family)
            yield from ((True, None) for key in chosen[family] if key not in keys)
            yield from ((key in chosen[family], variables[owner, *key, rung.stage]) for key in keys)
    owner, threat = frame.copy(name, last.stage), chosen_keys(last)["threats"]
    yield from ((True, _variable(model.threats, (owner, *key, last.stage))) for key in threat)
    exact = limit.givers is Givers.NOBODY
    if exact and last.stage in frame.threats_at:
        yield from ((False, model.threats[owner, *key, last.stage]) for key in starts if key not in threat)
    for member in (name,) if limit.givers is Givers.ANYBODY else limit.types:
        yield from _arrival(model, limit, member, gives=limit.givers is Givers.THESE)
        if exact and not last.offer and member in frame.conceding:
            yield False, model.concedes[member, last.stage]


def _arrival(model: Any, limit: NoEmptyThreat, name: str, *, gives: bool) -> Iterator[Literal]:
    """What a type does that gets to the threat, or gives the response there and plays on."""
    frame: Frame = model.frame
    history = (*limit.history, limit.response) if gives else limit.history
    for stage in range(frame.past.stage, len(history)):
        yield True, _variable(model.takes, (name, history[stage], stage))
    if len(history) > frame.past.stage and name in frame.conceding:
        yield False, model.concedes[name, len(history) - 1]


def _variable(family: Any, key: tuple[object, ...]) -> Any:
    """The variable of a key; None if the program has none."""
    if key in family:  # a family of Pyomo has no `get`
        return family[key]
    return None


def _spoilers(model: Any, limit: NoEmptyThreat) -> Iterator[tuple[str, str]]:
    """By what and by whom a threat that is empty on a way may be spoilt, types of prior 0 apart."""
    game = model.frame.game
    others = [row.name for row in game.patron_types if row.prior > 0.0 and row.name not in limit.types]
    role = "gives" if limit.givers is Givers.THESE else "arrives"
    yield from ((role, name) for name in others)
    if limit.givers is Givers.NOBODY:
        yield from (("gives", name) for name in limit.types)
        if limit.rungs[-1].offer:
            yield "declines", ""


def _spoiling(model: Any, limit: NoEmptyThreat, role: str, name: str) -> list[Literal]:
    """What is done where a threat is spoilt."""
    if role == "declines":
        stage = limit.rungs[-1].stage
        return [(False, model.concedes[n, stage]) for n in limit.types if n in model.frame.conceding]
    return list(_arrival(model, limit, name, gives=role == "gives"))


def _excluded(model: Any, number: int, place: int) -> Rung:
    rung: Rung = model.rung_limits[number].rungs[place]
    return rung


def _exists(model: Any, rung: Rung) -> bool:
    """Whether the program could choose a rung at all."""
    stage = model.frame.past.stage
    owner = model.frame.copy(model.frame.voices[0], stage)
    chosen = chosen_keys(rung)
    return all(
        (owner, *key, stage) in getattr(model, family) for family in FAMILY.values() for key in chosen[family]
    )


def _rows(model: Any, limit: RungLimit) -> list[Row]:
    """Rows of one limit: see `asked`."""
    frame: Frame = model.frame
    if isinstance(limit, FirstRung):
        if not _exists(model, limit.rung):
            return [_never(model)]
        if limit.offer_free:
            return []
        return [_accepted(model, frame.past.stage)] if limit.rung.offer else _declined(model)
    if isinstance(limit, Required):
        return _required(model, limit.decision, limit.stage)
    if isinstance(limit, (Barred, HeldRung, OtherFirstRungs, NoEmptyThreat)):
        return []
    raise OptionError(f"limit {limit}: the program has no rows for it")


def _required(model: Any, decision: Decision, stage: int) -> list[Row]:
    frame: Frame = model.frame
    if decision.field == "offer":
        return [_accepted(model, stage)]
    rows = []
    family = getattr(model, FAMILY[decision.field])
    for name in frame.types:
        key = (frame.copy(name, stage), *decision.key, stage)
        made = [(1.0, family[key])] if key in family else []
        ended = [(1.0, model.concedes[name, t]) for t in range(stage)] if name in frame.conceding else []
        rows.append(at_least([*made, *ended], 1.0) if made or ended else _never(model))
    return rows


def _accepted(model: Any, stage: int) -> Row:
    now = [(1.0, model.concedes[name, stage]) for name in model.frame.conceding]
    return at_least(now, 1.0) if now else _never(model)


def _declined(model: Any) -> list[Row]:
    frame: Frame = model.frame
    now = [(1.0, model.concedes[name, frame.past.stage]) for name in frame.conceding]
    return [at_most(now, 0.0)] if now else []


def _never(model: Any) -> Row:
    """A row that nothing fulfils, without being one of constants: no stage has two responses."""
    frame: Frame = model.frame
    stage = frame.past.stage
    taken = [
        (1.0, variable) for (q, _, t), variable in model.takes.items() if (q, t) == (frame.voices[0], stage)
    ]
    return at_least(taken, 2.0)


def _held(model: Any, limit: RungLimit) -> Iterator[tuple[Any, float]]:
    """Decisions of a first rung, and those that are barred, with the value they are held at."""
    frame: Frame = model.frame
    if isinstance(limit, FirstRung):
        for family in FAMILY.values():
            chosen = chosen_keys(limit.rung)[family]
            for index, variable in getattr(model, family).items():
                if index[-1] == frame.past.stage:
                    yield variable, float(index[1:-1] in chosen)
    if isinstance(limit, Barred):
        stages = limit.stages or frame.stages
        decision = limit.decision
        family = model.offers if decision.field == "offer" else getattr(model, FAMILY[decision.field])
        for index, variable in family.items():
            if index[1:-1] == decision.key and index[-1] in frame.planned and index[-1] in stages:
                yield variable, 0.0


def _hold(variable: Any, number: float) -> bool:
    """Narrow both bounds of a variable to a number; tells whether it was within them."""
    if not variable.lb <= number <= variable.ub:
        return False
    variable.setlb(number)
    variable.setub(number)
    return True
