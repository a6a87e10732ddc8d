"""A number that a solve found, and the range in which the true one was proven to lie."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sanctopt.solution import Solution

SHOWN = 0.005
"""A range narrower than this many millions of US dollars is not printed: two decimals are."""


@dataclass(frozen=True)
class Bounded:
    """An optimum or a difference of optima, in millions of US dollars.

    Attributes
    ----------
    value : float
        What was found; NaN if no ladder was.
    low, high : float
        The true number lies between them; infinite where nothing was proven.

    Examples
    --------
    >>> print(Bounded(5.0, 5.0, 5.5))
    5.00 (proven: 5.00 to 5.50)
    """

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, solution: Solution) -> Bounded:
        """The optimum that a solve looked for."""
        high = math.inf if solution.dual_bound is None else solution.dual_bound
        if not solution.has_ladder:
            return cls(math.nan, -math.inf, high)
        return cls(solution.value, solution.value, max(high, solution.value))

    def at_least(self, other: Bounded) -> Bounded:
        """The same optimum, told that it is no less than another one."""
        if math.isnan(other.value) or other.value <= self.value:
            return self
        return Bounded(other.value, max(self.low, other.low), max(self.high, other.value))

    def at_most(self, other: Bounded) -> Bounded:
        """The same optimum, told that it is no more than another one."""
        return Bounded(self.value, self.low, max(self.low, min(self.high, other.high)))

    def __sub__(self, other: Bounded) -> Bounded:
        return Bounded(self.value - other.value, self.low - other.high, self.high - other.low)

    def not_negative(self) -> Bounded:
        """The same number, told that it is at least 0."""
        value = max(self.value, 0.0)  # max returns its first argument, NaN, unless the other is larger
        return Bounded(value, max(self.low, 0.0), max(self.high, 0.0))

    @property
    def width(self) -> float:
        """How far the range goes."""
        return self.high - self.low

    def __str__(self) -> str:
        text = f"{self.value:,.2f}" if math.isfinite(self.value) else "unknown"
        if self.width <= SHOWN:
            return text
        return f"{text} (proven: {self.low:,.2f} to {self.high:,.2f})"
