"""What comes before the solve, against handing HiGHS the same program in other ways.

    python benchmarks/building.py standard/M/0-2 --repeat 3
    python benchmarks/building.py standard/M/0-2 --solve 60

The program is the exact one of all types at once. "read" is the case folder to validated `Game`, "build" the
Pyomo model, "compile" that model into arrays, every number of them checked, inside HiGHS; "all" is their sum.
Beside them stand what the same program costs when its numbers are there already:

- "arrays": one `passModel` of the arrays; HiGHS copies them.
- "rows": `addVars`, and one `addRow` for each row, from slices of the arrays.
- "expressions": highspy's own expressions, one `addConstr` for each row.
- "Pyomo": a Pyomo model with one list of variables and one of rows, each a `LinearExpression` of numbers from
  the arrays, then Pyomo's own compiler and "arrays". Nothing is computed, named or checked: no library that
  poses its program in Pyomo can do with less.
- "tables": the tables of the case folder through pandas, nothing else; no reader can do with less.

CPU seconds, of the repeats the least, with the garbage collector paused in all ways alike.

With ``--solve`` each case is solved instead, once, to a gap of 1e-3 in at most so many seconds: how much of
that is building, that is Pyomo models, compiling, and smaller programs made of compiled ones?
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import highspy
import numpy as np
import pandas as pd
import pyomo.environ as pyo
from pyomo.core.expr import LinearExpression
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler
from scipy.sparse import csc_array

from sanctopt import Information, SolveOptions, read_case, solve
from sanctopt.formulation.build import build_program
from sanctopt.formulation.frame import Frame
from sanctopt.search import answers, program
from sanctopt.solver import CompiledProgram, compile_program
from sanctopt.standard_form import StandardForm
from suite.cases import case_folders
from suite.raw_highs import load, quiet
from suite.text_table import markdown

STEPS = ("read", "build", "compile")
WAYS = ("arrays", "rows", "expressions", "Pyomo", "tables")
CONTINUOUS = highspy.HighsVarType.kContinuous
BUILDERS = (
    (program, "build_program"),
    (program, "compile_program"),
    (CompiledProgram, "restricted"),
    (answers, "own_parts"),
)
"""Where the search builds: models, arrays, smaller programs, and each type's part; none calls another."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    made = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    made.add_argument("cases", metavar="CASE", nargs="+", help="as in run.py")
    made.add_argument("--repeat", type=int, default=3, help="the least time of so many (default: 3)")
    made.add_argument("--solve", type=float, metavar="S", help="solve each case in S seconds instead")
    arguments = made.parse_args(argv)
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for name, folder in case_folders(arguments.cases, Path(scratch)).items():
            if arguments.solve is None:
                taken = seconds(folder, arguments.repeat)
                rows.append([name, *(f"{value:,.3f}" for value in taken.values())])
            else:
                whole, inside, calls = within_a_solve(folder, arguments.solve)
                rows.append([name, f"{whole:.2f}", f"{inside:.2f}", f"{calls}", f"{inside / whole:.0%}"])
    head = [*STEPS, "all", *WAYS] if arguments.solve is None else ["solve", "building", "steps", "share"]
    print(markdown(["case", *head], rows, ["case"]))
    return 0


def within_a_solve(folder: Path, limit: float) -> tuple[float, float, int]:
    """CPU seconds of a solve, those of them that build programs, and the steps of building."""
    game, inside, calls = read_case(folder), 0.0, 0

    def timed(step: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            nonlocal inside, calls
            begin = time.process_time()
            try:
                return step(*arguments, **options)
            finally:
                inside, calls = inside + time.process_time() - begin, calls + 1

        return run

    with ExitStack() as stack:
        for owner, name in BUILDERS:
            stack.enter_context(patch.object(owner, name, timed(getattr(owner, name))))
        begin = time.process_time()
        solve(game, options=SolveOptions(limit, relative_gap=1e-3))
        whole = time.process_time() - begin
    return whole, inside, calls


def seconds(folder: Path, repeat: int) -> dict[str, float]:
    """CPU seconds by step, of the steps together, and by way."""
    game, read = _timed(lambda: read_case(folder), repeat)
    types = tuple(patron.name for patron in game.patron_types)
    model, build = _timed(lambda: build_program(Frame(game, types, Information.ADAPTIVE)), repeat)
    handed, compiled = _timed(lambda: compile_program(model), repeat)
    form = handed.form
    names = [f"c{number}" for number in range(len(form.cost))]
    _, arrays = _timed(lambda: load(form, names), repeat)
    _, rows = _timed(lambda: by_rows(form), repeat)
    _, expressions = _timed(lambda: by_expressions(form), repeat)
    _, pyomo = _timed(lambda: by_pyomo(form), repeat)
    _, tables = _timed(lambda: [pd.read_csv(path) for path in sorted(folder.glob("*.csv"))], repeat)
    steps = dict(zip(STEPS, (read, build, compiled), strict=True))
    ways = dict(zip(WAYS, (arrays, rows, expressions, pyomo, tables), strict=True))
    return {**steps, "all": sum(steps.values()), **ways}


def by_rows(form: StandardForm) -> highspy.Highs:
    """The program handed over row by row."""
    highs, matrix = quiet(), form.matrix.tocsr()
    highs.addVars(len(form.cost), form.column_lower, form.column_upper)
    for row in range(len(form.row_lower)):
        begin, end = matrix.indptr[row], matrix.indptr[row + 1]
        entries = matrix.indices[begin:end], matrix.data[begin:end]
        highs.addRow(form.row_lower[row], form.row_upper[row], end - begin, *entries)
    _costs(highs, form)
    return highs


def by_expressions(form: StandardForm) -> highspy.Highs:
    """The program written in highspy's own expressions."""
    highs, matrix = quiet(), form.matrix.tocsr()
    columns = [
        highs.addVariable(lb=lower, ub=upper)
        for lower, upper in zip(form.column_lower, form.column_upper, strict=True)
    ]
    for row in range(len(form.row_lower)):
        begin, end = matrix.indptr[row], matrix.indptr[row + 1]
        entries = zip(matrix.indices[begin:end], matrix.data[begin:end], strict=True)
        total = highs.qsum(float(value) * columns[column] for column, value in entries)
        lower, upper = float(form.row_lower[row]), float(form.row_upper[row])
        if lower == upper:
            highs.addConstr(total == lower)
        elif np.isfinite(lower):
            highs.addConstr(total >= lower)
        else:
            highs.addConstr(total <= upper)
    _costs(highs, form)
    return highs


def by_pyomo(form: StandardForm) -> highspy.Highs:
    """The program as the barest Pyomo model, compiled by Pyomo and handed over as arrays."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(len(form.cost)))
    columns = list(model.x.values())
    bounds = zip(form.column_lower.tolist(), form.column_upper.tolist(), form.integer.tolist(), strict=True)
    for column, (lower, upper, whole) in zip(columns, bounds, strict=True):
        column.setlb(lower)
        column.setub(upper)
        if whole:
            column.domain = pyo.Integers
    matrix = form.matrix.tocsr()
    begins, where, values = matrix.indptr.tolist(), matrix.indices.tolist(), matrix.data.tolist()
    lowers = [None if side == -np.inf else side for side in form.row_lower.tolist()]
    uppers = [None if side == np.inf else side for side in form.row_upper.tolist()]

    def row(_: Any, number: int) -> Any:
        part = slice(begins[number], begins[number + 1])
        terms = [columns[column] for column in where[part]]
        body = LinearExpression(constant=0.0, linear_coefs=values[part], linear_vars=terms)
        return lowers[number], body, uppers[number]

    model.rows = pyo.Constraint(range(len(lowers)), rule=row)
    kept = np.flatnonzero(form.cost).tolist()
    worth = LinearExpression(
        constant=form.offset,
        linear_coefs=[float(form.cost[column]) for column in kept],
        linear_vars=[columns[column] for column in kept],
    )
    model.worth = pyo.Objective(expr=worth, sense=pyo.maximize if form.maximize else pyo.minimize)
    compiled = LinearStandardFormCompiler().write(model, mixed_form=True, set_sense=None)
    order = [column.index() for column in compiled.columns]
    mapped = replace(
        form,
        cost=form.cost[order],
        column_lower=form.column_lower[order],
        column_upper=form.column_upper[order],
        integer=form.integer[order],
        matrix=csc_array(compiled.A),
    )
    return load(mapped, [column.name for column in compiled.columns])


def _costs(highs: highspy.Highs, form: StandardForm) -> None:
    """Objective and whole columns, the same in each way."""
    highs.changeObjectiveSense(highspy.ObjSense.kMaximize if form.maximize else highspy.ObjSense.kMinimize)
    highs.changeColsCost(len(form.cost), np.arange(len(form.cost), dtype=np.int32), form.cost)
    whole = np.flatnonzero(form.integer).astype(np.int32)
    kinds = np.full(len(whole), int(highspy.HighsVarType.kInteger), dtype=np.uint8)
    highs.changeColsIntegrality(len(whole), whole, kinds)


def _timed(make: Callable[[], Any], repeat: int) -> tuple[Any, float]:
    """The result and the least CPU seconds; the garbage collector is paused in all ways alike."""
    result, taken, collecting = None, [], gc.isenabled()
    for _ in range(repeat):
        gc.collect()
        gc.disable()
        begin = time.process_time()
        result = make()
        taken.append(time.process_time() - begin)
        if collecting:
            gc.enable()
    return result, min(taken)


if __name__ == "__main__":
    raise SystemExit(main())
