"""Where the time of a solve goes, phase by phase, and the counts that do not depend on the machine.

Prints one table, a line per case; `benchmarks/README.md` tells its columns. One thread, seed 0.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pandas as pd

from sanctopt import Game, Information, Limit, Solution, SolveOptions, certify, load_case, read_case, solve
from sanctopt.formulation.build import build_program
from sanctopt.formulation.frame import Frame
from sanctopt.solver import compile_program

HOME = Path(__file__).resolve().parents[1]
CASES = ("teaching", "tests/cases/small/103")
COUNTS = ("rows", "columns", "integer_columns", "nonzeros", "nodes", "simplex_iterations")

Result = TypeVar("Result")


@dataclass(frozen=True)
class Run:
    """One repeat of one case."""

    seconds: dict[str, float]
    counts: dict[str, int]
    status: str
    repeatable: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help="shipped case or folder")
    parser.add_argument("--repeat", type=positive, default=3, metavar="N", help="default: %(default)s")
    parser.add_argument("--time-limit", type=float, metavar="S", help="seconds per solve (default: none)")
    arguments = parser.parse_args()
    options = SolveOptions(threads=1, seed=0, time_limit_seconds=arguments.time_limit)
    rows = [line(case, arguments.repeat, options) for case in arguments.cases or CASES]
    with pd.option_context("display.float_format", "{:.3f}".format):
        print(pd.DataFrame(rows).to_string(index=False))


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("give a number of at least 1")
    return number


def line(case: str, repeat: int, options: SolveOptions) -> dict[str, object]:
    """The table's line of a case: the least seconds, the counts of all repeats."""
    runs = [run(case, options) for _ in range(repeat)]
    if all(one.repeatable for one in runs):
        told = {(one.status, *one.counts.items()) for one in runs}
        assert len(told) == 1, f"{case}: the counts do not repeat: {sorted(told)}"
    seconds = {name: min(one.seconds[name] for one in runs) for name in runs[0].seconds}
    mark = "" if all(one.repeatable for one in runs) else "*"
    return {"case": case, **seconds, **runs[-1].counts, "status": runs[-1].status.replace(" ", "_") + mark}


def run(case: str, options: SolveOptions) -> Run:
    seconds: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Result]) -> Result:
        begin = time.perf_counter()
        result = work()
        seconds[name] = time.perf_counter() - begin
        return result

    game = timed("read", lambda: read(case))
    types = tuple(patron.name for patron in game.patron_types)
    model = timed("build", lambda: build_program(Frame(game, types, Information.ADAPTIVE)))
    timed("compile", lambda: compile_program(model))
    solution = timed("solve", lambda: solve(game, options=options))
    timed("certify", lambda: recertify(game, solution))
    reports = [phase.report for phase in solution.phases]
    counts = {"programs": len(reports)}
    counts |= {name: sum(getattr(report, name) for report in reports) for name in COUNTS}
    limits = {solution.status.limit, *(report.limit for report in reports)}
    return Run(seconds, counts, str(solution.status), Limit.TIME not in limits)


def read(case: str) -> Game:
    folder = next((path for path in (Path(case), HOME / case) if path.is_dir()), None)
    return load_case(case) if folder is None else read_case(folder)


def recertify(game: Game, solution: Solution) -> None:
    if solution.has_ladder:
        claims = {"claimed_value": solution.value, "claimed_responses": solution.outcome.responses}
        certify(game, solution.ladder, **claims).require()


if __name__ == "__main__":
    main()
