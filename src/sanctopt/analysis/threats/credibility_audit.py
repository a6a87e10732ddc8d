"""Audit of a ladder's credibility: who leaves because of it, and which threats would be carried out.

*Facilitators.* At a rung of stage t with credibility k(t), facilitator i leaves if and only if k(t) is at
least its threshold

    regime_profit(i) (1 + shield of the response in t - 1) / us_exposure(i)

and its margin is k(t) minus that. It leaves *because of the rung* if without the rung's starts, at
(1 - decay) k(t - 1), it would stay.

*Threats.* Values are those of the rest of the game from the rung on, discounted to stage 0 as in play, under
the belief there. Let h be the history of the rung, b the belief at it.

| of a threat | what it is |
|---|---|
| value with it | what the ladder is worth from h on |
| value without it | the optimum from h on with no threat in this rung, all else free (later threats, too; \
credible ones, if the plan is a solution with credible threats) |
| played without it | what the same ladder is worth from h on if only the threat is struck out |
| deters | types that would answer with a hostile response if it were struck out, and do not |
| called | types that answer with a hostile response all the same, on the path that is expected |

*Carrying out.* A hostile response a calls the threat, whether or not any type was expected to give it. The
belief after it is that of `sanctopt.beliefs`, as in a replanning. From there on two optima are compared, both
over plans with credible threats only (`sanctopt.search.credible_threats`): one that makes the called starts
in the next stage, and one that need not. The second is never less. If they are equal after every hostile
response (within `SAME`, relative), the threat is *credible*: it would be carried out by choice. If the first
is less after some, it is *not credible*: only the commitment would make the coalition carry it out.

Each number is solved anew, from the history and not from what a solve said of the ladder; so this is the
check of `solve(..., credible_threats=True)`. The certificate of a solution says nothing of it: it plays
ladders and solves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import pandas as pd

from sanctopt.aims import Aims, Criterion, Expectation, MinimaxRegret
from sanctopt.analysis.batch import OnBatchProgress, Question, solve_each
from sanctopt.analysis.threats.audit_text import page
from sanctopt.analysis.threats.audited_rungs import (
    Answers,
    Call,
    Facilitator,
    RungAudit,
    Threat,
    Verdict,
    least_of,
)
from sanctopt.analysis.threats.bounded import Bounded
from sanctopt.beliefs import Surprise, after_response, believed_game
from sanctopt.errors import LadderError
from sanctopt.game import Entity, Game, Start
from sanctopt.ladder import History, Information, Ladder, Rung
from sanctopt.outcome import Outcome, Step, values_by_type
from sanctopt.play import play
from sanctopt.position import Past, Position, take
from sanctopt.rung_limits import Barred, Decision
from sanctopt.solution import Solution
from sanctopt.solver_options import SolveOptions

SAME = 1e-6
"""Optima that differ by no more than this share of the larger of 1 and their size are equal."""


@dataclass(frozen=True)
class Audit:
    """Credibility and threats of a ladder, rung by rung.

    Attributes
    ----------
    game_name : str
        Name of the game.
    criterion : str
        What the values are.
    rungs : tuple of RungAudit
        Every rung that some type of positive prior gets to, by stage and history.
    """

    game_name: str
    criterion: str
    rungs: tuple[RungAudit, ...]

    @property
    def threats(self) -> tuple[Threat, ...]:
        """All threats."""
        return tuple(threat for rung in self.rungs for threat in rung.threats)

    @property
    def verdict(self) -> Verdict:
        """Whether all threats are credible; a ladder without threats has no other."""
        return least_of(threat.verdict for threat in self.threats)

    def at(self, *history: str) -> RungAudit:
        """The rung at a public history; LadderError if no type gets there."""
        for rung in self.rungs:
            if rung.history == history:
                return rung
        raise LadderError(f"no type gets to the history {' > '.join(history) or 'nothing'}")

    def to_frame(self) -> pd.DataFrame:
        """One row per threat and hostile response that calls it."""
        rows = [
            {
                "stage": len(threat.history),
                "history": " > ".join(threat.history),
                "threat": "; ".join(map(str, threat.starts)),
                "value_with": threat.value_with,
                "value_without": threat.value_without.value,
                "value_without_high": threat.value_without.high,
                "played_without": threat.played_without,
                "deters": "; ".join(row.type for row in threat.answers if row.deterred),
                "called_by": "; ".join(threat.called_by),
                "response": call.response,
                "surprise": call.surprise.value,
                "carried_out": call.carried_out.value,
                "carried_out_high": call.carried_out.high,
                "waived": call.waived.value,
                "waived_high": call.waived.high,
                "verdict": call.verdict.value,
            }
            for threat in self.threats
            for call in threat.calls
        ]
        return pd.DataFrame(rows, columns=_COLUMNS)

    def facilitators_frame(self) -> pd.DataFrame:
        """One row per rung and facilitator."""
        rows = [
            {
                "stage": rung.stage,
                "history": " > ".join(rung.history),
                "credibility": rung.credibility,
                **{name: getattr(row, name) for name in Facilitator.__dataclass_fields__},
            }
            for rung in self.rungs
            for row in rung.facilitators
        ]
        columns = ["stage", "history", "credibility", *Facilitator.__dataclass_fields__]
        return pd.DataFrame(rows, columns=columns)

    def answers_frame(self) -> pd.DataFrame:
        """One row per threat and type: what it answers with the threat and without."""
        rows = [
            {
                "stage": len(threat.history),
                "history": " > ".join(threat.history),
                **{name: getattr(row, name) for name in Answers.__dataclass_fields__},
            }
            for threat in self.threats
            for row in threat.answers
        ]
        return pd.DataFrame(rows, columns=["stage", "history", *Answers.__dataclass_fields__])

    def __str__(self) -> str:
        return page(
            f"{self.game_name}: audit of credibility and threats (US$m, {self.criterion})", self.rungs
        )


_COLUMNS = [
    *("stage", "history", "threat", "value_with", "value_without", "value_without_high", "played_without"),
    *("deters", "called_by", "response", "surprise", "carried_out", "carried_out_high", "waived"),
    *("waived_high", "verdict"),
]


def audit(
    game: Game,
    plan: Ladder | Solution,
    *,
    options: SolveOptions | None = None,
    executor: Executor | None = None,
    on_progress: OnBatchProgress | None = None,
) -> Audit:
    """Audit the credibility and the threats of a ladder.

    Parameters
    ----------
    game : Game
        The game.
    plan : Ladder or Solution
        An adaptive ladder, played with ties for the coalition; or a solution of the game, whose ties fall as
        it says and whose criterion the values are in (expectation, where that is minimax regret).
    options : SolveOptions, optional
        For each of the solves: one for each threat, and two for each threat and hostile response. With a
        time limit or a wide gap a verdict may stay open.
    executor, on_progress : optional
        As in `sanctopt.analysis.batch.solve_each`.

    Returns
    -------
    Audit
        After a Ctrl-C, values that were not reached are NaN, with an infinite range, and verdicts open.

    Raises
    ------
    LadderError
        If the ladder is not adaptive, not allowed, or the solution is of another game or of its rest.

    Examples
    --------
    >>> from sanctopt import load_case, solve
    >>> game = load_case("teaching")
    >>> found = audit(game, solve(game))
    >>> [(row.name, round(row.margin, 2), row.by_rung) for row in found.at().leaving]
    [('large_bank', 0.02, True)]
    >>> found.verdict.value  # there are no threats
    'credible'
    """
    outcome, criterion = _played(game, plan)
    credible = isinstance(plan, Solution) and plan.provenance.credible_threats
    steps = [step for step in outcome.steps if outcome.priors[step.type] > 0.0]
    histories = sorted({step.history for step in steps}, key=lambda history: (len(history), history))
    met = {history: [step for step in steps if step.history == history] for history in histories}
    made = [_Made.at(game, outcome, here) for here in met.values() if here[0].rung.threat]
    questions = [question for each in made for question in each.questions(criterion, credible)]
    answers = iter(solve_each(questions, options=options, executor=executor, on_progress=on_progress))
    threats = {}
    for each in made:
        solutions = [next(answers).solution for _ in range(1 + 2 * len(each.calls))]
        threats[each.history] = each.threat(criterion, solutions)
    rungs = tuple(
        RungAudit(
            history,
            game.stage_label(len(history)),
            here[0].credibility,
            tuple(_facilitators(game, outcome, here[0])),
            (threats[history],) if history in threats else (),
        )
        for history, here in met.items()
    )
    return Audit(game.name, str(criterion), rungs)


def _played(game: Game, plan: Ladder | Solution) -> tuple[Outcome, Criterion]:
    """The plan as it is played, and the criterion of its values."""
    ladder = plan if isinstance(plan, Ladder) else plan.ladder
    if ladder.information is not Information.ADAPTIVE:
        raise LadderError(
            f"this ladder is {ladder.information.value}; threats are audited for adaptive ladders only"
        )
    if isinstance(plan, Ladder):
        return play(game, plan), Expectation()
    if plan.provenance.game_digest != game.digest() or plan.provenance.history:
        what = "the rest of a game" if plan.provenance.history else "another game"
        raise LadderError(f"this solution is of {what}; give the game that it is of, from the opening on")
    criterion = plan.provenance.aims.criterion
    return plan.outcome, Expectation() if isinstance(criterion, MinimaxRegret) else criterion


def _facilitators(game: Game, outcome: Outcome, step: Step) -> Iterator[Facilitator]:
    """Threshold and margin of every entity with an exposure, in the game's order."""
    before = _past(outcome, step).position(game)
    kept = take(game, before, Rung(step.history)).exits
    started = (*before.started, *((start, step.stage) for start in step.rung.starts))
    for entity in game.entities:
        if entity.us_exposure is None:
            continue
        threshold = _threshold(game, entity, step.history)
        leaves = entity.name in step.exits
        yield Facilitator(
            name=entity.name,
            threshold=threshold,
            margin=step.credibility - threshold,
            leaves=leaves,
            by_rung=leaves and entity.name not in kept,
            exit_removal=entity.exit_removal,
            removed=max(
                (game.start_removal(s, step.stage - t) for s, t in started if s.entity == entity.name),
                default=0.0,
            ),
        )


def _threshold(game: Game, entity: Entity, history: History) -> float:
    """Credibility at which a facilitator leaves."""
    shield = game.shield(history[-1], entity.jurisdiction) if history else 0.0
    kept = entity.regime_profit * (1 + shield)
    exposure = entity.us_exposure or 0.0
    if exposure > 0.0:
        return kept / exposure
    return math.inf if kept > 0.0 else 0.0


def _past(outcome: Outcome, step: Step) -> Past:
    """What was done and answered before a step."""
    rungs = [s.rung for s in outcome.steps if s.type == step.type and s.stage < step.stage]
    return Past(tuple(rungs), step.history)


@dataclass(frozen=True)
class _Made:
    """A threat of a ladder at a history, before anything was solved."""

    game: Game
    outcome: Outcome
    here: tuple[Step, ...]
    past: Past
    belief: dict[str, float]
    calls: tuple[tuple[str, Surprise, dict[str, float]], ...]

    @classmethod
    def at(cls, game: Game, outcome: Outcome, here: list[Step]) -> _Made:
        """The threat of the rung at a history, from the steps of the types that get there."""
        past = _past(outcome, here[0])
        total = math.fsum(outcome.priors[step.type] for step in here)
        belief = dict.fromkeys(outcome.priors, 0.0)
        belief |= {step.type: outcome.priors[step.type] / total for step in here}
        posture = take(game, past.position(game), _effective(here))
        expected = {step.type: step.response for step in here}
        calls = tuple(
            (row.name, *after_response(game, posture, row.name, belief, expected))
            for row in game.responses
            if row.hostile
        )
        return cls(game, outcome, tuple(here), past, belief, calls)

    @property
    def history(self) -> History:
        """Where it is made."""
        return self.past.responses

    @property
    def rung(self) -> Rung:
        """The rung that makes it."""
        return self.here[0].rung

    @property
    def believed(self) -> Game:
        """The game with the belief at the history."""
        return believed_game(self.game, self.belief)

    @property
    def position(self) -> Position:
        """Where the rung is played."""
        return self.past.position(self.game)

    def questions(self, criterion: Criterion, credible: bool) -> Iterator[Question]:
        """What is solved: without a threat here; after each call, carried out and waived.

        ``credible`` tells whether other threats must be credible for want of this one.
        """
        place = " > ".join(self.history) or "nothing"
        stage = (len(self.history),)
        barred = tuple(Barred(Decision("threat", start), stage) for start in self.game.eligible)
        yield Question(
            f"after {place}: no threat",
            self.believed,
            aims=Aims(criterion, barred),
            known_ladders=(self.ladder_without(),),
            past=self.past,
            credible_threats=credible,
        )
        for response, _, belief in self.calls:
            for name, threat in (("carried out", self.rung.threat), ("waived", ())):
                rung = replace(_effective(list(self.here)), threat=threat)
                yield Question(
                    f"after {place} > {response}: threat {name}",
                    believed_game(self.game, belief),
                    aims=Aims(criterion),
                    known_ladders=(self.outcome.ladder,),
                    past=Past((*self.past.rungs, rung), (*self.history, response)),
                    credible_threats=True,
                )

    def ladder_without(self) -> Ladder:
        """The same ladder, the threat struck out."""
        rungs = (rung.decisions() for rung in self.outcome.ladder.rungs)
        return Ladder.of(
            self.believed,
            Information.ADAPTIVE,
            (replace(rung, threat=()) if rung.history == self.history else rung for rung in rungs),
        )

    def threat(self, criterion: Criterion, solutions: list[Solution]) -> Threat:
        """What the solutions of the questions say."""
        names = [step.type for step in self.here]
        shares = {name: self.belief[name] for name in names}
        later = [s for s in self.outcome.steps if s.type in names and s.stage >= len(self.history)]
        dropped = play(self.believed, self.ladder_without(), begin=self.position)
        without = {step.type: step.response for step in dropped.steps if step.history == self.history}
        hostile = {row.name for row in self.game.responses if row.hostile}
        best, *rests = solutions
        played = criterion.worth(dropped.values, dropped.priors)
        return Threat(
            history=self.history,
            starts=self.rung.threat,
            size=self.here[0].threat_size,
            belief=shares,
            value_with=criterion.worth(values_by_type(names, later), shares),
            value_without=Bounded.of(best),
            played_without=played,
            answers=tuple(
                Answers(
                    step.type,
                    shares[step.type],
                    step.response,
                    without[step.type],
                    without[step.type] in hostile and step.response not in hostile,
                )
                for step in self.here
            ),
            called_by=tuple(
                step.type for step in self.here if step.response in hostile and not step.concedes
            ),
            calls=tuple(
                self._call(number, rests[2 * number], rests[2 * number + 1])
                for number in range(len(self.calls))
            ),
        )

    def _call(self, number: int, forced: Solution, free: Solution) -> Call:
        """Compare the two rests; what is known of one tells of the other."""
        response, surprise, belief = self.calls[number]
        carried_out, waived = Bounded.of(forced), Bounded.of(free)
        if free.has_ladder and set(self.rung.threat) <= set(_first_starts(free)):
            carried_out = carried_out.at_least(waived)
        waived, carried_out = waived.at_least(carried_out), carried_out.at_most(waived)
        shown = {name: share for name, share in belief.items() if share > 0.0}
        return Call(response, surprise, shown, carried_out, waived, _verdict(carried_out, waived))


def _effective(here: list[Step]) -> Rung:
    """The rung of a history; an offer counts if some type there accepts it."""
    return replace(here[0].rung, offer=any(step.concedes for step in here))


def _first_starts(solution: Solution) -> tuple[Start, ...]:
    first = min(solution.ladder.rungs, key=lambda rung: rung.stage)
    return first.starts


def _verdict(carried_out: Bounded, waived: Bounded) -> Verdict:
    """Whether one optimum is as large as another that is never less."""
    if math.isnan(carried_out.value) or math.isnan(waived.value):
        return Verdict.OPEN
    least = SAME * max(1.0, abs(waived.value))
    if carried_out.low >= waived.high - least:
        return Verdict.CREDIBLE
    if carried_out.high < waived.low - least:
        return Verdict.EMPTY
    if max(carried_out.width, waived.width) > 2 * least:
        return Verdict.OPEN
    return Verdict.CREDIBLE if carried_out.value >= waived.value - least else Verdict.EMPTY
