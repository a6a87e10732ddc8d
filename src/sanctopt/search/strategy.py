"""Which programs are solved for which question, in which order."""

from __future__ import annotations

from dataclasses import replace

from sanctopt.game import Game
from sanctopt.ladder import Information, Ladder
from sanctopt.outcome import Outcome
from sanctopt.play import play
from sanctopt.search.known import alone_with, expected_bound, known_type, known_types
from sanctopt.search.pools import pooled_ladders
from sanctopt.search.program import Program, do_nothing, ladder_of, solve_program
from sanctopt.search.task import Clock, Finding, SearchResult, Task
from sanctopt.search.tidy import tidied
from sanctopt.solver_options import Limit, Reason, relative_gap

KNOWN_SHARE, POOLS_SHARE = 0.25, 0.92
"""Shares of the time left that the known types, and then the pools, may use."""

TIDY_SHARE = 0.03
"""Share of the time limit that may go beyond it for leaving out what a ladder does not need."""


def search(task: Task) -> SearchResult:
    """Find an optimal ladder, or the best one within the limits, without what it does not need."""
    if task.information is Information.CLAIRVOYANT:
        return _clairvoyant(task)
    if task.information is Information.OPEN_LOOP:
        result = solve_program(task, "open-loop program", task.clock.left())
        if result.bound is None and result.reason is not Reason.INFEASIBLE:
            result = replace(result, bound=expected_bound(task.game, {}))
    elif len(task.game.patron_types) == 1:
        result = known_type(task, task.clock.left())
    else:
        result = _adaptive(task)
    return replace(result, finding=None if result.finding is None else _tidy(task, result.finding))


def _tidy(task: Task, finding: Finding) -> Finding:
    """The finding without what it does not need; its value is asked of a program of its own again."""
    if task.stop.is_set() or task.information is Information.OPEN_LOOP:
        return finding  # in an open-loop plan, what is struck out after one history must go after all
    limit = task.options.time_limit_seconds
    clock = Clock(None if limit is None else TIDY_SHARE * limit)
    outcome = tidied(task.game, finding.outcome, task.margin, clock)
    if outcome is finding.outcome:
        return finding
    return Program.build(task, "value of the ladder").claim(outcome)


def _adaptive(task: Task) -> SearchResult:
    """Known types for a bound, pools for a start, then the adaptive program."""
    wanted = task.options.relative_gap
    known = known_types(task, KNOWN_SHARE)
    phases = tuple(phase for result in known.values() for phase in result.phases)
    if any(result.reason is Reason.INFEASIBLE for result in known.values()):
        return SearchResult(None, None, Reason.INFEASIBLE, Limit.NONE, phases)
    bound = expected_bound(task.game, known)
    found = [do_nothing(task.game, task.information)]
    found += [_for_all(task.game, result.finding) for result in known.values() if result.finding is not None]
    if not task.stop.is_set():
        pooled, made = pooled_ladders(task, known, POOLS_SHARE)
        phases += made
        found += pooled
    allowed = [outcome for outcome in found if outcome.smallest_margin >= task.margin]
    start = max(allowed, key=lambda outcome: outcome.value, default=None)
    if task.stop.is_set():
        best = None if start is None else _claimed(task, start)
        return SearchResult(best, bound, Reason.INTERRUPTED, Limit.INTERRUPT, phases)
    if start is not None and relative_gap(start.value, max(bound, start.value)) <= wanted:
        return SearchResult(_claimed(task, start), bound, Reason.OPTIMAL, Limit.NONE, phases)
    caps = {name: result.bound for name, result in known.items() if result.bound is not None}
    last = solve_program(task, "adaptive program", task.clock.left(), start, caps)
    bound = bound if last.bound is None else min(bound, last.bound)
    phases += last.phases
    if last.finding is not None and last.finding.gap(bound) <= wanted:
        return SearchResult(last.finding, bound, Reason.OPTIMAL, Limit.NONE, phases)
    return SearchResult(last.finding, bound, last.reason, last.limit, phases)


def _for_all(game: Game, finding: Finding) -> Outcome:
    """A known type's ladder played against all types; those that leave its path are left alone."""
    rungs = (rung.decisions() for rung in finding.ladder.rungs)
    outcome = play(game, Ladder.of(game, Information.ADAPTIVE, rungs))
    return play(game, ladder_of(game, Information.ADAPTIVE, outcome))


def _claimed(task: Task, outcome: Outcome) -> Finding:
    """What the adaptive program says of a ladder that was found otherwise."""
    return Program.build(task, "value of the ladder").claim(outcome)


def _clairvoyant(task: Task) -> SearchResult:
    """Each type's own optimum, told by one ladder that asks for the type first."""
    known = known_types(task, 1.0)
    phases = tuple(phase for result in known.values() for phase in result.phases)
    bound = expected_bound(task.game, known)
    ends = {result.reason: result.limit for result in known.values()}
    order = (Reason.INFEASIBLE, Reason.INTERRUPTED, Reason.LIMIT, Reason.OPTIMAL)
    reason = next(reason for reason in order if reason in ends)
    findings = {name: result.finding for name, result in known.items() if result.finding is not None}
    if reason is Reason.INFEASIBLE or len(findings) < len(task.game.patron_types):
        return SearchResult(None, bound, reason, ends[reason], phases)
    for name, finding in findings.items():
        alone = replace(task, game=alone_with(task.game, task.game.patron_type[name]))
        findings[name] = _tidy(replace(alone, information=Information.ADAPTIVE), finding)
    rungs = [
        replace(rung.decisions(), known_type=name)
        for name, finding in findings.items()
        for rung in finding.ladder.rungs
    ]
    outcome = play(task.game, Ladder.of(task.game, Information.CLAIRVOYANT, rungs))
    claimed = sum(task.game.patron_type[name].prior * f.claimed_value for name, f in findings.items())
    taken = {name: finding.claimed_responses[name] for name, finding in findings.items()}
    best = Finding(outcome.ladder, outcome, claimed, taken)
    if reason is Reason.LIMIT and best.gap(bound) <= task.options.relative_gap:
        return SearchResult(best, bound, Reason.OPTIMAL, Limit.NONE, phases)
    return SearchResult(best, bound, reason, ends[reason], phases)
