"""The most revenue that a damaged network can carry to the regime.

One vertex per entity and the terminal ``regime``; one link per row of ``links.csv``. With q_i the offer of
channel i, f_l what enters link l (from i_l to j_l), and r_i the removal share of entity i,

    R = max  sum over links l to the regime of (1 - toll_l) f_l
    s.t.     q_i <= supply_i (1 - r_i)                                      offer         dual s_i
             in_i + q_i <= capacity_i (1 - r_i)                             throughput    dual c_i
             out_i <= in_i + q_i                                            conservation  dual p_i
             0 <= f_l <= capacity_l,  q_i >= 0                              link          dual g_l

where out_i = sum of f_l over links from i and in_i = sum of (1 - toll_l) f_l over links to i. The dual is

    R = min  sum_i supply_i (1 - r_i) s_i + capacity_i (1 - r_i) c_i + sum_l capacity_l g_l
    s.t.     s_i >= v_i,  g_l >= (1 - toll_l) v_{j_l} - p_{i_l},  all >= 0
    with     v_i = p_i - c_i  the value of a dollar that arrives at i, v_regime = 1, and g_l = 0 on a link
             without limit.

HiGHS proposes f, q, c and p; this module makes them feasible by itself, walking the acyclic network once
in each direction, and returns a revenue only if both objectives agree (weak duality encloses R).
"""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog
from scipy.sparse import csr_array

from sanctopt.errors import SolverError
from sanctopt.game import REGIME, Game

Vector = npt.NDArray[np.float64]

GAP = 1e-9
"""Primal and dual revenue may differ by this share of the stage's total supply, no more."""

CACHE_SIZE = 200_000
"""Answers that a network remembers before it forgets them all; about 100 MB at 50 entities."""


class RevenueNetwork:
    """The revenue network of a game, prepared once and asked often.

    It keeps arrays only, never the game, and remembers every answer (removal shares compared exactly).

    Parameters
    ----------
    game : Game
        The game whose entities, links and supplies make the network.

    Raises
    ------
    ValueError
        If a link begins or ends at an unknown entity, or the links form a cycle.

    Examples
    --------
    >>> from sanctopt.game import Credibility, Entity, Game, Link, Weights
    >>> game = Game("pipe", 1, 1.0, Credibility(0, 0, 1), 0, 0, 1, Weights(1, 1, 1, 0), None,
    ...             (Entity("coal", "channel", supply=100.0), Entity("bank", "bank", capacity=80.0)),
    ...             (Link("coal", "bank", toll=0.1), Link("bank", "regime")), (), (), (), (), ())
    >>> network = RevenueNetwork(game)
    >>> network.baseline_revenue(0), network.most_revenue(0, {"bank": 0.25})
    (80.0, 60.0)
    """

    def __init__(self, game: Game) -> None:
        self._stages = game.stages
        self._names = tuple(row.name for row in game.entities)
        self._index = {name: number for number, name in enumerate(self._names)}
        for link in game.links:
            for end in (link.source, link.sink):
                if end not in self._index and (end != REGIME or end == link.source):
                    raise ValueError(f"link {link.source} -> {link.sink}: no entity is called {end!r}")
        count = len(self._names)
        self._index[REGIME] = count
        self._tail = [self._index[link.source] for link in game.links]
        self._head = [self._index[link.sink] for link in game.links]
        self._arrives = [1.0 - link.toll for link in game.links]
        self._limit = [np.inf if link.capacity is None else link.capacity for link in game.links]
        self._out: list[list[int]] = [[] for _ in range(count + 1)]
        for number, tail in enumerate(self._tail):
            self._out[tail].append(number)
        self._order = self._downstream_order()
        self._channels = [self._index[row.name] for row in game.channels]
        stages = range(game.stages)
        self._supply = np.array([[game.supply(name, t) for name in self._names] for t in stages])
        self._capacity = np.array([[game.capacity(name, t) for name in self._names] for t in stages])
        self._total = [game.total_supply(stage) for stage in stages]
        self._matrix, self._objective = self._program()
        self._known: dict[tuple[int, bytes], float] = {}

    def baseline_revenue(self, stage: int) -> float:
        """Revenue with no removal at all, Rbar(t) (millions of US dollars).

        Raises
        ------
        ValueError
            If the game has no such stage.
        SolverError
            If the answer cannot be proven (see `most_revenue`).
        """
        return self.most_revenue(stage, {})

    def most_revenue(self, stage: int, removal: Mapping[str, float]) -> float:
        """The most revenue that can reach the regime, R(t).

        Parameters
        ----------
        stage : int
            Stage, from 0 to T-1.
        removal : mapping of str to float
            Removal share by entity, in [0, 1]; entities that are not there lose nothing.

        Returns
        -------
        float
            Revenue >= 0, millions of US dollars, attained by a flow that was checked.

        Raises
        ------
        ValueError
            If the stage or an entity is unknown, or a share is outside [0, 1].
        SolverError
            If no dual solution proves the revenue to within `GAP` of the stage's total supply.
        """
        if not 0 <= stage < self._stages:
            raise ValueError(f"stage {stage} is not among the stages 0 to {self._stages - 1} of the game")
        left = np.ones(len(self._names))
        for name, share in removal.items():
            if name not in self._index or name == REGIME:
                raise ValueError(f"removal names {name!r}, which is no entity of the game")
            if not 0.0 <= share <= 1.0:
                raise ValueError(f"removal of {name} is {share}; a share lies in [0, 1]")
            left[self._index[name]] = 1.0 - share
        key = (stage, left.tobytes())
        if key not in self._known:
            if len(self._known) >= CACHE_SIZE:
                self._known.clear()
            self._known[key] = self._solve(stage, left)
        return self._known[key]

    def path_values(self) -> dict[str, float]:
        """The best product of ``1 - toll`` on a path to the regime, by entity: see `path_values`."""
        value = [0.0] * len(self._names) + [1.0]
        for vertex in reversed(self._order):
            for number in self._out[vertex]:
                value[vertex] = max(value[vertex], self._arrives[number] * value[self._head[number]])
        return dict(zip(self._names, value, strict=False))

    def _downstream_order(self) -> list[int]:
        """Vertices ordered so that each link leads to a later one; ``regime`` is among them."""
        before: dict[int, set[int]] = {vertex: set() for vertex in range(len(self._names) + 1)}
        for tail, head in zip(self._tail, self._head, strict=True):
            before[head].add(tail)
        try:
            return list(TopologicalSorter(before).static_order())
        except CycleError as error:
            names = " -> ".join(self._names[vertex] for vertex in error.args[1])
            raise ValueError(f"the links form a cycle: {names}; the revenue network is acyclic") from None

    def _program(self) -> tuple[csr_array, Vector]:
        """Matrix of conservation (first) and throughput rows over (offers, flows), and the objective."""
        count, offers = len(self._names), len(self._channels)
        entries: list[tuple[int, int, float]] = []
        objective = np.zeros(offers + len(self._tail))
        for column, vertex in enumerate(self._channels):
            entries += [(vertex, column, -1.0), (count + vertex, column, 1.0)]
        for number, (tail, head) in enumerate(zip(self._tail, self._head, strict=True)):
            column, arrives = offers + number, self._arrives[number]
            entries.append((tail, column, 1.0))
            if head == count:
                objective[column] = -arrives  # linprog minimizes
            else:
                entries += [(head, column, -arrives), (count + head, column, arrives)]
        rows, columns, values = zip(*entries, strict=True) if entries else ((), (), ())
        shape = (2 * count, len(objective))
        return csr_array((np.array(values, dtype=float), (rows, columns)), shape=shape), objective

    def _solve(self, stage: int, left: Vector) -> float:
        """Solve the program in units of the stage's total supply, and prove the answer."""
        total, count = self._total[stage], len(self._names)
        if total <= 0.0 or not self._tail:
            return 0.0
        supply = self._supply[stage] * left / total
        # No vertex or link ever carries more than the total supply, so a capacity above it is none: a huge
        # one would turn the last digit of a price into revenue.
        capacity = np.minimum(self._capacity[stage] * left / total, 1.0)
        limit = [np.inf if value >= total else value / total for value in self._limit]
        upper = np.concatenate([supply[self._channels], limit])
        answer = linprog(  # type: ignore[call-overload]  # the stubs of scipy 1.17 know no sparse matrix here
            self._objective,
            A_ub=self._matrix,
            b_ub=np.concatenate([np.zeros(count), capacity]),
            bounds=np.column_stack([np.zeros(len(upper)), upper]),
            method="highs",
            # The tightest that HiGHS accepts: its answer is only a proposal, but a close one.
            options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
        )
        if answer.status != 0:
            raise SolverError(
                f"revenue of stage {stage}: HiGHS says {answer.message!r}, yet zero is feasible"
            )
        carried = self._carried(answer.x, supply, capacity, limit)
        bound = self._bound(-answer.ineqlin.marginals, supply, capacity, limit)
        if abs(bound - carried) > GAP:
            raise SolverError(
                f"revenue of stage {stage} is not proven: a flow carries {carried * total!r}, the dual bound "
                f"is {bound * total!r}; scale the money of the case so that supplies are comparable"
            )
        return carried * total

    def _carried(self, point: Vector, supply: Vector, capacity: Vector, limit: list[float]) -> float:
        """Revenue of a feasible flow near ``point``: sources first, cut what is too much."""
        offers = len(self._channels)
        offer = [0.0] * len(self._names)
        for column, vertex in enumerate(self._channels):
            offer[vertex] = min(max(float(point[column]), 0.0), float(supply[vertex]))
        arrived = [0.0] * (len(self._names) + 1)
        for vertex in self._order:
            if vertex == len(self._names):
                continue
            # Arrivals above the capacity need not be sent: the flow upstream can only get smaller.
            through = min(arrived[vertex] + offer[vertex], float(capacity[vertex]))
            flows = [min(max(float(point[offers + n]), 0.0), limit[n]) for n in self._out[vertex]]
            wanted = sum(flows)
            shrink = 1.0 if wanted <= through else through / wanted
            for number, flow in zip(self._out[vertex], flows, strict=True):
                arrived[self._head[number]] += self._arrives[number] * flow * shrink
        return arrived[-1]

    def _bound(self, dual: Vector, supply: Vector, capacity: Vector, limit: list[float]) -> float:
        """Objective of a feasible dual near ``dual`` (p, then c): sinks first, raise what is too small."""
        count = len(self._names)
        value = [0.0] * count + [1.0]  # v of the module's formula
        total = 0.0
        for vertex in reversed(self._order):
            if vertex == count:
                continue
            worth = [self._arrives[n] * value[self._head[n]] for n in self._out[vertex]]
            price = max(float(dual[vertex]), 0.0)
            for number, share in zip(self._out[vertex], worth, strict=True):
                if np.isinf(limit[number]):
                    price = max(price, share)
            for number, share in zip(self._out[vertex], worth, strict=True):
                if share > price:
                    total += limit[number] * (share - price)
            toll = min(max(float(dual[count + vertex]), 0.0), price)
            value[vertex] = price - toll
            total += float(capacity[vertex]) * toll + float(supply[vertex]) * value[vertex]
        return total


_networks: WeakKeyDictionary[Game, RevenueNetwork] = WeakKeyDictionary()


def revenue_network(game: Game) -> RevenueNetwork:
    """The network of a game, made at the first call and kept while the game lives; errors as there."""
    network = _networks.get(game)
    if network is None:
        network = _networks[game] = RevenueNetwork(game)
    return network


def share_network(game: Game, other: Game) -> None:
    """Let a game use the network of another one, and the revenues known there, if both have the same network.

    Games of a sensitivity analysis often differ in numbers that the network does not read.
    """
    if _read(game) == _read(other):
        _networks[game] = revenue_network(other)


def _read(game: Game) -> tuple[object, ...]:
    """All that `RevenueNetwork` reads of a game."""
    entities = tuple((row.name, row.supply, row.capacity) for row in game.entities)
    links = tuple((row.source, row.sink, row.capacity, row.toll) for row in game.links)
    changes = tuple((row.channel, row.stage, row.supply) for row in game.supply_changes)
    return game.stages, entities, links, changes


def most_revenue(game: Game, stage: int, removal: Mapping[str, float]) -> float:
    """The most revenue that can reach the regime in a stage: `RevenueNetwork.most_revenue`."""
    return revenue_network(game).most_revenue(stage, removal)


def baseline_revenue(game: Game, stage: int) -> float:
    """Revenue of a stage with no removal at all: `RevenueNetwork.baseline_revenue`."""
    return revenue_network(game).baseline_revenue(stage)


def path_values(game: Game) -> dict[str, float]:
    """The most that a dollar at each entity can deliver to the regime, ignoring capacities.

        w_i = max over links l from i of (1 - toll_l) w_{j_l},    w_regime = 1

    With p = w, c = 0 this is a feasible dual of the module's program; so w_i bounds what one more dollar
    of supply or capacity at entity i can add to the revenue, whatever the removal.

    Returns
    -------
    dict of str to float
        By entity, in [0, 1]; 0 where no path leads to the regime.

    Raises
    ------
    ValueError
        If the links form a cycle or name an unknown entity.
    """
    return revenue_network(game).path_values()
