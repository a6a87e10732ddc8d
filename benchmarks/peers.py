"""The library and its peers on the same cases in the same run: one table and the ratios.

    python benchmarks/peers.py --cases standard/S/0-4 standard/M/0-4 --lines peers.jsonl
    python benchmarks/peers.py --read peers.jsonl --write docs/performance.md

Each run has a process of its own, one thread, the same gap and the same limit. `benchmarks/README.md` tells
the programs and the columns. Exit code 1 if a ladder is worth more than the library's bound, or a run failed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from suite.cases import HOME, CaseNameError, case_folders
from suite.jobs import Job, Run, run
from suite.sources import SourceError, checked_out
from suite.standings import (
    LIBRARY,
    asked,
    failures,
    library_contradicted,
    ratio_table,
    remarks,
    standings,
    table,
    targets,
)

PROGRAMS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "library": ("library", {}),
    "plain": ("plain", {}),
    "plain, no presolve": ("plain", {"presolve": "off"}),
    "HiGHS on MPS": ("mps", {}),
    "SCIP on MPS": ("scip", {}),
    "tree": ("tree", {}),
    "min-cut dual": ("cut", {}),
    "min-cut dual in SCIP": ("cut_scip", {}),
}
"""By the name in the table: module ``suite.peer_...`` and options."""

USUAL = ("library", "plain", "HiGHS on MPS", "SCIP on MPS", "tree")
GRIDS = ("library", "min-cut dual", "min-cut dual in SCIP")
"""What runs if nothing else is asked for, and in its place on grids (interdiction alone)."""

CASES = ("standard/S/0-4",)
LEAST_LIMIT = 30.0
"""Seconds that a peer gets in any case, however small a multiple of the library's time that is."""

BEGIN, END = "<!-- generated: peers -->", "<!-- end of generated -->"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    arguments = parser().parse_args(argv)
    try:
        runs = read_lines(Path(arguments.read)) if arguments.read else list(measured(arguments))
        page = report(runs)
        print(page)
        if arguments.write:
            write_block(Path(arguments.write), page)
    except (CaseNameError, PageError, SourceError) as error:
        print(error, file=sys.stderr)
        return 2
    return 1 if library_contradicted(runs) or failures(runs) else 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    made.add_argument(
        "--cases",
        nargs="+",
        default=CASES,
        metavar="CASE",
        help=f"as `suite.cases` names them (default: {' '.join(CASES)})",
    )
    made.add_argument(
        "--programs",
        nargs="+",
        choices=PROGRAMS,
        metavar="NAME",
        help=f"of {', '.join(map(repr, PROGRAMS))} (default: the usual ones; on grids their own)",
    )
    made.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of the solvers (default: %(default)s)"
    )
    made.add_argument("--gap", type=float, default=1e-3, metavar="G", help="default: %(default)s")
    made.add_argument("--time-limit", type=float, default=300.0, metavar="S", help="default: %(default)s")
    made.add_argument(
        "--limit-ratio",
        type=float,
        metavar="R",
        help=f"end a peer at R times the library's wall time if that is less (not before {LEAST_LIMIT:g} s)",
    )
    made.add_argument(
        "--peers-from",
        metavar="REF",
        help="git ref or folder with the formulation that the peers get (default: that of this checkout)",
    )
    made.add_argument(
        "--lines", metavar="FILE", help="append every run to it as a line of JSON, once it is done"
    )
    made.add_argument("--read", metavar="FILE", help="measure nothing: take the runs from such a file")
    made.add_argument("--write", metavar="FILE", help=f"put the result into a page between {BEGIN} and {END}")
    return made


def measured(arguments: argparse.Namespace) -> Iterator[Run]:
    """Run every program on every case; tell of each run as it is done."""
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        library = stack.enter_context(checked_out(str(HOME), Path(scratch) / "library"))
        peers = library
        if arguments.peers_from:
            peers = stack.enter_context(checked_out(arguments.peers_from, Path(scratch) / "peers"))
        for case, folder in case_folders(arguments.cases, Path(scratch) / "cases").items():
            limit = arguments.time_limit
            usual = GRIDS if case.startswith(("grid/", "published")) else USUAL
            for name in sorted(arguments.programs or usual, key=list(PROGRAMS).index):  # the library first
                module, options = PROGRAMS[name]
                own = name == LIBRARY
                job = Job(
                    program=module,
                    case=case,
                    folder=str(folder),
                    seed=arguments.seed,
                    gap=arguments.gap,
                    time_limit=arguments.time_limit if own else limit,
                    options=options,
                    source=str((library if own else peers).folder),
                    title=name,
                )
                done = run(job)
                if own and done.solved and arguments.limit_ratio is not None:
                    limit = min(limit, max(LEAST_LIMIT, arguments.limit_ratio * done.wall_seconds))
                told = f"{case}, {name}: {done.answer.status}, {done.cpu_seconds:.2f} s"
                print(told, file=sys.stderr, flush=True)
                if arguments.lines:
                    with Path(arguments.lines).open("a", encoding="utf-8") as lines:
                        lines.write(json.dumps(done.to_dict()) + "\n")
                yield done


def read_lines(path: Path) -> list[Run]:
    """The runs of a file that ``--lines`` wrote; of a run that was done again, the last one."""
    found: dict[tuple[str, str, int], Run] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        one = Run.from_dict(json.loads(line))
        found[one.job.case, one.job.name, one.job.seed] = one
    if not found:
        raise PageError(f"{path.name} holds no runs")
    return list(found.values())


def report(runs: Sequence[Run]) -> str:
    """The page: what was asked, the table, the ratios, the targets, and who contradicts whom."""
    found, wrong = standings(runs), remarks(runs)
    return "\n\n".join(
        [
            asked(runs),
            table(runs),
            "Seconds of the peer over those of the library, by group, of cases that one of them solved:",
            ratio_table(found),
            "\n".join(f"- {line}" for line in targets(found)) or "No group of size M or S was measured.",
            "Contradictions: none."
            if not wrong
            else "Contradictions:\n\n" + "\n".join(f"- {row}" for row in wrong),
        ]
    )


class PageError(ValueError):
    """A file that is not as it ought to be: no runs in it, or no marks between which the result belongs."""


def write_block(path: Path, text: str) -> None:
    """Put a text between the marks of a page."""
    page = path.read_text(encoding="utf-8")
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise PageError(f"{path.name} has no lines {BEGIN!r} and {END!r}; add them where the result belongs")
    path.write_text(f"{head}{begin}\n\n{text}\n\n{end}{tail}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
