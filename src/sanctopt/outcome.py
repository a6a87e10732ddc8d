"""What happens when a ladder is played: one step per type and stage, and the tables made of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property

import pandas as pd

from sanctopt.errors import OptionError
from sanctopt.game import Game
from sanctopt.ladder import Expected, History, Information, Ladder, Rung


class Ties(Enum):
    """Which of several best responses the patron takes."""

    OPTIMISTIC = "optimistic"
    """The one best for the coalition over the rest of the game (strong Stackelberg)."""
    PESSIMISTIC = "pessimistic"
    """The one worst for it (weak Stackelberg)."""


@dataclass(frozen=True)
class Step:
    """One stage of the game as one type plays it.

    Attributes
    ----------
    type : str
        The type of patron and regime.
    stage : int
        The stage t.
    history : tuple of str
        The public history at which it begins.
    planned : bool
        Whether the ladder has a rung here; otherwise only a called threat is carried out.
    rung : Rung
        What the coalition does, without expectations.
    belief : float
        Probability of the type given the public history (Bayes); 0 if all types there have prior 0.
    response : str
        The response taken.
    hostile : bool
        Whether it is hostile.
    tied : tuple of str
        All best responses, in the game's order; more than one is a tie.
    runner_up : str
        The best response but for the one taken; "" if there is no other.
    margin : float
        Utility of the response taken minus that of the runner-up; 0 in a tie, inf if there is no other,
        negative only if a response was given (`sanctopt.play.follow`) that is not a best one.
    utilities : dict of str to float
        Utility of every response, in the game's order.
    concedes : bool
        Whether the regime takes the off-ramp; the game then ends for this type.
    revenue, baseline_revenue : float
        R(t) and Rbar(t) (millions of US dollars).
    credibility, provocation, engagement, threat_size : float
        k(t), P(t) (without the type's offset), E(t) and H(t).
    party_harm : dict of str to float
        Harm that each party bears after coverage, not weighted (millions of US dollars).
    harm : float
        Weighted harm to all parties (millions of US dollars).
    cost : float
        Starts, engagements, mitigations and offer (millions of US dollars).
    removal : dict of str to float
        Removal share of every entity.
    exits : tuple of str
        Facilitators that leave by themselves in this stage.
    payoff : float
        Discounted payoff of this stage; a concession's value and the terminal credibility are in the
        step where they fall due.
    """

    type: str
    stage: int
    history: History
    planned: bool
    rung: Rung
    belief: float
    response: str
    hostile: bool
    tied: tuple[str, ...]
    runner_up: str
    margin: float
    utilities: dict[str, float]
    concedes: bool
    revenue: float
    baseline_revenue: float
    credibility: float
    provocation: float
    engagement: float
    threat_size: float
    party_harm: dict[str, float]
    harm: float
    cost: float
    removal: dict[str, float]
    exits: tuple[str, ...]
    payoff: float

    @property
    def tie(self) -> bool:
        """Whether several responses are best."""
        return len(self.tied) > 1

    def expected(self) -> Expected:
        """The entry of this step in the rung of an annotated ladder."""
        return Expected(**{name: getattr(self, name) for name in Expected.__dataclass_fields__})


@dataclass(frozen=True)
class Outcome:
    """A ladder played against every type.

    Attributes
    ----------
    game_name : str
        Name of the game.
    ties : Ties
        How ties were broken.
    priors : dict of str to float
        Prior by type, in the game's order.
    steps : tuple of Step
        By type (the game's order), then stage; a type's steps end early if its regime concedes.
    ladder : Ladder
        A rung for every history that was reached, with what is expected of each type that gets there.
        Where the ladder that was played had none, it is what was done instead; only an open-loop ladder,
        which has one sequence for all histories, still has none there.
    """

    game_name: str
    ties: Ties
    priors: dict[str, float]
    steps: tuple[Step, ...]
    ladder: Ladder

    @cached_property
    def values(self) -> dict[str, float]:
        """Value by type: the sum of the payoffs of its steps (millions of US dollars)."""
        return values_by_type(self.priors, self.steps)

    @cached_property
    def value(self) -> float:
        """Expected value: sum over types of prior times value."""
        return math.fsum(self.priors[name] * value for name, value in self.values.items())

    @property
    def responses(self) -> dict[str, tuple[str, ...]]:
        """Responses of each type by stage, until the game ended for it."""
        return {
            name: tuple(step.response for step in self.steps if step.type == name) for name in self.priors
        }

    @property
    def smallest_margin(self) -> float:
        """The smallest margin of a response that was taken; inf if no patron had a choice."""
        return min((step.margin for step in self.steps), default=math.inf)

    def to_frame(self) -> pd.DataFrame:
        """One row per type and stage; lists are joined by "; "."""
        labels = self.ladder.stage_labels
        rows = [[_cell(step, column, labels) for column in _COLUMNS] for step in self.steps]
        return pd.DataFrame(rows, columns=list(_COLUMNS))

    def entities_frame(self) -> pd.DataFrame:
        """Removal share and exit, one row per type, stage and entity."""
        rows = [
            (step.type, step.stage, name, share, name in step.exits)
            for step in self.steps
            for name, share in step.removal.items()
        ]
        return pd.DataFrame(rows, columns=["type", "stage", "entity", "removal", "exits"])

    def utilities_frame(self) -> pd.DataFrame:
        """Utility of each response, one row per type, stage and response."""
        rows = [
            (step.type, step.stage, name, value, name in step.tied, name == step.response)
            for step in self.steps
            for name, value in step.utilities.items()
        ]
        return pd.DataFrame(rows, columns=["type", "stage", "response", "utility", "best", "taken"])

    def harms_frame(self) -> pd.DataFrame:
        """Harm after coverage, not weighted, one row per type, stage and party."""
        rows = [
            (step.type, step.stage, step.response, name, harm)
            for step in self.steps
            for name, harm in step.party_harm.items()
        ]
        return pd.DataFrame(rows, columns=["type", "stage", "response", "party", "harm"])


class Objective(Enum):
    """What counts against one type, over the stages that are played: up to a concession, or to the end.

    Only the payoff is discounted, and only it has a term for a concession; for all others a concession is
    the end of the game and nothing more. Of harm, cost and hostility little is good: what counts is minus
    the amount, so that more is better throughout.
    """

    PAYOFF = "payoff"
    """The coalition's payoff, as the weights of the case make it up (US$m)."""
    DENIED = "revenue denied"
    """Sum of Rbar(t) - R(t) (US$m)."""
    HARM = "harm"
    """Sum of the harm to all parties, weighted by party (US$m)."""
    HOSTILITY = "probability of a hostile response"
    """1 if a hostile response is ever taken, otherwise 0; no unit."""
    COST = "cost"
    """Sum of the costs of starts, engagements, mitigations and offers (US$m)."""
    CREDIBILITY = "credibility left"
    """Stock k(t) in the last stage t that is played; no unit."""

    @property
    def sign(self) -> float:
        """1 if much of it is good, -1 if little is."""
        return -1.0 if self in (Objective.HARM, Objective.HOSTILITY, Objective.COST) else 1.0

    @property
    def money(self) -> bool:
        """Whether it is an amount of money, in millions of US dollars."""
        return self not in (Objective.HOSTILITY, Objective.CREDIBILITY)

    def amount(self, steps: Sequence[Step]) -> float:
        """The amount of it in the steps of one type, the last of which ends its game; 0 without steps."""
        if self is Objective.PAYOFF:
            return math.fsum(step.payoff for step in steps)
        if self is Objective.DENIED:
            return math.fsum(step.baseline_revenue - step.revenue for step in steps)
        if self is Objective.HARM:
            return math.fsum(step.harm for step in steps)
        if self is Objective.COST:
            return math.fsum(step.cost for step in steps)
        if self is Objective.HOSTILITY:
            return float(any(step.hostile for step in steps))
        return steps[-1].credibility if steps else 0.0

    def counted(self, steps: Sequence[Step]) -> float:
        """What counts of it: the amount, or minus the amount where little is good."""
        return self.sign * self.amount(steps)

    def expected(self, outcome: Outcome) -> float:
        """Expected amount over the types of a ladder that was played.

        Examples
        --------
        >>> from sanctopt import load_case, solve
        >>> outcome = solve(load_case("teaching")).outcome
        >>> round(Objective.COST.expected(outcome), 2), round(Objective.HOSTILITY.expected(outcome), 2)
        (22.2, 0.4)
        """
        counts = counts_by_type(self, outcome)
        return self.sign * math.fsum(outcome.priors[name] * value for name, value in counts.items())

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Mixture:
    """A weighted sum of what counts of several objectives, and a constant.

    Parameters
    ----------
    weights : tuple of (Objective, float)
        Each objective once, with its weight, above 0.
    constant : float
        Added against each type. It changes no optimum, but what a relative gap is relative to.

    Examples
    --------
    >>> print(Mixture(((Objective.DENIED, 1.0), (Objective.COST, 2.5))))
    1 revenue denied - 2.5 cost
    """

    weights: tuple[tuple[Objective, float], ...]
    constant: float = 0.0

    sign = 1.0

    def __post_init__(self) -> None:
        names = [objective for objective, _ in self.weights]
        if not names or len(set(names)) < len(names):
            raise OptionError(f"weights are {self.weights!r}; give one weight for each of some objectives")
        for objective, weight in self.weights:
            if not 0.0 <= weight < math.inf:
                raise OptionError(f"weight of {objective} is {weight!r}; give a finite number of at least 0")

    def counted(self, steps: Sequence[Step]) -> float:
        """What counts in the steps of one type, the last of which ends its game."""
        return math.fsum((*(w * objective.counted(steps) for objective, w in self.weights), self.constant))

    def __str__(self) -> str:
        parts = [f"{'+' if o.sign > 0.0 else '-'} {w:.6g} {o}" for o, w in self.weights]
        if self.constant:
            parts.append(f"{'+' if self.constant > 0.0 else '-'} {abs(self.constant):.6g}")
        return " ".join(parts).removeprefix("+ ")


Counted = Objective | Mixture
"""What can count against a type."""


def counts_by_type(counted: Counted, outcome: Outcome) -> dict[str, float]:
    """What counts against each type of a ladder that was played."""
    own: dict[str, list[Step]] = {name: [] for name in outcome.priors}
    for step in outcome.steps:
        own[step.type].append(step)
    return {name: counted.counted(taken) for name, taken in own.items()}


def values_by_type(types: Iterable[str], steps: Iterable[Step]) -> dict[str, float]:
    """Sum of the payoffs of the steps of each type (millions of US dollars)."""
    payoffs: dict[str, list[float]] = {name: [] for name in types}
    for step in steps:
        payoffs[step.type].append(step.payoff)
    return {name: math.fsum(values) for name, values in payoffs.items()}


def annotated(game: Game, information: Information, steps: Iterable[Step]) -> Ladder:
    """The rungs that steps meet, with what is expected of each type there: see `Outcome.ladder`."""
    expected: dict[tuple[str, History], list[Expected]] = {}
    rungs: dict[tuple[str, History], Rung] = {}
    for step in steps:
        if step.planned or information is not Information.OPEN_LOOP:
            key = (step.rung.known_type, step.history)
            rungs[key] = step.rung
            expected.setdefault(key, []).append(step.expected())
    return Ladder.of(
        game, information, (replace(rung, expected=tuple(expected[key])) for key, rung in rungs.items())
    )


_DECISIONS = ("starts", "engagements", "mitigations", "threat", "offer")
_COLUMNS = (
    *("type", "stage", "label", "history", "planned", "belief"),
    *_DECISIONS,
    *("response", "tied", "runner_up", "margin", "concedes", "revenue", "baseline_revenue"),
    *("credibility", "provocation", "engagement", "threat_size", "harm", "cost", "exits", "payoff"),
)


def _cell(step: Step, column: str, labels: Sequence[str]) -> object:
    """One cell of `Outcome.to_frame`."""
    if column == "label":
        return labels[step.stage]
    if column == "history":
        return " > ".join(step.history)
    value = getattr(step.rung if column in _DECISIONS else step, column)
    return "; ".join(map(str, value)) if isinstance(value, tuple) else value
