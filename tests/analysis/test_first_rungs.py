"""The best first rungs against brute force, and what is said when time ran out."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from hand_games import BANK, HAND_GAME, TRADER, changed
from sanctopt import Aims, OptionError, SolveOptions, load_case, play, solve
from sanctopt.aims import TotalCost, WorstType
from sanctopt.analysis.batch import BatchProgress
from sanctopt.analysis.reasons.first_rungs import alternatives
from sanctopt.rung_limits import first_rung
from sanctopt.solver_options import Reason
from test_rung_limits import values_by_first_rung
from test_search import several_types

SEEDS = (0, 3, 5, 27, 29)
TIGHT = SolveOptions(relative_gap=1e-7)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_first_rungs_are_those_of_brute_force(seed: int) -> None:
    game = several_types(seed)
    values = values_by_first_rung(game)
    found = alternatives(game, 4, options=TIGHT)
    order = sorted(values.values(), reverse=True)
    assert len(found.rungs) == min(4, len(values))
    assert found.proven
    for row, value in zip(found.rungs, order, strict=False):
        close = 4e-6 * max(1.0, abs(value), abs(order[0]))
        assert row.value == pytest.approx(value, abs=close)
        assert row.value == pytest.approx(values[row.rung], abs=close)
        assert row.loss == pytest.approx(order[0] - value, abs=close)
        assert row.low_loss - close <= order[0] - value <= row.high_loss + close
        assert play(game, row.ladder).value == pytest.approx(row.value)
        assert first_rung(row.solution.outcome) == row.rung
    assert len({row.rung for row in found.rungs}) == len(found.rungs)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_limit_leaves_open(seed: int) -> None:
    """Values are reached, bounds hold, and an order that is not proven is not called so."""
    game = several_types(seed)
    values = values_by_first_rung(game)
    found = alternatives(game, 3, options=SolveOptions(time_limit_seconds=0.0))
    for row in found.rungs:
        assert row.value <= values[row.rung] + 1e-6 * max(1.0, abs(row.value))
        assert values[row.rung] <= row.high + 1e-6 * max(1.0, abs(row.high))
    if found.proven:
        return
    listed = {row.rung for row in found.rungs}
    others = [value for rung, value in values.items() if rung not in listed]
    if others and not found.complete:
        assert max(others) <= found.rest + 1e-6 * max(1.0, abs(found.rest))


def test_fewer_are_allowed_than_asked_for() -> None:
    game = changed(effort_per_stage=0.0)
    found = alternatives(game, 5)
    assert len(found.rungs) == 1
    assert found.complete
    assert "No other first rung is allowed." in str(found)
    assert "  - nothing" in str(found)


def test_aims_are_kept() -> None:
    aims = Aims(WorstType(), (TotalCost(2.0),))
    found = alternatives(HAND_GAME, 3, aims=aims)
    assert all(
        max(sum(s.cost for s in row.solution.outcome.steps if s.type == name) for name in ("calm", "proud"))
        <= 2.0 + 1e-9
        for row in found.rungs
    )
    assert found.rungs[0].value >= found.rungs[1].value
    assert "worst type; total cost at most 2" in str(found)


def test_progress_and_executor() -> None:
    told: list[BatchProgress] = []
    with ThreadPoolExecutor(1) as executor:
        found = alternatives(HAND_GAME, 3, executor=executor, on_progress=told.append)
    assert [(item.done, item.total) for item in told] == [(1, 3), (2, 3), (3, 3)]
    assert [row.value for row in found.rungs] == [row.value for row in alternatives(HAND_GAME, 3).rungs]


@pytest.mark.parametrize("k", [0, -1, 1.5, True])
def test_how_many(k: object) -> None:
    with pytest.raises(OptionError, match="whole number of first rungs"):
        alternatives(HAND_GAME, k)  # type: ignore[arg-type]


def test_page_and_frame() -> None:
    found = alternatives(load_case("teaching"), 3)
    page = str(found)
    for line in (
        "The best first rungs: teaching, quarter 0",
        "  2. leaves out: begin insurance (0.4 less).",
        "  3. adds: hold explain_strategy; leaves out: begin insurance (11.0 less).",
        "Any other first rung is worth at most 460.2.",
    ):
        assert line in page
    assert max(map(len, page.splitlines())) <= 100
    frame = found.to_frame()
    assert list(frame["rank"]) == [1, 2, 3]
    assert list(frame.status) == ["optimal"] * 3
    assert frame.dropped[1] == "begin insurance"


def test_by_hand() -> None:
    """One stage, one effort unit of the trader's: the trader or nothing; the bank does not fit."""
    game = changed(stages=1, effort_per_stage=1.0)
    found = alternatives(game, 9)
    values = {row.rung.starts: row.value for row in found.rungs}
    assert values[(TRADER,)] == pytest.approx(95 - 50 - 2.0)
    assert values[()] == pytest.approx(0.0)
    assert (BANK,) not in values
    assert found.complete
    assert all(row.solution.status.reason is Reason.OPTIMAL for row in found.rungs)
    assert not math.isinf(found.rungs[0].high)


def test_a_solution_stands_for_the_first_solve() -> None:
    game = load_case("teaching")
    best = solve(game)
    told: list[BatchProgress] = []
    found = alternatives(game, 2, solution=best, on_progress=told.append)
    assert found.rungs[0].solution is best
    assert len(told) == 1
    assert [row.value for row in found.rungs] == pytest.approx(
        [row.value for row in alternatives(game, 2).rungs]
    )
    other = replace(game, discount=0.5)
    for wrong in (solve(other), solve(game, aims=Aims(WorstType())), solve(game, margin=0.01)):
        with pytest.raises(OptionError, match="no adaptive one of this game with these aims"):
            alternatives(game, 2, solution=wrong)
