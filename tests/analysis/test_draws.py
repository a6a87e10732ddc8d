"""Monte Carlo: each draw against brute force, shares and regrets, seeds and executors."""

from __future__ import annotations

import math
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pytest

from games import random_game
from hand_games import HAND_GAME
from oracle import brute_force
from sanctopt import OptionError, SolveOptions, load_case, play, solve
from sanctopt.analysis.batch import BatchProgress
from sanctopt.analysis.experts.judgements import jeffreys_interval
from sanctopt.analysis.rules.rules_of_thumb import DO_NOTHING, baselines
from sanctopt.analysis.sensitivity.draws import Draws, monte_carlo
from sanctopt.analysis.sensitivity.factors import Changer, Shape, factors_of, spread
from sanctopt.analysis.sensitivity.repair import keep
from sanctopt.analysis.sensitivity.study import Study
from sanctopt.analysis.sensitivity.uncertainty import Range
from sanctopt.game import Game
from test_rung_limits import values_by_first_rung

TEACHING = load_case("teaching")
SEEDS = (*range(300, 305), 333)


def slack(*values: float) -> float:
    return 1e-5 * max(1.0, *map(abs, values))


def uncertain(game: Game) -> list[Range]:
    rows = spread(game, 0.4).rows
    return [
        row
        for row in rows
        if row.path.startswith(("weights", "effort", "types")) or row.path.endswith(".base")
    ]


@pytest.mark.parametrize(
    ("seed", "shape"),
    [*((seed, Shape.UNIFORM) for seed in SEEDS), (301, Shape.TRIANGULAR), (304, Shape.TRIANGULAR)],
)
def test_every_draw_is_that_of_brute_force(seed: int, shape: Shape) -> None:
    game = random_game(seed)
    study = Study(uncertain(game), shape=shape)
    found = monte_carlo(game, Draws(4, seed), study)
    changer = Changer(game, factors_of(game, study.uncertain))
    ladder = solve(game).ladder
    for draw in found.draws:
        there = changer.game(draw.point.numbers)
        values = values_by_first_rung(there)
        best = brute_force(there).value
        tolerance = slack(best)
        assert draw.best.value == pytest.approx(best, abs=tolerance)
        assert draw.best.bound == pytest.approx(best, abs=tolerance)
        assert draw.solved
        assert draw.best.optimal
        assert values[draw.best.first_rung] == pytest.approx(best, abs=tolerance)
        assert draw.kept == keep(there, ladder).value
        assert draw.regret == pytest.approx(best - draw.kept, abs=tolerance)
        assert 0.0 <= draw.regret <= draw.regret_bound
        for row in study.uncertain or ():
            assert isinstance(row, Range)
            assert row.low <= draw.point.numbers[row.path] <= row.high
    assert sum(row.share for row in found.first_rungs) == pytest.approx(1.0)
    assert sum(row.count for row in found.first_rungs) == 4
    for row in found.first_rungs:
        assert (row.low, row.high) == jeffreys_interval(row.count, 4)
        assert row.low <= row.share <= row.high


def test_regret_and_repair_occur() -> None:
    found = [
        monte_carlo(random_game(seed), Draws(4, seed), Study(uncertain(random_game(seed)))) for seed in SEEDS
    ]
    draws = [draw for one in found for draw in one.draws]
    assert sum(draw.regret > 0.01 for draw in draws) >= 5
    assert sum(draw.regret == 0.0 for draw in draws) >= 5
    assert any(len(one.first_rungs) > 1 for one in found)


def test_draws_are_distributed_as_stated() -> None:
    """Means and quantiles of 2000 draws of a number, against the distribution; and two are independent."""
    rows = [Range("weights.harm", 1.0, 0.5, 3.0), Range("weights.cost", 1.0, 0.0, 2.0)]
    for shape, mean in ((Shape.UNIFORM, 1.75), (Shape.TRIANGULAR, 1.5)):
        study = Study(rows, DO_NOTHING(HAND_GAME), shape=shape)
        frame = monte_carlo(HAND_GAME, Draws(2000, solve=False), study).numbers_frame()
        assert frame["weights.harm"].mean() == pytest.approx(mean, abs=0.05)
        assert frame["weights.harm"].quantile(0.25) == pytest.approx(shape.quantile(rows[0], 0.25), abs=0.05)
        assert abs(np.corrcoef(frame["weights.harm"], frame["weights.cost"])[0, 1]) < 0.06


def test_seeds() -> None:
    study = Study(spread(HAND_GAME, 0.3, "weights.*"), DO_NOTHING(HAND_GAME))
    numbers = [
        monte_carlo(HAND_GAME, Draws(count, seed, solve=False), study).numbers_frame()
        for count, seed in ((6, 1), (6, 1), (6, 2), (10, 1))
    ]
    assert numbers[0].equals(numbers[1])
    assert not numbers[0].equals(numbers[2])
    assert numbers[0].equals(numbers[3].head(6))


@pytest.mark.parametrize("kind", ["threads", "processes"])
@pytest.mark.parametrize("solving", [False, True])
def test_an_executor_changes_nothing(kind: str, solving: bool) -> None:
    study = Study(spread(TEACHING, 0.2, "weights.*", "effort*"), candidates=baselines(TEACHING))
    draws = Draws(4 if solving else 20, 3, solve=solving)
    alone = monte_carlo(TEACHING, draws, study)
    pool = (
        ThreadPoolExecutor(2)
        if kind == "threads"
        else ProcessPoolExecutor(2, mp_context=get_context("spawn"))
    )
    told: list[BatchProgress] = []
    with pool as executor:
        spread_out = monte_carlo(TEACHING, draws, study, executor=executor, on_progress=told.append)
    assert spread_out.to_frame().equals(alone.to_frame())
    assert spread_out == alone
    assert told[0].done == 0
    assert told[-1].done == told[-1].total == draws.count * (1 + solving) + 1


def test_candidates_stand_for_the_optimum() -> None:
    """Without solves the best of the candidates counts, and the regret is a lower bound of the true one."""
    game = TEACHING
    rules = baselines(game)
    ladder = rules.pop("greedy")
    study = Study(spread(game, 0.3, "weights.*", "*.base", "effort*"), ladder, rules)
    played = monte_carlo(game, Draws(10, 5, solve=False), study)
    solved = monte_carlo(game, Draws(10, 5), study)
    changer = Changer(game, factors_of(game, study.uncertain))
    for one, other in zip(played.draws, solved.draws, strict=True):
        assert one.point == other.point
        there = changer.game(one.point.numbers)
        values = {name: keep(there, rule).value for name, rule in {"kept": ladder, **rules}.items()}
        assert one.point.values == values
        assert one.best.value == max(values.values())
        assert one.regret <= other.regret + 1e-6
        assert one.regret_bound == math.inf
        assert not one.best.optimal
        assert other.regret_bound >= other.regret - 1e-9
    assert any(one.point.kept_repaired for one in played.draws)
    assert "best of the candidates" in str(played)
    assert "lower" in str(played)
    assert "Each draw was solved to optimality." in str(solved)
    assert play(game, ladder).value < solve(game).value


def test_a_time_limit_leaves_a_range() -> None:
    study = Study(uncertain(TEACHING), DO_NOTHING(TEACHING))
    draws = Draws(3, 1)
    short = monte_carlo(TEACHING, draws, study, options=SolveOptions(time_limit_seconds=0.0))
    full = monte_carlo(TEACHING, draws, study)
    for one, other in zip(short.draws, full.draws, strict=True):
        assert one.regret <= other.regret + 1e-6 <= one.regret_bound + 2e-6
    assert "of 3 draws were solved to optimality; of the others the best ladder found" in " ".join(
        str(short).split()
    )


def test_invalid_draws_are_drawn_again() -> None:
    """A concession must be worth at least 427 here; draws below are thrown away, others stay uniform."""
    row = Range("off_ramp.concession_value", 500.0, 300.0, 560.0)
    study = Study([row], DO_NOTHING(TEACHING))
    found = monte_carlo(TEACHING, Draws(300, solve=False), study)
    values = found.numbers_frame()[row.path]
    assert values.min() >= 426.95
    assert values.mean() == pytest.approx((426.954 + 560.0) / 2, abs=8.0)
    thrown = sum(draw.redraws for draw in found.draws)
    assert thrown / (thrown + 300) == pytest.approx((426.954 - 300) / 260, abs=0.08)
    assert found.invalid == {"off_ramp.concession_value": thrown}
    assert f"{thrown} more draws made no valid game" in str(found)
    low = replace(row, low=300.0, high=500.0)
    with pytest.raises(OptionError, match=r"was no valid game 1 times in a row.*narrower ranges"):
        monte_carlo(TEACHING, Draws(50, solve=False, tries=1), Study([low], DO_NOTHING(TEACHING)))


def test_what_is_refused() -> None:
    for name in ("count", "tries"):
        with pytest.raises(OptionError, match=f"{name} is 0"):
            Draws(**{name: 0})
    with pytest.raises(OptionError, match="seed is -1"):
        Draws(seed=-1)


def test_frames_and_text() -> None:
    study = Study(spread(TEACHING, 0.2, "weights.*", "effort*"), candidates={"idle": DO_NOTHING(TEACHING)})
    found = monte_carlo(TEACHING, Draws(12, 2), study)
    frame = found.to_frame()
    assert len(frame) == 12
    assert (frame["regret"] >= 0).all()
    assert frame["value_kept"].equals(frame["kept"].rename("value_kept"))
    assert found.first_rungs_frame()["share"].sum() == pytest.approx(1.0)
    quantiles = found.quantiles_frame()
    assert quantiles.loc["best", "mean"] == pytest.approx(frame["best"].mean())
    assert quantiles.loc["regret", "50 %"] == sorted(frame["regret"])[5]
    text = str(found)
    assert max(map(len, text.splitlines())) <= 100
    top = found.first_rungs[0]
    assert f"In {100 * top.share:.0f} % of draws" in text
    assert "idle" in text
