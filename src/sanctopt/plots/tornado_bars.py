"""A tornado: what each number at the ends of its range does to the optimum and to a kept ladder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sanctopt.errors import OptionError
from sanctopt.plots.canvas import COLOURS, GREY, INK, Axes, Line2D, new_axes

if TYPE_CHECKING:
    from sanctopt.analysis.sensitivity.bars import Bar, End
    from sanctopt.analysis.sensitivity.one_at_a_time import Tornado

LOW, HIGH = COLOURS[0], COLOURS[1]
"""Colours of the low and of the high end."""

THICK = 0.62
"""Height of a bar, of the 1 that a factor has."""


def plot_tornado(tornado: Tornado, ax: Axes | None = None, *, shown: int = 15) -> Axes:
    """Draw a tornado: a bar from the value as the case stands to that at each end, largest swing on top.

    Where games were solved, bars show the best ladder's value, filled, and a diamond stands at what the kept
    ladder gives; a star marks ends where no optimal ladder begins as the kept one does. Where nothing was
    solved, bars show the kept ladder's value, hollow. Values in millions of US dollars.

    Parameters
    ----------
    tornado : Tornado
        What `sanctopt.analysis.tornado` returned.
    ax : Axes or None
        Where to draw; None: a new figure.
    shown : int
        Most factors to draw, at least 1, the largest first.

    Returns
    -------
    Axes
        ``ax``, or the new axes; the labels of its vertical axis are the names of the factors.

    Raises
    ------
    OptionError
        If ``shown`` is below 1.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> from sanctopt.analysis.sensitivity.factors import spread
    >>> from sanctopt.analysis.sensitivity.one_at_a_time import tornado
    >>> from sanctopt.analysis.rules.rules_of_thumb import LARGEST_FIRST
    >>> from sanctopt.analysis.sensitivity.study import Study
    >>> game = load_case("teaching")
    >>> study = Study(spread(game, 0.2, "weights.cost", "weights.harm"), LARGEST_FIRST(game))
    >>> ax = plot_tornado(tornado(game, study, top=0))
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['weights.harm  0.8 to 1.2', 'weights.cost  0.8 to 1.2']
    """
    if shown < 1:
        raise OptionError(f"shown is {shown}; give the number of factors to draw, at least 1")
    bars = tornado.bars[:shown]
    if ax is None:
        ax = new_axes(9.5, 1.6 + 0.36 * len(bars))
    for place, bar in enumerate(bars):
        for end, colour in zip(bar.ends, (LOW, HIGH), strict=True):
            _draw_end(ax, place, tornado, bar, end, colour)
    ax.axvline(tornado.kept_value, color=GREY, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
    if tornado.optimum is not None:
        ax.axvline(tornado.optimum.value, color=INK, linewidth=1.0, zorder=4)
    ax.set_yticks(range(len(bars)), [_label(bar) for bar in bars])
    ax.set_ylim(len(bars) - 0.4, -0.6)  # the largest on top
    ax.margins(x=0.04)
    ax.tick_params(labelsize="small", colors=INK)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", color="#E4E4E4", linewidth=0.7)
    ax.set_axisbelow(True)
    ax.set_xlabel("value (US$m, expected over types)", fontsize="small", color=INK)
    more = f", {len(bars)} of {len(tornado.bars)} numbers" if len(tornado.bars) > len(bars) else ""
    ax.set_title(
        f"{tornado.game_name} - one number at a time{more}", loc="left", fontsize="medium", color=INK
    )
    ax.legend(
        handles=_handles(tornado, bars), loc="upper center", ncols=3, frameon=False, fontsize="small",
        bbox_to_anchor=(0.4, -0.55 / (0.4 + 0.36 * len(bars))),
    )  # fmt: skip
    return ax


def _draw_end(ax: Axes, place: int, tornado: Tornado, bar: Bar, end: End, colour: str) -> None:
    """The half of a bar that belongs to one end."""
    if end.problem:
        return
    solved = end.solved and tornado.optimum is not None
    base = tornado.optimum.value if solved and tornado.optimum is not None else tornado.kept_value
    value = end.optimum if solved else end.kept
    # Both ends may lie on one side: the shorter half is drawn above the longer one.
    ax.barh(
        [place], [value - base], left=base, height=THICK, zorder=2 + 0.5 / (1.0 + abs(value - base)),
        color=colour if solved else "white", edgecolor="white" if solved else colour,
        linewidth=0.6 if solved else 1.2,
    )  # fmt: skip
    if solved:
        ax.plot(
            [end.kept], [place], linestyle="none", marker="D", markersize=4.5, color="white",
            markeredgecolor=colour, markeredgewidth=1.2, zorder=5, clip_on=False,
        )  # fmt: skip
    if end.changes:
        ax.plot(
            [value], [place], linestyle="none", marker="*", markersize=10, color=colour,
            markeredgecolor=INK, markeredgewidth=0.6, zorder=6, clip_on=False,
        )  # fmt: skip


def _label(bar: Bar) -> str:
    """Name and range of a factor; ends that are no valid game are in brackets."""
    if len(bar.factor.rows) > 1:
        return f"{bar.factor.name}  ({len(bar.factor.rows)} numbers)"
    (row,) = bar.factor.rows
    low, high = (
        f"({number:.4g})" if end.problem else f"{number:.4g}"
        for number, end in zip((row.low, row.high), bar.ends, strict=True)
    )
    return f"{row.path}  {low} to {high}"


def _handles(tornado: Tornado, bars: Sequence[Bar]) -> list[Line2D]:
    """Legend: only what is drawn."""
    ends = [end for bar in bars for end in bar.ends if not end.problem]
    solved = [end for end in ends if end.solved]
    what = "best ladder" if solved else "kept ladder"
    handles = [
        Line2D([], [], linestyle="none", marker="s", markersize=8, color=colour, label=f"{what}, {name} end")
        for colour, name in ((LOW, "low"), (HIGH, "high"))
    ]
    if tornado.optimum is not None:
        word = "optimum" if tornado.optimum.optimal else "best found"
        handles.append(Line2D([], [], color=INK, linewidth=1.0, label=f"{word} as the case stands"))
    handles.append(
        Line2D(
            [], [], color=GREY, linewidth=1.0, linestyle=(0, (4, 3)), label="kept ladder as the case stands"
        )
    )
    if solved:
        handles.append(
            Line2D([], [], linestyle="none", marker="D", markersize=4.5, color="white", markeredgecolor=INK,
                   label="kept ladder there")
        )  # fmt: skip
    if solved and len(solved) < len(ends):
        handles.append(
            Line2D([], [], linestyle="none", marker="s", markersize=8, color="white", markeredgecolor=INK,
                   label="not solved: kept ladder only")
        )  # fmt: skip
    if any(end.changes for end in ends):
        handles.append(
            Line2D([], [], linestyle="none", marker="*", markersize=10, color=GREY, markeredgecolor=INK,
                   label="another first rung is better")
        )  # fmt: skip
    if len(ends) < 2 * len(bars):
        handles.append(Line2D([], [], linestyle="none", label="( ): no valid game there"))
    return handles
