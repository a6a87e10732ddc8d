"""Revenue networks: by hand, a published instance, other algorithms, and laws."""

from __future__ import annotations

import csv
import gc
import weakref
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from games import tiny_games
from sanctopt import network as network_module
from sanctopt.errors import SolverError
from sanctopt.game import REGIME, Credibility, Entity, Game, Link, SupplyChange, Weights
from sanctopt.network import RevenueNetwork, baseline_revenue, most_revenue, path_values, revenue_network

MAX_FLOW = Path(__file__).parent / "cases" / "network_interdiction" / "max_flow"


def game_of(entities: list[Entity], links: list[Link], stages: int = 1) -> Game:
    return Game(
        "net",
        stages,
        1.0,
        Credibility(0, 0, 1),
        0,
        0,
        1,
        Weights(1, 1, 1, 0),
        None,
        tuple(entities),
        tuple(links),
        (),
        (),
        (),
        (),
        (),
    )


def channel(name: str, supply: float, **more: float) -> Entity:
    return Entity(name, "channel", supply=supply, **more)  # type: ignore[arg-type]


def vertex(name: str, capacity: float | None = None) -> Entity:
    return Entity(name, "bank", capacity=capacity)


SERIES = game_of(
    [channel("coal", 100.0), vertex("trader", 80.0), vertex("bank", 70.0)],
    [Link("coal", "trader"), Link("trader", "bank"), Link("bank", REGIME)],
)


class TestByHand:
    def test_series_is_limited_by_its_narrowest_part(self) -> None:
        assert baseline_revenue(SERIES, 0) == pytest.approx(70.0, abs=1e-9)

    def test_removal_narrows_capacity_and_supply(self) -> None:
        assert most_revenue(SERIES, 0, {"trader": 0.5}) == pytest.approx(40.0, abs=1e-9)
        assert most_revenue(SERIES, 0, {"coal": 0.9}) == pytest.approx(10.0, abs=1e-9)
        assert most_revenue(SERIES, 0, {"bank": 1.0}) == 0.0

    def test_tolls_multiply_and_capacity_counts_what_arrives(self) -> None:
        game = replace(
            SERIES,
            links=(Link("coal", "trader", toll=0.1), Link("trader", "bank", toll=0.2), SERIES.links[2]),
        )
        # 100 * 0.9 = 90 at the trader, 80 pass, 64 reach the bank.
        assert baseline_revenue(game, 0) == pytest.approx(64.0, abs=1e-9)

    def test_link_capacity_is_measured_where_the_link_begins(self) -> None:
        game = game_of([channel("coal", 100.0)], [Link("coal", REGIME, capacity=30.0, toll=0.5)])
        assert baseline_revenue(game, 0) == pytest.approx(15.0, abs=1e-9)

    def test_removal_leaves_link_capacity_alone(self) -> None:
        game = game_of([channel("coal", 100.0)], [Link("coal", REGIME, capacity=30.0)])
        assert most_revenue(game, 0, {"coal": 0.5}) == pytest.approx(30.0, abs=1e-9)

    def test_the_dearer_way_takes_what_is_left(self) -> None:
        entities = [channel("coal", 100.0), vertex("good", 40.0), vertex("bad")]
        links = [
            Link("coal", "good"),
            Link("coal", "bad", toll=0.5),
            Link("good", REGIME),
            Link("bad", REGIME),
        ]
        assert baseline_revenue(game_of(entities, links), 0) == pytest.approx(40.0 + 0.5 * 60.0, abs=1e-9)

    def test_parallel_links_add_up(self) -> None:
        links = [Link("coal", REGIME, capacity=10.0), Link("coal", REGIME, capacity=20.0, toll=0.1)]
        assert baseline_revenue(game_of([channel("coal", 100.0)], links), 0) == pytest.approx(28.0, abs=1e-9)

    def test_goods_of_others_pass_through_a_channel(self) -> None:
        entities = [channel("coal", 50.0), channel("port", 20.0, capacity=60.0)]
        game = game_of(entities, [Link("coal", "port"), Link("port", REGIME)])
        assert baseline_revenue(game, 0) == pytest.approx(60.0, abs=1e-9)
        # Removal at the port halves its own offer and what may pass: min(50 + 10, 30).
        assert most_revenue(game, 0, {"port": 0.5}) == pytest.approx(30.0, abs=1e-9)

    def test_blank_capacity_is_all_supply_of_the_stage(self) -> None:
        entities = [channel("coal", 60.0), channel("iron", 40.0), vertex("bank")]
        game = game_of(entities, [Link("coal", "bank"), Link("iron", "bank"), Link("bank", REGIME)], stages=2)
        game = replace(game, supply_changes=(SupplyChange("iron", 1, 20.0),))
        assert most_revenue(game, 0, {"bank": 0.4}) == pytest.approx(60.0, abs=1e-9)
        assert most_revenue(game, 1, {"bank": 0.4}) == pytest.approx(48.0, abs=1e-9)

    def test_capacity_of_a_channel_limits_its_own_offer(self) -> None:
        game = game_of([channel("coal", 100.0, capacity=40.0)], [Link("coal", REGIME)])
        assert most_revenue(game, 0, {"coal": 0.25}) == pytest.approx(30.0, abs=1e-9)

    def test_a_huge_capacity_is_none(self) -> None:
        entities = [
            channel("coal", 100.0),
            channel("arms", 1e-4),
            vertex("trader", 1e15),
            vertex("bank", 90.0),
        ]
        links = [Link("coal", "trader", capacity=1e14, toll=1 / 3), Link("arms", "trader", toll=0.1)]
        links += [Link("trader", "bank", capacity=1e13, toll=0.1), Link("bank", REGIME, capacity=1e12)]
        expected = 0.9 * (100.0 * 2 / 3 + 0.9e-4)
        assert baseline_revenue(game_of(entities, links), 0) == pytest.approx(expected, abs=1e-7)

    @pytest.mark.parametrize(
        ("entities", "links"),
        [
            ([channel("coal", 0.0)], [Link("coal", REGIME)]),
            ([vertex("bank", 5.0)], [Link("bank", REGIME)]),
            ([channel("coal", 5.0)], []),
            ([channel("coal", 5.0), vertex("bank")], [Link("coal", "bank")]),
            ([channel("coal", 5.0)], [Link("coal", REGIME, toll=1.0)]),
            ([channel("coal", 5.0)], [Link("coal", REGIME, capacity=0.0)]),
        ],
    )
    def test_nothing_arrives(self, entities: list[Entity], links: list[Link]) -> None:
        assert baseline_revenue(game_of(entities, links), 0) == 0.0


class TestPublished:
    """PyomoGallery's max-flow interdiction after Wood (1993): 80, 10, 0 left after 0, 1, 2 attacks."""

    @pytest.fixture
    def game(self) -> Game:
        with (MAX_FLOW / "sample_arcs_data.csv").open(encoding="utf-8") as file:
            arcs = [
                (row["StartNode"], row["EndNode"], float(row["Capacity"])) for row in csv.DictReader(file)
            ]
        entities = [channel("Start", sum(capacity for *_, capacity in arcs))]
        entities += [vertex(name) for name in ("B", "C", "D")]
        entities += [Entity(f"{tail}-{head}", "arc", capacity=capacity) for tail, head, capacity in arcs]
        links = []
        for tail, head, _ in arcs:
            links.append(Link(tail, f"{tail}-{head}"))
            links.append(Link(f"{tail}-{head}", REGIME if head == "End" else head))
        return game_of(entities, links)

    @pytest.mark.parametrize(("attacks", "left"), [(0, 80.0), (1, 10.0), (2, 0.0)])
    def test_largest_flow_left(self, game: Game, attacks: int, left: float) -> None:
        arcs = [row.name for row in game.entities if row.kind == "arc"]
        least = min(
            most_revenue(game, 0, dict.fromkeys(attack, 1.0)) for attack in combinations(arcs, attacks)
        )
        assert least == pytest.approx(left, abs=1e-9)


@st.composite
def integer_networks(draw: st.DrawFn) -> Game:
    """Random acyclic networks without tolls, all numbers whole."""
    count = draw(st.integers(1, 6))
    names = [f"v{n}" for n in range(count)]
    entities = [
        Entity(
            name,
            "any",
            supply=draw(st.sampled_from([10.0, None, 25.0, 0.0])) if n else 30.0,
            capacity=draw(st.sampled_from([None, 0.0, 7.0, 20.0, 40.0])),
        )
        for n, name in enumerate(names)
    ]
    links = [
        Link(tail, head, capacity=draw(st.sampled_from([None, 0.0, 5.0, 12.0])))
        for n, tail in enumerate(names)
        for head in [*names[n + 1 :], REGIME]
        if draw(st.booleans())
    ]
    return game_of(entities, links)


def networkx_flow(game: Game) -> float:
    """Max flow with each vertex split in two; combinatorial, no linear program."""
    graph = nx.DiGraph()
    graph.add_nodes_from(["source", REGIME])
    total = game.total_supply(0)
    for row in game.entities:
        graph.add_edge((row.name, "in"), (row.name, "out"), capacity=game.capacity(row.name, 0))
        graph.add_edge("source", (row.name, "in"), capacity=game.supply(row.name, 0))
    for link in game.links:
        head = REGIME if link.sink == REGIME else (link.sink, "in")
        graph.add_edge((link.source, "out"), head, capacity=total if link.capacity is None else link.capacity)
    return float(nx.maximum_flow_value(graph, "source", REGIME))


class TestLaws:
    @given(integer_networks())
    def test_without_tolls_it_is_the_maximum_flow(self, game: Game) -> None:
        assert baseline_revenue(game, 0) == pytest.approx(networkx_flow(game), abs=1e-8)

    @given(tiny_games(), st.data())
    def test_more_removal_never_brings_more_revenue(self, game: Game, data: st.DataObject) -> None:
        shares = st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0])
        less = {row.name: data.draw(shares) for row in game.entities}
        more = {name: max(share, data.draw(shares)) for name, share in less.items()}
        network = RevenueNetwork(game)
        for stage in range(game.stages):
            slack = 2e-9 * game.total_supply(stage)
            low, high = network.most_revenue(stage, more), network.most_revenue(stage, less)
            assert 0.0 <= low <= high + slack
            assert high <= network.baseline_revenue(stage) + slack

    @given(tiny_games(), st.sampled_from([1e-6, 0.1, 3.0, 1e6]))
    def test_scaling_all_money_scales_revenue(self, game: Game, factor: float) -> None:
        def scaled(value: float | None) -> float | None:
            return None if value is None else factor * value

        bigger = replace(
            game,
            entities=tuple(
                replace(row, supply=scaled(row.supply), capacity=scaled(row.capacity))
                for row in game.entities
            ),
            links=tuple(replace(row, capacity=scaled(row.capacity)) for row in game.links),
            supply_changes=tuple(replace(row, supply=factor * row.supply) for row in game.supply_changes),
        )
        removal = {game.entities[0].name: 0.3, game.entities[-1].name: 0.5}
        expected = factor * most_revenue(game, 0, removal)
        assert most_revenue(bigger, 0, removal) == pytest.approx(expected, rel=1e-8, abs=1e-9 * factor)

    @given(tiny_games())
    def test_path_values_bound_revenue(self, game: Game) -> None:
        values = path_values(game)
        assert all(0.0 <= value <= 1.0 for value in values.values())
        bound = sum(game.supply(row.name, 0) * values[row.name] for row in game.channels)
        assert baseline_revenue(game, 0) <= bound * (1 + 1e-9) + 1e-9


class TestPathValues:
    def test_best_product_of_shares_that_arrive(self) -> None:
        game = game_of(
            [channel("coal", 1.0), vertex("trader"), vertex("bank"), vertex("stranded")],
            [
                Link("coal", "trader", toll=0.1),
                Link("coal", "bank", toll=0.5),
                Link("trader", "bank", toll=0.2),
                Link("trader", REGIME, toll=0.4),
                Link("bank", REGIME),
            ],
        )
        expected = {"coal": 0.72, "trader": 0.8, "bank": 1.0, "stranded": 0.0}
        assert path_values(game) == pytest.approx(expected)


class TestErrors:
    def test_unknown_stage(self) -> None:
        with pytest.raises(ValueError, match=r"stage 1 is not among the stages 0 to 0"):
            baseline_revenue(SERIES, 1)

    @pytest.mark.parametrize("name", ["ghost", REGIME])
    def test_unknown_entity(self, name: str) -> None:
        with pytest.raises(ValueError, match=rf"removal names '{name}', which is no entity"):
            most_revenue(SERIES, 0, {name: 0.5})

    @pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
    def test_share_out_of_range(self, share: float) -> None:
        with pytest.raises(ValueError, match=r"removal of bank is .*; a share lies in \[0, 1\]"):
            most_revenue(SERIES, 0, {"bank": share})

    def test_cycle(self) -> None:
        links = [Link("coal", "bank"), Link("bank", "coal")]
        with pytest.raises(ValueError, match=r"the links form a cycle: .*coal.*; the revenue"):
            RevenueNetwork(game_of([channel("coal", 1.0), vertex("bank")], links))

    @pytest.mark.parametrize("link", [Link("coal", "ghost"), Link("ghost", "coal")])
    def test_link_to_nowhere(self, link: Link) -> None:
        with pytest.raises(ValueError, match=r"link .*: no entity is called 'ghost'"):
            RevenueNetwork(game_of([channel("coal", 1.0)], [link]))

    def test_link_from_the_regime(self) -> None:
        with pytest.raises(ValueError, match=r"link regime -> coal: no entity is called 'regime'"):
            RevenueNetwork(game_of([channel("coal", 1.0)], [Link(REGIME, "coal")]))

    def test_a_wrong_optimum_is_not_believed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def lazy(objective: np.ndarray, **_: object) -> SimpleNamespace:
            marginals = SimpleNamespace(marginals=np.zeros(6))
            return SimpleNamespace(status=0, x=np.zeros(len(objective)), ineqlin=marginals)

        monkeypatch.setattr(network_module, "linprog", lazy)
        with pytest.raises(SolverError, match=r"revenue of stage 0 is not proven: a flow carries 0.0"):
            RevenueNetwork(SERIES).baseline_revenue(0)

    def test_a_flow_that_breaks_a_capacity_is_cut(self, monkeypatch: pytest.MonkeyPatch) -> None:
        solve = network_module.linprog

        def greedy(*program: object, **options: object) -> SimpleNamespace:
            answer = solve(*program, **options)
            return SimpleNamespace(status=0, x=1.5 * answer.x, ineqlin=answer.ineqlin)

        monkeypatch.setattr(network_module, "linprog", greedy)
        assert RevenueNetwork(SERIES).baseline_revenue(0) == pytest.approx(70.0, abs=1e-9)

    def test_a_failed_solve_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        answer = SimpleNamespace(status=2, message="infeasible")
        monkeypatch.setattr(network_module, "linprog", lambda *_, **__: answer)
        with pytest.raises(SolverError, match=r"HiGHS says 'infeasible', yet zero"):
            RevenueNetwork(SERIES).baseline_revenue(0)


class TestCache:
    def test_each_removal_is_solved_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        network = RevenueNetwork(SERIES)
        first = network.most_revenue(0, {"bank": 0.5})
        monkeypatch.setattr(network_module, "linprog", None)
        assert network.most_revenue(0, {"bank": 0.5, "coal": 0.0}) == first

    def test_it_forgets_when_it_is_full(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(network_module, "CACHE_SIZE", 1)
        network = RevenueNetwork(SERIES)
        answers = [network.most_revenue(0, {"bank": share}) for share in (0.0, 0.5, 0.0)]
        assert answers == pytest.approx([70.0, 35.0, 70.0])

    def test_a_network_does_not_outlive_its_game(self) -> None:
        game = replace(SERIES, name="short-lived")
        kept = revenue_network(game)
        assert revenue_network(game) is kept
        watch = weakref.ref(kept)
        del game, kept
        gc.collect()
        assert watch() is None
