"""The records of a run of the suite as one table, and as the JSON file that is kept."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping, Sequence
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


def values_of_adapting(records: Sequence[Record]) -> dict[str, float]:
    """Share of the adaptive optimum that the best open-loop plan loses, by case.

    Only of cases that were solved to proven optimality both ways, with the same solver seed.
    """
    solved = {
        (record.wanted.case, record.wanted.seed, record.wanted.information): record.value
        for record in records
        if record.solved and record.value is not None
    }
    shares = {}
    for (case, seed, information), value in solved.items():
        deaf = solved.get((case, seed, Information.OPEN_LOOP.value))
        if information == Information.ADAPTIVE.value and deaf is not None and value > 0:
            shares[case] = (value - deaf) / value
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
