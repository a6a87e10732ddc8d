"""The rooms of the search one by one: what each of them promises."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from games import TINY, random_game
from hand_games import BANK, HAND_GAME, NOTICE
from oracle import brute_force
from sanctopt import Information, Ladder, Rung, SolveOptions, load_case, play, solve
from sanctopt.errors import LadderError, SolverError
from sanctopt.game import Game
from sanctopt.outcome import Outcome
from sanctopt.search import known as known_module
from sanctopt.search import program as program_module
from sanctopt.search import strategy, tidy
from sanctopt.search.known import (
    bound_from_types,
    compiling,
    known_types,
    known_types_again,
    trivial_bound,
)
from sanctopt.search.pools import (
    common_ladders,
    concession_choices,
    nested_pools,
    pooled_ladders,
    provocation_limit,
)
from sanctopt.search.program import Program, do_nothing, ladder_of
from sanctopt.search.task import Clock, SearchResult, Task
from sanctopt.search.tidy import tidied
from sanctopt.search.workers import Turns, each
from sanctopt.solver import CompiledProgram
from sanctopt.solver_options import Limit, Reason, SolveReport
from suite.families import generate

SEEDS = range(12)


def task(game: Game, margin: float = 0.0, threads: int = 1) -> Task:
    return Task(game, Information.ADAPTIVE, margin, SolveOptions(threads=threads), Clock(None), None)


def several_types(seed: int) -> Game:
    """A random game of at least two types: the first one from this seed on."""
    while len((game := random_game(seed, TINY)).patron_types) < 2:
        seed += 1000
    return game


def best_at(game: Game, type_name: str, provocation: float) -> str:
    """The best response at a provocation, without engagement, denial and threat."""
    rows = [game.utility[type_name, response.name] for response in game.responses]
    return max(rows, key=lambda row: row.base + row.provocation * provocation).response


class TestKnownTypes:
    @pytest.mark.parametrize("seed", SEEDS)
    def test_optimum_of_each_type_alone(self, seed: int) -> None:
        game = random_game(seed, TINY)
        known = known_types(task(game), 1.0)
        assert list(known) == [patron.name for patron in game.patron_types]
        assert all(result.reason is Reason.OPTIMAL for result in known.values())
        total = sum(
            patron.prior * known[patron.name].finding.outcome.value  # type: ignore[union-attr]
            for patron in game.patron_types
        )
        wanted = brute_force(game, "clairvoyant").value
        assert total == pytest.approx(wanted, rel=1e-6)
        assert bound_from_types(task(game), known) == pytest.approx(wanted, rel=2e-6)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_no_ladder_pays_more_against_a_type_than_its_cap(self, seed: int) -> None:
        game = several_types(seed)
        known = known_types(task(game), 1.0)
        for name, value in solve(game).outcome.values.items():
            bound = known[name].bound
            assert bound is not None
            assert value <= bound + 1e-6 * max(1.0, abs(bound))

    def test_how_long_a_program_takes_to_compile_is_not_that_of_one_that_was_delayed(self) -> None:
        result = next(iter(known_types(task(HAND_GAME), 1.0).values()))
        (first, *_) = result.phases

        def taking(seconds: float) -> SearchResult:
            report = replace(first.report, compile_seconds=seconds)
            return replace(result, phases=(replace(first, report=report),))

        assert compiling({"calm": taking(0.2), "bold": taking(9.0), "wary": taking(0.3)}) == 0.3
        assert compiling({"calm": replace(result, phases=())}) == math.inf

    @pytest.mark.parametrize("seed", SEEDS)
    def test_trivial_bound_holds(self, seed: int) -> None:
        game = random_game(seed, TINY)
        bound = sum(patron.prior * trivial_bound(game, patron) for patron in game.patron_types)
        assert bound_from_types(task(game), {}) == pytest.approx(bound)
        assert brute_force(game, "clairvoyant").value <= bound + 1e-9 * max(1.0, bound)


class TestKnownTypesOfLargeGames:
    @pytest.mark.parametrize("seed", range(6))
    def test_optimum_of_each_type_alone(self, seed: int) -> None:
        """Whole programs, begun with ladders known and found: the same optima."""
        game = random_game(seed, TINY)
        best = solve(game).ladder
        for ladders in ((), (best,)):
            searched = replace(task(game), known_ladders=ladders)
            known = known_types(searched, 1.0, large=True)
            assert bound_from_types(searched, known) == pytest.approx(
                brute_force(game, "clairvoyant").value, rel=2e-6
            )

    def test_a_search_begins_with_ladders_known(self) -> None:
        """With no node of branch and bound, a type known is worth no less than they are against it."""
        options = SolveOptions(node_limit=0, highs={"mip_heuristic_effort": 0.0})
        begun = 0
        for seed in range(6):
            game = several_types(seed)
            best = solve(game)
            cut = Task(game, Information.ADAPTIVE, 0.0, options, Clock(None), None)
            alone = known_types(cut, 1.0, large=True)
            known = known_types(replace(cut, known_ladders=(best.ladder,)), 1.0, large=True)
            for name, value in best.outcome.values.items():
                finding, before = known[name].finding, alone[name].finding
                assert finding is not None
                assert finding.worth >= value - 1e-9 * max(1.0, abs(value))
                begun += before is None or before.worth < finding.worth
        assert begun >= 1

    def test_only_types_for_which_there_is_time_are_asked_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        game = several_types(0)
        options = SolveOptions(node_limit=0, highs={"mip_heuristic_effort": 0.0})
        cut = Task(game, Information.ADAPTIVE, 0.0, options, Clock(1000.0), None)
        known = known_types(cut, 0.5, large=True)
        waiting = [name for name, result in known.items() if result.reason is Reason.LIMIT]
        assert len(waiting) >= 2
        for over, asked in ((1e-9, len(waiting)), (1e9, 1)):
            monkeypatch.setattr(known_module, "AGAIN_OVER_TYPE", over)
            again = known_types_again(cut, known, None)
            assert sum(bool(result.phases) for result in again.values()) == asked


class TestClairvoyant:
    @pytest.mark.parametrize(("seed", "gap"), [(39, 0.1), (39, 1e-3)])
    def test_types_worth_sums_of_opposite_sign_are_solved_closer(
        self, seed: int, gap: float, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each type is within the gap at first, their sum is not; it must not be called optimal so."""
        game = random_game(seed)
        asked: list[tuple[float, float]] = []
        side_by_side = strategy._side_by_side

        def watched(searched: Task) -> SearchResult:
            result = side_by_side(searched)
            assert result.finding is not None
            asked.append((searched.options.relative_gap, result.finding.gap(result.bound)))
            return result

        monkeypatch.setattr(strategy, "_side_by_side", watched)
        solution = solve(
            game, information=Information.CLAIRVOYANT, options=SolveOptions(relative_gap=gap, threads=1)
        )
        assert solution.status.reason is Reason.OPTIMAL
        assert solution.relative_gap <= gap
        (first, loose), (second, close) = asked
        assert (first, second < gap, loose > gap, close <= gap) == (gap, True, True, True)
        assert solution.value == pytest.approx(brute_force(game, "clairvoyant").value, rel=gap)


class TestTurns:
    def test_jobs_share_the_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Clock, "left", lambda _: 60.0)
        turns = Turns(Clock(None), 6, 1)
        assert [turns.seconds(weight) for weight in (1, 3, 1, 1)] == [10.0, 36.0, 30.0, 60.0]
        two = Turns(Clock(None), 4, 2)
        assert [two.seconds() for _ in range(4)] == [30.0, 30.0, 60.0, 60.0]
        assert Turns(Clock(None), 1, 1).seconds(3) == 60.0


class TestPools:
    def test_limit_is_where_the_hostile_line_crosses_the_last_other(self) -> None:
        game = load_case("teaching")
        for patron in game.patron_types:
            limit = provocation_limit(game, patron)
            assert game.response[best_at(game, patron.name, limit + 1e-6)].hostile
            assert limit == 0 or not game.response[best_at(game, patron.name, limit - 1e-6)].hostile

    def test_a_type_that_is_never_hostile_has_no_limit(self) -> None:
        game = load_case("teaching")
        calm = replace(game, responses=tuple(replace(row, hostile=False) for row in game.responses))
        assert provocation_limit(calm, calm.patron_types[0]) == math.inf

    def test_pools_are_nested_and_lose_the_easily_provoked_first(self) -> None:
        game = load_case("dprk_2017")
        pools = nested_pools(game)
        assert pools[0] == tuple(patron.name for patron in game.patron_types)
        assert all(set(later) < set(earlier) for earlier, later in pairwise(pools))
        limits = {patron.name: provocation_limit(game, patron) for patron in game.patron_types}
        for pool in pools:
            left_out = set(limits) - set(pool)
            assert all(limits[name] < min(limits[kept] for kept in pool) for name in left_out)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_their_ladders_are_allowed_and_below_the_optimum(self, seed: int) -> None:
        game = several_types(seed)
        searched = task(game)
        found, phases = pooled_ladders(searched, known_types(searched, 1.0), 1.0)
        assert phases
        wanted = brute_force(game).value
        for outcome in found:
            again = play(game, outcome.ladder)  # raises if it is not allowed
            assert again.value == pytest.approx(outcome.value)
            assert again.value <= wanted + 1e-6 * max(1.0, abs(wanted))
        for phase in phases:
            assert phase.report.dual_bound is None  # a pool proves nothing

    def test_most_find_a_ladder_that_acts(self) -> None:
        acting = 0
        for game in map(several_types, SEEDS):
            searched = task(game)
            found, _ = pooled_ladders(searched, known_types(searched, 1.0), 1.0)
            best = max((searched.worth(outcome) for outcome in found), default=-math.inf)
            acting += best > searched.worth(do_nothing(searched))
        assert acting > len(SEEDS) / 2

    def test_regimes_concede_as_if_known_or_in_the_last_stage_or_the_first(self) -> None:
        """Where time ended a known type's search at an early concession, a later one is tried, too."""
        game = generate("standard", "XS", 0)
        patrons = (replace(patron, reservation=0.5) for patron in game.patron_types)
        game = replace(game, patron_types=tuple(patrons))
        searched = task(game)
        known = known_types(searched, 1.0)
        names = tuple(patron.name for patron in game.patron_types)
        program = Program.build(searched, "pool", names, (names,))
        conceding = program.model.frame.conceding
        assert len(conceding) > 1
        last = game.stages - 1
        ends = {name: known[name].finding.outcome.steps[-1] for name in conceding}  # type: ignore[union-attr]
        stages = {name: step.stage for name, step in ends.items() if step.concedes}
        assert stages
        first, second, third = concession_choices(program, names, known, 0)
        assert first[0] == stages
        assert first[-1] == {}
        assert [len(choice) for choice in first] == list(range(len(stages), -1, -1))
        early = {name: replace(result, finding=None, reason=Reason.LIMIT) for name, result in known.items()}
        assert concession_choices(program, names, early, 0)[0][0] == dict.fromkeys(conceding, last)
        assert all(set(choice.values()) == {last} for choice in second)
        assert all(set(choice.values()) == {0} for choice in third)
        assert not [choice for choice in second if choice in first]
        assert not [choice for choice in third if choice in first or choice in second]
        for lists in concession_choices(program, names, known, 1):
            assert all(stage >= 1 for choice in lists for stage in choice.values())

    def test_a_path_is_planned_at_least_as_well_as_a_known_ladder_goes_it(self) -> None:
        """Where all types answer alike on a known type's ladder, the pool of all has that one at least."""
        compared = 0
        for game in map(several_types, SEEDS):
            searched = task(game)
            known = known_types(searched, 1.0)
            names = tuple(patron.name for patron in game.patron_types)
            starts = common_ladders(searched, names, known)
            found, _ = pooled_ladders(searched, known, 1.0)
            if starts and not game.off_ramp:
                most = max(map(searched.worth, starts))
                assert max(map(searched.worth, found)) >= most - 1e-6 * max(1.0, abs(most))
                compared += 1
        assert compared > 0


class TestWork:
    """What is done for each of several items, here or in threads."""

    @pytest.mark.parametrize("threads", [1, 2])
    def test_results_are_in_order(self, threads: int) -> None:
        searched = task(HAND_GAME, threads=threads)
        assert each(searched, lambda _, item: 2 * item, [1, 2, 3]) == [2, 4, 6]

    def test_a_ctrl_c_between_two_solves_loses_nothing(self) -> None:
        searched = task(HAND_GAME)
        seen = []

        def work(inner: Task, item: int) -> tuple[int, bool]:
            seen.append(item)
            if item == 2 and not inner.stop.is_set():
                raise KeyboardInterrupt
            return item, inner.stop.is_set()

        assert each(searched, work, [1, 2, 3]) == [(1, False), (2, True), (3, True)]
        assert seen == [1, 2, 2, 3]

    def test_an_error_of_one_ends_the_others(self) -> None:
        searched = task(HAND_GAME, threads=2)

        def work(inner: Task, item: int) -> bool:
            if item == 1:
                raise SolverError("broken")
            return inner.stop.wait(60.0)

        with pytest.raises(SolverError, match="broken"):
            each(searched, work, [1, 2])
        assert searched.stop.is_set()


class TestProgram:
    def test_a_ctrl_c_while_a_ladder_is_valued_stops_the_search_after_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`Program.claim` asks HiGHS itself: that must not swallow a Ctrl-C, nor lose the value."""
        searched = task(HAND_GAME)
        program = Program.build(searched, "adaptive program")
        idle = do_nothing(searched)
        wanted = program.claim(idle).claimed_value
        honest = CompiledProgram.solve
        asked: list[bool] = []

        def solved(self: CompiledProgram, *arguments: Any, **more: Any) -> SolveReport:
            report = honest(self, *arguments, **more)
            asked.append(True)
            if len(asked) > 1:
                return report
            return replace(report, reason=Reason.INTERRUPTED, limit=Limit.INTERRUPT, incumbent=None)

        monkeypatch.setattr(CompiledProgram, "solve", solved)
        assert program.claim(idle).claimed_value == pytest.approx(wanted)
        assert searched.stop.is_set()
        assert len(asked) == 2

    def test_a_ladder_that_only_tolerances_allow_is_asked_for_again_without(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """HiGHS takes a limit as kept at 1e-6, the rules do not: no error, and the same optimum."""
        optimum = solve(HAND_GAME).value
        honest = program_module.replayed
        refused: list[bool] = []

        def replayed(*arguments: Any) -> Outcome:
            if not refused:
                refused.append(True)
                raise LadderError("effort 1.0000008 of 1")
            return honest(*arguments)

        monkeypatch.setattr(program_module, "replayed", replayed)
        solution = solve(HAND_GAME)
        assert refused
        assert solution.status.reason is Reason.OPTIMAL
        assert solution.value == pytest.approx(optimum)


class TestSecondOpinion:
    """Of "infeasible"."""

    @pytest.mark.parametrize("information", list(Information))
    @pytest.mark.parametrize("ended", [Reason.LIMIT, Reason.INTERRUPTED])
    def test_one_that_does_not_come_in_time_leaves_it_open(
        self, information: Information, ended: Reason, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        limits = {Reason.LIMIT: Limit.TIME, Reason.INTERRUPTED: Limit.INTERRUPT}
        late = SearchResult(None, None, ended, limits[ended], ())
        searched = replace(task(load_case("teaching"), margin=1000.0), information=information)
        assert strategy.search(searched).reason is Reason.INFEASIBLE
        honest = strategy.solve_until_settled

        def settled(program: Program, *arguments: Any, **more: Any) -> SearchResult:
            return late if program.purpose.startswith("second") else honest(program, *arguments, **more)

        monkeypatch.setattr(strategy, "solve_until_settled", settled)
        result = strategy.search(searched)
        assert (result.reason, result.limit) in [(Reason.LIMIT, limits[ended]), (ended, limits[ended])]
        assert result.finding is None

    def test_a_ctrl_c_before_it_is_no_proof(self) -> None:
        searched = replace(task(load_case("teaching"), margin=1000.0), information=Information.CLAIRVOYANT)
        unproven = SearchResult(None, None, Reason.INFEASIBLE, Limit.NONE, ())
        searched.stop.set()
        result = strategy._asked_again(searched, unproven)
        assert (result.reason, result.limit) == (Reason.INTERRUPTED, Limit.INTERRUPT)


class TestTidy:
    def test_a_ctrl_c_leaves_the_ladder(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        searched = task(HAND_GAME)
        best = solve(HAND_GAME).outcome
        monkeypatch.setattr(tidy, "replayed", interrupted)
        assert tidied(searched, best, Clock(None)) is best
        assert searched.stop.is_set()

    def test_what_changes_nothing_is_left_out(self) -> None:
        """A notice to a bank that is designated already denies nothing more and moves nobody."""
        first = play(HAND_GAME, Ladder.of(HAND_GAME, Information.ADAPTIVE, [Rung((), starts=(BANK,))]))
        rungs = [
            replace(rung.decisions(), starts=(NOTICE,)) if rung.stage else rung for rung in first.ladder.rungs
        ]
        spoiled = play(HAND_GAME, Ladder.of(HAND_GAME, Information.ADAPTIVE, rungs))
        assert any(NOTICE in rung.starts for rung in spoiled.ladder.rungs)
        clean = tidied(task(HAND_GAME), spoiled, Clock(None))
        assert all(NOTICE not in rung.starts for rung in clean.ladder.rungs)
        assert clean.value > spoiled.value  # the notice cost something

    @pytest.mark.parametrize("seed", SEEDS)
    def test_nothing_can_be_struck_out_of_an_answer(self, seed: int) -> None:
        game = random_game(seed, TINY)
        outcome = solve(game).outcome
        assert tidied(task(game), outcome, Clock(None)).ladder == outcome.ladder

    def test_the_margin_is_kept(self) -> None:
        game = load_case("teaching")
        outcome = solve(game, margin=0.2).outcome
        assert tidied(replace(task(game), margin=0.2), outcome, Clock(None)).smallest_margin >= 0.2

    def test_no_time_no_change(self) -> None:
        game = load_case("teaching")
        outcome = solve(game).outcome
        assert tidied(task(game), outcome, Clock(0.0)) is outcome


@pytest.mark.parametrize("information", [Information.ADAPTIVE, Information.OPEN_LOOP])
def test_doing_nothing_has_a_rung_wherever_some_type_gets(information: Information) -> None:
    game = load_case("dprk_2017")
    idle = do_nothing(replace(task(game), information=information))
    assert all(rung.decisions() == Rung(rung.history) for rung in idle.ladder.rungs)
    assert all(step.planned for step in idle.steps)
    assert ladder_of(game, information, idle).rungs == tuple(rung.decisions() for rung in idle.ladder.rungs)
