"""Two objectives against each other: the ladders that no other ladder beats in both, and how each begins.

A ladder *dominates* another one if it is at least as good in both objectives and better in one. The frontier
is the set of points (x, y) of ladders that none dominates. Objectives are those of `sanctopt.aims.Objective`:
expected over the prior, summed over the stages that are played; a concession ends the game, and only the
payoff has a term for it. With X(L) and Y(L) for what counts of a ladder L (minus the amount where little is
good), the points are found from the best x to the best y by the lexicographic form of the epsilon-constraint
method (Mavrotas 2009, Applied Mathematics and Computation 213, 455-465)::

    x_k = max X(L)  subject to  Y(L) >= e_k,        e_0 = -infinity,  e_k+1 = y_k + step
    y_k = max Y(L)  subject to  X(L) >= x_k

The second solve does what Mavrotas's augmentation does, without a weight that could change the result: no
point is dominated. The first never passes over a point: one with Y >= e_k has X <= x_k, and if its Y is at most
y_k it is point k or dominated. Decisions are discrete, so points are finitely many, and the sweep ends where y
is the best there is.

*Tolerance.* ``step`` is 1e-6 of the amount, but at least a hundred-millionth of the largest amount of its kind
in the game (1e-5 of the program's unit). Amounts nearer than that count as the same. HiGHS solves with its
tightest tolerances here: with its usual ones, a decision of 1e-6 that pays 1000 would pass for nothing and earn
more than the step.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from sanctopt.aims import Aims, AtLeast, Expectation, Limit, Objective
from sanctopt.analysis.batch import BatchProgress, OnBatchProgress
from sanctopt.errors import OptionError, SolverError
from sanctopt.formulation.frame import Frame
from sanctopt.game import Game
from sanctopt.ladder import Information, Ladder, Rung
from sanctopt.ladder_view import by_instrument
from sanctopt.search.program import TIGHT
from sanctopt.solution import Solution
from sanctopt.solve import solve
from sanctopt.solver_options import Reason, SolveOptions

SAME, SAME_UNITS = 1e-6, 1e-5
"""Two amounts count as the same if they differ by no more than this share of them, or this many units of the
program, of which the largest amount has 1000."""

SLACK = 0.1
"""Part of that by which the second solve of a point may fall below what the first one found."""


@dataclass(frozen=True)
class Point:
    """One point of a frontier.

    Attributes
    ----------
    x, y : float
        Expected amounts of the two objectives, in millions of US dollars, or the objective's own unit.
    x_bound : float
        No ladder whose y is as good as this one's has a better x than this. Infinite if nothing was proven.
    y_bound : float
        No ladder whose x is as good as this one's has a better y than this.
    exact : bool
        Whether both were solved to optimality: no ladder dominates this one by more than the tolerance.
        Otherwise it is the best one found.
    solution : Solution
        The ladder, with its certificate. Ties among best responses fall as its outcome says: x and y are what
        the ladder gives along these responses.
    """

    x: float
    y: float
    x_bound: float
    y_bound: float
    exact: bool
    solution: Solution

    @property
    def ladder(self) -> Ladder:
        """The ladder of the point."""
        return self.solution.ladder

    @property
    def first_rung(self) -> Rung:
        """What is done in stage 0."""
        return self.ladder.rungs[0].decisions()


@dataclass(frozen=True)
class FirstMove:
    """A first rung and the points of a frontier, by their place, whose ladders begin with it."""

    rung: Rung
    points: tuple[int, ...]

    def __str__(self) -> str:
        return move_text(self.rung)


@dataclass(frozen=True)
class Frontier:
    """The trade-off between two objectives.

    Attributes
    ----------
    game_name : str
        Name of the game.
    x, y : Objective
        The objectives.
    points : tuple of Point
        From the best x to the best y: along them x gets worse and y better.
    complete : bool
        Whether they are all the points that no ladder dominates, to within the tolerance; False if any of them
        is not exact, if only some were asked for, or after a Ctrl-C.
    """

    game_name: str
    x: Objective
    y: Objective
    points: tuple[Point, ...]
    complete: bool

    @cached_property
    def first_moves(self) -> tuple[FirstMove, ...]:
        """The distinct first rungs along the frontier, in the order of the points."""
        found: dict[Rung, list[int]] = {}
        for number, point in enumerate(self.points):
            found.setdefault(point.first_rung, []).append(number)
        return tuple(FirstMove(rung, tuple(numbers)) for rung, numbers in found.items())

    def to_frame(self) -> pd.DataFrame:
        """One row per point: both amounts, both bounds, whether it is exact, expected payoff, first move."""
        x, y = self.x.value, self.y.value
        columns = [x, y, f"bound of {x}", f"bound of {y}", "exact", "expected payoff", "first move"]
        rows = [
            (p.x, p.y, p.x_bound, p.y_bound, p.exact, p.solution.outcome.value, move_text(p.first_rung))
            for p in self.points
        ]
        return pd.DataFrame(rows, columns=columns)

    def __str__(self) -> str:
        return "\n".join(_page(self))


def frontier(
    game: Game,
    x: Objective,
    y: Objective,
    *,
    options: SolveOptions | None = None,
    on_progress: OnBatchProgress | None = None,
    points: int | None = None,
) -> Frontier:
    """The points of two objectives that no ladder dominates, each with its ladder.

    Parameters
    ----------
    game : Game
        The game.
    x, y : Objective
        Two different objectives of `sanctopt.aims`.
    options : SolveOptions, optional
        For each of the solves, two for a point: the time limit holds for one of them. None: the defaults.
    on_progress : callable, optional
        Called with a `BatchProgress` after each point; Ctrl-C ends with the points found by then.
    points : int, optional
        For games whose solves end at a time limit: at most so many points, at least 2, evenly spaced in y
        where the ladders allow it. A point that was not solved to optimality is the best one found. None: all.

    Returns
    -------
    Frontier
        Exact where every solve ended as optimal, by itself or within ``options.relative_gap``; otherwise with
        bounds. Points found that another point dominates are left out.

    Raises
    ------
    OptionError
        If the objectives are the same or none, or ``points`` is below 2.
    SolverError
        If two solves contradict each other.

    Notes
    -----
    The solves build on each other: each starts from the ladders found before, and its bound holds for the next
    point too. So there is no executor to spread them over; give threads by the options.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> found = frontier(load_case("teaching"), Objective.DENIED, Objective.HOSTILITY)
    >>> [(round(point.x, 2), round(point.y, 2)) for point in found.points], found.complete
    ([], True)
    """
    for objective in (x, y):
        if not isinstance(objective, Objective):
            raise OptionError(f"{objective!r} is no objective; give one of sanctopt.aims, as Objective.COST")
    if x is y:
        raise OptionError(f"both objectives are {x}; give two different ones")
    if points is not None and (isinstance(points, bool) or points < 2):
        raise OptionError(f"points is {points!r}; give at least 2, or None for all")
    sweep = _Sweep(game, (x, y), SolveOptions() if options is None else options, on_progress, points)
    found = sweep.run()
    return Frontier(game.name, x, y, found, sweep.complete and all(point.exact for point in found))


X, Y = 0, 1


@dataclass(frozen=True)
class _Found:
    """A ladder and what counts of it, of both objectives; bounds likewise, of better ones than that."""

    counts: tuple[float, float]
    solution: Solution
    bounds: tuple[float, float] = (math.inf, math.inf)
    exact: bool = False


@dataclass(frozen=True)
class _Best:
    """The best ladder of one solve, the bound that was proven, and whether they meet."""

    found: _Found
    bound: float
    proven: bool


class _Sweep:
    """The solves of a frontier, one after the other, and all that they found."""

    def __init__(
        self,
        game: Game,
        objectives: tuple[Objective, Objective],
        options: SolveOptions,
        on_progress: OnBatchProgress | None,
        most: int | None,
    ) -> None:
        self._game, self._objectives = game, objectives
        self._options = replace(options, highs={**TIGHT, **options.highs})
        self._on_progress, self._most = on_progress, most
        frame = Frame(game, tuple(game.patron_type), Information.ADAPTIVE)
        self._units = tuple(frame.unit_of(objective) for objective in objectives)
        self._begin = time.perf_counter()
        self._known: list[_Found] = []
        self._made: list[_Found] = []
        self._ideal = [math.inf, math.inf]
        self.complete = most is None

    def run(self) -> tuple[Point, ...]:
        """All points, or as many as were asked for."""
        last = self._point(X, None)
        end = None if last is None else self._point(Y, None)
        while last is not None and end is not None:
            target = self._next(last, end)
            if target is None:
                break
            last = self._point(X, target, last)
        self.complete = self.complete and last is not None and end is not None
        return tuple(self._as_point(found) for found in self._undominated())

    def _next(self, last: _Found, end: _Found) -> float | None:
        """The least y of the next point; None if the end is reached, or as many points as were asked for."""
        room = end.counts[Y] - last.counts[Y]
        if room <= self._same(Y, last.counts[Y]):
            return None
        step = self._same(Y, last.counts[Y])
        if self._most is not None:
            left = self._most - len(self._made)
            if left <= 0:
                return None
            step = max(step, room / (left + 1))
        return last.counts[Y] + step

    def _point(self, axis: int, least: float | None, before: _Found | None = None) -> _Found | None:
        """The best in one objective, with the other one at least so good; of these, the best in the other.

        None after a Ctrl-C, or if time was over before there was any ladder.
        """
        first = self._best(axis, () if least is None else (self._limit(1 - axis, least),))
        if first is None:
            return None
        if least is None:
            self._ideal[axis] = first.bound
        found, exact = first.found, first.proven
        bounds = [math.inf, math.inf]
        bounds[axis] = first.bound if before is None else min(first.bound, before.bounds[axis])
        if first.proven:
            value = found.counts[axis]
            as_good = self._limit(axis, value - SLACK * self._same(axis, value))
            second = self._best(1 - axis, (as_good,))
            if second is None:
                return None
            found, exact, bounds[1 - axis] = second.found, second.proven, second.bound
        made = _Found(found.counts, found.solution, (bounds[X], bounds[Y]), exact)
        self._made.append(made)
        if self._on_progress is not None:
            amounts = zip(self._objectives, self._signed(made.counts), strict=True)
            name = ", ".join(f"{objective} {amount:,.6g}" for objective, amount in amounts)
            seconds = time.perf_counter() - self._begin
            self._on_progress(BatchProgress(len(self._made), self._most, name, seconds))
        return made

    def _limit(self, axis: int, least: float) -> AtLeast:
        return AtLeast(least, Expectation(), self._objectives[axis])

    def _best(self, axis: int, limits: tuple[Limit, ...]) -> _Best | None:
        """The best ladder in one objective that keeps the limits, of this solve or of those before."""
        aims = Aims(limits=limits, objective=self._objectives[axis])
        solution = solve(self._game, aims=aims, options=self._options)
        if solution.has_ladder:
            x, y = (o.sign * o.expected(solution.outcome) for o in self._objectives)
            self._known.append(_Found((x, y), solution))
        fitting = [
            one
            for one in self._known
            if all(limit.kept(self._game, one.solution.outcome) for limit in limits)
        ]
        reason = solution.status.reason
        if reason is Reason.INTERRUPTED or not fitting:
            return None
        if reason is Reason.INFEASIBLE:
            raise SolverError(f"{aims}: called infeasible, but a ladder is known; please report this case")
        best = max(fitting, key=lambda one: (one.counts[axis], one.counts[1 - axis]))
        bound = math.inf if solution.dual_bound is None else solution.dual_bound
        return _Best(best, max(bound, best.counts[axis]), reason is Reason.OPTIMAL)

    def _same(self, axis: int, value: float) -> float:
        return max(SAME * abs(value), SAME_UNITS * self._units[axis])

    def _undominated(self) -> list[_Found]:
        """The points made, without what another one dominates; of those that are the same, the first."""
        kept: list[_Found] = []
        for number, one in enumerate(self._made):
            earlier = any(self._no_worse(other, one) for other in kept)
            later = any(
                self._no_worse(other, one) and not self._no_worse(one, other)
                for other in self._made[number + 1 :]
            )
            if not earlier and not later:
                kept.append(one)
        return sorted(kept, key=lambda one: -one.counts[X])

    def _no_worse(self, one: _Found, other: _Found) -> bool:
        """Whether one is at least as good as the other in both objectives, to within the tolerance."""
        pairs = zip((X, Y), one.counts, other.counts, strict=True)
        return all(mine >= yours - self._same(axis, yours) for axis, mine, yours in pairs)

    def _signed(self, counts: tuple[float, float]) -> tuple[float, float]:
        """Amounts of what counts; no minus zero."""
        x, y = (o.sign * value + 0.0 for o, value in zip(self._objectives, counts, strict=True))
        return x, y

    def _as_point(self, found: _Found) -> Point:
        x, y = self._signed(found.counts)
        best_x, best_y = (min(found.bounds[axis], self._ideal[axis]) for axis in (X, Y))
        x_bound, y_bound = self._signed((best_x, best_y))
        return Point(x, y, x_bound, y_bound, found.exact, found.solution)


def move_text(rung: Rung) -> str:
    """A rung in one line.

    >>> from sanctopt import Start
    >>> move_text(Rung((), starts=(Start("bank", "designate"),), offer=True)), move_text(Rung(()))
    ('designate bank; offer', 'nothing')
    """
    parts = [f"{name} {', '.join(entities)}" for name, entities in by_instrument(rung.starts).items()]
    parts += rung.engagements + rung.mitigations
    parts += [f"threat: {name} {', '.join(hit)}" for name, hit in by_instrument(rung.threat).items()]
    return "; ".join([*parts, *(["offer"] if rung.offer else [])]) or "nothing"


def _page(found: Frontier) -> Iterator[str]:
    """The table of points, what is proven of them, and the first moves."""
    x, y = found.x, found.y
    yield f"{found.game_name}: {x} ({_side(x)}) against {y} ({_side(y)})"
    if found.complete:
        yield "Every point that no ladder beats in both, each proven."
    else:
        yield "Some such points; others may lie between them. Where a bound stands, the point is the best found:"
        yield "no ladder as good in the one is better than the bound in the other."
    heads = ["", x.value, y.value, f"{x.value}, bound", f"{y.value}, bound", "first move"]
    moves = {number: n for n, move in enumerate(found.first_moves, 1) for number in move.points}
    rows = [heads]
    for number, point in enumerate(found.points):
        bounds = ["", ""] if point.exact else [_number(x, point.x_bound), _number(y, point.y_bound)]
        amounts = [_number(x, point.x), _number(y, point.y)]
        rows.append([str(number + 1), *amounts, *bounds, f"({moves[number]})"])
    if all(point.exact for point in found.points):
        rows = [[*row[:3], row[5]] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
    yield "First moves:"
    for n, move in enumerate(found.first_moves, 1):
        yield f"({n}) {move}"


def _side(objective: Objective) -> str:
    unit = "US$m, " if objective.money else ""
    return f"{unit}{'much' if objective.sign > 0.0 else 'little'} is good"


def _number(objective: Objective, amount: float) -> str:
    if not math.isfinite(amount):
        return "unknown"
    return f"{amount:,.2f}" if objective.money else f"{amount:.3f}"
