"""What is asked of the numbers that say how an analysis is made."""

from __future__ import annotations

from sanctopt.errors import OptionError


def require_whole(name: str, value: object, least: int) -> None:
    """Raise an `OptionError` unless a value is a whole number of at least ``least``.

    Examples
    --------
    >>> require_whole("count", 0, 1)
    Traceback (most recent call last):
    ...
    sanctopt.errors.OptionError: count is 0; give a whole number of at least 1
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise OptionError(f"{name} is {value!r}; give a whole number of at least {least}")
