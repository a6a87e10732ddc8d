"""What each decision of a rung is worth: the best plan from there, minus the best held to do otherwise.

Let V be the optimum from the history of the rung, with the belief there, and V(x) the optimum among plans
that keep x as well. The loss of a decision d of the rung, made in stage t, is V - V(x), at least 0, if d is

| way | x |
|---|---|
| struck out for good | d is not done in stage t nor in any later one |
| postponed | d is not done in stage t, but in stage t + 1 at every history at which the game goes on |
| replaced | d is not done in stage t; what is done instead, and later, is free |

A start is done also where a called threat carries it out; an offer is postponed if some type takes it in the
next stage. No x is easier to keep than the last, so a decision that is struck out or postponed loses at least
as much as one that is replaced. Losses do not add up: two decisions that stand in for each other may both
lose nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from sanctopt.aims import Limit
from sanctopt.analysis.batch import Question
from sanctopt.analysis.reasons.mending import Change, fitted
from sanctopt.analysis.reasons.scene import Scene
from sanctopt.errors import SolverError
from sanctopt.game import Start
from sanctopt.ladder import Information, Ladder, Rung
from sanctopt.rung_limits import Barred, Decision, Required, decisions_of, first_rung, without
from sanctopt.search import above
from sanctopt.solution import Solution
from sanctopt.solver_options import Reason


class Way(Enum):
    """What is asked of a plan instead of what the rung does."""

    STRUCK = "struck out for good"
    POSTPONED = "postponed by one stage"
    REPLACED = "replaced by the best alternative"
    REQUIRED = "done in this rung"
    """Of a decision that the rung does not make."""


@dataclass(frozen=True)
class Known:
    """What is known of an optimum (millions of US dollars).

    Attributes
    ----------
    value : float
        Worth of the best plan found; NaN if there is none, -inf if there can be none.
    high : float
        No plan is worth more; inf if nothing was proven.
    reason : Reason
        Why its solve ended; ``OPTIMAL`` also if nothing had to be solved.
    """

    value: float
    high: float
    reason: Reason

    @property
    def low(self) -> float:
        """The optimum is at least this."""
        return -math.inf if math.isnan(self.value) else self.value

    @classmethod
    def of(cls, solution: Solution) -> Known:
        """What a solve tells."""
        reason = solution.status.reason
        if reason is Reason.INFEASIBLE:
            return cls(-math.inf, -math.inf, reason)
        high = math.inf if solution.dual_bound is None else solution.dual_bound
        return cls(solution.value if solution.has_ladder else math.nan, high, reason)

    def difference(self, less: Known) -> tuple[float, float, float]:
        """Difference of a larger optimum and a smaller one: as found, at least, at most; all at least 0.

        inf if the smaller one has no plan; NaN as found if one was not found.
        """
        if less.reason is Reason.INFEASIBLE:
            return math.inf, math.inf, math.inf
        # NaN stays: max returns its first argument unless another one is larger.
        low = 0.0 if math.isinf(less.high) or math.isnan(self.value) else max(self.low - less.high, 0.0)
        return max(self.value - less.value, 0.0), low, max(self.high - less.low, 0.0)


@dataclass(frozen=True)
class Loss:
    """What a plan loses that is held to do otherwise (millions of US dollars).

    Attributes
    ----------
    decision : Decision
        A decision of the rung; with `Way.REQUIRED` one that it does not make.
    way : Way
        What is asked instead.
    best : Known
        The best plan from the history that does what is asked.
    loss : float
        Between the plans found, at least 0; inf if nothing allowed does what is asked, NaN if no plan was
        found in time.
    low, high : float
        The true loss lies between them.
    added, dropped : tuple of Decision
        What that plan does in this rung and the explained one does not, and the other way round; what is
        asked is not repeated.
    """

    decision: Decision
    way: Way
    best: Known
    loss: float
    low: float
    high: float
    added: tuple[Decision, ...]
    dropped: tuple[Decision, ...]

    @property
    def possible(self) -> bool:
        """Whether some plan does what is asked; True while nobody knows."""
        return self.best.reason is not Reason.INFEASIBLE


@dataclass(frozen=True)
class Asked:
    """A question to `solve_each` about a decision."""

    decision: Decision
    way: Way
    question: Question


def base_question(scene: Scene) -> Question:
    """The best plan from the scene on."""
    return Question(
        "the best plan from here",
        scene.game,
        information=scene.information,
        margin=scene.margin,
        aims=scene.aims,
        known_ladders=(scene.ladder,),
        past=scene.past,
    )


def loss_questions(scene: Scene) -> tuple[Asked, ...]:
    """Two or three questions for each decision of the rung that no called threat makes binding."""
    asked = []
    for decision in free_decisions(scene):
        rest = tuple(range(scene.stage, scene.game.stages))
        asked.append(_asked(scene, decision, Way.STRUCK, (Barred(decision, rest),)))
        if len(rest) > 1:
            later = (Barred(decision, (scene.stage,)), Required(decision, scene.stage + 1))
            asked.append(_asked(scene, decision, Way.POSTPONED, later))
        asked.append(_asked(scene, decision, Way.REPLACED, (Barred(decision, (scene.stage,)),)))
    return tuple(asked)


def free_decisions(scene: Scene) -> tuple[Decision, ...]:
    """Decisions of the rung that are not the carrying out of a called threat."""
    called = {Decision("starts", start) for start in scene.position.called}
    return tuple(decision for decision in decisions_of(scene.rung) if decision not in called)


def required_question(scene: Scene, start: Start) -> Asked:
    """The best plan from here on that also makes a start in this rung."""
    decision = Decision("starts", start)
    return _asked(scene, decision, Way.REQUIRED, (Required(decision, scene.stage),))


def _asked(scene: Scene, decision: Decision, way: Way, limits: tuple[Limit, ...]) -> Asked:
    base = base_question(scene)
    aims = replace(base.aims, limits=(*base.aims.limits, *limits))
    ladders = base.known_ladders
    if scene.information is Information.ADAPTIVE:
        ladders = (*ladders, changed_ladder(scene, decision, way))
    name = f"{decision}: {way.value}"
    return Asked(decision, way, replace(base, name=name, aims=aims, known_ladders=ladders))


def changed_ladder(scene: Scene, decision: Decision, way: Way) -> Ladder:
    """The ladder with a decision changed by hand, the rest as near to it as the game allows."""
    return fitted(scene.game, scene.ladder, scene.position, _change(scene, decision, way))


def _change(scene: Scene, decision: Decision, way: Way) -> Change:
    now = scene.stage

    def change(rung: Rung) -> Rung:
        here = rung.stage == now
        if way is Way.REQUIRED:
            return with_first(rung, decision) if here else rung
        if here or way is Way.STRUCK:
            return _without_threat(without(rung, decision), decision, way)
        if way is Way.POSTPONED and rung.stage == now + 1:
            return with_first(rung, decision)
        return rung

    return change


def _without_threat(rung: Rung, decision: Decision, way: Way) -> Rung:
    """A start that is struck out is not threatened either: the threat might carry it out."""
    if way is Way.STRUCK and decision.field == "starts":
        return replace(rung, threat=tuple(start for start in rung.threat if start != decision.item))
    return rung


def with_first(rung: Rung, decision: Decision) -> Rung:
    """A rung with one more decision, before the others where effort may be short."""
    if decision.field == "offer":
        return replace(rung, offer=True)
    others = (item for item in getattr(rung, decision.field) if item != decision.item)
    changes: dict[str, object] = {decision.field: (decision.item, *others)}
    return replace(rung, **changes)  # type: ignore[arg-type]


def optimum(scene: Scene, base: Solution | None, answers: Iterable[Solution]) -> tuple[Known, Rung]:
    """The best that is known of V, and the rung there.

    Plans that were found under more limits are plans under fewer, so the best of all counts.

    Raises
    ------
    SolverError
        If a plan is worth more than the bound proven without its limits.
    """
    found = [(scene.worth, first_rung(scene.outcome))]
    high = scene.bound
    for solution in ([] if base is None else [base]) + list(answers):
        if solution.has_ladder:
            found.append((solution.value, first_rung(solution.outcome)))
    if base is not None and base.dual_bound is not None:
        high = min(high, base.dual_bound)
    value, rung = found[0]
    for other in found[1:]:
        if above(other[0], value):  # plans worth the same but for rounding: the explained one stands
            value, rung = other
    if above(value, high):
        raise SolverError(f"a plan worth {value!r} stands above the proven bound {high!r}; please report it")
    reason = Reason.LIMIT if base is None else base.status.reason
    if high - value <= GAP * max(1.0, abs(value)):
        reason = Reason.OPTIMAL
    return Known(value, max(high, value), reason), rung


GAP = 2e-6
"""An optimum that is known to this share counts as known: solves stop at 1e-6, and so do their replays."""


def loss_of(scene: Scene, best: Known, asked: Asked, solution: Solution) -> Loss:
    """What is lost, given the optimum and the answer to a question."""
    known = Known.of(solution)
    if known.reason is not Reason.INFEASIBLE:
        known = replace(known, high=min(known.high, best.high))
    loss, low, high = best.difference(known)
    added: tuple[Decision, ...] = ()
    dropped: tuple[Decision, ...] = ()
    if solution.has_ladder:
        added, dropped = differences(first_rung(scene.outcome), first_rung(solution.outcome), asked.decision)
    return Loss(asked.decision, asked.way, known, loss, low, high, added, dropped)


def differences(
    rung: Rung, other: Rung, apart: Decision | None = None
) -> tuple[tuple[Decision, ...], tuple[Decision, ...]]:
    """Decisions of another rung that this one does not make, and the other way round, but for one."""
    here, there = decisions_of(rung), decisions_of(other)
    return _minus(there, here, apart), _minus(here, there, apart)


def _minus(
    some: Sequence[Decision], others: Sequence[Decision], apart: Decision | None
) -> tuple[Decision, ...]:
    return tuple(decision for decision in some if decision not in others and decision != apart)
