"""Numbers at the two ends of their ranges: the bars of a tornado (`sensitivity.one_at_a_time`)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from sanctopt.analysis.sensitivity.factors import Factor
from sanctopt.ladder import Rung


@dataclass(frozen=True)
class End:
    """One end of the range of a factor, all else as it stands. Values in millions of US dollars.

    Attributes
    ----------
    numbers : dict of str to float
        What was set, by path.
    problem : str
        Why that is no valid game; "" if it is. All values are NaN then.
    kept : float
        Value of the kept ladder.
    repaired : bool
        Whether it had to be repaired there.
    optimum : float
        Value of the best ladder known; NaN if nothing was solved here.
    bound : float
        No ladder is worth more than this; inf if nothing was proven.
    optimal : bool
        Whether ``optimum`` is proven optimal.
    first_rung : Rung or None
        Of the best ladder known; None if nothing was solved here.
    changes : bool or None
        Whether no optimal ladder begins with the kept first rung; None if that is not known.
    """

    numbers: dict[str, float]
    problem: str
    kept: float
    repaired: bool
    optimum: float = math.nan
    bound: float = math.inf
    optimal: bool = False
    first_rung: Rung | None = None
    changes: bool | None = None

    @property
    def regret(self) -> float:
        """Least that staying with the kept ladder costs; NaN if nothing was solved here."""
        return max(self.optimum - self.kept, 0.0) if self.solved else math.nan

    @property
    def solved(self) -> bool:
        """Whether a solve was made here."""
        return self.first_rung is not None


@dataclass(frozen=True)
class Bar:
    """A factor at its two ends."""

    factor: Factor
    low: End
    high: End
    kept_base: float
    optimum_base: float

    @property
    def ends(self) -> tuple[End, End]:
        """Low and high."""
        return self.low, self.high

    @property
    def swing(self) -> float:
        """Swing of the best values known; NaN if nothing was solved at an end that is a valid game."""
        if not any(end.solved for end in self.ends):
            return math.nan
        return swing(self.optimum_base, (end.optimum for end in self.ends if not end.problem))

    @property
    def kept_swing(self) -> float:
        """Swing of the kept ladder, over the ends that are valid games."""
        return swing(self.kept_base, (end.kept for end in self.ends if not end.problem))

    @property
    def changes(self) -> bool | None:
        """Whether the first rung changes at an end; None if that is not known."""
        found = [end.changes for end in self.ends if not end.problem]
        return True if True in found else None if None in found else False


def swing(base: float, values: Iterable[float]) -> float:
    """Largest minus smallest of some values and a base; NaN if one of them is not known."""
    everything = [base, *values]
    return math.nan if any(map(math.isnan, everything)) else max(everything) - min(everything)
