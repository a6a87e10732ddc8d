"""Revenue, credibility, provocation and harm by stage, a line per type."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING

from sanctopt import ladder_view as view
from sanctopt.errors import LadderError
from sanctopt.plots.canvas import (
    COLOURS,
    GREY,
    INK,
    MARKERS,
    Axes,
    Line2D,
    ScaledTranslation,
    new_axes,
    size_inches,
)

if TYPE_CHECKING:
    from sanctopt.ladder import Expected, Ladder


class Quantity(Enum):
    """What a panel shows; the value is its heading."""

    REVENUE = "Revenue that reaches the regime (US$m per stage)"
    CREDIBILITY = "Credibility of the coalition"
    PROVOCATION = "Provocation of the patron"
    HARM = "Harm to allies and firms (US$m per stage)"

    def of(self, entry: Expected) -> float:
        """The quantity in what is expected of one type at one rung."""
        return {
            Quantity.REVENUE: entry.revenue,
            Quantity.CREDIBILITY: entry.credibility,
            Quantity.PROVOCATION: entry.provocation,
            Quantity.HARM: entry.harm,
        }[self]


LANE_POINTS = 2.6
"""Lines that coincide somewhere are drawn side by side, so many points apart."""


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
        ax = new_axes(11.0, 7.4)
    ax.set_axis_off()
    ax.set_title(f"{ladder.game_name}: what is expected of each type", loc="left", color=INK)
    handles = _handles(ladder)
    columns = min(len(handles), 4)
    legend_inches = 0.05 + 0.22 * -(-len(handles) // columns)
    for quantity, bounds in zip(Quantity, _panel_bounds(ax, legend_inches), strict=True):
        panel = ax.inset_axes(bounds)
        _draw(ladder, quantity, panel)
    ax.legend(
        handles=handles, loc="lower center", bbox_to_anchor=(0.5, 0.0), ncols=columns, frameon=False,
        fontsize="small", borderaxespad=0.0, borderpad=0.0,
    )  # fmt: skip
    return ax


def plot_stage_quantity(ladder: Ladder, quantity: Quantity, ax: Axes | None = None) -> Axes:
    """Draw one quantity by stage, a line per type; for the revenue, the baseline too.

    A line ends where the regime concedes (a star). Lines that coincide somewhere are drawn a hair's
    breadth side by side; the data of each line is exact, only its drawing is shifted.

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
    _draw(ladder, quantity, ax)
    ax.legend(handles=_handles(ladder, baseline=quantity is Quantity.REVENUE), frameon=False, fontsize="small")
    return ax


def _require_played(ladder: Ladder) -> None:
    if not view.ways(ladder):
        raise LadderError(
            "the ladder was never played, so nothing is expected at its rungs; "
            "play it first, or draw its moves with plot_ladder_tree"
        )


def _draw(ladder: Ladder, quantity: Quantity, ax: Axes) -> None:
    """One panel: lines, ticks, heading."""
    ways = view.ways(ladder)
    paths = {
        name: [(rung.stage, quantity.of(entry)) for rung, entry in way] for name, way in ways.items()
    }
    if quantity is Quantity.REVENUE:
        baseline = {rung.stage: entry.baseline_revenue for way in ways.values() for rung, entry in way}
        stages = sorted(baseline)
        ax.plot(
            stages, [baseline[stage] for stage in stages], color=GREY, linestyle=(0, (4, 3)), linewidth=1.2,
            label="baseline",
        )  # fmt: skip
    figure = ax.get_figure(root=True)
    for place, (name, lane) in enumerate(zip(paths, _lanes(list(paths.values())), strict=True)):
        stages, values = [stage for stage, _ in paths[name]], [value for _, value in paths[name]]
        shift = ScaledTranslation(0.0, lane * LANE_POINTS / 72, figure.dpi_scale_trans)  # type: ignore[union-attr]
        style = _style(place)
        ax.plot(
            stages, values, label=name, transform=ax.transData + shift, linewidth=1.8, markersize=4.5,
            markeredgecolor="white", markeredgewidth=0.5, zorder=3, clip_on=False, **style,
        )  # fmt: skip
        if ways[name][-1][1].concedes:
            ax.plot(
                stages[-1:], values[-1:], label=f"_{name} concedes", transform=ax.transData + shift,
                marker="*", markersize=13, color=style["color"], markeredgecolor=INK, markeredgewidth=0.6,
                linestyle="none", zorder=4, clip_on=False,
            )  # fmt: skip
    # A line with a shifted transform still counts for the limits of the data it carries.
    points = [(float(stage), value) for path in paths.values() for stage, value in path]
    ax.update_datalim(points)
    ax.autoscale_view()
    top = max(ax.get_ylim()[1], 1e-9)
    ax.set_ylim(0.0, top if any(value for _, value in points) else 1.0)
    last = len(ladder.stage_labels) - 1
    ax.set_xlim(-0.25, last + 0.25)
    ax.set_xticks(range(last + 1), ladder.stage_labels)
    ax.tick_params(labelsize="small", colors=INK)
    longest = max(map(len, ladder.stage_labels))
    if longest * (last + 1) * 0.085 > size_inches(ax)[0]:
        ax.tick_params(axis="x", labelrotation=45)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="#E4E4E4", linewidth=0.7)
    ax.set_axisbelow(True)
    ax.set_title(quantity.value, loc="left", fontsize="medium", color=INK)


def _style(place: int) -> dict[str, str]:
    """Colour and marker of the type at a place; both run in circles of different phase."""
    circle = place // len(COLOURS)
    return {
        "color": COLOURS[place % len(COLOURS)],
        "marker": MARKERS[(place + circle) % len(MARKERS)],
        "linestyle": ("-", "--", ":")[circle % 3],
    }


def _lanes(paths: Sequence[Sequence[tuple[int, float]]]) -> list[int]:
    """Shift of each path (0, 1, -1, 2, ...): the least that no earlier path it touches has."""
    extent = max((abs(value) for path in paths for _, value in path), default=0.0)
    near = 0.012 * extent  # about the breadth of a line in a panel

    def touch(one: Sequence[tuple[int, float]], other: Sequence[tuple[int, float]]) -> bool:
        values = dict(other)
        return any(stage in values and abs(values[stage] - value) <= near for stage, value in one)

    lanes: list[int] = []
    for place, path in enumerate(paths):
        taken = {lanes[before] for before in range(place) if touch(path, paths[before])}
        step = 0
        while _lane(step) in taken:
            step += 1
        lanes.append(_lane(step))
    return lanes


def _lane(step: int) -> int:
    """0, 1, -1, 2, -2, ... for 0, 1, 2, 3, 4, ..."""
    return (step + 1) // 2 * (1 if step % 2 else -1)


def _handles(ladder: Ladder, *, baseline: bool = True) -> list[Line2D]:
    """Legend: a line per type, with its prior if known; concession and baseline."""
    ways = view.ways(ladder)
    prior = view.priors(ladder)
    shares = dict(zip(prior, view.percentages(list(prior.values())), strict=True))
    handles = [
        Line2D([], [], linewidth=1.8, markersize=5, **_style(place), label=f"{name} ({shares[name]})"
               if name in shares else name)  # type: ignore[arg-type]
        for place, name in enumerate(ways)
    ]  # fmt: skip
    if any(way[-1][1].concedes for way in ways.values()):
        handles.append(
            Line2D([], [], marker="*", markersize=11, color="white", markeredgecolor=INK, linestyle="none",
                   label="regime concedes, game ends")
        )  # fmt: skip
    if baseline:
        handles.append(
            Line2D([], [], color=GREY, linestyle=(0, (4, 3)), linewidth=1.2, label="revenue without measures")
        )
    return handles


def _panel_bounds(ax: Axes, legend: float) -> list[tuple[float, float, float, float]]:
    """Places of a 2x2 grid in axes coordinates, with margins fixed in inches for labels and legend."""
    width, height = size_inches(ax)
    left, between, under, over = 0.5 / width, 0.6 / width, 0.5 / height, 0.35 / height
    panel_width = max((1 - left - between) / 2, 0.1)
    foot = legend / height
    panel_height = max((1 - foot - 2 * (under + over)) / 2, 0.1)
    lower = foot + under
    upper = lower + panel_height + over + under
    return [
        (x, y, panel_width, panel_height) for y in (upper, lower) for x in (left, left + panel_width + between)
    ]
