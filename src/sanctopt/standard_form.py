"""A mixed-integer linear program as arrays: evaluated, restricted and bounded in plain numpy.

The program reads, in the sense of the model's own objective::

    min or max   offset + cost @ x
    subject to   row_lower <= matrix @ x <= row_upper
                 column_lower <= x <= column_upper
                 x[j] a whole number for every j with integer[j]

This module knows nothing of HiGHS, so :meth:`StandardForm.evaluate` checks what HiGHS returns without
any of HiGHS's own code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pyomo.common.collections import ComponentMap
from scipy.sparse import csc_array, vstack

VarData: TypeAlias = Any
"""A scalar Pyomo variable (Pyomo carries no types)."""

FloatArray: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation:
    """What a point is worth and by how much it breaks the program, in absolute terms.

    Parameters
    ----------
    objective : float
        Objective with its offset.
    row_violation, bound_violation, integrality_violation : float
        Largest over all rows, columns and integer columns; 0.0 if there is none, infinity if the
        point holds a NaN.
    """

    objective: float
    row_violation: float
    bound_violation: float
    integrality_violation: float

    @property
    def largest_violation(self) -> float:
        """Largest of the three violations."""
        return max(self.row_violation, self.bound_violation, self.integrality_violation)


@dataclass(frozen=True, eq=False)
class Bounds:
    """Bounds of columns.

    Parameters
    ----------
    lower, upper : ndarray of float, shape (columns,)
        Absent ones are infinite.
    """

    lower: FloatArray
    upper: FloatArray

    def with_those_of(self, other: Bounds, columns: NDArray[np.bool_]) -> Bounds:
        """These bounds with the other ones in some columns."""
        return Bounds(np.where(columns, other.lower, self.lower), np.where(columns, other.upper, self.upper))

    def holding(self, values: Mapping[int, float]) -> Bounds | None:
        """These bounds with some columns held at values; None if a value is outside of them."""
        columns = np.fromiter(values.keys(), dtype=np.int64, count=len(values))
        held = np.fromiter(values.values(), dtype=np.float64, count=len(values))
        if (held < self.lower[columns]).any() or (held > self.upper[columns]).any():
            return None
        lower, upper = self.lower.copy(), self.upper.copy()
        lower[columns] = upper[columns] = held
        return Bounds(lower, upper)


@dataclass(frozen=True, eq=False)
class StandardForm:
    """A mixed-integer linear program as arrays; see the module docstring for the formula.

    Parameters
    ----------
    maximize : bool
        Sense of the objective.
    offset : float
        Constant of the objective.
    cost, column_lower, column_upper : ndarray of float, shape (columns,)
        Objective coefficients and bounds; absent bounds are infinite.
    integer : ndarray of bool, shape (columns,)
        Columns that take whole numbers only.
    matrix : csc_array of float, shape (rows, columns)
        Coefficients, with sorted indices and no explicit zeros.
    row_lower, row_upper : ndarray of float, shape (rows,)
        Sides of the rows; absent sides are infinite.
    variables : tuple of VarData
        Pyomo variable of each column; those in no row and not in the objective come last.
    constants : ComponentMap of VarData to float
        Variables that were fixed when the model was compiled, with their values.
    row_names : tuple of str
        Name of the constraint of each row.
    tied : tuple of (VarData, int)
        Further variables with the column whose value they share (`restricted`).
    """

    maximize: bool
    offset: float
    cost: FloatArray
    column_lower: FloatArray
    column_upper: FloatArray
    integer: NDArray[np.bool_]
    matrix: csc_array
    row_lower: FloatArray
    row_upper: FloatArray
    variables: tuple[VarData, ...]
    constants: Any
    row_names: tuple[str, ...]
    tied: tuple[tuple[VarData, int], ...] = ()

    @property
    def bounds(self) -> Bounds:
        """Bounds of all columns."""
        return Bounds(self.column_lower, self.column_upper)

    def bounds_with_whole(self, lower: NDArray[Any], upper: NDArray[Any]) -> Bounds:
        """Bounds of all columns, those of whole numbers (shape: their count) replaced."""
        low, high = self.column_lower.copy(), self.column_upper.copy()
        low[self.integer], high[self.integer] = lower, upper
        return Bounds(low, high)

    def with_row(self, terms: Sequence[tuple[int, float]], lower: float, name: str) -> StandardForm:
        """The same program with one more row, ``sum of coefficient * column >= lower``."""
        columns = [column for column, _ in terms]
        values = [value for _, value in terms]
        row = csc_array((values, ([0] * len(columns), columns)), shape=(1, len(self.cost)))
        return replace(
            self,
            matrix=csc_array(vstack([self.matrix, row])),
            row_lower=np.append(self.row_lower, lower),
            row_upper=np.append(self.row_upper, np.inf),
            row_names=(*self.row_names, name),
        )

    def restricted(self, fixed: Mapping[int, float], tied: Mapping[int, int]) -> StandardForm:
        """The program in which some columns have fixed values and others the value of a leading column.

        Rows that bounds alone then satisfy, and rows that are there twice, are left out: neither changes the
        feasible points.

        Parameters
        ----------
        fixed : mapping of int to float
            Columns with their values.
        tied : mapping of int to int
            Columns with the column that leads them, itself neither tied nor fixed.

        Returns
        -------
        StandardForm
            Its `constants` hold what is fixed, its `tied` what is tied.
        """
        width = len(self.cost)
        values = np.zeros(width)
        free = np.ones(width, dtype=np.bool_)
        for column, value in fixed.items():
            values[column], free[column] = value, False
        leader = np.arange(width)
        for column, lead in tied.items():
            if free[column]:
                leader[column] = lead
        leads = free & (leader == np.arange(width))
        place = np.cumsum(leads) - 1  # new number of each column that leads
        member = np.flatnonzero(free)
        into = place[leader[member]]
        count = int(leads.sum())
        merge = csc_array((np.ones(len(member)), (member, into)), shape=(width, count))
        matrix = csc_array(self.matrix @ merge)
        _drop_remainders(matrix)
        shift = np.asarray(self.matrix @ values)
        lower, upper = np.full(count, -np.inf), np.full(count, np.inf)
        np.maximum.at(lower, into, self.column_lower[member])
        np.minimum.at(upper, into, self.column_upper[member])
        row_lower, row_upper = self.row_lower - shift, self.row_upper - shift
        keep = _needed_rows(matrix, lower, upper, row_lower, row_upper)
        matrix = csc_array(matrix.tocsr()[keep])
        matrix.sort_indices()
        constants = ComponentMap(self.constants.items())
        constants.update((self.variables[column], value) for column, value in fixed.items())
        return replace(
            self,
            offset=self.offset + float(self.cost @ values),
            cost=np.asarray(merge.T @ self.cost),
            column_lower=lower,
            column_upper=upper,
            integer=self.integer[leads],
            matrix=matrix,
            row_lower=row_lower[keep],
            row_upper=row_upper[keep],
            variables=tuple(self.variables[column] for column in np.flatnonzero(leads)),
            constants=constants,
            row_names=tuple(self.row_names[row] for row in keep),
            tied=tuple((self.variables[j], int(place[leader[j]])) for j in np.flatnonzero(free & ~leads)),
        )

    def part(self, columns: Sequence[int], objective: int) -> StandardForm:
        """The program of some columns: the largest that one of them can be within the rows of these alone.

        Every point of the program, without the other columns, is one of it.

        Parameters
        ----------
        columns : sequence of int
            Columns to keep, in ascending order.
        objective : int
            The one to maximize.
        """
        others = np.ones(len(self.cost), dtype=np.bool_)
        others[columns] = False
        keep = np.flatnonzero(abs(self.matrix[:, others]) @ np.ones(int(others.sum())) == 0.0)
        matrix = csc_array(self.matrix[:, ~others].tocsr()[keep])
        matrix.sort_indices()
        cost = np.zeros(len(self.cost))
        cost[objective] = 1.0
        return replace(
            self,
            maximize=True,
            offset=0.0,
            cost=cost[~others],
            column_lower=self.column_lower[~others],
            column_upper=self.column_upper[~others],
            integer=self.integer[~others],
            matrix=matrix,
            row_lower=self.row_lower[keep],
            row_upper=self.row_upper[keep],
            variables=tuple(self.variables[column] for column in np.flatnonzero(~others)),
            row_names=tuple(self.row_names[row] for row in keep),
            tied=(),
        )

    def proven_bound(self, duals: FloatArray, bounds: Bounds) -> float:
        """Bound of the objective that no point between the bounds can beat, from any multipliers of the rows.

        For a maximum, with y the multipliers (of Neumaier and Shcherbina 2004, Mathematical Programming 99,
        283-296)::

            c x = y A x + (c - A'y) x <= sum_i max of y_i z over z in [row_lower_i, row_upper_i]
                                       + sum_j max of (c - A'y)_j x over x in [lower_j, upper_j]

        It holds for every y, so it asks nothing of the solver that found them; good ones make it close.

        Parameters
        ----------
        duals : ndarray of float, shape (rows,)
            Multipliers, their sign as in HiGHS (a dual is the change of the objective per unit of its row).
        bounds : Bounds
            Of the columns.

        Returns
        -------
        float
            Infinite (with the sense's sign) where an absent bound meets a multiplier.
        """
        sign = 1.0 if self.maximize else -1.0
        multipliers = sign * self._against_sides(duals)
        total = _largest_product(multipliers, self.row_lower, self.row_upper)
        total += _largest_product(sign * self.reduced_costs(duals), bounds.lower, bounds.upper)
        return self.offset + sign * total

    def reduced_costs(self, duals: FloatArray) -> FloatArray:
        """What `proven_bound` has per unit of each column: ``c - A'y``, of any multipliers of the rows.

        Parameters
        ----------
        duals : ndarray of float, shape (rows,)
            As `proven_bound` takes them.

        Returns
        -------
        ndarray of float, shape (columns,)
        """
        reduced: FloatArray = self.cost - self.matrix.T @ self._against_sides(duals)
        return reduced

    def _against_sides(self, duals: FloatArray) -> FloatArray:
        """Multipliers without those that prove nothing, for which 0 is as good.

        Those against an absent side, and what is no number: a product of it would be left out unnoticed.
        """
        sign = 1.0 if self.maximize else -1.0
        absent = ((sign * duals > 0) & ~np.isfinite(self.row_upper)) | (
            (sign * duals < 0) & ~np.isfinite(self.row_lower)
        )
        return np.where(absent | ~np.isfinite(duals), 0.0, duals)

    def evaluate(
        self, values: FloatArray, lower: FloatArray | None = None, upper: FloatArray | None = None
    ) -> Evaluation:
        """Objective and violations of a point.

        Parameters
        ----------
        values : ndarray of float, shape (columns,)
            The point.
        lower, upper : ndarray of float, shape (columns,), or None
            Bounds to hold it against; None means those of the model.

        Returns
        -------
        Evaluation
        """
        low = self.column_lower if lower is None else lower
        high = self.column_upper if upper is None else upper
        activity = np.asarray(self.matrix @ values, dtype=np.float64)
        whole = values[self.integer]
        return Evaluation(
            objective=float(self.cost @ values) + self.offset,
            row_violation=_largest(self.row_lower - activity, activity - self.row_upper),
            bound_violation=_largest(low - values, values - high),
            integrality_violation=_largest(np.abs(whole - np.round(whole))),
        )


ROUNDING = 1e-12
"""Coefficients below this share of their row's largest one are what is left of a difference of equals."""


def _drop_remainders(matrix: csc_array) -> None:
    """Set to zero, and drop, what rounding left where columns with opposite coefficients were merged."""
    largest = np.zeros(matrix.shape[0])
    np.maximum.at(largest, matrix.indices, np.abs(matrix.data))
    matrix.data[np.abs(matrix.data) <= ROUNDING * largest[matrix.indices]] = 0.0
    matrix.eliminate_zeros()


def _needed_rows(
    matrix: csc_array, lower: FloatArray, upper: FloatArray, row_lower: FloatArray, row_upper: FloatArray
) -> NDArray[np.int64]:
    """Rows that the bounds of their columns do not satisfy by themselves, each once."""
    positive, negative = matrix.maximum(0.0), matrix.minimum(0.0)
    with np.errstate(invalid="ignore"):  # no bound times no coefficient
        least = _products(positive, lower) + _products(negative, upper)
        most = _products(positive, upper) + _products(negative, lower)
    room = ROUNDING * np.maximum(1.0, np.abs(np.where(np.isfinite(row_upper), row_upper, row_lower)))
    idle = (least >= row_lower - room) & (most <= row_upper + room)
    rows = matrix.tocsr()
    rows.sort_indices()
    seen: dict[tuple[bytes, bytes, float, float], int] = {}
    for row in np.flatnonzero(~idle):
        part = slice(rows.indptr[row], rows.indptr[row + 1])
        key = (rows.indices[part].tobytes(), rows.data[part].tobytes(), row_lower[row], row_upper[row])
        seen.setdefault(key, int(row))
    return np.array(sorted(seen.values()), dtype=np.int64)


def _products(matrix: csc_array, bounds: FloatArray) -> FloatArray:
    """``matrix @ bounds`` in which an absent bound counts only where it has a coefficient."""
    absent = ~np.isfinite(bounds)
    total: FloatArray = matrix @ np.where(absent, 0.0, bounds)
    if absent.any():
        touched = abs(matrix[:, absent]) @ np.ones(int(absent.sum())) > 0
        sides = matrix[:, absent] @ np.sign(bounds[absent])
        total = np.where(touched, np.where(sides > 0, np.inf, -np.inf), total)
    return total


def _largest_product(weights: FloatArray, lower: FloatArray, upper: FloatArray) -> float:
    """``sum of max of weight * x over x between the bounds``; a weight of 0 needs no bound."""
    up, down = weights > 0, weights < 0
    # As sums: numpy hands a long product of vectors to threads of its own.
    return float((weights[up] * upper[up]).sum() + (weights[down] * lower[down]).sum())


def _largest(*excesses: FloatArray) -> float:
    """Largest positive entry, 0.0 if there is none, infinity if an entry is NaN."""
    largest = 0.0
    for excess in excesses:
        if excess.size:
            top = float(excess.max())  # numpy's max is NaN as soon as one entry is
            largest = max(largest, np.inf if np.isnan(top) else top)
    return largest
