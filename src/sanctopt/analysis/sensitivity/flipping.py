"""How wrong must the numbers be, all together, before another first rung is right: the flip radius.

Let s be the positions of the factors (`sensitivity.factors`): -1 the low end, 0 the number of the case,
1 the high end. In the game at s let

    F(s) = the most that a ladder is worth that begins with the kept first rung
    O(s) = the most that a ladder is worth that begins with any other

The first rung *flips* at s if O(s) >= F(s), or if nothing can begin with the kept one. The flip radius is

    r* = inf { r in [0, 1] : the first rung flips at some s with |s_i| <= r for all i }

so at r* each number has moved by at most r* of its way to an end of its range. It is infinite if the first
rung flips nowhere in the ranges. Points that are no valid game do not count.

The set of s where it flips has no shape that a program could use: numbers move responses, exits and
concessions, so F and O jump. What is computed:

*From above.* A witness s at which the first rung flips, found by two solves (F and O) there, proves
r* <= max |s_i|. Where both solves closed their gaps, so is the flip proven; else the best ladders found were
compared, and `FlipRadius.proven` says so. Witnesses are sought along rays s = r d, with d_i in {-1, 0, 1}:

- For one factor: both rays, scanned in steps, then bisected to the tolerance. Exact to the tolerance, but for
  flips between two neighbouring points of the scan that is undone before the second.
- For several: for each of a few rivals, the best ladders with other first rungs, d_i is the end at which
  factor i alone gains the rival most on the kept ladder, both *played* (0 if neither gains it anything). The
  corner, and where the rival overtakes the kept ladder by play, are solved; then r is bisected. At the
  witness, the two ladders found there point to a new ray, and so on while that helps. Last, each factor is
  tried back at its number, so that the witness moves only what it takes.

*From below.* Let the factors be single numbers that enter payoffs only: weights, costs, the weights of
parties, the value of a concession, priors (one, or all), harms where there is no mitigation. Then no response
depends on them, each ladder's payoff is affine in each of them (for all priors, after multiplying by their
sum), and O, a maximum of such, is convex in each. So the kept ladder's payoff along its responses, minus O,
is concave in each, and least at a corner of the box |s_i| <= r: if it is above 0 at all corners, the first
rung flips nowhere in the box, and r* > r. This is done for up to `CORNERS` corners; otherwise the bound is 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from sanctopt.aims import Aims
from sanctopt.analysis.batch import OnBatchProgress, Question, solve_each
from sanctopt.analysis.sensitivity.factors import numbers_at
from sanctopt.analysis.sensitivity.flip_text import Moved
from sanctopt.analysis.sensitivity.flips import FlipRadius, FlipSearch, Witness
from sanctopt.analysis.sensitivity.payoff_numbers import along_responses, payoff_only
from sanctopt.analysis.sensitivity.study import KEPT, Bench, Study, prepare, rung_question, tolerance
from sanctopt.analysis.workload import Meter, map_each
from sanctopt.errors import CaseError, LadderError
from sanctopt.game import Game
from sanctopt.ladder import Ladder, Rung
from sanctopt.play import play
from sanctopt.rung_limits import OtherFirstRungs, first_rung
from sanctopt.solution import Solution
from sanctopt.solver_options import Reason, SolveOptions

CORNERS = 16
"""Most corners of a box that are solved for a lower bound: four factors."""

PRUNED = 20
"""Most factors of a witness that are tried without: two solves each."""

NEGLIGIBLE = 1e-6
"""A factor that gains a rival less than this share of what the best factor gains it stays where it is."""


def flip_radius(
    game: Game,
    search: FlipSearch | None = None,
    study: Study | None = None,
    *,
    options: SolveOptions | None = None,
    executor: Executor | None = None,
    on_progress: OnBatchProgress | None = None,
) -> FlipRadius:
    """Seek the smallest joint relative change of the uncertain numbers that makes another first rung optimal.

    Parameters
    ----------
    game : Game
        The game.
    search : FlipSearch, optional
        Tolerance and effort. None: the defaults.
    study : Study, optional
        What is moved, and the kept ladder, whose first rung is asked about; candidates are known ladders to
        begin with. None: all ranges of the case, and the optimal ladder.
    options : SolveOptions, optional
        For each solve. With a time limit a witness may be found and not proven.
    executor, on_progress : optional
        As in `sanctopt.analysis.solve_each`. How many solves it takes is not known beforehand.

    Returns
    -------
    FlipRadius
        Radius 0 if another first rung is as good already.

    Raises
    ------
    OptionError
        If nothing is uncertain or a range does not fit the game.
    LadderError
        If a ladder of the study is not allowed by the game as it stands.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> from sanctopt.analysis.sensitivity.factors import spread
    >>> from sanctopt.analysis.sensitivity.study import Study
    >>> game = load_case("teaching")
    >>> found = flip_radius(game, study=Study(spread(game, 0.2, "weights.harm")))
    >>> found.proven, found.radius - found.at_least <= 0.01
    (True, True)
    """
    search = FlipSearch() if search is None else search
    meter = Meter(on_progress, 0)
    study = Study() if study is None else study
    bench = prepare(
        game, study, solve_it=study.ladder is None, options=options, executor=executor, meter=meter
    )
    seeker = _Seeker(bench, search, _Solves(options, executor, meter))
    return seeker.radius(game)


@dataclass(frozen=True)
class _Solves:
    """How questions are answered."""

    options: SolveOptions | None
    executor: Executor | None
    meter: Meter

    def of(self, questions: Sequence[Question]) -> tuple[Solution, ...]:
        self.meter.more(len(questions))
        answers = solve_each(
            questions, options=self.options, executor=self.executor, on_progress=self.meter.phase()
        )
        if any(answer.solution.status.reason is Reason.INTERRUPTED for answer in answers):
            raise KeyboardInterrupt  # a search that is cut short has no answer
        return tuple(answer.solution for answer in answers)


@dataclass(frozen=True)
class _Probe:
    """F and O at a point; None where it is no valid game."""

    positions: tuple[float, ...]
    game: Game
    kept: Solution
    other: Solution

    @property
    def flips(self) -> bool:
        """Whether the best ladders found say that the first rung flips."""
        if not self.other.has_ladder:
            return False
        if not self.kept.has_ladder:
            return self.kept.status.reason is Reason.INFEASIBLE
        return self.other.value >= self.kept.value - tolerance(self.kept.value)

    @property
    def radius(self) -> float:
        return max(map(abs, self.positions), default=0.0)


class _Seeker:
    """The search; it remembers what it solved and every ladder it saw."""

    def __init__(self, bench: Bench, search: FlipSearch, solves: _Solves) -> None:
        self.bench = bench
        self.search = search
        self.solves = solves
        self.factors = bench.changer.factors
        self.ladders: list[Ladder] = [play(bench.changer.base, one).ladder for one in bench.ladders.values()]
        self._probes: dict[tuple[float, ...], _Probe | None] = {}

    def radius(self, game: Game) -> FlipRadius:
        origin = self.probe((0.0,) * len(self.factors))
        best, lower = origin, 0.0
        if origin is None or not origin.flips:
            best = self._line() if len(self.factors) == 1 else self._rays(origin)
            lower = self._lower(1.0 if best is None else best.radius)
        witness = None if best is None else self._witness(self._lean(best))
        return FlipRadius(
            game.name,
            self.bench.first_rung,
            math.inf if best is None else best.radius,
            lower,
            witness,
            tuple(factor.name for factor in self.factors),
            self.search,
            sum(probe is not None for probe in self._probes.values()),
        )

    def probe(self, positions: Sequence[float]) -> _Probe | None:
        """F and O at a point."""
        key = tuple(positions)
        if key not in self._probes:
            self._probes[key] = self._probed(key)
        return self._probes[key]

    def _probed(self, positions: tuple[float, ...]) -> _Probe | None:
        try:
            game = self.bench.changer.game(numbers_at(self.factors, positions))
        except CaseError:
            return None
        rung, known = self.bench.first_rung, tuple(self.ladders)
        kept, other = self.solves.of(
            (
                rung_question("kept first rung", game, rung, known),
                Question("another first rung", game, aims=_others(rung), known_ladders=known),
            )
        )
        self._remember(kept, other)
        return _Probe(positions, game, kept, other)

    def _remember(self, *solutions: Solution) -> None:
        for solution in solutions:
            if solution.has_ladder and solution.ladder not in self.ladders:
                self.ladders.append(solution.ladder)

    # --- rays ---------------------------------------------------------------------------------------------

    def _line(self) -> _Probe | None:
        """One factor: scan both sides outwards in turn, bisect where it flips first."""
        steps = self.search.steps
        for step in range(1, steps + 1):
            found = [
                hit
                for sign in (1.0, -1.0)
                if (hit := self.probe((sign * step / steps,))) is not None and hit.flips
            ]
            best: _Probe | None = None
            for hit in found:
                sign = math.copysign(1.0, hit.positions[0])
                nearer = self._bisected((sign,), (step - 1) / steps, hit)
                best = nearer if best is None or nearer.radius < best.radius else best
            if best is not None:
                return best
        return None

    def _rays(self, origin: _Probe | None) -> _Probe | None:
        """Several factors: the rays of the rivals, each turned while that helps."""
        best: _Probe | None = None
        if origin is None or not origin.kept.has_ladder:
            return None
        kept = origin.kept.ladder
        for rival in self._rivals(origin):
            pair = (kept, rival)
            for _ in range(self.search.rounds + 1):
                ray = self._direction(*pair)
                hit = None if not any(ray) else self._along(ray, pair, best)
                if hit is None:
                    break
                best = hit
                if not hit.kept.has_ladder:
                    break
                pair = (hit.kept.ladder, hit.other.ladder)
        return best

    def _rivals(self, origin: _Probe) -> Iterator[Ladder]:
        """The best ladders of the game as it stands with other first rungs, each another one."""
        solution, rungs = origin.other, [self.bench.first_rung]
        for left in reversed(range(self.search.rivals)):
            if not solution.has_ladder:
                return
            yield solution.ladder
            if left:
                rungs.append(first_rung(solution.outcome))
                aims = _others(*rungs)
                question = Question("a further first rung", origin.game, aims=aims)
                (solution,) = self.solves.of([question])
                self._remember(solution)

    def _direction(self, kept: Ladder, rival: Ladder) -> tuple[float, ...]:
        """The end at which each factor alone gains the rival most on the kept ladder, both played."""
        bench = replace(self.bench, ladders={KEPT: kept, "rival": rival})
        ends = [factor.at(s) for factor in self.factors for s in (-1.0, 1.0)]
        meter = self.solves.meter
        meter.more(len(ends))
        points = map_each(bench.play, ends, self.solves.executor, meter, "plays")
        base = bench.play({})
        gain = [
            (point.values["rival"] - point.kept) - (base.values["rival"] - base.kept)
            if point.valid
            else -math.inf
            for point in points
        ]
        least = max(NEGLIGIBLE * max(map(abs, filter(math.isfinite, gain)), default=0.0), 1e-9)
        ray = []
        for low, high in zip(gain[::2], gain[1::2], strict=True):
            ray.append(0.0 if max(low, high) <= least else -1.0 if low > high else 1.0)
        return tuple(ray)

    def _along(
        self, ray: tuple[float, ...], pair: tuple[Ladder, Ladder], best: _Probe | None
    ) -> _Probe | None:
        """The first point found along a ray at which the first rung flips, nearer than the best so far."""
        most = 1.0 if best is None else best.radius - self.search.tolerance
        if most <= 0.0:
            return None
        below = 0.0
        for radius in (*self._overtaken(ray, pair, most), most):
            hit = self.probe([radius * s for s in ray])
            if hit is not None and hit.flips:
                return self._bisected(ray, below, hit)
            below = radius
        return None

    def _overtaken(self, ray: tuple[float, ...], pair: tuple[Ladder, Ladder], most: float) -> Iterator[float]:
        """The least radius, on a grid, at which the rival overtakes the kept ladder by play."""
        bench = replace(self.bench, ladders={KEPT: pair[0], "rival": pair[1]})
        for radius in np.linspace(0.0, most, 2 * self.search.steps + 1)[1:-1]:
            point = bench.play(numbers_at(self.factors, [float(radius) * s for s in ray]))
            if point.valid and point.values["rival"] >= point.kept:
                yield float(radius)
                return

    def _bisected(self, ray: tuple[float, ...], below: float, hit: _Probe) -> _Probe:
        """The flip of a ray between a radius and a hit, nearer to the radius to within the tolerance."""
        while hit.radius - below > self.search.tolerance:
            middle = (below + hit.radius) / 2.0
            probe = self.probe([middle * s for s in ray])
            if probe is not None and probe.flips:
                hit = probe
            else:
                below = middle
        return hit

    def _lean(self, hit: _Probe) -> _Probe:
        """The witness with only those factors moved that it takes: each is tried back at its number."""
        moved = [n for n, s in enumerate(hit.positions) if s != 0.0]
        for place in moved if 1 < len(moved) <= PRUNED else ():
            positions = [0.0 if n == place else s for n, s in enumerate(hit.positions)]
            if not any(positions):
                break
            probe = self.probe(positions)
            if probe is not None and probe.flips:
                hit = probe
        return hit

    # --- from below ---------------------------------------------------------------------------------------

    def _lower(self, most: float) -> float:
        """A radius below which the first rung flips nowhere; see the module."""
        if 2 ** len(self.factors) > CORNERS or not payoff_only(self.bench.changer.base, self.factors):
            return 0.0
        responses = play(self.bench.changer.base, self.bench.kept).responses
        if self._safe(most, responses):
            return most
        below, above = 0.0, most
        while above - below > self.search.tolerance:
            middle = (below + above) / 2.0
            if self._safe(middle, responses):
                below = middle
            else:
                above = middle
        return below

    def _safe(self, radius: float, responses: Mapping[str, tuple[str, ...]]) -> bool:
        """Whether at all corners the kept ladder beats every ladder with another first rung."""
        corners = list(product((-radius, radius), repeat=len(self.factors)))
        try:
            games = [self.bench.changer.game(numbers_at(self.factors, corner)) for corner in corners]
        except CaseError:
            return False
        aims = _others(self.bench.first_rung)
        questions = [
            Question("another first rung", game, aims=aims, known_ladders=tuple(self.ladders))
            for game in games
        ]
        try:
            kept = [along_responses(game, self.bench.kept, responses) for game in games]
        except LadderError:
            return False
        # Cheap first: a ladder known already may beat the kept one at some corner.
        for solution, value in zip(self.solves.of(questions), kept, strict=True):
            if solution.status.reason is Reason.INFEASIBLE:
                continue
            if solution.dual_bound is None or solution.dual_bound >= value:
                return False
        return True

    def _witness(self, probe: _Probe) -> Witness:
        numbers = numbers_at(self.factors, probe.positions)
        moved = tuple(
            Moved(row.path, row.value, numbers[row.path], position)
            for factor, position in zip(self.factors, probe.positions, strict=True)
            for row in factor.rows
            if numbers[row.path] != row.value
        )
        kept = probe.kept
        if kept.status.reason is Reason.INFEASIBLE:
            value, bound = -math.inf, -math.inf
        else:
            value = kept.value if kept.has_ladder else -math.inf
            bound = math.inf if kept.dual_bound is None else kept.dual_bound
        positions = {f.name: s for f, s in zip(self.factors, probe.positions, strict=True)}
        rung = first_rung(probe.other.outcome)
        return Witness(positions, moved, probe.game, rung, probe.other.value, value, bound)


def _others(*rungs: Rung) -> Aims:
    return Aims(limits=(OtherFirstRungs(rungs),))
