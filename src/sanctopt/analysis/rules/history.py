"""The historical path of 2016 to 2018: what the United States in fact listed, as starts of ``dprk_2017``.

The table ``dprk_2017_history.csv`` beside the case has one row per listing of a firm that the case names,
with date, authority, status of the date and source. What it leaves out, and why:

- Events before 2017Q2, the first stage, count as nothing: their effect is in the data that the case starts
  from.
- Third-country firms and persons that the case does not name (suppliers, oil shippers, firms of small flow),
  and North Korea's own, which are no facilitators: there is nothing to start against.
- Executive orders, resolutions and advisories: they listed nobody. The case was checked against listings
  alone (``docs/case_dprk_2017.md``, section 3).
- A bank's final rule: the effect of a designation runs from the proposal (section 6 of that page).
- Talks, summits and offers: the record does not say what they would have been in the terms of the game.

So the path is thinner than what happened. Third-country entities by quarter, derived from the record:

| | 2017Q2 | 2017Q3 | 2017Q4 | 2018Q1 | 2018Q2 | 2018Q3 | 2018Q4 | 2019Q1 |
|---|---|---|---|---|---|---|---|---|
| listed | 5 | 10 | 4 | 14 | 0 | 9 | 3 | 2 |
| on the path | 1 | 5 | 2 | 4 | 0 | 2 | 0 | 0 |
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sanctopt.analysis.rules.schedule import Rule, Wish
from sanctopt.errors import LadderError
from sanctopt.game import Game, Start


@dataclass(frozen=True)
class Listing:
    """One listing of the public record.

    Attributes
    ----------
    quarter : str
        Quarter of the date, as in ``2017Q2``.
    entity, instrument : str
        The start that stands for it in the case ``dprk_2017``.
    date : str
        ISO date of the listing; of a bank, that of the proposal.
    authority : str
        Executive order or section of law.
    source : str
        Public source of the date.
    status : str
        Standing of the date: reported, or recalled, unverified.
    """

    quarter: str
    entity: str
    instrument: str
    date: str
    authority: str
    source: str
    status: str

    @property
    def start(self) -> Start:
        """The start that stands for the listing."""
        return Start(self.entity, self.instrument)


@cache
def _record() -> tuple[Listing, ...]:
    text = files("sanctopt.case").joinpath("data", "dprk_2017_history.csv").read_text(encoding="utf-8")
    return tuple(Listing(**row) for row in csv.DictReader(text.splitlines()))


def listings(game: Game | None = None) -> tuple[Listing, ...]:
    """The listings of the record, by date.

    Parameters
    ----------
    game : Game, optional
        Only those that this game can repeat: the start is eligible and one of its stages bears the quarter's
        name. None: all.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> len(listings()), len(listings(load_case("dprk_2017"))), len(listings(load_case("teaching")))
    (14, 14, 0)
    >>> print(listings()[0].quarter, listings()[0].start)
    2017Q2 designate bank_of_dandong
    """
    if game is None:
        return _record()
    labels, eligible = _stages(game), set(game.eligible)
    return tuple(row for row in _record() if row.quarter in labels and row.start in eligible)


def _stages(game: Game) -> dict[str, int]:
    return {game.stage_label(stage): stage for stage in range(game.stages)}


def _wishes(game: Game) -> tuple[Wish, ...]:
    found = listings(game)
    if not found:
        raise LadderError(
            f"{game.name} has no entity, or no stage, of the record of 2017 and 2018; "
            "ask for the historical path of dprk_2017 or of a copy with its names and quarters"
        )
    labels = _stages(game)
    return tuple(Wish(row.start, labels[row.quarter]) for row in found)


HISTORY = Rule(
    "history 2016-2018",
    "Starts what the United States in fact listed from 2017Q2 on, each in its quarter, if the case names it.",
    _wishes,
)
"""The historical path, for games with the quarters (`Game.start`) and entities of ``dprk_2017``.

It raises LadderError for a game that has none of them.
"""
