"""Pictures: one figure per file, each a function that takes ``ax`` and returns it.

They need matplotlib, an optional extra: ``pip install 'sanctopt[plot]'``. Nothing is shown, saved or
changed for other figures; without ``ax`` a figure of suitable size is made, at ``returned.figure``.
"""

from __future__ import annotations

from sanctopt.plots.ladder_tree import plot_ladder_tree
from sanctopt.plots.stage_paths import Quantity, plot_stage_quantity, plot_stages
from sanctopt.plots.tornado_bars import plot_tornado
from sanctopt.plots.trade_off import plot_frontier

__all__ = [
    "Quantity",
    "plot_frontier",
    "plot_ladder_tree",
    "plot_stage_quantity",
    "plot_stages",
    "plot_tornado",
]
