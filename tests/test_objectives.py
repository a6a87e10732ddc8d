"""Objectives beside the payoff: what they sum, ties, the program against brute force, the certificate."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from games import random_game
from oracle_frontier import best_of, best_pairs
from sanctopt import (
    Information,
    OptionError,
    SolveOptions,
    SolverError,
    Ties,
    certify,
    load_case,
    play,
    solve,
)
from sanctopt.aims import (
    Aims,
    AtLeast,
    Expectation,
    ExpectedCost,
    ExpectedHarm,
    HostileProbability,
    Mixture,
    Objective,
    WorstType,
    counts_by_type,
)
from sanctopt.game import Game
from sanctopt.search import Clock, Task, program, strategy
from sanctopt.solution import Status
from sanctopt.solver_options import Reason
from test_docs_formulation import LATE
from test_search import several_types

SEEDS = range(3)
PAIRS = [(x, y) for x in Objective for y in Objective if x is not y]
FINE = SolveOptions(highs={"mip_feasibility_tolerance": 1e-8})


def offering(seed: int) -> Game:
    """A game of several types, of which all that concede do so early: an offer to one is taken by others."""
    while len((game := random_game(seed)).patron_types) < 2 or game.off_ramp is None or game.stages != 2:
        seed += 1000
    shares = (0.9, 0.75, 1.0)
    rows = (replace(row, reservation=share) for row, share in zip(game.patron_types, shares, strict=False))
    assert game.off_ramp is not None
    return replace(game, patron_types=tuple(rows), off_ramp=replace(game.off_ramp, offer_cost=0.0))


GAMES = [several_types(seed) for seed in SEEDS] + [offering(seed) for seed in SEEDS]
every_game = pytest.mark.parametrize("number", range(len(GAMES)))


class TestAmounts:
    def test_are_the_measures_of_the_limits(self) -> None:
        game = load_case("teaching")
        outcome = solve(game).outcome
        for objective, limit in (
            (Objective.HARM, ExpectedHarm(0.0)),
            (Objective.COST, ExpectedCost(0.0)),
            (Objective.HOSTILITY, HostileProbability(0.0)),
        ):
            assert objective.expected(outcome) == pytest.approx(limit.measure(game, outcome))
            assert objective.expected(outcome) > 0.0
        assert Objective.PAYOFF.expected(outcome) == pytest.approx(outcome.value)

    def test_by_hand(self) -> None:
        """Both types concede in stage 0: nothing is denied later, and credibility is that of stage 0."""
        late = replace(LATE, credibility=replace(LATE.credibility, initial=1.0, max=1.0, decay=0.25))
        outcome = solve(late).outcome
        assert all(step.concedes for step in outcome.steps)
        assert Objective.DENIED.expected(outcome) == pytest.approx(100.0)
        assert Objective.COST.expected(outcome) == pytest.approx(2.0)
        assert Objective.HARM.expected(outcome) == 0.0
        assert Objective.HOSTILITY.expected(outcome) == 0.0
        assert Objective.CREDIBILITY.expected(outcome) == pytest.approx(0.75)

    def test_mixture(self) -> None:
        outcome = solve(load_case("teaching")).outcome
        mixed = Mixture(((Objective.DENIED, 2.0), (Objective.HOSTILITY, 50.0)), 3.0)
        wanted = 2.0 * Objective.DENIED.expected(outcome) - 50.0 * Objective.HOSTILITY.expected(outcome) + 3.0
        assert Expectation().worth(counts_by_type(mixed, outcome), outcome.priors) == pytest.approx(wanted)
        assert str(mixed) == "2 revenue denied - 50 probability of a hostile response + 3"

    def test_what_does_not_fit(self) -> None:
        with pytest.raises(OptionError, match="give one weight for each"):
            Mixture(((Objective.COST, 1.0), (Objective.COST, 2.0)))
        with pytest.raises(OptionError, match="weight of cost"):
            Mixture(((Objective.COST, -1.0),))
        with pytest.raises(OptionError, match=r"give one of sanctopt\.aims, as Objective\.COST"):
            solve(LATE, aims=Aims(objective="cost"))  # type: ignore[arg-type]


@every_game
class TestAgainstBruteForce:
    def test_one_objective(self, number: int) -> None:
        game = GAMES[number]
        for objective in Objective:
            for information, name in (
                (Information.ADAPTIVE, "adaptive"),
                (Information.OPEN_LOOP, "open_loop"),
            ):
                found = solve(game, information=information, aims=Aims(objective=objective))
                wanted = best_of(game, objective, name)  # type: ignore[arg-type]
                assert found.value == pytest.approx(wanted, rel=1e-6, abs=1e-6)
                assert found.dual_bound is not None
                assert found.dual_bound >= wanted - 1e-6 * max(1.0, abs(wanted))

    def test_the_other_one_limited(self, number: int) -> None:
        """At the mean of two neighbours on the frontier: the point beyond it is the optimum."""
        game = GAMES[number]
        for x, y in PAIRS[number::5]:
            pairs = best_pairs(game, x, y)
            for (_, worse), (wanted, better) in list(pairwise(pairs))[:3]:
                if better - worse < 1e-3:
                    continue
                limit = AtLeast((worse + better) / 2.0, Expectation(), y)
                found = solve(game, aims=Aims(limits=(limit,), objective=x), options=FINE)
                assert found.value == pytest.approx(wanted, rel=1e-6, abs=1e-6)
                assert limit.kept(game, found.outcome)
                assert found.certificate.accepted

    def test_a_mixture(self, number: int) -> None:
        game = GAMES[number]
        for x, y in PAIRS[number::6]:
            wanted = max(2.0 * a + 5.0 * b for a, b in best_pairs(game, x, y)) - 1.0
            found = solve(game, aims=Aims(objective=Mixture(((x, 2.0), (y, 5.0)), -1.0)))
            assert found.value == pytest.approx(wanted, rel=1e-6, abs=2e-6)

    def test_the_tree_of_answers_gives_the_same(self, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
        game = GAMES[number]
        monkeypatch.setattr(strategy, "SMALL", 0)
        monkeypatch.setattr(strategy, "TINY", 0)
        for objective in list(Objective)[number % 2 :: 2]:
            found = solve(game, aims=Aims(objective=objective))
            assert found.value == pytest.approx(best_of(game, objective), rel=1e-6, abs=1e-6)
        x, y = PAIRS[number]
        found = solve(game, aims=Aims(objective=Mixture(((x, 2.0), (y, 5.0)))))
        wanted = max(2.0 * a + 5.0 * b for a, b in best_pairs(game, x, y))
        assert found.value == pytest.approx(wanted, rel=1e-6, abs=2e-6)


class TestConcessions:
    """Type A would hit in stage 1 and concedes in stage 0 if asked; so does B, which would rather be kept."""

    def test_one_that_is_unwelcome_is_not_overlooked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        reminded: list[Any] = []
        remind = program.Program.remind
        monkeypatch.setattr(
            program.Program, "remind", lambda self, forced: (reminded.append(forced), remind(self, forced))
        )
        game = replace(LATE, off_ramp=replace(LATE.off_ramp, offer_cost=0.0))  # type: ignore[type-var]
        pairs = best_pairs(game, Objective.DENIED, Objective.HARM)
        assert pairs == [(200.0, -500.0), (100.0, 0.0)]
        limit = AtLeast(-400.0, Expectation(), Objective.HARM)
        found = solve(game, aims=Aims(limits=(limit,), objective=Objective.DENIED))
        assert found.value == pytest.approx(100.0)
        assert reminded

    def test_one_that_breaks_a_limit_alone_is_not_overlooked(self) -> None:
        """What is maximized does not notice the concession; revenue denied does."""
        game = replace(LATE, off_ramp=replace(LATE.off_ramp, offer_cost=0.0))  # type: ignore[type-var]
        limit = AtLeast(150.0, Expectation(), Objective.DENIED)
        found = solve(game, aims=Aims(limits=(limit,), objective=Objective.HARM))
        assert found.value == pytest.approx(-500.0)
        assert limit.kept(game, found.outcome)

    def test_without_the_rows_the_search_stops(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(program, "overlooked", lambda *_: [])
        game = replace(LATE, off_ramp=replace(LATE.off_ramp, offer_cost=0.0))  # type: ignore[type-var]
        limit = AtLeast(150.0, Expectation(), Objective.DENIED)
        with pytest.raises(SolverError, match="claims what its ladder does not give"):
            solve(game, aims=Aims(limits=(limit,), objective=Objective.HARM))


class TestTies:
    def test_fall_for_the_objective(self) -> None:
        """A type that likes both responses alike hits where that pays, and holds where hostility counts."""
        both = tuple(replace(row, base=0.0, provocation=0.0) for row in LATE.utilities)
        game = replace(LATE, utilities=both, harms=(), perception=())
        ladder = solve(game).ladder
        for objective, hostile in ((Objective.HOSTILITY, 0.0), (Objective.PAYOFF, None)):
            outcome = play(game, ladder, objective=objective)
            if hostile is not None:
                assert Objective.HOSTILITY.expected(outcome) == hostile
        worst = play(game, ladder, Ties.PESSIMISTIC, objective=Objective.HOSTILITY)
        assert Objective.HOSTILITY.expected(worst) == 1.0

    def test_the_whole_path_counts(self) -> None:
        """Once hostile, a second hostile response costs nothing more: brute force over all paths agrees."""
        compared = 0
        for seed in range(40):
            game = random_game(seed)
            mixed = Mixture(((Objective.DENIED, 1.0), (Objective.HOSTILITY, 7.0)))
            found = solve(game, aims=Aims(objective=mixed)).value
            pairs = best_pairs(game, Objective.DENIED, Objective.HOSTILITY) if seed % 4 == 0 else []
            compared += bool(pairs)
            assert not pairs or found == pytest.approx(max(a + 7.0 * b for a, b in pairs), rel=1e-6, abs=1e-6)
        assert compared == 10


def test_types_of_prior_zero_weigh_nothing_but_in_the_worst_case() -> None:
    game = several_types(1)
    first, *others = game.patron_types
    rest = math.fsum(row.prior for row in others)
    rows = (replace(first, prior=0.0), *(replace(row, prior=row.prior / rest) for row in others))
    certain = replace(game, patron_types=rows)
    for objective in Objective:
        found = solve(certain, aims=Aims(objective=objective))
        assert found.value == pytest.approx(best_of(certain, objective), rel=1e-6, abs=1e-6)
    worst = solve(certain, aims=Aims(WorstType(), objective=Objective.DENIED))
    counts = counts_by_type(Objective.DENIED, worst.outcome)
    assert worst.value == pytest.approx(min(counts.values()))


def test_a_game_in_which_nothing_counts() -> None:
    """No supply, no harm, no cost, no credibility: every optimum is 0."""
    nothing = replace(
        LATE,
        entities=tuple(replace(row, supply=None) for row in LATE.entities),
        credibility=replace(LATE.credibility, initial=0.0, max=0.0),
        off_ramp=None,
        harms=(),
        instruments=tuple(replace(row, cost=0.0) for row in LATE.instruments),
    )
    for objective in Objective:
        found = solve(nothing, aims=Aims(objective=objective))
        if objective is not Objective.HOSTILITY:  # A hits in stage 1 whatever is done
            assert found.value == pytest.approx(0.0, abs=1e-9)
        assert found.status == Status(Reason.OPTIMAL)


class TestCertificate:
    def test_refuses_the_worth_of_another_objective(self) -> None:
        game = load_case("teaching")
        solution = solve(game)

        def accepted(objective: Objective, claimed: float) -> bool:
            return certify(
                game,
                solution.ladder,
                claimed_value=claimed,
                claimed_responses=solution.outcome.responses,
                aims=Aims(objective=objective),
            ).accepted

        for objective in Objective:
            worth = objective.sign * objective.expected(solution.outcome)
            assert accepted(objective, worth)
            assert not accepted(objective, worth + 1e-4 * max(1.0, abs(worth)))

    def test_refuses_a_ladder_below_a_limit(self) -> None:
        game = load_case("teaching")
        solution = solve(game)
        denied = Objective.DENIED.expected(solution.outcome)
        certificate = certify(
            game,
            solution.ladder,
            claimed_value=solution.value,
            claimed_responses=solution.outcome.responses,
            aims=Aims(limits=(AtLeast(denied + 1.0, Expectation(), Objective.DENIED),)),
        )
        assert any("expectation of revenue denied at least" in text for text in certificate.failures)


def test_the_summary_says_what_counts() -> None:
    text = solve(load_case("teaching"), aims=Aims(objective=Objective.COST)).summary()
    assert "(expectation of cost, counted as minus)" in text
    assert "expectation " in text


def test_a_known_ladder_of_one_sequence_is_played_as_one() -> None:
    """An adaptive search begins with what the sequence does at every history that is reached."""
    game = load_case("teaching")
    fixed = solve(game, information=Information.OPEN_LOOP)
    begun = Task(
        game, Information.ADAPTIVE, 0.0, SolveOptions(), Clock(None), None, known_ladders=(fixed.ladder,)
    )
    (outcome,) = program.known_ladders(begun)
    assert outcome.value == pytest.approx(fixed.value)
