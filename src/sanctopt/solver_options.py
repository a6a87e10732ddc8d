"""What is asked of a solve and what it answers: options, progress and report, as plain data.

Belongs to :mod:`sanctopt.solver`; it imports highspy only to check options by their HiGHS names.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from numbers import Integral, Real

import highspy

from sanctopt.errors import OptionError

LEAST = {"mip_feasibility_tolerance": 1e-8}
"""Least values of HiGHS's options that can be trusted. At 1e-9 and without presolve, HiGHS 1.15.1 calls
419.99 optimal for the shipped case ``teaching``, whose optimum is 471.18 (tests/test_solver_traps.py)."""

ABSOLUTE_GAP = 1e-9
"""Incumbent and bound this close are equal; this decides where the incumbent is 0."""

HighsValue = bool | int | float | str

_FIELD_OF = {
    "time_limit": "time_limit_seconds",
    "mip_rel_gap": "relative_gap",
    "threads": "threads",
    "random_seed": "seed",
    "mip_max_nodes": "node_limit",
    "output_flag": "log",
    "log_to_console": "log",
}
_REFUSED = {
    "mip_abs_gap": "it would stop the search before the relative gap is reached",
    "solve_relaxation": "it would drop the whole-number conditions; relax the variables of the model instead",
    "small_matrix_value": "it would drop coefficients of the model",
    "large_matrix_value": "coefficients are checked when the model is compiled",
    "infinite_bound": "bounds are checked when the model is compiled",
    "infinite_cost": "costs are checked when the model is compiled",
}
_TYPES = {
    highspy.HighsOptionType.kBool: "bool",
    highspy.HighsOptionType.kInt: "int",
    highspy.HighsOptionType.kDouble: "float",
    highspy.HighsOptionType.kString: "str",
}


def new_highs() -> highspy.Highs:
    """Return a silent HiGHS object; highspy leaves its constructor without types."""
    make: Callable[[], highspy.Highs] = highspy.Highs
    highs = make()
    highs.setOptionValue("output_flag", False)
    return highs


def relative_gap(incumbent: float | None, dual_bound: float | None) -> float:
    """``|dual bound - incumbent| / |incumbent|``; see :class:`SolveReport` for the corner cases."""
    if incumbent is None or dual_bound is None:
        return math.inf
    difference = abs(dual_bound - incumbent)
    return 0.0 if difference <= ABSOLUTE_GAP else difference / max(abs(incumbent), ABSOLUTE_GAP)


@dataclass(frozen=True)
class SolveOptions:
    """What is asked of one solve.

    Parameters
    ----------
    time_limit_seconds : float or None
        Wall time of HiGHS for this solve alone, at least 0; None for no limit.
    relative_gap : float
        Distance of the dual bound from the incumbent, relative to the incumbent, at which the search
        may stop; at least 0 and finite.
    threads : int
        Threads of HiGHS, at least 1. Runs repeat exactly with 1.
    seed : int
        Random seed, 0 to 2**31 - 1.
    node_limit : int or None
        Branch-and-bound nodes, at least 0; None for no limit.
    log : bool
        Whether HiGHS writes its log to standard output.
    highs : mapping of str to bool, int, float or str
        Further options by their HiGHS names, e.g. ``{"mip_heuristic_effort": 0.1}``.

    Raises
    ------
    OptionError
        A value is out of range, or HiGHS does not know an option or its value.

    Examples
    --------
    >>> SolveOptions(time_limit_seconds=60, highs={"mip_rel_gapp": 0.1})
    Traceback (most recent call last):
    ...
    sanctopt.errors.OptionError: HiGHS has no option 'mip_rel_gapp'; did you mean 'mip_rel_gap'?
    """

    time_limit_seconds: float | None = None
    relative_gap: float = 1e-6
    threads: int = 1
    seed: int = 0
    node_limit: int | None = None
    log: bool = False
    highs: Mapping[str, HighsValue] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.time_limit_seconds is not None:
            _check_real("time_limit_seconds", self.time_limit_seconds, "None for no limit")
        _check_real("relative_gap", self.relative_gap, "e.g. 1e-6")
        _check_integer("threads", self.threads, 1)
        _check_integer("seed", self.seed, 0)
        if self.node_limit is not None:
            _check_integer("node_limit", self.node_limit, 0)
        if not isinstance(self.log, bool):
            raise OptionError(f"log is {self.log!r}; give True or False")
        object.__setattr__(self, "highs", dict(self.highs))
        for name, value in self.highs.items():
            _check_highs_option(name, value)


def _check_real(name: str, value: object, hint: str) -> None:
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < math.inf:
        raise OptionError(f"{name} is {value!r}; give a finite number of at least 0 ({hint})")


def _check_integer(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral) or not least <= int(value) < 2**31:
        raise OptionError(f"{name} is {value!r}; give a whole number from {least} to 2147483647")


def _check_highs_option(name: str, value: HighsValue) -> None:
    """Ask HiGHS itself whether it knows an option and takes its value."""
    if name in _FIELD_OF:
        raise OptionError(f"set HiGHS's {name!r} by the field {_FIELD_OF[name]!r} of SolveOptions")
    if name in _REFUSED:
        raise OptionError(f"HiGHS's {name!r} cannot be set: {_REFUSED[name]}")
    highs = new_highs()
    status, kind = highs.getOptionType(str(name))
    if status != highspy.HighsStatus.kOk:  # the kind of an unknown option is whatever lay in memory
        known = [known for known in dir(highspy.HighsOptions()) if not known.startswith("_")]
        close = difflib.get_close_matches(str(name), known, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise OptionError(f"HiGHS has no option {name!r}{hint}")
    wanted = _TYPES[kind]
    # HiGHS would read the text "0.5" as a number, and take a NaN for any tolerance.
    fits = type(value).__name__ == wanted or (wanted == "float" and type(value) is int)
    if name in LEAST and fits and float(value) < LEAST[name]:
        raise OptionError(
            f"{name} is {value!r}; give at least {LEAST[name]:g}: below, HiGHS {highs.version()} calls wrong "
            "values optimal"
        )
    if not fits or value != value or highs.setOptionValue(name, value) != highspy.HighsStatus.kOk:
        raise OptionError(f"HiGHS does not take {value!r} for its option {name!r} of type {wanted}")


class Reason(Enum):
    """Why a solve ended.

    ``LIMIT`` and ``INTERRUPTED`` come with or without an incumbent; see :class:`SolveReport`.
    """

    OPTIMAL = "optimal"
    LIMIT = "limit"
    INTERRUPTED = "interrupted"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    ERROR = "error"


class Limit(Enum):
    """Which limit ended a solve.

    ``SOLUTIONS`` stands for HiGHS's other counts of the tree (``mip_max_improving_sols``,
    ``mip_max_leaves``, ``mip_max_stall_nodes``), ``TARGET`` for its ``objective_target`` and
    ``objective_bound``.
    """

    NONE = "none"
    TIME = "time"
    NODES = "nodes"
    SOLUTIONS = "solutions"
    ITERATIONS = "iterations"
    MEMORY = "memory"
    TARGET = "target"
    INTERRUPT = "interrupt"


@dataclass(frozen=True)
class Progress:
    """A running solve, as of one moment.

    Parameters
    ----------
    wall_seconds : float
        Since the start of the solve.
    incumbent, dual_bound : float or None
        In the sense of the model; None before there is one.
    relative_gap : float
        As in :class:`SolveReport`; infinite while there is no incumbent or no bound.
    nodes : int
        Branch-and-bound nodes so far.
    """

    wall_seconds: float
    incumbent: float | None
    dual_bound: float | None
    relative_gap: float
    nodes: int


@dataclass(frozen=True)
class SolveReport:
    """How a solve ended.

    The gap is ``|dual_bound - incumbent| / |incumbent|``, computed here from the two numbers beside it and
    not taken from HiGHS. A difference of at most 1e-9 counts as 0, which also settles an incumbent of 0.
    ``reason`` is ``OPTIMAL`` only if this gap is within the gap asked for (plus 1e-12).

    Parameters
    ----------
    reason : Reason
        Why the solve ended.
    limit : Limit
        Which limit ended it; ``NONE`` if it ended by itself. An interrupt that came too late to stop
        HiGHS shows as ``INTERRUPT`` here beside the reason that HiGHS ended with.
    message : str
        What went wrong if ``reason`` is ``ERROR``, otherwise empty.
    incumbent : float or None
        Objective of the best point found, recomputed from the point; None if there is no point.
    dual_bound : float or None
        Bound that no point can beat, never worse than the incumbent; None if there is none yet.
    relative_gap : float
        Infinite if there is no incumbent or no bound.
    nodes, simplex_iterations : int
        Work done; with one thread and one seed these repeat exactly unless time ran out.
    rows, columns, integer_columns, nonzeros : int
        Size of the compiled program.
    compile_seconds, solve_seconds : float
        Wall time of the one compilation and of this solve.
    contradicted : bool
        Whether HiGHS called the program infeasible or unbounded and did not confirm it without presolve.
    """

    reason: Reason
    limit: Limit
    message: str
    incumbent: float | None
    dual_bound: float | None
    relative_gap: float
    nodes: int
    simplex_iterations: int
    rows: int
    columns: int
    integer_columns: int
    nonzeros: int
    compile_seconds: float
    solve_seconds: float
    contradicted: bool

    @property
    def has_solution(self) -> bool:
        """Whether there is an incumbent."""
        return self.incumbent is not None
