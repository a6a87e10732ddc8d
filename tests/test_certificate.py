"""The certificate accepts what is right and rejects every tampering."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games import tiny_games
from hand_games import BANK, HAND_GAME, NOTICE, TRADER, adaptive, changed, idle, with_utility
from oracle import brute_force
from sanctopt.certificate import Certificate, certify
from sanctopt.errors import CertificateError
from sanctopt.game import Game, Harm, OffRamp, Party
from sanctopt.ladder import Expected, Information, Ladder, Rung
from sanctopt.play import Outcome, play

HOLD = ("hold",)
HIT = ("hit",)
LADDER = adaptive(HAND_GAME, Rung((), starts=(BANK,)), Rung(HOLD, starts=(TRADER,)), *idle(HIT))
OUTCOME = play(HAND_GAME, LADDER)


def certified(game: Game, outcome: Outcome, **changes: Any) -> Certificate:
    """Certificate of an outcome's own claims, or of others."""
    claims = {"claimed_value": outcome.value, "claimed_responses": outcome.responses} | changes
    ladder = claims.pop("ladder", outcome.ladder)
    return certify(game, ladder, **claims)


class TestAccepts:
    def test_what_was_played(self) -> None:
        certificate = certified(HAND_GAME, OUTCOME)
        certificate.require()
        assert certificate.accepted
        assert certificate.failures == ()
        assert certificate.value_claimed == certificate.value_replayed == OUTCOME.value
        assert certificate.value_optimistic == certificate.value_pessimistic == OUTCOME.value
        assert certificate.relative_difference == 0.0
        # Proud hits in stage 0 and holds in stage 1, each by 2 against 1.5: the smallest margin.
        assert certificate.smallest_margin == pytest.approx(0.5)
        assert [(row.type, row.stage, row.history, row.response) for row in certificate.responses] == [
            ("calm", 0, (), "hold"),
            ("calm", 1, HOLD, "hold"),
            ("proud", 0, (), "hit"),
            ("proud", 1, HIT, "hold"),
        ]
        assert [row.tie for row in certificate.responses] == [False] * 4

    def test_a_bare_ladder(self) -> None:
        assert certified(HAND_GAME, OUTCOME, ladder=LADDER).accepted

    def test_a_value_within_the_tolerance(self) -> None:
        assert certified(HAND_GAME, OUTCOME, claimed_value=OUTCOME.value * (1 + 5e-7)).accepted

    def test_a_margin_that_is_met_exactly(self) -> None:
        assert certified(HAND_GAME, OUTCOME, margin=0.5).accepted

    def test_ties_as_claimed(self) -> None:
        game = tied_game(harms=())
        outcome = play(game, adaptive(game, *idle((), HOLD, ("protest",))))
        other = {"calm": ("protest", "hold"), "proud": ("hold", "protest")}
        bare = Ladder.of(game, Information.ADAPTIVE, idle((), HOLD, ("protest",)))
        certificate = certified(game, outcome, ladder=bare, claimed_responses=other)
        assert certificate.accepted
        assert certificate.smallest_margin == 0.0
        assert all(row.tie for row in certificate.responses)

    @settings(max_examples=40)
    @given(tiny_games(), st.sampled_from(list(Information)))
    def test_every_optimum_found_by_brute_force(self, game: Game, information: Information) -> None:
        answer = brute_force(game, information.value)  # type: ignore[arg-type]
        rungs: dict[tuple[str, tuple[str, ...]], Rung] = {}
        for name, path in answer.paths.items():
            history: tuple[str, ...] = ()
            for step in path:
                known = name if information is Information.CLAIRVOYANT else ""
                rungs[known, history] = Rung(
                    history,
                    known,
                    tuple(sorted(step.rung.starts)),
                    tuple(sorted(step.rung.engagements)),
                    tuple(sorted(step.rung.mitigations)),
                    tuple(sorted(step.rung.threat)),
                    step.rung.offer,
                )
                history += (step.response,)
        ladder = Ladder.of(game, information, rungs.values())
        claimed = {name: tuple(step.response for step in path) for name, path in answer.paths.items()}
        certify(game, ladder, claimed_value=answer.value, claimed_responses=claimed).require()
        outcome = play(game, ladder)
        assert outcome.value == pytest.approx(answer.value, rel=1e-8, abs=1e-8)
        certified(game, outcome).require()


def tied_game(**changes: Any) -> Game:
    """Both types are indifferent between hold and protest; protest harms in stage 0."""
    game = HAND_GAME
    for name in ("calm", "proud"):
        game = with_utility(game, name, "protest", base=0.0)
    return replace(game, **{"parties": (Party("KOR"),), "harms": (Harm("protest", "KOR", 5.0),), **changes})


def rung_changed(history: tuple[str, ...], **changes: Any) -> Ladder:
    """The annotated ladder with one rung changed."""
    rungs = [replace(rung, **changes) if rung.history == history else rung for rung in OUTCOME.ladder.rungs]
    return Ladder.of(HAND_GAME, Information.ADAPTIVE, rungs)


def expected_changed(**changes: Any) -> Ladder:
    """The annotated ladder with another expectation of the type calm in stage 1."""
    entry = OUTCOME.ladder.rung_at(HOLD, "calm")
    assert entry is not None
    return rung_changed(HOLD, expected=(replace(entry.expected[0], **changes),))


class TestRejects:
    @pytest.mark.parametrize(
        "value", [0.0, OUTCOME.value + 1e-4, OUTCOME.value * (1 - 1e-5), math.nan, math.inf]
    )
    def test_another_value(self, value: float) -> None:
        certificate = certified(HAND_GAME, OUTCOME, claimed_value=value)
        assert not certificate.accepted
        assert "along the claimed responses the ladder is worth" in certificate.failures[0]
        assert "with ties for the coalition the ladder is worth" in certificate.failures[1]

    def test_a_response_that_is_not_best(self) -> None:
        bare = adaptive(HAND_GAME, Rung((), starts=(BANK,)), *idle(HOLD, HIT))
        outcome = play(HAND_GAME, bare)
        claimed = {"calm": ("hold", "hold"), "proud": ("hold", "hold")}
        certificate = certified(HAND_GAME, outcome, ladder=bare, claimed_responses=claimed)
        # Responses do no harm in this game, so the value is the same: the response alone gives it away.
        assert certificate.failures == (
            "type proud, rung after nothing: hold is no best response; hit is better by 0.5",
        )
        assert certificate.smallest_margin == pytest.approx(-0.5)

    @pytest.mark.parametrize(
        ("calm", "message"),
        [
            (("hold",), "type calm: no response is given for stage 1, but the game has not ended"),
            (("hold",) * 3, "type calm: the game ends before the response of stage 2"),
            (("hold", "sulk"), "type calm: 'sulk' is no response"),
        ],
    )
    def test_responses_that_do_not_fit_the_game(self, calm: tuple[str, ...], message: str) -> None:
        claimed = OUTCOME.responses | {"calm": calm}
        certificate = certified(HAND_GAME, OUTCOME, claimed_responses=claimed)
        assert [failure.startswith(message) for failure in certificate.failures] == [True]
        assert math.isnan(certificate.value_replayed)
        assert certificate.value_optimistic == OUTCOME.value

    def test_missing_and_unknown_types(self) -> None:
        responses = OUTCOME.responses
        claimed = {"calm": responses["calm"], "stranger": responses["proud"]}
        certificate = certified(HAND_GAME, OUTCOME, claimed_responses=claimed)
        assert certificate.failures == (
            "responses are claimed for 'stranger', which is no type of the game",
            "type proud: no response is given for stage 0, but the game has not ended",
        )

    def test_a_claimed_path_that_leaves_the_ladder(self) -> None:
        game = tied_game()
        outcome = play(game, adaptive(game, *idle((), HOLD, HIT)))
        claimed = {"calm": ("protest", "hold"), "proud": ("hold", "hold")}
        failures = certified(game, outcome, claimed_responses=claimed).failures
        assert "type calm, rung after protest: the claimed responses lead to a history that the" in " ".join(
            failures
        )

    def test_responses_that_are_not_the_best_use_of_the_ladder(self) -> None:
        game = tied_game()
        ladder = adaptive(game, *idle((), HOLD, ("protest",)))
        claimed = {"calm": ("protest", "hold"), "proud": ("hold", "hold")}
        certificate = certify(game, ladder, claimed_value=-3.75, claimed_responses=claimed)
        assert certificate.value_replayed == pytest.approx(-3.75)
        assert certificate.failures == (
            "the claimed value is -3.75, but with ties for the coalition the ladder is worth 0 "
            "(the claimed responses are not its best use)",
        )

    @pytest.mark.parametrize(
        ("ladder", "message"),
        [
            (rung_changed((), starts=()), "the claimed value is"),
            (rung_changed((), starts=(BANK, NOTICE)), "the claimed value is"),
            (rung_changed(HOLD, starts=()), "the claimed value is"),
            (rung_changed(HOLD, starts=(BANK,)), "start designate bank was made in stage 0"),
            (rung_changed((), starts=(BANK, NOTICE, TRADER)), "its starts take effort 4 of the 3"),
            (rung_changed((), offer=True), "it offers the off-ramp, but the game has none"),
            (rung_changed((), threat=(NOTICE,)), "it makes a standing threat"),
            (rung_changed((), engagements=("tea",)), "engagement tea is unknown"),
        ],
    )
    def test_another_rung(self, ladder: Ladder, message: str) -> None:
        certificate = certified(HAND_GAME, OUTCOME, ladder=ladder)
        assert message in certificate.failures[0]

    def test_all_reasons_of_a_ladder_that_is_not_allowed(self) -> None:
        certificate = certified(HAND_GAME, OUTCOME, ladder=rung_changed((), starts=(BANK, BANK), offer=True))
        assert [failure.split(";")[0] for failure in certificate.failures] == [
            "the ladder is not allowed: rung after nothing: start designate bank is named twice",
            "the ladder is not allowed: rung after nothing: its starts take effort 4 of the 3 of a stage",
            "the ladder is not allowed: rung after nothing: it offers the off-ramp, but the game has none",
        ]
        assert certificate.responses == ()
        assert math.isnan(certificate.value_optimistic)
        assert math.isnan(certificate.relative_difference)

    def test_effort_or_any_other_number_of_the_game(self) -> None:
        game = changed(effort_per_stage=1.0)
        first, second = certified(game, OUTCOME).failures
        assert first == (
            f"the ladder was made for 'by hand' with digest {HAND_GAME.digest()[:12]}, "
            f"not for 'by hand' with digest {game.digest()[:12]}"
        )
        assert "its starts take effort 2 of the 1 of a stage" in second

    def test_a_margin_that_is_missed(self) -> None:
        failures = certified(HAND_GAME, OUTCOME, margin=0.51).failures
        assert failures == (
            "type proud, rung after nothing: hit beats hold by 0.5, less than the required margin 0.51",
            "type proud, rung after hit: hold beats hit by 0.5, less than the required margin 0.51",
        )

    def test_a_tie_where_a_margin_is_required(self) -> None:
        game = tied_game(harms=())
        outcome = play(game, adaptive(game, *idle((), HOLD)))
        assert certified(game, outcome).accepted
        assert len(certified(game, outcome, margin=1e-6).failures) == 4

    @pytest.mark.parametrize(
        ("change", "named"),
        [
            ({"response": "hit"}, "response"),
            ({"belief": 0.9}, "belief"),
            ({"margin": 11.0}, "margin"),
            ({"margin": math.inf}, "margin"),
            ({"concedes": True}, "concedes"),
            ({"revenue": 1.0}, "revenue"),
            ({"harm": 1.0, "cost": 9.0}, "harm, cost"),
            ({"payoff": 1e3}, "payoff"),
            ({"exits": ("bank",)}, "exits"),
        ],
    )
    def test_another_expectation(self, change: dict[str, Any], named: str) -> None:
        certificate = certified(HAND_GAME, OUTCOME, ladder=expected_changed(**change))
        assert certificate.failures == (f"rung after hold: what it expects of type calm is wrong: {named}",)

    def test_expectations_of_the_wrong_types(self) -> None:
        first = OUTCOME.ladder.rungs[0].expected
        stranger: Expected = replace(first[1], type="stranger")
        certificate = certified(HAND_GAME, OUTCOME, ladder=rung_changed((), expected=(first[0], stranger)))
        assert certificate.failures == (
            "rung after nothing: it expects type stranger, which does not get there",
            "rung after nothing: it expects nothing of type proud, which gets there",
        )

    def test_a_concession_that_does_not_happen(self) -> None:
        types = (replace(HAND_GAME.patron_types[0], reservation=0.9), HAND_GAME.patron_types[1])
        game = changed(off_ramp=OffRamp(1.0, 1000.0), patron_types=types)
        outcome = play(game, adaptive(game, Rung((), starts=(BANK,), offer=True), *idle(HOLD, HIT)))
        assert outcome.responses["calm"] == ("hold", "hold")
        claimed = outcome.responses | {"calm": ("hold",)}
        failures = certified(game, outcome, claimed_responses=claimed).failures
        assert failures == ("type calm: no response is given for stage 1, but the game has not ended",)


class TestUse:
    @pytest.mark.parametrize("margin", [-0.1, math.nan, math.inf])
    def test_margin_out_of_range(self, margin: float) -> None:
        with pytest.raises(ValueError, match=r"margin is .*; it is a finite number of at least 0"):
            certified(HAND_GAME, OUTCOME, margin=margin)

    def test_require(self) -> None:
        with pytest.raises(CertificateError, match=r"the solution is rejected .*:\n  the claimed value is 7"):
            certified(HAND_GAME, OUTCOME, claimed_value=7.0).require()

    def test_frame(self) -> None:
        frame = certified(HAND_GAME, OUTCOME).to_frame()
        assert frame["history"].tolist() == ["", "hold", "", "hit"]
        assert frame["runner_up"].tolist() == ["hit", "hit", "hold", "hit"]
        empty = certified(HAND_GAME, OUTCOME, ladder=rung_changed((), offer=True)).to_frame()
        assert empty.columns.tolist() == frame.columns.tolist()

    @pytest.mark.parametrize(
        "certificate",
        [
            certified(HAND_GAME, OUTCOME),
            certified(HAND_GAME, OUTCOME, margin=0.6),
            certified(HAND_GAME, OUTCOME, claimed_value=1.0),
            certified(HAND_GAME, OUTCOME, ladder=rung_changed((), offer=True)),
        ],
    )
    def test_json_round_trip_is_exact(self, certificate: Certificate) -> None:
        text = json.dumps(certificate.to_dict(), allow_nan=False)
        assert Certificate.from_dict(json.loads(text)) == certificate

    def test_an_infinite_margin_is_null_in_json(self) -> None:
        game = changed(responses=HAND_GAME.responses[:1])
        certificate = certified(game, play(game, adaptive(game, *idle((), HOLD))))
        assert certificate.accepted
        assert certificate.to_dict()["smallest_margin"] is None
        assert Certificate.from_dict(json.loads(json.dumps(certificate.to_dict()))) == certificate

    @pytest.mark.parametrize(
        ("edit", "message"),
        [
            (lambda data: data.pop("value_claimed"), r"field 'value_claimed' of the certificate is missing"),
            (lambda data: data.pop("accepted"), r"field 'accepted' of the certificate is missing"),
            (lambda data: data.update(value_claimed="much"), r"has the wrong form: could not convert"),
            (lambda data: data["responses"][0].update(mood=1), r"has the wrong form: .*mood"),
            (lambda data: data.update(failures=["no"]), r"says accepted: True, but lists 1 failures"),
            (lambda data: data.update(accepted=False), r"says accepted: False, but lists 0 failures"),
        ],
    )
    def test_a_spoiled_dictionary(self, edit: Callable[[dict[str, Any]], object], message: str) -> None:
        data = certified(HAND_GAME, OUTCOME).to_dict()
        edit(data)
        with pytest.raises(CertificateError, match=message):
            Certificate.from_dict(data)

    def test_text(self) -> None:
        lines = str(certified(HAND_GAME, OUTCOME, claimed_value=7.0)).splitlines()
        assert lines[0] == "Certificate: REJECTED"
        assert lines[1].startswith("  value       7.000000 claimed, ")
        assert lines[3] == "  responses   4 checked, 0 of them ties"
        assert lines[4] == "  margin      0.5 at least, 0 required"
        assert [line[:13] for line in lines[5:]] == ["  FAILURE    "] * 2
        assert str(certified(HAND_GAME, OUTCOME)).startswith("Certificate: accepted\n")


@settings(max_examples=30)
@given(tiny_games(), st.data())
def test_a_random_tampering_is_rejected(game: Game, data: st.DataObject) -> None:
    """Each claim moved by itself is told from the truth."""
    outcome = play(game, Ladder.of(game, Information.ADAPTIVE, []))
    assert certified(game, outcome).accepted
    shift = data.draw(st.sampled_from([-1.0, 1e-4, 1.0])) * max(1.0, abs(outcome.value))
    assert not certified(game, outcome, claimed_value=outcome.value + shift).accepted
    step = data.draw(st.sampled_from(outcome.steps))
    for other in game.responses:
        if other.name not in step.tied:
            path = list(outcome.responses[step.type])
            path[step.stage] = other.name
            claimed = outcome.responses | {step.type: tuple(path)}
            assert not certified(game, outcome, claimed_responses=claimed).accepted
