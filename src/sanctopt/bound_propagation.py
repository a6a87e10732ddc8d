"""What rows say of the bounds of their columns: bound propagation on arrays.

Of a row ``lower <= sum_j a_j x_j <= upper``, every column has what the others leave it, at the least and at
the most::

    a_k x_k <= upper - sum over j != k of the least of a_j x_j
    a_k x_k >= lower - sum over j != k of the most of a_j x_j

and a whole number can be rounded inwards (Savelsbergh 1994, ORSA Journal on Computing 6, 445-454). What one
row rules out, others pass on, so this is done in rounds over the rows whose columns moved. Every round may be
the last: its bounds hold.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sanctopt.standard_form import Bounds, StandardForm

ROUNDS = 20
"""Most rounds."""

STEP = 0.05
"""A bound of a column that is no whole number moves by at least this share of what is between its bounds."""

SLACK = 1e-6
"""Rows are taken to hold to this share of their largest coefficient, and bounds to this."""


class BoundPropagation:
    """Rows of a program, ready to tighten bounds.

    Parameters
    ----------
    form : StandardForm
        The program. Rows of columns without bounds are left out: they prove nothing here.
    heeded : ndarray of bool, shape (rows,), or None
        The rows to heed; None for all. To heed fewer proves less, and never anything wrong.
    """

    def __init__(self, form: StandardForm, heeded: NDArray[np.bool_] | None = None) -> None:
        rows = form.matrix.tocsr()
        keep = np.diff(rows.indptr) > 0
        if heeded is not None:
            keep &= heeded
        unbounded = ~(np.isfinite(form.column_lower) & np.isfinite(form.column_upper))
        keep &= abs(rows[:, unbounded]) @ np.ones(int(unbounded.sum())) == 0.0
        rows = rows[np.flatnonzero(keep)]
        self._whole = form.integer
        self._row_starts, self._row_sizes = _runs(rows.indptr)
        self._columns, self._values = rows.indices, rows.data
        by_column = rows.tocsc()
        self._column_starts, self._column_sizes = _runs(by_column.indptr)
        self._rows_of_columns = by_column.indices
        slack = SLACK * abs(rows).max(axis=1).toarray().ravel() if rows.shape[0] else np.zeros(0)
        self._lower, self._upper = form.row_lower[keep] - slack, form.row_upper[keep] + slack

    def tightened(self, bounds: Bounds, since: Bounds | None = None) -> Bounds | None:
        """Bounds that every point between the given ones satisfies, too.

        Parameters
        ----------
        bounds : Bounds
            Bounds of the columns.
        since : Bounds or None
            Wider bounds that were as tight as this makes them: only rows of columns that moved since then are
            looked at first. None for all rows.

        Returns
        -------
        Bounds or None
            None if there is no such point.
        """
        tight = Bounds(bounds.lower.copy(), bounds.upper.copy())
        if since is None:
            rows = np.arange(self._row_sizes.size)
        else:
            rows = self._rows_of((bounds.lower != since.lower) | (bounds.upper != since.upper))
        for _ in range(ROUNDS):
            if not rows.size:
                break
            moved = self._round(tight, rows)
            if (tight.lower > tight.upper).any():
                return None
            rows = self._rows_of(moved)
        return tight

    def _rows_of(self, columns: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The rows in which any of these columns has a coefficient."""
        numbers = np.flatnonzero(columns)
        places = _places(self._column_starts[numbers], self._column_sizes[numbers])
        return np.unique(self._rows_of_columns[places])

    def _round(self, bounds: Bounds, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tighten bounds in place by some rows at once; tells which columns moved."""
        sizes = self._row_sizes[rows]
        places = _places(self._row_starts[rows], sizes)
        columns, values = self._columns[places], self._values[places]
        first = np.cumsum(sizes) - sizes
        positive = values > 0.0
        low, high = bounds.lower[columns], bounds.upper[columns]
        least, most = values * np.where(positive, low, high), values * np.where(positive, high, low)
        above = np.repeat(self._upper[rows] - np.add.reduceat(least, first), sizes) + least
        below = np.repeat(self._lower[rows] - np.add.reduceat(most, first), sizes) + most
        new_low, new_high = np.full_like(bounds.lower, -np.inf), np.full_like(bounds.upper, np.inf)
        np.maximum.at(new_low, columns, np.where(positive, below, above) / values - SLACK)
        np.minimum.at(new_high, columns, np.where(positive, above, below) / values + SLACK)
        whole = self._whole
        new_low[whole], new_high[whole] = np.ceil(new_low[whole]), np.floor(new_high[whole])
        step = np.where(whole, 0.0, STEP * (bounds.upper - bounds.lower))
        raised, lowered = new_low - step > bounds.lower, new_high + step < bounds.upper
        bounds.lower[raised], bounds.upper[lowered] = new_low[raised], new_high[lowered]
        moved: NDArray[np.bool_] = raised | lowered
        return moved


def _runs(ends: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each row or column begins in its matrix, and how long it is."""
    starts = ends.astype(np.int64)
    return starts[:-1], np.diff(starts)


def _places(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers from each start on, as many as its size says, one run after the other."""
    before = np.cumsum(sizes) - sizes
    return np.repeat(starts - before, sizes) + np.arange(int(sizes.sum()))
