"""What the figures share: matplotlib or a message that says how to get it, new axes, colours, sizes.

The figures import matplotlib's names from here and from nowhere else.
"""

from __future__ import annotations

try:
    import matplotlib.pyplot as plt
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D
except ImportError as error:
    raise ImportError(
        "sanctopt.plots draws with matplotlib, an optional extra that is not installed; "
        "install it with: pip install 'sanctopt[plot]'"
    ) from error

__all__ = ["COLOURS", "GREY", "INK", "MARKERS", "PALE", "Axes", "Line2D", "LineCollection"]
__all__ += ["new_axes", "size_inches"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Told apart by readers with any common colour blindness (Okabe and Ito 2008), without the pale yellow."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
"""One per type, so that the figures survive a black-and-white printer."""

INK = "#222222"
GREY = "#8A8A8A"
PALE = "#EEF3F8"


def new_axes(width: float, height: float, *, whole: bool = False) -> Axes:
    """Axes of a new figure, inches.

    The figure leaves room for the labels when it is drawn; with ``whole``, for a figure that lays itself
    out, the axes take all of it but a strip for the title.
    """
    if whole:
        return plt.figure(figsize=(width, height)).add_axes((0.01, 0.02, 0.97, 1 - 0.02 - 0.4 / height))
    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def size_inches(ax: Axes) -> tuple[float, float]:
    """Width and height that axes take in their figure as it stands, inches."""
    box = ax.get_position()
    width, height = ax.get_figure(root=True).get_size_inches()  # type: ignore[union-attr]
    return box.width * float(width), box.height * float(height)
