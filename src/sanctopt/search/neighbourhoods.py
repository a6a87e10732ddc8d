"""Better ladders near a good one: most of it is held, HiGHS plans a part of it anew.

Large-neighbourhood search (Shaw 1998, CP-98, 417-431). A *neighbourhood* of a ladder frees

- ``stages``: the rungs of a few stages that follow each other;
- ``entities``: what is done against some entities, in all stages;
- ``branch``: the rungs that follow a public history;
- ``history``: the same, and what is answered there;
- ``replies``: the rungs of a few stages, and what is answered from there on.

In the first three every type answers as it did, so types are tied where they were together, and the program
is one of rungs alone (`sanctopt.search.paths`); in the others, types that went the same way stay together.
What a freed rung cannot touch keeps its value. A floor asks for better ladders only. Nothing is proven here:
what comes out is played, so presolve may be on.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace

from pyomo.common.collections import ComponentMap

from sanctopt.formulation.frame import Frame
from sanctopt.formulation.readout import Values
from sanctopt.ladder import History
from sanctopt.outcome import Outcome
from sanctopt.search.paths import RUNG, Path, PathIndex, Paths, played_paths, together
from sanctopt.search.program import Program
from sanctopt.search.task import Clock, Task
from sanctopt.search.workers import each
from sanctopt.solution import Phase
from sanctopt.solver_options import Limit, Reason, SolveReport, relative_gap

KINDS = ("stages", "entities", "branch", "history", "replies")

LEAST_GAIN = 1e-5
"""A ladder must be better by this share of its value to be looked for."""

SLICE_SECONDS, SLICE_SHARE = 6.0, 0.2
"""Most seconds for one neighbourhood, and most of the time left."""

FIRST_SIZE, LEAST_SIZE = 0.25, 0.02
"""Shares of all rungs (or entities) that a neighbourhood frees at first, and at least."""

SHRINK, GROW = 0.7, 1.4
"""What the size is multiplied by when time ended a neighbourhood, and when it was searched to its end."""

DRAWS = 20
"""Draws of a neighbourhood of one kind that was not yet searched to its end, before it is given up."""

TUNING = {
    "presolve": "on",
    "mip_allow_restart": False,
    "mip_lp_age_limit": 2,
    "mip_pool_age_limit": 5,
    "mip_pool_soft_limit": 500,
    "mip_heuristic_run_rens": False,
    "mip_heuristic_run_feasibility_jump": False,
}
"""HiGHS's options for small programs that prove nothing: less time for cuts, none for restarts."""


@dataclass(frozen=True)
class Neighbourhood:
    """What is planned anew.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    name : Hashable
        What tells it from others of its kind.
    stages : range
        Stages whose decisions are free.
    entities : frozenset of str or None
        Entities against which they are; None for all.
    history : tuple of str
        Public history after which they are.
    """

    kind: str
    name: Hashable
    stages: range
    entities: frozenset[str] | None = None
    history: History = ()

    @property
    def answers(self) -> bool:
        """Whether what is answered is free, from the first free stage on."""
        return self.kind in ("history", "replies")


class NeighbourhoodSearch:
    """Rounds of neighbourhoods of the best ladder, as many at a time as there are threads."""

    def __init__(self, program: Program, purpose: str, best: Outcome) -> None:
        """``program`` is that of all types of a game."""
        task = program.task
        self.best = best
        self._task, self._purpose = task, purpose
        self._random = random.Random(task.options.seed)
        self.program = program
        self._index = PathIndex(self.program.model)
        self._owners = ComponentMap(
            (variable, owner)
            for (family, owner, _), variables in self._index.places.items()
            for variable in variables.values()
            if family in RUNG
        )
        self._entities = sorted({start.entity for start in task.game.eligible})
        self._size = dict.fromkeys(KINDS, FIRST_SIZE)
        self._closed: set[tuple[str, Hashable]] = set()
        self._turns: list[str] = []
        self.reports: list[SolveReport] = []
        self._timed = False

    def run(
        self,
        clock: Clock,
        bound: float | None = None,
        rounds: int | None = None,
        on_better: Callable[[Outcome], None] = lambda better: None,
    ) -> None:
        """Search until the time is over, the gap under a proven bound is closed, or nothing is left to try.

        Parameters
        ----------
        clock : Clock
            Time for it.
        bound : float or None
            Proven bound of all ladders (millions of US dollars); None if none is known.
        rounds : int or None
            Most rounds; None for no limit.
        on_better : callable
            Told of each better ladder.
        """
        try:
            point = self.point()
            while point is not None and rounds != 0 and clock.left() != 0.0 and not self._task.stop.is_set():
                chosen, gap = self._choice(), relative_gap(self._task.worth(self.best), bound)
                if not chosen or gap <= self._task.options.relative_gap:
                    return
                if self._round(chosen, point, clock):
                    on_better(self.best)
                    point = self.point()
                rounds = None if rounds is None else rounds - 1
            self._timed |= clock.left() == 0.0
        except KeyboardInterrupt:
            self._task.stop.set()

    def move_to(self, best: Outcome) -> None:
        """Look near another ladder from now on, with the sizes that have proved right."""
        if best is not self.best:
            self.best = best
            self._closed.clear()

    def point(self) -> Values | None:
        """The program's point of the best ladder, by the smaller program in which its answers are held."""
        fixed, tied = self._index.settled_by(played_paths(self.best, self._task.past))
        compiled = self.program.compiled.restricted(fixed, tied)
        return replace(self.program, compiled=compiled).complete(self.best)

    def _choice(self) -> list[Neighbourhood]:
        """One neighbourhood for each thread, the kinds in turn; fewer if nothing is left to try."""
        chosen: list[Neighbourhood] = []
        for _ in range(self._task.options.threads * len(KINDS)):
            if not self._turns:
                self._turns = self._random.sample(KINDS, len(KINDS))
            drawn = self._draw(self._turns.pop())
            if drawn is not None:
                chosen.append(drawn)
            if len(chosen) == self._task.options.threads:
                break
        return chosen

    def phase(self) -> Phase:
        """All programs together, as one phase."""
        timed = self._timed or any(report.limit is Limit.TIME for report in self.reports)
        ended = (Reason.LIMIT, Limit.TIME if timed else Limit.NONE)
        if self._task.stop.is_set():
            ended = Reason.INTERRUPTED, Limit.INTERRUPT
        return self.program.search_phase(
            f"{self._purpose}, {len(self.reports)} neighbourhoods",
            ended,
            (self._task.worth(self.best), None),
            (sum(r.nodes for r in self.reports), sum(r.simplex_iterations for r in self.reports)),
            sum(r.solve_seconds for r in self.reports),
        )

    def _round(self, chosen: list[Neighbourhood], point: Values, clock: Clock) -> bool:
        """Search some neighbourhoods of the best ladder; tells whether there is a better one now."""
        best, worth, seconds = self.best, self._task.worth(self.best), clock.left(SLICE_SHARE)
        seconds = SLICE_SECONDS if seconds is None else min(SLICE_SECONDS, seconds)
        paths = played_paths(best, self._task.past)

        def one(inner: Task, near: Neighbourhood) -> tuple[SolveReport, Outcome | None]:
            program = replace(self.restricted(near, paths, point, worth), task=inner)
            report = program.solve(seconds, tuning=TUNING)
            return report, program.settle().outcome if report.has_solution else None

        for near, (report, outcome) in zip(chosen, each(self._task, one, chosen), strict=True):
            self.reports.append(report)
            better = outcome is not None and self._task.worth(outcome) > worth
            if outcome is not None and better and self._task.allows(outcome):
                self.best, worth = outcome, self._task.worth(outcome)
            if report.reason is Reason.LIMIT and not better:
                self._size[near.kind] = max(LEAST_SIZE, SHRINK * self._size[near.kind])
            elif report.reason is not Reason.LIMIT:
                self._closed.add((near.kind, near.name))
                self._size[near.kind] = min(1.0, GROW * self._size[near.kind])
        if self.best is best:
            return False
        self._closed.clear()
        return True

    def _draw(self, kind: str) -> Neighbourhood | None:
        """A neighbourhood of a kind that was not searched to its end yet; None if none is drawn."""
        for _ in range(DRAWS):
            drawn = self.drawn(kind)
            if (kind, drawn.name) not in self._closed:
                return drawn
        return None

    def drawn(self, kind: str) -> Neighbourhood:
        """A neighbourhood of a kind, of its present size."""
        stages, size = self._task.game.stages, self._size[kind]
        if kind in ("stages", "replies"):
            begin = self._task.past.stage
            length = max(1, round(size * (stages - begin)))
            first = self._random.randrange(begin, stages - length + 1)
            return Neighbourhood(kind, (first, length), range(first, first + length))
        if kind == "entities":
            count = min(len(self._entities), max(1, round(size * len(self._entities))))  # there may be none
            chosen = frozenset(self._random.sample(self._entities, count))
            return Neighbourhood(kind, chosen, range(self._task.past.stage, stages), chosen)
        sizes: dict[History, int] = {}
        reached = {step.history for step in self.best.steps}
        for history in reached:
            sizes[history] = sum(other[: len(history)] == history for other in reached)
        least = min(sizes.values())
        fitting = sorted(h for h in sizes if sizes[h] <= max(least, size * len(reached)))
        history = self._random.choice(fitting)
        return Neighbourhood(kind, history, range(len(history), stages), None, history)

    def restricted(self, near: Neighbourhood, paths: Paths, point: Values, value: float) -> Program:
        """The program of a neighbourhood, whose ladders are better than a value.

        ``paths`` and ``point`` are those of the best ladder.
        """
        fixed, tied = self._answers_free(near, paths) if near.answers else self._index.settled_by(paths)
        self._hold(near, paths, point, fixed, tied)
        compiled = self.program.compiled.restricted(fixed, tied)
        floor = (value + LEAST_GAIN * abs(value)) / self.program.unit
        compiled.add_row(self.program.model.worth_terms, floor, "floor")
        return replace(self.program, purpose=self._purpose, compiled=compiled)

    def _answers_free(self, near: Neighbourhood, paths: Paths) -> tuple[Values, Values]:
        """What is held and what is tied if those after a history may answer in another way."""
        model, first, stages = self.program.model, near.stages.start, self._task.game.stages
        free = {name for name, path in paths.items() if _meets(path, near.history)}
        leader = self._leaders(free, paths)
        values: Values = ComponentMap()
        for (name, response, stage), variable in model.takes.items():
            if name not in free or stage < first:
                values[variable] = float(paths[name].given[stage : stage + 1] == (response,))
        for (name, stage), variable in model.concedes.items():
            if name not in free or stage < first:
                values[variable] = float(paths[name].concedes == stage)
        for (one, other, stage), variable in model.apart.items():
            if leader[one] == leader[other] or stage <= first or not free >= {one, other}:
                values[variable] = float(together(paths, one, other, stages) <= stage)
        tied: Values = ComponentMap()
        for (family, owner, stage), variables in self._index.places.items():
            leading = self._index.places.get((family, leader[owner], stage), {})
            if leader[owner] != owner:
                tied.update((v, leading[key]) for key, v in variables.items() if key in leading)
        for family in (model.takes, model.concedes):
            for (name, *rest), variable in family.items():
                if leader[name] != name and variable not in values and (leader[name], *rest) in family:
                    tied[variable] = family[leader[name], *rest]
        return values, tied

    def _leaders(self, free: set[str], paths: Paths) -> dict[str, str]:
        """For each type the one that it stays with: the first that goes the same way and concedes alike."""
        frame: Frame = self.program.model.frame

        def way(name: str) -> Hashable:
            patron = frame.game.patron_type[name]
            return paths[name], patron.reservation if name in frame.conceding else None

        first = {way(name): name for name in reversed(frame.types)}
        return {name: first[way(name)] if name in free else name for name in frame.types}

    def _hold(self, near: Neighbourhood, paths: Paths, point: Values, fixed: Values, tied: Values) -> None:
        """Hold the decisions that are not free, and what none that is free touches."""
        frame: Frame = self.program.model.frame
        freed: set[tuple[str, int]] = set()
        leads: dict[tuple[str, int], str] = {}
        for (family, owner, stage), variables in self._index.places.items():
            if family not in RUNG:
                continue
            for key, variable in variables.items():
                if variable in tied:
                    leads[owner, stage] = self._owners[tied[variable]]
                elif variable not in fixed:
                    if _is_free(near, paths, owner, stage, key):
                        freed.add((owner, stage))
                    else:
                        fixed[variable] = point[variable]
        first = {}
        for name in frame.types:
            copies = ((frame.copy(name, stage), stage) for stage in frame.stages)
            met = (stage for owner, stage in copies if (leads.get((owner, stage), owner), stage) in freed)
            first[name] = next(met, frame.game.stages)
        for (family, owner, stage), variables in self._index.places.items():
            if family not in RUNG and stage < first[owner]:
                fixed.update((v, point[v]) for v in variables.values() if v not in tied and v not in fixed)
        for variable, lead in list(tied.items()):
            if lead in fixed:
                fixed[variable] = fixed[lead]
                del tied[variable]


def _meets(path: Path, history: History) -> bool:
    """Whether a type meets the rung of a public history."""
    return len(path.given) > len(history) and path.given[: len(history)] == history


def _is_free(near: Neighbourhood, paths: Paths, owner: str, stage: int, key: tuple[str, ...]) -> bool:
    """Whether a decision is planned anew; the key of a start or a threat is its entity and instrument."""
    if stage not in near.stages:
        return False
    if near.entities is not None:
        return len(key) < len(("entity", "instrument")) or key[0] in near.entities
    return not near.history or _meets(paths[owner], near.history)
