"""What a frontier consists of: its points, the first moves along it, and its page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from sanctopt.aims import Objective
from sanctopt.analysis.pareto.point_text import move_text, number_text, side_text
from sanctopt.ladder import Ladder, Rung
from sanctopt.solution import Solution


@dataclass(frozen=True)
class Point:
    """One point of a frontier.

    Attributes
    ----------
    x, y : float
        Expected amounts of the two objectives, in millions of US dollars, or the objective's own unit.
    x_bound : float
        No ladder whose y is as good as this one's has a better x than this. Infinite if nothing was proven.
    y_bound : float
        No ladder whose x is as good as this one's has a better y than this.
    exact : bool
        Whether the bounds are the amounts, to within twice the tolerance: no ladder dominates this one.
        Otherwise it is the best one found.
    solution : Solution
        The ladder, with its certificate. Ties among best responses fall as its outcome says: x and y are what
        the ladder gives along these responses.
    """

    x: float
    y: float
    x_bound: float
    y_bound: float
    exact: bool
    solution: Solution

    @property
    def ladder(self) -> Ladder:
        """The ladder of the point."""
        return self.solution.ladder

    @property
    def first_rung(self) -> Rung:
        """What is done in stage 0."""
        return self.ladder.rungs[0].decisions()


@dataclass(frozen=True)
class FirstMove:
    """A first rung and the points of a frontier, by their place, whose ladders begin with it."""

    rung: Rung
    points: tuple[int, ...]

    def __str__(self) -> str:
        return move_text(self.rung)


@dataclass(frozen=True)
class Frontier:
    """The trade-off between two objectives.

    Attributes
    ----------
    game_name : str
        Name of the game.
    x, y : Objective
        The objectives.
    points : tuple of Point
        From the best x to the best y: along them x gets worse and y better.
    complete : bool
        Whether they are all the points that no ladder dominates, to within the tolerance; False if any of
        them is not exact, if only some were asked for, or after a Ctrl-C.
    """

    game_name: str
    x: Objective
    y: Objective
    points: tuple[Point, ...]
    complete: bool

    @cached_property
    def first_moves(self) -> tuple[FirstMove, ...]:
        """The distinct first rungs along the frontier, in the order of the points."""
        found: dict[Rung, list[int]] = {}
        for number, point in enumerate(self.points):
            found.setdefault(point.first_rung, []).append(number)
        return tuple(FirstMove(rung, tuple(numbers)) for rung, numbers in found.items())

    def to_frame(self) -> pd.DataFrame:
        """One row per point: both amounts, both bounds, whether it is exact, expected payoff, first move."""
        x, y = self.x.value, self.y.value
        columns = [x, y, f"bound of {x}", f"bound of {y}", "exact", "expected payoff", "first move"]
        rows = [
            (p.x, p.y, p.x_bound, p.y_bound, p.exact, p.solution.outcome.value, move_text(p.first_rung))
            for p in self.points
        ]
        return pd.DataFrame(rows, columns=columns)

    def __str__(self) -> str:
        return "\n".join(_page(self))


def _page(found: Frontier) -> Iterator[str]:
    """The table of points, what is proven of them, and the first moves."""
    x, y = found.x, found.y
    yield f"{found.game_name}: {x} ({side_text(x)}) against {y} ({side_text(y)})"
    if found.complete:
        yield "Every point that no ladder beats in both, each proven."
    else:
        yield "Points that no ladder found beats in both; others may lie between. Where bounds stand, the"
        yield "point is the best found: no ladder as good in the one is better than the bound in the other."
    heads = ["", x.value, y.value, f"{x.value}, bound", f"{y.value}, bound", "first move"]
    moves = {number: n for n, move in enumerate(found.first_moves, 1) for number in move.points}
    rows = [heads]
    for number, point in enumerate(found.points):
        bounds = ["", ""] if point.exact else [number_text(x, point.x_bound), number_text(y, point.y_bound)]
        amounts = [number_text(x, point.x), number_text(y, point.y)]
        rows.append([str(number + 1), *amounts, *bounds, f"({moves[number]})"])
    if all(point.exact for point in found.points):
        rows = [[*row[:3], row[5]] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
    yield "First moves:"
    for n, move in enumerate(found.first_moves, 1):
        yield f"({n}) {move}"
