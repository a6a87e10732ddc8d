"""Every number of a case by its path, e.g. ``weights.harm`` or ``utilities.hawk.coerce.base``.

A path follows the case folder (``docs/model.md``):

- ``key`` or ``table.key`` of ``game.toml``: ``discount``, ``credibility.initial``;
- ``table.row.column`` of a CSV file, where the row is named by what makes it unique, its parts joined by
  dots: ``entities.bank.us_exposure``, ``links.coal.bank.toll``, ``effects.designate.bank.0.removal``,
  ``supply.coal.3.supply``. A blank part stays blank: ``mitigations.insurance.ally..reduction`` is the row
  for all responses.

Names may hold dots themselves: a path is compared as a whole, never cut at its dots.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from sanctopt.case.cells import check_number, parse_number
from sanctopt.case.schema import BOUNDS, FINITE, SETTINGS, TABLES, Column, Kind, Table, setting_name
from sanctopt.errors import OptionError
from sanctopt.game import Extra, Game

_FIELD = {
    ("provocation", "carryover"): "carryover",
    ("engagement", "retention"): "retention",
    ("mitigation", "max_cover"): "max_cover",
}
"""Keys of ``game.toml`` that stand in the game itself; other tables are records of their own."""


@dataclass(frozen=True)
class Address:
    """Where a number of a case stands.

    Attributes
    ----------
    path : str
        As the module docstring says.
    table : str
        Name of a table of ``game.toml`` ("" at its top level) or of a CSV file.
    row : int
        Place of the row in its CSV file, from 0; -1 for a key of ``game.toml``.
    column : Column
        Column or key, with its range.
    """

    path: str
    table: str
    row: int
    column: Column

    def read(self, game: Game) -> float | None:
        """The number; None where it is blank."""
        value: float | None
        if self.row >= 0:
            value = getattr(_rows(game, self.table)[self.row], self.column.field or self.column.name)
        elif (field := self._field()) is not None:
            value = getattr(game, field)
        else:
            value = getattr(getattr(game, self.table), self.column.name)
        return value

    def write(self, game: Game, value: float) -> Game:
        """The game with another number here; nothing is checked."""
        if self.row >= 0:
            table = TABLES[self.table]
            rows = list(_rows(game, self.table))
            changes: dict[str, Any] = {self.column.field or self.column.name: value}
            rows[self.row] = replace(rows[self.row], **changes)
            changes = {table.game_field: tuple(rows)}
        elif (field := self._field()) is not None:
            changes = {field: value}
        else:
            changes = {self.table: replace(getattr(game, self.table), **{self.column.name: value})}
        return replace(game, **changes)

    def bounds(self, game: Game) -> tuple[float | None, float | None]:
        """Plausible range that the case states (``x_low``, ``x_high``); None where it states none."""
        given: dict[str, str]
        if self.row >= 0:
            given = dict(_rows(game, self.table)[self.row].extra)
        else:
            given = {key: text for table, key, text in game.game_extra if table == self.table}
        low, high = (given.get(self.column.name + ending, "") for ending in BOUNDS)
        return self._number(low), self._number(high)

    def without_bounds(self, game: Game) -> Game:
        """The game without the plausible range of this number."""
        mine = {self.column.name + ending for ending in BOUNDS}
        if self.row < 0:
            kept = tuple(item for item in game.game_extra if item[0] != self.table or item[1] not in mine)
            return replace(game, game_extra=kept)
        rows = list(_rows(game, self.table))
        extra: Extra = tuple((name, "" if name in mine else text) for name, text in rows[self.row].extra)
        rows[self.row] = replace(rows[self.row], extra=extra)
        changes: dict[str, Any] = {TABLES[self.table].game_field: tuple(rows)}
        return replace(game, **changes)

    def checked(self, value: float) -> float:
        """The value, if it may stand here; a whole number becomes an int.

        Raises
        ------
        OptionError
            If it is no number, not finite, huge or out of range.
        """
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise OptionError(f"{self.path} = {value!r}: must be a number")
        try:
            return check_number(value, self.column.range)
        except ValueError as error:
            raise OptionError(f"{self.path} = {value!r}: {error}") from error

    def _field(self) -> str | None:
        """Field of the game itself; None if the table is a record of its own."""
        return _FIELD.get((self.table, self.column.name)) if self.table else self.column.name

    def _number(self, text: str) -> float | None:
        if not text:
            return None
        # CSV text and TOML text write numbers alike, but for what only TOML knows, e.g. 1_000.
        return parse_number(text, FINITE) if self.row >= 0 else float(tomllib.loads(f"x = {text}")["x"])


def addresses(game: Game) -> Iterator[Address]:
    """Every number of a case, blank ones too, in the order of files, rows and columns."""
    for table, columns in SETTINGS.items():
        if table != "off_ramp" or game.off_ramp is not None:
            for column in columns:
                if column.kind is Kind.NUMBER:
                    yield Address(setting_name(table, column.name), table, -1, column)
    for table in TABLES:
        yield from _of_table(game, TABLES[table])


def find(game: Game, paths: Iterable[str]) -> tuple[Address, ...]:
    """The numbers at some paths.

    Raises
    ------
    OptionError
        If there is none at a path, or if names with dots make it mean several.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> game = load_case("teaching")
    >>> found = find(game, ["utilities.proud.retaliate.base", "types.proud.reservation"])
    >>> [item.read(game) for item in found]
    [-1.13, None]
    """
    known: dict[str, list[Address]] = {}
    for item in addresses(game):
        known.setdefault(item.path, []).append(item)
    found = []
    for path in paths:
        meant = known.get(path, [])
        if len(meant) > 1:
            raise OptionError(
                f"{path!r} names {len(meant)} numbers of the case; rename what has a dot in its name"
            )
        if not meant:
            raise OptionError(f"{path!r} is no number of game {game.name!r}; {_hint(game, path, known)}")
        found.append(meant[0])
    return tuple(found)


def without_broken_ranges(game: Game) -> Game:
    """The game without plausible ranges that do not enclose their number any more."""
    for item in tuple(addresses(game)):
        low, high = item.bounds(game)
        value = item.read(game)
        if value is not None and ((low is not None and low > value) or (high is not None and high < value)):
            game = item.without_bounds(game)
    return game


def without_extra(game: Game) -> Game:
    """The game without what the model does not read: it plays the same, and is checked faster."""
    tables: dict[str, Any] = {
        part.name: tuple(replace(row, extra=()) for row in rows)
        for part in fields(game)
        if isinstance(rows := getattr(game, part.name), tuple) and rows and is_dataclass(rows[0])
    }
    return replace(game, **tables, game_extra=())


def _hint(game: Game, path: str, known: Iterable[str]) -> str:
    if path.startswith("off_ramp.") and game.off_ramp is None:
        return "the game has no off-ramp"
    close = difflib.get_close_matches(path, list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else "paths look like 'weights.harm'"


def _rows(game: Game, table: str) -> tuple[Any, ...]:
    rows: tuple[Any, ...] = getattr(game, TABLES[table].game_field)
    return rows


def _of_table(game: Game, table: Table) -> Iterator[Address]:
    numbers = [c for c in table.columns if c.kind is Kind.NUMBER and c.name not in table.key]
    keys = [table.column[name].field or name for name in table.key]
    for place, row in enumerate(_rows(game, table.name)):
        name = ".".join([table.name, *(str(getattr(row, key)) for key in keys)])
        for column in numbers:
            yield Address(f"{name}.{column.name}", table.name, place, column)
