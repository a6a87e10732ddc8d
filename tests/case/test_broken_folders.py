"""Every defect of a folder is found, at its place, and all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from case_folders import (
    Edit,
    add,
    both,
    content,
    drop,
    header_only,
    put,
    rename,
    swap,
    valid_files,
    without_column,
    write_files,
)
from sanctopt.case import check_case, read_case
from sanctopt.errors import CaseError, Problem


@dataclass(frozen=True)
class Broken:
    """An edit of the valid folder, and the problem that it must give."""

    name: str
    edit: Edit
    file: str
    row: int | None
    column: str | None
    message: str
    echoes: int = 0
    """Further problems that cannot but follow from the edit, e.g. references to what it took away."""

    def __str__(self) -> str:
        return self.name


def cell(file: str, row: int, column: str, text: str, message: str, echoes: int = 0) -> Broken:
    """One wrong cell, reported at that very cell."""
    name = f"{file}-{column}-{text or 'blank'}"
    return Broken(name, put(file, row, column, text), file, row, column, message, echoes)


def setting(old: str, new: str, row: int | None, key: str, message: str, echoes: int = 0) -> Broken:
    """One wrong line of game.toml."""
    name = "toml-" + (new or f"no {old}").strip().replace("\n", " ")
    return Broken(name, swap("game.toml", old, new), "game.toml", row, key, message, echoes)


AMOUNT = "must be a number of 0 or more"
SHARE = "must be a share in [0, 1]"
WHOLE = "must be a whole number of 0 or more"
NO_NUMBER = "is no number"

CELLS = [
    # entities
    cell("entities.csv", 3, "entity", "", "is blank; write a name", 1),  # its link leads from nowhere
    cell("entities.csv", 3, "kind", "", "is blank; write a name"),
    cell("entities.csv", 3, "kind", "chan\tnel", r"holds the control character '\t'; write it in one line"),
    cell("entities.csv", 3, "kind", "chan\0nel", r"holds the control character '\x00'"),
    cell("entities.csv", 3, "kind", "chan\u2028nel", r"holds the control character '\u2028'"),
    cell("entities.csv", 4, "jurisdiction", "C\x7fN", r"holds the control character '\x7f'"),
    cell("links.csv", 3, "sink", "ban\x1bk", r"holds the control character '\x1b'"),
    cell("entities.csv", 3, "supply", "-1", AMOUNT),
    cell("entities.csv", 3, "supply", "many", NO_NUMBER),
    cell("entities.csv", 3, "supply", "nan", "leave the cell blank"),
    cell("entities.csv", 3, "supply", "NaN", NO_NUMBER),
    cell("entities.csv", 3, "supply", "inf", "leave a capacity blank if it has no limit"),
    cell("entities.csv", 3, "supply", "-Infinity", NO_NUMBER),
    cell("entities.csv", 3, "supply", "1e30", "too large"),
    cell("entities.csv", 3, "supply", "1e15", "no number may exceed 1e+12"),
    cell("entities.csv", 3, "supply", "1e400", "too large"),
    cell("entities.csv", 3, "supply", "1_000", NO_NUMBER),
    cell("entities.csv", 3, "supply", "0x10", NO_NUMBER),
    cell("entities.csv", 3, "supply", "\uff12", NO_NUMBER),
    cell("entities.csv", 3, "supply", "n/a", "leave the cell blank"),
    cell("entities.csv", 4, "capacity", "-0.5", AMOUNT),
    cell("entities.csv", 4, "capacity", "1e20", "too large"),
    cell("entities.csv", 4, "us_exposure", "-3", AMOUNT),
    cell("entities.csv", 4, "regime_profit", "-1", AMOUNT),
    cell("entities.csv", 4, "exit_removal", "1.01", SHARE),
    cell("entities.csv", 4, "exit_removal", "80%", "without a percent sign"),
    cell("entities.csv", 4, "salience", "-1", AMOUNT),
    cell("entities.csv", 4, "signal", "-1", AMOUNT),
    cell("entities.csv", 4, "effort", "-1", AMOUNT),
    cell("entities.csv", 4, "cost", "-1", AMOUNT),
    cell("entities.csv", 4, "cost", "true", NO_NUMBER),
    cell("entities.csv", 3, "supply_low", "25", "must be at most supply, which is 20.0"),
    cell("entities.csv", 3, "supply_high", "15", "must be at least supply, which is 20.0"),
    cell("entities.csv", 3, "supply_high", "inf", NO_NUMBER),
    cell("entities.csv", 3, "supply_low", "unknown", NO_NUMBER),
    # links
    cell("links.csv", 2, "source", "", "is blank"),
    cell("links.csv", 2, "sink", "", "is blank"),
    cell("links.csv", 2, "sink", "tradr", "no entity or 'regime' of entities.csv; did you mean 'trader'?"),
    cell("links.csv", 6, "sink", "regmie", "did you mean 'regime'?"),
    cell("links.csv", 3, "source", "cole", "no entity of entities.csv; did you mean 'coal'?"),
    cell("links.csv", 3, "source", "regime", "no link leaves 'regime'"),
    cell("links.csv", 3, "capacity", "-15", AMOUNT),
    cell("links.csv", 3, "toll", "1.5", SHARE),
    cell("links.csv", 3, "toll", "-0.1", SHARE),
    cell("links.csv", 3, "sink", "coal", "cannot lead back to where it begins"),
    # instruments
    cell("instruments.csv", 3, "effort", "-1", AMOUNT),
    cell("instruments.csv", 3, "cost", "-1", AMOUNT),
    cell("instruments.csv", 3, "provocation", "-1", AMOUNT),
    cell("instruments.csv", 3, "signal", "-1", AMOUNT),
    cell(
        "instruments.csv", 3, "requires", "waver", "no instrument of instruments.csv; did you mean 'waiver'?"
    ),
    cell("instruments.csv", 3, "requires", "designate", "cannot require itself"),
    cell("instruments.csv", 3, "requires_age", "-1", WHOLE),
    cell("instruments.csv", 3, "requires_age", "1.5", "it has a fraction"),
    # effects
    cell(
        "effects.csv",
        4,
        "instrument",
        "sanction",
        "no instrument of instruments.csv; known: designate, waiver",
    ),
    cell("effects.csv", 4, "kind", "", "is blank"),
    cell("effects.csv", 4, "age", "", "is blank; write a whole number"),
    cell("effects.csv", 4, "age", "-1", WHOLE),
    cell("effects.csv", 4, "age", "0.5", "it has a fraction"),
    cell("effects.csv", 4, "removal", "", "is blank; write a share"),
    cell("effects.csv", 4, "removal", "1.0001", SHARE),
    # responses
    cell("responses.csv", 3, "hostile", "yes", "must be true or false"),
    cell("responses.csv", 3, "hostile", "1", "must be true or false"),
    cell("responses.csv", 3, "shield", "-0.1", AMOUNT),
    cell("responses.csv", 3, "shields", "CN;DP\aRK", r"holds the control character '\x07'"),
    # enforcement
    cell("enforcement.csv", 2, "response", "hlod", "no response of responses.csv"),
    cell("enforcement.csv", 2, "jurisdiction", "", "is blank"),
    cell("enforcement.csv", 2, "age", "-1", WHOLE),
    cell("enforcement.csv", 2, "removal", "2", SHARE),
    # harms, parties, mitigations, engagements
    cell("harms.csv", 2, "response", "hot", "did you mean 'hit'?"),
    cell("harms.csv", 2, "party", "KRO", "no party of parties.csv; did you mean 'KOR'?"),
    cell("harms.csv", 2, "harm", "-20", AMOUNT),
    cell("harms.csv", 2, "harm", "", "is blank"),
    cell("parties.csv", 3, "weight", "-1", AMOUNT),
    cell("mitigations.csv", 2, "mitigation", "", "is blank"),
    cell("mitigations.csv", 2, "party", "USA", "no party of parties.csv"),
    cell("mitigations.csv", 3, "response", "hti", "did you mean 'hit'?"),
    cell("mitigations.csv", 2, "reduction", "1.2", SHARE),
    cell("mitigations.csv", 2, "cost", "-2", AMOUNT),
    cell("mitigations.csv", 2, "lead", "-1", WHOLE),
    cell("mitigations.csv", 2, "lead", "0.5", "it has a fraction"),
    cell("engagements.csv", 2, "effect", "-1", AMOUNT),
    cell("engagements.csv", 2, "cost", "", "is blank"),
    # types, utilities, perception, supply
    cell("types.csv", 2, "prior", "1.5", SHARE),
    cell("types.csv", 2, "prior", "", "is blank; write a share"),
    cell("types.csv", 3, "reservation", "60", SHARE),
    cell("utilities.csv", 3, "base", "", "is blank; write a number"),
    cell("utilities.csv", 3, "base", "-inf", NO_NUMBER),
    cell("utilities.csv", 3, "provocation", "nan", NO_NUMBER),
    cell("utilities.csv", 3, "engagement", "-1e13", "too large"),
    cell("utilities.csv", 3, "threat", "--1", NO_NUMBER),
    cell("perception.csv", 2, "type", "frim", "did you mean 'firm'?"),
    cell("perception.csv", 2, "stage", "3", "stages run from 0 to 2"),
    cell("perception.csv", 2, "stage", "-1", WHOLE),
    cell("perception.csv", 2, "stage", "0.5", "it has a fraction"),
    cell("perception.csv", 2, "offset", "", "is blank"),
    cell("supply.csv", 2, "channel", "bank", "is no channel"),
    cell("supply.csv", 2, "channel", "cola", "did you mean 'coal'?"),
    cell("supply.csv", 2, "stage", "3", "stages run from 0 to 2"),
    cell("supply.csv", 2, "supply", "-1", AMOUNT),
    cell("supply.csv", 2, "supply", "", "is blank"),
]

SETTINGS = [
    setting('name = "valid"\n', "", None, "name", "is missing"),
    setting('name = "valid"', "name = 3", 1, "name", "must be text in quotes"),
    setting('name = "valid"', 'name = " "', 1, "name", "is blank"),
    setting('name = "valid"', r'name = "va\nlid"', 1, "name", r"holds the control character '\n'"),
    setting('start = "2017Q2"', r'start = "2017\tQ2"', 4, "start", r"holds the control character '\t'"),
    setting("stages = 3\n", "", None, "stages", "is missing; write stages = <a whole number from 1 to 1000>"),
    setting("stages = 3", "stages = 0", 2, "stages", "must be a whole number from 1 to 1000"),
    setting("stages = 3", "stages = 1001", 2, "stages", "must be a whole number from 1 to 1000"),
    setting("stages = 3", "stages = 1000000000", 2, "stages", "must be a whole number from 1 to 1000"),
    setting("stages = 3", "stages = 3.5", 2, "stages", "it has a fraction"),
    setting("stages = 3", "stages = true", 2, "stages", "must be a number"),
    setting("stages = 3", 'stages = "3"', 2, "stages", "must be a number, without quotes"),
    setting('start = "2017Q2"', "start = 2017", 4, "start", "must be text in quotes"),
    setting("discount = 0.9", "discount = 0", 5, "discount", "above 0 and at most 1"),
    setting("discount = 0.9", "discount = 1.1", 5, "discount", "above 0 and at most 1"),
    setting("discount = 0.9", "discount = nan", 5, "discount", "is not a number"),
    setting("discount_low = 0.8", "discount_low = 0.95", 6, "discount_low", "must be at most discount"),
    setting("discount_low = 0.8", 'discount_low = "?"', 6, "discount_low", "must be a number"),
    setting("effort_per_stage = 2.0", "effort_per_stage = -1", 7, "effort_per_stage", AMOUNT),
    setting("effort_per_stage = 2.0", "effort_per_stage = inf", 7, "effort_per_stage", "too large"),
    setting(
        "standing_threats = true", 'standing_threats = "true"', 8, "standing_threats", "must be true or false"
    ),
    setting(
        "standing_threats = true", "standing_threats = 1", 8, "standing_threats", "must be true or false"
    ),
    setting("standing_threats", "standing_threat", 8, "standing_threat", "did you mean 'standing_threats'?"),
    setting("initial = 0.5", "initial = -0.5", 11, "credibility.initial", AMOUNT),
    setting("decay = 0.1", "decay = 1.1", 12, "credibility.decay", SHARE),
    setting("max = 1.5", "max = -1", 13, "credibility.max", AMOUNT),
    setting("max = 1.5\n", "", None, "credibility.max", "is missing; write max = "),
    setting("carryover = 0.4", "carryover = 2", 16, "provocation.carryover", SHARE),
    setting("retention = 0.5", "retention = -1", 19, "engagement.retention", SHARE),
    setting("max_cover = 0.7", "max_cover = 70", 22, "mitigation.max_cover", SHARE),
    setting("[mitigation]\nmax_cover = 0.7\n", "", None, "mitigation", "table [mitigation] is missing"),
    setting("offer_cost = 2.0", "offer_cost = -2", 25, "off_ramp.offer_cost", AMOUNT),
    setting("concession_value = 500.0\n", "", None, "off_ramp.concession_value", "is missing"),
    setting(
        "concession_value = 500.0",
        "concession_value = 50",
        26,
        "off_ramp.concession_value",
        "must be at least",
    ),
    setting("harm = 1.2", "harm = -1", 30, "weights.harm", AMOUNT),
    setting("harm_low = 1.0", "harm_low = 1.3", 31, "weights.harm_low", "must be at most harm"),
    setting("harm_high = 1.5", "harm_high = 1.1", 32, "weights.harm_high", "must be at least harm"),
    setting("harm_high = 1.5", "harm_hihg = 1.5", 32, "weights.harm_hihg", "is no key of [weights]"),
    setting("harm_high = 1.5", "[weights.harm_high]", None, "weights.harm_high", "must be a number", 2),
    setting("[notes]", "[note]", 36, "note", "did you mean 'notes'?"),
    Broken(
        "toml-notes-no-table",
        both(
            swap("game.toml", '[notes]\nauthor = "test"\nyears = [2016, 2017]\n', ""),
            swap("game.toml", "stages", 'notes = "x"\nstages'),
        ),
        "game.toml",
        2,
        "notes",
        "must be a table [notes]",
    ),
    Broken(
        "toml-weights-no-table",
        both(
            swap("game.toml", "[weights]\n", ""),
            swap("game.toml", "stages = 3", "stages = 3\nweights = 1"),
        ),
        "game.toml",
        3,
        "weights",
        "must be a table [weights]",
        6,  # the keys of [weights] fall to [off_ramp]
    ),
    Broken(
        "toml-broken", swap("game.toml", "[weights]", "[weights"), "game.toml", 28, None, "is no valid TOML"
    ),
    Broken(
        "toml-key-twice",
        swap("game.toml", "max = 1.5", "decay = 0.2"),
        "game.toml",
        13,
        None,
        "is no valid TOML",
    ),
    Broken("toml-empty", content("game.toml", " \n"), "game.toml", None, None, "is empty"),
]

FILES = [
    Broken("no-game", drop("game.toml"), "game.toml", None, None, "file is missing"),
    Broken("game-misspelt", rename("game.toml", "gmae.toml"), "gmae.toml", None, None, "mean 'game.toml'?"),
    *(
        Broken(f"no-{file}", drop(file), file, None, None, "file is missing; every case needs it")
        for file in (
            "entities.csv",
            "links.csv",
            "instruments.csv",
            "effects.csv",
            "responses.csv",
            "types.csv",
            "utilities.csv",
        )
    ),
    Broken(
        "optional-misspelt",
        rename("enforcement.csv", "enforcment.csv"),
        "enforcment.csv",
        None,
        None,
        "did you mean 'enforcement.csv'?",
    ),
    Broken(
        "optional-in-capitals",
        rename("supply.csv", "Supply.CSV"),
        "Supply.CSV",
        None,
        None,
        "did you mean 'supply.csv'?",
    ),
    Broken(
        "required-misspelt",
        rename("entities.csv", "entites.csv"),
        "entites.csv",
        None,
        None,
        "did you mean 'entities.csv'?",
    ),
    Broken("no-parties", drop("parties.csv"), "harms.csv", 2, "party", "is no party of parties.csv", 3),
    Broken("empty-file", content("effects.csv", ""), "effects.csv", None, None, "is empty"),
    Broken("blank-file", content("harms.csv", "\n , \n"), "harms.csv", None, None, "is empty"),
    Broken("no-entities", header_only("entities.csv"), "entities.csv", None, None, "at least one entity"),
    Broken("no-types", header_only("types.csv"), "types.csv", None, None, "at least one type"),
    Broken(
        "no-responses", header_only("responses.csv"), "responses.csv", None, None, "at least one response"
    ),
    Broken("no-utilities", header_only("utilities.csv"), "utilities.csv", None, None, "at least one utility"),
    Broken(
        "no-channel",
        both(
            put("entities.csv", 3, "supply", ""),
            swap("entities.csv", "DPRK,40.0,", "DPRK,,"),
            drop("supply.csv"),
        ),
        "entities.csv",
        None,
        "supply",
        "no entity is a channel",
    ),
    Broken(
        "latin-1",
        content("parties.csv", "party,kind,weight\nKOR,ally,1\nJPN,alliée,1\n".encode("latin-1")),
        "parties.csv",
        3,
        None,
        "is not UTF-8",
    ),
    Broken(
        "utf-16",
        content("parties.csv", "party,kind,weight\nKOR,ally,1\nJPN,ally,1\n".encode("utf-16")),
        "parties.csv",
        1,
        None,
        "is not UTF-8",
    ),
    Broken("toml-latin-1", content("game.toml", b'name = "\xe9"\n'), "game.toml", 1, None, "is not UTF-8"),
    Broken(
        "semicolons",
        content("parties.csv", "party;kind;weight\nKOR;ally;1\nJPN;ally;1\n"),
        "parties.csv",
        1,
        "party",
        "separate cells by commas",
    ),
    Broken(
        "open-quote",
        swap("links.csv", "trader,bank", '"trader,bank'),
        "links.csv",
        5,
        None,
        "check its quotes",
    ),
    Broken(
        "quote-inside", swap("links.csv", "trader,bank", '"trader"x,bank'), "links.csv", 5, None, "quotes"
    ),
    Broken(
        "long-row",
        swap("links.csv", "15.0,", "15,0,"),
        "links.csv",
        3,
        None,
        "5 cells where the header has 4",
    ),
    Broken(
        "short-row", swap("links.csv", ",15.0", ""), "links.csv", 3, None, "3 cells where the header has 4"
    ),
    Broken(
        "decimal-comma",
        swap("links.csv", "15.0", '"15,5"'),
        "links.csv",
        3,
        "capacity",
        "with a decimal point and without separators",
    ),
    Broken(
        "header-twice",
        swap("harms.csv", "response,party,harm", "response,party,party"),
        "harms.csv",
        1,
        "party",
        "stands twice in the header",
        1,  # and harm is missing
    ),
    Broken(
        "header-nameless",
        content("harms.csv", "response,party,harm,\nhit,KOR,20,see note\n"),
        "harms.csv",
        1,
        None,
        "column 4 has no name",
    ),
    Broken(
        "column-missing",
        without_column("harms.csv", "harm"),
        "harms.csv",
        1,
        "harm",
        "column is missing; harms.csv needs response, party, harm",
    ),
    Broken(
        "column-misspelt",
        swap("harms.csv", "party,harm", "party,hamr"),
        "harms.csv",
        1,
        "hamr",
        "did you mean 'harm'?",
    ),
    Broken(
        "optional-column-misspelt",
        swap("entities.csv", "salience", "salinece"),
        "entities.csv",
        1,
        "salinece",
        "did you mean 'salience'?",
    ),
    Broken(
        "optional-column-in-capitals",
        swap("parties.csv", "weight", "Weight"),
        "parties.csv",
        1,
        "Weight",
        "did you mean 'weight'?",
    ),
    Broken(
        "optional-column-with-blank",
        swap("entities.csv", "us_exposure", "US exposure"),
        "entities.csv",
        1,
        "US exposure",
        "did you mean 'us_exposure'?",
    ),
    Broken(
        "short-column-swapped",
        swap("instruments.csv", "cost", "cots"),
        "instruments.csv",
        1,
        "cots",
        "did you mean 'cost'?",
    ),
]

TWICE = [
    Broken(f"twice-{file}", add(file, line), file, row, column, "stands already in row")
    for file, line, row, column in (
        ("entities.csv", "bank,shop,,,,,,,,,,,,,", 6, "entity"),
        ("links.csv", "coal,bank,,0", 7, None),
        ("instruments.csv", "waiver,,,,,,", 4, "instrument"),
        ("effects.csv", "waiver,trader,1.0,0.9", 6, None),
        ("responses.csv", "hold,,,", 4, "response"),
        ("enforcement.csv", "hold,CN,1,0.5", 3, None),
        ("harms.csv", "hit,KOR,1", 4, None),
        ("parties.csv", " KOR ,,", 4, "party"),
        ("mitigations.csv", "insure,KOR,,0.1,0,0", 4, None),
        ("engagements.csv", "envoy,0,0", 3, "engagement"),
        ("types.csv", "firm,0,", 4, "type"),
        ("utilities.csv", "firm,hit,0,0,,,", 6, None),
        ("perception.csv", "firm,1,0", 3, None),
        ("supply.csv", "coal,2,5", 3, None),
    )
]

ACROSS = [
    Broken(
        "regime-is-a-name",
        add("entities.csv", "regime,x" + "," * 13),
        "entities.csv",
        6,
        "entity",
        "'regime'",
    ),
    Broken(
        "cycle",
        add("links.csv", "bank,coal,,0"),
        "links.csv",
        7,
        "sink",
        "cycle bank -> coal -> ",
    ),
    Broken(
        "long-cycle",
        both(swap("links.csv", "coal,bank,15.0,0.05\n", ""), add("links.csv", "bank,coal,,0")),
        "links.csv",
        6,
        "sink",
        "cycle bank -> coal -> trader -> bank",
    ),
    Broken(
        "requires-cycle",
        put("instruments.csv", 2, "requires", "designate"),
        "instruments.csv",
        3,
        "requires",
        "cycle designate -> waiver -> designate",
    ),
    Broken(
        "no-way-out",
        swap("links.csv", "fish,trader,,0.1\n", ""),
        "entities.csv",
        3,
        "entity",
        "no links lead from it to 'regime'",
    ),
    Broken("priors", put("types.csv", 2, "prior", "0.4999"), "types.csv", None, "prior", "sum to 0.9999"),
    Broken(
        "utility-missing",
        swap("utilities.csv", "firm,hold,0,0,0,0,0\n", ""),
        "utilities.csv",
        None,
        "response",
        "type 'firm' has no row for response 'hold'",
    ),
    Broken(
        "utility-of-no-type",
        add("utilities.csv", "fimr,hit,0,0,0,0,0"),
        "utilities.csv",
        6,
        "type",
        "did you mean 'firm'?",
    ),
    Broken(
        "utility-of-no-response",
        add("utilities.csv", "firm,flee,0,0,0,0,0"),
        "utilities.csv",
        6,
        "response",
        "no response of responses.csv; known: hit, hold",
    ),
    Broken(
        "default-above-its-range",
        content("parties.csv", "party,weight,weight_high\nKOR,,0.9\nJPN,0.8,0.9\n"),
        "parties.csv",
        2,
        "weight_high",
        "must be at least weight, which is 1.0",
    ),
    Broken(
        "range-without-value",
        both(put("entities.csv", 4, "supply_low", "9"), put("entities.csv", 4, "supply_high", "5")),
        "entities.csv",
        4,
        "supply_low",
        "must be at most supply_high",
    ),
]

ALL = [*CELLS, *SETTINGS, *FILES, *TWICE, *ACROSS]


def problems_of(tmp_path: Path, *edits: Edit) -> tuple[Problem, ...]:
    """Problems of the valid folder after some edits."""
    files = valid_files()
    both(*edits)(files)
    return check_case(write_files(tmp_path / "case", files))


def test_the_folder_that_is_broken_below_is_valid(tmp_path: Path) -> None:
    assert problems_of(tmp_path) == ()


def test_there_are_over_a_hundred_ways_to_break_it() -> None:
    assert len(ALL) > 180
    assert len({(case.name, case.row) for case in ALL}) == len(ALL)


@pytest.mark.parametrize("case", ALL, ids=str)
def test_the_defect_is_found_at_its_place(case: Broken, tmp_path: Path) -> None:
    problems = problems_of(tmp_path, case.edit)
    assert len(problems) == 1 + case.echoes, problems
    place = (case.file, case.row, case.column)
    there = [item.message for item in problems if (item.file, item.row, item.column) == place]
    assert there, problems
    assert any(case.message in message for message in there), there


def test_read_case_raises_with_every_problem(tmp_path: Path) -> None:
    files = valid_files()
    both(put("links.csv", 3, "toll", "2"), put("types.csv", 2, "prior", "0.4"))(files)
    folder = write_files(tmp_path / "case", files)
    with pytest.raises(
        CaseError, match=r"2 problems\n.*links\.csv, row 3, column toll: '2': must be a share"
    ) as caught:
        read_case(folder)
    assert caught.value.problems == check_case(folder)
    assert caught.value.source == str(folder)


def test_defects_of_every_file_are_found_at_once(tmp_path: Path) -> None:
    edits = [
        swap("game.toml", "max_cover = 0.7", "max_cover = 7"),
        swap("game.toml", "carryover", "carry_over"),
        put("entities.csv", 3, "supply", "-1"),
        put("entities.csv", 4, "exit_removal", "2"),
        put("links.csv", 2, "sink", "tradr"),
        put("links.csv", 3, "toll", "nan"),
        put("instruments.csv", 3, "requires", "waver"),
        put("effects.csv", 2, "age", "0.5"),
        put("responses.csv", 2, "hostile", "no"),
        put("enforcement.csv", 2, "removal", "inf"),
        put("harms.csv", 2, "party", "KRO"),
        put("parties.csv", 2, "weight", "x"),
        put("mitigations.csv", 2, "reduction", "3"),
        put("engagements.csv", 2, "effect", ""),
        put("types.csv", 3, "prior", "0.6"),
        put("utilities.csv", 3, "base", "1e300"),
        put("perception.csv", 2, "stage", "7"),
        put("supply.csv", 2, "channel", "bank"),
    ]
    problems = problems_of(tmp_path, *edits)
    assert [(item.file, item.row, item.column) for item in problems] == [
        ("game.toml", None, "provocation.carryover"),
        ("game.toml", 16, "provocation.carry_over"),
        ("game.toml", 22, "mitigation.max_cover"),
        ("entities.csv", 3, "supply"),
        ("entities.csv", 4, "exit_removal"),
        ("links.csv", 2, "sink"),
        ("links.csv", 3, "toll"),
        ("instruments.csv", 3, "requires"),
        ("effects.csv", 2, "age"),
        ("responses.csv", 2, "hostile"),
        ("enforcement.csv", 2, "removal"),
        ("harms.csv", 2, "party"),
        ("parties.csv", 2, "weight"),
        ("mitigations.csv", 2, "reduction"),
        ("engagements.csv", 2, "effect"),
        ("types.csv", None, "prior"),
        ("utilities.csv", 3, "base"),
        ("perception.csv", 2, "stage"),
        ("supply.csv", 2, "channel"),
    ]


def test_every_cell_of_a_row_is_checked(tmp_path: Path) -> None:
    wrong = (
        "capacity",
        "us_exposure",
        "regime_profit",
        "exit_removal",
        "salience",
        "signal",
        "effort",
        "cost",
    )
    problems = problems_of(tmp_path, *(put("entities.csv", 4, column, "-1") for column in wrong))
    assert tuple(item.column for item in problems) == wrong
    assert {item.value for item in problems} == {"-1"}


def test_broken_toml_hides_no_broken_table(tmp_path: Path) -> None:
    problems = problems_of(
        tmp_path, content("game.toml", "stages ="), put("links.csv", 3, "toll", "2"), drop("types.csv")
    )
    assert [item.file for item in problems] == ["game.toml", "links.csv", "types.csv"]


def test_a_shifted_row_still_tells_its_names(tmp_path: Path) -> None:
    # The row has one comma too many, but links to its entity are not called unknown for that.
    problems = problems_of(tmp_path, swap("entities.csv", "bank,bank,CN", "bank,bank,CN,"))
    assert [(item.file, item.row) for item in problems] == [("entities.csv", 5)]


def test_an_unreadable_cell_is_not_reported_as_missing(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, put("utilities.csv", 3, "base", "low"))
    assert [(item.file, item.row, item.column) for item in problems] == [("utilities.csv", 3, "base")]


def test_each_cycle_is_reported(tmp_path: Path) -> None:
    problems = problems_of(
        tmp_path,
        add("links.csv", "bank,trader,,0"),
        add("links.csv", "trader,fish,,0"),
        add("links.csv", "x,x,,"),
    )
    rows = {(item.row, "cycle" in item.message) for item in problems}
    assert {(7, True), (8, True)} <= rows
    assert any("leads back" in item.message or "cannot lead back" in item.message for item in problems)


def test_rows_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    text = 'party,kind,note\n\nKOR,ally,"two\nlines"\n,,\nJPN,ally,\nJPN,ally,again\n'
    problems = problems_of(tmp_path, content("parties.csv", text))
    assert [(item.file, item.row, item.message[:28]) for item in problems] == [
        ("parties.csv", 7, "stands already in row 6; kee")
    ]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    write_files(tmp_path / "dprk_2017", valid_files())
    (problem,) = check_case(tmp_path / "dprk2017")
    assert problem.message == "there is no such folder; did you mean 'dprk_2017'?"
    with pytest.raises(CaseError, match="there is no such folder"):
        read_case(tmp_path / "nowhere" / "at all")


def test_a_file_in_place_of_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "game.toml"
    file.write_text("")
    with pytest.raises(CaseError, match=r"is a file; give the folder that holds game\.toml"):
        read_case(file)


def test_an_empty_folder_misses_every_required_file(tmp_path: Path) -> None:
    problems = check_case(write_files(tmp_path / "case", {}))
    assert [item.file for item in problems] == [
        "game.toml",
        "entities.csv",
        "links.csv",
        "instruments.csv",
        "effects.csv",
        "responses.csv",
        "types.csv",
        "utilities.csv",
    ]


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    files = valid_files()
    del files["links.csv"]
    folder = write_files(tmp_path / "case", files)
    (folder / "links.csv").mkdir()
    (problem,) = check_case(folder)
    assert problem.file == "links.csv"
    assert problem.message.startswith("cannot be read: ")
