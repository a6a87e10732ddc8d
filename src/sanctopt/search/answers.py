"""Branching on what the types answer: the revelation pattern first, the rungs last.

The responses of the patron and the concessions of the regime are few; starts are many. Once it is held what
every type answers, who is told apart when is known, the ties between types are plain equalities, and the
linear relaxation is nearly exact. So this search branches on *paths* (`sanctopt.search.paths`), best bound
first: on the stage of each type's concession, then on the answers stage by stage. A node's bound is the least
of

- its parent's;
- the sum over types of prior times the relaxation of that type alone, held to its own path, or the type's own
  proven optimum: a table that many nodes share;
- the relaxation of the whole program held to all paths.

Where all paths are complete, what is left is a program of rungs alone, in which types share everything until
they part. HiGHS solves it, with the best ladder so far as a floor. It is closed by its proof, or if time ends
it, comes back later with its bound and twice the time.

For a single type the same tree needs no table. Proof that nothing is lost: every ladder brings about one
complete path for each type, each branching lists all ways to go on, and a node is closed only if its bound
proves that it holds no ladder better than the best by more than the gap asked for.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from pyomo.common.collections import ComponentMap

from sanctopt.errors import SolverError
from sanctopt.ladder import Information
from sanctopt.outcome import Outcome
from sanctopt.search.held import HeldProgram
from sanctopt.search.neighbourhoods import TUNING
from sanctopt.search.paths import Path, Paths, held, longer, opening_paths, played_paths
from sanctopt.search.program import TIGHT, Program, do_nothing
from sanctopt.search.surroundings import Surroundings
from sanctopt.search.task import Clock, Finding, SearchProgress, SearchResult, Task
from sanctopt.solution import Phase
from sanctopt.solver_options import Limit, Reason, SolveReport, relative_gap
from sanctopt.solver_relaxation import Basis, Relaxation

FLOOR_SHARE = 0.9
"""A program of rungs looks for ladders better than the best by this part of the gap asked for."""

FIRST_SLICE = 0.2
"""Share of the time for the first look at a program of rungs; each further one takes twice as long."""

DIVE_SLICE = 0.1
"""Share of the time left for the program of rungs at the end of a dive."""

SKETCH_SHARE, SKETCH_NODES = 0.6, 20
"""Share of a type's time, and branch-and-bound nodes, for a program that leaves its answers open."""

FIRST_DIVE = 10
"""Relaxations of the whole program before the next dive for a better ladder; then so many more each time."""

LEAF_TUNING = {"mip_heuristic_run_rens": False, "mip_heuristic_run_feasibility_jump": False}
"""HiGHS's options for a program of rungs: these heuristics cost more there than they find."""

TOLD_SECONDS = 0.1
"""Time between two signs of progress."""

NONE_OPEN = float("-inf")


@dataclass(order=True)
class _Node:
    """An open node; the smallest is the next: largest bound first, then the longest paths."""

    priority: tuple[float, int, int]
    bound: float = field(compare=False)
    paths: tuple[Path, ...] = field(compare=False)
    basis: Basis | None = field(compare=False, default=None)
    relaxed: bool = field(compare=False, default=False)
    looks: int = field(compare=False, default=0)


class AnswerTree:
    """The search over paths of all types of a task."""

    def __init__(
        self, task: Task, purpose: str, clock: Clock, caps: Mapping[str, float], *, ladders: bool = True
    ) -> None:
        self._task, self._purpose, self._clock, self._caps = task, purpose, clock, caps
        self._ladders = ladders
        self._prior = {patron.name: patron.prior for patron in task.game.patron_types}
        self._types = tuple(self._prior)
        self._stages = task.game.stages
        self._count = itertools.count()
        self._table: dict[tuple[str, Path], float | None] = {}
        self._alone: dict[str, HeldProgram] = {}
        self._phases: list[Phase] = []
        self._told = 0.0
        self.best: Finding | None = None
        self._open: list[_Node] = []
        self._hand: list[_Node] = []
        self._closed = NONE_OPEN
        self._branched = 0
        self._proven: dict[tuple[Path, ...], float] = {}
        self._limit = Limit.NONE

    def run(self, start: Finding | None) -> SearchResult:
        """Search until the gap is closed or a limit is met."""
        self.best = start
        with self._programs():
            idle = do_nothing(self._task)
            if start is None and self._task.allows(idle):
                self.best = self._whole.program.claim(idle)
            try:
                reason, limit = self._search(start)
            except TimeoutError:
                reason, limit = Reason.LIMIT, Limit.TIME
            except KeyboardInterrupt:
                self._task.stop.set()
                reason, limit = Reason.INTERRUPTED, Limit.INTERRUPT
            return self._result(reason, limit)

    @contextmanager
    def _programs(self) -> Iterator[None]:
        """The programs with their relaxations, for as long as the search lasts."""
        with ExitStack() as stack:

            def opened(task: Task, purpose: str) -> HeldProgram:
                program = Program.build(task, purpose, tight=True)
                seed = task.options.seed
                return HeldProgram(program, stack.enter_context(Relaxation(program.compiled.form, seed)))

            self._whole = opened(self._task, self._purpose)
            self._around = Surroundings(self._whole.program, f"{self._purpose}, nearby")
            if len(self._types) > 1:
                for patron in self._task.game.patron_types:
                    purpose = f"type {patron.name} known"
                    self._alone[patron.name] = opened(self._task.alone(patron.name), purpose)
            yield

    def _search(self, start: Finding | None) -> tuple[Reason, Limit]:
        task = self._task
        opening = opening_paths(self._whole.program.model.frame)
        root = tuple(opening[name] for name in self._types)
        self._push(_Node((0.0, 0, 0), float("inf"), root))
        with self._taken() as node:
            self._relax(node)
        if self._ladders:
            self._first_ladders(start)
        patience, last_dive = FIRST_DIVE, self._whole.solves
        while self._open:
            if task.stop.is_set():
                return Reason.INTERRUPTED, Limit.INTERRUPT
            self._tell()
            if self._done():
                return Reason.OPTIMAL, Limit.NONE
            if self._clock.left() == 0.0:
                return Reason.LIMIT, Limit.TIME
            if self._at_node_limit():
                return Reason.LIMIT, Limit.NODES
            with self._taken() as node:
                if not node.relaxed:
                    self._relax(node)
                elif all(path.complete(self._stages) for path in node.paths):
                    before = self.best
                    self._look(node)
                    if self._leapt(before):
                        self._near_best()
                else:
                    diving = self._ladders and len(self._types) > 1
                    if diving and self._whole.solves - last_dive >= patience:
                        before = self.best
                        self._dive(node)
                        self._leapt(before)
                        self._near_best()
                        patience, last_dive = patience + FIRST_DIVE, self._whole.solves
                    self._branch(node)
        if self._limit is not Limit.NONE:
            return Reason.LIMIT, self._limit
        return (Reason.INFEASIBLE if self.best is None else Reason.OPTIMAL), Limit.NONE

    def _at_node_limit(self) -> bool:
        limit = self._task.options.node_limit
        return limit is not None and self._branched >= limit

    @contextmanager
    def _taken(self) -> Iterator[_Node]:
        """The next node, out of the tree until what follows from it is in.

        Ctrl-C may fall on any line. A node that was not dealt with to the end stays in hand, and counts.
        """
        self._hand = self._open[:1]
        heapq.heappop(self._open)
        yield self._hand[0]
        self._hand = []

    def _result(self, reason: Reason, limit: Limit) -> SearchResult:
        bound = self._bound()
        phases = (*self._phases, *self._around.phases(), self._phase(bound, reason, limit))
        if reason is Reason.INFEASIBLE:
            return SearchResult(None, None, reason, limit, phases)
        if self.best is not None and self.best.gap(bound) <= self._task.options.relative_gap:
            reason, limit = Reason.OPTIMAL, Limit.NONE
        return SearchResult(self.best, bound, reason, limit, phases)

    def _bound(self) -> float | None:
        """Proven bound: of all nodes that are open or in hand, and of all that were closed."""
        values = [node.bound for node in (*self._open, *self._hand)]
        values.append(self._closed)
        if self.best is not None:
            values.append(self.best.worth)
        bound = max(values)
        return None if bound in (float("inf"), NONE_OPEN) else bound

    def _enough(self) -> float:
        """Nodes with a bound up to this need no further look."""
        if self.best is None:
            return NONE_OPEN
        value = self.best.worth
        return value + self._task.options.relative_gap * abs(value)

    def _done(self) -> bool:
        return self._open[0].bound <= self._enough()

    def _push(self, node: _Node) -> None:
        node.bound = min(node.bound, self._proven.get(node.paths, float("inf")))
        if node.bound <= self._enough():
            self._closed = max(self._closed, node.bound)
            return
        depth = sum(len(path.given) + path.decided for path in node.paths)
        node.priority = (-node.bound, -depth, next(self._count))
        heapq.heappush(self._open, node)

    def _node_of(self, paths: Paths) -> _Node:
        return _Node((0.0, 0, 0), float("inf"), tuple(paths[name] for name in self._types), relaxed=True)

    def _paths(self, node: _Node) -> dict[str, Path]:
        return dict(zip(self._types, node.paths, strict=True))

    def _by_type(self, paths: tuple[Path, ...]) -> float | None:
        """Worth of what each type alone can give on its path; None if one cannot go it."""
        if not self._alone:  # the whole program is that of a type alone
            return float("inf")
        values = {}
        for name, path in zip(self._types, paths, strict=True):
            if (name, path) not in self._table:
                found = self._alone[name].relax({name: path}, None, self._clock.left())
                self._table[name, path] = None if found is None else found[0]
            value = self._table[name, path]
            if value is None:
                return None
            values[name] = min(value, self._caps.get(name, float("inf")))
        if float("inf") in values.values():
            return float("inf")
        return self._task.aims.criterion.worth(values, self._prior)

    def _relax(self, node: _Node) -> None:
        """Bound a node by the relaxation of the whole program; an impossible one goes."""
        found = self._whole.relax(self._paths(node), node.basis, self._clock.left())
        if found is not None:
            bound, relaxed = found
            self._push(replace(node, bound=min(node.bound, bound), basis=relaxed.basis, relaxed=True))

    def _next(self, paths: tuple[Path, ...]) -> int:
        """The type to branch on: concessions first, then the shortest path, then the likeliest type."""

        def key(number: int) -> tuple[bool, int, float]:
            path = paths[number]
            return path.decided, len(path.given), -self._prior[self._types[number]]

        waiting = [n for n in range(len(paths)) if not paths[n].complete(self._stages)]
        return min(waiting, key=key)

    def _children(self, node: _Node) -> Iterator[tuple[str, Path, _Node]]:
        number = self._next(node.paths)
        name = self._types[number]
        for path in longer(self._whole.program.model, name, node.paths[number]):
            paths = (*node.paths[:number], path, *node.paths[number + 1 :])
            value = self._by_type(paths)
            if value is not None:
                child = _Node((0.0, 0, 0), min(node.bound, value), paths, basis=node.basis)
                yield name, path, child

    def _branch(self, node: _Node) -> None:
        self._branched += 1
        for _, _, child in self._children(node):
            self._push(child)

    def _dive(self, node: _Node) -> None:
        """Follow the children of the largest bounds, and what the relaxation takes most of, to a ladder."""
        found = self._whole.relax(self._paths(node), node.basis, self._clock.left())
        while found is not None and not all(path.complete(self._stages) for path in node.paths):
            if self._task.stop.is_set() or self._clock.left() == 0.0:
                return
            _, relaxed = found
            children = [
                (child.bound, self._whole.weight(relaxed, name, path), child)
                for name, path, child in self._children(node)
            ]
            found = None
            for _, _, child in sorted(children, key=lambda choice: choice[:2], reverse=True):
                found = self._whole.relax(self._paths(child), relaxed.basis, self._clock.left())
                if found is not None:
                    node = child
                    break
        if found is not None and node.paths not in self._proven:
            self._try(replace(node, bound=found[0], relaxed=True))

    def _first_ladders(self, start: Finding | None) -> None:
        """Look for ladders early: near the start, where the relaxation points, with the answers left open."""
        alone = len(self._types) == 1
        concedes = bool(self._whole.program.model.frame.conceding)
        before = self.best
        if alone and concedes:
            self._sketch()
        if start is not None and self._unfinished():
            self._try(self._node_of(played_paths(start.outcome, self._task.past)))
        if self._unfinished():
            self._dive(self._open[0])
        if self._unfinished():
            self._near_best()
        if alone and not concedes and self.best is before:
            self._sketch()

    def _leapt(self, before: Finding | None) -> bool:
        """Whether the best ladder is far above that of before; its surroundings then get their time."""
        bound = self._bound()
        if self.best is None or before is None or bound is None:
            return False
        return self._around.leapt(before.worth, self.best.worth, bound)

    def _near_best(self) -> None:
        """Look for better ladders near the best one."""
        if self.best is None or self._task.information is Information.OPEN_LOOP or self._at_node_limit():
            return
        self._keep(self._around.search(self.best.outcome, self._clock, self._bound()), None)

    def _unfinished(self) -> bool:
        return bool(self._open) and not self._done()

    def _sketch(self) -> None:
        """Look for a ladder with the answers left open; of a conceding type, one with the best concession."""
        if not self._unfinished() or self._at_node_limit():
            return
        if not all(path.decided for path in self._open[0].paths):
            with self._taken() as root:
                self._branch(root)
        if not self._unfinished():
            return
        node, whole = self._open[0], self._whole.program
        values = held(whole.model, self._paths(node))
        program = replace(whole, compiled=whole.compiled.restricted(values, ComponentMap()))
        report = self._settled(program, self._clock.left(SKETCH_SHARE), {}, SKETCH_NODES)
        if report.reason is not Reason.INFEASIBLE and report.dual_bound is not None:
            self._proven[node.paths] = min(node.bound, whole.unit * report.dual_bound)

    def _look(self, node: _Node) -> None:
        """Solve the program of rungs of complete paths; keep it open if time ended it."""
        program = self._rungs_alone(node)
        floor = self._floor()
        share = min(1.0, FIRST_SLICE * 2.0**node.looks)
        report = self._settled(program, self._clock.left(share), LEAF_TUNING)
        bound = node.bound
        if report.reason is Reason.INFEASIBLE:
            bound = min(bound, floor)
        elif report.dual_bound is not None:
            bound = min(bound, program.unit * report.dual_bound)
        self._proven[node.paths] = bound
        if report.limit in (Limit.TIME, Limit.INTERRUPT):
            self._push(replace(node, bound=bound, looks=node.looks + 1))
            return
        self._closed = max(self._closed, bound)
        if report.reason is Reason.LIMIT:  # of its nodes: to look again would end in the same place
            self._limit = report.limit

    def _try(self, node: _Node) -> None:
        """Look for a ladder on complete paths that are still in the tree.

        For several types nothing is proven, so presolve may be on; for one, the tree hears of what is proven.
        """
        program, alone = self._rungs_alone(node), len(self._types) == 1
        report = program.solve(self._clock.left(DIVE_SLICE), tuning=LEAF_TUNING if alone else TUNING)
        self._phases.append(program.phase(report))
        if not report.has_solution:
            return
        settled = program.settle()
        self._keep(settled.outcome, settled.finding)
        if alone and report.dual_bound is not None:
            self._proven[node.paths] = min(node.bound, program.unit * report.dual_bound)

    def _floor(self) -> float:
        """Value that a ladder must have to be looked for."""
        if self.best is None:
            return NONE_OPEN
        value = self.best.worth
        return value + FLOOR_SHARE * self._task.options.relative_gap * abs(value)

    def _rungs_alone(self, node: _Node) -> Program:
        """The program of complete paths, with the best ladder as a floor."""
        whole = self._whole.program
        fixed, tied = self._whole.index.settled_by(self._paths(node))
        purpose = f"{self._purpose}, answers held"
        program = replace(whole, purpose=purpose, compiled=whole.compiled.restricted(fixed, tied))
        if self.best is not None:
            program.compiled.add_row(whole.model.worth_terms, self._floor() / whole.unit, "floor")
        return program

    def _settled(
        self,
        program: Program,
        seconds: float | None,
        tuning: Mapping[str, Any],
        node_limit: int | None = None,
    ) -> SolveReport:
        """Solve a program of rungs until its claim holds when played, and keep the ladder if it is better."""
        clock = Clock(seconds)
        highs: Mapping[str, Any] = {}
        while True:
            report = program.solve(clock.left(), node_limit=node_limit, highs=highs, tuning=tuning)
            self._phases.append(program.phase(report))
            if not report.has_solution:
                return report
            settled = program.settle()
            kept = self._keep(settled.outcome, settled.finding)
            if (kept and settled.excess == 0.0) or report.reason is not Reason.OPTIMAL:
                return report
            if settled.forced:
                program.remind(settled.forced)
            elif highs:
                raise SolverError(
                    f"{self._purpose}: the program claims what its ladder does not give "
                    f"({settled.excess!r} more, or a margin); please report this case"
                )
            else:
                highs = TIGHT

    def _keep(self, outcome: Outcome, finding: Finding | None) -> bool:
        """Keep a ladder that was played, if it is the best; tells whether it is allowed."""
        if not self._task.allows(outcome):
            return False
        if self.best is None or self._task.worth(outcome) > self.best.worth:
            # Where ties go another way than the paths that were held, the whole program knows the ladder.
            found = finding or self._whole.program.claimed(outcome)
            self.best = found or self.best
        return True

    def _tell(self) -> None:
        """Tell of progress, about ten times a second."""
        task, now = self._task, self._task.clock.seconds()
        if task.on_progress is None or task.stop.is_set() or now - self._told < TOLD_SECONDS:
            return
        self._told = now
        value = None if self.best is None else self.best.worth
        bound = self._open[0].bound
        shown = None if bound == float("inf") else bound
        gap = relative_gap(value, shown)
        task.on_progress(SearchProgress(self._purpose, now, value, shown, gap, self._branched))

    def _phase(self, bound: float | None, reason: Reason, limit: Limit) -> Phase:
        """The tree itself as a phase: nodes branched, iterations of its relaxations."""
        value = None if self.best is None else self.best.worth
        form = self._whole.program.compiled.form
        relaxed = (self._whole, *self._alone.values())
        report = SolveReport(
            reason=reason,
            limit=limit,
            message="",
            incumbent=value,
            dual_bound=bound,
            relative_gap=relative_gap(value, bound),
            nodes=self._branched,
            simplex_iterations=sum(each.iterations for each in relaxed),
            rows=len(form.row_lower),
            columns=len(form.cost),
            integer_columns=int(form.integer.sum()),
            nonzeros=int(form.matrix.nnz),
            compile_seconds=0.0,
            solve_seconds=self._clock.seconds(),
            contradicted=False,
        )
        return Phase(self._purpose, report)


def answer_tree(
    task: Task,
    purpose: str,
    seconds: float | None,
    start: Finding | None = None,
    caps: Mapping[str, float] | None = None,
    *,
    ladders: bool = True,
) -> SearchResult:
    """Solve the game of a task by branching on answers.

    Parameters
    ----------
    task : Task
        Of one type or several, adaptive or open loop.
    purpose : str
        Name of the program in progress and phases.
    seconds : float or None
        Time for it.
    start : Finding or None
        A ladder of the task to start from; None to start from doing nothing.
    caps : mapping of str to float, optional
        Proven bound of the payoff against each type (millions of US dollars).
    ladders : bool
        Whether to look for ladders on the way; without, all time goes to the bound, and the ladders are those
        of complete paths.
    """
    tree = AnswerTree(task, purpose, Clock(seconds), caps or {}, ladders=ladders)
    return tree.run(start)
