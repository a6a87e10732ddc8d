"""`docs/model.md` tells the truth: its worked example number by number, its format table by table."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from oracle import brute_force
from sanctopt import CaseWarning, Information, LadderError, Solution, Ties, play, read_case, solve
from sanctopt.case import check_case, write_case
from sanctopt.case.schema import OPTIONAL_SETTINGS, SETTINGS, TABLES, Column, Kind
from sanctopt.game import (
    Credibility,
    Effect,
    Entity,
    Game,
    Instrument,
    Link,
    OffRamp,
    PatronType,
    Response,
    Start,
    SupplyChange,
    Utility,
    Weights,
)
from sanctopt.ladder import Ladder, Rung
from sanctopt.network import baseline_revenue, most_revenue
from sanctopt.outcome import Step

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
FOLDER = Path(__file__).parent / "cases" / "worked_example"
MEDIUM, LARGE = Start("medium_bank", "designate"), Start("large_bank", "designate")

ARITHMETIC = re.compile(r"(?:[0-9.+\-*/(), ]|\bmin\b|\bmax\b)+")
"""What a "by hand" cell may consist of."""


def rows_below(heading: str) -> list[list[str]]:
    """Cells of the first table below a heading, without its head and rule."""
    after = TEXT.split(f"\n{heading}\n", 1)[1]
    lines = itertools.dropwhile(lambda line: not line.startswith("|"), after.splitlines())
    table = itertools.takewhile(lambda line: line.startswith("|"), lines)
    return [[cell.strip() for cell in line.strip("|").split(" |")] for line in table][2:]


def checked(name: str) -> dict[str, float]:
    """Values of a marked table by what they are, after working out the "by hand" cells."""
    values = {}
    for key, *by_hand, value in rows_below(f"<!-- checked: {name} -->"):
        assert re.fullmatch("`[^`]+`", key), key
        assert key.strip("`") not in values, f"{key} stands twice"
        for formula in by_hand:
            assert ARITHMETIC.fullmatch(formula), formula
            worked_out = eval(formula, {"__builtins__": {}}, {"min": min, "max": max})
            assert worked_out == pytest.approx(float(value), abs=1e-9), f"{key}: {formula} is {worked_out}"
        values[key.strip("`")] = float(value)
    return values


@cache
def game() -> Game:
    return read_case(FOLDER)


@cache
def solved(information: Information = Information.ADAPTIVE) -> Solution:
    return solve(game(), information=information)


def step(type_name: str, stage: int) -> Step:
    return next(s for s in solved().outcome.steps if (s.type, s.stage) == (type_name, stage))


def threshold(response: str = "") -> float:
    bank = game().entity["large_bank"]
    shield = game().shield(response, bank.jurisdiction) if response else 0.0
    assert bank.us_exposure is not None
    return bank.regime_profit * (1 + shield) / bank.us_exposure


def adaptive(*rungs: Rung) -> Ladder:
    return Ladder.of(game(), Information.ADAPTIVE, rungs)


FIRST = Rung((), starts=(MEDIUM,), threat=(LARGE,))


def last_payoff(type_name: str, response: str, starts: tuple[Start, ...]) -> float:
    outcome = play(game(), adaptive(FIRST, Rung((response,), starts=starts)))
    return next(s.payoff for s in outcome.steps if (s.type, s.history) == (type_name, (response,)))


def utilities_of(*stages: tuple[str, int]) -> dict[str, float]:
    return {
        f"U({type_name}, {response}, {stage})": value
        for type_name, stage in stages
        for response, value in step(type_name, stage).utilities.items()
    }


def stage_0() -> dict[str, float]:
    calm, proud = step("calm", 0), step("proud", 0)
    idle = play(game(), adaptive(Rung(()))).steps[0]
    unthreatened = play(game(), adaptive(Rung((), starts=(MEDIUM,))))
    proud_unthreatened = next(s for s in unthreatened.steps if s.type == "proud")
    assert proud_unthreatened.response == "retaliate"
    assert idle.exits == ()
    assert calm.exits == proud.exits == ("large_bank",)
    assert (proud.credibility, proud.provocation) == (calm.credibility, calm.provocation)
    assert proud.cost == calm.cost
    return {
        "Rbar(0)": baseline_revenue(game(), 0),
        "k(0) if nothing is started": idle.credibility,
        "k(0)": calm.credibility,
        "k at which the large bank exits, stage 0": threshold(),
        "removal of the medium bank, stage 0": calm.removal["medium_bank"],
        "removal of the large bank, stage 0": calm.removal["large_bank"],
        "R(0) if the large bank stayed": most_revenue(game(), 0, {"medium_bank": 0.8}),
        "R(0)": calm.revenue,
        "P(0)": calm.provocation,
        "H(0)": calm.threat_size,
        **utilities_of(("calm", 0), ("proud", 0)),
        "U(proud, retaliate, 0) without the threat": proud_unthreatened.utilities["retaliate"],
        "belief in calm, stage 0": calm.belief,
        "cost(0)": calm.cost,
        "payoff(calm, 0)": calm.payoff,
        "payoff(proud, 0)": proud.payoff,
    }


def stage_1_calm() -> dict[str, float]:
    calm = step("calm", 1)
    assert calm.history == ("acquiesce",)
    return {
        "belief in calm after acquiesce": calm.belief,
        "k(1) after acquiesce": calm.credibility,
        "k at which the large bank exits after acquiesce": threshold("acquiesce"),
        "R(1) after acquiesce": calm.revenue,
        "P(1) after acquiesce": calm.provocation,
        **utilities_of(("calm", 1)),
        "payoff(calm, 1)": calm.payoff,
        "V(calm)": solved().outcome.values["calm"],
    }


def stage_1_proud() -> dict[str, float]:
    proud = step("proud", 1)
    assert proud.history == ("protest",)
    idle = play(game(), adaptive(FIRST, Rung(("acquiesce",)), Rung(("protest",))))
    left_alone = next(s for s in idle.steps if s.history == ("protest",))
    assert left_alone.exits == ()
    return {
        "belief in proud after protest": proud.belief,
        "k at which the large bank exits after protest": threshold("protest"),
        "k(1) after protest if nothing is started": left_alone.credibility,
        "k(1) after protest": proud.credibility,
        "removal of the large bank after protest": proud.removal["large_bank"],
        "R(1) after protest if nothing is started": left_alone.revenue,
        "R(1) after protest": proud.revenue,
        "P(1) after protest": proud.provocation,
        **utilities_of(("proud", 1)),
        "cost(1) after protest": proud.cost,
        "payoff(proud, 1)": proud.payoff,
        "V(proud)": solved().outcome.values["proud"],
        "value": solved().value,
    }


def last_rungs() -> dict[str, float]:
    return {
        "after acquiesce: nothing": last_payoff("calm", "acquiesce", ()),
        "after acquiesce: large bank": last_payoff("calm", "acquiesce", (LARGE,)),
        "after protest: nothing": last_payoff("proud", "protest", ()),
        "after protest: large bank": last_payoff("proud", "protest", (LARGE,)),
    }


def allowed_values(first: Rung) -> Iterator[float]:
    """Values of all allowed ladders that begin with a rung."""
    choices = [starts for size in range(3) for starts in itertools.combinations((MEDIUM, LARGE), size)]
    for starts in itertools.product(choices, repeat=len(game().responses)):
        rungs = [Rung((a.name,), starts=now) for a, now in zip(game().responses, starts, strict=True)]
        try:
            yield play(game(), adaptive(first, *rungs)).value
        except LadderError:
            continue


def first_rungs() -> dict[str, float]:
    """All first rungs that are allowed, with the best that can follow."""
    choices = [starts for size in range(3) for starts in itertools.combinations((MEDIUM, LARGE), size)]
    best = {}
    for starts, threat in itertools.product(choices, repeat=2):
        name = " and ".join(start.entity for start in starts) or "nothing"
        name += "; threaten " + " and ".join(start.entity for start in threat) if threat else ""
        values = list(allowed_values(Rung((), starts=starts, threat=threat)))
        if values:
            best[name] = max(values)
    return best


def information() -> dict[str, float]:
    return {item.value.replace("_", " "): solved(item).value for item in Information}


WELCOME = Game(
    name="supply grows",
    stages=2,
    discount=0.5,
    effort_per_stage=1.0,
    credibility=Credibility(0.0, 0.0, 1.0),
    carryover=0.0,
    retention=0.0,
    max_cover=1.0,
    weights=Weights(1.0, 1.0, 1.0, 0.0),
    off_ramp=OffRamp(0.0, 60.0),
    entities=(Entity("coal", "channel", supply=10.0),),
    links=(Link("coal", "regime"),),
    instruments=(),
    effects=(),
    responses=(Response("hold"),),
    patron_types=(PatronType("calm", 1.0, 0.5),),
    utilities=(Utility("calm", "hold", 0.0, 0.0),),
    supply_changes=(SupplyChange("coal", 1, 100.0),),
)


def welcome() -> dict[str, float]:
    assert WELCOME.off_ramp is not None
    revenue = [baseline_revenue(WELCOME, stage) for stage in range(2)]
    return {
        "least value that the folder format asks for": revenue[0] + WELCOME.discount * revenue[1],
        "what a concession in stage 0 then brings": WELCOME.discount * WELCOME.off_ramp.concession_value,
        "what it may forgo": WELCOME.discount * revenue[1],
        "least value that makes it welcome": revenue[1],
    }


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("stage 0", stage_0),
        ("stage 1, calm", stage_1_calm),
        ("stage 1, proud", stage_1_proud),
        ("last rungs", last_rungs),
        ("first rungs", first_rungs),
        ("information", information),
        ("welcome", welcome),
    ],
)
def test_every_number_of_a_marked_table(name: str, found: Callable[[], dict[str, float]]) -> None:
    assert checked(name) == pytest.approx(found(), abs=1e-9)


def test_every_marked_table_is_checked() -> None:
    marked = re.findall(r"<!-- checked: (.+?) -->", TEXT)
    assert sorted(marked) == sorted(
        ["stage 0", "stage 1, calm", "stage 1, proud", "last rungs", "first rungs", "information", "welcome"]
    )


def test_the_ladder_of_the_worked_example() -> None:
    rungs = {rung.history: rung.decisions() for rung in solved().ladder.rungs}
    assert rungs == {
        (): FIRST,
        ("acquiesce",): Rung(("acquiesce",)),
        ("protest",): Rung(("protest",), starts=(LARGE,)),
    }
    assert solved().outcome.responses == {
        "calm": ("acquiesce", "acquiesce"),
        "proud": ("protest", "retaliate"),
    }
    assert solved().status.reason.value == "optimal"


@pytest.mark.parametrize("item", Information)
def test_brute_force_agrees_on_the_worked_example(item: Information) -> None:
    assert solved(item).value == pytest.approx(brute_force(game(), item.value).value, abs=1e-9)


def test_no_tie_in_the_worked_example() -> None:
    assert solved().outcome.smallest_margin == pytest.approx(0.25)
    assert play(game(), solved().ladder, Ties.PESSIMISTIC).value == pytest.approx(solved().value)
    assert last_calm_protest() == pytest.approx(1.5)


def last_calm_protest() -> float:
    outcome = play(game(), adaptive(FIRST, Rung(("acquiesce",), starts=(LARGE,))))
    return next(s.utilities["protest"] for s in outcome.steps if s.history == ("acquiesce",))


def test_a_folder_can_be_valid_and_a_concession_still_unwelcome(tmp_path: Path) -> None:
    write_case(WELCOME, tmp_path / "case")
    assert check_case(tmp_path / "case") == ()
    with pytest.warns(CaseWarning, match="nothing can be started"):
        read = read_case(tmp_path / "case")
    for item in Information:
        assert solve(read, information=item).value == pytest.approx(0.0, abs=1e-9)
        assert brute_force(read, item.value).value == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("item", Information)
def test_an_unwelcome_concession_is_weighed_exactly(item: Information) -> None:
    """Supply grows, one regime concedes at once, the other never: the offer forgoes 50 to gain 30."""
    two = (PatronType("calm", 0.5, 0.5), PatronType("firm", 0.5))
    game = replace(
        WELCOME,
        instruments=(Instrument("sweep", cost=1.0),),
        effects=(Effect("sweep", "channel", 0, 1.0),),
        patron_types=two,
        utilities=tuple(Utility(row.name, "hold", 0.0, 0.0) for row in two),
    )
    assert solve(game, information=item).value == pytest.approx(brute_force(game, item.value).value)
    assert brute_force(game, item.value).value == pytest.approx(9.0 + 0.5 * 100.0 + 0.5 * 0.25 * 60.0)


# --- the format -------------------------------------------------------------------------------------------


def values_cell(column: Column, *, in_toml: bool) -> str:
    """How a "values" cell begins."""
    if column.kind is Kind.NUMBER:
        return column.range.words
    if column.kind is Kind.FLAG:
        return "true or false"
    if column.kind is Kind.LIST:
        return "a list of names with `;` between them"
    if in_toml:
        return "text"
    return f"a name in `{column.refers}.csv`" if column.refers else "a name"


def default_cell(column: Column) -> str:
    """How a "default" cell begins."""
    if column.required:
        return "required"
    if column.default in (None, "", ()):
        return "blank: "
    if isinstance(column.default, bool):
        return f"`{str(column.default).lower()}`"
    return f"`{column.default:g}`" if isinstance(column.default, float) else f"`{column.default}`"


def assert_matches(rows: list[list[str]], columns: dict[str, Column], *, in_toml: bool) -> None:
    assert [row[0].strip("`") for row in rows] == list(columns)
    for cells, column in zip(rows, columns.values(), strict=True):
        wanted = values_cell(column, in_toml=in_toml)
        assert cells[1] == wanted or cells[1].startswith(f"{wanted},"), cells
        default = default_cell(column)
        assert cells[2].startswith(default) if default == "blank: " else cells[2] == default, cells
        assert len(cells) == 4


@pytest.mark.parametrize("name", TABLES)
def test_format_of_each_table(name: str) -> None:
    schema = TABLES[name]
    heading = f"### `{schema.file}`" + ("" if schema.required else " (optional)")
    assert_matches(rows_below(heading), schema.column, in_toml=False)


def test_format_of_game_toml() -> None:
    keys = {
        f"{table}.{column.name}" if table else column.name: column
        for table, columns in SETTINGS.items()
        for column in columns
    }
    assert_matches(rows_below("### `game.toml`"), keys, in_toml=True)
    assert frozenset({"off_ramp"}) == OPTIONAL_SETTINGS


def test_no_table_is_described_that_does_not_exist() -> None:
    described = re.findall(r"^### `(\w+)\.csv`", TEXT, flags=re.MULTILINE)
    assert described == list(TABLES)
