"""What would it take: turning points, and dense grids of brute force on tiny games."""

from __future__ import annotations

import functools
import math
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from hand_games import HAND_GAME, TRADER, changed
from sanctopt import OptionError, Rung, SolveOptions, Start, load_case
from sanctopt.analysis.changes import with_values
from sanctopt.analysis.reasons import what_it_takes as module
from sanctopt.analysis.reasons.turning import Turn, together, turning_point
from sanctopt.analysis.reasons.what_it_takes import TOGETHER, WhatItTakes, what_would_it_take
from sanctopt.errors import CaseError
from sanctopt.game import Game
from test_rung_limits import values_by_first_rung
from test_search import several_types

SEEDS = (0, 3, 27)
NUMBERS = ("weights.harm", "weights.cost", "provocation.carryover", "credibility.initial")


# --- bisection ----------------------------------------------------------------------------------------------


def sought(holds, relative=0.0, least=1 / 64):  # type: ignore[no-untyped-def]
    asked: list[float] = []

    def told(points: dict[str, float]) -> dict[str, bool]:
        asked.append(points["x"])
        return {"x": holds(points["x"])}

    found = together({"x": turning_point((0.25, 0.5, 0.75, 1.0), relative, least)}, told)  # type: ignore[arg-type]
    return found["x"], asked


@pytest.mark.parametrize("limit", [0.001, 0.1, 0.25, 0.3333, 0.74, 1.0])
def test_a_turning_point_is_enclosed(limit: float) -> None:
    turn, _ = sought(lambda x: x >= limit)
    assert turn.below < limit <= turn.at
    assert turn.at - turn.below <= 1 / 64


def test_what_never_holds() -> None:
    turn, asked = sought(lambda x: False)
    assert turn == Turn(1.0, None)
    assert asked == [0.25, 0.5, 0.75, 1.0]


def test_what_comes_and_goes_is_found_if_a_point_of_the_grid_hits_it() -> None:
    turn, _ = sought(lambda x: 0.4 <= x <= 0.6)
    assert turn.below < 0.4 <= turn.at < 0.42
    turn, _ = sought(lambda x: 0.3 <= x <= 0.4)
    assert turn.at is None


def test_closeness_may_be_relative() -> None:
    turn, asked = sought(lambda x: x >= 0.9, relative=0.2)
    assert turn == Turn(0.75, 0.875 + 0.0625 - 0.03125) or turn.at - turn.below <= 0.2 * turn.at
    assert len(asked) <= 5


def test_searches_side_by_side_are_those_alone() -> None:
    rnd = random.Random(0)
    limits = [rnd.random() for _ in range(9)]
    lines = {limit: turning_point((0.5, 1.0), 0.0, 0.01) for limit in limits}
    rounds = []

    def holds(points):  # type: ignore[no-untyped-def]
        rounds.append(len(points))
        return {limit: x >= limit for limit, x in points.items()}

    found = together(lines, holds)
    assert rounds[0] == len(limits)
    for limit, turn in found.items():
        (alone,) = together({limit: turning_point((0.5, 1.0), 0.0, 0.01)}, holds).values()
        assert turn == alone


# --- against brute force ------------------------------------------------------------------------------------


def lead(game: Game, rung: Rung) -> float:
    """Value of the best plan with a first rung minus that of the best with another one."""
    values = values_by_first_rung(game)
    others = max((value for other, value in values.items() if other != rung), default=-math.inf)
    return values.get(rung, -math.inf) - others


@functools.cache
def found_for(seed: int) -> tuple[Game, Rung, WhatItTakes]:
    game = several_types(seed)
    values = values_by_first_rung(game)
    rung = sorted(values, key=lambda item: -values[item])[1]
    numbers = [path for path in NUMBERS if _value(game, path) > 0.0][:2]
    return game, rung, what_would_it_take(game, rung, numbers, options=SolveOptions(relative_gap=1e-7))


def _value(game: Game, path: str) -> float:
    from sanctopt.analysis.addresses import find

    (place,) = find(game, [path])
    return place.read(game) or 0.0


def at(game: Game, line: module.Line, share: float) -> Game | None:
    try:
        return with_values(game, {move.path: move.at(share) for move in line.moves})
    except CaseError:
        return None


@pytest.mark.parametrize("seed", SEEDS)
def test_lines_against_a_dense_grid(seed: int) -> None:
    """Where a change was found, brute force agrees; where none was, the points asked agree."""
    game, rung, found = found_for(seed)
    if found.optimal_already:
        assert lead(game, rung) >= -1e-5
        return
    assert lead(game, rung) < 0.0
    for line in found.lines:
        assert line.open == 0
        if math.isfinite(line.share):
            witness = at(game, line, line.share)
            assert witness is not None
            assert lead(witness, rung) >= -1e-4
            below = at(game, line, line.below)
            assert below is None or lead(below, rung) < 1e-4
            assert line.share - line.below <= max(module.CLOSE * line.share, module.CLOSEST)
            # Nothing of the grid before holds, and the first turning point of a dense one is not far beyond.
            earlier = [share for share in module.GRID if share < line.below]
        else:
            earlier = list(module.GRID)
        for share in earlier:
            changed_game = at(game, line, share)
            assert changed_game is None or lead(changed_game, rung) < 1e-4


@pytest.mark.parametrize("seed", SEEDS)
def test_shares_are_first_turning_points_where_the_lead_rises(seed: int) -> None:
    game, rung, found = found_for(seed)
    for line in found.lines if not found.optimal_already else ():
        dense = [n / 16 for n in range(17)]
        leads = [
            -math.inf if changed_game is None else lead(changed_game, rung)
            for changed_game in (at(game, line, share) for share in dense)
        ]
        holds = [share for share, value in zip(dense, leads, strict=True) if value >= 1e-4]
        if holds and holds == dense[-len(holds) :]:  # it rises once, and stays
            assert line.share <= holds[0] * (1 + module.CLOSE) + module.CLOSEST
        if not holds and max(leads) < -1e-4:
            assert math.isinf(line.share)


def test_changes_are_found_and_are_not() -> None:
    """The comparison above is no comparison of nothing."""
    lines = [line for seed in SEEDS for line in found_for(seed)[2].lines]
    assert sum(math.isfinite(line.share) for line in lines) >= 2
    assert any(math.isinf(line.share) for line in lines)


# --- by hand ------------------------------------------------------------------------------------------------

ONE_STAGE = changed(stages=1, effort_per_stage=1.0)
"""The trader takes 45 of 95 and costs 2: with a weight of cost of 22.5, doing nothing is as good."""


def test_one_number_by_hand() -> None:
    """The cost of designating may double, which is not enough; the weight of revenue may fall far enough."""
    found = what_would_it_take(ONE_STAGE, Rung(()), ["instruments.designate.cost", "weights.revenue"])
    by_end = {(line.name, line.moves[0].end): line for line in found.lines}
    assert math.isinf(by_end["instruments.designate.cost", 4.0].share)
    assert math.isinf(by_end["weights.revenue", 2.0].share)
    less = by_end["weights.revenue", 0.0]  # nothing is as good once 45 w = 2
    assert 1 - 2 / 45 <= less.share <= (1 - 2 / 45) * 1.06
    assert found.share <= less.share
    together_ = next(line for line in found.lines if line.name == TOGETHER)
    # 45 (1 - r) = 2 (1 + r)
    assert 43 / 47 <= together_.share <= 43 / 47 * 1.06
    assert found.witness == together_.witness
    assert found.lines[0] is together_


def test_a_stated_range_is_kept_to() -> None:
    """The trader's cost may be 1 to 23 by the case: 45 = 2 c at 22.5, the share (22.5 - 1) / (30 - 1)."""
    rows = tuple(
        row
        if row.name != "trader"
        else type(row)(**{**vars(row), "extra": (("cost_low", "1"), ("cost_high", "30"))})
        for row in ONE_STAGE.entities
    )
    game = changed(stages=1, effort_per_stage=1.0, entities=rows)
    found = what_would_it_take(game, Rung(()))
    (line,) = found.lines
    assert line.moves[0].stated
    assert line.name == "entities.trader.cost"
    assert 21.5 / 29 <= line.share <= 21.5 / 29 * 1.06
    assert found.left_out == 0
    assert "entities.trader.cost" in str(found)
    assert "*" not in str(found).split("change ")[1]


def test_what_is_optimal_already_takes_nothing() -> None:
    found = what_would_it_take(ONE_STAGE, Rung((), starts=(TRADER,)), ["weights.cost"])
    assert found.optimal_already
    assert (found.share, found.witness, found.lines) == (0.0, {}, ())
    assert "optimal as the numbers are: 43.0" in str(found)


def test_what_is_not_allowed_may_become_so() -> None:
    """The trader needs effort 1: from 0.5, its double is just enough."""
    game = changed(stages=1, effort_per_stage=0.5)
    found = what_would_it_take(game, Rung((), starts=(TRADER,)), ["effort_per_stage"])
    assert found.with_rung.value == -math.inf
    assert "does not allow" in str(found)
    best = min(found.lines, key=lambda line: line.share)
    assert best.witness == {"effort_per_stage": pytest.approx(1.0)}


def test_points_at_which_the_game_is_not_valid_are_counted() -> None:
    game = load_case("teaching")
    rung = Rung((), starts=(Start("trader", "designate"),))
    found = what_would_it_take(game, rung, ["off_ramp.concession_value"])
    down = next(line for line in found.lines if line.moves[0].end == 0.0)
    assert down.invalid >= 3
    assert "not be valid" in str(found)


def test_priors_of_all_types_move_together() -> None:
    found = what_would_it_take(
        ONE_STAGE, Rung(()), ["types.calm.prior", "types.proud.prior", "weights.revenue"]
    )
    joint = [line for line in found.lines if line.name == TOGETHER]
    for line in joint:
        assert sum(move.path.endswith("prior") for move in line.moves) <= 1
        assert line.invalid == 0


def test_executor_changes_nothing() -> None:
    alone = what_would_it_take(ONE_STAGE, Rung(()), ["weights.revenue"])
    with ThreadPoolExecutor(2) as executor:
        other = what_would_it_take(ONE_STAGE, Rung(()), ["weights.revenue"], executor=executor)
    assert alone.to_frame().equals(other.to_frame())


def test_without_time_nothing_is_claimed() -> None:
    game, rung, _ = found_for(3)
    found = what_would_it_take(game, rung, ["weights.cost"], options=SolveOptions(time_limit_seconds=0.0))
    for line in found.lines:
        if math.isfinite(line.share):
            witness = at(game, line, line.share)
            assert witness is not None
            assert lead(witness, rung) >= -1e-4


class TestRefused:
    def test_numbers(self) -> None:
        for path, says in (
            ("weights.harms", "did you mean 'weights.harm'"),
            ("entities.coal.capacity", "is blank"),
            ("instruments.notice.requires_age", "is a whole number"),
            ("weights.credibility", "is 0 and has no range"),
        ):
            with pytest.raises(OptionError, match=says):
                what_would_it_take(HAND_GAME, Rung(()), [path])

    def test_rung(self) -> None:
        with pytest.raises(OptionError, match="not eligible"):
            what_would_it_take(HAND_GAME, Rung((), starts=(Start("nobody", "notice"),)), ["weights.harm"])


def test_page() -> None:
    found = what_would_it_take(ONE_STAGE, Rung(()), ["weights.revenue", "instruments.designate.cost"])
    page = str(found)
    for line in (
        "What would it take? by hand, stage 0",
        "As the numbers are, the best plan with it is worth 0.0, the best with another one 43.0: 43.0 more.",
        "all together",
        "  weights.revenue *",
    ):
        assert line in page
    assert "instruments.designate.cost" in page
    assert max(map(len, page.splitlines())) <= 100
    frame = found.to_frame()
    assert len(frame) == sum(len(line.moves) for line in found.lines)
