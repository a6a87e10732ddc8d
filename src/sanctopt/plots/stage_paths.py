"""Revenue, credibility, provocation and harm by stage, a line per type."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Literal

from sanctopt import ladder_view as view
from sanctopt.errors import LadderError
from sanctopt.plots.canvas import (
    COLOURS,
    GREY,
    INK,
    MARKERS,
    Axes,
    Line2D,
    LineCollection,
    new_axes,
    size_inches,
)

if TYPE_CHECKING:
    from sanctopt.ladder import Expected, Ladder


class Quantity(Enum):
    """What a panel shows; the value is its heading."""

    REVENUE = "Revenue of the regime (US$m)"
    CREDIBILITY = "Credibility of the coalition"
    PROVOCATION = "Provocation of the patron"
    HARM = "Harm to allies and firms (US$m)"

    def of(self, entry: Expected) -> float:
        """The quantity in what is expected of one type at one rung."""
        return {
            Quantity.REVENUE: entry.revenue,
            Quantity.CREDIBILITY: entry.credibility,
            Quantity.PROVOCATION: entry.provocation,
            Quantity.HARM: entry.harm,
        }[self]


LINE, MARKER, STAR = 1.8, 4.5, 13.0
"""Breadth of a line, size of a marker and of the star of a concession, points."""

WIDE = 8.5
"""Axes of fewer inches have room for the title, but not for the remark beside it."""

RIM, CABLE = 2.6, 10.5
"""How much broader, points, the next of several coinciding lines is; less where all would exceed CABLE."""


def plot_stages(ladder: Ladder, ax: Axes | None = None) -> Axes:
    """Draw revenue, credibility, provocation and harm by stage, a line per type, in four panels.

    Parameters
    ----------
    ladder : Ladder
        A ladder that was played (`Rung.expected` is there).
    ax : Axes or None
        Axes whose place the panels take: its own frame is turned off, and the panels become
        ``ax.child_axes``, in the order of `Quantity`. None: a new figure.

    Returns
    -------
    Axes
        ``ax``, or the new axes.

    Raises
    ------
    LadderError
        If the ladder was never played.

    Examples
    --------
    >>> from sanctopt.ladder import Expected, Information, Ladder, Rung
    >>> entry = Expected("hawk", 1.0, "protest", "", float("inf"), False, 70.0, 100.0,
    ...                  0.6, 0.2, 0.0, 5.0, 1.0, 24.0, ())
    >>> ladder = Ladder("Toy", "", Information.ADAPTIVE, ("2017Q2",), (Rung((), expected=(entry,)),))
    >>> ax = plot_stages(ladder)
    >>> [panel.get_title(loc="left") for panel in ax.child_axes][1:3]
    ['Credibility of the coalition', 'Provocation of the patron']
    """
    _require_played(ladder)
    if ax is None:
        ax = new_axes(11.0, 7.4, whole=True)
    ax.set_axis_off()
    ax.set_title(f"{ladder.game_name} - what each type is expected to do", loc="left", color=INK)
    if size_inches(ax)[0] > WIDE:
        ax.set_title(
            "where lines run together, each keeps its colour as a rim",
            loc="right",
            fontsize="small",
            color=GREY,
        )
    handles = _handles(ladder)
    columns = max(min(len(handles), 4, int(size_inches(ax)[0] / 2.2)), 1)
    legend_inches = 0.05 + 0.22 * -(-len(handles) // columns)
    for quantity, bounds in zip(Quantity, _panel_bounds(ax, legend_inches), strict=True):
        panel = ax.inset_axes(bounds)
        _draw(ladder, quantity, panel, bounds[2] * size_inches(ax)[0])
    ax.legend(
        handles=handles, loc="lower center", bbox_to_anchor=(0.5, 0.0), ncols=columns, frameon=False,
        fontsize="small", borderaxespad=0.0, borderpad=0.0,
    )  # fmt: skip
    return ax


def plot_stage_quantity(ladder: Ladder, quantity: Quantity, ax: Axes | None = None) -> Axes:
    """Draw one quantity by stage, a line per type; for the revenue, the baseline too.

    A line ends where the regime concedes (a star). Where lines coincide they look like a cable with a
    strand for each type; no value is shifted.

    Parameters
    ----------
    ladder : Ladder
        A ladder that was played (`Rung.expected` is there).
    quantity : Quantity
        What to show.
    ax : Axes or None
        Where to draw; None: a new figure.

    Returns
    -------
    Axes
        ``ax``, or the new axes. Each line's label is the name of its type.

    Raises
    ------
    LadderError
        If the ladder was never played.

    Examples
    --------
    >>> from sanctopt.ladder import Expected, Information, Ladder, Rung
    >>> entry = Expected("hawk", 1.0, "protest", "", float("inf"), False, 70.0, 100.0,
    ...                  0.6, 0.2, 0.0, 5.0, 1.0, 24.0, ())
    >>> ladder = Ladder("Toy", "", Information.ADAPTIVE, ("2017Q2",), (Rung((), expected=(entry,)),))
    >>> ax = plot_stage_quantity(ladder, Quantity.REVENUE)
    >>> [line.get_label() for line in ax.lines]
    ['baseline', 'hawk']
    """
    _require_played(ladder)
    if ax is None:
        ax = new_axes(8.0, 4.4)
    _draw(ladder, quantity, ax, size_inches(ax)[0])
    ax.legend(
        handles=_handles(ladder, baseline=quantity is Quantity.REVENUE), frameon=False, fontsize="small"
    )
    return ax


def _require_played(ladder: Ladder) -> None:
    if not view.ways(ladder):
        raise LadderError(
            "the ladder was never played, so nothing is expected at its rungs; "
            "play it first, or draw its moves with plot_ladder_tree"
        )


def _draw(ladder: Ladder, quantity: Quantity, ax: Axes, width: float) -> None:
    """One panel, ``width`` inches wide: lines, ticks, heading."""
    ways = view.ways(ladder)
    paths = {name: {rung.stage: quantity.of(entry) for rung, entry in way} for name, way in ways.items()}
    if quantity is Quantity.REVENUE:
        baseline = {rung.stage: entry.baseline_revenue for way in ways.values() for rung, entry in way}
        stages = sorted(baseline)
        ax.plot(
            stages, [baseline[stage] for stage in stages], color=INK, linestyle=(0, (4, 3)), linewidth=1.1,
            label="baseline", zorder=4,  # above the lines, lest they hide it where next to nothing is denied
        )  # fmt: skip
    for place, (name, path) in enumerate(paths.items()):
        ax.plot(
            list(path), list(path.values()), label=name, linewidth=LINE, markersize=MARKER,
            markeredgecolor="white", markeredgewidth=0.5, clip_on=False, zorder=3 - place / 1000,
            color=_colour(place), marker=_marker(place), linestyle=_dash(place),
        )  # fmt: skip
    _draw_rims(ax, paths)
    _draw_concessions(ax, paths, {name for name, way in ways.items() if way[-1][1].concedes})

    ax.set_ylim(0.0, ax.get_ylim()[1] if any(any(path.values()) for path in paths.values()) else 1.0)
    last = len(ladder.stage_labels) - 1
    ax.set_xlim(-0.25, last + 0.25)
    ax.set_xticks(range(last + 1), ladder.stage_labels)
    ax.tick_params(labelsize="small", colors=INK)
    if max(map(len, ladder.stage_labels)) * (last + 1) * 0.072 > width:
        ax.tick_params(axis="x", labelrotation=45)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="#E4E4E4", linewidth=0.7)
    ax.set_axisbelow(True)
    ax.set_title(quantity.value, loc="left", fontsize="medium", color=INK)


def _draw_rims(ax: Axes, paths: Mapping[str, Mapping[int, float]]) -> None:
    """Show lines that coincide: each but the first gets a broader one beneath it, so all are seen.

    The values stay exact; lines that run together look like a cable with a strand for each type.
    """
    place = {name: number for number, name in enumerate(paths)}
    segments: dict[tuple[str, ...], list[str]] = {}
    rim = min(RIM, CABLE / max(len(paths) - 1, 1))
    for name, path in paths.items():
        for stage, value in path.items():
            if stage + 1 in path:
                ends = (str(stage), f"{value:.6g}", f"{path[stage + 1]:.6g}")
                segments.setdefault(ends, []).append(name)
    for (stage_text, *_), names in segments.items():
        for rank, name in enumerate(names[1:], start=1):
            span = [int(stage_text), int(stage_text) + 1]
            ax.add_collection(
                LineCollection(
                    [[(stage, paths[name][stage]) for stage in span]], colors=_colour(place[name]),
                    linewidths=LINE + rim * rank, capstyle="round", zorder=2 - rank / 1000, clip_on=False,
                ),
                autolim=False,
            )  # fmt: skip


def _draw_concessions(ax: Axes, paths: Mapping[str, Mapping[int, float]], conceding: set[str]) -> None:
    """A star where the regime concedes; of several at one point, the earlier type's is the smaller."""
    stars: dict[tuple[int, str], int] = {}
    for place, (name, path) in enumerate(paths.items()):
        if name not in conceding:
            continue
        stage, value = list(path.items())[-1]
        rank = stars.get((stage, f"{value:.6g}"), 0)
        stars[stage, f"{value:.6g}"] = rank + 1
        ax.scatter(
            [stage], [value], s=(STAR + 3 * RIM * rank) ** 2, marker="*", color=_colour(place),
            edgecolors=INK, linewidths=0.6, zorder=5 - rank / 1000, clip_on=False, label=f"_{name} concedes",
        )  # fmt: skip


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def _marker(place: int) -> str:
    """Marker of the type at a place: in the second round of colours each gets another one."""
    return MARKERS[(place + place // len(COLOURS)) % len(MARKERS)]


def _dash(place: int) -> Literal["-", "--", ":"]:
    dashes: tuple[Literal["-"], Literal["--"], Literal[":"]] = ("-", "--", ":")
    return dashes[place // len(COLOURS) % 3]


def _handles(ladder: Ladder, *, baseline: bool = True) -> list[Line2D]:
    """Legend: a line per type, with its prior if known; concession and baseline."""
    ways = view.ways(ladder)
    prior = view.priors(ladder)
    shares = dict(zip(prior, view.percentages(list(prior.values())), strict=True))
    handles = [
        Line2D(
            [], [], linewidth=LINE, markersize=MARKER + 0.5, color=_colour(place), marker=_marker(place),
            linestyle=_dash(place), label=f"{name} ({shares[name]})" if name in shares else name,
        )
        for place, name in enumerate(ways)
    ]  # fmt: skip
    if any(way[-1][1].concedes for way in ways.values()):
        handles.append(
            Line2D([], [], marker="*", markersize=11, color="white", markeredgecolor=INK, linestyle="none",
                   label="regime concedes, game ends")
        )  # fmt: skip
    if baseline:
        handles.append(
            Line2D([], [], color=INK, linestyle=(0, (4, 3)), linewidth=1.1, label="revenue without measures")
        )
    return handles


def _panel_bounds(ax: Axes, legend: float) -> list[tuple[float, float, float, float]]:
    """Places of a 2x2 grid in axes coordinates, with margins fixed in inches for labels and legend."""
    width, height = size_inches(ax)
    left, between, right, under, over = 0.5 / width, 0.65 / width, 0.25 / width, 0.5 / height, 0.35 / height
    panel_width = max((1 - left - between - right) / 2, 0.1)
    foot = legend / height
    panel_height = max((1 - foot - 2 * (under + over)) / 2, 0.1)
    lower = foot + under
    upper = lower + panel_height + over + under
    return [
        (x, y, panel_width, panel_height)
        for y in (upper, lower)
        for x in (left, left + panel_width + between)
    ]
