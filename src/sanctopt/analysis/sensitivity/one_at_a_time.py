"""One number at a time: each is moved to the two ends of its range, all others stay (a tornado).

For each factor (`sensitivity.factors`) and each end of it, let G be the game with that factor there:

    kept     value in G of the kept ladder, played; repaired (`sensitivity.repair`) if G forbids it
    optimum  value of the best ladder of G, re-solved
    regret   optimum - kept: what it costs to stay with the kept ladder
    swing    largest minus smallest of the values at the low end, as the case stands, and at the high end

*The first rung changes* at an end if no ladder that begins with the kept first rung is optimal there. It is
decided by two optima where that is open: the one with any first rung, and the one with the kept first rung.

*Two steps* for games with many numbers or slow solves (``top``): first all factors by playing the kept ladder
and the candidates, which is exact; then solves at both ends of the ``top`` factors with the largest swing of
the kept ladder, each begun from the best ladder played there. What such a solve found in its time is *best
found*, with the bound that it proved; it is called optimal only if it closed its gap. A factor that hardly
moves the kept ladder may still move the optimum: the first step does not see that.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import pandas as pd

from sanctopt.analysis.batch import OnBatchProgress, Question, solve_each
from sanctopt.analysis.sensitivity.bars import Bar, End, swing
from sanctopt.analysis.sensitivity.repair import keep
from sanctopt.analysis.sensitivity.study import (
    KEPT,
    Bench,
    Known,
    Point,
    Study,
    known,
    open_question,
    prepare,
    resolve_question,
    rung_question,
    with_first_rung,
)
from sanctopt.analysis.sensitivity.tornado_text import page
from sanctopt.analysis.workload import Lazy, Meter, map_each
from sanctopt.errors import OptionError
from sanctopt.game import Game
from sanctopt.ladder import Rung
from sanctopt.rung_limits import describe
from sanctopt.solution import Solution
from sanctopt.solver_options import SolveOptions


@dataclass(frozen=True)
class Tornado:
    """Factors by swing, largest first: by that of the optimum where it was solved, then by the kept ladder's.

    Attributes
    ----------
    game_name : str
        Name of the game.
    kept_value : float
        Value of the kept ladder as the case stands (millions of US dollars).
    optimum : Known or None
        Of the game as it stands; None if it was not solved.
    first_rung : Rung
        Of the kept ladder.
    bars : tuple of Bar
        The factors.
    """

    game_name: str
    kept_value: float
    optimum: Known | None
    first_rung: Rung
    bars: tuple[Bar, ...]

    def of(self, name: str) -> Bar:
        """The bar of a factor by its name; OptionError if it is not there."""
        for bar in self.bars:
            if bar.factor.name == name:
                return bar
        raise OptionError(f"{name!r} was not varied; the largest that was is {self.bars[0].factor.name!r}")

    def to_frame(self) -> pd.DataFrame:
        """One row per factor and end, in order.

        Columns: factor, end ("low" or "high"), number (NaN for several that move together), kept, repaired,
        optimum, bound, optimal, regret, first_rung, changes, swing, kept_swing, problem. Money in millions of
        US dollars.
        """
        rows = [
            {
                "factor": bar.factor.name,
                "end": which,
                "number": next(iter(end.numbers.values())) if len(end.numbers) == 1 else math.nan,
                "kept": end.kept,
                "repaired": end.repaired,
                "optimum": end.optimum,
                "bound": end.bound,
                "optimal": end.optimal,
                "regret": end.regret,
                "first_rung": "" if end.first_rung is None else describe(end.first_rung),
                "changes": end.changes,
                "swing": bar.swing,
                "kept_swing": bar.kept_swing,
                "problem": end.problem,
            }
            for bar in self.bars
            for which, end in zip(("low", "high"), bar.ends, strict=True)
        ]
        return pd.DataFrame(rows)

    def __str__(self) -> str:
        parts = page(self.game_name, self.kept_value, self.optimum, self.first_rung, self.bars)
        return "\n".join(parts)


def tornado(
    game: Game,
    study: Study | None = None,
    *,
    top: int | None = None,
    options: SolveOptions | None = None,
    executor: Executor | None = None,
    on_progress: OnBatchProgress | None = None,
) -> Tornado:
    """Move each uncertain number to the two ends of its range, and see what that changes.

    Parameters
    ----------
    game : Game
        The game.
    study : Study, optional
        What is varied and which ladder is kept. None: all ranges of the case, and the optimal ladder.
    top : int, optional
        Solve at the ends of so many factors only, those with the largest swing of the kept ladder; 0: play
        only. None: solve at the ends of all.
    options : SolveOptions, optional
        For each solve; give a time limit where solves are slow. None: the defaults.
    executor, on_progress : optional
        As in `sanctopt.analysis.solve_each`; plays are spread too. The progress counts plays and solves.

    Returns
    -------
    Tornado

    Raises
    ------
    OptionError
        If nothing is uncertain, a range does not fit the game, or ``top`` is negative.
    LadderError
        If a ladder of the study is not allowed by the game as it stands.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> from sanctopt.analysis.sensitivity.factors import spread
    >>> from sanctopt.analysis.sensitivity.study import Study
    >>> game = load_case("teaching")
    >>> found = tornado(game, Study(spread(game, 0.2, "weights.h*", "entities.coal.supply")))
    >>> [(bar.factor.name, round(bar.swing, 1), bar.changes) for bar in found.bars]
    [('entities.coal.supply', 114.0, False), ('weights.harm', 21.8, True)]
    """
    if top is not None and top < 0:
        raise OptionError(f"top is {top}; give the number of factors to solve at, or None for all")
    study = Study() if study is None else study
    meter = Meter(on_progress, 0)
    bench = prepare(game, study, solve_it=top != 0, options=options, executor=executor, meter=meter)
    factors = bench.changer.factors
    positions = [factor.at(s) for factor in factors for s in (-1.0, 1.0)]
    meter.more(len(positions))
    points = map_each(bench.play, positions, executor, meter, "plays")
    base = bench.play({})
    optimum = None if bench.solution is None else known(bench.solution, bench.best(game, base))
    ends = [_end(point) for point in points]
    order = sorted(range(len(factors)), key=lambda n: -_swing_of(base, ends[2 * n], ends[2 * n + 1]))
    chosen = order if top is None else order[:top]
    places = [place for n in sorted(chosen) for place in (2 * n, 2 * n + 1) if points[place].valid]
    solve = functools.partial(_solutions, options=options, executor=executor, meter=meter)
    for place, end in zip(places, _solved(bench, [points[n] for n in places], solve), strict=True):
        ends[place] = end
    value = math.nan if optimum is None else optimum.value
    bars = [Bar(factor, ends[2 * n], ends[2 * n + 1], base.kept, value) for n, factor in enumerate(factors)]
    bars.sort(key=lambda bar: (math.isnan(bar.swing), -round(_zero(bar.swing), 6), -round(bar.kept_swing, 6)))
    return Tornado(game.name, base.kept, optimum, bench.first_rung, tuple(bars))


def _zero(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def _swing_of(base: Point, low: End, high: End) -> float:
    return round(swing(base.kept, (end.kept for end in (low, high) if not end.problem)), 6)


def _end(point: Point) -> End:
    return End(point.numbers, point.problem, point.kept, KEPT in point.repaired)


Solve = Callable[[Lazy[Question]], tuple[Solution | None, ...]]


def _solutions(
    questions: Lazy[Question], *, options: SolveOptions | None, executor: Executor | None, meter: Meter
) -> tuple[Solution | None, ...]:
    """A solution for each question; None where a Ctrl-C came before."""
    meter.more(len(questions))
    answers = solve_each(questions, options=options, executor=executor, on_progress=meter.phase())
    found = [answer.solution for answer in answers]
    return (*found, *[None] * (len(questions) - len(found)))


def _solved(bench: Bench, points: Sequence[Point], solve: Solve) -> list[End]:
    """The ends of some valid points, solved; first all optima, then where the first rung is in doubt."""
    rung = bench.first_rung

    def game(n: int) -> Game:
        return bench.changer.game(points[n].numbers)

    def first(n: int) -> Question:
        changed = game(n)
        best = bench.best(changed, points[n])
        return resolve_question(_name(points[n]), changed, (best.reached,))

    optima = []
    for n, solution in enumerate(solve(Lazy(len(points), first))):
        optima.append(known(solution, bench.best(game(n), points[n])))
    kept = [keep(game(n), bench.kept) for n in range(len(points))]
    doubtful = [n for n, found in enumerate(optima) if open_question(found, rung, kept[n])]

    def second(n: int) -> Question:
        place = doubtful[n]
        starts = (kept[place].reached,) if kept[place].first_rung == rung else ()
        return rung_question(_name(points[place]), game(place), rung, starts)

    fixed = dict(zip(doubtful, solve(Lazy(len(doubtful), second)), strict=True))
    ends = []
    for n, found in enumerate(optima):
        best, changes = with_first_rung(found, rung, kept[n], fixed.get(n))
        ends.append(
            replace(
                _end(points[n]),
                optimum=best.value,
                bound=best.bound,
                optimal=best.optimal,
                first_rung=best.first_rung,
                changes=changes,
            )
        )
    return ends


def _name(point: Point) -> str:
    path, number = next(iter(point.numbers.items()))
    more = f" and {len(point.numbers) - 1} more" if len(point.numbers) > 1 else ""
    return f"{path} = {number:g}{more}"
