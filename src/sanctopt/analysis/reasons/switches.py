"""At what provocation a type would answer otherwise, all else as it is.

With U(a) the utility of response a at the rung (`sanctopt.position.utilities`), c(a) its provocation
coefficient and r the response taken, more provocation x changes U(a) to U(a) + c(a) x. So a becomes as good
as r at

    x(a) = (U(r) - U(a)) / (c(a) - c(r))

if c(a) > c(r) for x above 0, if c(a) < c(r) for x below 0. The first switch upwards is the smallest x(a) of
the former, the first one downwards the largest of the latter, as far as P(t) + x is at least 0. At x(a) both
are best, and the tie falls as it falls. Engagement, mitigation, threats and credibility stay as they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sanctopt.analysis.reasons.scene import Scene
from sanctopt.game import Start, at_least
from sanctopt.outcome import Step


@dataclass(frozen=True)
class Switch:
    """The response of a type at a rung, and what would change it.

    Attributes
    ----------
    type : str
        The type.
    belief : float
        Its probability there.
    response, runner_up : str
        What it does, and what it likes second best ("" if there is no other).
    margin : float
        Utility by which it prefers that, inf without another.
    more : float
        Provocation to be added for the first switch upwards; inf if none comes.
    more_to : tuple of str
        The responses that are as good then.
    as_much_as : Start or None
        The start that provokes least among those that provoke by ``more`` at least and are not made yet;
        whether it is allowed in this stage does not count. None: no start alone provokes as much.
    less : float
        Provocation to be taken away for the first switch downwards; inf if none comes.
    less_to : tuple of str
        The responses that are as good then.
    leaving_out : Start or None
        The start of this rung that provokes least among those that provoke by ``less`` at least; one that a
        called threat makes binding cannot be left out.
    """

    type: str
    belief: float
    response: str
    runner_up: str
    margin: float
    more: float
    more_to: tuple[str, ...]
    as_much_as: Start | None
    less: float
    less_to: tuple[str, ...]
    leaving_out: Start | None


def switches(scene: Scene) -> tuple[Switch, ...]:
    """What would change the response of each type at the rung of a scene, in the game's order."""
    return tuple(_switch(scene, step) for step in scene.steps)


def _switch(scene: Scene, step: Step) -> Switch:
    game = scene.game
    slopes = {name: game.utility[step.type, name].provocation for name in step.utilities}
    own = step.response
    rises: dict[str, float] = {}
    falls: dict[str, float] = {}
    for name, value in step.utilities.items():
        slope = slopes[name] - slopes[own]
        behind = 0.0 if name in step.tied and own in step.tied else step.utilities[own] - value
        if slope > 0.0:
            rises[name] = behind / slope
        elif slope < 0.0 and at_least(scene.posture.provocation, -behind / slope):
            falls[name] = -behind / slope
    more, less = min(rises.values(), default=math.inf), min(falls.values(), default=math.inf)
    made = {start for start, _ in scene.posture.started}
    return Switch(
        type=step.type,
        belief=step.belief,
        response=own,
        runner_up=step.runner_up,
        margin=step.margin,
        more=more,
        more_to=_at(rises, more),
        as_much_as=_least(scene, [start for start in game.eligible if start not in made], more),
        less=less,
        less_to=_at(falls, less),
        leaving_out=_least(scene, [s for s in scene.rung.starts if s not in scene.position.called], less),
    )


def _at(points: dict[str, float], first: float) -> tuple[str, ...]:
    return tuple(name for name, point in points.items() if at_least(first, point))


def _least(scene: Scene, starts: list[Start], amount: float) -> Start | None:
    """The start that provokes least among those that provoke by an amount at least."""
    size = scene.game.start_provocation
    enough = [start for start in starts if amount < math.inf and at_least(size(start), amount)]
    return min(enough, key=size, default=None)
