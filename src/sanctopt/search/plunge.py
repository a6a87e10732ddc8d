"""A point of a program by rounding its relaxation step by step.

For programs in which HiGHS finds no point in its time, or late. What a relaxation takes most of is taken
wholly, what follows from that is drawn from the rows, and the relaxation is solved again. At a dead end, less
is taken at once, down to one column, which at last is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from pyomo.common.collections import ComponentMap

from sanctopt.bound_propagation import BoundPropagation
from sanctopt.search.held import heeded_rows
from sanctopt.search.program import Program
from sanctopt.search.task import Clock
from sanctopt.solver_relaxation import Relaxation, RelaxationTimeError
from sanctopt.standard_form import Bounds, FloatArray, StandardForm

NEARLY = 0.8
"""All that a relaxation takes at least this much of is taken wholly in one step."""

DEAD_ENDS = 50
"""Relaxations without a point, after which no other way is tried."""

OPEN = 1e-6
"""What is closer to a whole number is one."""


@dataclass(frozen=True)
class Plunge:
    """How a plunge ended.

    Attributes
    ----------
    found : bool
        Whether there is a point; it is the program's incumbent then.
    iterations : int
        Simplex iterations of its relaxations.
    """

    found: bool
    iterations: int


def plunge(
    program: Program, clock: Clock, dead_ends: int = DEAD_ENDS, relaxations: float = math.inf
) -> Plunge:
    """Look for a point of a program, while there is time, in at most so many relaxations and dead ends."""
    form = program.compiled.form
    with Relaxation(form, program.task.options.seed) as relaxation:
        way = _Rounding(program, relaxation, clock)
        try:
            values = way.followed(program.compiled.bounds_now, dead_ends, relaxations)
        except RelaxationTimeError:
            values = None
    if values is None:
        return Plunge(False, way.iterations)
    whole = ComponentMap((form.variables[j], round(float(values[j]))) for j in np.flatnonzero(form.integer))
    with program.compiled.holding(whole) as possible:
        found = possible and program.solve(clock.left()).has_solution
    return Plunge(found, way.iterations)


class _Rounding:
    """Steps of relaxations, each rounding more of the one before."""

    def __init__(self, program: Program, relaxation: Relaxation, clock: Clock) -> None:
        self._form, self._relaxation, self._clock = program.compiled.form, relaxation, clock
        self._stop = program.task.stop
        self.iterations = 0

    def followed(self, opening: Bounds, dead_ends: int, relaxations: float) -> FloatArray | None:
        """A point of the relaxation that is whole where it must be; None if the steps lead to none."""
        form = self._form
        propagation = BoundPropagation(form, heeded_rows(form))
        first = propagation.tightened(opening)
        ways = [] if first is None else [iter((first,))]
        while ways and dead_ends and relaxations > 0 and not self._stop.is_set():
            bounds = next(ways[-1], None)
            if bounds is None:
                ways.pop()
                continue
            # Only whole numbers take part: slack has widened what is known of the others.
            narrowed = opening.with_those_of(bounds, form.integer)
            found = self._relaxation.solve(narrowed, None, self._clock.left())
            relaxations -= 1
            if found is None:
                dead_ends -= 1
                continue
            self.iterations += found.iterations
            columns = _largest(form, found.values)
            if not columns:
                return found.values
            ways.append(_ways_on(propagation, bounds, columns))
        return None


def _largest(form: StandardForm, values: FloatArray) -> list[int]:
    """The column that a point takes most of without taking it wholly, and all that it nearly takes."""
    whole = np.flatnonzero(form.integer)
    part = values[whole]
    open_ones = np.flatnonzero(np.abs(part - np.round(part)) > OPEN)
    order = open_ones[np.argsort(-part[open_ones], kind="stable")]
    return [int(whole[place]) for n, place in enumerate(order) if n == 0 or part[place] >= NEARLY]


def _ways_on(propagation: BoundPropagation, bounds: Bounds, columns: list[int]) -> Iterator[Bounds]:
    """All columns taken, half of them, and so on down to the first alone, then without it."""
    count = len(columns)
    while count:
        taken = _all_taken(propagation, bounds, columns[:count])
        if taken is not None:
            yield taken
        count //= 2
    without = _taking(propagation, bounds, columns[0], 0.0)
    if without is not None:
        yield without


def _all_taken(propagation: BoundPropagation, bounds: Bounds, columns: list[int]) -> Bounds | None:
    """Bounds with columns taken one after the other, those left out that can be no more; None if none are."""
    reached: Bounds | None = bounds
    for column in columns:
        if reached is None:
            return None
        if reached.lower[column] < reached.upper[column]:  # else an earlier one has settled it
            before = reached
            reached = _taking(propagation, before, column, 1.0) or _taking(propagation, before, column, 0.0)
    return reached


def _taking(propagation: BoundPropagation, bounds: Bounds, column: int, value: float) -> Bounds | None:
    held = bounds.holding({column: value})
    return None if held is None else propagation.tightened(held, bounds)
