"""The picture of a frontier: every point is there, hollow where it is not proven, bounds as lines."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import matplotlib.pyplot as plt
import pytest

from sanctopt import LadderError, load_case
from sanctopt.aims import Objective
from sanctopt.analysis import Frontier, frontier
from sanctopt.plots import plot_frontier


@pytest.fixture(scope="module")
def found() -> Frontier:
    return frontier(load_case("teaching"), Objective.DENIED, Objective.HOSTILITY)


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    plt.close("all")


def test_every_point_has_its_mark_and_its_first_move(found: Frontier) -> None:
    figure, ax = plt.subplots()
    assert plot_frontier(found, ax) is ax
    assert figure.axes == [ax]
    marks = [line for line in ax.lines if not str(line.get_label()).startswith("_")]
    shown = sorted((line.get_xdata()[0], line.get_ydata()[0]) for line in marks)  # type: ignore[index]
    assert shown == sorted((point.x, point.y) for point in found.points)
    assert len({line.get_color() for line in marks}) == len(found.first_moves)
    assert ax.get_ylabel() == "probability of a hostile response"
    legend = ax.get_legend()
    assert legend is not None
    assert legend.get_texts()[0].get_text() == str(found.first_moves[0])


def test_what_is_not_proven_is_hollow_and_has_lines_to_finite_bounds(found: Frontier) -> None:
    point = replace(found.points[0], exact=False, x_bound=300.0, y_bound=math.inf)
    ax = plot_frontier(replace(found, points=(point, *found.points[1:]), complete=False))
    bounds = [line for line in ax.lines if line.get_label() == "_bound"]
    assert [list(line.get_xdata()) for line in bounds] == [[point.x, 300.0]]  # type: ignore[arg-type]
    faces = [line.get_markerfacecolor() for line in ax.lines if not str(line.get_label()).startswith("_")]
    assert faces.count("white") == 1


def test_no_point_no_picture(found: Frontier) -> None:
    with pytest.raises(LadderError, match="stopped before the first ladder was found"):
        plot_frontier(replace(found, points=()))
