"""Jobs spread over threads, with progress and Ctrl-C in the thread that asked."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import TypeVar

from sanctopt.search.task import Clock, SearchProgress, Task

Item = TypeVar("Item")
Result = TypeVar("Result")

POLL_SECONDS = 0.1


class Turns:
    """Shares out time among jobs that take turns: what one leaves over, those after it may use.

    A job of weight 2 counts as two jobs.
    """

    def __init__(self, clock: Clock, jobs: int, threads: int) -> None:
        self._clock, self._waiting, self._threads = clock, max(1, jobs), max(1, threads)
        self._lock = threading.Lock()

    def seconds(self, weight: int = 1) -> float | None:
        """Seconds for the next job; None without a limit."""
        with self._lock:
            left = self._clock.left()
            rounds = max(1.0, -(-self._waiting // self._threads) / weight)
            self._waiting = max(1, self._waiting - weight)
        return None if left is None else left / rounds


def each(task: Task, work: Callable[[Task, Item], Result], items: Sequence[Item]) -> list[Result]:
    """Do ``work`` for every item, on as many threads as the options allow; results in order of the items.

    Each solve then runs on one thread of its own. A Ctrl-C (or an exception of ``on_progress``) stops all of
    them at their next sign of progress: a ``KeyboardInterrupt`` becomes results of interrupted solves,
    anything else is raised again. So does an error of one of them.
    """
    count = min(task.options.threads, len(items))
    if count <= 1:
        return [done(task, work, item) for item in items]
    told: queue.SimpleQueue[SearchProgress] = queue.SimpleQueue()

    def tell(progress: SearchProgress) -> None:
        if task.stop.is_set():
            raise KeyboardInterrupt
        told.put(progress)

    inner = replace(task, options=replace(task.options, threads=1), on_progress=tell)
    with ThreadPoolExecutor(count) as pool:
        futures = [pool.submit(work, inner, item) for item in items]
        open_futures = set(futures)
        try:
            while open_futures:
                ended, open_futures = wait(open_futures, POLL_SECONDS, FIRST_COMPLETED)
                if any(future.exception() is not None for future in ended):
                    task.stop.set()  # it is raised below, once the others have ended
                while not told.empty():
                    progress = told.get()
                    if task.on_progress is not None:
                        task.on_progress(progress)
        except KeyboardInterrupt:
            task.stop.set()  # the jobs that run end with what they have; those that wait end at once
        except BaseException:
            task.stop.set()
            raise
        return [future.result() for future in futures]


def done(task: Task, work: Callable[[Task, Item], Result], item: Item) -> Result:
    """Do work here; after a Ctrl-C between two solves, once more, which ends with what it begins with."""
    try:
        return work(task, item)
    except KeyboardInterrupt:
        task.stop.set()
        return work(task, item)
