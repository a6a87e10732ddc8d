"""What the figures share: matplotlib or a message that says how to get it, new axes, colours, sizes.

The figures import matplotlib's names from here and from nowhere else.
"""

from __future__ import annotations

try:
    import matplotlib.pyplot as plt
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from matplotlib.transforms import ScaledTranslation
except ImportError as error:
    raise ImportError(
        "sanctopt.plots draws with matplotlib, an optional extra that is not installed; "
        "install it with: pip install 'sanctopt[plot]'"
    ) from error

__all__ = ["COLOURS", "GREY", "INK", "MARKERS", "PALE", "Axes", "Line2D", "ScaledTranslation"]
__all__ += ["new_axes", "size_inches"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Told apart by readers with any common colour blindness (Okabe and Ito 2008), without the pale yellow."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
"""One per type, so that the figures survive a black-and-white printer."""

INK = "#222222"
GREY = "#8A8A8A"
PALE = "#EEF3F8"


def new_axes(width: float, height: float) -> Axes:
    """Axes of a new figure, inches; the labels keep inside the figure."""
    _, ax = plt.subplots(figsize=(width, height), layout="constrained")
    return ax


def size_inches(ax: Axes) -> tuple[float, float]:
    """Width and height that axes take in their figure as it stands, inches."""
    box = ax.get_position()
    width, height = ax.get_figure(root=True).get_size_inches()  # type: ignore[union-attr]
    return box.width * float(width), box.height * float(height)
