"""From the content of ``game.toml`` to checked values."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sanctopt.case.cells import check_number, check_printable, suggestion
from sanctopt.case.schema import (
    FINITE,
    GAME_FILE,
    NOTES,
    OPTIONAL_SETTINGS,
    SETTINGS,
    Column,
    Kind,
    Value,
    bounded_name,
    setting_name,
)
from sanctopt.case.tables import bound_defects
from sanctopt.case.toml import key_lines, toml_text
from sanctopt.errors import Problem

_TABLES = tuple(table for table in SETTINGS if table)


@dataclass
class Settings:
    """Checked content of ``game.toml``.

    ``values`` holds what could be read, by (table or "", key); ``extra`` is `Game.game_extra`;
    ``tables`` names the tables that are there.
    """

    values: dict[tuple[str, str], Value] = field(default_factory=dict)
    extra: list[tuple[str, str, str]] = field(default_factory=list)
    tables: set[str] = field(default_factory=set)
    lines: dict[tuple[str, str], int] = field(default_factory=dict)

    def problem(self, table: str, key: str, found: object, message: str) -> Problem:
        """Problem of one key of the file."""
        text = "" if found is None else str(found)
        line = self.lines.get((table, key))
        return Problem(GAME_FILE, line, setting_name(table, key), text, message)


def parse_settings(text: str, problems: list[Problem]) -> Settings | None:
    """Read the text of ``game.toml``; None and a problem if it is no TOML at all."""
    if not text.strip():
        problems.append(Problem(GAME_FILE, None, None, "", "is empty; it must hold name, stages, ..."))
        return None
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = re.search(r"at line (\d+)", str(error))
        row = int(line[1]) if line else None
        problems.append(Problem(GAME_FILE, row, None, "", f"is no valid TOML: {error}"))
        return None
    return check_settings(content, problems, lines=key_lines(text))


def check_settings(
    content: Mapping[str, object],
    problems: list[Problem],
    *,
    lines: Mapping[tuple[str, str], int] | None = None,
) -> Settings:
    """Check the content of ``game.toml`` as a dictionary; ``lines`` tells where its keys stand."""
    settings = Settings(lines=dict(lines or {}))
    top = {key: value for key, value in content.items() if key not in (*_TABLES, NOTES)}
    problems.extend(_check_table(settings, "", top))
    for table in _TABLES:
        inner = content.get(table)
        if inner is None:
            if table not in OPTIONAL_SETTINGS:
                keys = ", ".join(column.name for column in SETTINGS[table])
                message = f"table [{table}] is missing; it must hold {keys}"
                problems.append(Problem(GAME_FILE, None, table, "", message))
        elif isinstance(inner, Mapping):
            settings.tables.add(table)
            problems.extend(_check_table(settings, table, inner))
        else:
            problems.append(settings.problem("", table, inner, f"must be a table [{table}]"))
    notes = content.get(NOTES, {})
    if isinstance(notes, Mapping):
        for key, value in notes.items():
            problems.extend(_keep(settings, NOTES, str(key), value))
    else:
        problems.append(settings.problem("", NOTES, notes, f"must be a table [{NOTES}]"))
    return settings


def _check_table(settings: Settings, table: str, content: Mapping[str, object]) -> Iterable[Problem]:
    columns = {column.name: column for column in SETTINGS[table]}
    for name, column in columns.items():
        value = _plain(content.get(name))
        if value is None and column.required:
            yield Problem(GAME_FILE, None, setting_name(table, name), "", _missing(table, column))
            continue
        try:
            settings.values[table, name] = column.default if value is None else _read(column, value)
        except ValueError as error:
            yield settings.problem(table, name, value, str(error))
    bounds: dict[str, float] = {}
    for key, given in content.items():
        if key in columns:
            continue
        base = columns.get(bounded_name(str(key)))
        if base is None:
            yield _unknown_key(settings, table, str(key), given)
            continue
        value = _plain(given)
        yield from _keep(settings, table, key, value)
        if base.kind is Kind.NUMBER:
            try:
                number = _number(value)
                check_number(number, FINITE)
                bounds[key] = number
            except ValueError as error:
                yield settings.problem(table, key, value, str(error))
    for name in columns:
        own = settings.values.get((table, name))
        number_or_none = own if isinstance(own, int | float) else None
        low, high = bounds.get(name + "_low"), bounds.get(name + "_high")
        for key, message in bound_defects(name, number_or_none, low, high):
            yield settings.problem(table, key, bounds[key], message)


def _unknown_key(settings: Settings, table: str, key: str, value: object) -> Problem:
    here = [column.name for column in SETTINGS[table]]
    if table:
        where = f"[{table}]"
    else:
        where = f"the top level of {GAME_FILE}"
        here += [*_TABLES, NOTES]
    message = f"is no key of {where}{suggestion(key, here)} (remarks belong in the table [{NOTES}])"
    if isinstance(value, Mapping) and not table:
        return Problem(GAME_FILE, settings.lines.get((key, "")), key, "", message)
    return settings.problem(table, key, value, message)


def _missing(table: str, column: Column) -> str:
    what = column.range.words if column.kind is Kind.NUMBER else "text"
    where = f" in [{table}]" if table else ""
    return f"is missing; write {column.name} = <{what}>{where}"


def _keep(settings: Settings, table: str, key: str, value: object) -> Iterable[Problem]:
    """Keep what the model does not read, as TOML text."""
    try:
        settings.extra.append((table, key, toml_text(value)))
    except TypeError as error:
        yield settings.problem(table, key, value, f"cannot be kept: {error}")


def _plain(value: object) -> object:
    """A Python value for a numpy scalar."""
    item = getattr(value, "item", None)
    return item() if callable(item) else value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number, without quotes")
    return value


def _read(column: Column, value: object) -> Value:
    if column.kind is Kind.NUMBER:
        return check_number(_number(value), column.range)
    if column.kind is Kind.FLAG:
        if not isinstance(value, bool):
            raise ValueError("must be true or false, without quotes")
        return value
    if not isinstance(value, str):
        raise ValueError('must be text in quotes, e.g. "2017Q2"')
    text = value.strip()
    if not text and (column.required or column.default):
        raise ValueError("is blank; write some text")
    check_printable(text)
    return text
