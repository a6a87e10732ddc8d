"""Why an entity is not touched in a rung: each start against it that the rung does not make, tried out.

Each start is added to the rung and the ladder is played again, its later rungs fitted to what follows
(`reasons.mending`). Effort does not count in that play: what a start would do is one question,
whether there is room for it another. From the play come the changes of what is expected from this stage on,
of this stage's revenue if everyone answers as before, and of the worth of the plan.

Reasons, in the order in which the first one that holds is the chief one:

1. it was made before;
2. a rule other than effort forbids it (what it requires is missing or too young);
3. the plan would be worth more, but the effort of the stage has no room for it;
4. the plan would be worth more, and there is room: it is not optimal;
5. some type would give another response in this stage, and the plan would be worth less;
6. the plan makes it later, at one history at least, and is worth no more if it comes now;
7. the entity leaves by itself at this credibility, and the start takes no more from it in this stage;
8. others take over: the regime's revenue would not fall in any stage (no minimum cut needs the entity);
9. it costs more than it brings: the plan would be worth no more.

Those from 5 on can hold beside another one, and so can a lack of room.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from sanctopt.analysis.reasons.constraints import obstacle
from sanctopt.analysis.reasons.effects import Turn
from sanctopt.analysis.reasons.losses import with_first
from sanctopt.analysis.reasons.mending import fitted
from sanctopt.analysis.reasons.scene import Scene
from sanctopt.game import Start, at_least
from sanctopt.ladder import Rung
from sanctopt.outcome import Outcome, Step
from sanctopt.position import aftermath, take
from sanctopt.rung_limits import Decision

SMALL = 1e-6
"""Changes of money smaller than this many millions of US dollars (a dollar) are none."""


class Why(Enum):
    """Chief reason why a start is not made in a rung."""

    MADE = "made before"
    RULE = "not allowed yet"
    LATER = "the plan does it later"
    LEAVES = "leaves by itself"
    PROVOKES = "would turn the patron"
    NO_REVENUE = "others would take over"
    COST = "costs more than it brings"
    EFFORT = "no effort left"
    GAIN = "would make the plan better"


@dataclass(frozen=True)
class Trial:
    """A start that a rung does not make, and what it would do there.

    Money in millions of US dollars, expected under the belief at the rung. All changes are NaN for a start
    that was made before or that a rule other than effort forbids.

    Attributes
    ----------
    start : Start
        The start.
    why : Why
        The chief reason.
    reasons : tuple of Why
        All reasons that hold.
    obstacle : str
        Rule that forbids it, in words; "" if there is none but perhaps effort.
    later : tuple of int
        Stages after this one in which the plan makes the start, at one history at least.
    turns : tuple of Turn
        Types that would answer otherwise in this stage: ``response`` without, ``instead`` with the start.
    revenue : float
        Change of the regime's revenue in this stage if all answer as before.
    revenue_rest, harm_rest, cost_rest : float
        Change of revenue, weighted harm and cost, each summed from this stage on, not discounted.
    conceding : float
        Change of the probability that the regime concedes.
    worth : float
        Change of the worth of the plan.
    effort : float
        What it takes of a stage's effort.
    """

    start: Start
    why: Why
    reasons: tuple[Why, ...]
    obstacle: str
    later: tuple[int, ...]
    turns: tuple[Turn, ...]
    revenue: float
    revenue_rest: float
    harm_rest: float
    cost_rest: float
    conceding: float
    worth: float
    effort: float


@dataclass(frozen=True)
class Untouched:
    """An entity against which a rung starts nothing, though something is eligible.

    Attributes
    ----------
    entity : str
        The entity.
    trials : tuple of Trial
        Every eligible start against it, the one that says most first: of those that might be made, the one
        with the largest change of worth; then those that are forbidden; then those made before.
    """

    entity: str
    trials: tuple[Trial, ...]

    @property
    def chief(self) -> Trial:
        """The start whose reason is the entity's."""
        return self.trials[0]


def untouched(scene: Scene) -> tuple[Untouched, ...]:
    """All entities that a rung starts nothing against, and why, in the game's order."""
    touched = {start.entity for start in scene.rung.starts}
    found = []
    for entity in scene.game.entities:
        starts = [start for start in scene.game.eligible if start.entity == entity.name]
        if starts and entity.name not in touched:
            trials = sorted((_trial(scene, start) for start in starts), key=_rank)
            found.append(Untouched(entity.name, tuple(trials)))
    return tuple(found)


def worth_trying(found: tuple[Untouched, ...], scene: Scene, count: int) -> tuple[Start, ...]:
    """The starts whose addition changes the worth best, one for each entity; each could be made by itself."""
    room = scene.game.effort_per_stage - math.fsum(map(scene.game.start_effort, scene.position.called))
    open_ = [
        trial
        for item in found
        for trial in item.trials[:1]
        if trial.why not in (Why.MADE, Why.RULE) and at_least(room, trial.effort)
    ]
    return tuple(trial.start for trial in sorted(open_, key=lambda trial: -trial.worth)[:count])


def _rank(trial: Trial) -> tuple[int, float]:
    order = {Why.MADE: 2, Why.RULE: 1}
    return order.get(trial.why, 0), 0.0 if math.isnan(trial.worth) else -trial.worth


def _trial(scene: Scene, start: Start) -> Trial:
    effort = scene.game.start_effort(start)
    before = dict(scene.position.started)
    forbidden = obstacle(scene, start)
    if start in before or forbidden:
        why = Why.MADE if start in before else Why.RULE
        label = scene.game.stage_label(before[start]) if start in before else ""
        text = f"made in {label}" if label else forbidden
        return Trial(start, why, (why,), text, (), (), *(math.nan,) * 6, effort)
    return _tried(scene, start, effort)


def _tried(scene: Scene, start: Start, effort: float) -> Trial:
    played = play_with(scene, start)
    first = {step.type: step for step in played.steps if step.stage == scene.stage}
    turns = tuple(
        Turn(step.type, step.response, first[step.type].response)
        for step in scene.steps
        if first[step.type].response != step.response
    )
    revenue, removal = _at_once(scene, start)
    steps = (step for step in scene.outcome.steps if step.stage > scene.stage)
    later = tuple(sorted({step.stage for step in steps if start in step.rung.starts}))
    worth = scene.aims.worth(played) - scene.aims.worth(scene.outcome)
    falls = revenue < -SMALL or any(
        step.revenue < other.revenue - SMALL for step, other in _pairs(scene.outcome, played)
    )
    used = math.fsum(map(scene.game.start_effort, scene.rung.starts))
    room = at_least(scene.game.effort_per_stage, used + effort)
    reasons = tuple(
        why
        for why, holds in (
            (Why.EFFORT, not room and worth > SMALL),
            (Why.GAIN, room and worth > SMALL),
            (Why.PROVOKES, bool(turns) and worth < -SMALL),
            (Why.LATER, bool(later) and worth <= SMALL),
            (Why.LEAVES, start.entity in scene.posture.exits and removal <= 0.0),
            (Why.NO_REVENUE, not falls),
            (Why.COST, worth <= SMALL),
            (Why.EFFORT, not room and worth <= SMALL),
        )
        if holds
    )
    return Trial(
        start=start,
        why=reasons[0],
        reasons=reasons,
        obstacle="",
        later=later,
        turns=turns,
        revenue=revenue,
        revenue_rest=_summed(played, "revenue") - _summed(scene.outcome, "revenue"),
        harm_rest=_summed(played, "harm") - _summed(scene.outcome, "harm"),
        cost_rest=_summed(played, "cost") - _summed(scene.outcome, "cost"),
        conceding=_conceding(played) - _conceding(scene.outcome),
        worth=worth,
        effort=effort,
    )


def play_with(scene: Scene, start: Start) -> Outcome:
    """The ladder with one more start in its rung, whatever the effort, played from there on."""
    rich = replace(scene.game, effort_per_stage=math.inf)
    decision = Decision("starts", start)

    def change(rung: Rung) -> Rung:
        return with_first(rung, decision) if rung.stage == scene.stage else rung

    return scene.play(fitted(rich, scene.ladder, scene.position, change), rich)


def _at_once(scene: Scene, start: Start) -> tuple[float, float]:
    """Change of this stage's revenue if all answer as before; how much more the entity is removed at most."""
    rung = replace(scene.rung, starts=tuple(sorted({*scene.rung.starts, start})))
    posture = take(scene.game, scene.position, rung)
    change, removed = [], 0.0
    for step in scene.steps:
        after = aftermath(scene.game, posture, step.response)
        change.append(step.belief * (after.revenue - step.revenue))
        removed = max(removed, after.removal[start.entity] - step.removal[start.entity])
    return math.fsum(change), removed


def _summed(outcome: Outcome, name: str) -> float:
    """Expected sum over the stages that are played."""
    return math.fsum(outcome.priors[step.type] * getattr(step, name) for step in outcome.steps)


def _conceding(outcome: Outcome) -> float:
    """Probability that the regime concedes."""
    return math.fsum(outcome.priors[step.type] for step in outcome.steps if step.concedes)


def _pairs(before: Outcome, after: Outcome) -> Iterator[tuple[Step, Step]]:
    """Steps of the same type and stage."""
    by_place = {(step.type, step.stage): step for step in after.steps}
    for step in before.steps:
        if (step.type, step.stage) in by_place:
            yield step, by_place[step.type, step.stage]
