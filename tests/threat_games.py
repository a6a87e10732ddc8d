"""A game of two stages about one threat, small enough to work out by hand.

A stage has effort for one closing. Closing the port is free and denies 50 a stage; in stage 0 it provokes
the patron, which hits back (harm 70) unless it is threatened with the closing of the mine. That would deny 40
more in the last stage, at a price. In the last stage nothing provokes the patron.

| plan | worth |
|---|---|
| close the port, threaten the mine, in stage 1 close the mine if it pays | 50 + 50 + max(0, 40 - price) |
| the same without a threat | 50 - 70 + 50 + max(0, 40 - price) |
| wait, close the port in stage 1 | 50 |
| close the mine, threaten the port, in stage 1 close the port | 2 * 40 - price + 50 |

After a hit the threat would be carried out by choice if and only if the price is at most 40.
"""

from __future__ import annotations

from sanctopt.game import (
    Credibility,
    Effect,
    Entity,
    Game,
    Harm,
    Instrument,
    Link,
    Party,
    PatronType,
    Perception,
    Response,
    Start,
    Utility,
    Weights,
)

KEPT, EVEN, EMPTY = 10.0, 40.0, 90.0
"""Prices of the mine at which the threat pays, is a tie, and does not pay."""

PORT, MINE = Start("port", "close"), Start("mine", "close")


def threat_game(price: float) -> Game:
    """The game, with the price of closing the mine."""
    return Game(
        name="one threat",
        stages=2,
        effort_per_stage=1.0,
        credibility=Credibility(0.0, 0.0, 1.0),
        carryover=0.0,
        retention=0.0,
        max_cover=1.0,
        weights=Weights(1.0, 1.0, 1.0, 0.0),
        off_ramp=None,
        entities=(
            Entity("port", "channel", supply=50.0, salience=1.0, cost=0.0),
            Entity("mine", "channel", supply=40.0, salience=1.0, cost=price),
        ),
        links=(Link("port", "regime"), Link("mine", "regime")),
        instruments=(Instrument("close", cost=1.0),),
        effects=(Effect("close", "channel", 0, 1.0),),
        responses=(Response("hold"), Response("hit", hostile=True)),
        patron_types=(PatronType("tough", 1.0),),
        utilities=(
            Utility("tough", "hold", 0.0, 0.0),
            Utility("tough", "hit", base=-0.5, provocation=1.0, threat=-1.0),
        ),
        standing_threats=True,
        harms=(Harm("hit", "ally", 70.0),),
        parties=(Party("ally"),),
        perception=(Perception("tough", 1, -10.0),),
    )
