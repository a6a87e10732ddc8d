"""From a CSV file or a data frame to checked rows; every defect of every cell becomes a problem."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

from sanctopt.case.cells import misspelling_of, parse_cell, parse_number
from sanctopt.case.schema import FINITE, Column, Kind, Table, Value, bounded_name
from sanctopt.errors import Problem
from sanctopt.game import Extra


@dataclass(frozen=True)
class RawTable:
    """Text of a table: header, and for each row its line and its cells, stripped of outer blanks."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


@dataclass
class Row:
    """One row: the values that could be read, by column; ``sound`` if all of them could."""

    line: int
    values: dict[str, Value] = field(default_factory=dict)
    extra: Extra = ()
    sound: bool = True

    def name(self, column: str) -> str:
        """Text of a name column; "" if it could not be read."""
        return str(self.values.get(column, ""))

    def number(self, column: str) -> float | None:
        """Number of a column; None if it is blank or could not be read."""
        value = self.values.get(column)
        return value if isinstance(value, int | float) else None


@dataclass
class Rows:
    """The rows of a table, and which of its columns stand in the header."""

    table: Table
    rows: list[Row]
    columns: frozenset[str]


def decode(data: bytes, file: str, problems: list[Problem]) -> str | None:
    """Text of a UTF-8 file (a byte-order mark is dropped); None and a problem if it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        found = f"byte 0x{data[error.start]:02x}"
        problems.append(Problem(file, line, None, found, "is not UTF-8; save the file as UTF-8 text"))
        return None


def from_text(text: str, file: str, problems: list[Problem]) -> RawTable | None:
    """Header and rows of CSV text; blank lines are skipped.

    Returns None, and appends a problem, if the text is empty or its quotes are broken.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: list[tuple[int, tuple[str, ...]]] = []
    start = 1
    try:
        for cells in reader:
            stripped = tuple(cell.strip() for cell in cells)
            if any(stripped):
                lines.append((start, stripped))
            start = reader.line_num + 1  # a quoted cell may span lines: a row is where it begins
    except csv.Error as error:
        problems.append(Problem(file, start, None, "", f"is no valid CSV ({error}); check its quotes"))
        return None
    if not lines:
        problems.append(Problem(file, None, None, "", "is empty; its first line must name the columns"))
        return None
    return RawTable(lines[0][1], tuple(lines[1:]))


def from_frame(frame: pd.DataFrame) -> RawTable:
    """Header and rows of a data frame, as the CSV file that it would be written as.

    NaN, None and NA are blank; floats are written by ``repr``, so that no digit is lost.
    """
    rows = []
    for position, cells in enumerate(frame.itertuples(index=False, name=None)):
        texts = tuple(_cell_text(cell) for cell in cells)
        if any(texts):
            rows.append((position + 2, texts))
    return RawTable(tuple(str(name).strip() for name in frame.columns), tuple(rows))


def _cell_text(cell: object) -> str:
    if isinstance(cell, str):
        return cell.strip()
    if hasattr(cell, "item") and callable(cell.item):
        cell = cell.item()  # a numpy scalar
    if cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return repr(cell) if isinstance(cell, float) else str(cell).strip()


def parse_table(table: Table, raw: RawTable, problems: list[Problem]) -> Rows:
    """Read every row of a table; what cannot be read is left out of the row and reported."""
    place = _check_header(table, raw, problems)
    known = table.column
    extra = [(name, position) for name, position in place.items() if name not in known]
    rows = []
    width = len(raw.header)
    for line, given in raw.rows:
        row = Row(line)
        rows.append(row)
        aligned = len(given) == width
        cells = (*given, *[""] * (width - len(given)))
        if not aligned:
            row.sound = False
            message = f"has {len(given)} cells where the header has {width}; count its commas"
            problems.append(Problem(table.file, line, None, "", message))
        for column in table.columns:
            if column.name not in place:
                if not column.required:
                    row.values[column.name] = column.default
                else:
                    row.sound = False
            # A row of the wrong length may be shifted: only its names are kept, so that they are known.
            elif aligned or column.kind is Kind.TEXT:
                _read(table, column, row, cells[place[column.name]], problems if aligned else [])
        row.extra = tuple((name, cells[position]) for name, position in extra)
        if aligned:
            problems.extend(_check_bounds(table, row))
    return Rows(table, rows, frozenset(name for name in known if name in place))


def _read(table: Table, column: Column, row: Row, text: str, problems: list[Problem]) -> None:
    try:
        row.values[column.name] = parse_cell(column, text)
    except ValueError as error:
        row.sound = False
        problems.append(Problem(table.file, row.line, column.name, text, str(error)))


def _check_header(table: Table, raw: RawTable, problems: list[Problem]) -> dict[str, int]:
    """Position of each named column; reports what is missing, doubled, nameless or misspelt."""
    place: dict[str, int] = {}
    for position, name in enumerate(raw.header):
        if not name:
            if any(len(cells) > position and cells[position] for _, cells in raw.rows):
                message = f"column {position + 1} has no name; name it, or delete it"
                problems.append(Problem(table.file, 1, None, "", message))
        elif name in place:
            problems.append(Problem(table.file, 1, name, name, "stands twice in the header; keep one"))
        else:
            place[name] = position
    absent = [column.name for column in table.columns if column.name not in place]
    meant = _misspelt(absent, (name for name in place if name not in table.column))
    for column in table.columns:
        if column.name not in absent:
            continue
        written = meant.get(column.name)
        if written is not None:
            message = f"is no column of {table.file}; did you mean {column.name!r}?"
            problems.append(Problem(table.file, 1, written, written, message))
        elif column.required:
            problems.append(Problem(table.file, 1, column.name, "", _missing(table, raw)))
    return place


def _missing(table: Table, raw: RawTable) -> str:
    needed = ", ".join(column.name for column in table.columns if column.required)
    message = f"column is missing; {table.file} needs {needed}"
    if len(raw.header) == 1 and (";" in raw.header[0] or "\t" in raw.header[0]):
        message += "; separate cells by commas"
    return message


def _misspelt(absent: list[str], extra: Iterable[str]) -> dict[str, str]:
    """What each absent column was probably written as."""
    meant: dict[str, str] = {}
    for name in extra:
        known = misspelling_of(name, [item for item in absent if item not in meant])
        if known:
            meant[known] = name
    return meant


def _check_bounds(table: Table, row: Row) -> Iterable[Problem]:
    """Problems of the plausible ranges ``x_low`` and ``x_high`` that a row carries."""
    numbers: dict[str, float] = {}
    known = table.column
    for name, text in row.extra:
        base = known.get(bounded_name(name))
        if base is None or base.kind is not Kind.NUMBER or not text:
            continue
        try:
            numbers[name] = parse_number(text, FINITE)
        except ValueError as error:
            yield Problem(table.file, row.line, name, text, str(error))
    for name in known:
        low, high = numbers.get(name + "_low"), numbers.get(name + "_high")
        for column, message in bound_defects(name, row.number(name), low, high):
            found = dict(row.extra)[column]
            yield Problem(table.file, row.line, column, found, message)


def bound_defects(
    name: str, value: float | None, low: float | None, high: float | None
) -> Iterable[tuple[str, str]]:
    """Column or key, and message, of each bound that does not enclose a value (None: not given)."""
    if value is None:
        if low is not None and high is not None and low > high:
            yield name + "_low", f"must be at most {name}_high, which is {high!r}"
        return
    if low is not None and low > value:
        yield name + "_low", f"must be at most {name}, which is {value!r}"
    if high is not None and high < value:
        yield name + "_high", f"must be at least {name}, which is {value!r}"
