"""Plain text of a comparison: its tables and the legend, for an analyst who has not seen the library."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence

WIDTH = 100
"""Most characters of a line, but for a name that is longer by itself."""

LEGEND = (
    ("value", "expected payoff over the types of patron and regime, discounted and weighted as in the case."),
    (
        "ties against",
        "the same if the patron, where it likes several responses alike, takes the one worst for the "
        "coalition. Everything else on this page is for ties in the coalition's favour.",
    ),
    (
        "of optimum",
        "value as a share of the optimum's; '-' if no optimum is given or it is not above zero.",
    ),
    (
        "of gain",
        "what the ladder adds to doing nothing, as a share of what the optimum adds. Below zero: worse than "
        "doing nothing.",
    ),
    ("denied", "revenue that does not reach the regime; expected sum over the stages played."),
    ("harm", "to allies and domestic firms, weighted by party; expected sum over the stages played."),
    ("cost", "of starts, engagements, mitigations and offers; expected sum over the stages played."),
    ("hostile", "probability that the patron takes a hostile response at least once."),
    ("concedes", "probability that the regime takes the off-ramp. Rules of thumb never offer it."),
    ("credibility left", "expected stock in the last stage played. No unit."),
)


def heading(text: str) -> Iterable[str]:
    """The heading of a page."""
    yield from ("=" * WIDTH, text, "=" * WIDTH)


def section(text: str) -> Iterable[str]:
    """The heading of a table, after a blank line."""
    yield from ("", text, "-" * WIDTH)


def legend() -> Iterable[str]:
    """What the words of the tables mean."""
    yield from section("How to read this page")
    for word, meaning in LEGEND:
        yield from textwrap.wrap(f"{word}: {meaning}", WIDTH, subsequent_indent="    ")


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterable[str]:
    r"""A table, first column to the left, others to the right; it goes on below if it is too wide.

    Parameters
    ----------
    titles : sequence of str
        A title for each column; a line break in it begins a new line.
    rows : sequence of sequence of str
        Cells.

    Examples
    --------
    >>> print("\n".join(table(("ladder", "ties\nagainst"), [("greedy", "1.0"), ("do nothing", "-12.5")])))
                   ties
    ladder      against
    greedy          1.0
    do nothing    -12.5
    """
    heads = [title.split("\n") for title in titles]
    height = max(map(len, heads))
    lines = [[""] * (height - len(head)) + head for head in heads]  # titles stand at the bottom of the head
    columns = [[*line, *(row[place] for row in rows)] for place, line in enumerate(lines)]
    widths = [max(map(len, column)) for column in columns]
    for number, places in enumerate(_portions(widths)):
        if number > 0:
            yield ""
        for level in range(height + len(rows)):
            first = columns[0][level].ljust(widths[0])
            others = (columns[place][level].rjust(widths[place]) for place in places)
            yield "  ".join([first, *others]).rstrip()


def money(value: float) -> str:
    """Millions of US dollars.

    >>> money(1234.56), money(-0.01)
    ('1,234.6', '0.0')
    """
    text = f"{value:,.1f}"
    return "0.0" if text == "-0.0" else text


def percent(share: float) -> str:
    """A share for people; "-" if it is unknown (nan).

    >>> percent(0.613), percent(-0.0001), percent(float("nan"))
    ('61.3 %', '0.0 %', '-')
    """
    return "-" if math.isnan(share) else f"{money(100 * share)} %"


def _portions(widths: Sequence[int]) -> list[list[int]]:
    """Columns after the first, in groups that fit on a line together with it."""
    portions: list[list[int]] = []
    used = 0
    for place in range(1, len(widths)):
        needed = widths[place] + 2
        if not portions or used + needed > WIDTH:
            portions.append([])
            used = widths[0]
        portions[-1].append(place)
        used += needed
    return portions
