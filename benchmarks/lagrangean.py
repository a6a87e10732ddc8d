"""A bound that the library does not use: the tie of stage 0 priced by Lagrangean multipliers.

    python benchmarks/lagrangean.py standard/M/0 --seconds 10 --steps 5

With multipliers mu(type, decision of stage 0) that sum to 0 over types, the sum over types of

    max p V + mu d        by the program of each type alone

is a bound of the game's optimum; with all of them 0 it is that of the known types. The first multipliers are
the duals of the linear relaxation with explicit ties, the next ones come from subgradient steps. The column
"by type" shows bound and ladder of each program. Decision 0012 says why this does not pay; here is how it was
measured: with HiGHS's presolve, which the library does without where a bound is to be proven (decision 0006).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import highspy
import numpy as np
import scipy.sparse as sp

from sanctopt import Game, Information, SolveOptions, read_case
from sanctopt.search import Clock, Task
from sanctopt.search.program import Program
from suite.cases import case_folders
from suite.trunk import ended, first_decisions

GAP = 1e-4
SHRINK = 0.8
"""What a step is multiplied by after each one."""


class TypeProgram:
    """The program of one type alone, weighted by its prior, and its decisions of stage 0."""

    def __init__(self, task: Task, name: str) -> None:
        program = Program.build(task.alone(name), f"type {name} known")
        self.unit = program.unit
        self.prior = task.game.patron_type[name].prior
        self.form = program.compiled.form
        self.first = first_decisions(program)

    def cost(self, prices: dict[Any, float]) -> np.ndarray:
        """Objective with prices on the decisions of stage 0."""
        cost = self.prior * self.form.cost
        for key, column in self.first.items():
            cost[column] += prices.get(key, 0.0)
        return cost

    def maximum(
        self, prices: dict[Any, float], seconds: float | None
    ) -> tuple[float, float, dict[Any, float]]:
        """Bound, ladder and decisions of stage 0; ``seconds`` None: of the linear relaxation."""
        form = self.form
        highs = _highs()
        lp = _linear_program(
            self.cost(prices),
            (form.column_lower, form.column_upper),
            form.matrix,
            (form.row_lower, form.row_upper),
            self.prior * form.offset,
        )
        if seconds is not None:
            kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
            lp.integrality_ = [kinds[int(whole)] for whole in form.integer]
            highs.setOptionValue("time_limit", seconds)
        highs.passModel(lp)
        highs.run()
        ended(highs)
        info = highs.getInfo()
        bound = info.objective_function_value if seconds is None else info.mip_dual_bound
        values = highs.getSolution().col_value
        taken = {key: values[column] for key, column in self.first.items()} if len(values) else {}
        return bound * self.unit, info.objective_function_value * self.unit, taken


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    made = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    made.add_argument("case", metavar="CASE", help="as in run.py")
    made.add_argument("--seconds", type=float, default=10.0, help="for each program (default: 10)")
    made.add_argument("--steps", type=int, default=5, help="evaluations of the bound (default: 5)")
    made.add_argument("--step", type=float, default=0.005, help="first step, as a share of the bound")
    arguments = made.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        (folder,) = case_folders([arguments.case], Path(scratch)).values()
        game = read_case(folder)
    for line in bounds(game, arguments.seconds, arguments.steps, arguments.step):
        print(line, flush=True)
    return 0


def bounds(game: Game, seconds: float, steps: int, step: float) -> Any:
    """Lines of the table, as they are found."""
    task = Task(game, Information.ADAPTIVE, 0.0, SolveOptions(), Clock(None), None)
    programs = [TypeProgram(task, patron.name) for patron in game.patron_types]
    begin = time.perf_counter()
    tied, prices = tied_relaxation(programs)
    yield f"relaxation with the tie of stage 0: {tied:,.2f}"
    yield "seconds      bound       best   by type: bound (ladder)"
    best = float("inf")
    for number in range(steps):
        found = [one.maximum(price, seconds) for one, price in zip(programs, prices, strict=True)]
        bound = sum(entry[0] for entry in found)
        best = min(best, bound)
        alone = "  ".join(f"{b:,.1f} ({v:,.1f})" for b, v, _ in found)
        yield f"{time.perf_counter() - begin:7.0f} {bound:10,.2f} {best:10,.2f}   {alone}"
        keys = sorted({key for entry in found for key in entry[2]})
        away = np.array([[entry[2].get(key, 0.0) for key in keys] for entry in found])
        away -= away.mean(axis=0)
        size = float((away**2).sum())
        if size < 1e-9:
            return
        length = step * SHRINK**number * bound / programs[0].unit / size
        for price, row in zip(prices, away, strict=True):
            for key, value in zip(keys, row, strict=True):
                price[key] = price.get(key, 0.0) - length * value


def tied_relaxation(programs: Sequence[TypeProgram]) -> tuple[float, list[dict[Any, float]]]:
    """Value of the linear relaxation with explicit ties, and the prices that its duals give."""
    forms = [one.form for one in programs]
    offsets = np.cumsum([0, *(len(form.cost) for form in forms)])
    keys = sorted(set().union(*(one.first for one in programs)))
    owners = {key: [n for n, one in enumerate(programs) if key in one.first] for key in keys}
    ties = [(key, own[0], other) for key, own in owners.items() for other in own[1:]]
    rows = np.repeat(np.arange(len(ties)), 2)
    columns = [offsets[n] + programs[n].first[key] for key, one, other in ties for n in (one, other)]
    equal = sp.csc_matrix((np.tile([1.0, -1.0], len(ties)), (rows, columns)), (len(ties), offsets[-1]))
    zeros = np.zeros(len(ties))
    lp = _linear_program(
        np.concatenate([one.cost({}) for one in programs]),
        (
            np.concatenate([form.column_lower for form in forms]),
            np.concatenate([form.column_upper for form in forms]),
        ),
        sp.vstack([sp.block_diag([form.matrix for form in forms]), equal]).tocsc(),
        (
            np.concatenate([*(form.row_lower for form in forms), zeros]),
            np.concatenate([*(form.row_upper for form in forms), zeros]),
        ),
        sum(one.prior * one.form.offset for one in programs),
    )
    highs = _highs()
    highs.passModel(lp)
    highs.run()
    ended(highs)
    duals = highs.getSolution().row_dual
    prices: list[dict[Any, float]] = [{} for _ in programs]
    for (key, one, other), dual in zip(ties, duals[len(duals) - len(ties) :], strict=True):
        prices[one][key] = prices[one].get(key, 0.0) - dual
        prices[other][key] = prices[other].get(key, 0.0) + dual
    return highs.getInfo().objective_function_value * programs[0].unit, prices


def _highs() -> Any:
    highs = highspy.Highs()
    for name, value in (("output_flag", False), ("threads", 1), ("presolve", "on"), ("mip_rel_gap", GAP)):
        highs.setOptionValue(name, value)
    return highs


def _linear_program(
    cost: np.ndarray,
    columns: tuple[np.ndarray, np.ndarray],
    matrix: Any,
    rows: tuple[np.ndarray, np.ndarray],
    offset: float,
) -> Any:
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(cost), len(rows[0])
    lp.col_cost_, lp.offset_, lp.sense_ = cost, offset, highspy.ObjSense.kMaximize
    lp.col_lower_, lp.col_upper_ = columns
    lp.row_lower_, lp.row_upper_ = rows
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    found = matrix.tocsc()
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = found.indptr, found.indices, found.data
    return lp


if __name__ == "__main__":
    raise SystemExit(main())
