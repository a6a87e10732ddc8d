"""Much work in one place or spread over an executor, and how far it is: for plays, which are short.

Solves are spread by `sanctopt.analysis.batch`. A play takes milliseconds, so many of them go to a worker at a
time. What is computed does not depend on the executor, nor on how the work is cut.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Generic, TypeVar

from sanctopt.analysis.batch import BatchProgress, OnBatchProgress

CHUNK = 16
"""Items that a worker gets at a time: few enough to show progress, enough to be worth the way."""

_In = TypeVar("_In")
_Out = TypeVar("_Out")


class Meter:
    """How much of some work is done, over several phases.

    Parameters
    ----------
    on_progress : callable or None
        Called with a `BatchProgress` at once (0 done), and after each piece of work.
    total : int
        Pieces of work in all phases.
    """

    def __init__(self, on_progress: OnBatchProgress | None, total: int) -> None:
        self.total = total
        self.done = 0
        self._on_progress = on_progress
        self._begin = time.perf_counter()
        self._tell("")

    def add(self, count: int, name: str) -> None:
        """So many pieces more are done."""
        self.done += count
        self._tell(name)

    def phase(self) -> OnBatchProgress:
        """What to hand to `solve_each` as ``on_progress``, for one batch."""
        before = self.done

        def tell(progress: BatchProgress) -> None:
            self.done = before + progress.done
            self._tell(progress.name)

        return tell

    def more(self, count: int) -> None:
        """There is more to do than was known."""
        self.total += count

    def _tell(self, name: str) -> None:
        if self._on_progress is not None:
            seconds = time.perf_counter() - self._begin
            self._on_progress(BatchProgress(self.done, self.total, name, seconds))


class Lazy(Generic[_Out]):
    """So many things, each made when it is asked for: games need not all be in memory.

    Parameters
    ----------
    count : int
        How many.
    make : callable
        Makes the one of a number from 0 on.
    """

    def __init__(self, count: int, make: Callable[[int], _Out]) -> None:
        self._count = count
        self._make = make

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[_Out]:
        return map(self._make, range(self._count))


def map_each(
    function: Callable[[_In], _Out],
    items: Sequence[_In],
    executor: Executor | None,
    meter: Meter,
    name: str,
) -> list[_Out]:
    """The function of each item, in order; Ctrl-C and errors cancel what has not begun.

    Parameters
    ----------
    function : callable
        Pure; for an executor of processes it pickles.
    items : sequence
        What it is called with.
    executor : concurrent.futures.Executor or None
        Where; None: here.
    meter : Meter
        Told after each item, or after each chunk of an executor.
    name : str
        What is being done, for the meter.
    """
    if executor is None:
        found = []
        for item in items:
            found.append(function(item))
            meter.add(1, name)
        return found
    results: dict[int, list[_Out]] = {}
    running: dict[Future[list[_Out]], int] = {
        executor.submit(_chunk, function, chunk): first for first, chunk in _chunks(items)
    }
    sizes = {first: len(chunk) for first, chunk in _chunks(items)}
    try:
        while running:
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                first = running.pop(future)
                results[first] = future.result()
                meter.add(sizes[first], name)
    finally:
        for future in running:
            future.cancel()
    return [value for first in sorted(results) for value in results[first]]


def _chunks(items: Sequence[_In]) -> Iterator[tuple[int, Sequence[_In]]]:
    for first in range(0, len(items), CHUNK):
        yield first, items[first : first + CHUNK]


def _chunk(function: Callable[[_In], _Out], items: Sequence[_In]) -> list[_Out]:
    return [function(item) for item in items]
