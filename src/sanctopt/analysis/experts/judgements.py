"""What experts can answer: how likely a response of the patron to a described package is.

A *package* is what the patron would see in one stage. A *judgement* is the probability, with a range, that
the patron's response to it is one of some responses: "35 % (15 to 60) that a large bank's designation brings
economic retaliation". Where cases were counted instead, `Judgement.of_counts` takes the counts. Judgements
are what `experts.elicitation` reproduces by types.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from numbers import Integral

import pandas as pd
from scipy.stats import beta

from sanctopt.errors import ElicitationError, LadderError
from sanctopt.game import Game
from sanctopt.ladder import Rung
from sanctopt.position import Position, denial, opening, take
from sanctopt.rules import place, violations


@dataclass(frozen=True)
class Package:
    """What the patron would see in one stage, as it is described to an expert.

    Attributes
    ----------
    name : str
        Name for people; judgements with the same name are about the same package.
    provocation : float
        P(t), and what the patron is provoked by beyond it (the offset of ``perception.csv``).
    engagement : float
        E(t).
    denial : mapping of str to float
        N(a, t) by response, in [0, 1]: the share of its harm that is covered; 0 for those not named.
    threat_size : float
        H(t).

    Raises
    ------
    ElicitationError
        If a number is not finite, or a share of denied harm is outside [0, 1].

    Examples
    --------
    >>> Package("a large bank, no talks", provocation=3.0)
    Package(name='a large bank, no talks', provocation=3.0, engagement=0.0, denial={}, threat_size=0.0)
    """

    name: str
    provocation: float
    engagement: float = 0.0
    denial: Mapping[str, float] = field(default_factory=dict, hash=False)
    threat_size: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "denial", dict(self.denial))
        for name in ("provocation", "engagement", "threat_size"):
            if not math.isfinite(getattr(self, name)):
                raise ElicitationError(
                    f"package {self.name!r}: {name} is {getattr(self, name)}; give a finite number"
                )
        for response, share in self.denial.items():
            if not 0.0 <= share <= 1.0:
                raise ElicitationError(
                    f"package {self.name!r}: denial of {response!r} is {share}; give a share in [0, 1]"
                )


def package_of(game: Game, name: str, rung: Rung, position: Position | None = None) -> Package:
    """The package that a rung is to the patron, by the formulas of `sanctopt.position.take`.

    Parameters
    ----------
    game : Game
        The game.
    name : str
        Name of the package.
    rung : Rung
        What the coalition does; its history is that of ``position``.
    position : Position, optional
        Where the stage begins; None is the opening.

    Returns
    -------
    Package

    Raises
    ------
    LadderError
        If the rung is not allowed there.
    ElicitationError
        If the types of the game are provoked differently in that stage (``perception.csv``), so that there
        is no one package.

    Examples
    --------
    >>> from sanctopt import Rung, Start, load_case
    >>> rung = Rung((), starts=(Start("joint_stock_bank_a", "designate"),))
    >>> package_of(load_case("dprk_2017"), "a large bank", rung).provocation
    3.0
    """
    position = opening(game) if position is None else position
    reasons = violations(game, position, rung)
    if reasons:
        raise LadderError(f"{place(rung)}: " + "; ".join(reasons))
    posture = take(game, position, rung)
    offsets = {game.offset.get((row.name, position.stage), 0.0) for row in game.patron_types}
    if len(offsets) > 1:
        raise ElicitationError(
            f"package {name!r}: in stage {position.stage} the types are provoked differently (offsets "
            f"{', '.join(f'{offset:g}' for offset in sorted(offsets))}); describe the package by Package(...)"
        )
    return Package(
        name,
        provocation=posture.provocation + offsets.pop(),
        engagement=posture.engagement,
        denial={row.name: denial(game, posture, row.name) for row in game.responses},
        threat_size=posture.threat_size,
    )


@dataclass(frozen=True)
class Judgement:
    """Probability that the patron's response to a package is one of some responses.

    Attributes
    ----------
    package : Package
        What the patron would see.
    responses : tuple of str
        The responses meant; several of them are one event ("some economic retaliation").
    probability : float
        Central judgement, in [0, 1].
    low, high : float or None
        Its range, in [0, 1] and around ``probability``; None is ``probability`` itself.

    Raises
    ------
    ElicitationError
        If a probability is outside [0, 1] or its range, or no response is named, or one twice.

    Examples
    --------
    >>> Judgement(Package("a large bank", 3.0), ("broad", "coerce_korea"), 0.35, 0.15, 0.60).low
    0.15
    """

    package: Package
    responses: tuple[str, ...]
    probability: float
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        given: object = self.responses
        if isinstance(given, str):  # a string is a sequence too, of letters
            raise ElicitationError(f"responses is {given!r}; give a tuple: ({given!r},)")
        object.__setattr__(self, "responses", tuple(self.responses))
        if not self.responses or len(set(self.responses)) < len(self.responses):
            raise ElicitationError(f"{self}: name at least one response, each of them once")
        low, high = self.range
        if not 0.0 <= low <= self.probability <= high <= 1.0:
            raise ElicitationError(
                f"{self}: probability {self.probability} with range {low} to {high}; "
                "give 0 <= low <= probability <= high <= 1"
            )

    @classmethod
    def of_counts(
        cls, package: Package, responses: tuple[str, ...], successes: int, trials: int, level: float = 0.95
    ) -> Judgement:
        """The judgement that counted cases support: mean and interval of `jeffreys_interval`'s posterior.

            probability = (successes + 1/2) / (trials + 1)

        Raises
        ------
        ElicitationError
            As `jeffreys_interval`.

        Examples
        --------
        >>> said = Judgement.of_counts(Package("a small trader", 0.1), ("broad",), 0, 11)
        >>> round(said.probability, 4), said.low, round(said.high, 3)
        (0.0417, 0.0, 0.2)
        """
        low, high = jeffreys_interval(successes, trials, level)
        # The mean may lie outside the interval at a low level: a skew posterior has it beyond its median.
        mean = min(max((successes + 0.5) / (trials + 1.0), low), high)
        return cls(package, responses, mean, low, high)

    @property
    def range(self) -> tuple[float, float]:
        """Low and high, each ``probability`` where it was not given."""
        low = self.probability if self.low is None else self.low
        return low, self.probability if self.high is None else self.high

    def __str__(self) -> str:
        return f"judgement on {' or '.join(self.responses) or 'nothing'} at {self.package.name!r}"


def jeffreys_interval(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Equal-tailed interval of a share, from counts, under Jeffreys' prior Beta(1/2, 1/2).

    With x successes in n trials and level 1 - α, low and high are the α/2 and 1 - α/2 quantiles of the
    posterior

        Beta(x + 1/2, n - x + 1/2),

    but low is 0 if x = 0, and high is 1 if x = n: else the interval would miss shares next to 0 and 1.

    Parameters
    ----------
    successes : int
        x, 0 to ``trials``.
    trials : int
        n, at least 1.
    level : float
        1 - α, strictly between 0 and 1.

    Returns
    -------
    low, high : float
        Shares in [0, 1].

    Raises
    ------
    ElicitationError
        If a number is out of range.

    References
    ----------
    Brown, L. D., Cai, T. T. and DasGupta, A. (2001). Interval estimation for a binomial proportion.
    Statistical Science 16(2), 101-133.

    Examples
    --------
    >>> low, high = jeffreys_interval(1, 2)
    >>> round(low, 3), round(high, 3)
    (0.061, 0.939)
    """
    counts: tuple[object, object] = (successes, trials)
    whole = all(isinstance(count, Integral) for count in counts)
    if not whole or not 0 <= successes <= trials or trials < 1:
        raise ElicitationError(
            f"{successes} successes in {trials} trials; give whole numbers, "
            "0 <= successes <= trials and trials >= 1"
        )
    if not 0.0 < level < 1.0:
        raise ElicitationError(f"level is {level}; give a share between 0 and 1, e.g. 0.95")
    tail = (1.0 - level) / 2.0
    posterior = beta(successes + 0.5, trials - successes + 0.5)
    low = 0.0 if successes == 0 else float(posterior.ppf(tail))
    return low, 1.0 if successes == trials else float(posterior.isf(tail))


def base_rates(level: float = 0.95) -> pd.DataFrame:
    """Shipped base rates, for worked examples: counts, their Jeffreys mean and interval, and sources.

    How Beijing reacted to American actions against its firms (2005 to 2019), and how often targets
    acquiesced in the TIES data (1945 to 2005). Zero retaliation against small and medium targets says
    nothing of large ones.

    Parameters
    ----------
    level : float
        As in `jeffreys_interval`.

    Returns
    -------
    pandas.DataFrame
        Index ``rate``; columns successes, trials, mean, low, high, status, note, source.

    Examples
    --------
    >>> rate = base_rates().loc["patron, small or medium target: economic retaliation"]
    >>> int(rate.successes), int(rate.trials), round(float(rate.high), 3)
    (0, 11, 0.2)
    """
    file = files("sanctopt.analysis").joinpath("data").joinpath("base_rates.csv")
    with file.open(encoding="utf-8") as text:
        frame = pd.read_csv(text, index_col="rate")
    counts = list(zip(frame["successes"].tolist(), frame["trials"].tolist(), strict=True))
    intervals = [jeffreys_interval(successes, trials, level) for successes, trials in counts]
    frame.insert(2, "mean", [(successes + 0.5) / (trials + 1.0) for successes, trials in counts])
    frame.insert(3, "low", [low for low, _ in intervals])
    frame.insert(4, "high", [high for _, high in intervals])
    return frame
