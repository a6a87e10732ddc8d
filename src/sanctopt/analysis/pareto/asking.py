"""Searches that ask for one optimum after the other, run side by side in an executor."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any, TypeVar

from sanctopt.analysis.batch import Question, solve_each
from sanctopt.errors import SolverError
from sanctopt.solution import Solution

T = TypeVar("T")
Asking = Generator[Question, Solution | SolverError, T]
"""A search: it yields questions, is sent the solution of each or why there is none, and returns a result."""


def run(searches: Sequence[Asking[T]], executor: Executor | None) -> list[T]:
    """Results of searches, in their order.

    Without an executor each begins when the one before it has ended, so that it can use what that one found.
    With one they go on together: the next question of each is solved at the same time.
    """
    if executor is None:
        return [result for search in searches for result in _together([search], None)]
    return _together(searches, executor)


def _together(searches: Sequence[Asking[T]], executor: Executor | None) -> list[T]:
    results: dict[int, T] = {}
    answers: dict[int, Any] = dict.fromkeys(range(len(searches)))
    while answers:
        asked: dict[int, Question] = {}
        for number, answer in answers.items():
            try:
                asked[number] = searches[number].send(answer)
            except StopIteration as ended:
                results[number] = ended.value
        answers = dict(zip(asked, _solved(list(asked.values()), executor), strict=True))
    return [results[number] for number in range(len(searches))]


def _solved(questions: Sequence[Question], executor: Executor | None) -> list[Solution | SolverError]:
    try:
        return [answer.solution for answer in solve_each(questions, executor=executor)]
    except SolverError as error:
        if len(questions) == 1:
            return [error]
    alone = partial(_solved, executor=executor)
    return [answer for question in questions for answer in alone([question])]
