"""The search for an optimal ladder: which programs are solved, in which order, from which start.

Three programs of one game know ever more, so their optima are ordered:

    open loop  <=  adaptive  <=  clairvoyant = sum over types of prior times the type's own optimum.

The open-loop program is small and gives a good first ladder. The single-type programs are easy and give
a bound that no adaptive ladder beats, in sum and type by type. The adaptive program starts from the
first, under the caps of the second. Every ladder found is played (`sanctopt.play`), and the program is
then asked for the value of what was played: both numbers go into the certificate.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pyomo.common.collections import ComponentMap

from sanctopt.errors import SolverError
from sanctopt.formulation.build import build_program
from sanctopt.formulation.frame import Frame
from sanctopt.formulation.readout import Values, binary_values, read_responses, read_rungs
from sanctopt.game import Game, PatronType
from sanctopt.ladder import Information, Ladder, Rung
from sanctopt.outcome import Outcome
from sanctopt.play import play
from sanctopt.solution import Phase
from sanctopt.solver import CompiledProgram, compile_program
from sanctopt.solver_options import Limit, Progress, Reason, SolveOptions, SolveReport, relative_gap

AGREE = 1e-6
"""A program's value and the replay of its ladder agree to this, relative to the larger of value and 1."""

TIGHT = {"mip_feasibility_tolerance": 1e-9, "primal_feasibility_tolerance": 1e-9}
"""HiGHS's tolerances for a second try, if the first let a response or an exit pass that is not quite one."""

OPEN_LOOP_SHARE, KNOWN_TYPES_SHARE = 0.4, 0.5
"""Shares of the time left that the open-loop program, and then all single-type programs, may use."""

OPEN_LOOP_GAP = 2e-3
"""The open-loop plan is only a start for the adaptive program; it need not be better than this."""

CAP_SLACK = 1e-9
"""Caps from a proven bound are widened by this share, so that rounding cannot cut off the bound itself."""


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


@dataclass(frozen=True)
class Finding:
    """A ladder, what playing it gives, and what the program says of what was played."""

    ladder: Ladder
    outcome: Outcome
    claimed_value: float
    claimed_responses: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class SearchResult:
    """How a search ended: ``finding`` None if no ladder was found, ``bound`` None if nothing was proven."""

    finding: Finding | None
    bound: float | None
    reason: Reason
    limit: Limit
    phases: tuple[Phase, ...]


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


@dataclass(frozen=True)
class Task:
    """What is searched: a game, an information, a margin; with which options; who hears of progress."""

    game: Game
    information: Information
    margin: float
    options: SolveOptions
    clock: Clock
    on_progress: OnProgress | None


def search(task: Task) -> SearchResult:
    """Find an optimal ladder, or the best one within the limits."""
    if task.information is Information.CLAIRVOYANT:
        return _clairvoyant(task)
    if task.information is Information.ADAPTIVE and len(task.game.patron_types) > 1:
        return _adaptive(task)
    return _solve_program(task, f"{task.information.value} program", task.clock.left())


def _adaptive(task: Task) -> SearchResult:
    """Open loop for a start, known types for a bound, then the adaptive program."""
    wanted = task.options.relative_gap
    loose = replace(task.options, relative_gap=max(wanted, OPEN_LOOP_GAP))
    plan = replace(task, information=Information.OPEN_LOOP, options=loose)
    opened = _solve_program(plan, "open-loop plan", task.clock.left(OPEN_LOOP_SHARE))
    first = None if opened.finding is None else _as_adaptive(task.game, opened.finding)
    if opened.reason is Reason.INTERRUPTED:
        return replace(opened, finding=first, bound=None)
    known = _known_types(task, KNOWN_TYPES_SHARE)
    phases = (*opened.phases, *(phase for result in known.values() for phase in result.phases))
    bound = _expected_bound(task.game, known)
    for result in known.values():
        if result.reason in (Reason.INTERRUPTED, Reason.INFEASIBLE):
            return SearchResult(first, bound, result.reason, result.limit, phases)
    if first is not None and _gap(first, bound) <= wanted:
        return SearchResult(first, bound, Reason.OPTIMAL, Limit.NONE, phases)
    caps = {name: result.bound for name, result in known.items() if result.bound is not None}
    last = _solve_program(task, "adaptive program", task.clock.left(), start=first, caps=caps)
    finding = last.finding or first
    bound = min((b for b in (bound, last.bound) if b is not None), default=None)
    proven = finding is not None and _gap(finding, bound) <= wanted
    reason = Reason.OPTIMAL if proven else last.reason
    limit = Limit.NONE if proven else last.limit
    return SearchResult(finding, bound, reason, limit, (*phases, *last.phases))


def _clairvoyant(task: Task) -> SearchResult:
    """Each type's own optimum, told by one ladder that asks for the type first."""
    known = _known_types(task, 1.0)
    phases = tuple(phase for result in known.values() for phase in result.phases)
    bound = _expected_bound(task.game, known)
    ends = {result.reason: result.limit for result in known.values()}
    order = (Reason.INFEASIBLE, Reason.INTERRUPTED, Reason.LIMIT, Reason.OPTIMAL)
    reason = next(reason for reason in order if reason in ends)
    findings = {name: result.finding for name, result in known.items() if result.finding is not None}
    if reason is Reason.INFEASIBLE or len(findings) < len(task.game.patron_types):
        return SearchResult(None, bound, reason, ends[reason], phases)
    rungs = [
        replace(rung.decisions(), known_type=name)
        for name, finding in findings.items()
        for rung in finding.ladder.rungs
    ]
    ladder = Ladder.of(task.game, Information.CLAIRVOYANT, rungs)
    outcome = play(task.game, ladder)
    claimed = sum(task.game.patron_type[name].prior * f.claimed_value for name, f in findings.items())
    taken = {name: f.claimed_responses[name] for name, f in findings.items()}
    finding = Finding(outcome.ladder, outcome, claimed, taken)
    if _gap(finding, bound) <= task.options.relative_gap:
        reason = Reason.OPTIMAL
    return SearchResult(finding, bound, reason, ends.get(reason, Limit.NONE), phases)


def _known_types(task: Task, share: float) -> dict[str, SearchResult]:
    """Solve the game of each type alone; stops at an interrupt or a type without any allowed plan."""
    results: dict[str, SearchResult] = {}
    types = task.game.patron_types
    budget = task.clock.left(share)
    begun = task.clock.seconds()
    for number, patron in enumerate(types):
        limit = None
        if budget is not None:
            limit = max(0.0, budget - (task.clock.seconds() - begun)) / (len(types) - number)
        alone = replace(task, game=_alone(task.game, patron), information=Information.ADAPTIVE)
        results[patron.name] = _solve_program(alone, f"type {patron.name} known", limit)
        if results[patron.name].reason in (Reason.INTERRUPTED, Reason.INFEASIBLE):
            break
    return results


def _alone(game: Game, patron: PatronType) -> Game:
    """The game of one type, which then is no secret."""
    return replace(
        game,
        patron_types=(replace(patron, prior=1.0),),
        utilities=tuple(row for row in game.utilities if row.type == patron.name),
        perception=tuple(row for row in game.perception if row.type == patron.name),
    )


def _expected_bound(game: Game, known: Mapping[str, SearchResult]) -> float | None:
    """Sum over types of prior times bound; None if a type has none."""
    total = 0.0
    for patron in game.patron_types:
        result = known.get(patron.name)
        if result is None or result.bound is None:
            return None
        total += patron.prior * result.bound
    return total


def _gap(finding: Finding, bound: float | None) -> float:
    """Relative gap of a ladder under a bound; a bound below the value is rounding (checked in `solve`)."""
    value = finding.outcome.value
    return relative_gap(value, None if bound is None else max(bound, value))


def _as_adaptive(game: Game, finding: Finding) -> Finding:
    """An open-loop plan as a ladder: the same rungs, one for each history that is reached."""
    ladder = _ladder_of(game, Information.ADAPTIVE, finding.outcome)
    outcome = play(game, ladder)
    return Finding(outcome.ladder, outcome, finding.claimed_value, finding.claimed_responses)


def _ladder_of(game: Game, information: Information, outcome: Outcome) -> Ladder:
    """The ladder that does what was done, rungs off the plan included."""
    rungs = {step.history: step.rung for step in outcome.steps}
    return Ladder.of(game, information, rungs.values())


# --- one program ---------------------------------------------------------------------------


def _solve_program(
    task: Task,
    purpose: str,
    seconds: float | None,
    start: Finding | None = None,
    caps: Mapping[str, float] | None = None,
) -> SearchResult:
    """Build, start and solve one program; play what it finds."""
    names = tuple(patron.name for patron in task.game.patron_types)
    model = build_program(Frame(task.game, names, task.information, task.margin))
    program = compile_program(model)
    for name, cap in (caps or {}).items():
        upper = (cap + CAP_SLACK * max(1.0, abs(cap))) / model.frame.unit
        program.set_bounds(model.type_value[name], None, upper)
    if start is None and task.margin == 0:
        start = _do_nothing(task)
    warm_start = None if start is None else _complete(model, program, start.outcome)
    options = replace(task.options, time_limit_seconds=seconds)
    if start is not None and warm_start is None:
        raise SolverError(f"{purpose}: the program refuses a ladder that the rules allow; please report this case")
    finding, report = _solve_once(task, purpose, model, program, options, warm_start)
    if finding is not None and not _agrees(finding):
        tight = replace(options, highs={**options.highs, **TIGHT})
        finding, report = _solve_once(task, purpose, model, program, tight, warm_start)
    scale = model.frame.unit
    phase = Phase(purpose, _in_money(report, scale))
    if report.reason is Reason.INFEASIBLE and task.margin == 0:
        raise SolverError(f"{purpose}: HiGHS calls it infeasible, but doing nothing is always allowed")
    if report.reason in (Reason.ERROR, Reason.UNBOUNDED):
        raise SolverError(f"{purpose}: HiGHS ended with {report.reason.value}: {report.message}")
    return SearchResult(finding, phase.report.dual_bound, report.reason, report.limit, (phase,))


def _solve_once(
    task: Task,
    purpose: str,
    model: Any,
    program: CompiledProgram,
    options: SolveOptions,
    warm_start: Values | None,
) -> tuple[Finding | None, SolveReport]:
    scale = model.frame.unit

    def tell(progress: Progress) -> None:
        if task.on_progress is not None:
            incumbent = None if progress.incumbent is None else scale * progress.incumbent
            bound = None if progress.dual_bound is None else scale * progress.dual_bound
            seconds, nodes = task.clock.seconds(), progress.nodes
            task.on_progress(
                SearchProgress(purpose, seconds, incumbent, bound, progress.relative_gap, nodes)
            )

    report = program.solve(options, on_progress=tell, warm_start=warm_start)
    return (_settle(task, model, program) if report.has_solution else None), report


def _settle(task: Task, model: Any, program: CompiledProgram) -> Finding:
    """Play the ladder of the program's incumbent, and ask the program for the value of what was played.

    The incumbent need not make the best of its own ladder while there is a gap: it may hold prices that
    are not yet optimal, or leave out an exit. If playing gives less than the program claims, the claim
    stands and the certificate will tell.
    """
    values = ComponentMap((variable, program.value(variable)) for variable in program.columns)
    taken = read_responses(model, values)
    claimed = model.frame.unit * program.evaluate(program.values).objective
    ladder = Ladder.of(task.game, task.information, read_rungs(model, values).values())
    outcome = play(task.game, ladder)
    if outcome.value < claimed - AGREE * max(1.0, abs(claimed)):
        return Finding(ladder, outcome, claimed, taken)
    ladder = _ladder_of(task.game, task.information, outcome)
    point = _complete(model, program, outcome)
    if point is None:
        return Finding(ladder, outcome, claimed, taken)
    claimed = model.frame.unit * program.evaluate(point).objective
    outcome = play(task.game, ladder)
    return Finding(outcome.ladder, outcome, claimed, outcome.responses)


def _agrees(finding: Finding) -> bool:
    value = finding.outcome.value
    return abs(value - finding.claimed_value) <= AGREE * max(1.0, abs(value))


def _complete(model: Any, program: CompiledProgram, outcome: Outcome) -> Values | None:
    """The program's best point that does what was played; None if the program has none."""
    fixed = binary_values(model, outcome)
    for variable, value in fixed.items():
        program.fix(variable, value)
    report = program.solve(SolveOptions(relative_gap=0.0))
    point: Values = ComponentMap()
    if report.has_solution:
        point.update((variable, program.value(variable)) for variable in program.columns)
        point.update(fixed.items())  # exactly whole, where HiGHS may be off by a rounding
    for variable in fixed:
        program.unfix(variable)
    return point or None


def _do_nothing(task: Task) -> Finding:
    """The ladder that is always allowed: it does nothing, ever."""
    idle = play(task.game, Ladder.of(task.game, task.information, [Rung(())]))
    ladder = _ladder_of(task.game, task.information, idle)
    outcome = play(task.game, ladder)
    return Finding(outcome.ladder, outcome, outcome.value, outcome.responses)


def _in_money(report: SolveReport, scale: float) -> SolveReport:
    """The report of a program in millions of US dollars."""
    incumbent = None if report.incumbent is None else scale * report.incumbent
    bound = None if report.dual_bound is None else scale * report.dual_bound
    return replace(report, incumbent=incumbent, dual_bound=bound)
