"""Numbers of a case on their way to the ends of their ranges: x(r) = x + r (end - x), r in [0, 1].

The end is the low or high one that the case states (``x_low``, ``x_high``). A number without a stated range
goes from x - |x| to x + |x|, within what is legal, so that r is its relative change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sanctopt.analysis.addresses import Address, find
from sanctopt.analysis.sensitivity.uncertainty import ranges
from sanctopt.errors import OptionError
from sanctopt.game import Game


@dataclass(frozen=True)
class Move:
    """A number on its way to an end of its range.

    Attributes
    ----------
    path : str
        Where it stands (`sanctopt.analysis.addresses`).
    value, end : float
        The number of the case, and the end it goes to, in its unit.
    stated : bool
        Whether the case states that end; else it is a relative change of 1, within what is legal.
    """

    path: str
    value: float
    end: float
    stated: bool

    def at(self, share: float) -> float:
        """The number after a share of the way."""
        return self.value + share * (self.end - self.value)


def stated_moves(game: Game) -> dict[str, tuple[Move, ...]]:
    """The numbers for which the case states a range, with the ends that differ from them; no whole ones."""
    rows = {row.path: row for row in ranges(game).rows}
    return {
        place.path: tuple(
            Move(place.path, row.value, end, stated=True) for end in (row.low, row.high) if end != row.value
        )
        for place in find(game, rows)
        for row in [rows[place.path]]
        if not place.column.range.whole and row.low < row.high
    }


def moves_of(game: Game, paths: tuple[str, ...]) -> dict[str, tuple[Move, ...]]:
    """Both ways of numbers by their paths.

    Raises
    ------
    OptionError
        If a path is unknown, or a number is blank, whole, or cannot move (it is 0 and has no range).
    """
    return {place.path: tuple(_ends(game, place)) for place in find(game, paths)}


def _ends(game: Game, place: Address) -> Iterator[Move]:
    """Both ends of a number, stated or not."""
    value, column = place.read(game), place.column
    if value is None:
        raise OptionError(f"{place.path} is blank, so it has no way to go; give it a number first")
    if column.range.whole:
        raise OptionError(f"{place.path} is a whole number; try its neighbours by with_value and solve")
    low, high = place.bounds(game)
    if low is None and high is None and value == 0.0:
        raise OptionError(f"{place.path} is 0 and has no range; state one ({column.name}_low, _high)")
    free = (max(column.range.low, value - abs(value)), min(column.range.high, value + abs(value)))
    for stated, end in zip((low, high), free, strict=True):
        # A range with one end only has the number itself for the other.
        goal = stated if stated is not None else value if (low, high) != (None, None) else end
        if goal != value:
            yield Move(place.path, value, goal, stated is not None)
