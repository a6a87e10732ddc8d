"""The panels show exact values, a line per type, up to the concession, and lines that coincide."""

import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb

import example_ladders as examples
import sanctopt.errors
from sanctopt.errors import LadderError
from sanctopt.ladder_view import ways
from sanctopt.plots import Quantity, plot_stage_quantity, plot_stages


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.mark.parametrize("quantity", Quantity)
def test_one_exact_line_per_type(quantity: Quantity) -> None:
    ladder = examples.korea()
    _, given = plt.subplots()
    ax = plot_stage_quantity(ladder, quantity, given)
    assert ax is given
    lines = {line.get_label(): line for line in ax.lines}
    assert set(lines) - {"baseline"} == set(examples.PLANS)
    assert ("baseline" in lines) == (quantity is Quantity.REVENUE)
    for name, way in ways(ladder).items():
        assert list(lines[name].get_xdata()) == [rung.stage for rung, _ in way]
        assert list(lines[name].get_ydata()) == [quantity.of(entry) for _, entry in way]
        assert lines[name].get_transform() == ax.transData  # nothing is shifted


def test_quantity_reads_its_own_field() -> None:
    entry = examples.korea().rungs[0].expected[-1]
    read = [quantity.of(entry) for quantity in Quantity]
    assert read == [entry.revenue, entry.credibility, entry.provocation, entry.harm]


def test_baseline_and_ticks() -> None:
    ladder = examples.korea()
    ax = plot_stage_quantity(ladder, Quantity.REVENUE)
    baseline = next(line for line in ax.lines if line.get_label() == "baseline")
    assert list(baseline.get_ydata()) == [450 + 10.0 * stage for stage in range(8)]
    assert [label.get_text() for label in ax.get_xticklabels()] == list(ladder.stage_labels)
    assert ax.get_ylim()[0] == 0.0
    assert ax.get_ylim()[1] >= 520


def test_a_star_ends_the_line_of_a_type_that_concedes() -> None:
    ax = plot_stage_quantity(examples.korea(), Quantity.REVENUE)
    stars = [c for c in ax.collections if str(c.get_label()).endswith(" concedes")]
    found = {c.get_label(): tuple(c.get_offsets()[0]) for c in stars}
    assert set(found) == {"_facade_soft concedes", "_patient_soft concedes"}
    assert found["_facade_soft concedes"] == (4, 187.5)
    assert found["_patient_soft concedes"][0] == 5


def test_coinciding_lines_get_rims_of_growing_breadth() -> None:
    ladder = examples.korea()
    ax = plot_stage_quantity(ladder, Quantity.HARM)
    colour = {line.get_label(): to_rgb(line.get_color()) for line in ax.lines}
    rims = [c for c in ax.collections if isinstance(c, LineCollection)]
    first = [c for c in rims if c.get_segments()[0][0][0] == 0]  # from stage 0 on: all but `defiant` at 0
    breadth = {tuple(c.get_colors()[0][:3]): c.get_linewidths()[0] for c in first}
    alike = ["facade_hard", "patient_soft", "patient_hard"]
    assert set(breadth) == {colour[name] for name in alike}
    sizes = [breadth[colour[name]] for name in alike]
    assert sizes == sorted(set(sizes))
    assert sizes[0] > ax.lines[0].get_linewidth()


def test_a_cable_of_many_types_stays_slender() -> None:
    ax = plot_stage_quantity(examples.wide(), Quantity.CREDIBILITY)
    assert len(ax.lines) == 12
    assert max(c.get_linewidths()[0] for c in ax.collections) < 13
    styles = {(line.get_color(), line.get_marker(), line.get_linestyle()) for line in ax.lines}
    assert len(styles) == 12


def test_legend_gives_priors() -> None:
    ax = plot_stage_quantity(examples.korea(), Quantity.CREDIBILITY)
    legend = ax.get_legend()
    assert legend is not None
    said = [text.get_text() for text in legend.get_texts()]
    assert said == [
        "facade_soft (30 %)", "facade_hard (20 %)", "patient_soft (25 %)", "patient_hard (15 %)",
        "defiant (10 %)",
        "regime concedes, game ends",
    ]  # fmt: skip


def test_four_panels_take_the_place_of_the_given_axes() -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(18, 7))
    before = dict(plt.rcParams)
    assert plot_stages(examples.korea(), right) is right
    assert not right.axison
    assert left.axison
    assert [panel.get_title(loc="left") for panel in right.child_axes] == [q.value for q in Quantity]
    assert [len(panel.lines) for panel in right.child_axes] == [6, 5, 5, 5]
    assert dict(plt.rcParams) == before
    figure.draw_without_rendering()
    frame = right.get_window_extent()
    extents = [panel.get_tightbbox() for panel in right.child_axes]
    legend = right.get_legend().get_window_extent()
    assert legend.width <= frame.width
    for extent in extents:
        assert frame.x0 - 1 <= extent.x0
        assert extent.x1 <= frame.x1 + 1
        assert not extent.overlaps(legend)
    assert not any(a.overlaps(b) for a, b in pairwise(extents))


def test_new_figure_if_no_axes_are_given() -> None:
    ax = plot_stages(examples.korea_clairvoyant())
    assert len(ax.child_axes) == 4
    ticks = [label.get_text() for label in ax.child_axes[3].get_xticklabels()]
    assert ticks == list(examples.STAGES)


def test_all_zero_quantity_has_a_floor_and_a_roof() -> None:
    ax = plot_stage_quantity(examples.single_response(), Quantity.HARM)
    assert ax.get_ylim() == (0.0, 1.0)


@pytest.mark.parametrize("draw", [plot_stages, lambda ladder: plot_stage_quantity(ladder, Quantity.HARM)])
def test_ladder_never_played_is_refused(draw) -> None:
    with pytest.raises(LadderError, match=r"never played.*plot_ladder_tree"):
        draw(examples.unplayed(examples.korea()))
    assert not plt.get_fignums()


def run(code: str) -> subprocess.CompletedProcess[str]:
    path = str(Path(sanctopt.errors.__file__).parents[1])
    full = f"import sys; sys.path.insert(0, {path!r}); {code}"
    return subprocess.run([sys.executable, "-c", full], capture_output=True, text=True, check=False)


def test_without_matplotlib_the_extra_is_named() -> None:
    # None in sys.modules makes the import fail as if nothing were installed
    done = run("import sanctopt.errors; sys.modules['matplotlib'] = None; import sanctopt.plots")
    assert done.returncode != 0
    assert "install it with: pip install 'sanctopt[plot]'" in done.stderr


def test_the_page_needs_no_matplotlib() -> None:
    done = run("import sanctopt.ladder_text; assert 'matplotlib' not in sys.modules")
    assert done.returncode == 0, done.stderr
