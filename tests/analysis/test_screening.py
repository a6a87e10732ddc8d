"""Morris and Sobol indices: where they are known by hand, their designs, and what is said before they run."""

from __future__ import annotations

import importlib
import math
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import pytest

from hand_games import BANK, HAND_GAME, adaptive, changed
from oracle import brute_force
from sanctopt import OptionError, Rung, SolveOptions, load_case, play
from sanctopt.analysis.batch import BatchProgress
from sanctopt.analysis.rules.rules_of_thumb import DO_NOTHING, baselines
from sanctopt.analysis.sensitivity import screening as module
from sanctopt.analysis.sensitivity.factors import Changer, Factor, Shape, factors_of, least_concession, spread
from sanctopt.analysis.sensitivity.screening import Morris, Output, Sobol, morris, sobol
from sanctopt.analysis.sensitivity.study import Study
from sanctopt.analysis.sensitivity.uncertainty import Range, ranges

TEACHING = load_case("teaching")
LADDER = adaptive(HAND_GAME, Rung((), starts=(BANK,)), Rung(("hold",)), Rung(("hit",)))
"""The bank is designated at once. Its worth is w R - c C in the weights of revenue and cost."""

ROWS = [Range("weights.revenue", 1.0, 0.5, 1.5), Range("weights.cost", 1.0, 0.0, 4.0)]


def slopes() -> tuple[float, float]:
    """R and minus C of the ladder: what one unit more of each weight changes."""
    base = play(HAND_GAME, LADDER).value
    found = []
    for name in ("revenue", "cost"):
        more = changed(weights=replace(HAND_GAME.weights, **{name: 2.0}))
        found.append(play(more, LADDER).value - base)
    return found[0], found[1]


def test_morris_of_a_linear_output() -> None:
    """Each elementary effect is the slope times the width of the range."""
    revenue, cost = slopes()
    assert revenue > 0.0 > cost
    found = morris(HAND_GAME, Morris(trajectories=5), Study(ROWS, LADDER))
    for name, effect in (("weights.revenue", revenue * 1.0), ("weights.cost", cost * 4.0)):
        indices = found.of(name).indices
        assert indices["mu"] == pytest.approx(effect)
        assert indices["mu_star"] == pytest.approx(abs(effect))
        assert indices["sigma"] == pytest.approx(0.0, abs=1e-9)
    assert [row.factor for row in found.rows] == (
        ["weights.revenue", "weights.cost"] if revenue > -4.0 * cost else ["weights.cost", "weights.revenue"]
    )


@pytest.mark.parametrize("shape", Shape)
def test_sobol_of_a_linear_output(shape: Shape) -> None:
    """Var(a x + b y) is a^2 Var x + b^2 Var y; first and total order are the shares.

    A uniform has variance w^2 / 12; a triangular one that is symmetric w^2 / 24.
    """
    revenue, cost = slopes()
    rows = [ROWS[0], Range("weights.cost", 1.0, 0.0, 2.0)]  # symmetric
    parts = [(revenue * 1.0) ** 2, (cost * 2.0) ** 2]
    found = sobol(HAND_GAME, Sobol(points=128), Study(rows, LADDER, shape=shape))
    for row, part in zip(rows, parts, strict=True):
        indices = found.of(row.path).indices
        assert indices["first"] == pytest.approx(part / sum(parts), abs=0.05)
        assert indices["total"] == pytest.approx(part / sum(parts), abs=0.05)
    divisor = {Shape.UNIFORM: 12.0, Shape.TRIANGULAR: 24.0}[shape]
    mean = math.fsum(found.outputs) / len(found.outputs)
    variance = math.fsum((y - mean) ** 2 for y in found.outputs) / len(found.outputs)
    assert variance == pytest.approx(sum(parts) / divisor, rel=0.05)


def test_sobol_of_a_product() -> None:
    """Y = w_cost x cost + rest, both uniform: the interaction shows as total above first order.

    For x y with means m and variances v: first order v_x m_y^2 / V, total (v_x m_y^2 + v_x v_y) / V with
    V = v_x m_y^2 + v_y m_x^2 + v_x v_y.
    """
    rows = [Range("weights.cost", 1.0, 0.0, 2.0), Range("entities.bank.cost", 3.0, 0.0, 6.0)]
    found = sobol(HAND_GAME, Sobol(points=128), Study(rows, LADDER))
    v_x, m_x, v_y, m_y = 4.0 / 12.0, 1.0, 36.0 / 12.0, 3.0
    total = v_x * m_y**2 + v_y * m_x**2 + v_x * v_y
    for name, first, both in (
        ("weights.cost", v_x * m_y**2, v_x * v_y),
        ("entities.bank.cost", v_y * m_x**2, v_x * v_y),
    ):
        indices = found.of(name).indices
        assert indices["first"] == pytest.approx(first / total, abs=0.08)
        assert indices["total"] == pytest.approx((first + both) / total, abs=0.08)


def test_numbers_that_move_together_are_one_factor() -> None:
    revenue, cost = slopes()
    found = morris(HAND_GAME, Morris(), Study([Factor("both", tuple(ROWS))], LADDER))
    assert found.of("both").indices["mu"] == pytest.approx(revenue * 1.0 + cost * 4.0)


def test_an_output_that_does_not_vary() -> None:
    study = Study(spread(TEACHING, 0.2, "weights.harm", "harms.*"), DO_NOTHING(TEACHING))
    found = sobol(TEACHING, Sobol(points=4), study)
    assert all(math.isnan(value) for row in found.rows for value in row.indices.values())
    assert "does not vary" in str(found)
    assert all(row.indices["mu_star"] == 0.0 for row in morris(TEACHING, Morris(), study).rows)


def test_outputs() -> None:
    """Kept, best of the candidates and optimum at the same points, the last one by brute force."""
    rules = baselines(HAND_GAME)
    study = Study(ROWS, LADDER, rules)
    kept, best, optimum = (
        morris(HAND_GAME, Morris(trajectories=3, output=output), study) for output in Output
    )
    changer = Changer(HAND_GAME, factors_of(HAND_GAME, ROWS))
    again = [replace_at(changer, x) for x in sample(3)]
    assert [brute_force(game).value for game in again] == pytest.approx(list(optimum.outputs), abs=1e-4)
    values = [[play(game, rule).value for rule in (LADDER, *rules.values())] for game in again]
    assert [row[0] for row in values] == list(kept.outputs)
    assert [max(row) for row in values] == list(best.outputs)
    assert optimum.not_optimal == 0


def sample(trajectories: int):  # type: ignore[no-untyped-def]
    take = importlib.import_module("SALib.sample.morris").sample
    problem = {"num_vars": 2, "names": ["a", "b"], "bounds": [[0.0, 1.0]] * 2}
    return take(problem, trajectories, num_levels=4, seed=0)


def replace_at(changer: Changer, shares):  # type: ignore[no-untyped-def]
    numbers = {row.path: row.low + u * (row.high - row.low) for row, u in zip(ROWS, shares, strict=True)}
    return changer.game(numbers)


def test_time_limits_are_told() -> None:
    study = Study(spread(TEACHING, 0.2, "weights.harm"), DO_NOTHING(TEACHING))
    design = Morris(trajectories=2, output=Output.OPTIMUM)
    found = morris(TEACHING, design, study, options=SolveOptions(time_limit_seconds=0.0))
    assert found.not_optimal == 4
    assert "At 4 points the optimum is not proven" in str(found)


def test_a_concession_that_is_worth_too_little_is_raised() -> None:
    row = Range("off_ramp.concession_value", 500.0, 100.0, 600.0)
    found = morris(TEACHING, Morris(trajectories=4), Study([row], DO_NOTHING(TEACHING)))
    assert 0 < found.lifted < len(found.outputs)
    assert f"At {found.lifted} points a concession would have been worth less" in str(found)
    assert least_concession(TEACHING) == pytest.approx(426.954, abs=1e-3)


def test_the_size_is_known_before() -> None:
    korea = load_case("dprk_2017")
    count = len(ranges(korea).rows)
    assert Morris(trajectories=7).size(korea) == 7 * (count + 1)
    assert Sobol(points=32).size(korea) == 32 * (count + 2)
    assert Sobol(points=8).size(HAND_GAME, Study(ROWS, LADDER)) == len(
        sobol(HAND_GAME, Sobol(points=8), Study(ROWS, LADDER)).outputs
    )
    told: list[BatchProgress] = []
    morris(HAND_GAME, Morris(trajectories=3), Study(ROWS, LADDER), on_progress=told.append)
    assert (told[0].done, told[0].total) == (0, 9)
    assert told[-1].done == 9
    with pytest.raises(OptionError, match=r"takes 53,632 plays for 836 factors, more than at_most = 10,000"):
        sobol(korea, Sobol(points=64), Study(ladder=DO_NOTHING(korea)))
    with pytest.raises(OptionError, match=r"takes 9 solves for 2 factors, more than at_most = 8"):
        morris(HAND_GAME, Morris(3, output=Output.OPTIMUM, at_most=8), Study(ROWS, LADDER))


def test_seeds_and_executors() -> None:
    study = Study(spread(TEACHING, 0.3, "weights.*", "*.base"), baselines(TEACHING)["greedy"])
    for run, design in ((morris, Morris(trajectories=3)), (sobol, Sobol(points=4))):
        alone = run(TEACHING, design, study)  # type: ignore[operator]
        assert run(TEACHING, design, study) == alone  # type: ignore[operator]
        other = run(TEACHING, replace(design, seed=1), study)  # type: ignore[operator]
        assert other.outputs != alone.outputs
        with ThreadPoolExecutor(2) as executor:
            assert run(TEACHING, design, study, executor=executor) == alone  # type: ignore[operator]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        assert run(TEACHING, design, study, executor=executor) == alone  # type: ignore[operator]


def test_without_salib(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "SALib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "SALib", None)
    with pytest.raises(OptionError, match=r"pip install 'sanctopt\[sensitivity\]'"):
        sobol(HAND_GAME, Sobol(points=2), Study(ROWS, LADDER))


def test_what_is_refused() -> None:
    with pytest.raises(OptionError, match="trajectories is 1"):
        Morris(trajectories=1)
    with pytest.raises(OptionError, match="levels is 5; give an even number"):
        Morris(levels=5)
    with pytest.raises(OptionError, match="points is 100; give a power of 2"):
        Sobol(points=100)
    with pytest.raises(OptionError, match=r"seed is 0\.5"):
        Sobol(seed=0.5)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="'x' was not varied"):
        morris(HAND_GAME, Morris(2), Study(ROWS, LADDER)).of("x")


def test_frame_and_text() -> None:
    found = sobol(HAND_GAME, Sobol(points=64), Study(ROWS, LADDER))
    frame = found.to_frame()
    assert list(frame.columns) == ["factor", "first", "first_conf", "total", "total_conf"]
    assert len(frame) == 2
    text = str(found)
    assert "Which numbers matter: by hand (Sobol indices)" in text
    assert "at 256 points of 2 factors, each uniform between low and high (seed 0)" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 100
    assert "mu*" in str(morris(HAND_GAME, Morris(2), Study(ROWS, LADDER)))
    assert module.CONFIDENCE == 0.95
