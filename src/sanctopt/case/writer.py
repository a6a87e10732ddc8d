"""Writing a game as a case folder, so that reading it back gives the same game."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sanctopt.case.reader import folder_files, misspelt_files, read_files
from sanctopt.case.schema import FILE_ORDER, GAME_FILE, NOTES, SETTINGS, TABLES, Column, Kind, Table
from sanctopt.case.toml import toml_key, toml_text
from sanctopt.errors import CaseError, Problem
from sanctopt.game import Game


def write_case(game: Game, path: str | Path) -> Path:
    """Write a game as a case folder.

    ``read_case(write_case(game, path)) == game``: extra columns, ``[notes]`` and plausible ranges
    are kept and floats are written by ``repr``. The same game always gives the same bytes. This is
    checked before anything is written.

    The folder becomes the game: files of a case that was there before are replaced, and its tables
    of which this game has no rows are removed. Other files are left alone.

    Parameters
    ----------
    game : Game
        Game to write. Where only some rows of a table have an extra column, the others get it
        blank.
    path : str or pathlib.Path
        Folder; it is made, with its parents, if it is not there.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    CaseError
        If the game is not valid, or could not be read back equal (e.g. a name with outer blanks),
        if ``path`` is a file, or if a file in the folder looks like a misspelt table, so that
        the folder could not be read. Nothing is written then.
    OSError
        If the system refuses to write.

    Examples
    --------
    >>> import tempfile
    >>> from sanctopt.case import load_case, read_case, write_case
    >>> game = load_case("dprk_2017")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_case(write_case(game, folder)) == game
    True
    """
    folder = Path(path)
    files = case_files(game)
    _refuse_folder(folder, files)
    folder.mkdir(parents=True, exist_ok=True)
    for file in FILE_ORDER:
        if file in files:
            (folder / file).write_bytes(files[file])
        else:
            (folder / file).unlink(missing_ok=True)
    return folder


def case_files(game: Game) -> dict[str, bytes]:
    """Content of each file of the game's folder, by name.

    Raises
    ------
    CaseError
        If reading the files would not give the game back.
    """
    problems = tuple(_doubled_extras(game))
    if problems:
        raise CaseError(f"game {game.name!r}", problems)
    padded = _canonical(game)
    texts = {GAME_FILE: _game_text(padded)}
    for table in TABLES.values():
        records = getattr(padded, table.game_field)
        if records or table.required:
            texts[table.file] = _table_text(table, records)
    files = {file: text.encode(errors="surrogatepass") for file, text in texts.items()}
    again = read_files(files).game_or_raise(f"game {game.name!r}")
    if again != padded:
        raise CaseError(f"game {game.name!r}", tuple(_differences(padded, again)))
    return files


def _refuse_folder(folder: Path, files: dict[str, bytes]) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        message = "is a file; give the folder that shall hold the case"
        raise CaseError(str(folder), (Problem(str(folder), None, None, "", message),))
    there = {file: b"" for file in folder_files(folder, []) if file not in FILE_ORDER}
    problems = tuple(
        Problem(written, None, None, "", f"would be taken for a misspelt {file}; move it away first")
        for file, written in misspelt_files({**there, **files}).items()
    )
    if problems:
        raise CaseError(str(folder), problems)


def _canonical(game: Game) -> Game:
    """The game as a folder holds it: one set of extra columns per table, settings in file order."""
    tables: dict[str, Any] = {}
    for table in TABLES.values():
        records = getattr(game, table.game_field)
        names = _extra_columns(records)
        tables[table.game_field] = tuple(
            replace(record, extra=tuple((name, dict(record.extra).get(name, "")) for name in names))
            for record in records
        )
    order = [*SETTINGS, NOTES]
    rank = {table: place for place, table in enumerate(order)}
    extra = sorted(game.game_extra, key=lambda item: rank.get(item[0], len(order)))
    return replace(game, **tables, game_extra=tuple(extra))


def _doubled_extras(game: Game) -> Iterator[Problem]:
    for table in TABLES.values():
        for number, record in enumerate(getattr(game, table.game_field), start=2):
            names = [name for name, _ in record.extra]
            for name in dict.fromkeys(names):
                if names.count(name) > 1:
                    yield Problem(table.file, number, name, name, "is an extra column twice; keep one")


def _extra_columns(records: Sequence[Any]) -> list[str]:
    """Names of the extra columns of a table, in the order in which its rows first show them."""
    return list(dict.fromkeys(name for record in records for name, _ in record.extra))


def _table_text(table: Table, records: Sequence[Any]) -> str:
    extra = _extra_columns(records)
    lines = [[*(column.name for column in table.columns), *extra]]
    for record in records:
        cells = [_cell(column, getattr(record, column.field or column.name)) for column in table.columns]
        lines.append([*cells, *(text for _, text in record.extra)])
    return "".join(",".join(map(_quoted, line)) + "\n" for line in lines)


def _quoted(cell: str) -> str:
    # csv.writer leaves a lone "\r" without quotes, and reading it back would break the row there.
    if any(sign in cell for sign in ',"\r\n'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def _cell(column: Column, value: Any) -> str:
    if value is None:
        return ""
    if column.kind is Kind.LIST:
        return ";".join(value)
    if column.kind is Kind.FLAG:
        return "true" if value else "false"
    if column.kind is Kind.NUMBER:
        # float() first: 5 and 5.0 are the same game and must be the same bytes.
        return repr(int(value) if column.range.whole else float(value))
    return str(value)


def _setting(column: Column, value: Any) -> str:
    return toml_text(value) if column.kind is Kind.TEXT else _cell(column, value)


def _game_text(game: Game) -> str:
    """Text of ``game.toml``: every key of the model, then what is kept beside it."""
    values: dict[str, dict[str, Any]] = {
        "": {
            "name": game.name,
            "stages": game.stages,
            "stage_unit": game.stage_unit,
            "start": game.start or None,
            "discount": game.discount,
            "effort_per_stage": game.effort_per_stage,
            "standing_threats": game.standing_threats,
        },
        "credibility": vars(game.credibility),
        "provocation": {"carryover": game.carryover},
        "engagement": {"retention": game.retention},
        "mitigation": {"max_cover": game.max_cover},
        "off_ramp": {} if game.off_ramp is None else vars(game.off_ramp),
        "weights": vars(game.weights),
        NOTES: {},
    }
    sections = []
    for table, content in values.items():
        lines = [
            f"{column.name} = {_setting(column, content[column.name])}"
            for column in SETTINGS.get(table, ())
            if content.get(column.name) is not None
        ]
        lines += [f"{toml_key(key)} = {text}" for inside, key, text in game.game_extra if inside == table]
        if lines:
            sections.append("\n".join([f"[{table}]", *lines] if table else lines))
    return "\n\n".join(sections) + "\n"


def _differences(game: Game, again: Game) -> list[Problem]:
    """What reading back would change; each row whose text cannot be kept."""
    advice = "cannot be written exactly: names have no outer blanks, numbers are int, float or bool"
    problems = []
    for table in TABLES.values():
        left, right = getattr(game, table.game_field), getattr(again, table.game_field)
        for number, (one, other) in enumerate(zip(left, right, strict=False), start=2):
            if one != other:
                problems.append(Problem(table.file, number, None, str(one), advice))
        if len(left) != len(right):
            problems.append(Problem(table.file, None, None, "", "has a blank row; take it out"))
    return problems or [Problem(GAME_FILE, None, None, "", advice)]
