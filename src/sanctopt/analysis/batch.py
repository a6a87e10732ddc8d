"""Many games solved: one after the other, or spread over any `concurrent.futures` executor.

Whatever asks for the optimum of a changed copy of a game asks it here, as a `Question`.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence, Sized
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, fields

from sanctopt.aims import PLAIN, Aims
from sanctopt.errors import SanctoptError
from sanctopt.game import Game
from sanctopt.ladder import Information, Ladder
from sanctopt.position import NO_PAST, Past
from sanctopt.search import Clock, SearchProgress, Task
from sanctopt.solution import Provenance, Solution, Status
from sanctopt.solve import solve, solve_task, versions
from sanctopt.solver_options import Limit, Reason, SolveOptions

PENDING = 128
"""Most questions that an executor holds at a time: more than it has workers, few enough to fit in memory."""

POLL_SECONDS = 0.5
"""How long to wait before looking again; without a limit, Windows would not hear Ctrl-C."""

GRACE_SECONDS = 10.0
"""How long to wait, after Ctrl-C, for solves that are on their way to stop."""


@dataclass(frozen=True)
class Question:
    """One game to be solved.

    Attributes
    ----------
    name : str
        What the question is called; it does not change the answer.
    game : Game
        The game.
    information : Information
        What the plan may depend on.
    margin : float
        As in `sanctopt.solve`.
    aims : Aims
        What is maximized, and the limits that must be kept.
    known_ladders : tuple of Ladder
        Ladders to begin with; they do not change what is optimal.
    past : Past
        What was done and answered before the first stage that is planned: payoffs count from there on, and
        the priors of the game are the beliefs there.
    credible_threats : bool
        As in `sanctopt.solve`.
    options : SolveOptions, optional
        For this question alone. None: those of the batch.
    """

    name: str
    game: Game
    information: Information = Information.ADAPTIVE
    margin: float = 0.0
    aims: Aims = PLAIN
    known_ladders: tuple[Ladder, ...] = ()
    past: Past = NO_PAST
    credible_threats: bool = False
    options: SolveOptions | None = None

    def key(self) -> Hashable:
        """Equal for questions that are solved alike: all but the name, the game by its digest."""
        asked = tuple(getattr(self, part.name) for part in fields(self) if part.name not in ("name", "game"))
        return self.game.digest(), asked


@dataclass(frozen=True)
class Answer:
    """The solution of the question of that name; interrupted and without a ladder if it was not reached."""

    name: str
    solution: Solution


@dataclass(frozen=True)
class BatchProgress:
    """A batch of solves, as of one moment.

    Attributes
    ----------
    done : int
        Questions answered.
    total : int or None
        Questions in all; None if they come from an iterator of unknown length.
    name : str
        The question answered last.
    seconds : float
        Wall time since the batch began.
    """

    done: int
    total: int | None
    name: str
    seconds: float


OnBatchProgress = Callable[[BatchProgress], None]


def solve_each(
    questions: Iterable[Question],
    *,
    options: SolveOptions | None = None,
    executor: Executor | None = None,
    on_progress: OnBatchProgress | None = None,
) -> tuple[Answer, ...]:
    """Solve many games.

    Equal questions are solved once. An answer does not depend on the executor, nor on the other questions,
    unless a time limit ends the solve: solves that share a machine get less done in the same time.

    Parameters
    ----------
    questions : iterable of Question
        One or many; an iterator is drawn from as answers come in, so that games need not all be in memory.
    options : SolveOptions, optional
        For each solve: the time limit holds for one solve, and each runs on ``options.threads`` threads, so
        that an executor of n workers keeps n times as many busy. None: the defaults.
    executor : concurrent.futures.Executor, optional
        Where to solve; it is left open. None: here, one after the other. Processes are faster than threads,
        because much of a small solve is Python; start them by the method "spawn" or "forkserver" (a fork of
        a process that has solved copies the locks of its threads).
    on_progress : callable, optional
        Called in this thread with a `BatchProgress` after each answer.

    Returns
    -------
    tuple of Answer
        In the order of the questions. After a Ctrl-C: what was done by then; solves that ran have ended
        early, and questions not reached have a solution without a ladder, both with
        ``status.reason`` ``INTERRUPTED``. Of an iterator, the questions not drawn by then are missing.
        A solve in another process that did not get the Ctrl-C goes on until it ends.

    Raises
    ------
    OptionError, CertificateError, SolverError
        As `sanctopt.solve`, with the name of the question as a note; the other solves are cancelled.
    KeyboardInterrupt
        At the second Ctrl-C.

    Examples
    --------
    >>> from sanctopt import Information, load_case
    >>> game = load_case("teaching")
    >>> asked = [Question(item.value, game, item) for item in Information]
    >>> [(answer.name, round(answer.solution.value, 2)) for answer in solve_each(asked)]
    [('adaptive', 471.18), ('open_loop', 444.6), ('clairvoyant', 490.58)]
    """
    options = SolveOptions() if options is None else options
    book, stop = _Book(questions, on_progress), _Stop(uuid.uuid4().hex)
    try:
        if executor is None:
            _one_by_one(book, options, stop)
        else:
            _spread(book, options, stop, executor)
    except KeyboardInterrupt:
        book.draw_rest()
    return book.answers(options)


class _Stop:
    """A flag that the running solves of a batch look at.

    Threads share it. Another process has one flag of its own for all questions of a batch: what it has taken
    from the executor's queue can no longer be cancelled, so after a Ctrl-C it must know for itself.
    """

    def __init__(self, batch: str) -> None:
        self._batch = batch
        self._event = threading.Event()

    def __reduce__(self) -> tuple[Callable[[str], _Stop], tuple[str]]:
        return _flag_here, (self._batch,)

    def set(self) -> None:
        """Stop the running solves of this process at their next sign of progress, and others at once."""
        self._event.set()

    def is_set(self) -> bool:
        """Whether the batch is stopped in this process."""
        return self._event.is_set()

    def __call__(self, _progress: SearchProgress) -> None:
        if self._event.is_set():
            raise KeyboardInterrupt  # the solve takes it for a Ctrl-C and ends with what it has


_flags: dict[str, _Stop] = {}
"""In a worker process: the flags of the batches that it works for."""


def _flag_here(batch: str) -> _Stop:
    return _flags.setdefault(batch, _Stop(batch))


def _solved(question: Question, options: SolveOptions, stop: _Stop) -> Solution:
    """Solve one question; runs in the executor, so all that goes in and out pickles."""
    if stop.is_set():
        return _not_reached(question, options)
    try:
        ask = _rest_of_game if question.past.stage else _game
        solution = ask(question, question.options or options, stop)
    except SanctoptError as error:
        error.add_note(f"in question {question.name!r}")
        raise
    except KeyboardInterrupt:
        stop.set()
        raise
    if _interrupted(solution):
        stop.set()
    return solution


def _game(question: Question, options: SolveOptions, stop: _Stop) -> Solution:
    return solve(
        question.game,
        information=question.information,
        margin=question.margin,
        aims=question.aims,
        options=options,
        on_progress=stop,
        known_ladders=question.known_ladders,
        credible_threats=question.credible_threats,
    )


def _rest_of_game(question: Question, options: SolveOptions, stop: _Stop) -> Solution:
    """The best plan from where the past has led."""
    question.aims.check(question.game)
    return solve_task(
        Task(
            question.game,
            question.information,
            question.margin,
            options,
            Clock(options.time_limit_seconds),
            stop,
            question.aims,
            question.past,
            question.known_ladders,
            question.credible_threats,
        )
    )


def _interrupted(solution: Solution) -> bool:
    """Whether a solve saw a Ctrl-C, perhaps too late to be stopped by it."""
    status = solution.status
    limits = (status.limit, *(phase.report.limit for phase in solution.phases))
    return status.reason is Reason.INTERRUPTED or Limit.INTERRUPT in limits


class _Book:
    """The questions drawn so far and what became of them; equal ones wait for one solve."""

    def __init__(self, questions: Iterable[Question], on_progress: OnBatchProgress | None) -> None:
        self._source = iter(questions)
        self._all_there = isinstance(questions, Sequence)
        self._total = len(questions) if isinstance(questions, Sized) else None
        self._on_progress = on_progress
        self._begin = time.perf_counter()
        self._names: list[str] = []
        self._solutions: dict[int, Solution] = {}
        self._open: dict[int, Question] = {}
        self._waiting: dict[Hashable, list[int]] = {}
        self._known: dict[Hashable, Solution] = {}

    def draw(self) -> Iterator[tuple[Hashable, Question]]:
        """The questions that need a solve of their own, with their keys."""
        for question in self._source:
            number, key = self._add(question), question.key()
            if key in self._known:
                self._settle(number, self._known[key])
            elif key in self._waiting:
                self._waiting[key].append(number)
            else:
                self._waiting[key] = [number]
                yield key, question

    def enter(self, key: Hashable, solution: Solution) -> None:
        """Write down the solution of all questions with a key, and tell of them."""
        self._known[key] = solution
        for number in self._waiting.pop(key):
            self._settle(number, solution)

    def draw_rest(self) -> None:
        """After a Ctrl-C: the questions left, if they are at hand and need not be made."""
        if self._all_there:
            for question in self._source:
                self._add(question)

    def answers(self, options: SolveOptions) -> tuple[Answer, ...]:
        """One answer for each question drawn."""
        for number, question in self._open.items():
            self._solutions[number] = _not_reached(question, options)
        return tuple(Answer(name, self._solutions[number]) for number, name in enumerate(self._names))

    def _add(self, question: Question) -> int:
        number = len(self._names)
        self._names.append(question.name)
        self._open[number] = question
        return number

    def _settle(self, number: int, solution: Solution) -> None:
        self._solutions[number] = solution
        del self._open[number]  # lets go of the game
        if self._on_progress is not None:
            seconds = time.perf_counter() - self._begin
            self._on_progress(BatchProgress(len(self._solutions), self._total, self._names[number], seconds))


def _not_reached(question: Question, options: SolveOptions) -> Solution:
    game, aims = question.game, question.aims
    provenance = Provenance(
        versions=versions(),
        game_name=game.name,
        game_digest=game.digest(),
        information=question.information,
        margin=question.margin,
        aims=aims,
        options=question.options or options,
        history=question.past.responses,
        credible_threats=question.credible_threats,
    )
    return Solution(Status(Reason.INTERRUPTED, Limit.INTERRUPT), None, (), (), 0.0, provenance)


def _one_by_one(book: _Book, options: SolveOptions, stop: _Stop) -> None:
    """Solve here; KeyboardInterrupt once a solve was interrupted."""
    for key, question in book.draw():
        solution = _solved(question, options, stop)
        book.enter(key, solution)
        if stop.is_set():
            raise KeyboardInterrupt


def _spread(book: _Book, options: SolveOptions, stop: _Stop, executor: Executor) -> None:
    """Solve in an executor; KeyboardInterrupt once that is all there is to have after a Ctrl-C."""
    running: dict[Future[Solution], Hashable] = {}
    drawn = book.draw()
    try:
        while True:
            while len(running) < PENDING and (item := next(drawn, None)) is not None:
                running[executor.submit(_solved, item[1], options, stop)] = item[0]
            if not running:
                return
            ended, _ = wait(running, POLL_SECONDS, FIRST_COMPLETED)
            for future in [future for future in running if future in ended]:
                key = running.pop(future)
                solution = future.result()
                book.enter(key, solution)
                if _interrupted(solution):
                    raise KeyboardInterrupt
    except KeyboardInterrupt:
        _stop(running, stop)
        wait(running, GRACE_SECONDS)
        for future, key in running.items():
            if future.done() and not future.cancelled():
                error = future.exception()
                if error is None:
                    book.enter(key, future.result())
                # Ctrl-C goes to the workers too: it ends a solve, or breaks the executor.
                elif not isinstance(error, KeyboardInterrupt | BrokenExecutor):
                    raise error from None
        raise
    except BaseException:
        _stop(running, stop)
        raise


def _stop(running: Iterable[Future[Solution]], stop: _Stop) -> None:
    stop.set()
    for future in running:
        future.cancel()
