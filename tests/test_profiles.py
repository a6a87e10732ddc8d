"""The bound from response profiles, and the whole search with every step of it switched on."""

from __future__ import annotations

import pytest

from games import random_game
from oracle import brute_force
from sanctopt import Information, SolveOptions, solve
from sanctopt.game import Game
from sanctopt.search import profiles, strategy
from sanctopt.search.known import expected_bound, known_types, type_bound
from sanctopt.search.profiles import profile_bound
from sanctopt.search.task import Clock, Task
from suite.families import generate
from test_program_against_oracle import WIDE, compared
from test_search import several_types

SEEDS = range(40)


def task(game: Game, margin: float = 0.0) -> Task:
    return Task(game, Information.ADAPTIVE, margin, SolveOptions(), Clock(None), None)


def caps(game: Game, asked: Task) -> tuple[dict[str, float], float]:
    known = known_types(asked, 1.0)
    return {p.name: type_bound(game, p, known) for p in game.patron_types}, expected_bound(game, known)


class TestBound:
    @pytest.fixture(autouse=True)
    def as_far_as_it_goes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(profiles, "WORTHWHILE", 0.0)

    def test_rounds_that_close_little_end_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        game = several_types(3)
        asked = task(game)
        limits, _ = caps(game, asked)
        patient = profile_bound(asked, limits, -1e9, Clock(None))
        monkeypatch.setattr(profiles, "WORTHWHILE", 1.0)
        hasty = profile_bound(asked, limits, -1e9, Clock(None))
        assert patient is not None
        assert hasty is not None
        assert len(hasty.phases) <= len(game.patron_types) + 1 <= len(patient.phases) + 1
        assert hasty.value >= patient.value

    @pytest.mark.parametrize("seed", SEEDS)
    def test_lies_between_the_optimum_and_the_known_types(self, seed: int) -> None:
        game = several_types(seed)
        asked = task(game)
        limits, known = caps(game, asked)
        profile = profile_bound(asked, limits, -1e9, Clock(None))
        assert profile is not None
        optimum = brute_force(game, "adaptive").value
        assert profile.value >= optimum - 1e-6 * max(1.0, abs(optimum))
        assert profile.value <= known + 1e-6 * max(1.0, abs(known))

    def test_no_time_leaves_the_known_types(self) -> None:
        game = several_types(3)
        asked = task(game)
        limits, known = caps(game, asked)
        profile = profile_bound(asked, limits, -1e9, Clock(0.0))
        assert profile is not None
        assert profile.value == pytest.approx(known)

    def test_a_bound_that_is_enough_ends_it(self) -> None:
        game = several_types(3)
        asked = task(game)
        limits, known = caps(game, asked)
        profile = profile_bound(asked, limits, known + 1.0, Clock(None))
        assert profile is not None
        assert profile.phases == ()

    def test_is_closer_where_types_want_different_first_rungs(self) -> None:
        """Known types alone leave 17 % and more of the optimum open here."""
        game = generate("adapting", "XS", 0)
        asked = task(game)
        limits, known = caps(game, asked)
        profile = profile_bound(asked, limits, -1e9, Clock(None))
        assert profile is not None
        optimum = solve(game).value
        assert optimum <= profile.value + 1e-6 * abs(optimum)
        assert profile.value - optimum < 0.75 * (known - optimum)

    def test_answers_of_the_best_profile_are_told(self) -> None:
        game = generate("adapting", "XS", 0)
        asked = task(game)
        profile = profile_bound(asked, caps(game, asked)[0], -1e9, Clock(None))
        assert profile is not None
        assert set(profile.answers) == {patron.name for patron in game.patron_types}
        assert all(1 <= len(given) <= game.stages for given in profile.answers.values())


class TestEveryStep:
    """Small games skip profiles; here none is small, and the brute force says what is right."""

    @pytest.mark.parametrize("seed", SEEDS)
    @pytest.mark.parametrize("margin", [0.0, 0.3])
    def test_against_brute_force(self, seed: int, margin: float, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(strategy, "SMALL", 0)
        game = several_types(seed)
        compared(game, Information.ADAPTIVE, margin)

    @pytest.mark.parametrize("seed", range(12))
    def test_wider_games(self, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(strategy, "SMALL", 0)
        compared(random_game(seed, WIDE), Information.ADAPTIVE)

    @pytest.mark.parametrize("seed", range(8))
    def test_a_large_game_with_a_time_limit_has_a_proven_bound(
        self, seed: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(strategy, "SMALL", 0)
        monkeypatch.setattr(strategy, "LARGE", 0)
        game = several_types(seed)
        optimum = brute_force(game, "adaptive").value
        solution = solve(game, options=SolveOptions(time_limit_seconds=60.0))
        assert solution.certificate.accepted
        assert solution.value <= optimum + 1e-6 * max(1.0, abs(optimum))
        assert solution.dual_bound is not None
        assert solution.dual_bound >= optimum - 1e-6 * max(1.0, abs(optimum))
