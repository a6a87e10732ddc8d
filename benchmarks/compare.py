"""A/B of two versions of the library, or of two settings: cases x seeds, in turn, in one run.

    python benchmarks/compare.py HEAD~1 . --cases standard/S/0-4 standard/M/0-4 --seeds 0 1 2
    python benchmarks/compare.py . . --set-b highs.mip_heuristic_effort=0.2 --cases teaching

A and B are git refs or folders with ``src/sanctopt``. Each run has a process of its own, one thread and a
fixed seed. A and B alternate, so that what else the machine does hits both. Exit code 1 if the answers
contradict each other or a run fails: then no speed-up is claimed. `benchmarks/README.md` tells the table.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from suite.cases import CaseNameError, case_folders
from suite.jobs import Job, Run, run
from suite.pairs import HEAD, TEXT, Pair, fastest, refusals, summary, table, unrepeated
from suite.sources import Source, SourceError, checked_out
from suite.text_table import markdown

CASES = ("standard/S/0-2",)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    arguments = parser().parse_args(argv)
    try:
        options = [settings([*arguments.set, *own]) for own in (arguments.set_a, arguments.set_b)]
        with tempfile.TemporaryDirectory() as scratch:
            folders = case_folders(arguments.cases, Path(scratch) / "cases")
            with (
                checked_out(arguments.a, Path(scratch) / "a") as first,
                checked_out(arguments.b, Path(scratch) / "b") as second,
            ):
                for letter, source, own in zip("AB", (first, second), options, strict=True):
                    told = ", ".join(f"{name}={value}" for name, value in flat(own).items())
                    print(f"{letter}: {source.name} ({source.state}){', ' + told if told else ''}")
                print(f"gap {arguments.gap:g}, at most {arguments.time_limit:g} s, one thread\n", flush=True)
                pairs, notes = measure(arguments, folders, (first, second), options)
    except (CaseNameError, SourceError, SettingError) as error:
        print(error, file=sys.stderr)
        return 2
    print(markdown(HEAD, table(pairs), TEXT))
    print("\n" + "\n".join([*notes, *summary(pairs, arguments.worse, arguments.shift)]))
    if arguments.json:
        data = [{"A": pair.first.to_dict(), "B": pair.second.to_dict()} for pair in pairs]
        Path(arguments.json).write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    return 1 if refusals(pairs) else 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    made.add_argument("a", metavar="A", help="git ref or folder: what there was")
    made.add_argument("b", metavar="B", help="git ref or folder: what is to replace it")
    made.add_argument(
        "--cases",
        nargs="+",
        default=CASES,
        metavar="CASE",
        help=f"as `suite.cases` names them (default: {' '.join(CASES)})",
    )
    made.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="N", help="of the solver")
    made.add_argument("--rounds", type=int, default=1, metavar="N", help="repeats; the least time counts")
    made.add_argument("--gap", type=float, default=1e-3, metavar="G", help="default: %(default)s")
    made.add_argument("--time-limit", type=float, default=300.0, metavar="S", help="default: %(default)s")
    made.add_argument("--worse", type=float, default=0.05, metavar="SHARE", help="what counts as worse")
    made.add_argument("--shift", type=float, default=1.0, metavar="S", help="of the shifted mean")
    for which, whose in (("", "both sides"), ("-a", "A"), ("-b", "B")):
        made.add_argument(
            f"--set{which}",
            action="append",
            default=[],
            metavar="FIELD=VALUE",
            help=f"field of SolveOptions for {whose}, or highs.NAME=VALUE for an option of HiGHS",
        )
    made.add_argument("--json", metavar="FILE", help="write all runs there")
    return made


class SettingError(ValueError):
    """A setting that is not FIELD=VALUE."""


def settings(texts: Sequence[str]) -> dict[str, Any]:
    """Read ``FIELD=VALUE`` into fields of `SolveOptions`.

    >>> settings(["threads=2", "highs.presolve=on", "highs.mip_heuristic_effort=0.2"])
    {'threads': 2, 'highs': {'presolve': 'on', 'mip_heuristic_effort': 0.2}}
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise SettingError(
                f"{text!r} is no setting; give FIELD=VALUE, e.g. highs.mip_heuristic_effort=0.2"
            )
        try:
            parsed = json.loads(value)
        except json.JSONDecodeError:
            parsed = value
        if name.startswith("highs."):
            found.setdefault("highs", {})[name.removeprefix("highs.")] = parsed
        else:
            found[name] = parsed
    return found


def flat(options: dict[str, Any]) -> dict[str, Any]:
    """Settings for the eye."""
    highs = {f"highs.{name}": value for name, value in options.get("highs", {}).items()}
    return {name: value for name, value in options.items() if name != "highs"} | highs


def measure(
    arguments: argparse.Namespace,
    folders: dict[str, Path],
    sources: tuple[Source, Source],
    options: list[dict[str, Any]],
) -> tuple[list[Pair], list[str]]:
    """Run everything, A and B in turn; also what did not repeat."""
    pairs, notes = [], []
    for case, folder in folders.items():
        for seed in arguments.seeds:
            sides: tuple[list[Run], list[Run]] = ([], [])
            for _ in range(arguments.rounds):
                for letter, done, source, own in zip("AB", sides, sources, options, strict=True):
                    job = Job(
                        program="library",
                        case=case,
                        folder=str(folder),
                        seed=seed,
                        gap=arguments.gap,
                        time_limit=arguments.time_limit,
                        options=own,
                        source=str(source.folder),
                        title=letter,
                    )
                    done.append(run(job))
            pairs.append(Pair(*(fastest(rounds) for rounds in sides)))
            notes += [
                f"{letter} {text}"
                for letter, side in zip("AB", sides, strict=True)
                if (text := unrepeated(side))
            ]
            told = f"{pairs[-1].ratio:.2f}"
            print(f"{case}, seed {seed}: A/B {told}", file=sys.stderr, flush=True)
    return pairs, notes


if __name__ == "__main__":
    sys.exit(main())
