"""Better ladders from a good one: free a window of its decisions, hold the rest, solve, go on from there.

A large-neighbourhood search (Shaw 1998, CP-98, 417-431) on the adaptive program. A window is two stages of
all types, or all stages of one type; what the types answer is always free. The rest of the decisions is held
at the ladder, so HiGHS's presolve leaves a small program. Presolve is safe here although it was caught at
wrong optima (decision 0006): a window proves nothing, and what it finds is played before it counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sanctopt.formulation.readout import Values
from sanctopt.search.program import Program
from sanctopt.search.task import AGREE, Clock, Finding
from sanctopt.solution import Phase
from sanctopt.solver_options import SolveReport, relative_gap

DECISIONS = ("starts", "threats", "engagements", "mitigations", "offers")
"""Families of the coalition's decisions; all are indexed by copy first and stage last."""

WIDTH = 2
"""Stages of a window of stages."""

NODES = 50
"""Branch-and-bound nodes for a window."""

HIGHS = {"presolve": "on", "mip_allow_restart": False}


@dataclass(frozen=True)
class Window:
    """What is free: the decisions of some stages, and of some copies (None: of all)."""

    name: str
    stages: range
    owner: str | None = None

    def frees(self, owner: str, stage: int) -> bool:
        """Whether a decision is free."""
        return stage in self.stages and self.owner in (None, owner)


def windows(program: Program) -> list[Window]:
    """Windows of one round: each type from stage 1 on, and each pair of stages, the first stages first."""
    frame = program.model.frame
    last = len(frame.stages)
    by_stage = [
        Window(f"stages {begin} to {min(begin + WIDTH, last) - 1}", range(begin, min(begin + WIDTH, last)))
        for begin in range(max(1, last - WIDTH + 1))
    ]
    owners = dict.fromkeys(owner for owner, stage in frame.copies if stage > 0)
    by_type = [Window(f"type {owner}", range(1, last), owner) for owner in owners] if last > WIDTH else []
    return [*by_stage, *by_type]


def improved(
    program: Program,
    best: Finding,
    bound: float | None,
    wanted: float,
    clock: Clock,
    answers: Mapping[str, tuple[str, ...]],
) -> tuple[Finding, tuple[Phase, ...]]:
    """Improve a ladder window by window, until a round brings nothing, the gap is met or time is out.

    Parameters
    ----------
    program : Program
        The exact program; its bounds are as before when this returns.
    best : Finding
        A ladder that the program has.
    bound : float or None
        Proven bound of the value (millions of US dollars).
    wanted : float
        Relative gap at which the search may stop.
    clock : Clock
        Time for all of it.
    answers : mapping of str to tuple of str
        First answers of the types to try first, with all decisions free (`sanctopt.search.profiles`).

    Returns
    -------
    tuple
        The best ladder, played; the programs solved.
    """
    point = program.complete(best.outcome)
    phases: list[Phase] = []
    rounds = windows(program)
    decisions = [pair for family in DECISIONS for pair in getattr(program.model, family).items()]
    before = [program.compiled.bounds(variable) for _, variable in decisions]
    stale, number = 0, -1 if answers else 0
    while point is not None and stale < len(rounds) and not program.task.stop.is_set():
        left = clock.left()
        if left is not None and left <= 0:
            break
        seconds = None if left is None else left / 4
        if number < 0:
            report, note = answered(program, answers, seconds), "answers held"
        else:
            window = rounds[number % len(rounds)]
            note = f"{window.name} free"
            _hold(program, decisions, before, point, window)
            report = program.solve(seconds, point, node_limit=NODES, highs=HIGHS)
            for (_, variable), (low, high) in zip(decisions, before, strict=True):
                program.compiled.set_bounds(variable, low, high)
            stale += 1
        number += 1
        phases.append(program.phase(report, f", {note}"))
        found = None if report.incumbent is None else program.unit * report.incumbent
        if found is None or found <= best.outcome.value + AGREE * max(1.0, abs(found)):
            continue
        settled = program.settle()
        program.remind(settled.forced)
        if settled.finding is not None and settled.finding.outcome.value > best.outcome.value:
            best, stale = settled.finding, 0
            point = program.complete(best.outcome)
        if bound is not None and relative_gap(best.outcome.value, max(bound, best.outcome.value)) <= wanted:
            break
    return best, tuple(phases)


def answered(program: Program, answers: Mapping[str, tuple[str, ...]], seconds: float | None) -> SolveReport:
    """Solve with the first answers of the types held, and all decisions free."""
    takes = program.model.takes
    held = [
        takes[name, answer, stage]
        for name, given in answers.items()
        for stage, answer in enumerate(given)
        if (name, answer, stage) in takes
    ]
    for variable in held:
        program.compiled.fix(variable, 1.0)
    report = program.solve(seconds, node_limit=NODES, highs=HIGHS)
    for variable in held:
        program.compiled.unfix(variable)
    return report


def _hold(
    program: Program,
    decisions: Iterable[tuple[Any, Any]],
    before: Iterable[tuple[float, float]],
    point: Values,
    window: Window,
) -> None:
    for (index, variable), (low, high) in zip(decisions, before, strict=True):
        if window.frees(index[0], index[-1]):
            program.compiled.set_bounds(variable, low, high)
        else:
            program.compiled.fix(variable, float(round(point[variable])))
