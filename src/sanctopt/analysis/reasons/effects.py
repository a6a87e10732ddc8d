"""What each decision of a rung does at once: the stage played with the rung, and without the decision.

Everything is a difference, with minus without, in this stage only and expected under the belief. Both are one
stage's play: the patron's best response to each, the exits at each credibility. Where a response is tied, the
stage without the decision takes the response that the rung has if it is among the best, else the first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sanctopt.analysis.reasons.losses import free_decisions
from sanctopt.analysis.reasons.scene import Scene
from sanctopt.position import aftermath, best_responses, take, utilities
from sanctopt.rung_limits import Decision, without


@dataclass(frozen=True)
class Turn:
    """A type that gives another response in this stage."""

    type: str
    response: str
    instead: str


@dataclass(frozen=True)
class Effect:
    """What a decision changes in its stage; money in millions of US dollars.

    Attributes
    ----------
    decision : Decision
        A decision of the rung.
    revenue, harm, cost : float
        Change of the regime's expected revenue, of weighted harm, of cost.
    credibility, provocation, engagement, threat_size : float
        Change of the stocks and of the size of the threat.
    exits : tuple of str
        Facilitators that leave by themselves only with it.
    turns : tuple of Turn
        Types that answer otherwise with it: ``response`` without, ``instead`` with it.
    """

    decision: Decision
    revenue: float
    harm: float
    cost: float
    credibility: float
    provocation: float
    engagement: float
    threat_size: float
    exits: tuple[str, ...]
    turns: tuple[Turn, ...]


def effects(scene: Scene) -> tuple[Effect, ...]:
    """What each decision of the rung of a scene does at once, in the order of the rung."""
    return tuple(_effect(scene, decision) for decision in free_decisions(scene))


def _effect(scene: Scene, decision: Decision) -> Effect:
    game, here = scene.game, scene.posture
    there = take(game, scene.position, without(scene.rung, decision))
    revenue, harm, turns = [], [], []
    for step in scene.steps:
        best = best_responses(utilities(game, there, game.patron_type[step.type]))
        response = step.response if step.response in best else best[0]
        after = aftermath(game, there, response)
        revenue.append(step.belief * (step.revenue - after.revenue))
        harm.append(step.belief * (step.harm - after.harm))
        if response != step.response:
            turns.append(Turn(step.type, response, step.response))
    return Effect(
        decision=decision,
        revenue=math.fsum(revenue),
        harm=math.fsum(harm),
        cost=here.cost - there.cost,
        credibility=here.credibility - there.credibility,
        provocation=here.provocation - there.provocation,
        engagement=here.engagement - there.engagement,
        threat_size=here.threat_size - there.threat_size,
        exits=tuple(name for name in here.exits if name not in there.exits),
        turns=tuple(turns),
    )
