"""The game of one type, which then is no secret, or of some types."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from sanctopt.game import Game, PatronType


def alone_with(game: Game, patron: PatronType) -> Game:
    """The game of one type alone."""
    return _of(game, (replace(patron, prior=1.0),))


def among(game: Game, names: Collection[str]) -> Game:
    """The game in which it is known that the type is one of these, which together have a positive prior."""
    chosen = [patron for patron in game.patron_types if patron.name in names]
    together = sum(patron.prior for patron in chosen)
    return _of(game, tuple(replace(patron, prior=patron.prior / together) for patron in chosen))


def _of(game: Game, patrons: tuple[PatronType, ...]) -> Game:
    names = {patron.name for patron in patrons}
    return replace(
        game,
        patron_types=patrons,
        utilities=tuple(row for row in game.utilities if row.type in names),
        perception=tuple(row for row in game.perception if row.type in names),
    )
