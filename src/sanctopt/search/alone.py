"""The game of one type, which then is no secret."""

from __future__ import annotations

from dataclasses import replace

from sanctopt.game import Game, PatronType


def alone_with(game: Game, patron: PatronType) -> Game:
    """The game of one type alone."""
    return replace(
        game,
        patron_types=(replace(patron, prior=1.0),),
        utilities=tuple(row for row in game.utilities if row.type == patron.name),
        perception=tuple(row for row in game.perception if row.type == patron.name),
    )
