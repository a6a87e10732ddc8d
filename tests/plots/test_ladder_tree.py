"""The tree shows every rung and response, nothing overlaps, and the words stay in their boxes."""

from collections.abc import Iterator
from itertools import combinations, pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

import example_ladders as examples
from sanctopt.errors import LadderError
from sanctopt.ladder import Information, Ladder
from sanctopt.ladder_view import numbers
from sanctopt.plots import plot_ladder_tree

LADDERS = {
    "korea": examples.korea_off_path,
    "wide": examples.wide,
    "clairvoyant": examples.korea_clairvoyant,
    "open_loop": examples.korea_open_loop,
    "unplayed": lambda: examples.unplayed(examples.korea()),
    "single": examples.single_response,
}


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(params=LADDERS)
def ladder(request: pytest.FixtureRequest) -> Ladder:
    return LADDERS[request.param]()


def words(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def boxes(ax: Axes) -> list[Bbox]:
    return [patch.get_window_extent() for patch in ax.patches]


def test_given_axes_are_returned_and_nothing_else_is_touched() -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(24, 8))
    before = dict(plt.rcParams)
    assert plot_ladder_tree(examples.korea(), left) is left
    assert not right.texts
    assert figure.axes == [left, right]
    assert dict(plt.rcParams) == before


def test_every_rung_has_a_box_with_its_number(ladder: Ladder) -> None:
    ax = plot_ladder_tree(ladder)
    assert len(ax.patches) == len(ladder.rungs)
    heads = [text for text in words(ax) if text.startswith("rung ")]
    assert sorted(heads) == sorted(f"rung {number}" for number in numbers(ladder).values())


def test_ticks_are_the_stage_labels(ladder: Ladder) -> None:
    ax = plot_ladder_tree(ladder)
    assert [label.get_text() for label in ax.get_xticklabels()] == list(ladder.stage_labels)


def test_boxes_do_not_overlap(ladder: Ladder) -> None:
    ax = plot_ladder_tree(ladder)
    ax.figure.draw_without_rendering()
    assert not any(one.overlaps(other) for one, other in combinations(boxes(ax), 2))


def test_words_neither_overlap_nor_leave_their_box(ladder: Ladder) -> None:
    ax = plot_ladder_tree(ladder)
    ax.figure.draw_without_rendering()
    places = [(text.get_text(), text.get_window_extent()) for text in ax.texts]
    low = np.array([extent.min for _, extent in places])
    high = np.array([extent.max for _, extent in places])
    shared = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)  # breadth and height
    clash = (shared[..., 0] > 1) & (shared[..., 1] > 3) & ~np.eye(len(places), dtype=bool)
    assert not clash.any(), [(places[i][0], places[j][0]) for i, j in np.argwhere(clash)[:5]]
    rungs = boxes(ax)
    for said, extent in places:
        for box in rungs:
            if box.overlaps(extent):  # then wholly inside
                assert box.x0 <= extent.x0 + 1, said
                assert extent.x1 <= box.x1 + 1, said
                assert box.y0 <= extent.y0 + 1, said
                assert extent.y1 <= box.y1 + 1, said


def test_words_shrink_with_given_axes() -> None:
    _, ax = plt.subplots(figsize=(11, 7))
    plot_ladder_tree(examples.korea(), ax)
    ax.figure.draw_without_rendering()
    frame = ax.get_window_extent()
    assert all(
        frame.x0 - 1 <= t.get_window_extent().x0 and t.get_window_extent().x1 <= frame.x1 + 1
        for t in ax.texts
    )
    assert all(frame.y0 - 1 <= box.y0 and box.y1 <= frame.y1 + 1 for box in boxes(ax))


def test_opening_box_counts_and_names_the_starts() -> None:
    said = words(plot_ladder_tree(examples.korea()))
    opening = said[: said.index("rung 1.1")]
    for line in ("designate 4:", "bank_of_dandong", "mingzheng_international", "+ 1 more"):
        assert line in opening
    assert "warn: vietcombank_branch" in opening
    assert "threaten, if hostile:" in opening
    assert "facing all 5 types" in opening
    assert "sun_moon_star_trading" not in opening


def test_edges_bear_response_and_probability() -> None:
    said = words(plot_ladder_tree(examples.korea()))
    pairs = list(pairwise(said))
    assert ("acquiesce", "90 %") in pairs
    assert ("protest", "10 %") in pairs
    assert said.count("retaliate") == 7


def test_likelier_edges_are_thicker() -> None:
    ax = plot_ladder_tree(examples.korea())
    widths = [line.get_linewidth() for line in ax.lines if len(line.get_xdata()) == 4]
    first, second = widths[0], max(widths[1:])
    assert first == max(widths) > second > min(widths) > 0


def test_concessions_are_marked_with_their_types() -> None:
    ax = plot_ladder_tree(examples.korea())
    assert words(ax).count("regime concedes") == 2
    assert {"(facade_soft)", "(patient_soft)"} < set(words(ax))
    assert sum(line.get_marker() == "*" for line in ax.lines) == 2


def test_rung_off_the_path_is_grey_and_dashed() -> None:
    ax = plot_ladder_tree(examples.korea_off_path())
    assert words(ax).count("not expected") == 1
    assert [patch.get_linestyle() for patch in ax.patches].count("--") == 1


def test_unplayed_tree_has_no_probabilities() -> None:
    said = words(plot_ladder_tree(examples.unplayed(examples.korea())))
    assert not any("%" in text or "facing" in text or "not expected" in text for text in said)
    assert said.count("protest") == 5


def test_clairvoyant_is_a_tree_per_type() -> None:
    said = words(plot_ladder_tree(examples.korea_clairvoyant()))
    assert said.count("rung 0.1") == 5
    assert {f"if it is {name}" for name in examples.PLANS} < set(said)
    assert not any("%" in text for text in said)


def test_response_without_rung_ends_in_the_open() -> None:
    ladder = examples.korea()
    cut = Ladder("cut", "", ladder.information, ladder.stage_labels, ladder.rungs[:3])
    assert words(plot_ladder_tree(cut)).count("no rung") == 3


def test_twelve_histories_in_eight_stages_stay_legible() -> None:
    ax = plot_ladder_tree(examples.wide())
    assert min(text.get_fontsize() for text in ax.texts) >= 7
    width, height = ax.figure.get_size_inches()
    assert width < 24
    assert height < 24


def test_ladder_without_rungs_is_refused() -> None:
    with pytest.raises(LadderError, match="nothing to draw; give it one for each history"):
        plot_ladder_tree(Ladder("Empty", "", Information.ADAPTIVE, ("2017Q2",), ()))
