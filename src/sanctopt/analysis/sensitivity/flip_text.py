"""The page of a flip radius, for an analyst who has not seen the library."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sanctopt.analysis import plain_text as text
from sanctopt.analysis.sensitivity.pages import count, legend, paragraph
from sanctopt.ladder import Rung
from sanctopt.rung_limits import describe

SHOWN = 20
"""Most numbers in the text; the frame has all."""


@dataclass(frozen=True)
class Moved:
    """A number that a witness changes.

    Attributes
    ----------
    path : str
        Where it stands.
    value, witness : float
        In the case, and in the witness.
    position : float
        How far on the way to an end of its range, in [-1, 1]; below 0 towards the low end.
    """

    path: str
    value: float
    witness: float
    position: float


def page(
    game_name: str,
    rungs: tuple[Rung, Rung | None],
    radii: tuple[float, float, float],
    values: tuple[float, float, bool] | None,
    moved: Sequence[Moved],
    counts: tuple[int, int],
) -> Iterable[str]:
    """The lines of the page.

    ``radii`` are that of the witness, the lower bound and the tolerance; ``values`` those of the other and of
    the kept first rung at the witness, and whether that is proven; ``counts`` the factors and points solved.
    """
    (kept, other), (radius, least, tolerance) = rungs, radii
    factors, solved = counts
    yield from text.heading(f"How wrong must the numbers be for another first rung: {game_name}")
    yield from paragraph(f"The kept first rung: {describe(kept)}.")
    if other is None or values is None:
        yield from paragraph(_nowhere(factors, least))
    elif radius == 0.0:
        yield from paragraph(
            f"Another first rung is as good already, with all numbers as they stand: {describe(other)} "
            f"(worth {text.money(values[0])}; with the kept one {_money(values[1])})."
        )
    else:
        yield from paragraph(
            f"If {_each(factors)} may move by up to {100 * radius:.1f} % of the way to an end of its range, "
            f"another first rung is at least as good: {describe(other)}."
        )
        yield from paragraph(_values(values))
        yield from paragraph(_bounds(radius, least, tolerance))
        more = f" ({SHOWN} of {len(moved)})" if len(moved) > SHOWN else ""
        yield from text.section(f"What was moved{more}")
        rows = [
            (row.path, f"{row.value:.5g}", f"{row.witness:.5g}", f"{100 * row.position:+.1f} %")
            for row in moved[:SHOWN]
        ]
        yield from text.table(("number", "in the case", "here", "of the way"), rows)
    yield ""
    yield f"{count(factors, 'factor')}; {count(solved, 'point')} solved, two solves each."
    yield from legend(_WORDS)


def _each(factors: int) -> str:
    return "the number" if factors == 1 else f"each of {factors:,} factors"


def _nowhere(factors: int, least: float) -> str:
    if least >= 1.0:
        return (
            "It is proven that no other first rung is better anywhere in the ranges, however the numbers "
            "move within them."
        )
    tail = f"; none is within {100 * least:.1f} % of the way, that is proven" if least > 0.0 else ""
    sought = "on the scan of its range" if factors == 1 else "along the rays that were tried"
    return f"No point was found {sought} at which another first rung is as good{tail}. That is no proof."


def _values(values: tuple[float, float, bool]) -> str:
    other, kept, proven = values
    if math.isinf(kept):
        return f"There it is worth {text.money(other)}, and nothing can begin with the kept first rung."
    tail = (
        "Both were solved, and bounds prove that the kept one is worth no more."
        if proven
        else "The time was too short to prove it: the best ladders found are compared."
    )
    return f"There it is worth {text.money(other)}, the kept first rung {text.money(kept)}. {tail}"


def _bounds(radius: float, least: float, tolerance: float) -> str:
    if least > 0.0 and radius - least <= 2.0 * tolerance:
        return f"No smaller move does, but for the tolerance: below {100 * least:.1f} % that is proven."
    if least > 0.0:
        return f"Below {100 * least:.1f} % no move does, that is proven; between the two it is open."
    return "A smaller move may do as well: this one was found by a search, which proves an upper bound only."


def _money(value: float) -> str:
    return "nothing is possible" if math.isinf(value) else text.money(value)


_WORDS = (
    (
        "of the way",
        "how far the number is moved from the case's towards an end of its range; -100 % is the low end, "
        "+100 % the high end.",
    ),
    (
        "first rung",
        "what is done first. For each, the best ladder that begins with it counts, whatever it does later.",
    ),
)
