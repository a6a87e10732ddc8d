"""Rows that responses imply: they cut off no ladder, and make the relaxation closer."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from games import SMALL, random_game
from hand_games import BANK, HAND_GAME, TRADER, changed
from oracle import brute_force
from sanctopt import Information, SolveOptions, load_case, solve
from sanctopt.errors import LadderError
from sanctopt.formulation.bounds import Bounds
from sanctopt.formulation.build import build_program
from sanctopt.formulation.frame import Frame
from sanctopt.formulation.response_limits import how_many, start_sets
from sanctopt.game import Game, Start
from sanctopt.ladder import Ladder, Rung
from sanctopt.outcome import Outcome
from sanctopt.position import advance, opening, take
from sanctopt.rules import violations
from sanctopt.search.program import Program
from sanctopt.solver import compile_program
from sanctopt.solver_relaxation import Relaxation
from suite.families import generate
from test_answers import task
from test_past import longer_game, random_past

ROWS = ("one_start", "some_starts", "earlier_provocation")
SEEDS = range(40)


def frame(game: Game, information: Information = Information.ADAPTIVE, **more: Any) -> Frame:
    return Frame(game, tuple(row.name for row in game.patron_types), information, tight=True, **more)


def relaxed(program: Program) -> float:
    """Bound of the relaxation, millions of US dollars."""
    with Relaxation(program.compiled.form) as relaxation:
        found = relaxation.solve(program.compiled.form.bounds)
    assert found is not None
    return program.unit * found.bound


def random_ladder(game: Game, seed: int) -> Outcome | None:
    """A ladder drawn rung by rung for the answers drawn, and what playing it gives."""
    rnd = random.Random(seed)
    rungs: dict[tuple[str, ...], Rung] = {}
    for _ in range(4):
        position = opening(game)
        for _ in range(game.stages):
            rung = rungs.get(position.history, Rung(position.history, starts=position.called))
            if position.history not in rungs:
                for start in rnd.sample(game.eligible, len(game.eligible)):
                    more = replace(rung, starts=tuple(sorted({*rung.starts, start})))
                    if rnd.random() < 0.7 and not violations(game, position, more):
                        rung = more
                offered = replace(rung, offer=True)
                if rnd.random() < 0.3 and not violations(game, position, offered):
                    rung = offered
                rungs[position.history] = rung
            response = rnd.choice(game.responses).name
            position = advance(game, take(game, position, rung), response)
    try:
        return task(game).play(Ladder.of(game, Information.ADAPTIVE, rungs.values()))
    except LadderError:  # an answer that was not drawn: a rung that cannot be left out is missing
        return None


def played(games: Iterator[Game], number: int) -> Iterator[tuple[Game, Outcome]]:
    """Random games with random ladders of theirs."""
    for seed, game in enumerate(games):
        if (outcome := random_ladder(game, seed)) is not None:
            yield game, outcome
            number -= 1
        if number == 0:
            return


class TestByHand:
    """`proud` hits once provocation exceeds 1.5; the bank's designation provokes 2, its notice 0.5."""

    def test_most_provocation_under_each_response(self) -> None:
        bounds = Bounds(frame(HAND_GAME))
        under = {key: most for key, most in bounds.provocation_under.items() if key[0] == "proud"}
        # Effort 3 of a stage, filled by provocation per effort: notice 0.5 and bank 2.5, or trader with bank.
        assert under["proud", "hold", 0] == pytest.approx(1.5, abs=1e-5)
        assert under["proud", "hold", 1] == pytest.approx(1.5, abs=1e-5)
        assert under["proud", "hit", 0] == bounds.provocation[0]
        assert ("proud", "protest", 0) not in under  # never best
        assert bounds.provocation_under["calm", "hold", 0] == bounds.provocation[0]

    def test_a_margin_lowers_it(self) -> None:
        bounds = Bounds(frame(HAND_GAME, margin=0.25))
        assert bounds.provocation_under["proud", "hold", 0] == pytest.approx(1.25, abs=1e-5)

    def test_one_start(self) -> None:
        """Of the starts only the bank's designation is too much at once; carried over it is 1."""
        model = build_program(frame(HAND_GAME))
        assert set(model.one_start) == {
            ("proud", "bank", "designate", 0, 0),
            ("proud", "bank", "designate", 1, 1),
        }
        row = compile_program(model)
        names = row.form.row_names
        one = names.index(model.one_start["proud", "bank", "designate", 1, 1].name)
        entries = row.form.matrix.tocsr()[[one], :].toarray()[0]
        found = {row.form.variables[j].name: entries[j] for j in entries.nonzero()[0]}
        assert found == {
            model.starts["proud", "bank", "designate", 1].name: 1.0,
            model.takes["proud", "hold", 1].name: 1.0,
        }
        assert row.form.row_upper[one] == 1.0

    def test_what_carries_over_rules_out_later_answers(self) -> None:
        model = build_program(frame(changed(carryover=0.9)))
        assert ("proud", "bank", "designate", 0, 1) in model.one_start  # 1.8 of 2 are left

    def test_sets_of_starts(self) -> None:
        """Under `hold`: no bank; one of bank and trader. With the notice effort allows no more."""
        model = build_program(frame(HAND_GAME))
        found = [(set(one.starts), one.most, one.under) for one in start_sets(model, "proud", 0)]
        assert found == [
            ({BANK}, 1, {"hold": 0, "hit": 1}),
            ({BANK, TRADER}, 2, {"hold": 1, "hit": 2}),
        ]
        assert start_sets(model, "calm", 0) == []

    def test_how_many(self) -> None:
        assert how_many([], 1.0) == 0
        assert how_many([0.0, 0.0], 0.0) == 2
        assert how_many([3.0, 1.0, 2.0], 3.0) == 2
        assert how_many([3.0, 1.0, 2.0], 0.5) == 0


class TestNothingIsLost:
    def test_every_ladder_played_is_a_point_of_the_tight_program(self) -> None:
        """Also a bad one: random rungs, whatever they provoke."""
        rows = dict.fromkeys(ROWS, 0)
        points = 0
        for game, outcome in played((random_game(seed, SMALL) for seed in itertools.count()), len(SEEDS)):
            plain, tight = (Program.build(task(game), "random", tight=more) for more in (False, True))
            wanted, found = plain.claimed(outcome), tight.claimed(outcome)
            assert (wanted is None) == (found is None)
            if wanted is None or found is None:
                continue
            points += 1
            assert found.claimed_value == pytest.approx(wanted.claimed_value, rel=1e-9, abs=1e-9)
            for name in ROWS:
                rows[name] += len(getattr(tight.model, name))
        assert min(rows.values()) > 30
        assert points > 30

    @pytest.mark.parametrize("seed", SEEDS)
    def test_the_rows_hold_by_the_rules_alone(self, seed: int) -> None:
        """Starts, answers and provocation of a played ladder in each row, without any program."""
        game = random_game(seed, SMALL)
        outcome = random_ladder(game, seed)
        if outcome is None:
            outcome = solve(game, options=SolveOptions(node_limit=1)).outcome
        model = build_program(frame(game))
        made: dict[str, dict[int, set[Start]]] = {}
        taken: dict[str, dict[int, str]] = {}
        provoked: dict[str, dict[int, float]] = {}
        ended: dict[str, int] = {}
        for step in outcome.steps:
            made.setdefault(step.type, {})[step.stage] = set(step.rung.starts)
            taken.setdefault(step.type, {})[step.stage] = step.response
            provoked.setdefault(step.type, {})[step.stage] = step.provocation
            if step.concedes:
                ended[step.type] = step.stage
        bounds = model.bounds
        for name, answers in taken.items():
            for stage, response in answers.items():
                assert provoked[name][stage] <= bounds.provocation_under[name, response, stage] + 1e-9
        for name, entity, instrument, stage, later in model.one_start:
            if Start(entity, instrument) in made[name].get(stage, ()) and later in taken[name]:
                left = game.start_provocation(Start(entity, instrument)) * game.carryover ** (later - stage)
                assert left <= bounds.provocation_under[name, taken[name][later], later] + 1e-9
        for (name, stage, _), chosen in model.start_sets.items():
            if stage in taken[name]:
                number = len(made[name][stage] & set(chosen.starts))
                assert number <= chosen.under[taken[name][stage]] <= chosen.most
        for name, response, stage, later, _ in model.earlier_provocation:
            if taken[name].get(stage) == response and later in taken[name]:
                share = game.carryover ** (later - stage)
                bound = bounds.provocation_under[name, taken[name][later], later]
                assert provoked[name][stage] * share <= bound + 1e-9

    @pytest.mark.parametrize("seed", range(12))
    @pytest.mark.parametrize("information", [Information.ADAPTIVE, Information.OPEN_LOOP])
    @pytest.mark.parametrize("margin", [0.0, 0.25])
    def test_the_tight_program_has_the_optimum_of_the_brute_force(
        self, seed: int, information: Information, margin: float
    ) -> None:
        game = longer_game(seed)
        wanted = brute_force(game, information.value, margin).value
        tight = compile_program(build_program(frame(game, information, margin=margin)))
        report = tight.solve(SolveOptions(relative_gap=0.0))
        if wanted == -float("inf"):
            assert report.incumbent is None
            return
        assert report.incumbent is not None
        unit = frame(game).unit
        # At least: what a point overlooks, a concession that is forced, is cut off later (section 4.3).
        assert unit * report.incumbent >= wanted - 1e-6 * max(1.0, abs(wanted))
        plain = compile_program(build_program(replace(frame(game, information, margin=margin), tight=False)))
        same = plain.solve(SolveOptions(relative_gap=0.0)).incumbent
        assert report.incumbent == pytest.approx(same, rel=1e-6, abs=1e-6)

    @pytest.mark.parametrize("seed", range(12))
    def test_after_a_past(self, seed: int) -> None:
        """Nothing in the past need be best, so nothing there rules anything out."""
        game = longer_game(seed)
        past = random_past(game, seed)
        tight, plain = (
            compile_program(build_program(replace(frame(game, past=past), tight=more))).solve(
                SolveOptions(relative_gap=0.0)
            )
            for more in (True, False)
        )
        assert tight.reason is plain.reason
        assert tight.incumbent == pytest.approx(plain.incumbent, rel=1e-6, abs=1e-6)


class TestCloser:
    @pytest.mark.parametrize("seed", range(12))
    def test_a_relaxation_is_never_further_off(self, seed: int) -> None:
        game = random_game(seed, SMALL)
        plain, tight = (Program.build(task(game), "relaxed", tight=more) for more in (False, True))
        assert relaxed(tight) <= relaxed(plain) + 1e-6 * max(1.0, abs(relaxed(plain)))

    def test_where_adapting_matters_a_good_part_of_the_gap_goes(self) -> None:
        game = generate("adapting", "S", 0)
        plain, tight = (relaxed(Program.build(task(game), "root", tight=more)) for more in (False, True))
        best = 723.68  # `python benchmarks/run.py adapting/S/0 --gap 1e-4`
        assert tight - best < 0.4 * (plain - best)

    def test_no_rows_unless_asked_for(self) -> None:
        game = load_case("teaching")
        names = tuple(row.name for row in game.patron_types)
        model = build_program(Frame(game, names, Information.ADAPTIVE))
        assert not any(hasattr(model, name) for name in ROWS)
