"""Rounding a relaxation step by step."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest

from oracle import brute_force
from sanctopt import solve
from sanctopt.game import Game
from sanctopt.search.paths import PathIndex, played_paths
from sanctopt.search.plunge import plunge
from sanctopt.search.program import Program
from sanctopt.search.task import Clock
from sanctopt.solver import compile_program
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
    assert plunge(program, Clock(None)).found
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
        if plunge(program, Clock(None)).found:
            good += program.settle().outcome.value >= 0.5 * brute_force(game).value
    assert good > len(games) / 2


def test_where_there_is_no_point_it_finds_none() -> None:
    game = several_types(0)
    program = of_the_optimum(game)
    above = (brute_force(game).value + 1.0) / program.unit
    program.compiled.add_row(program.model.worth_terms, above, "floor")
    assert not plunge(program, Clock(None)).found


def dead_ends(number: int) -> Program:
    """Promises that the relaxation keeps by six sevenths, and nobody can keep: of three, two are wanted.

    Row by row, nothing rules them out.
    """
    model = pyo.ConcreteModel()
    model.of = pyo.Set(initialize=range(number))
    model.kept = pyo.Var(model.of, domain=pyo.Binary)
    model.done = pyo.Var(model.of, [0, 1, 2], domain=pyo.Binary)
    model.wanted = pyo.Constraint(
        model.of, rule=lambda m, n: sum(m.done[n, i] for i in range(3)) >= 2 * m.kept[n]
    )
    model.room = pyo.Constraint(
        model.of, [0, 1, 2], rule=lambda m, n, i: m.done[n, i] + m.done[n, (i + 1) % 3] <= 2 - m.kept[n]
    )
    model.worth = pyo.Objective(expr=sum(model.kept[n] for n in model.of), sense=pyo.maximize)
    return Program(task(several_types(0)), "dead ends", model, compile_program(model))


@pytest.mark.parametrize("number", [1, 2, 5])
def test_a_dead_end_is_left(number: int) -> None:
    program = dead_ends(number)
    assert plunge(program, Clock(None)).found
    assert all(program.compiled.value(program.model.kept[n]) == 0.0 for n in range(number))


def test_of_many_dead_ends_only_so_many_are_tried() -> None:
    assert plunge(dead_ends(1), Clock(None), 3).found
    assert not plunge(dead_ends(5), Clock(None), 3).found


def test_no_more_relaxations_are_solved_than_it_may() -> None:
    program = Program.build(task(generate("adapting", "S", 0)), "all", tight=True)
    assert plunge(program, Clock(None)).found
    assert not plunge(program, Clock(None), relaxations=2).found


def test_what_is_held_stays_held() -> None:
    found = 0
    for game in map(several_types, SEEDS):
        program = Program.build(task(game), "all", tight=True)
        start = next(iter(program.model.starts.values()), None)
        if start is None:
            continue
        program.compiled.fix(start, 1.0)
        if plunge(program, Clock(None)).found:
            assert program.compiled.value(start) == pytest.approx(1.0, abs=1e-6)
            found += 1
    assert found > 0


def test_no_time_finds_none() -> None:
    program = Program.build(task(generate("adapting", "S", 0)), "all", tight=True)
    assert not plunge(program, Clock(0.0)).found


def test_of_the_whole_program_it_is_a_ladder_or_none() -> None:
    """Answers are rounded as starts are, and may lead nowhere; what is found is still played."""
    found = 0
    for seed in SEEDS:
        game = several_types(seed)
        program = Program.build(task(game), "all", tight=True)
        if plunge(program, Clock(None)).found:
            value = program.settle().outcome.value
            assert value <= brute_force(game).value + 1e-6 * max(1.0, abs(value))
            found += 1
    assert found > 0
