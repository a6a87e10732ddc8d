"""The game of each type alone, and the bound that follows.

Against a type that is known, no response reveals anything and the program is easy. A ladder of the whole
game meets a type with some sequence of rungs that would also be allowed if the type were known, so its
payoff against that type is at most the type's own optimum: type by type, and so in expectation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from statistics import median

from sanctopt.aims import Counted, Mixture, Objective
from sanctopt.game import Game, PatronType
from sanctopt.ladder import Information, Ladder
from sanctopt.network import baseline_revenue
from sanctopt.outcome import Outcome
from sanctopt.search.answers import answer_tree
from sanctopt.search.concessions import known_concession, known_firm
from sanctopt.search.program import do_nothing, known_ladders, ladder_replayed
from sanctopt.search.task import Finding, Ladders, SearchResult, Task
from sanctopt.search.workers import Turns, each
from sanctopt.solver_options import Limit, Reason

CONCEDING_WEIGHT = 3
"""How many times the time of another type one that can concede gets in a large game: it has one program for
each stage of the concession."""

SMALL_ALONE = 300
"""Starts of a known type up to which its tree does not look near its best ladder: it soon closes, and without
a time limit that took up to nine tenths of the time (decision 0020)."""

AGAIN_OVER_TYPE = 30.0
"""How many times longer a known type must have, to be asked again, than its program takes to compile."""


def known_types(task: Task, share: float, *, large: bool = False) -> dict[str, SearchResult]:
    """Solve the game of each type alone, within a share of the time left.

    Where the patrons of two types are the same, they differ only in when their regime concedes: what is known
    of the one that never does is where the other's search starts. ``large`` games are left to HiGHS
    (`sanctopt.search.concessions`), which starts from the best against this type of all ladders known and
    found by then: as a floor it closes most stages of a concession at once. All others are left to the tree
    of answers.
    """
    game = task.game
    firm = [patron for patron in game.patron_types if not may_concede(game, patron)]
    conceding = [patron for patron in game.patron_types if may_concede(game, patron)]
    weight = CONCEDING_WEIGHT if large else 1
    turns = Turns(task.clock.until(share), len(firm) + weight * len(conceding), task.options.threads)
    results: dict[str, SearchResult] = {}
    found = [outcome.ladder for outcome in known_ladders(task)] if large else []

    def one(inner: Task, patron: PatronType) -> SearchResult:
        alone = inner.alone(patron.name)
        purpose = f"type {patron.name} known"
        alike = (other for other in firm if _patron(game, other) == _patron(game, patron))
        before = next((results[other.name] for other in alike if other.name in results), None)
        own = None if before is None else _as_own(alone, before)
        seconds = turns.seconds(weight if may_concede(game, patron) else 1)
        if not large:
            finding = None if own is None else own.finding
            return answer_tree(alone, purpose, seconds, finding, ladders=ladders_alone(alone))
        if seconds == 0.0:
            return SearchResult(None, None, Reason.LIMIT, Limit.TIME, ())
        start = _best_against(alone, found)
        if may_concede(game, patron):
            result = known_concession(alone, own, seconds, start)
        else:
            result = known_firm(alone, purpose, seconds, start)
        if result.finding is not None:
            found.append(result.finding.ladder)
        return result

    for patrons in (firm, conceding):
        solved = each(task, one, patrons)
        results |= {patron.name: result for patron, result in zip(patrons, solved, strict=True)}
    over = large or task.clock.left() == 0.0
    idle = [] if over else [patron for patron in game.patron_types if _idle(task, patron, results)]
    turns = Turns(task.clock.until(share), len(idle), task.options.threads)

    def again(inner: Task, patron: PatronType) -> SearchResult:
        first = results[patron.name]
        last = answer_tree(inner.alone(patron.name), f"type {patron.name} known", turns.seconds())
        bounds = [result.bound for result in (first, last) if result.bound is not None]
        finding = last.finding or first.finding
        return replace(
            last, finding=finding, bound=min(bounds, default=None), phases=first.phases + last.phases
        )

    results |= {p.name: result for p, result in zip(idle, each(task, again, idle), strict=True)}
    return {patron.name: results[patron.name] for patron in game.patron_types}


def ladders_alone(task: Task) -> Ladders:
    """How the tree of a type alone looks for ladders."""
    return Ladders.BY_DIVES if task.starts <= SMALL_ALONE else Ladders.NEARBY


def _idle(task: Task, patron: PatronType, results: dict[str, SearchResult]) -> bool:
    """Whether time ended a type's search before it found anything better than doing nothing."""
    result = results[patron.name]
    if result.reason is not Reason.LIMIT or result.limit is not Limit.TIME:
        return False
    alone = task.alone(patron.name)
    return result.finding is None or result.finding.worth <= alone.worth(do_nothing(alone))


def known_types_again(
    task: Task, known: dict[str, SearchResult], outcome: Outcome | None
) -> dict[str, SearchResult]:
    """Close gaps of known types of a large game in the time left, the widest gap first.

    A good ladder for all types is one for each, too: with its payoff as a floor, most stages of a concession
    are closed at once. A regime that never concedes goes by the tree of answers now.

    Returns
    -------
    dict of str to SearchResult
        Of every type; the phases are those of this round only.
    """
    game, wanted = task.game, task.options.relative_gap
    again = {name: replace(result, phases=()) for name, result in known.items()}

    def loose(patron: PatronType) -> float:
        finding = known[patron.name].finding
        bound = type_bound(task, patron, known)
        return patron.prior * (bound - (0.0 if finding is None else finding.worth))

    def closed(patron: PatronType) -> bool:
        finding = known[patron.name].finding
        return finding is not None and finding.gap(known[patron.name].bound) <= wanted

    waiting = sorted((p for p in game.patron_types if not closed(p)), key=loose, reverse=True)
    left, enough = task.clock.left(), AGAIN_OVER_TYPE * compiling(known)
    while left is not None and len(waiting) > 1 and len(waiting) * enough > task.options.threads * left:
        waiting.pop()
    turns = Turns(task.clock.until(1.0), len(waiting), task.options.threads)

    def one(inner: Task, patron: PatronType) -> SearchResult:
        alone = inner.alone(patron.name)
        before, seconds = known[patron.name], turns.seconds()
        if seconds == 0.0:
            return replace(before, phases=())
        if may_concede(game, patron):
            ladders = [] if before.finding is None else [before.finding.ladder]
            ladders += [] if outcome is None else [outcome.ladder]
            result = known_concession(alone, None, seconds, _best_against(alone, ladders))
        else:
            result = answer_tree(alone, f"type {patron.name} known", seconds, before.finding)
        bounds = [bound for bound in (before.bound, result.bound) if bound is not None]
        return replace(result, bound=min(bounds, default=None))

    for patron, result in zip(waiting, each(task, one, waiting), strict=True):
        again[patron.name] = result
    return again


def compiling(known: dict[str, SearchResult]) -> float:
    """Seconds that compiling a known type's program takes, the median; infinite if time was over before.

    Not the most: one that something else on the machine delayed says nothing of the rest.
    """
    firsts = (next(iter(result.phases), None) for result in known.values())
    seconds = [phase.report.compile_seconds for phase in firsts if phase is not None]
    return median(seconds) if seconds else math.inf


def _best_against(task: Task, ladders: Iterable[Ladder]) -> Outcome | None:
    """The best of some ladders against a type alone."""
    played = [ladder_replayed(task, ladder) for ladder in ladders]
    return max(filter(task.allows, played), key=task.worth, default=None)


def may_concede(game: Game, patron: PatronType) -> bool:
    """Tell whether a type's regime could ever concede."""
    return game.off_ramp is not None and patron.reservation is not None


def _patron(game: Game, patron: PatronType) -> object:
    """All that a type's responses depend on."""
    rows = (game.utility[patron.name, response.name] for response in game.responses)
    tastes = tuple((r.base, r.provocation, r.engagement, r.mitigation, r.threat) for r in rows)
    return tastes, tuple(game.offset.get((patron.name, t), 0.0) for t in range(game.stages))


def _as_own(task: Task, result: SearchResult) -> SearchResult:
    """The result of a type alone, told of another type whose patron is the same; without its phases."""
    finding = result.finding
    if finding is None:
        return replace(result, phases=())
    game = task.game
    ladder = Ladder.of(game, Information.ADAPTIVE, (rung.decisions() for rung in finding.ladder.rungs))
    outcome = task.play(ladder)
    (taken,) = finding.claimed_responses.values()
    responses = {game.patron_types[0].name: taken}
    own = Finding(outcome.ladder, outcome, task.worth(outcome), finding.claimed_value, responses)
    return replace(result, finding=own, phases=())


def bound_from_types(task: Task, known: dict[str, SearchResult]) -> float:
    """Worth of the proven bounds against each type; no criterion falls when what counts against one rises."""
    bounds = {patron.name: type_bound(task, patron, known) for patron in task.game.patron_types}
    return task.aims.criterion.worth(bounds, {patron.name: patron.prior for patron in task.game.patron_types})


def type_bound(task: Task, patron: PatronType, known: dict[str, SearchResult]) -> float:
    """Proven bound of what counts against a type, a trivial one if time brought none that is better."""
    trivial = _trivial(task.game, patron, task.aims.objective)
    bound = known[patron.name].bound if patron.name in known else None
    return trivial if bound is None else min(trivial, bound)


def _trivial(game: Game, patron: PatronType, objective: Counted) -> float:
    """What counts against a type is at most this, whatever is done."""
    if isinstance(objective, Mixture):
        parts = (weight * _trivial(game, patron, one) for one, weight in objective.weights)
        return sum(parts) + objective.constant
    if objective is Objective.PAYOFF:
        return trivial_bound(game, patron)
    if objective is Objective.DENIED:
        return sum(baseline_revenue(game, stage) for stage in range(game.stages))
    return max(game.credibility.max, 0.0) if objective is Objective.CREDIBILITY else 0.0


def trivial_bound(game: Game, patron: PatronType) -> float:
    """Payoff against a type that needs no program to prove: all revenue denied, no harm, no cost.

    Credibility is at most ``max`` at the end; a concession may come in the best stage for it.
    """
    earned, best = 0.0, 0.0
    for stage in range(game.stages):
        earned += game.discount**stage * game.weights.revenue * baseline_revenue(game, stage)
        if may_concede(game, patron) and game.off_ramp is not None:
            best = max(best, earned + game.discount ** (stage + 1) * game.off_ramp.concession_value)
    left = game.discount**game.stages * game.weights.credibility
    return max(best, earned + left * max(game.credibility.max, 0.0))
