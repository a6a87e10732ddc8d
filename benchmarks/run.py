"""Measure the library on the cases of the suite: `make bench`.

    python benchmarks/run.py                # the default set: about a quarter of an hour
    python benchmarks/run.py standard/S/0-2 dprk_2017 --time-limit 30
    python benchmarks/run.py adapting/S/0-4 --value-of-adapting
    python benchmarks/run.py --update-baseline

Prints a table and writes it, with pictures and all numbers, into ``benchmarks/output/``. Each run has a
process of its own, one thread and a fixed seed. ``benchmarks/README.md`` tells cases and columns.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sanctopt import Information
from suite.baseline import BASELINE, write_baseline
from suite.cases import CaseNameError, case_game, expand
from suite.measure import BENCHMARKS, Record, Wanted, measure_apart
from suite.sweeps import sweep_cases
from suite.tables import table, values_of_adapting, write_records

CASES = (
    *("teaching", "published", "grid/10x20/0", "grid/20x40/0", "dprk_2017"),
    *("standard/S/0", "distant/S/0", "adapting/S/0"),
    *("standard/M/0", "distant/M/0", "adapting/M/0", "standard/L/0", "adapting/L/0", "adapting/XL/0"),
)
SWEPT = ("distant/S/0", "adapting/S/0")
TIME_LIMIT, SWEEP_LIMIT = 40.0, 15.0
"""Seconds for a search of the default set: with these, the set takes about a quarter of an hour."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    arguments = parser().parse_args(argv)
    if arguments.update_baseline:
        for change in write_baseline():
            print(change)
        print(f"wrote {BASELINE.relative_to(BENCHMARKS.parent)}")
        return 0
    try:
        wanted = plan(arguments)
    except CaseNameError as error:
        print(error, file=sys.stderr)
        return 2
    begin = time.perf_counter()
    records, failures = [], []
    for job in wanted:
        try:
            records.append(run(job, arguments.repeat))
        except RuntimeError as error:  # one case that fails must not cost the others their minutes
            print(error, file=sys.stderr)
            failures.append(str(error))
    if not records:
        return 1
    print(table(records))
    for worth in values_of_adapting(records):
        shown = " to ".join(dict.fromkeys(f"{100 * share:.1f}" for share in (worth.least, worth.most)))
        print(f"{worth.case}, seed {worth.seed}: adapting is worth {shown} % of the optimum")
    print(
        f"{len(records)} runs in {time.perf_counter() - begin:.0f} s; * depends on the machine: time ran out"
    )
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "table.txt").write_text(table(records) + "\n", encoding="utf-8")
    written = [write_records(records, arguments.output / "records.json")]
    if not arguments.no_plots:
        from suite.pictures import write_pictures  # noqa: PLC0415  # matplotlib is optional

        written += write_pictures(records, arguments.output)
    print("wrote table.txt,", ", ".join(path.name for path in written), "in", arguments.output.name)
    for failure in failures:
        print(f"FAILED {failure}")
    return 1 if failures else 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    made.add_argument("cases", nargs="*", metavar="CASE", help="default: a set of every kind, and two sweeps")
    made.add_argument("--seeds", nargs="+", type=int, default=[0], metavar="N", help="of the solver")
    made.add_argument(
        "--time-limit",
        type=float,
        metavar="S",
        help=f"seconds for each search, 0 for no limit (default: {TIME_LIMIT:g}, in sweeps {SWEEP_LIMIT:g})",
    )
    made.add_argument("--gap", type=float, default=1e-6, metavar="G", help="default: %(default)s")
    made.add_argument("--repeat", type=positive, default=1, metavar="N", help="the least seconds count")
    made.add_argument(
        "--sweep", nargs="*", metavar="CASE", help="vary stages, entities and types of these cases of size S"
    )
    made.add_argument("--value-of-adapting", action="store_true", help="solve each case open loop as well")
    made.add_argument("--output", type=Path, default=BENCHMARKS / "output", metavar="FOLDER")
    made.add_argument("--no-plots", action="store_true", help="write no pictures")
    made.add_argument(
        "--update-baseline", action="store_true", help="make baseline.json anew, and nothing else"
    )
    return made


def positive(text: str) -> int:
    """A whole number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("give a number of at least 1")
    return number


def plan(arguments: argparse.Namespace) -> list[Wanted]:
    """What the arguments ask for, every name checked.

    Raises
    ------
    CaseNameError
        If a name is no case.
    """
    default = not arguments.cases and arguments.sweep is None
    cases = expand(CASES if default else arguments.cases)
    swept = expand(SWEPT if default else arguments.sweep or [])
    for case in (*cases, *swept):
        case_game(case)
    limits: dict[str, float | None] = dict.fromkeys(sweep_cases(swept), SWEEP_LIMIT)
    limits |= dict.fromkeys(cases, TIME_LIMIT)
    if arguments.time_limit is not None:
        limits = dict.fromkeys(limits, arguments.time_limit or None)
    kinds = [Information.ADAPTIVE, *([Information.OPEN_LOOP] if arguments.value_of_adapting else [])]
    return [
        Wanted(case, information.value, seed, limits[case], arguments.gap)
        for case in [*cases, *(case for case in limits if case not in cases)]
        for information in kinds
        for seed in arguments.seeds
    ]


def run(wanted: Wanted, repeat: int) -> Record:
    """One record with the least seconds of all repeats.

    Raises
    ------
    RuntimeError
        If a run fails, or the counts of a search that no time limit ended do not repeat.
    """
    records = [measure_apart(wanted) for _ in range(repeat)]
    if all(record.repeatable for record in records):
        told = {(record.status, *record.counts().items()) for record in records}
        if len(told) > 1:
            raise RuntimeError(f"{wanted.case}: the counts do not repeat: {sorted(told)}")
    print(f"{wanted.case}: {records[-1].status}, {records[-1].seconds['solve']:.1f} s", file=sys.stderr)
    least = {phase: min(record.seconds[phase] for record in records) for phase in records[0].seconds}
    return replace(records[-1], seconds=least, repeatable=all(record.repeatable for record in records))


if __name__ == "__main__":
    sys.exit(main())
