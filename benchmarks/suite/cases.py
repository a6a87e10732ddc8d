"""The cases of the suite by name, as games and as folders.

| name | case |
|---|---|
| `standard/M/3` | family, size and seed of `suite.families` |
| `standard/M/0-4` | seeds 0 to 4 of it |
| `adapting/S/0/stages=5` | the same with another number of stages, entities or types |
| `grid/20x40/0` | random interdiction grid: rows x columns and seed |
| `published`, `published/2` | the published interdiction instance with 1 attack, or 0 to 2 |
| `dprk_2017` | a shipped case |
| `path/to/folder` | a case folder, from here or from the top of the checkout |
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from sanctopt import Game, list_cases, load_case, read_case, write_case
from suite.families import FAMILIES, SIZES, generate
from suite.grids import PUBLISHED_FLOWS, grid, interdiction_game, published

HOME = Path(__file__).resolve().parents[2]
"""Top of the checkout."""

_DRAWN = re.compile(
    r"(?P<family>\w+)/(?P<size>\w+)/(?P<seed>\d+)(?P<changes>(?:/(?:stages|entities|types)=\d+)*)"
)
_GRID = re.compile(r"grid/(?P<rows>\d+)x(?P<columns>\d+)/(?P<seed>\d+)")
_PUBLISHED = re.compile(r"published(?:/(?P<attacks>\d+))?")
_SEEDS = re.compile(r"(?P<before>\w+/\w+/)(?P<first>\d+)-(?P<last>\d+)(?P<after>(?:/.*)?)")


class CaseNameError(ValueError):
    """There is no case of that name."""


def expand(names: Sequence[str]) -> list[str]:
    """Names with every range of seeds written out, each once.

    Examples
    --------
    >>> expand(["standard/S/0-2", "teaching"])
    ['standard/S/0', 'standard/S/1', 'standard/S/2', 'teaching']
    """
    found: list[str] = []
    for name in names:
        many = _SEEDS.fullmatch(name)
        if many is None:
            found.append(name)
        else:
            seeds = range(int(many["first"]), int(many["last"]) + 1)
            found += [f"{many['before']}{seed}{many['after']}" for seed in seeds]
    return list(dict.fromkeys(found))


def case_game(name: str) -> Game:
    """The game of a name.

    Parameters
    ----------
    name : str
        As in the table of this module, without a range of seeds.

    Raises
    ------
    CaseNameError
        If there is no such case.
    """
    folder = case_path(name)
    if folder is not None:
        return read_case(folder)
    try:
        if found := _GRID.fullmatch(name):
            return interdiction_game(grid(int(found["rows"]), int(found["columns"]), int(found["seed"])))
        if found := _PUBLISHED.fullmatch(name):
            return interdiction_game(published(int(found["attacks"] or 1)))
        if found := _DRAWN.fullmatch(name):
            changes = dict(change.split("=") for change in found["changes"].split("/") if change)
            numbers = {what: int(number) for what, number in changes.items()}
            return generate(found["family"], found["size"], int(found["seed"]), **numbers)
    except ValueError as error:
        raise CaseNameError(f"{name!r} is no case: {error}") from error
    if name in list_cases():
        return load_case(name)
    raise CaseNameError(
        f"{name!r} is no case: give a folder, family/size/seed with a family of {', '.join(FAMILIES)} and a "
        f"size of {', '.join(SIZES)}, grid/20x40/0, published or published/{max(PUBLISHED_FLOWS)}, or one of "
        f"{', '.join(list_cases())}"
    )


def case_path(name: str) -> Path | None:
    """Folder that a name is the path of, from here or from the top of the checkout; None if it is none."""
    return next((path for path in (Path(name), HOME / name) if (path / "game.toml").is_file()), None)


def case_folder(name: str, into: Path) -> Path:
    """Folder of a case.

    Parameters
    ----------
    name : str
        As for `case_game`.
    into : Path
        Where the folder is written if the case is not one already; below it, one folder per name.

    Raises
    ------
    CaseNameError
        If there is no such case.
    """
    folder = case_path(name)
    return folder.resolve() if folder is not None else write_case(case_game(name), into / name)


def case_folders(names: Sequence[str], into: Path) -> dict[str, Path]:
    """Folders of cases by name, in the order given; see `expand` and `case_folder`."""
    return {name: case_folder(name, into) for name in expand(names)}
