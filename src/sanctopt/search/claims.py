"""What the program says of a ladder that was played, asked of the programs of known types.

The adaptive program says the same: it is these programs side by side, with the ties of section 4.6 of
``docs/formulation.md``, which a ladder keeps by its form. They are far smaller. Limits do not enter: a ladder
that keeps them is worth the same with and without. So one program per type serves all questions about a game,
and the last ones are kept.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

from sanctopt.aims import Aims, Mixture, Objective
from sanctopt.ladder import Information, Ladder
from sanctopt.outcome import Outcome
from sanctopt.search.program import Program
from sanctopt.search.task import Clock, Finding, Task
from sanctopt.solver_options import SolveOptions

KEPT = 8
"""Programs that are kept, the last ones used; those of games with more types are not."""


class _Desk:
    """Programs of known types, each used by one thread at a time."""

    def __init__(self) -> None:
        self._programs: OrderedDict[Hashable, tuple[threading.Lock, Program]] = OrderedDict()
        self._lock = threading.Lock()

    def claim(self, task: Task, outcome: Outcome) -> tuple[float, bool]:
        """Claimed value of what was played against the one type of a task; whether its program has offers."""
        key = (task.game.digest(), task.margin, task.aims, task.past)
        with self._lock:
            entry = self._programs.get(key)
        if entry is None:
            (patron,) = task.game.patron_types
            entry = threading.Lock(), Program.build(task, f"value against type {patron.name}")
            with self._lock:
                self._programs[key] = entry
                while len(self._programs) > KEPT:
                    self._programs.popitem(last=False)
        lock, program = entry
        with lock:
            value = program.claim(outcome).claimed_value
        with self._lock:
            if key in self._programs:
                self._programs.move_to_end(key)
        return value, bool(program.model.frame.conceding)


_DESK = _Desk()


def claimed_by_type(task: Task, outcome: Outcome) -> Finding:
    """A ladder that was played, with what the known types' programs say of the rungs that each type meets."""
    desk = _DESK if len(task.game.patron_types) <= KEPT else _Desk()
    values = {}
    for patron in task.game.patron_types:
        alone = task.alone(patron.name)
        asked = Task(
            alone.game,
            Information.ADAPTIVE,
            task.margin,
            SolveOptions(),
            Clock(None),
            None,
            Aims(objective=task.aims.objective),
            task.past,
        )
        rungs = (rung.decisions() for rung in outcome.ladder.rungs)
        responses = {patron.name: outcome.responses[patron.name]}
        own = asked.play(Ladder.of(asked.game, Information.ADAPTIVE, rungs), responses)
        value, offers = desk.claim(asked, own)
        values[patron.name] = value - (0.0 if offers else _vain_offers(task, own))
    claimed = task.aims.criterion.worth(values, outcome.priors)
    return Finding(outcome.ladder, outcome, task.worth(outcome), claimed, outcome.responses)


def _vain_offers(task: Task, outcome: Outcome) -> float:
    """What the offers to a type that never concedes take from the objective; its own program has none."""
    game, objective = task.game, task.aims.objective
    if game.off_ramp is None:
        return 0.0
    price, offers = game.off_ramp.offer_cost, [step for step in outcome.steps if step.rung.offer]
    taken = {
        Objective.PAYOFF: sum(game.weights.cost * price * game.discount**step.stage for step in offers),
        Objective.COST: price * len(offers),
    }
    weights = objective.weights if isinstance(objective, Mixture) else ((objective, 1.0),)
    return sum(weight * taken.get(one, 0.0) for one, weight in weights)
