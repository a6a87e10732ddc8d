"""Rows of the program as Pyomo linear expressions, built term by term.

`LinearExpression` skips Pyomo's expression tree, which is most of the time of building a program.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyomo.core.expr import LinearExpression

Terms = Iterable[tuple[float, Any]]
Row = tuple[float | None, Any, float | None]


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
