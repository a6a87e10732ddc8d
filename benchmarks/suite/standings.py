"""The library and its peers side by side: one table, ratios by group of cases, and who contradicts whom."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from suite.jobs import AGREE, Run, contradictions
from suite.ratios import geometric_mean, group
from suite.text_table import markdown, number

HEAD = ("case", "program", "rows", "columns", "binaries", "seconds", "value", "bound", "gap", "status")
TEXT = ("case", "program", "status")
RATIOS = (
    *("cases", "peer", "number", "solved by the peer", "by the library", "compared"),
    *("mean ratio", "least", "most"),
)
LIBRARY = "library"

FASTER, SLOWER = 10.0, 1.5
"""Wanted: so many times faster than the plain program on M (geometric mean); never slower by more on S."""


BUSY = 1.2
"""Wall time over CPU time from which on the machine had other things to do."""


def asked(runs: Sequence[Run]) -> str:
    """What was asked for, with which versions, and whether the machine was busy."""
    jobs = [run.job for run in runs]
    seeds = ", ".join(sorted({f"{job.seed}" for job in jobs}))
    gaps = ", ".join(sorted({f"{job.gap:g}" for job in jobs}))
    limits = " to ".join(dict.fromkeys(f"{most(job.time_limit for job in jobs):.0f}" for most in (min, max)))
    versions = {(name, version) for run in runs for name, version in run.versions.items()}
    used = sorted(f"{name} {version}" for name, version in versions if name != "sanctopt")
    own, others = (
        ", ".join(
            sorted({run.versions.get("sanctopt", "?") for run in runs if (run.job.name == LIBRARY) is which})
        )
        for which in (True, False)
    )
    lines = [
        f"One thread, seed {seeds}, to a gap of {gaps}, at most {limits} s of wall time. "
        f"Seconds are CPU seconds of the process. {', '.join(used)}. "
        f"Digest of the library's source: {own or '-'}; of what built the peers' programs: {others or '-'}."
    ]
    waits = [run.wall_seconds / run.cpu_seconds for run in runs if run.cpu_seconds > 1.0]
    if max(waits, default=1.0) > BUSY:
        lines.append(f"The machine was busy: wall time was up to {max(waits):.1f} times CPU time.")
    return " ".join(lines)


def table(runs: Sequence[Run]) -> str:
    """One line per run, in the order given."""
    rows = [
        (
            run.job.case,
            run.job.name,
            number("{:,}", run.answer.rows),
            number("{:,}", run.answer.columns),
            number("{:,}", run.answer.binaries),
            number("{:,.2f}", run.cpu_seconds),
            number("{:,.3f}", run.answer.value),
            number("{:,.3f}", run.answer.bound),
            number("{:.3%}", run.gap),
            run.answer.status,
        )
        for run in runs
    ]
    return markdown(HEAD, rows, TEXT)


@dataclass(frozen=True)
class Standing:
    """A peer against the library on one group of cases.

    Attributes
    ----------
    cases, peer : str
        The group and the peer.
    ratios : tuple of float
        CPU seconds of the peer over those of the library, by case; of the cases that at least one of them
        solved.
    number, peer_solved, library_solved : int
        Cases of the group that both tried, and those that each solved.
    both_solved : int
        Cases that both solved.
    """

    cases: str
    peer: str
    ratios: tuple[float, ...]
    number: int
    peer_solved: int
    library_solved: int
    both_solved: int

    @property
    def mean(self) -> float:
        """Geometric mean of the ratios; a bound of the true one where a run ended at its limit."""
        return geometric_mean(self.ratios)

    @property
    def sign(self) -> str:
        """Whether the true mean of these ratios is higher (">"), lower ("<") or either ("?").

        Higher where the peer met its limit in cases that the library solved, lower where it was the other way
        round. Cases that neither solved are in no ratio.
        """
        higher = self.library_solved > self.both_solved
        lower = self.peer_solved > self.both_solved
        return "? " if higher and lower else "> " if higher else "< " if lower else ""


def standings(runs: Sequence[Run]) -> list[Standing]:
    """Every peer against the library, group by group; cases that a peer refused are left out."""
    own = {(run.job.case, run.job.seed): run for run in runs if run.job.name == LIBRARY}
    found: dict[tuple[str, str], list[tuple[Run, Run]]] = {}
    for run in runs:
        key = (run.job.case, run.job.seed)
        if run.job.name == LIBRARY or key not in own or run.answer.status.startswith("refused"):
            continue
        found.setdefault((group(run.job.case), run.job.name), []).append((run, own[key]))
    return [
        Standing(
            cases=cases,
            peer=peer,
            ratios=tuple(
                run.cpu_seconds / library.cpu_seconds
                for run, library in pairs
                if (run.solved or library.solved) and not (run.failed or library.failed)
            ),
            number=len(pairs),
            peer_solved=sum(run.solved for run, _ in pairs),
            library_solved=sum(library.solved for _, library in pairs),
            both_solved=sum(run.solved and library.solved for run, library in pairs),
        )
        for (cases, peer), pairs in found.items()
    ]


def ratio_table(found: Sequence[Standing]) -> str:
    """The standings as a table."""
    rows = [
        (
            row.cases,
            row.peer,
            str(row.number),
            str(row.peer_solved),
            str(row.library_solved),
            str(len(row.ratios)),
            row.sign + number("{:.2f}", row.mean),
            number("{:.2f}", min(row.ratios, default=None)),
            number("{:.2f}", max(row.ratios, default=None)),
        )
        for row in found
    ]
    return markdown(RATIOS, rows, ("cases", "peer"))


def targets(found: Sequence[Standing], peer: str = "plain") -> list[str]:
    """Whether the wanted speed-ups over the plain program were reached, by group of size M or S."""
    lines = []
    for row in found:
        size = re.search(r"[/_](S|M|small)$", row.cases)  # tests/cases/small is of size S
        if row.peer != peer or size is None or not row.ratios:
            continue
        unsolved = row.number - row.library_solved
        short = f"; the library did not solve {unsolved} of {row.number}" if unsolved else ""
        if size[1] == "M":
            reached = row.mean >= FASTER and not unsolved
            wanted = f"at least {FASTER:g} times faster than {peer} in the geometric mean"
            seen = f"{row.sign}{row.mean:.1f} over {len(row.ratios)} cases"
        else:
            reached = min(row.ratios) >= 1 / SLOWER and not unsolved
            wanted = f"never slower than {peer} by more than {SLOWER:g} times"
            seen = f"at worst {1 / min(row.ratios):.2f} times its time"
        lines.append(f"{row.cases}: {wanted}: {'reached' if reached else 'NOT reached'} ({seen}{short}).")
    return lines


def remarks(runs: Sequence[Run]) -> list[str]:
    """Answers that cannot all be right, and claims that playing the ladder does not bear out."""
    lines = contradictions(list(runs))
    for run in runs:
        value, claimed = run.answer.value, run.answer.claimed
        if value is not None and claimed is not None and claimed > value + AGREE * max(1.0, abs(value)):
            lines.append(
                f"{run.job.case}: {run.job.name} claims {claimed:.10g}, but its ladder is worth {value:.10g} "
                "when played"
            )
        if run.failed:
            lines.append(f"{run.job.case}: {run.job.name} ended with {run.answer.status}")
    return lines


def failures(runs: Sequence[Run]) -> bool:
    """Whether a run ended without an answer that could be judged."""
    return any(run.failed for run in runs)


def library_contradicted(runs: Sequence[Run]) -> bool:
    """Whether somebody has a ladder that is worth more than the library's bound."""
    for bound in (run for run in runs if run.job.name == LIBRARY and run.answer.bound is not None):
        for other in (run for run in runs if run.job.case == bound.job.case):
            value = other.answer.value
            if value is not None and value > (bound.answer.bound or 0.0) + AGREE * max(1.0, abs(value)):
                return True
    return False
