"""The exceptions of the package: each says what is wrong, where, and what would be right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class SanctoptError(Exception):
    """Base class of every exception that sanctopt raises on purpose."""


@dataclass(frozen=True)
class Problem:
    """One defect of a case: where it stands, what was found and what would be right.

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


class CaseError(SanctoptError):
    """A case is not valid; ``problems`` holds every defect found, not only the first."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        noun = "problem" if len(self.problems) == 1 else "problems"
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"{source}: {len(self.problems)} {noun}\n{lines}")


class LadderError(SanctoptError):
    """A ladder is not allowed by the game, or a ladder file cannot be read."""


class CertificateError(SanctoptError):
    """A solution did not survive its independent check; it is never returned."""


class OptionError(SanctoptError):
    """An option of a solve is unknown, misspelt or out of range."""


class SolverError(SanctoptError):
    """The solver contradicted a fact that holds for every game, e.g. called it infeasible."""
