"""Sweeps: cases that differ from one another in a single number, stages, entities or types."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from suite.families import SIZES
from suite.measure import Record

DIMENSIONS = ("stages", "entities", "types")

STEPS: Mapping[str, tuple[int, ...]] = {
    "stages": (1, 2, 3, 4, 5, 6),
    "entities": (14, 20, 26, 36, 48),
    "types": (1, 2, 3, 4, 6),
}
"""Numbers that each dimension of a case of size S is set to."""

_CHANGED = re.compile(r"(?P<base>\w+/(?P<size>\w+)/\d+)(?:/(?P<dimension>\w+)=\d+)?")


@dataclass(frozen=True)
class Sweep:
    """Records of the cases that change one dimension of a base case, by that dimension."""

    base: str
    dimension: str
    records: tuple[Record, ...]


def sweep_cases(bases: Sequence[str], steps: Mapping[str, Sequence[int]] = STEPS) -> list[str]:
    """Names of the cases of all sweeps from base cases; the base itself stands once.

    Examples
    --------
    >>> sweep_cases(["standard/S/0"], {"stages": (2, 3), "types": (3,)})
    ['standard/S/0/stages=2', 'standard/S/0']
    """
    found = []
    for base in bases:
        size = SIZES[base.split("/")[1]]
        for dimension, numbers in steps.items():
            usual = getattr(size, dimension)
            found += [base if number == usual else f"{base}/{dimension}={number}" for number in numbers]
    return list(dict.fromkeys(found))


def sweeps(records: Sequence[Record]) -> list[Sweep]:
    """The sweeps among adaptive records, of at least two cases; of several solver seeds the first counts."""
    by_base: dict[tuple[str, str], dict[str, Record]] = {}
    bases: dict[str, Record] = {}
    for record in records:
        name = _CHANGED.fullmatch(record.wanted.case)
        if name is None or record.wanted.information != "adaptive":
            continue
        if name["dimension"] is None:
            bases.setdefault(name["base"], record)
        else:
            by_base.setdefault((name["base"], name["dimension"]), {}).setdefault(record.wanted.case, record)
    found = []
    for (base, dimension), changed in by_base.items():
        own = [*changed.values(), *([bases[base]] if base in bases else [])]
        own.sort(key=lambda record: getattr(record, dimension))
        if len(own) > 1:
            found.append(Sweep(base, dimension, tuple(own)))
    return found
