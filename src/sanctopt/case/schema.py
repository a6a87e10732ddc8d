"""The case-folder format as data: every table, column and key, its type, range and default.

`docs/model.md` fixes the format; this module repeats it once, so that reader, checks and writer
cannot disagree about it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sanctopt import game

Value = str | float | int | bool | None | tuple[str, ...]
"""What a cell or a key of the model can hold."""

LIMIT = 1e12
"""Largest magnitude that a number of a case may have.

A million million million dollars is ten thousand times what the world produces in a year, so a
larger number is a stand-in for infinity or a slip. HiGHS reads 1e20 and above as infinite without a
word, and adding 1e15 to cents loses the cents in double precision. "No limit" is a blank cell.
"""

STAGE_LIMIT = 1000
"""Most stages of a case.

A program of a hundred stages is out of reach already, and a thousand quarters are 250 years; more is a slip,
and reading such a case would run through every stage.
"""

PRIOR_TOLERANCE = 1e-6
"""How far the sum of the priors may be from 1: thirds are written with a finite number of digits."""

GAME_FILE = "game.toml"
NOTES = "notes"
BOUNDS = ("_low", "_high")
"""Endings of the columns and keys that give the plausible range of a number."""


class Kind(Enum):
    """What the text of a cell means."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    LIST = "list"


@dataclass(frozen=True)
class Range:
    """Numbers that are allowed from ``low`` to ``high``; ``words`` says so in a message.

    ``open_low`` excludes ``low`` itself; ``whole`` asks for an integer.
    """

    words: str
    low: float
    high: float
    open_low: bool = False
    whole: bool = False

    def holds(self, value: float) -> bool:
        """Tell whether a finite value lies within the range."""
        return (self.low < value if self.open_low else self.low <= value) and value <= self.high


FINITE = Range("a number", -LIMIT, LIMIT)
AMOUNT = Range("a number of 0 or more", 0.0, LIMIT)
SHARE = Range("a share in [0, 1]", 0.0, 1.0)
DISCOUNT = Range("a number above 0 and at most 1", 0.0, 1.0, open_low=True)
WHOLE = Range("a whole number of 0 or more", 0, LIMIT, whole=True)
STAGES = Range(f"a whole number from 1 to {STAGE_LIMIT}", 1, STAGE_LIMIT, whole=True)


@dataclass(frozen=True)
class Column:
    """One column of a table or one key of ``game.toml``.

    Parameters
    ----------
    name : str
        Header of the column, or the key.
    kind : Kind
        What its text means.
    range : Range
        Allowed numbers; read for `Kind.NUMBER` only.
    required : bool
        Whether column and value must be there; otherwise a blank means ``default``.
    default : Value
        Meaning of a blank.
    field : str
        Field of the record; the column's name if empty.
    refers : str
        Table whose first column holds the names allowed here; any name if empty.
    """

    name: str
    kind: Kind = Kind.TEXT
    range: Range = FINITE
    required: bool = False
    default: Value = None
    field: str = ""
    refers: str = ""


@dataclass(frozen=True)
class Table:
    """One CSV file: its columns, the record that a row becomes, and what makes a row unique.

    ``game_field`` is the field of `Game` that holds the rows. ``needs_rows``: a game without any
    row of this table means nothing.
    """

    name: str
    columns: tuple[Column, ...]
    record: Callable[..., Any]
    game_field: str
    key: tuple[str, ...]
    required: bool = True
    needs_rows: bool = False

    @property
    def file(self) -> str:
        """Name of the file in the folder."""
        return f"{self.name}.csv"

    @property
    def column(self) -> dict[str, Column]:
        """Columns by name."""
        return {column.name: column for column in self.columns}


def _name(name: str, refers: str = "", field: str = "") -> Column:
    return Column(name, required=True, refers=refers, field=field)


def _text(name: str, default: str = "", refers: str = "") -> Column:
    return Column(name, default=default, refers=refers)


def _must(name: str, allowed: Range) -> Column:
    return Column(name, Kind.NUMBER, allowed, required=True)


def _may(name: str, allowed: Range, default: float | None) -> Column:
    return Column(name, Kind.NUMBER, allowed, default=default)


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "entities",
            (
                _name("entity", field="name"),
                _name("kind"),
                _text("jurisdiction"),
                _may("supply", AMOUNT, None),
                _may("capacity", AMOUNT, None),
                _may("us_exposure", AMOUNT, None),
                _may("regime_profit", AMOUNT, 0.0),
                _may("exit_removal", SHARE, 1.0),
                _may("salience", AMOUNT, 0.0),
                _may("signal", AMOUNT, 0.0),
                _may("effort", AMOUNT, 1.0),
                _may("cost", AMOUNT, 1.0),
            ),
            game.Entity,
            "entities",
            ("entity",),
            needs_rows=True,
        ),
        Table(
            "links",
            (
                _name("source", refers="entities"),
                _name("sink", refers="entities"),
                _may("capacity", AMOUNT, None),
                _may("toll", SHARE, 0.0),
            ),
            game.Link,
            "links",
            ("source", "sink"),
        ),
        Table(
            "instruments",
            (
                _name("instrument", field="name"),
                _may("effort", AMOUNT, 1.0),
                _may("cost", AMOUNT, 0.0),
                _may("provocation", AMOUNT, 1.0),
                _may("signal", AMOUNT, 1.0),
                _text("requires", refers="instruments"),
                _may("requires_age", WHOLE, 0),
            ),
            game.Instrument,
            "instruments",
            ("instrument",),
        ),
        Table(
            "effects",
            (
                _name("instrument", refers="instruments"),
                _name("kind"),
                _must("age", WHOLE),
                _must("removal", SHARE),
            ),
            game.Effect,
            "effects",
            ("instrument", "kind", "age"),
        ),
        Table(
            "responses",
            (
                _name("response", field="name"),
                Column("hostile", Kind.FLAG, default=False),
                _may("shield", AMOUNT, 0.0),
                Column("shields", Kind.LIST, default=()),
            ),
            game.Response,
            "responses",
            ("response",),
            needs_rows=True,
        ),
        Table(
            "enforcement",
            (
                _name("response", refers="responses"),
                _name("jurisdiction"),
                _must("age", WHOLE),
                _must("removal", SHARE),
            ),
            game.Enforcement,
            "enforcement",
            ("response", "jurisdiction", "age"),
            required=False,
        ),
        Table(
            "harms",
            (
                _name("response", refers="responses"),
                _name("party", refers="parties"),
                _must("harm", AMOUNT),
            ),
            game.Harm,
            "harms",
            ("response", "party"),
            required=False,
        ),
        Table(
            "parties",
            (_name("party", field="name"), _text("kind", "ally"), _may("weight", AMOUNT, 1.0)),
            game.Party,
            "parties",
            ("party",),
            required=False,
        ),
        Table(
            "mitigations",
            (
                _name("mitigation", field="name"),
                _name("party", refers="parties"),
                _text("response", refers="responses"),
                _must("reduction", SHARE),
                _must("cost", AMOUNT),
                _may("lead", WHOLE, 0),
            ),
            game.Mitigation,
            "mitigations",
            ("mitigation", "party", "response"),
            required=False,
        ),
        Table(
            "engagements",
            (_name("engagement", field="name"), _must("effect", AMOUNT), _must("cost", AMOUNT)),
            game.Engagement,
            "engagements",
            ("engagement",),
            required=False,
        ),
        Table(
            "types",
            (_name("type", field="name"), _must("prior", SHARE), _may("reservation", SHARE, None)),
            game.PatronType,
            "patron_types",
            ("type",),
            needs_rows=True,
        ),
        Table(
            "utilities",
            (
                _name("type", refers="types"),
                _name("response", refers="responses"),
                _must("base", FINITE),
                _must("provocation", FINITE),
                _may("engagement", FINITE, 0.0),
                _may("mitigation", FINITE, 0.0),
                _may("threat", FINITE, 0.0),
            ),
            game.Utility,
            "utilities",
            ("type", "response"),
            needs_rows=True,
        ),
        Table(
            "perception",
            (_name("type", refers="types"), _must("stage", WHOLE), _must("offset", FINITE)),
            game.Perception,
            "perception",
            ("type", "stage"),
            required=False,
        ),
        Table(
            "supply",
            (_name("channel", refers="entities"), _must("stage", WHOLE), _must("supply", AMOUNT)),
            game.SupplyChange,
            "supply_changes",
            ("channel", "stage"),
            required=False,
        ),
    )
}
"""Tables by name, in the order of `docs/model.md`."""

SETTINGS: dict[str, tuple[Column, ...]] = {
    "": (
        _name("name"),
        _must("stages", STAGES),
        _text("stage_unit", "stage"),
        _text("start"),
        _may("discount", DISCOUNT, 1.0),
        _must("effort_per_stage", AMOUNT),
        Column("standing_threats", Kind.FLAG, default=False),
    ),
    "credibility": (_must("initial", AMOUNT), _must("decay", SHARE), _must("max", AMOUNT)),
    "provocation": (_must("carryover", SHARE),),
    "engagement": (_must("retention", SHARE),),
    "mitigation": (_must("max_cover", SHARE),),
    "off_ramp": (_must("offer_cost", AMOUNT), _must("concession_value", AMOUNT)),
    "weights": (
        _must("revenue", AMOUNT),
        _must("harm", AMOUNT),
        _must("cost", AMOUNT),
        _must("credibility", AMOUNT),
    ),
}
"""Keys of ``game.toml`` by table; the top level is ""."""

OPTIONAL_SETTINGS = frozenset({"off_ramp"})
"""Tables of ``game.toml`` that may be absent as a whole."""

FILE_ORDER: dict[str, int] = {
    file: place for place, file in enumerate([GAME_FILE, *(table.file for table in TABLES.values())])
}
"""Order in which problems are reported."""


def setting_name(table: str, key: str) -> str:
    """Name of a key of ``game.toml`` in a message: ``weights.harm``, or ``stages`` at the top level."""
    return f"{table}.{key}" if table else key


def bounded_name(name: str) -> str:
    """Name that ``name`` gives a plausible bound of: ``supply`` for ``supply_low``; "" if none."""
    for ending in BOUNDS:
        if name.endswith(ending):
            return name.removesuffix(ending)
    return ""
