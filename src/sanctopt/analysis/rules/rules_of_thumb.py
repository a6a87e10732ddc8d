"""Rules of thumb to hold an optimal ladder against, and what each is worth.

Every rule is one list of wished starts in order of priority; `rules.schedule` makes a ladder of
it that the game allows, in one stated way. Rules know the public numbers of the game, not how anybody will
respond: they see no type, no voluntary exit, no response.

| rule | order of its wishes |
|---|---|
| `DO_NOTHING` | none |
| `EVERYTHING_AT_ONCE` | every eligible start, in the order of the case |
| `LARGEST_FIRST` | against each entity its strongest instrument; entities by `sizes`, largest first |
| `SMALLEST_FIRST` | the same, smallest first |
| `GREEDY` | the start that loses the regime the most revenue per unit of provocation, then the next |
| `random_order` | every eligible start, in a random order |
| `HISTORY` | what the United States in fact listed, quarter by quarter (`rules.history`) |

Money of the rules is that of the *average stage*: one stage in which every channel offers its mean supply
over all stages, and an instrument removes the most that it ever will within the horizon.
"""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import NamedTuple

from sanctopt.analysis.rules.comparison import Comparison, compare
from sanctopt.analysis.rules.history import HISTORY, Listing, listings
from sanctopt.analysis.rules.schedule import Rule, Schedule, Wish, requirements, schedule
from sanctopt.game import REGIME, Entity, Game, Start
from sanctopt.ladder import Ladder
from sanctopt.network import baseline_revenue, most_revenue

__all__ = [
    "DO_NOTHING",
    "EVERYTHING_AT_ONCE",
    "GREEDY",
    "HISTORY",
    "LARGEST_FIRST",
    "SMALLEST_FIRST",
    "Comparison",
    "Listing",
    "Rule",
    "Schedule",
    "Wish",
    "baselines",
    "compare",
    "listings",
    "random_order",
    "schedule",
    "sizes",
    "strongest_starts",
]

NOISE = 1e-6
"""A loss of revenue below this share of the stage's supply is none, and scores that differ by less than this
share are equal. Revenues are proven to 1e-9 of the supply (`sanctopt.network.GAP`)."""


def baselines(game: Game, *, seed: int = 0) -> dict[str, Ladder]:
    """The ladder of every rule, by name; the history only where it belongs.

    Parameters
    ----------
    game : Game
        The game.
    seed : int
        Seed of the random order.

    Returns
    -------
    dict of str to Ladder
        Ready for `compare`. The historical path is among them if the game has an entity that was listed and
        a stage of that time, as ``dprk_2017`` and its copies do.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> print(*baselines(load_case("teaching")), sep="; ")
    do nothing; everything at once; largest first; smallest first; greedy; random order (seed 0)
    """
    rules = [DO_NOTHING, EVERYTHING_AT_ONCE, LARGEST_FIRST, SMALLEST_FIRST, GREEDY, random_order(seed)]
    if listings(game):
        rules.append(HISTORY)
    return {rule.name: rule(game) for rule in rules}


def sizes(game: Game) -> dict[str, float]:
    """The most revenue that can flow over each entity in the average stage, nothing removed.

        size(i) = R of the network that keeps entity i, what lies upstream and downstream of it, and of the
                  links only those on a path over i; what lies downstream offers nothing of its own

    The flow over an entity is not unique where others can carry the same dollar; the most that it can carry
    is. The size of a channel is what its supply can earn, that of a bank what it can pay out.

    Parameters
    ----------
    game : Game
        The game.

    Returns
    -------
    dict of str to float
        By entity, in the game's order: millions of US dollars per stage that arrive at the regime, at least
        0.

    Raises
    ------
    SolverError
        If a revenue cannot be proven (`sanctopt.network`).

    Examples
    --------
    >>> from sanctopt import load_case
    >>> found = sizes(load_case("teaching"))
    >>> [round(found[name], 1) for name in ("trader", "medium_bank", "large_bank")]
    [40.0, 60.0, 80.0]
    """
    average = _average_stage(game)
    return {row.name: _size(average, row.name) for row in game.entities}


def strongest_starts(game: Game) -> tuple[Start, ...]:
    """Against each entity the start that ever removes the most within the horizon, in the game's order.

    Among equals the first instrument of the game. Starts whose requirements are not eligible do not count.
    """
    strongest: dict[str, Start] = {}
    for start in _possible(game):
        best = strongest.get(start.entity)
        if best is None or _most_removal(game, start) > _most_removal(game, best):
            strongest[start.entity] = start
    return tuple(strongest.values())


def random_order(seed: int) -> Rule:
    """The rule that starts everything eligible in a random order, the same for the same seed and game."""

    def wishes(game: Game) -> tuple[Wish, ...]:
        starts = list(game.eligible)
        random.Random(seed).shuffle(starts)
        return _wishes(starts)

    meaning = "Starts everything eligible in a random order, as fast as the effort of a stage allows."
    return Rule(f"random order (seed {seed})", meaning, wishes)


def _wishes(starts: list[Start]) -> tuple[Wish, ...]:
    return tuple(Wish(start) for start in starts)


def _nothing(_: Game) -> tuple[Wish, ...]:
    return ()


def _everything(game: Game) -> tuple[Wish, ...]:
    return _wishes(list(game.eligible))


def _largest(game: Game) -> tuple[Wish, ...]:
    return _by_size(game, -1.0)


def _smallest(game: Game) -> tuple[Wish, ...]:
    return _by_size(game, 1.0)


def _by_size(game: Game, sign: float) -> tuple[Wish, ...]:
    """The strongest starts by ascending ``sign`` times size; equals stay in the game's order."""
    average = _average_stage(game)
    starts = strongest_starts(game)
    # Rounding keeps entities of one size together whatever the last digits of their programs are.
    unit = NOISE * average.total_supply(0) or 1.0
    place = {start: sign * round(_size(average, start.entity) / unit) for start in starts}
    return _wishes(sorted(starts, key=place.__getitem__))


def _greedy(game: Game) -> tuple[Wish, ...]:
    """One after the other, the start with the highest score beside those chosen before it.

        score(s) = (R(chosen) - R(chosen and s)) / provocation added

    in the average stage; s brings along what it requires. A start that provokes nothing comes before all
    that do; among these the one that loses the most is first. Of equals the first of the game is taken. It
    ends when no start loses anything any more.
    """
    average = _average_stage(game)
    least = NOISE * average.total_supply(0)
    size = {start.entity: _size(average, start.entity) for start in _possible(game)}
    chosen: list[Start] = []
    removal: dict[str, float] = {}
    revenue = baseline_revenue(average, 0)
    while True:
        candidates = _candidates(game, chosen, removal, size)
        scored: list[tuple[_Score, _Candidate, float]] = []
        best = _Score(False, 0.0)
        for candidate in candidates:
            if candidate.limit.below(best):
                break
            left = most_revenue(average, 0, candidate.removal)
            if revenue - left > least:
                score = candidate.score(revenue - left)
                scored.append((score, candidate, left))
                best = max(best, score)
        equals = [entry for entry in scored if not entry[0].below(best)]
        if not equals:
            return _wishes(chosen)
        _, taken, revenue = min(equals, key=lambda entry: entry[1].place)
        chosen += taken.added
        removal = taken.removal


class _Score(NamedTuple):
    """Revenue lost per unit of provocation; what provokes nothing (``free``) is scored by revenue alone."""

    free: bool
    value: float

    def below(self, other: _Score) -> bool:
        """Whether it is lower by more than noise."""
        return self < _Score(other.free, other.value * (1.0 - NOISE))


class _Candidate(NamedTuple):
    """A start that the greedy rule may take, with what it requires; ``limit`` is the most it can score."""

    place: int
    added: list[Start]
    removal: dict[str, float]
    provocation: float
    limit: _Score

    def score(self, loss: float) -> _Score:
        """Its score if so much revenue is lost."""
        return _score(loss, self.provocation)


def _score(loss: float, provocation: float) -> _Score:
    return _Score(True, loss) if provocation <= 0.0 else _Score(False, loss / provocation)


def _candidates(
    game: Game, chosen: list[Start], removal: dict[str, float], size: dict[str, float]
) -> list[_Candidate]:
    """What may be added to the chosen starts and removes more, that with the highest limit first.

    R is concave in the share r removed of entity i, and R(r = 0) - R(r = 1) <= size(i), since the flow that
    does not pass over i can stay. So R(0) - R(r) <= r size(i): no start can lose more.
    """
    found = []
    for place, start in enumerate(_possible(game)):
        added = [s for s in (*requirements(game, start), start) if s not in chosen]
        after = _removed(game, removal, added)
        if after != removal:
            provocation = sum(map(game.start_provocation, added))
            limit = _score(after[start.entity] * size[start.entity], provocation)
            found.append(_Candidate(place, added, after, provocation, limit))
    return sorted(found, key=lambda candidate: candidate.limit, reverse=True)


def _possible(game: Game) -> list[Start]:
    """The eligible starts whose requirements, if they have any, are eligible too."""
    return [
        start
        for start in game.eligible
        if not game.instrument[(*requirements(game, start), start)[0].instrument].requires
    ]


def _removed(game: Game, removal: dict[str, float], starts: list[Start]) -> dict[str, float]:
    """Removal shares with some starts more: the maximum of all that acts on an entity."""
    more = dict(removal)
    for start in starts:
        more[start.entity] = max(more.get(start.entity, 0.0), _most_removal(game, start))
    return more


def _most_removal(game: Game, start: Start) -> float:
    return max(game.start_removal(start, age) for age in range(game.stages))


def _average_stage(game: Game) -> Game:
    """A game of one stage in which every channel offers its mean supply."""
    return replace(
        game,
        stages=1,
        supply_changes=(),
        perception=(),
        entities=tuple(
            row
            if row.supply is None
            else replace(
                row, supply=math.fsum(game.supply(row.name, t) for t in range(game.stages)) / game.stages
            )
            for row in game.entities
        ),
    )


def _size(average: Game, entity: str) -> float:
    """One of the `sizes`, in a game that is an average stage already."""
    upstream = _reached(entity, [(link.sink, link.source) for link in average.links])
    downstream = _reached(entity, [(link.source, link.sink) for link in average.links]) - {REGIME}

    def kept(row: Entity) -> Entity:
        return replace(row, supply=None) if row.name in downstream - {entity} else row

    over = replace(
        average,
        entities=tuple(kept(row) for row in average.entities if row.name in upstream | downstream),
        links=tuple(
            link
            for link in average.links
            if {link.source, link.sink} <= upstream
            or (link.source in downstream and link.sink in downstream | {REGIME})
        ),
    )
    return baseline_revenue(over, 0)


def _reached(origin: str, arcs: list[tuple[str, str]]) -> set[str]:
    """What can be reached along arcs, with the origin itself."""
    found, new = {origin}, {origin}
    while new:
        new = {head for tail, head in arcs if tail in new} - found
        found |= new
    return found


DO_NOTHING = Rule("do nothing", "Starts nothing, ever.", _nothing)

EVERYTHING_AT_ONCE = Rule(
    "everything at once",
    "Starts everything eligible in the order of the case, as fast as the effort of a stage allows.",
    _everything,
)

LARGEST_FIRST = Rule(
    "largest first",
    "Takes entities from the one over which most revenue can flow downwards, each with the instrument that "
    "removes most.",
    _largest,
)

SMALLEST_FIRST = Rule(
    "smallest first",
    "Takes entities from the one over which least revenue can flow upwards, each with the instrument that "
    "removes most.",
    _smallest,
)

GREEDY = Rule(
    "greedy",
    "Always takes next what loses the regime the most revenue per unit of provocation, beside what was taken "
    "before; stops when nothing loses any more.",
    _greedy,
)
