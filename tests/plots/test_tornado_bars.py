"""The bars of a tornado show exact values, the largest on top, and what is known of each end."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from sanctopt import OptionError, load_case
from sanctopt.analysis.rules.rules_of_thumb import baselines
from sanctopt.analysis.sensitivity.factors import spread, together
from sanctopt.analysis.sensitivity.one_at_a_time import Tornado, tornado
from sanctopt.analysis.sensitivity.study import Study
from sanctopt.plots.tornado_bars import HIGH, LOW, plot_tornado

GAME = load_case("teaching")


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def solved() -> Tornado:
    study = Study(spread(GAME, 0.2, "weights.harm", "off_ramp.concession_value", "weights.credibility"))
    return tornado(GAME, study, top=2)


def test_bars_are_exact(solved: Tornado) -> None:
    _, given = plt.subplots()
    ax = plot_tornado(solved, given)
    assert ax is given
    drawn = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    wanted = [
        (place, end.optimum if end.solved else end.kept, colour)
        for place, bar in enumerate(solved.bars)
        for end, colour in zip(bar.ends, (LOW, HIGH), strict=True)
        if not end.problem
    ]
    assert len(drawn) == len(wanted) == 5
    for patch, (place, value, colour) in zip(drawn, wanted, strict=True):
        assert patch.get_y() + patch.get_height() / 2 == pytest.approx(place)
        assert patch.get_x() + patch.get_width() == pytest.approx(value)
        assert colour in (to_hex(patch.get_facecolor()).upper(), to_hex(patch.get_edgecolor()).upper())
    low, high = ax.get_ylim()
    assert low > high  # the first bar stands on top


def test_labels_and_legend(solved: Tornado) -> None:
    ax = plot_tornado(solved)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels[0] == "off_ramp.concession_value  (400) to 600"
    assert set(labels[1:]) == {"weights.harm  0.8 to 1.2", "weights.credibility  16 to 24"}
    legend = ax.get_legend()
    assert legend is not None
    texts = [text.get_text() for text in legend.get_texts()]
    for words in ("optimum as the case stands", "another first rung is better", "( ): no valid game there"):
        assert words in texts
    assert "not solved: kept ladder only" in texts


def test_only_played() -> None:
    study = Study(spread(GAME, 0.2, "weights.*", "effort*"), baselines(GAME)["greedy"])
    played = tornado(GAME, study, top=0)
    ax = plot_tornado(played, shown=2)
    assert len(ax.get_yticklabels()) == 2
    assert "2 of 5 numbers" in ax.get_title(loc="left")
    legend = ax.get_legend()
    assert legend is not None
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts == ["kept ladder, low end", "kept ladder, high end", "kept ladder as the case stands"]
    rows = together(spread(GAME, 0.2, "weights.*"), "weights.*")
    ax = plot_tornado(tornado(GAME, Study(rows, baselines(GAME)["greedy"]), top=0))
    assert ax.get_yticklabels()[0].get_text() == "weights.*  (4 numbers)"


def test_nothing_to_draw(solved: Tornado) -> None:
    with pytest.raises(OptionError, match="shown is 0"):
        plot_tornado(solved, shown=0)
