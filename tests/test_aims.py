"""Criteria and limits: formulas, orderings, the program against brute force, and what does not fit."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle_aims import Sums, best_worth, cvar, worst_expectation
from sanctopt import Information, OptionError, SolveOptions, certify, load_case, solve
from sanctopt.aims import (
    Aims,
    AtLeast,
    Criterion,
    Expectation,
    ExpectedCost,
    ExpectedHarm,
    HostileProbability,
    Limit,
    MeanCVaR,
    MinimaxRegret,
    PartyHarm,
    TotalCost,
    WorstPrior,
    WorstType,
)
from sanctopt.game import Game
from sanctopt.search import strategy
from sanctopt.search.task import Finding, SearchResult
from sanctopt.solver_options import Limit as StopLimit
from sanctopt.solver_options import Reason
from test_answers import task
from test_neighbourhoods import struck_out
from test_search import several_types

SEEDS = range(7)
TIGHT = SolveOptions(relative_gap=1e-6)

payoffs = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=6)
masses = st.lists(st.floats(0.01, 1.0), min_size=6, max_size=6)


def distribution(values: list[float], weights: list[float]) -> tuple[dict[str, float], dict[str, float]]:
    total = math.fsum(weights[: len(values)])
    names = [f"type{number}" for number in range(len(values))]
    priors = [weight / total for weight in weights[: len(values)]]
    return dict(zip(names, values, strict=True)), dict(zip(names, priors, strict=True))


class TestFormulas:
    @given(payoffs, masses, st.floats(0.0, 0.99))
    def test_cvar_is_the_largest_of_its_quantile_formula(
        self, values: list[float], weights: list[float], alpha: float
    ) -> None:
        v, p = distribution(values, weights)
        wanted = max(
            eta - math.fsum(p[n] * max(0.0, eta - v[n]) for n in v) / (1.0 - alpha) for eta in v.values()
        )
        assert MeanCVaR(alpha).worth(v, p) == pytest.approx(wanted, rel=1e-9, abs=1e-7)
        assert MeanCVaR(alpha).worth(v, p) == pytest.approx(cvar(v, p, alpha), rel=1e-9, abs=1e-7)

    @given(payoffs, masses, st.floats(0.0, 1.0))
    def test_worst_prior_is_that_of_the_linear_program(
        self, values: list[float], weights: list[float], radius: float
    ) -> None:
        v, p = distribution(values, weights)
        wanted = worst_expectation(v, p, radius)
        assert WorstPrior(radius).worth(v, p) == pytest.approx(wanted, rel=1e-7, abs=1e-6)

    @given(payoffs, masses, st.floats(0.0, 0.99))
    def test_order(self, values: list[float], weights: list[float], level: float) -> None:
        v, p = distribution(values, weights)
        mean, worst = Expectation().worth(v, p), WorstType().worth(v, p)
        for criterion in (MeanCVaR(level), MeanCVaR(level, 0.5), WorstPrior(level)):
            assert worst - 1e-7 <= criterion.worth(v, p) <= mean + 1e-7
        assert MeanCVaR(0.0).worth(v, p) == pytest.approx(mean, abs=1e-7)
        assert WorstPrior(0.0).worth(v, p) == pytest.approx(mean, abs=1e-7)
        assert WorstPrior(1.0).worth(v, p) == pytest.approx(worst, abs=1e-7)

    @given(payoffs, masses, st.integers(0, 5), st.floats(0, 50))
    def test_no_criterion_falls_when_a_payoff_rises(
        self, values: list[float], weights: list[float], place: int, more: float
    ) -> None:
        v, p = distribution(values, weights)
        name = list(v)[place % len(v)]
        risen = v | {name: v[name] + more}
        best = dict.fromkeys(v, 10.0)
        for criterion in (Expectation(), MeanCVaR(0.7), WorstType(), WorstPrior(0.2), MinimaxRegret(best)):
            assert criterion.worth(risen, p) >= criterion.worth(v, p) - 1e-9


def criteria(game: Game) -> list[tuple[Criterion, Any]]:
    """Criteria with their worth by the oracle's own formulas."""
    known = solve(game, information=Information.CLAIRVOYANT, options=TIGHT).outcome.values
    return [
        (MeanCVaR(0.6), lambda v, p: cvar(v, p, 0.6)),
        (
            MeanCVaR(0.8, 0.5),
            lambda v, p: 0.5 * math.fsum(p[n] * v[n] for n in v) + 0.5 * cvar(v, p, 0.8),
        ),
        (WorstType(), lambda v, _: min(v.values())),
        (WorstPrior(0.3), lambda v, p: worst_expectation(v, p, 0.3)),
        (MinimaxRegret(known), lambda v, _: -max(known[n] - v[n] for n in v)),
    ]


def mean(v: dict[str, float], p: dict[str, float]) -> float:
    return math.fsum(p[n] * v[n] for n in v)


@pytest.mark.parametrize("seed", SEEDS)
class TestAgainstBruteForce:
    @pytest.mark.parametrize("number", range(5))
    def test_criteria(self, seed: int, number: int) -> None:
        game = several_types(seed)
        criterion, worth = criteria(game)[number]
        for information, name in ((Information.ADAPTIVE, "adaptive"), (Information.OPEN_LOOP, "open_loop")):
            found = solve(game, information=information, aims=Aims(criterion), options=TIGHT)
            wanted = best_worth(game, worth, information=name)  # type: ignore[arg-type]
            assert found.value == pytest.approx(wanted, rel=1e-6, abs=1e-6)
            assert found.certificate.accepted
            assert found.dual_bound is not None
            assert found.dual_bound >= wanted - 1e-6 * max(1.0, abs(wanted))

    @pytest.mark.parametrize("field", ["harm", "cost", "hostile", "party", "total"])
    def test_limits(self, seed: int, field: str) -> None:
        """At a third and at two thirds of what the plan without the limit brings about, and at 0."""
        game = several_types(seed)
        if field == "party":  # the next game that has one
            game = next(game for game in map(several_types, count(seed)) if game.parties)
        party = game.parties[0].name if game.parties else ""
        make = {
            "harm": ExpectedHarm,
            "cost": ExpectedCost,
            "hostile": HostileProbability,
            "party": lambda most: PartyHarm(most, party),
            "total": TotalCost,
        }[field]
        free = solve(game, options=TIGHT).outcome
        measured = make(0.0).measure(game, free)  # type: ignore[operator]
        counted = "cost" if field == "total" else field
        for share in (0.0, 1 / 3, 2 / 3):
            most = share * measured
            limit: Limit = make(most)  # type: ignore[operator]

            def keeps(sums: dict[str, Sums], p: dict[str, float], most: float = most) -> bool:
                amounts = {name: float(getattr(entry, counted)) for name, entry in sums.items()}
                total = max(amounts.values()) if field == "total" else math.fsum(p[n] * amounts[n] for n in p)
                return total <= most + 1e-9 * max(1.0, most)

            found = solve(game, aims=Aims(limits=(limit,)), options=TIGHT)
            wanted = best_worth(game, mean, keeps, counts=(counted,), party=party)
            if wanted == -math.inf:
                assert found.status.reason is Reason.INFEASIBLE
                continue
            assert found.value == pytest.approx(wanted, rel=1e-6, abs=1e-6)
            assert limit.kept(game, found.outcome)
            assert found.certificate.accepted

    def test_the_tree_of_answers_gives_the_same(self, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        game = several_types(seed)
        criterion, worth = criteria(game)[seed % 5]
        limit = HostileProbability(0.5)

        def keeps(sums: dict[str, Sums], p: dict[str, float]) -> bool:
            return math.fsum(p[n] for n in p if sums[n].hostile) <= 0.5 + 1e-9

        monkeypatch.setattr(strategy, "SMALL", 0)
        monkeypatch.setattr(strategy, "TINY", 0)
        found = solve(game, aims=Aims(criterion, (limit,)), options=TIGHT)
        wanted = best_worth(game, worth, keeps, counts=("hostile",))
        if wanted == -math.inf:
            assert found.status.reason is Reason.INFEASIBLE
        else:
            assert found.value == pytest.approx(wanted, rel=1e-6, abs=1e-6)


def test_the_limits_of_these_seeds_bind() -> None:
    """So that the tests above do not compare what no limit touches."""
    bound = 0
    for seed in SEEDS:
        game = several_types(seed)
        free = solve(game, options=TIGHT).outcome
        most = 0.5 * ExpectedCost(0.0).measure(game, free)
        bound += solve(game, aims=Aims(limits=(ExpectedCost(most),)), options=TIGHT).value < free.value - 1e-3
    assert bound >= 3


class TestWhatDoesNotFit:
    @pytest.mark.parametrize(
        "make",
        [
            lambda: MeanCVaR(1.0),
            lambda: MeanCVaR(-0.1),
            lambda: MeanCVaR(0.5, 1.5),
            lambda: WorstPrior(2.0),
            lambda: WorstPrior(math.nan),
            lambda: ExpectedHarm(-1.0),
            lambda: TotalCost(math.inf),
            lambda: HostileProbability(True),
            lambda: MinimaxRegret({"dove": math.nan}),
        ],
    )
    def test_numbers(self, make: Any) -> None:
        with pytest.raises(OptionError, match="give a finite number"):
            make()

    def test_names(self) -> None:
        game = load_case("teaching")
        with pytest.raises(OptionError, match="is no party of the game; it has"):
            solve(game, aims=Aims(limits=(PartyHarm(1.0, "nobody"),)))
        with pytest.raises(OptionError, match="needs the best value against each of"):
            solve(game, aims=Aims(MinimaxRegret({})))
        with pytest.raises(OptionError, match="Expectation"):
            solve(game, aims=Aims("worst"))  # type: ignore[arg-type]
        with pytest.raises(OptionError, match="clairvoyant"):
            solve(game, information=Information.CLAIRVOYANT, aims=Aims(limits=(TotalCost(1.0),)))

    def test_a_certificate_refuses_a_ladder_over_a_limit(self) -> None:
        game = load_case("teaching")
        solution = solve(game)
        cost = TotalCost(0.0).measure(game, solution.outcome)
        assert cost > 0.0
        certificate = certify(
            game,
            solution.ladder,
            claimed_value=solution.value,
            claimed_responses=solution.outcome.responses,
            aims=Aims(limits=(TotalCost(cost / 2),)),
        )
        assert any("a limit is broken: total cost" in failure for failure in certificate.failures)

    def test_a_certificate_refuses_the_worth_of_another_criterion(self) -> None:
        game = load_case("teaching")
        solution = solve(game)
        assert min(solution.outcome.values.values()) < solution.value - 1.0
        certificate = certify(
            game,
            solution.ladder,
            claimed_value=solution.value,
            claimed_responses=solution.outcome.responses,
            aims=Aims(WorstType()),
        )
        assert not certificate.accepted


def test_the_summary_names_criterion_and_limits() -> None:
    game = load_case("teaching")
    text = solve(game, aims=Aims(WorstType(), (TotalCost(1e4),))).summary()
    assert "worst type" in text
    assert "expectation " in text
    assert "total cost at most 10000" in text
    assert "expected over types" in solve(game).summary()


def test_a_prior_of_zero_counts_in_the_worst_case() -> None:
    game = several_types(1)
    first, *others = game.patron_types
    rest = sum(row.prior for row in others)
    rows = (replace(first, prior=0.0), *(replace(row, prior=row.prior / rest) for row in others))
    certain = replace(game, patron_types=rows)
    found = solve(certain, aims=Aims(WorstType()), options=TIGHT)
    wanted = best_worth(certain, lambda v, _: min(v.values()))
    assert found.value == pytest.approx(wanted, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
class TestWorthAndExpectation:
    def test_a_criterion_can_be_a_limit(self, seed: int) -> None:
        """The largest expectation with the worst type, or CVaR, halfway from usual to its best."""
        game = several_types(seed)
        usual = solve(game, options=TIGHT).outcome
        for criterion, worth in criteria(game)[:4]:
            best = solve(game, aims=Aims(criterion), options=TIGHT).value
            least = 0.5 * (best + criterion.worth(usual.values, usual.priors))

            def keeps(
                sums: dict[str, Sums], p: dict[str, float], worth: Any = worth, least: float = least
            ) -> bool:
                values = {name: entry.payoff for name, entry in sums.items()}
                return bool(worth(values, p) >= least - 1e-9 * max(1.0, abs(least)))

            limit = AtLeast(least, criterion)
            found = solve(game, aims=Aims(limits=(limit,)), options=TIGHT)
            assert found.value == pytest.approx(best_worth(game, mean, keeps), rel=1e-6, abs=1e-6)
            assert limit.kept(game, found.outcome)

    def test_of_equal_worth_the_largest_expectation(self, seed: int) -> None:
        game = several_types(seed)
        for criterion, worth in criteria(game):
            found = solve(game, aims=Aims(criterion), options=TIGHT)
            least = found.value - 1e-5 * max(1.0, abs(found.value))

            def keeps(
                sums: dict[str, Sums], p: dict[str, float], worth: Any = worth, least: float = least
            ) -> bool:
                return bool(worth({name: entry.payoff for name, entry in sums.items()}, p) >= least)

            wanted = best_worth(game, mean, keeps)
            assert found.outcome.value >= wanted - 1e-3 * max(1.0, abs(wanted))


def test_a_ladder_that_serves_the_other_types_badly_is_replaced() -> None:
    """One start is left out that the worst type never meets."""
    count = 0
    for seed in range(60):
        game = several_types(seed)
        aimed = replace(task(game), aims=Aims(WorstType()))
        best = solve(game, aims=aimed.aims, options=TIGHT)
        for worse in struck_out(game, best.outcome):
            if aimed.worth(worse) < best.value - 1e-9:
                continue
            finding = Finding(worse.ladder, worse, best.value, best.value, worse.responses)
            result = SearchResult(finding, best.dual_bound, Reason.OPTIMAL, StopLimit.NONE, ())
            better, _ = strategy._most_expected(aimed, result, finding)
            assert better.outcome.value == pytest.approx(best.outcome.value, rel=1e-4, abs=1e-4)
            assert better.worth == pytest.approx(best.value, rel=1e-6, abs=1e-6)
            count += 1
    assert count >= 1
