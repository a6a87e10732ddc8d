"""Early ladders: types that are made to answer alike, and plans for those that do not.

A pool's program (`Frame.pools`) has one copy of everything for all its types, so it is about as easy as
that of a known type. It asks for rungs at which all of them answer alike: that is a restriction, but its
ladders are allowed. The types left out, the most easily provoked ones, leave the pool's path at some
history; from there, they get a plan of their own by a pool's program that follows the same path up to it.
A plunge (`sanctopt.search.plunge`) finds the rungs of a path in a second, and neighbourhoods better them
sooner than HiGHS does in the pool's program (decision 0021). Every ladder made so is played against all
types.
"""

from __future__ import annotations

import math

from sanctopt.formulation.readout import Values, read_rungs
from sanctopt.game import Game, PatronType
from sanctopt.ladder import History, Information, Ladder, Rung
from sanctopt.outcome import Outcome
from sanctopt.search.plunge import plunge
from sanctopt.search.program import Program, ladder_of
from sanctopt.search.task import Clock, SearchResult, Task
from sanctopt.search.workers import each
from sanctopt.solution import Phase
from sanctopt.solver_options import Limit, Reason

PATH_SHARE, GROUP_SHARE = 0.75, 0.6
"""Shares of a pool's time: for its common path, and for the next group that leaves it."""

POOL_SHARE = 0.4
"""Share of the time left for one pool; few need as much."""

DEAD_ENDS, RELAXATIONS = 20, 200
"""Relaxations without a point, and in all, after which a plunge in a pool's program gives up: there are other
pools, and most plunges that find a ladder take 10 to 120 relaxations."""

MOST_POOLS = 5
"""Nested pools that are tried."""

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
    clock = task.clock.until(share)

    def one(inner: Task, pool: tuple[str, ...]) -> tuple[Outcome | None, tuple[Phase, ...]]:
        return _pooled(inner, pool, known, clock.until(POOL_SHARE))

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
    """A common path for a pool that goes on from a history: the best found for some choice of concessions."""
    began, iterations = clock.seconds(), 0
    purpose = f"pool of {len(pool)} types" + (f" from stage {len(history)}" if history else "")
    program = Program.build(task, purpose, pool, (pool,))
    if not program.follow(rungs, history):
        return {}, ()
    starts = [] if history else common_ladders(task, pool, known)
    best: Rungs = {}
    value = -math.inf
    for choices in concession_choices(program, pool, known, len(history)):
        points: list[Values] = []
        while choices and not points:
            conceding = choices.pop(0)
            for name in program.model.frame.conceding:
                program.concede_in(name, conceding.get(name))
            points = [point for point in map(program.complete, starts) if point is not None]
            plunged = plunge(program, clock, DEAD_ENDS, RELAXATIONS)
            iterations += plunged.iterations
            if plunged.found:
                points.append(program.incumbent())
        for point in points:
            worth = program.compiled.evaluate(point).objective
            if worth > value:
                value, best = worth, read_rungs(program.model, point)
    ended = (Reason.INTERRUPTED, Limit.INTERRUPT) if task.stop.is_set() else (Reason.LIMIT, Limit.TIME)
    worth_found = program.unit * value if best else None
    counts, seconds = (0, iterations), clock.seconds() - began
    return best, (program.search_phase(purpose, ended, (worth_found, None), counts, seconds),)


def common_ladders(task: Task, pool: tuple[str, ...], known: dict[str, SearchResult]) -> list[Outcome]:
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


def concession_choices(
    program: Program, pool: tuple[str, ...], known: dict[str, SearchResult], stage: int
) -> list[list[dict[str, int]]]:
    """When the regimes of a pool concede, in lists of choices to be tried until one has a path.

    In the first list each concedes as if it were known, in the second all in the last stage, in the third all
    in ``stage``: time may have ended a known type's search before it told. From choice to choice, the least
    likely is left out. A regime of which time told nothing concedes in the last stage in the first list, too.
    """
    last = program.task.game.stages - 1
    alone: dict[str, int] = {}
    for name in program.model.frame.conceding:
        result = known.get(name)
        if result is not None and result.finding is not None and result.finding.outcome.steps[-1].concedes:
            alone[name] = result.finding.outcome.steps[-1].stage
        elif result is None or result.reason is Reason.LIMIT:
            alone[name] = last
    likely = sorted(alone, key=lambda name: -program.task.game.patron_type[name].prior)
    lists: list[list[dict[str, int]]] = []
    for when in (alone, dict.fromkeys(alone, last), dict.fromkeys(alone, stage)):
        choices = [{name: when[name] for name in likely[:count]} for count in range(len(likely), -1, -1)]
        tried = [choice for earlier in lists for choice in earlier]
        lists.append([c for c in choices if c not in tried and all(at >= stage for at in c.values())])
    return lists
