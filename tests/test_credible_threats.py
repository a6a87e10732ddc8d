"""Credible threats: the optimum against brute force, games by hand, what is cut off, limits of time."""

from __future__ import annotations

from dataclasses import replace

import pytest

import oracle
from games import Size, random_game
from oracle import brute_force
from oracle_threats import credible_optimum, optimum_without_threats
from sanctopt import Aims, Information, OptionError, Rung, SolveOptions, Start, load_case, solve
from sanctopt.aims import MeanCVaR, MinimaxRegret, TotalCost
from sanctopt.analysis import Question, audit, replan, solve_each
from sanctopt.analysis.threats.audited_rungs import Verdict
from sanctopt.game import Game
from sanctopt.ladder import History
from sanctopt.outcome import Outcome
from sanctopt.position import Past
from sanctopt.rung_limits import Givers, NoEmptyThreat
from sanctopt.search import strategy
from sanctopt.search.credible_threats import CLOSE
from sanctopt.solver_options import Limit, Reason
from test_rung_limits import best
from threat_games import EMPTY, EVEN, KEPT, MINE, threat_game

TIGHT = SolveOptions(relative_gap=CLOSE)

TELLING = (107, 169, 195, 221, 406)
"""Seeds of random games in which threats are worth something; found by brute force over 0 to 900."""

SEVERAL = (17, 45, 186, 273)
"""The same, with several types; all but the last of three stages."""

OTHERS = tuple(seed for seed in range(40) if random_game(seed).standing_threats)[:6]
"""Games with threats that are worth nothing, as a rule."""


class TestAgainstBruteForce:
    @pytest.mark.parametrize("seed", [*TELLING, *SEVERAL, *OTHERS])
    def test_the_optimum(self, seed: int) -> None:
        game = random_game(seed)
        check(game)

    @pytest.mark.parametrize("seed", [4338, 4875, 5174, 5809])
    def test_threats_whose_rest_has_threats_of_its_own(self, seed: int) -> None:
        """Four stages: the definition looks at itself twice."""
        size = Size(stages=4, channels=2, facilitators=2, starts=3, choices=0, responses=2, types=2)
        game = random_game(seed, size)
        assert game.stages == 4
        check(game)

    @pytest.mark.parametrize("seed", [107, 169, 221, 17])
    def test_the_optimum_by_the_tree_of_answers(self, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(strategy, "SMALL", 0)
        monkeypatch.setattr(strategy, "TINY", 0)
        check(random_game(seed))

    def test_these_games_tell_full_credible_and_none_apart(self) -> None:
        """So that the tests above hold the search against something."""
        found = []
        for seed in (*TELLING, *SEVERAL):
            game = random_game(seed)
            values = brute_force(game).value, credible_optimum(game), optimum_without_threats(game)
            assert values[0] >= values[1] - 1e-9 >= values[2] - 2e-9
            found.append(values)
        assert sum(full > credible + 1e-3 for full, credible, _ in found) >= 7
        assert sum(credible > none + 1e-3 for _, credible, none in found) >= 2


def check(game: Game) -> None:
    solution = solve(game, credible_threats=True, options=TIGHT)
    wanted = credible_optimum(game)
    assert solution.status.reason is Reason.OPTIMAL
    assert solution.value == pytest.approx(wanted, rel=1e-6, abs=1e-6)
    assert solution.dual_bound == pytest.approx(wanted, rel=2e-6, abs=2e-6)
    assert solution.certificate.accepted
    assert solution.provenance.credible_threats
    assert not solution.provenance.aims.limits
    assert audit(game, solution, options=TIGHT).verdict is Verdict.CREDIBLE


class TestByHand:
    """A patron that would hit unless the coalition threatens; see `threat_games`."""

    def test_a_threat_that_would_pay_is_made(self) -> None:
        game = threat_game(KEPT)
        solution = solve(game, credible_threats=True)
        assert [rung.threat for rung in solution.ladder.rungs if rung.threat] == [(MINE,)]
        assert solution.value == pytest.approx(50 + 50 + 40 - KEPT)

    def test_a_threat_that_costs_more_than_it_gains_is_not_made(self) -> None:
        game = threat_game(EMPTY)
        full, credible = solve(game), solve(game, credible_threats=True)
        assert [rung.threat for rung in full.ladder.rungs if rung.threat] == [(MINE,)]
        assert full.value == pytest.approx(100.0)
        assert not any(rung.threat for rung in credible.ladder.rungs)
        assert credible.value == pytest.approx(50.0)
        assert "only threats that would be carried out" in str(credible)

    def test_a_tie_is_credible(self) -> None:
        """Carrying it out costs what it gains: it is still among the best choices."""
        solution = solve(threat_game(EVEN), credible_threats=True)
        assert [rung.threat for rung in solution.ladder.rungs if rung.threat] == [(MINE,)]
        assert solution.value == pytest.approx(100.0)

    @pytest.mark.parametrize("price", [KEPT, EVEN, EMPTY])
    def test_brute_force_agrees(self, price: float) -> None:
        assert solve(threat_game(price), credible_threats=True).value == pytest.approx(
            credible_optimum(threat_game(price))
        )


class TestTerms:
    def test_only_adaptive_plans(self) -> None:
        for information in (Information.OPEN_LOOP, Information.CLAIRVOYANT):
            with pytest.raises(OptionError, match=r"give Information\.ADAPTIVE"):
                solve(threat_game(KEPT), information=information, credible_threats=True)

    def test_no_regret(self) -> None:
        game = threat_game(KEPT)
        regret = MinimaxRegret(dict.fromkeys(game.patron_type, 0.0))
        with pytest.raises(OptionError, match="give another criterion"):
            solve(game, aims=Aims(regret), credible_threats=True)

    def test_a_game_without_threats_is_solved_as_ever(self) -> None:
        game = load_case("teaching")
        assert solve(game, credible_threats=True).value == pytest.approx(solve(game).value)

    @pytest.mark.parametrize("seed", [107, 221])
    def test_margin_and_limits_are_of_the_plan(self, seed: int) -> None:
        game = random_game(seed)
        free = solve(game, credible_threats=True, options=TIGHT)
        cost = TotalCost(1000.0).measure(game, free.outcome)
        bound = solve(game, credible_threats=True, aims=Aims(limits=(TotalCost(cost / 2),)), options=TIGHT)
        sure = solve(game, credible_threats=True, margin=0.1, options=TIGHT)
        for other in (bound, sure):
            assert not other.has_ladder or other.value <= free.value + 1e-6
            assert not other.has_ladder or other.certificate.accepted
            assert other.status.reason in (Reason.OPTIMAL, Reason.INFEASIBLE)
        assert sure.status.reason is Reason.INFEASIBLE or sure.outcome.smallest_margin >= 0.1 - 1e-9

    def test_a_criterion(self) -> None:
        game = random_game(45)
        aims = Aims(MeanCVaR(0.5, 0.5))
        full = solve(game, aims=aims, options=TIGHT)
        found = solve(game, aims=aims, credible_threats=True, options=TIGHT)
        assert found.status.reason is Reason.OPTIMAL
        assert found.value <= full.value + 1e-6
        checked = audit(game, found, options=TIGHT)
        assert checked.verdict is Verdict.CREDIBLE
        assert "CVaR" in checked.criterion


class TestLimits:
    @pytest.mark.parametrize("seconds", [0.0, 0.4, 1.5])
    def test_time(self, seconds: float) -> None:
        """Whatever the time, what comes back has credible threats, and the bound holds."""
        game = random_game(219)  # takes many rounds
        wanted = credible_optimum(game)
        options = SolveOptions(time_limit_seconds=seconds)
        solution = solve(game, credible_threats=True, options=options)
        assert solution.value <= wanted + 1e-6
        assert solution.dual_bound is None or solution.dual_bound >= wanted - 1e-5
        assert audit(game, solution).verdict is Verdict.CREDIBLE
        if solution.status.reason is not Reason.OPTIMAL:
            assert solution.status.reason is Reason.LIMIT
            assert solution.status.limit is Limit.TIME

    def test_interrupt(self) -> None:
        game = random_game(219)

        def stop(_: object) -> None:
            raise KeyboardInterrupt

        solution = solve(game, credible_threats=True, on_progress=stop)
        assert solution.status.reason in (Reason.INTERRUPTED, Reason.OPTIMAL)
        assert solution.has_ladder
        assert audit(game, solution).verdict is Verdict.CREDIBLE

    def test_a_batch(self) -> None:
        game = threat_game(EMPTY)
        asked = [Question("full", game), Question("credible", game, credible_threats=True)]
        full, credible = (answer.solution for answer in solve_each(asked))
        assert full.value > credible.value
        assert credible.provenance.credible_threats

    def test_a_question_that_begins_in_the_middle(self) -> None:
        game = random_game(45)
        ladder = solve(game, options=TIGHT).ladder
        response = game.responses[0].name
        again = replan(game, ladder, [response], options=TIGHT)
        asked = Question("rest", again.game, past=Past((again.observations[0].rung,), (response,)))
        (answer,) = solve_each([asked], options=TIGHT)
        assert answer.solution.value == pytest.approx(again.solution.value, rel=1e-6, abs=1e-6)
        assert answer.solution.provenance.history == (response,)


class TestWhatIsCutOff:
    """`NoEmptyThreat` measures what its rows cut off."""

    @pytest.mark.parametrize("givers", list(Givers))
    @pytest.mark.parametrize("seed", [45, 107, 273])
    def test_the_best_of_the_others(self, seed: int, givers: Givers) -> None:
        """What is cut off is gone, and nothing that is worth more than what is left."""
        game = random_game(seed)
        solution = solve(game, options=TIGHT)
        limits: tuple[NoEmptyThreat, ...] = ()
        for _ in range(4):
            made = next((s for s in solution.outcome.steps if s.rung.threat), None)
            if made is None:
                break
            limit = limit_of(solution.outcome, made.history, givers, game)
            if limit is None:
                break
            assert limit.measure(game, solution.outcome) == 1.0
            limits += (limit,)
            before, solution = solution, solve(game, aims=Aims(limits=limits), options=TIGHT)
            assert solution.value <= before.value + 1e-6
            assert all(each.measure(game, solution.outcome) == 0.0 for each in limits)
            assert solution.certificate.accepted
        assert limits or givers is Givers.THESE

    @pytest.mark.parametrize("seed", [107, 221, 273, 291, 406])
    def test_a_cut_at_the_opening_against_brute_force(self, seed: int) -> None:
        """Which rungs, threats and answers a limit leaves, told in other words."""
        game = random_game(seed)
        outcome = solve(game, options=TIGHT).outcome
        assert outcome.steps[0].rung.threat, "the seeds are chosen to have one"
        for givers in Givers:
            limit = limit_of(outcome, (), givers, game)
            assert limit is not None
            cut = limit.rungs[0]

            def allows(
                stage: int,
                rung: oracle.Rung,
                replies: tuple[oracle.Reply, ...],
                limit: NoEmptyThreat = limit,
                cut: Rung = cut,
            ) -> bool:
                if stage > 0:
                    return True
                names = [row.name for row in game.patron_types]
                giving = {
                    names[r.player.type] for r in replies if r.response == limit.response and not r.concedes
                }
                same = (
                    rung.starts == set(cut.starts)
                    and rung.engagements == set(cut.engagements)
                    and rung.mitigations == set(cut.mitigations)
                )
                if limit.givers is Givers.NOBODY:
                    offered = any(reply.concedes for reply in replies)
                    return not (
                        same and rung.threat == set(cut.threat) and offered == cut.offer and not giving
                    )
                larger = same and rung.threat >= set(cut.threat)
                return not (larger and (limit.givers is Givers.ANYBODY or giving == set(limit.types)))

            found = solve(game, aims=Aims(limits=(limit,)), options=TIGHT)
            assert found.value == pytest.approx(best(game, allows), rel=1e-6, abs=1e-6), limit.givers

    def test_a_name_that_the_game_does_not_have(self) -> None:
        game = threat_game(KEPT)
        limit = NoEmptyThreat((Rung((), threat=(Start("moon", "close"),)),), "hit", Givers.NOBODY, ("tough",))
        with pytest.raises(OptionError, match="close moon is not eligible"):
            solve(game, aims=Aims(limits=(limit,)))

    def test_types_and_responses_that_the_game_does_not_have(self) -> None:
        game = threat_game(KEPT)
        for response, types, reason in (("kick", ("tough",), "no response"), ("hit", ("soft",), "no type")):
            limit = NoEmptyThreat((Rung((), threat=(MINE,)),), response, Givers.NOBODY, types)
            with pytest.raises(OptionError, match=reason):
                solve(game, aims=Aims(limits=(limit,)))

    def test_it_reads_well(self) -> None:
        rung = Rung((), threat=(Start("mine", "close"),))
        limit = NoEmptyThreat((rung,), "hit", Givers.NOBODY, ("tough",))
        assert str(limit) == "no empty threat of close mine after nothing"


def limit_of(outcome: Outcome, history: History, givers: Givers, game: Game) -> NoEmptyThreat | None:
    """What cuts off the threat of a played ladder at a history."""
    here = [step for step in outcome.steps if step.history == history]
    met = [s.rung for s in outcome.steps if s.type == here[0].type and s.stage < len(history)]
    last = replace(here[0].rung, offer=any(step.concedes for step in here))
    hostile = next((row.name for row in game.responses if row.hostile), None)
    if hostile is None:
        return None
    given = tuple(s.type for s in here if s.response == hostile and not s.concedes)
    if givers is Givers.ANYBODY or not given:
        kind = Givers.ANYBODY if givers is Givers.ANYBODY else Givers.NOBODY
        return NoEmptyThreat((*met, last), hostile, kind, tuple(step.type for step in here))
    return NoEmptyThreat((*met, last), hostile, Givers.THESE, given)


def test_known_ladders_do_not_change_the_optimum() -> None:
    game = random_game(221)
    known = solve(game, options=TIGHT).ladder
    found = solve(game, credible_threats=True, known_ladders=(known,), options=TIGHT)
    assert found.value == pytest.approx(credible_optimum(game), rel=1e-6, abs=1e-6)
