"""The cases that come with the package."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

from sanctopt.case.cells import suggestion
from sanctopt.case.reader import Reading, folder_files, read_files
from sanctopt.case.schema import GAME_FILE
from sanctopt.errors import CaseError, Problem
from sanctopt.game import Game


def list_cases() -> tuple[str, ...]:
    """Names of the shipped cases, in alphabetical order.

    Examples
    --------
    >>> from sanctopt.case import list_cases
    >>> "dprk_2017" in list_cases()
    True
    """
    return tuple(sorted(_folders()))


def load_case(name: str) -> Game:
    """Read a shipped case.

    Parameters
    ----------
    name : str
        One of `list_cases`.

    Returns
    -------
    Game

    Raises
    ------
    CaseError
        If there is no such case; the message lists those that there are.

    Examples
    --------
    >>> from sanctopt.case import load_case
    >>> load_case("dprk_2017").stages > 0
    True
    """
    folders = _folders()
    if name not in folders:
        known = ", ".join(sorted(folders))
        advice = suggestion(name, sorted(folders))
        hint = advice if advice.startswith("; did") else ""
        message = f"is no shipped case{hint}; shipped are: {known}; read a folder of your own with read_case"
        raise CaseError("shipped cases", (Problem("sanctopt.case.data", None, None, name, message),))
    problems: list[Problem] = []
    content = folder_files(folders[name], problems)
    reading = read_files(content)
    return Reading(reading.game, (*problems, *reading.problems)).game_or_raise(f"shipped case {name!r}")


def _folders() -> dict[str, Traversable]:
    data = files("sanctopt.case").joinpath("data")
    if not data.is_dir():
        return {}
    return {item.name: item for item in data.iterdir() if item.is_dir() and (item / GAME_FILE).is_file()}
