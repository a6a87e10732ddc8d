"""The records of a run of the suite as one table, and as the JSON file that is kept."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sanctopt import Information
from sanctopt.solve import versions
from suite.measure import PHASES, SIZES, Record

SCHEMA_VERSION = 1

COUNTS = ("programs", "nodes", "simplex_iterations")
"""Of the search. Sizes in the table are those of the exact program; the JSON file has those of the search."""


def line(record: Record) -> dict[str, Any]:
    """The table's line of a record."""
    mark = "" if record.repeatable else "*"
    information = record.wanted.information
    shown = "" if information == Information.ADAPTIVE.value else f" ({information})"
    return {
        "case": record.wanted.case + shown,
        "seed": record.wanted.seed,
        "size": f"{record.stages}/{record.entities}/{record.types}",
        **{phase: record.seconds.get(phase, math.nan) for phase in PHASES},
        **{name: record.exact[name] for name in SIZES},
        **{name: record.search[name] for name in COUNTS},
        "value": math.nan if record.value is None else record.value,
        "gap_percent": 100.0 * record.gap,
        "megabytes": math.nan if record.megabytes is None else record.megabytes,
        "status": record.status.replace(" ", "_") + mark,
    }


def table(records: Sequence[Record]) -> str:
    """Every record as a line of text; `benchmarks/README.md` tells the columns."""
    frame = pd.DataFrame([line(record) for record in records])
    forms = dict.fromkeys(PHASES, "{:.2f}".format)
    forms |= {"value": "{:.2f}".format, "gap_percent": "{:.3f}".format, "megabytes": "{:.0f}".format}
    return frame.to_string(index=False, formatters=forms)


@dataclass(frozen=True)
class ValueOfAdapting:
    """What the best open-loop plan loses, as a share of the adaptive optimum: proven least and most.

    With V the adaptive optimum and D that of open-loop plans, the share ``1 - D / V`` grows with V and falls
    with D, so value and bound of each search give its range; both ends agree where both were solved.
    """

    case: str
    seed: int
    least: float
    most: float


def values_of_adapting(records: Sequence[Record]) -> list[ValueOfAdapting]:
    """What adapting is worth, of each case and solver seed that was searched both ways.

    Only where both have a ladder, and the adaptive one is worth more than nothing.
    """
    found = {
        (record.wanted.case, record.wanted.seed, record.wanted.information): (record.value, record.bound)
        for record in records
        if record.value is not None and record.bound is not None
    }
    shares = []
    for (case, seed, information), (value, bound) in found.items():
        deaf = found.get((case, seed, Information.OPEN_LOOP.value))
        if information == Information.ADAPTIVE.value and deaf is not None and value > 0:
            least, most = (1.0 - plan / best for plan, best in ((deaf[1], value), (deaf[0], bound)))
            shares.append(ValueOfAdapting(case, seed, max(0.0, least), most))
    return shares


def write_records(records: Sequence[Record], path: Path) -> Path:
    """Write records as JSON, with the versions and the processor they were measured with."""
    data = {
        "schema_version": SCHEMA_VERSION,
        "versions": versions(),
        "machine": {"system": platform.system(), "processor": platform.machine()},
        "records": [record.to_dict() for record in records],
    }
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    return path


def read_records(path: Path) -> list[Record]:
    """Read what `write_records` wrote.

    Raises
    ------
    ValueError
        If the file is of another schema version.
    """
    data: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if data.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(
            f"{path.name} has schema version {data.get('schema_version')!r}, not {SCHEMA_VERSION}"
        )
    return [Record.from_dict(record) for record in data["records"]]
