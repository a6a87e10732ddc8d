"""One run of one program on one case, in a process of its own: the job, its record, and how it is started.

`compare.py` and `peers.py` measure with these. The process that works (`suite.job_child`) imports the library
from the folder that the job names, so two versions of it can be measured in turn. It has one solver thread
and a fixed seed. `Run` tells what is measured.
"""

from __future__ import annotations

import hashlib
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

BENCHMARKS = Path(__file__).resolve().parents[1]
SOURCE = BENCHMARKS.parent / "src"
"""The library of this checkout."""

PATIENCE, PATIENCE_SECONDS = 1.5, 60.0
"""A process that takes more than this many times its limit, and so many seconds besides, is ended."""

AGREE = 1e-6
"""A value may stand above the bound of another run by this, relative to the larger of 1 and the value."""


@dataclass(frozen=True)
class Job:
    """What is to be run.

    Parameters
    ----------
    program : str
        A module ``suite.peer_<program>``.
    case : str
        Name for tables.
    folder : str
        Case folder.
    seed : int
        Of the solver.
    gap : float
        Relative gap at which the solver may stop.
    time_limit : float
        Wall seconds for solving.
    options : mapping
        What else the program is told; for ``library`` fields of `sanctopt.SolveOptions`.
    source : str
        Folder that ``sanctopt`` is imported from.
    title : str
        Name of the program for tables; "": its own.
    """

    program: str
    case: str
    folder: str
    seed: int = 0
    gap: float = 1e-3
    time_limit: float = 300.0
    options: Mapping[str, Any] = field(default_factory=dict)
    source: str = str(SOURCE)
    title: str = ""

    @property
    def name(self) -> str:
        """Name of the program for tables."""
        return self.title or self.program


@dataclass(frozen=True)
class Answer:
    """What a program found; money in millions of US dollars.

    Parameters
    ----------
    status : str
        ``optimal`` (to the gap asked for), ``limit (time)``, ``infeasible``, ``refused: ..``, ``error: ..``.
    value : float or None
        Value of the ladder found when it is played by the rules; of an interdiction, its payoff.
    claimed : float or None
        Objective of the program at its best point.
    bound : float or None
        What it says no ladder can beat.
    rows, columns, binaries : int or None
        Size of the program as built; of several, the largest.
    nodes, iterations : int or None
        Branch-and-bound nodes and simplex iterations, of all programs together.
    build_seconds : float
        CPU seconds, part of those of `Run`, for building and handing over; 0 where it is not told apart.
    check_seconds : float
        CPU seconds for playing the ladder found, which `Run` does not count.
    """

    status: str
    value: float | None = None
    claimed: float | None = None
    bound: float | None = None
    rows: int | None = None
    columns: int | None = None
    binaries: int | None = None
    nodes: int | None = None
    iterations: int | None = None
    build_seconds: float = 0.0
    check_seconds: float = 0.0


@dataclass(frozen=True)
class Run:
    """A job done: the answer, and what it took from the `Game` in memory to the answer.

    ``cpu_seconds`` are those of the whole process, ``wall_seconds`` the same by the clock on the wall; they
    differ where the machine had other things to do. ``versions`` names what was measured, the library by a
    digest of its source.
    """

    job: Job
    answer: Answer
    cpu_seconds: float
    wall_seconds: float
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def solved(self) -> bool:
        """Whether the program says that it reached the gap asked for."""
        return self.answer.status == "optimal"

    @property
    def failed(self) -> bool:
        """Whether it ended without an answer that could be judged."""
        return self.answer.status.startswith(("error", "killed"))

    @property
    def gap(self) -> float:
        """Distance of the bound from the value, relative to the value; inf if one of them is missing."""
        value, bound = self.answer.value, self.answer.bound
        if value is None or bound is None:
            return math.inf
        difference = bound - value
        return 0.0 if difference <= 1e-9 else difference / max(abs(value), 1e-9)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form, without the folders of this machine."""
        job = asdict(self.job) | {"options": dict(self.job.options)}
        del job["folder"], job["source"]
        times = {"cpu_seconds": self.cpu_seconds, "wall_seconds": self.wall_seconds}
        return {"job": job, "answer": asdict(self.answer)} | times | {"versions": dict(self.versions)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Run:
        """Read what `to_dict` gave."""
        job = Job(**{"folder": "", "source": "", **data["job"]})
        return cls(**(dict(data) | {"job": job, "answer": Answer(**data["answer"])}))


def run(job: Job) -> Run:
    """Do a job in a process of its own.

    Returns
    -------
    Run
        Also if the process fails or has to be ended: then the answer is an ``error`` or ``killed``.
    """
    patience = PATIENCE * job.time_limit + PATIENCE_SECONDS
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "run.json"
        order = json.dumps({"job": asdict(job) | {"options": dict(job.options)}, "told": str(told)})
        try:
            done = subprocess.run(
                [sys.executable, "-m", "suite.job_child"],
                cwd=BENCHMARKS,
                input=order,
                capture_output=True,
                text=True,
                timeout=patience,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Run(job, Answer(f"killed after {patience:.0f} s"), patience, patience)
        if done.returncode != 0 or not told.exists():
            last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            return Run(job, Answer(f"error: {last}"), math.nan, math.nan)
        found = json.loads(told.read_text(encoding="utf-8"))
    return Run(job, **(found | {"answer": Answer(**found["answer"])}))


def digest(folder: Path) -> str:
    """Beginning of the SHA-256 of all Python files below a folder, with their names."""
    state = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        state.update(f"{path.relative_to(folder).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return state.hexdigest()[:12]


def contradictions(runs: list[Run]) -> list[str]:
    """Pairs of runs of one case that cannot both be right: a ladder worth more than another one's bound.

    Returns
    -------
    list of str
        One sentence each; the values are those of ladders that were played.
    """
    found = []
    for case in dict.fromkeys(run.job.case for run in runs):
        here = [run for run in runs if run.job.case == case]
        for one in here:
            for other in here:
                value, bound = one.answer.value, other.answer.bound
                if value is None or bound is None:
                    continue
                if value > bound + AGREE * max(1.0, abs(value)):
                    found.append(
                        f"{case}: {label(one)} has a ladder worth {value:.10g}, above the bound {bound:.10g} "
                        f"of {label(other)}"
                    )
    return found


def label(run: Run) -> str:
    """Program and seed of a run, for messages."""
    return f"{run.job.name} (seed {run.job.seed})"
