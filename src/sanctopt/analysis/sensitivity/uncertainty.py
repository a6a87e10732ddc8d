"""The plausible ranges that a case states beside its numbers, as one table."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from sanctopt.analysis.addresses import addresses
from sanctopt.game import Game


@dataclass(frozen=True)
class Range:
    """The plausible range of one number of a case.

    Attributes
    ----------
    path : str
        Where it stands (`sanctopt.analysis.addresses`); `sanctopt.analysis.changes.with_value` sets it.
    value : float
        The number of the case, in its unit.
    low, high : float
        The range, ``low <= value <= high``. A bound that the case does not state is the value itself.
    """

    path: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Ranges:
    """The ranges of a case, in the order of files, rows and columns."""

    game_name: str
    rows: tuple[Range, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row per range: path, value, low, high."""
        return pd.DataFrame([vars(row) for row in self.rows], columns=list(Range.__dataclass_fields__))


def ranges(game: Game) -> Ranges:
    """The plausible ranges of a case: its columns and keys ``x_low`` and ``x_high``.

    Left out are numbers without a range, blank numbers (a range around nothing cannot be read as one), and
    the cost in later rows of a mitigation, which the game does not read.

    Parameters
    ----------
    game : Game
        A case, as read or as shipped: a `Game` keeps its extra columns.

    Returns
    -------
    Ranges

    Examples
    --------
    >>> from sanctopt import load_case
    >>> table = ranges(load_case("dprk_2017")).to_frame().set_index("path")
    >>> [float(number) for number in table.loc["credibility.initial"]]
    [0.66, 0.5, 0.8]
    """
    rows = []
    costed: set[str] = set()
    for item in addresses(game):
        if item.table == "mitigations" and item.column.name == "cost":
            name = game.mitigations[item.row].name
            if name in costed:
                continue
            costed.add(name)
        value = item.read(game)
        low, high = item.bounds(game)
        if value is not None and not (low is None and high is None):
            rows.append(
                Range(item.path, value, value if low is None else low, value if high is None else high)
            )
    return Ranges(game.name, tuple(rows))
