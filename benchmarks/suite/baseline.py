"""The counts that repeat, kept in ``benchmarks/baseline.json``: made anew by one command, compared by a test.

The baseline holds small cases solved to proven optimality without a time limit (sizes, nodes, iterations,
value), and the size of the exact adaptive program of larger ones. A search under a time limit repeats
nothing, so there is none here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sanctopt.solve import versions
from suite.cases import case_game
from suite.measure import BENCHMARKS, Record, Wanted, measure, program_size

BASELINE = BENCHMARKS / "baseline.json"
COMMAND = "python benchmarks/run.py --update-baseline"

SOLVED = (
    "teaching",
    "published",
    "published/2",
    "grid/4x5/0",
    "grid/10x20/0",
    "adapting/XS/0",
    "no_off_ramp/XS/0",
    "distant/S/1",
)
"""Cases that the baseline solves; all together take well under 20 seconds."""

BUILT = ("standard/S/0", "adapting/S/0", "standard/M/0", "adapting/M/0", "standard/L/0")
"""Cases of which the baseline only builds the exact adaptive program."""

SAME_VALUE = 1e-6
"""Relative difference up to which two optimal values are the same."""

DECISIVE = ("highspy", "pyomo")
"""Packages whose versions the counts depend on."""


def solved_counts(case: str) -> dict[str, Any]:
    """What the baseline keeps of a case that it solves."""
    return _kept(measure(Wanted(case)))


def built_counts(case: str) -> dict[str, int]:
    """What the baseline keeps of a case that it only builds."""
    return {f"exact {name}": number for name, number in program_size(case_game(case)).items()}


def read_baseline(path: Path = BASELINE) -> dict[str, Any]:
    """The baseline as it is kept."""
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def write_baseline(path: Path = BASELINE) -> list[str]:
    """Measure every case of the baseline anew and keep what was found.

    Returns
    -------
    list of str
        What differs from the baseline that was there, one sentence each.
    """
    data: dict[str, Any] = {
        "made_by": COMMAND,
        "versions": {name: versions()[name] for name in DECISIVE},
        "solved": {case: solved_counts(case) for case in SOLVED},
        "built": {case: built_counts(case) for case in BUILT},
    }
    changes = []
    if path.exists():
        before = read_baseline(path)
        for part in ("solved", "built"):
            for case, counts in data[part].items():
                changes += differences(case, before[part].get(case, {}), counts)
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    return changes


def differences(case: str, kept: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """What differs between the baseline of a case and what was found now, one sentence each.

    Examples
    --------
    >>> differences("teaching", {"search nodes": 17}, {"search nodes": 19})
    ['teaching: search nodes: 19 now, 17 in the baseline']
    """
    return [
        f"{case}: {name}: {_shown(found, name)} now, {_shown(kept, name)} in the baseline"
        for name in dict.fromkeys([*kept, *found])
        if not _same(kept.get(name), found.get(name))
    ]


def complaint(changes: list[str]) -> str:
    """What the smoke run says of differences: which, why that may be, and what to do."""
    kept, here = read_baseline()["versions"], versions()
    others = [f"{name} {here[name]} instead of {kept[name]}" for name in kept if here[name] != kept[name]]
    lines = [
        "the counts differ from benchmarks/baseline.json:",
        *(f"  {change}" for change in changes),
        *([f"this environment has {', '.join(others)}"] if others else []),
        f"if that is meant, run: {COMMAND}",
    ]
    return "\n".join(lines)


def _kept(record: Record) -> dict[str, Any]:
    value = None if record.value is None else float(f"{record.value:.10g}")
    return {"status": record.status, "value": value, **record.counts()}


def _shown(counts: Mapping[str, Any], name: str) -> object:
    return counts.get(name, "absent")


def _same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=SAME_VALUE, abs_tol=SAME_VALUE)
    return one == other
