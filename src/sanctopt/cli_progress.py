"""What the command shows of a running search, on standard error."""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from sanctopt.search import SearchProgress

FIRST_SECONDS, TTY_SECONDS, LINE_SECONDS = 2.0, 0.5, 5.0
"""Silence before the first word on progress; then seconds between two, on a terminal and in a file."""


@contextmanager
def shown_progress() -> Iterator[Callable[[SearchProgress], None]]:
    """Show the progress of a long solve on standard error while the block runs.

    A thread writes the last news at its own pace, since the solver is silent while a program is built: one
    line again and again on a terminal, a line now and then elsewhere.
    """
    news: list[SearchProgress] = []
    ended = threading.Event()
    stream = sys.stderr
    if stream is None:
        yield lambda progress: None
        return
    terminal, began = stream.isatty(), time.perf_counter()

    def tell(progress: SearchProgress) -> None:
        news[:] = [progress]

    def write() -> None:
        wait = FIRST_SECONDS
        while not ended.wait(wait):
            wait = TTY_SECONDS if terminal else LINE_SECONDS
            seconds = time.perf_counter() - began
            text = progress_line(news[0], seconds) if news else f"{seconds:5.0f} s  preparing"
            with suppress(OSError):
                stream.write(f"\r{text[: _columns() - 1]}\x1b[K" if terminal else f"{text}\n")
                stream.flush()

    writer = threading.Thread(target=write, name="progress", daemon=True)
    writer.start()
    try:
        yield tell
    finally:
        ended.set()
        writer.join()
        if terminal:
            stream.write("\r\x1b[K")
            stream.flush()


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except OSError:
        return 80


def progress_line(progress: SearchProgress, seconds: float) -> str:
    """One line on a running search; ``seconds`` is the time now, which may be later than the news.

    Examples
    --------
    >>> progress_line(SearchProgress("adaptive program", 12.3, 471.18, 490.0, 0.03994, 57), 13.0)
    '   13 s  adaptive program: best 471.18, bound 490.00, gap 3.99 %, nodes 57'
    """
    best = "none yet" if progress.incumbent is None else f"{progress.incumbent:,.2f}"
    bound = "none yet" if progress.dual_bound is None else f"{progress.dual_bound:,.2f}"
    gap = "unknown" if math.isinf(progress.relative_gap) else f"{100 * progress.relative_gap:.3g} %"
    return (
        f"{seconds:5.0f} s  {progress.purpose}: best {best}, bound {bound}, gap {gap}, nodes {progress.nodes}"
    )
