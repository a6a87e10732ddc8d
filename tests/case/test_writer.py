"""What is written is read back, to the last bit."""

from __future__ import annotations

import datetime as dt
import string
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_folders import SHARED, both, put, swap, valid_files, write_files
from games import tiny_games
from sanctopt.case import check_case, list_cases, load_case, read_case, write_case
from sanctopt.case.reader import read_files
from sanctopt.case.toml import key_lines, toml_text
from sanctopt.case.writer import case_files
from sanctopt.errors import CaseError
from sanctopt.game import Game, PatronType


@pytest.fixture
def game(tmp_path: Path) -> Game:
    return read_case(write_files(tmp_path / "valid", valid_files()))


def again(game: Game) -> Game:
    """The game after writing and reading, without touching the disk."""
    return read_files(case_files(game)).game_or_raise("again")


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# --- round trips -----------------------------------------------------------------------------


@pytest.mark.parametrize("folder", SHARED, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_shared_cases_come_back_equal_and_in_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    game = read_case(folder)
    first = write_case(game, tmp_path / "first")
    assert read_case(first) == game
    second = write_case(read_case(first), tmp_path / "second")
    assert content(first) == content(second)


def test_every_file_column_key_and_note_comes_back(game: Game, tmp_path: Path) -> None:
    folder = write_case(game, tmp_path / "a" / "b")
    assert folder == tmp_path / "a" / "b"
    assert read_case(folder) == game
    assert set(content(folder)) == set(valid_files())


def test_shipped_cases_come_back_equal(tmp_path: Path) -> None:
    for name in list_cases():
        game = load_case(name)
        assert read_case(write_case(game, tmp_path / name)) == game


@given(tiny_games())
def test_random_games_come_back_equal(game: Game) -> None:
    assert again(game) == game


@given(
    st.floats(min_value=0, max_value=1e12, exclude_min=False),
    st.floats(min_value=0, max_value=1),
    st.floats(min_value=-1e12, max_value=1e12),
)
def test_every_number_comes_back_exactly(amount: float, share: float, number: float) -> None:
    game = _plain_game()
    entity = replace(game.entities[0], supply=amount, exit_removal=share)
    utility = replace(game.utilities[1], base=number)
    game = replace(
        game,
        entities=(entity, *game.entities[1:]),
        utilities=(game.utilities[0], utility, *game.utilities[2:]),
        effort_per_stage=amount,
        max_cover=share,
    )
    assert again(game) == game


WORDS = (
    st.text(min_size=1, max_size=12)
    .map(str.strip)
    .filter(lambda word: word != "" and word != "regime" and word.isprintable())
)
LINES = st.text(alphabet="".join(filter(str.isprintable, string.printable)) + "é→", max_size=12).map(
    str.strip
)
MESSY = st.text(alphabet=string.printable + "é→\x7f\x85", max_size=12).map(str.strip)


@given(WORDS, LINES, MESSY, MESSY)
def test_every_name_and_remark_comes_back_exactly(name: str, label: str, remark: str, note: str) -> None:
    game = _plain_game()
    bank = replace(game.entities[3], jurisdiction=label, extra=(("remark", remark), ("other", note)))
    channel = replace(game.entities[0], extra=(("remark", ""), ("other", name)))
    game = replace(
        game,
        name=name,
        start=label,
        # Both have the same columns, so that no blank is filled in.
        entities=(
            channel,
            *(replace(row, extra=channel.extra) for row in game.entities[1:3]),
            bank,
        ),
        patron_types=(PatronType(f"type {name}", 1.0),),
        utilities=tuple(replace(row, type=f"type {name}") for row in game.utilities[:2]),
        perception=(),
        game_extra=(("notes", f"about {name}", toml_text(note)),),
    )
    assert again(game) == game


def _plain_game() -> Game:
    """The valid game without an off-ramp, whose worth depends on its numbers, and without ranges."""
    files = valid_files()
    both(
        swap("game.toml", "[off_ramp]\noffer_cost = 2.0\nconcession_value = 500.0\n", ""),
        swap("entities.csv", ",supply_low,supply_high,source", ",a,b,c"),
    )(files)
    return read_files(files).game_or_raise("files")


# --- the bytes -------------------------------------------------------------------------------


def test_equal_games_give_equal_bytes(game: Game) -> None:
    whole = replace(
        game, effort_per_stage=2, links=tuple(replace(row, toll=row.toll + 0) for row in game.links)
    )
    assert case_files(whole) == case_files(game)


def test_optional_tables_without_rows_are_left_out(game: Game, tmp_path: Path) -> None:
    folder = write_case(replace(game, perception=(), supply_changes=()), tmp_path / "case")
    assert set(valid_files()) - set(content(folder)) == {"perception.csv", "supply.csv"}


def test_required_tables_are_written_without_rows(game: Game, tmp_path: Path) -> None:
    folder = write_case(replace(game, instruments=(), effects=()), tmp_path / "case")
    assert (folder / "effects.csv").read_text() == "instrument,kind,age,removal\n"


def test_the_text_of_a_folder(game: Game, tmp_path: Path) -> None:
    folder = write_case(game, tmp_path / "case")
    assert (folder / "responses.csv").read_text() == (
        "response,hostile,shield,shields\nhold,false,0.0,\nhit,true,0.5,CN;DPRK\n"
    )
    assert (folder / "game.toml").read_text().splitlines()[:9] == [
        'name = "valid"',
        "stages = 3",
        'stage_unit = "quarter"',
        'start = "2017Q2"',
        "discount = 0.9",
        "effort_per_stage = 2.0",
        "standing_threats = true",
        "discount_low = 0.8",
        "",
    ]


def test_notes_of_every_kind_come_back(tmp_path: Path) -> None:
    files = valid_files()
    files["game.toml"] += b"""
day = 2017-09-03
moment = 2017-09-03T03:30:01Z
clock = 03:30:01
"a b" = 'back\\slash "quoted"'
text = \"\"\"two
lines\"\"\"
nested = { deep = [1, 2.5, true, { x = "y" }] }
big = 1e300
nothing = nan
[notes.sources]
first = "UN"
"""
    game = read_case(write_files(tmp_path / "notes", files))
    assert again(game) == game
    notes = tomllib.loads(case_files(game)["game.toml"].decode())["notes"]
    assert notes["day"] == dt.date(2017, 9, 3)
    assert notes["a b"] == 'back\\slash "quoted"'
    assert notes["text"] == "two\nlines"
    assert notes["nested"] == {"deep": [1, 2.5, True, {"x": "y"}]}
    assert notes["sources"] == {"first": "UN"}


def test_toml_has_no_none() -> None:
    with pytest.raises(TypeError, match="TOML has no value of type NoneType"):
        toml_text(None)


def test_keys_are_found_in_toml_text() -> None:
    text = 'a = 1\n[b]\n# c = 2\n"d e" = 1\nd = """\na = 3\n"""\n[ f ] # x\nd = 1\n'
    assert key_lines(text) == {("", "a"): 1, ("b", ""): 2, ("b", "d"): 5, ("f", ""): 8, ("f", "d"): 9}


# --- folders that are there already ----------------------------------------------------------


def test_tables_of_a_previous_case_are_removed(game: Game, tmp_path: Path) -> None:
    folder = write_case(game, tmp_path / "case")
    (folder / "README.md").write_text("stays")
    (folder / "sources.csv").write_text("stays")
    less = replace(game, supply_changes=(), enforcement=())
    assert read_case(write_case(less, folder)) == less
    assert (folder / "README.md").read_text() == (folder / "sources.csv").read_text() == "stays"
    assert not (folder / "supply.csv").exists()


def test_a_folder_with_a_misspelt_table_is_refused(game: Game, tmp_path: Path) -> None:
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "enforcment.csv").write_text("x")
    with pytest.raises(CaseError, match=r"enforcment\.csv: would be taken for a misspelt enforcement\.csv"):
        write_case(replace(game, enforcement=()), folder)
    assert set(content(folder)) == {"enforcment.csv"}
    assert read_case(write_case(game, folder)) == game  # with the real one there, it means nothing


def test_a_file_is_no_folder(game: Game, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(CaseError, match="is a file; give the folder that shall hold the case"):
        write_case(game, file)


# --- games that no folder can hold -----------------------------------------------------------


def test_an_invalid_game_is_refused_and_nothing_written(game: Game, tmp_path: Path) -> None:
    bad = replace(game, max_cover=2.0, links=(replace(game.links[0], toll=float("nan")), *game.links[1:]))
    with pytest.raises(CaseError, match="game 'valid': 2 problems") as caught:
        write_case(bad, tmp_path / "case")
    assert {item.column for item in caught.value.problems} == {"mitigation.max_cover", "toll"}
    assert not (tmp_path / "case").exists()


def test_text_that_would_change_is_refused(game: Game) -> None:
    parties = (*game.parties, replace(game.parties[0], name="XYZ", kind=" ally"))
    with pytest.raises(CaseError, match=r"parties\.csv, row 4.*cannot be written exactly"):
        case_files(replace(game, parties=parties))
    with pytest.raises(CaseError, match=r"responses\.csv, row 3.*cannot be written exactly"):
        case_files(replace(game, responses=(game.responses[0], replace(game.responses[1], shields=("C;N",)))))
    with pytest.raises(CaseError, match=r"game\.toml: cannot be written exactly"):
        case_files(replace(game, start=" 2017Q2"))


def test_text_that_is_no_unicode_is_refused(game: Game) -> None:
    parties = (*game.parties, replace(game.parties[0], name="\ud800"))
    with pytest.raises(CaseError, match=r"parties\.csv, row 4.*is not UTF-8"):
        case_files(replace(game, parties=parties))


def test_an_extra_column_twice_is_refused(game: Game) -> None:
    parties = (replace(game.parties[0], extra=(("note", "a"), ("note", "b"))), game.parties[1])
    with pytest.raises(
        CaseError, match=r"parties\.csv, row 2, column note: 'note': is an extra column twice"
    ):
        case_files(replace(game, parties=parties))


def test_rows_without_an_extra_column_get_it_blank(game: Game) -> None:
    first, second = game.parties
    parties = (replace(first, extra=(("note", "a"),)), replace(second, extra=(("source", "b"),)))
    back = again(replace(game, parties=parties))
    assert [row.extra for row in back.parties] == [
        (("note", "a"), ("source", "")),
        (("note", ""), ("source", "b")),
    ]
    assert back.digest() == game.digest()


# --- whatever stands in a folder -------------------------------------------------------------

CELLS = st.sampled_from(
    [
        "",
        " ",
        "-1",
        "2",
        "0.5",
        "1e30",
        "nan",
        "inf",
        "true",
        "regime",
        "coal",
        "x",
        '"',
        "a,b",
        "\r",
        "\0",
        "é",
    ]
)


@given(st.data())
def test_no_folder_makes_the_reader_fail_and_what_it_accepts_comes_back(data: st.DataObject) -> None:
    files = valid_files()
    for _ in range(data.draw(st.integers(1, 3))):
        file = data.draw(st.sampled_from(sorted(files)))
        if file == "game.toml" or data.draw(st.booleans()):
            place = data.draw(st.integers(0, len(files[file])))
            files[file] = files[file][:place] + data.draw(CELLS).encode() + files[file][place:]
        elif b'"' not in files[file]:
            lines = files[file].decode("utf-8", "replace").splitlines()
            row = data.draw(st.integers(1, max(1, len(lines))))
            header = lines[0].split(",") if lines else []
            if len(lines) >= row and header and len(lines[row - 1].split(",")) == len(header):
                put(file, row, data.draw(st.sampled_from(header)), data.draw(CELLS))(files)
    reading = read_files(files)
    assert (reading.game is None) == bool(reading.problems)
    if reading.game is not None:
        assert again(reading.game) == reading.game


def test_a_written_case_is_valid(game: Game, tmp_path: Path) -> None:
    assert check_case(write_case(game, tmp_path / "case")) == ()
