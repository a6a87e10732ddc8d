"""Early ladders: types that are made to answer alike, and plans for those that do not.

A pool's program (`Frame.pools`) has one copy of everything for all its types, so it is about as easy as
that of a known type. It asks for rungs at which all of them answer alike: that is a restriction, but its
ladders are allowed. The types left out, the most easily provoked ones, leave the pool's path at some
history; from there, they get a plan of their own by a pool's program that follows the same path up to it.
Every ladder made so is played against all types, and the best one starts the adaptive program.
"""

from __future__ import annotations

import math
from dataclasses import replace

from sanctopt.game import Game, PatronType
from sanctopt.ladder import History, Information, Ladder, Rung
from sanctopt.outcome import Outcome
from sanctopt.search.plunge import plunge
from sanctopt.search.program import Program, ladder_of
from sanctopt.search.task import Clock, SearchResult, Task
from sanctopt.search.workers import Turns, each
from sanctopt.solution import Phase
from sanctopt.solver_options import Reason

NODES = 20
"""Branch-and-bound nodes for a pool's program: nearly all ladders are found at the root."""

POOL_GAP, LEAST_POOL_GAP = 0.5, 2e-3
"""An early ladder need not be the best of its pool by more than this part of the gap asked for, or this."""

PATH_SHARE, GROUP_SHARE, TRY_SHARE = 0.75, 0.6, 0.85
"""Shares of a pool's time: for its common path, for the next group that leaves it, and for one choice of
conceding regimes before the next is tried."""

PLUNGE_SHARE = 0.5
"""Share of the time for a common path that a plunge may take, where no ladder is known to begin with."""

HIGHS = {"presolve": "on", "mip_allow_restart": False, "mip_lp_age_limit": 2}
"""On programs of this game, HiGHS finds good ladders sooner with these (measured on the shipped case).

A pool proves nothing and its ladders are played, so presolve may be on."""

MOST_POOLS = 5
"""Nested pools that are tried: time is shared among them."""

Rungs = dict[History, Rung]


def pooled_ladders(
    task: Task, known: dict[str, SearchResult], share: float
) -> tuple[list[Outcome], tuple[Phase, ...]]:
    """Find ladders by pools of ever more tolerant types, within a share of the time left.

    Returns
    -------
    tuple
        The ladders found, played; the programs solved.
    """
    pools = _spread(nested_pools(task.game), MOST_POOLS)
    turns = Turns(task.clock.until(share), len(pools), task.options.threads)

    def one(inner: Task, pool: tuple[str, ...]) -> tuple[Outcome | None, tuple[Phase, ...]]:
        return _pooled(inner, pool, known, Clock(turns.seconds()))

    results = each(task, one, pools)
    found = [outcome for outcome, _ in results if outcome is not None]
    return found, tuple(phase for _, made in results for phase in made)


def _spread(pools: list[tuple[str, ...]], most: int) -> list[tuple[str, ...]]:
    """At most so many of the pools, the first one and others at even distances."""
    step = max(1.0, len(pools) / most)
    return [pools[int(number * step)] for number in range(min(len(pools), most))]


def nested_pools(game: Game) -> list[tuple[str, ...]]:
    """All types, then all but the most easily provoked, and so on; at least two in each."""
    limits = {patron.name: provocation_limit(game, patron) for patron in game.patron_types}
    pools = []
    for limit in sorted(set(limits.values())):
        pool = tuple(name for name in limits if limits[name] >= limit)
        if len(pool) > 1:
            pools.append(pool)
    return pools


def provocation_limit(game: Game, patron: PatronType) -> float:
    """Least provocation at which a hostile response is best, without engagement, denial and threat.

    Infinite if none ever is; only used to order types.
    """
    rows = [game.utility[patron.name, response.name] for response in game.responses]
    limit = math.inf
    for row in rows:
        if not game.response[row.response].hostile:
            continue
        least, most = 0.0, math.inf
        for other in rows:
            slope, lead = row.provocation - other.provocation, row.base - other.base
            if slope > 0:
                least = max(least, -lead / slope)
            elif slope < 0:
                most = min(most, -lead / slope)
            elif lead < 0:
                most = -math.inf
        if least <= most:
            limit = min(limit, least)
    return limit


def _pooled(
    task: Task, pool: tuple[str, ...], known: dict[str, SearchResult], clock: Clock
) -> tuple[Outcome | None, tuple[Phase, ...]]:
    """Plan for one pool, then for the types that leave its path; a known type has its plan already."""
    if len(pool) == 1 and (finding := known[pool[0]].finding) is not None:
        rungs: Rungs = {rung.history: rung.decisions() for rung in finding.ladder.rungs}
        phases: tuple[Phase, ...] = ()
    else:
        rungs, phases = _path(task, pool, known, clock.until(PATH_SHARE), {}, ())
    while rungs and not task.stop.is_set() and clock.left() != 0.0:
        outcome = task.play(Ladder.of(task.game, Information.ADAPTIVE, rungs.values()))
        leaving = _leaving(outcome)
        history, group = next(((h, names) for h, names in leaving.items() if h not in rungs), ((), ()))
        if not group:
            break
        more, made = _path(task, group, known, clock.until(GROUP_SHARE), rungs, history)
        phases += made
        planned = {h: rung for h, rung in more.items() if h[: len(history)] == history}
        rungs |= planned or {s.history: s.rung for s in outcome.steps if s.history == history}
    if not rungs:
        return None, phases
    outcome = task.play(Ladder.of(task.game, Information.ADAPTIVE, rungs.values()))
    ladder = ladder_of(task.game, Information.ADAPTIVE, outcome)
    return task.play(ladder), phases


def _leaving(outcome: Outcome) -> dict[History, tuple[str, ...]]:
    """Histories at which types first have no rung, with the types that get there."""
    first: dict[str, History] = {}
    for step in outcome.steps:
        if not step.planned:
            first.setdefault(step.type, step.history)
    groups: dict[History, tuple[str, ...]] = {}
    for name, history in first.items():
        groups[history] = (*groups.get(history, ()), name)
    return groups


def _path(
    task: Task,
    pool: tuple[str, ...],
    known: dict[str, SearchResult],
    clock: Clock,
    rungs: Rungs,
    history: History,
) -> tuple[Rungs, tuple[Phase, ...]]:
    """A common path for a pool that goes on from a history; fewer and fewer of its regimes concede."""
    loose = replace(task.options, relative_gap=max(task.options.relative_gap * POOL_GAP, LEAST_POOL_GAP))
    purpose = f"pool of {len(pool)} types" + (f" from stage {len(history)}" if history else "")
    program = Program.build(replace(task, options=loose), purpose, pool, (pool,))
    phases: tuple[Phase, ...] = ()
    chains = _concessions(program, pool, known, len(history))
    starts = [] if history else _starts(task, pool, known)
    for number, conceding in enumerate(chains):
        for name in program.model.frame.conceding:
            program.concede_in(name, conceding.get(name))
        if not program.follow(rungs, history):
            break
        share = 1.0 if number == len(chains) - 1 else TRY_SHARE
        points = [point for point in map(program.complete, starts) if point is not None]
        start = max(points, key=lambda point: program.compiled.evaluate(point).objective, default=None)
        if start is None and plunge(program, Clock(clock.left(PLUNGE_SHARE))):
            start = program.incumbent()
        report = program.solve(clock.left(share), start, node_limit=NODES, highs=HIGHS)
        phases += (program.phase(report),)
        if report.has_solution:
            return program.rungs(), phases
    return {}, phases


def _starts(task: Task, pool: tuple[str, ...], known: dict[str, SearchResult]) -> list[Outcome]:
    """Ladders of known types that all types of a pool answer alike, played."""
    starts = []
    for name in pool:
        finding = known[name].finding if name in known else None
        if finding is None:
            continue
        rungs = (rung.decisions() for rung in finding.ladder.rungs)
        outcome = task.play(Ladder.of(task.game, Information.ADAPTIVE, rungs))
        longest = max((outcome.responses[other] for other in pool), key=len)
        alike = all(longest[: len(taken)] == taken for taken in map(outcome.responses.get, pool) if taken)
        if alike and all(step.planned for step in outcome.steps if step.type in pool):
            starts.append(outcome)
    return starts


def _concessions(
    program: Program, pool: tuple[str, ...], known: dict[str, SearchResult], stage: int
) -> list[dict[str, int]]:
    """When the regimes of a pool concede: each as if it were known; then without the least likely; ...

    A regime of which time did not tell is asked for a concession in the last stage.
    """
    best: dict[str, int] = {}
    for name in program.model.frame.conceding:
        result = known.get(name)
        if result is not None and result.finding is not None and result.finding.outcome.steps[-1].concedes:
            best[name] = result.finding.outcome.steps[-1].stage
        elif result is None or result.reason is Reason.LIMIT:
            best[name] = program.task.game.stages - 1
    likely = sorted(best, key=lambda name: -program.task.game.patron_type[name].prior)
    chains = [{name: best[name] for name in likely[:count]} for count in range(len(likely), -1, -1)]
    return [chain for chain in chains if all(when >= stage for when in chain.values())]
