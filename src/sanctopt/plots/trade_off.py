"""A frontier: one point per ladder, coloured by its first move, with the bounds of what is not proven."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from sanctopt.errors import LadderError
from sanctopt.plots.canvas import COLOURS, GREY, INK, MARKERS, Axes, Line2D, new_axes

if TYPE_CHECKING:
    from sanctopt.aims import Objective
    from sanctopt.analysis.pareto.points import Frontier, Point

MARKER = 7.0
"""Size of a point, points."""

MOVE_WIDTH = 48
"""Most characters of a first move in the legend; what is longer is cut."""


def plot_frontier(frontier: Frontier, ax: Axes | None = None) -> Axes:
    """Draw the points of a frontier; those that begin with the same rung have one colour and marker.

    A point that is not exact is hollow. From it a line leads to the bound of each objective: no ladder as
    good in the other one lies beyond. An infinite bound has no line.

    Parameters
    ----------
    frontier : Frontier
        Of `sanctopt.analysis.frontier`.
    ax : Axes or None
        Where to draw; None: a new figure.

    Returns
    -------
    Axes
        ``ax``, or the new axes. The label of each line of points is the first move.

    Raises
    ------
    LadderError
        If the frontier has no point, as after a Ctrl-C before the first.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> from sanctopt.aims import Objective
    >>> from sanctopt.analysis import frontier
    >>> ax = plot_frontier(frontier(load_case("teaching"), Objective.DENIED, Objective.HOSTILITY))
    >>> ax.get_xlabel()
    'revenue denied (US$m)'
    """
    if not frontier.points:
        raise LadderError("the frontier has no point: it was stopped before the first ladder was found")
    if ax is None:
        ax = new_axes(8.0, 5.0)
    xs, ys = [point.x for point in frontier.points], [point.y for point in frontier.points]
    ax.plot(xs, ys, color=GREY, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1, label="_between")
    handles = []
    for number, move in enumerate(frontier.first_moves):
        colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
        name = textwrap.shorten(str(move), MOVE_WIDTH, placeholder=" ...")
        for place in move.points:
            _draw(ax, frontier.points[place], colour, marker, name)
        handles.append(_handle(colour, marker, name))
    if not all(point.exact for point in frontier.points):
        handles.append(_handle("none", "o", "best found; line: to what is proven"))
    ax.set_xlabel(_name(frontier.x), color=INK)
    ax.set_ylabel(_name(frontier.y), color=INK)
    ax.set_title(f"{frontier.game_name} - {frontier.x} against {frontier.y}", loc="left", color=INK)
    ax.legend(handles=handles, title="first move", frameon=False, fontsize="small", loc="best")
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(color="#E4E4E4", linewidth=0.7)
    ax.set_axisbelow(True)
    return ax


def _draw(ax: Axes, point: Point, colour: str, marker: str, name: str) -> None:
    ax.plot(
        [point.x], [point.y], marker=marker, markersize=MARKER, color=colour, linestyle="none", label=name,
        markerfacecolor=colour if point.exact else "white", markeredgecolor=colour, zorder=3,
    )  # fmt: skip
    if point.exact:
        return
    for x, y in ((point.x_bound, point.y), (point.x, point.y_bound)):
        if math.isfinite(x) and math.isfinite(y):
            ax.plot([point.x, x], [point.y, y], color=colour, linewidth=1.0, zorder=2, label="_bound")


def _handle(colour: str, marker: str, name: str) -> Line2D:
    edge = INK if colour == "none" else colour
    return Line2D(
        [], [], marker=marker, markersize=MARKER, linestyle="none", label=name, markeredgecolor=edge,
        markerfacecolor="white" if colour == "none" else colour,
    )  # fmt: skip


def _name(objective: Objective) -> str:
    return f"{objective} (US$m)" if objective.money else str(objective)
