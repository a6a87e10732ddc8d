"""What of HiGHS's outcome is believed: point by program, bound by point, reason by gap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sanctopt.solver_options import Limit, Reason, SolveOptions, relative_gap
from sanctopt.solver_run import Outcome, ending
from sanctopt.standard_form import Evaluation, FloatArray

VIOLATION_TOLERANCE = 1e-6
"""Largest absolute violation of an incumbent: HiGHS's own ``mip_feasibility_tolerance``."""

_TOLERANCES = ("mip_feasibility_tolerance", "primal_feasibility_tolerance")


@dataclass(frozen=True)
class Verdict:
    """What is believed.

    Attributes
    ----------
    reason : Reason
    limit : Limit
    message : str
        What contradicts itself; the reason is then an error, and there are no values.
    values : ndarray of float, shape (columns,), or None
        The incumbent.
    incumbent, dual_bound : float or None
        Its objective, and the bound.
    relative_gap : float
        Between them; infinite if one is missing.
    """

    reason: Reason
    limit: Limit
    message: str
    values: FloatArray | None
    incumbent: float | None
    dual_bound: float | None
    relative_gap: float


def judged(
    options: SolveOptions,
    outcome: Outcome,
    complete: FloatArray | None,
    evaluate: Callable[[FloatArray], Evaluation],
    maximize: bool,
) -> Verdict:
    """Judge an outcome.

    Parameters
    ----------
    options : SolveOptions
        Of the solve.
    outcome : Outcome
        Of HiGHS.
    complete : ndarray of float, shape (columns,), or None
        A feasible point that the solve started from: no worse one is returned.
    evaluate : callable
        The program's own evaluation of a point.
    maximize : bool
        Sense of its objective.
    """
    sign = 1.0 if maximize else -1.0
    reason, limit, message = ending(options, outcome)
    values, incumbent, bound = outcome.values, None, outcome.dual_bound
    if reason in (Reason.INFEASIBLE, Reason.UNBOUNDED):
        values = bound = None
    if values is not None:
        found = evaluate(values)
        incumbent = found.objective
        message = message or _flaw(options, found, outcome.objective)
    if complete is not None and reason is Reason.INFEASIBLE:
        message = "HiGHS calls the program infeasible, but the start is feasible"
    elif complete is not None and reason is not Reason.UNBOUNDED:
        worth = evaluate(complete).objective
        if incumbent is None or sign * (worth - incumbent) > 0:
            values, incumbent = complete, worth
    if incumbent is not None and bound is not None:
        if sign * (incumbent - bound) > 1e-6 * max(1.0, abs(incumbent)):
            message = message or f"the incumbent {incumbent} beats the dual bound {bound}"
        bound = sign * max(sign * bound, sign * incumbent)
    gap = relative_gap(incumbent, bound)
    if reason is Reason.OPTIMAL and gap > options.relative_gap + 1e-12:
        wanted = options.relative_gap
        message = message or f"HiGHS calls a gap of {gap:g} optimal, {wanted:g} was asked for"
    if message:
        return Verdict(Reason.ERROR, limit, message, None, None, None, np.inf)
    return Verdict(reason, limit, message, values, incumbent, bound, gap)


def _flaw(options: SolveOptions, found: Evaluation, objective: float) -> str:
    """Say what is wrong with a point that HiGHS returned; empty if nothing."""
    # A caller who loosens a tolerance of HiGHS's loosens this check with it.
    loosened = (float(options.highs.get(name, 0.0)) for name in _TOLERANCES)
    if not found.largest_violation <= max(VIOLATION_TOLERANCE, *loosened) + 1e-9:  # 1e-9: rounding
        return f"the point that HiGHS returned breaks the program: {found}"
    if not abs(objective - found.objective) <= 1e-6 * max(1.0, abs(found.objective)):
        return f"HiGHS gives objective {objective} to a point worth {found.objective}"
    return ""
