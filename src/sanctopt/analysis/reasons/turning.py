"""Where along a line something first holds: a stated grid outwards, then bisection.

What is looked for need not hold from some point on: it may come and go. So the points of a grid are asked
from the inside out, and between the first one at which it holds and the one before, bisection narrows down
*a* change from not holding to holding. What it returns holds there, as was asked; that nothing smaller does
is not shown, only that it does not at the points asked.

Many lines are searched side by side, so that the questions of a round can be put to an executor together.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

_Key = TypeVar("_Key")


@dataclass(frozen=True)
class Turn:
    """The end of a search along a line.

    Attributes
    ----------
    below : float
        The largest point asked below ``at`` at which it does not hold; the last one asked if it never does.
    at : float or None
        The smallest point found at which it holds; None if it holds at no point of the grid.
    """

    below: float
    at: float | None


def turning_point(grid: Sequence[float], relative: float, least: float = 0.0) -> Generator[float, bool, Turn]:
    """Ask for points and be told whether it holds there.

    Parameters
    ----------
    grid : sequence of float
        Points above 0, ascending. At 0 it does not hold.
    relative, least : float
        How close ``below`` and ``at`` shall come: to ``relative`` times ``at``, but no closer than ``least``.
        One of them is above 0.

    Examples
    --------
    >>> search = turning_point((0.5, 1.0), 0.0, 0.2)
    >>> next(search), search.send(False), search.send(True), search.send(True)
    (0.5, 1.0, 0.75, 0.625)
    """
    below = 0.0
    for point in grid:
        if (yield point):
            at = point
            break
        below = point
    else:
        return Turn(below, None)
    while at - below > max(relative * at, least):
        middle = (below + at) / 2
        if (yield middle):
            at = middle
        else:
            below = middle
    return Turn(below, at)


def together(
    searches: Mapping[_Key, Generator[float, bool, Turn]],
    holds: Callable[[Mapping[_Key, float]], Mapping[_Key, bool]],
) -> dict[_Key, Turn]:
    """Run searches side by side: each round, the next point of every search that goes on is asked.

    Examples
    --------
    >>> lines = {limit: turning_point((0.5, 1.0), 0.0, 0.01) for limit in (0.3, 0.8, 2.0)}
    >>> found = together(lines, lambda points: {limit: x >= limit for limit, x in points.items()})
    >>> [turn.at for turn in found.values()]
    [0.3046875, 0.8046875, None]
    """
    points = {key: next(search) for key, search in searches.items()}
    found: dict[_Key, Turn] = {}
    while points:
        answers = holds(points)
        asked, points = points, {}
        for key in asked:
            try:
                points[key] = searches[key].send(answers[key])
            except StopIteration as end:
                found[key] = end.value
    return {key: found[key] for key in searches}
