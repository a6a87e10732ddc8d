"""An A/B: the same jobs by two versions of the library, judged pair by pair.

A is what there was, B what is to replace it; ratios are A over B, so more than 1 is a speed-up. Nothing is
claimed if the answers contradict each other: a fast wrong answer is no speed-up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from suite.jobs import Run, contradictions
from suite.ratios import geometric_mean, shifted_ratio
from suite.text_table import number

HEAD = (
    *("case", "seed", "tree", "CPU s", "wall s", "nodes", "iterations", "value", "bound", "gap", "status"),
    "A/B",
)
TEXT = ("case", "tree", "status")


@dataclass(frozen=True)
class Pair:
    """One case and seed by A and by B; of several rounds, each side's least time."""

    first: Run
    second: Run

    @property
    def ratio(self) -> float:
        """CPU seconds of A over those of B; nan if neither was solved."""
        if not (self.first.solved or self.second.solved):
            return math.nan
        return self.first.cpu_seconds / self.second.cpu_seconds


def fastest(rounds: Sequence[Run]) -> Run:
    """The run with the least CPU time; the others of its rounds did the same work."""
    return min(rounds, key=lambda run: math.inf if math.isnan(run.cpu_seconds) else run.cpu_seconds)


def unrepeated(rounds: Sequence[Run]) -> str:
    """What differs between rounds that ought to be alike; empty if nothing does, or if time ended one."""
    if not all(run.solved for run in rounds):
        return ""
    for name in ("nodes", "iterations", "value", "bound"):
        seen = dict.fromkeys(getattr(run.answer, name) for run in rounds)
        if len(seen) > 1:
            where = f"{rounds[0].job.case}, seed {rounds[0].job.seed}"
            return f"{where}: {name} of the same version differ: {', '.join(map(str, seen))}"
    return ""


def refusals(pairs: Sequence[Pair]) -> list[str]:
    """Why no speed-up may be claimed: runs that failed, and answers that contradict each other."""
    runs = [run for pair in pairs for run in (pair.first, pair.second)]
    failed = [f"{run.job.case}, seed {run.job.seed}: {run.answer.status}" for run in runs if run.failed]
    return failed + contradictions(runs)


def worse(pairs: Sequence[Pair], share: float) -> list[str]:
    """The pairs in which B is worse than A, one sentence each.

    Parameters
    ----------
    pairs : sequence of Pair
        As run.
    share : float
        More CPU time, or a larger remaining gap, by this share counts as worse.
    """
    found = []
    for pair in pairs:
        one, two = pair.first, pair.second
        where = f"{one.job.case}, seed {one.job.seed}"
        if one.solved and not two.solved:
            found.append(f"{where}: A is solved, B ends with {two.answer.status} and a gap of {two.gap:.2%}")
        elif not one.solved and not two.solved:
            if two.gap > (1 + share) * one.gap:
                found.append(
                    f"{where}: neither is solved, and the gap grows from {one.gap:.2%} to {two.gap:.2%}"
                )
        elif two.solved and two.cpu_seconds > (1 + share) * one.cpu_seconds:
            times = f"from {one.cpu_seconds:.2f} s to {two.cpu_seconds:.2f} s"
            found.append(f"{where}: {two.cpu_seconds / one.cpu_seconds:.2f} times slower, {times}")
    return found


def summary(pairs: Sequence[Pair], share: float, shift: float) -> list[str]:
    """Means, wins and losses, and the cases that got worse; or why nothing is claimed."""
    wrong = refusals(pairs)
    if wrong:
        return ["No speed-up is claimed:", *(f"- {reason}" for reason in wrong)]
    judged = [pair for pair in pairs if not math.isnan(pair.ratio)]
    times = [[run.cpu_seconds for run in side] for side in zip(*map(_sides, judged), strict=True)] or [[], []]
    ratios = [pair.ratio for pair in judged] or [math.nan]
    lines = [
        f"A/B of CPU seconds over {len(judged)} pairs: geometric mean {geometric_mean(ratios):.2f}, "
        f"shifted by {shift:g} s {shifted_ratio(times[0], times[1], shift):.2f}, "
        f"least {min(ratios):.2f}, most {max(ratios):.2f}."
    ]
    for name in ("nodes", "iterations"):
        lines.append(f"A/B of {name}: geometric mean {_counts(judged, name):.2f} (each count plus 1).")
    faster = sum(pair.ratio > 1 + share for pair in judged)
    slower = sum(pair.ratio < 1 / (1 + share) for pair in judged)
    lines.append(
        f"B is faster by over {share:.0%} in {faster} pairs, slower in {slower}, "
        f"about the same in {len(judged) - faster - slower}."
    )
    limited = sum(pair.first.solved != pair.second.solved for pair in judged)
    if limited:
        lines.append(f"In {limited} of them one side ran into its limit; its time counts as what it used.")
    if len(judged) < len(pairs):
        lines.append(f"{len(pairs) - len(judged)} pairs are in no mean: neither side was solved.")
    got = worse(pairs, share)
    return [
        *lines,
        f"Worse with B ({len(got)}):" if got else "No case got worse.",
        *(f"- {row}" for row in got),
    ]


def table(pairs: Sequence[Pair]) -> list[tuple[str, ...]]:
    """Two lines for each pair, below `HEAD`."""
    rows: list[tuple[str, ...]] = []
    for pair in pairs:
        for tree, run in zip("AB", _sides(pair), strict=True):
            answer = run.answer
            rows.append(
                (
                    run.job.case,
                    str(run.job.seed),
                    tree,
                    number("{:.2f}", run.cpu_seconds),
                    number("{:.2f}", run.wall_seconds),
                    number("{:,}", answer.nodes),
                    number("{:,}", answer.iterations),
                    number("{:,.4f}", answer.value),
                    number("{:,.4f}", answer.bound),
                    number("{:.3%}", run.gap),
                    answer.status,
                    number("{:.2f}", pair.ratio) if tree == "B" else "",
                )
            )
    return rows


def _sides(pair: Pair) -> tuple[Run, Run]:
    return pair.first, pair.second


def _counts(pairs: Sequence[Pair], name: str) -> float:
    """Geometric mean of the ratios of a count."""
    counts = [tuple(getattr(run.answer, name) for run in _sides(pair)) for pair in pairs]
    return geometric_mean(
        [(one + 1) / (two + 1) for one, two in counts if one is not None and two is not None]
    )
