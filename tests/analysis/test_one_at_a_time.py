"""A tornado against brute force at every end, and what it says where solves were cut short."""

from __future__ import annotations

import math
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import pytest

from games import random_game
from hand_games import HAND_GAME, adaptive
from oracle import brute_force
from sanctopt import Information, LadderError, OptionError, Rung, SolveOptions, load_case, play, solve
from sanctopt.analysis.batch import BatchProgress
from sanctopt.analysis.changes import with_values
from sanctopt.analysis.rules.rules_of_thumb import DO_NOTHING, baselines
from sanctopt.analysis.sensitivity.factors import factors_of, spread, together
from sanctopt.analysis.sensitivity.one_at_a_time import Tornado, tornado
from sanctopt.analysis.sensitivity.repair import keep
from sanctopt.analysis.sensitivity.study import Study
from sanctopt.game import Game
from sanctopt.rung_limits import first_rung
from test_rung_limits import values_by_first_rung

SEEDS = (*range(300, 306), 333)
TEACHING = load_case("teaching")


def slack(*values: float) -> float:
    return 1e-5 * max(1.0, *map(abs, values))


def study_of(game: Game, share: float = 0.8) -> Study:
    rows = spread(game, share).rows
    if len(game.patron_types) == 1:  # its prior is 1, whatever is set
        rows = tuple(row for row in rows if not row.path.endswith(".prior"))
    picked = [row for row in rows if row.path.startswith(("weights", "effort_per", "credibility.i", "types"))]
    picked += [row for row in rows if row.path.endswith(("us_exposure", ".base"))]
    return Study(picked[:: max(1, len(picked) // 3)])


@pytest.mark.parametrize("seed", SEEDS)
def test_every_end_is_that_of_brute_force(seed: int) -> None:
    game = random_game(seed)
    study = study_of(game)
    found = tornado(game, study)
    kept = solve(game)
    assert found.optimum is not None
    assert found.optimum.optimal
    assert found.optimum.value == pytest.approx(brute_force(game).value, abs=slack(kept.value))
    assert {bar.factor.name for bar in found.bars} == {f.name for f in factors_of(game, study.uncertain)}
    for bar in found.bars:
        (row,) = bar.factor.rows
        for end, number in zip(bar.ends, (row.low, row.high), strict=True):
            assert end.numbers == {row.path: number}
            if end.problem:
                assert "off_ramp" in end.problem
                continue
            there = with_values(game, end.numbers)
            values = values_by_first_rung(there)
            best = max(values.values())
            tolerance = slack(best, kept.value)
            assert end.optimum == pytest.approx(best, abs=tolerance)
            assert end.optimal
            assert end.bound == pytest.approx(best, abs=tolerance)
            assert end.kept == keep(there, kept.ladder).value
            assert end.regret == pytest.approx(best - end.kept, abs=tolerance)
            assert end.regret >= 0.0
            assert end.first_rung is not None
            assert values[end.first_rung] == pytest.approx(best, abs=tolerance)
            short = best - values.get(found.first_rung, -math.inf)
            assert end.changes is (short > tolerance), (row.path, short)
        ends = [end for end in bar.ends if not end.problem]
        everything = [found.optimum.value, *(end.optimum for end in ends)]
        assert bar.swing == pytest.approx(max(everything) - min(everything))
    swings = [round(bar.swing, 6) for bar in found.bars]
    assert swings == sorted(swings, reverse=True)


def test_first_rungs_change_and_stay() -> None:
    """The comparison above sees both, and repaired ladders."""
    found = [tornado(random_game(seed), study_of(random_game(seed))) for seed in SEEDS]
    ends = [end for one in found for bar in one.bars for end in bar.ends]
    assert sum(end.changes is True for end in ends) >= 3
    assert sum(end.changes is False for end in ends) >= 3
    assert any(end.repaired for end in ends)


def test_two_steps() -> None:
    """Play first; solve where the kept ladder swings most."""
    study = Study(spread(TEACHING, 0.2, "weights.*", "*.us_exposure", "types.*.prior"))
    played, two, full = (tornado(TEACHING, study, top=top) for top in (0, 2, None))
    names = [bar.factor.name for bar in played.bars]
    swings = [bar.kept_swing for bar in played.bars]
    assert swings == sorted(swings, reverse=True)
    assert not any(end.solved for bar in played.bars for end in bar.ends)
    solved = [bar.factor.name for bar in two.bars if any(end.solved for end in bar.ends)]
    assert set(solved) == set(names[:2])
    assert [bar.factor.name for bar in two.bars[:2]] == solved
    for name in solved:
        assert two.of(name) == full.of(name)
    for name in names:
        for one, other in zip(played.of(name).ends, full.of(name).ends, strict=True):
            assert one.kept == other.kept or (math.isnan(one.kept) and one.problem)
    assert math.isnan(played.bars[0].swing)
    assert played.bars[0].changes is None
    assert "(" + f"{two.bars[-1].kept_swing:,.1f}" + ")" in str(two)


def test_a_ladder_of_ones_own() -> None:
    """Only played: nothing is solved, not even the game as it stands; regrets come from another ladder's."""
    ladder = DO_NOTHING(TEACHING)
    found = tornado(TEACHING, Study(spread(TEACHING, 0.2, "weights.revenue"), ladder), top=0)
    assert found.optimum is None
    assert found.kept_value == play(TEACHING, ladder).value
    found = tornado(TEACHING, Study(spread(TEACHING, 0.2, "weights.harm"), ladder))
    assert all(end.changes and end.regret > 300.0 for end in found.bars[0].ends)
    assert found.optimum is not None
    assert found.optimum.value == pytest.approx(471.18, abs=0.01)


def test_numbers_together() -> None:
    rows = spread(TEACHING, 0.2, "*.us_exposure")
    (bar,) = tornado(TEACHING, Study(together(rows, "*.us_exposure"))).bars
    assert bar.low.numbers == {row.path: row.low for row in rows.rows}
    there = with_values(TEACHING, bar.high.numbers)
    assert bar.high.optimum == pytest.approx(solve(there).value, abs=1e-3)
    frame = tornado(TEACHING, Study(together(rows, "*.us_exposure")), top=0).to_frame()
    assert frame["number"].isna().all()


@pytest.mark.parametrize("seed", SEEDS[:3])
def test_bounds_hold_however_early_solves_end(seed: int) -> None:
    game = random_game(seed)
    study = replace(study_of(game), ladder=DO_NOTHING(game), candidates=baselines(game))
    found = tornado(game, study, options=SolveOptions(time_limit_seconds=0.0))
    for bar in found.bars:
        for end in bar.ends:
            if end.problem:
                continue
            best = brute_force(with_values(game, end.numbers)).value
            assert end.kept <= end.optimum <= best + slack(best) <= end.bound + 2 * slack(best)
            values = values_by_first_rung(with_values(game, end.numbers))
            changes = values.get(found.first_rung, -math.inf) < best - slack(best)
            assert end.changes in (changes, None)
    text = str(found)
    assert "not proven optimal" in text or all(end.optimal for bar in found.bars for end in bar.ends)


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_an_executor_changes_nothing(kind: str) -> None:
    study = Study(spread(HAND_GAME, 0.3, "weights.*", "utilities.*.base", "effort_per_stage"))
    alone = tornado(HAND_GAME, study)
    pool = (
        ThreadPoolExecutor(2)
        if kind == "threads"
        else ProcessPoolExecutor(2, mp_context=get_context("spawn"))
    )
    told: list[BatchProgress] = []
    with pool as executor:
        assert tornado(HAND_GAME, study, executor=executor, on_progress=told.append) == alone
    assert told[0].done == 0
    assert (told[-1].done, told[-1].total) == (told[-1].total, told[-1].total)
    assert [one.done for one in told] == sorted(one.done for one in told)


def test_what_is_refused() -> None:
    study = Study(spread(HAND_GAME, 0.3, "weights.*"))
    with pytest.raises(OptionError, match="top is -1"):
        tornado(HAND_GAME, study, top=-1)
    with pytest.raises(OptionError, match="states no range"):
        tornado(HAND_GAME)
    with pytest.raises(OptionError, match="'x' was not varied"):
        tornado(HAND_GAME, study, top=0).of("x")
    twice = [start for start in HAND_GAME.eligible if start.instrument == "designate"]
    ladder = adaptive(HAND_GAME, Rung((), starts=(*twice, *twice)))
    with pytest.raises(LadderError, match="ladder 'mine' is not allowed by game 'by hand' as it stands"):
        tornado(HAND_GAME, replace(study, candidates={"mine": ladder}))
    with pytest.raises(OptionError, match="a candidate is called 'kept'"):
        Study(candidates={"kept": ladder})
    known = solve(HAND_GAME, information=Information.CLAIRVOYANT).ladder
    with pytest.raises(OptionError, match="a clairvoyant ladder has no one first rung"):
        Study(ladder=known)


def test_frame_and_text() -> None:
    found: Tornado = tornado(TEACHING, Study(spread(TEACHING, 0.2, "weights.harm", "off_ramp.c*", "effort*")))
    frame = found.to_frame()
    assert list(frame["end"]) == ["low", "high"] * 3
    harm = frame[frame["factor"] == "weights.harm"].set_index("end")
    assert harm.loc["high", "number"] == 1.2
    assert bool(harm.loc["high", "changes"]) is True
    assert harm.loc["high", "first_rung"] == "designate medium_bank"
    assert frame["problem"].str.contains("still be earned").sum() == 1
    text = str(found)
    assert max(map(len, text.splitlines())) <= 100
    for words in (
        "One number at a time: teaching",
        "weights.harm = 1.2: designate medium_bank. Keeping the ladder costs 6.5 there.",
        "Ends that are no valid game",
        "The optimum is 471.2.",
        "2.0r",
    ):
        assert words in text
    assert first_rung(solve(TEACHING).outcome) == found.first_rung
