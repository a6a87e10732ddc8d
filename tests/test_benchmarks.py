"""The benchmarks run, and their tables have the columns that their README tells. No times are asserted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import sanctopt

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
SECONDS = ["read", "build", "compile", "solve", "certify"]
COUNTS = ["programs", "rows", "columns", "integer_columns", "nonzeros", "nodes", "simplex_iterations"]


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    # The library may be on the path of the benchmarks without being installed.
    path = os.pathsep.join([str(Path(sanctopt.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-W", "error", str(BENCHMARKS / name), *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"PYTHONPATH": path},
    )


def test_phases_of_the_teaching_case() -> None:
    done = run("phases.py", "teaching", "--repeat", "2")
    assert (done.returncode, done.stderr) == (0, "")
    head, *lines = (line.split() for line in done.stdout.splitlines())
    assert head == ["case", *SECONDS, *COUNTS, "status"]
    assert len(lines) == 1
    row = dict(zip(head, lines[0], strict=True))
    assert (row["case"], row["status"]) == ("teaching", "optimal")
    assert all(float(row[name]) >= 0 for name in SECONDS)
    counts = {name: int(row[name]) for name in COUNTS}
    assert counts["programs"] >= 1
    assert 0 < counts["integer_columns"] <= counts["columns"] <= counts["nonzeros"]
    assert counts["rows"] > 0
    assert counts["simplex_iterations"] > 0


def test_every_benchmark_is_listed() -> None:
    listed = (BENCHMARKS / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in BENCHMARKS.glob("*.py") if f"`{path.name}`" not in listed] == []
