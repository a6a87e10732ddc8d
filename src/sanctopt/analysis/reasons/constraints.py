"""What holds a rung back: each rule and stock that bounds it, how much is used, how much is left.

A constraint *binds* if a little more of it would allow or give something that is not there now:

| constraint | used, of | binds if |
|---|---|---|
| effort | effort of the rung's starts, of a stage | no further start fits, though one could be made |
| once only | starts and mitigations made before, of all | one was made before |
| requirements | - | some start waits for what it requires |
| called threat | - | a threat was called |
| threat | effort of the threatened starts, of the next stage | no further start fits into it |
| coverage | reduction at work, of the cap | more reduction is at work than counts |
| credibility | what it would be without the cap, of the cap | it is at the cap |
| reservation | revenue, of what a type would yield at | the off-ramp is offered and refused, or not offered |
| a limit of the aims | its measure, of the most | nothing is left |
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sanctopt.aims import AtLeast, AtMost
from sanctopt.analysis.reasons.scene import Scene
from sanctopt.game import Start, at_least
from sanctopt.rules import violations


@dataclass(frozen=True)
class Constraint:
    """One thing that bounds a rung.

    Attributes
    ----------
    name : str
        What kind of thing, e.g. ``"effort"``.
    subject : str
        Whom it concerns: a type, a party and a response, a limit; "" if the whole rung.
    used, most : float
        What is used and what there is, in the constraint's own unit; NaN where it is no amount.
    binds : bool
        Whether it holds the rung back: see the module docstring.
    text : str
        The same in a sentence.
    """

    name: str
    subject: str
    used: float
    most: float
    binds: bool
    text: str

    @property
    def left(self) -> float:
        """What is left; negative where more is used than counts."""
        return self.most - self.used


def constraints(scene: Scene) -> tuple[Constraint, ...]:
    """Everything that bounds the rung of a scene."""
    parts = (_effort, _once, _requirements, _called, _threat, _coverage, _credibility, _reservations, _limits)
    return tuple(found for part in parts for found in part(scene))


def open_starts(scene: Scene) -> tuple[Start, ...]:
    """Eligible starts that were not made up to and with this rung."""
    made = {start for start, _ in scene.posture.started}
    return tuple(start for start in scene.game.eligible if start not in made)


def obstacle(scene: Scene, start: Start) -> str:
    """The rule, other than effort, that forbids one more start in the rung; "" if there is none."""
    more = replace(scene.rung, starts=tuple(sorted({*scene.rung.starts, start})), threat=())
    rich = replace(scene.game, effort_per_stage=math.inf)
    return "; ".join(violations(rich, scene.position, more))


def _effort(scene: Scene) -> Iterator[Constraint]:
    game = scene.game
    used = math.fsum(game.start_effort(start) for start in scene.rung.starts)
    left = game.effort_per_stage - used
    possible = [start for start in open_starts(scene) if not obstacle(scene, start)]
    least = min(possible, key=game.start_effort, default=None)
    fits = least is not None and at_least(left, game.start_effort(least))
    text = f"{used:g} of {game.effort_per_stage:g} is used"
    if least is None:
        text += "; no further start could be made anyway"
    elif fits:
        text += f"; {left:g} is left, enough for {least}"
    else:
        text += f"; the smallest further start, {least}, needs {game.start_effort(least):g}"
    yield Constraint("effort", "", used, game.effort_per_stage, least is not None and not fits, text)


def _once(scene: Scene) -> Iterator[Constraint]:
    game = scene.game
    made = [str(start) for start, _ in scene.position.started]
    made += [name for name, _ in scene.position.mitigated]
    if not made:
        return
    text = f"made before and not to be made again: {', '.join(made)}"
    total = len(game.eligible) + len(game.mitigation_names)
    yield Constraint("once only", "", float(len(made)), float(total), True, text)


def _requirements(scene: Scene) -> Iterator[Constraint]:
    waiting = [start for start in open_starts(scene) if obstacle(scene, start)]
    for instrument in dict.fromkeys(start.instrument for start in waiting):
        row = scene.game.instrument[instrument]
        names = [start.entity for start in waiting if start.instrument == instrument]
        age = f" at least {row.requires_age} stages old" if row.requires_age else ""
        text = f"{instrument} needs {row.requires}{age} first, which is missing for {_some(names)}"
        yield Constraint("requirements", instrument, math.nan, math.nan, True, text)


def _called(scene: Scene) -> Iterator[Constraint]:
    called = scene.position.called
    if called:
        text = f"the threat made before was called, so these starts had to follow: {_some(map(str, called))}"
        yield Constraint("called threat", "", math.nan, math.nan, True, text)


def _threat(scene: Scene) -> Iterator[Constraint]:
    game, threat = scene.game, scene.rung.threat
    if not threat:
        return
    used = math.fsum(game.start_effort(start) for start in threat)
    others = [start for start in open_starts(scene) if start not in threat]
    binds = bool(others) and not any(
        at_least(game.effort_per_stage - used, game.start_effort(start)) for start in others
    )
    text = (
        f"the threatened starts would take {used:g} of the {game.effort_per_stage:g} effort of the next stage"
    )
    yield Constraint("threat", "", used, game.effort_per_stage, binds, text)


def _coverage(scene: Scene) -> Iterator[Constraint]:
    game, started = scene.game, dict(scene.posture.mitigated)
    for (response, party), harm in game.harm.items():
        reduction = math.fsum(
            row.reduction
            for row in game.mitigations
            if row.party == party
            and row.response in ("", response)
            and row.name in started
            and scene.stage >= started[row.name] + row.lead
        )
        if harm <= 0.0 or reduction <= 0.0:
            continue
        binds = not at_least(game.max_cover, reduction)
        cover, most = f"{100 * reduction:.0f} %", f"{100 * game.max_cover:.0f} %"
        text = f"{cover} of what {response} does to {party} is covered; at most {most} counts"
        yield Constraint("coverage", f"{party}, {response}", reduction, game.max_cover, binds, text)


def _credibility(scene: Scene) -> Iterator[Constraint]:
    stock, rung = scene.game.credibility, scene.rung
    raw = (1 - stock.decay) * scene.position.credibility + math.fsum(
        map(scene.game.start_signal, rung.starts)
    )
    binds = at_least(raw, stock.max)
    text = f"{scene.posture.credibility:.2f} of at most {stock.max:g}"
    if raw > scene.posture.credibility + 0.005:
        text += f"; {raw - scene.posture.credibility:.2f} is lost above the cap"
    yield Constraint("credibility", "", raw, stock.max, binds, text)


def _reservations(scene: Scene) -> Iterator[Constraint]:
    ramp = scene.game.off_ramp
    if ramp is None:
        return
    for step in scene.steps:
        share = scene.game.patron_type[step.type].reservation
        if share is None:
            continue
        most = share * step.baseline_revenue
        met = at_least(most, step.revenue)
        text = f"yields at a revenue of {most:,.1f} ({100 * share:.0f} % of {step.baseline_revenue:,.1f}); "
        if met:
            text += f"it has {step.revenue:,.1f}: " + (
                "it concedes" if step.concedes else "an offer would be taken"
            )
        else:
            text += f"it has {step.revenue:,.1f}: {step.revenue - most:,.1f} more would have to be denied"
        yield Constraint("reservation", step.type, step.revenue, most, not step.concedes, text)


def _limits(scene: Scene) -> Iterator[Constraint]:
    for limit in scene.aims.limits:
        if not isinstance(limit, AtMost | AtLeast):
            continue
        used = limit.measure(scene.game, scene.outcome)
        if isinstance(limit, AtMost):
            most, binds = limit.at_most, at_least(used, limit.at_most)
        else:
            used, most = -used, -limit.least
            binds = at_least(used, most)
        text = f"{limit}; the plan has {abs(used):,.4g}"
        yield Constraint("limit", str(limit), used, most, binds, text)


def _some(names: object, most: int = 4) -> str:
    """A few names, and how many more there are."""
    listed = list(names)  # type: ignore[call-overload]
    shown = ", ".join(listed[:most])
    return shown if len(listed) <= most else f"{shown} and {len(listed) - most} more"
