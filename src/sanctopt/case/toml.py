"""Writing TOML values (the standard library only reads them) and finding keys in TOML text."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_TABLE_LINE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$")
_KEY_LINE = re.compile(r"""\s*["']?([^"'=#\s]+)["']?\s*=""")


def toml_text(value: object) -> str:
    """TOML text of a value, on one line; reading it back gives an equal value.

    Parameters
    ----------
    value : object
        What ``tomllib`` can return: text, bool, int, float, date or time, list, or dict.

    Raises
    ------
    TypeError
        If TOML has no such value, e.g. None.

    Examples
    --------
    >>> toml_text({"a b": [1, 0.1, True, "x"]})
    '{"a b" = [1, 0.1, true, "x"]}'
    """
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL, which TOML wants escaped and JSON leaves alone.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{toml_key(key)} = {toml_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_text(item) for item in value) + "]"
    raise TypeError(f"TOML has no value of type {type(value).__name__}")


def toml_key(key: str) -> str:
    """A key as TOML writes it: bare where it may be, quoted otherwise."""
    return key if _BARE_KEY.fullmatch(key) else toml_text(key)


def key_lines(text: str) -> dict[tuple[str, str], int]:
    """Line of each key of TOML text by (table, key), and of each table header by (table, "").

    A key written in a way that this scan does not know (dotted, in an inline table) is absent, so
    its problems carry no line number rather than a wrong one.
    """
    lines: dict[tuple[str, str], int] = {}
    table, in_text = "", False
    for number, line in enumerate(text.split("\n"), start=1):
        if not in_text:
            if header := _TABLE_LINE.match(line):
                table = header[1].strip("\"'")
                lines.setdefault((table, ""), number)
            elif key := _KEY_LINE.match(line):
                lines.setdefault((table, key[1]), number)
        if (line.count('"""') + line.count("'''")) % 2:
            in_text = not in_text
    return lines
