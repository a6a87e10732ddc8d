"""`docs/formulation.md` and the program say the same, family by family."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pyomo.environ as pyo
import pytest

from oracle import brute_force
from sanctopt import Information, load_case, read_case, solve
from sanctopt.formulation.bounds import Bounds
from sanctopt.game import (
    Credibility,
    Effect,
    Enforcement,
    Entity,
    Game,
    Harm,
    Instrument,
    Link,
    OffRamp,
    Party,
    PatronType,
    Perception,
    Response,
    Utility,
    Weights,
)
from sanctopt.search import forced
from sanctopt.solver import compile_program
from sanctopt.solver_options import SolveOptions

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "formulation.md").read_text(encoding="utf-8")
CASES = ROOT / "tests" / "cases"
FULL = ("tiny/24", "small/101", "small/102")
"""Together they have every feature of the game."""

BOTH = (Information.OPEN_LOOP, Information.ADAPTIVE)


@cache
def generator() -> ModuleType:
    path = ROOT / "docs" / "generate_formulation.py"
    spec = importlib.util.spec_from_file_location("generate_formulation", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


@cache
def program(name: str, information: Information) -> Any:
    return generator().full_program(read_case(CASES / name), information)


def test_the_generated_sections_are_current() -> None:
    assert generator().current(TEXT) == TEXT, "run python docs/generate_formulation.py"


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="must hold <!-- generated: families --> once"):
        generator().current("# The program\n")


@pytest.mark.parametrize("information", BOTH)
@pytest.mark.parametrize("name", FULL)
def test_every_component_belongs_to_a_family_on_the_page(name: str, information: Information) -> None:
    labels = {f"{one.room}.{one.function}": one.label for one in generator().families()}
    rules = generator().components(program(name, information))
    assert set(rules.values()) <= set(labels), "a rule without a labelled formula"
    for component, rule in rules.items():
        (line,) = (line for line in TEXT.splitlines() if line.startswith(f"**({labels[rule]})**"))
        assert f"`{rule}`" in line
        assert f"`{component}`" in line


def test_every_family_is_used_by_some_program() -> None:
    used = set()
    cases = (load_case("teaching"), LATE)  # LATE has regimes that concede
    every_aim = [generator().full_program(game, aims=generator().EVERY_AIM) for game in cases]
    for model in (*every_aim, *(program(name, Information.ADAPTIVE) for name in FULL)):
        rules = generator().components(model)
        used |= {rule for component, rule in rules.items() if len(getattr(model, component)) > 0}
    unused = {f"{one.room}.{one.function}" for one in generator().families()} - used
    assert unused == set()


def test_labels_are_unique_and_without_holes() -> None:
    found = generator().families()
    for room in generator().ROOMS:
        numbers = [one.number for one in found if one.room == room]
        assert numbers == list(range(1, len(numbers) + 1)), room
    assert len(found) == len({one.label for one in found})


def test_each_family_is_labelled_with_its_room_and_has_a_formula() -> None:
    for one in generator().families():
        module = importlib.import_module(f"sanctopt.formulation.{one.room}")
        assert getattr(module, one.function).__module__ == module.__name__
        assert one.formulas, f"({one.label}) has no formula"


def test_labels_in_the_text_exist() -> None:
    known = {one.label for one in generator().families()} | {generator().ADDED}
    rooms = "|".join((*generator().ROOMS, "forced"))
    assert set(re.findall(rf"\(((?:{rooms})\.\d+)\)", TEXT)) == known


def test_the_row_that_the_search_adds_is_told_once_and_in_its_words() -> None:
    formula = generator().added_formula()
    assert TEXT.count(f"```text\n{formula}\n```") == 1
    assert " ".join(formula.split()).startswith("sum over tau <= t of g_tau >= o_t - sum over starts in S")


def test_a_module_without_its_formula_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forced, "__doc__", "Nothing of note.")
    with pytest.raises(ValueError, match=r"must say forced\.1 and hold one indented formula"):
        generator().added_formula()


def test_names_in_the_text_exist() -> None:
    rooms = "|".join((*generator().ROOMS, "bounds"))
    for room, name in re.findall(rf"`({rooms})\.(\w+)`", TEXT):
        assert hasattr(importlib.import_module(f"sanctopt.formulation.{room}"), name), f"{room}.{name}"
    for name in re.findall(r"`Bounds\.(\w+)`", TEXT):
        assert hasattr(Bounds, name), name
    for room, name in re.findall(r"`search\.(\w+)\.(\w+)`", TEXT):
        assert hasattr(importlib.import_module(f"sanctopt.search.{room}"), name), f"{room}.{name}"


def test_table_of_variables() -> None:
    """One line for each component, with its domain, and owned by copies where it says so."""
    line = re.compile(r"^\| `(\w+)` \| [^|]+ \| (binary|continuous) \|[^|]*\| ([^|]+) \|", re.MULTILINE)
    table = {name: (domain, owner) for name, domain, owner in line.findall(TEXT)}
    for information in BOTH:
        model = generator().full_program(read_case(CASES / "small/101"), information, generator().EVERY_AIM)
        copies = set(model.frame.copies)
        families = {component.name: component for component in model.component_objects(pyo.Var)}
        assert set(families) == set(table)
        for name, component in families.items():
            domain, owner = table[name]
            assert all(variable.is_binary() == (domain == "binary") for variable in component.values())
            assert owner != "copy" or {(key[0], key[-1]) for key in component} <= copies, name


def test_sizes_that_the_text_states() -> None:
    model = program("small/102", Information.ADAPTIVE)
    game, frame = model.frame.game, model.frame
    types, stages, answers = len(game.patron_types), game.stages, len(game.responses)
    pairs = types * (types - 1) // 2
    assert len(frame.copies) == 1 + types * (stages - 1)
    assert len(program("small/102", Information.OPEN_LOOP).frame.copies) == stages
    assert (
        len(model.same_starts) == len(model.same_starts_reversed) == pairs * (stages - 1) * len(frame.starts)
    )
    assert len(model.start_once) == types * len(frame.starts)
    assert len(model.best_response) <= types * stages * answers * (answers - 1)
    assert len(model.one_response) == types * stages


LATE = Game(
    name="late concession",
    stages=2,
    effort_per_stage=1.0,
    credibility=Credibility(0.0, 0.0, 1.0),
    carryover=0.0,
    retention=0.0,
    max_cover=1.0,
    weights=Weights(1.0, 1.0, 1.0, 0.0),
    off_ramp=OffRamp(1.0, 250.0),
    entities=(Entity("coal", "channel", supply=100.0), Entity("bank", "bank", salience=1.0)),
    links=(Link("coal", "bank"), Link("bank", "regime")),
    instruments=(Instrument("designate", cost=1.0),),
    effects=(Effect("designate", "bank", 0, 1.0),),
    responses=(Response("hold"), Response("hit", hostile=True)),
    patron_types=(PatronType("A", 0.5, 0.5), PatronType("B", 0.5, 0.5)),
    utilities=(
        Utility("A", "hold", 0.0, 0.0),
        Utility("A", "hit", -5.0, 1.0),
        Utility("B", "hold", 0.0, 0.0),
        Utility("B", "hit", -5.0, 1.0),
    ),
    parties=(Party("KOR"),),
    harms=(Harm("hit", "KOR", 1000.0),),
    perception=(Perception("A", 1, 10.0),),
)
"""Both types would accept an offer in stage 0; only A hits in stage 1. The game of section 4.3."""


def test_a_concession_that_the_program_may_delay() -> None:
    """The example of section 4.3: the program as built overstates, the rows of the search mend it."""
    model = generator().full_program(LATE)
    report = compile_program(model).solve(SolveOptions())
    assert report.incumbent is not None
    assert report.incumbent * model.frame.unit == pytest.approx(397.5)
    assert "397.5" in TEXT
    assert "348" in TEXT
    solution = solve(LATE)
    assert solution.value == pytest.approx(348.0)
    assert solution.dual_bound == pytest.approx(348.0)
    claims = [phase.report.incumbent for phase in solution.phases if phase.purpose == "adaptive program"]
    assert claims == pytest.approx([397.5, 348.0])


@pytest.mark.parametrize("information", Information)
def test_the_delayed_concession_against_brute_force(information: Information) -> None:
    wanted = {Information.OPEN_LOOP: 348.0, Information.ADAPTIVE: 348.0, Information.CLAIRVOYANT: 398.0}
    assert brute_force(LATE, information.value).value == pytest.approx(wanted[information])
    solution = solve(LATE, information=information)
    assert solution.value == pytest.approx(wanted[information])
    assert solution.certificate is not None
    assert solution.certificate.accepted


FALLING = replace(
    LATE,
    name="late concession, with everything that a cut rests on",
    stages=3,
    credibility=Credibility(0.25, 0.25, 0.6),
    effort_per_stage=2.0,
    entities=(
        Entity("coal", "channel", supply=100.0),
        Entity("bank", "bank", "CN", capacity=50.0, salience=1.0, signal=0.5),
        Entity("port", "port", "CN", us_exposure=100.0, regime_profit=40.0, exit_removal=0.75),
    ),
    links=(
        Link("coal", "bank"),
        Link("coal", "port"),
        Link("bank", "regime"),
        Link("port", "regime"),
    ),
    effects=(
        Effect("designate", "bank", 0, 1.0),
        Effect("designate", "bank", 1, 0.5),
        Effect("designate", "port", 0, 0.5),
    ),
    responses=(Response("hold"), Response("hit", hostile=True, shield=0.5, shields=("CN",))),
    enforcement=(Enforcement("hold", "CN", 1, 0.25), Enforcement("hold", "CN", 2, 0.0)),
    patron_types=(PatronType("A", 0.5, 0.5), PatronType("B", 0.5, 0.625)),
    perception=(Perception("A", 1, 10.0), Perception("A", 2, 10.0)),
)
"""The same with exits at capped credibility, a falling profile, a shield, and enforcement that ends."""


@pytest.mark.parametrize("worth", [60.0, 120.0, 250.0])
@pytest.mark.parametrize("information", BOTH)
def test_cuts_with_exits_shields_and_falling_profiles(information: Information, worth: float) -> None:
    game = replace(FALLING, off_ramp=OffRamp(0.0, worth))
    solution = solve(game, information=information)
    assert solution.value == pytest.approx(brute_force(game, information.value).value)
    assert solution.dual_bound == pytest.approx(solution.value)
    claims = [phase.report.incumbent for phase in solution.phases if phase.purpose.endswith(" program")]
    assert claims == pytest.approx([solution.value + 25.0, solution.value])
