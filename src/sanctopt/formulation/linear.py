"""Rows of the program as Pyomo linear expressions, built term by term.

`LinearExpression` skips Pyomo's expression tree, which is most of the time of building a program.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from pyomo.core.expr import LinearExpression

Terms = Iterable[tuple[float, Any]]
Row = tuple[float | None, Any, float | None]


ROUNDING = 1e-12
"""A sum of decimals smaller than this share of its largest term is 0: see `decimal_sum`."""


def decimal_sum(*terms: float) -> float:
    """Sum of numbers of the data; exactly 0 where their decimals cancel.

    The data are decimals, and decimals that cancel leave a residue in binary floating point: 0.1 * 3 - 0.3
    is 5.6e-17. As a coefficient that would be refused, since HiGHS drops what is that small. A residue is a
    few units in the 16th digit of the largest term; a sum below `ROUNDING` of that term is taken for one. To
    `play` such a number is 0 as well: `sanctopt.game.EQUAL` is a thousand times larger. Every constant
    and coefficient of the program that is a sum or difference of data is built here.

    Parameters
    ----------
    *terms : float
        The terms as the data give them, or products of data. A difference that was rounded before hides how
        large its terms were.

    Examples
    --------
    >>> -0.3 + 0.1 * 3, decimal_sum(-0.3, 0.1 * 3), decimal_sum(0.5, -0.25)
    (5.551115123125783e-17, 0.0, 0.25)
    """
    total = math.fsum(terms)
    return 0.0 if abs(total) <= ROUNDING * max(map(abs, terms), default=0.0) else total


def linear(terms: Terms) -> Any:
    """``sum of coefficient * variable``; terms with coefficient 0 are left out."""
    kept = [(coefficient, variable) for coefficient, variable in terms if coefficient != 0]
    return LinearExpression(
        constant=0.0,
        linear_coefs=[coefficient for coefficient, _ in kept],
        linear_vars=[variable for _, variable in kept],
    )


def at_most(terms: Terms, right: float) -> Row:
    """Row ``terms <= right``."""
    return (None, linear(terms), right)


def at_least(terms: Terms, right: float) -> Row:
    """Row ``terms >= right``."""
    return (right, linear(terms), None)


def equal(terms: Terms, right: float) -> Row:
    """Row ``terms == right``."""
    return (right, linear(terms), right)
