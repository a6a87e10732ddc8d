"""Bounds and ladders of groups of types, for large games and for games of many types.

If it is known that the type is one of a group g, the coalition can only gain, so a partition of the types
bounds the expectation::

    V <= sum over groups g of P(g) V(g)

With groups of one these are the known types, and what the tie between types costs is not in the bound. A
group keeps the tie among its own. The tree of answers solves its game, which is far smaller than that of all
types, and what is best for a group is played against all.

In a large game a group is put together of a type that loses much by the tie and of those that lose little. A
tree of many types takes far more than twice the time of one of half as many: such a game is first solved in
parts (`in_parts`), in which types that are alike are together, so that they are tied longest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np

from sanctopt.aims import Expectation
from sanctopt.game import Game, Utility
from sanctopt.outcome import Outcome, counts_by_type
from sanctopt.search.answers import answer_tree
from sanctopt.search.claims import claimed_by_type
from sanctopt.search.program import check_bound, do_nothing, known_ladders, ladder_replayed
from sanctopt.search.task import Caps, Clock, Group, Ladders, SearchResult, Task
from sanctopt.search.workers import Turns, done, each
from sanctopt.solution import Phase
from sanctopt.solver_options import Limit, Reason, relative_gap

GROUP_GAP, LEAST_GAP = 0.1, 1e-4
"""A group is solved to this part of the gap asked for, but no closer than this: larger groups bring more."""

LOSES = 0.1
"""A type that loses at least this share of what all lose together leads a group."""

AS_LONG = 1.0
"""How many times the time of the last round the next one, with one type more in each group, must have. Where
time ends it, its bounds are at least as close as those of the round before."""

MOST = 8
"""Types up to which a game that is not large is solved as a whole at once, and types of a part of one that is
not: with 8 types, parts of 4 cost more than they bring (decision 0020)."""

PARTS_GAP, PARTS_SHARE = 0.5, 0.6
"""A part is solved to this part of the gap asked for; share of the time left for all of them."""


def in_parts(task: Task) -> tuple[SearchResult, Caps]:
    """Solve a game of many types (`groups_can_bound`) part by part.

    Returns
    -------
    SearchResult
        The best of the parts' ladders and of those known, the bound, whether that closes the gap.
    Caps
        Of the parts, for the tree of all types.
    """
    wanted = task.options.relative_gap
    options = replace(task.options, relative_gap=max(PARTS_GAP * wanted, LEAST_GAP))
    prior = {patron.name: patron.prior for patron in task.game.patron_types}
    parts = parted(alike(task.game))
    turns = Turns(task.clock.until(PARTS_SHARE), len(parts), task.options.threads)

    def one(inner: Task, part: Group) -> SearchResult:
        own = replace(inner.among(part), options=replace(options, threads=inner.options.threads))
        return answer_tree(own, _purpose(part), turns.seconds(), ladders=Ladders.BY_DIVES)

    results = each(task, one, parts)
    phases = tuple(phase for result in results for phase in result.phases)
    if any(result.reason is Reason.INFEASIBLE for result in results):
        return SearchResult(None, None, Reason.INFEASIBLE, Limit.NONE, phases), Caps()
    caps = {part: r.bound for part, r in zip(parts, results, strict=True) if r.bound is not None}
    bound = None
    if len(caps) == len(parts):
        bound = sum(sum(prior[name] for name in part) * cap for part, cap in caps.items())
    own = (ladder_replayed(task, r.finding.ladder) for r in results if r.finding is not None)
    allowed = [*known_ladders(task), *filter(task.allows, own)]
    idle = [] if allowed else filter(task.allows, [do_nothing(task)])
    best = max([*allowed, *idle], key=task.worth, default=None)
    if best is not None:
        check_caps(task, best, Caps(groups=caps))
    finding = None if best is None else done(task, claimed_by_type, best)
    ended = (Reason.INTERRUPTED, Limit.INTERRUPT) if task.stop.is_set() else (Reason.LIMIT, Limit.TIME)
    if finding is not None and finding.gap(bound) <= wanted:
        ended = Reason.OPTIMAL, Limit.NONE
    return SearchResult(finding, bound, *ended, phases), Caps(groups=caps)


def parted(names: list[str]) -> list[Group]:
    """Names in parts of at most `MOST`, as few and as even as can be, in order."""
    count = -(-len(names) // MOST)
    ends = [number * len(names) // count for number in range(count + 1)]
    return [tuple(names[begin:end]) for begin, end in pairwise(ends)]


def alike(game: Game) -> list[str]:
    """Types of positive prior in an order in which those with similar utilities are near each other.

    It is the order along the direction in which the numbers of ``utilities.csv`` differ most between types.
    """
    names = [patron.name for patron in game.patron_types if patron.prior > 0.0]
    rows = [[game.utility[name, response.name] for response in game.responses] for name in names]
    numbers = np.array([[number for utility in row for number in _numbers(utility)] for row in rows])
    _, _, directions = np.linalg.svd(numbers - numbers.mean(axis=0), full_matrices=False)
    return [names[number] for number in np.argsort(numbers @ directions[0], kind="stable")]


def _numbers(utility: Utility) -> tuple[float, ...]:
    return utility.base, utility.provocation, utility.engagement, utility.mitigation, utility.threat


def check_caps(task: Task, outcome: Outcome, caps: Caps) -> None:
    """Raise a `SolverError` if an allowed ladder gives more than what is proven of a part of the types.

    Parameters
    ----------
    task : Task
        Of all types.
    outcome : Outcome
        The ladder, played against all.
    caps : Caps
        Of types and of groups of types.
    """
    counts = counts_by_type(task.aims.objective, outcome)
    prior = {patron.name: patron.prior for patron in task.game.patron_types}
    parts = {(name,): cap for name, cap in caps.types.items()} | dict(caps.groups)
    for part, cap in parts.items():
        weight = sum(prior[name] for name in part)
        known = counts[part[0]] if len(part) == 1 else sum(prior[n] * counts[n] for n in part) / weight
        check_bound(known, cap, f"if the type is one of {', '.join(part)}, a ladder")


def groups_can_bound(task: Task) -> bool:
    """Whether the worth of a ladder is the expectation over types, and limits tie them no further."""
    return isinstance(task.aims.criterion, Expectation) and not task.aims.limits


def grouped(
    task: Task, caps: Mapping[str, float], outcome: Outcome, clock: Clock
) -> tuple[float, list[Outcome], tuple[Phase, ...]]:
    """Bound of the worth by groups of types, in rounds of ever larger ones, as long as there is time.

    Parameters
    ----------
    task : Task
        Adaptive, of several types; `groups_can_bound`.
    caps : mapping of str to float
        Proven bound of what counts against each type (millions of US dollars).
    outcome : Outcome
        The best ladder known, played.
    clock : Clock
        Time for it, limited.

    Returns
    -------
    tuple
        The bound; what is best for each group, played against all types; the phases.
    """
    prior = {patron.name: patron.prior for patron in task.game.patron_types}
    apart = bound = sum(prior[name] * caps[name] for name in prior)
    found: list[Outcome] = []
    phases: tuple[Phase, ...] = ()
    leaders, others = led(task, caps, outcome)
    proven = Caps(caps)
    took = 0.0
    for size in range(2, 2 + len(others)):
        groups = joined(leaders, others, size)
        left = clock.left()
        if not leaders or len(groups) < len(leaders) or left is None or left <= AS_LONG * took:
            break
        turns = Turns(clock, len(groups), task.options.threads)

        def one(inner: Task, group: Group, turns: Turns = turns, proven: Caps = proven) -> SearchResult:
            return _solved(inner, group, outcome, turns.seconds(), proven.within(group))

        results = each(task, one, groups)
        total, bounds = apart, {}
        for group, result in zip(groups, results, strict=True):
            phases += result.phases
            if result.bound is not None:
                bounds[group] = result.bound
                weight = sum(prior[name] for name in group)
                known = sum(prior[name] * caps[name] for name in group)
                total -= max(0.0, known - weight * result.bound)
            if result.finding is not None:
                found.append(ladder_replayed(task, result.finding.ladder))
        bound, proven = min(bound, total), Caps(caps, bounds)
        for other in filter(task.allows, (outcome, *found)):
            check_caps(task, other, proven)
        took = left - (clock.left() or 0.0)
        best = max(task.worth(other) for other in [outcome, *found] if task.allows(other))
        if task.stop.is_set() or relative_gap(best, max(bound, best)) <= task.options.relative_gap:
            break
    return bound, found, phases


def led(task: Task, caps: Mapping[str, float], outcome: Outcome) -> tuple[list[str], list[str]]:
    """Types that lose much by the tie to others, and those that do not; the most first."""
    counts = counts_by_type(task.aims.objective, outcome)
    lost = {p.name: p.prior * max(0.0, caps[p.name] - counts[p.name]) for p in task.game.patron_types}
    order = sorted((p.name for p in task.game.patron_types if p.prior > 0.0), key=lambda name: -lost[name])
    much = LOSES * sum(lost.values())
    leaders = [name for name in order if lost[name] >= much][: len(order) // 2]
    return leaders, [name for name in order if name not in leaders]


def joined(leaders: list[str], others: list[str], size: int) -> list[Group]:
    """Groups of one leader each and of others in turn, those that lose the least first, while there are."""
    waiting = list(others)
    groups: list[Group] = []
    for name in leaders:
        group = (name, *(waiting.pop() for _ in range(min(size - 1, len(waiting)))))
        if len(group) == size:
            groups.append(group)
    return groups


def _solved(task: Task, group: Group, outcome: Outcome, seconds: float | None, caps: Caps) -> SearchResult:
    closer = replace(task.options, relative_gap=max(GROUP_GAP * task.options.relative_gap, LEAST_GAP))
    own = replace(task.among(group), options=closer)
    start = claimed_by_type(own, ladder_replayed(own, outcome.ladder))
    return answer_tree(own, _purpose(group), seconds, start, caps, ladders=Ladders.ON_THE_WAY)


def _purpose(group: Group) -> str:
    return f"one of {len(group)} types known"
