"""What a search is asked and what it answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from sanctopt.aims import PLAIN, Aims
from sanctopt.game import Game, at_least
from sanctopt.ladder import Information, Ladder
from sanctopt.outcome import Outcome
from sanctopt.play import play
from sanctopt.position import NO_PAST, Past
from sanctopt.search.alone import alone_with, among
from sanctopt.solution import Phase
from sanctopt.solver_options import Limit, Reason, SolveOptions, relative_gap

AGREE = 1e-6
"""A program's value and the replay of its ladder agree to this, relative to the larger of value and 1."""


@dataclass(frozen=True)
class SearchProgress:
    """A running search, as of one moment; money in millions of US dollars.

    ``purpose`` names the program being solved; ``incumbent`` and ``dual_bound`` are those of that program,
    None before there is one, and ``wall_seconds`` counts from the start of the whole search.
    """

    purpose: str
    wall_seconds: float
    incumbent: float | None
    dual_bound: float | None
    relative_gap: float
    nodes: int


OnProgress = Callable[[SearchProgress], None]


class Clock:
    """The time left of a search."""

    def __init__(self, limit_seconds: float | None) -> None:
        self._begin = time.perf_counter()
        self._limit = limit_seconds

    def seconds(self) -> float:
        """Seconds since the search began."""
        return time.perf_counter() - self._begin

    def left(self, share: float = 1.0) -> float | None:
        """A share of the seconds left; None if there is no limit."""
        return None if self._limit is None else share * max(0.0, self._limit - self.seconds())

    def until(self, share: float) -> Clock:
        """A clock that ends after a share of the seconds left."""
        return Clock(self.left(share))


@dataclass(frozen=True)
class Task:
    """What is searched: a game from some past on, an information, a margin, aims; who hears of progress.

    ``known_ladders`` are played, and the best of them that is allowed is where the search begins.
    With ``credible_threats`` only ladders count whose threats would be carried out by choice
    (`credible_threats`). ``stop`` is set by the first interrupted solve; those that follow end at once.
    """

    game: Game
    information: Information
    margin: float
    options: SolveOptions
    clock: Clock
    on_progress: OnProgress | None
    aims: Aims = PLAIN
    past: Past = NO_PAST
    known_ladders: tuple[Ladder, ...] = ()
    credible_threats: bool = False
    stop: threading.Event = field(default_factory=threading.Event)

    def tell(self, purpose: str, incumbent: float | None, bound: float | None, nodes: int = 0) -> None:
        """Tell who listens of progress, in millions of US dollars; silent once the search was stopped."""
        if self.on_progress is not None and not self.stop.is_set():
            gap = relative_gap(incumbent, bound)
            self.on_progress(SearchProgress(purpose, self.clock.seconds(), incumbent, bound, gap, nodes))

    @property
    def starts(self) -> int:
        """Starts in all copies: what the exact program has to decide."""
        return len(self.game.patron_types) * (self.game.stages - self.past.stage) * len(self.game.eligible)

    def play(self, ladder: Ladder, prefer: Mapping[str, tuple[str, ...]] | None = None) -> Outcome:
        """Play a ladder from where the past has led."""
        begin = self.past.position(self.game) if self.past.stage else None
        return play(self.game, ladder, begin=begin, prefer=prefer, objective=self.aims.objective)

    def worth(self, outcome: Outcome) -> float:
        """Worth of a played ladder (millions of US dollars)."""
        return self.aims.worth(outcome)

    def allows(self, outcome: Outcome) -> bool:
        """Whether a played ladder has the margin and keeps the limits."""
        return at_least(outcome.smallest_margin, self.margin) and not self.aims.broken(self.game, outcome)

    def alone(self, name: str) -> Task:
        """The task of a single type, which then is no secret: what counts against it is maximized.

        Of the limits it has what they ask of each type alone.
        """
        game = alone_with(self.game, self.game.patron_type[name])
        aims = self.aims.alone(self.game)
        return replace(self, game=game, information=Information.ADAPTIVE, aims=aims, known_ladders=())

    def among(self, names: Collection[str]) -> Task:
        """The task if it is known that the type is one of these; for tasks without limits."""
        return replace(self, game=among(self.game, names), known_ladders=())


class Ladders(Enum):
    """How a tree looks for ladders."""

    ON_THE_WAY = "in programs of rungs of nodes whose turn it is"
    BY_DIVES = "in dives, too"
    NEARBY = "in dives, and near the best one"


Group = tuple[str, ...]


@dataclass(frozen=True)
class Caps:
    """Proven bounds (millions of US dollars), whatever the paths: of what counts against types and groups.

    ``groups`` are disjoint, and theirs are expectations if it is known that the type is one of them; they
    may be told where groups can bound (`sanctopt.search.groups`).
    """

    types: Mapping[str, float] = field(default_factory=dict)
    groups: Mapping[Group, float] = field(default_factory=dict)

    def within(self, names: Collection[str]) -> Caps:
        """Those of some types, and of groups among them."""
        types = {name: cap for name, cap in self.types.items() if name in names}
        return Caps(types, {group: cap for group, cap in self.groups.items() if set(group) <= set(names)})


@dataclass(frozen=True)
class Finding:
    """A ladder, what playing it gives, its worth, and what a program says of what was played."""

    ladder: Ladder
    outcome: Outcome
    worth: float
    claimed_value: float
    claimed_responses: Mapping[str, tuple[str, ...]]

    def gap(self, bound: float | None) -> float:
        """Relative gap under a bound; a bound below the worth is rounding (`solve` checks how far)."""
        return relative_gap(self.worth, None if bound is None else max(bound, self.worth))


@dataclass(frozen=True)
class SearchResult:
    """How a search ended: ``finding`` None if no ladder was found, ``bound`` None if nothing was proven."""

    finding: Finding | None
    bound: float | None
    reason: Reason
    limit: Limit
    phases: tuple[Phase, ...]
