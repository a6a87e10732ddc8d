"""Variants of the standard case of `suite.families`: the same draw with one feature switched.

So what the feature costs is seen without noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sanctopt.game import Effect, Game, Perception, SupplyChange

REGROWTH = ((0, 0.8), (1, 0.9), (2, 0.6), (4, 0.3))
"""Removal by age where fronts take the place of whoever is designated."""


def _no_exits(game: Game) -> Game:
    return replace(game, entities=tuple(replace(row, us_exposure=None) for row in game.entities))


def _no_tolls(game: Game) -> Game:
    return replace(game, links=tuple(replace(row, toll=0.0) for row in game.links))


def _steps(game: Game, designation: tuple[tuple[int, float], ...]) -> Game:
    """The game with one profile for the designation of traders, shippers and banks."""
    kinds = ("trader", "shipper", "bank_medium", "bank_large")
    kept = [row for row in game.effects if row.instrument != "designate" or row.kind not in kinds]
    return replace(
        game,
        effects=(*kept, *(Effect("designate", kind, *step) for kind in kinds for step in designation)),
    )


def _requirements(game: Game) -> Game:
    return replace(
        game,
        instruments=tuple(
            replace(row, requires="warn", requires_age=1) if row.name == "waiver" else row
            for row in game.instruments
        ),
    )


def _perception(game: Game) -> Game:
    """Every third stage, at a party congress, all types are touchy."""
    return replace(
        game,
        perception=tuple(
            Perception(row.name, stage, 1.0)
            for row in game.patron_types
            for stage in range(1, game.stages, 3)
        ),
    )


def _seasons(game: Game) -> Game:
    """Seafood and textiles earn little in every fourth stage, and more in the one that follows."""
    supply = {row.name: row.supply for row in game.channels if row.name in ("seafood", "textiles")}
    return replace(
        game,
        supply_changes=tuple(
            SupplyChange(channel, stage, usual * (0.3, 1.2)[stage % 4 - 1])
            for channel, usual in supply.items()
            if usual is not None
            for stage in range(1, game.stages)
            if stage % 4 in (1, 2)
        ),
    )


VARIANTS: dict[str, Callable[[Game], Game]] = {
    "no_off_ramp": lambda game: replace(game, off_ramp=None),
    "no_exits": _no_exits,
    "no_mitigation": lambda game: replace(game, mitigations=()),
    "no_engagement": lambda game: replace(game, engagements=()),
    "no_enforcement": lambda game: replace(game, enforcement=()),
    "no_tolls": _no_tolls,
    "no_carryover": lambda game: replace(game, carryover=0.0, retention=0.0),
    "threats": lambda game: replace(game, standing_threats=True),
    "regrowth": lambda game: _steps(game, REGROWTH),
    "no_regrowth": lambda game: _steps(game, ((0, 0.8), (1, 0.95))),
    "requirements": _requirements,
    "perception": _perception,
    "seasons": _seasons,
}
"""Changes of the standard case, by name: each switches a single feature."""
