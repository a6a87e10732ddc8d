"""Ladders side by side: each is played against every type, ties for and against the coalition.

    value(ladder) = sum over types theta of p(theta) x value of the ladder against theta   (`sanctopt.play`)

Beside it stand expectations over types of plain sums over the stages that are played, not discounted and not
weighted by the game's weights: revenue denied, harm (party weights included), cost; the credibility left in
the last stage played; and the probabilities that the patron is hostile at least once and that the regime
concedes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property, partial

import pandas as pd

from sanctopt.analysis import plain_text as text
from sanctopt.analysis.batch import OnBatchProgress
from sanctopt.analysis.workload import Meter, map_each
from sanctopt.errors import LadderError
from sanctopt.game import Game
from sanctopt.ladder import Information, Ladder, Rung
from sanctopt.outcome import Objective, Outcome, Ties
from sanctopt.play import play
from sanctopt.solution import Solution
from sanctopt.solver_options import Reason

OPTIMUM = "optimum"
"""Name of the solution's ladder among the others."""

COLUMNS = (
    *("ladder", "ties", "value", "share_of_optimum", "share_of_gain", "share_of_bound"),
    *("revenue_denied", "harm", "hostile_probability", "cost", "credibility_left", "concession_probability"),
)
"""Columns of `Comparison.to_frame` before the values by type."""


@dataclass(frozen=True)
class Measures:
    """What a ladder does on average over types, under one tie rule.

    Attributes
    ----------
    value : float
        Expected payoff, discounted and weighted as the game says (millions of US dollars).
    revenue_denied : float
        Expected sum over the stages played of Rbar(t) - R(t) (millions of US dollars).
    harm : float
        Expected sum of the weighted harm to all parties (millions of US dollars).
    hostile_probability : float
        Probability that the patron takes a hostile response at least once.
    cost : float
        Expected sum of the costs of the coalition (millions of US dollars).
    credibility_left : float
        Expected credibility in the last stage that is played.
    concession_probability : float
        Probability that the regime concedes.
    """

    value: float
    revenue_denied: float
    harm: float
    hostile_probability: float
    cost: float
    credibility_left: float
    concession_probability: float


@dataclass(frozen=True)
class Played:
    """One ladder of a comparison, played with ties for and against the coalition."""

    name: str
    optimistic: Outcome
    pessimistic: Outcome


@dataclass(frozen=True)
class Comparison:
    """Ladders of one game side by side, best first.

    Attributes
    ----------
    game : Game
        The game in which all were played.
    ladders : tuple of Played
        By optimistic value, highest first; equals in the order given. With a solution, its ladder is among
        them as ``"optimum"``, before its equals.
    idle_value : float
        Value of doing nothing, ties in the coalition's favour (millions of US dollars).
    solution : Solution or None
        What the ladders are measured against; None if nothing was given.
    """

    game: Game
    ladders: tuple[Played, ...]
    idle_value: float
    solution: Solution | None

    @cached_property
    def optimum_value(self) -> float | None:
        """Value of the solution's ladder (millions of US dollars); None without one."""
        return self.solution.value if self.solution is not None and self.solution.has_ladder else None

    @property
    def dual_bound(self) -> float | None:
        """No ladder of the solution's kind is worth more than this; None if nothing was proven."""
        return None if self.solution is None else self.solution.dual_bound

    def share_of_optimum(self, value: float) -> float:
        """``value / optimum``; nan without an optimum or if it is not positive."""
        return _share(value, self.optimum_value)

    def share_of_bound(self, value: float) -> float:
        """``value / dual bound``: no less of the true optimum is reached; nan as in `share_of_optimum`."""
        return _share(value, self.dual_bound)

    def share_of_gain(self, value: float) -> float:
        """``(value - idle) / (optimum - idle)``: what a ladder adds to doing nothing, of what can be added.

        Negative for a ladder that is worse than doing nothing; nan without an optimum or if doing nothing is
        as good as the optimum.
        """
        best = self.optimum_value
        return math.nan if best is None else _share(value - self.idle_value, best - self.idle_value)

    def measures(self, name: str, ties: Ties = Ties.OPTIMISTIC) -> Measures:
        """The measures of a ladder under a tie rule.

        Raises
        ------
        LadderError
            If no ladder of the comparison has this name.
        """
        for played in self.ladders:
            if played.name == name:
                return _measures(played.optimistic if ties is Ties.OPTIMISTIC else played.pessimistic)
        known = ", ".join(played.name for played in self.ladders)
        raise LadderError(f"no ladder of the comparison is called {name!r}; there are: {known}")

    def to_frame(self) -> pd.DataFrame:
        """One row per ladder and tie rule, ladders in order, optimistic before pessimistic.

        Columns: ladder, ties, value, the three shares, the other `Measures`, and ``value_`` followed by the
        name of each type. Money in millions of US dollars; probabilities in 0 to 1; shares may be negative,
        above 1 or nan (see `share_of_optimum` and its kin).
        """
        rows = []
        for played in self.ladders:
            for outcome in (played.optimistic, played.pessimistic):
                found = _measures(outcome)
                row = {
                    "ladder": played.name,
                    "ties": outcome.ties.value,
                    "share_of_optimum": self.share_of_optimum(found.value),
                    "share_of_gain": self.share_of_gain(found.value),
                    "share_of_bound": self.share_of_bound(found.value),
                }
                rows.append(row | vars(found) | {f"value_{name}": v for name, v in outcome.values.items()})
        types = [f"value_{row.name}" for row in self.game.patron_types]
        return pd.DataFrame(rows, columns=[*COLUMNS, *types])

    def __str__(self) -> str:
        return "\n".join(_page(self))


def compare(
    game: Game,
    ladders: Mapping[str, Ladder],
    *,
    solution: Solution | None = None,
    executor: Executor | None = None,
    on_progress: OnBatchProgress | None = None,
) -> Comparison:
    """Play ladders against every type and set them side by side, beside the optimum if it is given.

    Parameters
    ----------
    game : Game
        The game in which all are played.
    ladders : mapping of str to Ladder
        Ladders by name, e.g. those of `sanctopt.analysis.baselines`; each must be allowed by the
        game (a `Rule` makes one that is).
    solution : Solution, optional
        A solution of this game. Its ladder joins the others as ``"optimum"``; a margin or another information
        than theirs makes it no upper bound of them.
    executor : concurrent.futures.Executor, optional
        Where to play, some ladders to a worker at a time; it changes nothing else. None: here.
    on_progress : callable, optional
        Called with a `BatchProgress` as ladders are played.

    Returns
    -------
    Comparison

    Raises
    ------
    LadderError
        If a ladder is not allowed (the message names it), there is nothing to compare, the name ``"optimum"``
        is taken, or the solution is of another game.
    SolverError
        If a revenue cannot be proven (`sanctopt.network`).

    Examples
    --------
    >>> from sanctopt import load_case, solve
    >>> from sanctopt.analysis.rules.rules_of_thumb import baselines
    >>> game = load_case("teaching")
    >>> table = compare(game, baselines(game), solution=solve(game)).to_frame()
    >>> table.loc[table.ties == "optimistic", ["ladder", "value"]].head(2).round(1).values.tolist()
    [['optimum', 471.2], ['everything at once', 106.1]]
    """
    everyone: dict[str, Ladder] = {}
    if solution is not None:
        if solution.provenance.game_digest != game.digest():
            raise LadderError(
                f"the solution is of another game ({solution.provenance.game_name}) than {game.name}, or of "
                "another version of it; solve this game and give its solution"
            )
        if OPTIMUM in ladders:
            raise LadderError(f"a ladder is called {OPTIMUM!r}, the name of the solution's; rename it")
        if solution.has_ladder:
            everyone[OPTIMUM] = solution.ladder
    everyone |= ladders
    if not everyone:
        raise LadderError("there is no ladder to compare; give at least one, or a solution that has one")
    meter = Meter(on_progress, len(everyone))
    played = map_each(partial(_played, game), list(everyone.items()), executor, meter, "ladders played")
    idle = play(game, Ladder.of(game, Information.ADAPTIVE, [Rung(())])).value
    # Rounded to the dollar, so that ladders that differ by the noise of sums stay in their order.
    ranked = sorted(played, key=lambda entry: -round(entry.optimistic.value, 6))
    return Comparison(game, tuple(ranked), idle, solution)


def _played(game: Game, named: tuple[str, Ladder]) -> Played:
    name, ladder = named
    try:
        return Played(name, play(game, ladder), play(game, ladder, Ties.PESSIMISTIC))
    except LadderError as error:
        raise LadderError(f"ladder {name!r}: {error}") from error


def _share(value: float, whole: float | None) -> float:
    return math.nan if whole is None or whole <= 1e-9 else value / whole


def _measures(outcome: Outcome) -> Measures:
    """Expectations over types of what the steps of each type add up to."""
    concede = {step.type for step in outcome.steps if step.concedes}
    return Measures(
        value=outcome.value,
        revenue_denied=Objective.DENIED.expected(outcome),
        harm=Objective.HARM.expected(outcome),
        hostile_probability=Objective.HOSTILITY.expected(outcome),
        cost=Objective.COST.expected(outcome),
        credibility_left=Objective.CREDIBILITY.expected(outcome),
        concession_probability=math.fsum(outcome.priors[name] for name in concede),
    )


def _page(comparison: Comparison) -> Iterable[str]:
    """The lines of the page of a comparison."""
    game, entries = comparison.game, comparison.ladders
    yield from text.heading(f"Ladders side by side: {game.name}")
    yield f"{len(entries)} ladders, best first. Money in millions of US dollars."
    yield from _optimum(comparison)
    found = [comparison.measures(entry.name) for entry in entries]
    yield from text.section("What each is worth")
    yield from text.table(
        ("ladder", "value", "ties\nagainst", "of\noptimum", "of\ngain"),
        [
            (
                entry.name,
                text.money(entry.optimistic.value),
                text.money(entry.pessimistic.value),
                text.percent(comparison.share_of_optimum(entry.optimistic.value)),
                text.percent(comparison.share_of_gain(entry.optimistic.value)),
            )
            for entry in entries
        ],
    )
    yield from text.section("What comes of it")
    yield from text.table(
        ("ladder", "denied", "harm", "cost", "hostile", "concedes", "credibility\nleft"),
        [
            (
                entry.name,
                *map(text.money, (row.revenue_denied, row.harm, row.cost)),
                *map(text.percent, (row.hostile_probability, row.concession_probability)),
                f"{row.credibility_left:.2f}",
            )
            for entry, row in zip(entries, found, strict=True)
        ],
    )
    yield from text.section("Value against each type, with its prior probability")
    yield from text.table(
        ("ladder", *(f"{row.name}\n{text.percent(row.prior)}" for row in game.patron_types)),
        [(entry.name, *map(text.money, entry.optimistic.values.values())) for entry in entries],
    )
    yield from text.legend()


def _optimum(comparison: Comparison) -> Iterable[str]:
    """What is known of the optimum, in words."""
    solution = comparison.solution
    if solution is None:
        yield "No optimum is given, so that shares of it are unknown."
        return
    kind = f"{solution.provenance.information.value.replace('_', '-')} ladder"
    if solution.provenance.margin > 0.0:
        kind += f" with a margin of {solution.provenance.margin:g}"
    if not solution.has_ladder:
        yield f"No {kind} was found: the solve ended as {solution.status}."
    elif solution.status.reason is Reason.OPTIMAL:
        yield f"The optimum ({kind}) is worth {text.money(solution.value)}."
    else:
        yield f"'optimum' is the best {kind} known, worth {text.money(solution.value)}: {solution.status}."
    if solution.dual_bound is None:
        yield "No bound was proven in time."
    else:
        yield f"No {kind} can be worth more than {text.money(solution.dual_bound)}."
