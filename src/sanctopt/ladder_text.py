"""The page of a ladder: plain text that a policy analyst reads without a manual.

It holds what the ladder holds, nothing computed anew: what the coalition does at each public history,
whom it may be facing there, and what each type is expected to do. ``str(ladder)`` is this page.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from sanctopt import ladder_view as view

if TYPE_CHECKING:
    from sanctopt.game import Start
    from sanctopt.ladder import Expected, History, Ladder, Rung

WIDTH = 100
"""Most characters of a line."""

NARROWEST = 9
"""A column of text is not squeezed below so many characters."""

INFORMATION = {
    "adaptive": "adaptive - a rung depends on what the patron has done so far; its type stays hidden",
    "open_loop": "open loop - one sequence of moves for all, whatever the patron does",
    "clairvoyant": "clairvoyant - the type is known from the start: a yardstick, not a plan",
}

LEGEND_OF_MOVES = (
    (
        "rung 3.2",
        "the moves at the second of the public histories of stage 3; stages count from 0. 'From rung 2.1' "
        "names the rung before it; the probability is that of getting there, before the game.",
    ),
    (
        "x2",
        "twice in a row: 'after acquiesce x2, then protest' is a patron that acquiesced in two stages and "
        "protested in the third. The coalition sees these responses, not the type.",
    ),
    (
        "threatens",
        "binding: if the patron's response is one that the case calls hostile, these starts follow.",
    ),
)

LEGEND_OF_PLAY = (
    (
        "belief",
        "probability of a type, given what the patron has done so far and that the game goes on; rounded "
        "so that the beliefs add up to 100 %.",
    ),
    (
        "margin",
        "how much more the patron likes its response than the next best, in units of its utility (not "
        "money). A small margin is a warning: misread the patron by that much and it answers otherwise. "
        "'tie': it likes both alike. A line for several types gives the smallest margin and whose it is.",
    ),
    ("exits", "facilitators (banks, traders, shippers) that leave by themselves, without being designated."),
    (
        "revenue",
        "what reaches the regime in this stage, of what would reach it with no measure at all (the "
        "baseline); 'denied' is the share that does not. Millions of US dollars (US$m).",
    ),
    ("harm", "weighted harm that the response does to allies and domestic firms in this stage, US$m."),
    ("cost", "starts, engagements, mitigations and offer of this stage, US$m."),
    (
        "credibility",
        "stock built by what the coalition starts; it makes exposed facilitators exit. No unit.",
    ),
    ("provocation", "how provoked the patron is by the moves so far; part of it fades each stage. No unit."),
    ("concedes", "the regime takes the off-ramp; the game ends for that type."),
)


def page(ladder: Ladder) -> str:
    r"""Write a ladder as a page of plain text, at most 100 characters wide.

    Parameters
    ----------
    ladder : Ladder
        Played or not; without ``expected`` the page holds the moves only.

    Returns
    -------
    str
        Heading, a line for each type, the rungs stage by stage, and a legend; no trailing newline.

    Examples
    --------
    >>> from sanctopt.game import Start
    >>> from sanctopt.ladder import Information, Ladder, Rung
    >>> rung = Rung((), starts=(Start("bank_dandong", "designate"),), offer=True)
    >>> text = page(Ladder("Toy", "", Information.ADAPTIVE, ("2017Q2",), (rung,)))
    >>> print(text[text.index("2017Q2 ("):text.index("How to read")].rstrip("\n="))
    2017Q2 (stage 0)
    ----------------------------------------------------------------------------------------------------
    Rung 0.1: opening
      - designate: bank_dandong
      - offers the off-ramp
    """
    return "\n".join(line.rstrip() for line in _Page(ladder).lines())


@dataclass(frozen=True)
class _Column:
    """A column of a table: heading, cells to the right or left, and whether its text may be wrapped."""

    title: str
    right: bool = False
    wraps: bool = False


class _Page:
    """The lines of one ladder, with what all of them look up."""

    def __init__(self, ladder: Ladder) -> None:
        self.ladder = ladder
        self.kind = ladder.information.value
        self.labels = ladder.stage_labels
        self.numbers = view.numbers(ladder)
        self.reach = view.reach(ladder)
        self.ways = view.ways(ladder)

    def lines(self) -> Iterable[str]:
        yield from self._heading()
        if self.ways:
            yield from self._in_short()
        rungs = view.ordered(self.ladder)
        for known, of_type in groupby(rungs, key=lambda r: r.known_type):
            if known:
                yield from ("", "", "=" * WIDTH, *_wrap(f"If the coalition knows: {known}"), "=" * WIDTH)
            for stage, of_stage in groupby(of_type, key=lambda r: r.stage):
                yield from ("", *_wrap(self._when(stage)), "-" * WIDTH)
                yield from self._stage(list(of_stage))
        yield from self._legend()

    # --- heading ---------------------------------------------------------------------------

    def _heading(self) -> Iterable[str]:
        ladder = self.ladder
        yield "=" * WIDTH
        yield from _wrap(f"Escalation ladder: {ladder.game_name}")
        yield "=" * WIDTH
        yield from _fact("Information", INFORMATION[self.kind])
        if self.labels:
            span = self.labels[0] if len(self.labels) == 1 else f"{self.labels[0]} to {self.labels[-1]}"
            yield from _fact("Stages", f"{len(self.labels)} ({span})")
        yield from _fact("Rungs", str(len(ladder.rungs)))
        prior = view.priors(ladder)
        if prior:
            shown = view.percentages(list(prior.values()))
            listed = (f"{name} {share}" for name, share in zip(prior, shown, strict=True))
            yield from _fact("Types", ", ".join(listed) + "  (prior probabilities)")
        elif self.ways:
            yield from _fact("Types", ", ".join(self.ways))
        if not self.ways:
            yield from _fact("Played", "no - the page shows the moves only, not what they lead to")

    def _in_short(self) -> Iterable[str]:
        """What comes of each type, over all its stages."""
        rows = []
        for name, way in self.ways.items():
            entries = [entry for _, entry in way]
            revenue = sum(entry.revenue for entry in entries)
            baseline = sum(entry.baseline_revenue for entry in entries)
            if entries[-1].concedes:
                end = f"regime concedes in {self.labels[way[-1][0].stage]}"
            elif way[-1][0].stage == len(self.labels) - 1:
                end = "no concession"
            else:
                end = f"no rung after {self.labels[way[-1][0].stage]}"
            rows.append(
                (
                    name,
                    ", ".join(view.runs(entry.response for entry in entries)),
                    end,
                    view.money(baseline - revenue),
                    view.share_denied(revenue, baseline),
                    view.money(sum(entry.harm for entry in entries)),
                    view.money(sum(entry.cost for entry in entries)),
                )
            )
        columns = (
            _Column("type", wraps=True),
            _Column("what the patron does", wraps=True),
            _Column("how it ends", wraps=True),
            _Column("US$m denied", right=True),
            _Column("share", right=True),
            _Column("harm", right=True),
            _Column("cost", right=True),
        )
        yield ""
        yield "In short: sums over the stages that are played, US$m, not discounted"
        yield "-" * WIDTH
        yield from _table(columns, rows)

    # --- a stage ---------------------------------------------------------------------------

    def _when(self, stage: int) -> str:
        label = self.labels[stage]
        return label if label == f"stage {stage}" else f"{label} (stage {stage})"

    def _stage(self, rungs: list[Rung]) -> Iterable[str]:
        if self.kind == "open_loop":
            yield "Whatever the patron has done"
            yield from self._moves(rungs[0])
            rungs = [rung for rung in rungs if rung.expected]
        histories = [rung.history for rung in rungs]
        for place, rung in enumerate(rungs):
            if place or self.kind == "open_loop":
                yield ""
            title = f"Rung {self.numbers[view.key(rung)]}: {self._after(rung, histories)}"
            yield from _wrap(title, hang="  ")
            if self.kind != "open_loop":
                yield from self._moves(rung)
            if rung.expected:
                yield from self._expected(rung)
            elif self.ways:
                yield "  No type is expected to get here."

    def _after(self, rung: Rung, histories: list[History]) -> str:
        """Words for a public history, enough to tell it from the others of its stage."""
        if not rung.history:
            return "opening"
        said = f"after {_told_apart(rung.history, histories)}"
        parent = self.numbers.get((rung.known_type, rung.history[:-1]))
        if parent is not None and rung.stage > 1:
            said += f" (from rung {parent})"
        chance = self.reach.get(view.key(rung))
        if chance and self.kind != "clairvoyant":
            said += f"; probability {view.percentages([chance])[0]}"
        return said

    def _moves(self, rung: Rung) -> Iterable[str]:
        moves = [f"{name}: {', '.join(hit)}" for name, hit in view.by_instrument(rung.starts).items()]
        if rung.engagements:
            moves.append(f"engagement: {', '.join(rung.engagements)}")
        if rung.mitigations:
            moves.append(f"mitigation: {', '.join(rung.mitigations)}")
        if rung.offer:
            moves.append("offers the off-ramp")
        if rung.threat:
            after = rung.stage + 1
            when = f", in {self.labels[after]}" if after < len(self.labels) else ""
            moves.append(f"threatens, if the answer is hostile{when}: {_starts(rung.threat)}")
        for move in moves or ["nothing new"]:
            yield from _wrap(move, first="  - ", hang="    ")

    # --- what is expected ------------------------------------------------------------------

    def _expected(self, rung: Rung) -> Iterable[str]:
        entries = rung.expected
        units, digits = view.apportioned([entry.belief for entry in entries])
        unit = {entry.type: number for entry, number in zip(entries, units, strict=True)}
        yield ""
        if not rung.known_type:
            facing = ", ".join(f"{e.type} {view.percent_text(unit[e.type], digits)}" for e in entries)
            verb = "may" if len(entries) > 1 else "can only"
            yield from _wrap(f"It {verb} be facing: {facing}", first="  ", hang="    ")
        yield from _wrap(self._stocks(entries), first="  ", hang="    ")
        leave = _shared(entries, lambda e: ", ".join(e.exits) or "nobody")
        yield from _wrap(f"Exits on its own: {leave}", first="  ", hang="    ")
        yield ""

        alike: dict[tuple[str, ...], list[Expected]] = {}
        for entry in entries:
            revenue = f"{view.money(entry.revenue)} of {view.money(entry.baseline_revenue)}"
            denied = view.share_denied(entry.revenue, entry.baseline_revenue)
            tail = (revenue, denied, view.money(entry.harm), self._then(rung, entry))
            alike.setdefault((entry.response, *tail), []).append(entry)
        rows = [
            (
                ", ".join(entry.type for entry in group),
                view.percent_text(sum(unit[entry.type] for entry in group), digits),
                response,
                view.margin(group),
                *tail,
            )
            for (response, *tail), group in alike.items()
        ]
        columns = [
            _Column("type", wraps=True),
            _Column("belief", right=True),
            _Column("response", wraps=True),
            _Column("margin", wraps=True),
            _Column("revenue", right=True),
            _Column("denied", right=True),
            _Column("harm", right=True),
            _Column("then", wraps=True),
        ]
        if rung.known_type:  # a belief of 100 % in every line says nothing
            del columns[1]
            rows = [(row[0], *row[2:]) for row in rows]
        yield from _table(columns, rows)

    def _stocks(self, entries: Sequence[Expected]) -> str:
        """The stocks after the moves and their cost; they are the same for all types, or told by type."""
        facts = (
            ("credibility", _shared(entries, lambda e: f"{e.credibility:.2f}")),
            ("provocation", _shared(entries, lambda e: f"{e.provocation:.2f}")),
            ("engagement", _shared(entries, lambda e: f"{e.engagement:.2f}")),
            ("cost", _shared(entries, lambda e: f"US$m {view.money(e.cost)}")),
        )
        return "After these moves: " + ", ".join(f"{name} {text}" for name, text in facts)

    def _then(self, rung: Rung, entry: Expected) -> str:
        if entry.concedes:
            return "concedes: game ends"
        if rung.stage == len(self.labels) - 1:
            return "last stage"
        after = self.numbers.get((rung.known_type, (*rung.history, entry.response)))
        if after is None:
            goes_on = any(other.stage == rung.stage + 1 for other in self.ladder.rungs)
            if self.kind == "open_loop" and goes_on:
                return f"moves of {self.labels[rung.stage + 1]}"
            return "no rung"
        return f"rung {after}"

    def _legend(self) -> Iterable[str]:
        yield from ("", "=" * WIDTH, "How to read this page", "=" * WIDTH)
        for word, meaning in LEGEND_OF_MOVES + (LEGEND_OF_PLAY if self.ways else ()):
            yield from _fact(word, meaning)


# --- words -----------------------------------------------------------------------------------


def _told_apart(history: History, others: Sequence[History]) -> str:
    """The last responses of a history, as many as no other history of the stage ends with.

    At least two runs of equal responses are told where there are so many, and a single one never hides
    more than it tells: "..., acquiesce x2, then protest".
    """
    parts = view.runs(history)
    endings = [view.runs(other) for other in others if other != history]
    count = min(len(parts), 2)
    while count < len(parts) and any(other[-count:] == parts[-count:] for other in endings):
        count += 1
    if len(parts) - count == 1:  # "..." would be no shorter
        count += 1
    told = parts[-count:]
    words = told[0] if len(told) == 1 else ", ".join(told[:-1]) + f", then {told[-1]}"
    return words if count == len(parts) else f"..., {words}"


def _starts(starts: Iterable[Start]) -> str:
    """Starts in one line, grouped by instrument."""
    return "; ".join(f"{name} {', '.join(hit)}" for name, hit in view.by_instrument(starts).items())


def _shared(entries: Sequence[Expected], text: Callable[[Expected], str]) -> str:
    """What an entry says, once if all say the same, else with the type of each."""
    said = {entry.type: text(entry) for entry in entries}
    if len(set(said.values())) == 1:
        return text(entries[0])
    return "; ".join(f"{words} ({name})" for name, words in said.items())


# --- lines -----------------------------------------------------------------------------------


def _wrap(text: str, *, first: str = "", hang: str = "") -> list[str]:
    """Lines of at most WIDTH characters; the first is indented by ``first``, the others by ``hang``."""
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=hang, break_on_hyphens=False
    ) or [""]


def _fact(word: str, meaning: str) -> list[str]:
    return _wrap(meaning, first=f"{word:<14}", hang=" " * 14)


def _table(columns: Sequence[_Column], rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """An aligned table, indented by two; its widest columns of text are wrapped until it fits."""
    widths = [
        max(len(column.title), *(len(row[place]) for row in rows)) for place, column in enumerate(columns)
    ]
    gap = 2
    room = WIDTH - 2 - gap * (len(columns) - 1)
    wrapping = [place for place, column in enumerate(columns) if column.wraps]
    while sum(widths) > room:
        widest = max(wrapping, key=lambda place: widths[place])
        if widths[widest] <= NARROWEST:
            break
        widths[widest] -= 1
    for row in ([column.title for column in columns], ["-" * width for width in widths], *rows):
        cells = [view.wrapped(text, width) for text, width in zip(row, widths, strict=True)]
        for depth in range(max(map(len, cells))):
            parts = []
            for column, cell, width in zip(columns, cells, widths, strict=True):
                text = cell[depth] if depth < len(cell) else ""
                parts.append(text.rjust(width) if column.right else text.ljust(width))
            yield "  " + (" " * gap).join(parts).rstrip()
