"""Pictures of a run of the suite: how time and gap grow, and how bound and incumbent meet.

Each function draws into a new figure and returns it; `write_pictures` writes them as files.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sanctopt import Information
from suite.measure import Point, Record
from suite.sweeps import DIMENSIONS, Sweep, sweeps

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito (2008), as in `sanctopt.plots`."""

MARKERS = "os^DvPX"
GREY = "#8A8A8A"

LEAST_GAP = 1e-4
"""Gaps in percent below this are drawn at it: a logarithmic axis has no 0."""

LONG_ENOUGH = 2.0
"""Seconds that a search must take to get a panel of its own."""

PANELS = 12

WHOLE = ("adaptive program", "open-loop program")
"""Programs whose incumbent and bound are those of the whole game; others belong to a part of it."""


def write_pictures(records: Sequence[Record], folder: Path) -> list[Path]:
    """Write every picture that the records suffice for; returns the files."""
    figures = {
        "scaling.png": scaling(records),
        "progress.png": progress(records),
        "phases.png": phases(records),
    }
    written = []
    for name, figure in figures.items():
        if figure is not None:
            figure.savefig(folder / name, dpi=150)
            written.append(folder / name)
    return written


def scaling(records: Sequence[Record]) -> Figure | None:
    """Time and gap against the number of stages, entities and types, one line for each sweep.

    A hollow marker is a search that its time limit ended. None if there is no sweep among the records.
    """
    found = sweeps(records)
    shown = [dimension for dimension in DIMENSIONS if any(sweep.dimension == dimension for sweep in found)]
    if not shown:
        return None
    figure = Figure(figsize=(4.2 * len(shown), 6.6), layout="constrained")
    rows = figure.subplots(2, len(shown), squeeze=False, sharex="col", sharey="row")
    bases = list(dict.fromkeys(sweep.base for sweep in found))
    for column, dimension in enumerate(shown):
        for sweep in found:
            if sweep.dimension == dimension:
                style = bases.index(sweep.base)
                _draw_sweep(rows[0][column], rows[1][column], sweep, style)
        rows[0][column].set_title(f"more {dimension}")
        rows[1][column].set_xlabel(dimension)
    for row in rows:
        for ax in row:
            ax.set_yscale("log")
            ax.grid(visible=True, color="#E5E5E5", linewidth=0.6)
    rows[0][0].set_ylabel("time of the search (s)")
    rows[1][0].set_ylabel(f"gap left (%), proven: {LEAST_GAP:g}")
    handles = [
        Line2D([], [], color=COLOURS[number % 7], marker=MARKERS[number % 7], label=base)
        for number, base in enumerate(bases)
    ]
    rows[0][0].legend(handles=handles, title="changed from", fontsize=8, title_fontsize=8)
    figure.suptitle("Time and gap against the size of the game (hollow: ended by its time limit)")
    return figure


def _draw_sweep(above: Axes, below: Axes, sweep: Sweep, style: int) -> None:
    numbers = [getattr(record, sweep.dimension) for record in sweep.records]
    for ax, heights in (
        (above, [record.seconds["solve"] for record in sweep.records]),
        (below, [_gap_percent(record) for record in sweep.records]),
    ):
        ax.plot(numbers, heights, color=COLOURS[style % 7], linewidth=1.2)
        for number, height, record in zip(numbers, heights, sweep.records, strict=True):
            face = COLOURS[style % 7] if record.solved else "white"
            ax.plot(
                number,
                height,
                MARKERS[style % 7],
                color=COLOURS[style % 7],
                markerfacecolor=face,
                markersize=6,
            )


def _gap_percent(record: Record) -> float:
    gap = 100.0 * record.gap
    return max(gap, LEAST_GAP) if math.isfinite(gap) else math.nan


def progress(records: Sequence[Record]) -> Figure | None:
    """Bound and incumbent over time, one panel for each adaptive search of more than `LONG_ENOUGH` seconds.

    The lines are incumbent and bound of the whole game; as long as only parts of it were searched (known
    types, parts of many types), there is none, and the panel is grey. The dots are what the whole search ends
    with. At most `PANELS` searches are shown, the first ones. None if no search took long enough.
    """
    found = [
        record
        for record in records
        if record.wanted.information == Information.ADAPTIVE.value
        and record.seconds["solve"] >= LONG_ENOUGH
        and record.value is not None
        and record.bound is not None
    ]
    shown = found[:PANELS]
    if not shown:
        return None
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    figure = Figure(figsize=(4.4 * columns, 3.1 * rows + 0.6), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax, record in zip(axes, shown, strict=False):
        _draw_progress(ax, record)
    for ax in axes[len(shown) :]:
        ax.set_axis_off()
    handles = [
        Line2D(
            [],
            [],
            color=COLOURS[1],
            drawstyle="steps-post",
            label="bound of the whole game (dot: at the end)",
        ),
        Line2D([], [], color=COLOURS[0], drawstyle="steps-post", label="incumbent (dot: the ladder found)"),
        Line2D([], [], color=GREY, linewidth=6, alpha=0.25, label="only parts of the game so far"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=9)
    first = f", the first {len(shown)} of {len(found)} searches" if len(found) > len(shown) else ""
    figure.suptitle(f"Bound and incumbent over time (millions of US dollars){first}")
    return figure


def _draw_progress(ax: Axes, record: Record) -> None:
    end = record.seconds["solve"]
    whole = [point for point in record.path if point.purpose in WHOLE or record.types == 1]
    begin = min((point.seconds for point in whole), default=end)
    ax.axvspan(0.0, begin, color=GREY, alpha=0.15, linewidth=0)
    last = Point(end, "end", record.value, record.bound, 0)
    for name, colour in (("bound", COLOURS[1]), ("incumbent", COLOURS[0])):
        points = [(p.seconds, getattr(p, name)) for p in [*whole, last] if getattr(p, name) is not None]
        ax.plot(*zip(*points, strict=True), color=colour, drawstyle="steps-post", linewidth=1.4)
        ax.plot(*points[-1], "o", color=colour, markersize=4)
    ax.set_xlim(0.0, 1.02 * end)
    ax.margins(y=0.15)
    ax.ticklabel_format(axis="y", useOffset=False, style="plain")
    ax.set_title(f"{record.wanted.case}: {_ending(record)}", fontsize=9)
    ax.set_xlabel("seconds", fontsize=8)
    ax.tick_params(labelsize=8)


def _ending(record: Record) -> str:
    return "optimal" if record.solved else f"gap {100 * record.gap:.3g} %"


def phases(records: Sequence[Record]) -> Figure | None:
    """Where the time goes: seconds of each phase, one line for each record; None without records."""
    if not records:
        return None
    figure = Figure(figsize=(8.5, 1.2 + 0.28 * len(records)), layout="constrained")
    ax = figure.subplots()
    names = list(dict.fromkeys(phase for record in records for phase in record.seconds))
    for number, phase in enumerate(names):
        seconds = [max(record.seconds.get(phase, math.nan), 1e-4) for record in records]
        ax.plot(
            seconds, range(len(records)), MARKERS[number], color=COLOURS[number], label=phase, markersize=6
        )
    ax.set_yticks(range(len(records)), [_label(record) for record in records], fontsize=8)
    ax.invert_yaxis()
    ax.set_xscale("log")
    ax.set_xlabel("seconds")
    ax.grid(visible=True, axis="both", color="#E5E5E5", linewidth=0.6)
    ax.set_title("Seconds of each phase")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9)
    return figure


def _label(record: Record) -> str:
    deaf = record.wanted.information != Information.ADAPTIVE.value
    return record.wanted.case + (f" ({record.wanted.information})" if deaf else "")
