"""The historical path: the record that is shipped, and the ladder made of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sanctopt import Information, LadderError, Start, Ties, list_cases, load_case, play
from sanctopt.analysis.rules.rules_of_thumb import HISTORY, baselines, listings
from sanctopt.game import Game

QUARTERS = ("2017Q2", "2017Q3", "2017Q4", "2018Q1", "2018Q2", "2018Q3", "2018Q4", "2019Q1")
LISTED = (5, 10, 4, 14, 0, 9, 3, 2)
"""Third-country entities listed by quarter, derived from the record of all actions."""


@pytest.fixture(scope="module")
def game() -> Game:
    return load_case("dprk_2017")


def test_every_row_has_date_source_and_status() -> None:
    for row in listings():
        year, month, _ = row.date.split("-")
        assert row.quarter == f"{year}Q{(int(month) + 2) // 3}"
        assert row.status in {"reported", "recalled, unverified"}
        assert row.source
        assert row.authority
    assert [row.date for row in listings()] == sorted(row.date for row in listings())


def test_the_record_is_all_that_the_case_names(game: Game) -> None:
    """Each entity that the case marks as real was listed, and no other is in the record."""
    real = {row.name for row in game.entities if dict(row.extra).get("real_or_stylised") == "real"}
    assert {row.entity for row in listings()} == real
    assert len(real) == len(listings()) == 14


def test_dates_are_those_of_the_case(game: Game) -> None:
    for row in listings():
        note = dict(game.entity[row.entity].extra)["note"]
        assert f"{row.date}" in note


def test_the_path_is_no_longer_than_the_record(game: Game) -> None:
    assert tuple(game.stage_label(stage) for stage in range(game.stages)) == QUARTERS
    path = [sum(row.quarter == quarter for row in listings()) for quarter in QUARTERS]
    assert path == [1, 5, 2, 4, 0, 2, 0, 0]
    assert all(found <= listed for found, listed in zip(path, LISTED, strict=True))


def test_history_needs_no_repair(game: Game) -> None:
    frame = HISTORY.schedule(game).to_frame()
    assert (frame["waited"] == 0).all()
    assert (frame["note"] == "").all()
    assert list(frame["started"]) == [row.quarter for row in listings()]


def test_history_is_played(game: Game) -> None:
    """Small targets, one medium bank: only the hawkish turn hostile, as their prior says (0.04)."""
    ladder = HISTORY(game)
    assert ladder.information is Information.OPEN_LOOP
    first = next(rung for rung in ladder.rungs if rung.stage == 0)
    assert first.starts == (Start("bank_of_dandong", "designate"),)
    for ties in Ties:
        outcome = play(game, ladder, ties)
        hostile = {s.type for s in outcome.steps if game.response[s.response].hostile}
        assert hostile == {"hawkish_firm"}


def test_a_game_that_starts_later_repeats_what_is_left(game: Game) -> None:
    """What came before counts as nothing."""
    late = replace(game, stages=4, start="2018Q1", supply_changes=(), perception=())
    assert {row.quarter for row in listings(late)} == {"2018Q1", "2018Q3"}
    assert [len(rung.starts) for rung in HISTORY(late).rungs] == [4, 0, 2, 0]


def test_less_effort_makes_history_wait(game: Game) -> None:
    slow = replace(game, effort_per_stage=3.0)
    frame = HISTORY.schedule(slow).to_frame()
    assert frame["waited"].max() == 1
    assert play(slow, HISTORY(slow)).steps


def test_history_is_of_its_case_only() -> None:
    teaching = load_case("teaching")
    assert listings(teaching) == ()
    assert HISTORY.name not in baselines(teaching)
    with pytest.raises(LadderError, match=r"teaching has no entity, or no stage, of the record.*dprk_2017"):
        HISTORY(teaching)


def test_the_record_is_not_a_case() -> None:
    assert list_cases() == ("dprk_2017", "teaching")
