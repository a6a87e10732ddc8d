"""The A/B and the peers of the benchmarks: what they find and what they refuse to claim; no times."""

from __future__ import annotations

import csv
import doctest
import importlib
import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import compare
import peers
from oracle import brute_force
from sanctopt import read_case
from suite import (
    cut_program,
    jobs,
    peer_cut,
    peer_cut_scip,
    peer_library,
    peer_mps,
    peer_plain,
    peer_scip,
    peer_tree,
    sources,
)
from suite.grids import PUBLISHED_FLOWS, grid, interdiction_game, least_flow, published
from suite.jobs import Answer, Job, Run
from suite.pairs import Pair, fastest, refusals, summary, table, unrepeated, worse
from suite.standings import HEAD, library_contradicted, ratio_table, remarks, standings, targets

CASES = Path(__file__).parent / "cases"
OVERLOOKED = CASES / "regressions" / "overlooked_concession_two_types"


def known_value(name: str) -> float:
    with (CASES / "values.csv").open(newline="", encoding="utf-8") as file:
        return next(float(row["adaptive"]) for row in csv.DictReader(file) if row["case"] == name)


def asked(program: str = "library", **changes: object) -> Job:
    """A job for calls within this process; HiGHS without presolve (decision 0006), SCIP without symmetry."""
    own = {"library": {}, "scip": {"misc/usesymmetry": 0}, "cut_scip": {}}
    options = own.get(program.rpartition("peer_")[2], {"presolve": "off"})
    job = Job(program, "case", "", gap=1e-7, time_limit=60.0, options=options)
    return replace(job, **changes)  # type: ignore[arg-type]


def told(
    seconds: float, value: float = 100.0, bound: float = 100.0, *, name: str = "library", **changes: object
) -> Run:
    """A made-up run."""
    answer = Answer("optimal", value, value, bound, 10, 20, 5, 3, 40)
    keys = {key: changes.pop(key) for key in ("case", "seed") if key in changes}
    job = replace(Job(name, "standard/M/0", "", title=name), **keys)  # type: ignore[arg-type]
    return Run(job, replace(answer, **changes), seconds, seconds)  # type: ignore[arg-type]


# --- the peers agree with what is known -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["02", "03", "04", "08", "10", "12", "15", "16", "18", "22", "24", "27"])
def test_the_tree_of_all_histories_has_the_known_value(name: str) -> None:
    """It shares no program with the library, and the values are those of a brute force."""
    found = peer_tree.answer(read_case(CASES / "tiny" / name), asked("tree"))
    value = known_value(f"tiny/{name}")
    assert found.status == "optimal"
    assert (found.value, found.claimed, found.bound) == pytest.approx((value, value, value), rel=1e-6)


@pytest.mark.parametrize("name", ["00", "12", "24"])
@pytest.mark.parametrize("program", [peer_plain, peer_mps, peer_scip, peer_library])
def test_programs_and_solvers_agree(program: object, name: str) -> None:
    found = program.answer(read_case(CASES / "tiny" / name), asked(program.__name__))  # type: ignore[attr-defined]
    value = known_value(f"tiny/{name}")
    assert found.status == "optimal"
    assert (found.value, found.bound) == pytest.approx((value, value), rel=1e-6)


def test_the_tree_forces_concessions_that_the_plain_program_overlooks() -> None:
    game = read_case(OVERLOOKED)
    value = brute_force(game).value
    tree, plain = peer_tree.answer(game, asked("tree")), peer_plain.answer(game, asked("plain"))
    assert (tree.value, tree.claimed) == pytest.approx((value, value))
    assert plain.claimed is not None
    assert plain.value is not None
    assert plain.claimed > value + 1
    assert plain.value <= value + 1e-6
    said = remarks([Run(asked(case="two types", title="plain"), plain, 1.0, 1.0)])
    assert len(said) == 1
    assert said[0].startswith("two types: plain claims")


def test_too_many_histories_are_refused() -> None:
    game = read_case(CASES / "tiny" / "02")
    assert peer_tree.answer(replace(game, stages=7), asked("tree")).status == "refused: 1,093 histories"


@pytest.mark.parametrize("attacks", PUBLISHED_FLOWS)
@pytest.mark.parametrize("program", [peer_cut, peer_cut_scip])
def test_min_cut_dual_of_the_published_instance(program: object, attacks: int) -> None:
    """PyomoGallery, after Wood (1993): 80, 10 and 0 are left."""
    found = program.answer(interdiction_game(published(attacks)), asked(program.__name__))  # type: ignore[attr-defined]
    assert (found.value, found.bound) == pytest.approx((80 - PUBLISHED_FLOWS[attacks],) * 2)


def test_min_cut_dual_of_a_grid() -> None:
    instance = grid(4, 6, 1)
    game = interdiction_game(instance)
    assert cut_program.instance_of(game) == instance
    whole = cut_program.largest_flow(instance)
    found = peer_cut.answer(game, asked("cut"))
    assert found.value == pytest.approx(whole - least_flow(instance))


def test_other_games_have_no_min_cut_dual() -> None:
    found = peer_cut.answer(read_case(CASES / "tiny" / "00"), asked("cut"))
    assert found.status == "refused: no interdiction alone"


def test_scip_that_is_not_there_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyscipopt", None)
    found = peer_scip.answer(read_case(CASES / "tiny" / "12"), asked("scip"))
    assert found.status.startswith("refused: SCIP is not installed; pip install")
    assert found.value is None


# --- A/B --------------------------------------------------------------------------------------------------


def test_disagreeing_values_are_refused() -> None:
    pairs = [Pair(told(10.0), told(1.0, 101.0, 101.0))]
    assert len(refusals(pairs)) == 1
    assert "has a ladder worth 101, above the bound 100 of" in refusals(pairs)[0]
    lines = summary(pairs, 0.05, 1.0)
    assert lines[0] == "No speed-up is claimed:"
    assert not any("geometric mean" in line for line in lines)


def test_values_within_their_gaps_are_no_disagreement() -> None:
    assert refusals([Pair(told(10.0, 100.0, 100.1), told(1.0, 100.05, 100.08))]) == []


def test_failed_runs_are_refused() -> None:
    pairs = [Pair(told(1.0), told(math.nan, status="error: broken"))]
    assert refusals(pairs) == ["standard/M/0, seed 0: error: broken"]


def test_means_and_the_cases_that_got_worse() -> None:
    pairs = [
        Pair(told(8.0), told(2.0)),
        Pair(told(2.0, case="standard/M/1"), told(4.0, case="standard/M/1")),
        Pair(told(1.0, case="standard/M/2"), told(9.0, 90.0, status="limit (time)", case="standard/M/2")),
    ]
    lines = summary(pairs, 0.05, 1.0)
    assert lines[0].startswith("A/B of CPU seconds over 3 pairs: geometric mean 0.61, shifted by 1 s 0.64")
    assert "B is faster by over 5% in 1 pairs, slower in 2, about the same in 0." in lines
    assert lines[-3:] == [
        "Worse with B (2):",
        "- standard/M/1, seed 0: 2.00 times slower, from 2.00 s to 4.00 s",
        "- standard/M/2, seed 0: A is solved, B ends with limit (time) and a gap of 11.11%",
    ]


def test_pairs_that_neither_solved_are_judged_by_their_gap() -> None:
    first, second = (told(60.0, value, 110.0, status="limit (time)") for value in (100.0, 90.0))
    assert math.isnan(Pair(first, second).ratio)
    assert worse([Pair(first, second)], 0.05) == [
        "standard/M/0, seed 0: neither is solved, and the gap grows from 10.00% to 22.22%"
    ]
    assert worse([Pair(second, first)], 0.05) == []
    assert "1 pairs are in no mean: neither side was solved." in summary([Pair(first, second)], 0.05, 1.0)


def test_rounds() -> None:
    rounds = [told(3.0), told(2.0, nodes=4)]
    assert fastest(rounds) is rounds[1]
    assert unrepeated(rounds) == "standard/M/0, seed 0: nodes of the same version differ: 3, 4"
    assert unrepeated([rounds[0], told(9.0)]) == ""


def test_compare_runs_both_sides(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "runs.json"
    home = str(Path(__file__).parents[1])
    case = "tests/cases/tiny/12"
    options = ["--seeds", "4", "--set-b", "highs.presolve=on", "--json", str(file)]
    assert compare.main([home, home, "--cases", case, *options]) == 0
    text = capsys.readouterr().out
    assert "highs.presolve=on" in text
    assert "A/B of CPU seconds over 1 pairs" in text
    ((first, second),) = [(pair["A"], pair["B"]) for pair in json.loads(file.read_text())]
    assert first["answer"]["value"] == pytest.approx(known_value("tiny/12"), rel=1e-3)
    assert second["job"]["options"] == {"highs": {"presolve": "on"}}
    assert first["versions"]["sanctopt"] == second["versions"]["sanctopt"]
    assert home not in file.read_text()
    cells = table([Pair(Run.from_dict(first), Run.from_dict(second))])
    assert [row[:3] for row in cells] == [(case, "4", "A"), (case, "4", "B")]


def test_compare_fails_if_the_sides_disagree(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(job: Job) -> Run:
        value = 1.0 if job.title == "A" else 2.0
        return Run(job, Answer("optimal", value, value, value), 1.0, 1.0)

    monkeypatch.setattr(compare, "run", run)
    home = str(Path(__file__).parents[1])
    assert compare.main([home, home, "--cases", "teaching", "--seeds", "0"]) == 1
    text = capsys.readouterr().out
    assert "teaching: B (seed 0) has a ladder worth 2, above the bound 1 of A (seed 0)" in text


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["no-such-ref", "."], "is neither a folder with src/sanctopt nor a git ref"),
        ([".", ".", "--cases", "standard/Q/0"], "is no case"),
        ([".", ".", "--set", "gap"], "give FIELD=VALUE"),
    ],
)
def test_compare_says_what_is_wrong(
    command: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[1])
    assert compare.main(command) == 2
    assert message in capsys.readouterr().err


def test_a_git_ref_is_a_worktree_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    (home / "src" / "sanctopt").mkdir(parents=True)
    file = home / "src" / "sanctopt" / "a.py"
    file.write_text("one\n")
    who = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "one"]):
        subprocess.run(["git", "-C", str(home), *command], check=True)
    file.write_text("two\n")
    monkeypatch.setattr(sources, "HOME", home)
    with (
        sources.checked_out("HEAD", tmp_path / "ref") as ref,
        sources.checked_out(str(home), tmp_path / "copy") as folder,
    ):
        assert (ref.folder / "sanctopt" / "a.py").read_text() == "one\n"
        file.write_text("three\n")
        assert (folder.folder / "sanctopt" / "a.py").read_text() == "two\n"
        assert ref.state.startswith("commit ")
        assert folder.state.startswith("digest ")
    assert not (tmp_path / "ref").exists()


# --- the table of the peers -------------------------------------------------------------------------------


def test_standings_and_targets() -> None:
    cases = [f"standard/M/{seed}" for seed in range(2)]
    runs = [told(seconds, case=case) for case, seconds in zip(cases, (1.0, 2.0), strict=True)]
    runs += [
        told(seconds, name="plain", case=case) for case, seconds in zip(cases, (10.0, 40.0), strict=True)
    ]
    runs += [told(3.0, name="tree", case=case, status="refused: 9 histories") for case in cases]
    (row,) = standings(runs)
    assert (row.cases, row.peer, row.ratios, row.sign) == ("standard/M", "plain", (10.0, 20.0), "")
    assert row.mean == pytest.approx(200**0.5)
    assert "| standard/M | plain" in ratio_table([row])
    assert targets([row]) == [
        "standard/M: at least 10 times faster than plain in the geometric mean: reached (14.1 over 2 cases)."
    ]
    (small,) = targets([replace(row, cases="standard/S", ratios=(0.5, 9.0))])
    assert "NOT reached (at worst 2.00 times its time)" in small
    (folder,) = targets([replace(row, cases="tests/cases/small", ratios=(0.8, 9.0))])
    assert "reached (at worst 1.25 times its time)" in folder
    (unsolved,) = targets([replace(row, library_solved=1)])
    assert "NOT reached" in unsolved
    assert "the library did not solve 1 of 2" in unsolved
    assert replace(row, peer_solved=1, both_solved=1).sign == "> "
    assert replace(row, library_solved=1, both_solved=1).sign == "< "
    assert replace(row, peer_solved=1, library_solved=1, both_solved=0).sign == "? "


def test_cases_that_neither_solved_are_in_no_mean() -> None:
    """One solved by the library alone, one by both, one by neither: the mean of two is a lower bound."""
    ended = {"bound": 200.0, "status": "limit (time)"}
    runs = [told(1.0), told(2.0, case="standard/M/1"), told(60.0, case="standard/M/2", **ended)]
    runs += [told(9.0, name="plain", **ended), told(8.0, name="plain", case="standard/M/1")]
    runs += [told(60.0, name="plain", case="standard/M/2", **ended)]
    (row,) = standings(runs)
    assert (row.ratios, row.number, row.sign) == ((9.0, 4.0), 3, "> ")
    assert targets([row]) == [
        "standard/M: at least 10 times faster than plain in the geometric mean: NOT reached "
        "(> 6.0 over 2 cases; the library did not solve 1 of 3)."
    ]


def test_a_failed_peer_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "run", lambda job: Run(job, Answer("error: broken"), math.nan, math.nan))
    assert peers.main(["--cases", "teaching", "--programs", "plain"]) == 1


def test_contradictions_stand_below_the_table() -> None:
    library, plain = told(1.0, 100.0, 100.0), told(1.0, 99.0, 99.5, name="plain")
    assert "above the bound 99.5 of plain" in peers.report([library, plain])
    assert not library_contradicted([library, plain])
    assert library_contradicted([library, told(1.0, 101.0, 101.0, name="plain")])
    assert peers.report([library]).endswith("Contradictions: none.")


def test_peers_write_their_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, lines = tmp_path / "page.md", tmp_path / "runs.jsonl"
    page.write_text(f"# Before\n\n{peers.BEGIN}\n\nold\n\n{peers.END}\n\nafter\n")
    command = ["--cases", "tests/cases/tiny/12", "--programs", "tree"]
    assert peers.main([*command, "--lines", str(lines)]) == 0
    assert peers.main(["--read", str(lines), "--write", str(page)]) == 0
    text = page.read_text()
    assert text.startswith("# Before")
    assert text.endswith("after\n")
    assert "old" not in text
    (head,) = (line for line in text.splitlines() if line.startswith("| case "))
    assert [cell.strip() for cell in head.strip("|").split("|")] == list(HEAD)
    assert sum("| 176.056 |" in line and "| optimal |" in line for line in text.splitlines()) == 1
    assert "Contradictions: none." in capsys.readouterr().out


def test_peers_are_ended_at_a_multiple_of_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {}

    def run(job: Job) -> Run:
        limits[job.title] = job.time_limit
        return Run(job, Answer("optimal", 1.0, 1.0, 1.0), 8.0, 10.0)

    monkeypatch.setattr(peers, "run", run)
    programs = ["--programs", "plain", "library"]
    assert peers.main(["--cases", "teaching", *programs, "--limit-ratio", "12"]) == 0
    assert limits == {"library": 300.0, "plain": 120.0}


def test_the_page_tells_versions_and_a_busy_machine() -> None:
    library = replace(told(2.0), versions={"sanctopt": "abc", "highspy": "1.15.1"})
    plain = replace(told(2.0, name="plain"), versions={"sanctopt": "def"}, wall_seconds=3.0)
    text = peers.report([library, plain])
    assert (
        "highspy 1.15.1. Digest of the library's source: abc; of what built the peers' programs: def." in text
    )
    assert "The machine was busy: wall time was up to 1.5 times CPU time." in text
    assert "busy" not in peers.report([library])


def test_a_file_without_runs_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "runs.jsonl"
    file.touch()
    assert peers.main(["--read", str(file)]) == 2
    assert "runs.jsonl holds no runs" in capsys.readouterr().err


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing here\n")
    with pytest.raises(peers.PageError, match=r"page\.md has no lines"):
        peers.write_block(page, "text")


def test_a_run_that_fails_is_an_error() -> None:
    found = jobs.run(Job("nothing", "case", "folder"))
    assert found.failed
    assert found.answer.status == "error: ModuleNotFoundError: No module named 'suite.peer_nothing'"


def test_runs_survive_as_json() -> None:
    run = told(1.5)
    back = Run.from_dict(json.loads(json.dumps(run.to_dict())))
    assert back == replace(run, job=replace(run.job, source=""))


@pytest.mark.parametrize("module", ["compare", "suite.ratios", "suite.text_table"])
def test_examples(module: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(module))
    assert failed == 0
    assert tried > 0
