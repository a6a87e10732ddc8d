"""The exceptions of the package: each says what is wrong, where, and what would be right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class SanctoptError(Exception):
    """Base class of every exception that sanctopt raises on purpose."""


@dataclass(frozen=True)
class Problem:
    """One defect of a case: where it stands, what was found and what would be right.

    The notes of a `CaseWarning` have the same form; what they tell is legal.

    Parameters
    ----------
    file : str
        File of the folder, e.g. ``"entities.csv"``.
    row : int or None
        Line of that file as an editor counts it (the header is line 1); None if the
        problem concerns the file as a whole.
    column : str or None
        Column or key; None if it concerns the row or the file as a whole.
    value : str
        What was found, as text; empty if nothing was there.
    message : str
        What is wrong and what would be right.
    """

    file: str
    row: int | None
    column: str | None
    value: str
    message: str

    def __str__(self) -> str:
        place = self.file
        if self.row is not None:
            place += f", row {self.row}"
        if self.column is not None:
            place += f", column {self.column}"
        found = f": {self.value!r}" if self.value else ""
        return f"{place}{found}: {self.message}"


def _listed(source: str, noun: str, found: Sequence[Problem]) -> str:
    """How many there are, then one a line."""
    lines = "\n".join(f"  {item}" for item in found)
    return f"{source}: {len(found)} {noun}{'' if len(found) == 1 else 's'}\n{lines}"


class CaseError(SanctoptError):
    """A case is not valid; ``problems`` holds every defect found, not only the first."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__(_listed(source, "problem", self.problems))


class CaseWarning(UserWarning):
    """A case is valid, but holds what is hardly meant, e.g. effects on a kind that no entity has.

    `sanctopt.read_case` and `sanctopt.game_from_tables` issue one for all that they find; the command prints
    each note by itself. ``warnings.simplefilter("error", CaseWarning)`` makes it an error.

    Parameters
    ----------
    source : str
        The folder, or ``"tables"``.
    notes : sequence of Problem
        What was found, in the order of files and rows.

    Examples
    --------
    >>> print(CaseWarning("my_case", [Problem("effects.csv", 3, "kind", "bnak", "is the kind of no entity")]))
    my_case: 1 note
      effects.csv, row 3, column kind: 'bnak': is the kind of no entity
    """

    def __init__(self, source: str, notes: Sequence[Problem]) -> None:
        self.source = source
        self.notes = tuple(notes)
        super().__init__(_listed(source, "note", self.notes))


class LadderError(SanctoptError):
    """A ladder is not allowed by the game, or a ladder file cannot be read."""


class CertificateError(SanctoptError):
    """A solution did not survive its independent check; it is never returned."""


class OptionError(SanctoptError):
    """An option of a solve is unknown, misspelt or out of range."""


class ElicitationError(SanctoptError):
    """What an expert said, or the patrons it is to be explained by, cannot be used as given."""


class SolverError(SanctoptError):
    """The solver contradicted a fact that holds for every game, e.g. called it infeasible."""
