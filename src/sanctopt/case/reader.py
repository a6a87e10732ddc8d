"""Reading a case: from a folder or from data frames to a validated `Game`."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

import pandas as pd

from sanctopt.case.build import build_game
from sanctopt.case.cells import misspelling_of, suggestion
from sanctopt.case.notes import notes_on
from sanctopt.case.schema import FILE_ORDER, GAME_FILE, TABLES
from sanctopt.case.settings import Settings, check_settings, parse_settings
from sanctopt.case.tables import Rows, decode, from_frame, from_text, parse_table
from sanctopt.case.validate import Case, cross_check
from sanctopt.errors import CaseError, CaseWarning, Problem
from sanctopt.game import Game


@dataclass(frozen=True)
class Reading:
    """What reading a case gave: the game (None if there is any problem), the problems, else the notes."""

    game: Game | None
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...] = ()

    def game_or_raise(self, source: str) -> Game:
        """Return the game, or raise a `CaseError` with all problems."""
        if self.game is None or self.problems:
            raise CaseError(source, self.problems)
        return self.game

    def game_or_warn(self, source: str) -> Game:
        """Return the game and warn of its notes, in the name of the caller's caller; or raise."""
        game = self.game_or_raise(source)
        if self.notes:
            warnings.warn(CaseWarning(source, self.notes), stacklevel=3)
        return game


def read_case(path: str | Path) -> Game:
    """Read and validate a case folder.

    Cells are stripped of surrounding white space; blank lines, and lines of blank cells only, are
    skipped. Files are UTF-8, with or without a byte-order mark.

    Parameters
    ----------
    path : str or pathlib.Path
        Folder that holds ``game.toml`` and the tables (`docs/model.md`).

    Returns
    -------
    Game

    Raises
    ------
    CaseError
        If anything is wrong with the folder; its ``problems`` list every defect.

    Warns
    -----
    CaseWarning
        Once, if the folder is valid but holds what is hardly meant; its ``notes`` list it.

    Examples
    --------
    >>> from sanctopt.case import load_case, read_case, write_case
    >>> game = load_case("dprk_2017")
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_case(write_case(game, folder)) == game
    True
    """
    return read_folder(Path(path)).game_or_warn(str(path))


def check_case(path: str | Path) -> tuple[Problem, ...]:
    """Every problem of a case folder, in the order of its files and rows; empty if it is valid.

    Parameters
    ----------
    path : str or pathlib.Path
        Folder to check.

    Examples
    --------
    >>> from sanctopt.case import check_case
    >>> [problem.message for problem in check_case("nowhere/at/all")]
    ['there is no such folder']
    """
    return read_folder(Path(path)).problems


def game_from_tables(settings: Mapping[str, object], tables: Mapping[str, pd.DataFrame]) -> Game:
    """Build and validate a game from data frames, with the same checks as `read_case`.

    Parameters
    ----------
    settings : mapping
        Content of ``game.toml``: keys of the top level, and one dictionary per table.
    tables : mapping of str to pandas.DataFrame
        Data frames by table name (``"entities"``, ``"links"``, ...), columns as in the CSV files.
        NaN, None, NA and "" are blank. The index is ignored.

    Returns
    -------
    Game

    Raises
    ------
    CaseError
        If anything is wrong. Rows are numbered as in the CSV file that the frame would be written
        as: the first row of a frame is row 2.

    Warns
    -----
    CaseWarning
        As `read_case`.

    Examples
    --------
    >>> import pandas as pd
    >>> from sanctopt.case import game_from_tables
    >>> from sanctopt.errors import CaseError
    >>> try:
    ...     game_from_tables({}, {"entities": pd.DataFrame({"entity": ["b"], "kind": [None]})})
    ... except CaseError as error:
    ...     print(next(problem for problem in error.problems if problem.column == "kind"))
    entities.csv, row 2, column kind: is blank; write a name
    """
    problems: list[Problem] = []
    rows: dict[str, Rows] = {}
    checked = check_settings(settings, problems)
    given: Mapping[str, object] = tables  # a caller may pass what is no frame
    for name, frame in given.items():
        table = TABLES.get(name)
        if table is None:
            message = f"is no table of a case{suggestion(str(name), TABLES)}"
            problems.append(Problem(str(name), None, None, "", message))
        elif not isinstance(frame, pd.DataFrame):
            message = f"is a {type(frame).__name__}; pass a pandas DataFrame"
            problems.append(Problem(table.file, None, None, "", message))
        else:
            rows[name] = parse_table(table, from_frame(frame), problems)
    for name, table in TABLES.items():
        if table.required and name not in tables:
            message = f"data frame {name!r} is missing; every case needs it"
            problems.append(Problem(table.file, None, None, "", message))
    return _finish(checked, rows, problems).game_or_warn("tables")


def read_files(files: Mapping[str, bytes]) -> Reading:
    """Game of a folder's files, or the problems that it has, in the order of files and rows.

    Parameters
    ----------
    files : mapping of str to bytes
        Content by file name. Files that belong to no case are ignored, unless their name is a
        misspelling of a table that is absent.
    """
    problems: list[Problem] = []
    meant = misspelt_files(files)
    for file, written in meant.items():
        message = f"is no file of a case; did you mean {file!r}?"
        problems.append(Problem(written, None, None, "", message))
    settings: Settings | None = None
    if GAME_FILE in files:
        text = decode(files[GAME_FILE], GAME_FILE, problems)
        settings = None if text is None else parse_settings(text, problems)
    elif GAME_FILE not in meant:
        problems.append(Problem(GAME_FILE, None, None, "", "file is missing; every case needs it"))
    rows: dict[str, Rows] = {}
    for name, table in TABLES.items():
        if table.file in files:
            text = decode(files[table.file], table.file, problems)
            raw = None if text is None else from_text(text, table.file, problems)
            if raw is not None:
                rows[name] = parse_table(table, raw, problems)
        elif table.required and table.file not in meant:
            problems.append(Problem(table.file, None, None, "", "file is missing; every case needs it"))
    absent = frozenset(
        name for name, table in TABLES.items() if table.file not in files and table.file not in meant
    )
    return _finish(settings, rows, problems, absent=absent)


def folder_files(folder: Traversable, problems: list[Problem]) -> dict[str, bytes]:
    """Content of ``game.toml`` and of every CSV file of a folder, by name."""
    files: dict[str, bytes] = {}
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.name.lower().endswith((".csv", ".toml")):
            try:
                files[item.name] = item.read_bytes()
            except OSError as error:
                # A stray unreadable file is no business of the case; one of its own is.
                if item.name in FILE_ORDER:
                    reason = error.strerror or type(error).__name__
                    problems.append(Problem(item.name, None, None, "", f"cannot be read: {reason}"))
    return files


def read_folder(path: Path) -> Reading:
    """Game of a folder, or the problems that it has."""
    if not path.is_dir():
        if path.exists():
            message = f"is a file; give the folder that holds {GAME_FILE}"
        else:
            siblings = path.parent.iterdir() if path.parent.is_dir() else ()
            close = misspelling_of(path.name, sorted(item.name for item in siblings if item.is_dir()))
            message = "there is no such folder" + (f"; did you mean {close!r}?" if close else "")
        return Reading(None, (Problem(str(path), None, None, "", message),))
    unreadable: list[Problem] = []
    reading = read_files(folder_files(path, unreadable))
    if unreadable:
        # What cannot be read is there, so it is not missing as well.
        hidden = {problem.file for problem in unreadable}
        others = (problem for problem in reading.problems if problem.file not in hidden)
        return Reading(None, (*unreadable, *others))
    return reading


def misspelt_files(files: Iterable[str]) -> dict[str, str]:
    """What each absent file of a case was probably written as."""
    present = set(files)
    meant: dict[str, str] = {}
    for name in sorted(present - set(FILE_ORDER)):
        absent = [file for file in FILE_ORDER if file not in present and file not in meant]
        stems = {file.rpartition(".")[0]: file for file in absent if _ending(file) == _ending(name)}
        known = misspelling_of(name.rpartition(".")[0], stems)
        if known:
            meant[stems[known]] = name
    return meant


def _ending(file: str) -> str:
    return file.rpartition(".")[2].lower()


def _finish(
    settings: Settings | None,
    rows: dict[str, Rows],
    problems: list[Problem],
    *,
    absent: frozenset[str] | None = None,
) -> Reading:
    """Check what concerns more than one cell; build the game if nothing is wrong."""
    gone = frozenset(TABLES) - frozenset(rows) if absent is None else absent
    case = Case(settings, rows, gone)
    problems.extend(cross_check(case, problems))
    if problems:
        last = len(FILE_ORDER)
        problems.sort(key=lambda item: (FILE_ORDER.get(item.file, last), item.row or 0))
        return Reading(None, tuple(problems))
    assert settings is not None  # its absence is a problem
    return Reading(build_game(settings, rows), (), notes_on(case))
