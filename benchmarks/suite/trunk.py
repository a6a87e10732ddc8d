"""The trunk of a game: the decisions of stage 0, which all types share, and a master program over them."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import highspy
import numpy as np
from scipy.sparse import csc_array

from sanctopt import Game, SolveOptions, Start, solve
from sanctopt.aims import Aims, Expectation
from sanctopt.formulation.rungs import chosen_keys
from sanctopt.ladder import Rung
from sanctopt.rung_limits import FirstRung, Required, decisions_of, first_rung, may_accept
from sanctopt.search import Task
from sanctopt.search.paths import RUNG
from sanctopt.search.program import Program
from sanctopt.solver_run import loaded
from sanctopt.standard_form import StandardForm

Key = tuple[str, ...]
"""A decision of stage 0: its family, and the names in it."""

Choice = Mapping[Key, float]
"""Decisions of stage 0 with 0 or 1, or with prices."""


class Master:
    """First rungs, what counts against each type, and cuts."""

    def __init__(self, task: Task, *, whole: bool) -> None:
        program = Program.build(task, "adaptive program")
        form, columns, model = program.compiled.form, program.compiled.columns, program.model
        self.unit = program.unit
        self.first: dict[Key, int] = first_decisions(program)
        counted = [columns[model.counted[0][patron.name]] for patron in task.game.patron_types]
        self.weights = [patron.prior for patron in task.game.patron_types]
        integer = np.isin(np.arange(len(form.cost)), list(self.first.values()))
        kept = [*self.first.values(), *counted]
        if not whole:
            rows = np.flatnonzero(abs(form.matrix) @ (~integer).astype(float) == 0.0)
            matrix = csc_array(form.matrix.tocsr()[rows][:, kept])
            matrix.sort_indices()
            form = replace(
                form,
                offset=0.0,
                cost=np.array([*(0.0 for _ in self.first), *self.weights]),
                column_lower=form.column_lower[kept],
                column_upper=form.column_upper[kept],
                matrix=matrix,
                row_lower=form.row_lower[rows],
                row_upper=form.row_upper[rows],
            )
            integer = integer[kept]
            counted = list(range(len(self.first), len(kept)))
            self.first = {key: place for place, key in enumerate(self.first)}
        self.form, self.counted = replace(form, integer=integer), counted
        self._rows: list[tuple[dict[int, float], float]] = []

    def cut(self, types: Sequence[int], terms: Choice, most: float) -> None:
        """Add ``sum of p v over types + sum of terms y <= most`` (millions of US dollars)."""
        row = {self.counted[number]: self.weights[number] for number in types}
        row |= {self.first[key]: value / self.unit for key, value in terms.items() if value != 0.0}
        self._rows.append((row, most / self.unit))

    def solve(self, seconds: float | None, gap: float) -> tuple[float | None, dict[Key, float]]:
        """Bound (millions of US dollars; None if no rung is left) and a rung; empty if none was found."""
        highs = solved(self.form, seconds, gap, self._rows)
        if highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
            return None, {}
        return bound_of(highs) * self.unit, chosen(highs, self.first)


def first_decisions(program: Program) -> dict[Key, int]:
    """Columns of the decisions of stage 0."""
    columns = program.compiled.columns
    return {
        (family, *key[1:-1]): columns[variable]
        for family in RUNG
        for key, variable in getattr(program.model, family).items()
        if key[-1] == 0 and variable in columns
    }


def rung_of(found: Choice) -> Rung:
    """The rung of decisions of stage 0."""
    done: dict[str, list[Any]] = {}
    for family, *names in (key for key, value in found.items() if value):
        done.setdefault(family, []).append(Start(*names) if len(names) > 1 else "".join(names))
    return Rung(
        (),
        starts=tuple(done.get("starts", ())),
        engagements=tuple(done.get("engagements", ())),
        mitigations=tuple(done.get("mitigations", ())),
        threat=tuple(done.get("threats", ())),
        offer="offers" in done,
    )


def choice_of(rung: Rung, first: Mapping[Key, int]) -> dict[Key, float]:
    """Decisions of stage 0 of a rung."""
    done = chosen_keys(rung)
    return {key: float(key[1:] in done[key[0]]) for key in first}


def chosen(highs: Any, first: Mapping[Key, int]) -> dict[Key, float]:
    """Decisions of stage 0 of HiGHS's point; empty if it has none."""
    values = highs.getSolution().col_value
    return {key: float(round(values[column])) for key, column in first.items()} if len(values) else {}


def made(found: Choice) -> dict[Key, float]:
    """What a rung does, but for its offer: a single type need not be the one that accepts it."""
    return {key: value for key, value in found.items() if value and key[0] != "offers"}


def required(rung: Rung) -> tuple[Required, ...]:
    """What a rung does, but for its offer, as limits."""
    return tuple(Required(one, 0) for one in decisions_of(rung) if one.field != "offer")


def solved(
    form: StandardForm,
    seconds: float | None,
    gap: float,
    rows: Sequence[tuple[Mapping[int, float], float]] = (),
) -> Any:
    """HiGHS after a run on one thread, without presolve: these programs prove bounds (decision 0006)."""
    highs = loaded(form)
    for row, most in rows:
        highs.addRow(
            -highspy.kHighsInf, most, len(row), np.array([*row], dtype=np.int32), np.array([*row.values()])
        )
    highs.setOptionValue("time_limit", highspy.kHighsInf if seconds is None else seconds)
    for name, value in (("output_flag", False), ("threads", 1), ("presolve", "off"), ("mip_rel_gap", gap)):
        highs.setOptionValue(name, value)
    highs.run()
    ended(highs)
    return highs


def ended(highs: Any) -> None:
    """Check that a run ended with an answer: of a program with whole columns, its time may have ended it.

    Raises
    ------
    RuntimeError
        If it did not, so neither its bound nor its point says anything.
    """
    status, good = highs.getModelStatus(), [highspy.HighsModelStatus.kOptimal]
    if any(kind == highspy.HighsVarType.kInteger for kind in highs.getLp().integrality_):
        good += [highspy.HighsModelStatus.kTimeLimit, highspy.HighsModelStatus.kInfeasible]
    if status not in good:
        raise RuntimeError(f"HiGHS ended with {highs.modelStatusToString(status)}: no bound, no point")


def bound_of(highs: Any) -> float:
    """Dual bound of a run that ended; of a linear program, of which HiGHS says 0, the optimum."""
    info = highs.getInfo()
    whole = any(kind == highspy.HighsVarType.kInteger for kind in highs.getLp().integrality_)
    return float(info.mip_dual_bound if whole else info.objective_function_value)


def count_rungs(game: Game) -> int:
    """Number of first rungs that the rules allow, threats apart.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> count_rungs(load_case("teaching"))
    48
    """
    efforts = Counter({0.0: 1})
    for entity in dict.fromkeys(start.entity for start in game.eligible):
        starts = [start for start in game.eligible if start.entity == entity]
        sets = [chosen for size in range(len(starts) + 1) for chosen in itertools.combinations(starts, size)]
        allowed = [chosen for chosen in sets if all(_has_what_it_requires(game, s, chosen) for s in chosen)]
        more: Counter[float] = Counter()
        for spent, number in efforts.items():
            for chosen in allowed:
                effort = round(spent + sum(game.start_effort(start) for start in chosen), 9)
                if effort <= game.effort_per_stage * (1 + 1e-9):
                    more[effort] += number
        efforts = more
    free = len(game.engagements) + len(game.mitigation_names) + bool(may_accept(game))
    return sum(efforts.values()) << free


def _has_what_it_requires(game: Game, start: Start, chosen: Sequence[Start]) -> bool:
    row = game.instrument[start.instrument]
    if not row.requires:
        return True
    return row.requires_age == 0 and any(other.instrument == row.requires for other in chosen)


def searched(game: Game, seconds: float, gap: float) -> Iterator[str]:
    """What the library's search does in the same time, and again with the first rung of its ladder."""
    options = SolveOptions(seconds, relative_gap=gap)
    aims, name = Aims(), "the search"
    for _ in range(2):
        own = solve(game, aims=aims, options=options)
        if not own.has_ladder:
            return
        ends = f"in {own.wall_seconds:.1f} s, {own.status}"
        yield f"{name}: {own.value:,.2f} of {own.dual_bound:,.2f} {ends}"
        aims, name = Aims(Expectation(), (FirstRung(first_rung(own.outcome)),)), "with its first rung"
