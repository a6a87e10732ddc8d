"""A rung of a ladder and the game as it stands there: belief, past, what the aims still ask.

*The belief* is that of the ladder when it is played: types that get there, their priors scaled up (Bayes).

*The aims* from there on. At the first history they are those of the plan. Later, the criterion is applied to
what is earned from now on under the belief, and a limit leaves the rest of the plan what the others do not
use, all other histories being held as the ladder has them. With P the probability of the history, M the
measure of the whole ladder, m that of its rest from here, under the belief:

    expected harm, harm of a party, expected cost:  at most  m + (at_most - M) / P
    probability of a hostile response:              the same; no limit once there was one on the way here
    total cost:                                     at most  at_most - cost on the way here
    a decision barred or required in some stages:   the same, for the stages that are left

What is said of the first rung is kept by then. A limit of another kind cannot be told apart by histories.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from sanctopt.aims import (
    PLAIN,
    Aims,
    AtMost,
    ExpectedCost,
    ExpectedHarm,
    HostileProbability,
    Limit,
    PartyHarm,
    TotalCost,
)
from sanctopt.errors import LadderError, OptionError
from sanctopt.game import Game
from sanctopt.ladder import History, Information, Ladder, Rung
from sanctopt.outcome import Outcome, Step
from sanctopt.play import play
from sanctopt.position import NO_PAST, Past, Position, Posture, take
from sanctopt.rung_limits import Barred, FirstRung, OtherFirstRungs, Required
from sanctopt.solution import Solution


@dataclass(frozen=True)
class Scene:
    """A rung of a ladder, and the game as it stands there.

    Attributes
    ----------
    game : Game
        The game of the types that get there, with the belief as prior.
    past : Past
        What was done and answered before.
    ladder : Ladder
        The ladder from there on, played.
    outcome : Outcome
        What playing it from there gives.
    aims : Aims
        Criterion, and what is left of the limits.
    information : Information
        What the plan may depend on.
    margin : float
        As in `sanctopt.solve`.
    bound : float
        No plan from here is worth more (millions of US dollars); inf if that is not known without a solve.
    probability : float
        Of the history, before the game; 1 at the first one.
    """

    game: Game
    past: Past
    ladder: Ladder
    outcome: Outcome
    aims: Aims
    information: Information
    margin: float
    bound: float
    probability: float

    @property
    def stage(self) -> int:
        """The stage of the rung."""
        return self.past.stage

    @cached_property
    def position(self) -> Position:
        """Where the stage begins."""
        return self.past.position(self.game)

    @cached_property
    def rung(self) -> Rung:
        """The rung, without what is expected at it."""
        return self.steps[0].rung

    @cached_property
    def posture(self) -> Posture:
        """The position after the rung was played."""
        return take(self.game, self.position, self.rung)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """What each type does at the rung, in the game's order."""
        return tuple(step for step in self.outcome.steps if step.stage == self.stage)

    @property
    def worth(self) -> float:
        """Worth of the ladder from here on (millions of US dollars)."""
        return self.aims.worth(self.outcome)

    @property
    def label(self) -> str:
        """Name of the stage for people."""
        return self.game.stage_label(self.stage)

    def play(self, ladder: Ladder, game: Game | None = None) -> Outcome:
        """Play another ladder from here on; in a game of the same stages if one is given."""
        return play(self.game if game is None else game, ladder, begin=self.position)


def scene_at(game: Game, plan: Solution | Ladder, history: History) -> Scene:
    """The game as it stands at a history of a plan.

    Parameters
    ----------
    game : Game
        The game as it was before it began.
    plan : Solution or Ladder
        A solution of this game from its beginning, or a ladder, which then aims at the expectation.
    history : tuple of str
        A public history that the ladder gets to, ties in the coalition's favour.

    Raises
    ------
    LadderError
        If the solution has no ladder, is of another game or does not begin at stage 0, if the ladder is not
        allowed, is clairvoyant, or does not get there.
    OptionError
        If a limit cannot be told apart by histories.
    """
    aims, margin, bound = PLAIN, 0.0, math.inf
    if isinstance(plan, Solution):
        source = plan.provenance
        if source.game_digest != game.digest():
            raise LadderError(
                f"the solution is of another game ({source.game_name}) than {game.name}, or of another "
                "version of it; solve this game and give its solution"
            )
        if source.history:
            raise LadderError(
                f"the solution begins after {' > '.join(source.history)}; give one that begins at stage 0, "
                "with the history to be looked at"
            )
        aims, margin, ladder, whole = source.aims, source.margin, plan.ladder, plan.outcome
        bound = math.inf if plan.dual_bound is None else plan.dual_bound
    else:
        ladder, whole = plan, play(game, plan)
    if ladder.information is Information.CLAIRVOYANT:
        raise LadderError(
            "a clairvoyant ladder has a rung for each type; explain the ladder of a game of one type alone "
            "(sanctopt.analysis.changes.only_type)"
        )
    if ladder.information is Information.OPEN_LOOP and history:
        raise LadderError("an open-loop ladder has one rung for all histories of a stage; give none")
    here = [step for step in whole.steps if step.history == history]
    if not here:
        ways = sorted({step.history for step in whole.steps}, key=lambda way: (len(way), way))
        reached = "; ".join(" > ".join(way) or "none (the first rung)" for way in ways)
        raise LadderError(
            f"the ladder does not get to history {' > '.join(history)!r}; it gets to: {reached}. After an "
            "answer that was not expected, replan first (sanctopt.analysis.replan)"
        )
    if not history:
        return Scene(game, NO_PAST, ladder, whole, aims, ladder.information, margin, bound, 1.0)
    return _later(game, whole, here, _Asked(aims, margin, bound))


@dataclass(frozen=True)
class _Asked:
    aims: Aims
    margin: float
    bound: float


def _later(game: Game, whole: Outcome, here: list[Step], asked: _Asked) -> Scene:
    history, stage = here[0].history, here[0].stage
    probability = math.fsum(whole.priors[step.type] for step in here)
    if probability <= 0.0:
        raise LadderError(
            f"only types of prior 0 get to history {' > '.join(history)!r}, so there is no belief there; "
            "give such a type a prior"
        )
    belief = {step.type: whole.priors[step.type] / probability for step in here}
    kept = [patron for patron in game.patron_types if patron.name in belief]
    believed = replace(
        game,
        patron_types=tuple(replace(patron, prior=belief[patron.name]) for patron in kept),
        utilities=tuple(row for row in game.utilities if row.type in belief),
        perception=tuple(row for row in game.perception if row.type in belief),
    )
    way = [step for step in whole.steps if step.type == here[0].type and step.stage < stage]
    past = Past(tuple(step.rung for step in way), history)
    rungs = [rung.decisions() for rung in whole.ladder.rungs if rung.history[:stage] == history]
    ladder = Ladder.of(believed, Information.ADAPTIVE, rungs)
    taken = {name: whole.responses[name][stage:] for name in belief}
    outcome = play(believed, ladder, begin=past.position(believed), prefer=taken)
    bound = math.inf
    if asked.aims == PLAIN:
        # What the rest can gain, with everything else held, the whole can gain: P (best - rest) <= gap.
        bound = outcome.value + (asked.bound - whole.value) / probability
    limits = tuple(_rest_of_limits(game, whole, outcome, asked.aims.limits, past))
    aims = Aims(asked.aims.criterion, limits)
    return Scene(
        believed, past, outcome.ladder, outcome, aims, Information.ADAPTIVE, asked.margin, bound, probability
    )


def _rest_of_limits(
    game: Game, whole: Outcome, rest: Outcome, limits: tuple[Limit, ...], past: Past
) -> Iterator[Limit]:
    """What limits leave to the rest of a plan; see the module docstring."""
    stage = past.stage
    probability = math.fsum(whole.priors[name] for name in rest.priors)
    spent = math.fsum(
        step.cost for step in whole.steps if step.type == next(iter(rest.priors)) and step.stage < stage
    )
    struck = any(game.response[name].hostile for name in past.responses)
    for limit in limits:
        if isinstance(limit, FirstRung | OtherFirstRungs):
            continue
        if isinstance(limit, Barred):
            left = tuple(t for t in limit.stages if t >= stage)
            if left or not limit.stages:
                yield replace(limit, stages=left)
        elif isinstance(limit, Required):
            if limit.stage >= stage:
                yield limit
        elif isinstance(limit, TotalCost):
            yield replace(limit, at_most=max(0.0, limit.at_most - spent))
        elif isinstance(limit, ExpectedHarm | PartyHarm | ExpectedCost | HostileProbability):
            if not (struck and isinstance(limit, HostileProbability)):
                yield _share(limit, game, (whole, rest), probability)
        else:
            raise OptionError(
                f"limit {limit} cannot be told apart by histories; explain the first rung, or solve "
                "without it"
            )


def _share(limit: AtMost, game: Game, played: tuple[Outcome, Outcome], probability: float) -> Limit:
    """The limit of the rest, all else held."""
    whole, rest = played
    slack = max(0.0, limit.at_most - limit.measure(game, whole))
    return replace(limit, at_most=limit.measure(game, rest) + slack / probability)
