"""From a Pyomo model to arrays: compiled once, every number checked, names for a file.

HiGHS accepts numbers that it then ignores, changes or computes nonsense with; they are refused here.
"""

from __future__ import annotations

import re
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyomo.common.collections import ComponentMap
from pyomo.common.errors import InfeasibleConstraintException, PyomoException
from pyomo.environ import ConcreteModel, Objective, SortComponents, Var, maximize
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler
from scipy.sparse import csc_array

from sanctopt.errors import SolverError
from sanctopt.standard_form import FloatArray, StandardForm, VarData

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
