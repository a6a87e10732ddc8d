"""Changed copies of a game: what changes, what stays, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest

from games import random_game
from hand_games import HAND_GAME, changed
from sanctopt import CaseError, OptionError, load_case, read_case, write_case
from sanctopt.analysis.addresses import addresses, find
from sanctopt.analysis.changes import (
    only_type,
    with_credibility,
    with_effort,
    with_mean_type,
    with_priors,
    with_value,
    with_values,
    without_engagements,
    without_instrument,
    without_mitigations,
    without_off_ramp,
    without_threats,
    without_type,
)
from sanctopt.analysis.sensitivity.uncertainty import ranges
from sanctopt.game import (
    Effect,
    Engagement,
    Game,
    Instrument,
    Link,
    Mitigation,
    Party,
    Perception,
    SupplyChange,
)

TEACHING = load_case("teaching")
DPRK = load_case("dprk_2017")
RICH = replace(
    HAND_GAME,
    engagements=(Engagement("talk", 1.0, 1.0), Engagement("visit", 2.0, 3.0)),
    parties=(Party("KOR"), Party("JPN")),
    mitigations=(
        Mitigation("fund", "KOR", "", 0.5, 2.0),
        Mitigation("fund", "JPN", "hit", 0.25, 0.0),
        Mitigation("stock", "KOR", "", 0.5, 2.0),
    ),
    perception=(Perception("proud", 1, 0.5),),
    supply_changes=(SupplyChange("coal", 1, 80.0),),
)
"""The game by hand with rows in tables that it leaves empty."""


def numbers(game: Game) -> dict[str, float | None]:
    """Every number of a game by its path."""
    return {item.path: item.read(game) for item in addresses(game)}


def assert_only(before: Game, after: Game, **tables: object) -> None:
    """The games differ in these fields, which are now as given, and nowhere else."""
    assert after == replace(before, **tables)
    assert after != before


# --- without and with -------------------------------------------------------------------------------------


def test_an_instrument_takes_with_it_what_requires_it() -> None:
    game = replace(
        HAND_GAME,
        instruments=(
            Instrument("notice"),
            Instrument("designate", requires="notice"),
            Instrument("seize", requires="designate"),
            Instrument("fine"),
        ),
        effects=(*HAND_GAME.effects, Effect("seize", "bank", 0, 1.0), Effect("fine", "bank", 0, 0.2)),
    )
    assert_only(
        game,
        without_instrument(game, "notice"),
        instruments=(Instrument("fine"),),
        effects=(Effect("fine", "bank", 0, 0.2),),
    )
    left = without_instrument(game, "seize")
    assert [row.name for row in left.instruments] == ["notice", "designate", "fine"]
    assert not any(row.instrument == "seize" for row in left.effects)


def test_the_last_instrument_can_go() -> None:
    game = without_instrument(without_instrument(HAND_GAME, "notice"), "designate")
    assert game.instruments == game.effects == game.eligible == ()


def test_engagements_and_mitigations_go_one_by_one_or_all() -> None:
    assert_only(RICH, without_engagements(RICH), engagements=())
    assert_only(RICH, without_engagements(RICH, "talk"), engagements=RICH.engagements[1:])
    assert_only(RICH, without_mitigations(RICH), mitigations=())
    assert_only(RICH, without_mitigations(RICH, "fund"), mitigations=RICH.mitigations[2:])
    assert_only(RICH, without_mitigations(RICH, "stock"), mitigations=RICH.mitigations[:2])


def test_threats_and_off_ramp_go() -> None:
    assert_only(DPRK, without_threats(DPRK), standing_threats=False)
    kept = tuple(item for item in DPRK.game_extra if item[0] != "off_ramp")
    assert_only(DPRK, without_off_ramp(DPRK), off_ramp=None, game_extra=kept)
    assert len(kept) == len(DPRK.game_extra) - 4


def test_more_effort_and_credibility() -> None:
    assert_only(HAND_GAME, with_effort(HAND_GAME, 0.5), effort_per_stage=3.5)
    assert with_credibility(HAND_GAME, 0.5).credibility.initial == 0.5
    assert with_credibility(HAND_GAME, 7.0).credibility.initial == HAND_GAME.credibility.max
    above = changed(credibility=replace(HAND_GAME.credibility, initial=3.0))
    assert with_credibility(above, 1.0) == above
    assert with_credibility(above, -2.0).credibility.initial == 1.0


def test_priors_and_types() -> None:
    game = with_priors(RICH, {"proud": 0.6, "calm": 0.4})
    assert [row.prior for row in game.patron_types] == [0.4, 0.6]
    alone = without_type(RICH, "calm")
    assert [(row.name, row.prior) for row in alone.patron_types] == [("proud", 1.0)]
    assert alone.utilities == tuple(row for row in RICH.utilities if row.type == "proud")
    assert only_type(RICH, "proud") == alone
    assert only_type(RICH, "calm").perception == ()
    three = without_type(random_of_three(), "y0")
    before = random_of_three().patron_types
    assert [row.prior for row in three.patron_types] == pytest.approx(
        [row.prior / (1 - before[0].prior) for row in before[1:]]
    )


def random_of_three() -> Game:
    return next(game for game in map(random_game, range(100)) if len(game.patron_types) == 3)


def test_a_type_of_prior_0_may_become_certain() -> None:
    game = with_priors(HAND_GAME, {"calm": 1.0, "proud": 0.0})
    assert only_type(game, "proud").patron_types[0].prior == 1.0
    with pytest.raises(OptionError, match="no type with a prior above 0 would be left"):
        without_type(game, "calm")


# --- the mean type ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_the_mean_type_is_the_mean(seed: int) -> None:
    game = random_game(seed)
    mean = with_mean_type(game)
    priors = np.array([row.prior for row in game.patron_types])
    for response in game.responses:
        rows = [game.utility[row.name, response.name] for row in game.patron_types]
        table = np.array([[r.base, r.provocation, r.engagement, r.mitigation, r.threat] for r in rows])
        found = mean.utility["mean", response.name]
        assert [
            found.base,
            found.provocation,
            found.engagement,
            found.mitigation,
            found.threat,
        ] == pytest.approx(list(priors @ table))
    for stage in range(game.stages):
        offsets = [game.offset.get((row.name, stage), 0.0) for row in game.patron_types]
        assert mean.offset.get(("mean", stage), 0.0) == pytest.approx(float(priors @ offsets))
    reservations = [row.reservation for row in game.patron_types]
    likeliest = game.patron_types[int(np.argmax(priors))]
    known = [share for share in reservations if share is not None]
    all_known = len(known) == len(reservations)
    expected = float(priors @ known) if all_known else likeliest.reservation
    assert mean.patron_types[0].reservation == pytest.approx(expected)
    assert (
        replace(mean, patron_types=game.patron_types, utilities=game.utilities, perception=game.perception)
        == game
    )


def test_the_mean_of_reservations_stays_a_share() -> None:
    rows = tuple(
        replace(HAND_GAME.patron_types[0], name=f"y{n}", prior=0.1, reservation=1.0) for n in range(10)
    )
    utilities = tuple(
        replace(row, type=patron.name) for patron in rows for row in HAND_GAME.utilities if row.type == "calm"
    )
    assert with_mean_type(changed(patron_types=rows, utilities=utilities)).patron_types[0].reservation == 1.0


# --- one number -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("discount", 1.0),
        ("effort_per_stage", 3.0),
        ("credibility.initial", 0.0),
        ("provocation.carryover", 0.5),
        ("engagement.retention", 0.5),
        ("mitigation.max_cover", 0.8),
        ("weights.harm", 1.0),
        ("entities.bank.capacity", 50.0),
        ("entities.bank.us_exposure", None),
        ("links.coal.trader.toll", 0.1),
        ("instruments.designate.provocation", 1.0),
        ("effects.designate.bank.1.removal", 1.0),
        ("engagements.visit.cost", 3.0),
        ("mitigations.fund.KOR..reduction", 0.5),
        ("mitigations.fund.JPN.hit.reduction", 0.25),
        ("types.proud.prior", 0.25),
        ("types.proud.reservation", None),
        ("utilities.proud.hit.base", -1.5),
        ("perception.proud.1.offset", 0.5),
        ("supply.coal.1.supply", 80.0),
    ],
)
def test_paths(path: str, value: float | None) -> None:
    """Each path leads to the number that the game by hand has there."""
    assert find(RICH, [path])[0].read(RICH) == value


@pytest.mark.parametrize("game", [RICH, TEACHING, random_game(301)], ids=lambda game: game.name)
def test_every_number_can_be_set_and_nothing_else_moves(game: Game) -> None:
    """By the paths themselves: a slip in the way of writing would move another number or none."""
    before = numbers(game)
    assert len(before) > 50
    for item in addresses(game):
        old = before[item.path]
        new = old if old is not None and item.path == "off_ramp.concession_value" else item.column.range.high
        new = min(new, 0.5 if old is None else 0.75 * old + 0.25) if not item.column.range.whole else old
        if new is None or (item.table == "types" and item.column.name == "prior"):
            continue
        after = item.write(game, new)
        expected = before | {item.path: new}
        assert numbers(after) == expected, item.path
        assert (after.digest() == game.digest()) == (new == old)


def test_setting_a_number_to_itself_changes_nothing() -> None:
    for item in addresses(DPRK):
        value = item.read(DPRK)
        if value is not None:
            assert item.write(DPRK, value) == DPRK
    assert with_value(DPRK, "weights.harm", DPRK.weights.harm) == DPRK


def test_several_numbers_at_once() -> None:
    values = {"weights.harm": 0.3, "utilities.proud.hit.base": -2.0, "types.calm.prior": 0.5}
    one_by_one = RICH
    for path, value in values.items():
        one_by_one = with_value(one_by_one, path, value)
    assert with_values(RICH, values) == one_by_one
    assert with_values(RICH, {}) == RICH


def test_other_priors_give_way_in_proportion() -> None:
    game = random_of_three()
    first, second, third = (row.prior for row in game.patron_types)
    after = with_value(game, "types.y0.prior", 0.1)
    assert [row.prior for row in after.patron_types] == pytest.approx(
        [0.1, 0.9 * second / (second + third), 0.9 * third / (second + third)]
    )
    both = with_values(game, {"types.y0.prior": 0.1, "types.y2.prior": 0.2})
    assert [row.prior for row in both.patron_types] == pytest.approx([0.1, 0.7, 0.2])
    assert first != 0.1


def test_names_may_hold_dots() -> None:
    entities = tuple(
        replace(row, name="st. bank") if row.name == "bank" else row for row in HAND_GAME.entities
    )
    links = tuple(
        replace(
            row,
            source="st. bank" if row.source == "bank" else row.source,
            sink="st. bank" if row.sink == "bank" else row.sink,
        )
        for row in HAND_GAME.links
    )
    game = changed(entities=entities, links=links)
    assert with_value(game, "entities.st. bank.capacity", 7.0).entity["st. bank"].capacity == 7.0
    assert with_value(game, "links.coal.st. bank.toll", 0.5).links[1].toll == 0.5


def test_a_path_that_means_two_numbers_is_refused() -> None:
    entities = tuple(replace(HAND_GAME.entities[1], name=name) for name in ("a", "b.c", "a.b", "c"))
    game = changed(entities=entities, links=(Link("a", "b.c"), Link("a.b", "c")))
    with pytest.raises(OptionError, match=r"'links.a.b.c.toll' names 2 numbers"):
        find(game, ["links.a.b.c.toll"])


# --- ranges -----------------------------------------------------------------------------------------------


def test_ranges_are_those_of_the_folder() -> None:
    table = ranges(DPRK)
    by_path = {row.path: row for row in table.rows}
    assert (by_path["weights.harm"].low, by_path["weights.harm"].high) == (0.02, 1.0)
    row = by_path["utilities.cooperative_firm.coerce_korea.base"]
    assert (row.value, row.low, row.high) == (-7.2, -9.36, -5.04)
    assert all(row.low <= row.value <= row.high for row in table.rows)
    assert "weights.revenue" not in by_path
    frame = table.to_frame()
    assert list(frame.columns) == ["path", "value", "low", "high"]
    stated = sum(
        name.endswith("_low") and text != "" and getattr(record, name.removesuffix("_low"), None) is not None
        for field in ("entities", "links", "effects", "responses", "harms", "patron_types", "utilities")
        for record in getattr(DPRK, field)
        for name, text in record.extra
    )
    stated += sum(key.endswith("_low") for _, key, _ in DPRK.game_extra)
    assert len(frame) >= stated > 300
    assert ranges(HAND_GAME).rows == ()


def test_a_range_with_one_bound_ends_at_the_value() -> None:
    bank = replace(HAND_GAME.entities[2], extra=(("capacity_high", "60"), ("us_exposure_low", "1")))
    game = changed(entities=(*HAND_GAME.entities[:2], bank), game_extra=(("weights", "harm_low", "0.5"),))
    rows = [(row.path, row.value, row.low, row.high) for row in ranges(game).rows]
    assert rows == [("weights.harm", 1.0, 0.5, 1.0), ("entities.bank.capacity", 50.0, 50.0, 60.0)]


def test_the_cost_that_the_game_does_not_read_has_no_range() -> None:
    rows = tuple(
        replace(row, extra=(("cost_low", "0"), ("reduction_high", "0.9"))) for row in RICH.mitigations
    )
    paths = [row.path for row in ranges(replace(RICH, mitigations=rows)).rows]
    assert "mitigations.fund.KOR..cost" in paths
    assert "mitigations.fund.JPN.hit.cost" not in paths
    assert "mitigations.fund.JPN.hit.reduction" in paths


def test_ends_of_every_range_make_a_game() -> None:
    """But for those that the model forbids; then the message says why."""
    refused = []
    for row in ranges(DPRK).rows[::40]:
        for value in (row.low, row.high):
            try:
                changed_game = with_value(DPRK, row.path, value)
            except (CaseError, OptionError) as error:
                refused.append((row.path, value, str(error)))
            else:
                assert find(changed_game, [row.path])[0].read(changed_game) == value
    assert all("concession" in message for _, _, message in refused)


def test_a_changed_game_can_be_written_and_read(tmp_path: object) -> None:
    """Though its number left the plausible range that stands beside it, which therefore goes."""
    game = with_values(DPRK, {"weights.harm": 2.0, "entities.coal.salience": 9.0, "discount": 0.98})
    assert not any(item[:2] == ("weights", "harm_low") for item in game.game_extra)
    assert any(item[:2] == ("weights", "cost_low") for item in game.game_extra)
    assert dict(game.entity["coal"].extra)["salience_low"] == ""
    assert dict(game.entity["coal"].extra)["supply_low"] == "38.5"
    assert read_case(write_case(game, str(tmp_path))) == game


# --- what is refused --------------------------------------------------------------------------------------


def test_unknown_names() -> None:
    with pytest.raises(OptionError, match="no instrument 'designat'; did you mean 'designate'"):
        without_instrument(HAND_GAME, "designat")
    with pytest.raises(OptionError, match="no engagement 'talk'; it has none"):
        without_engagements(HAND_GAME, "talk")
    with pytest.raises(OptionError, match="no mitigation 'xyz'; it has fund, stock"):
        without_mitigations(RICH, "xyz")
    with pytest.raises(OptionError, match="no type 'prou'; did you mean 'proud'"):
        without_type(HAND_GAME, "prou")
    with pytest.raises(OptionError, match="no type 'x'"):
        only_type(HAND_GAME, "x")
    with pytest.raises(OptionError, match="no type 'x'"):
        with_priors(HAND_GAME, {"calm": 0.5, "x": 0.5})
    with pytest.raises(OptionError, match="type 'proud' has no prior; give one for every type"):
        with_priors(HAND_GAME, {"calm": 1.0})


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("weights.harms", 1.0, "did you mean 'weights.harm'"),
        ("nothing at all", 1.0, "paths look like 'weights.harm'"),
        ("off_ramp.offer_cost", 1.0, "the game has no off-ramp"),
        ("perception.calm.0.offset", 1.0, "is no number of game 'by hand'"),
        ("weights.harm", -1.0, "weights.harm = -1.0: must be a number of 0 or more"),
        ("links.coal.trader.toll", 1.5, r"must be a share in \[0, 1\]"),
        ("weights.harm", nan, "is not a number"),
        ("weights.harm", inf, "is too large"),
        ("weights.harm", "1", "must be a number"),
        ("weights.harm", True, "must be a number"),
        ("stages", 2.5, "whole number"),
        ("effort_per_stage", -0.1, "effort_per_stage = -0.1"),
    ],
)
def test_wrong_paths_and_values(path: str, value: float, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        with_value(HAND_GAME, path, value)


def test_wrong_priors() -> None:
    certain = with_priors(HAND_GAME, {"calm": 1.0, "proud": 0.0})
    with pytest.raises(OptionError, match=r"less than 1, and all other types have prior 0"):
        with_value(certain, "types.calm.prior", 0.5)
    assert with_value(certain, "types.calm.prior", 1.0) == certain
    with pytest.raises(OptionError, match=r"more than 1 together"):
        with_values(random_of_three(), {"types.y0.prior": 0.6, "types.y1.prior": 0.6})
    with pytest.raises(CaseError, match=r"the priors sum to 0.9"):
        with_priors(HAND_GAME, {"calm": 0.5, "proud": 0.4})


def test_what_makes_the_game_invalid() -> None:
    with pytest.raises(CaseError, match="less than what the coalition could still earn"):
        with_value(TEACHING, "weights.revenue", 3.0)
    with pytest.raises(CaseError, match="beyond the last stage"):
        with_value(RICH, "stages", 1)
    for more in (inf, nan, -1.0):
        with pytest.raises(OptionError, match=r"credibility.initial"):
            with_credibility(HAND_GAME, more)


def test_whole_numbers_become_ints() -> None:
    game = with_value(HAND_GAME, "stages", 3.0)
    assert isinstance(game.stages, int)
    assert game.stages == 3
