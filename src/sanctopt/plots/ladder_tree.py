"""The ladder as a tree of public histories, from left to right by stage.

Everything is laid out in characters and lines of text, so that no box is too small for its words and no
two boxes overlap; the size of the type then follows from the size of the axes, or the other way round.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sanctopt import ladder_view as view
from sanctopt.errors import LadderError
from sanctopt.plots.canvas import GREY, INK, PALE, Axes, new_axes, size_inches

if TYPE_CHECKING:
    from sanctopt.game import Start
    from sanctopt.ladder import Ladder, Rung

BOX = 27
"""Breadth of a box, characters."""

NAMES = 3
"""Most entities named in a box; the others are counted."""

FONT_POINTS = 8.0
"""Size of type in a figure of its own; in given axes it is what fits, at most `LARGEST`."""

LARGEST = 10.0
CHARACTER = 0.54
"""Breadth that a character is given, in sizes of type; the mean of lower-case text is a little less."""

LINE = 1.25
"""Height of a line, in sizes of type."""

GAP = 1.6
"""Least space between two boxes, lines: room for the words on the edge."""

TALL = 30.0
"""A tree of more lines has the stages below as well as above."""

HEAD, CONCEDES = "#0072B2", "#D55E00"


@dataclass
class _Vertex:
    """A box with text, or the end of a branch; ``y`` is its middle, in lines from the top."""

    stage: int
    head: str
    body: list[str]
    expected: bool
    concession: bool = False
    end: bool = False
    branches: list[_Branch] = field(default_factory=list)
    y: float = 0.0

    @property
    def height(self) -> float:
        """Lines of the box, with a margin."""
        return len(self.lines) + (0.2 if self.end else 0.7)

    @property
    def lines(self) -> list[str]:
        """All words, the head first if there is one."""
        return [self.head, *self.body] if self.head else self.body


@dataclass
class _Branch:
    """What leads from one vertex to the next: the patron's response and how likely it is."""

    response: str
    chance: float | None
    to: _Vertex


def plot_ladder_tree(ladder: Ladder, ax: Axes | None = None) -> Axes:
    """Draw a ladder as a tree: a box for each rung, an edge for each response of the patron.

    A box names the main moves and whom the coalition may be facing. An edge bears the response and, if
    the ladder was played, the probability that play takes it (the line is as thick); a star marks a
    concession, which ends the game. Rungs that no type is expected to reach are grey and dashed.

    Parameters
    ----------
    ladder : Ladder
        Played or not. A clairvoyant ladder becomes one tree for each type.
    ax : Axes or None
        Where to draw, with type as large as fits; None: a new figure as large as the tree needs (for 8
        stages and 12 histories, a poster of about 17 by 13 inches).

    Returns
    -------
    Axes
        ``ax``, or the new axes; the ticks of its horizontal axis are the stages.

    Raises
    ------
    LadderError
        If the ladder has no rung.

    Examples
    --------
    >>> from sanctopt.game import Start
    >>> from sanctopt.ladder import Information, Ladder, Rung
    >>> rungs = (Rung((), starts=(Start("bank_dandong", "designate"),)), Rung(("protest",), offer=True))
    >>> ax = plot_ladder_tree(Ladder("Toy", "", Information.ADAPTIVE, ("2017Q2", "2017Q3"), rungs))
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['2017Q2', '2017Q3']
    """
    if not ladder.rungs:
        raise LadderError("the ladder has no rung, so there is nothing to draw; give it one for each history")
    roots = _Forest(ladder).roots()
    below = 0.0
    for root in roots:
        below = _place(root, below) + GAP
    gap = max((len(word) for root in roots for word in _responses(root)), default=6) + 5.0
    pitch = BOX + gap
    vertices = [vertex for root in roots for vertex in _descendants(root)]
    furthest = max(v.stage * pitch + (5 if v.end else BOX) for v in vertices)
    breadth = max(furthest, (len(ladder.stage_labels) - 1) * pitch + BOX) + 1.0

    if ax is None:
        inch = FONT_POINTS / 72
        ax = new_axes(breadth * CHARACTER * inch + 0.6, below * LINE * inch + 1.3)
        font, across, down = FONT_POINTS, breadth, below
    else:
        width, height = size_inches(ax)
        font = min(72 * width / (breadth * CHARACTER), 72 * height / ((below + GAP / 2) * LINE), LARGEST)
        across, down = 72 * width / (font * CHARACTER), 72 * height / (font * LINE)
    for vertex in vertices:
        _draw(ax, vertex, pitch, font)
    _frame(ax, ladder, pitch=pitch, font=font)
    ax.set_xlim(-1.0, max(breadth, across))
    spare = max(down - below - GAP / 2, 0.0)  # a tree in high axes is not pulled apart but hangs at their top
    ax.set_ylim(below + spare, -GAP / 2)
    if below > TALL and spare < GAP:
        foot = ax.secondary_xaxis("bottom")
        foot.set_xticks(ax.get_xticks(), ladder.stage_labels)
        foot.tick_params(labelsize=font * 1.25, length=0, colors=INK)
        foot.spines[:].set_visible(False)
    return ax


class _Forest:
    """The vertices of a ladder, from its rungs."""

    def __init__(self, ladder: Ladder) -> None:
        self.ladder = ladder
        self.rungs = {view.key(rung): rung for rung in view.ordered(ladder)}
        self.numbers = view.numbers(ladder)
        self.prior = view.priors(ladder)
        self.types = list(view.ways(ladder))
        self.seen: set[tuple[str, tuple[str, ...]]] = set()

    def roots(self) -> list[_Vertex]:
        """The opening rungs, then any rung whose past is not in the ladder."""
        return [self._vertex(rung) for at, rung in self.rungs.items() if at not in self.seen]

    def _vertex(self, rung: Rung) -> _Vertex:
        self.seen.add(view.key(rung))
        vertex = _Vertex(
            stage=rung.stage,
            head=f"rung {self.numbers[view.key(rung)]}",
            body=self._body(rung),
            expected=bool(rung.expected) or not self.types,
        )
        vertex.branches = list(self._branches(rung))
        return vertex

    def _body(self, rung: Rung) -> list[str]:
        lines = []
        if rung.known_type and rung.stage == 0:
            lines.append(f"if it is {rung.known_type}")
        lines += _moves(rung)
        if rung.expected and not rung.known_type:
            names = [entry.type for entry in rung.expected]
            if len(names) > 2:
                share = "all" if len(names) == len(self.types) else f"{len(names)} of"
                lines.append(f"facing {share} {len(self.types)} types")
            elif len(self.types) > 1:
                lines.append(f"facing {' or '.join(names)}")
        if self.types and not rung.expected:
            lines.append("not expected")
        return [part for line in lines for part in _indented(line)]

    def _branches(self, rung: Rung) -> Iterable[_Branch]:
        known, stage = rung.known_type, rung.stage + 1
        after = {h[-1]: r for (t, h), r in self.rungs.items() if t == known and h[:-1] == rung.history and h}
        taken = {entry.response for entry in rung.expected}
        for response in sorted({*taken, *after}):
            ways: dict[bool, list[str]] = {}
            for entry in rung.expected:
                if entry.response == response:
                    ways.setdefault(entry.concedes, []).append(entry.type)
            if True in ways:
                names = [] if known else [f"({', '.join(ways[True])})"]
                body = [part for name in names for part in view.wrapped(name, BOX - 4)]
                end = _Vertex(stage, "regime concedes", body, expected=True, concession=True, end=True)
                yield _Branch(response, self._chance(known, ways[True]), end)
            if response in after:
                chance = self._chance(known, ways.get(False, []))
                yield _Branch(response, chance, self._vertex(after[response]))
            elif False in ways:
                last = stage == len(self.ladder.stage_labels)
                end = _Vertex(stage, "" if last else "no rung", [], expected=True, end=True)
                yield _Branch(response, self._chance(known, ways[False]), end)

    def _chance(self, known: str, names: list[str]) -> float | None:
        """Probability that play takes a branch; None if the priors are unknown or settled by the tree."""
        if known or not self.prior:
            return None
        return sum(self.prior.get(name, 0.0) for name in names)


def _moves(rung: Rung) -> list[str]:
    """The moves of a rung in few words; a line that begins with a space continues the one above."""
    lines = _short(rung.starts, NAMES)
    if rung.engagements:
        lines += _listed("engage", rung.engagements, 2)
    if rung.mitigations:
        lines += _listed("mitigate", rung.mitigations, 2)
    if rung.offer:
        lines.append("offer the off-ramp")
    if rung.threat:
        lines += ["threaten, if hostile:", *(f" {line}" for line in _short(rung.threat, 1))]
    return lines or ["nothing new"]


def _short(starts: Iterable[Start], names: int) -> list[str]:
    """Starts by instrument; so many entities are named in all, but at least one for each instrument."""
    lines = []
    for instrument, hit in view.by_instrument(starts).items():
        lines += _listed(instrument, hit, max(names, 1))
        names -= len(hit)
    return lines


def _listed(what: str, names: Sequence[str], most: int) -> list[str]:
    """What is done to whom: in one line if it fits, else the count and a line for each name."""
    one = f"{what}: {', '.join(names)}"
    if len(names) <= most and len(one) <= BOX - 3:
        return [one]
    count = f" {len(names)}" if len(names) > 1 else ""
    more = [f" + {len(names) - most} more"] if len(names) > most else []
    return [f"{what}{count}:", *(f" {name}" for name in names[:most]), *more]


def _indented(line: str) -> list[str]:
    """A line wrapped to the box; what continues another line, or itself, stands further in."""
    depth = len(line) - len(line.lstrip())
    first, *rest = view.wrapped(line.strip(), BOX - 3 - depth)
    return [" " * 2 * depth + first, *(" " * 2 * (depth + 1) + part for part in rest)]


def _responses(vertex: _Vertex) -> Iterable[str]:
    return (branch.response for one in _descendants(vertex) for branch in one.branches)


def _descendants(vertex: _Vertex) -> Iterable[_Vertex]:
    yield vertex
    for branch in vertex.branches:
        yield from _descendants(branch.to)


def _place(vertex: _Vertex, top: float) -> float:
    """Give a vertex and all after it their place below ``top``; return where they end.

    Each vertex and what comes after it has a horizontal band of its own, so boxes never overlap.
    """
    bottom = top
    for number, branch in enumerate(vertex.branches):
        bottom = _place(branch.to, bottom + (GAP if number else 0.0))
    half = max(vertex.height, 2.0) / 2
    if not vertex.branches:
        vertex.y = top + half
        return top + 2 * half
    vertex.y = (vertex.branches[0].to.y + vertex.branches[-1].to.y) / 2
    too_high = max(top + half - vertex.y, 0.0)
    _shift(vertex, too_high)
    return max(bottom + too_high, vertex.y + half)


def _shift(vertex: _Vertex, down: float) -> None:
    for one in _descendants(vertex):
        one.y += down


# --- drawing ---------------------------------------------------------------------------------


def _draw(ax: Axes, vertex: _Vertex, pitch: float, font: float) -> None:
    """A vertex, and the edges that leave it."""
    left = vertex.stage * pitch
    if vertex.concession:
        ax.plot([left + 0.8], [vertex.y], marker="*", markersize=1.5 * font, color=CONCEDES, zorder=4)
        _write(ax, vertex, left + 2.4, CONCEDES, font)
    elif vertex.end:
        ax.plot([left - 0.4], [vertex.y], marker="|", markersize=font, color=INK, zorder=4)
        _write(ax, vertex, left + 0.6, GREY, font)
    else:
        top, bottom = vertex.y - vertex.height / 2, vertex.y + vertex.height / 2
        ax.fill(
            [left, left + BOX, left + BOX, left], [top, top, bottom, bottom],
            facecolor=PALE if vertex.expected else "white", edgecolor=INK if vertex.expected else GREY,
            linestyle="-" if vertex.expected else "--", linewidth=font / 10, zorder=3,
        )  # fmt: skip
        _write(ax, vertex, left + 0.7, INK if vertex.expected else GREY, font)
    for branch in vertex.branches:
        _draw_branch(ax, vertex, branch, pitch, font)


def _write(ax: Axes, vertex: _Vertex, left: float, colour: str, font: float) -> None:
    """The words of a vertex, line by line, since the distance of matplotlib's lines varies."""
    baseline = vertex.y - len(vertex.lines) / 2 + 0.75
    for number, line in enumerate(vertex.lines):
        head = number == 0 and not vertex.end
        words = line.lstrip()
        ax.text(
            left + 0.8 * (len(line) - len(words)), baseline + number, words, va="baseline", fontsize=font,
            color=HEAD if head and vertex.expected else colour, fontweight="bold" if head else "normal",
            zorder=4,
        )  # fmt: skip


def _draw_branch(ax: Axes, vertex: _Vertex, branch: _Branch, pitch: float, font: float) -> None:
    """An edge: out of the box, up or down the trunk, into the next; its words stand on the last part."""
    start, end = vertex.stage * pitch + BOX, branch.to.stage * pitch - (0.4 if branch.to.end else 0.0)
    trunk = start + 1.6
    likely = branch.chance if branch.chance is not None else 0.25
    ax.plot(
        [start, trunk, trunk, end], [vertex.y, vertex.y, branch.to.y, branch.to.y],
        color=INK if branch.to.expected else GREY, linestyle="-" if branch.to.expected else "--",
        linewidth=(0.6 + 3.4 * likely) * font / 8, solid_joinstyle="round", zorder=2,
    )  # fmt: skip
    middle = (trunk + end) / 2
    rise = 0.2 + 0.12 * likely
    ax.text(middle, branch.to.y - rise, branch.response, ha="center", va="bottom", fontsize=font, color=INK)
    if branch.chance:
        share = view.percentages([branch.chance])[0]
        ax.text(middle, branch.to.y + rise, share, ha="center", va="top", fontsize=font, color=INK)


def _frame(ax: Axes, ladder: Ladder, *, pitch: float, font: float) -> None:
    """Stages as ticks above, nothing else."""
    ticks = [stage * pitch + BOX / 2 for stage in range(len(ladder.stage_labels))]
    ax.set_xticks(ticks, ladder.stage_labels)
    ax.tick_params(axis="x", labelsize=font * 1.25, labeltop=True, labelbottom=False, length=0, colors=INK)
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    ax.set_title(f"Escalation ladder: {ladder.game_name}", loc="left", fontsize=font * 1.6, color=INK)
