"""Seeded generators of realistic cases: the same family, size and seed always give the same game.

A case is a revenue network in four tiers and a patron of several types:

    channel --> trader --> shipper --> bank --> regime
       \\-----> fringe ------^
    arms ------------------------------------> regime      (a little, uninsured)

Names stand for no firm. A family is a temper of `suite.tempers` (``standard``, ``adapting``, ``distant``), or
a variant of `suite.variants`: the standard case of the same size and seed with one feature switched.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from sanctopt.game import (
    REGIME,
    Credibility,
    Effect,
    Enforcement,
    Engagement,
    Entity,
    Game,
    Harm,
    Instrument,
    Link,
    Mitigation,
    OffRamp,
    Party,
    PatronType,
    Response,
    Utility,
    Weights,
)
from suite.tempers import TEMPERS, Range, Temper
from suite.variants import VARIANTS


@dataclass(frozen=True)
class Size:
    """Stages, entities and types of a case."""

    stages: int
    entities: int
    types: int


SIZES = {
    "XS": Size(3, 14, 2),
    "S": Size(3, 26, 3),
    "M": Size(6, 36, 4),
    "L": Size(8, 48, 6),
    "XL": Size(12, 100, 12),
}
"""By name; XS is for tests only."""

FEWEST_ENTITIES = 8

SUPPLY = {
    "coal": 300.0,
    "textiles": 190.0,
    "iron": 65.0,
    "seafood": 75.0,
    "labour": 125.0,
    "arms": 25.0,
    "other": 55.0,
}
"""Revenue that each channel can earn in a stage (millions of US dollars); small cases have the first ones."""

PERMITTED = ("textiles", "labour")
"""Channels of permitted trade, whose proceeds can be put in escrow."""


EFFECTS = (
    *(Effect("waiver", "trader", age, removal) for age, removal in ((0, 0.15), (1, 0.4), (2, 0.7))),
    *(
        Effect("designate", "trader", age, removal)
        for age, removal in ((0, 0.8), (1, 0.95), (3, 0.75), (5, 0.6))
    ),
    Effect("warn", "trader", 0, 0.05),
    *(Effect("waiver", "shipper", age, removal) for age, removal in ((0, 0.15), (1, 0.4), (2, 0.63))),
    *(Effect("designate", "shipper", age, removal) for age, removal in ((0, 0.72), (1, 0.85))),
    Effect("warn", "shipper", 0, 0.05),
    *(
        Effect(instrument, bank, age, removal)
        for bank in ("bank_medium", "bank_large")
        for instrument, age, removal in (
            ("waiver", 0, 0.15),
            ("waiver", 1, 0.4),
            ("waiver", 2, 0.7),
            ("designate", 0, 0.8),
            ("designate", 1, 0.95),
            ("warn", 0, 0.05),
        )
    ),
    Effect("escrow", "channel_permitted", 0, 0.2),
    Effect("escrow", "channel_permitted", 1, 0.5),
    Effect("designate", "channel", 0, 0.25),
    Effect("designate", "channel", 1, 0.4),
)

FAMILIES = (*TEMPERS, *VARIANTS)
"""All that `generate` knows."""


def generate(
    family: str,
    size: str,
    seed: int,
    *,
    stages: int | None = None,
    entities: int | None = None,
    types: int | None = None,
) -> Game:
    """Draw a case.

    Parameters
    ----------
    family : str
        One of `FAMILIES`.
    size : str
        One of `SIZES`: stages, entities and types.
    seed : int
        Of the draw, at least 0.
    stages, entities, types : int, optional
        In place of those of ``size``; the draws stay the same where they can. At least 1 stage,
        `FEWEST_ENTITIES` entities and 1 type.

    Returns
    -------
    sanctopt.Game
        Valid: `sanctopt.write_case` writes it and `sanctopt.read_case` reads it back equal.

    Raises
    ------
    ValueError
        If there is no such family or size, or a number is too small.

    Examples
    --------
    >>> game = generate("standard", "S", 0)
    >>> game.stages, len(game.entities), len(game.patron_types)
    (3, 26, 3)
    >>> generate("standard", "S", 0) == game
    True
    """
    if family not in FAMILIES:
        raise ValueError(f"there is no family {family!r}; there are {', '.join(FAMILIES)}")
    if size not in SIZES:
        raise ValueError(f"there is no size {size!r}; there are {', '.join(SIZES)}")
    given = {"stages": stages, "entities": entities, "types": types}
    asked = replace(SIZES[size], **{name: number for name, number in given.items() if number is not None})
    for name, least in (("stages", 1), ("entities", FEWEST_ENTITIES), ("types", 1)):
        if getattr(asked, name) < least:
            raise ValueError(f"{name} is {getattr(asked, name)}; give at least {least}")
    if seed < 0:
        raise ValueError(f"seed is {seed}; give at least 0")
    game = _Draw(seed, asked, TEMPERS.get(family, TEMPERS["standard"])).game(f"{family}_{size}_{seed}")
    return _without_strangers(VARIANTS[family](game) if family in VARIANTS else game)


def _without_strangers(game: Game) -> Game:
    """The game without rows for kinds and jurisdictions that no drawn entity has; reading it would warn."""
    kinds = {row.kind for row in game.entities}
    places = {row.jurisdiction for row in game.entities}
    return replace(
        game,
        effects=tuple(row for row in game.effects if row.kind in kinds),
        responses=tuple(
            replace(row, shields=tuple(place for place in row.shields if place in places))
            for row in game.responses
        ),
        enforcement=tuple(row for row in game.enforcement if row.jurisdiction in places),
    )


class _Draw:
    """Draws the tables of a case one after the other, each with random numbers of its own.

    So one more stage, type or entity leaves alone what was drawn before.
    """

    def __init__(self, seed: int, size: Size, temper: Temper) -> None:
        self.seed = seed
        self.size = size
        self.temper = temper
        self.channels = list(SUPPLY.items())[: (size.entities + 2) // 4]
        tiers = size.entities - 2 * len(self.channels)  # each channel has a fringe of its own
        self.banks = tiers // 5 + 2
        self.shippers = max(1, round(tiers / 6))
        self.traders = tiers - self.banks - self.shippers

    def draws(self, table: str) -> Callable[[Range, int], float]:
        """Draw from a range, rounded to so many digits."""
        source = random.Random(f"{self.seed} {table}")
        return lambda bounds, digits: round(source.uniform(bounds.low, bounds.high), digits)

    def game(self, name: str) -> Game:
        entities = self.entities()
        total = sum(supply for _, supply in self.channels)
        # A concession must be worth all that could still be earned; Rbar is at most the sum of supplies.
        worth = round(1.15 * self.size.stages * total + 50.0, -1)
        return Game(
            name=name,
            stages=self.size.stages,
            discount=0.98,
            effort_per_stage=4.0,
            credibility=Credibility(initial=0.3, decay=0.05, max=2.0),
            carryover=0.5,
            retention=0.6,
            max_cover=0.7,
            off_ramp=OffRamp(offer_cost=4.0, concession_value=worth) if self.temper.off_ramp else None,
            weights=Weights(revenue=1.0, harm=1.0, cost=1.0, credibility=30.0),
            entities=entities,
            links=self.links(entities),
            instruments=(
                Instrument("warn", effort=0.5, cost=1.0, provocation=0.1, signal=0.25),
                Instrument("waiver", effort=1.0, cost=2.0, provocation=0.35, signal=0.6),
                Instrument("designate", effort=1.0, cost=4.0, provocation=1.0, signal=1.0),
                Instrument("escrow", effort=1.0, cost=3.0, provocation=0.15, signal=0.1),
            ),
            effects=EFFECTS,
            responses=(
                Response("cooperate"),
                Response("acquiesce"),
                Response("protest", shield=0.2, shields=("CN", "HK")),
                Response("coerce_ally", hostile=True, shield=0.5, shields=("CN", "HK")),
                Response("broad", hostile=True, shield=1.0, shields=("CN", "HK")),
            ),
            patron_types=self.types(),
            utilities=self.utilities(),
            enforcement=tuple(Enforcement("cooperate", *row) for row in self.temper.enforcement),
            harms=self.harms(),
            parties=(Party("KOR"), Party("JPN"), Party("US_firms", kind="domestic")),
            mitigations=(
                Mitigation("diversify_KOR", "KOR", "", 0.35, 12.0, 2),
                Mitigation("insure_KOR", "KOR", "coerce_ally", 0.25, 8.0),
                Mitigation("diversify_JPN", "JPN", "", 0.4, 10.0, 2),
                Mitigation("safeguards_US", "US_firms", "", 0.3, 9.0, 1),
            ),
            engagements=(
                Engagement("explain_strategy", effect=1.0, cost=1.5),
                Engagement("allied_demarche", effect=0.8, cost=1.0),
            ),
        )

    # --- network -----------------------------------------------------------------------------

    def entities(self) -> tuple[Entity, ...]:
        total = sum(supply for _, supply in self.channels)
        rows = []
        draw = self.draws("channels")
        for channel, supply in self.channels:
            kind = "channel_permitted" if channel in PERMITTED else "channel"
            salience, signal = draw(Range(1.1, 4.0), 3), draw(Range(0.11, 0.3), 3)
            rows.append(
                Entity(channel, kind, "DPRK", supply=supply, salience=salience, signal=signal, effort=2.0)
            )
        rows += [self.trader(number) for number in range(self.traders)]
        draw = self.draws("fringe")
        for channel, supply in self.channels:
            rows.append(
                Entity(
                    f"fringe_{channel}", "fringe", "CN", capacity=round(supply * draw(Range(0.4, 0.8), 4), 2)
                )
            )
        rows += [self.shipper(number, total) for number in range(self.shippers)]
        rows += [self.bank(number, total) for number in range(self.banks)]
        return tuple(rows)

    def trader(self, number: int) -> Entity:
        draw = self.draws(f"trader {number}")
        channel, supply = self.channels[number % len(self.channels)]
        exposure = round(60.0 ** draw(Range(0.0, 1.0), 4), 3)
        visible = exposure**0.5
        rivals = len(range(number % len(self.channels), self.traders, len(self.channels)))
        return Entity(
            f"{channel}_trader_{number}",
            "trader",
            "CN" if draw(Range(0.0, 1.0), 4) < 0.7 else "RU",
            capacity=round(supply * draw(Range(0.18, 0.5), 4) / rivals**0.5, 2),
            us_exposure=exposure if draw(Range(0.0, 1.0), 4) < self.temper.exposed else None,
            regime_profit=draw(Range(4.0, 12.0), 3),
            exit_removal=draw(Range(0.6, 0.9), 3),
            salience=round(self.temper.salience * visible * draw(Range(0.06, 0.2), 4), 3),
            signal=round(visible * draw(Range(0.012, 0.04), 4), 3),
        )

    def shipper(self, number: int, total: float) -> Entity:
        draw = self.draws(f"shipper {number}")
        return Entity(
            f"freight_line_{number}",
            "shipper",
            ("CN", "HK", "CN", "RU")[int(draw(Range(0.0, 3.999), 3))],
            capacity=round(total * draw(Range(0.22, 0.38), 4) * 2 / self.shippers, 2),
            us_exposure=exposure
            if (exposure := draw(Range(2.0, 12.0), 3)) and self.temper.exposed_hubs
            else None,
            regime_profit=draw(Range(3.5, 7.5), 3),
            exit_removal=0.9,
            salience=draw(self.temper.shipper_salience, 3),
            signal=draw(Range(0.07, 0.14), 3),
        )

    def bank(self, number: int, total: float) -> Entity:
        draw = self.draws(f"bank {number}")
        large = number >= self.banks // 2
        exposure = draw(Range(300.0, 900.0) if large else Range(19.0, 55.0), 3)
        salience = draw(Range(10.0, 14.0) if large else Range(1.8, 3.4), 4)
        return Entity(
            f"clearing_bank_{number}" if large else f"regional_bank_{number}",
            "bank_large" if large else "bank_medium",
            "CN",
            capacity=round(total * draw(Range(0.15, 0.4), 4) * 4 / self.banks, 2),
            us_exposure=exposure if self.temper.exposed_hubs else None,
            regime_profit=draw(Range(3.5, 10.0), 3),
            exit_removal=0.95,
            salience=round(self.temper.salience * salience, 3),
            signal=draw(Range(0.75, 0.97) if large else Range(0.25, 0.43), 3),
            effort=3.0 if large else 2.0,
        )

    def links(self, entities: tuple[Entity, ...]) -> tuple[Link, ...]:
        draw = self.draws("links")
        names = {
            tier: [row.name for row in entities if row.kind.startswith(tier)]
            for tier in ("channel", "trader", "fringe", "shipper", "bank")
        }
        rows = []
        for number, trader in enumerate(names["trader"]):
            rows.append(Link(names["channel"][number % len(self.channels)], trader))
        for channel in names["channel"]:
            rows.append(Link(channel, f"fringe_{channel}", toll=draw(Range(0.1, 0.3), 3)))
        # Dealt out in turn: every shipper and every bank has customers, however many there are.
        for number, buyer in enumerate(names["trader"] + names["fringe"]):
            for step in range(min(2, self.shippers)):
                shipper = names["shipper"][(number + step) % self.shippers]
                rows.append(Link(buyer, shipper, toll=draw(Range(0.0, 0.05), 3)))
        stride = max(1, self.banks // self.shippers)
        for number, shipper in enumerate(names["shipper"]):
            first = number * stride
            rest = self.banks - first if number == self.shippers - 1 else 0
            for step in range(min(self.banks, max(3, rest))):
                bank = names["bank"][(first + step) % self.banks]
                rows.append(Link(shipper, bank, toll=draw(Range(0.01, 0.04), 3)))
        rows += [Link(bank, REGIME) for bank in names["bank"]]
        if "arms" in names["channel"]:
            rows.append(Link("arms", REGIME, capacity=8.0, toll=0.3))
        return tuple(rows)

    # --- patron ------------------------------------------------------------------------------

    def places(self) -> dict[str, float]:
        """Each type's place between dove and hawk."""
        count = self.size.types
        return {f"type{number}": (number + 0.5) / count for number in range(count)}

    def types(self) -> tuple[PatronType, ...]:
        """Equally likely; two of three have a regime that may concede."""
        draw = self.draws("types")
        return tuple(
            PatronType(
                name,
                1.0 / self.size.types,
                reservation if (reservation := draw(Range(0.2, 0.5), 2)) and number % 3 != 1 else None,
            )
            for number, name in enumerate(self.places())
        )

    def utilities(self) -> tuple[Utility, ...]:
        mitigation = {"coerce_ally": -2.0, "broad": -3.0}
        threat = {"cooperate": 0.25, "coerce_ally": -0.2, "broad": -0.35}
        return tuple(
            Utility(
                name,
                response,
                base=round(base, 2),
                provocation=round(provocation, 2),
                engagement=round(engagement, 2),
                mitigation=mitigation.get(response, 0.0),
                threat=threat.get(response, 0.0),
            )
            for name, place in self.places().items()
            for response, (base, provocation, engagement) in self.temper.answers(place).items()
        )

    def harms(self) -> tuple[Harm, ...]:
        draw = self.draws("harms")
        return tuple(Harm(*key, draw(bounds, 2)) for key, bounds in self.temper.harms.items())
