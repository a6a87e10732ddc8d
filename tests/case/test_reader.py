"""What a valid folder, or valid data frames, mean."""

from __future__ import annotations

import io
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from case_folders import (
    SHARED,
    TEXTS,
    Edit,
    add,
    both,
    content,
    drop,
    header_only,
    put,
    swap,
    valid_files,
    without_column,
    write_files,
)
from sanctopt.case import check_case, game_from_tables, list_cases, load_case, read_case
from sanctopt.case.cells import parse_number
from sanctopt.case.schema import FINITE, LIMIT
from sanctopt.errors import CaseError, CaseWarning, SolverError
from sanctopt.game import (
    Credibility,
    Enforcement,
    Engagement,
    Entity,
    Game,
    Harm,
    Instrument,
    Link,
    Mitigation,
    OffRamp,
    Party,
    PatronType,
    Perception,
    Response,
    SupplyChange,
    Utility,
    Weights,
)

NO_RANGE = (("supply_low", ""), ("supply_high", ""), ("source", ""))


def edited(tmp_path: Path, *edits: Edit) -> Game:
    """The valid folder after some edits that leave it valid."""
    files = valid_files()
    both(*edits)(files)
    return read_case(write_files(tmp_path / "case", files))


def frames() -> dict[str, pd.DataFrame]:
    """The valid folder's tables, as pandas reads them."""
    return {
        file.removesuffix(".csv"): pd.read_csv(io.StringIO(text))
        for file, text in TEXTS.items()
        if file.endswith(".csv")
    }


def settings() -> dict[str, object]:
    return tomllib.loads(TEXTS["game.toml"])


# --- folders ---------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", SHARED, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_the_shared_cases_are_valid(folder: Path) -> None:
    assert check_case(folder) == ()
    assert isinstance(read_case(folder), Game)


def test_there_are_shared_cases() -> None:
    assert len(SHARED) == 31


def test_every_setting_is_read(tmp_path: Path) -> None:
    game = edited(tmp_path)
    assert (game.name, game.stages, game.stage_unit, game.start) == ("valid", 3, "quarter", "2017Q2")
    assert (game.discount, game.effort_per_stage, game.standing_threats) == (0.9, 2.0, True)
    assert game.credibility == Credibility(initial=0.5, decay=0.1, max=1.5)
    assert (game.carryover, game.retention, game.max_cover) == (0.4, 0.5, 0.7)
    assert game.off_ramp == OffRamp(offer_cost=2.0, concession_value=500.0)
    assert game.weights == Weights(revenue=1.0, harm=1.2, cost=1.0, credibility=5.0)
    assert game.game_extra == (
        ("", "discount_low", "0.8"),
        ("weights", "harm_low", "1.0"),
        ("weights", "harm_high", "1.5"),
        ("notes", "author", '"test"'),
        ("notes", "years", "[2016, 2017]"),
    )


def test_every_table_is_read(tmp_path: Path) -> None:
    game = edited(tmp_path)
    assert game.entities[2] == Entity(
        "trader", "trader", "CN", None, 30.0, 20.0, 5.0, 0.8, 1.5, 0.4, 1.0, 1.2, NO_RANGE
    )
    assert game.links[1] == Link("coal", "bank", 15.0, 0.05)
    assert game.instruments[1] == Instrument("designate", 1.0, 2.0, 1.0, 1.0, "waiver", 1)
    assert game.effect_profile["waiver", "trader"].removals == (0.2, 0.5)
    assert game.responses == (Response("hold"), Response("hit", True, 0.5, ("CN", "DPRK")))
    assert game.enforcement == (Enforcement("hold", "CN", 1, 0.3),)
    assert game.harms == (Harm("hit", "KOR", 20.0), Harm("hit", "JPN", 15.0))
    assert game.parties[1] == Party("JPN", "ally", 0.8)
    assert game.mitigations == (
        Mitigation("insure", "KOR", "", 0.3, 2.0, 1),
        Mitigation("insure", "JPN", "hit", 0.2, 2.0, 1),
    )
    assert game.engagements == (Engagement("envoy", 1.2, 1.0),)
    assert game.patron_types == (PatronType("soft", 0.5), PatronType("firm", 0.5, 0.6))
    assert game.utilities[1] == Utility("soft", "hit", -2.5, 1.0, -0.5, -1.0, -0.3)
    assert game.perception == (Perception("firm", 1, -0.2),)
    assert game.supply_changes == (SupplyChange("coal", 2, 10.0),)


def test_whole_numbers_are_int_and_others_float(tmp_path: Path) -> None:
    game = edited(tmp_path, put("effects.csv", 3, "age", "1.0"), put("entities.csv", 3, "supply", "20"))
    assert type(game.effects[1].age) is int
    assert type(game.entities[1].supply) is float
    assert type(game.stages) is int
    assert type(game.weights.revenue) is float


def test_blanks_and_absent_columns_mean_the_defaults(tmp_path: Path) -> None:
    game = edited(
        tmp_path,
        content(
            "entities.csv",
            "entity,kind,supply\ncoal,channel,40\nfish,channel,20\ntrader,trader,\nbank,bank,\n",
        ),
        content("instruments.csv", "instrument,effort\nwaiver,\ndesignate,\n"),
        content("links.csv", "source,sink\ncoal,trader\nfish,trader\ntrader,bank\nbank,regime\n"),
        content("responses.csv", "response,hostile\nhold,\nhit,TRUE\n"),
        content("parties.csv", "party,kind\nKOR,\nJPN,\n"),
        content(
            "utilities.csv",
            "type,response,base,provocation\nsoft,hold,0,0\nsoft,hit,-1,1\nfirm,hold,0,0\nfirm,hit,-1,1\n",
        ),
        without_column("mitigations.csv", "lead"),
        without_column("types.csv", "reservation"),
        header_only("enforcement.csv"),
    )
    assert game.entity["bank"] == Entity("bank", "bank")
    assert game.entity["bank"] == Entity("bank", "bank", "", None, None, None, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0)
    assert game.instrument["waiver"] == Instrument("waiver", 1.0, 0.0, 1.0, 1.0, "", 0)
    assert game.links[0] == Link("coal", "trader", None, 0.0)
    assert game.responses == (Response("hold", False, 0.0, ()), Response("hit", True, 0.0, ()))
    assert game.party["KOR"] == Party("KOR", "ally", 1.0)
    assert game.utilities[1] == Utility("soft", "hit", -1.0, 1.0, 0.0, 0.0, 0.0)
    assert {row.lead for row in game.mitigations} == {0}
    assert {row.reservation for row in game.patron_types} == {None}


def test_settings_have_defaults(tmp_path: Path) -> None:
    game = edited(
        tmp_path,
        swap("game.toml", 'stage_unit = "quarter"\nstart = "2017Q2"\ndiscount = 0.9\n', ""),
        swap("game.toml", "standing_threats = true\n", ""),
        swap("game.toml", "[off_ramp]\noffer_cost = 2.0\nconcession_value = 500.0\n", ""),
    )
    assert (game.stage_unit, game.start, game.discount) == ("stage", "", 1.0)
    assert game.standing_threats is False
    assert game.off_ramp is None


def test_optional_tables_may_be_absent_or_have_no_rows(tmp_path: Path) -> None:
    absent = edited(
        tmp_path / "absent",
        drop("enforcement.csv", "harms.csv", "parties.csv", "mitigations.csv"),
        drop("engagements.csv", "perception.csv", "supply.csv"),
    )
    empty = edited(
        tmp_path / "empty",
        *map(header_only, ("enforcement.csv", "harms.csv", "parties.csv", "mitigations.csv")),
        *map(header_only, ("engagements.csv", "perception.csv", "supply.csv")),
    )
    assert absent == empty
    assert absent.parties == absent.harms == absent.supply_changes == ()


def test_a_game_without_starts_is_a_game(tmp_path: Path) -> None:
    with pytest.warns(CaseWarning, match="nothing can be started"):
        game = edited(tmp_path, header_only("instruments.csv"), header_only("effects.csv"))
    assert game.eligible == ()


@pytest.mark.parametrize(
    "edit",
    [
        put("responses.csv", 3, "shields", "DPRK; CN ;"),
        put("responses.csv", 3, "shield", "1.5"),
        put("instruments.csv", 2, "requires_age", "3"),
        both(put("types.csv", 2, "prior", "0"), put("types.csv", 3, "prior", "1")),
        both(put("types.csv", 2, "prior", "0.3333333"), put("types.csv", 3, "prior", "0.6666666")),
        swap("game.toml", "stages = 3", "stages = 3.0"),
        swap("game.toml", "stages = 3", "stages = 500"),
        swap("game.toml", "initial = 0.5", "initial = 1.5"),
        swap("game.toml", "cost = 1.0", "cost = 0\ncost_high = 2"),
        put("entities.csv", 3, "supply", "+2.0E1"),
        put("entities.csv", 4, "capacity", "1e12"),
        swap("entities.csv", ",source\n", ",salience_of_my_own\n"),
        add("README.md", "text"),
        add("harmz_of_my_own.csv", "a,b"),
        add("enforcment.csv", "the real one is there too"),
        content("sources.csv", b"\xff\xfe"),
    ],
)
def test_what_the_model_does_not_forbid_is_allowed(edit: Edit, tmp_path: Path) -> None:
    files = valid_files()
    edit(files)
    assert check_case(write_files(tmp_path / "case", files)) == ()


def test_white_space_around_cells_and_headers_does_not_count(tmp_path: Path) -> None:
    game = edited(
        tmp_path,
        content(
            "parties.csv", " party , kind,weight , note\n KOR,\tally , 1 , a  b \n\n JPN , ,0.8,\n , ,,\n"
        ),
        put("entities.csv", 4, "jurisdiction", " CN "),
        put("responses.csv", 3, "shields", " CN ;DPRK; "),
        put("responses.csv", 2, "hostile", " False "),
    )
    assert game.parties == (
        Party("KOR", "ally", 1.0, (("note", "a  b"),)),
        Party("JPN", "ally", 0.8, (("note", ""),)),
    )
    assert game.entity["trader"].jurisdiction == "CN"
    assert game.response["hit"].shields == ("CN", "DPRK")


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.rstrip(b"\n"),
    ],
    ids=["byte-order-mark", "windows-line-ends", "no-final-line-end"],
)
def test_the_encodings_of_editors_do_not_count(change, tmp_path: Path) -> None:
    files = {file: change(data) for file, data in valid_files().items()}
    assert read_case(write_files(tmp_path / "other", files)) == edited(tmp_path)


def test_extra_columns_are_kept_in_file_order(tmp_path: Path) -> None:
    game = edited(tmp_path)
    assert game.entities[0].extra == (("supply_low", "30"), ("supply_high", "50"), ("source", "UN, 2017"))
    assert game.entities[1].extra == NO_RANGE
    assert game.links[0].extra == ()


def test_nameless_columns_without_content_are_dropped(tmp_path: Path) -> None:
    game = edited(tmp_path, content("parties.csv", "party,,kind,,\nKOR,,ally,,\nJPN,,ally,,\n"))
    assert game.parties == (Party("KOR"), Party("JPN"))


def test_the_order_of_columns_and_notes_does_not_count(tmp_path: Path) -> None:
    game = edited(
        tmp_path / "other",
        content("parties.csv", "weight,kind,party\n1,ally,KOR\n0.8,ally,JPN\n"),
        swap("game.toml", '[notes]\nauthor = "test"\nyears = [2016, 2017]\n', ""),
        swap("game.toml", "[credibility]", '[notes]\nauthor = "test"\nyears = [2016, 2017]\n[credibility]'),
    )
    assert game == edited(tmp_path)


def test_a_link_to_a_folder_is_read(tmp_path: Path) -> None:
    game = edited(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "case")
    assert read_case(str(tmp_path / "link")) == game


def test_numbers_are_read_exactly() -> None:
    assert parse_number("0.3333333333333333", FINITE) == 1 / 3
    assert parse_number(repr(0.1 + 0.2), FINITE) == 0.1 + 0.2
    assert parse_number(f"-{LIMIT!r}", FINITE) == -LIMIT


# --- the off-ramp's worth --------------------------------------------------------------------


def test_the_off_ramp_is_worth_its_least_value_and_no_less(tmp_path: Path, monkeypatch) -> None:
    # Only stage 2 has a row in supply.csv: 30 + 0.9 * 30 + 0.81 * 20 + 5 * 1.5 = 80.7.
    monkeypatch.setattr("sanctopt.network.baseline_revenue", lambda game, stage: (30.0, 30.0, 20.0)[stage])
    assert edited(tmp_path, swap("game.toml", "500.0", "80.7")).off_ramp == OffRamp(2.0, 80.7)
    files = valid_files()
    swap("game.toml", "500.0", "80.69")(files)
    (problem,) = check_case(write_files(tmp_path / "less", files))
    assert "it must be at least 80.7 " in problem.message
    assert problem.value == "80.69"


@pytest.mark.parametrize("discount", ["1", "0.9"])
def test_every_stage_counts_to_the_worth_of_the_off_ramp(discount: str, tmp_path: Path, monkeypatch) -> None:
    revenue = {0: 10.0, 1: 10.0, 2: 7.0, 3: 10.0, 4: 10.0}
    least = sum(float(discount) ** stage * value for stage, value in revenue.items()) + 7.5
    monkeypatch.setattr("sanctopt.network.baseline_revenue", lambda game, stage: revenue[stage])
    files = valid_files()
    swap("game.toml", "stages = 3", "stages = 5")(files)
    swap("game.toml", "discount = 0.9", f"discount = {discount}")(files)
    swap("game.toml", "500.0", f"{least - 1e-3!r}")(files)
    (problem,) = check_case(write_files(tmp_path / "case", files))
    assert f"at least {least:.10g} " in problem.message


def test_the_least_value_follows_from_the_network(tmp_path: Path) -> None:
    # Stages 0 and 1: the trader carries 30, which coal (15 of 40 leave by the bank link) and fish
    # offer: 30 * 0.98 + 15 * 0.95 = 43.65. Stage 2: coal offers 10, all to the bank at 0.95, and
    # fish 20 by the trader at 0.9 * 0.98: 9.5 + 17.64 = 27.14. The bank's capacity is 60.
    least = 43.65 * 1.9 + 0.81 * 27.14 + 7.5
    files = valid_files()
    swap("game.toml", "500.0", "100")(files)
    (problem,) = check_case(write_files(tmp_path / "case", files))
    assert f"at least {least:.10g} " in problem.message


def test_a_revenue_that_cannot_be_computed_is_a_problem(tmp_path: Path, monkeypatch) -> None:
    def refuse(game: Game, stage: int) -> float:
        raise SolverError("no proof")

    monkeypatch.setattr("sanctopt.network.baseline_revenue", refuse)
    (problem,) = check_case(write_files(tmp_path / "case", valid_files()))
    assert problem.column == "off_ramp.concession_value"
    assert problem.message == "cannot be compared with the revenue at stake: no proof"


# --- data frames -----------------------------------------------------------------------------


def test_frames_give_the_same_game_as_the_folder(tmp_path: Path) -> None:
    assert game_from_tables(settings(), frames()).digest() == edited(tmp_path).digest()


def test_frames_of_text_give_the_very_same_game(tmp_path: Path) -> None:
    texts = {
        file.removesuffix(".csv"): pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
        for file, text in TEXTS.items()
        if file.endswith(".csv")
    }
    assert game_from_tables(settings(), texts) == edited(tmp_path)


def test_every_way_to_write_a_blank_is_a_blank() -> None:
    tables = frames()
    tables["types"] = pd.DataFrame(
        {"type": ["soft", "firm"], "prior": [0.5, 0.5], "reservation": pd.Series([None, pd.NA], dtype=object)}
    )
    tables["parties"] = pd.DataFrame(
        {"party": ["KOR", "JPN"], "kind": [np.nan, ""], "weight": pd.array([None, 1], dtype="Int64")}
    )
    game = game_from_tables(settings(), tables)
    assert game.patron_types == (PatronType("soft", 0.5), PatronType("firm", 0.5))
    assert game.parties == (Party("KOR"), Party("JPN"))


def test_frames_may_hold_numbers_flags_and_any_index() -> None:
    tables = frames()
    tables["responses"] = pd.DataFrame(
        {
            "response": ["hold", "hit"],
            "hostile": [np.bool_(False), True],
            "shield": np.array([0, 1], dtype=np.float32),
            "shields": [None, "CN"],
        },
        index=["x", "x"],
    )
    tables["supply"] = pd.DataFrame({"channel": ["coal"], "stage": [2.0], "supply": [0.1 + 0.2]})
    game = game_from_tables(settings(), tables)
    assert game.responses == (Response("hold"), Response("hit", True, 1.0, ("CN",)))
    assert game.supply_changes == (SupplyChange("coal", 2, 0.1 + 0.2),)


def test_settings_may_be_numpy_scalars() -> None:
    scalars = settings() | {
        "stages": np.int64(3),
        "discount": np.float64(0.85),
        "standing_threats": np.bool_(True),
    }
    game = game_from_tables(scalars, frames())
    assert (game.stages, game.discount, game.standing_threats) == (3, 0.85, True)
    assert type(game.stages) is int


def test_rows_of_frames_are_numbered_as_in_their_csv() -> None:
    tables = frames()
    tables["links"].loc[1, "toll"] = 2.0
    tables["links"].loc[2, "sink"] = "nowhere"
    tables["entities"].loc[0, "supply"] = np.inf
    with pytest.raises(CaseError, match="tables: 3 problems") as caught:
        game_from_tables(settings(), tables)
    assert [(item.file, item.row, item.column, item.value) for item in caught.value.problems] == [
        ("entities.csv", 2, "supply", "inf"),
        ("links.csv", 3, "toll", "2.0"),
        ("links.csv", 4, "sink", "nowhere"),
    ]


def test_the_text_nan_is_no_blank_in_a_frame() -> None:
    tables = frames()
    tables["types"]["reservation"] = ["nan", None]
    with pytest.raises(CaseError, match=r"types\.csv, row 2, column reservation: 'nan': is no number"):
        game_from_tables(settings(), tables)


def test_unknown_missing_and_wrong_tables() -> None:
    tables: dict = frames()
    tables["enforcment"] = tables.pop("enforcement")
    del tables["links"]
    tables["parties"] = [{"party": "KOR"}]
    with pytest.raises(CaseError) as caught:
        game_from_tables(settings(), tables)
    messages = {item.file: item.message for item in caught.value.problems}
    assert messages["enforcment"] == "is no table of a case; did you mean 'enforcement'?"
    assert messages["links.csv"] == "data frame 'links' is missing; every case needs it"
    assert messages["parties.csv"] == "is a list; pass a pandas DataFrame"


def test_settings_that_toml_cannot_hold_are_a_problem() -> None:
    with pytest.raises(CaseError, match=r"notes\.who.*cannot be kept: TOML has no value of type object"):
        game_from_tables(settings() | {"notes": {"who": object()}}, frames())


def test_wrong_settings_are_reported_with_wrong_tables() -> None:
    tables = frames()
    tables["links"].loc[1, "toll"] = 2.0
    with pytest.raises(CaseError) as caught:
        game_from_tables({"stages": 3}, tables)
    found = {(item.file, item.column) for item in caught.value.problems}
    assert ("links.csv", "toll") in found
    assert {("game.toml", name) for name in ("name", "effort_per_stage", "weights", "credibility")} <= found


# --- shipped cases ---------------------------------------------------------------------------


def test_every_shipped_case_is_valid() -> None:
    assert all(load_case(name).name for name in list_cases())


def test_an_unknown_shipped_case_is_told_from_those_there_are() -> None:
    with pytest.raises(CaseError, match=r"is no shipped case.*; shipped are: "):
        load_case("dprk_1917")
