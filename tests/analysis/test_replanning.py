"""Replanning: beliefs by hand and by Bayes, the rest of the game against brute force, wrong input."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from sanctopt import LadderError, SolveOptions, load_case, solve
from sanctopt.aims import Aims, TotalCost
from sanctopt.analysis.batch import BatchProgress
from sanctopt.analysis.replanning import Surprise, replan
from sanctopt.game import Game
from sanctopt.position import Past, best_responses, opening, take, utilities
from sanctopt.search import strategy
from sanctopt.search.neighbourhoods import NeighbourhoodSearch
from sanctopt.search.program import Program, do_nothing
from sanctopt.search.task import Clock
from test_answers import task
from test_past import by_brute_force, longer_game, random_past

SEEDS = range(12)
TIGHT = SolveOptions(relative_gap=1e-7)


@pytest.mark.parametrize("seed", SEEDS)
class TestAgainstBruteForce:
    def test_the_rest_after_any_past(self, seed: int) -> None:
        game = longer_game(seed)
        past = random_past(game, seed)
        found = replan(game, past.rungs, past.responses, options=TIGHT)
        assert sum(found.belief.values()) == pytest.approx(1.0)
        wanted = by_brute_force(found.game, past.position(game))
        assert found.solution.value == pytest.approx(wanted, rel=1e-6, abs=1e-6)
        assert found.solution.certificate.accepted

    def test_an_expected_history_changes_no_value_and_no_belief(self, seed: int) -> None:
        game = longer_game(seed)
        solution = solve(game, options=TIGHT)
        steps = solution.outcome.steps
        for history in {step.history for step in steps if step.history}:
            found = replan(game, solution.ladder, history, options=TIGHT)
            here = {step.type: step.belief for step in steps if step.history == history and step.belief > 0}
            assert found.belief == pytest.approx(here)
            assert all(seen.surprise is Surprise.NONE for seen in found.observations)
            later = [step for step in steps if step.type in here and step.stage >= len(history)]
            worth = sum(here[step.type] * step.payoff for step in later)
            assert found.solution.value == pytest.approx(worth, rel=1e-5, abs=1e-5)

    def test_neighbourhoods_from_a_past_only_get_better(self, seed: int) -> None:
        game = longer_game(seed)
        past = random_past(game, seed)
        begun = replace(task(game), past=past)
        search = NeighbourhoodSearch(Program.build(begun, "rest"), "nearby", do_nothing(begun))
        values = [search.best.value]
        for _ in range(4):
            search.run(Clock(None), rounds=3)
            values.append(search.best.value)
        wanted = by_brute_force(game, past.position(game))
        assert values == sorted(values)
        assert values[-1] <= wanted + 1e-6 * max(1.0, abs(wanted))


def beliefs_by_hand(game: Game, past: Past) -> dict[str, float]:
    """Bayes over types whose best responses hold what was seen; no change where there are none."""
    belief = {row.name: row.prior for row in game.patron_types}
    for stage in range(past.stage):
        position = Past(past.rungs[:stage], past.responses[:stage]).position(game)
        posture = take(game, position, past.rungs[stage])
        kept = {
            row.name: belief[row.name]
            for row in game.patron_types
            if past.responses[stage] in best_responses(utilities(game, posture, row))
        }
        if sum(kept.values()) > 0:
            belief = {name: kept.get(name, 0.0) / sum(kept.values()) for name in belief}
    return belief


@pytest.mark.parametrize("seed", SEEDS)
def test_beliefs_after_given_rungs(seed: int) -> None:
    game = replace(longer_game(seed), off_ramp=None)
    past = random_past(game, seed)
    found = replan(game, past.rungs, past.responses)
    assert found.observations[-1].belief == pytest.approx(beliefs_by_hand(game, past))


def test_every_kind_of_surprise_comes_up() -> None:
    seen: set[Surprise] = set()
    for seed in range(60):
        if seen == set(Surprise):
            break
        game = longer_game(seed)
        past = random_past(game, seed)
        seen |= {each.surprise for each in replan(game, past.rungs, past.responses).observations}
        ladder = solve(game).ladder
        for response in game.response:
            seen |= {each.surprise for each in replan(game, ladder, [response]).observations}
    assert seen == set(Surprise)


def test_a_large_game_goes_by_known_types_and_neighbourhoods(monkeypatch: pytest.MonkeyPatch) -> None:
    game = longer_game(4)
    past = random_past(game, 4)
    monkeypatch.setattr(strategy, "SMALL", 0)
    monkeypatch.setattr(strategy, "TINY", 0)
    monkeypatch.setattr(strategy, "LARGE", 0)
    found = replan(game, past.rungs, past.responses, options=SolveOptions(time_limit_seconds=20.0))
    wanted = by_brute_force(found.game, past.position(game))
    assert found.solution.value <= wanted + 1e-6 * max(1.0, abs(wanted))
    assert found.solution.dual_bound is not None
    assert found.solution.dual_bound >= wanted - 1e-6 * max(1.0, abs(wanted))


def test_the_executor_changes_nothing() -> None:
    game = load_case("teaching")
    solution = solve(game)
    seen = [solution.outcome.steps[0].response]
    told: list[BatchProgress] = []
    with ThreadPoolExecutor(1) as executor:
        there = replan(game, solution.ladder, seen, executor=executor, on_progress=told.append)
    here = replan(game, solution.ladder, seen)
    assert there.solution.ladder == here.solution.ladder
    assert there.observations == here.observations
    assert [(progress.done, progress.total) for progress in told] == [(1, 1)]


def test_limits_count_from_now_on() -> None:
    game = load_case("teaching")
    solution = solve(game)
    response = solution.outcome.steps[0].response
    free = replan(game, solution.ladder, [response])
    budget = 0.5 * TotalCost(0.0).measure(free.game, free.solution.outcome)
    assert budget > 0.0
    bound = replan(game, solution.ladder, [response], aims=Aims(limits=(TotalCost(budget),)))
    assert bound.solution.value < free.solution.value
    assert TotalCost(budget).kept(bound.game, bound.solution.outcome)


def test_text_and_table() -> None:
    game = load_case("teaching")
    solution = solve(game)
    expected = {step.response for step in solution.outcome.steps if step.stage == 0}
    odd = next(name for name in game.response if name not in expected)
    found = replan(game, solution.ladder, [odd])
    text = str(found)
    assert f"stage 0: {odd} (" in text
    assert "The best plan from stage 1 on:" in text
    frame = found.to_frame()
    assert list(frame.columns) == ["stage", "response", "surprise", "type", "belief"]
    assert frame["belief"].sum() == pytest.approx(1.0)


class TestWrongInput:
    def test_no_response_or_none_left(self) -> None:
        game = load_case("teaching")
        ladder = solve(game).ladder
        some = next(iter(game.response))
        for observed in ([], [some] * game.stages):
            with pytest.raises(LadderError, match="a replanning needs at least 1"):
                replan(game, ladder, observed)

    def test_unknown_response(self) -> None:
        game = load_case("teaching")
        with pytest.raises(LadderError, match="is no response; the game has"):
            replan(game, solve(game).ladder, ["shrug"])

    def test_too_few_rungs(self) -> None:
        game = load_case("teaching")
        with pytest.raises(LadderError, match="no rung is given for stage 0"):
            replan(game, [], [next(iter(game.response))])

    def test_a_rung_that_was_not_allowed(self) -> None:
        game = load_case("teaching")
        rung = replace(solve(game).ladder.rungs[0].decisions(), starts=game.eligible)
        assert opening(game).called == ()
        with pytest.raises(LadderError, match="was not allowed"):
            replan(game, [rung], [next(iter(game.response))])
