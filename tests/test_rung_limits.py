"""Limits on rungs against brute force: first rungs held or excluded, decisions barred or required."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import inf

import pytest

import oracle
from hand_games import HAND_GAME
from sanctopt import Aims, Information, OptionError, Rung, SolveOptions, Start, load_case, solve
from sanctopt.aims import HostileProbability
from sanctopt.game import Game
from sanctopt.rung_limits import (
    FIELDS,
    Barred,
    Decision,
    FirstRung,
    HeldRung,
    OtherFirstRungs,
    Required,
    RungLimit,
    decisions_of,
    first_rung,
    without,
)
from sanctopt.search import strategy
from sanctopt.solver_options import Reason
from test_search import several_types

SEEDS = (0, 1, 3, 5, 7)
TIGHT = SolveOptions(relative_gap=1e-7)
Allows = Callable[[int, oracle.Rung, tuple[oracle.Reply, ...]], bool]


class Restricted(oracle._Search):
    """Brute force over the rungs that are allowed."""

    def __init__(self, game: Game, information: oracle.Information, allows: Allows) -> None:
        super().__init__(game, information, 0.0)
        self.allows = allows

    def outcomes(
        self, stage: int, past: oracle.Past, pool: oracle.Pool
    ) -> Iterator[tuple[oracle.Rung, oracle.Places, oracle.Past, tuple[oracle.Reply, ...]]]:
        for outcome in super().outcomes(stage, past, pool):
            if self.allows(stage, outcome[0], outcome[-1]):
                yield outcome


def best(game: Game, allows: Allows, information: oracle.Information = "adaptive") -> float:
    everyone = tuple(oracle.Player(number, ()) for number in range(len(game.patron_types)))
    return Restricted(game, information, allows).best(0, oracle.opening(game), everyone).value


def values_by_first_rung(game: Game) -> dict[Rung, float]:
    """The most that each first rung leads to; an offer counts if it is accepted at once."""
    search = oracle._Search(game, "adaptive", 0.0)
    everyone = tuple(oracle.Player(number, ()) for number in range(len(game.patron_types)))
    found: dict[Rung, float] = {}
    for rung, threat, after, replies in search.outcomes(0, oracle.opening(game), everyone):
        accepted = any(reply.concedes for reply in replies)
        key = ours(replace(rung, offer=accepted))
        found[key] = max(found.get(key, -inf), search.total(0, replies, after, threat))
    return found


def ours(rung: oracle.Rung) -> Rung:
    return Rung(
        (),
        starts=tuple(sorted(rung.starts)),
        engagements=tuple(sorted(rung.engagements)),
        mitigations=tuple(sorted(rung.mitigations)),
        threat=tuple(sorted(rung.threat)),
        offer=rung.offer,
    )


def makes(decision: Decision, rung: oracle.Rung) -> bool:
    return decision.made_in(ours(rung))


def drawn_decisions(game: Game, seed: int) -> list[Decision]:
    """Some decisions of every kind that the game has."""
    starts = list(game.eligible)
    pool = [
        *(Decision("starts", start) for start in starts),
        *(Decision("threat", start) for start in starts if game.standing_threats),
        *(Decision("engagements", row.name) for row in game.engagements),
        *(Decision("mitigations", name) for name in game.mitigation_names),
    ]
    return random.Random(seed).sample(pool, min(3, len(pool)))


def check(
    game: Game, limit: RungLimit, wanted: float, information: Information = Information.ADAPTIVE
) -> None:
    solution = solve(game, information=information, aims=Aims(limits=(limit,)), options=TIGHT)
    if wanted == -inf:
        assert solution.status.reason is Reason.INFEASIBLE
        return
    assert solution.status.reason is Reason.OPTIMAL, limit
    assert solution.value == pytest.approx(wanted, rel=1e-6, abs=1e-6), limit
    assert solution.certificate.accepted
    assert limit.kept(game, solution.outcome)


@pytest.mark.parametrize("search", ["one program", "tree of answers"])
@pytest.mark.parametrize("seed", SEEDS)
class TestAgainstBruteForce:
    @pytest.fixture(autouse=True)
    def _search(self, search: str, monkeypatch: pytest.MonkeyPatch) -> None:
        if search == "tree of answers":
            monkeypatch.setattr(strategy, "SMALL", 0)
            monkeypatch.setattr(strategy, "TINY", 0)

    def test_every_first_rung_has_its_value(self, seed: int) -> None:
        game = several_types(seed)
        values = values_by_first_rung(game)
        some = random.Random(seed).sample(sorted(values, key=repr), min(6, len(values)))
        for rung in some:
            check(game, FirstRung(rung), values[rung])

    def test_the_best_of_the_others(self, seed: int) -> None:
        game = several_types(seed)
        values = values_by_first_rung(game)
        order = sorted(values, key=lambda rung: -values[rung])
        for count in (1, 2, 4, len(order)):
            excluded = tuple(order[:count])
            wanted = max((values[rung] for rung in order[count:]), default=-inf)
            check(game, OtherFirstRungs(excluded), wanted)

    def test_barred(self, seed: int) -> None:
        game = several_types(seed)
        decisions = drawn_decisions(game, seed)
        if game.off_ramp is not None:
            decisions.append(Decision("offer"))
        for number, decision in enumerate(decisions):
            stages = () if number % 2 else (number % game.stages,)

            def allows(
                stage: int,
                rung: oracle.Rung,
                _: object,
                decision: Decision = decision,
                stages: tuple[int, ...] = stages,
            ) -> bool:
                return not (makes(decision, rung) and (not stages or stage in stages))

            check(game, Barred(decision, stages), best(game, allows))

    def test_required(self, seed: int) -> None:
        game = several_types(seed)
        for number, decision in enumerate(drawn_decisions(game, seed)):
            when = number % game.stages

            def allows(
                stage: int, rung: oracle.Rung, _: object, decision: Decision = decision, when: int = when
            ) -> bool:
                return stage != when or makes(decision, rung)

            check(game, Required(decision, when), best(game, allows))

    def test_held_rungs(self, seed: int) -> None:
        """Rungs of the best plan, less a decision, held where they are met, stage after stage."""
        game = several_types(seed)
        plan = solve(game, options=TIGHT).ladder
        held: dict[tuple[str, ...], Rung] = {}
        for rung in plan.rungs:
            less = [without(rung, decision) for decision in decisions_of(rung)]
            held[rung.history] = random.Random(seed).choice([rung.decisions(), *less])

        def allows(stage: int, rung: oracle.Rung, replies: tuple[oracle.Reply, ...]) -> bool:
            asked = held.get(replies[0].player.responses)
            if asked is None:
                return True
            same = replace(ours(rung), offer=False) == replace(asked, history=(), offer=False)
            return same and (asked.offer or not any(reply.concedes for reply in replies))

        wanted = best(game, allows)
        aims = Aims(limits=tuple(HeldRung(rung) for rung in held.values()))
        solution = solve(game, aims=aims, options=TIGHT)
        assert (wanted == -inf) == (solution.status.reason is Reason.INFEASIBLE)
        if wanted > -inf:
            assert solution.value == pytest.approx(wanted, rel=1e-6, abs=1e-6)

    def test_open_loop(self, seed: int) -> None:
        game = several_types(seed)
        for decision in drawn_decisions(game, seed):

            def allows(stage: int, rung: oracle.Rung, _: object, decision: Decision = decision) -> bool:
                return stage != 0 or not makes(decision, rung)

            check(game, Barred(decision, (0,)), best(game, allows, "open_loop"), Information.OPEN_LOOP)


def test_the_tests_above_meet_every_kind_of_case() -> None:
    """Offers that are accepted, threats and first rungs that cannot be: otherwise they would prove little."""
    games = [several_types(seed) for seed in SEEDS]
    rungs = [rung for game in games for rung in values_by_first_rung(game)]
    assert any(rung.offer for rung in rungs)
    assert any(rung.threat for rung in rungs)
    kinds = {
        decision.field
        for seed, game in zip(SEEDS, games, strict=True)
        for decision in drawn_decisions(game, seed)
    }
    assert kinds == set(FIELDS) - {"offer"}


@pytest.mark.parametrize("seed", range(8))
def test_an_offer_is_required_to_be_accepted(seed: int) -> None:
    game = next(game for game in map(several_types, range(50 * seed, 50 * seed + 50)) if game.off_ramp)

    def allows(stage: int, _: oracle.Rung, replies: tuple[oracle.Reply, ...]) -> bool:
        return stage != 0 or any(reply.concedes for reply in replies)

    check(game, Required(Decision("offer"), 0), best(game, allows))


@pytest.mark.parametrize("seed", range(8))
def test_limits_go_together(seed: int) -> None:
    game = several_types(seed)
    decision, *_ = drawn_decisions(game, seed)
    held = Rung((), **{decision.field: (decision.item,)})  # type: ignore[arg-type]
    both = Aims(limits=(FirstRung(held), Barred(decision, (0,))))
    assert solve(game, aims=both, options=TIGHT).status.reason is Reason.INFEASIBLE
    calm = (HostileProbability(0.0), Barred(decision))
    less = solve(game, aims=Aims(limits=calm), options=TIGHT)
    more = solve(game, aims=Aims(limits=calm[:1]), options=TIGHT)
    if less.plans:
        assert less.value <= more.value + 1e-6 * max(1.0, abs(more.value))


def test_where_nothing_can_be_done_there_is_no_other_rung() -> None:
    game = replace(HAND_GAME, effort_per_stage=0.0)
    check(game, OtherFirstRungs((Rung(()),)), -inf)
    check(game, FirstRung(Rung(())), solve(game).value)


class TestTeaching:
    def test_the_optimum_is_what_its_own_first_rung_leads_to(self) -> None:
        game = load_case("teaching")
        plain = solve(game)
        first = first_rung(plain.outcome)
        held = solve(game, aims=Aims(limits=(FirstRung(first),)))
        assert held.value == pytest.approx(plain.value, rel=1e-4)
        other = solve(game, aims=Aims(limits=(OtherFirstRungs((first,)),)))
        assert first_rung(other.outcome) != first
        assert other.value <= plain.value + 1e-6

    def test_a_known_ladder_does_not_change_the_optimum(self) -> None:
        game = load_case("teaching")
        plain = solve(game)
        for information in (Information.ADAPTIVE, Information.OPEN_LOOP):
            wanted = solve(game, information=information).value
            again = solve(game, information=information, known_ladders=[plain.ladder])
            assert again.value == pytest.approx(wanted, rel=1e-4)

    def test_a_ladder_of_another_game_is_passed_over(self) -> None:
        game = load_case("teaching")
        plan = solve(game).ladder
        fewer = replace(game, effort_per_stage=0.0)
        assert solve(fewer, known_ladders=[plan]).value == pytest.approx(solve(fewer).value)


class TestMisfits:
    def test_names_and_stages(self) -> None:
        game = load_case("teaching")
        start = Start("nobody", "warn")
        for limit, says in (
            (FirstRung(Rung((), starts=(start,))), "not eligible"),
            (OtherFirstRungs((Rung((), engagements=("tea",)),)), "tea is unknown"),
            (Barred(Decision("mitigations", "umbrella")), "umbrella is unknown"),
            (Required(Decision("offer"), 99), "stage 99 is none of the game"),
        ):
            with pytest.raises(OptionError, match=says):
                solve(game, aims=Aims(limits=(limit,)))

    def test_decisions(self) -> None:
        for field, item in (("starts", "x"), ("offer", "x"), ("engagements", ""), ("lunch", "x")):
            with pytest.raises(OptionError, match="is no decision"):
                Decision(field, item)

    def test_decisions_of_a_rung_and_without_them(self) -> None:
        start = Start("a", "warn")
        rung = Rung((), starts=(start,), threat=(start,), engagements=("talks",), offer=True)
        assert len(decisions_of(rung)) == 4
        for decision in decisions_of(rung):
            assert decision.made_in(rung)
            assert set(decisions_of(without(rung, decision))) == set(decisions_of(rung)) - {decision}
