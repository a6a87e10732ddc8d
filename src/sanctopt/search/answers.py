"""Branching on what the types answer: the revelation pattern first, the rungs last.

The responses of the patron and the concessions of the regime are few; starts are many. Once it is held what
every type answers, who is told apart when is known, the ties between types are plain equalities, and the
linear relaxation is nearly exact. So this search branches on *paths* (`sanctopt.search.paths`), best bound
first: on the stage of each type's concession, then on the answers stage by stage. A node's bound is the least
of

- its parent's, and what the duals of its parent's relaxation say of it;
- the sum over types of prior times the relaxation of that type alone, held to its own path, or the type's own
  proven optimum: a table that many nodes share;
- the relaxation of the whole program held to all paths.

Where all paths are complete, what is left is a program of rungs alone, in which types share everything until
they part. HiGHS solves it, with the best ladder so far as a floor. It is closed by its proof, or if time ends
it, comes back later with its bound and twice the time.

For a single type the same tree needs no table. Proof that nothing is lost: every ladder brings about one
complete path for each type, each branching lists all ways to go on, and a node is closed only if its bound
proves that it holds no ladder better than the best by more than the gap asked for, or where a limit other
than time ended its program of rungs: then the search ends as limited. So a ladder, wherever it was found,
that is worth more than the bound of all nodes contradicts the solver, and is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from pyomo.common.collections import ComponentMap

from sanctopt.errors import SolverError
from sanctopt.ladder import Information
from sanctopt.outcome import Outcome
from sanctopt.search.branching import Branching
from sanctopt.search.held import HeldProgram, Leeway
from sanctopt.search.open_nodes import NOTHING, UNBOUNDED, Node, OpenNodes
from sanctopt.search.paths import PathIndex, held, opening_paths, played_paths
from sanctopt.search.plunge import plunge
from sanctopt.search.program import TIGHT, Program, above, check_bound, do_nothing
from sanctopt.search.surroundings import Surroundings
from sanctopt.search.task import Caps, Clock, Finding, Ladders, SearchResult, Task
from sanctopt.search.tidy import tidied
from sanctopt.search.type_table import TypeTable, own_parts
from sanctopt.solution import Phase
from sanctopt.solver_options import Limit, Reason, SolveReport
from sanctopt.solver_relaxation import Relaxation, RelaxationTimeError
from sanctopt.standard_form import StandardForm

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

ASTRAY = 0.1
"""A dive ends where its bound is below that of other open nodes by this share; next time by twice as much."""

LEAF_TUNING = {
    "mip_heuristic_run_rens": False,
    "mip_heuristic_run_feasibility_jump": False,
    "mip_heuristic_run_root_reduced_cost": False,
    "mip_lp_age_limit": 2,
    "mip_pool_age_limit": 5,
    "mip_pool_soft_limit": 500,
}
"""HiGHS's options for a program of rungs: these heuristics cost more there than they find, and cuts that bind
no more are dropped soon."""

TIDY_SHARE = 0.02
"""Share of the time left for leaving out what a new best ladder does not need."""

TOLD_SECONDS = 0.1
"""Time between two signs of progress."""


class AnswerTree:
    """The search over paths of all types of a task."""

    def __init__(
        self,
        task: Task,
        purpose: str,
        clock: Clock,
        caps: Caps,
        ladders: Ladders = Ladders.NEARBY,
    ) -> None:
        self._task, self._purpose, self._clock, self._caps = task, purpose, clock, caps
        self._ladders = ladders
        self._alone = len(task.game.patron_types) == 1
        self._phases: list[Phase] = []
        self._told = 0.0
        self.best: Finding | None = None
        self._open = OpenNodes()
        self._branched = self._strayed = 0
        self._limit = Limit.NONE
        self._refused = False

    def run(self, start: Finding | Outcome | None) -> SearchResult:
        """Search until the gap is closed or a limit is met."""
        with self._programs():
            self.best = start = self._program.claim(start) if isinstance(start, Outcome) else start
            idle = do_nothing(self._task)
            if start is None and self._task.allows(idle):
                self.best = self._program.claim(idle)
            try:
                reason, limit = self._search(start)
                self._tell(last=True)
            except RelaxationTimeError:
                reason, limit = Reason.LIMIT, Limit.TIME
            except KeyboardInterrupt:
                self._task.stop.set()
                reason, limit = Reason.INTERRUPTED, Limit.INTERRUPT
            return self._result(reason, limit)

    @contextmanager
    def _programs(self) -> Iterator[None]:
        """The programs with their relaxations, for as long as the search lasts."""
        with ExitStack() as stack:

            def opened(form: StandardForm) -> HeldProgram:
                relaxation = stack.enter_context(Relaxation(form, self._task.options.seed))
                return HeldProgram(self._program.model, form, self._program.unit, relaxation)

            self._program = Program.build(self._task, self._purpose, tight=True)
            self._index = PathIndex(self._program.model)
            self._around = Surroundings(self._program, f"{self._purpose}, nearby")
            self._whole = opened(self._program.compiled.form)
            own = {} if self._alone else own_parts(self._program)
            self._table = TypeTable(self._task, self._caps, {name: opened(own[name]) for name in own})
            self._branching = Branching(self._task, self._whole, self._table, self._clock)
            yield

    def _search(self, start: Finding | None) -> tuple[Reason, Limit]:
        task = self._task
        root = self._branching.node(UNBOUNDED, opening_paths(self._program.model.frame))
        if root is not None:
            self._push(root)
        self._open.begun = True
        if root is not None:
            with self._open.taken() as node:
                self._push_relaxed(node)
        if self._dives:
            self._first_ladders(start)
        patience, last_dive = FIRST_DIVE, self._whole.solves
        while self._open:
            if task.stop.is_set():
                return Reason.INTERRUPTED, Limit.INTERRUPT
            self._tell()
            if self._done():
                break
            if self._clock.left() == 0.0:
                return Reason.LIMIT, Limit.TIME
            if self._at_node_limit():
                return Reason.LIMIT, Limit.NODES
            with self._open.taken() as node:
                if node.point is None:
                    self._push_relaxed(node)
                elif self._branching.complete(node):
                    before = self.best
                    self._look(node, min(1.0, FIRST_SLICE * 2.0**node.looks))
                    if self._leapt(before):
                        self._near_best()
                else:
                    diving = self._dives and not self._alone
                    if diving and self._whole.solves - last_dive >= patience:
                        before = self.best
                        if self._dive(node):
                            self._leapt(before)
                            self._near_best()
                        patience, last_dive = patience + FIRST_DIVE, self._whole.solves
                    else:
                        self._branch(node)
        if self._limit is not Limit.NONE:
            return Reason.LIMIT, self._limit
        if self.best is None and self._refused:
            raise SolverError(
                f"{self._purpose}: the program refuses an allowed ladder; please report this case"
            )
        return (Reason.INFEASIBLE if self.best is None else Reason.OPTIMAL), Limit.NONE

    @property
    def _dives(self) -> bool:
        return self._ladders is not Ladders.ON_THE_WAY

    def _at_node_limit(self) -> bool:
        limit = self._task.options.node_limit
        return limit is not None and self._branched >= limit

    def _result(self, reason: Reason, limit: Limit) -> SearchResult:
        bound = self._bound()
        phases = (*self._phases, *self._around.phases(), self._phase(bound, reason, limit))
        if reason is Reason.INFEASIBLE:
            return SearchResult(None, None, reason, limit, phases)
        if self.best is not None:
            check_bound(self.best.worth, self._open.bound(), f"{self._purpose}: a ladder")
            if self.best.gap(bound) <= self._task.options.relative_gap:
                reason, limit = Reason.OPTIMAL, Limit.NONE
            elif reason is Reason.OPTIMAL and (bound is None or above(bound, self._enough())):
                reason = Reason.LIMIT
        return SearchResult(self.best, bound, reason, limit, phases)

    def _bound(self) -> float | None:
        """Proven bound: of all nodes that are open or in hand, and of all that were closed."""
        bound = self._open.bound()
        if self.best is not None:
            bound = max(bound, self.best.worth)
        return None if bound in (UNBOUNDED, NOTHING) else bound

    def _enough(self) -> float:
        """Nodes with a bound up to this need no further look."""
        if self.best is None:
            return NOTHING
        value = self.best.worth
        return value + self._task.options.relative_gap * abs(value)

    def _done(self) -> bool:
        return self._open.first.bound <= self._enough()

    def _push(self, node: Node) -> None:
        self._open.push(node, self._enough())

    def _push_relaxed(self, node: Node) -> None:
        relaxed = self._branching.relaxed(node, self._enough())
        if relaxed is not None:
            self._push(relaxed)

    def _worthwhile(self, node: Node) -> Leeway:
        """The leeway of a node without what is worth no more than the floor: that counts as closed."""
        floor = self._floor()
        leeway = self._branching.worthwhile(node, floor)
        if leeway is not node.leeway:
            self._open.close(min(floor, node.bound))
        return leeway

    def _branch(self, node: Node) -> None:
        self._branched += 1
        for _, child in self._branching.children(node, self._worthwhile(node)):
            self._push(child)

    def _dive(self, node: Node) -> bool:
        """Branch on and on, where bounds are largest and the relaxation takes most, down to a ladder.

        Tells whether the dive came to its end.
        """
        reached: Node | None = node
        while reached is not None and not self._branching.complete(reached):
            strays = self._astray(reached)
            if strays or self._task.stop.is_set() or self._clock.left() == 0.0 or self._at_node_limit():
                self._strayed += strays
                self._push(reached)
                return False
            reached = self._branch_and_follow(reached)
        if reached is None:
            return True
        if self._open.proven(reached.paths) < UNBOUNDED:  # the start's own paths: they were looked at
            self._push(reached)
        else:
            self._look(reached, DIVE_SLICE)
        return True

    def _astray(self, node: Node) -> bool:
        """Whether a dive is so far below other open nodes that these are worth a look first."""
        if self.best is None or not self._open:
            return False
        others = self._open.first.bound
        return others - node.bound > ASTRAY * (1 + self._strayed) * abs(others)

    def _branch_and_follow(self, node: Node) -> Node | None:
        """Branch; the child that a dive goes on with is relaxed, and not among the open nodes."""
        self._branched += 1
        children = [
            (child.bound, weight, child)
            for weight, child in self._branching.children(node, self._worthwhile(node))
        ]
        followed: Node | None = None
        for _, _, child in sorted(children, key=lambda choice: choice[:2], reverse=True):
            if followed is not None:
                self._push(child)
            elif (relaxed := self._branching.relaxed(child, self._enough())) is None:
                continue
            elif relaxed.bound > self._enough():
                followed = relaxed
            else:
                self._push(relaxed)
        return followed

    def _first_ladders(self, start: Finding | None) -> None:
        """Look for ladders early: near the start, where the relaxation points, with the answers left open."""
        alone = self._alone
        concedes = bool(self._program.model.frame.conceding)
        before = self.best
        if alone and concedes:
            self._sketch()
        if start is not None and self._unfinished():
            played = played_paths(start.outcome, self._task.past)
            tying = {name: path.tying(self._task.game.stages) for name, path in played.items()}
            near = self._branching.node(UNBOUNDED, tying)
            if near is not None:
                self._solved(near, DIVE_SLICE)
        arrived = True
        if self._unfinished():
            with self._open.taken() as node:
                arrived = self._dive(node)
        if arrived and self._unfinished():
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
        if self.best is None or self._ladders is not Ladders.NEARBY or self._at_node_limit():
            return
        if self._task.information is Information.OPEN_LOOP:
            return
        self._keep(self._around.search(self.best.outcome, self._clock, self._bound()), None)

    def _unfinished(self) -> bool:
        return bool(self._open) and not self._done()

    def _sketch(self) -> None:
        """Look for a ladder with the answers left open; of a conceding type, one with the best concession."""
        if not self._unfinished() or self._at_node_limit():
            return
        if not all(path.decided for path in self._open.first.paths):
            with self._open.taken() as root:
                self._branch(root)
        if not self._unfinished():
            return
        node, whole = self._open.first, self._program
        values = held(whole.model, self._branching.by_type(node.paths))
        program = replace(whole, compiled=whole.compiled.restricted(values, ComponentMap()))
        report = self._settled(program, self._clock.left(SKETCH_SHARE), {}, SKETCH_NODES)
        if report.reason is not Reason.INFEASIBLE and report.dual_bound is not None:
            self._open.prove(node.paths, min(node.bound, whole.unit * report.dual_bound))

    def _look(self, node: Node, share: float) -> None:
        """Solve the program of rungs of complete paths; keep it open if its share of the time ends it.

        The last node that is left has all the time.
        """
        report = self._solved(node, share if self._open else 1.0)
        bound = self._open.proven(node.paths)
        if report.limit in (Limit.TIME, Limit.INTERRUPT):
            self._push(replace(node, bound=bound, looks=node.looks + 1))
            return
        self._open.close(bound)
        if report.reason is Reason.LIMIT:  # of its nodes: to look again would end in the same place
            self._limit = report.limit

    def _solved(self, node: Node, share: float) -> SolveReport:
        """Solve the program of rungs of complete paths in a share of the time; the tree hears its bound."""
        program, floor = self._rungs_alone(node), self._floor()
        report = self._settled(program, self._clock.left(share), LEAF_TUNING)
        if report.limit is Limit.TIME and not report.has_solution:
            self._plunge(program, share)
        bound = node.bound
        if report.reason is Reason.INFEASIBLE:
            bound = min(bound, floor)
        elif report.dual_bound is not None:
            bound = min(bound, program.unit * report.dual_bound)
        self._open.prove(node.paths, bound)
        return report

    def _plunge(self, program: Program, share: float) -> None:
        """Look for a ladder in a program of rungs in which HiGHS has found none in its time."""
        if plunge(program, Clock(self._clock.left(share))).found:
            settled = program.settle()
            self._keep(settled.outcome, settled.finding)

    def _floor(self) -> float:
        """Value that a ladder must have to be looked for."""
        if self.best is None:
            return NOTHING
        value = self.best.worth
        return value + FLOOR_SHARE * self._task.options.relative_gap * abs(value)

    def _rungs_alone(self, node: Node) -> Program:
        """The program of complete paths, with the best ladder as a floor."""
        whole = self._program
        settled = self._whole.settled(self._worthwhile(node))
        fixed, tied = self._index.settled_by(self._branching.by_type(node.paths), settled)
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
        """Keep a ladder that was played, if it is the best; tells whether it is allowed.

        While there is a gap, an incumbent may do what it does not need: that is left out, if time allows.
        """
        if not self._task.allows(outcome):
            return False
        if self.best is not None and self._task.worth(outcome) <= self.best.worth:
            return True
        lean = outcome
        if self._task.information is not Information.OPEN_LOOP:
            lean = tidied(self._task, outcome, Clock(self._clock.left(TIDY_SHARE)))
        # Where ties go another way than the paths that were held, the whole program knows the ladder.
        found = finding if lean is outcome and finding is not None else self._program.claimed(lean)
        self._refused |= found is None and finding is None
        self.best = found or finding or self.best
        return True

    def _tell(self, last: bool = False) -> None:
        """Tell of progress, about ten times a second, and of where the search ends."""
        now = self._task.clock.seconds()
        if now - self._told < TOLD_SECONDS and not last:
            return
        self._told, value = now, None if self.best is None else self.best.worth
        self._task.tell(self._purpose, value, self._bound(), self._branched)

    def _phase(self, bound: float | None, reason: Reason, limit: Limit) -> Phase:
        """The tree itself as a phase: nodes branched, iterations of its relaxations."""
        return self._program.search_phase(
            self._purpose,
            (reason, limit),
            (None if self.best is None else self.best.worth, bound),
            (self._branched, self._whole.iterations + self._table.iterations),
            self._clock.seconds(),
        )


def answer_tree(
    task: Task,
    purpose: str,
    seconds: float | None,
    start: Finding | Outcome | None = None,
    caps: Caps | None = None,
    ladders: Ladders = Ladders.NEARBY,
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
    start : Finding, Outcome or None
        A ladder of the task to start from, played; None to start from doing nothing.
    caps : Caps, optional
        Proven bounds of types and of groups of types.
    ladders : Ladders
        How to look for ladders; the less, the more time the bound has.
    """
    return AnswerTree(task, purpose, Clock(seconds), caps or Caps(), ladders).run(start)
