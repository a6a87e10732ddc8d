"""The benchmark suite: its generators, its command, and the counts that repeat. No times are asserted."""

from __future__ import annotations

import doctest
import importlib
import json
import os
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

import sanctopt
from games import random_game
from sanctopt import Game, Information, SolveOptions, read_case, solve, write_case
from sanctopt.formulation.build import build_program
from sanctopt.formulation.frame import Frame
from sanctopt.solver import compile_program
from suite import baseline, cases, families, grids, measure, raw_highs, sweeps, tables

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
MODULES = ("baseline", "cases", "families", "grids", "sweeps", "trunk")


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    # The library may be on the path of the benchmarks without being installed.
    path = os.pathsep.join([str(Path(sanctopt.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-W", "error", str(BENCHMARKS / name), *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"PYTHONPATH": path, "MPLBACKEND": "Agg"},
    )


# --- the counts that repeat -------------------------------------------------------------------------------


@pytest.mark.parametrize("case", baseline.SOLVED)
def test_counts_of_solved_cases(case: str) -> None:
    """Sizes, nodes and iterations at one thread and seed 0 are exactly those of the baseline."""
    changes = baseline.differences(
        case, baseline.read_baseline()["solved"].get(case, {}), baseline.solved_counts(case)
    )
    assert not changes, baseline.complaint(changes)


@pytest.mark.parametrize("case", baseline.BUILT)
def test_counts_of_built_cases(case: str) -> None:
    """The exact adaptive program has exactly the rows, columns and nonzeros of the baseline."""
    changes = baseline.differences(
        case, baseline.read_baseline()["built"].get(case, {}), baseline.built_counts(case)
    )
    assert not changes, baseline.complaint(changes)


def test_baseline_holds_proven_optima_of_the_cases_of_the_suite() -> None:
    kept = baseline.read_baseline()
    assert [*kept["solved"]] == [*baseline.SOLVED], baseline.COMMAND
    assert [*kept["built"]] == [*baseline.BUILT], baseline.COMMAND
    assert {counts["status"] for counts in kept["solved"].values()} == {"optimal"}


def test_a_difference_names_the_count_and_the_command() -> None:
    kept = baseline.read_baseline()["solved"]["teaching"]
    found = {**kept, "search nodes": kept["search nodes"] + 1, "value": kept["value"] * (1 + 1e-9)}
    (change,) = baseline.differences("teaching", kept, found)
    assert change.startswith("teaching: search nodes: ")
    told = baseline.complaint([change])
    assert change in told
    assert "python benchmarks/run.py --update-baseline" in told


def test_a_missing_case_is_a_difference() -> None:
    assert baseline.differences("new", {}, {"exact rows": 3}) == [
        "new: exact rows: 3 now, absent in the baseline"
    ]


def test_updating_the_baseline_tells_what_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseline, "SOLVED", ("published",))
    monkeypatch.setattr(baseline, "BUILT", ("published/2",))
    path = tmp_path / "baseline.json"
    assert baseline.write_baseline(path) == []
    kept = baseline.read_baseline(path)
    assert kept["solved"]["published"]["value"] == pytest.approx(70.0)
    kept["built"]["published/2"]["exact rows"] += 1
    path.write_text(json.dumps(kept), encoding="utf-8")
    (change,) = baseline.write_baseline(path)
    assert change.startswith("published/2: exact rows: ")


# --- generated cases --------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", families.FAMILIES)
@pytest.mark.parametrize("size", ["XS", "S", "M"])
def test_generated_cases_are_valid_and_repeat(family: str, size: str, tmp_path: Path) -> None:
    game = families.generate(family, size, 0)
    assert game == families.generate(family, size, 0)
    assert read_case(write_case(game, tmp_path)) == game
    shape = (game.stages, len(game.entities), len(game.patron_types))
    asked = families.SIZES[size]
    assert shape == (asked.stages, asked.entities, asked.types)


@pytest.mark.parametrize("family", ["standard", "distant", "adapting"])
@pytest.mark.parametrize("size", ["L", "XL"])
def test_large_cases_are_valid(family: str, size: str, tmp_path: Path) -> None:
    for seed in range(3):
        game = families.generate(family, size, seed)
        assert read_case(write_case(game, tmp_path)) == game
        assert len(game.entities) == families.SIZES[size].entities


def test_sizes_of_the_suite() -> None:
    shapes = {name: (size.stages, size.entities, size.types) for name, size in families.SIZES.items()}
    del shapes["XS"]
    assert shapes == {"S": (3, 26, 3), "M": (6, 36, 4), "L": (8, 48, 6), "XL": (12, 100, 12)}


def test_every_number_of_entities_gives_a_valid_network(tmp_path: Path) -> None:
    for number in range(families.FEWEST_ENTITIES, 60):
        game = families.generate("standard", "S", 1, entities=number)
        assert len(game.entities) == number
        assert read_case(write_case(game, tmp_path)) == game
        fed, feeding = {link.sink for link in game.links}, {link.source for link in game.links}
        assert all(row.supply is not None or row.name in fed for row in game.entities)
        assert all(row.name in feeding for row in game.entities)


def test_seeds_differ_and_dimensions_are_independent() -> None:
    game = families.generate("standard", "S", 0)
    assert game != families.generate("standard", "S", 1)
    longer = families.generate("standard", "S", 0, stages=5, types=6)
    assert (longer.stages, len(longer.patron_types)) == (5, 6)
    assert (longer.entities, longer.links, longer.harms) == (game.entities, game.links, game.harms)


CHANGED = {
    "no_off_ramp": {"off_ramp"},
    "no_exits": {"entities"},
    "no_mitigation": {"mitigations"},
    "no_engagement": {"engagements"},
    "no_enforcement": {"enforcement"},
    "no_tolls": {"links"},
    "no_carryover": {"carryover", "retention"},
    "threats": {"standing_threats"},
    "regrowth": {"effects"},
    "no_regrowth": {"effects"},
    "requirements": {"instruments"},
    "perception": {"perception"},
    "seasons": {"supply_changes"},
}


def test_every_variant_switches_one_feature_of_the_standard_case() -> None:
    standard = families.generate("standard", "M", 2)
    for family in families.VARIANTS:
        game = families.generate(family, "M", 2)
        differing = {
            part.name
            for part in fields(Game)
            if part.name != "name" and getattr(game, part.name) != getattr(standard, part.name)
        }
        assert differing == CHANGED[family], family


@pytest.mark.parametrize("seed", [0, 1])
def test_adapting_is_worth_at_least_five_percent(seed: int) -> None:
    game = families.generate("adapting", "XS", seed)
    adaptive, deaf = (solve(game, information=Information(name)) for name in ("adaptive", "open_loop"))
    assert adaptive.status.reason is deaf.status.reason is sanctopt.Reason.OPTIMAL
    assert adaptive.value - deaf.dual_bound >= 0.05 * adaptive.value > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("standrad", "S", 0), "there is no family 'standrad'; there are standard"),
        (("standard", "XXL", 0), "there is no size 'XXL'; there are XS, S, M, L, XL"),
        (("standard", "S", -1), "seed is -1; give at least 0"),
    ],
)
def test_wrong_cases_are_refused(arguments: tuple[str, str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        families.generate(*arguments)


def test_too_small_cases_are_refused() -> None:
    with pytest.raises(ValueError, match="entities is 7; give at least 8"):
        families.generate("standard", "S", 0, entities=7)
    with pytest.raises(ValueError, match="stages is 0; give at least 1"):
        families.generate("standard", "S", 0, stages=0)


# --- interdiction -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("attacks", "left"), grids.PUBLISHED_FLOWS.items())
def test_published_flows(attacks: int, left: float) -> None:
    """Wood (1993); the flows are those of PyomoGallery. Program, enumeration and library agree."""
    instance = grids.published(attacks)
    assert grids.least_flow(instance) == pytest.approx(left)
    assert grids.enumerated_flow(instance) == pytest.approx(left)
    assert solve(grids.interdiction_game(instance)).value == pytest.approx(80.0 - left)


@pytest.mark.parametrize("seed", [0, 1])
def test_small_grids_against_enumeration(seed: int) -> None:
    instance = grids.grid(4, 5, seed)
    assert grids.grid(4, 5, seed) == instance
    left = grids.enumerated_flow(instance)
    assert grids.least_flow(instance) == pytest.approx(left)
    value = solve(grids.interdiction_game(instance)).value
    assert value == pytest.approx(grids.largest_flow(instance) - left)


def test_a_larger_grid_against_the_min_cut_dual() -> None:
    instance = grids.grid(8, 12, 0)
    saved = grids.largest_flow(instance) - grids.least_flow(instance)
    assert solve(grids.interdiction_game(instance)).value == pytest.approx(saved)


def test_grids_of_the_issue_are_valid_games(tmp_path: Path) -> None:
    instance = grids.grid(20, 40, 0)
    game = grids.interdiction_game(instance)
    assert len(game.entities) == len(game.eligible) == 20 * 39 + 38 * 19
    assert read_case(write_case(game, tmp_path)) == game


def test_wrong_grids_are_refused() -> None:
    with pytest.raises(ValueError, match="a grid of 1 by 5 is too small; give at least 2 by 3"):
        grids.grid(1, 5, 0)


def test_an_unsolved_program_is_no_answer() -> None:
    with pytest.raises(RuntimeError, match="grid_20x40_0: the min-cut program was not solved"):
        grids.least_flow(grids.grid(20, 40, 0), time_limit=1e-3)


# --- cases, records, pictures, the command ----------------------------------------------------------------


def test_cases_by_name(tmp_path: Path) -> None:
    assert cases.expand(["grid/4x5/0-1", "standard/S/2/types=2"]) == [
        *("grid/4x5/0", "grid/4x5/1", "standard/S/2/types=2")
    ]
    assert len(cases.case_game("standard/S/2/types=2").patron_types) == 2
    assert cases.case_game("grid/4x5/1") == grids.interdiction_game(grids.grid(4, 5, 1))
    assert cases.case_game("tests/cases/small/101").stages == 3
    folders = cases.case_folders(["published/0", "teaching", "tests/cases/tiny/00"], tmp_path)
    assert all(read_case(folder) == cases.case_game(name) for name, folder in folders.items())


@pytest.mark.parametrize(
    "name", ["standrad/S/0", "standard/S", "grid/1x5/0", "nowhere", "standard/S/0/stages=0"]
)
def test_wrong_names_are_refused(name: str) -> None:
    with pytest.raises(cases.CaseNameError, match=f"'{name}' is no case: "):
        cases.case_game(name)


def test_records_pictures_and_the_value_of_adapting(tmp_path: Path) -> None:
    from suite import pictures

    small = {"stages": (1, 2), "types": (2,)}
    records = [measure.measure(measure.Wanted(case)) for case in sweeps.sweep_cases(["distant/XS/0"], small)]
    assert [record.stages for record in records] == [1, 2, 3]
    deaf = measure.measure(measure.Wanted("distant/XS/0", information="open_loop"))
    (worth,) = tables.values_of_adapting([*records, deaf])
    assert (worth.case, worth.seed) == ("distant/XS/0", 0)
    assert 0 < worth.least <= worth.most < 0.05
    assert tables.read_records(tables.write_records(records, tmp_path / "records.json")) == records
    (sweep,) = sweeps.sweeps(records)
    assert (sweep.dimension, len(sweep.records)) == ("stages", 3)
    slow = [replace(record, seconds={**record.seconds, "solve": 9.0}) for record in records]
    written = pictures.write_pictures(slow, tmp_path)
    panels = pictures.progress(slow).axes
    assert [panel.get_title() for panel in panels] == [f"{r.wanted.case}: optimal" for r in slow]
    for panel, record in zip(panels, slow, strict=True):
        ends = {line.get_ydata()[-1] for line in panel.lines}
        assert ends == {record.value, record.bound}
    assert [path.name for path in written] == ["scaling.png", "progress.png", "phases.png"]
    assert all(path.stat().st_size > 10_000 for path in written)
    assert pictures.scaling(records[:1]) is pictures.progress(records[:1]) is pictures.phases([]) is None


def test_the_value_of_adapting_has_a_range_where_a_search_was_ended() -> None:
    whole = measure.measure(measure.Wanted("published"))
    asked = replace(whole.wanted, information="open_loop")
    ended = [replace(whole, value=80.0, bound=100.0), replace(whole, wanted=asked, value=60.0, bound=72.0)]
    ended += [replace(one, wanted=replace(one.wanted, seed=1), bound=one.value) for one in ended]
    first, second = tables.values_of_adapting(ended)
    assert (first.seed, second.seed) == (0, 1)
    assert (first.least, first.most) == pytest.approx((0.1, 0.4))
    assert (second.least, second.most) == pytest.approx((0.25, 0.25))
    assert tables.values_of_adapting(ended[:1]) == []


def test_a_solved_game_with_neighbourhoods_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are no limit of time where the time of none was over."""
    from sanctopt.search import neighbourhoods, strategy

    monkeypatch.setattr(strategy, "SMALL", 0)
    record = measure.measure(measure.Wanted("distant/XS/0"))
    assert record.repeatable
    monkeypatch.setattr(neighbourhoods, "SLICE_SECONDS", 0.0)
    assert not measure.measure(measure.Wanted("distant/XS/0")).repeatable


def test_records_of_another_version_are_refused(tmp_path: Path) -> None:
    (tmp_path / "records.json").write_text('{"schema_version": 0, "records": []}', encoding="utf-8")
    with pytest.raises(ValueError, match=r"records\.json has schema version 0, not 1"):
        tables.read_records(tmp_path / "records.json")


def test_progress_keeps_what_changes() -> None:
    points = [
        measure.Point(t, "adaptive program", None, bound, 0) for t, bound in enumerate((9.0, 9.0, 8.0, 8.0))
    ]
    assert [point.seconds for point in measure.thinned(points)] == [0, 2, 3]
    assert measure.thinned([]) == ()


def test_bench_of_the_teaching_case(tmp_path: Path) -> None:
    done = run("run.py", "teaching", "--repeat", "2", "--output", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    head, row = (line.split() for line in done.stdout.splitlines()[:2])
    assert head[:8] == ["case", "seed", "size", *measure.PHASES]
    told = dict(zip(head, row, strict=True))
    assert (told["case"], told["size"], told["status"]) == ("teaching", "3/7/2", "optimal")
    assert int(told["programs"]) >= 1
    assert float(told["megabytes"]) > 10
    (record,) = tables.read_records(tmp_path / "out/records.json")
    assert 0 < record.exact["integer_columns"] <= record.exact["columns"] <= record.exact["nonzeros"]
    assert record.repeatable
    assert [*record.seconds] == [*measure.PHASES]
    assert min(record.seconds.values()) > 0
    assert [told[phase] for phase in measure.PHASES] == [f"{s:.2f}" for s in record.seconds.values()]
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"table.txt", "records.json", "phases.png"}


def test_bench_refuses_what_is_no_case() -> None:
    done = run("run.py", "teachign")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'teachign' is no case" in done.stderr


def test_bench_tells_of_a_case_that_fails_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import run as bench

    def apart(wanted: measure.Wanted) -> measure.Record:
        if wanted.case == "published/0":
            raise RuntimeError("published/0: SolverError: contradicted")
        return measure.measure(wanted)

    monkeypatch.setattr(bench, "measure_apart", apart)
    arguments = ["published", "published/0", "published/2", "--no-plots", "--output", str(tmp_path)]
    assert bench.main(arguments) == 1
    assert "FAILED published/0: SolverError: contradicted" in capsys.readouterr().out
    assert [record.value for record in tables.read_records(tmp_path / "records.json")] == [70.0, 80.0]


def test_a_run_that_fails_tells_its_last_line() -> None:
    with pytest.raises(RuntimeError, match=r"nowhere: .*'nowhere' is no case"):
        measure.measure_apart(measure.Wanted("nowhere"))


def test_counts_that_do_not_repeat_are_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    import run as bench

    once = measure.measure(measure.Wanted("published"))
    twice = replace(once, search={**once.search, "nodes": 99})
    told = iter((once, twice))
    monkeypatch.setattr(bench, "measure_apart", lambda wanted: next(told))
    with pytest.raises(RuntimeError, match="published: the counts do not repeat"):
        bench.run(once.wanted, 2)


def test_every_benchmark_is_listed() -> None:
    listed = (BENCHMARKS / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in BENCHMARKS.glob("*.py") if f"`{path.name}`" not in listed] == []


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_the_suite(name: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(f"suite.{name}"))
    assert failed == 0
    assert tried > 0


def test_lagrangean_bounds_are_bounds() -> None:
    """Of a priced tie, whatever the prices; with the relaxation above them."""
    lagrangean = importlib.import_module("lagrangean")
    game = cases.case_game("adapting/XS/0")
    optimum = solve(game, options=SolveOptions(relative_gap=1e-6)).value
    relaxed, _, *lines = lagrangean.bounds(game, 20.0, 3, 0.02)
    found = [float(line.split()[1].replace(",", "")) for line in lines]
    assert len(found) == 3
    assert all(bound >= optimum * (1 - 1e-6) for bound in found)
    assert float(relaxed.split()[-1].replace(",", "")) >= found[0] * (1 - 1e-6)


def test_ways_to_hand_over_a_program_hand_over_the_same() -> None:
    building = importlib.import_module("building")
    game = cases.case_game("adapting/XS/0")
    types = tuple(patron.name for patron in game.patron_types)
    form = compile_program(build_program(Frame(game, types, Information.ADAPTIVE))).form
    ways = [
        raw_highs.load(form, [f"c{number}" for number in range(len(form.cost))]),
        building.by_rows(form),
        building.by_expressions(form),
        building.by_pyomo(form),
    ]
    maxima = []
    for highs in ways:
        model = highs.getLp()
        entries = len(model.a_matrix_.value_)
        assert (model.num_row_, model.num_col_, entries) == (*form.matrix.shape, form.matrix.nnz)
        whole = [kind != building.CONTINUOUS for kind in model.integrality_]
        assert sorted(whole) == sorted(form.integer)
        highs.setOptionValue("solve_relaxation", True)
        highs.run()
        maxima.append(highs.getInfo().objective_function_value - model.offset_)
    assert maxima[0] != 0.0
    assert maxima == pytest.approx([maxima[0]] * 4, rel=1e-7)


def test_building_is_timed_step_by_step(capsys: pytest.CaptureFixture[str]) -> None:
    building = importlib.import_module("building")
    assert building.main(["teaching", "--repeat", "1"]) == 0
    head, _, line = capsys.readouterr().out.splitlines()
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert head.split()[1:-1:2] == ["case", *building.STEPS, "all", *building.WAYS]
    numbers = [float(cell) for cell in cells[1:]]
    assert numbers[3] == pytest.approx(sum(numbers[:3]), abs=2e-3)
    assert len(numbers) == len(building.STEPS) + 1 + len(building.WAYS)


def test_building_is_a_part_of_a_solve(capsys: pytest.CaptureFixture[str]) -> None:
    building = importlib.import_module("building")
    assert building.main(["standard/XS/0", "--solve", "60"]) == 0
    head, _, line = capsys.readouterr().out.splitlines()
    told = dict(
        zip(*([cell.strip() for cell in text.strip("|").split("|")] for text in (head, line)), strict=True)
    )
    assert 0 < float(told["building"]) < float(told["solve"])
    assert int(told["steps"]) >= 3  # the model, its arrays, a program of rungs


@pytest.mark.parametrize("name", [1, 3, 4, "standard/XS/0/stages=2/entities=8"])
def test_benders_ends_at_the_optimum(name: int | str) -> None:
    """With bounds on the way; games in which it needs one rung and in which it needs many."""
    benders = importlib.import_module("benders")
    game = cases.case_game(name) if isinstance(name, str) else random_game(name)
    optimum = solve(game, options=SolveOptions(relative_gap=1e-6)).value
    small = isinstance(name, int)
    run = benders.Benders(
        game, benders.Way(gap=1e-6, multi=name == 1, whole=name == 3, wide=not small, cheap=small)
    )
    for _ in run.run():
        assert run.bound >= optimum - 1e-6 * max(1.0, abs(optimum))
    assert run.best.value == pytest.approx(optimum, rel=1e-6)
    assert run.bound == pytest.approx(optimum, rel=2e-6)
