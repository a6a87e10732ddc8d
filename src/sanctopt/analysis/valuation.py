"""What things are worth to the coalition, each as a difference of optima.

Let V be the optimum of the game: the expected payoff of the best adaptive ladder.

| of | value |
|---|---|
| information | optimum if the type is known at stage 0, minus V |
| adapting | V minus the optimum of one sequence for all histories |
| an instrument, engagement or mitigation, standing threats, the off-ramp | V minus the optimum without it |
| one more unit of effort per stage, or of credibility before the game | optimum with it, minus V |
| the stochastic solution by stage | V minus the optimum with the mean type's rungs held to a stage |
| the stochastic solution | V minus the value of the plan made for the mean type |

The first and the last two are the classics of stochastic programming, here over stages (Birge & Louveaux
2011, Introduction to Stochastic Programming, 2nd ed., sections 4.1 and 4.2). The *expected value of perfect
information* is EVPI = WS - RP: wait-and-see WS knows the scenario, i.e. the type, before stage 0; RP is V.
The *value of the stochastic solution* is VSS = RP - EEV, where EEV is what the solution of the mean-value
problem earns in the true one. Over several stages it must be said which decisions are held to the mean plan,
the best ladder of `with_mean_type`; if several are best, the one that the solve found is meant.

- By stage (Escudero, Garin, Merino & Perez 2007, TOP 15, 48-64): held are its rungs of stages 0 to t, where
  the answers that it expects are met; all else is planned anew, as by one who learns on the way. An offer may
  be left out. These values never fall with t.
- In all: the mean plan is played in the true game, and at a history that the mean type never makes, called
  threats are carried out and nothing else is done (`sanctopt.play`). So it measures what is lost by a plan
  that knows of one type only, not by one that is mended on the way. It is at least the last stage's value.

What is worth how much depends on what else is there: two things that stand in for each other may both be
worth nothing, and values do not add up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from enum import Enum

import pandas as pd

from sanctopt.aims import Aims
from sanctopt.analysis.batch import OnBatchProgress, Question, solve_each
from sanctopt.analysis.changes import (
    with_credibility,
    with_effort,
    with_mean_type,
    without_engagements,
    without_instrument,
    without_mitigations,
    without_off_ramp,
    without_threats,
)
from sanctopt.errors import OptionError, SolverError
from sanctopt.game import Game
from sanctopt.ladder import Information, Ladder
from sanctopt.play import play
from sanctopt.rung_limits import HeldRung
from sanctopt.search import above
from sanctopt.solution import Solution
from sanctopt.solver_options import SolveOptions

UNIT = 1.0
"""What one more unit of effort or of credibility is."""

SHOWN = 0.005
"""A range narrower than this many millions of US dollars is not printed: two decimals are."""


class Thing(Enum):
    """What can be valued."""

    INFORMATION = "information"
    ADAPTING = "adapting"
    INSTRUMENT = "instrument"
    ENGAGEMENT = "engagement"
    MITIGATION = "mitigation"
    THREATS = "standing threats"
    OFF_RAMP = "off-ramp"
    EFFORT = "effort"
    CREDIBILITY = "credibility"
    BY_STAGE = "stochastic solution by stage"
    STOCHASTIC_SOLUTION = "stochastic solution"


@dataclass(frozen=True)
class Worth:
    """The value of one thing, in millions of US dollars, expected over types.

    Attributes
    ----------
    thing : Thing
        What kind of thing.
    name : str
        Its name, e.g. ``"instrument designate"``.
    definition : str
        The difference, in words.
    value : float
        Difference between the ladders found, within the range; NaN if a ladder is missing (a solve that was
        interrupted or ran out of time).
    low, high : float
        The true difference lies between them: each optimum lies between the value of its ladder and its dual
        bound. Infinite where nothing was proven. ``low`` is at least 0 where no game can give less.
    relative : float
        ``value`` as a share of the absolute value of the optimum; NaN if that is 0 or not known.
    """

    thing: Thing
    name: str
    definition: str
    value: float
    low: float
    high: float
    relative: float


@dataclass(frozen=True)
class Values:
    """The values of things in a game.

    Attributes
    ----------
    game_name : str
        Name of the game.
    optimum, dual_bound : float
        Value of the adaptive ladder found (NaN if there is none), and the bound proven (inf if there is
        none), in millions of US dollars.
    rows : tuple of Worth
        One for each thing that the game has, in the order of `Thing` and of the case.
    """

    game_name: str
    optimum: float
    dual_bound: float
    rows: tuple[Worth, ...]

    def of(self, name: str) -> Worth:
        """The row of a thing by its name; OptionError if it is not there."""
        for row in self.rows:
            if row.name == name:
                return row
        known = ", ".join(repr(row.name) for row in self.rows) or "nothing"
        raise OptionError(f"{name!r} was not valued; what was: {known}")

    def to_frame(self) -> pd.DataFrame:
        """One row per thing: name, definition, value, low, high, relative."""
        columns = ["name", "definition", "value", "low", "high", "relative"]
        return pd.DataFrame([[getattr(row, name) for name in columns] for row in self.rows], columns=columns)

    def __str__(self) -> str:
        head = f"{self.game_name}: optimum {_money(self.optimum)} (US$m, expected over types)"
        if not self.dual_bound - self.optimum <= SHOWN:
            head += f", at most {_money(self.dual_bound)}"
        width = max((len(row.name) for row in self.rows), default=0)
        lines = [f"{row.name:<{width}}  {_cells(row)}\n{'':<{width}}  {row.definition}" for row in self.rows]
        return "\n".join([head, *lines])


def values(
    game: Game,
    *,
    options: SolveOptions | None = None,
    executor: Executor | None = None,
    on_progress: OnBatchProgress | None = None,
    which: Iterable[Thing] | None = None,
) -> Values:
    """What information, adapting, each move and one more unit of effort or credibility are worth.

    Parameters
    ----------
    game : Game
        The game.
    options : SolveOptions, optional
        For each of the solves, about as many as the game has instruments, engagements, mitigations and
        stages, plus eight. With a time limit or a wide gap the ranges ``low`` to ``high`` are wide: read
        them.
    executor, on_progress : optional
        As in `sanctopt.analysis.batch.solve_each`.
    which : iterable of Thing, optional
        What is valued; None: all. What the game does not have gets no row.

    Returns
    -------
    Values
        After a Ctrl-C, values that were not reached are NaN, with an infinite range.

    Raises
    ------
    OptionError
        If ``which`` holds what is no `Thing`, or an option is wrong.
    SolverError
        If two solves contradict each other, e.g. a ladder without an instrument is worth more than the bound
        proven with it.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> found = values(load_case("teaching"), which=[Thing.INFORMATION, Thing.ADAPTING])
    >>> [(row.name, round(row.value, 2)) for row in found.rows]
    [('information', 19.4), ('adapting', 26.59)]
    """
    asked = _asked(which)
    mean_plan = _mean_plan(game) if asked & {Thing.BY_STAGE, Thing.STOCHASTIC_SOLUTION} else None
    plans = [plan for plan in _plans(game) if plan.thing in asked]
    plans += [] if mean_plan is None else [mean_plan]
    questions = [Question("optimum", game), *(plan.question for plan in plans)]
    answers = solve_each(questions, options=options, executor=executor, on_progress=on_progress)
    best, *others = (answer.solution for answer in answers)
    solved = list(zip(plans, others, strict=True))
    if Thing.BY_STAGE in asked and others[-1].has_ladder:
        held = list(_held(game, others[-1].ladder, best))
        questions = [plan.question for plan in held]
        more = solve_each(questions, options=options, executor=executor, on_progress=on_progress)
        solved[-1:-1] = zip(held, (answer.solution for answer in more), strict=True)
    if Thing.STOCHASTIC_SOLUTION not in asked and mean_plan is not None:
        del solved[-1]
    optimum = _Known.of(best)
    rows = tuple(_worth(game, plan, optimum, other) for plan, other in solved)
    return Values(game.name, optimum.value, optimum.high, rows)


@dataclass(frozen=True)
class _Known:
    """What is known of an optimum: it lies in [low, high]; ``value`` is that of a ladder, NaN without one."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, solution: Solution) -> _Known:
        high = math.inf if solution.dual_bound is None else solution.dual_bound
        if not solution.has_ladder:
            return cls(math.nan, -math.inf, high)
        return cls(solution.value, solution.value, high)


@dataclass(frozen=True)
class _Plan:
    """How one thing is valued: another question, and whether its optimum is taken from V or V from it.

    ``lawful``: the difference is never negative, whatever the numbers of the game. ``fixed``: the other value
    is not the optimum of that question but what its ladder earns in the true game.
    """

    thing: Thing
    question: Question
    definition: str
    gains: bool = False
    lawful: bool = True
    fixed: bool = False


def _asked(which: Iterable[Thing] | None) -> frozenset[Thing]:
    given: tuple[object, ...] = tuple(Thing if which is None else which)  # a caller may pass what is no Thing
    for thing in given:
        if not isinstance(thing, Thing):
            names = ", ".join(f"Thing.{item.name}" for item in Thing)
            raise OptionError(f"which holds {thing!r}; give some of {names}")
    return frozenset(thing for thing in given if isinstance(thing, Thing))


def _plans(game: Game) -> Iterator[_Plan]:
    """Every value that can be asked of a game but for those of the mean plan, in the order of `Thing`."""
    yield from (*_knowing(game), *_without(game), *_more(game))


def _mean_plan(game: Game) -> _Plan:
    mean = Question("stochastic solution", with_mean_type(game))
    text = "optimum minus what the plan made for the mean type earns in this game (VSS)"
    return _Plan(Thing.STOCHASTIC_SOLUTION, mean, text, fixed=True)


def _held(game: Game, mean: Ladder, best: Solution) -> Iterator[_Plan]:
    """The rungs of the mean plan held up to each stage of its path: restrictions of the game."""
    limits: tuple[HeldRung, ...] = ()
    mended = Ladder.of(game, Information.ADAPTIVE, (rung.decisions() for rung in mean.rungs))
    known = (mended, best.ladder) if best.has_ladder else (mended,)
    for rung in mean.rungs:  # one for each stage: there is one type
        limits += (HeldRung(rung.decisions()),)
        until = f"stage {rung.stage}" if rung.stage == 0 else f"stages 0 to {rung.stage}"
        name = f"stochastic solution, {until}"
        question = Question(name, game, aims=Aims(limits=limits), known_ladders=known)
        text = f"optimum minus that with the rungs of the plan for the mean type held in {until}"
        yield _Plan(Thing.BY_STAGE, question, text)


def _knowing(game: Game) -> Iterator[_Plan]:
    known = Question("information", game, Information.CLAIRVOYANT)
    text = "optimum if the type is known at stage 0 minus optimum (EVPI)"
    yield _Plan(Thing.INFORMATION, known, text, gains=True)
    fixed = Question("adapting", game, Information.OPEN_LOOP)
    yield _Plan(Thing.ADAPTING, fixed, "optimum minus that of one sequence for all histories (open loop)")


def _without(game: Game) -> Iterator[_Plan]:
    """Restrictions: a ladder of the smaller game plays the same in the larger one."""

    def less(thing: Thing, name: str, changed: Game, without: str) -> _Plan:
        return _Plan(thing, Question(name, changed), f"optimum minus that without {without}")

    for name in game.instrument:
        changed = without_instrument(game, name)
        others = [other for other in game.instrument if other not in changed.instrument and other != name]
        also = f" and what requires it ({', '.join(others)})" if others else ""
        yield less(Thing.INSTRUMENT, f"instrument {name}", changed, name + also)
    for name in game.engagement:
        yield less(Thing.ENGAGEMENT, f"engagement {name}", without_engagements(game, name), name)
    if len(game.engagement) > 1:
        yield less(Thing.ENGAGEMENT, "all engagements", without_engagements(game), "any engagement")
    for name in game.mitigation_names:
        yield less(Thing.MITIGATION, f"mitigation {name}", without_mitigations(game, name), name)
    if len(game.mitigation_names) > 1:
        yield less(Thing.MITIGATION, "all mitigations", without_mitigations(game), "any mitigation")
    if game.standing_threats:
        yield less(Thing.THREATS, "standing threats", without_threats(game), "standing threats")
    if game.off_ramp is not None:
        yield less(Thing.OFF_RAMP, "off-ramp", without_off_ramp(game), "the off-ramp")


def _more(game: Game) -> Iterator[_Plan]:
    more = with_effort(game, UNIT)
    text = (
        f"optimum with effort {more.effort_per_stage:g} per stage minus that with {game.effort_per_stage:g}"
    )
    yield _Plan(Thing.EFFORT, Question("one more unit of effort", more), text, gains=True)
    stronger = with_credibility(game, UNIT)
    before, after = game.credibility.initial, stronger.credibility.initial
    if after > before:
        most = " (the maximum)" if after < before + UNIT else ""
        text = f"optimum with initial credibility {after:g}{most} minus that with {before:g}"
        question = Question("more initial credibility", stronger)
        # With an off-ramp, an exit may make a regime concede too early.
        yield _Plan(Thing.CREDIBILITY, question, text, gains=True, lawful=game.off_ramp is None)


def _worth(game: Game, plan: _Plan, optimum: _Known, solution: Solution) -> Worth:
    """The difference of two optima, from what is known of each.

    value = more.value - less.value,   low = more.low - less.high,   high = more.high - less.low
    """
    other = _played(game, solution) if plan.fixed else _Known.of(solution)
    more, less = (other, optimum) if plan.gains else (optimum, other)
    value, low, high = more.value - less.value, more.low - less.high, more.high - less.low
    if plan.lawful:
        if above(less.low, more.high):
            raise SolverError(
                f"{plan.question.name}: a ladder worth {less.low!r} stands above the bound {more.high!r} of "
                "a game in which as much can be done; please report this case"
            )
        # NaN stays: max returns its first argument unless another one is larger.
        value, low, high = max(value, 0.0), max(low, 0.0), max(high, 0.0)
    scale = abs(optimum.value)
    relative = value / scale if scale > 0.0 else math.nan
    return Worth(plan.thing, plan.question.name, plan.definition, value, low, high, relative)


def _played(game: Game, solution: Solution) -> _Known:
    """What a ladder made for another game earns in this one; off its path only called threats follow."""
    if not solution.has_ladder:
        return _Known.of(replace(solution, dual_bound=None))
    rungs = (rung.decisions() for rung in solution.ladder.rungs)
    value = play(game, Ladder.of(game, Information.ADAPTIVE, rungs)).value
    return _Known(value, value, value)


def _money(amount: float) -> str:
    return f"{amount:,.2f}" if math.isfinite(amount) else "unknown"


def _cells(row: Worth) -> str:
    """Value, range where it is wide, and share of the optimum."""
    text = f"{_money(row.value):>12}"
    if math.isfinite(row.relative):
        text += f"  {100 * row.relative:6.1f} %"
    if not row.high - row.low <= SHOWN:
        text += f"  (proven: {row.low:,.2f} to {row.high:,.2f})"
    return text
