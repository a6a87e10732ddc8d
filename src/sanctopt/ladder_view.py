"""Reading a ladder: rung numbers, the way of each type, priors, and numbers as people write them.

The page (``sanctopt.ladder_text``) and the pictures (``sanctopt.plots``) share this module, so that a rung
bears the same number and a probability the same percentage in both.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from sanctopt.game import Start

if TYPE_CHECKING:
    from sanctopt.ladder import Expected, History, Ladder, Rung

    Key = tuple[str, History]
    Way = tuple[tuple[Rung, Expected], ...]

TIE = 1e-6
"""A margin below this (units of utility) is shown as a tie: no analyst would act on the difference."""


def key(rung: Rung) -> Key:
    """Known type and public history: what tells a rung from the others."""
    return rung.known_type, rung.history


def ordered(ladder: Ladder) -> tuple[Rung, ...]:
    """Rungs by known type (in the ladder's order), stage and history, so that siblings stand together."""
    known = {name: place for place, name in enumerate(dict.fromkeys(r.known_type for r in ladder.rungs))}
    return tuple(sorted(ladder.rungs, key=lambda r: (known[r.known_type], r.stage, r.history)))


def numbers(ladder: Ladder) -> dict[Key, str]:
    """Number of each rung: its stage, a dot, and its place among the histories of that stage.

    Counted anew for each known type of a clairvoyant ladder.

    >>> from sanctopt.ladder import Information, Ladder, Rung
    >>> rungs = (Rung(()), Rung(("acquiesce",)), Rung(("protest",)))
    >>> ladder = Ladder("toy", "", Information.ADAPTIVE, ("2017Q2", "2017Q3"), rungs)
    >>> numbers(ladder)["", ("protest",)]
    '1.2'
    """
    found: dict[Key, str] = {}
    for (_, stage), rungs in groupby(ordered(ladder), key=lambda r: (r.known_type, r.stage)):
        found |= {key(rung): f"{stage}.{place}" for place, rung in enumerate(rungs, start=1)}
    return found


def ways(ladder: Ladder) -> dict[str, Way]:
    """The rungs that each type passes, oldest first, with what it does there; empty if never played.

    Types stand in the order in which the ladder first names them, which is the game's.
    """
    found: dict[str, list[tuple[Rung, Expected]]] = {}
    for rung in ordered(ladder):
        for entry in rung.expected:
            found.setdefault(entry.type, []).append((rung, entry))
    return {name: tuple(steps) for name, steps in found.items()}


def priors(ladder: Ladder) -> dict[str, float]:
    """Prior of each type, as the beliefs of stage 0 give it; empty where they do not.

    A clairvoyant ladder believes each known type with certainty, so its priors are not in it.
    """
    first = {e.type: e.belief for r in ladder.rungs if r.stage == 0 for e in r.expected}
    return first if first and abs(sum(first.values()) - 1.0) < 1e-6 else {}


def reach(ladder: Ladder) -> dict[Key, float]:
    """Probability, before the game, that each rung is reached; empty if the priors are not known."""
    prior = priors(ladder)
    if not prior:
        return {}
    return {key(r): sum(prior.get(e.type, 0.0) for e in r.expected) for r in ladder.rungs}


def runs(responses: Iterable[str]) -> list[str]:
    """Responses in a row counted together.

    >>> runs(["acquiesce", "acquiesce", "protest"])
    ['acquiesce x2', 'protest']
    """
    counted = [(name, len(list(same))) for name, same in groupby(responses)]
    return [name if count == 1 else f"{name} x{count}" for name, count in counted]


def by_instrument(starts: Iterable[Start]) -> dict[str, list[str]]:
    """Entities by the instrument that is started against them.

    >>> by_instrument([Start("bank_dandong", "designate"), Start("trader_a", "designate")])
    {'designate': ['bank_dandong', 'trader_a']}
    """
    found: dict[str, list[str]] = {}
    for start in starts:
        found.setdefault(start.instrument, []).append(start.entity)
    return found


def percentages(shares: Sequence[float]) -> list[str]:
    """Shares in per cent, rounded so that the shown numbers add up to what the shares add up to.

    Whole per cent, unless one more digit shows every share exactly, or more digits are needed lest a
    share above 0 be shown as 0. The largest remainders are rounded up.

    >>> percentages([1 / 3, 1 / 3, 1 / 3]), percentages([0.125, 0.875])
    (['34 %', '33 %', '33 %'], ['12.5 %', '87.5 %'])
    """
    scaled, digits = apportioned(shares)
    return [percent_text(units, digits) for units in scaled]


def apportioned(shares: Sequence[float]) -> tuple[list[int], int]:
    """What `percentages` shows, as whole units of ``10**-digits`` per cent, and the digits."""
    digits = 0
    if any(abs(s * 100 - round(s * 100)) > 1e-6 for s in shares):
        digits = int(all(abs(s * 1000 - round(s * 1000)) < 1e-6 for s in shares))
    while digits < 3:
        units = _largest_remainder([s * 100 * 10**digits for s in shares])
        if all(unit > 0 or share <= 0 for unit, share in zip(units, shares, strict=True)):
            return units, digits
        digits += 1
    return _largest_remainder([s * 100 * 10**digits for s in shares]), digits


def percent_text(units: int, digits: int) -> str:
    """Text of so many units of ``10**-digits`` per cent.

    >>> percent_text(125, 1)
    '12.5 %'
    """
    return f"{units / 10**digits:.{digits}f} %"


def _largest_remainder(amounts: Sequence[float]) -> list[int]:
    # 1e-9: an amount a rounding error below a whole number is that number.
    floors = [int(amount + 1e-9) for amount in amounts]
    missing = round(sum(amounts)) - sum(floors)
    by_remainder = sorted(range(len(amounts)), key=lambda i: floors[i] - amounts[i])
    for place in by_remainder[: max(missing, 0)]:
        floors[place] += 1
    return floors


def money(amount: float) -> str:
    """Millions of US dollars: whole from 100 on, else one decimal.

    >>> money(1234.5), money(7.25), money(-0.0)
    ('1,234', '7.2', '0')
    """
    if abs(amount) < 0.005:
        return "0"
    if abs(amount) < 0.05:
        return f"{amount:.2f}"
    return f"{amount:,.0f}" if abs(amount) >= 99.95 else f"{amount:.1f}"


def share_denied(revenue: float, baseline: float) -> str:
    """Share of the baseline that does not reach the regime; "-" if there is no baseline.

    >>> share_denied(30.0, 120.0), share_denied(0.0, 0.0)
    ('75 %', '-')
    """
    if baseline <= 0:
        return "-"
    # + 0.0 turns a negative zero into zero
    return f"{round(100 * (1 - revenue / baseline)) + 0:d} %"


def margin(entries: Sequence[Expected]) -> str:
    """The smallest margin of several types that behave alike, over what, and whose it is.

    The type is left out where it does not matter: one type, or the same words for all.
    """
    words = {entry.type: _one_margin(entry) for entry in entries}
    tightest = min(entries, key=lambda entry: entry.margin)
    text = words[tightest.type]
    return text if len(set(words.values())) == 1 else f"{text} ({tightest.type})"


def _one_margin(entry: Expected) -> str:
    if entry.margin == float("inf") or not entry.runner_up:
        return "no other response"
    if entry.margin < TIE:
        return f"tie with {entry.runner_up}"
    size = f"{entry.margin:.2f}" if entry.margin >= 0.005 else f"{entry.margin:.1g}"
    return f"{size} over {entry.runner_up}"


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` characters; a longer name is broken after an underscore if it has one.

    >>> wrapped("designate bank_of_dandong", 11)
    ['designate', 'bank_of_', 'dandong']
    """
    lines: list[str] = []
    for line in textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]:
        rest = line
        while len(rest) > width:
            cut = rest.rfind("_", 0, width) + 1 or width
            lines.append(rest[:cut])
            rest = rest[cut:]
        lines.append(rest)
    return lines
