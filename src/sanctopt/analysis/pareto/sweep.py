"""The solves of a frontier and all that they found."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, replace

from sanctopt.aims import Aims, AtLeast, Counted, Expectation, Limit, Mixture, Objective
from sanctopt.analysis.batch import BatchProgress, OnBatchProgress, Question
from sanctopt.analysis.pareto.asking import Asking, run
from sanctopt.analysis.pareto.points import Point
from sanctopt.analysis.rules.rules_of_thumb import baselines
from sanctopt.errors import SolverError
from sanctopt.formulation.frame import Frame
from sanctopt.game import Game
from sanctopt.ladder import Information, Ladder
from sanctopt.solution import Solution
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


class Sweep:
    """The solves of a frontier, one after the other or from both ends at once, and all that they found."""

    def __init__(
        self,
        game: Game,
        objectives: tuple[Objective, Objective],
        options: SolveOptions,
        on_progress: OnBatchProgress | None,
        most: int | None,
        executor: Executor | None,
    ) -> None:
        self._game, self._objectives, self._options = game, objectives, options
        self._on_progress, self._most, self._executor = on_progress, most, executor
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
        last, end = self._reached(self._point(X, None), self._point(Y, None))
        if last is None or end is None:
            return False
        if self._most is None:
            return self._all_between(last, end)
        return self._some_between(last, end, self._most)

    def _all_between(self, last: _Made, end: _Made) -> bool:
        """All points, from the best x on; with an executor from the best y on, too, until the two meet."""
        made: list[_Made | None]
        while self._room(last, end) > self._same(Y, last.found.counts[Y]):
            ways = [self._point(X, self._beyond(Y, last), last)]
            if self._executor is not None:
                ways.append(self._point(Y, self._beyond(X, end), end))
            made = self._reached(*ways)
            if made[0] is None or made[-1] is None:
                return False
            last, end = made[0], end if self._executor is None else made[-1]
        return True

    def _some_between(self, last: _Made, end: _Made, most: int) -> bool:
        """As many points as are asked for; with an executor all at once."""
        while (left := most - len(self._made)) > 0 and self._room(last, end) > 0.0:
            least, step = self._beyond(Y, last), self._room(last, end) / (left + 1)
            ahead = 1 if self._executor is None else left
            places = (max(least, last.found.counts[Y] + step * number) for number in range(1, ahead + 1))
            *_, made = self._reached(*(self._point(X, place, last) for place in places))
            if made is None:
                return False
            last = made
        return True

    def _room(self, last: _Made, end: _Made) -> float:
        return end.found.counts[Y] - last.found.counts[Y]

    def _beyond(self, axis: int, made: _Made) -> float:
        """What is more of an objective than a point has."""
        value = made.found.counts[axis]
        return value + self._same(axis, value)

    def _reached(self, *points: Asking[_Made | None]) -> list[_Made | None]:
        return run(points, self._executor)

    def _point(self, axis: int, least: float | None, before: _Made | None = None) -> Asking[_Made | None]:
        """The best in one objective, with the other one at least so good; of these, the best in the other.

        None after a Ctrl-C, or if time was over before there was any ladder.
        """
        other = self._objectives[1 - axis]
        limits = () if least is None else (AtLeast(least, Expectation(), other),)
        asked = yield from self._solved(self._objectives[axis], limits)
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
            lexicographic = yield from self._as_good(axis, found, limits)
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

    def _as_good(
        self, axis: int, first: _Found, limits: tuple[Limit, ...]
    ) -> Asking[tuple[_Found, float] | None]:
        """Of the ladders as good as one in an objective, the best in the other, and its bound there."""
        objectives, other = self._objectives, 1 - axis
        value = first.counts[axis]
        weight = self._weight(axis, value, limits)
        bound = math.inf
        best = first
        for _ in range(WEIGHTS):
            weights = ((objectives[axis], weight), (objectives[other], 1.0))
            asked = yield from self._solved(Mixture(weights, -weight * value), limits)
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

    def _solved(self, counted: Counted, limits: tuple[Limit, ...]) -> Asking[_Asked | None]:
        """Solve under limits, beginning with all ladders known; None after a Ctrl-C.

        What is called optimal is asked again in another way: HiGHS was caught at wrong optima, and a point
        left out would show in nothing else. Not so under a weight: what is missed there is found as the next
        point, which then dominates this one.
        """
        aims = Aims(limits=limits, objective=counted)
        bounds: list[float] = []
        optimal, failed = False, None
        for highs in OPINIONS:
            solution = yield Question(
                str(aims),
                self._game,
                aims=aims,
                known_ladders=(*self._rules, *(one.solution.ladder for one in self._fitting(limits))),
                options=replace(self._options, highs={**highs, **self._options.highs}),
            )
            if isinstance(solution, SolverError):  # HiGHS contradicts itself or the rules; the other must do
                failed = solution
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
