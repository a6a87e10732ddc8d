"""The random games are games that the library accepts, and a seed always gives the same one."""

from __future__ import annotations

import tempfile
import warnings

import pytest
from hypothesis import given, settings

from games import SMALL, TINY, Size, random_game, tiny_games
from sanctopt import CaseWarning
from sanctopt.case import read_case, write_case
from sanctopt.game import Game


def accepted(game: Game) -> bool:
    """Whether a round trip gives the same game; notes on rows that act on nobody are no objection."""
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore", CaseWarning)
        return read_case(write_case(game, folder)) == game


@settings(max_examples=30)
@given(tiny_games())
def test_drawn_games_are_valid(game: Game) -> None:
    assert accepted(game)


@pytest.mark.parametrize("size", [TINY, SMALL], ids=["tiny", "small"])
def test_seeded_games_are_valid(size: Size) -> None:
    assert all(accepted(random_game(seed, size)) for seed in range(20))


def test_a_seed_gives_the_same_game() -> None:
    assert random_game(7) == random_game(7) != random_game(8)
