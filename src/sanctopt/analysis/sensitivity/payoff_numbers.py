"""Numbers that enter payoffs only: no exit, response, concession or rule of a rung depends on them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sanctopt.analysis.sensitivity.factors import Factor
from sanctopt.game import Game
from sanctopt.ladder import Ladder
from sanctopt.outcome import values_by_type
from sanctopt.play import follow

PAYOFF_COLUMNS = frozenset(
    {
        *("weights.revenue", "weights.harm", "weights.cost", "weights.credibility"),
        *("off_ramp.offer_cost", "off_ramp.concession_value"),
    }
)
"""Keys of ``game.toml`` that enter payoffs only; see also `payoff_only`."""


def along_responses(game: Game, ladder: Ladder, responses: Mapping[str, tuple[str, ...]]) -> float:
    """Expected payoff of a ladder along responses that were best in the game as it stands."""
    values = values_by_type(game.patron_type, follow(game, ladder, responses))
    return math.fsum(patron.prior * values[patron.name] for patron in game.patron_types)


def payoff_only(game: Game, factors: Sequence[Factor]) -> bool:
    """Whether the factors are single numbers that no response depends on, affine in each payoff."""
    if any(len(factor.rows) > 1 for factor in factors):
        return False
    paths = [factor.rows[0].path for factor in factors]
    priors = [factor.rows[0] for factor in factors if _kind(factor.rows[0].path) == ("types", "prior")]
    some = 1 < len(priors) < len(game.patron_types)
    if some and math.fsum(row.high for row in priors) > 1.0:  # then they are scaled, but only there
        return False
    costs = {("instruments", "cost"), ("entities", "cost"), ("engagements", "cost"), ("mitigations", "cost")}
    allowed = costs | {("parties", "weight"), ("types", "prior")}
    if not game.mitigations:
        allowed |= {("harms", "harm")}
    return all(path in PAYOFF_COLUMNS or _kind(path) in allowed for path in paths)


def _kind(path: str) -> tuple[str, str]:
    """Table and column of a path."""
    return path.split(".", 1)[0], path.rsplit(".", 1)[-1]
