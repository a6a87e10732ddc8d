"""A point of a program by rounding its relaxation step by step.

For programs in which HiGHS has found no point in its time. What a relaxation takes most of is taken wholly,
what follows from that is drawn from the rows, and the relaxation is solved again.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pyomo.common.collections import ComponentMap

from sanctopt.bound_propagation import BoundPropagation
from sanctopt.search.held import heeded_rows
from sanctopt.search.program import Program
from sanctopt.search.task import Clock
from sanctopt.solver_relaxation import Relaxation
from sanctopt.standard_form import Bounds, FloatArray, StandardForm

NEARLY = 0.8
"""All that a relaxation takes at least this much of is taken wholly in one step."""

TURNS = 10
"""How often it is tried to leave out what could not be taken."""

OPEN = 1e-6
"""What is closer to a whole number is one."""


def plunge(program: Program, clock: Clock) -> bool:
    """Look for a point of a program, while there is time; tells whether it is the program's incumbent now."""
    form = program.compiled.form
    try:
        with Relaxation(form, program.task.options.seed) as relaxation:
            values = _rounded(form, relaxation, clock)
    except TimeoutError:
        return False
    if values is None:
        return False
    whole = ComponentMap((form.variables[j], round(float(values[j]))) for j in np.flatnonzero(form.integer))
    with program.compiled.holding(whole) as possible:
        return possible and program.solve(clock.left()).has_solution


def _rounded(form: StandardForm, relaxation: Relaxation, clock: Clock) -> FloatArray | None:
    """A point of the relaxation that is whole where it must be; None if the steps lead to none."""
    propagation = BoundPropagation(form, heeded_rows(form))
    bounds = propagation.tightened(form.bounds)
    last: tuple[Bounds, int] | None = None
    turns = 0
    while bounds is not None:
        # Only whole numbers take part: slack has widened what is known of the others.
        whole = form.bounds_with_whole(bounds.lower[form.integer], bounds.upper[form.integer])
        found = relaxation.solve(whole, None, clock.left())
        if found is None:
            if last is None or turns == TURNS:
                return None
            turns += 1
            before, column = last
            bounds, last = _taking(propagation, before, column, 0.0), None
            continue
        steps = list(_steps(form, found.values))
        if not steps:
            return found.values
        for column in steps:
            if bounds.lower[column] == bounds.upper[column]:
                continue  # an earlier step has settled it
            taken = _taking(propagation, bounds, column, 1.0)
            last = None if taken is None else (bounds, column)
            bounds = taken or _taking(propagation, bounds, column, 0.0)
            if bounds is None:
                return None
    return None


def _steps(form: StandardForm, values: FloatArray) -> Iterator[int]:
    """Columns to take wholly now, the largest first."""
    whole = np.flatnonzero(form.integer)
    part = values[whole]
    open_ones = np.flatnonzero(np.abs(part - np.round(part)) > OPEN)
    for number, place in enumerate(open_ones[np.argsort(-part[open_ones], kind="stable")]):
        if number and part[place] < NEARLY:
            return
        yield int(whole[place])


def _taking(propagation: BoundPropagation, bounds: Bounds, column: int, value: float) -> Bounds | None:
    held = bounds.holding({column: value})
    return None if held is None else propagation.tightened(held, bounds)
