"""From the text of one cell to its value, and the advice that a wrong one gets."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

from sanctopt.case.schema import BOUNDS, LIMIT, Column, Kind, Range, Value

# Python's float() also takes "1_000", "nan", "inf" and digits of other scripts; a case does not.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)

_CLOSE = 0.8
"""Similarity (0 to 1) from which one name counts as a misspelling of another."""


def parse_number(text: str, allowed: Range) -> float:
    """Number that a text writes, checked against a range.

    Parameters
    ----------
    text : str
        Decimal number, possibly with an exponent.
    allowed : Range
        Range that it must lie in; with ``whole``, the result is an int.

    Raises
    ------
    ValueError
        If the text is no finite number, or the number is outside the range. The message says what
        would be right.

    Examples
    --------
    >>> from sanctopt.case.schema import SHARE, WHOLE
    >>> parse_number("0.25", SHARE), parse_number("1.0", WHOLE)
    (0.25, 1)
    """
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"is no number; write {allowed.words}{_number_advice(text)}")
    return check_number(float(text), allowed)


def check_number(value: float, allowed: Range) -> float:
    """Return ``value`` if it is finite, not huge and within the range; an int if it must be whole.

    Raises
    ------
    ValueError
        Otherwise; the message says what would be right.
    """
    if value != value:
        raise ValueError(f"is not a number; write {allowed.words}")
    if abs(value) > LIMIT:
        raise ValueError(
            f"is too large: no number may exceed {LIMIT:g} in magnitude; "
            "leave a capacity blank if it has no limit"
        )
    if allowed.whole and not float(value).is_integer():
        raise ValueError(f"must be {allowed.words}; it has a fraction")
    if not allowed.holds(value):
        raise ValueError(f"must be {allowed.words}")
    return int(value) if allowed.whole else float(value)


def parse_flag(text: str) -> bool:
    """Truth value that a text writes: ``true`` or ``false`` in any case.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    lower = text.lower()
    if lower not in ("true", "false"):
        raise ValueError("must be true or false")
    return lower == "true"


def parse_cell(column: Column, text: str) -> Value:
    """Value of a stripped cell of a column; a blank is the column's default.

    Raises
    ------
    ValueError
        If the cell is blank but required, its text is not what the column holds, or a name has control
        characters.
    """
    if not text:
        if column.required:
            what = column.range.words if column.kind is Kind.NUMBER else "a name"
            raise ValueError(f"is blank; write {what}")
        return column.default
    if column.kind is Kind.NUMBER:
        return parse_number(text, column.range)
    if column.kind is Kind.FLAG:
        return parse_flag(text)
    check_printable(text)
    if column.kind is Kind.LIST:
        return tuple(part.strip() for part in text.split(";") if part.strip())
    return text


def check_printable(text: str) -> None:
    r"""Raise ValueError if a text holds a control character or breaks the line.

    >>> check_printable("medium bank")
    >>> check_printable("medium\nbank")
    Traceback (most recent call last):
    ...
    ValueError: holds the control character '\n'; write it in one line, without control characters
    """
    for sign in text:
        if unicodedata.category(sign) in ("Cc", "Zl", "Zp"):
            raise ValueError(
                f"holds the control character {sign!r}; write it in one line, without control characters"
            )


def _number_advice(text: str) -> str:
    if text.lower().lstrip("+-") in ("nan", "na", "n/a", "none", "null"):
        return ", or leave the cell blank if there is none"
    if text.lower().lstrip("+-") in ("inf", "infinity"):
        return ", or leave a capacity blank if it has no limit"
    if "," in text:
        return " with a decimal point and without separators"
    if text.endswith("%"):
        return ", without a percent sign"
    return ""


def suggestion(name: str, names: Iterable[str]) -> str:
    """Advice on an unknown name: the closest known one, or the list if it is short.

    >>> suggestion("regmie", ["bank", "regime"])
    "; did you mean 'regime'?"
    """
    known = list(dict.fromkeys(names))
    lower = {item.lower(): item for item in known}
    close = get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {lower[close[0]]!r}?"
    if known and len(known) <= 12:
        return "; known: " + ", ".join(known)
    return ""


def misspelling_of(name: str, names: Iterable[str]) -> str:
    """The known name that ``name`` almost certainly means, or "".

    Case, blanks and hyphens do not count. ``<known>_low``, ``<known>_note`` and the like are names
    of their own, however close they are.

    >>> misspelling_of("salinece", ["salience"]), misspelling_of("supply_low", ["supply"])
    ('salience', '')
    """
    plain = re.sub(r"[\s-]+", "_", name.strip().lower())
    best, best_ratio = "", 0.0
    for known in names:
        if name.startswith(known + "_") or plain.endswith(BOUNDS):
            continue
        ratio = SequenceMatcher(None, plain, known, autojunk=False).ratio()
        if ratio < _CLOSE and sorted(plain) == sorted(known):
            ratio = _CLOSE  # letters swapped in a short name: "cots" is only 0.75 like "cost"
        if ratio >= _CLOSE and ratio > best_ratio:
            best, best_ratio = known, ratio
    return best
