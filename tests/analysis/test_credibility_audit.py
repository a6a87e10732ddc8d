"""The audit against brute force on random ladders, by hand, its text and tables, wrong input."""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

import oracle
from games import random_game
from hand_games import BANK, HAND_GAME, NOTICE, adaptive, changed, with_entity
from oracle_threats import CredibleSearch
from sanctopt import Information, Ladder, LadderError, Rung, SolveOptions, load_case, play, solve
from sanctopt.analysis import Audit, audit
from sanctopt.analysis.threats.audited_rungs import Threat, Verdict
from sanctopt.analysis.threats.bounded import Bounded
from sanctopt.beliefs import Surprise
from sanctopt.game import Game
from sanctopt.outcome import Outcome, Step
from sanctopt.position import Past, Position, advance, opening, take
from sanctopt.rules import violations
from test_past import longer_game
from threat_games import EMPTY, EVEN, KEPT, MINE, PORT, threat_game

TIGHT = SolveOptions(relative_gap=1e-7)

SEEDS = tuple(seed for seed in range(120) if longer_game(seed).standing_threats)[:14]


def flat(found: Audit) -> str:
    """The text of an audit, line breaks apart."""
    return " ".join(str(found).split())


def random_ladder(game: Game, seed: int) -> Ladder:
    """An allowed ladder with a rung for every history, as a rule with a threat."""
    rnd = random.Random(seed)
    rungs = []
    reached = [opening(game)]
    for _ in range(game.stages):
        postures = []
        for position in reached:
            rung = random_rung(game, position, rnd)
            rungs.append(rung)
            postures.append(take(game, position, rung))
        reached = [advance(game, posture, row.name) for posture in postures for row in game.responses]
    return Ladder.of(game, Information.ADAPTIVE, rungs)


def random_rung(game: Game, position: Position, rnd: random.Random) -> Rung:
    """A rung that is allowed at a position."""
    rung = Rung(position.history, starts=position.called)
    offers = [replace(rung, offer=True)] if game.off_ramp is not None and rnd.random() < 0.3 else []
    for more in offers:
        rung = more
    for start in game.eligible:
        more = replace(rung, starts=tuple(sorted({*rung.starts, start})))
        if rnd.random() < 0.3 and not violations(game, position, more):
            rung = more
    for start in rnd.sample(game.eligible, len(game.eligible)):
        more = replace(rung, threat=tuple(sorted({*rung.threat, start})))
        if rnd.random() < 0.6 and not violations(game, position, more):
            rung = more
    for name in game.mitigation_names:
        more = replace(rung, mitigations=(*rung.mitigations, name))
        if rnd.random() < 0.3 and not violations(game, position, more):
            rung = more
    return rung


class WithoutThreatAt(oracle._Search):
    """Brute force over rungs that make no threat in a stage."""

    def __init__(self, game: Game, stage: int) -> None:
        super().__init__(game, "adaptive", 0.0)
        self.stage = stage

    def threats_at(self, stage: int) -> bool:
        return stage != self.stage and super().threats_at(stage)


def past_of(game: Game, position: Position) -> oracle.Past:
    """A position as the oracle tells it."""
    since, mitigated = dict(position.started), dict(position.mitigated)
    return oracle.Past(
        tuple(since.get(start) for start in game.eligible),
        tuple(mitigated.get(name) for name in game.mitigation_names),
        position.credibility,
        position.provocation,
        position.engagement,
        tuple(number for number, start in enumerate(game.eligible) if start in position.called),
    )


def threats_of(outcome: Outcome) -> Iterator[list[Step]]:
    """Steps of all types at each history where a threat is made."""
    for history in dict.fromkeys(step.history for step in outcome.steps if step.rung.threat):
        yield [step for step in outcome.steps if step.history == history]


def before(outcome: Outcome, step: Step) -> Past:
    rungs = [s.rung for s in outcome.steps if s.type == step.type and s.stage < step.stage]
    return Past(tuple(rungs), step.history)


def pool_at(game: Game, here: list[Step]) -> oracle.Pool:
    names = [row.name for row in game.patron_types]
    return tuple(oracle.Player(names.index(step.type), step.history) for step in here)


@pytest.mark.parametrize("seed", SEEDS)
class TestRandomLadders:
    def test_threats_against_brute_force(self, seed: int) -> None:
        game = longer_game(seed)
        ladder = random_ladder(game, seed)
        outcome = play(game, ladder)
        found = audit(game, ladder, options=TIGHT)
        assert [threat.history for threat in found.threats] == sorted(
            {here[0].history for here in threats_of(outcome)}, key=lambda history: (len(history), history)
        )
        for here in threats_of(outcome):
            check_threat(game, outcome, here, found.at(*here[0].history).threats[0])

    def test_facilitators_leave_as_they_do_in_play(self, seed: int) -> None:
        game = longer_game(seed)
        outcome = play(game, random_ladder(game, seed))
        found = audit(replace(game, standing_threats=False), without_threats(game, outcome))
        for rung in found.rungs:
            for row in rung.facilitators:
                near = -1e-9 * max(1.0, row.threshold)
                assert row.leaves == (math.isfinite(row.threshold) and row.margin >= near)
        exits = {(s.history, name) for s in play_of(game, outcome).steps for name in s.exits}
        assert exits == {(rung.history, row.name) for rung in found.rungs for row in rung.leaving}


def without_threats(game: Game, outcome: Outcome) -> Ladder:
    rungs = (replace(rung.decisions(), threat=()) for rung in outcome.ladder.rungs)
    return Ladder.of(replace(game, standing_threats=False), Information.ADAPTIVE, rungs)


def play_of(game: Game, outcome: Outcome) -> Outcome:
    return play(replace(game, standing_threats=False), without_threats(game, outcome))


def check_threat(game: Game, outcome: Outcome, here: list[Step], threat: Threat) -> None:
    """Each number of a threat by brute force from its history."""
    stage, past = here[0].stage, before(outcome, here[0])
    position, pool = past.position(game), pool_at(game, here)
    weight = sum(game.patron_types[player.type].prior for player in pool)
    later = [s for s in outcome.steps if s.stage >= stage and s.type in {step.type for step in here}]
    with_it = sum(outcome.priors[s.type] * s.payoff for s in later) / weight
    assert threat.value_with == pytest.approx(with_it, rel=1e-9, abs=1e-9)
    best = WithoutThreatAt(game, stage).best(stage, past_of(game, position), pool).value / weight
    assert threat.value_without.value == pytest.approx(best, rel=1e-6, abs=1e-6)
    assert threat.value_without.high == pytest.approx(best, rel=2e-6, abs=2e-6)
    assert threat.played_without <= best + 1e-6 * max(1.0, abs(best))
    assert threat.called_by == tuple(
        step.type for step in here if game.response[step.response].hostile and not step.concedes
    )

    search = CredibleSearch(game)
    offered = any(step.concedes for step in here)
    rung = oracle.Rung(frozenset(here[0].rung.starts), offer=offered)
    after = past_of(
        game, replace(advance(game, take(game, position, here[0].rung), game.responses[0].name), called=())
    )
    places = tuple(n for n, start in enumerate(game.eligible) if start in threat.starts)
    replies = tuple(
        oracle.Reply(player, step.response, 0.0, step.concedes)
        for player, step in zip(pool, here, strict=True)
    )
    assert [call.response for call in threat.calls] == [row.name for row in game.responses if row.hostile]
    for call in threat.calls:
        believed = search.believed(stage, rung, places, after, replies, call.response)
        assert list(call.belief) == [game.patron_types[player.type].name for player in believed]
        assert math.fsum(call.belief.values()) == pytest.approx(1.0)
        forced, waived = search.rests(stage, rung, places, after, replies, call.response)
        assert call.carried_out.value == pytest.approx(forced, rel=1e-6, abs=1e-6)
        assert call.waived.value == pytest.approx(waived, rel=1e-6, abs=1e-6)
        pays = search.pays(stage, rung, places, after, replies, call.response)
        assert call.verdict is (Verdict.CREDIBLE if pays else Verdict.EMPTY)
        assert call.pays is pays
    expected = any(
        step.response == call.response and not step.concedes for call in threat.calls for step in here
    )
    assert expected == any(call.surprise is Surprise.NONE for call in threat.calls)


def test_these_ladders_have_threats_of_both_kinds() -> None:
    """So that the tests above hold the audit against something."""
    verdicts, surprises = [], set()
    for seed in SEEDS[:8]:
        game = longer_game(seed)
        found = audit(game, random_ladder(game, seed))
        verdicts += [threat.verdict for threat in found.threats]
        surprises |= {call.surprise for threat in found.threats for call in threat.calls}
    assert verdicts.count(Verdict.EMPTY) >= 3
    assert verdicts.count(Verdict.CREDIBLE) >= 1
    assert surprises >= {Surprise.NONE, Surprise.FULL}


@functools.cache
def empty_audit() -> Audit:
    game = threat_game(EMPTY)
    return audit(game, solve(game))


class TestThreatByHand:
    """Numbers of the table in `threat_games`."""

    def test_a_threat_that_would_not_be_carried_out(self) -> None:
        empty = empty_audit()
        (threat,) = empty.threats
        assert threat.starts == (MINE,)
        assert threat.size == 1.0
        assert threat.value_with == pytest.approx(100.0)
        assert threat.value_without.value == pytest.approx(50.0)
        assert threat.worth.value == pytest.approx(50.0)
        assert threat.played_without == pytest.approx(50 - 70 + 50)
        assert [(row.with_threat, row.without_threat, row.deterred) for row in threat.answers] == [
            ("hold", "hit", True)
        ]
        assert threat.called_by == ()
        (call,) = threat.calls
        assert call.surprise is Surprise.FULL
        assert call.carried_out.value == pytest.approx(50 + 40 - EMPTY)
        assert call.waived.value == pytest.approx(50.0)
        assert call.loss.value == pytest.approx(EMPTY - 40)
        assert not call.pays
        assert empty.verdict is threat.verdict is Verdict.EMPTY

    def test_its_text(self) -> None:
        text = flat(empty_audit())
        assert "threat: close mine if the response is hostile; NOT CREDIBLE" in text
        assert "deters type tough (100%): hit without it, hold with it" in text
        assert "called on the expected path: by no type" in text
        assert "it would be waived: carrying it out loses 50.00" in text
        assert "Threats: 1 not credible." in text

    def test_its_tables(self) -> None:
        empty = empty_audit()
        (row,) = empty.to_frame().to_dict("records")
        assert row["verdict"] == "not credible"
        assert row["threat"] == "close mine"
        assert row["deters"] == "tough"
        assert row["value_with"] - row["value_without"] == pytest.approx(50.0)
        assert empty.answers_frame()["deterred"].tolist() == [True]
        assert empty.facilitators_frame().empty

    @pytest.mark.parametrize("price", [KEPT, EVEN])
    def test_a_threat_that_would_be_carried_out(self, price: float) -> None:
        game = threat_game(price)
        found = audit(game, solve(game))
        (threat,) = found.threats
        assert threat.verdict is found.verdict is Verdict.CREDIBLE
        assert threat.calls[0].pays
        assert "it would be carried out by choice" in flat(found)

    def test_a_threat_that_nobody_minds(self) -> None:
        game = threat_game(KEPT)
        plan = Ladder.of(game, Information.ADAPTIVE, [Rung((), threat=(MINE,)), Rung(("hold",))])
        (threat,) = audit(game, plan).threats
        assert not threat.answers[0].deterred
        assert "moves no type" in flat(audit(game, plan))
        assert threat.worth.value == pytest.approx(0.0 - 60.0)  # the plan does nothing

    def test_a_threat_that_is_called(self) -> None:
        game = threat_game(KEPT)
        utilities = tuple(replace(row, threat=0.0) for row in game.utilities)
        game = replace(game, utilities=utilities)
        plan = [Rung((), starts=(PORT,), threat=(MINE,)), Rung(("hit",), starts=(MINE,))]
        (threat,) = audit(game, adaptive(game, *plan)).threats
        assert threat.called_by == ("tough",)
        assert threat.calls[0].surprise is Surprise.NONE
        assert "called on the expected path: by type tough" in flat(audit(game, adaptive(game, *plan)))

    def test_without_time_nothing_is_claimed_that_is_not_proven(self) -> None:
        """Some ends are proven before the clock is looked at; what is not, is open."""
        verdicts = []
        for seed in (219, 220, 221):
            game = random_game(seed)
            found = audit(game, solve(game).ladder, options=SolveOptions(time_limit_seconds=0.0))
            assert found.threats
            for call in (call for threat in found.threats for call in threat.calls):
                carried_out, waived = call.carried_out, call.waived
                proven = {
                    Verdict.OPEN: True,
                    Verdict.EMPTY: carried_out.high <= waived.low + 1e-6,
                    Verdict.CREDIBLE: carried_out.low >= waived.high - 1e-6,
                }
                assert proven[call.verdict]
                assert carried_out.low <= carried_out.value <= carried_out.high
                assert ("not proven" in flat(found)) is (call.verdict is Verdict.OPEN)
                verdicts.append(call.verdict)
        assert Verdict.OPEN in verdicts


class TestFacilitators:
    """Credibility by hand: 0.4 after a designation of the bank, none before."""

    GAME = with_entity(
        with_entity(changed(), "bank", us_exposure=10.0, regime_profit=3.0),
        "trader",
        us_exposure=5.0,
        regime_profit=4.0,
    )

    def test_thresholds_and_margins(self) -> None:
        found = audit(self.GAME, adaptive(self.GAME, Rung((), starts=(BANK,))))
        bank, trader = found.at().facilitators[1], found.at().facilitators[0]
        assert found.at().credibility == pytest.approx(0.4)
        assert (bank.name, bank.leaves, bank.by_rung) == ("bank", True, True)
        assert bank.threshold == pytest.approx(0.3)
        assert bank.margin == pytest.approx(0.1)
        assert bank.removed == pytest.approx(0.4)  # the designation itself
        assert (trader.name, trader.leaves) == ("trader", False)
        assert trader.margin == pytest.approx(0.4 - 0.8)
        assert [row.name for row in found.at().nearest] == ["trader"]
        text = flat(found)
        assert "leave because of this rung: bank (by 0.100)" in text
        assert "nearest to leaving: trader (lacks 0.400)" in text
        assert "The ladder makes no threats." in text

    def test_who_leaves_anyhow(self) -> None:
        game = changed(credibility=replace(HAND_GAME.credibility, initial=1.0))
        game = with_entity(game, "bank", us_exposure=10.0, regime_profit=3.0)
        (bank,) = audit(game, adaptive(game, Rung((), starts=(NOTICE,)))).at().leaving
        assert not bank.by_rung
        assert "leave anyhow: bank (by 0.800)" in flat(
            audit(game, adaptive(game, Rung((), starts=(NOTICE,))))
        )

    def test_who_never_leaves(self) -> None:
        game = with_entity(self.GAME, "bank", us_exposure=0.0)
        found = audit(game, adaptive(game, Rung((), starts=(BANK,))))
        bank = found.at().facilitators[1]
        assert bank.threshold == math.inf
        assert [row.name for row in found.at().nearest] == ["trader"]
        always = with_entity(game, "bank", regime_profit=0.0)
        assert audit(always, adaptive(always, Rung(()))).at().leaving[0].name == "bank"


class TestInput:
    def test_other_ladders(self) -> None:
        game = load_case("teaching")
        for information in (Information.OPEN_LOOP, Information.CLAIRVOYANT):
            with pytest.raises(LadderError, match="adaptive ladders only"):
                audit(game, solve(game, information=information))

    def test_another_game(self) -> None:
        game = threat_game(KEPT)
        with pytest.raises(LadderError, match="of another game"):
            audit(threat_game(EMPTY), solve(game))

    def test_a_history_that_nobody_gets_to(self) -> None:
        game = threat_game(KEPT)
        with pytest.raises(LadderError, match="no type gets to the history hit"):
            audit(game, solve(game)).at("hit")


def test_bounds_of_differences() -> None:
    more, less = Bounded(10.0, 10.0, 12.0), Bounded(7.0, 7.0, 7.0)
    assert more - less == Bounded(3.0, 3.0, 5.0)
    assert (less - more).not_negative() == Bounded(0.0, 0.0, 0.0)
    assert less.at_least(more) == Bounded(10.0, 10.0, 10.0)
    assert more.at_most(Bounded(11.0, 10.0, 11.0)) == Bounded(10.0, 10.0, 11.0)
    assert str(more) == "10.00 (proven: 10.00 to 12.00)"


def test_lines_are_narrow_and_like_answers_share_one() -> None:
    lines = str(empty_audit()).splitlines()
    assert max(map(len, lines)) <= 100
    calls = [line for line in lines if line.startswith("    after ")]
    assert len(calls) == len(set(calls)) >= 1
