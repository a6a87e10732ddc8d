"""Frontiers: all non-dominated points of brute force and no others, honest where solves are cut short."""

from __future__ import annotations

import math
import random
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from itertools import combinations, pairwise
from typing import Any

import pytest

from games import random_game
from oracle_frontier import best_pairs
from sanctopt import Ladder, OptionError, Rung, SolveOptions, SolverError, Start, load_case, play, solve
from sanctopt.aims import Mixture, Objective
from sanctopt.analysis import Frontier, batch, frontier
from sanctopt.analysis.batch import BatchProgress
from sanctopt.analysis.pareto.point_text import move_text
from sanctopt.game import Game
from sanctopt.solution import Status
from sanctopt.solver_options import Limit, Reason
from test_docs_formulation import LATE
from test_objectives import offering

LONG = (13, 17, 35, 48, 53, 60, 79)
"""Seeds of games whose frontiers of revenue denied and cost have 4 to 14 points."""

GAMES = [random_game(seed) for seed in LONG] + [offering(seed) for seed in range(4)]
PAIRS = list(combinations(Objective, 2))
FREE_OFFERS = replace(LATE, off_ramp=replace(LATE.off_ramp, offer_cost=0.0))  # type: ignore[type-var]


def nearly(one: float, other: float) -> bool:
    return abs(one - other) <= 2e-5 * max(1.0, abs(other))


def counts(found: Frontier) -> list[tuple[float, float]]:
    return [(found.x.sign * point.x, found.y.sign * point.y) for point in found.points]


def assert_frontier(game: Game, x: Objective, y: Objective, executor: Executor | None = None) -> Frontier:
    found, wanted = frontier(game, x, y, executor=executor), best_pairs(game, x, y)
    made = counts(found)
    assert found.complete
    assert len(made) <= len(wanted)
    for a, b in made:
        assert any(nearly(a, c) and nearly(b, d) for c, d in wanted), (x, y, a, b, wanted)
    for c, d in wanted:
        assert any(a >= c - 2e-5 * max(1.0, abs(c)) and b >= d - 2e-5 * max(1.0, abs(d)) for a, b in made), (
            *(x, y, c, d),
            made,
        )
    return found


@pytest.mark.parametrize("number", range(len(GAMES)))
def test_brute_force(number: int) -> None:
    """Every pair of objectives in one game or another, some of them the other way round."""
    for place, (x, y) in enumerate(PAIRS[number % 5 :: 5]):
        found = assert_frontier(GAMES[number], *((y, x) if (place + number) % 2 else (x, y)))
        for one, other in pairwise(counts(found)):
            assert one[0] > other[0]
            assert one[1] < other[1]
        for point in found.points:
            assert point.exact
            assert point.solution.certificate.accepted
            rungs = [rung.decisions() for rung in point.ladder.rungs]
            plain = Ladder.of(GAMES[number], point.ladder.information, rungs)
            outcome = play(GAMES[number], plain, prefer=point.solution.outcome.responses)
            assert found.x.expected(outcome) == pytest.approx(point.x, rel=1e-9, abs=1e-9)
            assert found.y.expected(outcome) == pytest.approx(point.y, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("number", range(0, len(GAMES), 3))
def test_from_both_ends_at_once(number: int) -> None:
    game, (x, y) = GAMES[number], PAIRS[number % len(PAIRS)]
    with ThreadPoolExecutor(2) as executor:
        found = assert_frontier(game, x, y, executor)
        alone = frontier(game, x, y)
        assert len(found.points) == len(alone.points)
        for one, other in zip(counts(found), counts(alone), strict=True):
            assert one == pytest.approx(other, rel=2e-5, abs=2e-5)
        some = frontier(game, x, y, executor=executor, points=4)
    assert not some.complete
    assert len(some.points) <= 4
    ends = [counts(some)[0], counts(some)[-1]]
    assert ends == [pytest.approx(end, rel=2e-5, abs=2e-5) for end in (counts(found)[0], counts(found)[-1])]
    for one in counts(some):
        assert any(nearly(one[0], a) and nearly(one[1], b) for a, b in counts(found))


def test_these_games_have_long_frontiers() -> None:
    lengths = [len(best_pairs(game, Objective.DENIED, Objective.COST)) for game in GAMES]
    assert sum(length >= 4 for length in lengths) >= len(LONG)


@pytest.mark.parametrize(
    "pair", [(Objective.DENIED, Objective.HARM), (Objective.HOSTILITY, Objective.PAYOFF)]
)
def test_concessions_that_are_forced(pair: tuple[Objective, Objective]) -> None:
    assert_frontier(FREE_OFFERS, *pair)


@pytest.mark.parametrize(
    ("seed", "x", "y"),
    [
        (2040, Objective.DENIED, Objective.PAYOFF),
        (2213, Objective.DENIED, Objective.COST),
        (2309, Objective.PAYOFF, Objective.DENIED),
        (2348, Objective.COST, Objective.CREDIBILITY),
    ],
)
def test_where_a_row_or_a_small_step_misled_the_solver(seed: int, x: Objective, y: Objective) -> None:
    assert_frontier(offered(seed), x, y)


def offered(seed: int) -> Game:
    """A random game with an off-ramp that is cheap to offer and easily taken; some with a type of prior 0."""
    game, draw = random_game(seed), random.Random(seed)
    assert game.off_ramp is not None
    rows = [replace(row, reservation=draw.choice((0.5, 0.75, 0.9, 1.0, 0.8))) for row in game.patron_types]
    if draw.random() < 0.25:
        rows[:2] = [replace(rows[0], prior=0.0), replace(rows[1], prior=rows[0].prior + rows[1].prior)]
    cost = draw.choice((0.0, 0.5))
    return replace(game, patron_types=tuple(rows), off_ramp=replace(game.off_ramp, offer_cost=cost))


def test_prior_zero_and_certain_types() -> None:
    game = GAMES[1]
    first, *others = game.patron_types
    rest = math.fsum(row.prior for row in others)
    rows = (replace(first, prior=0.0), *(replace(row, prior=row.prior / rest) for row in others))
    assert_frontier(replace(game, patron_types=rows), Objective.DENIED, Objective.HOSTILITY)
    alone = next(game for game in map(random_game, range(50)) if len(game.patron_types) == 1)
    assert_frontier(alone, Objective.DENIED, Objective.COST)


def test_a_game_in_which_nothing_can_be_done() -> None:
    idle = replace(LATE, effects=(), off_ramp=None)
    found = assert_frontier(idle, Objective.DENIED, Objective.COST)
    assert [(point.x, point.y) for point in found.points] == [(0.0, 0.0)]
    assert found.first_moves[0].rung == Rung(())


TEACHING = load_case("teaching")


class TestText:
    def test_table_and_first_moves(self) -> None:
        found = frontier(TEACHING, Objective.DENIED, Objective.HOSTILITY)
        frame = found.to_frame()
        assert list(frame["revenue denied"]) == [point.x for point in found.points]
        assert list(frame["exact"]) == [True] * 3
        assert {number for move in found.first_moves for number in move.points} == {0, 1, 2}
        assert found.first_moves[0].points == (0, 1)
        text = str(found)
        assert "revenue denied (US$m, much is good) against probability of a hostile response" in text
        assert "Every point that no ladder beats in both, each proven." in text
        assert "bound" not in text
        assert "(1) designate medium_bank" in text

    def test_move_text(self) -> None:
        rung = Rung((), threat=(Start("bank", "designate"),), engagements=("talks",))
        assert move_text(rung) == "talks; threat: designate bank"


class TestCutShort:
    """With no node of branch and bound a solve ends early: best found, with bounds that hold."""

    OPTIONS = SolveOptions(node_limit=0, highs={"mip_heuristic_effort": 0.0})

    def test_bounds_hold_and_nothing_is_called_exact_that_is_not(self) -> None:
        short = 0
        for number in (0, 2, 3, 7):
            game = GAMES[number]
            for x, y in ((Objective.DENIED, Objective.COST), (Objective.PAYOFF, Objective.CREDIBILITY)):
                wanted = best_pairs(game, x, y)
                found = frontier(game, x, y, options=self.OPTIONS, points=4)
                assert not found.complete
                assert 1 <= len(found.points) <= 4
                for point, (a, b) in zip(found.points, counts(found), strict=True):
                    short += not point.exact
                    best = max(c for c, d in wanted if d >= b - 1e-6)
                    assert x.sign * point.x_bound >= best - 1e-5 * max(1.0, abs(best))
                    best = max(d for c, d in wanted if c >= a - 1e-6)
                    assert y.sign * point.y_bound >= best - 1e-5 * max(1.0, abs(best))
                    if point.exact:
                        assert any(nearly(a, c) and nearly(b, d) for c, d in wanted)
                for one, other in pairwise(counts(found)):
                    assert one[0] > other[0]
                    assert one[1] < other[1]
        assert short >= 1

    def test_some_points_evenly_spaced(self) -> None:
        found = frontier(GAMES[4], Objective.DENIED, Objective.COST, points=4)
        whole = counts(frontier(GAMES[4], Objective.DENIED, Objective.COST))
        assert len(found.points) == 4
        assert set(counts(found)) <= set(whole)
        assert not found.complete
        assert (counts(found)[0], counts(found)[-1]) == (whole[0], whole[-1])
        assert "others may lie between" in str(found)

    def test_time_is_over_before_it_began(self) -> None:
        options = SolveOptions(time_limit_seconds=0.0)
        found = frontier(TEACHING, Objective.DENIED, Objective.COST, options=options, points=3)
        assert not found.complete
        assert not any(point.exact for point in found.points if point.x_bound > point.x + 1.0)


class TestProgressAndInterrupts:
    def test_told_after_each_point(self) -> None:
        told: list[BatchProgress] = []
        frontier(TEACHING, Objective.DENIED, Objective.HOSTILITY, on_progress=told.append)
        assert [item.done for item in told] == list(range(1, len(told) + 1))
        assert told[0].name == "revenue denied 280, probability of a hostile response 1"

    def test_ctrl_c_between_points(self) -> None:
        def stop(progress: BatchProgress) -> None:
            if progress.done == 2:
                raise KeyboardInterrupt

        found = frontier(TEACHING, Objective.DENIED, Objective.COST, on_progress=stop)
        assert len(found.points) == 2
        assert not found.complete

    @pytest.mark.parametrize("workers", [0, 2])
    def test_ctrl_c_in_a_solve(self, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
        calls: list[int] = []

        def stopped(*args: Any, **settings: Any) -> Any:
            calls.append(1)
            solution = solve(*args, **settings)
            if len(calls) < 5:
                return solution
            return replace(solution, status=Status(Reason.INTERRUPTED, Limit.INTERRUPT))

        monkeypatch.setattr(batch, "solve", stopped)
        with ThreadPoolExecutor(2) as executor:
            told = executor if workers else None
            found = frontier(TEACHING, Objective.DENIED, Objective.COST, executor=told)
        assert not found.complete
        assert len(found.points) == (0 if workers else 1)  # two points at once: neither is finished


class TestSecondOpinion:
    def test_a_wrong_optimum_is_put_right(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The first way of asking keeps to what it begins with, and calls that optimal."""

        def wrong(game: Game, **settings: Any) -> Any:
            mixed = isinstance(settings["aims"].objective, Mixture)
            if mixed or settings["options"].highs.get("presolve") == "on":
                return solve(game, **settings)
            limited = settings | {"options": SolveOptions(node_limit=0, highs={"mip_heuristic_effort": 0.0})}
            solution = solve(game, **limited)
            worth = solution.value if solution.has_ladder else None
            return replace(solution, status=Status(Reason.OPTIMAL), dual_bound=worth)

        monkeypatch.setattr(batch, "solve", wrong)
        assert_frontier(GAMES[0], Objective.DENIED, Objective.COST)

    @pytest.mark.parametrize("workers", [0, 2])
    def test_one_that_fails_leaves_it_to_the_other(
        self, workers: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def failing(game: Game, **settings: Any) -> Any:
            if settings["options"].highs.get("presolve") != "on":
                raise SolverError("HiGHS contradicts the rules")
            return solve(game, **settings)

        monkeypatch.setattr(batch, "solve", failing)
        with ThreadPoolExecutor(2) as executor:
            assert_frontier(GAMES[0], Objective.DENIED, Objective.COST, executor if workers else None)

    def test_both_fail(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def infeasible(game: Game, **settings: Any) -> Any:
            solution = solve(game, **settings)
            return replace(solution, status=Status(Reason.INFEASIBLE), plans=())

        monkeypatch.setattr(batch, "solve", infeasible)
        with pytest.raises(SolverError, match="called infeasible, but a ladder is known"):
            frontier(GAMES[0], Objective.DENIED, Objective.COST)


def test_what_does_not_fit() -> None:
    with pytest.raises(OptionError, match="both objectives are cost; give two different ones"):
        frontier(LATE, Objective.COST, Objective.COST)
    with pytest.raises(OptionError, match=r"'cost' is no objective; give one of sanctopt\.aims"):
        frontier(LATE, "cost", Objective.COST)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="points is 1; give at least 2"):
        frontier(LATE, Objective.COST, Objective.DENIED, points=1)
