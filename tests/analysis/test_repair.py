"""Repair: identity where a ladder is allowed, and always a ladder that is."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from games import SMALL, random_game
from hand_games import BANK, HAND_GAME, NOTICE, TRADER, adaptive, changed
from oracle import brute_force
from sanctopt import Information, Ladder, LadderError, Rung, Ties, load_case, play, solve
from sanctopt.analysis.rules.rules_of_thumb import EVERYTHING_AT_ONCE, baselines, random_order
from sanctopt.analysis.rules.schedule import schedule
from sanctopt.analysis.sensitivity.repair import keep, repaired
from sanctopt.game import Game


def harder(game: Game, seed: int) -> Game:
    """The game with less effort, or starts that take more."""
    draw = random.Random(seed)
    return replace(
        game,
        effort_per_stage=game.effort_per_stage * draw.choice((0.3, 0.5, 0.7)),
        instruments=tuple(
            replace(row, requires_age=row.requires_age + draw.randint(0, 1)) if row.requires else row
            for row in game.instruments
        ),
    )


@pytest.mark.parametrize("seed", range(40))
def test_a_repaired_ladder_is_allowed(seed: int) -> None:
    """Play accepts it, whichever way ties fall, and it is worth no more than the optimum."""
    game = random_game(seed)
    other = harder(game, seed)
    best = brute_force(other).value
    for ladder in (
        solve(game).ladder,
        solve(game, information=Information.OPEN_LOOP).ladder,
        random_order(seed)(game),
    ):
        kept = keep(other, ladder)
        assert play(other, kept.ladder).value == kept.value <= best + 1e-6 * max(1.0, abs(best))
        play(other, kept.ladder, Ties.PESSIMISTIC)
        again = keep(other, kept.ladder)
        assert not again.repaired
        if not kept.repaired:
            assert kept.ladder is ladder


def test_it_is_not_the_same_as_before() -> None:
    """The test above repairs often enough, adaptive and open-loop ladders."""
    mended: dict[Information, int] = {}
    for seed in range(40):
        game = random_game(seed)
        for ladder in (solve(game).ladder, random_order(seed)(game)):
            if keep(harder(game, seed), ladder).repaired:
                mended[ladder.information] = mended.get(ladder.information, 0) + 1
    assert mended[Information.ADAPTIVE] >= 5
    assert mended[Information.OPEN_LOOP] >= 5


@pytest.mark.parametrize("seed", range(30))
def test_an_allowed_ladder_is_repaired_to_itself(seed: int) -> None:
    game = random_game(seed, SMALL)
    for ladder in baselines(game).values():
        same = repaired(game, ladder)
        assert play(game, same).values == play(game, ladder).values
    ladder = solve(random_game(seed)).ladder
    same = repaired(random_game(seed), ladder)
    assert [rung.decisions() for rung in same.rungs] == [rung.decisions() for rung in ladder.rungs]


@pytest.mark.parametrize("seed", range(20))
def test_rules_of_thumb_are_repaired_as_they_are_made(seed: int) -> None:
    """With half of the effort, a schedule's ladder becomes that of its wishes in the order of its stages."""
    game = random_game(seed, SMALL)
    ladder = EVERYTHING_AT_ONCE(game)
    less = replace(game, effort_per_stage=game.effort_per_stage / 2.0)
    from sanctopt.analysis.rules.schedule import Wish

    wishes = [
        Wish(start, rung.stage)
        for rung in sorted(ladder.rungs, key=lambda r: r.stage)
        for start in rung.starts
    ]
    wanted = {rung.stage: rung.starts for rung in schedule(less, wishes).ladder.rungs}
    found = {rung.stage: rung.starts for rung in repaired(less, ladder).rungs}
    assert found == wanted


class TestByHand:
    """Two stages; the bank takes an effort of 2, the trader 1, a notice to the bank 1."""

    def test_what_does_not_fit_waits(self) -> None:
        ladder = adaptive(HAND_GAME, Rung((), starts=(BANK, TRADER)), Rung(("hold",)), Rung(("hit",)))
        kept = keep(changed(effort_per_stage=2.0), ladder)
        assert kept.repaired
        assert [rung.starts for rung in kept.ladder.rungs] == [(BANK,), (TRADER,), (TRADER,)]

    def test_what_comes_anyway_is_not_made_twice(self) -> None:
        ladder = adaptive(HAND_GAME, Rung((), starts=(BANK, TRADER)), Rung(("hold",), starts=(NOTICE,)))
        kept = keep(changed(effort_per_stage=2.0), ladder)
        assert [rung.starts for rung in kept.ladder.rungs] == [(BANK,), (NOTICE, TRADER)]

    def test_a_threat_keeps_what_it_can(self) -> None:
        game = changed(standing_threats=True)
        ladder = adaptive(game, Rung((), threat=(BANK, TRADER)), Rung(("hit",), starts=(BANK, TRADER)))
        kept = keep(replace(game, effort_per_stage=2.5), ladder)
        assert kept.ladder.rungs[0].threat == (BANK,)
        assert kept.ladder.rungs[1].starts == (BANK,)

    def test_an_open_loop_threat_is_carried_out(self) -> None:
        game = changed(standing_threats=True)
        rungs = [Rung((), threat=(BANK,)), Rung(("hold",), starts=(BANK, TRADER))]
        ladder = Ladder.of(game, Information.OPEN_LOOP, rungs)
        kept = keep(replace(game, effort_per_stage=1.5), ladder)
        assert kept.ladder.rungs[0].threat == ()
        assert [rung.starts for rung in kept.ladder.rungs] == [(), (TRADER,)]

    def test_what_it_cannot_repair(self) -> None:
        ladder = adaptive(HAND_GAME, Rung((), engagements=("talks",)))
        with pytest.raises(LadderError, match="engagement talks is unknown"):
            keep(HAND_GAME, ladder)
        known = solve(HAND_GAME, information=Information.CLAIRVOYANT).ladder
        with pytest.raises(LadderError, match="clairvoyant"):
            repaired(HAND_GAME, known)


def test_first_rung_and_reached() -> None:
    game = load_case("teaching")
    kept = keep(game, solve(game).ladder)
    assert str(kept.first_rung.starts[0]) == "designate medium_bank"
    assert not kept.repaired
    assert play(game, kept.reached).value == kept.value
