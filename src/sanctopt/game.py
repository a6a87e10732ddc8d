"""The escalation game: immutable records, one per row of a case folder, and what follows from them.

A coalition (leader) commits to an escalation ladder. Facilitators, a patron with a private type and
the sanctioned regime (followers) react to each of its rungs; parties bear the harm of a hostile
response. ``docs/model.md`` tells the game; ``sanctopt.play`` is its meaning in code.

This module knows no file format and no solver. ``sanctopt.case`` makes a `Game` from a folder or
from data frames and validates it; build games there, not by calling `Game` with unchecked numbers.

Units: revenue, harm and cost are millions of US dollars per stage; shares lie in [0, 1].
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import cached_property

Extra = tuple[tuple[str, str], ...]
"""Columns that the model does not read (source, status, x_low, ...): name and text, in file order."""

REGIME = "regime"
"""Name of the terminal vertex of the revenue network; no entity bears it."""

EQUAL = 1e-9
"""Two numbers of the game that differ by no more than this, relative to the larger of their size and
1, are equal. The model compares decimals (a tie of utilities, an exit threshold met exactly); in
binary floating point 0.66 * 30 is not 19.8, and the rounding of a few dozen additions stays far
below this."""


def at_least(left: float, right: float) -> bool:
    """Tell whether ``left >= right`` holds in the decimals of the data (see `EQUAL`).

    >>> at_least(0.66 * 30, 19.8), at_least(19.79, 19.8)
    (True, False)
    """
    return left >= right - EQUAL * max(1.0, abs(left), abs(right))


@dataclass(frozen=True)
class Credibility:
    """Stock of credibility: before the game, lost per stage (share), and the most it can be."""

    initial: float
    decay: float
    max: float


@dataclass(frozen=True)
class OffRamp:
    """Cost of an offer and value of a concession (millions of US dollars)."""

    offer_cost: float
    concession_value: float


@dataclass(frozen=True)
class Weights:
    """Weights of the payoff: revenue denied, harm, cost, and credibility left at the end."""

    revenue: float
    harm: float
    cost: float
    credibility: float


@dataclass(frozen=True)
class Entity:
    """A vertex of the revenue network; a channel if ``supply`` is given.

    ``capacity`` None: the sum of all supplies of the stage. ``us_exposure`` None: never exits.
    ``jurisdiction`` is "" where the folder leaves it blank.
    """

    name: str
    kind: str
    jurisdiction: str = ""
    supply: float | None = None
    capacity: float | None = None
    us_exposure: float | None = None
    regime_profit: float = 0.0
    exit_removal: float = 1.0
    salience: float = 0.0
    signal: float = 0.0
    effort: float = 1.0
    cost: float = 1.0
    extra: Extra = ()


@dataclass(frozen=True)
class Link:
    """A link of the revenue network: capacity where it begins (None: no limit), share lost on the way."""

    source: str
    sink: str
    capacity: float | None = None
    toll: float = 0.0
    extra: Extra = ()


@dataclass(frozen=True)
class Instrument:
    """What the coalition can start against an entity; ``requires`` "" means nothing."""

    name: str
    effort: float = 1.0
    cost: float = 0.0
    provocation: float = 1.0
    signal: float = 1.0
    requires: str = ""
    requires_age: int = 0
    extra: Extra = ()


@dataclass(frozen=True)
class Effect:
    """Removal share of an instrument on a kind of entity, from ``age`` on until the next row."""

    instrument: str
    kind: str
    age: int
    removal: float
    extra: Extra = ()


@dataclass(frozen=True)
class Response:
    """A response of the patron; it shields facilitators of ``shields`` from exit in the next stage."""

    name: str
    hostile: bool = False
    shield: float = 0.0
    shields: tuple[str, ...] = ()
    extra: Extra = ()


@dataclass(frozen=True)
class Enforcement:
    """Removal share that a response brings upon the entities of a jurisdiction, from ``age`` on."""

    response: str
    jurisdiction: str
    age: int
    removal: float
    extra: Extra = ()


@dataclass(frozen=True)
class Party:
    """An ally or a domestic firm that bears harm."""

    name: str
    kind: str = "ally"
    weight: float = 1.0
    extra: Extra = ()


@dataclass(frozen=True)
class Harm:
    """Harm of a response to a party, millions of US dollars per stage."""

    response: str
    party: str
    harm: float
    extra: Extra = ()


@dataclass(frozen=True)
class Mitigation:
    """One row of a mitigation; ``response`` "" means all. Rows of one name act together."""

    name: str
    party: str
    response: str
    reduction: float
    cost: float
    lead: int = 0
    extra: Extra = ()


@dataclass(frozen=True)
class Engagement:
    """Diplomacy that may be used in any stage at its cost."""

    name: str
    effect: float
    cost: float
    extra: Extra = ()


@dataclass(frozen=True)
class PatronType:
    """A joint private type of patron and regime; ``reservation`` None: the regime never concedes."""

    name: str
    prior: float
    reservation: float | None = None
    extra: Extra = ()


@dataclass(frozen=True)
class Utility:
    """Coefficients of the patron's utility of a response, for one type; signs as given."""

    type: str
    response: str
    base: float
    provocation: float
    engagement: float = 0.0
    mitigation: float = 0.0
    threat: float = 0.0
    extra: Extra = ()


@dataclass(frozen=True)
class Perception:
    """How much more provoked a type is in a stage than the moves explain."""

    type: str
    stage: int
    offset: float
    extra: Extra = ()


@dataclass(frozen=True)
class SupplyChange:
    """Supply of a channel in one stage, in place of the channel's own."""

    channel: str
    stage: int
    supply: float
    extra: Extra = ()


@dataclass(frozen=True, order=True)
class Start:
    """One start: an instrument against an entity."""

    entity: str
    instrument: str

    def __str__(self) -> str:
        return f"{self.instrument} {self.entity}"


@dataclass(frozen=True)
class Profile:
    """A step function of age: 0 before the first age, then the removal of the last age reached.

    >>> Profile((1, 3), (0.5, 0.2)).at(0), Profile((1, 3), (0.5, 0.2)).at(7)
    (0.0, 0.2)
    """

    ages: tuple[int, ...]
    removals: tuple[float, ...]

    def at(self, age: int) -> float:
        """Removal share at an age (whole stages since the start; negative: not yet started)."""
        reached = bisect_right(self.ages, age)
        return self.removals[reached - 1] if reached else 0.0


@dataclass(frozen=True)
class Game:
    """One instance of the escalation game.

    Fields repeat the case folder (`docs/model.md`): scalars from ``game.toml``, a tuple of records
    per table, in file order. Everything below them is derived, computed once and cached.

    ``game_extra`` holds what ``game.toml`` carries beside the model: ``[notes]`` and ``x_low``/``x_high``
    keys, as (table or "", key, value as TOML text).
    """

    name: str
    stages: int
    effort_per_stage: float
    credibility: Credibility
    carryover: float
    retention: float
    max_cover: float
    weights: Weights
    off_ramp: OffRamp | None
    entities: tuple[Entity, ...]
    links: tuple[Link, ...]
    instruments: tuple[Instrument, ...]
    effects: tuple[Effect, ...]
    responses: tuple[Response, ...]
    patron_types: tuple[PatronType, ...]
    utilities: tuple[Utility, ...]
    discount: float = 1.0
    stage_unit: str = "stage"
    start: str = ""
    standing_threats: bool = False
    enforcement: tuple[Enforcement, ...] = ()
    harms: tuple[Harm, ...] = ()
    parties: tuple[Party, ...] = ()
    mitigations: tuple[Mitigation, ...] = ()
    engagements: tuple[Engagement, ...] = ()
    perception: tuple[Perception, ...] = ()
    supply_changes: tuple[SupplyChange, ...] = ()
    game_extra: tuple[tuple[str, str, str], ...] = field(default=())

    # --- lookups by name -------------------------------------------------------------------

    @cached_property
    def entity(self) -> dict[str, Entity]:
        """Entities by name."""
        return {row.name: row for row in self.entities}

    @cached_property
    def instrument(self) -> dict[str, Instrument]:
        """Instruments by name."""
        return {row.name: row for row in self.instruments}

    @cached_property
    def response(self) -> dict[str, Response]:
        """Responses by name."""
        return {row.name: row for row in self.responses}

    @cached_property
    def party(self) -> dict[str, Party]:
        """Parties by name."""
        return {row.name: row for row in self.parties}

    @cached_property
    def engagement(self) -> dict[str, Engagement]:
        """Engagements by name."""
        return {row.name: row for row in self.engagements}

    @cached_property
    def patron_type(self) -> dict[str, PatronType]:
        """Types by name."""
        return {row.name: row for row in self.patron_types}

    @cached_property
    def utility(self) -> dict[tuple[str, str], Utility]:
        """Utility rows by (type, response)."""
        return {(row.type, row.response): row for row in self.utilities}

    @cached_property
    def harm(self) -> dict[tuple[str, str], float]:
        """Harm by (response, party); pairs that are not there do no harm."""
        return {(row.response, row.party): row.harm for row in self.harms}

    @cached_property
    def offset(self) -> dict[tuple[str, int], float]:
        """Perception offsets by (type, stage); pairs that are not there are 0."""
        return {(row.type, row.stage): row.offset for row in self.perception}

    @cached_property
    def mitigation_names(self) -> tuple[str, ...]:
        """Names of the mitigations, in the order of their first rows."""
        return tuple(dict.fromkeys(row.name for row in self.mitigations))

    @cached_property
    def mitigation_cost(self) -> dict[str, float]:
        """Cost of starting each mitigation: that of its first row."""
        cost: dict[str, float] = {}
        for row in self.mitigations:
            cost.setdefault(row.name, row.cost)
        return cost

    @cached_property
    def channels(self) -> tuple[Entity, ...]:
        """The entities that offer a supply."""
        return tuple(row for row in self.entities if row.supply is not None)

    # --- starts and removal ----------------------------------------------------------------

    @cached_property
    def effect_profile(self) -> dict[tuple[str, str], Profile]:
        """Removal profile by (instrument, kind)."""
        return _profiles(((row.instrument, row.kind), row.age, row.removal) for row in self.effects)

    @cached_property
    def enforcement_profile(self) -> dict[tuple[str, str], Profile]:
        """Removal profile by (response, jurisdiction)."""
        return _profiles(((row.response, row.jurisdiction), row.age, row.removal) for row in self.enforcement)

    @cached_property
    def eligible(self) -> tuple[Start, ...]:
        """Every eligible start: pairs for which ``effects`` has rows, entities first."""
        return tuple(
            Start(entity.name, instrument.name)
            for entity in self.entities
            for instrument in self.instruments
            if (instrument.name, entity.kind) in self.effect_profile
        )

    def start_effort(self, start: Start) -> float:
        """Effort that a start takes of the stage's ``effort_per_stage``."""
        return self.instrument[start.instrument].effort * self.entity[start.entity].effort

    def start_cost(self, start: Start) -> float:
        """Cost of a start, millions of US dollars."""
        return self.instrument[start.instrument].cost * self.entity[start.entity].cost

    def start_provocation(self, start: Start) -> float:
        """Provocation of a start: of the instrument times the salience of the entity."""
        return self.instrument[start.instrument].provocation * self.entity[start.entity].salience

    def start_signal(self, start: Start) -> float:
        """Credibility that a start adds: signal of the instrument times that of the entity."""
        return self.instrument[start.instrument].signal * self.entity[start.entity].signal

    def start_removal(self, start: Start, age: int) -> float:
        """Removal share of a start at an age."""
        return self.effect_profile[start.instrument, self.entity[start.entity].kind].at(age)

    def shield(self, response: str, jurisdiction: str) -> float:
        """Shield of a response for a jurisdiction; 0 outside its ``shields``."""
        row = self.response[response]
        return row.shield if jurisdiction in row.shields else 0.0

    # --- network ---------------------------------------------------------------------------

    @cached_property
    def _supply(self) -> dict[tuple[str, int], float]:
        return {(row.channel, row.stage): row.supply for row in self.supply_changes}

    def supply(self, channel: str, stage: int) -> float:
        """What a channel offers in a stage before removal; 0 for an entity that is no channel."""
        own = self.entity[channel].supply
        return 0.0 if own is None else self._supply.get((channel, stage), own)

    def capacity(self, entity: str, stage: int) -> float:
        """Capacity of an entity before removal; blank means the sum of all supplies of the stage."""
        own = self.entity[entity].capacity
        return self.total_supply(stage) if own is None else own

    def total_supply(self, stage: int) -> float:
        """Sum of all supplies of a stage."""
        return sum(self.supply(row.name, stage) for row in self.channels)

    # --- identity --------------------------------------------------------------------------

    def stage_label(self, stage: int) -> str:
        """Name of a stage for people: a quarter if ``start`` reads like 2017Q2, else its number.

        Raises
        ------
        ValueError
            If ``stage`` is negative.
        """
        if stage < 0:
            raise ValueError(f"stage {stage} is negative; stages are numbered from 0")
        year, quarter, number = self.start.partition("Q")
        if quarter and year.isdigit() and number in ("1", "2", "3", "4"):
            count = int(number) - 1 + stage
            return f"{int(year) + count // 4}Q{count % 4 + 1}"
        return f"{self.stage_unit} {stage}"

    def digest(self) -> str:
        """SHA-256 of all that the game's value depends on: names and numbers, no extra columns."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        state = hashlib.sha256()
        for part in fields(self):
            if part.name != "game_extra":
                value = getattr(self, part.name)
                state.update(f"{part.name}={_canonical(value)};".encode())
        return state.hexdigest()


def _canonical(value: object) -> str:
    """Text of a value without its ``extra`` columns; floats by their shortest exact form."""
    if isinstance(value, tuple):
        return "(" + ",".join(_canonical(item) for item in value) + ")"
    if hasattr(value, "__dataclass_fields__"):
        inner = (
            _canonical(getattr(value, part.name))
            for part in fields(value)  # type: ignore[arg-type]
            if part.name != "extra"
        )
        return "[" + ",".join(inner) + "]"
    return repr(value)


def _profiles(rows: Iterable[tuple[tuple[str, str], int, float]]) -> dict[tuple[str, str], Profile]:
    """Collect (key, age, removal) rows into one step function per key, ages ascending."""
    steps: dict[tuple[str, str], dict[int, float]] = {}
    for key, age, removal in rows:
        steps.setdefault(key, {})[age] = removal
    return {
        key: Profile(tuple(sorted(step)), tuple(step[age] for age in sorted(step)))
        for key, step in steps.items()
    }
