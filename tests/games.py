"""Random tiny games, every feature on and off: for Hypothesis (`tiny_games`) and for scripts (`random_game`).

Both draw from one builder, which asks for integers only. 0 is always the plainest choice, so Hypothesis
shrinks towards a game without features. Numbers come from coarse grids of at most two decimals: exact
ties of utilities, exits exactly at their threshold, efforts that just fit and caps that just bind are
frequent. `tests/oracle.py` solves a game of size `TINY` in well under a second.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

from hypothesis import strategies as st

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
    Perception,
    Response,
    SupplyChange,
    Utility,
    Weights,
)

_T = TypeVar("_T")
Pick = Callable[[int, int], int]
"""An integer between two bounds, both included."""

PRIORS: dict[int, list[tuple[float, ...]]] = {
    1: [(1.0,)],
    2: [(0.5, 0.5), (0.7, 0.3), (0.05, 0.95)],
    3: [(0.4, 0.3, 0.3), (0.2, 0.3, 0.5), (0.9, 0.05, 0.05)],
    4: [(0.4, 0.3, 0.2, 0.1), (0.25, 0.25, 0.25, 0.25)],
}


@dataclass(frozen=True)
class Size:
    """The most of everything that a random game may have.

    ``choices`` bounds the engagements and mitigations together; ``starts`` the eligible starts.
    """

    stages: int = 3
    channels: int = 2
    facilitators: int = 3
    starts: int = 4
    choices: int = 2
    responses: int = 3
    types: int = 3


TINY = Size()
SMALL = Size(stages=4, channels=3, facilitators=5, starts=8, choices=3, responses=4, types=4)
"""Too large for the oracle, as a rule; for comparing programs with each other."""


def tiny_games(size: Size = TINY) -> st.SearchStrategy[Game]:
    """Hypothesis strategy of random games."""

    @st.composite
    def games(draw: st.DrawFn) -> Game:
        return build_game(lambda low, high: draw(st.integers(low, high)), size)

    return games()


def random_game(seed: int, size: Size = TINY) -> Game:
    """The random game of a seed; the same game for the same seed and size."""
    return build_game(random.Random(seed).randint, size, name=f"random {seed}")


def build_game(pick: Pick, size: Size = TINY, name: str = "random") -> Game:
    """Build a valid game from integers that ``pick`` returns."""
    return _Builder(pick, size).game(name)


class _Builder:
    """Draws the tables one after the other; later ones refer to earlier ones."""

    def __init__(self, pick: Pick, size: Size) -> None:
        self.pick = pick
        self.size = size

    # --- drawing -----------------------------------------------------------------------------

    def flag(self) -> bool:
        """Whether a feature is on."""
        return self.pick(0, 1) == 1

    def one_of(self, items: Sequence[_T]) -> _T:
        """One item; the first is the plainest."""
        return items[self.pick(0, len(items) - 1)]

    def number(self, low: float, high: float) -> float:
        """A number of two decimals."""
        return self.pick(round(100 * low), round(100 * high)) / 100

    def count(self, most: int) -> int:
        """A number from 1 on; 1 half as often as the others."""
        numbers: list[int] = [*range(1, most + 1), *range(2, most + 1)]
        return self.one_of(numbers)

    # --- tables ------------------------------------------------------------------------------

    def game(self, name: str) -> Game:
        stages = self.count(self.size.stages)
        threats = stages > 1 and self.pick(0, 2) > 0
        # A game about threats: all are about to hit early on, some can be deterred, starts are dear.
        tense = threats and self.flag()
        fine = self.pick(0, 3) == 3
        entities = self.entities()
        instruments = self.instruments(fine, dear=tense)
        responses = self.responses()
        types = self.types()
        parties = tuple(
            Party(party, weight=self.one_of((1.0, 1.5, 0.0)))
            for party in ("KOR", "JPN")[: self.one_of((0, 1, 2, 2))]
        )
        engagements = tuple(
            Engagement(f"talk{n}", self.one_of((1.0, 0.5, 2.0)), self.number(0, 1))
            for n in range(self.one_of((0, 1, 1)[: self.size.choices + 1]))
        )
        initial = self.one_of((0.0, 0.3, 0.6, 1.0))
        credibility = Credibility(
            initial, self.one_of((0.0, 0.1, 0.5)), round(initial + self.one_of((1.0, 0.5, 0.0)), 2)
        )
        weights = Weights(
            self.one_of((1.0, 1.0, 1.5)),
            self.one_of((1.0, 1.2, 0.5)),
            self.one_of((1.0, 0.5)),
            self.one_of((0.0, 3.5, 20.0)),
        )
        discount = self.one_of((1.0, 0.95, 0.5))
        supply_changes = self.supply_changes(stages, entities)
        return Game(
            name=name,
            stages=stages,
            # 0.1 + 0.2 is above 0.3 in binary: an effort that fits exactly in decimals only.
            effort_per_stage=self.one_of((0.3, 0.6, 0.2) if fine else (2.0, 1.0, 3.0, 1.0)),
            credibility=credibility,
            carryover=self.one_of((0.0, 0.5, 1.0)),
            retention=self.one_of((0.0, 0.5, 1.0)),
            max_cover=self.one_of((1.0, 0.7, 0.5)),
            weights=weights,
            off_ramp=self.off_ramp(stages, entities, supply_changes, weights, credibility, discount),
            entities=entities,
            links=self.links(entities),
            instruments=instruments,
            # Threats multiply with starts in every stage but the last one.
            effects=self.effects(instruments, entities, self.size.starts - (threats and stages > 2)),
            responses=responses,
            patron_types=types,
            utilities=tuple(self.utility(row, response, tense) for row in types for response in responses),
            discount=discount,
            standing_threats=threats,
            enforcement=self.enforcement(responses, entities),
            harms=self.harms(responses, parties),
            parties=parties,
            mitigations=tuple(self.mitigations(responses, parties, self.size.choices - len(engagements))),
            engagements=engagements,
            perception=tuple(
                Perception(row.name, stage, 2.0 if early else self.one_of((0.5, 1.0, -0.5)))
                for row in types
                for stage in range(stages)
                if (early := tense and stage < max(1, stages - 2)) or self.pick(0, 3) == 3
            ),
            supply_changes=supply_changes,
        )

    def entities(self) -> tuple[Entity, ...]:
        """Channels, then facilitators; any of them may exit, some facilitators have supply of their own."""
        channels = self.pick(1, self.size.channels)
        facilitators = self.pick(0, self.size.facilitators)
        rows = []
        for number in range(channels + facilitators):
            channel = number < channels
            exits = self.pick(0, 3) >= (3 if channel else 2)
            rows.append(
                Entity(
                    name=f"c{number}" if channel else f"f{number - channels}",
                    kind="trade" if channel else self.one_of(("bank", "trader")),
                    jurisdiction=self.one_of(("CN", "RU", "")),
                    supply=self.number(20, 60) if channel or self.pick(0, 5) == 5 else None,
                    capacity=self.number(5, 40) if self.flag() else None,
                    # Credibility moves in tenths, profit in tenths: thresholds are often met exactly.
                    us_exposure=self.one_of((10.0, 5.0, 30.0, 0.0)) if exits else None,
                    regime_profit=self.one_of((6.0, 3.0, 10.0, 0.0)) if exits else 0.0,
                    exit_removal=self.one_of((1.0, 0.5)),
                    salience=self.one_of((1.0, 0.5, 2.0, 1.5, 0.0)),
                    signal=self.one_of((0.0, 0.5, 1.0)),
                    effort=self.one_of((1.0, 1.0, 1.0, 2.0)),
                    cost=self.one_of((1.0, 1.5)),
                )
            )
        return tuple(rows)

    def links(self, entities: Sequence[Entity]) -> tuple[Link, ...]:
        """From every entity to one or two later ones or the regime: acyclic, nothing is stranded."""
        rows = []
        names = [row.name for row in entities]
        for place, name in enumerate(names):
            later = [*names[place + 1 :], REGIME]
            sinks = {self.one_of(later)} | ({self.one_of(later)} if self.flag() else set())
            rows += [
                Link(
                    name,
                    sink,
                    self.number(5, 40) if self.flag() else None,
                    self.one_of((0.0, 0.1, 0.25)),
                )
                for sink in later
                if sink in sinks
            ]
        return tuple(rows)

    def instruments(self, fine: bool, dear: bool) -> tuple[Instrument, ...]:
        """One or two instruments; the second may require the first."""
        count = self.count(2)
        rows = []
        for number in range(count):
            requires = number == 1 and self.flag()
            rows.append(
                Instrument(
                    name=("notice", "designate")[number],
                    effort=self.one_of((0.1, 0.2) if fine else (1.0, 1.0, 2.0)),
                    cost=self.number(2, 20) if dear else self.number(0, 1),
                    provocation=self.one_of((1.0, 0.5, 0.0)),
                    signal=self.one_of((0.2, 0.6, 0.0)),
                    requires="notice" if requires else "",
                    requires_age=self.one_of((0, 1, 0, 2)) if requires else 0,
                )
            )
        return tuple(rows)

    def effects(
        self, instruments: Sequence[Instrument], entities: Sequence[Entity], left: int
    ) -> tuple[Effect, ...]:
        """Profiles of one to three steps, rising or falling, until the starts are as many as allowed."""
        rows: list[Effect] = []
        pairs = [(instrument, kind) for kind in ("bank", "trader", "trade") for instrument in instruments]
        turn = self.pick(0, len(pairs) - 1)
        for instrument, kind in pairs[turn:] + pairs[:turn]:
            count = sum(row.kind == kind for row in entities)
            if 0 < count <= left and self.pick(0, 3) != 3:
                left -= count
                rows += [Effect(instrument.name, kind, age, removal) for age, removal in self.profile()]
        return tuple(rows)

    def profile(self) -> list[tuple[int, float]]:
        """(age, removal) rows of a step function."""
        first = self.pick(0, 3) // 3
        return [
            (first + step, self.one_of((1.0, 0.75, 0.5, 0.75, 0.25, 0.0))) for step in range(self.pick(1, 3))
        ]

    def responses(self) -> tuple[Response, ...]:
        """Up to three responses: hold, hit (as a rule hostile), cooperate, and a second hostile one."""
        rows = []
        for name in ("hold", "hit", "cooperate", "strike")[: self.count(self.size.responses)]:
            hostile = self.pick(0, 7) != 7 if name in ("hit", "strike") else self.pick(0, 7) == 7
            shields = self.one_of(((), ("CN", "RU"), ("CN",), ("CN", "RU")))
            rows.append(Response(name, hostile, self.one_of((0.5, 1.0, 0.25)) if shields else 0.0, shields))
        return tuple(rows)

    def types(self) -> tuple[PatronType, ...]:
        """One or more types; about half of them may concede."""
        priors = self.one_of(PRIORS[self.count(self.size.types)])
        return tuple(
            PatronType(f"y{n}", prior, self.one_of((0.5, 0.75, 0.25, 0.0)) if self.flag() else None)
            for n, prior in enumerate(priors)
        )

    def utility(self, row: PatronType, response: Response, tense: bool) -> Utility:
        """Coefficients on a grid of halves; holding is worth 0, as is usual."""
        if response.name == "hold":
            return Utility(row.name, "hold", 0.0, 0.0)
        if tense and response.hostile:
            return Utility(
                row.name,
                response.name,
                base=self.one_of((-1.5, -2.0, -1.0)),
                provocation=1.0,
                engagement=self.one_of((0.0, -1.0)),
                threat=self.one_of((0.0, -0.5, -1.0, -2.0)),
            )
        cooperative = response.name == "cooperate"
        kind = 1.0 if cooperative else -1.0
        return Utility(
            row.name,
            response.name,
            base=self.one_of((0.0, -0.5, -1.0, -1.5, -2.0, 0.5)),
            provocation=self.one_of((0.0, 0.5, -0.5) if cooperative else (1.0, 0.5, 1.5, 0.0)),
            engagement=kind * self.one_of((0.0, 0.5, 1.0, 2.0)),
            mitigation=self.one_of((0.0, -1.0, -2.0, -1.5)),
            threat=kind * self.one_of((0.0, 1.0, 0.5, 2.0)),
        )

    def enforcement(
        self, responses: Sequence[Response], entities: Sequence[Entity]
    ) -> tuple[Enforcement, ...]:
        """Some responses remove revenue in some jurisdictions, at once or later, for good or not."""
        jurisdictions = sorted({row.jurisdiction for row in entities} - {""})
        return tuple(
            Enforcement(response.name, jurisdiction, age, removal)
            for response in responses
            for jurisdiction in jurisdictions
            if self.pick(0, 4) == 4
            for age, removal in self.profile()
        )

    def harms(self, responses: Sequence[Response], parties: Sequence[Party]) -> tuple[Harm, ...]:
        """Harm of most hostile responses, and of a few others, to each party."""
        return tuple(
            Harm(response.name, party.name, self.number(5, 40))
            for response in responses
            for party in parties
            if self.pick(0, 7) >= (1 if response.hostile else 7)
        )

    def mitigations(
        self, responses: Sequence[Response], parties: Sequence[Party], limit: int
    ) -> Iterator[Mitigation]:
        """Up to two mitigations of one or two rows; together they may exceed ``max_cover``."""
        for number in range(self.pick(0, min(2, limit)) if parties else 0):
            covers = [
                (self.one_of(parties).name, self.one_of(("", *(row.name for row in responses))))
                for _ in range(self.pick(1, 2))
            ]
            for party, response in dict.fromkeys(covers):
                yield Mitigation(
                    name=f"insure{number}",
                    party=party,
                    response=response,
                    reduction=self.one_of((0.5, 0.25, 0.75)),
                    cost=self.number(0, 1),
                    lead=self.pick(0, 1),
                )

    def supply_changes(self, stages: int, entities: Sequence[Entity]) -> tuple[SupplyChange, ...]:
        """A few supplies that differ in one stage."""
        return tuple(
            SupplyChange(row.name, stage, self.number(0, 50))
            for row in entities
            if row.supply is not None
            for stage in range(stages)
            if self.pick(0, 5) == 5
        )

    def off_ramp(
        self,
        stages: int,
        entities: Sequence[Entity],
        changes: Sequence[SupplyChange],
        weights: Weights,
        credibility: Credibility,
        discount: float,
    ) -> OffRamp | None:
        """An off-ramp whose value is at least all that can be earned, as the model demands."""
        if not self.flag():
            return None
        changed = {(row.channel, row.stage): row.supply for row in changes}
        most = weights.credibility * credibility.max
        for stage in range(stages):
            supply = sum(changed.get((row.name, stage), row.supply or 0.0) for row in entities)
            most += discount**stage * weights.revenue * supply
        return OffRamp(self.number(0, 3), ceil(most) + self.number(0, 20))
