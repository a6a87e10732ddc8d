"""Plain text that the pages of sensitivity share, beside `sanctopt.analysis.plain_text`."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable

from sanctopt.analysis import plain_text as text
from sanctopt.analysis.sensitivity.study import Known, tolerance


def paragraph(words: str) -> Iterable[str]:
    """Lines of a paragraph."""
    yield from textwrap.wrap(words, text.WIDTH, break_on_hyphens=False)


def hanging(words: str) -> Iterable[str]:
    """Lines of an entry of a list; those after the first are indented."""
    yield from textwrap.wrap(words, text.WIDTH, subsequent_indent="    ", break_on_hyphens=False)


def legend(entries: Iterable[tuple[str, str]]) -> Iterable[str]:
    """What the words of a page mean."""
    yield from text.section("How to read this page")
    for word, meaning in entries:
        yield from hanging(f"{word}: {meaning}")


def count(number: int, noun: str) -> str:
    """A number of things.

    >>> count(1, "draw"), count(2000, "draw")
    ('1 draw', '2,000 draws')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def money(value: float) -> str:
    """Millions of US dollars; "-" if unknown."""
    return "-" if math.isnan(value) else text.money(value)


def optimum_sentence(optimum: Known, kept: float) -> str:
    """What is known of an optimum, beside the value of the kept ladder."""
    if optimum.optimal:
        head = f"The optimum is {text.money(optimum.value)}"
    else:
        head = f"The best ladder found is worth {text.money(optimum.value)}, not proven optimal"
    if optimum.value - kept > tolerance(kept):
        head += f"; that is {text.money(optimum.value - kept)} more than the kept ladder"
    if not optimum.optimal:
        none = "no bound was proven"
        most = f"none can be worth more than {text.money(optimum.bound)}"
        head += f"; {none if math.isinf(optimum.bound) else most}"
    return f"{head}."
