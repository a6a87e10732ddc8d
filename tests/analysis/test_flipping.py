"""The flip radius against brute force: for one number by a fine scan, for several by a grid and by hand."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from games import random_game
from hand_games import HAND_GAME, changed, one_type, with_entity
from sanctopt import CaseError, OptionError, SolveOptions, load_case, solve
from sanctopt.analysis.rules.rules_of_thumb import DO_NOTHING
from sanctopt.analysis.sensitivity.factors import Changer, Factor, factors_of, numbers_at, spread
from sanctopt.analysis.sensitivity.flipping import flip_radius
from sanctopt.analysis.sensitivity.flips import FlipRadius, FlipSearch
from sanctopt.analysis.sensitivity.payoff_numbers import payoff_only
from sanctopt.analysis.sensitivity.study import Study
from sanctopt.analysis.sensitivity.uncertainty import Range
from sanctopt.game import Game
from sanctopt.ladder import Rung
from test_rung_limits import values_by_first_rung

TEACHING = load_case("teaching")


def margin(game: Game, rung: Rung) -> float:
    """F - O by brute force: below 0 where another first rung is better."""
    values = values_by_first_rung(game)
    other = max((value for key, value in values.items() if key != rung), default=-math.inf)
    return values.get(rung, -math.inf) - other


def margin_at(changer: Changer, positions: tuple[float, ...], rung: Rung) -> float:
    """The same at a point; inf if it is no valid game."""
    try:
        game = changer.game(numbers_at(changer.factors, positions))
    except CaseError:
        return math.inf
    return margin(game, rung)


def slack(game: Game) -> float:
    return 2e-5 * max(1.0, abs(solve(game).value))


def check_witness(game: Game, found: FlipRadius) -> None:
    """The witness is a game within the radius in which brute force prefers another first rung."""
    witness = found.witness
    assert witness is not None
    assert found.proven
    assert max(map(abs, witness.positions.values())) == pytest.approx(found.radius)
    values = values_by_first_rung(witness.game)
    tolerance = slack(witness.game)
    assert witness.first_rung != found.first_rung
    assert values[witness.first_rung] == pytest.approx(witness.value, abs=tolerance)
    kept = values.get(found.first_rung, -math.inf)
    assert kept == pytest.approx(witness.kept_rung_value, abs=tolerance)
    assert witness.value >= kept - tolerance
    assert len(found.to_frame()) == len(witness.moved)


@pytest.mark.parametrize(
    ("seed", "path", "somewhere"),
    [
        (300, "utilities.y0.hit.base", True),
        (308, "entities.c0.cost", True),
        (332, "utilities.y1.hit.provocation", True),
        (303, "effort_per_stage", False),
        (304, "weights.harm", False),
        (301, "types.y0.prior", False),  # a tie already
    ],
)
def test_one_number_against_a_fine_scan(seed: int, path: str, somewhere: bool) -> None:
    game = random_game(seed)
    rows = spread(game, 0.6, path).rows
    study = Study(rows[:1])
    found = flip_radius(game, FlipSearch(tolerance=0.02), study)
    changer = Changer(game, factors_of(game, rows[:1]))
    grid = np.linspace(0.0, 1.0, 9)
    scan = {
        float(r): min(margin_at(changer, (s * float(r),), found.first_rung) for s in (1.0, -1.0))
        for r in grid
    }
    tolerance = slack(game)
    flips = [r for r, least in scan.items() if least <= tolerance / 4]
    assert (0.0 < found.radius < math.inf) is somewhere
    if found.radius < math.inf:
        check_witness(game, found)
    if flips:
        assert found.radius <= flips[0] + 0.02
        below = [r for r in scan if r < found.radius - 0.02 - 1 / 8]
        assert all(scan[r] > -tolerance for r in below)
    else:
        assert found.radius == math.inf
    for r, least in scan.items():
        if r < found.at_least:
            assert least > -tolerance, (r, least)


@pytest.mark.parametrize(
    ("seed", "paths"),
    [
        (308, ("entities.c0.cost", "instruments.notice.cost")),
        (303, ("weights.revenue", "weights.harm")),
    ],
)
def test_two_payoff_numbers_against_a_grid(seed: int, paths: tuple[str, ...]) -> None:
    """Lower and upper bound hold on a grid of the square."""
    game = random_game(seed)
    rows = spread(game, 0.6, *paths).rows
    found = flip_radius(game, FlipSearch(tolerance=0.05), Study(rows))
    changer = Changer(game, factors_of(game, rows))
    tolerance = slack(game)
    flips = math.inf
    for positions in product(np.linspace(-1.0, 1.0, 5), repeat=2):
        if margin_at(changer, tuple(map(float, positions)), found.first_rung) <= -tolerance:
            flips = min(flips, float(max(map(abs, positions))))
    assert found.at_least <= found.radius
    assert flips >= found.at_least
    assert found.at_least > 0.0
    assert flips == math.inf or found.radius <= flips + 0.05
    if found.radius < math.inf:
        check_witness(game, found)


QUICK = FlipSearch(tolerance=0.1, rivals=1, rounds=0, steps=4)
"""Few solves, where what is tested is not the radius."""


def one_stage(cost: float) -> Game:
    """One stage, one type that never answers: trader alone 45 for 2, both 95 - x, see `by_hand`."""
    game = changed(stages=1, effort_per_stage=1.0, weights=replace(HAND_GAME.weights, cost=1.0))
    game = one_type(with_entity(game, "trader", cost=cost))
    return game


class TestByHand:
    """Effort 1: the trader (45 denied, cost 2 c), a notice to the bank, or nothing."""

    def test_one_cost(self) -> None:
        """The trader costs 2 c: as good as the notice at 45 - 2 c = worth of the notice."""
        game = one_stage(1.0)
        values = values_by_first_rung(game)
        best, second = sorted(values.values(), reverse=True)[:2]
        row = Range("entities.trader.cost", 1.0, 0.0, 1.0 + best)  # the highest costs twice the difference
        found = flip_radius(game, FlipSearch(tolerance=0.001), Study([row]))
        wanted = ((best - second) / 2.0) / best
        assert found.radius == pytest.approx(wanted, abs=0.001)
        assert found.radius - 0.001 - 1e-9 <= found.at_least <= found.radius
        assert found.proven
        assert found.witness is not None
        assert [row.path for row in found.witness.moved] == ["entities.trader.cost"]

    def test_two_costs_together_flip_earlier(self) -> None:
        """Weight w and cost c: worth 45 w_R - 2 c against the notice; both move by the same share."""
        game = one_stage(1.0)
        best = max(values_by_first_rung(game).values())
        cost = Range("entities.trader.cost", 1.0, 0.0, 1.0 + best)
        weight = Range("weights.revenue", 1.0, 0.5, 1.5)
        search = FlipSearch(tolerance=0.002)
        alone = flip_radius(game, search, Study([cost])).radius
        both = flip_radius(game, search, Study([cost, weight]))
        assert both.radius < alone - 0.05
        assert both.at_least >= both.radius - 1.5 * search.tolerance
        assert both.witness is not None
        assert both.witness.positions["weights.revenue"] == -both.witness.positions["entities.trader.cost"]

    def test_what_does_not_matter_is_not_moved(self) -> None:
        game = one_stage(1.0)
        best = max(values_by_first_rung(game).values())
        rows = [Range("entities.trader.cost", 1.0, 0.0, 1.0 + best), Range("discount", 1.0, 0.5, 1.0)]
        found = flip_radius(game, study=Study(rows))
        assert found.witness is not None
        assert [row.path for row in found.witness.moved] == ["entities.trader.cost"]
        assert found.at_least == 0.0  # the discount is no payoff number

    def test_nowhere(self) -> None:
        row = Range("entities.trader.cost", 1.0, 0.5, 2.0)
        found = flip_radius(one_stage(1.0), study=Study([row]))
        assert (found.radius, found.at_least, found.witness) == (math.inf, 1.0, None)
        assert "It is proven that no other first rung is better anywhere in the ranges" in str(found)
        assert found.to_frame().empty

    def test_not_even_allowed(self) -> None:
        """With less effort than 1 nothing can begin with the trader."""
        row = Range("effort_per_stage", 1.0, 0.5, 1.5)
        found = flip_radius(one_stage(1.0), study=Study([row]))
        assert found.radius <= 0.01
        assert found.witness is not None
        assert found.witness.kept_rung_value == -math.inf
        assert "nothing can begin with the kept first rung" in " ".join(str(found).split())

    def test_as_good_already(self) -> None:
        """Doing nothing is not the best here."""
        game = one_stage(1.0)
        rows = [Range("entities.trader.cost", 1.0, 0.5, 2.0)]
        found = flip_radius(game, study=Study(rows, DO_NOTHING(game)))
        assert found.radius == 0.0
        assert found.proven
        assert "as good already" in " ".join(str(found).split())


def test_payoff_numbers() -> None:
    def only(game: Game, *paths: str) -> bool:
        rows = {row.path: row for row in spread(game, 0.1).rows}
        return payoff_only(game, [Factor(path, (rows[path],)) for path in paths])

    assert only(
        TEACHING, "weights.harm", "weights.revenue", "entities.trader.cost", "off_ramp.concession_value"
    )
    assert only(TEACHING, "types.wary.prior")
    assert only(TEACHING, "types.wary.prior", "types.proud.prior")
    assert not only(TEACHING, "harms.retaliate.ally.harm")  # it is seen by the patron as denied
    assert only(replace(TEACHING, mitigations=()), "harms.retaliate.ally.harm")
    for path in (
        "effort_per_stage",
        "entities.coal.supply",
        "utilities.wary.cooperate.base",
        "types.wary.reservation",
    ):
        assert not only(TEACHING, "weights.harm", path)
    rows = spread(TEACHING, 0.1, "weights.harm", "weights.cost").rows
    assert not payoff_only(TEACHING, [Factor("both", rows)])


def test_a_time_limit_proves_less() -> None:
    study = Study(spread(TEACHING, 0.2, "weights.harm"), solve(TEACHING).ladder)
    found = flip_radius(TEACHING, QUICK, study, options=SolveOptions(time_limit_seconds=0.0))
    full = flip_radius(TEACHING, QUICK, study)
    assert full.proven
    assert found.at_least <= full.radius
    assert not found.proven or found.radius >= full.at_least


def test_an_executor_changes_nothing() -> None:
    study = Study(spread(HAND_GAME, 0.5, "weights.*", "utilities.*.base"))
    with ThreadPoolExecutor(2) as executor:
        assert flip_radius(HAND_GAME, study=study, executor=executor) == flip_radius(HAND_GAME, study=study)


def test_what_is_refused() -> None:
    for name, value in (("tolerance", 0.0), ("rivals", 0), ("rounds", -1), ("steps", 0)):
        with pytest.raises(OptionError, match=f"{name} is {value}"):
            FlipSearch(**{name: value})  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="states no range"):
        flip_radius(HAND_GAME)


def test_text() -> None:
    found = flip_radius(TEACHING, QUICK, Study(spread(TEACHING, 0.2, "weights.harm", "weights.cost")))
    text = str(found)
    assert max(map(len, text.splitlines())) <= 100
    for words in (
        "The kept first rung: designate medium_bank",
        "What was moved",
        "weights.harm",
        "bounds prove",
    ):
        assert words in text
