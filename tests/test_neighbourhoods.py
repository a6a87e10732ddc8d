"""Neighbourhoods of a ladder: what is free, what is held, and that ladders only get better."""

from __future__ import annotations

from dataclasses import replace

import pytest

from games import random_game
from oracle import brute_force
from sanctopt import Information, Ladder, play, solve
from sanctopt.errors import LadderError
from sanctopt.game import Game
from sanctopt.ladder import Rung
from sanctopt.outcome import Outcome
from sanctopt.search import neighbourhoods
from sanctopt.search.neighbourhoods import KINDS, Neighbourhood, NeighbourhoodSearch
from sanctopt.search.paths import played_paths
from sanctopt.search.program import Program, do_nothing, ladder_of
from sanctopt.search.task import Clock
from test_answers import task
from test_search import several_types

SEEDS = range(20)
MANY_SEEDS = range(60)


def nearby(game: Game, best: Outcome, seed: int = 0) -> NeighbourhoodSearch:
    return NeighbourhoodSearch(Program.build(task(game, seed=seed), "adaptive program"), "nearby", best)


def program_of(search: NeighbourhoodSearch, near: Neighbourhood, value: float) -> Program:
    point = search.point()
    assert point is not None
    return search.restricted(near, played_paths(search.best), point, value)


def struck_out(game: Game, best: Outcome) -> list[Outcome]:
    """Every worse ladder that leaves out one start of the best one, and is answered alike."""
    found = []
    for number, rung in enumerate(best.ladder.rungs):
        for start in rung.starts:
            rungs = [other.decisions() for other in best.ladder.rungs]
            kept = tuple(other for other in rung.starts if other != start)
            rungs[number] = Rung(
                rung.history, kept, rung.threat, rung.engagements, rung.mitigations, rung.offer
            )
            try:
                played = play(game, Ladder.of(game, Information.ADAPTIVE, rungs))
                found.append(play(game, ladder_of(game, Information.ADAPTIVE, played)))
            except LadderError:
                continue
    return [
        worse
        for worse in found
        if played_paths(worse) == played_paths(best) and worse.value < best.value - 1e-3
    ]


@pytest.mark.parametrize("seed", SEEDS)
class TestPrograms:
    def test_all_that_follows_the_start_is_the_whole_game(
        self, seed: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        game = several_types(seed)
        optimum = solve(game, options=task(game).options).value
        search = nearby(game, do_nothing(task(game)))
        # With nobody held together: doing nothing, all types go the same way.
        monkeypatch.setattr(NeighbourhoodSearch, "_leaders", lambda *_: {n: n for n in game.patron_type})
        everything = Neighbourhood("history", (), range(game.stages))
        program = program_of(search, everything, optimum - 1.0)
        report = program.solve(None)
        assert report.has_solution
        assert program.settle().outcome.value == pytest.approx(optimum, rel=1e-4, abs=1e-4)

    def test_every_kind_holds_the_ladder_itself(self, seed: int) -> None:
        """With a floor below it, no neighbourhood of a ladder is empty, and none loses the ladder."""
        game = several_types(seed)
        best = solve(game).outcome
        search = nearby(game, best)
        for kind in KINDS:
            for _ in range(3):
                near = search.drawn(kind)
                program = program_of(search, near, best.value - 1.0)
                report = program.solve(None)
                assert report.has_solution, near
                assert program.settle().outcome.value == pytest.approx(best.value, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_ladders_only_get_better_and_never_beat_the_optimum(seed: int) -> None:
    game = several_types(seed)
    optimum = solve(game).value
    start = do_nothing(task(game))
    search = nearby(game, start, seed)
    values = [start.value]
    for _ in range(5):
        search.run(Clock(None), rounds=4)
        values.append(search.best.value)
    assert values == sorted(values)
    assert values[-1] <= optimum + 1e-4 * max(1.0, abs(optimum))
    assert search.phase().report.incumbent == search.best.value


def test_a_start_that_was_left_out_is_found_again() -> None:
    """With the same answers, the best ladder is near each one that leaves out one of its starts."""
    count = 0
    for seed in MANY_SEEDS:
        game = several_types(seed)
        best = solve(game).outcome
        for worse in struck_out(game, best):
            search = nearby(game, worse)
            near = Neighbourhood("stages", "all", range(game.stages))
            program = program_of(search, near, worse.value)
            assert program.solve(None).has_solution
            assert program.settle().outcome.value == pytest.approx(best.value, rel=1e-4, abs=1e-4)
            count += 1
    assert count >= 10


def test_neighbourhoods_that_are_searched_to_their_end_are_not_searched_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    game = several_types(3)
    search = nearby(game, solve(game).outcome)
    monkeypatch.setattr(neighbourhoods, "FIRST_SIZE", 1.0)
    search.run(Clock(None))  # ends by itself: nothing is better than the optimum
    drawn = len(search.reports)
    search.run(Clock(None), rounds=3)
    assert len(search.reports) <= drawn + 3


def test_a_closed_gap_ends_the_search() -> None:
    game = several_types(3)
    best = solve(game).outcome
    search = nearby(game, best)
    search.run(Clock(None), bound=best.value)
    assert not search.reports


def test_a_game_with_nothing_to_start_has_neighbourhoods_too() -> None:
    """Without its instrument this game is left with an engagement and no start."""
    game = replace(random_game(308), instruments=(), effects=())
    assert game.eligible == ()
    assert len(game.patron_types) == 1  # solved by the tree of answers, which looks near its first ladder
    assert solve(game).value == pytest.approx(brute_force(game).value, abs=1e-4)
