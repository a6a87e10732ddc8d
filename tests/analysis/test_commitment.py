"""The value of commitment: by hand, against brute force, its order, its text."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from games import random_game
from oracle import brute_force
from oracle_threats import credible_optimum, optimum_without_threats
from sanctopt import SolveOptions, load_case
from sanctopt.analysis import value_of_commitment
from threat_games import EMPTY, KEPT, threat_game

TIGHT = SolveOptions(relative_gap=1e-7)


@pytest.mark.parametrize("seed", [45, 107, 169, 221])
def test_against_brute_force(seed: int) -> None:
    game = random_game(seed)
    found = value_of_commitment(game, options=TIGHT)
    full, credible, none = brute_force(game).value, credible_optimum(game), optimum_without_threats(game)
    for at, wanted in ((found.full, full), (found.credible, credible), (found.none, none)):
        assert at.value == pytest.approx(wanted, rel=1e-6, abs=1e-6)
        assert at.low - 1e-5 <= wanted <= at.high + 1e-5
    assert found.commitment.value == pytest.approx(full - credible, abs=1e-4)
    assert found.credible_threats.value == pytest.approx(credible - none, abs=1e-4)


@pytest.mark.parametrize("seed", [*range(2, 8), 219])
def test_more_commitment_is_worth_no_less_even_without_time(seed: int) -> None:
    found = value_of_commitment(random_game(seed), options=SolveOptions(time_limit_seconds=0.5))
    assert found.full.value >= found.credible.value >= found.none.value
    assert found.full.high >= found.credible.high >= found.none.high
    for difference in (found.commitment, found.credible_threats):
        assert difference.low >= 0.0
        assert difference.low <= difference.value <= difference.high


def test_by_hand() -> None:
    found = value_of_commitment(threat_game(EMPTY))
    assert (found.full.value, found.credible.value, found.none.value) == pytest.approx((100.0, 50.0, 50.0))
    assert found.commitment.value == pytest.approx(50.0)
    kept = value_of_commitment(threat_game(KEPT))
    assert kept.commitment.value == pytest.approx(0.0)
    # Without a threat: close the port, take the hit, close the mine.
    assert kept.credible_threats.value == pytest.approx((100 + 40 - KEPT) - (100 - 70 + 40 - KEPT))


def test_text_and_table() -> None:
    found = value_of_commitment(threat_game(EMPTY))
    assert "value of commitment                50.00  full commitment minus credible threats only" in str(
        found
    )
    frame = found.to_frame().set_index("name")
    assert frame.loc["value of commitment", "value"] == pytest.approx(50.0)
    assert frame.loc["no threats", "high"] == pytest.approx(50.0)
    assert len(found.ladders) == 3


def test_a_game_without_threats() -> None:
    found = value_of_commitment(load_case("teaching"))
    assert found.commitment.value == found.credible_threats.value == 0.0


def test_an_executor_changes_nothing() -> None:
    with ThreadPoolExecutor(1) as executor:
        spread = value_of_commitment(threat_game(EMPTY), executor=executor)
    assert spread.to_frame().equals(value_of_commitment(threat_game(EMPTY)).to_frame())
