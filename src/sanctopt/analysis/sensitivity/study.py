"""What sensitivity analyses share: what is uncertain, which ladder is kept, and how points are played.

A *point* is one set of the uncertain numbers. In the game that it makes, ladders are played: the kept one
("today's ladder") and candidates. A play is exact and takes milliseconds, so it is done everywhere. A solve
finds the optimum, or, at a time limit, the best ladder it knows with a bound of what any could be worth.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field

from sanctopt.aims import Aims
from sanctopt.analysis.batch import Question, solve_each
from sanctopt.analysis.sensitivity.factors import Changer, Factor, Shape, Uncertain, factors_of, reason
from sanctopt.analysis.sensitivity.repair import Kept, keep
from sanctopt.analysis.workload import Meter
from sanctopt.errors import CaseError, LadderError, OptionError
from sanctopt.game import Game
from sanctopt.ladder import Information, Ladder, Rung
from sanctopt.rung_limits import FirstRung, first_rung
from sanctopt.solution import Solution
from sanctopt.solver_options import Reason, SolveOptions

KEPT = "kept"
"""Name of the kept ladder among the candidates."""

CLOSE = 4e-6
"""Optima this close, relative to their size or 1, count as equal: solves have a relative gap of 1e-6."""


@dataclass(frozen=True)
class Study:
    """What is varied, and the ladders held against it.

    Parameters
    ----------
    uncertain : Ranges or iterable of Range or Factor, optional
        The numbers that are varied. None: every range that the case states, each by itself.
        `sanctopt.analysis.together` moves some together, `sanctopt.analysis.spread` makes ranges.
    ladder : Ladder, optional
        The kept ladder, adaptive or open loop. None: the best one found for the game as it stands.
    candidates : mapping of str to Ladder
        Other ladders that are played at each point, e.g. rules of thumb or those of a frontier. The best at a
        point is where its solve begins, or stands for the optimum where nothing is solved.
    shape : Shape
        How numbers are distributed over their ranges where they are drawn.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> from sanctopt.analysis.sensitivity.factors import spread
    >>> Study(spread(load_case("teaching"), 0.2, "weights.harm")).shape.value
    'uniform between low and high'
    """

    uncertain: Uncertain | None = None
    ladder: Ladder | None = None
    candidates: Mapping[str, Ladder] = field(default_factory=dict, hash=False)
    shape: Shape = Shape.UNIFORM

    def __post_init__(self) -> None:
        if KEPT in self.candidates:
            raise OptionError(f"a candidate is called {KEPT!r}, the name of the kept ladder; rename it")
        for ladder in (self.ladder, *self.candidates.values()):
            if ladder is not None and ladder.information is Information.CLAIRVOYANT:
                raise OptionError("a clairvoyant ladder has no one first rung; give an adaptive one")
        if self.uncertain is not None and not hasattr(self.uncertain, "rows"):
            object.__setattr__(self, "uncertain", tuple(self.uncertain))


@dataclass(frozen=True)
class Point:
    """What playing gave at a point.

    Attributes
    ----------
    numbers : dict of str to float
        The uncertain numbers by path.
    problem : str
        Why they make no valid game; "" if they do.
    values : dict of str to float
        Value of each ladder (millions of US dollars), the kept one first; empty if the game is not valid.
    repaired : frozenset of str
        Ladders that had to be repaired (`sensitivity.repair`).
    lifted : bool
        Whether the value of a concession was raised to the least that is valid.
    """

    numbers: dict[str, float]
    problem: str = ""
    values: dict[str, float] = field(default_factory=dict)
    repaired: frozenset[str] = frozenset()
    lifted: bool = False

    @property
    def problem_column(self) -> str:
        """The first word of the problem: what would have to be another."""
        return self.problem.split(" ", 1)[0]

    @property
    def valid(self) -> bool:
        """Whether the numbers make a game."""
        return not self.problem

    @property
    def kept_repaired(self) -> bool:
        """Whether the kept ladder had to be repaired."""
        return KEPT in self.repaired

    @property
    def kept(self) -> float:
        """Value of the kept ladder; NaN if the game is not valid."""
        return self.values.get(KEPT, math.nan)

    @property
    def best(self) -> str:
        """Name of the best ladder; the kept one, or the first, among equals."""
        return max(self.values, key=lambda name: round(self.values[name], 6))


@dataclass(frozen=True)
class Bench:
    """A study made ready for a game; pickles, so that workers can play.

    Attributes
    ----------
    changer : Changer
        Makes the game of a point.
    ladders : dict of str to Ladder
        The kept one first.
    first_rung : Rung
        What the kept ladder does first, as the case stands.
    solution : Solution or None
        Of the game as it stands; None if it was not solved.
    """

    changer: Changer
    ladders: dict[str, Ladder]
    first_rung: Rung
    solution: Solution | None

    @property
    def kept(self) -> Ladder:
        """The kept ladder."""
        return self.ladders[KEPT]

    def play(self, numbers: Mapping[str, float]) -> Point:
        """Play all ladders at a point."""
        try:
            game = self.changer.game(numbers)
        except CaseError as error:
            return Point(dict(numbers), reason(error))
        return self._played(game, numbers)

    def play_lifted(self, numbers: Mapping[str, float]) -> Point:
        """Play all ladders at a point; a concession that is worth too little is raised.

        Raises
        ------
        CaseError
            If the game is not valid even so.
        """
        game, lifted = self.changer.lifted(numbers)
        return self._played(game, numbers, lifted=lifted)

    def best(self, game: Game, point: Point) -> Kept:
        """The best ladder of a point, as it is kept in its game."""
        return keep(game, self.ladders[point.best])

    def _played(self, game: Game, numbers: Mapping[str, float], *, lifted: bool = False) -> Point:
        played = {name: keep(game, ladder) for name, ladder in self.ladders.items()}
        return Point(
            dict(numbers),
            values={name: kept.value for name, kept in played.items()},
            repaired=frozenset(name for name, kept in played.items() if kept.repaired),
            lifted=lifted,
        )


def prepare(
    game: Game,
    study: Study,
    *,
    solve_it: bool,
    options: SolveOptions | None,
    executor: Executor | None,
    meter: Meter,
) -> Bench:
    """Check a study against a game and find its kept ladder.

    Raises
    ------
    OptionError
        If nothing is uncertain, or a range does not fit the game.
    LadderError
        If a ladder is not allowed by the game as it stands (the message names it), or none was found.
    """
    factors: tuple[Factor, ...] = factors_of(game, study.uncertain)
    changer = Changer(game, factors)
    given = {KEPT: study.ladder, **study.candidates}
    ladders = {name: ladder for name, ladder in given.items() if ladder is not None}
    values = {}
    for name, ladder in ladders.items():
        kept = keep(game, ladder)
        if kept.repaired:
            raise LadderError(
                f"ladder {name!r} is not allowed by game {game.name!r} as it stands; repair it first "
                "(sanctopt.analysis.sensitivity.repair.keep)"
            )
        values[name] = kept.value
    solution = None
    if solve_it or study.ladder is None:
        meter.more(1)
        starts = (ladders[max(values, key=values.__getitem__)],) if values else ()
        question = resolve_question("as it stands", game, starts)
        answers = solve_each([question], options=options, executor=executor, on_progress=meter.phase())
        solution = answers[0].solution
    if study.ladder is None:
        assert solution is not None
        ladders = {KEPT: solution.ladder, **ladders}
    return Bench(changer, ladders, keep(game, ladders[KEPT]).first_rung, solution)


def resolve_question(name: str, game: Game, starts: tuple[Ladder, ...]) -> Question:
    """The question for the optimum of a game, from ladders that are known."""
    return Question(name, game, known_ladders=starts)


def rung_question(name: str, game: Game, rung: Rung, starts: tuple[Ladder, ...]) -> Question:
    """The question for the best ladder that begins with a rung."""
    return Question(name, game, aims=Aims(limits=(FirstRung(rung),)), known_ladders=starts)


@dataclass(frozen=True)
class Known:
    """What is known of an optimum: it lies in [value, bound] (millions of US dollars).

    Attributes
    ----------
    value : float
        The best ladder known is worth this.
    bound : float
        No ladder is worth more; inf if nothing was proven.
    optimal : bool
        Whether the solve closed its gap.
    first_rung : Rung
        Of the best ladder known.
    ladder : Ladder
        It.
    """

    value: float
    bound: float
    optimal: bool
    first_rung: Rung
    ladder: Ladder


def known(solution: Solution | None, played: Kept) -> Known:
    """What a solve and a play tell together: the better ladder, the played one among equals."""
    bound = math.inf
    if solution is not None:
        if solution.dual_bound is not None:
            bound = max(solution.dual_bound, played.value)
        optimal = solution.status.reason is Reason.OPTIMAL
        if solution.has_ladder and solution.value > played.value + tolerance(played.value):
            return Known(solution.value, bound, optimal, first_rung(solution.outcome), solution.ladder)
        value = max(solution.value, played.value) if solution.has_ladder else played.value
        return Known(value, bound, optimal, played.first_rung, played.ladder)
    return Known(played.value, bound, False, played.first_rung, played.ladder)


def open_question(found: Known, rung: Rung, played: Kept) -> bool:
    """Whether it takes another solve to know if an optimal ladder begins with a rung."""
    return found.first_rung != rung and not _reached(found, _with_rung(found, rung, played))


def with_first_rung(
    found: Known, rung: Rung, played: Kept, fixed: Solution | None
) -> tuple[Known, bool | None]:
    """What is known of an optimum, and whether no optimal ladder begins with a rung; None: not known.

    Let F be the optimum with that rung first, V that with any. It changes if F < V, so

    - not if a ladder with the rung reaches the bound of V;
    - yes if the bound of F is below the best value known, or if nothing can begin with it.

    Parameters
    ----------
    found : Known
        V.
    rung : Rung
        The first rung asked about.
    played : Kept
        A ladder that was played.
    fixed : Solution or None
        F; None if it was not solved.
    """
    least = _with_rung(found, rung, played)
    if fixed is not None:
        if fixed.status.reason is Reason.INFEASIBLE:
            return found, True
        if fixed.has_ladder:
            least = max(least, fixed.value)
            if fixed.value > found.value + tolerance(found.value):
                bound = max(found.bound, fixed.value)
                found = Known(fixed.value, bound, found.optimal, first_rung(fixed.outcome), fixed.ladder)
        if fixed.dual_bound is not None and fixed.dual_bound < found.value - tolerance(found.value):
            return found, True
    return found, False if _reached(found, least) else None


def _with_rung(found: Known, rung: Rung, played: Kept) -> float:
    """The most that a known ladder with this first rung is worth."""
    ladders = ((found.first_rung, found.value), (played.first_rung, played.value))
    return max((value for first, value in ladders if first == rung), default=-math.inf)


def _reached(found: Known, least: float) -> bool:
    return math.isfinite(found.bound) and least >= found.bound - tolerance(found.bound)


def tolerance(*values: float) -> float:
    """How far optima may be apart and still count as equal."""
    return CLOSE * max(1.0, *map(abs, values))
