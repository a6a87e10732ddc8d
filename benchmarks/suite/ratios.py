"""Means of ratios, and which cases belong together."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence


def geometric_mean(values: Sequence[float]) -> float:
    """The n-th root of the product; nan of nothing.

    >>> round(geometric_mean([2.0, 8.0]), 6)
    4.0
    """
    if not values:
        return math.nan
    return math.exp(math.fsum(math.log(value) for value in values) / len(values))


def shifted_ratio(first: Sequence[float], second: Sequence[float], shift: float) -> float:
    """Ratio of shifted geometric means: short times weigh less than in `geometric_mean` of ratios.

        (prod(first + shift) ** (1/n) - shift) / (prod(second + shift) ** (1/n) - shift)

    Source: Achterberg, T. (2007), Constraint Integer Programming, PhD thesis, TU Berlin, section A.3.

    >>> round(shifted_ratio([2.0, 8.0], [1.0, 4.0], 0.0), 6)
    2.0
    """
    means = [geometric_mean([value + shift for value in values]) - shift for values in (first, second)]
    return means[0] / means[1] if means[1] > 0 else math.nan


def group(case: str) -> str:
    """Name of a case without the number of its draw.

    >>> group("standard/M/3"), group("adapting/S/0/stages=5"), group("small/103"), group("teaching")
    ('standard/M', 'adapting/S/stages=5', 'small', 'teaching')
    """
    return re.sub(r"[/_]\d+(?=(/\w+=\d+)*$)", "", case)
