"""Which of many uncertain numbers matter: Morris screening and Sobol indices, sampled and analysed by SALib.

Let factor i (`sensitivity.factors`) stand at its u_i-quantile, u_i uniform on [0, 1] and independent,
and let Y(u) be what is asked of the game that this makes: the value of the kept ladder, of the best of the
candidates, or the optimum. Priors that are all factors are divided by their sum.

*Morris* (Morris 1991, Technometrics 33, 161-174; mu* by Campolongo, Cariboni & Saltelli 2007, Environmental
Modelling & Software 22, 1509-1518). An elementary effect of factor i is

    (Y(u + delta e_i) - Y(u)) / delta,    delta = levels / (2 (levels - 1))

so it is in millions of US dollars for a move through the whole distribution. ``mu`` is its mean over
trajectories, ``mu_star`` the mean of its size, ``sigma`` its standard deviation: large beside ``mu_star`` if
the factor acts in jumps or together with others.

*Sobol* (Sobol 2001, Mathematics and Computers in Simulation 55, 271-280; sample of Saltelli 2002, Computer
Physics Communications 145, 280-297). Shares of the variance of Y:

    first_i = Var(E[Y | u_i]) / Var(Y)            what is explained by factor i alone
    total_i = 1 - Var(E[Y | all but u_i]) / Var(Y)    what is left if all others are known

Estimates from few points may lie outside [0, 1]; read them with their confidence intervals.

*How many points*: Morris takes trajectories x (factors + 1), Sobol points x (factors + 2). Each is a play or
a solve. The designs tell the number before anything runs (``size``), and refuse more than ``at_most``.

*Points that are no valid game* cannot be left out of such designs. Where the value of a concession is less
than the least that is valid, it is raised to that, and counted; anything else is an error.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import pandas as pd

from sanctopt.analysis.batch import OnBatchProgress, Question, solve_each
from sanctopt.analysis.checks import require_whole
from sanctopt.analysis.sensitivity.factors import Factor, factors_of, numbers_drawn
from sanctopt.analysis.sensitivity.screening_text import page
from sanctopt.analysis.sensitivity.study import KEPT, Bench, Point, Study, known, prepare, resolve_question
from sanctopt.analysis.workload import Lazy, Meter, map_each
from sanctopt.errors import OptionError
from sanctopt.game import Game
from sanctopt.solver_options import SolveOptions

FLAT = 1e-9
"""An output that varies by no more than this share of its size (or of 1) does not vary."""

CONFIDENCE = 0.95
"""Level of SALib's bootstrap intervals."""


class Output(Enum):
    """What is asked of each game; the value says it in words."""

    KEPT = "value of the kept ladder"
    BEST = "value of the best of the candidates"
    OPTIMUM = "optimum"


@dataclass(frozen=True)
class Morris:
    """A design of Morris: random one-at-a-time walks over a grid.

    Parameters
    ----------
    trajectories : int
        Walks, at least 2; 10 to 50 are usual.
    levels : int
        Grid levels of each factor, even, at least 4.
    output : Output
        What is screened for.
    seed : int
        At least 0.
    at_most : int
        Most plays or solves to begin.

    Raises
    ------
    OptionError
        If a number is out of range.
    """

    trajectories: int = 10
    levels: int = 4
    output: Output = Output.KEPT
    seed: int = 0
    at_most: int = 10_000

    def __post_init__(self) -> None:
        require_whole("trajectories", self.trajectories, 2)
        require_whole("levels", self.levels, 4)
        require_whole("seed", self.seed, 0)
        require_whole("at_most", self.at_most, 1)
        if self.levels % 2:
            raise OptionError(f"levels is {self.levels}; give an even number, e.g. 4")

    def size(self, game: Game, study: Study | None = None) -> int:
        """How many plays or solves the design takes.

        Examples
        --------
        >>> from sanctopt import load_case
        >>> Morris(trajectories=10).size(load_case("dprk_2017"))
        8370
        """
        return self.trajectories * (_count(game, study) + 1)


@dataclass(frozen=True)
class Sobol:
    """A design of Saltelli for Sobol indices of first and total order.

    Parameters
    ----------
    points : int
        Base sample, a power of 2, at least 2; the intervals shrink with its root. 512 and more are usual.
    output : Output
        What is explained.
    seed : int
        At least 0.
    at_most : int
        Most plays or solves to begin.

    Raises
    ------
    OptionError
        If a number is out of range.
    """

    points: int = 64
    output: Output = Output.KEPT
    seed: int = 0
    at_most: int = 10_000

    def __post_init__(self) -> None:
        require_whole("points", self.points, 2)
        require_whole("seed", self.seed, 0)
        require_whole("at_most", self.at_most, 1)
        if self.points & (self.points - 1):
            raise OptionError(f"points is {self.points}; give a power of 2, e.g. 64")

    def size(self, game: Game, study: Study | None = None) -> int:
        """How many plays or solves the design takes.

        Examples
        --------
        >>> from sanctopt import load_case
        >>> Sobol(points=64).size(load_case("dprk_2017"))
        53632
        """
        return self.points * (_count(game, study) + 2)


@dataclass(frozen=True)
class Screening:
    """Indices of each factor, the most important first.

    Attributes
    ----------
    game_name : str
        Name of the game.
    design : Morris or Sobol
        What was asked.
    shape : str
        Distribution of each number, in words.
    rows : tuple of Row
        One per factor: by ``mu_star``, or by ``total``.
    outputs : tuple of float
        Y at each point, in the order of SALib's sample (millions of US dollars).
    lifted : int
        Points at which the value of a concession was raised to the least that is valid.
    repaired : int
        Points at which the kept ladder had to be repaired.
    not_optimal : int
        Points whose optimum is not proven: the best ladder found stands for it.
    """

    game_name: str
    design: Morris | Sobol
    shape: str
    rows: tuple[Row, ...]
    outputs: tuple[float, ...]
    lifted: int
    repaired: int
    not_optimal: int

    def of(self, name: str) -> Row:
        """The row of a factor by its name; OptionError if it is not there."""
        for row in self.rows:
            if row.factor == name:
                return row
        raise OptionError(f"{name!r} was not varied; the most important that was is {self.rows[0].factor!r}")

    def to_frame(self) -> pd.DataFrame:
        """One row per factor: factor, then the indices of the design."""
        return pd.DataFrame([{"factor": row.factor} | row.indices for row in self.rows])

    def __str__(self) -> str:
        head: dict[str, str | int] = {
            "game": self.game_name,
            "points": len(self.outputs),
            "output": self.design.output.value,
            "shape": self.shape,
            "seed": self.design.seed,
        }
        notes = {"lifted": self.lifted, "repaired": self.repaired, "not_optimal": self.not_optimal}
        return "\n".join(page(head, notes, self.outputs, [(row.factor, row.indices) for row in self.rows]))


@dataclass(frozen=True)
class Row:
    """The indices of one factor.

    Attributes
    ----------
    factor : str
        Its name.
    indices : dict of str to float
        Morris: mu, mu_star, mu_star_conf, sigma (millions of US dollars). Sobol: first, first_conf, total,
        total_conf (shares); NaN if the output does not vary. ``_conf``: half the 95 % interval.
    """

    factor: str
    indices: dict[str, float]


def morris(
    game: Game,
    design: Morris | None = None,
    study: Study | None = None,
    *,
    options: SolveOptions | None = None,
    executor: Executor | None = None,
    on_progress: OnBatchProgress | None = None,
) -> Screening:
    """Screen many factors with few games each: which move the output at all, and which in jumps.

    Parameters
    ----------
    game : Game
        The game.
    design : Morris, optional
        How many walks, the output and the seed. None: the defaults, which play the kept ladder.
    study : Study, optional
        What is varied, the kept ladder and the candidates. None: all ranges, and the optimal ladder.
    options : SolveOptions, optional
        For each solve, if the output is the optimum.
    executor, on_progress : optional
        As in `sanctopt.analysis.solve_each`; plays are spread too.

    Returns
    -------
    Screening

    Raises
    ------
    OptionError
        If SALib is not installed, the design takes more than ``at_most`` plays or solves, a range does not
        fit the game, or a point is no valid game.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> from sanctopt.analysis.sensitivity.factors import spread
    >>> from sanctopt.analysis.rules.rules_of_thumb import LARGEST_FIRST
    >>> game = load_case("teaching")
    >>> study = Study(spread(game, 0.2, "weights.harm", "weights.cost"), LARGEST_FIRST(game))
    >>> found = morris(game, Morris(trajectories=4), study)
    >>> [(row.factor, round(row.indices["mu"], 2)) for row in found.rows]
    [('weights.harm', -105.85), ('weights.cost', -3.57)]
    """
    design = Morris() if design is None else design

    def sample(problem: dict[str, Any]) -> Any:
        take = _salib("sample.morris").sample
        return take(problem, design.trajectories, num_levels=design.levels, seed=design.seed)

    def analyse(problem: dict[str, Any], taken: Any, outputs: Any) -> dict[str, Any]:
        found = _salib("analyze.morris").analyze(
            problem,
            taken,
            outputs,
            num_levels=design.levels,
            conf_level=CONFIDENCE,
            seed=design.seed,
        )
        names = {"mu": "mu", "mu_star": "mu_star", "mu_star_conf": "mu_star_conf", "sigma": "sigma"}
        return {ours: found[theirs] for ours, theirs in names.items()}

    job = _Job(game, design, Study() if study is None else study, options, executor, on_progress)
    return job.screening(sample, analyse, "mu_star")


def sobol(
    game: Game,
    design: Sobol | None = None,
    study: Study | None = None,
    *,
    options: SolveOptions | None = None,
    executor: Executor | None = None,
    on_progress: OnBatchProgress | None = None,
) -> Screening:
    """Explain the variance of an output by the factors: of first and of total order.

    Parameters
    ----------
    game : Game
        The game.
    design : Sobol, optional
        Base sample, output and seed. None: the defaults, which play the kept ladder.
    study, options, executor, on_progress : optional
        As in `morris`.

    Returns
    -------
    Screening
        All indices are NaN if the output does not vary.

    Raises
    ------
    OptionError
        As in `morris`.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> from sanctopt.analysis.sensitivity.factors import spread
    >>> from sanctopt.analysis.rules.rules_of_thumb import LARGEST_FIRST
    >>> game = load_case("teaching")
    >>> study = Study(spread(game, 0.2, "weights.harm", "weights.cost"), LARGEST_FIRST(game))
    >>> found = sobol(game, Sobol(points=64), study)
    >>> [(row.factor, round(row.indices["total"], 2)) for row in found.rows]
    [('weights.harm', 0.99), ('weights.cost', 0.0)]
    """
    design = Sobol() if design is None else design

    def sample(problem: dict[str, Any]) -> Any:
        take = _salib("sample.sobol").sample
        return take(problem, design.points, calc_second_order=False, seed=design.seed)

    def analyse(problem: dict[str, Any], taken: Any, outputs: Any) -> dict[str, Any]:
        names = {"first": "S1", "first_conf": "S1_conf", "total": "ST", "total_conf": "ST_conf"}
        if float(np.ptp(outputs)) <= FLAT * max(1.0, float(np.max(np.abs(outputs)))):
            return {ours: np.full(problem["num_vars"], np.nan) for ours in names}  # 0 / 0
        found = _salib("analyze.sobol").analyze(
            problem,
            outputs,
            calc_second_order=False,
            conf_level=CONFIDENCE,
            seed=np.random.default_rng(design.seed),  # SALib 1.6 takes a seed of 0 for none
        )
        return {ours: found[theirs] for ours, theirs in names.items()}

    job = _Job(game, design, Study() if study is None else study, options, executor, on_progress)
    return job.screening(sample, analyse, "total")


@dataclass(frozen=True)
class _Job:
    """What both methods do: sample, play or solve, analyse."""

    game: Game
    design: Morris | Sobol
    study: Study
    options: SolveOptions | None
    executor: Executor | None
    on_progress: OnBatchProgress | None

    def screening(
        self,
        sample: Callable[[dict[str, Any]], Any],
        analyse: Callable[[dict[str, Any], Any, Any], dict[str, Any]],
        rank: str,
    ) -> Screening:
        design, factors = self.design, factors_of(self.game, self.study.uncertain)
        size = design.size(self.game, self.study)
        what = "solves" if design.output is Output.OPTIMUM else "plays"
        if size > design.at_most:
            raise OptionError(
                f"the design takes {size:,} {what} for {len(factors):,} factors, more than at_most = "
                f"{design.at_most:,}; raise at_most, take a smaller design, or let numbers move together "
                "(sanctopt.analysis.together)"
            )
        problem = {
            "num_vars": len(factors),
            "names": [factor.name for factor in factors],
            "bounds": [[0.0, 1.0]] * len(factors),
        }
        taken = sample(problem)
        solving = design.output is Output.OPTIMUM
        meter = Meter(self.on_progress, size * (2 if solving else 1))
        bench = prepare(
            self.game,
            self.study,
            solve_it=self.study.ladder is None,
            options=self.options,
            executor=self.executor,
            meter=meter,
        )
        numbers = [numbers_drawn(factors, map(float, row), self.study.shape) for row in taken]
        points = map_each(bench.play_lifted, numbers, self.executor, meter, "plays")
        outputs, open_points = self._outputs(bench, points, meter)
        indices = analyse(problem, taken, np.array(outputs))
        rows = [
            Row(factor.name, {name: float(values[n]) for name, values in indices.items()})
            for n, factor in enumerate(factors)
        ]
        rows.sort(key=lambda row: -np.nan_to_num(row.indices[rank]))
        return Screening(
            self.game.name,
            design,
            self.study.shape.value,
            tuple(rows),
            tuple(outputs),
            lifted=sum(point.lifted for point in points),
            repaired=sum(KEPT in point.repaired for point in points),
            not_optimal=open_points,
        )

    def _outputs(self, bench: Bench, points: list[Point], meter: Meter) -> tuple[list[float], int]:
        """Y at each point, and at how many the optimum is not proven."""
        if self.design.output is Output.KEPT:
            return [point.kept for point in points], 0
        if self.design.output is Output.BEST:
            return [point.values[point.best] for point in points], 0

        def question(number: int) -> Question:
            game, _ = bench.changer.lifted(points[number].numbers)
            return resolve_question(f"point {number}", game, (bench.best(game, points[number]).reached,))

        answers = solve_each(
            Lazy(len(points), question),
            options=self.options,
            executor=self.executor,
            on_progress=meter.phase(),
        )
        if len(answers) < len(points):
            raise KeyboardInterrupt  # a design with holes has no indices
        outputs, not_proven = [], 0
        for point, answer in zip(points, answers, strict=True):
            game, _ = bench.changer.lifted(point.numbers)
            found = known(answer.solution, bench.best(game, point))
            outputs.append(found.value)
            not_proven += not found.optimal
        return outputs, not_proven


def _count(game: Game, study: Study | None) -> int:
    found: tuple[Factor, ...] = factors_of(game, None if study is None else study.uncertain)
    return len(found)


def _salib(module: str) -> Any:
    """A module of SALib, which is optional."""
    try:
        return importlib.import_module(f"SALib.{module}")
    except ImportError as error:
        raise OptionError(
            "Morris and Sobol indices are computed by SALib, an optional extra that is not installed; "
            "install it with: pip install 'sanctopt[sensitivity]'"
        ) from error
