"""Many solves at once: order, equal questions, executors, memory, Ctrl-C and errors."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from games import random_game
from hand_games import BANK, HAND_GAME
from sanctopt import (
    Information,
    OptionError,
    Reason,
    SearchProgress,
    Solution,
    SolveOptions,
    SolverError,
    load_case,
    solve,
)
from sanctopt.aims import Aims, MinimaxRegret, TotalCost, WorstType
from sanctopt.analysis import batch
from sanctopt.analysis.batch import PENDING, Answer, BatchProgress, Question, solve_each
from sanctopt.analysis.replanning import replan
from sanctopt.game import Game
from sanctopt.ladder import Rung
from sanctopt.position import Past
from sanctopt.solver_options import Limit

GAMES = [random_game(seed) for seed in range(300, 306)]
QUESTIONS = [
    Question(f"{game.name} {information.value}", game, information, margin)
    for game in GAMES
    for information, margin in (
        (Information.ADAPTIVE, 0.0),
        (Information.CLAIRVOYANT, 0.0),
        (Information.ADAPTIVE, 0.3),
    )
]
TIMES = ("wall_seconds", "compile_seconds", "solve_seconds")


def timeless(solution: Solution) -> Any:
    """A solution's JSON without what a clock says."""
    return json.loads(
        solution.to_json(),
        object_hook=lambda data: {key: item for key, item in data.items() if key not in TIMES},
    )


def names(answers: tuple[Answer, ...]) -> list[str]:
    return [answer.name for answer in answers]


class Counting:
    """Stands for `solve`: counts its calls and gives a solution of the game by hand at once."""

    def __init__(self) -> None:
        self.games: list[str] = []
        self.solution = solve(HAND_GAME)

    def __call__(self, game: Game, **_asked: object) -> Solution:
        self.games.append(game.name)
        return self.solution


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    found = Counting()
    monkeypatch.setattr(batch, "solve", found)
    return found


# --- the answers ------------------------------------------------------------------------------------------


def test_answers_are_those_of_solve_in_order() -> None:
    answers = solve_each(QUESTIONS)
    assert names(answers) == [question.name for question in QUESTIONS]
    for question, answer in zip(QUESTIONS, answers, strict=True):
        alone = solve(question.game, information=question.information, margin=question.margin)
        assert timeless(answer.solution) == timeless(alone)


def spawned() -> Executor:
    return ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))


@pytest.mark.parametrize(
    "make", [lambda: ThreadPoolExecutor(2), lambda: ThreadPoolExecutor(5), spawned], ids=["2", "5", "spawn"]
)
def test_the_executor_changes_nothing(make: Callable[[], Executor]) -> None:
    expected = solve_each(QUESTIONS)
    with make() as executor:
        found = solve_each(QUESTIONS, executor=executor)
        again = solve_each(QUESTIONS[::-1], executor=executor)  # it was left open
    assert names(found) == names(expected)
    for one, other, backward in zip(found, expected, again[::-1], strict=True):
        assert timeless(one.solution) == timeless(other.solution) == timeless(backward.solution)


def test_one_and_none() -> None:
    assert solve_each([]) == ()
    with ThreadPoolExecutor(1) as executor:
        assert solve_each([], executor=executor) == ()
        assert len(solve_each(QUESTIONS[:1], executor=executor)) == 1


def test_options_reach_each_solve() -> None:
    options = SolveOptions(threads=2, seed=7)
    with ThreadPoolExecutor(2) as executor:
        answers = solve_each(QUESTIONS[:4], options=options, executor=executor)
    assert [answer.solution.provenance.options for answer in answers] == [options] * 4
    few = solve_each(QUESTIONS[:1], options=SolveOptions(threads=1))
    assert few[0].solution.value == pytest.approx(answers[0].solution.value, rel=2e-6)


@pytest.mark.parametrize("name", ["teaching", "dprk_2017"])
def test_games_and_questions_pickle(name: str) -> None:
    game = load_case(name)
    assert game.eligible  # cached parts must not be in the way
    question = Question("q", game, Information.OPEN_LOOP, 0.1)
    assert pickle.loads(pickle.dumps(question)) == question
    assert pickle.loads(pickle.dumps(game)).digest() == game.digest()


@pytest.mark.parametrize("question", QUESTIONS[:6], ids=lambda question: question.name)
def test_solutions_pickle(question: Question) -> None:
    solution = solve(question.game, information=question.information, margin=question.margin)
    assert pickle.loads(pickle.dumps(solution)) == solution


# --- equal questions --------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [0, 3])
def test_equal_questions_are_solved_once(counting: Counting, threads: int) -> None:
    noted = replace(HAND_GAME, game_extra=(("notes", "x", '"y"'),))  # the model does not read it
    asked = [
        Question("a", HAND_GAME),
        Question("b", replace(HAND_GAME)),
        Question("c", HAND_GAME, Information.OPEN_LOOP),
        Question("d", noted),
        Question("e", HAND_GAME, margin=0.5),
        Question("f", replace(HAND_GAME, discount=0.9)),
        Question("g", HAND_GAME, Information.OPEN_LOOP),
    ]
    told: list[BatchProgress] = []
    if threads:
        with ThreadPoolExecutor(threads) as executor:
            answers = solve_each(asked, executor=executor, on_progress=told.append)
    else:
        answers = solve_each(asked, on_progress=told.append)
    assert names(answers) == list("abcdefg")
    assert len(counting.games) == 4
    assert sorted(item.name for item in told) == list("abcdefg")
    assert [item.done for item in told] == [1, 2, 3, 4, 5, 6, 7]


def test_every_field_but_the_name_tells_questions_apart() -> None:
    """Also fields that come later: `Question.key` takes all."""
    asked = Question("a", HAND_GAME)
    other = {
        "information": Information.OPEN_LOOP,
        "margin": 0.25,
        "game": GAMES[0],
        "aims": Aims(MinimaxRegret({"calm": 1.0, "proud": 2.0})),
        "known_ladders": (solve(HAND_GAME).ladder,),
        "past": Past((Rung(()),), ("hold",)),
        "credible_threats": True,
        "options": SolveOptions(highs={"presolve": "on"}),
    }
    assert set(other) == {part.name for part in fields(Question)} - {"name"}
    assert asked.key() == Question("b", HAND_GAME).key()
    for name, value in other.items():
        assert replace(asked, **{name: value}).key() != asked.key()
    regrets = [
        Question("a", HAND_GAME, aims=Aims(MinimaxRegret({"calm": 1.0, "proud": x}))) for x in (2.0, 3.0)
    ]
    assert regrets[0].key() != regrets[1].key()


@pytest.mark.parametrize("threads", [0, 2])
def test_options_of_one_question_alone(threads: int) -> None:
    own = SolveOptions(time_limit_seconds=0.0)
    asked = [Question("all", HAND_GAME), Question("none", HAND_GAME, options=own)]
    with ThreadPoolExecutor(max(threads, 1)) as executor:
        whole, cut = (answer.solution for answer in solve_each(asked, executor=executor if threads else None))
    assert (whole.status.reason, cut.status.limit) == (Reason.OPTIMAL, Limit.TIME)
    assert (whole.provenance.options, cut.provenance.options) == (SolveOptions(), own)


def test_a_past_is_where_the_plan_begins() -> None:
    """The same as a replanning there; the rung of stage 0 has been made, and is not made again."""
    rung = Rung((), starts=(BANK,))
    wanted = replan(HAND_GAME, [rung], ["hold"])
    (answer,) = solve_each([Question("rest", wanted.game, past=Past((rung,), ("hold",)))])
    assert timeless(answer.solution) == timeless(wanted.solution)
    assert answer.solution.provenance.history == ("hold",)
    assert {step.stage for step in answer.solution.outcome.steps} == {1}


def test_aims_reach_the_solve() -> None:
    game = GAMES[0]
    aims = Aims(WorstType(), (TotalCost(1.0),))
    with spawned() as executor:
        (answer,) = solve_each([Question("worst", game, aims=aims)], executor=executor)
    assert answer.solution.provenance.aims == aims
    assert timeless(answer.solution) == timeless(solve(game, aims=aims))


# --- progress and size ------------------------------------------------------------------------------------


def test_progress() -> None:
    told: list[BatchProgress] = []
    thread = []
    with ThreadPoolExecutor(2) as executor:
        solve_each(
            QUESTIONS[:5],
            executor=executor,
            on_progress=lambda item: (told.append(item), thread.append(threading.current_thread())),
        )
    assert [item.done for item in told] == [1, 2, 3, 4, 5]
    assert {item.total for item in told} == {5}
    assert {item.name for item in told} == {question.name for question in QUESTIONS[:5]}
    assert sorted(item.seconds for item in told) == [item.seconds for item in told]
    assert set(thread) == {threading.main_thread()}
    told.clear()
    solve_each(iter(QUESTIONS[:2]), on_progress=told.append)
    assert [(item.done, item.total) for item in told] == [(1, None), (2, None)]


class Watched(ThreadPoolExecutor):
    """Counts the futures that are not done."""

    def __init__(self) -> None:
        super().__init__(2)
        self.open = self.most = 0
        self._counting = threading.Lock()

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future = super().submit(work, *args, **kwargs)
        with self._counting:
            self.open += 1
            self.most = max(self.most, self.open)
        future.add_done_callback(self._done)
        return future

    def _done(self, _future: Future[Any]) -> None:
        with self._counting:
            self.open -= 1


@pytest.mark.parametrize("spread", [False, True])
def test_ten_thousand_questions(counting: Counting, spread: bool) -> None:
    """Drawn as they are needed, so that neither games nor futures pile up."""
    drawn = done = most = 0

    def questions() -> Iterator[Question]:
        nonlocal drawn, most
        for number in range(10_000):
            drawn += 1
            most = max(most, drawn - done)
            yield Question(str(number), replace(HAND_GAME, discount=0.5 + number / 1e5))

    def note(_item: BatchProgress) -> None:
        nonlocal done
        done += 1

    if spread:
        with Watched() as executor:
            answers = solve_each(questions(), executor=executor, on_progress=note)
            assert executor.most <= PENDING
    else:
        answers = solve_each(questions(), on_progress=note)
    assert names(answers) == [str(number) for number in range(10_000)]
    assert len(counting.games) == done == 10_000
    assert most <= (PENDING + 1 if spread else 1)


# --- errors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [None, lambda: ThreadPoolExecutor(1), spawned], ids=["none", "1", "spawn"])
def test_an_error_names_its_question(make: Callable[[], Executor] | None) -> None:
    asked = [QUESTIONS[0], Question("the wrong one", GAMES[0], margin=-1.0), *QUESTIONS[1:]]
    executor = None if make is None else make()
    try:
        with pytest.raises(OptionError, match=r"margin is -1\.0") as caught:
            solve_each(asked, executor=executor)
    finally:
        if executor is not None:
            executor.shutdown()
    assert caught.value.__notes__ == ["in question 'the wrong one'"]


def test_an_error_cancels_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def failing(game: Game, **_asked: object) -> Solution:
        calls.append(game.name)
        time.sleep(0.02)
        raise SolverError("no")

    monkeypatch.setattr(batch, "solve", failing)
    with ThreadPoolExecutor(1) as executor, pytest.raises(SolverError, match="no"):
        solve_each(QUESTIONS, executor=executor)
    assert len(calls) < 6


def test_an_error_of_on_progress_is_raised(counting: Counting) -> None:
    def complain(_item: BatchProgress) -> None:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        solve_each(QUESTIONS, on_progress=complain)
    with ThreadPoolExecutor(1) as executor, pytest.raises(ZeroDivisionError, match="mine"):
        solve_each(QUESTIONS, executor=executor, on_progress=complain)


def test_a_dead_worker_is_an_error() -> None:
    """What is not there must not pass for an answer; only after Ctrl-C is a broken pool expected."""
    executor = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    with executor:
        executor.submit(os._exit, 3)
        with pytest.raises(BrokenProcessPool):
            solve_each(QUESTIONS, executor=executor)


# --- Ctrl-C -----------------------------------------------------------------------------------------------


def is_interrupted(solution: Solution) -> bool:
    return solution.status.reason is Reason.INTERRUPTED and solution.status.limit is Limit.INTERRUPT


def interrupt_after(count: int) -> Callable[[BatchProgress], None]:
    def note(item: BatchProgress) -> None:
        if item.done == count:
            raise KeyboardInterrupt

    return note


@pytest.mark.parametrize("threads", [0, 1])
def test_ctrl_c_keeps_what_is_done(threads: int) -> None:
    executor = ThreadPoolExecutor(threads) if threads else None
    answers = solve_each(QUESTIONS, executor=executor, on_progress=interrupt_after(2))
    if executor is not None:
        executor.shutdown()
    assert names(answers) == [question.name for question in QUESTIONS]
    done = [answer for answer in answers if not is_interrupted(answer.solution)]
    assert 2 <= len(done) <= 4
    assert all(answer.solution.has_ladder for answer in done)
    assert names(tuple(done)) == [question.name for question in QUESTIONS[: len(done)]]
    last = answers[-1].solution
    assert not last.has_ladder
    assert last.dual_bound is None
    assert last.provenance.game_digest == QUESTIONS[-1].game.digest()
    assert last.provenance.margin == QUESTIONS[-1].margin
    assert json.loads(last.to_json())["status"] == "interrupted"


def test_ctrl_c_leaves_an_iterator_undrawn() -> None:
    source = iter(QUESTIONS)
    answers = solve_each(source, on_progress=interrupt_after(2))
    assert names(answers) == [question.name for question in QUESTIONS[:2]]
    assert next(source) == QUESTIONS[2]


def test_ctrl_c_in_a_solve_ends_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """`solve` takes the Ctrl-C and returns an interrupted solution; the batch goes no further."""
    calls = []
    full = solve(HAND_GAME)

    def stopped(game: Game, **_asked: object) -> Solution:
        calls.append(game.name)
        status = replace(full.status, reason=Reason.INTERRUPTED, limit=Limit.INTERRUPT)
        return replace(full, status=status)

    monkeypatch.setattr(batch, "solve", stopped)
    answers = solve_each(QUESTIONS)
    assert len(calls) == 1
    assert answers[0].solution.has_ladder  # the best known, as `solve` gave it
    assert all(is_interrupted(answer.solution) for answer in answers)
    calls.clear()

    def late(game: Game, **_asked: object) -> Solution:
        calls.append(game.name)
        report = replace(full.phases[0].report, limit=Limit.INTERRUPT)  # it came too late to stop HiGHS
        return replace(full, phases=(replace(full.phases[0], report=report),))

    monkeypatch.setattr(batch, "solve", late)
    assert len(solve_each(QUESTIONS)) == len(QUESTIONS)
    assert len(calls) == 1


def test_ctrl_c_stops_solves_in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A solve elsewhere does not hear Ctrl-C; it is told at its next sign of progress."""
    begun = threading.Barrier(3)
    full = solve(HAND_GAME)

    def endless(game: Game, on_progress: Callable[[SearchProgress], None], **_asked: object) -> Solution:
        begun.wait(10)
        try:
            while True:
                on_progress(SearchProgress("test", 0.0, None, None, 1.0, 0))
                time.sleep(0.01)
        except KeyboardInterrupt:  # as `sanctopt.solver_run` does
            return replace(
                full, status=replace(full.status, reason=Reason.INTERRUPTED, limit=Limit.INTERRUPT)
            )

    monkeypatch.setattr(batch, "solve", endless)

    def interrupt() -> None:
        begun.wait(10)
        time.sleep(0.3)  # all six are in the executor by then
        signal.raise_signal(signal.SIGINT)

    timer = threading.Thread(target=interrupt)
    timer.start()
    with ThreadPoolExecutor(2) as executor:
        begin = time.perf_counter()
        answers = solve_each(QUESTIONS[:6], executor=executor)
        seconds = time.perf_counter() - begin
    timer.join()
    assert seconds < 4.0
    assert [answer.solution.has_ladder for answer in answers] == [True, True, False, False, False, False]
    assert all(is_interrupted(answer.solution) for answer in answers)


SCRIPT = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from games import random_game
from sanctopt import load_case
from sanctopt.analysis.batch import Question, solve_each

def main():
    kind = sys.argv[1]
    game = replace(load_case("teaching"), stages=8, off_ramp=None, standing_threats=True)
    long = [Question(str(number), replace(game, discount=1 - number / 1e3)) for number in range(40)]
    asked = [Question("quick", random_game(300)), *long]
    spawn = multiprocessing.get_context("spawn")
    executor = {
        "none": lambda: None,
        "threads": lambda: ThreadPoolExecutor(2),
        "processes": lambda: ProcessPoolExecutor(2, mp_context=spawn),
    }[kind]()
    tell = lambda item: print("done", item.name, flush=True)
    answers = solve_each(asked, executor=executor, on_progress=tell)
    print("ladders", sum(answer.solution.has_ladder for answer in answers), flush=True)
    print("ends", *(answer.solution.status.reason.value for answer in answers), flush=True)
    if executor is not None:
        executor.shutdown(cancel_futures=True)

if __name__ == "__main__":
    main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT to a process group")
@pytest.mark.parametrize("kind", ["none", "threads", "processes"])
def test_a_real_ctrl_c(kind: str, tmp_path: Path) -> None:
    """As from a terminal: to the whole process group, in the middle of solves that take minutes."""
    script = tmp_path / "ask.py"
    script.write_text(SCRIPT)
    root = Path(__file__).parents[2]
    paths = os.pathsep.join([str(root / "tests"), str(root / "src")])
    with subprocess.Popen(
        [sys.executable, str(script), kind],
        env=os.environ | {"PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().split() == ["done", "quick"]
        time.sleep(2.0)
        begin = time.perf_counter()
        os.killpg(process.pid, signal.SIGINT)
        try:
            output, errors = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        seconds = time.perf_counter() - begin
    assert process.returncode == 0, errors
    *_, ladders, ends = (line.split() for line in output.splitlines())
    # Those that ran kept their best, unless a worker died on its way to its first question.
    assert int(ladders[1]) in {"none": [2], "threads": [3], "processes": [1, 2, 3]}[kind]
    assert ends[0] == "ends"
    assert ends[1:] == ["optimal", *["interrupted"] * 40]
    assert seconds < 15.0
