"""One program: build it, start it, solve it, play what it finds, and ask it for the value of what was played."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pyomo.common.collections import ComponentMap

from sanctopt.errors import SolverError
from sanctopt.formulation.build import build_program
from sanctopt.formulation.frame import Frame
from sanctopt.formulation.readout import Values, binary_values, read_responses, read_rungs
from sanctopt.game import Game
from sanctopt.ladder import History, Information, Ladder, Rung
from sanctopt.outcome import Outcome
from sanctopt.play import play
from sanctopt.search.task import AGREE, Finding, SearchProgress, SearchResult, Task
from sanctopt.solution import Phase
from sanctopt.solver import CompiledProgram, compile_program
from sanctopt.solver_options import Progress, Reason, SolveOptions, SolveReport

TIGHT = {"mip_feasibility_tolerance": 1e-9, "primal_feasibility_tolerance": 1e-9}
"""HiGHS's tolerances for a second try, if the first let a response or an exit pass that is not quite one."""

CAP_SLACK = 1e-9
"""Limits from a proven bound are widened by this share, so that rounding cannot cut off the bound itself."""


@dataclass(frozen=True)
class Program:
    """A compiled program and the task that it was built for."""

    task: Task
    purpose: str
    model: Any
    compiled: CompiledProgram

    @classmethod
    def build(
        cls,
        task: Task,
        purpose: str,
        types: tuple[str, ...] = (),
        pools: tuple[tuple[str, ...], ...] = (),
    ) -> Program:
        """Build and compile the program of a task; ``types`` and ``pools`` restrict it (`Frame`)."""
        names = types or tuple(patron.name for patron in task.game.patron_types)
        model = build_program(Frame(task.game, names, task.information, task.margin, pools))
        return cls(task, purpose, model, compile_program(model))

    @property
    def unit(self) -> float:
        """Millions of US dollars per unit of the program."""
        return float(self.model.frame.unit)

    def limit_value(self, type_name: str, *, lower: float | None = None, upper: float | None = None) -> None:
        """Confine the payoff against a type (millions of US dollars) by what is known of it."""
        low = None if lower is None else (lower - CAP_SLACK * max(1.0, abs(lower))) / self.unit
        high = None if upper is None else (upper + CAP_SLACK * max(1.0, abs(upper))) / self.unit
        self.compiled.set_bounds(self.model.type_value[type_name], low, high)

    def concede_in(self, type_name: str, stage: int | None) -> None:
        """Make a type's regime concede in a stage, and in no other; None: never."""
        for t in self.model.frame.stages:
            self.compiled.fix(self.model.concedes[type_name, t], float(t == stage))

    def follow(self, rungs: Mapping[History, Rung], history: History) -> None:
        """Hold a pool's program to what was done and answered on the way to a public history."""
        frame: Frame = self.model.frame
        (voice,) = frame.voices
        families = ("starts", "threats", "engagements", "mitigations", "offers")
        for stage, response in enumerate(history):
            rung = rungs[history[:stage]]
            chosen = {
                "starts": {(s.entity, s.instrument) for s in rung.starts},
                "threats": {(s.entity, s.instrument) for s in rung.threat},
                "engagements": {(name,) for name in rung.engagements},
                "mitigations": {(name,) for name in rung.mitigations},
                "offers": {()} if rung.offer else set(),
            }
            for family in families:
                for index, variable in getattr(self.model, family).items():
                    if index[-1] == stage:
                        self.compiled.fix(variable, float(index[1:-1] in chosen[family]))
            self.compiled.fix(self.model.takes[voice, response, stage], 1.0)
            for name in frame.conceding:
                self.compiled.fix(self.model.concedes[name, stage], 0.0)

    def solve(
        self,
        seconds: float | None,
        warm_start: Values | None = None,
        node_limit: int | None = None,
        highs: Mapping[str, Any] | None = None,
    ) -> SolveReport:
        """Solve under the task's options; progress goes to the task's listener."""
        task = self.task
        options = replace(
            task.options,
            time_limit_seconds=seconds,
            node_limit=node_limit if node_limit is not None else task.options.node_limit,
            highs={**task.options.highs, **(highs or {})},
        )

        def tell(progress: Progress) -> None:
            if task.on_progress is None:
                return
            incumbent = None if progress.incumbent is None else self.unit * progress.incumbent
            bound = None if progress.dual_bound is None else self.unit * progress.dual_bound
            now, gap = task.clock.seconds(), progress.relative_gap
            task.on_progress(SearchProgress(self.purpose, now, incumbent, bound, gap, progress.nodes))

        report = self.compiled.solve(options, on_progress=tell, warm_start=warm_start)
        if report.reason in (Reason.ERROR, Reason.UNBOUNDED):
            raise SolverError(f"{self.purpose}: HiGHS ended with {report.reason.value}: {report.message}")
        return report

    def phase(self, report: SolveReport, note: str = "") -> Phase:
        """A report of this program, in millions of US dollars."""
        incumbent = None if report.incumbent is None else self.unit * report.incumbent
        bound = None if report.dual_bound is None else self.unit * report.dual_bound
        return Phase(self.purpose + note, replace(report, incumbent=incumbent, dual_bound=bound))

    def rungs(self) -> dict[History, Rung]:
        """The rungs of the incumbent."""
        return read_rungs(self.model, self._incumbent())

    def _incumbent(self) -> Values:
        return ComponentMap((variable, self.compiled.value(variable)) for variable in self.compiled.columns)

    def complete(self, outcome: Outcome) -> Values | None:
        """The program's best point that does what was played; None if the program has none."""
        fixed = binary_values(self.model, outcome)
        before = [self.compiled.bounds(variable) for variable in fixed]
        if any(not low <= value <= high for (low, high), value in zip(before, fixed.values(), strict=True)):
            return None
        for variable, value in fixed.items():
            self.compiled.fix(variable, value)
        report = self.compiled.solve(SolveOptions(relative_gap=0.0))
        point: Values = ComponentMap()
        if report.has_solution:
            point.update(self._incumbent().items())
            point.update(fixed.items())  # exactly whole, where HiGHS may be off by a rounding
        for variable, (low, high) in zip(fixed, before, strict=True):
            self.compiled.set_bounds(variable, low, high)
        return point or None

    def settle(self) -> Finding:
        """Play the ladder of the incumbent, and ask the program for the value of what was played.

        The incumbent need not make the best of its own ladder while there is a gap: it may hold prices that
        are not yet optimal, or leave out an exit. If playing gives less than the program claims, the
        claim stands and the certificate will tell.
        """
        game, information = self.task.game, self.task.information
        values = self._incumbent()
        taken = read_responses(self.model, values)
        claimed = self.unit * self.compiled.evaluate(self.compiled.values).objective
        ladder = Ladder.of(game, information, read_rungs(self.model, values).values())
        outcome = play(game, ladder)
        if outcome.value >= claimed - AGREE * max(1.0, abs(claimed)):
            ladder = ladder_of(game, information, outcome)
            outcome = play(game, ladder)
            point = self.complete(outcome)
            if point is not None:
                claimed = self.unit * self.compiled.evaluate(point).objective
                return Finding(outcome.ladder, outcome, claimed, outcome.responses)
        return Finding(ladder, outcome, claimed, taken)


def solve_program(
    task: Task,
    purpose: str,
    seconds: float | None,
    start: Outcome | None = None,
    caps: Mapping[str, float] | None = None,
) -> SearchResult:
    """Solve the exact program of a task, from a played ladder and under caps on the payoff per type."""
    program = Program.build(task, purpose)
    for name, cap in (caps or {}).items():
        program.limit_value(name, upper=cap)
    if start is None and task.margin == 0:
        start = do_nothing(task.game, task.information)
    warm_start = None if start is None else program.complete(start)
    if start is not None and warm_start is None:
        raise SolverError(f"{purpose}: the program refuses a ladder that the rules allow; please report this case")
    report = program.solve(seconds, warm_start)
    if report.reason is Reason.INFEASIBLE and task.margin == 0:
        raise SolverError(f"{purpose}: HiGHS calls it infeasible, but doing nothing is always allowed")
    finding = program.settle() if report.has_solution else None
    if finding is not None and not agrees(finding):
        report = program.solve(seconds, warm_start, highs=TIGHT)
        finding = program.settle() if report.has_solution else None
    phase = program.phase(report)
    return SearchResult(finding, phase.report.dual_bound, report.reason, report.limit, (phase,))


def agrees(finding: Finding) -> bool:
    """Tell whether program and replay agree on the value."""
    value = finding.outcome.value
    return abs(value - finding.claimed_value) <= AGREE * max(1.0, abs(value))


def do_nothing(game: Game, information: Information) -> Outcome:
    """The ladder that is always allowed, played: it does nothing, ever."""
    idle = play(game, Ladder.of(game, Information.ADAPTIVE, [Rung(())]))
    return play(game, ladder_of(game, information, idle))


def ladder_of(game: Game, information: Information, outcome: Outcome) -> Ladder:
    """The ladder that does what was done, rungs off the plan included."""
    rungs = {step.history: step.rung for step in outcome.steps}
    return Ladder.of(game, information, rungs.values())
