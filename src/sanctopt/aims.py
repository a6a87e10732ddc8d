"""What a plan aims at: an objective against each type, a criterion over the types, and limits to be kept.

With v(θ) what counts against type θ, the payoff or another *objective*, and p the prior, a *criterion* turns
(v, p) into one number, the *worth* of a ladder, which is maximized. No criterion here falls when a v(θ)
rises, so bounds of the v(θ) give a bound of the worth. A *limit* is a quantity of the played ladder with the
most, or the least, that it may be.

Everything on this page is computed from a played ladder alone; the program states the same by an epigraph
(`sanctopt.formulation.aims`).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from sanctopt.errors import OptionError
from sanctopt.game import Game, at_least
from sanctopt.outcome import Counted, Mixture, Objective, Outcome, counts_by_type

__all__ = [
    "PLAIN",
    "Aims",
    "AtLeast",
    "AtMost",
    "Counted",
    "Criterion",
    "Expectation",
    "ExpectedCost",
    "ExpectedHarm",
    "HostileProbability",
    "Limit",
    "MeanCVaR",
    "MinimaxRegret",
    "Mixture",
    "Objective",
    "PartyHarm",
    "TotalCost",
    "Values",
    "WorstPrior",
    "WorstType",
    "counts_by_type",
    "lower_tail",
]

Values = Mapping[str, float]
"""What counts against a type (the payoff as a rule), or prior, by type."""


class Criterion(ABC):
    """How payoffs against the types become one number."""

    @abstractmethod
    def worth(self, values: Values, priors: Values) -> float:
        """Worth of payoffs by type (millions of US dollars), given the priors of the same types."""

    def misfit(self, game: Game) -> str:
        """Why the criterion does not fit a game; "" if it does."""
        return ""


@dataclass(frozen=True)
class Expectation(Criterion):
    """Expected payoff, ``sum over θ of p(θ) v(θ)``.

    Examples
    --------
    >>> Expectation().worth({"dove": 10.0, "hawk": -2.0}, {"dove": 0.75, "hawk": 0.25})
    7.0
    """

    def worth(self, values: Values, priors: Values) -> float:
        """Expected payoff."""
        return math.fsum(priors[name] * value for name, value in values.items())

    def __str__(self) -> str:
        return "expectation"


@dataclass(frozen=True)
class MeanCVaR(Criterion):
    """Expected payoff mixed with that of the worst cases (Rockafellar and Uryasev 2000, J. of Risk 2, 21-41).

    ``(1 - weight) sum of p v + weight CVaR``, where CVaR is the mean of v over the worst 1 - alpha of
    probability::

        CVaR = max over η of  η - 1 / (1 - alpha) sum over θ of p(θ) max(0, η - v(θ))

    Parameters
    ----------
    alpha : float
        Level, at least 0 and below 1: 0 is the expectation, 0.9 looks at the worst tenth.
    weight : float
        Between 0 (expectation) and 1 (CVaR alone).

    Examples
    --------
    >>> MeanCVaR(0.5, 1.0).worth({"dove": 10.0, "hawk": -2.0}, {"dove": 0.75, "hawk": 0.25})
    4.0
    """

    alpha: float
    weight: float = 1.0

    def __post_init__(self) -> None:
        _require("alpha", self.alpha, 0.0, 1.0, open_end=True)
        _require("weight", self.weight, 0.0, 1.0)

    def worth(self, values: Values, priors: Values) -> float:
        """Mix of expectation and CVaR."""
        mean = Expectation().worth(values, priors)
        return (1.0 - self.weight) * mean + self.weight * lower_tail(values, priors, 1.0 - self.alpha)

    def __str__(self) -> str:
        return f"{1 - self.weight:g} expectation + {self.weight:g} CVaR at level {self.alpha:g}"


@dataclass(frozen=True)
class WorstType(Criterion):
    """Payoff against the worst type, ``min over θ of v(θ)``, whatever the priors; types of prior 0 count.

    Examples
    --------
    >>> WorstType().worth({"dove": 10.0, "hawk": -2.0}, {"dove": 0.75, "hawk": 0.25})
    -2.0
    """

    def worth(self, values: Values, priors: Values) -> float:
        """The smallest payoff."""
        return min(values.values())

    def __str__(self) -> str:
        return "worst type"


@dataclass(frozen=True)
class WorstPrior(Criterion):
    """Expected payoff under the worst prior q near p, ``1/2 sum over θ of |q(θ) - p(θ)| <= radius``.

    The worst q takes ``radius`` of probability from the best types and gives it to the worst one::

        radius min over θ of v(θ) + max over η of (1 - radius) η - sum over θ of p(θ) max(0, η - v(θ))

    Parameters
    ----------
    radius : float
        Total variation, between 0 (expectation) and 1 (worst type).

    Examples
    --------
    >>> WorstPrior(0.25).worth({"dove": 10.0, "hawk": -2.0}, {"dove": 0.75, "hawk": 0.25})
    4.0
    """

    radius: float

    def __post_init__(self) -> None:
        _require("radius", self.radius, 0.0, 1.0)

    def worth(self, values: Values, priors: Values) -> float:
        """Expectation under the worst prior."""
        kept = 1.0 - self.radius
        rest = kept * lower_tail(values, priors, kept) if kept > 0.0 else 0.0
        return self.radius * min(values.values()) + rest

    def __str__(self) -> str:
        return f"worst prior within a total variation of {self.radius:g}"


@dataclass(frozen=True)
class MinimaxRegret(Criterion):
    """Minus the regret against the type that is regretted most: ``min over θ of v(θ) - best(θ)``.

    Parameters
    ----------
    best : mapping of str to float
        What could be had against each type if it were known (millions of US dollars), the values of
        ``solve(game, information=Information.CLAIRVOYANT).outcome``.

    Examples
    --------
    >>> regret = MinimaxRegret({"dove": 12.0, "hawk": 0.0})
    >>> regret.worth({"dove": 10.0, "hawk": -3.0}, {"dove": 0.75, "hawk": 0.25})
    -3.0
    """

    best: Mapping[str, float] = field(hash=False)

    def __post_init__(self) -> None:
        for name, value in self.best.items():
            _require(f"best[{name!r}]", value, -math.inf, math.inf)

    def worth(self, values: Values, priors: Values) -> float:
        """Minus the largest regret."""
        return min(value - self.best[name] for name, value in values.items())

    def misfit(self, game: Game) -> str:
        """Why the best values do not fit the types of a game."""
        if set(self.best) == set(game.patron_type):
            return ""
        return f"MinimaxRegret needs the best value against each of: {', '.join(game.patron_type)}"

    def __str__(self) -> str:
        return "minimax regret"


def lower_tail(values: Values, priors: Values, share: float) -> float:
    """Mean payoff over the worst ``share`` of probability, above 0."""
    total, left = 0.0, share
    for name in sorted(values, key=values.__getitem__):
        part = min(left, priors[name])
        total += part * values[name]
        left -= part
    if left > 0.0:  # rounding of priors that sum to 1
        total += left * max(values.values())
    return total / share


class Limit(ABC):
    """A quantity of a played ladder that must stay on one side of a number."""

    @abstractmethod
    def measure(self, game: Game, outcome: Outcome) -> float:
        """The quantity of a ladder that was played in a game."""

    @abstractmethod
    def kept(self, game: Game, outcome: Outcome) -> bool:
        """Whether a played ladder keeps the limit, but for rounding."""

    def misfit(self, game: Game) -> str:
        """Why the limit does not fit a game; "" if it does."""
        return ""

    def alone(self, game: Game) -> Limit | None:
        """What the limit asks of a ladder against each type alone; None: nothing that is known."""
        return None


@dataclass(frozen=True)
class AtMost(Limit):
    """A limit from above.

    Parameters
    ----------
    at_most : float
        The most that the quantity may be, in its unit, at least 0.
    """

    at_most: float

    def __post_init__(self) -> None:
        _require("at_most", self.at_most, 0.0, math.inf)

    def kept(self, game: Game, outcome: Outcome) -> bool:
        """Whether the quantity is at most that, but for rounding."""
        return at_least(self.at_most, self.measure(game, outcome))


@dataclass(frozen=True)
class AtLeast(Limit):
    """A criterion that must reach a worth, while another is maximized: "and no type below -50".

    Parameters
    ----------
    least : float
        Millions of US dollars, or the unit of the objective. Where little of the objective is good, what
        counts is minus the amount: -20 asks for a cost of at most 20.
    criterion : Criterion
        What is measured.
    objective : Objective or Mixture
        Of what it is the criterion.

    Examples
    --------
    >>> print(AtLeast(-50.0, WorstType()))
    worst type at least -50
    >>> print(AtLeast(-20.0, Expectation(), Objective.COST))
    expectation of cost at most 20
    """

    least: float
    criterion: Criterion
    objective: Counted = Objective.PAYOFF

    def __post_init__(self) -> None:
        _require("least", self.least, -math.inf, math.inf)

    def measure(self, game: Game, outcome: Outcome) -> float:
        """Worth under the criterion."""
        return self.criterion.worth(counts_by_type(self.objective, outcome), outcome.priors)

    def kept(self, game: Game, outcome: Outcome) -> bool:
        """Whether the worth is at least that, but for rounding."""
        return at_least(self.measure(game, outcome), self.least)

    def misfit(self, game: Game) -> str:
        """Why the criterion does not fit a game."""
        return self.criterion.misfit(game)

    def __str__(self) -> str:
        counted = "" if self.objective is Objective.PAYOFF else f" of {self.objective}"
        side = "at least" if self.objective.sign > 0.0 else "at most"
        return f"{self.criterion}{counted} {side} {self.objective.sign * self.least:.10g}"


@dataclass(frozen=True)
class ExpectedHarm(AtMost):
    """Expected harm to all parties, weighted as in the payoff; summed over stages, not discounted (US$m)."""

    def measure(self, game: Game, outcome: Outcome) -> float:
        """Expected harm."""
        return Objective.HARM.expected(outcome)

    def __str__(self) -> str:
        return f"expected harm at most {self.at_most:g}"


@dataclass(frozen=True)
class PartyHarm(AtMost):
    """Expected harm of one party after coverage, not weighted; summed over stages, not discounted (US$m).

    Parameters
    ----------
    at_most : float
        Millions of US dollars.
    party : str
        A party of the game.
    """

    party: str

    def measure(self, game: Game, outcome: Outcome) -> float:
        """Expected harm of the party."""
        return math.fsum(
            outcome.priors[step.type] * step.party_harm.get(self.party, 0.0) for step in outcome.steps
        )

    def misfit(self, game: Game) -> str:
        """Why the party does not fit a game."""
        if self.party in game.party:
            return ""
        return f"PartyHarm: {self.party!r} is no party of the game; it has {', '.join(game.party) or 'none'}"

    def __str__(self) -> str:
        return f"expected harm of {self.party} at most {self.at_most:g}"


@dataclass(frozen=True)
class HostileProbability(AtMost):
    """Probability that the patron ever takes a hostile response: between 0 and 1."""

    def measure(self, game: Game, outcome: Outcome) -> float:
        """Prior of the types that take a hostile response in some stage."""
        return Objective.HOSTILITY.expected(outcome)

    def __str__(self) -> str:
        return f"probability of a hostile response at most {self.at_most:g}"


@dataclass(frozen=True)
class ExpectedCost(AtMost):
    """Expected cost of starts, engagements, mitigations and offers over all stages, not discounted (US$m)."""

    def measure(self, game: Game, outcome: Outcome) -> float:
        """Expected cost."""
        return Objective.COST.expected(outcome)

    def __str__(self) -> str:
        return f"expected cost at most {self.at_most:g}"


@dataclass(frozen=True)
class TotalCost(AtMost):
    """A budget: cost over all stages against whatever type, not discounted (US$m)."""

    def measure(self, game: Game, outcome: Outcome) -> float:
        """Cost against the type that costs most."""
        costs = dict.fromkeys(outcome.priors, 0.0)
        for step in outcome.steps:
            costs[step.type] += step.cost
        return max(costs.values())

    def __str__(self) -> str:
        return f"total cost at most {self.at_most:g}"


@dataclass(frozen=True)
class Aims:
    """A criterion, the limits that a plan must keep, and what counts.

    Parameters
    ----------
    criterion : Criterion
        What is maximized.
    limits : tuple of Limit
        What must be kept.
    objective : Objective or Mixture
        Of what the criterion is taken. Among best responses the patron takes the one best for it.

    Examples
    --------
    >>> print(Aims(WorstType(), (HostileProbability(0.1),)))
    worst type; probability of a hostile response at most 0.1
    >>> print(Aims(objective=Objective.DENIED))
    expectation of revenue denied
    """

    criterion: Criterion = Expectation()
    limits: tuple[Limit, ...] = ()
    objective: Counted = Objective.PAYOFF

    def check(self, game: Game) -> None:
        """Raise an `OptionError` if something does not fit the game."""
        if not isinstance(self.criterion, Criterion):
            raise OptionError(f"criterion is {self.criterion!r}; give one of sanctopt.aims, as Expectation()")
        if not isinstance(self.objective, Counted):
            raise OptionError(
                f"objective is {self.objective!r}; give one of sanctopt.aims, as Objective.COST"
            )
        for limit in self.limits:
            if not isinstance(limit, Limit):
                raise OptionError(f"{limit!r} is no limit; give one of sanctopt.aims, as TotalCost(100.0)")
        misfits = [self.criterion.misfit(game), *(limit.misfit(game) for limit in self.limits)]
        if any(misfits):
            raise OptionError("; ".join(filter(None, misfits)))

    def worth(self, outcome: Outcome) -> float:
        """Worth of a played ladder (millions of US dollars, or the unit of the objective)."""
        return self.criterion.worth(counts_by_type(self.objective, outcome), outcome.priors)

    def alone(self, game: Game) -> Aims:
        """Expectation, under what the limits ask of a ladder of a game against each type alone."""
        asked = (limit.alone(game) for limit in self.limits)
        limits = tuple(limit for limit in asked if limit is not None)
        return Aims(limits=limits, objective=self.objective)

    def broken(self, game: Game, outcome: Outcome) -> tuple[str, ...]:
        """Limits that a played ladder does not keep, one sentence each."""
        return tuple(
            f"{limit}: it is {limit.measure(game, outcome):.10g}"
            for limit in self.limits
            if not limit.kept(game, outcome)
        )

    def __str__(self) -> str:
        counted = "" if self.objective is Objective.PAYOFF else f" of {self.objective}"
        return "; ".join((f"{self.criterion}{counted}", *map(str, self.limits)))


PLAIN = Aims()
"""Expected payoff, without limits."""


def _require(name: str, value: float, least: float, most: float, *, open_end: bool = False) -> None:
    """Raise an `OptionError` unless a finite number lies between two ends."""
    if (
        isinstance(value, bool)
        or not math.isfinite(value)
        or value < least
        or value > most
        or (open_end and value == most)
    ):
        end = "below" if open_end else "at most"
        span = f"at least {least:g}" + ("" if most == math.inf else f" and {end} {most:g}")
        raise OptionError(f"{name} is {value!r}; give a finite number of {span}")
