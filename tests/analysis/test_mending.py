"""Ladders changed by hand: allowed in every game, and left alone where nothing changes."""

from __future__ import annotations

import random

import pytest

from hand_games import BANK, HAND_GAME, TRADER, adaptive, changed
from sanctopt import Rung, play, solve
from sanctopt.analysis.reasons.losses import Way, changed_ladder, free_decisions
from sanctopt.analysis.reasons.mending import fitted
from sanctopt.analysis.reasons.scene import scene_at
from sanctopt.position import opening
from sanctopt.rung_limits import Decision
from test_search import several_types

SEEDS = range(25)


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_wanted_what_comes_out_is_allowed(seed: int) -> None:
    """`play` refuses what is not; every history is known, so that no step is off the plan."""
    game, rnd = several_types(seed), random.Random(seed)
    names = [row.name for row in game.engagements]

    def wanted(rung: Rung) -> Rung:
        return Rung(
            rung.history,
            starts=tuple(rnd.sample(game.eligible, rnd.randint(0, len(game.eligible)))),
            threat=tuple(rnd.sample(game.eligible, rnd.randint(0, len(game.eligible)))),
            engagements=tuple(rnd.choices(names, k=2)) if names else (),
            mitigations=tuple(rnd.sample(game.mitigation_names, len(game.mitigation_names))),
            offer=rnd.random() < 0.3,
        )

    ladder = fitted(game, adaptive(game, Rung(())), opening(game), wanted)
    outcome = play(game, ladder)
    assert all(step.planned for step in outcome.steps)


@pytest.mark.parametrize("seed", SEEDS)
def test_without_a_change_nothing_changes(seed: int) -> None:
    game = several_types(seed)
    solution = solve(game)
    same = fitted(game, solution.ladder, opening(game), lambda rung: rung)
    assert play(game, same).value == pytest.approx(solution.value)


@pytest.mark.parametrize("seed", range(8))
def test_a_changed_ladder_does_what_is_asked(seed: int) -> None:
    game = several_types(seed)
    scene = scene_at(game, solve(game), ())
    for decision in free_decisions(scene):
        made = {}
        for way in (Way.STRUCK, Way.POSTPONED, Way.REPLACED):
            ladder = changed_ladder(scene, decision, way)
            made[way] = {rung.stage for rung in ladder.rungs if decision.made_in(rung)}
            assert 0 not in made[way]
        assert not made[Way.STRUCK]


def test_most_similar_rung_and_effort() -> None:
    """After an answer that the ladder does not know: the rung of the same stage; what does not fit waits."""
    game = changed(effort_per_stage=2.0)
    ladder = adaptive(game, Rung(()), Rung(("hold",), starts=(BANK, TRADER)))
    found = fitted(
        game, ladder, opening(game), lambda rung: rung if rung.stage else Rung((), starts=(TRADER,))
    )
    rungs = {rung.history: rung.starts for rung in found.rungs}
    assert rungs == {(): (TRADER,), ("hold",): (BANK,)}


def test_a_called_threat_comes_first() -> None:
    game = changed(standing_threats=True, effort_per_stage=2.0)
    ladder = adaptive(game, Rung((), starts=(BANK,), threat=(TRADER,)), Rung(("hit",), starts=(TRADER,)))
    found = fitted(game, ladder, opening(game), lambda rung: rung)
    assert next(rung.starts for rung in found.rungs if rung.history == ("hit",)) == (TRADER,)
    assert Decision("threat", TRADER).made_in(found.rungs[0])
    assert play(HAND_GAME, adaptive(HAND_GAME, Rung((), starts=(BANK,)))).value < play(game, found).value
