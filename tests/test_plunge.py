"""Rounding a relaxation step by step."""

from __future__ import annotations

import pytest

from oracle import brute_force
from sanctopt import solve
from sanctopt.game import Game
from sanctopt.search.paths import PathIndex, played_paths
from sanctopt.search.plunge import plunge
from sanctopt.search.program import Program
from sanctopt.search.task import Clock
from suite.families import generate
from test_answers import task
from test_search import several_types

SEEDS = range(12)


def of_the_optimum(game: Game) -> Program:
    """The program of rungs in which the best ladder is."""
    program = Program.build(task(game), "rungs", tight=True)
    fixed, tied = PathIndex(program.model).settled_by(played_paths(solve(game).outcome))
    return Program(program.task, program.purpose, program.model, program.compiled.restricted(fixed, tied))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_point_is_one_and_no_better_than_the_best(seed: int) -> None:
    game = several_types(seed)
    program = of_the_optimum(game)
    assert plunge(program, Clock(None))
    assert program.compiled.evaluate(program.compiled.values).largest_violation <= 1e-6
    settled = program.settle()
    assert settled.excess == 0.0
    assert settled.outcome.value <= brute_force(game).value + 1e-6 * max(1.0, abs(settled.outcome.value))


def test_most_points_are_good() -> None:
    """At least half of the best, in most games."""
    games = [several_types(seed) for seed in SEEDS]
    good = 0
    for game in games:
        program = of_the_optimum(game)
        if plunge(program, Clock(None)):
            good += program.settle().outcome.value >= 0.5 * brute_force(game).value
    assert good > len(games) / 2


def test_where_there_is_no_point_it_finds_none() -> None:
    game = several_types(0)
    program = of_the_optimum(game)
    above = (brute_force(game).value + 1.0) / program.unit
    program.compiled.add_row(program.model.worth_terms, above, "floor")
    assert not plunge(program, Clock(None))


def test_no_time_finds_none() -> None:
    program = Program.build(task(generate("adapting", "S", 0)), "all", tight=True)
    assert not plunge(program, Clock(0.0))


def test_of_the_whole_program_it_is_a_ladder_or_none() -> None:
    """Answers are rounded as starts are, and may lead nowhere; what is found is still played."""
    found = 0
    for seed in SEEDS:
        game = several_types(seed)
        program = Program.build(task(game), "all", tight=True)
        if plunge(program, Clock(None)):
            value = program.settle().outcome.value
            assert value <= brute_force(game).value + 1e-6 * max(1.0, abs(value))
            found += 1
    assert found > 0
