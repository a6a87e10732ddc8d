"""Bounds and ladders of groups of types, against brute force."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from games import random_game
from oracle import brute_force
from sanctopt import Game, SolveOptions, solve
from sanctopt.aims import Aims, AtLeast, Expectation, WorstType
from sanctopt.errors import SolverError
from sanctopt.outcome import Objective, Outcome, counts_by_type
from sanctopt.search import SearchProgress, groups, strategy
from sanctopt.search.alone import alone_with, among
from sanctopt.search.answers import answer_tree
from sanctopt.search.groups import (
    alike,
    check_caps,
    grouped,
    groups_can_bound,
    in_parts,
    joined,
    led,
    parted,
)
from sanctopt.search.program import Program, do_nothing
from sanctopt.search.task import Caps, Clock, Task
from sanctopt.solver_options import Reason
from suite.families import generate
from test_answers import WIDE, task
from test_search import several_types

SEEDS = range(12)


def wide(seed: int) -> Game:
    """A random game of at least three types."""
    while len((game := random_game(seed, WIDE)).patron_types) < 3:
        seed += 1000
    return game


@cache
def studied(kind: Callable[[int], Game], seed: int) -> tuple[Game, dict[str, float], float]:
    """A game, what is best against each type alone, and what is best against all."""
    game = kind(seed)
    caps = {patron.name: brute_force(alone_with(game, patron)).value for patron in game.patron_types}
    return game, caps, brute_force(game).value


@cache
def tied() -> tuple[Game, dict[str, float], float]:
    """A game in which the tie between types, also of those in parts of two, costs something."""
    for game, caps, optimum in (studied(wide, seed) for seed in range(100)):
        parts = parted_in_two(game)
        most = sum(sum(p.prior for p in game.patron_types if p.name in part) * cap for part, cap in parts)
        if optimum > 0 and min(most, of_known_types(game, caps)) > 1.01 * optimum:
            return game, caps, optimum
    raise AssertionError("none among a hundred")


def parted_in_two(game: Game) -> list[tuple[tuple[str, ...], float]]:
    """Parts of at most two types that are alike, and what is best against each."""
    order = alike(game)
    parts = [tuple(order[begin : begin + 2]) for begin in range(0, len(order), 2)]
    return [(part, brute_force(among(game, part)).value) for part in parts]


def of_known_types(game: Game, caps: dict[str, float]) -> float:
    return sum(patron.prior * caps[patron.name] for patron in game.patron_types)


def tolerance(value: float) -> float:
    return 1e-6 * max(1.0, abs(value))


def in_groups(game: Game, caps: dict[str, float], outcome: Outcome) -> tuple[float, list[Outcome]]:
    bound, found, phases = grouped(task(game), caps, outcome, Clock(600.0))
    assert bool(found) is bool(phases)
    return bound, found


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", [several_types, wide])
def test_the_bound_lies_between_the_optimum_and_known_types(seed: int, kind: Callable[[int], Game]) -> None:
    game, caps, optimum = studied(kind, seed)
    known = of_known_types(game, caps)
    for start in (do_nothing(task(game)), solve(game).outcome):
        bound, found = in_groups(game, caps, start)
        assert optimum - tolerance(optimum) <= bound <= known
        assert all(outcome.value <= optimum + tolerance(optimum) for outcome in found)


def test_of_two_types_that_lose_by_the_tie_the_bound_is_the_optimum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sanctopt.search.groups.LEAST_GAP", 1e-6)
    compared = 0
    for seed in SEEDS:
        game, caps, optimum = studied(several_types, seed)
        if len(game.patron_types) == 2 and of_known_types(game, caps) > optimum + 1e-3:
            bound, found = in_groups(game, caps, solve(game).outcome)
            assert bound == pytest.approx(optimum, rel=1e-5, abs=1e-5)
            assert max(outcome.value for outcome in found) == pytest.approx(optimum, rel=1e-5, abs=1e-5)
            compared += 1
    assert compared > 0


def test_some_bounds_of_groups_are_closer_than_known_types() -> None:
    """Else the other tests could pass on games without a tie."""
    closer = 0
    for seed in SEEDS:
        game, caps, _ = studied(wide, seed)
        closer += in_groups(game, caps, do_nothing(task(game)))[0] < of_known_types(game, caps) - 1e-3
    assert closer >= 3


def test_no_time_no_bound_beyond_known_types() -> None:
    game, caps, _ = studied(wide, 0)
    bound, found, phases = grouped(task(game), caps, do_nothing(task(game)), Clock(0.0))
    assert bound == of_known_types(game, caps)
    assert not found
    assert not phases


@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.3])
def test_a_round_that_time_ends_has_a_bound_that_holds(seconds: float) -> None:
    for seed in SEEDS[:6]:
        game, caps, optimum = studied(wide, seed)
        bound, _, _ = grouped(task(game), caps, do_nothing(task(game)), Clock(seconds))
        assert optimum - tolerance(optimum) <= bound <= of_known_types(game, caps)


def test_caps_within_a_group() -> None:
    caps = Caps({"a": 1.0, "b": 2.0, "c": 3.0}, {("a", "b"): 1.2, ("b", "c"): 2.4})
    assert caps.within(("c", "b")) == Caps({"b": 2.0, "c": 3.0}, {("b", "c"): 2.4})


def test_who_loses_much_leads() -> None:
    game = wide(1)
    start = do_nothing(task(game))
    first, *others = game.patron_types
    caps = {patron.name: start.values[patron.name] for patron in game.patron_types}
    caps[first.name] += 10.0
    assert led(task(game), caps, start) == ([first.name], [patron.name for patron in others])


def test_groups_are_of_one_leader_and_of_those_that_lose_least() -> None:
    assert joined(["a", "b"], ["c", "d", "e", "f"], 2) == [("a", "f"), ("b", "e")]
    assert joined(["a", "b"], ["c", "d", "e", "f"], 3) == [("a", "f", "e"), ("b", "d", "c")]
    assert joined(["a", "b"], ["c"], 2) == [("a", "c")]
    assert joined([], ["c"], 2) == []


def test_the_game_of_some_types() -> None:
    game = wide(2)
    first, _, *others = (patron.name for patron in game.patron_types)
    names = {first, *others}
    few = among(game, names)
    assert {patron.name for patron in few.patron_types} == names
    assert sum(patron.prior for patron in few.patron_types) == pytest.approx(1.0)
    assert {row.type for row in few.utilities} == names
    ratio = few.patron_types[0].prior / few.patron_types[-1].prior
    assert ratio == pytest.approx(game.patron_types[0].prior / game.patron_types[-1].prior)
    assert among(game, {first}) == alone_with(game, game.patron_types[0])


def test_only_expectations_without_limits_have_such_bounds() -> None:
    game = wide(0)
    assert groups_can_bound(task(game))
    for aims in (Aims(WorstType()), Aims(Expectation(), (AtLeast(0.0, Expectation(), Objective.DENIED),))):
        assert not groups_can_bound(replace(task(game), aims=aims))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("aims", [Aims(), Aims(WorstType())])
def test_in_a_large_game(seed: int, aims: Aims, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strategy, "LARGE", 0)
    monkeypatch.setattr(strategy, "TINY", 0)
    monkeypatch.setattr(strategy, "TIE_GAP", float("inf"))
    game = wide(seed)
    optimum = solve(game, aims=aims).dual_bound
    solution = solve(game, aims=aims, options=SolveOptions(time_limit_seconds=60.0))
    asked = [phase for phase in solution.phases if phase.purpose.startswith("one of")]
    assert not asked or isinstance(aims.criterion, Expectation)
    assert solution.dual_bound >= optimum - 2.0 * tolerance(optimum)
    assert solution.certificate.accepted


@pytest.mark.parametrize("seed", range(3))
def test_progress_of_a_large_game_tells_of_all_types_together(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strategy, "LARGE", 0)
    monkeypatch.setattr(strategy, "TINY", 0)
    told: list[SearchProgress] = []
    solution = solve(wide(seed), options=SolveOptions(time_limit_seconds=60.0), on_progress=told.append)
    whole = [news for news in told if news.purpose == "adaptive program"]
    assert len(whole) >= 2
    ladders = [news.incumbent for news in whole if news.incumbent is not None]
    bounds = [news.dual_bound for news in whole if news.dual_bound is not None]
    assert ladders == sorted(ladders)
    assert bounds == sorted(bounds, reverse=True)
    assert ladders[-1] <= solution.value + tolerance(solution.value)
    assert bounds[-1] >= solution.dual_bound - tolerance(solution.dual_bound)


def test_ctrl_c_as_a_large_game_tells_of_all_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strategy, "LARGE", 0)
    monkeypatch.setattr(strategy, "TINY", 0)

    def interrupt(news: SearchProgress) -> None:
        if news.purpose == "adaptive program":
            raise KeyboardInterrupt

    game, _, _ = tied()
    stopped = solve(game, options=SolveOptions(time_limit_seconds=60.0), on_progress=interrupt)
    assert stopped.status.reason is Reason.INTERRUPTED
    assert stopped.has_ladder
    assert stopped.certificate.accepted


@pytest.mark.parametrize("purpose", ["adaptive program", "pool of"])
def test_ctrl_c_while_a_program_of_a_large_game_is_built(
    purpose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found and proven before is not lost."""
    monkeypatch.setattr(strategy, "LARGE", 0)
    monkeypatch.setattr(strategy, "TINY", 0)
    _interrupted_building(purpose, monkeypatch)
    game, _, optimum = tied()
    stopped = solve(game, options=SolveOptions(time_limit_seconds=60.0))
    assert stopped.status.reason is Reason.INTERRUPTED
    assert stopped.certificate.accepted
    assert stopped.dual_bound >= optimum - tolerance(optimum)


def _interrupted_building(purpose: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the first program for a purpose is built."""
    build = Program.build.__func__  # type: ignore[attr-defined]
    struck: list[str] = []

    def interrupted(cls: type[Program], task: Task, name: str, *rest: Any, **options: Any) -> Program:
        if name.startswith(purpose) and not struck:
            struck.append(name)
            raise KeyboardInterrupt
        built: Program = build(cls, task, name, *rest, **options)
        return built

    monkeypatch.setattr(Program, "build", classmethod(interrupted))


def test_a_ladder_that_gives_more_than_is_proven_of_a_part_is_an_error() -> None:
    game = wide(0)
    names = tuple(patron.name for patron in game.patron_types)
    idle = do_nothing(task(game))
    counts = counts_by_type(Objective.PAYOFF, idle)
    check_caps(task(game), idle, Caps(counts, {names: idle.value}))
    with pytest.raises(SolverError, match=f"if the type is one of {names[0]}, a ladder worth"):
        check_caps(task(game), idle, Caps({names[0]: counts[names[0]] - 1.0}))
    with pytest.raises(SolverError, match="stands above the proven bound"):
        check_caps(task(game), idle, Caps({}, {names: idle.value - 1.0}))


@pytest.fixture
def parts_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Games of more than two types are solved in parts of at most two first."""
    monkeypatch.setattr(groups, "MOST", 2)
    monkeypatch.setattr(strategy, "MOST", 2)
    monkeypatch.setattr(strategy, "TINY", 0)


@pytest.mark.usefixtures("parts_of_two")
class TestInParts:
    @pytest.mark.parametrize("threads", [1, 2])
    @pytest.mark.parametrize("seed", SEEDS)
    def test_the_optimum(self, seed: int, threads: int) -> None:
        game, _, optimum = studied(wide, seed)
        solution = solve(game, options=SolveOptions(threads=threads))
        assert solution.status.reason is Reason.OPTIMAL
        assert solution.value == pytest.approx(optimum, rel=1e-6, abs=1e-6)
        assert solution.dual_bound is not None
        assert solution.dual_bound >= optimum - tolerance(optimum)
        assert any("types known" in phase.purpose for phase in solution.phases)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_caps_of_parts_bound_what_any_ladder_gives_to_them(self, seed: int) -> None:
        """Each part's cap is the optimum of its own game, to the gap that was asked for."""
        game, _, optimum = studied(wide, seed)
        first, caps = in_parts(task(game))
        assert first.bound is not None
        assert first.bound >= optimum - tolerance(optimum)
        assert sorted(name for part in caps.groups for name in part) == sorted(
            patron.name for patron in game.patron_types if patron.prior > 0.0
        )
        for part, cap in caps.groups.items():
            own = brute_force(among(game, part)).value
            assert own - tolerance(own) <= cap <= own + 2e-4 * max(1.0, abs(own))

    @pytest.mark.parametrize("seed", range(6))
    def test_a_tree_with_caps_has_the_same_optimum(self, seed: int) -> None:
        """Some nodes are closed by them: without the tie the parts are worth more, never less."""
        game, _, optimum = studied(wide, seed)
        _, caps = in_parts(task(game))
        result = answer_tree(task(game), "tree", None, caps=caps)
        assert result.finding is not None
        assert result.finding.worth == pytest.approx(optimum, rel=1e-6, abs=1e-6)

    def test_parts_close_the_gap_that_is_asked_for_without_a_tree_of_all(self) -> None:
        game, _, optimum = studied(wide, 0)
        solution = solve(game, options=SolveOptions(relative_gap=0.9))
        assert solution.status.reason is Reason.OPTIMAL
        assert not any("adaptive program" in phase.purpose for phase in solution.phases)
        assert solution.value <= optimum + tolerance(optimum)

    def test_no_time_and_a_margin_that_no_ladder_has(self) -> None:
        game, _, _ = studied(wide, 1)
        ended = solve(game, options=SolveOptions(time_limit_seconds=0.0))
        assert ended.status.reason is Reason.LIMIT
        assert ended.has_ladder
        assert solve(game, margin=1000.0).status.reason is Reason.INFEASIBLE

    def test_ctrl_c_while_the_program_of_all_types_is_built(self, monkeypatch: pytest.MonkeyPatch) -> None:
        game, _, optimum = tied()
        _interrupted_building("adaptive program", monkeypatch)
        stopped = solve(game)
        assert stopped.status.reason is Reason.INTERRUPTED
        assert stopped.has_ladder
        assert stopped.dual_bound >= optimum - tolerance(optimum)

    def test_ctrl_c_in_a_part(self) -> None:
        game, _, _ = studied(wide, 2)
        stopped = solve(game, on_progress=_interrupt)
        assert stopped.status.reason is Reason.INTERRUPTED
        assert stopped.has_ladder


def _interrupt(_: SearchProgress) -> None:
    raise KeyboardInterrupt


def test_parts_are_few_even_and_in_order() -> None:
    assert parted(list("abcdefgh")) == [tuple("abcdefgh")]
    assert parted(list("abcdefghi")) == [tuple("abcd"), tuple("efghi")]
    assert [len(part) for part in parted(["x"] * 20)] == [6, 7, 7]


def test_types_that_are_alike_are_near_each_other() -> None:
    """However the case lists them: doves and hawks in turn are told apart."""
    game = generate("standard", "S", 0, types=12)
    order = alike(game)
    mixed = replace(game, patron_types=(*game.patron_types[::2], *game.patron_types[1::2]))
    again = alike(mixed)
    assert again in (order, order[::-1])
    assert order in ([f"type{n}" for n in range(12)], [f"type{n}" for n in reversed(range(12))])
