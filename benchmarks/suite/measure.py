"""One measured run: the phases of a solve, its counts, and how incumbent and bound went over time.

| phase | what is timed |
|---|---|
| read | the case: folder to validated `Game` |
| build | the Pyomo model of the exact adaptive program, all types at once |
| compile | that model into HiGHS |
| solve | the whole of `sanctopt.solve`: its own programs, search, replay and certificate |
| certify | the certificate of the ladder found, once more |

`measure` runs in this process, `measure_apart` in one of its own (``python -m suite.measure``), which also
tells the most memory it took. One thread and a fixed seed: the counts repeat unless a time limit ended a
program.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import sanctopt
from sanctopt import (
    Game,
    Information,
    Limit,
    SearchProgress,
    Solution,
    SolveOptions,
    certify,
    read_case,
    solve,
)
from sanctopt.formulation.build import build_program
from sanctopt.formulation.frame import Frame
from sanctopt.solver import compile_program
from suite.cases import case_folder

BENCHMARKS = Path(__file__).resolve().parents[1]

PHASES = ("read", "build", "compile", "solve", "certify")
SIZES = ("rows", "columns", "integer_columns", "nonzeros")
WORK = ("nodes", "simplex_iterations")

Result = TypeVar("Result")


@dataclass(frozen=True)
class Wanted:
    """What is to be measured.

    Parameters
    ----------
    case : str
        A name of `suite.cases`.
    information : str
        What the plan may depend on: a value of `sanctopt.Information`.
    seed : int
        Of the solver.
    time_limit : float or None
        Seconds for the search; None for no limit.
    gap : float
        Relative gap at which the search may stop.
    """

    case: str
    information: str = Information.ADAPTIVE.value
    seed: int = 0
    time_limit: float | None = None
    gap: float = 1e-6


@dataclass(frozen=True)
class Point:
    """A moment of the search; `purpose` names the program that incumbent and bound belong to."""

    seconds: float
    purpose: str
    incumbent: float | None
    bound: float | None
    nodes: int


@dataclass(frozen=True)
class Record:
    """A run done; money in millions of US dollars.

    Parameters
    ----------
    wanted : Wanted
        What was asked for.
    stages, entities, types, starts : int
        Of the game; ``starts`` is the number of eligible ones.
    seconds : mapping
        By phase.
    exact : mapping
        Rows, columns, integer columns and nonzeros of the exact adaptive program as built.
    search : mapping
        Programs solved by the search, and their sizes, nodes and simplex iterations, summed; a program solved
        twice counts twice, and short solves that only ask for the value of a given ladder are not among them.
    status : str
        Why the search ended.
    repeatable : bool
        Whether the counts repeat: no time limit ended any program.
    value, bound : float or None
        Of the ladder found, and proven; None if there is none.
    megabytes : float or None
        Most memory that the process took; None unless it had one of its own.
    path : tuple of Point
        The search over time.
    """

    wanted: Wanted
    stages: int
    entities: int
    types: int
    starts: int
    seconds: Mapping[str, float]
    exact: Mapping[str, int]
    search: Mapping[str, int]
    status: str
    repeatable: bool
    value: float | None
    bound: float | None
    megabytes: float | None = None
    path: tuple[Point, ...] = ()

    @property
    def solved(self) -> bool:
        """Whether the ladder is proven optimal, to the gap asked for."""
        return self.status == "optimal"

    @property
    def gap(self) -> float:
        """``(bound - value) / |value|``; inf if one of them is missing."""
        if self.value is None or self.bound is None:
            return math.inf
        difference = self.bound - self.value
        return 0.0 if difference <= 1e-9 else difference / max(abs(self.value), 1e-9)

    def counts(self) -> dict[str, int]:
        """Every count that repeats, by a name that tells where it comes from."""
        parts = {"exact": self.exact, "search": self.search}
        return {f"{part} {name}": number for part, counts in parts.items() for name, number in counts.items()}

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Record:
        """Read what `to_dict` gave."""
        path = tuple(Point(**point) for point in data["path"])
        return cls(**{**data, "wanted": Wanted(**data["wanted"]), "path": path})


def program_size(game: Game, timed: Callable[[str, Callable[[], Any]], Any] | None = None) -> dict[str, int]:
    """Rows, columns, integer columns and nonzeros of the exact adaptive program of a game.

    Parameters
    ----------
    game : Game
        A validated game.
    timed : callable, optional
        Does the work that it is given under a name, e.g. with a clock beside it.
    """
    run = timed or (lambda _, work: work())
    types = tuple(patron.name for patron in game.patron_types)
    model = run("build", lambda: build_program(Frame(game, types, Information.ADAPTIVE)))
    form = run("compile", lambda: compile_program(model)).form
    rows, columns = form.matrix.shape
    sizes = (rows, columns, form.integer.sum(), form.matrix.nnz)
    return {name: int(number) for name, number in zip(SIZES, sizes, strict=True)}


def measure(wanted: Wanted) -> Record:
    """Measure one run in this process.

    Raises
    ------
    CaseNameError
        If there is no such case.
    CertificateError
        If a ladder does not survive its check.
    """
    seconds: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Result]) -> Result:
        begin = time.perf_counter()
        result = work()
        seconds[name] = time.perf_counter() - begin
        return result

    with tempfile.TemporaryDirectory() as scratch:
        folder = case_folder(wanted.case, Path(scratch))
        game = timed("read", lambda: read_case(folder))
    exact = program_size(game, timed)
    options = SolveOptions(
        threads=1, seed=wanted.seed, relative_gap=wanted.gap, time_limit_seconds=wanted.time_limit
    )
    path: list[Point] = []

    def note(moment: SearchProgress) -> None:
        path.append(
            Point(
                moment.wall_seconds,
                moment.purpose,
                moment.incumbent,
                _finite(moment.dual_bound),
                moment.nodes,
            )
        )

    information = Information(wanted.information)
    solution = timed("solve", lambda: solve(game, information=information, options=options, on_progress=note))
    timed("certify", lambda: _certify_again(game, solution))
    reports = [phase.report for phase in solution.phases]
    limits = {solution.status.limit, *(report.limit for report in reports)}
    return Record(
        wanted=wanted,
        stages=game.stages,
        entities=len(game.entities),
        types=len(game.patron_types),
        starts=len(game.eligible),
        seconds=seconds,
        exact=exact,
        search={"programs": len(reports)}
        | {name: sum(getattr(report, name) for report in reports) for name in (*SIZES, *WORK)},
        status=str(solution.status),
        repeatable=Limit.TIME not in limits,
        value=solution.value if solution.has_ladder else None,
        bound=_finite(solution.dual_bound),
        path=thinned(path),
    )


def measure_apart(wanted: Wanted) -> Record:
    """Measure one run in a process of its own, with the library that this process has.

    Raises
    ------
    RuntimeError
        If the process fails; the message ends with the last line that it wrote.
    """
    library = str(Path(sanctopt.__file__).parents[1])
    path = os.pathsep.join([library, str(BENCHMARKS), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "suite.measure"],
        input=json.dumps(asdict(wanted)),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": path},
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise RuntimeError(f"{wanted.case}: {last}")
    return Record.from_dict(json.loads(done.stdout))


def thinned(path: list[Point]) -> tuple[Point, ...]:
    """The points at which something changed: program, incumbent or bound; and the last one."""
    kept: list[Point] = []
    for point in path:
        said = (point.purpose, point.incumbent, point.bound)
        if not kept or said != (kept[-1].purpose, kept[-1].incumbent, kept[-1].bound):
            kept.append(point)
    if path and kept[-1] is not path[-1]:
        kept.append(path[-1])
    return tuple(kept)


def peak_megabytes() -> float | None:
    """Most memory that this process has taken so far; None where the system does not tell."""
    try:
        import resource  # noqa: PLC0415  # not on Windows
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak) / (1024.0**2 if sys.platform == "darwin" else 1024.0)


def _certify_again(game: Game, solution: Solution) -> None:
    if solution.has_ladder:
        responses = solution.outcome.responses
        certify(game, solution.ladder, claimed_value=solution.value, claimed_responses=responses).require()


def _finite(number: float | None) -> float | None:
    return None if number is None or not math.isfinite(number) else number


if __name__ == "__main__":
    print(json.dumps(replace(measure(Wanted(**json.load(sys.stdin))), megabytes=peak_megabytes()).to_dict()))
