"""Laws that hold for every game, on seeded random ones: `solve` before and after a change of the game.

Each law needs no brute force, so it could also be asked of games that are too large for one.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from math import inf
from pathlib import Path
from typing import Any

import pytest

from games import random_game
from sanctopt import Information, Ladder, LadderError, Rung, Solution, Start, Ties, certify, play, solve
from sanctopt.game import Effect, Game, Instrument

SEEDS = range(300, 308)
INFORMATIONS = tuple(Information)
every_game = pytest.mark.parametrize("game", [random_game(s) for s in SEEDS], ids=lambda game: game.name)
every_information = pytest.mark.parametrize("information", INFORMATIONS)


@functools.cache
def solved(game: Game, information: Information = Information.ADAPTIVE, margin: float = 0.0) -> Solution:
    return solve(game, information=information, margin=margin)


def value(game: Game, information: Information = Information.ADAPTIVE, margin: float = 0.0) -> float:
    """Optimal value; -inf if no ladder has the margin."""
    solution = solved(game, information, margin)
    return solution.value if solution.has_ladder else -inf


def slack(*values: float) -> float:
    """How much two optima found with a relative gap of 1e-6 may differ without differing."""
    return 2e-6 * max(1.0, *(abs(value) for value in values if value > -inf))


def assert_at_least(more: float, less: float) -> None:
    assert more >= less - slack(more, less)


def assert_same(one: float, other: float) -> None:
    assert one == pytest.approx(other, abs=slack(one, other))


def test_games_differ() -> None:
    """The laws are asked of games with several stages and types, with and without off-ramp, and worth more
    than doing nothing.
    """
    games = [random_game(seed) for seed in SEEDS]
    assert sum(game.stages > 1 and len(game.patron_types) > 1 for game in games) >= 3
    assert {game.off_ramp is None for game in games} == {True, False}
    assert sum(value(game) > idle(game) + 1.0 for game in games) >= 4
    assert any(value(game, Information.CLAIRVOYANT) > value(game) + 1e-3 for game in games)


# --- what the coalition may know and do -------------------------------------------------------------------


@every_game
def test_information_is_never_worth_less_than_nothing(game: Game) -> None:
    clairvoyant, adaptive, open_loop = (
        value(game, information)
        for information in (Information.CLAIRVOYANT, Information.ADAPTIVE, Information.OPEN_LOOP)
    )
    assert_at_least(clairvoyant, adaptive)
    assert_at_least(adaptive, open_loop)


def idle(game: Game) -> float:
    """Value of doing nothing, ever; `play` raises if that were not allowed."""
    return play(game, Ladder.of(game, Information.ADAPTIVE, [Rung(())])).value


@every_game
def test_doing_nothing_never_beats_the_optimum(game: Game) -> None:
    for information in INFORMATIONS:
        assert_at_least(value(game, information), idle(game))


@every_game
def test_doing_nothing_is_best_if_nothing_can_be_done(game: Game) -> None:
    helpless = replace(game, effects=(), engagements=(), mitigations=(), off_ramp=None)
    assert_same(value(helpless), idle(game))
    assert not any(step.rung.starts or step.rung.threat for step in solved(helpless).outcome.steps)


@every_game
def test_more_effort_never_hurts(game: Game) -> None:
    for information in INFORMATIONS:
        more = replace(game, effort_per_stage=game.effort_per_stage + 1.0)
        assert_at_least(value(more, information), value(game, information))


@every_game
def test_one_more_instrument_never_hurts(game: Game) -> None:
    kind = game.entities[0].kind
    more = replace(
        game,
        instruments=(*game.instruments, Instrument("seize", effort=0.2, provocation=0.5, signal=0.2)),
        effects=(*game.effects, Effect("seize", kind, 0, 0.5)),
    )
    for information in (Information.ADAPTIVE, Information.OPEN_LOOP):
        assert_at_least(value(more, information), value(game, information))


@every_game
def test_more_credibility_never_hurts_without_an_off_ramp(game: Game) -> None:
    """With one it can: an exit may make a regime concede too early (`docs/formulation.md`)."""
    game = replace(game, off_ramp=None)
    most = game.credibility.max
    for initial in (min(most, game.credibility.initial + 0.3), most):
        more = replace(game, credibility=replace(game.credibility, initial=initial))
        assert_at_least(value(more), value(game))


@every_game
def test_ties_against_the_coalition_never_help(game: Game) -> None:
    for information in INFORMATIONS:
        solution = solved(game, information)
        optimistic = play(game, solution.ladder).value
        assert optimistic == pytest.approx(solution.value)
        assert play(game, solution.ladder, Ties.PESSIMISTIC).value <= optimistic + 1e-9 * max(
            1.0, abs(optimistic)
        )


@every_game
@every_information
def test_a_larger_margin_never_gives_more(game: Game, information: Information) -> None:
    values = [value(game, information, margin) for margin in (0.0, 0.01, 0.3, 1.0)]
    for less_asked, more_asked in itertools.pairwise(values):
        assert_at_least(less_asked, more_asked)


# --- what changes nothing ---------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [1e-3, 2500.0])
@every_game
def test_scaling_all_money_scales_the_value(game: Game, factor: float) -> None:
    scaled = in_units_of(game, factor)
    for information in INFORMATIONS:
        expected = factor * value(game, information)
        tolerance = slack(value(game, information)) * max(1.0, factor)
        assert value(scaled, information) == pytest.approx(expected, abs=tolerance)


def in_units_of(game: Game, factor: float) -> Game:
    """The game with every amount of money multiplied; exits compare two amounts, so they stay."""

    def times(amount: float | None) -> float | None:
        return None if amount is None else factor * amount

    ramp = game.off_ramp
    return replace(
        game,
        entities=tuple(replace(e, supply=times(e.supply), capacity=times(e.capacity)) for e in game.entities),
        links=tuple(replace(link, capacity=times(link.capacity)) for link in game.links),
        supply_changes=tuple(replace(row, supply=factor * row.supply) for row in game.supply_changes),
        harms=tuple(replace(row, harm=factor * row.harm) for row in game.harms),
        instruments=tuple(replace(row, cost=factor * row.cost) for row in game.instruments),
        engagements=tuple(replace(row, cost=factor * row.cost) for row in game.engagements),
        mitigations=tuple(replace(row, cost=factor * row.cost) for row in game.mitigations),
        off_ramp=ramp
        and replace(
            ramp,
            offer_cost=factor * ramp.offer_cost,
            concession_value=factor * ramp.concession_value,
        ),
        weights=replace(game.weights, credibility=factor * game.weights.credibility),
    )


@pytest.mark.parametrize("what", ["entities", "patron_types", "responses", "all"])
@every_game
def test_order_changes_nothing(game: Game, what: str) -> None:
    draw = random.Random(what)
    tables = {
        part.name: tuple(draw.sample(rows, len(rows)))
        for part in fields(game)
        if isinstance(rows := getattr(game, part.name), tuple)
        and part.name in ((what,) if what != "all" else TABLES)
    }
    for information in INFORMATIONS:
        assert_same(value(replace(game, **tables), information), value(game, information))


TABLES = (
    *("entities", "links", "instruments", "responses", "harms", "parties", "engagements"),
    *("patron_types", "utilities", "perception", "supply_changes"),
)
"""Tables whose order means nothing. (Effects, enforcement and mitigations are ordered by age and cost.)"""


@every_game
def test_splitting_a_type_changes_nothing(game: Game) -> None:
    first, *others = game.patron_types
    twins = [replace(first, name=name, prior=first.prior / 2) for name in ("one", "two")]
    split = replace(
        game,
        patron_types=(*twins, *others),
        utilities=_for_twins(game.utilities, first.name),
        perception=_for_twins(game.perception, first.name),
    )
    for information in INFORMATIONS:
        assert_same(value(split, information), value(game, information))


def _for_twins(rows: tuple[Any, ...], name: str) -> tuple[Any, ...]:
    kept = tuple(row for row in rows if row.type != name)
    return kept + tuple(
        replace(row, type=twin) for row in rows if row.type == name for twin in ("one", "two")
    )


# --- what is proven ---------------------------------------------------------------------------------------


def rejected(game: Game, solution: Solution, **changes: Any) -> bool:
    """Whether the certificate rejects a solution, or what was made of it."""
    claims: dict[str, Any] = {
        "claimed_value": solution.value,
        "claimed_responses": solution.outcome.responses,
    } | changes
    return not certify(game, claims.pop("ladder", solution.ladder), **claims).accepted


@every_game
@every_information
def test_a_certificate_rejects_another_value(game: Game, information: Information) -> None:
    solution = solved(game, information)
    assert not rejected(game, solution)
    off = 1e-5 * max(1.0, abs(solution.value))
    assert rejected(game, solution, claimed_value=solution.value + off)
    assert rejected(game, solution, claimed_value=solution.value - off)


def test_a_certificate_rejects_other_responses() -> None:
    tried = 0
    for seed in SEEDS:
        game = random_game(seed)
        for information in INFORMATIONS:
            solution = solved(game, information)
            for step in solution.outcome.steps:
                worse = [name for name in step.utilities if name not in step.tied]
                if worse:
                    taken = list(solution.outcome.responses[step.type])
                    taken[step.stage] = worse[0]
                    claimed = solution.outcome.responses | {step.type: tuple(taken)}
                    assert rejected(game, solution, claimed_responses=claimed), (game.name, step)
                    tried += 1
    assert tried >= 20


def without_a_start(game: Game, rung: Rung) -> Rung:
    return replace(rung, starts=rung.starts[1:])


def with_a_start(game: Game, rung: Rung) -> Rung:
    """One more start, allowed or not."""
    others = [start for start in game.eligible if start not in rung.starts]
    return replace(rung, starts=(*rung.starts, *others[:1]))


def with_an_unknown_start(game: Game, rung: Rung) -> Rung:
    return replace(rung, starts=(*rung.starts, Start("nobody", "nothing")))


@pytest.mark.parametrize(
    ("tamper", "least"), [(without_a_start, 4), (with_a_start, 15), (with_an_unknown_start, 15)]
)
def test_a_certificate_rejects_other_starts(tamper: Callable[[Game, Rung], Rung], least: int) -> None:
    """The claims of one ladder do not pass for another one, whose value or responses differ."""
    tried = 0
    for seed in SEEDS:
        game = random_game(seed)
        for information in INFORMATIONS:
            solution = solved(game, information)
            first, *later = [rung.decisions() for rung in solution.ladder.rungs]
            other = tamper(game, first)
            if other == first:
                continue
            ladder = Ladder.of(game, information, [other, *later])
            try:
                outcome = play(game, ladder)
            except LadderError:
                harmless = False
            else:
                near = abs(outcome.value - solution.value) <= 2e-6 * max(1.0, abs(solution.value))
                harmless = near and outcome.responses == solution.outcome.responses
            if not harmless:
                assert rejected(game, solution, ladder=ladder), (game.name, other)
                tried += 1
    assert tried >= least


# --- what repeats -----------------------------------------------------------------------------------------

SECONDS = ("wall_seconds", "compile_seconds", "solve_seconds")
PRINT = "from games import random_game; from sanctopt import solve; print(solve(random_game({})).to_json())"


def timeless(text: str) -> Any:
    """A solution's JSON without what a clock says."""
    return json.loads(
        text, object_hook=lambda data: {key: item for key, item in data.items() if key not in SECONDS}
    )


@every_game
def test_the_same_input_gives_the_same_answer(game: Game) -> None:
    first, second = solve(game).to_json(), solve(replace(game)).to_json()
    assert timeless(first) == timeless(second)
    assert "solve_seconds" in first


def test_the_same_answer_in_another_process() -> None:
    """Whatever the order in which Python walks its sets."""
    seed = SEEDS[-1]
    paths = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[1] / "src")])
    answers = [
        subprocess.run(
            [sys.executable, "-c", PRINT.format(seed)],
            env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": paths},
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert timeless(answers[0]) == timeless(answers[1]) == timeless(solve(random_game(seed)).to_json())
