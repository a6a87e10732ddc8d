"""What a rung may do: the rules of ``docs/model.md`` that a ladder can break, told in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sanctopt.game import Game, Start, at_least
from sanctopt.ladder import Rung
from sanctopt.position import Dated, Position


def place(rung: Rung) -> str:
    """Name of a rung for people, as in the messages of `sanctopt.ladder`.

    >>> place(Rung(("protest", "broad")))
    'rung after protest > broad'
    """
    known = f" for type {rung.known_type}" if rung.known_type else ""
    return f"rung after {' > '.join(rung.history) or 'nothing'}{known}"


def unknown_names(game: Game, rung: Rung) -> tuple[str, ...]:
    """Reasons why a rung cannot even be played: it names what the game does not have.

    A start is known if it is eligible: ``effects.csv`` has rows for its instrument and the kind of its
    entity.
    """
    reasons = []
    for word, starts in (("start", rung.starts), ("threatened start", rung.threat)):
        for start in starts:
            entity = game.entity.get(start.entity)
            if entity is None or (start.instrument, entity.kind) not in game.effect_profile:
                reasons.append(f"{word} {start} is not eligible; effects.csv has no row for it")
    for word, names, known in (
        ("engagement", rung.engagements, tuple(game.engagement)),
        ("mitigation", rung.mitigations, game.mitigation_names),
    ):
        unknown = [name for name in names if name not in known]
        reasons += [f"{word} {name} is unknown; the game has {_listed(known)}" for name in unknown]
    return tuple(reasons)


def uncalled(position: Position, rung: Rung) -> tuple[Start, ...]:
    """Called starts that the rung leaves out: a standing threat is binding."""
    return tuple(start for start in position.called if start not in rung.starts)


def uncalled_reason(missing: Sequence[Start]) -> str:
    """Reason why a rung that leaves out called starts is not allowed."""
    return f"the called threat is not carried out: {_listed(missing)} must be among the starts"


def violations(game: Game, position: Position, rung: Rung) -> tuple[str, ...]:
    """Every reason why a rung is not allowed at a position; empty if it is.

    - starts are eligible, each made at most once along the history, their requirements met (a
      requirement of age 0 may be met in the same stage), their effort within ``effort_per_stage``;
    - engagements and mitigations are known, none named twice, a mitigation started at most once;
    - a called threat is carried out;
    - a standing threat exists in the game and would be allowed as the starts of the next stage; the last
      stage has none;
    - the off-ramp is offered only if the game has one.

    Returns
    -------
    tuple of str
        Reasons without the rung's `place`.
    """
    reasons = list(unknown_names(game, rung))
    if reasons:
        return tuple(reasons)
    stage = position.stage
    reasons += _broken_starts(game, rung.starts, position.started, stage)
    for word, names in (("engagement", rung.engagements), ("mitigation", rung.mitigations)):
        twice = sorted({name for name in names if names.count(name) > 1})
        reasons += [f"{word} {name} is named twice" for name in twice]
    before = dict(position.mitigated)
    for name in dict.fromkeys(rung.mitigations):
        if name in before:
            reasons.append(f"mitigation {name} was started in stage {before[name]}; it starts at most once")
    if missing := uncalled(position, rung):
        reasons.append(uncalled_reason(missing))
    if rung.threat:
        if not game.standing_threats:
            reasons.append("it makes a standing threat, but the game has standing_threats = false")
        elif stage >= game.stages - 1:
            reasons.append(f"it makes a standing threat, but stage {stage} is the last")
        else:
            then = position.started + tuple((start, stage) for start in rung.starts)
            broken = _broken_starts(game, rung.threat, then, stage + 1)
            reasons += [f"its threat would not be allowed in stage {stage + 1}: {text}" for text in broken]
    if rung.offer and game.off_ramp is None:
        reasons.append("it offers the off-ramp, but the game has none; add a table [off_ramp]")
    return tuple(reasons)


def _broken_starts(game: Game, starts: Sequence[Start], started: Dated, stage: int) -> list[str]:
    """Reasons why a set of eligible starts may not be made in a stage, given all earlier ones."""
    reasons = []
    before = dict(started)
    for number, start in enumerate(starts):
        if start in starts[:number]:
            reasons.append(f"start {start} is named twice")
        if start in before:
            reasons.append(f"start {start} was made in stage {before[start]}; each is made at most once")
        row = game.instrument[start.instrument]
        if row.requires:
            needed = Start(start.entity, row.requires)
            age = stage - before[needed] if needed in before else 0 if needed in starts else -1
            if age < row.requires_age:
                state = "never started" if age < 0 else f"{age} stages old"
                wanted = f"at least {row.requires_age} stages old"
                reasons.append(f"start {start} requires {needed} {wanted}; it is {state}")
    effort = sum(game.start_effort(start) for start in starts)
    if not at_least(game.effort_per_stage, effort):
        reasons.append(f"its starts take effort {effort:g} of the {game.effort_per_stage:g} of a stage")
    return reasons


def _listed(names: Iterable[object]) -> str:
    """Names for a message; "none" if there are none."""
    return ", ".join(map(str, names)) or "none"
