"""The brute force itself: against published values, and against games small enough to solve in one's head."""

from __future__ import annotations

import csv
import functools
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings

from games import tiny_games
from oracle import Information, Rung, brute_force
from sanctopt.case import read_case
from sanctopt.game import (
    REGIME,
    Credibility,
    Effect,
    Engagement,
    Entity,
    Game,
    Harm,
    Instrument,
    Link,
    OffRamp,
    Party,
    PatronType,
    Perception,
    Response,
    Start,
    Utility,
    Weights,
)

CASES = Path(__file__).parent / "cases"
INFORMATION: tuple[Information, ...] = get_args(Information)
NEVER = -99.0
"""Base utility of a response that a type never takes."""


@functools.cache
def known_values() -> dict[str, dict[str, str]]:
    with (CASES / "values.csv").open(newline="", encoding="utf-8") as file:
        return {row["case"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize("information", INFORMATION)
@pytest.mark.parametrize("name", [f"tiny/{number:02d}" for number in range(28)])
def test_known_values(name: str, information: Information) -> None:
    """Values are published with six decimals; some come from a program with a gap."""
    answer = brute_force(read_case(CASES / name), information)
    assert answer.value == pytest.approx(float(known_values()[name][information]), abs=1e-6)


# --- by hand ----------------------------------------------------------------------------------------------

PLAIN = Game(
    name="plain",
    stages=1,
    effort_per_stage=1.0,
    credibility=Credibility(0.0, 0.0, 1.0),
    carryover=0.0,
    retention=0.0,
    max_cover=1.0,
    weights=Weights(1.0, 1.0, 1.0, 0.0),
    off_ramp=None,
    entities=(Entity("coal", "channel", supply=10.0, salience=1.0),),
    links=(Link("coal", REGIME),),
    instruments=(Instrument("cut"),),
    effects=(Effect("cut", "channel", 0, 1.0),),
    responses=(Response("hold"), Response("hit", hostile=True)),
    patron_types=(PatronType("y", 1.0),),
    utilities=(Utility("y", "hold", 0.0, 0.0), Utility("y", "hit", NEVER, 0.0)),
    parties=(Party("ally"),),
)
"""One channel of 10 that one start cuts off, at no cost and without an answer."""

CUT = Start("coal", "cut")


def test_plain_game() -> None:
    answer = brute_force(PLAIN)
    assert answer.value == pytest.approx(10.0)
    assert answer.first_rung == Rung(starts=frozenset({CUT}))


def matrix_game() -> Game:
    """Conitzer and Sandholm (2006): leader [[2, 4], [1, 3]], follower [[1, 0], [0, 1]].

    Rows: not engaging, engaging (cost 1). Columns: left (harm 2), right. Credibility of the start adds 4.
    """
    return replace(
        PLAIN,
        credibility=Credibility(1.0, 0.0, 1.0),
        weights=Weights(1.0, 1.0, 1.0, 4.0),
        effects=(),
        engagements=(Engagement("row 2", effect=1.0, cost=1.0),),
        responses=(Response("left"), Response("right")),
        harms=(Harm("left", "ally", 2.0),),
        utilities=(
            Utility("y", "left", 1.0, 0.0, engagement=-1.0),
            Utility("y", "right", 0.0, 0.0, engagement=1.0),
        ),
    )


@pytest.mark.parametrize("information", INFORMATION)
def test_commitment_in_a_matrix_game(information: Information) -> None:
    answer = brute_force(matrix_game(), information)
    assert answer.value == pytest.approx(3.0)
    assert answer.first_rung == Rung(engagements=frozenset({"row 2"}))
    assert [step.response for step in answer.paths["y"]] == ["right"]


def test_without_the_second_row_the_leader_gets_2() -> None:
    assert brute_force(replace(matrix_game(), engagements=())).value == pytest.approx(2.0)


def test_margin() -> None:
    """Each row decides for its column by exactly 1."""
    assert brute_force(matrix_game(), margin=1.0).value == pytest.approx(3.0)
    none = brute_force(matrix_game(), margin=1.01)
    assert none.value == -inf
    assert none.first_rung is None


def interdiction(attacks: int) -> Game:
    """Wood (1993) by way of the PyomoGallery: every arc is a vertex whose capacity an attack removes."""
    with (CASES / "network_interdiction/max_flow/sample_arcs_data.csv").open(newline="") as file:
        arcs = list(csv.DictReader(file))
    names = [f"{arc['StartNode']}-{arc['EndNode']}" for arc in arcs]
    capacities = [float(arc["Capacity"]) for arc in arcs]
    return replace(
        PLAIN,
        effort_per_stage=float(attacks),
        entities=tuple(
            Entity(name, "arc", capacity=capacity, supply=capacity if arc["StartNode"] == "Start" else None)
            for name, arc, capacity in zip(names, arcs, capacities, strict=True)
        ),
        links=tuple(
            Link(name, other)
            for name, arc in zip(names, arcs, strict=True)
            for other, after in zip(names, arcs, strict=True)
            if arc["EndNode"] == after["StartNode"]
        )
        + tuple(Link(name, REGIME) for name, arc in zip(names, arcs, strict=True) if arc["EndNode"] == "End"),
        effects=(Effect("cut", "arc", 0, 1.0),),
        responses=(Response("hold"),),
        utilities=(Utility("y", "hold", 0.0, 0.0),),
    )


@pytest.mark.parametrize(("attacks", "left"), [(0, 80.0), (1, 10.0), (2, 0.0)])
def test_interdiction(attacks: int, left: float) -> None:
    assert brute_force(interdiction(attacks)).value == pytest.approx(80.0 - left)


def threat_game() -> Game:
    """Both types are about to hit in stage 0 (harm 20). The threat to cut in stage 1 holds calm back, not
    proud; carrying it out costs 30 and denies 10.
    """
    return replace(
        PLAIN,
        stages=2,
        standing_threats=True,
        instruments=(Instrument("cut", cost=30.0),),
        harms=(Harm("hit", "ally", 20.0),),
        patron_types=(PatronType("calm", 0.6), PatronType("proud", 0.4)),
        utilities=(
            Utility("calm", "hold", 0.0, 0.0),
            Utility("calm", "hit", -2.0, 1.0, threat=-1.0),
            Utility("proud", "hold", 0.0, 0.0),
            Utility("proud", "hit", -2.0, 1.0),
        ),
        perception=(Perception("calm", 0, 2.5), Perception("proud", 0, 2.5)),
    )


@pytest.mark.parametrize(
    ("information", "value"),
    [
        ("clairvoyant", -0.4 * 20),  # threaten calm only
        ("adaptive", -0.4 * (20 + 20)),  # threaten both, and carry it out after proud's hit
        ("open_loop", -20.0),  # it would be carried out against calm too: no threat
    ],
)
def test_a_called_threat_binds(information: Information, value: float) -> None:
    assert brute_force(threat_game(), information).value == pytest.approx(value)


def test_paths_tell_what_each_type_meets() -> None:
    answer = brute_force(threat_game())
    threat = Rung(threat=frozenset({CUT}))
    assert answer.first_rung == threat
    assert [step.response for step in answer.paths["calm"]] == ["hold", "hold"]
    assert [step.rung for step in answer.paths["proud"]] == [threat, Rung(starts=frozenset({CUT}))]


@pytest.mark.parametrize("information", INFORMATION)
def test_who_concedes_calls_no_threat(information: Information) -> None:
    """Proud hits (20) and takes the off-ramp (20): calm, threatened, holds; nothing need be carried out."""
    game = threat_game()
    calm, proud = game.patron_types
    game = replace(game, off_ramp=OffRamp(0.0, 20.0), patron_types=(calm, replace(proud, reservation=1.0)))
    assert brute_force(game, information).value == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("age", "value"),
    [
        (0, 0.0),  # the threat is notice and cut together
        (1, -5.0),  # notice at once, and the threat to cut
        (2, -20.0),  # there is no time to threaten
    ],
)
def test_a_threat_needs_its_requirements_by_then(age: int, value: float) -> None:
    game = threat_game()
    calm = game.patron_types[0]
    game = replace(
        game,
        effort_per_stage=2.0,
        instruments=(
            Instrument("notice", cost=5.0, provocation=0.0),
            Instrument("cut", cost=30.0, requires="notice", requires_age=age),
        ),
        effects=(*game.effects, Effect("notice", "channel", 0, 0.0)),
        patron_types=(replace(calm, prior=1.0),),
        utilities=tuple(row for row in game.utilities if row.type == calm.name),
    )
    assert brute_force(game).value == pytest.approx(value)


@pytest.mark.parametrize(
    ("information", "value"),
    [
        ("clairvoyant", 0.5 * 20),  # cut at once against calm, never against proud
        ("adaptive", 0.5 * (-1 + 10)),  # calm's costly answer tells the types apart, then cut against calm
        ("open_loop", 0.0),  # cutting means half a chance of a hit
    ],
)
def test_a_tie_may_fall_for_what_it_reveals(information: Information, value: float) -> None:
    """Calm holds or protests (harm 1) alike, proud holds; cut off, proud hits (harm 100)."""
    game = replace(
        PLAIN,
        stages=2,
        responses=(Response("hold"), Response("protest"), Response("hit", hostile=True)),
        harms=(Harm("protest", "ally", 1.0), Harm("hit", "ally", 100.0)),
        patron_types=(PatronType("calm", 0.5), PatronType("proud", 0.5)),
        utilities=(
            Utility("calm", "hold", 0.0, 0.0),
            Utility("calm", "protest", 0.0, 0.0),
            Utility("calm", "hit", NEVER, 0.0),
            Utility("proud", "hold", 0.0, 0.0),
            Utility("proud", "protest", NEVER, 0.0),
            Utility("proud", "hit", -0.5, 1.0),
        ),
    )
    assert brute_force(game, information).value == pytest.approx(value)


# --- in general -------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(tiny_games())
def test_knowing_more_is_never_worse(game: Game) -> None:
    """Nor is having no margin to keep; and every path ends with the game."""
    adaptive = brute_force(game)
    assert brute_force(game, "clairvoyant").value >= adaptive.value - 1e-9
    assert adaptive.value >= brute_force(game, "open_loop").value - 1e-9
    assert adaptive.value >= brute_force(game, margin=0.25).value - 1e-9
    for path in adaptive.paths.values():
        assert len(path) == game.stages or path[-1].concedes
        assert not any(step.concedes for step in path[:-1])
