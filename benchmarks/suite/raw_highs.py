"""HiGHS without the library around it: default options, one thread, no start, no callbacks.

Presolve stays on as HiGHS has it by default, although it was caught cutting off optima of this game
(``docs/decisions/0006-presolve-off.md``): tables must show where that happens. ``job.options`` may hold HiGHS
options by name, e.g. ``{"presolve": "off"}``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import highspy
import numpy as np
from highspy import HighsModelStatus, HighsStatus
from numpy.typing import NDArray

from sanctopt.standard_form import StandardForm
from suite.jobs import Job

STATUS = {
    HighsModelStatus.kOptimal: "optimal",
    HighsModelStatus.kTimeLimit: "limit (time)",
    HighsModelStatus.kInfeasible: "infeasible",
    HighsModelStatus.kUnbounded: "unbounded",
    HighsModelStatus.kUnboundedOrInfeasible: "infeasible or unbounded",
    HighsModelStatus.kMemoryLimit: "limit (memory)",
}


@dataclass(frozen=True)
class Outcome:
    """How a solver ended, in the units of the program; ``point`` by the names of its columns."""

    status: str
    objective: float | None
    bound: float | None
    point: Mapping[str, float]
    nodes: int
    iterations: int


def quiet() -> highspy.Highs:
    """A HiGHS object that says nothing."""
    make: Callable[[], highspy.Highs] = highspy.Highs  # it comes without types
    highs = make()
    highs.setOptionValue("output_flag", False)
    return highs


def load(form: StandardForm, names: list[str]) -> highspy.Highs:
    """A program inside HiGHS, its columns named."""
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(form.cost), len(form.row_lower)
    model.sense_ = highspy.ObjSense.kMaximize if form.maximize else highspy.ObjSense.kMinimize
    model.offset_ = form.offset
    model.col_cost_ = form.cost
    model.col_lower_, model.col_upper_ = form.column_lower, form.column_upper
    model.row_lower_, model.row_upper_ = form.row_lower, form.row_upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = form.matrix.indptr.astype(np.int32)
    model.a_matrix_.index_ = form.matrix.indices.astype(np.int32)
    model.a_matrix_.value_ = form.matrix.data
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    model.integrality_ = [kinds[int(whole)] for whole in form.integer]
    model.col_names_ = names
    highs = quiet()
    _expect(highs.passModel(model), "the program")
    return highs


def write(highs: highspy.Highs, path: Path) -> None:
    """Write a program as MPS; its names must be names there."""
    _expect(highs.writeModel(str(path)), f"to write {path.name}")


def read(path: Path) -> highspy.Highs:
    """A program read from a file."""
    highs = quiet()
    _expect(highs.readModel(str(path)), f"to read {path.name}")
    return highs


def solve(highs: highspy.Highs, job: Job) -> Outcome:
    """Solve to the gap of a job within its time limit."""
    asked = {
        "threads": 1,
        "random_seed": job.seed,
        "mip_rel_gap": job.gap,
        "mip_abs_gap": 0.0,  # else it would stop at a gap of 1e-6 however small the objective
        "time_limit": job.time_limit,
    }
    for name, value in (asked | dict(job.options)).items():
        _expect(highs.setOptionValue(name, value), f"option {name} = {value!r}")
    if highs.run() == HighsStatus.kError:
        return Outcome(f"error: HiGHS failed ({highs.getModelStatus()})", None, None, {}, 0, 0)
    status, info, model = highs.getModelStatus(), highs.getInfo(), highs.getLp()
    feasible = info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible)
    values: NDArray[np.float64] = np.array(
        highs.getSolution().col_value if feasible else [], dtype=np.float64
    )
    bound = info.mip_dual_bound if info.mip_node_count >= 0 else info.objective_function_value
    return Outcome(
        status=STATUS.get(status, f"error: HiGHS ended with {status}"),
        objective=info.objective_function_value if feasible else None,
        bound=bound if math.isfinite(bound) else None,
        point=dict(zip(model.col_names_, values.tolist(), strict=False)),
        nodes=max(0, info.mip_node_count),
        iterations=max(0, info.simplex_iteration_count),
    )


def _expect(status: HighsStatus, what: str) -> None:
    if status == HighsStatus.kError:
        raise ValueError(f"HiGHS refuses {what}")
