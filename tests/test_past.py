"""Programs that begin in the middle of a game: what was done and answered is held, best or not."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import count

import pytest

import oracle
from sanctopt import Information, solve
from sanctopt.formulation.build import build_program
from sanctopt.formulation.frame import Frame
from sanctopt.game import Game
from sanctopt.ladder import Rung
from sanctopt.position import Past, Position, advance, opening, take, utilities
from sanctopt.rules import violations
from sanctopt.search import strategy
from sanctopt.solve import solve_task
from sanctopt.solver import compile_program
from sanctopt.solver_options import Reason, SolveOptions
from test_answers import task
from test_search import several_types

SEEDS = range(24)


def longer_game(seed: int) -> Game:
    """A game of several types with a stage left after the first."""
    return next(game for game in map(several_types, count(seed)) if game.stages > 1)


def random_past(game: Game, seed: int) -> Past:
    """Rungs that were allowed and answers drawn from all responses, for a part of the game."""
    rnd = random.Random(seed)
    position, rungs = opening(game), []
    for _ in range(rnd.randint(1, game.stages - 1)):
        rung = Rung(position.history, starts=position.called)
        for start in rnd.sample(game.eligible, len(game.eligible)):
            more = replace(rung, starts=tuple(sorted({*rung.starts, start})))
            if rnd.random() < 0.5 and not violations(game, position, more):
                rung = more
        for name in game.mitigation_names:
            more = replace(rung, mitigations=(*rung.mitigations, name))
            if rnd.random() < 0.3 and not violations(game, position, more):
                rung = more
        for start in game.eligible:
            more = replace(rung, threat=(start,))
            if rnd.random() < 0.2 and not violations(game, position, more):
                rung = more
        rungs.append(rung)
        response = rnd.choice(game.responses).name
        position = advance(game, take(game, position, rung), response)
    return Past(tuple(rungs), position.history)


def by_brute_force(game: Game, position: Position) -> float:
    """The most that can still be earned from a position, all types possible as before."""
    search = oracle._Search(game, "adaptive", 0.0)
    since = dict(position.started)
    mitigated = dict(position.mitigated)
    past = oracle.Past(
        tuple(since.get(start) for start in game.eligible),
        tuple(mitigated.get(name) for name in game.mitigation_names),
        position.credibility,
        position.provocation,
        position.engagement,
        tuple(number for number, start in enumerate(game.eligible) if start in position.called),
    )
    pool = tuple(oracle.Player(number, position.history) for number in range(len(game.patron_types)))
    return search.best(position.stage, past, pool).value


@pytest.mark.parametrize("seed", SEEDS)
def test_program_of_the_rest_against_brute_force(seed: int) -> None:
    game = longer_game(seed)
    if seed % 2 == 0:  # with it, a program may overlook concessions; only the search cuts them off
        game = replace(game, off_ramp=None)
    past = random_past(game, seed)
    frame = Frame(game, tuple(row.name for row in game.patron_types), Information.ADAPTIVE, past=past)
    program = compile_program(build_program(frame))
    report = program.solve(SolveOptions(relative_gap=1e-7))
    assert report.reason is Reason.OPTIMAL
    assert report.dual_bound is not None
    wanted = by_brute_force(game, past.position(game))
    found = report.dual_bound * frame.unit
    if game.off_ramp is None:
        assert found == pytest.approx(wanted, rel=1e-6, abs=1e-6)
    else:
        assert found >= wanted - 1e-6 * max(1.0, abs(wanted))


def test_some_of_these_answers_are_not_best() -> None:
    """So that the test above holds programs against answers that nobody expected."""
    unexpected = 0
    for seed in SEEDS:
        game = longer_game(seed)
        past = random_past(game, seed)
        position = opening(game)
        for rung, response in zip(past.rungs, past.responses, strict=True):
            posture = take(game, position, rung)
            values = [utilities(game, posture, row) for row in game.patron_types]
            unexpected += all(value[response] < max(value.values()) - 1e-9 for value in values)
            position = advance(game, posture, response)
    assert unexpected >= 5


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("small", [600, 0])
def test_search_from_a_past_against_brute_force(
    seed: int, small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exact program, and the tree of answers in its place."""
    game = longer_game(seed)
    past = random_past(game, seed)
    monkeypatch.setattr(strategy, "SMALL", small)
    monkeypatch.setattr(strategy, "TINY", small)
    solution = solve_task(replace(task(game, relative_gap=1e-6), past=past))
    wanted = by_brute_force(game, past.position(game))
    assert solution.status.reason is Reason.OPTIMAL
    assert solution.value == pytest.approx(wanted, rel=1e-6, abs=1e-6)
    assert solution.certificate.accepted
    assert solution.dual_bound is not None
    assert solution.dual_bound >= wanted - 1e-6 * max(1.0, abs(wanted))
    assert all(rung.history[: past.stage] == past.responses for rung in solution.ladder.rungs)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_rest_of_an_optimal_ladder_is_optimal(seed: int) -> None:
    """From an expected history, with the beliefs there, nothing is better than what the ladder does."""
    game = longer_game(seed)
    outcome = solve(game, options=SolveOptions(relative_gap=1e-7)).outcome
    for history in {step.history for step in outcome.steps if step.history}:
        steps = [step for step in outcome.steps if step.history == history]
        types = {step.type: step.belief for step in steps}
        kept = tuple(replace(row, prior=types[row.name]) for row in game.patron_types if row.name in types)
        believed = replace(
            game,
            patron_types=kept,
            utilities=tuple(row for row in game.utilities if row.type in types),
            perception=tuple(row for row in game.perception if row.type in types),
        )
        rungs = {rung.history: rung.decisions() for rung in outcome.ladder.rungs}
        past = Past(tuple(rungs[history[:stage]] for stage in range(len(history))), history)
        found = solve_task(replace(task(believed, relative_gap=1e-7), past=past))
        later = [step for step in outcome.steps if step.type in types and step.stage >= len(history)]
        worth = sum(types[step.type] * step.payoff for step in later)
        assert found.value == pytest.approx(worth, rel=1e-5, abs=1e-5)
