"""What is legal but hardly meant is told: one warning for a folder, a note for each name."""

from __future__ import annotations

import tomllib
import warnings
from pathlib import Path

import pandas as pd
import pytest

import sanctopt
from case_folders import (
    Edit,
    add,
    both,
    content,
    header_only,
    put,
    swap,
    valid_files,
    without_column,
    write_files,
)
from sanctopt import CaseWarning, check_case, game_from_tables, read_case
from sanctopt.case.reader import read_folder
from sanctopt.case.schema import TABLES
from sanctopt.errors import Problem

NO_JURISDICTIONS = "entity,kind,supply\ncoal,channel,40\nfish,channel,20\ntrader,trader,\nbank,bank,\n"
CASES = Path(__file__).parents[1] / "cases"


def folder(tmp_path: Path, *edits: Edit) -> Path:
    files = valid_files()
    both(*edits)(files)
    return write_files(tmp_path / "case", files)


def notes(path: Path) -> tuple[Problem, ...]:
    """The notes of the one warning that reading gives; the case is valid."""
    assert check_case(path) == ()
    with pytest.warns(CaseWarning) as caught:
        read_case(path)
    (warning,) = caught
    assert isinstance(warning.message, CaseWarning)
    assert warning.message.source == str(path)
    assert warning.filename == __file__  # it is the caller's line that is told
    return warning.message.notes


@pytest.mark.parametrize(
    ("edit", "place", "message"),
    [
        (
            put("effects.csv", 5, "kind", "bnak"),
            ("effects.csv", 5, "kind", "bnak"),
            "is the kind of no entity in entities.csv, so it acts on nobody; "
            "usual is a kind that an entity has; did you mean 'bank'?",
        ),
        (
            add("effects.csv", "waiver,shipper,0,0.5"),
            ("effects.csv", 6, "kind", "shipper"),
            "usual is a kind that an entity has; known: channel, trader, bank",
        ),
        (
            both(add("effects.csv", "waiver,ship,0,0.5"), add("effects.csv", "waiver,ship,2,0.4")),
            ("effects.csv", 6, "kind", "ship"),
            "so it acts on nobody (so in row 7); usual",
        ),
        (
            put("enforcement.csv", 2, "jurisdiction", "cn"),
            ("enforcement.csv", 2, "jurisdiction", "cn"),
            "is the jurisdiction of no entity in entities.csv, so it acts on nobody; "
            "usual is a jurisdiction that an entity has; did you mean 'CN'?",
        ),
        (
            both(
                content("entities.csv", NO_JURISDICTIONS),
                without_column("responses.csv", "shields"),
            ),
            ("enforcement.csv", 2, "jurisdiction", "CN"),
            "no entity has one",
        ),
        (
            put("responses.csv", 3, "shields", "CN;RU"),
            ("responses.csv", 3, "shields", "RU"),
            "is the jurisdiction of no entity in entities.csv, so it shields nobody; "
            "usual is a jurisdiction that an entity has; known: DPRK, CN",
        ),
        (
            put("responses.csv", 3, "shields", "CN|RU"),
            ("responses.csv", 3, "shields", "CN|RU"),
            "separate jurisdictions by ';': did you mean 'CN;RU'?",
        ),
        (
            put("responses.csv", 3, "shields", '"CN, DPRK"'),
            ("responses.csv", 3, "shields", "CN, DPRK"),
            "separate jurisdictions by ';': did you mean 'CN;DPRK'?",
        ),
        (
            swap("game.toml", "max = 1.5", "max = 0.25"),
            ("game.toml", 13, "credibility.max", "0.25"),
            "is below credibility.initial, which is 0.5, so credibility falls to it in stage 0",
        ),
        (
            header_only("effects.csv"),
            ("effects.csv", None, None, ""),
            "has no rows, so nothing can be started; usual is a row for each instrument and kind",
        ),
    ],
)
def test_the_note_stands_at_its_place(
    tmp_path: Path, edit: Edit, place: tuple[str, int | None, str | None, str], message: str
) -> None:
    (note,) = notes(folder(tmp_path, edit))
    assert (note.file, note.row, note.column, note.value) == place
    assert message in note.message


def test_all_notes_are_in_one_warning_in_the_order_of_the_files(tmp_path: Path) -> None:
    path = folder(
        tmp_path,
        put("enforcement.csv", 2, "jurisdiction", "HK"),
        put("responses.csv", 3, "shields", "HK;MO"),
        put("effects.csv", 5, "kind", "ship"),
        swap("game.toml", "max = 1.5", "max = 0.25"),
    )
    found = notes(path)
    files = ["game.toml", "effects.csv", "responses.csv", "responses.csv", "enforcement.csv"]
    assert [note.file for note in found] == files
    text = str(CaseWarning(str(path), found))
    assert text.startswith(f"{path}: 5 notes\n  game.toml, row 13, column credibility.max: '0.25': is below")
    assert text.count("\n") == 5


def test_a_case_with_problems_has_no_notes(tmp_path: Path) -> None:
    path = folder(tmp_path, put("effects.csv", 5, "kind", "ship"), put("types.csv", 2, "prior", "0.1"))
    with pytest.raises(sanctopt.CaseError, match="1 problem\n"):
        read_case(path)
    assert read_folder(path).notes == ()


def test_frames_are_warned_of_too() -> None:
    files = valid_files()
    put("effects.csv", 5, "kind", "bnak")(files)
    tables = {
        name: pd.DataFrame([line.split(",") for line in lines[1:]], columns=lines[0].split(","))
        for name in TABLES
        if name != "entities"
        for lines in [files[f"{name}.csv"].decode().splitlines()]
    }
    columns = ["entity", "kind", "jurisdiction", "supply"]
    rows = [("coal", "channel", "DPRK", 4.0), ("fish", "channel", "DPRK", 2.0)]
    rows += [("trader", "trader", "CN", None), ("bank", "bank", "CN", None)]
    tables["entities"] = pd.DataFrame(rows, columns=columns)
    with pytest.warns(
        CaseWarning, match="^tables: 1 note\n  effects.csv, row 5, column kind: 'bnak'"
    ) as caught:
        game_from_tables(tomllib.loads(files["game.toml"].decode()), tables)
    assert caught[0].filename == __file__


def test_the_warning_can_be_made_an_error(tmp_path: Path) -> None:
    path = folder(tmp_path, put("effects.csv", 5, "kind", "bnak"))
    with warnings.catch_warnings():
        warnings.simplefilter("error", CaseWarning)
        with pytest.raises(CaseWarning, match="did you mean 'bank'"):
            read_case(path)


def test_the_shipped_cases_and_those_of_the_tests_have_no_notes() -> None:
    data = Path(sanctopt.__file__).parent / "case" / "data"
    found = {
        file.parent: read_folder(file.parent) for top in (data, CASES) for file in top.rglob("game.toml")
    }
    assert len(found) > 40
    assert {path: read.notes for path, read in found.items() if read.notes} == {}
