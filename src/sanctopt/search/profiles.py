"""A bound from what types can answer to the same rungs: branching on the revelation pattern.

Types see the same rungs until they answer differently. A *profile* says what each type answers in the first
stages, some further than others. It is consistent if some ladder brings those answers about. The known types'
bound lets each type have its own favourite rungs; this one keeps to consistent profiles:

    V(ladder) <= max over consistent profiles r of  sum over θ of p(θ) U_θ(r_θ)

U_θ(r_θ) bounds the payoff against θ, known, if its first answers are r_θ. Proof: the answers on a ladder are
a consistent profile; the rungs that θ meets are a plan against θ alone with these answers, so its payoff is
at most U_θ(r_θ).

The maximum is a small assignment problem with conflicts, which are found one by one. A bound U is first that
of a linear relaxation, and made exact where the best profile rests on it. Then the answers of types that are
not yet told apart are branched on, one stage further: the nodes are the known types' own small programs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from scipy.optimize import Bounds as Box
from scipy.optimize import LinearConstraint, milp

from sanctopt.game import Game
from sanctopt.ladder import Information
from sanctopt.search.known import alone_with
from sanctopt.search.program import Program
from sanctopt.search.task import Clock, Task
from sanctopt.solution import Phase
from sanctopt.solver_options import Reason

Entry = tuple[str, tuple[str, ...]]
"""A type and its first answers; an answer of ENDED means that its game has ended before."""

ENDED = ""

SETTLED = 0.25
"""A bound is exact enough if it was proven to this part of the gap asked for."""

ENTRY_SHARE = 0.3
"""Share of the time left for making one bound exact."""

WORTHWHILE = 0.02
"""Branching goes on while a round, an exact bound for each type, closes this part of what is left open."""

MEETING_NODES = 20
"""Branch-and-bound nodes for finding out whether answers agree."""

MOST_EXACT = 8
"""Bounds made exact for each type, on average: with no time limit, branching ends at that."""


@dataclass(frozen=True)
class ProfileBound:
    """The best consistent profile, and what follows from it.

    Attributes
    ----------
    answers : dict of str to tuple of str
        First answers of each type in the best profile.
    value : float
        Upper bound of the value of every ladder (millions of US dollars).
    phases : tuple of Phase
        Programs solved for it.
    """

    answers: dict[str, tuple[str, ...]]
    value: float
    phases: tuple[Phase, ...]


def profile_bound(task: Task, caps: dict[str, float], enough: float, clock: Clock) -> ProfileBound | None:
    """Bound the value of every ladder by consistent profiles.

    Parameters
    ----------
    task : Task
        An adaptive task.
    caps : dict of str to float
        Proven bound of the payoff against each type (millions of US dollars).
    enough : float
        A bound as low as this ends the search.
    clock : Clock
        Time for all of it.

    Returns
    -------
    ProfileBound or None
        None if it was interrupted, or if no profile is consistent (a margin that no ladder has).
    """
    game = task.game
    tree = _Tree(task, caps)
    best: ProfileBound | None = None
    before, rounds = sum(game.patron_type[name].prior * cap for name, cap in caps.items()), 0
    while not task.stop.is_set():
        found = _best_profile(game, tree.bounds, tree.conflicts)
        if found is None:
            return None
        chosen, value = found
        conflict = tree.conflict(chosen, clock)
        if conflict:
            tree.conflicts.append(conflict)
            continue
        best = ProfileBound(dict(chosen), value, tree.phases())
        left = clock.left()
        spent = len(best.phases) >= MOST_EXACT * len(game.patron_types)
        if value <= enough or spent or (left is not None and left <= 0):
            break
        if len(best.phases) >= (rounds + 1) * len(game.patron_types):
            if before - value < WORTHWHILE * (before - enough):
                break
            before, rounds = value, rounds + 1
        doubtful = [entry for entry in chosen if entry not in tree.exact]
        if doubtful:
            heaviest = max(doubtful, key=lambda entry: game.patron_type[entry[0]].prior)
            tree.make_exact(heaviest, clock.until(ENTRY_SHARE))
            continue
        together = _together(game, chosen)
        if not together:
            break
        for entry in together:
            tree.branch(entry, clock)
    return best


def _together(game: Game, chosen: tuple[Entry, ...]) -> list[Entry]:
    """The entries of types that are not told apart yet, of the shortest such history."""
    groups: dict[tuple[str, ...], list[Entry]] = {}
    for entry in chosen:
        groups.setdefault(entry[1], []).append(entry)
    tied = [
        group
        for answers, group in groups.items()
        if len(group) > 1 and len(answers) < game.stages and ENDED not in answers
    ]
    return min(tied, key=lambda group: len(group[0][1]), default=[])


def _best_profile(
    game: Game, bounds: dict[Entry, float], conflicts: list[tuple[Entry, ...]]
) -> tuple[tuple[Entry, ...], float] | None:
    """The profile of the largest bound without a conflict, and a proven bound of all; None if there is none.

    Without presolve, as every bound (decision 0006); the dual bound, so that no tolerance makes it too low.
    """
    entries = list(bounds)
    types = [patron.name for patron in game.patron_types]
    if any(all(name != entry[0] for entry in entries) for name in types):
        return None
    weight = np.array([game.patron_type[entry[0]].prior * bounds[entry] for entry in entries])
    scale = max(1.0, float(np.abs(weight).max()))
    rows = np.zeros((len(types) + len(conflicts), len(entries)))
    low, high = np.full(len(rows), -np.inf), np.ones(len(rows))
    low[: len(types)] = 1.0
    for number, name in enumerate(types):
        rows[number] = [entry[0] == name for entry in entries]
    for number, conflict in enumerate(conflicts, start=len(types)):
        rows[number] = [any(_extends(entry, part) for part in conflict) for entry in entries]
        high[number] = len(conflict) - 1.0
    answer = milp(
        -weight / scale,
        integrality=np.ones(len(entries), dtype=np.int64),
        bounds=Box(0.0, 1.0),
        constraints=LinearConstraint(rows, low, high),
        options={"mip_rel_gap": 0.0, "presolve": False},
    )
    if answer.x is None:
        return None
    chosen = tuple(entry for entry, taken in zip(entries, answer.x, strict=True) if taken > 0.5)
    value = float(sum(game.patron_type[entry[0]].prior * bounds[entry] for entry in chosen))
    return chosen, max(value, -scale * float(answer.mip_dual_bound))


def _extends(entry: Entry, part: Entry) -> bool:
    return entry[0] == part[0] and entry[1][: len(part[1])] == part[1]


class _Tree:
    """The open entries of each type with their bounds, and the conflicts found."""

    def __init__(self, task: Task, caps: dict[str, float]) -> None:
        self._task = task
        self._known = {patron.name: _Known(task, patron.name) for patron in task.game.patron_types}
        self._meetings: dict[int, _Meeting] = {}
        self.bounds: dict[Entry, float] = {(name, ()): cap for name, cap in caps.items()}
        self.exact: set[Entry] = set(self.bounds)
        self.conflicts: list[tuple[Entry, ...]] = []

    def phases(self) -> tuple[Phase, ...]:
        """The programs made exact; roots are not told."""
        return tuple(phase for known in self._known.values() for phase in known.phases)

    def branch(self, entry: Entry, clock: Clock) -> None:
        """Replace an entry by those that are one answer longer."""
        name, answers = entry
        above = self.bounds.pop(entry)
        for answer in self._known[name].answers(len(answers)):
            longer = (name, (*answers, answer))
            bound = self._known[name].bound(longer[1], clock, root_only=True)
            if bound is not None:
                self.bounds[longer] = min(above, bound)

    def make_exact(self, entry: Entry, clock: Clock) -> None:
        """Solve the program behind a bound; an entry that cannot be goes."""
        self.exact.add(entry)
        proven = self._known[entry[0]].bound(entry[1], clock)
        if proven is None:
            del self.bounds[entry]
        else:
            self.bounds[entry] = min(self.bounds[entry], proven)

    def conflict(self, chosen: tuple[Entry, ...], clock: Clock) -> tuple[Entry, ...]:
        """Entries that no ladder brings about together, two of them if possible; () if none are known."""
        depth = max(len(answers) for _, answers in chosen)
        if depth == 0:
            return ()
        meeting = self._meetings.get(depth)
        if meeting is None:
            meeting = self._meetings[depth] = _Meeting(self._task, depth)
        return meeting.conflict(tuple(entry for entry in chosen if entry[1]), clock)


class _Meeting:
    """Says which answers of the first stages some ladder can bring about together."""

    def __init__(self, task: Task, depth: int) -> None:
        game = task.game
        stages = min(depth + 1, game.stages)  # one more, for the threats of the last one
        short = replace(
            game,
            stages=stages,
            perception=tuple(row for row in game.perception if row.stage < stages),
            supply_changes=tuple(row for row in game.supply_changes if row.stage < stages),
        )
        self._program = Program.build(replace(task, game=short), f"answers of the first {depth} stages")
        self._seen: dict[tuple[Entry, ...], bool] = {}

    def conflict(self, entries: tuple[Entry, ...], clock: Clock) -> tuple[Entry, ...]:
        """Entries proven not to agree; () also if time or nodes ran out before a proof."""
        if self._agree(entries, clock):
            return ()
        for pair in combinations(entries, 2):
            if not self._agree(pair, clock):
                return pair
        return entries

    def _agree(self, entries: tuple[Entry, ...], clock: Clock) -> bool:
        if entries not in self._seen:
            limits = {"seconds": clock.left(), "node_limit": MEETING_NODES}
            report = _asked(self._program, entries, {"mip_max_improving_sols": 1}, **limits)
            self._seen[entries] = report is not None
        return self._seen[entries]


class _Known:
    """The program of one type alone, asked for its bound if some answers come first."""

    def __init__(self, task: Task, name: str) -> None:
        alone = alone_with(task.game, task.game.patron_type[name])
        tight = replace(task.options, relative_gap=max(1e-6, SETTLED * task.options.relative_gap))
        inner = replace(task, game=alone, options=tight, information=Information.ADAPTIVE)
        self._program = Program.build(inner, f"type {name} known")
        self._name = name
        self.phases: list[Phase] = []

    def answers(self, stage: int) -> list[str]:
        """What the type may answer in a stage."""
        found = [a for name, a, when in self._program.model.takes if (name, when) == (self._name, stage)]
        ends = stage > 0 and self._name in self._program.model.frame.conceding
        return [*found, ENDED] if ends else found

    def bound(self, answers: tuple[str, ...], clock: Clock, *, root_only: bool = False) -> float | None:
        """Proven bound of the payoff if these answers come first; None if they cannot."""
        limit = {"seconds": clock.left(), "node_limit": 0 if root_only else None}
        report = _asked(self._program, ((self._name, answers),), {}, **limit)
        if report is None:
            return None
        said = ", ".join(answer or "ended" for answer in answers)
        phase = self._program.phase(report, f", answers {said}")
        if not root_only:
            self.phases.append(phase)
        return float("inf") if phase.report.dual_bound is None else phase.report.dual_bound


def _asked(program: Program, entries: tuple[Entry, ...], highs: dict[str, Any], **limits: Any) -> Any:
    """The report of a program with some answers held; None if it has no such point."""
    takes, compiled = program.model.takes, program.compiled
    held: list[tuple[Any, float]] = []
    for name, answers in entries:
        for stage, answer in enumerate(answers):
            if answer == ENDED:
                held += [(takes[key], 0.0) for key in takes if (key[0], key[2]) == (name, stage)]
            elif (name, answer, stage) in takes:
                held.append((takes[name, answer, stage], 1.0))
            else:
                return None
    for variable, value in held:
        compiled.fix(variable, value)
    report = program.solve(limits.get("seconds"), node_limit=limits.get("node_limit"), highs=highs)
    for variable, _ in held:
        compiled.unfix(variable)
    return None if report.reason is Reason.INFEASIBLE else report
