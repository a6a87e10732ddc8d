"""The process that does one `suite.jobs.Job`: told by standard input, answering into a file.

Started as ``python -m suite.job_child`` in ``benchmarks/``. The library comes from the folder that the job
names, whatever is installed. Only the module of the job's program is imported: of an older version of the
library nothing is asked but what the program needs.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import platform
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from suite.jobs import Job, digest

PACKAGES = ("highspy", "numpy", "pyomo", "pyscipopt", "scipy")


def main() -> None:
    """Do the job on standard input."""
    order: dict[str, Any] = json.load(sys.stdin)
    job = Job(**order["job"])
    sys.path.insert(0, job.source)
    program = importlib.import_module(f"suite.peer_{job.program}")
    import sanctopt  # noqa: PLC0415  # only now is it known from where

    if not Path(sanctopt.__file__).is_relative_to(Path(job.source).resolve()):
        raise SystemExit(f"sanctopt comes from {sanctopt.__file__}, not from {job.source}")
    game = sanctopt.read_case(job.folder)
    begin, wall = time.process_time(), time.perf_counter()
    answer = program.answer(game, job)
    cpu, wall = time.process_time() - begin, time.perf_counter() - wall
    record = {
        "answer": asdict(answer),
        "cpu_seconds": cpu - answer.check_seconds,
        "wall_seconds": wall - answer.check_seconds,
        "versions": versions(Path(job.source)),
    }
    Path(order["told"]).write_text(json.dumps(record), encoding="utf-8")


def versions(source: Path) -> dict[str, str]:
    """Versions of what a run may have used."""
    found = {"sanctopt": digest(source), "python": platform.python_version()}
    for package in PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found


if __name__ == "__main__":
    main()
