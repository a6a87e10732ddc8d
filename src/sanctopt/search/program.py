"""One program: build it, start it, solve it, play what it finds, ask it for the value of what was played."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pyomo.common.collections import ComponentMap

from sanctopt.errors import LadderError, SolverError
from sanctopt.formulation.build import build_program
from sanctopt.formulation.frame import Frame
from sanctopt.formulation.readout import (
    Values,
    binary_values,
    read_concessions,
    read_responses,
    read_rungs,
)
from sanctopt.formulation.rungs import chosen_keys
from sanctopt.game import Game
from sanctopt.ladder import History, Information, Ladder, Rung
from sanctopt.outcome import Outcome
from sanctopt.search.forced import Forced, forced_rows, overlooked
from sanctopt.search.task import AGREE, Clock, Finding, SearchProgress, SearchResult, Task
from sanctopt.solution import Phase
from sanctopt.solver import CompiledProgram, compile_program
from sanctopt.solver_options import Limit, Progress, Reason, SolveOptions, SolveReport, relative_gap
from sanctopt.standard_form import FloatArray

TIGHT = {"mip_feasibility_tolerance": 1e-8, "primal_feasibility_tolerance": 1e-9}
"""HiGHS's tolerances for a second try, if the first let a response or an exit pass that is not quite one."""

FLOOR_SLACK = 1e-9
"""A floor is lower by this share of a ladder's worth, so that rounding cannot cut off the ladder itself."""


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
        *,
        tight: bool = False,
    ) -> Program:
        """Build and compile the program of a task; ``types`` and ``pools`` restrict it (`Frame`).

        ``tight`` adds rows that make its relaxation closer (`Frame.tight`).
        """
        names = types or tuple(patron.name for patron in task.game.patron_types)
        model = build_program(
            Frame(task.game, names, task.information, task.margin, pools, task.aims, task.past, tight)
        )
        return cls(task, purpose, model, compile_program(model))

    @property
    def unit(self) -> float:
        """Millions of US dollars, or of the objective's own unit, per unit of the program's objective."""
        return self.model.frame.unit_of(self.task.aims.objective)  # type: ignore[no-any-return]

    def at_least(self, type_name: str, worth: float) -> None:
        """Ask for what counts against a type (millions of US dollars) to be no less."""
        counted = self.model.counted[0][type_name]
        _, high = self.compiled.bounds(counted)
        self.compiled.set_bounds(counted, (worth - FLOOR_SLACK * max(1.0, abs(worth))) / self.unit, high)

    def concede_in(self, type_name: str, stage: int | None) -> None:
        """Make a type's regime concede in a stage, and in no other; None: never."""
        for t in self.model.frame.planned:
            self.compiled.fix(self.model.concedes[type_name, t], float(t == stage))

    def follow(self, rungs: Mapping[History, Rung], history: History) -> bool:
        """Hold a pool's program to what was done and answered on the way to a public history.

        Returns False if it has no such way: a bound may have ruled out a response for want of the margin.
        """
        frame: Frame = self.model.frame
        (voice,) = frame.voices
        if any((voice, response, stage) not in self.model.takes for stage, response in enumerate(history)):
            return False
        for stage, response in enumerate(history):
            for family, chosen in chosen_keys(rungs[history[:stage]]).items():
                for index, variable in getattr(self.model, family).items():
                    if index[-1] == stage:
                        self.compiled.fix(variable, float(index[1:-1] in chosen))
            self.compiled.fix(self.model.takes[voice, response, stage], 1.0)
            for name in frame.conceding:
                self.compiled.fix(self.model.concedes[name, stage], 0.0)
        return True

    def solve(
        self,
        seconds: float | None,
        warm_start: Values | None = None,
        node_limit: int | None = None,
        highs: Mapping[str, Any] | None = None,
        tuning: Mapping[str, Any] | None = None,
    ) -> SolveReport:
        """Solve under the task's options; progress goes to the task's listener.

        ``tuning`` gives way to the user's own options of HiGHS, ``highs`` does not.
        """
        task = self.task
        options = replace(
            task.options,
            time_limit_seconds=0.0 if task.stop.is_set() else seconds,
            node_limit=min((n for n in (node_limit, task.options.node_limit) if n is not None), default=None),
            highs={**(tuning or {}), **task.options.highs, **(highs or {})},
        )

        def tell(progress: Progress) -> None:
            if task.stop.is_set():
                raise KeyboardInterrupt  # `Runner` makes an interrupted solve of it
            if task.on_progress is None:
                return
            incumbent = None if progress.incumbent is None else self.unit * progress.incumbent
            bound = None if progress.dual_bound is None else self.unit * progress.dual_bound
            now, gap = task.clock.seconds(), progress.relative_gap
            task.on_progress(SearchProgress(self.purpose, now, incumbent, bound, gap, progress.nodes))

        report = self.compiled.solve(options, on_progress=tell, warm_start=warm_start)
        if report.reason in (Reason.ERROR, Reason.UNBOUNDED):
            raise SolverError(f"{self.purpose}: HiGHS ended with {report.reason.value}: {report.message}")
        if report.limit is Limit.INTERRUPT:  # also if HiGHS ended by itself at that moment
            task.stop.set()
        if task.stop.is_set() and report.reason is Reason.LIMIT:
            report = replace(report, reason=Reason.INTERRUPTED, limit=Limit.INTERRUPT)
        return report

    def phase(self, report: SolveReport, note: str = "") -> Phase:
        """A report of this program, in millions of US dollars."""
        incumbent = None if report.incumbent is None else self.unit * report.incumbent
        bound = None if report.dual_bound is None else self.unit * report.dual_bound
        return Phase(self.purpose + note, replace(report, incumbent=incumbent, dual_bound=bound))

    def search_phase(
        self,
        purpose: str,
        ended: tuple[Reason, Limit],
        values: tuple[float | None, float | None],
        counts: tuple[int, int],
        seconds: float,
    ) -> Phase:
        """A search over programs like this one, as one phase.

        Parameters
        ----------
        purpose : str
            Name of the phase.
        ended : tuple of Reason and Limit
            Why the search ended.
        values : tuple of float or None
            Worth of the best ladder, and the bound of all (millions of US dollars).
        counts : tuple of int
            Nodes of branch and bound, and simplex iterations, of all its solves.
        seconds : float
            Time of the search.
        """
        form = self.compiled.form
        (reason, limit), (worth, bound), (nodes, iterations) = ended, values, counts
        report = SolveReport(
            reason=reason,
            limit=limit,
            message="",
            incumbent=worth,
            dual_bound=bound,
            relative_gap=relative_gap(worth, bound),
            nodes=nodes,
            simplex_iterations=iterations,
            rows=len(form.row_lower),
            columns=len(form.cost),
            integer_columns=int(form.integer.sum()),
            nonzeros=int(form.matrix.nnz),
            compile_seconds=0.0,
            solve_seconds=seconds,
            contradicted=False,
        )
        return Phase(purpose, report)

    def incumbent(self) -> Values:
        """Values of all variables at the incumbent, constants included."""
        return self._by_variable(self.compiled.values)

    def complete(self, outcome: Outcome) -> Values | None:
        """The program's best point that does what was played; None if the program has none."""
        point = self._point(outcome)
        return None if point is None else self._by_variable(point)

    def _by_variable(self, point: FloatArray) -> Values:
        values: Values = ComponentMap(self.compiled.form.constants.items())
        values.update((variable, float(point[column])) for variable, column in self.compiled.columns.items())
        return values

    def _point(self, outcome: Outcome) -> FloatArray | None:
        """The same as an array of columns."""
        fixed = binary_values(self.model, outcome)
        if fixed is None:
            return None
        with self.compiled.holding(fixed) as possible:
            if not possible:
                return None
            report = self._solved_held()
            if not report.has_solution:  # HiGHS was caught calling such a program infeasible that is not
                report = self._solved_held({"presolve": "on"})
            return self.compiled.values_within_bounds() if report.has_solution else None

    def _solved_held(self, highs: Mapping[str, Any] | None = None) -> SolveReport:
        """The program with its binaries held, which takes no time; a Ctrl-C stops the search after it."""
        options = SolveOptions(relative_gap=0.0, highs=highs or {})
        report = self.compiled.solve(options)
        if report.limit is Limit.INTERRUPT:
            self.task.stop.set()
            report = self.compiled.solve(options)
        return report

    def settle(self) -> Settlement:
        """Play the ladder of the incumbent, and ask the program for the value of what was played.

        While there is a gap, the incumbent need not make the best of its own ladder: it may hold prices
        that are not yet optimal, or leave out an exit. The program may also have claimed more than the
        game gives; `Settlement` says so.
        """
        values = self.incumbent()
        taken = read_responses(self.model, values)
        rungs = read_rungs(self.model, values)
        claimed = self.unit * self.compiled.evaluate(self.compiled.values).objective
        begin = self.task.past.stage
        wanted = {name: given[begin:] for name, given in taken.items()} if self.task.aims.limits else {}
        try:
            outcome = replayed(self.task, rungs.values(), wanted)
        except LadderError:  # a limit on rungs that HiGHS's tolerance let pass: nothing is claimed rightly
            return Settlement(do_nothing(self.task), None, math.inf, ())
        excess = claimed - self.task.worth(outcome)
        forced: list[Forced] = []
        if excess <= AGREE * max(1.0, abs(claimed)):
            excess = 0.0
        allowed = self.task.allows(outcome)
        if excess > 0.0 or not allowed:  # a concession overlooked may break a limit, and cost nothing else
            forced = overlooked(self.task.game, rungs, taken, read_concessions(self.model, values), begin)
        finding = self.claimed(outcome) if allowed else None
        return Settlement(outcome, finding, excess, tuple(forced))

    def claimed(self, outcome: Outcome) -> Finding | None:
        """What the program says of a ladder that was played; None if it has no such point."""
        point = self._point(outcome)
        if point is None:
            return None
        value = self.unit * self.compiled.evaluate(point).objective
        return Finding(outcome.ladder, outcome, self.task.worth(outcome), value, outcome.responses)

    def claim(self, outcome: Outcome) -> Finding:
        """`claimed` of a ladder that the program must have."""
        finding = self.claimed(outcome)
        if finding is None:
            raise SolverError(
                f"{self.purpose}: the program refuses a ladder that the rules allow; please report this case"
            )
        return finding

    def remind(self, forced: Iterable[Forced]) -> None:
        """Cut off the points that overlook a concession."""
        for case in forced:
            for number, (terms, least) in enumerate(forced_rows(self.model, case)):
                self.compiled.add_row(terms, least, f"forced[{case.stage},{number}]")


@dataclass(frozen=True)
class Settlement:
    """What became of an incumbent when its ladder was played.

    Attributes
    ----------
    outcome : Outcome
        The ladder, played.
    finding : Finding or None
        The ladder; None if played it lacks the margin asked for or breaks a limit, or goes where the program
        cannot follow.
    excess : float
        How much more the program claimed than the game gives (millions of US dollars); 0 within rounding,
        infinite if the rules do not allow the ladder: then ``outcome`` is that of doing nothing.
    forced : tuple of Forced
        Concessions that the program overlooked.
    """

    outcome: Outcome
    finding: Finding | None
    excess: float
    forced: tuple[Forced, ...]

    @property
    def agrees(self) -> bool:
        """Whether the program's claim holds."""
        return self.excess == 0.0 and self.finding is not None


def solve_until_settled(
    program: Program,
    seconds: float | None,
    best: Finding | None = None,
    note: str = "",
    tuning: Mapping[str, Any] | None = None,
) -> SearchResult:
    """Solve a program, again and again if need be, until its claim holds when played.

    A claim that does not hold is cut off: a concession that was overlooked by its row, anything else by
    asking HiGHS for its tightest tolerances. Every bound on the way holds, as the program only ever claims
    too much.
    """
    task, clock = program.task, Clock(seconds)
    phases: list[Phase] = []
    highs: Mapping[str, Any] = {}
    bound: float | None = None
    while True:
        warm_start = None if best is None else program.complete(best.outcome)
        report = program.solve(clock.left(), warm_start, highs=highs, tuning=tuning)
        phases.append(program.phase(report, note))
        reason, limit = report.reason, report.limit
        proven = phases[-1].report.dual_bound
        bound = proven if bound is None else bound if proven is None else min(bound, proven)
        if not report.has_solution:
            break
        settled = program.settle()
        found = settled.finding
        if found is not None and (best is None or found.worth > best.worth):
            best = found
        if settled.agrees or reason is not Reason.OPTIMAL:
            break
        if settled.forced:
            program.remind(settled.forced)
        elif highs:
            raise SolverError(
                f"{program.purpose}: the program claims what its ladder does not give "
                f"({settled.excess!r} more, or a margin); please report this case"
            )
        else:
            highs = TIGHT
    if best is not None and best.gap(bound) <= task.options.relative_gap:
        reason, limit = Reason.OPTIMAL, Limit.NONE
    return SearchResult(best, bound, reason, limit, tuple(phases))


def above(value: float, bound: float) -> bool:
    """Tell whether a ladder's value contradicts a bound by more than rounding."""
    return value > bound + AGREE * max(1.0, abs(value))


def check_bound(worth: float, bound: float | None, whose: str = "a ladder") -> None:
    """Raise a `SolverError` if what was played is worth more than a bound that was proven of it."""
    if bound is not None and above(worth, bound):
        raise SolverError(
            f"{whose} worth {worth!r} stands above the proven bound {bound!r}; please report this case"
        )


def do_nothing(task: Task) -> Outcome:
    """The ladder that is always allowed, played: it does nothing, ever."""
    idle = task.play(Ladder.of(task.game, Information.ADAPTIVE, [Rung(())]))
    return task.play(ladder_of(task.game, task.information, idle))


def known_ladders(task: Task) -> list[Outcome]:
    """The ladders known to the task, played; those that its game or its limits do not allow are left out."""
    found = []
    for ladder in task.known_ladders:
        for prefer in (None, _expected(ladder)) if task.aims.limits else (None,):
            try:
                outcome = replayed(task, _rungs(task, ladder, prefer), prefer)
            except LadderError:  # made for another game: this one does not allow it
                break
            if task.allows(outcome):
                found.append(outcome)
                break
    return found


def _rungs(task: Task, ladder: Ladder, prefer: Mapping[str, tuple[str, ...]] | None) -> list[Rung]:
    """Rungs of a ladder; one sequence for all histories becomes a rung for each that is reached."""
    if ladder.information is Information.OPEN_LOOP and task.information is not Information.OPEN_LOOP:
        here = Ladder.of(task.game, Information.OPEN_LOOP, (rung.decisions() for rung in ladder.rungs))
        ladder = ladder_of(task.game, task.information, task.play(here, prefer))
    return [replace(rung.decisions(), known_type="") for rung in ladder.rungs]


def _expected(ladder: Ladder) -> dict[str, tuple[str, ...]]:
    """Responses that a ladder's rungs expect of each type, in order of stages."""
    taken: dict[str, tuple[str, ...]] = {}
    for rung in sorted(ladder.rungs, key=lambda rung: rung.stage):
        for entry in rung.expected:
            taken[entry.type] = (*taken.get(entry.type, ()), entry.response)
    return taken


def replayed(
    task: Task, rungs: Iterable[Rung], prefer: Mapping[str, tuple[str, ...]] | None = None
) -> Outcome:
    """Rungs played, and played again as a ladder that holds all that was done."""
    outcome = task.play(Ladder.of(task.game, task.information, rungs), prefer)
    return task.play(ladder_of(task.game, task.information, outcome), prefer)


def ladder_replayed(task: Task, ladder: Ladder) -> Outcome:
    """The same with what a ladder does, of this game or of one like it."""
    return replayed(task, (rung.decisions() for rung in ladder.rungs))


def ladder_of(game: Game, information: Information, outcome: Outcome) -> Ladder:
    """The ladder that does what was done, rungs off the plan included."""
    knows = information is Information.CLAIRVOYANT
    rungs = {
        (step.type if knows else "", step.history): replace(step.rung, known_type=step.type if knows else "")
        for step in outcome.steps
    }
    return Ladder.of(game, information, rungs.values())
