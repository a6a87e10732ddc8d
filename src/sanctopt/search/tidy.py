"""Leave out of a ladder what it does not need.

An optimal ladder may start what costs nothing and changes nothing: a warning to a bank that has left
already, a threat that moves nobody. A reader would look for its reason in vain. Each decision is struck out
in turn and the ladder played again; what is not missed stays out. While there is a gap, this can also
make a ladder better.
"""

from __future__ import annotations

from sanctopt.errors import LadderError
from sanctopt.game import Game, Start, at_least
from sanctopt.ladder import History
from sanctopt.outcome import Outcome
from sanctopt.rung_limits import Decision, without
from sanctopt.search.program import replayed
from sanctopt.search.task import Clock, Task

KINDS = ("threat", "starts", "mitigations", "engagements")
"""Fields of a rung that hold decisions one by one."""


def tidied(task: Task, outcome: Outcome, clock: Clock) -> Outcome:
    """The ladder without what can be left out; free decisions first, and no longer than the clock allows.

    Neither worth nor expected value falls by more than rounding, and the ladder stays one that is allowed.
    A Ctrl-C ends this, and the search with it.
    """
    game = task.game
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
        try:
            shorter = _without(task, best, (rung.known_type, rung.history), kind, item)
        except KeyboardInterrupt:
            task.stop.set()
            break
        if shorter is None or not task.allows(shorter):
            continue
        if at_least(shorter.value, best.value) and at_least(task.worth(shorter), task.worth(best)):
            best = shorter
    return best


def _without(
    task: Task, outcome: Outcome, place: tuple[str, History], kind: str, item: Start | str
) -> Outcome | None:
    """Play the ladder without one decision; None if it is not there, or not allowed without it."""
    rungs = []
    found = False
    for rung in outcome.ladder.rungs:
        here = (rung.known_type, rung.history) == place
        if here and item in getattr(rung, kind):
            found = True
            rungs.append(without(rung, Decision(kind, item)))
        else:
            rungs.append(rung.decisions())
    if not found:
        return None
    wanted = outcome.responses if task.aims.limits else {}
    try:
        return replayed(task, rungs, wanted)
    except LadderError:  # another decision rests on this one, e.g. what it requires
        return None


def _cost(game: Game, kind: str, item: object) -> float:
    """Cost of a decision, millions of US dollars; a threat costs nothing until it is called."""
    if kind == "starts":
        return game.start_cost(item)  # type: ignore[arg-type]
    if kind == "mitigations":
        return game.mitigation_cost[str(item)]
    return game.engagement[str(item)].cost if kind == "engagements" else 0.0
