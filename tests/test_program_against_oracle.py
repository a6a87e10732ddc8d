"""`solve` against the brute force of `oracle`, on random games and on those that were once solved wrongly.

The brute force tries every rung of every public history and shares nothing with the library but the records
of a game. ``SANCTOPT_SWEEP=1000`` compares on so many seeded games instead of 40 (about a second each).
"""

from __future__ import annotations

import itertools
import os
from math import inf
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games import TINY, Size, random_game, tiny_games
from oracle import brute_force
from sanctopt import Information, Ladder, Reason, certify, read_case, solve
from sanctopt.game import Game

REGRESSIONS = Path(__file__).parent / "cases" / "regressions"
SWEEP = int(os.environ.get("SANCTOPT_SWEEP", "40"))
KNOWING_LESS = (Information.CLAIRVOYANT, Information.ADAPTIVE, Information.OPEN_LOOP)
MARGINS = (0.5, 0.25, 0.01)
WIDE = Size(stages=2, channels=3, facilitators=5, starts=5, choices=3, responses=4, types=4)
"""More of everything than `TINY` in fewer stages."""


def compared(game: Game, information: Information, margin: float = 0.0) -> float:
    """The optimal value (-inf if no ladder has the margin), once program and brute force agree on it."""
    answer = brute_force(game, information.value, margin)
    solution = solve(game, information=information, margin=margin)
    if answer.value == -inf:
        assert solution.status.reason is Reason.INFEASIBLE
        assert not solution.has_ladder
        return -inf
    assert solution.status.reason is Reason.OPTIMAL
    assert solution.value == pytest.approx(answer.value, rel=1e-6, abs=1e-6)
    assert solution.dual_bound is not None
    assert solution.dual_bound >= answer.value - 1e-6 * max(1.0, abs(answer.value))
    assert solution.relative_gap <= 1e-6 + 1e-12
    # A certificate of our own, from the text of the ladder and the value that the brute force found.
    certify(
        game,
        Ladder.from_json(solution.ladder.to_json()),
        claimed_value=answer.value,
        claimed_responses=solution.outcome.responses,
        margin=margin,
    ).require()
    return solution.value


def compared_under_all_informations(game: Game, margin: float) -> None:
    """Compare under each information; whoever knows more gets at least as much."""
    values = [compared(game, information, margin) for information in KNOWING_LESS]
    for more, less in itertools.pairwise(values):
        assert more >= less - 1e-6 * max(1.0, abs(less)), values


@settings(max_examples=20)
@given(tiny_games())
def test_random_games(game: Game) -> None:
    compared_under_all_informations(game, margin=0.0)


@settings(max_examples=15)
@given(tiny_games(), st.sampled_from(MARGINS))
def test_random_games_with_a_margin(game: Game, margin: float) -> None:
    compared_under_all_informations(game, margin)


@pytest.mark.parametrize("seed", range(SWEEP))
def test_sweep(seed: int) -> None:
    game = random_game(seed, (TINY, WIDE)[seed % 2])
    compared_under_all_informations(game, margin=0.0)
    compared_under_all_informations(game, margin=MARGINS[seed % 3])


def test_the_sweep_meets_impossible_margins() -> None:
    """Else it would not test that they are told apart from limits and errors."""
    impossible = [
        seed
        for seed in range(40)
        if brute_force(random_game(seed, (TINY, WIDE)[seed % 2]), margin=MARGINS[seed % 3]).value == -inf
    ]
    assert impossible


def test_every_regression_is_described() -> None:
    text = (REGRESSIONS / "README.md").read_text(encoding="utf-8")
    folders = sorted(path.parent.name for path in REGRESSIONS.glob("*/game.toml"))
    assert [line.split("`")[1] for line in sorted(text.splitlines()) if line.startswith("| `")] == folders


@pytest.mark.parametrize(
    ("name", "information", "margin", "value"),
    [
        ("overlooked_concession_two_types", Information.CLAIRVOYANT, 0.0, 112.5),
        ("overlooked_concession_two_types", Information.ADAPTIVE, 0.0, 110.0),
        ("overlooked_concession_two_types", Information.OPEN_LOOP, 0.0, 110.0),
        ("overlooked_concession_one_type", Information.ADAPTIVE, 0.0, 115.0),
        ("overlooked_concession_one_type", Information.OPEN_LOOP, 0.0, 115.0),
        ("overlooked_concession_paid_offer", Information.ADAPTIVE, 0.0, 47.0),
        ("overlooked_concession_paid_offer", Information.OPEN_LOOP, 0.0, 47.0),
        ("overlooked_concession_with_margin", Information.ADAPTIVE, 0.5, 115.889827),
        ("overlooked_concession_with_margin", Information.OPEN_LOOP, 0.5, 114.088391),
        ("warm_start_off_by_a_rounding", Information.ADAPTIVE, 0.0, 5.345),
        ("presolve_free_columns", Information.OPEN_LOOP, 0.01, -1.630956),
        ("presolve_probing", Information.CLAIRVOYANT, 0.5, 8.3205),
        ("presolve_probing", Information.ADAPTIVE, 0.5, 7.95),
        ("pool_follows_another", Information.ADAPTIVE, 0.01, -inf),
        ("reservation_without_off_ramp", Information.ADAPTIVE, 0.0, 10.0),
        ("utilities_cancel", Information.ADAPTIVE, 0.0, 241.6065158665),
        ("utilities_cancel", Information.CLAIRVOYANT, 0.0, 241.8007658665),
        ("margin_cancels", Information.ADAPTIVE, 0.1, 12.86875),
    ],
)
def test_what_was_once_solved_wrongly(
    name: str, information: Information, margin: float, value: float
) -> None:
    assert compared(read_case(REGRESSIONS / name), information, margin) == pytest.approx(value, abs=2e-6)
