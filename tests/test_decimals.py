"""Decimals that cancel: what is 0 or equal on paper is so in the program, whatever binary rounding leaves.

Each game here was once refused, for a coefficient of about 1e-17.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from hand_games import changed, with_entity, with_instrument, with_utility
from oracle import brute_force
from sanctopt import Information, solve
from sanctopt.formulation.bounds import Bounds
from sanctopt.formulation.facilitators import exit_classes
from sanctopt.formulation.frame import Frame
from sanctopt.formulation.linear import decimal_sum
from sanctopt.game import Credibility, Game, Harm, Link, Mitigation, OffRamp, Party, Perception


def compared(game: Game, margin: float = 0.0) -> float:
    """The adaptive optimum, on which brute force and program agree."""
    solution = solve(game, margin=margin)
    assert solution.value == pytest.approx(brute_force(game, margin=margin).value, abs=1e-9)
    return solution.value


def bounds(game: Game) -> Bounds:
    return Bounds(Frame(game, tuple(game.patron_type), Information.ADAPTIVE))


@pytest.mark.parametrize(
    "terms",
    [
        (),
        (0.0, 0.0),
        (-0.3, 0.1 * 3),
        (0.7, 0.1, -0.8),
        (0.1 + 0.2, -0.3),
        (1e6, 0.1 * 3e-10, -1e6),  # below what a double holds of the million
        (1.0, -(1.0 - 1e-13)),
    ],
)
def test_what_cancels_is_zero(terms):
    assert decimal_sum(*terms) == 0.0


@pytest.mark.parametrize(
    ("terms", "value"),
    [((0.25,), 0.25), ((1e-30,), 1e-30), ((0.3, -0.3000001), -1e-7), ((1e6, -1e6, 0.25), 0.25)],
)
def test_what_does_not_cancel_stays(terms, value):
    assert decimal_sum(*terms) == pytest.approx(value)


def test_utilities_that_are_equal_under_an_offset():
    game = with_utility(changed(), "calm", "protest", base=-0.3, provocation=0.1)
    game = replace(game, perception=(Perception("calm", 0, 3.0), Perception("calm", 1, 3.0)))
    assert -0.3 + 0.1 * 3.0 != 0.0
    assert compared(game) > 0.0


def test_a_margin_that_is_met_exactly():
    game = with_utility(changed(), "calm", "protest", base=-0.1, provocation=-0.1)
    game = replace(game, perception=(Perception("calm", 0, 2.0), Perception("calm", 1, 2.0)))
    assert 0.1 + 0.1 * 2.0 - 0.3 != 0.0
    assert compared(game, margin=0.3) > 0.0


MITIGATED = changed(
    parties=(Party("KOR"), Party("JPN")),
    harms=(Harm("hit", "KOR", 10.0), Harm("hit", "JPN", 20.0), Harm("protest", "KOR", 30.0)),
    mitigations=(Mitigation("insure", "KOR", "", 0.1, 0.5), Mitigation("stock", "KOR", "", 0.2, 0.5)),
)


@pytest.mark.parametrize(("max_cover", "capped"), [(0.3, False), (0.25, True), (0.3 - 1e-7, True)])
def test_reductions_that_add_up_to_the_cap_do_not_exceed_it(max_cover, capped):
    game = replace(MITIGATED, max_cover=max_cover)
    assert max_cover < 0.1 + 0.2
    assert bounds(game).can_cap((0, 1), 0) is capped
    assert bounds(game).coverage((0, 1), 0) == pytest.approx(max_cover)
    compared(game)


def test_denials_that_weigh_the_same():
    game = with_utility(MITIGATED, "proud", "hit", mitigation=0.3)
    game = with_utility(game, "proud", "protest", mitigation=0.1)
    assert 0.3 * (10 / 30) != 0.1
    assert bounds(game).denial_difference("proud", "hit", "protest") == {}
    compared(game)


def exits(initial: float, bank: tuple[float, float], trader: tuple[float, float]) -> Game:
    """Two facilitators by (regime_profit, us_exposure), and a notice that adds 0.1 to credibility."""
    game = with_instrument(changed(credibility=Credibility(initial, 0.0, 2.0)), "designate", signal=0.0)
    game = with_entity(game, "bank", regime_profit=bank[0], us_exposure=bank[1])
    return with_entity(game, "trader", regime_profit=trader[0], us_exposure=trader[1])


def test_exit_thresholds_that_are_equal_in_decimals():
    """Both leave at 0.66 and are one step of the queue."""
    game = exits(0.56, (19.8, 30.0), (6.6, 10.0))
    assert 19.8 / 30.0 != 6.6 / 10.0
    assert compared(game) == pytest.approx(190.0 - 3.0)  # all is denied, for one notice to the bank
    apart = exits(0.56, (19.8, 30.0), (6.6001, 10.0))
    assert compared(apart) == pytest.approx(190.0 - 3.0 - 2.0)  # the trader is to be designated too


@pytest.mark.parametrize(("profit", "there"), [(2.1, True), (2.1001, False)])
def test_a_threshold_at_the_most_that_credibility_can_be_is_that_number(profit, there):
    game = exits(0.7, (profit, 3.0), (1.0, 1.0))
    game = replace(game, credibility=Credibility(0.7, 0.0, 0.7))
    assert 0.7 * 3.0 < 2.1
    found = exit_classes(Frame(game, ("calm",), Information.ADAPTIVE), bounds(game), game.entity["bank"], 0)
    assert found == ({0.0: 0.7} if there else {})
    compared(game)


def test_a_throughput_that_is_all_that_arrives():
    """The trader takes exactly what the toll leaves of the coal."""
    assert 4.0 * (1 - 0.18) > 3.28
    ways = (
        ("coal", "trader", 0.18),
        ("trader", "regime", 0.0),
        ("trader", "bank", 0.0),
        ("bank", "regime", 0.0),
    )
    game = changed(links=tuple(Link(source, sink, toll=toll) for source, sink, toll in ways))
    game = replace(game, effects=tuple(row for row in game.effects if row.kind == "bank"))
    game = with_entity(game, "coal", supply=4.0)
    compared(with_entity(game, "trader", capacity=3.28))


def test_a_reservation_of_all_that_is_earned():
    game = changed(off_ramp=OffRamp(1.0, 500.0))
    types = tuple(replace(row, reservation=1.0 - 1e-15) for row in game.patron_types)
    compared(replace(game, patron_types=types))
