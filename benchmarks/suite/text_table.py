"""Tables in Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence


def number(form: str, value: float | None) -> str:
    """A number for a table; "-" where there is none.

    >>> number("{:,.1f}", 1234.56), number("{:.1f}", None), number("{:.1f}", float("inf"))
    ('1,234.6', '-', '-')
    """
    return "-" if value is None or not math.isfinite(value) else form.format(value)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[str]) -> str:
    """A table that can be read as text too.

    Parameters
    ----------
    head : sequence of str
        Titles of the columns.
    rows : sequence of sequence of str
        The cells.
    left : sequence of str
        Titles of the columns of text; all others hold numbers and stand on the right.

    Examples
    --------
    >>> print(markdown(("case", "s"), [("teaching", "1.0")], ("case",)))
    | case     |   s |
    | -------- | --: |
    | teaching | 1.0 |
    """
    lines = [[cell.replace("|", "/") for cell in line] for line in (head, *rows)]
    width = [max(3, *(len(line[column]) for line in lines)) for column in range(len(head))]

    def put(cell: str, column: int) -> str:
        return cell.ljust(width[column]) if head[column] in left else cell.rjust(width[column])

    lines = [[put(cell, column) for column, cell in enumerate(line)] for line in lines]
    rule = [
        "-" * size if title in left else "-" * (size - 1) + ":"
        for title, size in zip(head, width, strict=True)
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in (lines[0], rule, *lines[1:]))
