"""The page of a Monte Carlo, for an analyst who has not seen the library."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sanctopt.analysis import plain_text as text
from sanctopt.analysis.sensitivity.pages import count, hanging, legend, paragraph
from sanctopt.ladder import Rung
from sanctopt.rung_limits import describe

SHOWN = 8
"""Most first rungs in the text; the frame has all."""


@dataclass(frozen=True)
class Share:
    """A first rung, how many draws begin with it, and their share with a 95 % interval."""

    rung: Rung
    count: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Tally:
    """What the page counts.

    Attributes
    ----------
    draws, solved, optimal : int
        Draws; those that were solved; those whose optimum is proven.
    bounded : int
        Draws with a proven bound.
    repaired : int
        Draws in which the kept ladder had to be repaired.
    regretted : int
        Draws in which keeping costs something.
    factors : int
        How many were drawn.
    shape : str
        Distribution, in words.
    seed : int
        Seed.
    invalid : mapping of str to int
        Why draws were thrown away, and how many.
    """

    draws: int
    solved: int
    optimal: int
    bounded: int
    repaired: int
    regretted: int
    factors: int
    shape: str
    seed: int
    invalid: Mapping[str, int]


Quantiles = Sequence[tuple[str, Sequence[float]]]
"""A quantity, and its mean and quantiles."""


def page(
    game_name: str,
    tally: Tally,
    kept: Rung,
    shares: Sequence[Share],
    columns: Sequence[str],
    quantities: tuple[Quantiles, Quantiles],
) -> Iterable[str]:
    """The lines of the page; quantities are values and regrets, then those of each ladder played."""
    yield from text.heading(f"What if all numbers are uncertain: {game_name}")
    yield from paragraph(
        f"{count(tally.draws, 'draw')} of {count(tally.factors, 'factor')}, independent, each {tally.shape} "
        f"(seed {tally.seed}). Money in millions of US dollars, expected over types."
    )
    yield from _invalid(tally)
    yield from paragraph(f"The kept ladder begins with: {describe(kept)}.")
    yield from paragraph(_solves(tally))
    yield from text.section(f"What is done first by the {_best(tally)}")
    shown = shares if len(shares) <= SHOWN + 1 else shares[:SHOWN]
    for row in shown:
        mark = " (as the kept ladder does)" if row.rung == kept else ""
        yield from hanging(
            f"In {_percent(row.share)} of draws (95 % interval {_percent(row.low)} to {_percent(row.high)}) "
            f"the first rung is: {describe(row.rung)}{mark}."
        )
    if len(shown) < len(shares):
        rest = shares[len(shown) :]
        yield f"In the other {sum(row.count for row in rest):,} draws it is one of {len(rest):,} others."
    if all(row.rung != kept for row in shares):
        yield from paragraph("In no draw is it that of the kept ladder.")
    yield from text.section("What keeping the ladder costs, and what ladders are worth")
    yield from paragraph(_regret(tally))
    yield ""
    yield from _table(columns, quantities[0])
    if len(quantities[1]) > 1:
        yield from text.section("What each ladder is worth that was played")
        yield from _table(columns, quantities[1])
    yield from legend(_words(tally))


def _invalid(tally: Tally) -> Iterable[str]:
    if tally.invalid:
        total = sum(tally.invalid.values())
        why = "; ".join(f"{reason} ({number:,})" for reason, number in tally.invalid.items())
        yield from paragraph(
            f"{count(total, 'more draw')} made no valid game and {'was' if total == 1 else 'were'} drawn "
            f"again: {why}. So the draws are those of the ranges, given that the game is valid."
        )


def _best(tally: Tally) -> str:
    if tally.optimal == tally.draws:
        return "optimal ladder"
    return "best ladder found" if tally.solved else "best of the candidates"


def _solves(tally: Tally) -> str:
    if tally.optimal == tally.draws:
        return "Each draw was solved to optimality."
    if tally.solved == 0:
        return (
            "No draw was solved: the best of the candidates stands for the optimum, and the regret is a "
            "lower bound of the true one."
        )
    rest = tally.draws - tally.solved
    missed = f" {count(rest, 'draw')} {'was' if rest == 1 else 'were'} not reached." if rest else ""
    return (
        f"{tally.optimal:,} of {count(tally.draws, 'draw')} were solved to optimality; of the others "
        "the best ladder found in the time given stands for the optimum, and the regret is a lower bound of "
        f"the true one.{missed}"
    )


def _regret(tally: Tally) -> str:
    least = "" if tally.optimal == tally.draws else "at least "
    words = (
        f"Keeping the ladder costs something in {least}{_percent(tally.regretted / tally.draws)} of draws."
    )
    if tally.repaired:
        words += (
            f" In {count(tally.repaired, 'draw')} it is not allowed as it stands and was repaired: what does "
            "not fit waits for the next stage."
        )
    if tally.optimal < tally.draws and tally.bounded:
        words += f" An upper bound of the regret is proven in {count(tally.bounded, 'draw')}."
    return words


def _table(columns: Sequence[str], rows: Quantiles) -> Iterable[str]:
    cells = [(name, *map(_money, values)) for name, values in rows]
    return text.table(("", *columns), cells)


def _money(value: float) -> str:
    return "no bound" if math.isinf(value) else text.money(value)


def _percent(share: float) -> str:
    """Whole percent, but one digit more near 0 and 1.

    >>> _percent(0.834), _percent(0.0), _percent(0.004), _percent(1.0)
    ('83 %', '0 %', '0.4 %', '100 %')
    """
    edge = 0.0 < share < 0.01 or 0.99 < share < 1.0
    return f"{100 * share:.1f} %" if edge else f"{100 * share:.0f} %"


def _words(tally: Tally) -> list[tuple[str, str]]:
    best = _best(tally)
    words = [
        (
            "first rung",
            f"of the {best}. Among ladders worth the same the kept one counts as best. The interval is "
            "Jeffreys': it tells what the number of draws leaves open, not whether the ranges are right.",
        ),
        ("kept", "what the kept ladder is worth in the game of a draw."),
        ("best", f"what the {best} is worth there."),
        ("regret", "best minus kept, in each draw."),
        ("5 % ... 95 %", "quantiles: so many draws lie at or below."),
    ]
    if tally.optimal < tally.draws and tally.bounded:
        words.insert(4, ("regret bound", "bound proven minus kept: the true regret is at most this."))
    return words
