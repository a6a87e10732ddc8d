"""Which programs are solved for which question, in which order."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sanctopt.aims import Aims, AtLeast, Expectation
from sanctopt.errors import SolverError
from sanctopt.ladder import Information, Ladder
from sanctopt.outcome import Outcome, counts_by_type
from sanctopt.search.answers import answer_tree
from sanctopt.search.claims import claimed_by_type
from sanctopt.search.groups import MOST, check_caps, grouped, groups_can_bound, in_parts
from sanctopt.search.known import (
    bound_from_types,
    compiling,
    known_types,
    known_types_again,
    ladders_alone,
    type_bound,
)
from sanctopt.search.neighbourhoods import NeighbourhoodSearch
from sanctopt.search.pools import pooled_ladders
from sanctopt.search.program import (
    Program,
    do_nothing,
    known_ladders,
    ladder_replayed,
    solve_until_settled,
)
from sanctopt.search.task import Caps, Clock, Finding, Ladders, SearchResult, Task
from sanctopt.search.tidy import tidied
from sanctopt.search.workers import done
from sanctopt.solution import Phase
from sanctopt.solver_options import Limit, Reason, relative_gap

LARGE, LARGE_KNOWN_SHARE, LARGE_POOLS_SHARE, NEARBY_SHARE = 3000, 0.35, 0.75, 0.9
"""Starts in all copies above which a time limit is not spent on the program of all types, which is too large
for it (dprk_2017: 68,000 rows), and the shares of the time left for the known types, the pools, most of which
end sooner, and the neighbourhoods then. What is left after that goes to the known types again."""

HEAD_START = 120.0
"""Seconds for all this in a large game without limits, before the tree of answers has it for as long as it
takes: its first relaxation alone takes about a minute (dprk_2017)."""

PROGRAM_OVER_TYPES, BUILDING = 6.0, 0.5
"""How many times longer the program of all types takes to build, at most, than those of the types take to
compile (3.5 times on dprk_2017, 3.9 on standard/L/0, 4.9 on standard/XL/0); the share of the time of the
neighbourhoods, or of the tree, that this may take."""

POOLS_OVER_TYPE = 15.0
"""How many times longer the pools of a large game must have than a known type's program takes to compile:
five pools, each built like that (1 for Pyomo, 1 to compile), and about as long for the search."""

GOOD_GAP = 0.1
"""A ladder is good enough at this gap under known types' bound: one that a large game begins with makes pools
needless."""

FAR_GAP, FAR_NEARBY_SHARE = 0.4, 0.5
"""Gap of a large game above which the types pull the plan apart: no bound of known types comes close then, so
the neighbourhoods get this share, and the rest goes to the tree of answers in place of the known types."""

APART_BUILDING = 0.15
"""Where the gap is as wide before any pool was asked, and this share of the tree's time builds its programs,
the tree has all the time: on adapting/L/0, it finds better ladders than pools do (decision 0018)."""

TIE_GAP, TIE_AFTER, GROUPS_SHARE = 0.01, 0.5, 0.9
"""Gap of a large game up to which what is missing is the tie between types, rather than a better ladder: then
the neighbourhoods leave, after this share of their time, the rest to groups of types, which get this share of
it."""

FIRST_TIDY, NEARBY_RUN = 0.05, 0.95
"""Share of the neighbourhoods' time for leaving out what the ladder does not need before they begin, and the
share of it after which the rest goes to the same."""

TINY, SMALL = 50, 600
"""Starts in all copies up to which the program of all types is solved at once, without the tree's many
programs: of adaptive games, and of open-loop ones. Up to the second the tree of an adaptive game does not
look near its best ladder."""

TINY_TUNING = {"mip_heuristic_run_rens": False, "mip_heuristic_run_feasibility_jump": False}
"""HiGHS's options for a tiny program: these heuristics cost more there than they find."""

KNOWN_GAP, LEAST_GAP = 0.25, 1e-6
"""The known types are solved to this part of the gap asked for, but no closer than HiGHS's own accuracy."""

SAME_WORTH = 1e-7
"""Ladders are worth the same under a criterion if they differ by no more than this share of it."""

TIDY_SHARE = 0.03
"""Share of the time limit that may go beyond it for leaving out what a ladder does not need."""


def search(task: Task) -> SearchResult:
    """Find an optimal ladder, or the best one within the limits, without what it does not need."""
    if task.information is Information.CLAIRVOYANT:
        result = _clairvoyant(task)
        return _asked_again(task, result) if result.reason is Reason.INFEASIBLE else result
    if task.information is Information.OPEN_LOOP:
        if task.starts <= SMALL:
            result = _exact(task, "open-loop program", {})
        else:
            result = _from_known_ladders(task, "open-loop program")
    elif len(task.game.patron_types) == 1:
        (patron,) = task.game.patron_types
        result = _from_known_ladders(task, f"type {patron.name} known", ladders_alone(task))
    else:
        result = _adaptive(task)
    if result.reason is Reason.INFEASIBLE:
        result = _asked_again(task, result)
    if result.reason is not Reason.INFEASIBLE:
        known = bound_from_types(task, {})
        result = replace(result, bound=known if result.bound is None else min(known, result.bound))
    if result.finding is None or _large(task):  # a large game's ladder is tidy
        return result
    finding = result.finding
    if result.reason is Reason.OPTIMAL and not isinstance(task.aims.criterion, Expectation):
        finding, made = _most_expected(task, result, finding)
        result = replace(result, phases=result.phases + made)
    finding = _tidy(task, finding)
    if result.reason is Reason.LIMIT and finding.gap(result.bound) <= task.options.relative_gap:
        result = replace(result, reason=Reason.OPTIMAL, limit=Limit.NONE)
    return replace(result, finding=finding)


def _asked_again(task: Task, result: SearchResult) -> SearchResult:
    """A second opinion on "infeasible", with presolve; if time is over before it comes, that is the limit.

    Without it, HiGHS was caught at calling a program infeasible whose rows left it little room; with it, at
    others (decision 0006). Where one type leaves no ladder, all together leave none: so types are asked
    first, each alone.
    """
    apart = task.information is Information.CLAIRVOYANT
    several = task.information is Information.ADAPTIVE and len(task.game.patron_types) > 1
    own = [task.alone(patron.name) for patron in task.game.patron_types] if apart or several else []
    ended = replace(result, reason=Reason.LIMIT)  # apart: each may have a ladder, so nothing is known of all
    for asked in own if apart else (*own, task):
        if task.stop.is_set():
            break
        program = Program.build(asked, "second opinion on infeasibility")
        again = solve_until_settled(program, task.clock.left(), tuning={"presolve": "on"})
        result = replace(result, phases=result.phases + again.phases)
        if again.reason is Reason.INFEASIBLE:
            return result
        ended = again if asked is task else replace(ended, limit=again.limit)
    if task.stop.is_set() and ended.finding is None:
        ended = replace(ended, reason=Reason.INTERRUPTED, limit=Limit.INTERRUPT)
    return replace(ended, phases=result.phases)


def _most_expected(task: Task, result: SearchResult, finding: Finding) -> tuple[Finding, tuple[Phase, ...]]:
    """Of the ladders that are worth as much under another criterion, one of the largest expectation.

    A worst case says nothing of the other types, so the first ladder found may serve them badly.
    """
    if task.information is Information.CLAIRVOYANT or task.stop.is_set() or task.clock.left() == 0.0:
        return finding, ()
    least = finding.worth - SAME_WORTH * max(1.0, abs(finding.worth))
    as_good = AtLeast(least, task.aims.criterion, task.aims.objective)
    aims = Aims(Expectation(), (*task.aims.limits, as_good))
    second = search(replace(task, aims=aims))
    if second.finding is None:
        return finding, second.phases
    outcome = ladder_replayed(task, second.finding.ladder)  # ties may go another way without the limit
    if not task.allows(outcome) or outcome.value <= finding.outcome.value:
        return finding, second.phases
    program = Program.build(task, "worth of the ladder with the largest expectation")
    found = program.claimed(outcome)
    within = found is not None and found.gap(result.bound) <= task.options.relative_gap
    return (found if found is not None and within else finding), second.phases


def _tidy(task: Task, finding: Finding) -> Finding:
    """The finding without what it does not need; its value is asked of a program of its own again."""
    if task.stop.is_set() or task.information is Information.OPEN_LOOP:
        return finding  # in an open-loop plan, what is struck out after one history must go after all
    limit = task.options.time_limit_seconds
    clock = Clock(None if limit is None else TIDY_SHARE * limit)
    outcome = tidied(task, finding.outcome, clock)
    if outcome is finding.outcome:
        return finding
    return claimed_by_type(task, outcome)


def _adaptive(task: Task) -> SearchResult:
    """The tree of answers; tiny games are one program, large ones begin with known types and pools.

    Games of many types begin with parts of them.
    """
    if task.starts <= TINY:
        return _exact(task, "adaptive program", TINY_TUNING)
    if _large(task):
        first, caps, ladders = _large_adaptive(task)
        return first if ladders is None else _then_tree(task, first, caps, ladders)
    options = task.options
    if task.starts > LARGE and options.node_limit is None:
        options = replace(options, time_limit_seconds=HEAD_START)
        first, caps, _ = _large_adaptive(replace(task, options=options, clock=Clock(HEAD_START)))
        return first if first.reason is not Reason.LIMIT else _then_tree(task, first, caps, Ladders.NEARBY)
    ladders = Ladders.BY_DIVES if task.starts <= SMALL else Ladders.NEARBY
    if len(task.game.patron_types) > MOST and options.node_limit is None and groups_can_bound(task):
        first, parts = in_parts(task)
        return first if first.reason is not Reason.LIMIT else _then_tree(task, first, parts, ladders)
    return _from_known_ladders(task, "adaptive program", ladders)


def _large_adaptive(task: Task) -> tuple[SearchResult, Caps, Ladders | None]:
    """What a large game has time for before the tree, and what is left to the tree.

    With it a proven bound of the payoff against each type, and how the tree that is to follow looks for
    ladders; None if none is to follow.
    """
    wanted = task.options.relative_gap
    options = replace(task.options, relative_gap=max(wanted * KNOWN_GAP, LEAST_GAP))
    closer = replace(task, options=options)
    known = known_types(closer, LARGE_KNOWN_SHARE, large=True)
    phases = tuple(phase for result in known.values() for phase in result.phases)
    if any(result.reason is Reason.INFEASIBLE for result in known.values()):
        return SearchResult(None, None, Reason.INFEASIBLE, Limit.NONE, phases), Caps(), None
    bound = bound_from_types(task, known)
    given = known_ladders(task)
    found = [*given, do_nothing(task), *_of_known_types(task, known)]
    outcome = _best(task, found)
    _tell(task, outcome, bound)
    apart = _far(task, outcome, bound, known, APART_BUILDING)
    far, tied_bound = apart, math.inf
    try:
        if not apart:
            pooled, made = _pooled(task, known, given)
            outcome = _best(task, [*found, *pooled])
            phases += made
            _tell(task, outcome, bound)
            far = _far(task, outcome, bound, known, BUILDING)
        if outcome is not None and not (apart or task.stop.is_set()):
            share = FAR_NEARBY_SHARE if far else NEARBY_SHARE
            outcome, made = _nearby(task, outcome, bound, known, share)
            phases += made
            if _tie_is_missing(task, outcome, bound) and not task.stop.is_set():
                outcome, tied_bound, made = _in_groups(task, known, outcome)
                phases += made
    except KeyboardInterrupt:  # between two solves, e.g. while a program is built
        task.stop.set()
    bound = min(bound, tied_bound)
    _tell(task, outcome, bound)
    best = None if outcome is None else done(task, claimed_by_type, outcome)
    if not far and not (task.stop.is_set() or task.clock.left() == 0.0 or _closed(task, outcome, bound)):
        known = known_types_again(closer, known, outcome)
        phases += tuple(phase for result in known.values() for phase in result.phases)
        bound = min(bound, bound_from_types(task, known))
    caps = Caps(_caps(task, known))
    if outcome is not None:
        check_caps(task, outcome, caps)
    if _closed(task, outcome, bound):
        return SearchResult(best, bound, Reason.OPTIMAL, Limit.NONE, phases), caps, None
    if task.stop.is_set():
        return SearchResult(best, bound, Reason.INTERRUPTED, Limit.INTERRUPT, phases), caps, None
    ladders = Ladders.NEARBY if apart else Ladders.ON_THE_WAY if far else None
    return SearchResult(best, bound, Reason.LIMIT, Limit.TIME, phases), caps, ladders


def _tell(task: Task, outcome: Outcome | None, bound: float) -> None:
    """Tell of the best ladder for all types and their bound; a Ctrl-C meanwhile ends the search with both."""
    try:
        task.tell("adaptive program", None if outcome is None else task.worth(outcome), bound)
    except KeyboardInterrupt:
        task.stop.set()


def _then_tree(task: Task, first: SearchResult, caps: Caps, ladders: Ladders) -> SearchResult:
    """A search that goes on in the tree of answers, in the time left."""
    try:
        last = answer_tree(task, "adaptive program", task.clock.left(), first.finding, caps, ladders)
    except KeyboardInterrupt:  # while its programs are built
        task.stop.set()
        return replace(first, reason=Reason.INTERRUPTED, limit=Limit.INTERRUPT)
    last = replace(last, phases=first.phases + last.phases)
    if last.reason is Reason.INFEASIBLE:
        return last
    bounds = [bound for bound in (first.bound, last.bound) if bound is not None]
    last = replace(last, bound=min(bounds, default=None))
    if last.finding is not None and last.finding.gap(last.bound) <= task.options.relative_gap:
        return replace(last, reason=Reason.OPTIMAL, limit=Limit.NONE)
    return last


def _far(
    task: Task, outcome: Outcome | None, bound: float, known: dict[str, SearchResult], share: float
) -> bool:
    """Whether the tree gets time in a large game: the gap is wide, and a share of it builds its programs.

    These are the program of all types and those of the types, which together take no longer.
    """
    if outcome is None or relative_gap(task.worth(outcome), bound) <= FAR_GAP:
        return False
    seconds = (1.0 - FAR_NEARBY_SHARE) * (task.clock.left() or 0.0)
    return 2.0 * _building(task, known) <= share * seconds


def _closed(task: Task, outcome: Outcome | None, bound: float) -> bool:
    """Whether a ladder is within the gap asked for of a bound."""
    return outcome is not None and _gap(task, outcome, bound) <= task.options.relative_gap


def _gap(task: Task, outcome: Outcome, bound: float) -> float:
    worth = task.worth(outcome)
    return relative_gap(worth, max(bound, worth))


def _of_known_types(task: Task, known: dict[str, SearchResult]) -> list[Outcome]:
    """What is best against each known type, played against all."""
    own = (result.finding.ladder for result in known.values() if result.finding is not None)
    return [ladder_replayed(task, ladder) for ladder in own]


def _best(task: Task, found: list[Outcome]) -> Outcome | None:
    """The best ladder that is allowed."""
    return max((outcome for outcome in found if task.allows(outcome)), key=task.worth, default=None)


def _pooled(
    task: Task, known: dict[str, SearchResult], given: list[Outcome]
) -> tuple[list[Outcome], tuple[Phase, ...]]:
    """The pools' ladders; who knows a good ladder already has no need of pools."""
    bound = bound_from_types(task, known)
    good = any(relative_gap(worth, max(bound, worth)) <= GOOD_GAP for worth in map(task.worth, given))
    begun = task.past.stage > 0  # a pool's program begins at the opening
    if good or begun or task.stop.is_set() or _no_time_for_pools(task, known):
        return [], ()
    return pooled_ladders(task, known, LARGE_POOLS_SHARE)


def _nearby(
    task: Task, outcome: Outcome, bound: float, known: dict[str, SearchResult], share: float
) -> tuple[Outcome, tuple[Phase, ...]]:
    """Better ladders near one, without what they do not need."""
    clock = task.clock.until(share)
    lean = tidied(task, outcome, clock.until(FIRST_TIDY))
    if _closed(task, lean, bound) or _building(task, known) > BUILDING * (clock.left() or 0.0):
        return lean, ()
    near = NeighbourhoodSearch(Program.build(task, "adaptive program"), "better ladders nearby", lean)

    def tell(better: Outcome) -> None:
        _tell(task, better, bound)

    near.run(clock.until(TIE_AFTER), bound, on_better=tell)
    if not _tie_is_missing(task, near.best, bound):
        near.run(clock.until(NEARBY_RUN), bound, on_better=tell)
    return tidied(task, near.best, clock), (near.phase(),)


def _tie_is_missing(task: Task, outcome: Outcome, bound: float) -> bool:
    """Whether groups of types can close what is left of the gap under known types' bound."""
    gap = _gap(task, outcome, bound)
    return groups_can_bound(task) and task.options.relative_gap < gap <= TIE_GAP


def _in_groups(
    task: Task, known: dict[str, SearchResult], outcome: Outcome
) -> tuple[Outcome, float, tuple[Phase, ...]]:
    """The best ladder now, the bound that groups of types prove, and their programs."""
    clock = task.clock.until(GROUPS_SHARE)
    bound, found, phases = grouped(task, _caps(task, known), outcome, clock)
    best = _best(task, [outcome, *found]) or outcome
    return (outcome if best is outcome else tidied(task, best, clock)), bound, phases


def _caps(task: Task, known: dict[str, SearchResult]) -> dict[str, float]:
    """Proven bound of what counts against each type."""
    return {patron.name: type_bound(task, patron, known) for patron in task.game.patron_types}


def _exact(task: Task, purpose: str, tuning: Mapping[str, Any]) -> SearchResult:
    """The program of all types at once."""
    program = Program.build(task, purpose)
    idle = do_nothing(task)
    allowed = [*known_ladders(task), *([idle] if task.allows(idle) else [])]
    best = max(allowed, key=task.worth, default=None)
    start = None if best is None else program.claim(best)
    result = solve_until_settled(program, task.clock.left(), start, tuning=tuning)
    if result.reason is Reason.INFEASIBLE and start is not None:
        raise SolverError(f"{purpose}: HiGHS calls it infeasible, but doing nothing is always allowed")
    return result


def _from_known_ladders(task: Task, purpose: str, ladders: Ladders = Ladders.NEARBY) -> SearchResult:
    """The tree of answers, from the best of the ladders that are known."""
    best = max(known_ladders(task), key=task.worth, default=None)
    return answer_tree(task, purpose, task.clock.left(), best, ladders=ladders)


def _building(task: Task, known: dict[str, SearchResult]) -> float:
    """Seconds that building the program of all types may take, from what known types' programs took."""
    return len(task.game.patron_types) * PROGRAM_OVER_TYPES * compiling(known)


def _no_time_for_pools(task: Task, known: dict[str, SearchResult]) -> bool:
    """Whether the pools of a large game could hardly be built in their time."""
    seconds = task.clock.left(LARGE_POOLS_SHARE)
    return seconds is not None and seconds < POOLS_OVER_TYPE * compiling(known)


def _large(task: Task) -> bool:
    """Whether the program of all types is too large for the time."""
    adaptive = task.information is Information.ADAPTIVE and len(task.game.patron_types) > 1
    limited = task.options.time_limit_seconds is not None
    return adaptive and limited and task.starts > LARGE


def _clairvoyant(task: Task) -> SearchResult:
    """Each type's own optimum, told by one ladder that asks for the type first.

    Where types are worth sums of opposite sign, gaps that are small beside each of these can be large beside
    what they come to; the types are then solved closer.
    """
    result, wanted = _side_by_side(task), task.options.relative_gap
    finding = result.finding
    if finding is None or result.reason is not Reason.OPTIMAL or finding.gap(result.bound) <= wanted:
        return result
    counts = counts_by_type(task.aims.objective, finding.outcome).values()
    most = max(map(abs, counts))
    if most == 0.0:
        return replace(result, reason=Reason.LIMIT, limit=Limit.NONE)
    closer = wanted * abs(finding.worth) / (2.0 * most)
    again = _side_by_side(replace(task, options=replace(task.options, relative_gap=closer)))
    again = replace(again, phases=result.phases + again.phases)
    if (
        again.reason is Reason.OPTIMAL
        and again.finding is not None
        and again.finding.gap(again.bound) > wanted
    ):
        return replace(again, reason=Reason.LIMIT, limit=Limit.NONE)
    return again


def _side_by_side(task: Task) -> SearchResult:
    """The game of each type alone, and the ladder made of their ladders."""
    known = known_types(task, 1.0)
    phases = tuple(phase for result in known.values() for phase in result.phases)
    bound = bound_from_types(task, known)
    ends = {result.reason: result.limit for result in known.values()}
    order = (Reason.INFEASIBLE, Reason.INTERRUPTED, Reason.LIMIT, Reason.OPTIMAL)
    reason = next(reason for reason in order if reason in ends)
    findings = {name: result.finding for name, result in known.items() if result.finding is not None}
    if reason is Reason.INFEASIBLE or len(findings) < len(task.game.patron_types):
        return SearchResult(None, bound, reason, ends[reason], phases)
    for name, finding in findings.items():
        findings[name] = _tidy(task.alone(name), finding)
    rungs = [
        replace(rung.decisions(), known_type=name)
        for name, finding in findings.items()
        for rung in finding.ladder.rungs
    ]
    outcome = task.play(Ladder.of(task.game, Information.CLAIRVOYANT, rungs))
    values = {name: finding.claimed_value for name, finding in findings.items()}
    claimed = task.aims.criterion.worth(values, outcome.priors)
    taken = {name: finding.claimed_responses[name] for name, finding in findings.items()}
    best = Finding(outcome.ladder, outcome, task.worth(outcome), claimed, taken)
    if reason is Reason.LIMIT and best.gap(bound) <= task.options.relative_gap:
        return SearchResult(best, bound, Reason.OPTIMAL, Limit.NONE, phases)
    return SearchResult(best, bound, reason, ends[reason], phases)
