"""The game of one large type: HiGHS on the whole program, which leaves the answers to it.

Below some size the tree of answers (`sanctopt.search.answers`) is better; above it, its programs of rungs
take so long that it gets to few of them. A regime that can concede makes its program hard, because in the
relaxation it concedes a little in every stage. The stage of the concession is therefore branched on first:
one program for each, most of them short or soon closed.
"""

from __future__ import annotations

import math

from sanctopt.outcome import Outcome
from sanctopt.search.program import Program, do_nothing, solve_until_settled
from sanctopt.search.task import Clock, Finding, SearchResult, Task
from sanctopt.solution import Phase
from sanctopt.solver_options import Limit, Reason

FIRST_SHARE = 0.5
"""Share of a conceding type's time for its most promising stage."""


def known_firm(task: Task, purpose: str, seconds: float | None, start: Outcome | None = None) -> SearchResult:
    """Solve the game of a single type whose regime never concedes, as one program.

    ``start`` is a ladder to begin with; None: doing nothing, if that is allowed.
    """
    program = Program.build(task, purpose)
    return solve_until_settled(program, seconds, _begin(program, None, start))


def known_concession(
    task: Task, firm: SearchResult | None, seconds: float | None, start: Outcome | None = None
) -> SearchResult:
    """Solve the game of a single type whose regime can concede.

    Each stage of the concession, and that there is none, is a program of its own, the most promising first,
    with the best payoff so far as a floor: a program without a better ladder is infeasible. Those that time
    leaves open get what is left of it in a second round. ``firm`` is the result if the regime never concedes,
    where another type with the same patron has it already, told of this type; ``start`` is a ladder to begin
    with.
    """
    (patron,) = task.game.patron_types
    known_firm = firm
    program = Program.build(task, f"type {patron.name} known, concedes")
    clock = Clock(seconds)
    phases: list[Phase] = []
    best = _begin(program, None if known_firm is None else known_firm.finding, start)
    stages: list[int | None] = list(reversed(program.model.frame.planned))
    bounds: dict[int | None, float | None] = dict.fromkeys(stages)
    values: list[float | None] = []
    reason, limit = Reason.OPTIMAL, Limit.NONE
    if known_firm is None:
        bounds[None] = None
    elif known_firm.reason is not Reason.INFEASIBLE:
        reason, limit = known_firm.reason, known_firm.limit
        values.append(known_firm.bound)
    for share in (FIRST_SHARE, 1.0):
        order = sorted(bounds, key=lambda stage: _order(bounds[stage], stage))
        for number, stage in enumerate(order):
            if share == 1.0 and not _open(task, best, bounds[stage]):
                continue
            if phases and clock.left() == 0.0:
                reason, limit = Reason.LIMIT, Limit.TIME
                break
            program.concede_in(patron.name, stage)
            if best is not None:
                program.at_least(patron.name, best.worth)
            part = share if number == 0 or share == 1.0 else share / (len(order) - number)
            note = " in no stage" if stage is None else f" in stage {stage}"
            result = solve_until_settled(program, clock.left(part), note=note)
            phases += result.phases
            found = result.finding
            if found is not None and (best is None or found.worth > best.worth):
                best = found
            if result.reason is Reason.INTERRUPTED:
                return SearchResult(best, None, result.reason, result.limit, tuple(phases))
            if result.reason is Reason.INFEASIBLE:
                del bounds[stage]
            else:
                proven = [bound for bound in (bounds[stage], result.bound) if bound is not None]
                bounds[stage] = min(proven, default=None)
            if result.reason is Reason.LIMIT:
                reason, limit = result.reason, result.limit
        if clock.left() is None:
            break
    values += bounds.values()
    if best is not None:
        values.append(best.worth)  # its own program may have been closed by this very floor
    if not values:
        return SearchResult(None, None, Reason.INFEASIBLE, Limit.NONE, tuple(phases))
    bound = None if any(value is None for value in values) else max(v for v in values if v is not None)
    if best is not None and best.gap(bound) <= task.options.relative_gap:
        reason, limit = Reason.OPTIMAL, Limit.NONE
    return SearchResult(best, bound, reason, limit, tuple(phases))


def _begin(program: Program, best: Finding | None, start: Outcome | None) -> Finding | None:
    """The best to begin with: what is known, else doing nothing if that is allowed, or a better ladder."""
    task = program.task
    if best is None and task.allows(idle := do_nothing(task)):
        best = program.claim(idle)
    if start is not None and (best is None or task.worth(start) > best.worth):
        best = program.claimed(start) or best
    return best


def _order(bound: float | None, stage: int | None) -> tuple[float, int]:
    """Most promising first: the largest bound, then the last stage; no concession after all of these."""
    return (-math.inf if bound is None else -bound, 1 if stage is None else -stage)


def _open(task: Task, best: Finding | None, bound: float | None) -> bool:
    """Whether a program could still hold a ladder better than the best by more than the gap."""
    return best is None or best.gap(bound) > task.options.relative_gap
