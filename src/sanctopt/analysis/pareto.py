"""Two objectives against each other: the ladders that no other ladder beats in both, and how each begins.

A ladder *dominates* another one if it is at least as good in both objectives and better in one. The frontier
is the set of points (x, y) of ladders that none dominates. Objectives are those of `sanctopt.aims.Objective`:
expected over the prior, summed over the stages that are played; a concession ends the game, and only the
payoff has a term for it.

With X(L) and Y(L) for what counts of a ladder L (minus the amount where little is good), points are found
from the best x to the best y by the epsilon-constraint method in its lexicographic form (Mavrotas 2009,
Applied Mathematics and Computation 213, 455-465, does the same in one solve, by a small weight)::

    x_k = max X(L)  subject to  Y(L) >= e_k                   e_0 = -infinity,  e_k+1 = y_k + step
    y_k = max Y(L)  subject to  Y(L) >= e_k,  X(L) >= x_k

*Complete.* A ladder with Y >= e_k has X <= x_k. If its Y is at most y_k, point k dominates it or is the same;
if its Y is above y_k by the step, it is among those of k + 1. Decisions are discrete, so points are finitely
many, and the sweep ends where y is the best there is. *None is dominated*: a better x would contradict x_k,
and a better y with the same x would contradict y_k.

*The second line is solved by a weight*, which does not change the result, as it is checked: with W = max of
weight (X(L) - x_k) + Y(L) under the same limit, every ladder with X >= x_k has Y <= W. If the best known
ladder with this X has Y = W, it is the one. Otherwise that of W has less X, and the weight is raised until
that does not pay. (To hold X by a row leaves the program hardly any room for its prices, and HiGHS was caught
calling such programs infeasible that are not.)

*Tolerance.* Amounts are the same if they differ by no more than 1e-6 of them, or by a ten-millionth of the
largest amount of money in the game, or 1e-5 for a probability or credibility. The step is that, and of points
nearer than that one is kept.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from sanctopt.aims import Aims, AtLeast, Counted, Expectation, Limit, Mixture, Objective
from sanctopt.analysis.batch import BatchProgress, OnBatchProgress
from sanctopt.analysis.pareto_text import move_text, number_text, side_text
from sanctopt.analysis.rules.rules_of_thumb import baselines
from sanctopt.errors import OptionError, SolverError
from sanctopt.formulation.frame import Frame
from sanctopt.game import Game
from sanctopt.ladder import Information, Ladder, Rung
from sanctopt.solution import Solution
from sanctopt.solve import solve
from sanctopt.solver_options import Reason, SolveOptions

SAME, SAME_UNITS = 1e-6, 1e-4
"""Two amounts are the same if they differ by no more than this share of them, or this many units: those of
the program for money, of which the largest amount has 1000."""

OWN_UNIT = 0.1
"""Unit of what is not money: a probability, or credibility."""

OPINIONS = ({"mip_feasibility_tolerance": 1e-8}, {"presolve": "on"})
"""HiGHS's options for the two solves of a question. With its usual tolerance a decision of 1e-6 that pays
1000 would pass for none and earn more than the step; with 1e-9 HiGHS was caught at a wrong optimum."""

HEAVIER, WEIGHTS = 4.0, 12
"""How much more than what would have kept X up the next weight is, and how many are tried."""


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
        Whether the bounds are the amounts, to within twice the tolerance: no ladder dominates this one.
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
        Whether they are all the points that no ladder dominates, to within the tolerance; False if any of
        them is not exact, if only some were asked for, or after a Ctrl-C.
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


def frontier(  # noqa: PLR0913 - what is asked, where it begins, and how it is solved
    game: Game,
    x: Objective,
    y: Objective,
    *,
    options: SolveOptions | None = None,
    on_progress: OnBatchProgress | None = None,
    points: int | None = None,
    known_ladders: Iterable[Ladder] = (),
) -> Frontier:
    """The points of two objectives that no ladder dominates, each with its ladder.

    Parameters
    ----------
    game : Game
        The game.
    x, y : Objective
        Two different objectives of `sanctopt.aims`.
    options : SolveOptions, optional
        For each solve: three or more for a point, one if it ends at the time limit. None: the defaults. With
        a time limit the solves begin with the ladders of rules of thumb (`baselines`), too.
    on_progress : callable, optional
        Called with a `BatchProgress` after each point; Ctrl-C ends with the points found by then.
    points : int, optional
        For games whose solves end at a time limit: at most so many points, at least 2, evenly spaced in y
        where the ladders allow it. A point that was not solved to optimality is the best one found. None:
        all.
    known_ladders : iterable of Ladder
        Ladders of the game that every solve may begin with, e.g. the one that is best for the payoff.

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
    The solves build on each other: each starts from the ladders found before, and its bound holds for the
    next point too. So there is no executor to spread them over; give threads by the options.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> found = frontier(load_case("teaching"), Objective.DENIED, Objective.HOSTILITY)
    >>> [(round(point.x, 1), round(point.y, 1)) for point in found.points], found.complete
    ([(280.0, 1.0), (277.6, 0.4), (177.0, 0.0)], True)
    """
    for objective in (x, y):
        if not isinstance(objective, Objective):
            raise OptionError(f"{objective!r} is no objective; give one of sanctopt.aims, as Objective.COST")
    if x is y:
        raise OptionError(f"both objectives are {x}; give two different ones")
    if points is not None and (isinstance(points, bool) or points < 2):
        raise OptionError(f"points is {points!r}; give at least 2, or None for all")
    options = SolveOptions() if options is None else options
    sweep = _Sweep(game, (x, y), options, on_progress, points)
    sweep.begin_with(known_ladders)
    found = sweep.run()
    return Frontier(game.name, x, y, found, sweep.complete and all(point.exact for point in found))


X, Y = 0, 1


@dataclass(frozen=True)
class _Found:
    """A ladder and what counts of it, of both objectives."""

    counts: tuple[float, float]
    solution: Solution


@dataclass(frozen=True)
class _Made:
    """A point: its ladder, and bounds of what counts of those that are as good in the other objective."""

    found: _Found
    bounds: tuple[float, float]


@dataclass(frozen=True)
class _Asked:
    """What was proven by a solve, and whether a ladder reaches it."""

    bound: float
    optimal: bool


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
        self._game, self._objectives, self._options = game, objectives, options
        self._on_progress, self._most = on_progress, most
        unit = Frame(game, tuple(game.patron_type), Information.ADAPTIVE).unit
        self._units = tuple(unit if objective.money else OWN_UNIT for objective in objectives)
        self._begin = time.perf_counter()
        limited = options.time_limit_seconds is not None
        self._rules = tuple(baselines(game, seed=options.seed).values()) if limited else ()
        self._known: list[_Found] = []
        self._made: list[_Made] = []
        self._ideal = [math.inf, math.inf]
        self.complete = most is None

    def begin_with(self, ladders: Iterable[Ladder]) -> None:
        """Let every solve begin with these ladders, too."""
        self._rules += tuple(ladders)

    def run(self) -> tuple[Point, ...]:
        """All points, or as many as were asked for."""
        ended = False
        with suppress(KeyboardInterrupt):  # between two solves; one that runs ends by itself
            ended = self._sweep()
        self.complete = self.complete and ended
        return tuple(self._as_point(made) for made in self._undominated())

    def _sweep(self) -> bool:
        """Make points; tells whether the end was reached."""
        last = self._point(X, None)
        end = None if last is None else self._point(Y, None)
        while last is not None and end is not None:
            least = self._next(last.found, end.found)
            if least is None:
                return True
            last = self._point(X, least, last)
        return False

    def _next(self, last: _Found, end: _Found) -> float | None:
        """The least y of the next point; None if the end is reached, or as many points as were asked for."""
        room, step = end.counts[Y] - last.counts[Y], self._same(Y, last.counts[Y])
        if room <= step:
            return None
        if self._most is not None:
            left = self._most - len(self._made)
            if left <= 0:
                return None
            step = max(step, room / (left + 1))
        return last.counts[Y] + step

    def _point(self, axis: int, least: float | None, before: _Made | None = None) -> _Made | None:
        """The best in one objective, with the other one at least so good; of these, the best in the other.

        None after a Ctrl-C, or if time was over before there was any ladder.
        """
        other = self._objectives[1 - axis]
        limits = () if least is None else (AtLeast(least, Expectation(), other),)
        asked = self._solved(self._objectives[axis], limits)
        found = self._best(axis, -math.inf, limits)
        if asked is None or found is None:
            return None
        bounds = [math.inf, math.inf]
        bounds[axis] = asked.bound
        if before is not None:
            bounds[axis] = min(bounds[axis], before.bounds[axis])
        if least is None:
            self._ideal[axis] = bounds[axis]
        if asked.optimal:
            lexicographic = self._as_good(axis, found, limits)
            if lexicographic is None:
                return None
            found, bounds[1 - axis] = lexicographic
        made = _Made(found, (bounds[X], bounds[Y]))
        self._made.append(made)
        if self._on_progress is not None:
            amounts = zip(self._objectives, self._signed(found.counts), strict=True)
            name = ", ".join(f"{objective} {amount:,.6g}" for objective, amount in amounts)
            seconds = time.perf_counter() - self._begin
            self._on_progress(BatchProgress(len(self._made), self._most, name, seconds))
        return made

    def _as_good(self, axis: int, first: _Found, limits: tuple[Limit, ...]) -> tuple[_Found, float] | None:
        """Of the ladders as good as one in an objective, the best in the other, and its bound there."""
        objectives, other = self._objectives, 1 - axis
        value = first.counts[axis]
        weight = self._weight(axis, value, limits)
        bound = math.inf
        best = first
        for _ in range(WEIGHTS):
            weights = ((objectives[axis], weight), (objectives[other], 1.0))
            asked = self._solved(Mixture(weights, -weight * value), limits)
            if asked is None:
                return None
            kept = value - 0.5 * self._same(axis, value)
            best = self._best(other, kept, limits) or best
            bound = min(bound, asked.bound + weight * max(0.0, value - best.counts[axis]))
            close = bound - best.counts[other] <= self._same(other, best.counts[other])
            if close or not asked.optimal:
                break
            heavier = self._weight(axis, value, limits)
            if heavier <= weight:  # what is left is the gap of the solve, not a ladder with less X
                break
            weight = heavier
        return best, max(bound, best.counts[other])

    def _weight(self, axis: int, value: float, limits: tuple[Limit, ...]) -> float:
        """A weight with which no ladder known pays that is worse in an objective and better in the other."""
        other = 1 - axis
        as_good = self._best(other, value - 0.5 * self._same(axis, value), limits)
        kept = -math.inf if as_good is None else as_good.counts[other]
        rates = [
            (one.counts[other] - kept) / (value - one.counts[axis])
            for one in self._fitting(limits)
            if one.counts[axis] < value - 0.5 * self._same(axis, value) and one.counts[other] > kept
        ]
        return max([HEAVIER * rate for rate in rates], default=self._units[other] / self._units[axis])

    def _solved(self, counted: Counted, limits: tuple[Limit, ...]) -> _Asked | None:
        """Solve under limits, beginning with all ladders known; None after a Ctrl-C.

        What is called optimal is asked again in another way: HiGHS was caught at wrong optima, and a point
        left out would show in nothing else. Not so under a weight: what is missed there is found as the next
        point, which then dominates this one.
        """
        aims = Aims(limits=limits, objective=counted)
        bounds: list[float] = []
        optimal, failed = False, None
        for highs in OPINIONS:
            try:
                solution = solve(
                    self._game,
                    aims=aims,
                    options=replace(self._options, highs={**highs, **self._options.highs}),
                    known_ladders=(*self._rules, *(one.solution.ladder for one in self._fitting(limits))),
                )
            except SolverError as error:  # HiGHS contradicts itself or the rules; the other way must do
                failed = error
                continue
            if solution.has_ladder:
                x, y = (o.sign * o.expected(solution.outcome) for o in self._objectives)
                self._known.append(_Found((x, y), solution))
            reason = solution.status.reason
            if reason is Reason.INTERRUPTED:
                return None
            if reason is Reason.INFEASIBLE:
                failed = SolverError(
                    f"{aims}: called infeasible, but a ladder is known; please report this case"
                )
                continue
            optimal = reason is Reason.OPTIMAL
            bounds.append(math.inf if solution.dual_bound is None else solution.dual_bound)
            if not optimal or isinstance(counted, Mixture):
                break
        if not bounds:
            raise failed if failed is not None else SolverError(f"{aims}: no way to solve it")
        return _Asked(max(bounds), optimal)

    def _fitting(self, limits: tuple[Limit, ...]) -> list[_Found]:
        """The ladders known that keep limits."""
        return [
            one
            for one in self._known
            if all(limit.kept(self._game, one.solution.outcome) for limit in limits)
        ]

    def _best(self, axis: int, least: float, limits: tuple[Limit, ...]) -> _Found | None:
        """The best ladder known in one objective, with at least so much of the other, that keeps limits."""
        fitting = [one for one in self._fitting(limits) if one.counts[1 - axis] >= least]
        return max(fitting, key=lambda one: (one.counts[axis], one.counts[1 - axis]), default=None)

    def _same(self, axis: int, value: float) -> float:
        return max(SAME * abs(value), SAME_UNITS * self._units[axis])

    def _undominated(self) -> list[_Made]:
        """The points made, without what another one dominates; of those that are the same, the first."""
        kept: list[_Made] = []
        for number, made in enumerate(self._made):
            earlier = any(self._no_worse(other, made) for other in kept)
            later = any(
                self._no_worse(other, made) and not self._no_worse(made, other)
                for other in self._made[number + 1 :]
            )
            if not earlier and not later:
                kept.append(made)
        return sorted(kept, key=lambda made: -made.found.counts[X])

    def _no_worse(self, one: _Made, other: _Made) -> bool:
        """Whether one is at least as good as the other in both objectives, to within the tolerance."""
        pairs = zip((X, Y), one.found.counts, other.found.counts, strict=True)
        return all(mine >= yours - self._same(axis, yours) for axis, mine, yours in pairs)

    def _signed(self, counts: tuple[float, float]) -> tuple[float, float]:
        """Amounts of what counts; no minus zero."""
        x, y = (o.sign * value + 0.0 for o, value in zip(self._objectives, counts, strict=True))
        return x, y

    def _as_point(self, made: _Made) -> Point:
        counts = made.found.counts
        best_x, best_y = (min(made.bounds[axis], self._ideal[axis]) for axis in (X, Y))
        exact = all(
            bound - value <= 2.0 * self._same(axis, value)
            for axis, bound, value in zip((X, Y), (best_x, best_y), counts, strict=True)
        )
        x, y = self._signed(counts)
        x_bound, y_bound = self._signed((max(best_x, counts[X]), max(best_y, counts[Y])))
        return Point(x, y, x_bound, y_bound, exact, made.found.solution)


def _page(found: Frontier) -> Iterator[str]:
    """The table of points, what is proven of them, and the first moves."""
    x, y = found.x, found.y
    yield f"{found.game_name}: {x} ({side_text(x)}) against {y} ({side_text(y)})"
    if found.complete:
        yield "Every point that no ladder beats in both, each proven."
    else:
        yield "Points that no ladder found beats in both; others may lie between. Where bounds stand, the"
        yield "point is the best found: no ladder as good in the one is better than the bound in the other."
    heads = ["", x.value, y.value, f"{x.value}, bound", f"{y.value}, bound", "first move"]
    moves = {number: n for n, move in enumerate(found.first_moves, 1) for number in move.points}
    rows = [heads]
    for number, point in enumerate(found.points):
        bounds = ["", ""] if point.exact else [number_text(x, point.x_bound), number_text(y, point.y_bound)]
        amounts = [number_text(x, point.x), number_text(y, point.y)]
        rows.append([str(number + 1), *amounts, *bounds, f"({moves[number]})"])
    if all(point.exact for point in found.points):
        rows = [[*row[:3], row[5]] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
    yield "First moves:"
    for n, move in enumerate(found.first_moves, 1):
        yield f"({n}) {move}"
