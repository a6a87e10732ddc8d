"""Maximum-flow interdiction: the published instance and random grids, as escalation games and on their own.

An attacker removes at most R arcs of a network; what is left carries the largest flow it can. As an
escalation game: one stage, one type, one response; each arc is an entity with the arc's capacity, `cut`
removes all of it at effort 1, and the optimum is the whole flow minus the flow left. No part of the library
but the game's records is used here, so `least_flow` and `enumerated_flow` are oracles.

References
----------
R. K. Wood (1993). Deterministic network interdiction. Mathematical and Computer Modelling 17(2), 1-18.
J. O. Royset and R. K. Wood (2007). Solving the bi-objective maximum-flow network-interdiction problem.
INFORMS Journal on Computing 19(2), 175-184.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Collection
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import networkx as nx
import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from sanctopt.game import (
    REGIME,
    Credibility,
    Effect,
    Entity,
    Game,
    Instrument,
    Link,
    PatronType,
    Response,
    Utility,
    Weights,
)

PUBLISHED = Path(__file__).resolve().parents[2] / "tests/cases/network_interdiction/max_flow"
"""Data of PyomoGallery, after Wood (1993); the licence stands beside it."""

PUBLISHED_FLOWS = {0: 80.0, 1: 10.0, 2: 0.0}
"""Largest flow left of the published instance after so many attacks."""


@dataclass(frozen=True)
class Arc:
    """An arc of the network; every arc can be attacked."""

    tail: str
    head: str
    capacity: float

    def __str__(self) -> str:
        return f"{self.tail}>{self.head}"


@dataclass(frozen=True)
class Instance:
    """One interdiction problem.

    Parameters
    ----------
    name : str
        Of the instance, and of its game.
    arcs : tuple of Arc
        Without cycles and without parallel arcs.
    source, sink : str
        Where flow begins and ends.
    attacks : int
        Most arcs that may be removed.
    """

    name: str
    arcs: tuple[Arc, ...]
    source: str
    sink: str
    attacks: int


def published(attacks: int = 1) -> Instance:
    """The published instance: 5 vertices, 6 arcs; `PUBLISHED_FLOWS` are its answers."""
    with (PUBLISHED / "sample_arcs_data.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    arcs = tuple(Arc(row["StartNode"], row["EndNode"], float(row["Capacity"])) for row in rows)
    return Instance(f"published_{attacks}", arcs, "Start", "End", attacks)


def grid(rows: int, columns: int, seed: int, *, attacks: int | None = None) -> Instance:
    """Random grid in the manner of Royset and Wood (2007).

    Arcs lead right along each row, and up or down, at random, along each inner column; the first column is
    the source and the last one the sink. Capacities are whole numbers from 1 to 100.

    Parameters
    ----------
    rows, columns : int
        Of the grid, at least 2 and 3.
    seed : int
        The same instance for the same seed.
    attacks : int, optional
        Default: two fifths of the rows, at least 2; far fewer or more make the problem easy.

    Examples
    --------
    >>> len(grid(20, 40, 0).arcs)
    1502
    """
    if rows < 2 or columns < 3:
        raise ValueError(f"a grid of {rows} by {columns} is too small; give at least 2 by 3")
    draw = random.Random(f"{rows} {columns} {seed}")

    def vertex(row: int, column: int) -> str:
        return "s" if column == 0 else "t" if column == columns - 1 else f"{row}.{column}"

    pairs = [(vertex(row, c), vertex(row, c + 1)) for row in range(rows) for c in range(columns - 1)]
    for column in range(1, columns - 1):
        for row in range(rows - 1):
            ends = (vertex(row, column), vertex(row + 1, column))
            pairs.append(ends if draw.random() < 0.5 else ends[::-1])
    arcs = tuple(Arc(tail, head, float(draw.randint(1, 100))) for tail, head in pairs)
    if attacks is None:
        attacks = max(2, 2 * rows // 5)
    return Instance(f"grid_{rows}x{columns}_{seed}", arcs, "s", "t", attacks)


def interdiction_game(instance: Instance) -> Game:
    """The instance as an escalation game.

    Its optimal value is the whole flow minus the least flow left.
    """
    leaving: dict[str, list[Arc]] = {}
    for arc in instance.arcs:
        leaving.setdefault(arc.tail, []).append(arc)
    return Game(
        name=instance.name,
        stages=1,
        effort_per_stage=float(instance.attacks),
        credibility=Credibility(0.0, 0.0, 1.0),
        carryover=0.0,
        retention=0.0,
        max_cover=1.0,
        weights=Weights(1.0, 1.0, 1.0, 0.0),
        off_ramp=None,
        entities=tuple(
            Entity(
                str(arc),
                "arc",
                capacity=arc.capacity,
                supply=arc.capacity if arc.tail == instance.source else None,
            )
            for arc in instance.arcs
        ),
        links=tuple(
            Link(str(arc), beyond)
            for arc in instance.arcs
            for beyond in ([REGIME] if arc.head == instance.sink else map(str, leaving.get(arc.head, ())))
        ),
        instruments=(Instrument("cut"),),
        effects=(Effect("cut", "arc", 0, 1.0),),
        responses=(Response("hold"),),
        patron_types=(PatronType("patron", 1.0),),
        utilities=(Utility("patron", "hold", 0.0, 0.0),),
    )


def largest_flow(instance: Instance, removed: Collection[Arc] = ()) -> float:
    """Largest flow from source to sink without the arcs removed."""
    network = nx.DiGraph()
    network.add_nodes_from((instance.source, instance.sink))
    for arc in instance.arcs:
        if arc not in removed:
            network.add_edge(arc.tail, arc.head, capacity=arc.capacity)
    return float(nx.maximum_flow_value(network, instance.source, instance.sink))


def enumerated_flow(instance: Instance) -> float:
    """Least flow left, by trying every set of attacks; for a few dozen arcs and two attacks or so."""
    count = min(instance.attacks, len(instance.arcs))
    return min(largest_flow(instance, attacked) for attacked in combinations(instance.arcs, count))


def least_flow(instance: Instance, *, time_limit: float | None = None) -> float:
    """Least flow left, by the program of Wood (1993) in SciPy's own copy of HiGHS.

    A cut is a set of vertices on the sink's side, `d(source) = 0`, `d(sink) = 1`; an arc across it is paid
    for or attacked:

        min   sum over arcs of capacity(a) * paid(a)
        s.t.  paid(a) + attacked(a) >= d(head of a) - d(tail of a)
              sum of attacked(a) <= R,   attacked(a) in {0, 1},   paid, d in [0, 1]

    Parameters
    ----------
    instance : Instance
        What to solve.
    time_limit : float, optional
        Seconds.

    Raises
    ------
    RuntimeError
        If the program is not solved to optimality.
    """
    arcs = instance.arcs
    vertices = list(dict.fromkeys(name for arc in arcs for name in (arc.tail, arc.head)))
    place = {name: 2 * len(arcs) + number for number, name in enumerate(vertices)}
    width = 2 * len(arcs) + len(vertices)
    rows, columns, entries = [], [], []
    for number, arc in enumerate(arcs):
        rows += [number] * 4
        columns += [number, len(arcs) + number, place[arc.head], place[arc.tail]]
        entries += [1.0, 1.0, -1.0, 1.0]
    rows += [len(arcs)] * len(arcs)
    columns += range(len(arcs), 2 * len(arcs))
    entries += [1.0] * len(arcs)
    lower, upper = np.zeros(width), np.ones(width)
    upper[place[instance.source]] = 0.0
    lower[place[instance.sink]] = 1.0
    whole = np.zeros(width, dtype=np.int8)
    whole[len(arcs) : 2 * len(arcs)] = 1
    found = milp(
        np.concatenate([[arc.capacity for arc in arcs], np.zeros(width - len(arcs))]),
        integrality=whole,
        bounds=Bounds(lower, upper),
        constraints=LinearConstraint(
            coo_array((entries, (rows, columns)), shape=(len(arcs) + 1, width)).tocsc(),
            np.concatenate([np.zeros(len(arcs)), [-np.inf]]),
            np.concatenate([np.full(len(arcs), np.inf), [float(instance.attacks)]]),
        ),
        options={"mip_rel_gap": 1e-9, "time_limit": np.inf if time_limit is None else time_limit},
    )
    if found.status != 0:
        raise RuntimeError(f"{instance.name}: the min-cut program was not solved: {found.message}")
    return float(found.fun)
