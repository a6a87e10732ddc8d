"""A game small enough to work out by hand, and short ways to write ladders for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sanctopt.game import (
    Credibility,
    Effect,
    Entity,
    Game,
    Instrument,
    Link,
    PatronType,
    Response,
    Start,
    Utility,
    Weights,
)
from sanctopt.ladder import Information, Ladder, Rung

BANK = Start("bank", "designate")
TRADER = Start("trader", "designate")
NOTICE = Start("bank", "notice")

HAND_GAME = Game(
    name="by hand",
    stages=2,
    effort_per_stage=3.0,
    credibility=Credibility(initial=0.0, decay=0.0, max=2.0),
    carryover=0.5,
    retention=0.5,
    max_cover=0.8,
    weights=Weights(revenue=1.0, harm=1.0, cost=1.0, credibility=0.0),
    off_ramp=None,
    entities=(
        Entity("coal", "channel", "DPRK", supply=100.0),
        Entity("trader", "trader", "CN", capacity=60.0, salience=1.0, signal=0.5),
        Entity("bank", "bank", "CN", capacity=50.0, salience=2.0, signal=1.0, effort=2.0, cost=3.0),
    ),
    # Without removal the bank carries 50 and the trader the other 50, of which 0.9 arrives: 95.
    links=(
        Link("coal", "trader", toll=0.1),
        Link("coal", "bank"),
        Link("trader", "regime"),
        Link("bank", "regime"),
    ),
    instruments=(
        Instrument("notice", effort=0.5, cost=1.0, provocation=0.25, signal=0.1),
        Instrument("designate", effort=1.0, cost=2.0, provocation=1.0, signal=0.4),
    ),
    effects=(
        Effect("notice", "bank", 0, 0.1),
        Effect("designate", "bank", 0, 0.4),
        Effect("designate", "bank", 1, 1.0),
        Effect("designate", "trader", 0, 1.0),
    ),
    responses=(Response("hold"), Response("protest"), Response("hit", hostile=True)),
    patron_types=(PatronType("calm", 0.75), PatronType("proud", 0.25)),
    utilities=(
        Utility("calm", "hold", 0.0, 0.0),
        Utility("calm", "protest", -10.0, 0.0),
        Utility("calm", "hit", -10.0, 1.0),
        Utility("proud", "hold", 0.0, 0.0),
        Utility("proud", "protest", -10.0, 0.0),
        Utility("proud", "hit", -1.5, 1.0),
    ),
)
"""Calm holds whatever happens here; proud hits once provocation exceeds 1.5."""


def changed(**changes: Any) -> Game:
    """The game by hand with other fields."""
    return replace(HAND_GAME, **changes)


def with_entity(game: Game, name: str, **changes: Any) -> Game:
    """The game with one entity changed."""
    rows = tuple(replace(row, **changes) if row.name == name else row for row in game.entities)
    return replace(game, entities=rows)


def with_instrument(game: Game, name: str, **changes: Any) -> Game:
    """The game with one instrument changed."""
    rows = tuple(replace(row, **changes) if row.name == name else row for row in game.instruments)
    return replace(game, instruments=rows)


def with_utility(game: Game, type_name: str, response: str, **changes: Any) -> Game:
    """The game with one row of utilities changed."""
    rows = tuple(
        replace(row, **changes) if (row.type, row.response) == (type_name, response) else row
        for row in game.utilities
    )
    return replace(game, utilities=rows)


def one_type(game: Game, name: str = "calm", **changes: Any) -> Game:
    """The game with one certain type."""
    rows = (replace(game.patron_type[name], prior=1.0, **changes),)
    return replace(
        game, patron_types=rows, utilities=tuple(row for row in game.utilities if row.type == name)
    )


def adaptive(game: Game, *rungs: Rung) -> Ladder:
    """An adaptive ladder."""
    return Ladder.of(game, Information.ADAPTIVE, rungs)


def idle(*histories: tuple[str, ...]) -> list[Rung]:
    """Rungs at which nothing is done."""
    return [Rung(history) for history in histories]
