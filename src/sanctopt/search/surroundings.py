"""When the tree of answers looks near its best ladder, and for how long.

Neighbourhoods (`sanctopt.search.neighbourhoods`) that bring nothing get half the time at the next turn, and
their whole share again after a ladder that is far above the last: it is a new place to look near.
"""

from __future__ import annotations

from sanctopt.outcome import Outcome
from sanctopt.search.neighbourhoods import NeighbourhoodSearch
from sanctopt.search.program import Program
from sanctopt.search.task import Clock
from sanctopt.solution import Phase
from sanctopt.solver_options import relative_gap

NEARBY_SHARE, NEARBY_ROUNDS = 0.1, 20
"""Share of the time left, and rounds, for ladders near the best one; the share halves when they fail."""

NEARBY_OVER_SEARCH, POOR = 0.1, 0.1
"""With a time limit a turn takes at most this part of the time that the search has taken so far, unless the
best ladder is poor: the gap is above this. Without one, only rounds count, so that runs repeat."""

LEAP = 0.1
"""A ladder is far above the last if it closes this part of the gap."""


class Surroundings:
    """Turns of neighbourhoods around the best ladder of a program of all types."""

    def __init__(self, program: Program, purpose: str) -> None:
        self._program, self._purpose = program, purpose
        self._share = NEARBY_SHARE
        self._near: NeighbourhoodSearch | None = None

    def leapt(self, before: float, now: float, bound: float) -> bool:
        """Whether a ladder's worth is far above that of before, under a bound; the share is whole then."""
        leap = now > before and now - before >= LEAP * (bound - before)
        if leap:
            self._share = NEARBY_SHARE
        return leap

    def search(self, best: Outcome, clock: Clock, bound: float | None) -> Outcome:
        """The best ladder that a turn of neighbourhoods finds: ``best`` itself if none is better."""
        if self._near is None:
            self._near = NeighbourhoodSearch(self._program, self._purpose, best)
        self._near.move_to(best)
        limit = clock.left(self._share)
        if limit is not None and relative_gap(self._program.task.worth(best), bound) <= POOR:
            limit = min(limit, NEARBY_OVER_SEARCH * clock.seconds())
        self._near.run(Clock(limit), bound, NEARBY_ROUNDS)
        if self._near.best is best:
            self._share /= 2.0
        return self._near.best

    def phases(self) -> tuple[Phase, ...]:
        """All turns together, as one phase; none if there was no turn."""
        return () if self._near is None else (self._near.phase(),)
