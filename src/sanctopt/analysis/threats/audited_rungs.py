"""What an audit finds at one rung: see `threats.credibility_audit`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from sanctopt.analysis.threats.bounded import Bounded
from sanctopt.beliefs import Surprise
from sanctopt.game import Start
from sanctopt.ladder import History


class Verdict(Enum):
    """Whether a threat would be carried out by choice."""

    CREDIBLE = "credible"
    """Carrying it out is among the best choices."""
    EMPTY = "not credible"
    """Waiving it is better."""
    OPEN = "not proven"
    """The optima are not known well enough: give more time or a smaller gap."""


def least_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Not credible if one is; else not proven if one is; else credible."""
    found = set(verdicts)
    return next((v for v in (Verdict.EMPTY, Verdict.OPEN) if v in found), Verdict.CREDIBLE)


@dataclass(frozen=True)
class Facilitator:
    """A facilitator at a rung.

    Attributes
    ----------
    name : str
        The entity.
    threshold : float
        Credibility at which it leaves; inf if at none.
    margin : float
        Credibility minus threshold: at least 0 (but for rounding) if it leaves; what it lacks, if below.
    leaves : bool
        Whether it leaves.
    by_rung : bool
        Whether it leaves because of the starts of this rung.
    exit_removal, removed : float
        Share of its throughput that leaving removes, and that starts against it remove anyhow.
    """

    name: str
    threshold: float
    margin: float
    leaves: bool
    by_rung: bool
    exit_removal: float
    removed: float


@dataclass(frozen=True)
class Answers:
    """What a type at the rung answers with the threat, and if only the threat is struck out."""

    type: str
    belief: float
    with_threat: str
    without_threat: str
    deterred: bool
    """Whether the threat keeps it from a hostile response."""

    @property
    def moved(self) -> bool:
        """Whether the threat changes what it answers."""
        return self.with_threat != self.without_threat


@dataclass(frozen=True)
class Call:
    """What follows if a hostile response calls the threat.

    Attributes
    ----------
    response : str
        The response.
    surprise : Surprise
        Whether some type is expected to give it.
    belief : dict of str to float
        Belief after it.
    carried_out, waived : Bounded
        Optimum of the rest with the called starts made, and with nothing called.
    verdict : Verdict
        Whether carrying it out pays.
    """

    response: str
    surprise: Surprise
    belief: dict[str, float]
    carried_out: Bounded
    waived: Bounded
    verdict: Verdict

    @property
    def pays(self) -> bool:
        """Whether carrying it out is proven to be among the best choices."""
        return self.verdict is Verdict.CREDIBLE

    @property
    def loss(self) -> Bounded:
        """What carrying it out costs, compared with waiving it; at least 0."""
        lost = self.waived - self.carried_out
        return Bounded(
            max(lost.value, 0.0) if lost.value == lost.value else lost.value, max(lost.low, 0.0), lost.high
        )


@dataclass(frozen=True)
class Threat:
    """The standing threat of a rung.

    Attributes
    ----------
    history : tuple of str
        Where it is made.
    starts : tuple of Start
        What is threatened.
    size : float
        H(t), as the patron sees it.
    belief : dict of str to float
        Belief at the history, of the types that get there.
    value_with : float
        What the ladder is worth from here on.
    value_without : Bounded
        Optimum from here on without a threat in this rung.
    played_without : float
        What the same ladder is worth from here on if only the threat is struck out.
    answers : tuple of Answers
        By type that gets here.
    called_by : tuple of str
        Types that call it on the expected path.
    calls : tuple of Call
        By hostile response of the game.
    """

    history: History
    starts: tuple[Start, ...]
    size: float
    belief: dict[str, float]
    value_with: float
    value_without: Bounded
    played_without: float
    answers: tuple[Answers, ...]
    called_by: tuple[str, ...]
    calls: tuple[Call, ...]

    @property
    def worth(self) -> Bounded:
        """What the threat is worth: value with it minus value without it.

        At least 0 if the ladder is optimal; below, if something else would be better from here on.
        """
        return Bounded(self.value_with, self.value_with, self.value_with) - self.value_without

    @property
    def verdict(self) -> Verdict:
        """Whether it is credible: after every hostile response."""
        return least_of(call.verdict for call in self.calls)


@dataclass(frozen=True)
class RungAudit:
    """One rung: its credibility, the facilitators, and its threat if it makes one (none or one)."""

    history: History
    label: str
    credibility: float
    facilitators: tuple[Facilitator, ...]
    threats: tuple[Threat, ...]

    @property
    def stage(self) -> int:
        """Stage of the rung."""
        return len(self.history)

    @property
    def leaving(self) -> tuple[Facilitator, ...]:
        """Facilitators that leave, those nearest to staying first."""
        return tuple(sorted((f for f in self.facilitators if f.leaves), key=lambda f: f.margin))

    @property
    def nearest(self) -> tuple[Facilitator, ...]:
        """Facilitators that stay, those nearest to leaving first; without those that never leave."""
        staying = (f for f in self.facilitators if not f.leaves and math.isfinite(f.threshold))
        return tuple(sorted(staying, key=lambda f: -f.margin))
