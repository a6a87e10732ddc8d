"""The values of things: against brute force, by hand, and within what was proven."""

from __future__ import annotations

import functools
import itertools
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

import oracle
from games import random_game
from hand_games import HAND_GAME, adaptive, changed, one_type
from oracle import brute_force
from sanctopt import OptionError, Solution, SolveOptions, SolverError, load_case, play, solve
from sanctopt.analysis import valuation as module
from sanctopt.analysis.batch import Answer, BatchProgress
from sanctopt.analysis.changes import with_mean_type
from sanctopt.analysis.valuation import Thing, Values, Worth, values
from sanctopt.game import Game, Harm, Party, PatronType, Utility
from sanctopt.ladder import Rung
from test_rung_limits import best, ours

SEEDS = (*range(300, 308), 311, 333, 349, 445, 449)
"""The last ones are games in which it pays to watch the responses; that is rare in games this small."""

TEACHING = load_case("teaching")


def slack(*optima: float) -> float:
    """How much optima found with a relative gap of 1e-6 may be off."""
    return 4e-6 * max(1.0, *map(abs, optima))


def without(game: Game, row: Worth) -> Game | None:
    """The game that a row compares with, by hand; None for rows that compare something else."""
    match row.thing, row.name.split(" ", 1)[-1]:
        case Thing.INSTRUMENT, name:
            gone = {name}
            for _ in game.instruments:
                gone |= {item.name for item in game.instruments if item.requires in gone}
            return replace(game, effects=tuple(item for item in game.effects if item.instrument not in gone))
        case Thing.ENGAGEMENT, name:
            return replace(game, engagements=tuple(item for item in game.engagements if item.name != name))
        case Thing.MITIGATION, "mitigations":
            return replace(game, mitigations=())
        case Thing.MITIGATION, name:
            return replace(game, mitigations=tuple(item for item in game.mitigations if item.name != name))
        case Thing.THREATS, _:
            return replace(game, standing_threats=False)
        case Thing.OFF_RAMP, _:
            return replace(game, off_ramp=None)
    return None


def true_difference(game: Game, row: Worth) -> float:
    """The value by brute force."""
    optimum = brute_force(game).value
    if (smaller := without(game, row)) is not None:
        return optimum - brute_force(smaller).value
    match row.thing:
        case Thing.INFORMATION:
            return brute_force(game, "clairvoyant").value - optimum
        case Thing.ADAPTING:
            return optimum - brute_force(game, "open_loop").value
        case Thing.EFFORT:
            more = replace(game, effort_per_stage=game.effort_per_stage + 1.0)
            return brute_force(more).value - optimum
        case Thing.CREDIBILITY:
            stock = game.credibility
            initial = min(stock.max, stock.initial + 1.0)
            more = replace(game, credibility=replace(stock, initial=initial))
            return brute_force(more).value - optimum
        case Thing.BY_STAGE:
            path = solve(with_mean_type(game)).ladder.rungs
            return optimum - held_optimum(game, path[: int(row.name.split(" ")[-1]) + 1])
        case Thing.STOCHASTIC_SOLUTION:
            rungs = [rung.decisions() for rung in solve(with_mean_type(game)).ladder.rungs]
            return optimum - play(game, adaptive(game, *rungs)).value
    raise AssertionError(row)


def held_optimum(game: Game, rungs: tuple[Rung, ...]) -> float:
    """By brute force: rungs are held at their histories, but for an offer, which may be left out."""
    held = {rung.history: rung for rung in rungs}

    def allows(_: int, rung: oracle.Rung, replies: tuple[oracle.Reply, ...]) -> bool:
        wanted = held.get(replies[0].player.responses)
        if wanted is None:
            return True
        same = replace(ours(rung), offer=False) == replace(wanted.decisions(), history=(), offer=False)
        return same and (wanted.offer or not any(reply.concedes for reply in replies))

    return best(game, allows)


@functools.cache
def found_values(seed: int) -> Values:
    return values(random_game(seed))


def expected_names(game: Game) -> list[str]:
    names = ["information", "adapting", *(f"instrument {item.name}" for item in game.instruments)]
    names += [f"engagement {item.name}" for item in game.engagements]
    names += ["all engagements"] * (len(game.engagements) > 1)
    names += [f"mitigation {name}" for name in game.mitigation_names]
    names += ["all mitigations"] * (len(game.mitigation_names) > 1)
    names += ["standing threats"] * game.standing_threats
    names += ["off-ramp"] * (game.off_ramp is not None)
    names += ["one more unit of effort"]
    names += ["more initial credibility"] * (game.credibility.initial < game.credibility.max)
    for rung in solve(with_mean_type(game)).ladder.rungs:
        stages = f"stages 0 to {rung.stage}" if rung.stage else "stage 0"
        names.append(f"stochastic solution, {stages}")
    return [*names, "stochastic solution"]


def test_every_kind_of_value_occurs() -> None:
    games = [random_game(seed) for seed in SEEDS]
    seen = {name.split(" ")[0] for game in games for name in expected_names(game)}
    assert seen >= {
        "information",
        "instrument",
        "engagement",
        "mitigation",
        "all",
        "standing",
        "off-ramp",
        "more",
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_values_are_those_of_brute_force(seed: int) -> None:
    game = random_game(seed)
    found = found_values(seed)
    assert [row.name for row in found.rows] == expected_names(game)
    optimum = brute_force(game).value
    assert found.optimum == pytest.approx(optimum, abs=slack(optimum))
    for row in found.rows:
        expected = true_difference(game, row)
        tolerance = slack(optimum, optimum + expected)
        assert row.value == pytest.approx(expected, abs=tolerance), row.name
        assert row.low - tolerance <= expected <= row.high + tolerance, row.name
        assert row.low <= row.value <= row.high
        assert row.high - row.low <= 2 * tolerance
        if row.thing is not Thing.CREDIBILITY or game.off_ramp is None:
            assert expected >= -tolerance, row.name
        if optimum != 0.0:
            assert row.relative == pytest.approx(row.value / abs(found.optimum))


@pytest.mark.parametrize("seed", SEEDS)
def test_holding_more_of_the_mean_plan_never_helps(seed: int) -> None:
    rows = [row for row in found_values(seed).rows if row.name.startswith("stochastic solution")]
    assert len(rows) >= 2
    for less, more in itertools.pairwise(rows):
        assert more.value >= less.value - slack(found_values(seed).optimum)


def test_values_differ() -> None:
    """The comparison above is no comparison of zeros."""
    kinds: dict[Thing, int] = {}
    for seed in SEEDS:
        for row in found_values(seed).rows:
            kinds[row.thing] = kinds.get(row.thing, 0) + (row.value > 1e-3)
    assert all(kinds[thing] >= 1 for thing in Thing), kinds


def test_more_credibility_is_no_law_where_there_is_an_off_ramp() -> None:
    """An exit may make a regime concede too early (`tests/test_laws.py`)."""
    for game in (TEACHING, replace(TEACHING, off_ramp=None)):
        plans = [plan for plan in module._plans(game) if plan.thing is Thing.CREDIBILITY]
        assert [plan.lawful for plan in plans] == [game.off_ramp is None]


# --- by hand ----------------------------------------------------------------------------------------------


def two_types(harm: float) -> Game:
    """One stage; each type hits above a provocation of its own, calm 4.5 and proud 0.5, so their mean 2.5.

    Revenue is 95. Provocation and revenue denied: notice to the bank 0.5 and 0.5; the trader 1 and 45; both
    1.5 and 50; trader and bank 3 and 65.
    """
    rows = [
        Utility(name, response, base, float(response == "hit"))
        for name, last in (("calm", -4.5), ("proud", -0.5))
        for response, base in (("hold", 0.0), ("protest", -10.0), ("hit", last))
    ]
    return changed(
        stages=1,
        weights=replace(HAND_GAME.weights, cost=0.0),
        patron_types=(PatronType("calm", 0.5), PatronType("proud", 0.5)),
        utilities=tuple(rows),
        parties=(Party("KOR"),),
        harms=(Harm("hit", "KOR", harm),),
    )


def test_evpi_and_vss_by_hand() -> None:
    """The mean type bears trader and notice, which proud does not: 50 - harm / 2.

    With harm 200, notice alone is best: proud then is indifferent. Calm alone would be worth 65, proud 0.5.
    With harm 40, proud's blow is borne: trader and bank, 65 - 20. Calm alone 65, proud alone 65 - 40.
    """
    dear, cheap = values(two_types(200.0)), values(two_types(40.0))
    assert dear.optimum == pytest.approx(0.5)
    assert dear.of("information").value == pytest.approx((65 + 0.5) / 2 - 0.5)
    assert dear.of("stochastic solution").value == pytest.approx(0.5 - (50 - 100))
    assert cheap.optimum == pytest.approx(45.0)
    assert cheap.of("information").value == pytest.approx(0.0, abs=1e-4)
    assert cheap.of("stochastic solution").value == pytest.approx(45 - (50 - 20))
    for found in (dear, cheap):
        assert found.of("adapting").value == pytest.approx(0.0, abs=1e-4)
    assert cheap.of("instrument designate").value == pytest.approx(45 - 0.5)
    assert dear.of("instrument notice").value == pytest.approx(0.5)


def test_one_type_leaves_nothing_to_know() -> None:
    found = values(one_type(HAND_GAME))
    for name in ("information", "adapting", "stochastic solution"):
        assert found.of(name).value == pytest.approx(0.0, abs=1e-4)


def test_things_that_stand_in_for_each_other() -> None:
    """Each engagement alone is worth nothing beside its twin, both together are worth something."""
    game = next(
        game for game in map(random_game, range(200)) if game.engagements and worth_of_talks(game) > 0.1
    )
    twin = replace(game.engagements[0], name="twin")
    found = values(replace(game, engagements=(*game.engagements, twin)), which=[Thing.ENGAGEMENT])
    assert [row.name for row in found.rows] == ["engagement talk0", "engagement twin", "all engagements"]
    first, second, both = (row.value for row in found.rows)
    assert both >= worth_of_talks(game) - slack(found.optimum)
    assert both > 0.1
    assert first == pytest.approx(second, abs=slack(found.optimum))


def worth_of_talks(game: Game) -> float:
    return solve(game).value - solve(replace(game, engagements=())).value


def test_what_requires_an_instrument_goes_with_it() -> None:
    rows = (HAND_GAME.instruments[0], replace(HAND_GAME.instruments[1], requires="notice"))
    found = values(changed(instruments=rows), which=[Thing.INSTRUMENT])
    notice = found.of("instrument notice")
    assert notice.definition == "optimum minus that without notice and what requires it (designate)"
    assert notice.value == pytest.approx(found.optimum)  # nothing is left to do


# --- with a gap -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [SolveOptions(time_limit_seconds=0.0), SolveOptions(relative_gap=0.3)])
def test_ranges_hold_what_is_true(options: SolveOptions) -> None:
    """However early the solves end, the true difference lies in the range, and the value too."""
    wide = 0
    for game in (*(random_game(seed) for seed in SEEDS[:6]), two_types(40.0)):
        optimum = brute_force(game).value
        for row in values(game, options=options).rows:
            if row.thing in (Thing.STOCHASTIC_SOLUTION, Thing.BY_STAGE):
                continue  # of the plan found; see below
            expected = true_difference(game, row)
            tolerance = slack(optimum, optimum + expected)
            assert row.low - tolerance <= expected <= row.high + tolerance, (game.name, row)
            assert row.low <= row.value <= row.high or math.isnan(row.value)
            assert row.low >= 0.0 or (row.thing is Thing.CREDIBILITY and game.off_ramp is not None)
            wide += row.high - row.low > 0.1
    assert wide > 5


def solution_with(value: float, bound: float | None) -> Solution:
    """A solution that claims this value and bound."""
    full = solve(one_type(HAND_GAME))
    outcome = full.outcome
    steps = tuple(
        replace(step, payoff=value if number == 0 else 0.0) for number, step in enumerate(outcome.steps)
    )
    plan = replace(full.plans[0], outcome=replace(outcome, steps=steps))
    found = replace(full, plans=(plan,), dual_bound=bound)
    assert found.value == value
    return found


def given(monkeypatch: pytest.MonkeyPatch, *solutions: Solution) -> None:
    """Let the solves of `values` end with these, in order."""

    def answers(questions: object, **_asked: object) -> tuple[Answer, ...]:
        return tuple(Answer(str(number), solution) for number, solution in enumerate(solutions))

    monkeypatch.setattr(module, "solve_each", answers)


def only_row(monkeypatch: pytest.MonkeyPatch, which: Thing, *solutions: Solution) -> Worth:
    given(monkeypatch, *solutions)
    (row,) = values(HAND_GAME, which=[which]).rows
    return row


def test_the_range_is_the_difference_of_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    optimum = solution_with(100.0, 120.0)
    row = only_row(monkeypatch, Thing.ADAPTING, optimum, solution_with(70.0, 90.0))
    assert (row.value, row.low, row.high, row.relative) == (30.0, 10.0, 50.0, 0.3)
    row = only_row(monkeypatch, Thing.INFORMATION, optimum, solution_with(130.0, 150.0))
    assert (row.value, row.low, row.high, row.relative) == (30.0, 10.0, 50.0, 0.3)
    row = only_row(monkeypatch, Thing.INFORMATION, optimum, solution_with(110.0, 115.0))
    assert (row.value, row.low, row.high) == (10.0, 0.0, 15.0)  # not -5: knowing more never hurts
    row = only_row(monkeypatch, Thing.ADAPTING, optimum, solution_with(104.0, 110.0))
    assert (row.value, row.low, row.high) == (0.0, 0.0, 16.0)  # the first solve missed a ladder worth 104


def test_what_is_not_known_is_not_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    optimum, none = solution_with(100.0, 120.0), replace(solution_with(0.0, 80.0), plans=())
    row = only_row(monkeypatch, Thing.ADAPTING, optimum, none)
    assert math.isnan(row.value)
    assert math.isnan(row.relative)
    assert (row.low, row.high) == (20.0, math.inf)
    row = only_row(monkeypatch, Thing.ADAPTING, optimum, solution_with(70.0, None))
    assert (row.value, row.low, row.high) == (30.0, 0.0, 50.0)
    row = only_row(monkeypatch, Thing.STOCHASTIC_SOLUTION, optimum, none)
    assert math.isnan(row.value)
    assert row.high == math.inf
    given(monkeypatch, none, solution_with(70.0, 75.0))
    found = values(HAND_GAME, which=[Thing.ADAPTING])
    assert math.isnan(found.optimum)
    assert found.dual_bound == 80.0
    assert (found.rows[0].low, found.rows[0].high) == (0.0, 10.0)
    assert "unknown" in str(found)


def test_the_plan_found_for_the_mean_type_is_valued(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gap of that solve makes the range no wider: the plan is what it is."""
    game = two_types(40.0)
    mean = replace(solve(with_mean_type(game)), dual_bound=1e6)
    given(monkeypatch, solve(game), mean)
    (row,) = values(game, which=[Thing.STOCHASTIC_SOLUTION]).rows
    assert (row.low, row.high) == pytest.approx((15.0, 15.0), abs=1e-3)


def test_contradictions_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SolverError, match=r"adapting: a ladder worth 125.0 stands above the bound 120.0"):
        only_row(monkeypatch, Thing.ADAPTING, solution_with(100.0, 120.0), solution_with(125.0, 130.0))
    with pytest.raises(SolverError, match="information: a ladder worth"):
        only_row(monkeypatch, Thing.INFORMATION, solution_with(100.0, 120.0), solution_with(60.0, 99.0))


def test_after_ctrl_c_the_rest_is_not_known() -> None:
    def stop(progress: BatchProgress) -> None:
        if progress.done == 2:
            raise KeyboardInterrupt

    found = values(HAND_GAME, on_progress=stop)
    assert found.rows[0].value == values(HAND_GAME, which=[Thing.INFORMATION]).rows[0].value
    assert all(math.isnan(row.value) and row.high == math.inf for row in found.rows[1:])


# --- what is asked and shown ------------------------------------------------------------------------------


def test_an_executor_changes_nothing() -> None:
    told: list[BatchProgress] = []
    with ThreadPoolExecutor(2) as executor:
        found = values(TEACHING, executor=executor, on_progress=told.append)
    assert found == values(TEACHING)
    assert len(told) == len(found.rows) + 1


def test_which() -> None:
    assert values(HAND_GAME, which=[]).rows == ()
    found = values(HAND_GAME, which=[Thing.OFF_RAMP, Thing.THREATS, Thing.EFFORT])
    assert [row.name for row in found.rows] == ["one more unit of effort"]
    with pytest.raises(OptionError, match=r"which holds 'effort'; give some of Thing\.INFORMATION"):
        values(HAND_GAME, which=["effort"])  # type: ignore[list-item]
    with pytest.raises(OptionError, match="'threats' was not valued; what was: 'one more unit of effort'"):
        found.of("threats")


def test_frame_and_text() -> None:
    found = values(TEACHING, which=[Thing.INFORMATION, Thing.CREDIBILITY])
    frame = found.to_frame()
    assert list(frame.columns) == ["name", "definition", "value", "low", "high", "relative"]
    assert list(frame["name"]) == ["information", "more initial credibility"]
    assert frame["value"][0] == pytest.approx(19.40, abs=0.01)
    text = str(found)
    assert text.splitlines()[0] == "teaching: optimum 471.18 (US$m, expected over types)"
    assert "19.40     4.1 %" in text
    assert "optimum with initial credibility 1.5 (the maximum) minus that with 0.65" in text
    assert "proven" not in text
    wide = Values("x", 1.0, 2.0, (replace(found.rows[0], low=0.0, high=90.0),))
    assert str(wide).splitlines()[0] == "x: optimum 1.00 (US$m, expected over types), at most 2.00"
    assert "(proven: 0.00 to 90.00)" in str(wide)
