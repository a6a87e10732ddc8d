"""The page of a screening, for an analyst who has not seen the library."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from sanctopt.analysis import plain_text as text
from sanctopt.analysis.sensitivity.pages import count, legend, paragraph

SHOWN = 20
"""Most factors in the text; the frame has all."""

Rows = Sequence[tuple[str, Mapping[str, float]]]


def page(
    head: Mapping[str, str | int], notes: Mapping[str, int], outputs: Sequence[float], rows: Rows
) -> Iterable[str]:
    """The lines of the page."""
    morris = "mu_star" in rows[0][1]
    method = "Morris screening" if morris else "Sobol indices"
    yield from text.heading(f"Which numbers matter: {head['game']} ({method})")
    yield from paragraph(
        f"Output: {head['output']}, in millions of US dollars, at {int(head['points']):,} points of "
        f"{count(len(rows), 'factor')}, each {head['shape']} (seed {head['seed']}). It runs from "
        f"{text.money(min(outputs))} to {text.money(max(outputs))}, on average "
        f"{text.money(math.fsum(outputs) / len(outputs))}."
    )
    yield from _notes(notes)
    yield from text.section(
        "Most important first" + (f" ({SHOWN} of {len(rows)})" if len(rows) > SHOWN else "")
    )
    yield from _morris(rows[:SHOWN]) if morris else _sobol(rows[:SHOWN])
    if not morris:
        yield ""
        yield from paragraph(_sum(rows))
    yield from legend(_MORRIS if morris else _SOBOL)


def _notes(notes: Mapping[str, int]) -> Iterable[str]:
    if notes["lifted"]:
        yield from paragraph(
            f"At {count(notes['lifted'], 'point')} a concession would have been worth less than is valid; "
            "its value was raised to the least that is."
        )
    if notes["repaired"]:
        yield from paragraph(
            f"At {count(notes['repaired'], 'point')} the kept ladder is not allowed as it stands and was "
            "repaired: what does not fit waits for the next stage."
        )
    if notes["not_optimal"]:
        yield from paragraph(
            f"At {count(notes['not_optimal'], 'point')} the optimum is not proven; the best ladder found in "
            "the time given stands for it, so the indices are those of what was found."
        )


def _morris(rows: Rows) -> Iterable[str]:
    cells = [
        (
            name,
            text.money(found["mu_star"]),
            f"± {text.money(found['mu_star_conf'])}",
            text.money(found["mu"]),
            text.money(found["sigma"]),
        )
        for name, found in rows
    ]
    return text.table(("factor", "mu*", "95 %", "mu", "sigma"), cells)


def _sobol(rows: Rows) -> Iterable[str]:
    cells = [
        (
            name,
            text.percent(found["total"]),
            f"± {text.percent(found['total_conf'])}",
            text.percent(found["first"]),
            f"± {text.percent(found['first_conf'])}",
        )
        for name, found in rows
    ]
    return text.table(("factor", "total", "95 %", "alone", "95 %"), cells)


def _sum(rows: Rows) -> str:
    alone = math.fsum(found["first"] for _, found in rows)
    if math.isnan(alone):
        return "The output does not vary at these points, so there is nothing to explain."
    return (
        f"Alone, the factors explain {text.percent(alone)} of the variance together (an estimate, which may "
        "pass 100 %); the rest comes from factors acting together."
    )


_MORRIS = (
    (
        "mu*",
        "mean size of the effect of moving the factor through its whole distribution, at random places of "
        "the others (millions of US dollars).",
    ),
    ("mu", "the same with its sign: below mu* in size if the factor helps here and hurts there."),
    (
        "sigma",
        "standard deviation of that effect: large beside mu* if the factor acts in jumps or together with "
        "others.",
    ),
)

_SOBOL = (
    (
        "total",
        "share of the variance that would be left if all other factors were known. Factors with about 0 may "
        "be fixed anywhere in their range.",
    ),
    ("alone", "share of the variance that would go, on average, if this factor were known."),
    ("95 %", "half the width of the bootstrap interval. Estimates may lie outside 0 to 100 %."),
)
