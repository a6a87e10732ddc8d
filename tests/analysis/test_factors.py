"""Factors: where numbers stand at positions and quantiles, and games made of them."""

from __future__ import annotations

import pickle
import random
from dataclasses import replace

import numpy as np
import pytest

from games import random_game
from hand_games import HAND_GAME
from sanctopt import CaseError, OptionError, SolveOptions, load_case
from sanctopt.analysis.addresses import find
from sanctopt.analysis.changes import valid, with_value
from sanctopt.analysis.sensitivity.factors import (
    Changer,
    Factor,
    Shape,
    factors_of,
    least_concession,
    numbers_at,
    numbers_drawn,
    spread,
    together,
)
from sanctopt.analysis.sensitivity.uncertainty import Range, Ranges, ranges
from sanctopt.game import OffRamp

TEACHING = load_case("teaching")
KOREA = load_case("dprk_2017")


def test_positions() -> None:
    factor = Factor("two", (Range("a", 2.0, 1.0, 5.0), Range("b", 0.1, 0.1, 0.3)))
    assert factor.at(0.0) == {"a": 2.0, "b": 0.1}
    assert factor.at(1.0) == {"a": 5.0, "b": 0.3}
    assert factor.at(-1.0) == {"a": 1.0, "b": 0.1}
    assert factor.at(0.5) == {"a": 3.5, "b": pytest.approx(0.2)}
    assert factor.at(-0.5) == {"a": 1.5, "b": 0.1}


def test_uniform_quantiles() -> None:
    row = Range("a", 2.0, 1.0, 5.0)
    assert [Shape.UNIFORM.quantile(row, u) for u in (0.0, 0.25, 1.0)] == [1.0, 2.0, 5.0]


@pytest.mark.parametrize(
    "row", [Range("a", 2.0, 1.0, 5.0), Range("a", 1.0, 1.0, 5.0), Range("a", 5.0, 1.0, 5.0)]
)
def test_triangular_quantiles_are_those_of_scipy(row: Range) -> None:
    from scipy.stats import triang

    width = row.high - row.low
    known = triang((row.value - row.low) / width, row.low, width)
    for u in np.linspace(0.0, 1.0, 21):
        assert Shape.TRIANGULAR.quantile(row, float(u)) == pytest.approx(float(known.ppf(u)))


@pytest.mark.parametrize("shape", Shape)
def test_a_range_without_width_is_its_number(shape: Shape) -> None:
    assert shape.quantile(Range("a", 2.0, 2.0, 2.0), 0.3) == 2.0


def test_together() -> None:
    stated = ranges(KOREA)
    found = together(stated, "links.*.toll", "entities.*")
    assert sum(len(factor.rows) for factor in found) == len(stated.rows)
    names = [factor.name for factor in found]
    assert len(set(names)) == len(names)
    tolls = next(factor for factor in found if factor.name == "links.*.toll")
    assert all(row.path.endswith(".toll") for row in tolls.rows)
    assert len(tolls.rows) == 204
    assert together(found) == found
    with pytest.raises(OptionError, match=r"no uncertain number fits 'link\.\*'"):
        together(stated, "link.*")


def test_spread() -> None:
    rows = {row.path: row for row in spread(TEACHING, 0.5).rows}
    assert (rows["weights.harm"].low, rows["weights.harm"].high) == (0.5, 1.5)
    assert rows["types.wary.prior"].high == pytest.approx(0.9)
    assert "stages" not in rows  # whole
    assert "mitigations.insurance.ally.retaliate.lead" not in rows
    assert rows["utilities.proud.retaliate.base"].low == pytest.approx(-1.13 * 1.5)
    assert spread(TEACHING, 2.0, "discount").rows[0].low > 0.0
    assert spread(TEACHING, 2.0, "discount").rows[0].high == 1.0
    for row in rows.values():
        assert row.low <= row.value <= row.high
    with pytest.raises(OptionError, match=r"share is 0\.0"):
        spread(TEACHING, 0.0)
    with pytest.raises(OptionError, match="no number fits 'weight'"):
        spread(TEACHING, 0.1, "weights.*", "weight")


def test_what_may_not_be_varied() -> None:
    row = Range("weights.harm", 1.0, 0.5, 2.0)
    with pytest.raises(OptionError, match="states no range beside any number"):
        factors_of(TEACHING, None)
    with pytest.raises(OptionError, match=r"weights\.harm is in two factors"):
        factors_of(TEACHING, [Factor("one", (row,)), Factor("two", (row,))])
    with pytest.raises(OptionError, match=r"two factors are called 'weights\.harm'"):
        factors_of(TEACHING, [row, row])
    with pytest.raises(OptionError, match=r"its range is one around 3\.0"):
        factors_of(TEACHING, [replace(row, value=3.0, high=4.0)])
    with pytest.raises(OptionError, match=r"does not enclose 1\.0"):
        factors_of(TEACHING, [replace(row, low=1.5)])
    with pytest.raises(OptionError, match=r"weights.harm = -1.0"):
        factors_of(TEACHING, [replace(row, low=-1.0)])
    with pytest.raises(OptionError, match="is no number of game"):
        factors_of(TEACHING, [replace(row, path="weights.harms")])
    assert [factor.name for factor in factors_of(TEACHING, [row])] == ["weights.harm"]


# --- games ------------------------------------------------------------------------------------------------


def test_one_number_is_set_as_elsewhere() -> None:
    """The fast way and `with_value` make the same game, for every kind of number."""
    game = KOREA
    rows = ranges(game).rows
    some = random.Random(0).sample(rows, 25) + [row for row in rows if row.path.startswith("types.")]
    for row in some:
        changer = Changer(game, factors_of(game, [row]))
        for number in (row.low, row.high):
            try:
                slow = with_value(game, row.path, number)
            except CaseError:
                with pytest.raises(CaseError):
                    changer.game({row.path: number})
            else:
                assert changer.game({row.path: number}).digest() == slow.digest(), row.path
    assert Changer(game, factors_of(game, None)).game({}).digest() == game.digest()


def test_drawn_games_are_valid_wherever_the_full_check_says_so() -> None:
    """Only what numbers can break is checked; the full check of a case agrees."""
    refused = 0
    for game, uncertain in ((TEACHING, spread(TEACHING, 0.4)), (KOREA, ranges(KOREA))):
        factors = factors_of(game, uncertain)
        changer = Changer(game, factors)
        for seed in range(12):
            shares = np.random.default_rng(seed).random(len(factors))
            numbers = numbers_drawn(factors, map(float, shares), Shape.UNIFORM)
            lifted, raised = changer.lifted(numbers)
            valid(lifted)
            if not raised:
                assert valid(changer.game(numbers)).digest() == lifted.digest()
                continue
            refused += 1
            with pytest.raises(CaseError, match=r"off_ramp\.concession_value"):
                changer.game(numbers)
            with pytest.raises(CaseError, match=r"off_ramp\.concession_value"):
                valid(changer._changed(numbers))
            assert lifted.off_ramp is not None
            assert lifted.off_ramp.concession_value == pytest.approx(least_concession(lifted))
    assert 0 < refused < 24


def test_drawn_priors_are_scaled() -> None:
    names = [f"types.{row.name}.prior" for row in KOREA.patron_types]
    rows = [row for row in ranges(KOREA).rows if row.path in names]
    everyone = Changer(KOREA, factors_of(KOREA, rows))
    drawn = {row.path: row.high for row in rows}
    game = everyone.game(drawn)
    total = sum(drawn.values())
    assert [row.prior for row in game.patron_types] == pytest.approx([drawn[name] / total for name in names])

    some = Changer(KOREA, factors_of(KOREA, rows[:2]))
    game = some.game({names[0]: 0.2, names[1]: 0.1})
    left = [row.prior for row in KOREA.patron_types][2:]
    assert [row.prior for row in game.patron_types[:2]] == [0.2, 0.1]
    assert [row.prior for row in game.patron_types[2:]] == pytest.approx([0.7 / sum(left) * p for p in left])
    game = some.game({names[0]: 0.9, names[1]: 0.3})
    assert [row.prior for row in game.patron_types] == pytest.approx([0.75, 0.25, 0, 0, 0, 0])


def test_priors_of_zero() -> None:
    rows = [
        Range(f"types.{name}.prior", prior, 0.0, 1.0) for name, prior in (("calm", 0.75), ("proud", 0.25))
    ]
    changer = Changer(HAND_GAME, factors_of(HAND_GAME, rows))
    with pytest.raises(CaseError, match="all are 0"):
        changer.game({row.path: 0.0 for row in rows})


def test_whole_numbers_are_rounded() -> None:
    path = "mitigations.insurance.ally.retaliate.lead"
    row = Range(path, 1, 0, 3)
    changer = Changer(TEACHING, factors_of(TEACHING, [row]))
    assert changer.game({path: 1.7}).mitigations[0].lead == 2
    stages = Changer(TEACHING, factors_of(TEACHING, [Range("stages", TEACHING.stages, 1, TEACHING.stages)]))
    assert stages.game({"stages": 2.2}).stages == 2


def test_fewer_stages_are_checked() -> None:
    row = Range("stages", KOREA.stages, 2, KOREA.stages)
    changer = Changer(KOREA, factors_of(KOREA, [row]))
    with pytest.raises(CaseError, match="beyond the last stage"):
        changer.game({"stages": 2})


def test_least_concession() -> None:
    """The rule of docs/model.md, against the check of the case."""
    for seed in range(40):
        game = random_game(seed)
        if game.off_ramp is None:
            continue
        least = least_concession(game)
        ramp = game.off_ramp
        valid(replace(game, off_ramp=OffRamp(ramp.offer_cost, least)))
        if least > 1.0:
            with pytest.raises(CaseError, match="could still earn"):
                valid(replace(game, off_ramp=OffRamp(ramp.offer_cost, 0.999 * least)))


def test_a_changer_pickles() -> None:
    changer = Changer(KOREA, factors_of(KOREA, None))
    numbers = numbers_at(changer.factors, [0.1] * len(changer.factors))
    assert pickle.loads(pickle.dumps(changer)).game(numbers).digest() == changer.game(numbers).digest()


def test_ranges_of_a_subset() -> None:
    some = Ranges("x", ranges(KOREA).rows[:3])
    assert len(factors_of(KOREA, some)) == 3
    assert SolveOptions().relative_gap == 1e-6
    assert [place.path for place in find(KOREA, [row.path for row in some.rows])]


def test_games_share_a_network_only_if_it_is_the_same() -> None:
    from sanctopt.network import revenue_network

    rows = {row.path: row for row in spread(TEACHING, 0.2).rows}
    for path, same in (
        ("weights.harm", True),
        ("entities.large_bank.us_exposure", True),
        ("entities.coal.supply", False),
        ("links.coal.fringe.toll", False),
    ):
        changer = Changer(TEACHING, factors_of(TEACHING, [rows[path]]))
        changed = changer.game({path: rows[path].low})
        assert (revenue_network(changed) is revenue_network(changer.base)) is same, path
