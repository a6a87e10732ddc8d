"""Judgements, intervals from counts, and candidates, each by itself."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy.integrate import quad

from sanctopt import Rung, Start, load_case
from sanctopt.analysis.experts.candidates import Candidate, resolve_grid, telling_shifts
from sanctopt.analysis.experts.judgements import Judgement, Package, base_rates, jeffreys_interval, package_of
from sanctopt.errors import ElicitationError, LadderError
from sanctopt.game import Utility


# --- intervals from counts --------------------------------------------------------------------------------
def posterior_below(share: float, successes: int, trials: int) -> float:
    """Jeffreys posterior probability of less than a share, integrated over t with share = sin(t)**2.

    The density is proportional to x**(s - 1/2) (1 - x)**(n - s - 1/2); dx = 2 sin t cos t dt takes away both
    half powers.
    """

    def density(t: float) -> float:
        return math.sin(t) ** (2 * successes) * math.cos(t) ** (2 * (trials - successes))

    whole, _ = quad(density, 0.0, math.pi / 2, epsabs=0.0, epsrel=1e-12)
    part, _ = quad(density, 0.0, math.asin(math.sqrt(share)), epsabs=0.0, epsrel=1e-12)
    return part / whole


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize(
    ("successes", "trials"), [(0, 11), (1, 2), (3, 18), (4, 11), (8, 8), (1, 1), (50, 114)]
)
def test_tails_of_the_jeffreys_interval_by_integration(successes: int, trials: int, level: float) -> None:
    low, high = jeffreys_interval(successes, trials, level)
    tail = (1 - level) / 2
    assert posterior_below(low, successes, trials) == pytest.approx(tail if successes else 0.0, abs=1e-9)
    above = 1 - posterior_below(high, successes, trials)
    assert above == pytest.approx(tail if successes < trials else 0.0, abs=1e-9)
    mirrored = jeffreys_interval(trials - successes, trials, level)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high), abs=1e-12)


def test_known_jeffreys_intervals() -> None:
    # The facts of dprk_2017: 0 of 11, mean 0.042, upper end 0.20.
    low, high = jeffreys_interval(0, 11)
    assert (low, round(high, 2)) == (0.0, 0.20)
    # Beta(3/2, 3/2) is Wigner's semicircle: its distribution function has a closed form.
    low, high = jeffreys_interval(1, 2)
    u = 2 * high - 1
    assert 0.5 + (u * math.sqrt(1 - u * u) + math.asin(u)) / math.pi == pytest.approx(0.975)
    assert low == pytest.approx(1 - high)
    # Many trials: mean and 1.96 standard errors, to the third decimal.
    low, high = jeffreys_interval(4000, 10000)
    error = 1.959964 * math.sqrt(0.4 * 0.6 / 10000)
    assert (low, high) == pytest.approx((0.4 - error, 0.4 + error), abs=1e-4)


@pytest.mark.parametrize(
    ("successes", "trials", "level", "match"),
    [
        (-1, 3, 0.95, "-1 successes in 3 trials; give whole numbers"),
        (4, 3, 0.95, "4 successes in 3 trials"),
        (0, 0, 0.95, "0 successes in 0 trials"),
        (0.5, 3, 0.95, "0.5 successes in 3 trials"),
        (1, 3, 1.0, "level is 1.0; give a share between 0 and 1"),
        (1, 3, math.nan, "level is nan"),
    ],
)
def test_counts_out_of_range(successes: int, trials: int, level: float, match: str) -> None:
    with pytest.raises(ElicitationError, match=match):
        jeffreys_interval(successes, trials, level)


def test_base_rates_are_shares_with_sources() -> None:
    rates = base_rates()
    assert rates.index.is_unique
    assert (rates["low"] <= rates["mean"]).all()
    assert (rates["mean"] <= rates["high"]).all()
    assert rates["source"].str.len().min() > 20
    reactions = rates.loc[rates.index.str.startswith("patron, small or medium target")]
    assert reactions["successes"].sum() == 11  # each case had one reaction
    assert set(reactions["trials"]) == {11}
    # TIES v4, shares as tabulated (n, share of acquiescence).
    for rate, trials, share in (
        ("target acquiesces, threat: all", 473, 0.427),
        ("target acquiesces, imposed: all", 551, 0.330),
        ("target acquiesces, threat: US sender, non-economic issue", 114, 0.439),
        ("target acquiesces, imposed: US sender, non-economic issue", 197, 0.421),
        ("target acquiesces, threat: target China", 18, 0.167),
        ("target acquiesces, imposed: target China", 8, 0.0),
    ):
        row = rates.loc[rate]
        assert row["trials"] == trials
        assert round(row["successes"] / trials, 3) == share
    assert (base_rates(0.5)["high"] <= rates["high"]).all()


# --- packages and judgements ------------------------------------------------------------------------------
def test_package_of_a_rung_with_everything() -> None:
    game = load_case("dprk_2017")
    rung = Rung(
        (),
        starts=(Start("bank_of_dandong", "designate"),),
        engagements=(game.engagements[0].name,),
        mitigations=("alternative_markets_korea",),
        threat=(Start("joint_stock_bank_a", "designate"),) if game.standing_threats else (),
    )
    package = package_of(game, "all at once", rung)
    assert package.provocation == pytest.approx(0.5)
    assert package.engagement == game.engagements[0].effect
    assert package.threat_size == (3.0 if game.standing_threats else 0.0)
    assert set(package.denial) == set(game.response)
    with pytest.raises(LadderError, match="rung after nothing: start designate nobody is not eligible"):
        package_of(game, "none", Rung((), starts=(Start("nobody", "designate"),)))


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(ElicitationError, match=r"package 'x': engagement is nan; give a finite number"):
        Package("x", 0.0, math.nan)
    with pytest.raises(ElicitationError, match=r"denial of 'hit' is 1.5; give a share in .0, 1."):
        Package("x", 0.0, denial={"hit": 1.5})
    bank = Package("a bank", 1.0)
    with pytest.raises(ElicitationError, match=r"responses is 'hit'; give a tuple: .'hit',."):
        Judgement(bank, "hit", 0.3)  # type: ignore[arg-type]
    with pytest.raises(ElicitationError, match="name at least one response"):
        Judgement(bank, (), 0.3)
    with pytest.raises(ElicitationError, match="each of them once"):
        Judgement(bank, ("hit", "hit"), 0.3)
    for stated, low, high in ((1.2, None, None), (0.3, 0.4, None), (0.3, None, 0.2), (0.3, -0.1, 0.5)):
        with pytest.raises(
            ElicitationError, match=r"judgement on hit at 'a bank': .* low <= probability <= high"
        ):
            Judgement(bank, ("hit",), stated, low, high)
    with pytest.raises(ElicitationError, match="low <= probability"):
        Judgement(bank, ("hit",), math.nan)


def test_mean_of_counts_stays_in_a_narrow_interval() -> None:
    said = Judgement.of_counts(Package("a bank", 1.0), ("hit",), 0, 3, level=0.1)
    low, high = said.range
    assert low <= said.probability <= high
    plain = Judgement.of_counts(Package("a bank", 1.0), ("hit",), 3, 18)
    assert plain.probability == pytest.approx(3.5 / 19)


# --- candidates -------------------------------------------------------------------------------------------
ROWS = (
    Utility("any", "hold", 0.0, 0.0),
    Utility("any", "protest", -0.2, 0.4, engagement=-0.1),
    Utility("any", "hit", -3.0, 1.0, mitigation=-1.0),
    Utility("any", "strike", -6.0, 1.5, threat=-0.5),
)
PACKAGES = [
    Package("small", 0.1),
    Package("medium", 1.3, engagement=2.0),
    Package("large", 4.1, denial={"hit": 0.4}),
    Package("large, threat", 4.1, threat_size=3.0),
    Package("mega", 9.7, engagement=1.0, denial={"hit": 0.9, "strike": 0.2}, threat_size=1.0),
]


def profile(candidate: Candidate, packages: Sequence[Package]) -> tuple[str, ...]:
    return tuple(candidate.answer(package) for package in packages)


def test_telling_shifts_find_what_the_finest_grid_finds() -> None:
    hostile = ["hit", "strike"]
    shifts = telling_shifts(ROWS, hostile, PACKAGES)
    few = [profile(row, PACKAGES) for row in resolve_grid(ROWS, hostile, shifts)]
    assert len(set(few)) == len(few) == len(PACKAGES) + 1
    fine = resolve_grid(ROWS, hostile, np.linspace(-15.0, 15.0, 20011) + 1e-5 * math.pi)
    assert {profile(row, PACKAGES) for row in fine} == set(few)
    hits = [sum(answer in hostile for answer in answers) for answers in few]
    assert hits == list(range(len(PACKAGES) + 1))  # more resolve, more hostility


def test_shifts_merge_equal_thresholds() -> None:
    twice = [Package("one", 2.0), Package("same", 2.0 + 1e-9)]
    shifts = telling_shifts(ROWS, ["hit"], twice, beyond=0.5)
    assert len(shifts) == 2
    assert shifts[1] - shifts[0] == pytest.approx(1.0)


def test_only_hostile_bases_move_and_extras_are_dropped() -> None:
    rows = tuple(
        Utility("any", row.response, row.base, row.provocation, extra=(("base_low", "-9"),)) for row in ROWS
    )
    (moved,) = resolve_grid(rows, "hit", [0.25], name="temper", reservation=0.4)
    assert (moved.name, moved.reservation, moved.responses) == (
        "temper_0",
        0.4,
        ("hold", "protest", "hit", "strike"),
    )
    assert [row.base for row in moved.utilities] == [0.0, -0.2, -2.75, -6.0]
    assert all(row.extra == () and row.type == "temper_0" for row in moved.utilities)


def test_templates_that_cannot_be_used() -> None:
    with pytest.raises(ElicitationError, match="rows of 2 types"):
        resolve_grid((*ROWS, Utility("other", "hold", 0.0, 0.0)), ["hit"], [0.0])
    with pytest.raises(ElicitationError, match="hostile response 'bite' has no row"):
        resolve_grid(ROWS, ["bite"], [0.0])
    with pytest.raises(ElicitationError, match="4 of 4 responses are hostile"):
        resolve_grid(ROWS, ["hold", "protest", "hit", "strike"], [0.0])
    with pytest.raises(ElicitationError, match="0 of 4 responses are hostile"):
        telling_shifts(ROWS, [], PACKAGES)
    for shifts in ([], [math.inf]):
        with pytest.raises(ElicitationError, match="give at least one, all of them finite"):
            resolve_grid(ROWS, ["hit"], shifts)
    with pytest.raises(ElicitationError, match="there is no package"):
        telling_shifts(ROWS, ["hit"], [])
    with pytest.raises(ElicitationError, match=r"beyond is 0.0; give a number above 0"):
        telling_shifts(ROWS, ["hit"], PACKAGES, beyond=0.0)
    with pytest.raises(ElicitationError, match="one utility row for each response"):
        Candidate("any", (*ROWS, ROWS[0]))
    with pytest.raises(ElicitationError, match="has utility rows of type 'any'"):
        Candidate("other", ROWS)
