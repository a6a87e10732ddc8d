"""Playing a ladder: every rule of the game worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from games import tiny_games
from hand_games import (
    BANK,
    HAND_GAME,
    NOTICE,
    TRADER,
    adaptive,
    changed,
    idle,
    one_type,
    with_entity,
    with_instrument,
    with_utility,
)
from sanctopt.errors import LadderError
from sanctopt.game import (
    Credibility,
    Enforcement,
    Engagement,
    Game,
    Harm,
    Mitigation,
    OffRamp,
    Party,
    PatronType,
    Perception,
    Start,
    Weights,
)
from sanctopt.ladder import Information, Ladder, Rung
from sanctopt.outcome import Outcome, Step
from sanctopt.play import Ties, follow, play
from sanctopt.position import advance, aftermath, concedes, opening, take

HOLD = ("hold",)
HIT = ("hit",)
CALM = one_type(HAND_GAME)
"""One type that holds whatever happens: for everything that does not depend on responses."""


def step_of(outcome: Outcome, type_name: str, stage: int) -> Step:
    return next(step for step in outcome.steps if (step.type, step.stage) == (type_name, stage))


def calm_steps(game: Game, *rungs: Rung) -> tuple[Step, ...]:
    """Steps of the type that always holds; rungs it does not get are idle."""
    known = {rung.history for rung in rungs}
    rest = [rung for rung in idle((), HOLD) if rung.history not in known]
    return play(game, adaptive(game, *rungs, *rest)).steps


class TestOneStage:
    def test_every_number_of_a_step(self) -> None:
        game = changed(discount=0.5, weights=Weights(2.0, 1.0, 3.0, 10.0))
        ladder = adaptive(game, Rung((), starts=(BANK,)), *idle(HOLD, HIT))
        outcome = play(game, ladder)
        step = step_of(outcome, "proud", 0)
        # The bank keeps 30 of 50; of the other 70, 0.9 would arrive, but the trader takes only 60.
        assert step.revenue == pytest.approx(90.0, abs=1e-9)
        assert step.baseline_revenue == pytest.approx(95.0, abs=1e-9)
        assert step.credibility == pytest.approx(0.4 * 1.0)
        assert step.provocation == pytest.approx(1.0 * 2.0)
        assert step.cost == pytest.approx(2.0 * 3.0)
        assert step.utilities == pytest.approx({"hold": 0.0, "protest": -10.0, "hit": 0.5})
        assert (step.response, step.tied, step.runner_up) == ("hit", ("hit",), "hold")
        assert step.margin == pytest.approx(0.5)
        assert step.removal == pytest.approx({"coal": 0.0, "trader": 0.0, "bank": 0.4})
        assert step.payoff == pytest.approx(2.0 * (95.0 - 90.0) - 3.0 * 6.0)
        assert (step.planned, step.concedes, step.exits, step.harm) == (True, False, (), 0.0)

        # Stage 1: the bank is gone, all goes through the trader: min(100 * 0.9, 60).
        later = step_of(outcome, "calm", 1)
        assert later.revenue == pytest.approx(60.0, abs=1e-9)
        assert later.payoff == pytest.approx(0.5 * 2.0 * 35.0 + 0.25 * 10.0 * 0.4)
        assert outcome.values["calm"] == pytest.approx(-8.0 + 36.0)
        # Proud hits at P = 2, and holds at P = 1: the histories differ, the payoffs do not.
        assert outcome.responses == {"calm": ("hold", "hold"), "proud": ("hit", "hold")}
        assert outcome.value == pytest.approx(28.0)

    def test_one_response_has_no_runner_up(self) -> None:
        game = replace(CALM, responses=CALM.responses[:1])
        step = calm_steps(game)[0]
        assert (step.runner_up, step.margin) == ("", math.inf)


class TestExits:
    exposed = with_entity(CALM, "trader", us_exposure=30.0, regime_profit=19.8, exit_removal=0.5)

    @pytest.mark.parametrize(
        ("credibility", "exits"), [(0.66, ("trader",)), (0.6599, ()), (0.67, ("trader",))]
    )
    def test_exactly_at_the_threshold_it_exits(self, credibility: float, exits: tuple[str, ...]) -> None:
        game = replace(self.exposed, credibility=Credibility(credibility, 0.0, 2.0))
        step = calm_steps(game)[0]
        assert step.exits == exits
        assert step.removal["trader"] == (0.5 if exits else 0.0)

    def test_exit_is_decided_afresh(self) -> None:
        game = replace(self.exposed, credibility=Credibility(0.7, 0.5, 2.0))
        game = with_entity(game, "trader", us_exposure=30.0, regime_profit=9.0)
        assert [step.exits for step in calm_steps(game)] == [("trader",), ()]

    def test_a_start_counts_in_its_own_stage_and_credibility_is_capped(self) -> None:
        game = replace(self.exposed, credibility=Credibility(0.5, 0.0, 0.7))
        step = calm_steps(game, Rung((), starts=(BANK,)))[0]
        assert step.credibility == 0.7
        assert step.exits == ("trader",)

    def test_credibility_decays_before_the_signal_is_added(self) -> None:
        game = replace(CALM, credibility=Credibility(1.0, 0.1, 2.0))
        first, second = calm_steps(game, Rung((), starts=(BANK,)))
        assert first.credibility == pytest.approx(0.9 + 0.4)
        assert second.credibility == pytest.approx(0.9 * 1.3)

    def test_the_shield_of_a_response_works_one_stage_later_in_its_jurisdictions(self) -> None:
        responses = (replace(CALM.responses[0], shield=0.5, shields=("CN", "HK")), *CALM.responses[1:])
        game = replace(CALM, responses=responses, credibility=Credibility(1.0, 0.0, 2.0))
        game = with_entity(game, "trader", us_exposure=12.0, regime_profit=10.0)
        game = with_entity(game, "bank", us_exposure=12.0, regime_profit=10.0, jurisdiction="RU")
        assert [step.exits for step in calm_steps(game)] == [("trader", "bank"), ("bank",)]
        game = with_entity(game, "trader", us_exposure=15.0)  # 15 >= 10 (1 + 0.5) exactly
        assert calm_steps(game)[1].exits == ("trader", "bank")

    def test_only_the_latest_response_shields(self) -> None:
        responses = (replace(CALM.responses[0], shield=0.5, shields=("CN",)), *CALM.responses[1:])
        game = replace(CALM, stages=3, responses=responses, perception=(Perception("calm", 1, 20.0),))
        game = with_utility(replace(game, credibility=Credibility(1.0, 0.0, 2.0)), "calm", "hit", base=-11.0)
        game = with_entity(game, "trader", us_exposure=12.0, regime_profit=10.0)
        outcome = play(game, adaptive(game, *idle((), HOLD, (*HOLD, "hit"))))
        assert outcome.responses["calm"] == ("hold", "hit", "hold")
        assert [step.exits for step in outcome.steps] == [("trader",), (), ("trader",)]


class TestRemoval:
    def test_profiles_go_by_age(self) -> None:
        game = replace(CALM, stages=3)
        rungs = [Rung(()), Rung(HOLD, starts=(BANK,)), Rung(HOLD * 2)]
        steps = play(game, adaptive(game, *rungs)).steps
        assert [step.removal["bank"] for step in steps] == [0.0, 0.4, 1.0]

    def test_the_maximum_acts(self) -> None:
        game = replace(CALM, credibility=Credibility(1.0, 0.0, 2.0))
        game = with_entity(game, "bank", us_exposure=1.0, exit_removal=0.3)
        step = calm_steps(game, Rung((), starts=(BANK, NOTICE)))[0]
        assert step.exits == ("bank",)
        assert step.removal["bank"] == 0.4  # of 0.4, 0.1 and 0.3
        assert calm_steps(game, Rung((), starts=(NOTICE,)))[0].removal["bank"] == 0.3

    def test_enforcement_starts_with_its_response_and_ages(self) -> None:
        rows = (Enforcement("hold", "CN", 0, 0.2), Enforcement("hold", "CN", 1, 0.6))
        rows += (Enforcement("protest", "CN", 0, 0.9), Enforcement("hold", "DPRK", 1, 0.1))
        steps = calm_steps(replace(CALM, enforcement=rows))
        assert steps[0].removal == {"coal": 0.0, "trader": 0.2, "bank": 0.2}
        assert steps[1].removal == {"coal": 0.1, "trader": 0.6, "bank": 0.6}


class TestStocks:
    def test_provocation_carries_over_and_is_perceived_with_an_offset(self) -> None:
        game = replace(CALM, perception=(Perception("calm", 1, 0.25),))
        first, second = calm_steps(game, Rung((), starts=(BANK,)), Rung(HOLD, starts=(TRADER,)))
        assert (first.provocation, second.provocation) == (2.0, 0.5 * 2.0 + 1.0)
        assert first.utilities["hit"] == pytest.approx(-10.0 + 2.0)
        assert second.utilities["hit"] == pytest.approx(-10.0 + 2.0 + 0.25)

    def test_engagement_is_retained(self) -> None:
        talks = (Engagement("talks", effect=2.0, cost=1.5), Engagement("visit", effect=1.0, cost=0.5))
        game = with_utility(replace(CALM, engagements=talks), "calm", "protest", engagement=3.0)
        first, second = calm_steps(
            game, Rung((), engagements=("talks", "visit")), Rung(HOLD, engagements=("visit",))
        )
        assert (first.engagement, first.cost) == (3.0, 2.0)
        assert (second.engagement, second.cost) == (0.5 * 3.0 + 1.0, 0.5)
        assert second.utilities["protest"] == pytest.approx(-10.0 + 3.0 * 2.5)


class TestHarm:
    game = replace(
        CALM,
        stages=3,
        parties=(Party("KOR", weight=2.0), Party("JPN", weight=1.0)),
        harms=(Harm("hold", "KOR", 30.0), Harm("hold", "JPN", 10.0), Harm("hit", "JPN", 5.0)),
        mitigations=(
            Mitigation("reserve", "KOR", "", reduction=0.5, cost=4.0, lead=1),
            Mitigation("reserve", "KOR", "hold", reduction=0.6, cost=99.0, lead=2),
            Mitigation("reserve", "JPN", "hit", reduction=0.4, cost=99.0, lead=0),
        ),
    )

    def steps(self, game: Game) -> tuple[Step, ...]:
        rungs = [Rung((), mitigations=("reserve",)), *idle(HOLD, HOLD * 2)]
        return play(game, adaptive(game, *rungs)).steps

    def test_coverage_waits_for_its_lead_and_stops_at_the_cap(self) -> None:
        steps = self.steps(self.game)
        # KOR: covered 0, then 0.5, then 0.5 + 0.6 but at most 0.8. JPN is covered against hit alone.
        assert [step.party_harm["KOR"] for step in steps] == pytest.approx([30.0, 15.0, 6.0])
        assert [step.party_harm["JPN"] for step in steps] == pytest.approx([10.0, 10.0, 10.0])
        assert [step.harm for step in steps] == pytest.approx([70.0, 40.0, 22.0])
        assert steps[1].payoff == pytest.approx(-40.0)

    def test_the_cost_is_that_of_the_first_row_and_paid_once(self) -> None:
        assert [step.cost for step in self.steps(self.game)] == [4.0, 0.0, 0.0]

    def test_the_patron_sees_the_unweighted_share_denied(self) -> None:
        game = with_utility(self.game, "calm", "hold", mitigation=-1.0)
        game = with_utility(game, "calm", "hit", mitigation=-1.0)
        game = with_utility(game, "calm", "protest", mitigation=-1.0)
        steps = self.steps(game)
        assert [step.utilities["hold"] for step in steps] == pytest.approx([0.0, -15 / 40, -24 / 40])
        assert steps[0].utilities["hit"] == pytest.approx(-10.4)
        assert steps[2].utilities["protest"] == -10.0  # harms nobody: nothing to deny


class TestThreat:
    game = with_utility(replace(HAND_GAME, standing_threats=True), "proud", "hit", base=0.5, threat=-0.2)

    def test_its_size_enters_the_utility_and_a_hostile_response_calls_it(self) -> None:
        ladder = adaptive(self.game, Rung((), threat=(BANK,)), Rung(HIT, starts=(BANK,)), *idle(HOLD))
        outcome = play(self.game, ladder)
        step = step_of(outcome, "proud", 0)
        assert step.threat_size == 2.0
        assert step.utilities["hit"] == pytest.approx(0.5 - 0.4)
        assert (step.provocation, step.cost) == (0.0, 0.0)  # threatened, not done
        assert outcome.responses["proud"][0] == "hit"
        assert step_of(outcome, "proud", 1).rung.starts == (BANK,)
        assert step_of(outcome, "calm", 1).rung.starts == ()

    def test_it_may_deter(self) -> None:
        game = with_utility(self.game, "proud", "hit", base=0.3)
        outcome = play(game, adaptive(game, Rung((), threat=(BANK,)), *idle(HOLD)))
        assert outcome.responses["proud"][0] == "hold"

    def test_one_that_is_called_and_not_carried_out_is_not_allowed(self) -> None:
        ladder = adaptive(self.game, Rung((), threat=(BANK,)), *idle(HIT, HOLD))
        with pytest.raises(LadderError, match=r"rung after hit: the called threat .* designate bank must be"):
            play(self.game, ladder)

    def test_a_response_that_is_not_hostile_calls_nothing(self) -> None:
        game = with_utility(self.game, "calm", "protest", base=1.0)
        outcome = play(
            game,
            adaptive(game, Rung((), threat=(BANK,)), Rung(HIT, starts=(BANK,)), *idle(("protest",))),
        )
        assert step_of(outcome, "calm", 1).rung.starts == ()

    def test_it_may_meet_a_requirement_of_age_0_by_itself(self) -> None:
        game = with_instrument(self.game, "designate", requires="notice", requires_age=0)
        game = with_utility(game, "proud", "hit", base=0.75)  # the threat has size 2.5, worth -0.5
        both = tuple(sorted((NOTICE, BANK)))
        ladder = adaptive(game, Rung((), threat=both), Rung(HIT, starts=both), *idle(HOLD))
        assert play(game, ladder).responses["proud"] == ("hit", "hit")


class TestOffRamp:
    game = replace(
        HAND_GAME,
        discount=0.5,
        weights=Weights(1.0, 1.0, 1.0, credibility=10.0),
        credibility=Credibility(1.0, 0.0, 2.0),
        off_ramp=OffRamp(offer_cost=3.0, concession_value=1000.0),
        patron_types=(
            replace(HAND_GAME.patron_types[0], reservation=90.0 / 95.0),
            HAND_GAME.patron_types[1],
        ),
    )

    def test_a_concession_ends_the_game_for_its_type_alone(self) -> None:
        ladder = adaptive(self.game, Rung((), starts=(BANK,), offer=True), *idle(HIT))
        outcome = play(self.game, ladder)
        assert [(step.type, step.stage) for step in outcome.steps] == [
            ("calm", 0),
            ("proud", 0),
            ("proud", 1),
        ]
        step = outcome.steps[0]
        assert step.revenue == pytest.approx(90.0, abs=1e-9)  # exactly at the reservation
        assert step.concedes
        # Kept: 5 denied less 6 for the start and 3 for the offer; no credibility is left to count.
        assert step.payoff == pytest.approx(-4.0 + 0.5 * 1000.0)
        assert step_of(outcome, "proud", 0).payoff == pytest.approx(-4.0)
        assert step_of(outcome, "proud", 1).payoff == pytest.approx(0.5 * 35.0 + 0.25 * 10.0 * 1.4)

    def test_in_the_last_stage_it_takes_the_place_of_terminal_credibility(self) -> None:
        game = one_type(self.game)
        outcome = play(game, adaptive(game, Rung((), starts=(BANK,)), Rung(HOLD, offer=True)))
        assert outcome.steps[1].payoff == pytest.approx(0.5 * (35.0 - 3.0) + 0.25 * 1000.0)

    @pytest.mark.parametrize(
        ("reservation", "offer", "concedes"),
        [(0.94, True, False), (0.95, True, True), (0.95, False, False), (None, True, False)],
    )
    def test_only_an_offer_below_the_reservation_is_taken(
        self, reservation: float | None, offer: bool, concedes: bool
    ) -> None:
        game = one_type(self.game, reservation=reservation)
        rungs = [Rung((), starts=(BANK,), offer=offer), *idle(HOLD)]
        assert play(game, adaptive(game, *rungs)).steps[0].concedes is concedes


def test_a_reservation_is_met_in_decimals() -> None:
    game = replace(CALM, off_ramp=OffRamp(0.0, 1000.0))
    posture = take(game, opening(game), Rung((), offer=True))
    after = replace(aftermath(game, posture, "hold"), revenue=0.1 + 0.2, baseline_revenue=1.0)
    assert concedes(game, posture, after, PatronType("calm", 1.0, reservation=0.3))
    assert not concedes(game, posture, after, PatronType("calm", 1.0, reservation=0.29))


def tied_game(**changes: Any) -> Game:
    """One type, indifferent between hold and protest in stage 0, where protest alone is costly at once."""
    game = with_utility(CALM, "calm", "protest", base=0.0)
    game = replace(game, parties=(Party("KOR"),), harms=(Harm("protest", "KOR", 5.0),))
    return replace(game, **changes)


class TestTies:
    later = Rung(("protest",), starts=(TRADER,))
    """Worth 45 - 2 in stage 1: 5 lost by the protest, more than regained."""

    def test_a_tie_falls_by_the_whole_rest_of_the_game(self) -> None:
        game = tied_game()
        ladder = adaptive(game, Rung(()), self.later, *idle(HOLD))
        best, worst = play(game, ladder), play(game, ladder, Ties.PESSIMISTIC)
        # After protest, the trader is closed: 50 of 95 arrive, at cost 2; ties of stage 1 fall on hold.
        assert best.responses["calm"] == ("protest", "hold")
        assert best.value == pytest.approx(-5.0 + 45.0 - 2.0)
        assert worst.responses["calm"] == ("hold", "protest")
        assert worst.value == pytest.approx(-5.0)
        assert best.steps[0].tied == ("hold", "protest")
        assert (best.steps[0].margin, best.steps[0].tie, best.steps[0].runner_up) == (0.0, True, "hold")
        assert best.smallest_margin == 0.0

    def test_equal_continuations_fall_by_the_order_of_the_game(self) -> None:
        game = tied_game(harms=())
        ladder = adaptive(game, *idle((), HOLD, ("protest",)))
        for ties in Ties:
            assert play(game, ladder, ties).responses["calm"] == ("hold", "hold")
        turned = replace(game, responses=tuple(reversed(game.responses)))
        assert play(turned, adaptive(turned, *ladder.rungs)).responses["calm"] == ("protest", "protest")

    def test_decimals_that_binary_cannot_tell_are_tied(self) -> None:
        game = with_utility(with_utility(CALM, "calm", "hold", base=0.3), "calm", "protest", base=0.1 + 0.2)
        assert calm_steps(game)[0].tied == ("hold", "protest")


class TestOffThePlan:
    def test_without_a_rung_nothing_is_done_to_the_end(self) -> None:
        game = replace(CALM, stages=3)
        # There is a rung in stage 2, but the plan was left in stage 1.
        outcome = play(game, adaptive(game, Rung((), starts=(TRADER,)), Rung(HOLD * 2, starts=(BANK,))))
        assert [step.planned for step in outcome.steps] == [True, False, False]
        assert [step.rung.starts for step in outcome.steps] == [(TRADER,), (), ()]
        # The ladder of the outcome says what was done instead, so that it is a plan from start to end.
        assert [rung.starts for rung in outcome.ladder.rungs] == [(TRADER,), (), ()]
        again = play(game, outcome.ladder)
        assert all(step.planned for step in again.steps)
        assert again.ladder == outcome.ladder

    def test_a_called_threat_is_carried_out_all_the_same(self) -> None:
        game = replace(TestThreat.game, stages=3)
        outcome = play(game, adaptive(game, Rung((), threat=(BANK,)), *idle(HOLD, HOLD * 2)))
        steps = [step for step in outcome.steps if step.type == "proud"]
        assert [step.rung.starts for step in steps] == [(), (BANK,), ()]
        assert [step.planned for step in steps] == [True, False, False]

    def test_a_tie_may_lead_there(self) -> None:
        game = tied_game()
        ladder = adaptive(game, *idle(()), Rung(HOLD, starts=(BANK,)))
        worst = play(game, ladder, Ties.PESSIMISTIC)
        assert worst.responses["calm"] == ("protest", "protest")
        assert [step.planned for step in worst.steps] == [True, False]

    def test_of_two_that_are_worth_the_same_the_planned_one_is_taken(self) -> None:
        game = tied_game(harms=())
        ladder = adaptive(game, *idle((), ("protest",)))
        for ties in Ties:
            assert play(game, ladder, ties).responses["calm"] == ("protest", "hold")


class TestOpenLoop:
    tied = replace(
        with_utility(CALM, "calm", "hit", base=0.0, provocation=0.0),
        standing_threats=True,
        parties=(Party("KOR"),),
        harms=(Harm("hit", "KOR", 1.0),),
    )
    """Indifferent between hold and the hostile hit."""

    def sequence(self, game: Game, *rungs: Rung) -> Ladder:
        return Ladder.of(game, Information.OPEN_LOOP, rungs)

    def test_one_sequence_meets_all_histories(self) -> None:
        ladder = self.sequence(HAND_GAME, Rung((), starts=(BANK,)), Rung(HOLD, starts=(TRADER,)))
        outcome = play(HAND_GAME, ladder)
        assert outcome.responses["proud"][0] == "hit"
        assert step_of(outcome, "proud", 1).rung == Rung(HIT, starts=(TRADER,))
        assert [rung.history for rung in outcome.ladder.rungs] == [(), HIT, HOLD]
        assert play(HAND_GAME, outcome.ladder) == outcome

    def test_a_threat_that_an_expected_response_calls_must_be_in_the_sequence(self) -> None:
        ladder = self.sequence(TestThreat.game, Rung((), threat=(BANK,)), *idle(HOLD))
        for ties in Ties:
            with pytest.raises(LadderError, match=r"rung after hit: the called threat is not carried out"):
                play(TestThreat.game, ladder, ties)
        kept = self.sequence(TestThreat.game, Rung((), threat=(BANK,)), Rung(HOLD, starts=(BANK,)))
        assert play(TestThreat.game, kept).responses["proud"][0] == "hit"

    # A bank that goes at once when it is designated.
    swift = replace(tied, effects=(replace(tied.effects[1], removal=1.0), *tied.effects[3:]))

    def test_optimistic_ties_keep_the_plan_even_where_leaving_it_would_pay(self) -> None:
        # After hit, the threat would deny 35 for a cost of 6, but the sequence does not carry it out.
        ladder = self.sequence(self.swift, Rung((), threat=(BANK,)), *idle(HOLD))
        best = play(self.swift, ladder)
        assert best.responses["calm"] == ("hold", "hold")
        assert all(step.planned for step in best.steps)
        assert best.value == pytest.approx(0.0, abs=1e-9)

    def test_pessimistic_ties_may_leave_it(self) -> None:
        game = replace(self.swift, harms=(Harm("hit", "KOR", 50.0),))
        ladder = self.sequence(game, Rung((), threat=(BANK,)), Rung(HOLD, starts=(TRADER,)))
        worst = play(game, ladder, Ties.PESSIMISTIC)
        assert worst.responses["calm"] == ("hit", "hit")
        assert [(step.planned, step.rung.starts) for step in worst.steps] == [(True, ()), (False, (BANK,))]
        assert worst.value == pytest.approx(-50.0 - 50.0 + 35.0 - 6.0)

    def test_a_short_sequence_ends_in_nothing(self) -> None:
        outcome = play(CALM, self.sequence(CALM, Rung(())))
        assert [step.planned for step in outcome.steps] == [True, False]
        assert [rung.history for rung in outcome.ladder.rungs] == [()]


class TestNotAllowed:
    threats = replace(HAND_GAME, standing_threats=True)
    ramp = replace(HAND_GAME, off_ramp=OffRamp(1.0, 1000.0))
    talks = replace(
        HAND_GAME,
        engagements=(Engagement("talks", 1.0, 1.0),),
        mitigations=(Mitigation("reserve", "KOR", "", 0.5, 1.0),),
        parties=(Party("KOR"),),
    )
    aged = with_instrument(HAND_GAME, "designate", requires="notice", requires_age=1)

    @pytest.mark.parametrize(
        ("game", "rungs", "message"),
        [
            (
                HAND_GAME,
                [Rung((), starts=(Start("coal", "designate"),))],
                r"rung after nothing: start designate coal is not eligible; effects.csv has no row",
            ),
            (HAND_GAME, [Rung((), starts=(Start("ghost", "designate"),))], r"start designate ghost is not"),
            (HAND_GAME, [Rung((), starts=(Start("bank", "magic"),))], r"start magic bank is not eligible"),
            (
                HAND_GAME,
                [Rung((), starts=(TRADER,)), Rung(HOLD, starts=(TRADER,))],
                r"rung after hold: start designate trader was made in stage 0; each is made at most once",
            ),
            (HAND_GAME, [Rung((), starts=(TRADER, TRADER))], r"start designate trader is named twice"),
            (
                HAND_GAME,
                [Rung((), starts=(BANK, NOTICE, TRADER))],
                r"its starts take effort 4 of the 3 of a stage",
            ),
            (
                aged,
                [Rung((), starts=(BANK,))],
                r"start designate bank requires notice bank at least 1 stages old; it is never started",
            ),
            (aged, [Rung((), starts=(BANK, NOTICE))], r"requires notice bank .*; it is 0 stages old"),
            (
                HAND_GAME,
                [Rung((), engagements=("talks",))],
                r"engagement talks is unknown; the game has none",
            ),
            (talks, [Rung((), engagements=("tea",))], r"engagement tea is unknown; the game has talks"),
            (talks, [Rung((), engagements=("talks",) * 2)], r"engagement talks is named twice"),
            (talks, [Rung((), mitigations=("tea",))], r"mitigation tea is unknown; the game has reserve"),
            (talks, [Rung((), mitigations=("reserve",) * 2)], r"mitigation reserve is named twice"),
            (
                talks,
                [Rung((), mitigations=("reserve",)), Rung(HOLD, mitigations=("reserve",))],
                r"rung after hold: mitigation reserve was started in stage 0; it starts at most once",
            ),
            (HAND_GAME, [Rung((), threat=(BANK,))], r"but the game has standing_threats = false"),
            (
                threats,
                [*idle(()), Rung(HOLD, threat=(BANK,))],
                r"rung after hold: .* but stage 1 is the last",
            ),
            (
                threats,
                [Rung((), threat=(Start("coal", "notice"),))],
                r"threatened start notice coal is not eligible",
            ),
            (
                threats,
                [Rung((), starts=(TRADER,), threat=(TRADER,))],
                r"its threat would not be allowed in stage 1: start designate trader was made in stage 0",
            ),
            (
                threats,
                [Rung((), threat=(BANK, NOTICE, TRADER))],
                r"would not be allowed in .*: its starts take",
            ),
            (
                replace(aged, standing_threats=True),
                [Rung((), threat=(BANK,))],
                r"would not be allowed in stage 1: start designate bank requires notice bank",
            ),
            (HAND_GAME, [Rung((), offer=True)], r"it offers the off-ramp, but the game has none"),
        ],
    )
    def test_reason(self, game: Game, rungs: list[Rung], message: str) -> None:
        with pytest.raises(LadderError, match=message):
            play(game, adaptive(game, *rungs))

    def test_requirements_are_met_with_age(self) -> None:
        game = replace(self.aged, standing_threats=True)
        rungs = [
            Rung((), starts=(NOTICE,), threat=(BANK,)),
            Rung(HOLD, starts=(BANK,)),
            Rung(HIT, starts=(BANK,)),
        ]
        assert play(game, adaptive(game, *rungs)).steps[1].removal["bank"] == 0.4
        soon = with_instrument(game, "designate", requires_age=0)
        assert play(soon, adaptive(soon, Rung((), starts=(BANK, NOTICE)))).steps[0].removal["bank"] == 0.4

    def test_an_effort_that_fits_in_decimals_only_is_allowed(self) -> None:
        game = replace(CALM, effort_per_stage=0.3)
        game = with_instrument(with_instrument(game, "notice", effort=0.05), "designate", effort=0.2)
        assert game.start_effort(NOTICE) + game.start_effort(TRADER) == 0.1 + 0.2 > 0.3
        play(game, adaptive(game, Rung((), starts=(NOTICE, TRADER))))

    def test_all_reasons_of_all_reached_rungs_stand_in_one_message(self) -> None:
        ladder = adaptive(
            HAND_GAME,
            Rung((), starts=(BANK, NOTICE, TRADER), offer=True),
            Rung(HOLD, threat=(BANK,)),
            Rung(("hit",), engagements=("tea",)),
            Rung(("protest",), engagements=("coffee",)),  # nobody protests
        )
        with pytest.raises(LadderError) as caught:
            play(HAND_GAME, ladder)
        assert str(caught.value).splitlines() == [
            "the ladder is not allowed, for 4 reasons:",
            "  rung after nothing: its starts take effort 4 of the 3 of a stage",
            "  rung after nothing: it offers the off-ramp, but the game has none; add a table [off_ramp]",
            "  rung after hold: it makes a standing threat, but the game has standing_threats = false",
            "  rung after hit: engagement tea is unknown; the game has none",
        ]

    def test_a_rung_behind_a_tie_is_reached(self) -> None:
        game = tied_game()
        ladder = adaptive(game, *idle((), HOLD), Rung(("protest",), offer=True))
        with pytest.raises(LadderError, match=r"rung after protest: it offers the off-ramp"):
            play(game, ladder)

    def test_the_type_of_a_clairvoyant_rung_is_named(self) -> None:
        ladder = Ladder.of(
            HAND_GAME, Information.CLAIRVOYANT, [Rung((), "calm", offer=True), Rung((), "proud")]
        )
        with pytest.raises(LadderError, match=r"rung after nothing for type calm: it offers"):
            play(HAND_GAME, ladder)


class TestBeliefs:
    def test_bayes(self) -> None:
        ladder = adaptive(HAND_GAME, Rung((), starts=(BANK,)), *idle(HOLD, HIT))
        beliefs = {(step.type, step.stage): step.belief for step in play(HAND_GAME, ladder).steps}
        assert beliefs == {("calm", 0): 0.75, ("proud", 0): 0.25, ("calm", 1): 1.0, ("proud", 1): 1.0}

    def test_a_known_type_is_certain(self) -> None:
        rungs = [Rung(history, name) for name in ("calm", "proud") for history in ((), HOLD)]
        outcome = play(HAND_GAME, Ladder.of(HAND_GAME, Information.CLAIRVOYANT, rungs))
        assert {step.belief for step in outcome.steps} == {1.0}
        assert [rung.known_type for rung in outcome.ladder.rungs] == ["calm", "calm", "proud", "proud"]

    def test_a_history_of_prior_zero_has_no_belief(self) -> None:
        types = (replace(HAND_GAME.patron_types[0], prior=1.0), replace(HAND_GAME.patron_types[1], prior=0.0))
        game = replace(HAND_GAME, patron_types=types)
        outcome = play(game, adaptive(game, Rung((), starts=(BANK,)), *idle(HOLD, HIT)))
        assert step_of(outcome, "proud", 1).belief == 0.0


class TestOutcome:
    @pytest.fixture
    def outcome(self) -> Outcome:
        rungs = [Rung((), starts=(BANK,)), *idle(HOLD, HIT, ("protest",))]
        return play(HAND_GAME, adaptive(HAND_GAME, *rungs))

    def test_the_ladder_holds_reached_rungs_with_what_is_expected(self, outcome: Outcome) -> None:
        assert [rung.history for rung in outcome.ladder.rungs] == [(), HIT, HOLD]
        first = outcome.ladder.rungs[0].expected
        assert [(entry.type, entry.belief, entry.response) for entry in first] == [
            ("calm", 0.75, "hold"),
            ("proud", 0.25, "hit"),
        ]
        total = sum(
            outcome.priors[entry.type] * entry.payoff
            for rung in outcome.ladder.rungs
            for entry in rung.expected
        )
        assert total == pytest.approx(outcome.value)
        assert Ladder.from_json(outcome.ladder.to_json()) == outcome.ladder
        assert play(HAND_GAME, outcome.ladder) == outcome

    def test_frames(self, outcome: Outcome) -> None:
        frame = outcome.to_frame()
        assert list(frame["type"] + frame["stage"].astype(str)) == ["calm0", "calm1", "proud0", "proud1"]
        assert frame.loc[0, "starts"] == "designate bank"
        assert frame.loc[3, "history"] == "hit"
        assert frame["payoff"].sum() == pytest.approx(sum(outcome.values.values()))
        entities = outcome.entities_frame()
        assert len(entities) == 4 * 3
        assert entities.query("entity == 'bank'")["removal"].tolist() == [0.4, 1.0, 0.4, 1.0]
        utilities = outcome.utilities_frame()
        assert utilities.query("taken")["response"].tolist() == ["hold", "hold", "hit", "hold"]
        assert len(utilities) == 4 * 3

    def test_harms_frame(self) -> None:
        game = TestHarm.game
        frame = play(game, adaptive(game, *idle((), HOLD, HOLD * 2))).harms_frame()
        assert frame.columns.tolist() == ["type", "stage", "response", "party", "harm"]
        assert frame["harm"].tolist() == [30.0, 10.0] * 3

    def test_frames_have_columns_without_steps(self) -> None:
        game = HAND_GAME
        position = opening(game)
        for _ in range(game.stages):
            position = advance(game, take(game, position, Rung(position.history)), "hold")
        empty = play(game, adaptive(game), begin=position)
        assert (empty.steps, empty.value, empty.smallest_margin) == ((), 0.0, math.inf)
        for frame in (empty.to_frame(), empty.entities_frame(), empty.utilities_frame(), empty.harms_frame()):
            assert "stage" in frame.columns


class TestBegin:
    def test_the_rest_of_a_play_is_the_play_of_the_rest(self) -> None:
        game = one_type(replace(HAND_GAME, discount=0.5, credibility=Credibility(0.3, 0.1, 2.0)))
        rungs = [Rung((), starts=(BANK,)), Rung(HOLD, starts=(TRADER,))]
        whole = play(game, adaptive(game, *rungs))
        position = advance(game, take(game, opening(game), rungs[0]), "hold")
        assert play(game, adaptive(game, *rungs), begin=position).steps == whole.steps[1:]


class TestFollow:
    ladder = adaptive(HAND_GAME, Rung((), starts=(BANK,)), *idle(HOLD, HIT))

    def test_given_responses_need_not_be_best(self) -> None:
        steps = follow(HAND_GAME, self.ladder, {"calm": ("hit", "hold"), "proud": ("hit", "hold")})
        assert steps[0].response == "hit"
        assert steps[0].margin == pytest.approx(-8.0)
        assert [step.belief for step in steps] == [0.75, 0.75, 0.25, 0.25]

    @pytest.mark.parametrize(
        ("calm", "message"),
        [
            (("hold",), r"type calm: no response is given for stage 1, but the game has not ended"),
            ((), r"type calm: no response is given for stage 0"),
            (("hold",) * 3, r"type calm: the game ends before the response of stage 2"),
            (("hold", "sulk"), r"type calm: 'sulk' is no response; the game has hold, protest, hit"),
        ],
    )
    def test_responses_must_fit_the_game(self, calm: tuple[str, ...], message: str) -> None:
        with pytest.raises(LadderError, match=message):
            follow(HAND_GAME, self.ladder, {"calm": calm, "proud": ("hit", "hold")})

    def test_rungs_on_the_way_must_be_allowed(self) -> None:
        ladder = adaptive(HAND_GAME, *idle(()), Rung(("protest",), offer=True))
        claimed = {"calm": ("protest", "hold"), "proud": ("hold", "hold")}
        with pytest.raises(LadderError, match=r"rung after protest: it offers the off-ramp"):
            follow(HAND_GAME, ladder, claimed)

    def test_unknown_names_end_the_way(self) -> None:
        ladder = adaptive(HAND_GAME, Rung((), engagements=("tea",)))
        with pytest.raises(LadderError, match=r"engagement tea is unknown"):
            follow(HAND_GAME, ladder, {"calm": ("hold", "hold"), "proud": ("hold", "hold")})

    def test_an_open_loop_ladder_must_keep_its_threats_on_the_way(self) -> None:
        game = TestThreat.game
        ladder = Ladder.of(game, Information.OPEN_LOOP, [Rung((), threat=(BANK,)), *idle(HOLD)])
        with pytest.raises(LadderError, match=r"rung after hit: the called threat is not carried out"):
            follow(game, ladder, {"calm": ("hit", "hold"), "proud": ("hold", "hold")})


class TestLaws:
    @given(tiny_games())
    def test_doing_nothing_is_always_allowed(self, game: Game) -> None:
        best, worst = (play(game, adaptive(game), ties) for ties in (Ties.OPTIMISTIC, Ties.PESSIMISTIC))
        assert worst.value <= best.value + 1e-6
        assert all(step.margin >= 0.0 for step in best.steps)
        for step in best.steps:
            assert 0.0 <= step.revenue <= step.baseline_revenue * (1 + 1e-9) + 1e-9

    @given(tiny_games())
    def test_splitting_a_type_changes_nothing(self, game: Game) -> None:
        first, *rest = game.patron_types
        twins = [replace(first, prior=first.prior / 2), replace(first, name="twin", prior=first.prior / 2)]
        more = tuple(replace(row, type="twin") for row in game.utilities if row.type == first.name)
        moods = tuple(replace(row, type="twin") for row in game.perception if row.type == first.name)
        split = replace(
            game,
            patron_types=(*twins, *rest),
            utilities=game.utilities + more,
            perception=game.perception + moods,
        )
        rung = Rung((), starts=game.eligible[:1]) if self.startable(game) else Rung(())
        one, two = play(game, adaptive(game, rung)), play(split, adaptive(split, rung))
        assert two.value == pytest.approx(one.value, rel=1e-9, abs=1e-9)

    @staticmethod
    def startable(game: Game) -> bool:
        return bool(game.eligible) and (
            game.start_effort(game.eligible[0]) <= game.effort_per_stage
            and not game.instrument[game.eligible[0].instrument].requires
        )
