"""A Pyomo model as arrays: compiled once, checked number by number, evaluated in plain numpy.

The program reads, in the sense of the model's own objective::

    min or max   offset + cost @ x
    subject to   row_lower <= matrix @ x <= row_upper
                 column_lower <= x <= column_upper
                 x[j] a whole number for every j with integer[j]

This module knows nothing of HiGHS, so :meth:`StandardForm.evaluate` checks what HiGHS returns without
any of HiGHS's own code.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pyomo.common.collections import ComponentMap
from pyomo.common.errors import InfeasibleConstraintException, PyomoException
from pyomo.environ import ConcreteModel, Objective, SortComponents, Var, maximize
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler
from scipy.sparse import csc_array, vstack

from sanctopt.errors import SolverError

VarData: TypeAlias = Any
"""A scalar Pyomo variable (Pyomo carries no types)."""

FloatArray: TypeAlias = NDArray[np.float64]

LARGEST_COEFFICIENT = 1e9
"""With a feasibility tolerance of 1e-6, one coefficient of 1e9 makes its row meaningless."""

SMALLEST_COEFFICIENT = 1e-9
"""HiGHS drops matrix entries of at most ``small_matrix_value`` = 1e-9: a silent change of the model."""

LARGEST_NUMBER = 1e15
"""HiGHS takes bounds from 1e20 on as infinite; below that, doubles have no digits left for 1e-6."""

_LP_KEYWORDS = frozenset(
    [
        *("bin", "binaries", "binary", "bound", "bounds", "end", "free", "gen", "general", "generals"),
        *("inf", "infinity", "int", "integer", "integers", "max", "maximise", "maximize", "maximum"),
        *("min", "minimise", "minimize", "minimum", "nan", "obj", "sec", "semi", "semis"),
        *("sos", "sos1", "sos2", "st", "s.t.", "subject", "such"),
    ]
)

# The compiler fills class attributes on its first call, and the pause of the garbage collector is a
# state of the whole process, so models are compiled one at a time.
_COMPILE_LOCK = threading.Lock()


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

    def proven_bound(self, duals: FloatArray, lower: FloatArray, upper: FloatArray) -> float:
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
        lower, upper : ndarray of float, shape (columns,)
            Bounds of the columns.

        Returns
        -------
        float
            Infinite (with the sense's sign) where an absent bound meets a multiplier.
        """
        sign = 1.0 if self.maximize else -1.0
        multipliers = sign * self._against_sides(duals)
        total = _largest_product(multipliers, self.row_lower, self.row_upper)
        total += _largest_product(sign * self.reduced_costs(duals), lower, upper)
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
        """Multipliers without those against an absent side, which prove nothing: 0 is as good."""
        sign = 1.0 if self.maximize else -1.0
        absent = ((sign * duals > 0) & ~np.isfinite(self.row_upper)) | (
            (sign * duals < 0) & ~np.isfinite(self.row_lower)
        )
        return np.where(absent, 0.0, duals)

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


def compile_standard_form(model: ConcreteModel) -> StandardForm:
    """Compile a linear Pyomo model with one active objective into arrays, and check every number.

    Parameters
    ----------
    model : ConcreteModel
        Variables that are fixed now become constants; fixing them later changes nothing here.

    Returns
    -------
    StandardForm

    Raises
    ------
    SolverError
        The model is not linear, has not exactly one active objective, a domain that is neither
        continuous nor whole numbers, a constraint without free variables that does not hold, a NaN or
        an infinite number, or a number that HiGHS would change silently.
    """
    objectives = list(model.component_data_objects(Objective, active=True, descend_into=True))
    if len(objectives) != 1:
        raise SolverError(
            f"model {model.name!r} has {len(objectives)} active objectives; activate exactly one"
        )
    try:
        with _COMPILE_LOCK:
            # LinearStandardFormCompiler.write pauses the garbage collector itself.
            # set_sense=None keeps the sense of the model; mixed_form keeps equalities as one row.
            info = LinearStandardFormCompiler().write(model, mixed_form=True, set_sense=None)
    except InfeasibleConstraintException as error:
        raise SolverError(f"{error}: it has no free variable and does not hold") from error
    except (PyomoException, ValueError) as error:
        raise SolverError(f"model {model.name!r} cannot be compiled to a linear program: {error}") from error

    variables = list(info.columns)
    used = {id(variable) for variable in variables}
    constants = ComponentMap()
    # The compiler drops variables in no row and not in the objective. They are kept as empty columns,
    # so that every variable of the model has a value after the solve.
    for variable in model.component_data_objects(
        Var, active=True, descend_into=True, sort=SortComponents.deterministic
    ):
        if id(variable) in used:
            continue
        if variable.fixed:
            constants[variable] = float(variable.value)
        else:
            variables.append(variable)
    matrix, row_lower, row_upper, row_names = _rows(info, len(variables))
    try:
        column_lower = np.array([-np.inf if v.lb is None else v.lb for v in variables], dtype=np.float64)
        column_upper = np.array([np.inf if v.ub is None else v.ub for v in variables], dtype=np.float64)
    except ValueError as error:  # Pyomo's own complaint about a NaN
        raise SolverError(str(error)) from error
    cost = np.zeros(len(variables))
    cost[: len(info.columns)] = info.c.toarray()[0] if len(info.columns) else 0.0
    form = StandardForm(
        maximize=objectives[0].sense == maximize,
        offset=float(info.c_offset[0]),
        cost=cost,
        column_lower=column_lower,
        column_upper=column_upper,
        integer=np.array([_is_integer(v) for v in variables], dtype=np.bool_),
        matrix=matrix,
        row_lower=row_lower,
        row_upper=row_upper,
        variables=tuple(variables),
        constants=constants,
        row_names=row_names,
    )
    _check(form)
    return form


def _is_integer(variable: VarData) -> bool:
    """Whether a variable takes whole numbers only; refuses domains that are neither that nor real."""
    if variable.is_continuous():
        return False
    if variable.is_integer():
        return True
    raise SolverError(
        f"variable {variable.name!r} has domain {variable.domain}; only real, integer and binary domains "
        "can be solved"
    )


def _rows(info: Any, width: int) -> tuple[csc_array, FloatArray, FloatArray, tuple[str, ...]]:
    """Matrix and sides of the rows; the two rows that the compiler makes of a range become one again."""
    kind = np.array([row.bound_type for row in info.rows], dtype=np.int64)
    sides = np.array(info.rhs, dtype=np.float64)
    lower = np.where(kind <= 0, sides, -np.inf)  # -1: body >= side; 0: body == side; 1: body <= side
    upper = np.where(kind >= 0, sides, np.inf)
    # Of a range, the compiler writes the row of the upper side and right after it that of the lower.
    twin = np.array(
        [i > 0 and row.constraint is info.rows[i - 1].constraint for i, row in enumerate(info.rows)],
        dtype=np.bool_,
    )
    first = np.flatnonzero(twin) - 1
    lower[first] = lower[first + 1]
    keep = np.flatnonzero(~twin)
    # Through CSR for the choice of rows, then CSC with room for the columns in no row.
    chosen = info.A.tocsr()[keep].tocsc() if len(info.columns) else csc_array((len(keep), 0))
    indptr = np.concatenate([chosen.indptr, np.full(width - chosen.shape[1], chosen.indptr[-1])])
    matrix = csc_array((chosen.data.astype(np.float64), chosen.indices, indptr), shape=(len(keep), width))
    matrix.sort_indices()
    return matrix, lower[keep], upper[keep], tuple(info.rows[i].constraint.name for i in keep)


def _check(form: StandardForm) -> None:
    """Refuse numbers that HiGHS accepts and then ignores, changes or computes nonsense with."""
    problems: list[str] = []
    names = [variable.name for variable in form.variables]

    def report(bad: NDArray[np.bool_], text: str, values: FloatArray, where: list[str]) -> None:
        problems.extend(f"{text} {values[i]:g} of {where[i]}" for i in np.flatnonzero(bad)[:5])

    entry_rows = form.matrix.indices
    entry_columns = np.repeat(np.arange(len(names)), np.diff(form.matrix.indptr))
    size = np.abs(form.matrix.data)
    bad = np.flatnonzero(~((size > SMALLEST_COEFFICIENT) & (size < LARGEST_COEFFICIENT)))  # NaN is bad too
    problems.extend(
        f"coefficient {form.matrix.data[k]:g} of {names[entry_columns[k]]} in row "
        f"{form.row_names[entry_rows[k]]} (allowed: over {SMALLEST_COEFFICIENT:g} and "
        f"under {LARGEST_COEFFICIENT:g} in size)"
        for k in bad[:5]
    )
    report(~(np.abs(form.cost) < LARGEST_NUMBER), "objective coefficient", form.cost, names)
    if not abs(form.offset) < LARGEST_NUMBER:
        problems.append(f"constant {form.offset:g} of the objective")
    rows = list(form.row_names)
    for text, values, absent, where in (
        ("lower side", form.row_lower, -np.inf, rows),
        ("upper side", form.row_upper, np.inf, rows),
        ("lower bound", form.column_lower, -np.inf, names),
        ("upper bound", form.column_upper, np.inf, names),
    ):
        report(~((np.abs(values) < LARGEST_NUMBER) | (values == absent)), text, values, where)
    report(form.column_lower > form.column_upper, "over its upper bound: lower", form.column_lower, names)
    report(form.row_lower > form.row_upper, "over its upper side: lower side", form.row_lower, rows)
    if problems:
        raise SolverError(
            "the program holds numbers that cannot be solved reliably "
            f"(all finite ones under {LARGEST_NUMBER:g}):\n  " + "\n  ".join(problems)
        )


def file_names(names: list[str]) -> list[str]:
    """Return names that the LP format can hold, distinct and in order.

    One bad name makes HiGHS's writer replace all of them by ``c0, c1, ...``.
    """
    used: set[str] = set()
    result = []
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9_.,()]", "_", name.replace("[", "(").replace("]", ")"))
        # Its reader stumbles over section names and over what starts like a number.
        if not re.match(r"[A-Za-z_]", plain) or plain.lower() in _LP_KEYWORDS:
            plain = f"n_{plain}"
        candidate, count = plain[:200], 1
        while candidate in used:
            count += 1
            candidate = f"{plain[:200]}_{count}"
        used.add(candidate)
        result.append(candidate)
    return result
