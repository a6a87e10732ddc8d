"""Rungs and ladders: their rules, their JSON form, their table."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given

from games import tiny_games
from hand_games import BANK, HAND_GAME, NOTICE, TRADER, adaptive, idle
from sanctopt.errors import LadderError
from sanctopt.game import Game, Start
from sanctopt.ladder import SCHEMA_VERSION, Expected, Information, Ladder, Rung
from sanctopt.play import play

HOLD = ("hold",)
HIT = ("hit",)
FULL = Rung(
    HOLD,
    starts=(TRADER,),
    engagements=("talks", "visit"),
    mitigations=("reserve",),
    threat=(BANK, NOTICE),
    offer=True,
)
LADDER = adaptive(HAND_GAME, Rung((), starts=(BANK,)), FULL, *idle(HIT))


def data_of(ladder: Ladder) -> dict[str, Any]:
    """The JSON form, free to be spoiled."""
    data: dict[str, Any] = json.loads(ladder.to_json())
    return data


class TestRung:
    def test_stage_is_the_length_of_the_history(self) -> None:
        assert [rung.stage for rung in LADDER.rungs] == [0, 1, 1]

    def test_decisions_leave_out_what_is_expected(self) -> None:
        rung = play(HAND_GAME, adaptive(HAND_GAME, *idle((), HOLD))).ladder.rungs[0]
        assert rung.expected
        assert rung.decisions() == Rung(())


class TestLadder:
    def test_rungs_are_sorted_and_found(self) -> None:
        assert [rung.history for rung in LADDER.rungs] == [(), HIT, HOLD]
        assert LADDER.rung_at(HOLD, "calm") == FULL
        assert LADDER.rung_at(("protest",), "calm") is None
        assert LADDER.game_digest == HAND_GAME.digest()
        assert LADDER.stage_labels == ("stage 0", "stage 1")

    def test_clairvoyant_rungs_are_found_by_type(self) -> None:
        rungs = [Rung((), "proud", offer=True), Rung((), "calm")]
        ladder = Ladder.of(HAND_GAME, Information.CLAIRVOYANT, rungs)
        assert [rung.known_type for rung in ladder.rungs] == ["calm", "proud"]
        assert ladder.rung_at((), "proud") == rungs[0]
        assert ladder.rung_at((), "stranger") is None

    def test_an_open_loop_ladder_answers_every_history_of_a_stage(self) -> None:
        ladder = Ladder.of(HAND_GAME, Information.OPEN_LOOP, [Rung(()), FULL, replace(FULL, history=HIT)])
        assert ladder.rung_at(("protest",), "calm") == replace(FULL, history=("protest",))
        assert Ladder.of(HAND_GAME, Information.OPEN_LOOP, [Rung(())]).rung_at(HOLD, "calm") is None

    @pytest.mark.parametrize(
        ("information", "rungs", "message"),
        [
            (Information.ADAPTIVE, idle((), ()), r"rung after nothing stands twice"),
            (Information.ADAPTIVE, [Rung(HOLD, "calm")], r"rung after hold: .* adaptive ladder has no known"),
            (Information.CLAIRVOYANT, idle(()), r"a rung of this clairvoyant ladder has a known_type"),
            (Information.OPEN_LOOP, [Rung((), "calm")], r"this open_loop ladder has no known_type"),
            (Information.ADAPTIVE, idle(HOLD * 2), r"rung after hold > hold comes after the last of 2"),
            (
                Information.OPEN_LOOP,
                [FULL, Rung(HIT)],
                r"stage 1 has two different rungs; an open-loop ladder",
            ),
        ],
    )
    def test_rules(self, information: Information, rungs: list[Rung], message: str) -> None:
        with pytest.raises(LadderError, match=message):
            Ladder.of(HAND_GAME, information, rungs)


class TestJson:
    def test_round_trip(self) -> None:
        assert Ladder.from_json(LADDER.to_json()) == LADDER

    @given(tiny_games())
    def test_round_trip_of_played_ladders_is_exact(self, game: Game) -> None:
        for information in (Information.ADAPTIVE, Information.CLAIRVOYANT):
            ladder = play(game, Ladder.of(game, information, [])).ladder
            assert ladder.rungs
            assert Ladder.from_json(ladder.to_json()) == ladder

    def test_an_infinite_margin_is_null(self) -> None:
        game = replace(HAND_GAME, responses=HAND_GAME.responses[:1])
        ladder = play(game, adaptive(game, *idle((), HOLD))).ladder
        assert ladder.rungs[0].expected[0].margin == math.inf
        assert data_of(ladder)["rungs"][0]["expected"][0]["margin"] is None
        assert Ladder.from_json(ladder.to_json()) == ladder

    def test_what_is_expected_may_be_missing_and_starts_come_in_any_order(self) -> None:
        data = data_of(LADDER)
        for rung in data["rungs"]:
            del rung["expected"], rung["known_type"]
            rung["threat"].reverse()
        assert Ladder.from_dict(data) == LADDER

    @pytest.mark.parametrize(
        ("edit", "message"),
        [
            (lambda data: data.pop("rungs"), r"no ladder: expected an object with a field 'rungs'"),
            (lambda data: data.update(schema_version=99), rf"is 99; this version reads {SCHEMA_VERSION}"),
            (lambda data: data.pop("schema_version"), r"schema_version is None"),
            (lambda data: data.pop("game"), r"1 place:\n  game is missing$"),
            (lambda data: data.update(stage_labels="q1"), r"  stage_labels is \"q1\"; give a list$"),
            (lambda data: data["rungs"][0].pop("starts"), r"  rungs\[0\]\.starts is missing$"),
            (lambda data: data["rungs"][0].pop("offer"), r"  rungs\[0\]\.offer is missing$"),
            (
                lambda data: data["rungs"][0]["starts"][0].pop("entity"),
                r"  rungs\[0\]\.starts\[0\]\.entity is missing$",
            ),
            (
                lambda data: data.update(information="psychic"),
                r"information is \"psychic\"; give 'adaptive', 'open_loop' or 'clairvoyant'$",
            ),
            (
                lambda data: data["rungs"][0].update(offer="yes"),
                r"  rungs\[0\]\.offer is \"yes\"; give true or false$",
            ),
            (lambda data: data["rungs"][0].update(offer=1), r"offer is 1; give true or false$"),
            (
                lambda data: data["rungs"][0].update(history="hold"),
                r"  rungs\[0\]\.history is \"hold\"; give a list$",
            ),
            (lambda data: data["rungs"][0].update(starts=3), r"  rungs\[0\]\.starts is 3; give a list$"),
            (
                lambda data: data["rungs"][0].update(starts=["designate bank"]),
                r"starts\[0\] is \"designate bank\"; give an object with entity, instrument$",
            ),
            (
                lambda data: data["rungs"][2]["engagements"].append(7),
                r"  rungs\[2\]\.engagements\[2\] is 7; give a text$",
            ),
            (
                lambda data: data["rungs"][2]["threat"][1].update(instrument=None),
                r"  rungs\[2\]\.threat\[1\]\.instrument is null; give a text$",
            ),
            (
                lambda data: data["rungs"][0].update(mood="sour"),
                r"  rungs\[0\]\.mood is no field; rungs\[0\] has history, known_type, starts, .*, expected$",
            ),
            (
                lambda data: data["rungs"][0]["starts"][0].update(share=0.5),
                r"starts\[0\]\.share is no field; rungs\[0\]\.starts\[0\] has entity, instrument$",
            ),
            (lambda data: data.update(rungs={}), r"  rungs is \{\}; give a list$"),
            (lambda data: data.update(rungs=["x" * 99]), r"  rungs\[0\] is \"x{56}\.\.\.; give an object"),
            (lambda data: data.update(game={1, 2}), r"cannot be written as JSON: set is no JSON type$"),
            (lambda data: data.update(game="\ud800"), r"the ladder: Invalid JSON: "),
            (lambda data: data["rungs"].append(data["rungs"][0]), r"rung after nothing stands twice"),
            (
                lambda data: data["rungs"][0].update(expected=[{}]),
                r"wrong form in 15 places:\n(?s:.*)\n  rungs\[0\]\.expected\[0\]\.margin is missing\n",
            ),
        ],
    )
    def test_spoiled(self, edit: Callable[[dict[str, Any]], object], message: str) -> None:
        data = data_of(LADDER)
        edit(data)
        with pytest.raises(LadderError, match=message):
            Ladder.from_dict(data)

    @pytest.mark.parametrize(
        ("field", "value", "message"),
        [
            ("mood", "sour", r"mood is no field; rungs\[0\]\.expected\[0\] has type, belief, .*, exits$"),
            ("margin", "wide", r"margin is \"wide\"; give a finite number, or null if there is no other"),
            ("margin", math.nan, r"margin is NaN; give a finite number, or null if there is no other"),
            ("margin", math.inf, r"margin is Infinity; give a finite number, or null if there is no other"),
            ("margin", True, r"margin is true; give a finite number"),
            ("harm", math.nan, r"harm is NaN; give a finite number$"),
            ("cost", -math.inf, r"cost is -Infinity; give a finite number$"),
            ("belief", None, r"belief is null; give a number$"),
            ("payoff", "1.5", r"payoff is \"1.5\"; give a number$"),
            ("response", 3, r"response is 3; give a text$"),
            ("concedes", 0, r"concedes is 0; give true or false$"),
            ("exits", "bank", r"exits is \"bank\"; give a list$"),
        ],
    )
    def test_spoiled_expectations(self, field: str, value: object, message: str) -> None:
        data = data_of(play(HAND_GAME, adaptive(HAND_GAME, *idle((), HOLD))).ladder)
        data["rungs"][0]["expected"][0][field] = value
        with pytest.raises(LadderError, match=rf"in 1 place:\n  rungs\[0\]\.expected\[0\]\.{message}"):
            Ladder.from_dict(data)

    def test_every_defect_is_told_at_once(self) -> None:
        data = data_of(LADDER)
        del data["game_digest"]
        data["rungs"][0].update(offer="no", starts=[{"entity": 1, "instrument": "designate"}])
        data["rungs"][2]["history"] = [None]
        with pytest.raises(LadderError) as caught:
            Ladder.from_dict(data)
        first, *lines = str(caught.value).splitlines()
        assert first == "the ladder has the wrong form in 4 places:"
        assert sorted(lines) == [
            "  game_digest is missing",
            '  rungs[0].offer is "no"; give true or false',
            "  rungs[0].starts[0].entity is 1; give a text",
            "  rungs[2].history[0] is null; give a text",
        ]

    def test_a_remark_beside_the_ladder_is_no_defect(self) -> None:
        assert Ladder.from_dict(data_of(LADDER) | {"remark": "by hand"}) == LADDER

    def test_any_mapping_will_do_and_whole_numbers_become_floats(self) -> None:
        ladder = play(HAND_GAME, adaptive(HAND_GAME, *idle((), HOLD))).ladder
        data = data_of(ladder)
        data["rungs"][0]["expected"][0]["harm"] = 7
        data["rungs"] = [MappingProxyType(rung) for rung in data["rungs"]]
        read = Ladder.from_dict(MappingProxyType(data))
        entry = read.rungs[0].expected[0]
        assert (type(read.rungs[0]), type(entry)) == (Rung, Expected)
        assert (entry.harm, type(entry.harm)) == (7.0, float)
        assert replace(entry, harm=0.0) == replace(ladder.rungs[0].expected[0], harm=0.0)
        assert read.rungs[1:] == ladder.rungs[1:]

    @pytest.mark.parametrize(
        ("text", "message"),
        [("{", r"not a JSON text: "), ("[]", r"no ladder: expected an object"), ("3", r"no ladder: ")],
    )
    def test_no_ladder_at_all(self, text: str, message: str) -> None:
        with pytest.raises(LadderError, match=message):
            Ladder.from_json(text)


class TestFrame:
    def test_one_row_per_rung_and_type(self) -> None:
        ladder = play(HAND_GAME, adaptive(HAND_GAME, Rung((), starts=(BANK,)), *idle(HOLD, HIT))).ladder
        frame = ladder.to_frame()
        assert list(zip(frame["history"], frame["type"], strict=True)) == [
            ("", "calm"),
            ("", "proud"),
            ("hit", "proud"),
            ("hold", "calm"),
        ]
        assert frame.loc[0, "starts"] == "designate bank"
        assert frame["belief"].tolist() == [0.75, 0.25, 1.0, 1.0]

    def test_a_ladder_that_was_never_played_has_one_row_per_rung(self) -> None:
        frame = LADDER.to_frame()
        assert frame["threat"].tolist() == ["", "", "designate bank; notice bank"]
        assert frame["response"].isna().all()


def test_a_start_reads_like_an_order() -> None:
    assert str(Start("bank", "designate")) == "designate bank"
