"""Monte Carlo over the ranges of a case: what would be done first, its worth, the cost of keeping a plan.

Each draw sets every factor (`sensitivity.factors`) independently, by the distribution that the study
states; numbers of one factor move together. Draw number n comes from its own stream, seeded by the seed and
n: the first draws of a longer run are those of a shorter one, whatever the executor.

*Priors* that are all drawn are divided by their sum (`sensitivity.factors`); each may leave its range.

*Draws that are no valid game*, e.g. with a concession worth too little, are thrown away and drawn again from
the same stream, and counted: the distribution is the stated one, given that the game is valid.

In the game of each draw the kept ladder and the candidates are played, repaired where they are not allowed
(`sensitivity.repair`). Then, unless only plays are asked for, the game is solved, begun from the best
of them. Let V be the optimum of a draw's game, and K what the kept ladder gives there:

    regret of keeping = V - K    at least (best value known) - K, at most (bound proven) - K

Without a solve there is no bound, and the best value known is that of the best of the candidates. Among
ladders worth the same the kept one counts as best, then the candidates in their order: "in 83 % of draws the
first rung is ..." counts the first rung of the best ladder known. Another first rung may be as good.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from sanctopt.analysis.batch import OnBatchProgress, Question, solve_each
from sanctopt.analysis.checks import require_whole
from sanctopt.analysis.experts.judgements import jeffreys_interval
from sanctopt.analysis.sensitivity.draws_text import Share, Tally, page
from sanctopt.analysis.sensitivity.factors import Shape, numbers_drawn
from sanctopt.analysis.sensitivity.study import (
    Bench,
    Known,
    Point,
    Study,
    known,
    prepare,
    resolve_question,
    tolerance,
)
from sanctopt.analysis.workload import Lazy, Meter, map_each
from sanctopt.errors import OptionError
from sanctopt.game import Game
from sanctopt.ladder import Rung
from sanctopt.rung_limits import describe
from sanctopt.solver_options import SolveOptions

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Shown of each distribution."""

LEVEL = 0.95
"""Of the interval of a share."""


@dataclass(frozen=True)
class Draws:
    """How many games are drawn, and whether they are solved.

    Parameters
    ----------
    count : int
        Draws, at least 1. A share of draws is known to about plus and minus ``1 / sqrt(count)``.
    seed : int
        At least 0.
    solve : bool
        Solve each game. False: play only, and the best of the candidates stands for the optimum.
    tries : int
        How often a draw that is no valid game is drawn again before this is an error, at least 1.

    Raises
    ------
    OptionError
        If a number is out of range.

    Examples
    --------
    >>> Draws(0)
    Traceback (most recent call last):
    ...
    sanctopt.errors.OptionError: count is 0; give a whole number of at least 1
    """

    count: int = 200
    seed: int = 0
    solve: bool = True
    tries: int = 100

    def __post_init__(self) -> None:
        for name, least in (("count", 1), ("seed", 0), ("tries", 1)):
            require_whole(name, getattr(self, name), least)


@dataclass(frozen=True)
class Draw:
    """One draw. Money in millions of US dollars.

    Attributes
    ----------
    point : Point
        The numbers, and what playing gave.
    redraws : int
        Draws that were no valid game, thrown away before this one.
    best : Known
        The best ladder known, and the bound.
    solved : bool
        Whether a solve was made.
    """

    point: Point
    redraws: int
    best: Known
    solved: bool

    @property
    def kept(self) -> float:
        """Value of the kept ladder."""
        return self.point.kept

    @property
    def regret(self) -> float:
        """Least that keeping costs, at least 0."""
        found = self.best.value - self.kept
        return found if found > tolerance(self.kept) else 0.0

    @property
    def regret_bound(self) -> float:
        """Most that keeping can cost; inf if no bound was proven."""
        return max(self.best.bound - self.kept, self.regret)


@dataclass(frozen=True)
class MonteCarlo:
    """Draws over the ranges of a case.

    Attributes
    ----------
    game_name : str
        Name of the game.
    design : Draws
        What was asked.
    shape : Shape
        Distribution of each number over its range.
    factors : tuple of str
        What was drawn.
    first_rung : Rung
        Of the kept ladder.
    draws : tuple of Draw
        In order.
    invalid : dict of str to int
        Why draws were thrown away, and how many.
    """

    game_name: str
    design: Draws
    shape: Shape
    factors: tuple[str, ...]
    first_rung: Rung
    draws: tuple[Draw, ...]
    invalid: Mapping[str, int]

    @cached_property
    def first_rungs(self) -> tuple[Share, ...]:
        """First rungs of the best ladder known, most frequent first, each with its share of draws.

        The interval is Jeffreys' at 95 %: it tells how far the share may be off because the draws are few,
        not how far the ranges may be wrong.
        """
        counts = Counter(draw.best.first_rung for draw in self.draws)
        total = len(self.draws)
        return tuple(
            Share(rung, number, number / total, *jeffreys_interval(number, total, LEVEL))
            for rung, number in sorted(counts.items(), key=lambda item: (-item[1], describe(item[0])))
        )

    @cached_property
    def tally(self) -> Tally:
        """Counts of the draws."""
        draws = self.draws
        return Tally(
            draws=len(draws),
            solved=sum(draw.solved for draw in draws),
            optimal=sum(draw.best.optimal for draw in draws),
            bounded=sum(math.isfinite(draw.best.bound) for draw in draws),
            repaired=sum(draw.point.kept_repaired for draw in draws),
            regretted=sum(draw.regret > 0.0 for draw in draws),
            factors=len(self.factors),
            shape=self.shape.value,
            seed=self.design.seed,
            invalid=self.invalid,
        )

    def to_frame(self) -> pd.DataFrame:
        """One row per draw.

        Columns: draw, redraws, solved, optimal, best, bound, kept, regret, regret_bound, first_rung, repaired
        (whether the kept ladder was), and ``value_`` followed by the name of each ladder that was played.
        """
        rows = [
            {
                "draw": number,
                "redraws": draw.redraws,
                "solved": draw.solved,
                "optimal": draw.best.optimal,
                "best": draw.best.value,
                "bound": draw.best.bound,
                "kept": draw.kept,
                "regret": draw.regret,
                "regret_bound": draw.regret_bound,
                "first_rung": describe(draw.best.first_rung),
                "repaired": draw.point.kept_repaired,
            }
            | {f"value_{name}": value for name, value in draw.point.values.items()}
            for number, draw in enumerate(self.draws)
        ]
        return pd.DataFrame(rows)

    def numbers_frame(self) -> pd.DataFrame:
        """What was drawn: one row per draw, a column per path. Priors as drawn, before they are scaled."""
        return pd.DataFrame([draw.point.numbers for draw in self.draws])

    def first_rungs_frame(self) -> pd.DataFrame:
        """One row per first rung: first_rung, draws, share, low, high."""
        rows = [(describe(row.rung), row.count, row.share, row.low, row.high) for row in self.first_rungs]
        return pd.DataFrame(rows, columns=["first_rung", "draws", "share", "low", "high"])

    def quantiles_frame(self) -> pd.DataFrame:
        """Mean and quantiles over draws of best, kept, regret, regret_bound and each ladder played."""
        frame = self.to_frame()
        names = ["best", "kept", "regret", "regret_bound"]
        names += [name for name in frame.columns if name.startswith("value_") and name != "value_kept"]
        columns = ["mean", *(f"{100 * q:g} %" for q in QUANTILES)]
        rows = {}
        for name in names:
            values = frame[name].to_numpy(dtype=float)
            # A quantile between two draws is the lower one: infinite bounds have no point between.
            parts = np.quantile(values, QUANTILES, method="lower")
            rows[name] = [float(np.mean(values)), *map(float, parts)]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns)

    def __str__(self) -> str:
        frame = self.quantiles_frame()
        rows = [(name, [float(x) for x in frame.loc[name]]) for name in frame.index]
        played = [(name.removeprefix("value_"), values) for name, values in rows if name.startswith("value_")]
        main = [(name.replace("_", " "), values) for name, values in rows if not name.startswith("value_")]
        tally = self.tally
        if tally.bounded == 0 or tally.optimal == tally.draws:
            main = [row for row in main if row[0] != "regret bound"]
        kept = next((values for name, values in main if name == "kept"), [])
        columns = [str(column) for column in frame.columns]
        quantities = (main, [("kept", kept), *played])
        lines = page(self.game_name, tally, self.first_rung, self.first_rungs, columns, quantities)
        return "\n".join(lines)


def monte_carlo(
    game: Game,
    draws: Draws | None = None,
    study: Study | None = None,
    *,
    options: SolveOptions | None = None,
    executor: Executor | None = None,
    on_progress: OnBatchProgress | None = None,
) -> MonteCarlo:
    """Draw the uncertain numbers many times: distribution of the first rung, of the value, of the regret.

    Parameters
    ----------
    game : Game
        The game.
    draws : Draws, optional
        How many, the seed, and whether they are solved. None: the defaults.
    study : Study, optional
        What is drawn and how it is distributed, the kept ladder, and candidates. None: all ranges of the
        case, and the optimal ladder.
    options : SolveOptions, optional
        For each solve; give a time limit where solves are slow: then *best found* stands for the optimum,
        and the regret has a range. None: the defaults.
    executor, on_progress : optional
        As in `sanctopt.analysis.solve_each`; plays are spread too. The progress counts plays and solves.

    Returns
    -------
    MonteCarlo
        After a Ctrl-C while it solves: draws not reached are not ``solved``.

    Raises
    ------
    OptionError
        If nothing is uncertain, a range does not fit the game, or a draw is no valid game ``tries`` times.
    LadderError
        If a ladder of the study is not allowed by the game as it stands.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> from sanctopt.analysis.sensitivity.factors import spread
    >>> from sanctopt.analysis.sensitivity.study import Study
    >>> game = load_case("teaching")
    >>> found = monte_carlo(game, Draws(4, seed=1), Study(spread(game, 0.2, "weights.h*", "weights.cost")))
    >>> [(row.count, row.share) for row in found.first_rungs]
    [(4, 1.0)]
    """
    draws = Draws() if draws is None else draws
    study = Study() if study is None else study
    meter = Meter(on_progress, draws.count * (2 if draws.solve else 1))
    bench = prepare(
        game, study, solve_it=study.ladder is None, options=options, executor=executor, meter=meter
    )
    worker = functools.partial(_drawn, bench, study.shape, draws)
    drawn = map_each(worker, range(draws.count), executor, meter, "plays")
    for number, (point, _) in enumerate(drawn):
        if not point.valid:
            raise OptionError(
                f"draw {number} was no valid game {draws.tries} times in a row, the last time because "
                f"{point.problem}; give narrower ranges (Study(uncertain=...)) or leave a number out"
            )
    points = [point for point, _ in drawn]

    def question(number: int) -> Question:
        changed = bench.changer.game(points[number].numbers)
        return resolve_question(f"draw {number}", changed, (bench.best(changed, points[number]).reached,))

    solutions = []
    if draws.solve:
        answers = solve_each(
            Lazy(len(points), question), options=options, executor=executor, on_progress=meter.phase()
        )
        solutions = [answer.solution for answer in answers]
    found = []
    for number, (point, thrown) in enumerate(drawn):
        solution = solutions[number] if number < len(solutions) else None
        best = bench.best(bench.changer.game(point.numbers), point)
        found.append(Draw(point, len(thrown), known(solution, best), solution is not None))
    return MonteCarlo(
        game.name,
        draws,
        study.shape,
        tuple(factor.name for factor in bench.changer.factors),
        bench.first_rung,
        tuple(found),
        dict(Counter(why for _, thrown in drawn for why in thrown).most_common()),
    )


def _drawn(bench: Bench, shape: Shape, draws: Draws, number: int) -> tuple[Point, tuple[str, ...]]:
    """The point of one draw, and why earlier ones were thrown away; not valid if all tries were in vain."""
    stream = np.random.default_rng((draws.seed, number))
    thrown: list[str] = []
    while True:
        shares = stream.random(len(bench.changer.factors))
        point = bench.play(numbers_drawn(bench.changer.factors, map(float, shares), shape))
        if point.valid or len(thrown) == draws.tries - 1:
            return point, tuple(thrown)
        thrown.append(point.problem_column)
