"""The game of each type alone, and the bound that follows.

Against a type that is known, no response reveals anything and the program is easy. A ladder of the whole
game meets a type with some sequence of rungs that would also be allowed if the type were known, so its
payoff against that type is at most the type's own optimum: type by type, and so in expectation.

A regime that can concede makes its program hard, because in the relaxation it concedes a little in every
stage. The stage of the concession is therefore branched on first: one program for each, most of them short
or soon closed.
"""

from __future__ import annotations

from dataclasses import replace

from sanctopt.errors import SolverError
from sanctopt.game import Game, PatronType
from sanctopt.ladder import Information
from sanctopt.search.program import TIGHT, Program, agrees, do_nothing, solve_program
from sanctopt.search.task import Clock, Finding, SearchResult, Task
from sanctopt.search.workers import each
from sanctopt.solution import Phase
from sanctopt.solver_options import Limit, Reason


def known_types(task: Task, share: float) -> dict[str, SearchResult]:
    """Solve the game of each type alone, within a share of the time left."""
    types = task.game.patron_types
    budget = task.clock.left(share)
    rounds = -(-len(types) // task.options.threads)
    seconds = None if budget is None else budget / rounds

    def one(inner: Task, patron: PatronType) -> SearchResult:
        alone = replace(inner, game=alone_with(task.game, patron), information=Information.ADAPTIVE)
        return known_type(alone, seconds)

    return dict(zip((patron.name for patron in types), each(task, one, types), strict=True))


def alone_with(game: Game, patron: PatronType) -> Game:
    """The game of one type, which then is no secret."""
    return replace(
        game,
        patron_types=(replace(patron, prior=1.0),),
        utilities=tuple(row for row in game.utilities if row.type == patron.name),
        perception=tuple(row for row in game.perception if row.type == patron.name),
    )


def known_type(task: Task, seconds: float | None) -> SearchResult:
    """Solve the game of a single type, branching on the stage of its concession."""
    (patron,) = task.game.patron_types
    purpose = f"type {patron.name} known"
    if task.game.off_ramp is None or patron.reservation is None:
        return solve_program(task, purpose, seconds)
    program = Program.build(task, purpose)
    clock = Clock(seconds)
    stages: list[int | None] = [None, *reversed(range(task.game.stages))]
    best: Finding | None = None
    bounds: list[float | None] = []
    phases: list[Phase] = []
    ends: dict[Reason, Limit] = {}
    for number, stage in enumerate(stages):
        program.concede_in(patron.name, stage)
        if best is not None:
            program.limit_value(patron.name, lower=best.outcome.value)
        limit = clock.left(1.0 / (len(stages) - number))
        warm_start = None
        if stage is None and task.margin == 0:
            warm_start = program.complete(do_nothing(task.game, task.information))
        report = program.solve(limit, warm_start)
        phase = program.phase(report, ", never concedes" if stage is None else f", concedes in stage {stage}")
        phases.append(phase)
        ends[report.reason] = report.limit
        if report.reason is not Reason.INFEASIBLE:
            bounds.append(phase.report.dual_bound)
        if report.has_solution:
            finding = program.settle()
            if not agrees(finding):
                program.solve(limit, warm_start, highs=TIGHT)
                finding = program.settle()
            if best is None or finding.outcome.value > best.outcome.value:
                best = finding
        if report.reason is Reason.INTERRUPTED:
            return SearchResult(best, None, report.reason, report.limit, tuple(phases))
    if best is None and task.margin == 0:
        raise SolverError(f"{purpose}: HiGHS finds no ladder, but doing nothing is always allowed")
    return _summary(task, best, bounds, ends, tuple(phases))


def _summary(
    task: Task,
    best: Finding | None,
    bounds: list[float | None],
    ends: dict[Reason, Limit],
    phases: tuple[Phase, ...],
) -> SearchResult:
    """Put the branches together: the largest bound holds for all, those that were closed included."""
    if best is None and not bounds:
        return SearchResult(None, None, Reason.INFEASIBLE, Limit.NONE, phases)
    proven = [bound for bound in bounds if bound is not None]
    if best is not None:
        proven.append(best.outcome.value)
    bound = max(proven) if len(bounds) == sum(b is not None for b in bounds) else None
    if best is not None and best.gap(bound) <= task.options.relative_gap:
        return SearchResult(best, bound, Reason.OPTIMAL, Limit.NONE, phases)
    return SearchResult(best, bound, Reason.LIMIT, ends.get(Reason.LIMIT, Limit.TIME), phases)


def expected_bound(game: Game, known: dict[str, SearchResult]) -> float | None:
    """Sum over types of prior times bound; None if a type has none."""
    total = 0.0
    for patron in game.patron_types:
        bound = known[patron.name].bound
        if bound is None:
            return None
        total += patron.prior * bound
    return total
