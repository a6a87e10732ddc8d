"""The best distinct first rungs: solve, exclude the first rung found, solve again.

    v(r) = the most that a plan with first rung r is worth          (`sanctopt.rung_limits.FirstRung`)

Solve number n finds the best plan whose first rung is none of those found before, so that its worth is v of
its first rung, if the solve ends at its optimum, and its bound holds for all first rungs not found before. A
plan found at a limit shows that v is at least its worth; the bounds hold all the same.

An offer is part of a first rung only if some type takes it at once. Two rungs are distinct if any decision
differs, also one that changes nothing: the second best may be the best with a letter more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import pandas as pd

from sanctopt.aims import PLAIN, Aims
from sanctopt.analysis.batch import BatchProgress, OnBatchProgress, Question, solve_each
from sanctopt.analysis.plain_text import heading, money, table
from sanctopt.analysis.reasons import explanation_text as text
from sanctopt.analysis.reasons.constraints import obstacle, open_starts
from sanctopt.analysis.reasons.losses import GAP, Way, changed_ladder, differences
from sanctopt.analysis.reasons.scene import scene_at
from sanctopt.errors import OptionError
from sanctopt.game import Game, at_least
from sanctopt.ladder import Information, Ladder, Rung
from sanctopt.rung_limits import Decision, OtherFirstRungs, decisions_of, first_rung
from sanctopt.solution import Solution
from sanctopt.solver_options import Reason, SolveOptions

ADDED = 10
"""Starts, those that provoke least, that are added to a first rung by hand to begin the next search."""


@dataclass(frozen=True)
class Alternative:
    """A first rung and the best plan found that begins with it.

    Attributes
    ----------
    rung : Rung
        The first rung: decisions only.
    value : float
        Worth of the plan found (millions of US dollars).
    high : float
        No plan with this first rung is worth more; inf if nothing was proven.
    loss : float
        The best value of the list minus this one.
    low_loss, high_loss : float
        The true difference between the optimum and v of this rung lies between them.
    solution : Solution
        The solve: ladder, status, certificate.
    """

    rung: Rung
    value: float
    high: float
    loss: float
    low_loss: float
    high_loss: float
    solution: Solution

    @property
    def ladder(self) -> Ladder:
        """The plan."""
        return self.solution.ladder


@dataclass(frozen=True)
class Alternatives:
    """First rungs, best found first.

    Attributes
    ----------
    game_name, stage_label : str
        The game, and the stage of these rungs.
    aims : Aims
        What is maximized, under which limits.
    rungs : tuple of Alternative
        By value, highest first.
    rest : float
        No plan with a first rung that is not listed is worth more; -inf if there is no other that is allowed.
    """

    game_name: str
    stage_label: str
    aims: Aims
    rungs: tuple[Alternative, ...]
    rest: float

    @property
    def complete(self) -> bool:
        """Whether no other first rung is allowed."""
        return self.rest == float("-inf")

    @property
    def proven(self) -> bool:
        """Whether these are the best first rungs with their true values, in their true order."""
        return all(row.solution.status.reason is Reason.OPTIMAL for row in self.rungs)

    def to_frame(self) -> pd.DataFrame:
        """One row per first rung: rank, rung, value, high, loss, low_loss, high_loss, status, added, dropped.

        The last two compare with the first row.
        """
        rows = []
        for rank, row in enumerate(self.rungs, start=1):
            added, dropped = differences(self.rungs[0].rung, row.rung)
            numbers = (row.value, row.high, row.loss, row.low_loss, row.high_loss)
            status = str(row.solution.status)
            differs = (text.moves(added) if added else "", text.moves(dropped) if dropped else "")
            rows.append((rank, text.moves(decisions_of(row.rung)), *numbers, status, *differs))
        columns = ["rank", "rung", "value", "high", "loss", "low_loss", "high_loss", "status"]
        return pd.DataFrame(rows, columns=[*columns, "added", "dropped"])

    def __str__(self) -> str:
        return "\n".join(line.rstrip() for line in _page(self))


def alternatives(  # noqa: PLR0913 - what is asked, where it begins, and how it is solved
    game: Game,
    k: int = 5,
    *,
    aims: Aims = PLAIN,
    solution: Solution | None = None,
    options: SolveOptions | None = None,
    executor: Executor | None = None,
    on_progress: OnBatchProgress | None = None,
) -> Alternatives:
    """The k best distinct first rungs with their values.

    Parameters
    ----------
    game : Game
        The game.
    k : int
        How many, at least 1; fewer are returned if fewer are allowed, or if a solve finds no plan in time.
    aims : Aims
        What is maximized, and the limits that must be kept.
    solution : Solution, optional
        A solution of the game with these aims; it stands for the first of the k solves.
    options : SolveOptions, optional
        For each of the k solves, which come one after the other.
    executor : concurrent.futures.Executor, optional
        Where to solve; it cannot make the series faster.
    on_progress : callable, optional
        Called with a `BatchProgress` after each solve.

    Returns
    -------
    Alternatives

    Raises
    ------
    OptionError
        If k is below 1, or the aims, the solution or an option do not fit.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> found = alternatives(load_case("teaching"), 2)
    >>> [round(row.value, 1) for row in found.rungs]
    [471.2, 470.7]
    """
    if isinstance(k, bool) or k != int(k) or k < 1:
        raise OptionError(f"k is {k!r}; give a whole number of first rungs, at least 1")
    found = [] if solution is None else [_fitting(game, aims, solution)]
    rest = float("inf")
    done = len(found)

    def told(progress: BatchProgress) -> None:
        if on_progress is not None:
            on_progress(replace(progress, done=done + 1, total=k))

    while len(found) < k:
        excluded = tuple(first_rung(solution.outcome) for solution in found)
        limits = (*aims.limits, OtherFirstRungs(excluded)) if excluded else aims.limits
        question = Question(
            f"first rung {len(found) + 1}",
            game,
            aims=replace(aims, limits=limits),
            known_ladders=tuple(_nearby(game, found)),
        )
        (answer,) = solve_each([question], options=options, executor=executor, on_progress=told)
        done += 1
        solved = answer.solution
        if solved.status.reason is Reason.INFEASIBLE:
            rest = float("-inf")
            break
        if solved.dual_bound is not None:
            rest = min(rest, solved.dual_bound)
        if not solved.has_ladder:
            break
        found.append(solved)
        if solved.status.reason is Reason.INTERRUPTED:
            break
    return Alternatives(game.name, game.stage_label(0), aims, _ranked(found), rest)


def _fitting(game: Game, aims: Aims, solution: Solution) -> Solution:
    """The solution, if it answers the first question of the series."""
    made = solution.provenance
    plain = made.information is Information.ADAPTIVE and made.margin == 0.0 and not made.history
    if not solution.has_ladder or made.game_digest != game.digest() or made.aims != aims or not plain:
        raise OptionError(
            "the solution is no adaptive one of this game with these aims and without a margin; leave it "
            "out, or give what solve(game, aims=aims) returns"
        )
    return solution


def _nearby(game: Game, found: list[Solution]) -> Iterator[Ladder]:
    """The last plan with one decision of its first rung left out, or with one start more in it."""
    if not found:
        return
    scene = scene_at(game, found[-1].ladder, ())
    for decision in decisions_of(scene.rung):
        yield changed_ladder(scene, decision, Way.REPLACED)
    left = game.effort_per_stage - math.fsum(map(game.start_effort, scene.rung.starts))
    more = [
        start
        for start in open_starts(scene)
        if at_least(left, game.start_effort(start)) and not obstacle(scene, start)
    ]
    for start in sorted(more, key=game.start_provocation)[:ADDED]:
        yield changed_ladder(scene, Decision("starts", start), Way.REQUIRED)


def _ranked(found: list[Solution]) -> tuple[Alternative, ...]:
    """First rungs by value, each with what is proven of it."""
    highs, high = [], float("inf")
    for solution in found:
        # Each solve has fewer first rungs than the one before.
        high = min(high, float("inf") if solution.dual_bound is None else solution.dual_bound)
        highs.append(max(high, solution.value))
    best = max((solution.value for solution in found), default=float("nan"))
    top = highs[0] if highs else float("inf")
    rows = [
        Alternative(
            rung=first_rung(solution.outcome),
            value=solution.value,
            high=high,
            loss=best - solution.value,
            low_loss=max(0.0, best - high),
            high_loss=max(0.0, top - solution.value),
            solution=solution,
        )
        for solution, high in zip(found, highs, strict=True)
    ]
    return tuple(sorted(rows, key=lambda row: -row.value))  # equals stay in the order found


def _page(found: Alternatives) -> Iterator[str]:
    yield from heading(f"The best first rungs: {found.game_name}, {found.stage_label}")
    yield from text.wrapped(f"Worth in millions of US dollars: {found.aims}.")
    if not found.rungs:
        yield "No plan was found in time." if not found.complete else "No plan is allowed."
        return
    best = found.rungs[0]
    yield ""
    yield "The best one found:" if not _known(best) else "The best one:"
    yield from (f"  - {text.name(decision)}" for decision in decisions_of(best.rung))
    if not decisions_of(best.rung):
        yield "  - nothing"
    yield ""
    rows = []
    for rank, row in enumerate(found.rungs, start=1):
        exact = _known(row)
        at_most = "" if exact else money(row.high)
        rows.append((f"{rank}.", ("" if exact else "~") + money(row.value), at_most, money(row.loss)))
    if all(_known(row) for row in found.rungs):
        yield from table(("", "worth", "loss"), [(rank, value, loss) for rank, value, _, loss in rows])
    else:
        yield from table(("", "worth", "at most", "loss"), rows)
        yield "~  best plan found in time with this first rung; 'at most' is what is proven."
    if len(found.rungs) > 1:
        yield ""
        yield "What the others do otherwise, compared with the first:"
    for rank, row in enumerate(found.rungs[1:], start=2):
        added, dropped = differences(best.rung, row.rung)
        parts = [f"adds: {text.moves(added)}"] if added else []
        parts += [f"leaves out: {text.moves(dropped)}"] if dropped else []
        less = "as good" if row.loss < text.SHOWN else f"{money(row.loss)} less"
        yield from text.wrapped(f"  {rank}. {'; '.join(parts)} ({less}).", "     ")
    yield ""
    if found.complete:
        yield "No other first rung is allowed."
    elif found.rest < float("inf"):
        yield from text.wrapped(f"Any other first rung is worth at most {money(found.rest)}.")


def _known(row: Alternative) -> bool:
    return row.high - row.value <= max(text.SHOWN, GAP * abs(row.value))
