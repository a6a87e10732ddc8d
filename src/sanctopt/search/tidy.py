"""Leave out of a ladder what it does not need.

An optimal ladder may start what costs nothing and changes nothing: a warning to a bank that has left
already, a threat that moves nobody. A reader would look for its reason in vain. Each decision is struck out
in turn and the ladder played again; what is not missed stays out. While there is a gap, this can also
make a ladder better.
"""

from __future__ import annotations

from dataclasses import replace

from sanctopt.errors import LadderError
from sanctopt.game import EQUAL, Game
from sanctopt.ladder import History, Ladder, Rung
from sanctopt.outcome import Outcome
from sanctopt.play import play
from sanctopt.search.program import has_margin, ladder_of
from sanctopt.search.task import Clock

KINDS = ("threat", "starts", "mitigations", "engagements")
"""Fields of a rung that hold decisions one by one."""


def tidied(game: Game, outcome: Outcome, margin: float, clock: Clock) -> Outcome:
    """The ladder without what can be left out; free decisions first, and no longer than the clock allows.

    The value never falls by more than rounding, and every margin stays at least ``margin``.
    """
    choices = [
        (_cost(game, kind, item) > 0, -rung.stage, number, kind, item)
        for number, rung in enumerate(outcome.ladder.rungs)
        for kind in KINDS
        for item in getattr(rung, kind)
    ]
    best = outcome
    for _, _, number, kind, item in sorted(choices, key=lambda choice: choice[:3]):
        if clock.left() == 0.0:
            break
        rung = outcome.ladder.rungs[number]
        shorter = _without(game, best, rung.known_type, rung.history, kind, item)
        if shorter is None or not has_margin(shorter, margin):
            continue
        if shorter.value >= best.value - EQUAL * max(1.0, abs(best.value)):
            best = shorter
    return best


def _without(
    game: Game, outcome: Outcome, known_type: str, history: History, kind: str, item: object
) -> Outcome | None:
    """Play the ladder without one decision; None if it is not there, or not allowed without it."""
    rungs = []
    found = False
    for rung in outcome.ladder.rungs:
        here = (rung.known_type, rung.history) == (known_type, history)
        if here and item in getattr(rung, kind):
            found = True
            rungs.append(_shorter(rung, kind, item))
        else:
            rungs.append(rung.decisions())
    if not found:
        return None
    information = outcome.ladder.information
    try:
        played = play(game, Ladder.of(game, information, rungs))
        return play(game, ladder_of(game, information, played))
    except LadderError:  # another decision rests on this one, e.g. what it requires
        return None


def _shorter(rung: Rung, kind: str, item: object) -> Rung:
    kept = tuple(other for other in getattr(rung, kind) if other != item)
    changes: dict[str, object] = {kind: kept, "expected": ()}
    return replace(rung, **changes)  # type: ignore[arg-type]


def _cost(game: Game, kind: str, item: object) -> float:
    """Cost of a decision, millions of US dollars; a threat costs nothing until it is called."""
    if kind == "starts":
        return game.start_cost(item)  # type: ignore[arg-type]
    if kind == "mitigations":
        return game.mitigation_cost[str(item)]
    return game.engagement[str(item)].cost if kind == "engagements" else 0.0
