"""What commitment is worth: all threats, only those that would be carried out by choice, none.

A standing threat binds. Three optima of a game tell what that is worth, each no larger than the one before,
because its ladders are some of those before:

| optimum | over ladders |
|---|---|
| full | all: the coalition is believed to carry out whatever it threatens |
| credible | whose threats would be carried out by choice (`sanctopt.search.credible_threats`) |
| none | without standing threats |

The *value of commitment* is full minus credible: what being bound is worth, beyond what the coalition would
do anyhow. The *value of credible threats* is credible minus none: what saying so beforehand is worth.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

import pandas as pd

from sanctopt.analysis.batch import OnBatchProgress, Question, solve_each
from sanctopt.analysis.changes import without_threats
from sanctopt.analysis.threats.bounded import Bounded
from sanctopt.errors import SolverError
from sanctopt.game import Game
from sanctopt.ladder import Ladder
from sanctopt.search import above
from sanctopt.solver_options import SolveOptions


@dataclass(frozen=True)
class Commitment:
    """The three optima, in millions of US dollars, expected over types.

    Attributes
    ----------
    game_name : str
        Name of the game.
    full, credible, none : Bounded
        Optimum with all threats, with credible ones only, without any.
    ladders : tuple of Ladder
        The ladders found for them, in this order; fewer if a solve found none.
    """

    game_name: str
    full: Bounded
    credible: Bounded
    none: Bounded
    ladders: tuple[Ladder, ...]

    @property
    def commitment(self) -> Bounded:
        """What being bound is worth: full minus credible."""
        return (self.full - self.credible).not_negative()

    @property
    def credible_threats(self) -> Bounded:
        """What threats are worth that would be carried out by choice: credible minus none."""
        return (self.credible - self.none).not_negative()

    def _rows(self) -> Iterator[tuple[str, str, Bounded]]:
        yield "full commitment", "optimum with every threat", self.full
        yield (
            "credible threats only",
            "optimum with threats that would be carried out by choice",
            self.credible,
        )
        yield "no threats", "optimum without standing threats", self.none
        yield "value of commitment", "full commitment minus credible threats only", self.commitment
        yield "value of credible threats", "credible threats only minus no threats", self.credible_threats

    def to_frame(self) -> pd.DataFrame:
        """One row per optimum and difference: name, definition, value, low, high."""
        rows = [(name, text, at.value, at.low, at.high) for name, text, at in self._rows()]
        return pd.DataFrame(rows, columns=["name", "definition", "value", "low", "high"])

    def __str__(self) -> str:
        lines = [f"{self.game_name}: what commitment is worth (US$m, expected over types)"]
        lines += [f"{name:<26}{at!s:>14}  {text}" for name, text, at in self._rows()]
        return "\n".join(lines)


def value_of_commitment(
    game: Game,
    *,
    options: SolveOptions | None = None,
    executor: Executor | None = None,
    on_progress: OnBatchProgress | None = None,
) -> Commitment:
    """What it is worth to be bound by threats, and to threaten what one would do anyhow.

    Parameters
    ----------
    game : Game
        The game; without standing threats all three optima are the same.
    options : SolveOptions, optional
        For each of the three solves. The one with credible threats may take many searches: give it a time
        limit on a large game and read the ranges.
    executor, on_progress : optional
        As in `sanctopt.analysis.batch.solve_each`.

    Returns
    -------
    Commitment
        With full >= credible >= none. After a Ctrl-C, what was not reached is NaN.

    Raises
    ------
    SolverError
        If two solves contradict each other.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> found = value_of_commitment(load_case("teaching"))  # a game without threats
    >>> round(found.full.value, 2), found.commitment.value
    (471.18, 0.0)
    """
    questions = [
        Question("full", game),
        Question("credible", game, credible_threats=True),
        Question("none", without_threats(game)),
    ]
    answers = solve_each(questions, options=options, executor=executor, on_progress=on_progress)
    full, credible, none = (Bounded.of(answer.solution) for answer in answers)
    for more, less in ((full, credible), (credible, none), (full, none)):
        if above(less.low, more.high):
            raise SolverError(
                f"a ladder worth {less.low!r} stands above the bound {more.high!r} of a game in which as "
                "much can be done; please report this case"
            )
    credible = credible.at_least(none)
    full = full.at_least(credible)
    credible = credible.at_most(full)
    none = none.at_most(credible)
    ladders = tuple(answer.solution.ladder for answer in answers if answer.solution.has_ladder)
    return Commitment(game.name, full, credible, none, ladders)
