"""The programs behind `experts.elicitation`: least misfit, fewest types, least distance.

Letters: candidate c, judgement j; A_jc is 1 where c answers as j says, else 0.

    p_c    prior of candidate c                                    >= 0
    u_j    how far the reproduced probability is below the range   >= 0
    v_j    how far it is above                                     >= 0
    z_c    candidate c is used                                     binary
    d_j    distance of the reproduced probability to the stated    >= 0

A prior is at most 1, so p_c <= z_c needs no big-M.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.common.collections import ComponentMap

from sanctopt.analysis.batch import OnBatchProgress
from sanctopt.analysis.workload import Meter, map_each
from sanctopt.errors import SolverError
from sanctopt.solution import Phase
from sanctopt.solver import CompiledProgram, compile_program
from sanctopt.solver_options import SolveOptions
from sanctopt.standard_form import FloatArray

SAME_FIT = 1e-6
"""Fits that differ by no more than this (sum of probabilities) are the same."""

_TIGHT = {"mip_feasibility_tolerance": 1e-8, "primal_feasibility_tolerance": 1e-9}
"""A candidate with z_c = 0 may have a prior of up to this tolerance; it must stay far below `SAME_FIT`."""

_NONE = 1e-8
"""A prior of at most this is 0: HiGHS's tolerance above."""

IN_TURN = 5
"""Programs that are solved one after the other, before those for the ranges of the priors."""


@dataclass(frozen=True)
class Task:
    """Judgements as arrays.

    Attributes
    ----------
    matrix : ndarray of shape (judgements, candidates)
        A, of 0 and 1; no two columns are equal.
    low, stated, high : ndarray of shape (judgements,)
        Ranges and central probabilities.
    """

    matrix: FloatArray
    low: FloatArray
    stated: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class Choice:
    """Used candidates: columns, ascending, priors that sum to 1, ranges of each prior, programs solved."""

    columns: tuple[int, ...]
    priors: FloatArray
    ranges: tuple[tuple[float, float], ...]
    phases: tuple[Phase, ...]


def choose(
    task: Task,
    options: SolveOptions,
    executor: Executor | None = None,
    on_progress: OnBatchProgress | None = None,
) -> Choice:
    """Solve the three programs in turn, then settle the priors of the candidates used.

    The programs for the ranges of the priors do not depend on each other: an executor may spread them.

    The last step repeats misfit and distance as linear programs over the used candidates alone, so that no
    tolerance of the mixed-integer ones is left in the priors.
    """
    solves = _Solves(replace(options, highs=_TIGHT | dict(options.highs)), Meter(on_progress, IN_TURN))
    every = range(task.matrix.shape[1])

    model = _model(task, every)
    least = solves.minimize(model, _misfit(model), "least misfit")

    # At its own limit each program falls back on the point of the one before.
    wider = _with_used(_model(task, every), every, least + SAME_FIT)
    start = _copied(model, wider, solves)
    start.update((wider.used[c], float(start[wider.prior[c]] > 0.0)) for c in every)
    solves.minimize(wider, pyo.quicksum(wider.used.values()), "fewest types", start)
    fewest = round(sum(solves.value(wider.used[c]) for c in every))

    closer = _with_used(_model(task, every), every, least + SAME_FIT)
    closer.few = pyo.Constraint(expr=pyo.quicksum(closer.used.values()) <= fewest)
    _add_distance(closer, task)
    start = _copied(wider, closer, solves)
    start.update((closer.used[c], float(round(solves.value(wider.used[c])))) for c in every)
    start.update((closer.distance[j], _gap(closer, task, j, start)) for j in closer.judgements)
    solves.minimize(closer, pyo.quicksum(closer.distance.values()), "least distance", start)

    used = [c for c in every if solves.value(closer.used[c]) > 0.5]
    return _settled(task, used, least, solves, executor)


def _settled(
    task: Task, used: Sequence[int], least: float, solves: _Solves, executor: Executor | None
) -> Choice:
    """Priors of the used candidates, and how far each can move at the same misfit."""
    model = _model(task, used)
    misfit = solves.minimize(model, _misfit(model), "misfit of the types used")
    if misfit > least + 2 * SAME_FIT:
        raise SolverError(
            f"the types used have misfit {misfit}, but {least} was found possible; report this, with the data"
        )
    model = _capped(_model(task, used), misfit)
    _add_distance(model, task)
    solves.minimize(model, pyo.quicksum(model.distance.values()), "priors of the types used")
    values = np.array([solves.value(model.prior[c]) for c in used])
    values[values <= _NONE] = 0.0
    priors = values / values.sum()
    ends = [(c, sign) for c in used for sign in (1.0, -1.0)]
    solves.meter.more(len(ends))
    work = partial(_end, task, used, misfit, solves.options)
    found = map_each(work, ends, executor, solves.meter, "ranges of the priors")
    solves.phases += [phase for _, phase in found]
    ranges = []
    for prior, (least_end, _), (greatest_end, _) in zip(
        priors.tolist(), found[::2], found[1::2], strict=True
    ):
        # Nine decimals are what the tolerances leave.
        low, high = (min(1.0, max(0.0, round(end, 9))) for end in (least_end, greatest_end))
        ranges.append((min(low, prior), max(high, prior)))
    kept = [k for k, prior in enumerate(priors.tolist()) if prior > 0.0]
    return Choice(
        tuple(used[k] for k in kept), priors[kept], tuple(ranges[k] for k in kept), tuple(solves.phases)
    )


def _end(
    task: Task, used: Sequence[int], misfit: float, options: SolveOptions, end: tuple[int, float]
) -> tuple[float, Phase]:
    """The least (1) or greatest (-1) prior of a used candidate at a misfit; runs in an executor."""
    column, sign = end
    solves, model = _Solves(options), _capped(_model(task, used), misfit)
    word = "least" if sign > 0.0 else "greatest"
    value = solves.minimize(model, sign * model.prior[column], f"{word} prior of column {column}")
    return sign * value, solves.phases[0]


class _Solves:
    """Solves programs one after the other, and keeps their reports and the last one's values."""

    def __init__(self, options: SolveOptions, meter: Meter | None = None) -> None:
        self.options = options
        self.meter = Meter(None, 0) if meter is None else meter
        self.phases: list[Phase] = []
        self._programs: ComponentMap = ComponentMap()

    def minimize(self, model: Any, objective: Any, purpose: str, start: ComponentMap | None = None) -> float:
        """Objective value of the best point found; SolverError if there is none."""
        model.goal = pyo.Objective(expr=objective)
        program = compile_program(model)
        report = program.solve(self.options, warm_start=start)
        self.phases.append(Phase(purpose, report))
        self.meter.add(1, purpose)
        if report.incumbent is None:
            why = report.message or f"ended as {report.reason.value} ({report.limit.value})"
            raise SolverError(
                f"{purpose}: HiGHS {why} without an answer; allow more time or fewer candidates"
            )
        self._programs[model] = program
        return report.incumbent

    def value(self, variable: Any) -> float:
        """Value of a variable in the best point of its model."""
        program: CompiledProgram = self._programs[variable.model()]
        return program.value(variable)


def _model(task: Task, candidates: Sequence[int]) -> Any:
    """Priors of some candidates, and what they miss of the ranges."""
    model: Any = pyo.ConcreteModel()
    model.task = task
    model.candidates = list(candidates)
    model.judgements = list(range(task.matrix.shape[0]))
    model.prior = pyo.Var(model.candidates, bounds=(0, 1))
    model.below = pyo.Var(model.judgements, bounds=(0, 1))
    model.above = pyo.Var(model.judgements, bounds=(0, 1))
    model.certain = pyo.Constraint(rule=certain)
    model.reach_low = pyo.Constraint(model.judgements, rule=reach_low)
    model.reach_high = pyo.Constraint(model.judgements, rule=reach_high)
    return model


def _with_used(model: Any, candidates: Sequence[int], most: float) -> Any:
    """The same with the candidates that are used, at a misfit of at most ``most``."""
    model.used = pyo.Var(list(candidates), domain=pyo.Binary)
    model.only_used = pyo.Constraint(list(candidates), rule=only_used)
    return _capped(model, most)


def _capped(model: Any, most: float) -> Any:
    model.fit = pyo.Constraint(expr=_misfit(model) <= most)
    return model


def _add_distance(model: Any, task: Task) -> None:
    model.distance = pyo.Var(model.judgements, bounds=(0, 1))
    model.not_above = pyo.Constraint(model.judgements, rule=not_above)
    model.not_below = pyo.Constraint(model.judgements, rule=not_below)


def _misfit(model: Any) -> Any:
    """Sum over j of u_j + v_j."""
    return pyo.quicksum(model.below.values()) + pyo.quicksum(model.above.values())


def _reproduced(model: Any, judgement: int) -> Any:
    """r_j = sum over c of A_jc p_c."""
    row = model.task.matrix[judgement]
    return pyo.quicksum(model.prior[c] for c in model.candidates if row[c])


def certain(model: Any) -> Any:
    """(E1) sum over c of p_c = 1."""
    return pyo.quicksum(model.prior.values()) == 1


def reach_low(model: Any, judgement: int) -> Any:
    """(E2) r_j + u_j >= low_j."""
    return _reproduced(model, judgement) + model.below[judgement] >= float(model.task.low[judgement])


def reach_high(model: Any, judgement: int) -> Any:
    """(E3) r_j - v_j <= high_j."""
    return _reproduced(model, judgement) - model.above[judgement] <= float(model.task.high[judgement])


def only_used(model: Any, candidate: int) -> Any:
    """(E4) p_c - z_c <= 0."""
    return model.prior[candidate] - model.used[candidate] <= 0


def not_above(model: Any, judgement: int) -> Any:
    """(E5) r_j - d_j <= probability_j."""
    return _reproduced(model, judgement) - model.distance[judgement] <= float(model.task.stated[judgement])


def not_below(model: Any, judgement: int) -> Any:
    """(E6) r_j + d_j >= probability_j."""
    return _reproduced(model, judgement) + model.distance[judgement] >= float(model.task.stated[judgement])


def _copied(old: Any, new: Any, solves: _Solves) -> ComponentMap:
    """The point of an earlier program, for the same variables of a later one."""
    start = ComponentMap()
    for name in ("prior", "below", "above"):
        for key, variable in getattr(new, name).items():
            start[variable] = min(1.0, max(0.0, solves.value(getattr(old, name)[key])))
    return start


def _gap(model: Any, task: Task, judgement: int, start: ComponentMap) -> float:
    """Distance of a judgement at a point."""
    row = task.matrix[judgement]
    value = sum(start[model.prior[c]] for c in model.candidates if row[c])
    return abs(float(value) - float(task.stated[judgement]))
