"""`solve` against values that others published or computed.

`tests/cases/README.md` says where they come from.
"""

from __future__ import annotations

import csv
import functools
import random
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from hand_games import with_utility
from oracle import brute_force
from sanctopt import Information, SolveOptions, read_case, solve
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
    Party,
    PatronType,
    Response,
    Utility,
    Weights,
)
from sanctopt.network import RevenueNetwork

CASES = Path(__file__).parent / "cases"


@functools.cache
def values() -> dict[tuple[str, Information], float]:
    with (CASES / "values.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        (row["case"], information): float(row[information.value])
        for row in rows
        for information in Information
    }


def test_values_are_all_there() -> None:
    assert len(values()) == 3 * (28 + 3)


@pytest.mark.parametrize("information", Information)
@pytest.mark.parametrize("name", [f"tiny/{number:02d}" for number in range(28)])
def test_tiny_cases(name: str, information: Information) -> None:
    """Brute force over all rungs and public histories, by a program that shares nothing with this one."""
    solution = solve(read_case(CASES / name), information=information)
    assert solution.value == pytest.approx(values()[name, information], rel=1e-6)


@pytest.mark.parametrize("information", Information)
@pytest.mark.parametrize("name", ["small/101", "small/102", "small/103"])
def test_small_cases(name: str, information: Information) -> None:
    """A mixed-integer program that shares nothing with this one, solved to a gap of 1e-7."""
    options = SolveOptions(relative_gap=1e-6, threads=2)
    solution = solve(read_case(CASES / name), information=information, options=options)
    assert solution.value == pytest.approx(values()[name, information], rel=1e-5)
    assert solution.dual_bound == pytest.approx(values()[name, information], rel=1e-5)


# --- interdiction -----------------------------------------------------------------------------------------

INTERDICTION = Game(
    name="interdiction",
    stages=1,
    effort_per_stage=0.0,
    credibility=Credibility(0.0, 0.0, 1.0),
    carryover=0.0,
    retention=0.0,
    max_cover=1.0,
    weights=Weights(1.0, 1.0, 1.0, 0.0),
    off_ramp=None,
    entities=(),
    links=(),
    instruments=(Instrument("cut"),),
    effects=(Effect("cut", "arc", 0, 1.0),),
    responses=(Response("hold"),),
    patron_types=(PatronType("y", 1.0),),
    utilities=(Utility("y", "hold", 0.0, 0.0),),
)
"""One stage, one type, one response: the coalition cuts arcs, the regime ships the most it can."""

Arc = tuple[str, str, float]
"""Tail, head and capacity."""


def interdiction(arcs: list[Arc], source: str, sink: str, attacks: int) -> Game:
    """Every arc is an entity that an attack removes; arcs out of the source are channels."""
    return replace(
        INTERDICTION,
        effort_per_stage=float(attacks),
        entities=tuple(
            Entity(f"{tail}>{head}", "arc", capacity=size, supply=size if tail == source else None)
            for tail, head, size in arcs
        ),
        links=tuple(
            Link(f"{tail}>{head}", REGIME if head == sink else f"{head}>{beyond}")
            for tail, head, _ in arcs
            for beyond in ([""] if head == sink else [other for start, other, _ in arcs if start == head])
        ),
    )


@pytest.mark.parametrize(("attacks", "left"), [(0, 80.0), (1, 10.0), (2, 0.0)])
def test_largest_flow_after_attacks(attacks: int, left: float) -> None:
    """Wood (1993), Mathematical and Computer Modelling 17(2), 1-18; instance and flows: PyomoGallery."""
    with (CASES / "network_interdiction/max_flow/sample_arcs_data.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    arcs = [(row["StartNode"], row["EndNode"], float(row["Capacity"])) for row in rows]
    solution = solve(interdiction(arcs, "Start", "End", attacks))
    (step,) = solution.outcome.steps
    assert len(step.rung.starts) <= attacks
    assert step.revenue == pytest.approx(left, abs=1e-6)
    assert solution.value == pytest.approx(80.0 - left)


def grid(rows: int, columns: int, seed: int) -> list[Arc]:
    """A grid from left to right, with arcs down each inner column, after Royset and Wood (2007)."""
    draw = random.Random(seed)
    arcs: list[Arc] = [("s", f"{row},0", 1000.0) for row in range(rows)]
    for row in range(rows):
        arcs += [(f"{row},{c}", f"{row},{c + 1}", float(draw.randint(1, 20))) for c in range(columns - 1)]
        arcs.append((f"{row},{columns - 1}", "t", 1000.0))
    for column in range(1, columns - 1):
        arcs += [(f"{r},{column}", f"{r + 1},{column}", float(draw.randint(1, 20))) for r in range(rows - 1)]
    return arcs


@pytest.mark.parametrize("seed", [1, 2])
def test_random_grid_against_enumeration(seed: int) -> None:
    """Royset and Wood (2007), INFORMS Journal on Computing 19(2), 175-184: any 2 of the arcs of a 4x5 grid.

    The arcs at the source and the sink cannot be attacked.
    """
    attacks, arcs = 2, grid(4, 5, seed)
    game = interdiction(arcs, "s", "t", attacks)
    fixed = {f"{tail}>{head}" for tail, head, _ in arcs if tail == "s" or head == "t"}
    game = replace(
        game,
        entities=tuple(replace(row, kind="safe") if row.name in fixed else row for row in game.entities),
    )
    assert len(game.eligible) == len(arcs) - len(fixed) == 25
    network = RevenueNetwork(game)
    flows = [
        max_flow(arcs, {start.entity for start in pair}) for pair in combinations(game.eligible, attacks)
    ]
    whole = max_flow(arcs, set())
    assert network.baseline_revenue(0) == pytest.approx(whole)
    assert solve(game).value == pytest.approx(whole - min(flows))


def max_flow(arcs: list[Arc], cut: set[str]) -> float:
    """Largest flow from s to t, by networkx."""
    import networkx as nx

    network = nx.DiGraph()
    for tail, head, size in arcs:
        network.add_edge(tail, head, capacity=0.0 if f"{tail}>{head}" in cut else size)
    return float(nx.maximum_flow_value(network, "s", "t"))


# --- commitment -------------------------------------------------------------------------------------------

MATRIX_GAME = replace(
    INTERDICTION,
    name="matrix",
    credibility=Credibility(1.0, 0.0, 1.0),
    weights=Weights(1.0, 1.0, 1.0, 4.0),
    entities=(Entity("coal", "channel", supply=1.0),),
    links=(Link("coal", REGIME),),
    effects=(),
    engagements=(Engagement("second row", effect=1.0, cost=1.0),),
    responses=(Response("left"), Response("right")),
    parties=(Party("ally"),),
    harms=(Harm("left", "ally", 2.0),),
    utilities=(
        Utility("y", "left", 1.0, 0.0, engagement=-1.0),
        Utility("y", "right", 0.0, 0.0, engagement=1.0),
    ),
)
"""Leader [[2, 4], [1, 3]], follower [[1, 0], [0, 1]]: 4 from credibility, 2 lost to left, 1 for row 2."""


@pytest.mark.parametrize("information", Information)
def test_commitment_in_a_matrix_game(information: Information) -> None:
    """Conitzer and Sandholm (2006), EC '06, 82-90: 2 without commitment, 3 with a pure one."""
    solution = solve(MATRIX_GAME, information=information)
    assert solution.value == pytest.approx(3.0)
    (step,) = solution.outcome.steps
    assert step.rung.engagements == ("second row",)
    assert step.response == "right"
    first_row = solve(replace(MATRIX_GAME, engagements=()), information=information)
    assert first_row.value == pytest.approx(2.0)
    assert first_row.outcome.steps[0].response == "left"


def test_a_follower_that_is_indifferent_helps_the_leader() -> None:
    """Strong Stackelberg: in a tie of both columns at row 1, the leader gets its 4."""
    game = with_utility(MATRIX_GAME, "y", "left", base=0.0)
    assert solve(game).value == pytest.approx(4.0)
    assert brute_force(game).value == pytest.approx(4.0)
    assert solve(game, margin=0.5).value == pytest.approx(3.0)
