"""`solve` at its limits: what ends a search early, what is handed back then, and what is refused."""

from __future__ import annotations

import csv
import functools
import json
import math
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import sanctopt
from sanctopt import (
    Information,
    Ladder,
    LadderError,
    Limit,
    OptionError,
    Reason,
    Rung,
    SearchProgress,
    Solution,
    SolveOptions,
    certify,
    play,
    read_case,
    solve,
)
from sanctopt.game import Game
from sanctopt.solve import PACKAGES, versions

CASES = Path(__file__).parent / "cases"


@functools.cache
def optima(name: str) -> dict[Information, float]:
    with (CASES / "values.csv").open(newline="", encoding="utf-8") as file:
        row = next(row for row in csv.DictReader(file) if row["case"] == name)
    return {information: float(row[information.value]) for information in Information}


every_information = pytest.mark.parametrize("information", Information)


@functools.cache
def game() -> Game:
    """Three types, an off-ramp and standing threats; its programs need some branching."""
    return read_case(CASES / "tiny/20")


@functools.cache
def slow() -> Game:
    """HiGHS works on each of its programs for so long that progress is told many times."""
    return read_case(CASES / "small/101")


@functools.cache
def easy() -> Game:
    return read_case(CASES / "tiny/00")


@functools.cache
def solved_easily() -> Solution:
    return solve(easy())


def idle_value(case: Game) -> float:
    return play(case, Ladder.of(case, Information.ADAPTIVE, [Rung(())])).value


def assert_sound(solution: Solution, information: Information, name: str = "tiny/20") -> None:
    """Whatever ended the search: the ladder is what it says, and the optimum lies below the bound."""
    case, optimum = read_case(CASES / name), optima(name)[information]
    certify(
        case,
        solution.ladder,
        claimed_value=solution.value,
        claimed_responses=solution.outcome.responses,
    ).require()
    assert idle_value(case) - 1e-6 <= solution.value <= optimum + 1e-3
    assert solution.dual_bound is not None
    assert math.isfinite(solution.dual_bound)
    assert solution.dual_bound >= optimum - 1e-3
    gap = (solution.dual_bound - solution.value) / abs(solution.value)
    assert solution.relative_gap == pytest.approx(gap, abs=1e-9)


# --- limits -----------------------------------------------------------------------------------------------


@every_information
def test_no_time_at_all(information: Information) -> None:
    solution = solve(game(), information=information, options=SolveOptions(time_limit_seconds=0.0))
    assert (solution.status.reason, solution.status.limit) == (Reason.LIMIT, Limit.TIME)
    assert str(solution.status) == "limit (time)"
    assert_sound(solution, information)
    assert solution.relative_gap > 1e-6


@every_information
def test_no_nodes_at_all(information: Information) -> None:
    solution = solve(game(), information=information, options=SolveOptions(node_limit=0))
    assert (solution.status.reason, solution.status.limit) == (Reason.LIMIT, Limit.NODES)
    assert_sound(solution, information)
    assert all(phase.report.nodes == 0 for phase in solution.phases)


@every_information
@pytest.mark.parametrize("gap", [1.0, 0.05, 1e-6])
def test_gap(information: Information, gap: float) -> None:
    solution = solve(game(), information=information, options=SolveOptions(relative_gap=gap))
    assert solution.status.reason is Reason.OPTIMAL
    assert solution.relative_gap <= gap + 1e-12
    assert_sound(solution, information)


def test_a_wide_gap_saves_work() -> None:
    """Else the gap would not reach HiGHS."""

    def iterations(gap: float) -> int:
        solution = solve(game(), options=SolveOptions(relative_gap=gap))
        return sum(phase.report.simplex_iterations for phase in solution.phases)

    assert iterations(1.0) < iterations(1e-6)


def test_a_limit_in_time_is_kept() -> None:
    case = slow()
    solution = solve(case, options=SolveOptions(time_limit_seconds=2.0))
    assert (solution.status.reason, solution.status.limit) == (Reason.LIMIT, Limit.TIME)
    assert solution.wall_seconds < 20.0  # 2, what it takes to build and to replay, and a slow machine
    assert solution.dual_bound is not None
    assert solution.value <= 2960.2215 + 1e-2 <= solution.dual_bound + 2e-2


# --- progress and interrupts ------------------------------------------------------------------------------


class StopError(Exception):
    """Something that goes wrong in a listener."""


@every_information
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("patience", [1, 3])
def test_an_interrupt_returns_the_best_ladder(information: Information, threads: int, patience: int) -> None:
    told: list[SearchProgress] = []

    def interrupt(progress: SearchProgress) -> None:
        told.append(progress)
        if len(told) >= patience:
            raise KeyboardInterrupt

    options = SolveOptions(threads=threads)
    solution = solve(slow(), information=information, options=options, on_progress=interrupt)
    assert len(told) == patience  # nobody is told any more
    assert (solution.status.reason, solution.status.limit) == (Reason.INTERRUPTED, Limit.INTERRUPT)
    assert_sound(solution, information, "small/101")


@every_information
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("error", [StopError, TimeoutError])
def test_what_a_listener_raises_is_raised(
    information: Information, error: type[Exception], threads: int
) -> None:
    """A listener whose own time is over is no time limit of the search."""

    def fail(_: SearchProgress) -> None:
        raise error("the screen is gone")

    options = SolveOptions(threads=threads)
    with pytest.raises(error, match="the screen is gone"):
        solve(game(), information=information, options=options, on_progress=fail)


def test_progress_is_told_in_millions() -> None:
    told: list[SearchProgress] = []
    solution = solve(game(), on_progress=told.append)
    assert told
    purposes = {phase.purpose for phase in solution.phases}
    assert all(any(made.startswith(progress.purpose) for made in purposes) for progress in told)
    assert [progress.wall_seconds for progress in told] == sorted(progress.wall_seconds for progress in told)
    last = [progress for progress in told if progress.purpose == "adaptive program"][-1]
    # Where the search ends is told, however long after the sign before.
    assert last.incumbent == pytest.approx(solution.value, abs=1e-6)
    assert last.dual_bound is not None
    assert last.dual_bound >= solution.value - 1e-6
    assert last.relative_gap <= 1e-6
    assert solution.wall_seconds >= told[-1].wall_seconds


# --- no ladder --------------------------------------------------------------------------------------------


@every_information
def test_a_margin_that_no_ladder_has(information: Information) -> None:
    solution = solve(game(), information=information, margin=1000.0)
    assert (solution.status.reason, solution.status.limit) == (Reason.INFEASIBLE, Limit.NONE)
    assert not solution.has_ladder
    assert solution.relative_gap == math.inf
    for name in ("value", "ladder", "outcome", "certificate"):
        with pytest.raises(LadderError, match="there is no ladder: the solve ended as infeasible"):
            getattr(solution, name)
    data = json.loads(solution.to_json())
    assert data["status"] == "infeasible"
    assert [data[key] for key in ("value", "relative_gap", "ladder", "certificate")] == [None] * 4
    assert "infeasible" in solution.summary()
    assert "value" not in solution.summary()


def test_a_margin_is_kept() -> None:
    """`tiny/20` loses by it; the certificate holds the ladder to it."""
    solution = solve(game(), margin=0.2)
    assert solution.status.reason is Reason.OPTIMAL
    assert solution.outcome.smallest_margin >= 0.2 - 1e-9
    assert solution.certificate.required_margin == 0.2
    assert solution.provenance.margin == 0.2


# --- what is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize("margin", [-0.1, math.inf, math.nan, True])
def test_a_wrong_margin(margin: float) -> None:
    with pytest.raises(OptionError, match=r"margin is .*; give a finite utility of at least 0"):
        solve(easy(), margin=margin)


@pytest.mark.parametrize("information", ["adaptive", None])
def test_a_wrong_information(information: object) -> None:
    with pytest.raises(OptionError, match=r"information is .*; give one of Information\.ADAPTIVE"):
        solve(easy(), information=information)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("time_limit_seconds", -1.0, "time_limit_seconds is -1.0; give a finite number of at least 0"),
        ("time_limit_seconds", math.inf, "time_limit_seconds is inf; give a finite number"),
        ("relative_gap", -1e-9, "relative_gap is -1e-09; give a finite number of at least 0"),
        ("threads", 0, "threads is 0; give a whole number from 1"),
        ("seed", -1, "seed is -1; give a whole number from 0"),
        ("node_limit", 1.5, "node_limit is 1.5; give a whole number from 0"),
        ("highs", {"mip_rel_gapp": 0.1}, "did you mean 'mip_rel_gap'"),
        ("highs", {"mip_abs_gap": 0.1}, "'mip_abs_gap' cannot be set"),
    ],
)
def test_wrong_options(name: str, wrong: object, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        SolveOptions(**{name: wrong})  # type: ignore[arg-type]


# --- what is handed back ----------------------------------------------------------------------------------


def test_provenance() -> None:
    options = SolveOptions(seed=3, relative_gap=1e-5, highs={"mip_heuristic_effort": 0.1})
    solution = solve(easy(), information=Information.OPEN_LOOP, margin=0.01, options=options)
    provenance = solution.provenance
    assert provenance.game_name == easy().name
    assert provenance.game_digest == easy().digest()
    assert provenance.information is Information.OPEN_LOOP
    assert provenance.margin == 0.01
    assert provenance.options == options
    assert dict(provenance.versions) == versions()
    assert set(provenance.versions) == {"python", *PACKAGES}
    others = [text for name, text in provenance.versions.items() if name != "sanctopt"]
    assert all(text[0].isdigit() for text in others)  # sanctopt itself may run from its source tree
    assert json.loads(solution.to_json())["provenance"] == {
        "versions": versions(),
        "game": easy().name,
        "game_digest": easy().digest(),
        "information": "open_loop",
        "margin": 0.01,
        "history": [],
        "credible_threats": False,
        "criterion": "expectation",
        "objective": "payoff",
        "limits": [],
        "options": {
            "time_limit_seconds": None,
            "relative_gap": 1e-5,
            "threads": 1,
            "seed": 3,
            "node_limit": None,
            "log": False,
            "highs": {"mip_heuristic_effort": 0.1},
        },
    }


def test_provenance_tells_games_apart() -> None:
    other = replace(easy(), effort_per_stage=easy().effort_per_stage + 1.0)
    assert solve(other).provenance.game_digest != solved_easily().provenance.game_digest


def test_a_package_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["sanctopt.solve"], "PACKAGES", ("sanctopt", "no-such-package"))
    assert versions()["no-such-package"] == "not installed"


@every_information
def test_json(information: Information) -> None:
    solution = solve(easy(), information=information)
    data = json.loads(solution.to_json())
    assert data == solution.to_dict()
    assert Ladder.from_dict(data["ladder"]) == solution.ladder
    assert sanctopt.Certificate.from_dict(data["certificate"]) == solution.certificate
    assert data["value"] == solution.value
    assert data["dual_bound"] == solution.dual_bound
    assert (data["status"], data["limit"]) == ("optimal", "none")
    assert [phase["purpose"] for phase in data["phases"]] == [phase.purpose for phase in solution.phases]
    assert all(phase["rows"] > 0 and phase["reason"] for phase in data["phases"])


def test_a_ladder_from_json_plays_alike() -> None:
    text = json.dumps(json.loads(solved_easily().to_json())["ladder"])
    assert play(easy(), Ladder.from_json(text)).value == solved_easily().value


def test_text() -> None:
    text = str(solved_easily())
    assert "status        optimal" in text
    assert f"{solved_easily().value:,.2f}" in text
    assert "Certificate: accepted" in text
    assert len(solved_easily().to_frame()) == len(solved_easily().outcome.steps)


@every_information
def test_two_threads_find_the_same_value(information: Information) -> None:
    one, two = (
        solve(game(), information=information, options=SolveOptions(threads=threads)) for threads in (1, 2)
    )
    assert two.status.reason is Reason.OPTIMAL
    assert two.value == pytest.approx(one.value, rel=2e-6)
    assert one.value == pytest.approx(optima("tiny/20")[information], rel=1e-6)


def test_other_seeds_find_the_same_value() -> None:
    for seed in (1, 2):
        solution = solve(game(), options=SolveOptions(seed=seed))
        assert solution.value == pytest.approx(optima("tiny/20")[Information.ADAPTIVE], rel=1e-6)
