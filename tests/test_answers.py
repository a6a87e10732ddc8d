"""The tree of answers: its paths, its bounds, and the whole search through it, against the brute force."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pyomo.common.collections import ComponentMap

from games import random_game
from oracle import brute_force
from sanctopt import Information, SolveOptions, load_case, solve
from sanctopt.errors import SolverError
from sanctopt.game import Game
from sanctopt.search import answers, known, strategy
from sanctopt.search.answers import answer_tree
from sanctopt.search.held import REVENUE, HeldProgram
from sanctopt.search.known import known_types, type_bound
from sanctopt.search.paths import (
    Path,
    PathIndex,
    Paths,
    held,
    longer,
    opening_paths,
    played_paths,
    together,
)
from sanctopt.search.program import Program, do_nothing
from sanctopt.search.task import Caps, Clock, SearchResult, Task
from sanctopt.search.type_table import own_parts
from sanctopt.solver_options import Limit, Reason
from sanctopt.solver_relaxation import Relaxation
from suite.families import generate
from test_program_against_oracle import WIDE, compared
from test_search import several_types

SEEDS = range(28)

ONE_LADDER = {"highs": {"mip_max_improving_sols": 1}}
"""HiGHS ends each program at its first ladder."""


def task(game: Game, information: Information = Information.ADAPTIVE, **options: Any) -> Task:
    return Task(game, information, 0.0, SolveOptions(**options), Clock(None), None)


class TestPaths:
    def test_concessions_are_decided_first_and_answers_stage_by_stage(self) -> None:
        game = load_case("teaching")
        program = Program.build(task(game), "teaching")
        opening = opening_paths(program.model.frame)
        for name, path in opening.items():
            may = name in program.model.frame.conceding
            assert path.decided is not may
            first = longer(program.model, name, path)
            if may:
                assert [new.concedes for new in first] == [*reversed(range(game.stages)), None]
                assert all(new.decided and new.given == () for new in first)
            else:
                assert {new.given for new in first} <= {(row.name,) for row in game.responses}

    def test_a_path_ends_with_the_concession(self) -> None:
        assert Path(("protest",), 0).complete(3)
        assert not Path(("protest",), 1).complete(3)
        assert Path(("a", "b", "c")).complete(3)
        assert not Path(("a", "b", "c"), decided=False).complete(3)

    def test_the_answer_of_the_last_stage_tells_nobody_apart(self) -> None:
        assert Path(("a", "b")).complete(3)
        assert not Path(("a",)).complete(3)
        assert Path(("a", "b"), 2).complete(3)
        assert not Path(("a", "b"), decided=False).complete(3)
        assert Path(()).complete(1)

    @pytest.mark.parametrize(
        ("one", "other", "met"),
        [
            (Path(("a", "a", "a")), Path(("a", "a", "a")), 3),
            (Path(("a", "a", "a")), Path(("a", "a", "b")), 3),
            (Path(("a", "a", "a")), Path(("a", "b", "a")), 2),
            (Path(("b", "a", "a")), Path(("a", "a", "a")), 1),
            (Path(("a",), 0), Path(("a", "a", "a")), 1),
            (Path(("a", "a"), 1), Path(("a", "a"), 1), 2),
        ],
    )
    def test_types_are_together_until_a_history_differs_or_ends(
        self, one: Path, other: Path, met: int
    ) -> None:
        assert together({"x": one, "y": other}, "x", "y", 3) == met
        assert together({"x": one, "y": other}, "y", "x", 3) == met

    @pytest.mark.parametrize("seed", SEEDS)
    @pytest.mark.parametrize("information", [Information.ADAPTIVE, Information.OPEN_LOOP])
    @pytest.mark.parametrize("last_open", [False, True])
    def test_the_program_of_rungs_values_a_ladder_as_the_whole_program_does(
        self, seed: int, information: Information, last_open: bool
    ) -> None:
        """Holding, tying and leaving out rows loses no point of played paths, last answers open or not."""
        game = several_types(seed)
        outcome = solve(game, information=information).outcome
        whole = Program.build(task(game, information), "whole")
        wanted = whole.claim(outcome)
        paths = played_paths(outcome)
        if last_open:
            paths = {name: path.tying(game.stages) for name, path in paths.items()}
        fixed, tied = PathIndex(whole.model).settled_by(paths)
        rungs = replace(whole, compiled=whole.compiled.restricted(fixed, tied))
        assert len(rungs.compiled.form.cost) < len(whole.compiled.form.cost)
        assert rungs.claim(outcome).claimed_value == pytest.approx(wanted.claimed_value, rel=1e-7, abs=1e-7)
        report = rungs.compiled.solve(SolveOptions(relative_gap=0.0))
        assert report.incumbent is not None
        best = whole.unit * report.incumbent
        assert best == pytest.approx(outcome.value, rel=2e-6, abs=1e-6)  # it was optimal already

    def test_a_child_that_does_what_its_parents_relaxation_does_is_worth_as_much(self) -> None:
        """So it needs no relaxation of its own; for the others the parent's bound holds as well."""
        assert sum(map(_inherited, map(several_types, range(6)))) >= 6

    def test_held_values_say_what_the_paths_say(self) -> None:
        game = several_types(1)
        program = Program.build(task(game), "held")
        paths = played_paths(solve(game).outcome)
        values = held(program.model, paths)
        for (name, response, stage), variable in program.model.takes.items():
            given = paths[name].given
            assert values[variable] == float(stage < len(given) and given[stage] == response)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("information", [Information.ADAPTIVE, Information.OPEN_LOOP])
def test_a_types_part_of_the_program_bounds_what_it_gives_alone(seed: int, information: Information) -> None:
    """As the program of that type does, whose copies may be empty after a concession if they are its own."""
    game = several_types(seed)
    asked = task(game, information)
    parts = own_parts(Program.build(asked, "all types", tight=True))
    for name, part in parts.items():
        alone = Program.build(asked.alone(name), "alone", tight=True)
        with Relaxation(part) as relaxation, Relaxation(alone.compiled.form) as own:
            found, wanted = relaxation.solve(part.bounds), own.solve(alone.compiled.form.bounds)
        assert found is not None
        assert wanted is not None
        bound = pytest.approx(wanted.bound, rel=1e-6, abs=1e-6)
        assert found.bound == bound or (information is Information.OPEN_LOOP and found.bound > wanted.bound)


def _inherited(game: Game) -> int:
    """Go down a game's paths by what the relaxation takes most of; count the children that inherit it."""
    program, count = Program.build(task(game), "held", tight=True), 0
    with Relaxation(program.compiled.form) as relaxation:
        paths = opening_paths(program.model.frame)
        whole = HeldProgram(program.model, program.compiled.form, program.unit, relaxation)
        for name in [*paths] * (game.stages + 1):
            if paths[name].complete(game.stages):
                continue
            within = whole.on(paths)
            assert within is not None
            parent = whole.relax(whole.leeway(within))
            assert parent is not None
            possible = []
            for path in longer(program.model, name, paths[name]):
                bounds = whole.going_on(within, {**paths, name: path})
                if bounds is None:
                    assert not _has_a_point(program, {**paths, name: path})
                    continue
                child = whole.leeway(bounds)
                found = whole.relax(child)
                if whole.does(parent, child):
                    assert found is not None
                    assert found.bound == pytest.approx(parent.bound, rel=1e-6, abs=1e-6)
                    count += 1
                if found is not None:
                    assert found.bound <= whole.foreseen(parent, child) + 1e-9 * max(1.0, abs(parent.bound))
                    assert found.bound <= parent.bound + 1e-6 * max(1.0, abs(parent.bound))
                    possible.append((whole.weight(parent, name, path), path))
            paths = {**paths, name: max(possible, key=lambda choice: choice[0])[1]}
    return count


def _has_a_point(program: Program, paths: Paths) -> bool:
    """Whether any ladder brings paths about, asked of HiGHS."""
    values = held(program.model, paths)
    with program.compiled.holding(values) as possible:
        return possible and program.compiled.solve(SolveOptions(threads=1)).has_solution


def test_rows_of_the_revenue_program_are_rows() -> None:
    """Of a name that is none, propagation would heed the rows, and be slow."""
    names = Program.build(task(generate("adapting", "XS", 0)), "held").compiled.form.row_names
    assert set(REVENUE) <= {name.partition("[")[0] for name in names}


@pytest.mark.parametrize("seed", SEEDS)
def test_leeway_loses_no_ladder_that_is_worth_its_while(seed: int) -> None:
    """The optimum's own paths, and what duals leave to them above a floor below it, hold the optimum."""
    game = several_types(seed)
    asked = task(game)
    program = Program.build(asked, "held", tight=True)
    form, best = program.compiled.form, solve(game).outcome
    paths = played_paths(best)
    with Relaxation(form) as relaxation:
        whole = HeldProgram(program.model, form, program.unit, relaxation)
        bounds = whole.on(paths)
        assert bounds is not None
        leeway = whole.leeway(bounds)
        found = whole.relax(leeway)
        assert found is not None
        floor = best.value - 1e-6 * max(1.0, abs(best.value))
        less = whole.worthwhile(found, leeway, floor)
        assert (less.lower >= leeway.lower).all()
        assert (less.upper <= leeway.upper).all()
        held_to = ComponentMap(whole.settled(less))
        fixed = program.compiled.restricted(held_to, ComponentMap())
        report = fixed.solve(SolveOptions(threads=1))
    assert report.incumbent is not None
    assert program.unit * report.incumbent >= floor


class TestTree:
    @pytest.mark.parametrize("seed", SEEDS)
    @pytest.mark.parametrize("information", [Information.ADAPTIVE, Information.OPEN_LOOP])
    def test_optimum_without_any_help(self, seed: int, information: Information) -> None:
        game = several_types(seed)
        result = answer_tree(task(game, information), "tree", None)
        wanted = brute_force(game, information.value).value
        assert result.reason is Reason.OPTIMAL
        assert result.finding is not None
        assert result.bound is not None
        assert result.finding.outcome.value == pytest.approx(wanted, rel=1e-6, abs=1e-6)
        assert result.bound >= wanted - 1e-6 * max(1.0, abs(wanted))

    @pytest.mark.parametrize("nodes", [0, 1, 3, 10])
    @pytest.mark.parametrize("seed", range(10))
    def test_every_bound_on_the_way_holds(self, seed: int, nodes: int) -> None:
        game = several_types(seed)
        result = answer_tree(task(game, node_limit=nodes), "tree", None)
        wanted = brute_force(game).value
        assert result.bound is not None
        assert result.bound >= wanted - 1e-6 * max(1.0, abs(wanted))
        assert result.finding is not None
        assert result.finding.outcome.value <= wanted + 1e-6 * max(1.0, abs(wanted))

    @pytest.mark.parametrize("gap", [0.01, 0.3])
    @pytest.mark.parametrize("seed", range(8))
    def test_a_wide_gap_is_proven(self, seed: int, gap: float) -> None:
        """What duals price out counts as closed: the bound is not below what may have been there."""
        game = several_types(seed)
        result = answer_tree(task(game, relative_gap=gap), "tree", None)
        wanted = brute_force(game).value
        assert result.reason is Reason.OPTIMAL
        assert result.finding is not None
        assert result.bound is not None
        assert result.bound >= wanted - 1e-6 * max(1.0, abs(wanted))
        assert result.finding.gap(result.bound) <= gap

    @pytest.mark.parametrize("seed", range(8))
    @pytest.mark.parametrize("astray", [-1.0, 0.0])
    def test_dives_that_end_early_lose_nothing(
        self, seed: int, astray: float, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(answers, "ASTRAY", astray)
        game = several_types(seed)
        result = answer_tree(task(game), "tree", None)
        wanted = brute_force(game).value
        assert result.finding is not None
        assert result.bound is not None
        assert result.finding.outcome.value == pytest.approx(wanted, rel=1e-6, abs=1e-6)
        assert result.bound >= wanted - 1e-6 * max(1.0, abs(wanted))

    def test_a_known_ladder_where_none_is_possible_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Not an optimum: one of the two is wrong."""
        monkeypatch.setattr(HeldProgram, "on", lambda *_: None)
        with pytest.raises(SolverError, match=r"tree: a ladder worth .* stands above the proven bound -inf"):
            answer_tree(task(several_types(0)), "tree", None)

    def test_a_ladder_above_the_bound_of_all_nodes_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """HiGHS calls relaxations impossible that hold the ladder known: not "optimal: do nothing"."""
        monkeypatch.setattr(HeldProgram, "relax", lambda *_: None)
        for seed in range(4):
            with pytest.raises(SolverError, match="stands above the proven bound"):
                answer_tree(task(several_types(seed)), "tree", None)

    def test_a_ladder_that_the_program_refuses_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Not "infeasible", with a ladder in hand that was played and is allowed."""
        honest, first = Task.allows, iter([False])  # so no search can begin with doing nothing
        monkeypatch.setattr(Task, "allows", lambda *asked: next(first, True) and honest(*asked))
        monkeypatch.setattr(Program, "claimed", lambda *_: None)
        with pytest.raises(SolverError, match="refuses an allowed ladder"):
            answer_tree(task(several_types(0)), "tree", None)

    @pytest.mark.parametrize("limits", [{"node_limit": 1}, {"node_limit": 3}, {"node_limit": 8}, ONE_LADDER])
    def test_what_a_limit_of_nodes_or_ladders_ended_is_not_called_optimal(
        self, limits: dict[str, Any]
    ) -> None:
        """Programs of rungs that ended at it keep their bounds, above those of nodes that are open."""
        limited = 0
        games = [*map(several_types, range(12)), *(generate("standard", "XS", seed) for seed in range(2))]
        for game in games:
            result = answer_tree(task(game, relative_gap=1e-6, **limits), "tree", None)
            assert result.finding is not None
            if result.reason is Reason.OPTIMAL:
                assert result.finding.gap(result.bound) <= 2e-6
            limited += result.reason is Reason.LIMIT
        assert limited > 0

    def test_a_node_limit_is_told(self) -> None:
        result = answer_tree(task(generate("adapting", "XS", 0), node_limit=0), "tree", None)
        assert (result.reason, result.limit) == (Reason.LIMIT, Limit.NODES)
        assert result.phases[-1].report.nodes == 0

    def test_no_time_leaves_a_ladder(self) -> None:
        result = answer_tree(task(generate("adapting", "XS", 0)), "tree", 0.0)
        assert (result.reason, result.limit) == (Reason.LIMIT, Limit.TIME)
        assert result.finding is not None
        assert result.bound is None

    def test_caps_tighten_the_bound_and_change_no_answer(self) -> None:
        game = generate("adapting", "XS", 0)
        known = known_types(task(game), 1.0)
        caps = {patron.name: type_bound(task(game), patron, known) for patron in game.patron_types}
        free = answer_tree(task(game), "tree", None)
        capped = answer_tree(task(game), "tree", None, caps=Caps(caps))
        assert free.finding is not None
        assert capped.finding is not None
        assert capped.finding.outcome.value == pytest.approx(free.finding.outcome.value, rel=2e-6)
        assert capped.phases[-1].report.nodes <= free.phases[-1].report.nodes

    @pytest.mark.parametrize("seed", range(6))
    def test_ctrl_c_at_any_relaxation_leaves_a_bound_that_holds(
        self, seed: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        game = several_types(seed)
        wanted = brute_force(game).value
        relax = HeldProgram.relax
        for fatal in (0, 1, 2, 3, 5, 8, 13, 21):
            calls = iter(range(1000))

            def interrupted(self: Any, *asked: Any, fatal: int = fatal) -> Any:
                if next(calls) == fatal:  # noqa: B023
                    raise KeyboardInterrupt
                return relax(self, *asked)

            monkeypatch.setattr(HeldProgram, "relax", interrupted)
            result = answer_tree(task(game), "tree", None)
            assert result.bound is None or result.bound >= wanted - 1e-6 * max(1.0, abs(wanted))
            if next(calls) <= fatal:
                break  # it ended before
            assert result.finding is not None
            if result.bound is None or result.finding.gap(result.bound) > 1e-6:
                assert (result.reason, result.limit) == (Reason.INTERRUPTED, Limit.INTERRUPT)

    def test_ctrl_c_before_the_root_is_in_the_tree_proves_nothing(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(*_: Any) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(HeldProgram, "on", interrupted)
        result = answer_tree(task(several_types(0)), "tree", None)
        assert (result.reason, result.limit) == (Reason.INTERRUPTED, Limit.INTERRUPT)
        assert result.bound is None
        assert result.finding is not None

    def test_a_start_that_is_optimal_stays(self) -> None:
        game = several_types(2)
        first = answer_tree(task(game), "tree", None).finding
        again = answer_tree(task(game), "tree", None, first).finding
        assert first is not None
        assert again is not None
        assert again.outcome.value == pytest.approx(first.outcome.value, rel=1e-6)

    def test_runs_repeat(self) -> None:
        game = generate("adapting", "XS", 1)
        one, two = (answer_tree(task(game), "tree", None) for _ in range(2))
        counts = [
            [(p.purpose, p.report.nodes, p.report.simplex_iterations) for p in result.phases]
            for result in (one, two)
        ]
        assert counts[0] == counts[1]


class TestEveryStep:
    """Tiny games are one program; here none is tiny or small, and the brute force says what is right."""

    @pytest.fixture(autouse=True)
    def none_is_small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(strategy, "SMALL", 0)
        monkeypatch.setattr(strategy, "TINY", 0)

    @pytest.mark.parametrize("seed", SEEDS)
    @pytest.mark.parametrize("margin", [0.0, 0.3])
    def test_against_brute_force(self, seed: int, margin: float) -> None:
        compared(several_types(seed), Information.ADAPTIVE, margin)

    @pytest.mark.parametrize("seed", range(12))
    @pytest.mark.parametrize("information", [Information.ADAPTIVE, Information.OPEN_LOOP])
    def test_wider_games(self, seed: int, information: Information) -> None:
        compared(random_game(seed, WIDE), information)

    @pytest.mark.parametrize("seed", range(8))
    @pytest.mark.parametrize("head_start", [0.0, 60.0])
    def test_a_large_game_without_limits_is_solved_after_its_head_start(
        self, seed: int, head_start: float, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(strategy, "LARGE", 0)
        monkeypatch.setattr(strategy, "HEAD_START", head_start)
        compared(several_types(seed), Information.ADAPTIVE)

    @pytest.mark.parametrize("seed", range(8))
    @pytest.mark.parametrize(
        ("far", "apart"), [(strategy.FAR_GAP, strategy.APART_BUILDING), (-1.0, 0.0), (-1.0, 1.0)]
    )
    def test_a_large_game_with_a_time_limit_has_a_proven_bound(
        self, seed: int, far: float, apart: float, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whether time goes to known types or, however near these are, to the tree, before pools or after."""
        monkeypatch.setattr(strategy, "LARGE", 0)
        monkeypatch.setattr(strategy, "FAR_GAP", far)
        monkeypatch.setattr(strategy, "APART_BUILDING", apart)
        game = several_types(seed)
        optimum = brute_force(game, "adaptive").value
        solution = solve(game, options=SolveOptions(time_limit_seconds=60.0))
        assert solution.certificate.accepted
        assert solution.value <= optimum + 1e-6 * max(1.0, abs(optimum))
        assert solution.dual_bound is not None
        assert solution.dual_bound >= optimum - 1e-6 * max(1.0, abs(optimum))

    def test_a_large_game_of_types_far_apart_ends_in_the_tree(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Known types cannot meet the optimum where the plan that meets all of them is worth less."""
        monkeypatch.setattr(strategy, "LARGE", 0)
        game = next(game for game in map(several_types, range(40)) if _adapting(game))
        limited = SolveOptions(time_limit_seconds=60.0)
        before = solve(game, options=limited)
        monkeypatch.setattr(strategy, "FAR_GAP", -1.0)
        assert before.status.reason is Reason.LIMIT
        for apart, pools in ((strategy.APART_BUILDING, False), (0.0, True)):
            monkeypatch.setattr(strategy, "APART_BUILDING", apart)
            after = solve(game, options=limited)
            assert after.status.reason is Reason.OPTIMAL
            assert after.value == pytest.approx(brute_force(game).value, rel=1e-6, abs=1e-6)
            assert any(phase.purpose.startswith("pool") for phase in after.phases) is pools

    def test_a_type_known_by_nothing_is_asked_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """In the same share of the time left, and with the better of both bounds."""
        game = several_types(1)
        names = [patron.name for patron in game.patron_types]
        asked: list[tuple[str, float]] = []

        def answered(
            alone: Task, purpose: str, seconds: float | None, *_: Any, **_ladders: Any
        ) -> SearchResult:
            (patron,) = alone.game.patron_types
            asked.append((patron.name, seconds or 0.0))
            again = len(asked) > len(names)
            finding = Program.build(alone, purpose).claim(do_nothing(alone))
            if patron.name != names[0] or again:
                finding = replace(finding, worth=finding.worth + 1.0)
            return SearchResult(finding, 70.0 if again else 50.0, Reason.LIMIT, Limit.TIME, ())

        monkeypatch.setattr(known, "answer_tree", answered)
        limited = replace(task(game, time_limit_seconds=100.0), clock=Clock(100.0))
        results = known_types(limited, 0.15)
        assert [name for name, _ in asked] == [*(n for n, _ in asked[: len(names)]), names[0]]
        assert asked[-1][1] == pytest.approx(15.0, rel=0.2)
        assert results[names[0]].bound == 50.0
        assert results[names[0]].finding is not None


def test_small_known_types_have_the_same_optima_without_neighbourhoods(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    game = generate("standard", "S", 0, stages=2, entities=12)
    few = known_types(task(game), 1.0)
    monkeypatch.setattr(known, "SMALL_ALONE", 0)
    many = known_types(task(game), 1.0)
    for name in few:
        ours, theirs = few[name], many[name]
        assert ours.reason is theirs.reason is Reason.OPTIMAL
        assert ours.finding is not None
        assert theirs.finding is not None
        assert ours.finding.worth == pytest.approx(theirs.finding.worth, rel=1e-6)
        assert not any("nearby" in phase.purpose for phase in ours.phases)
        assert any("nearby" in phase.purpose for phase in theirs.phases)


def _adapting(game: Game) -> bool:
    """Whether knowing the type would be worth something, by brute force."""
    know, adapt = (brute_force(game, information).value for information in ("clairvoyant", "adaptive"))
    return know > adapt + 0.01 * max(1.0, abs(adapt))
