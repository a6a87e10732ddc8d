"""Play a ladder against every type: the meaning of ``docs/model.md`` in code, without any program to solve.

Each type walks down the ladder. At a public history it meets the rung, takes a best response, the
regime reroutes and may concede, and the response leads to the next history. Where several responses
are best, all of them are explored, so that ties can be broken by what they are worth to the
coalition over the whole rest of the game.

Three rules settle what the game leaves to the ladder:

*Reached.* A rung is reached if some sequence of best responses of some type leads to it, whichever
way ties are broken. Every rung that is reached must be allowed (`sanctopt.rules.violations`).

*Off the plan.* At a history that is reached but has no rung, the coalition carries out a called threat
and does nothing else, from there on for the rest of the game, even if the ladder has rungs further
down. Such steps are not ``planned``.

*One sequence for all histories.* An open-loop ladder cannot answer a hostile response that only a tie
may bring. If its rung leaves out a called threat, the coalition is off the plan from there on. That is
allowed only where optimistic ties do not lead: there, ties are broken among the responses that keep
the plan, if there is one, and if there is none the ladder is not allowed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sanctopt.errors import LadderError
from sanctopt.game import Game, PatronType, at_least
from sanctopt.ladder import History, Information, Ladder, Rung
from sanctopt.outcome import Counted, Objective, Outcome, Step, Ties, annotated
from sanctopt.position import (
    Aftermath,
    Position,
    Posture,
    advance,
    aftermath,
    best_responses,
    concedes,
    opening,
    take,
    utilities,
)
from sanctopt.rules import place, uncalled, uncalled_reason, unknown_names, violations

__all__ = ["Outcome", "Step", "Ties", "follow", "play"]


def play(
    game: Game,
    ladder: Ladder,
    ties: Ties = Ties.OPTIMISTIC,
    *,
    begin: Position | None = None,
    prefer: Mapping[str, tuple[str, ...]] | None = None,
    objective: Counted = Objective.PAYOFF,
) -> Outcome:
    """Play a ladder against every type.

    The value is the sum over types theta of p(theta) times

        sum_t discount**t (revenue_weight (Rbar(t) - R(t)) - harm_weight harm - cost_weight cost)
        + discount**T credibility_weight k(T-1)                    if the regime never concedes
        + discount**(t+1) concession_value, and nothing later      if it concedes in stage t

    Parameters
    ----------
    game : Game
        The game; the ladder may have been made for another one with the same names.
    ladder : Ladder
        The plan; what its rungs expect is ignored.
    ties : Ties
        Which of several best responses is taken: the one best or worst for the coalition over the
        whole rest of the game. Among those that are worth the same, the first in the game's order, but
        one that keeps to the plan before one that leaves it.
    begin : Position, optional
        Where to begin, for a replanning in the middle of the game; None is the opening. Payoffs before
        it do not count, later ones keep their discount; beliefs start from the priors.
    prefer : mapping of str to tuple of str, optional
        Responses by type and stage, from where the play begins, that optimistic ties fall for first, where
        they are among the best: what keeps a limit (`sanctopt.aims`) need not be what pays most.
    objective : Objective or Mixture
        What the coalition aims at: ties are broken by it, and by the payoff where it is the same.

    Returns
    -------
    Outcome
        Steps, values and the reached rungs annotated with what is expected there.

    Raises
    ------
    LadderError
        If a rung that is reached is not allowed; the message names every such rung and reason.
    SolverError
        If a revenue cannot be proven (`sanctopt.network`).

    Examples
    --------
    >>> from sanctopt.game import Credibility, Effect, Entity, Instrument, Link, PatronType, Response
    >>> from sanctopt.game import Start, Utility, Weights
    >>> game = Game("one bank", 1, 1.0, Credibility(0, 0, 1), 0, 0, 1, Weights(1, 1, 1, 0), None,
    ...     (Entity("coal", "channel", supply=100.0), Entity("bank", "bank")),
    ...     (Link("coal", "bank"), Link("bank", "regime")), (Instrument("designate", cost=2.0),),
    ...     (Effect("designate", "bank", 0, 0.3),), (Response("acquiesce"),), (PatronType("calm", 1.0),),
    ...     (Utility("calm", "acquiesce", 0.0, 0.0),))
    >>> rung = Rung((), starts=(Start("bank", "designate"),))
    >>> play(game, Ladder.of(game, Information.ADAPTIVE, [rung])).value
    28.0
    """
    table = _Table(game, ladder, opening(game) if begin is None else begin)
    forks = {patron.name: table.explore(patron) for patron in game.patron_types}
    table.require_allowed()
    steps: list[Step] = []
    broken: dict[str, None] = {}
    for name, fork in forks.items():
        way = _Way(objective)
        best = _optimistic(fork, way, (prefer or {}).get(name, ()))
        broken.update(dict.fromkeys(best.broken))
        steps += (best if ties is Ties.OPTIMISTIC else _pessimistic(fork, way)).steps
    if broken:
        raise _not_allowed(broken)
    priors = {patron.name: patron.prior for patron in game.patron_types}
    believed = _with_beliefs(steps, priors, ladder.information)
    return Outcome(game.name, ties, priors, believed, annotated(game, ladder.information, believed))


def follow(
    game: Game,
    ladder: Ladder,
    responses: Mapping[str, tuple[str, ...]],
    *,
    begin: Position | None = None,
) -> tuple[Step, ...]:
    """Play a ladder along given responses, whether or not they are best.

    Parameters
    ----------
    responses : mapping of str to tuple of str
        For each type its responses by stage, from where the play begins until the game ends for it.
    begin : Position, optional
        Where to begin, as in `play`.

    Returns
    -------
    tuple of Step
        By type, then stage; `Step.margin` is negative where another response is better.

    Raises
    ------
    LadderError
        If a rung on the way is not allowed, a type's responses are missing or unknown, or they end
        before the game does or go on after it.
    """
    table = _Table(game, ladder, opening(game) if begin is None else begin)
    steps: list[Step] = []
    for patron in game.patron_types:
        given = responses.get(patron.name, ())
        spot: _Spot | None = table.first(patron)
        for stage, response in enumerate(given, start=table.begin.stage):
            if response not in game.response:
                known = ", ".join(game.response)
                raise LadderError(f"type {patron.name}: {response!r} is no response; the game has {known}")
            if spot is None:
                raise LadderError(f"type {patron.name}: the game ends before the response of stage {stage}")
            if spot.broken:
                table.problems[spot.broken] = None
            if spot.posture is None:
                break
            step = table.step(spot, patron, response)
            steps.append(step)
            spot = table.next(spot, patron, step)
        else:
            if spot is not None:
                raise LadderError(
                    f"type {patron.name}: no response is given for stage {table.begin.stage + len(given)}, "
                    "but the game has not ended"
                )
    table.require_allowed()
    priors = {patron.name: patron.prior for patron in game.patron_types}
    return _with_beliefs(steps, priors, ladder.information)


@dataclass(frozen=True)
class _Spot:
    """A public history with what the coalition does there.

    ``posture`` is None where the rung names unknown things and cannot be played. ``broken`` says why
    an open-loop ladder left its plan here; "" if it did not.
    """

    posture: Posture | None
    planned: bool
    broken: str


@dataclass(frozen=True)
class _Branch:
    """A best response at a spot and what follows; None where the game ended."""

    step: Step
    rest: _Fork | None


@dataclass(frozen=True)
class _Fork:
    """All best responses of one type at a spot, in the game's order."""

    broken: str
    branches: tuple[_Branch, ...]


@dataclass(frozen=True)
class _Path:
    """One way down a fork: its payoff, its steps, and where an open-loop ladder left its plan.

    ``counts`` is what counts of the whole way from where the play begins.
    """

    value: float = 0.0
    counts: float = 0.0
    steps: tuple[Step, ...] = ()
    broken: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Way:
    """How one type came to a fork: the steps before it, and what the coalition aims at."""

    objective: Counted
    before: tuple[Step, ...] = ()

    def on(self, branch: _Branch) -> _Way:
        """The way with one step more."""
        return _Way(self.objective, (*self.before, branch.step))

    def end(self) -> _Path:
        """The path that ends here."""
        counts = 0.0 if self.objective is Objective.PAYOFF else self.objective.counted(self.before)
        return _Path(counts=counts)


def _optimistic(fork: _Fork | None, way: _Way, prefer: tuple[str, ...] = ()) -> _Path:
    """The best path for the coalition among those that an open-loop ladder allows, if there are any.

    ``prefer`` are responses that go before better ones, from this stage on.
    """
    if fork is None:
        return way.end()
    wanted = [branch for branch in fork.branches if prefer and branch.step.response == prefer[0]]
    rest = prefer[1:] if wanted else ()
    paths = [
        _joined(fork, branch, _optimistic(branch.rest, way.on(branch), rest), way.objective)
        for branch in wanted or fork.branches
    ]
    kept = [path for path in paths if not path.broken] or paths
    for part in ("counts", "value"):
        most = max(getattr(path, part) for path in kept)
        kept = [path for path in kept if at_least(getattr(path, part), most)]
    return _first(kept)


def _pessimistic(fork: _Fork | None, way: _Way) -> _Path:
    """The worst path for the coalition."""
    if fork is None:
        return way.end()
    paths = [
        _joined(fork, branch, _pessimistic(branch.rest, way.on(branch)), way.objective)
        for branch in fork.branches
    ]
    for part in ("counts", "value"):
        least = min(getattr(path, part) for path in paths)
        paths = [path for path in paths if at_least(least, getattr(path, part))]
    return _first(paths)


def _first(equal: list[_Path]) -> _Path:
    """Of paths worth the same, the first that stays on the plan; if none does, the first."""
    return next((path for path in equal if all(step.planned for step in path.steps)), equal[0])


def _joined(fork: _Fork, branch: _Branch, rest: _Path, objective: Counted) -> _Path:
    """A step and the way on; the payoff is its own sum, so that equal ladders give equal numbers."""
    broken = ((fork.broken,) if fork.broken else ()) + rest.broken
    value = branch.step.payoff + rest.value
    counts = value if objective is Objective.PAYOFF else rest.counts
    return _Path(value, counts, (branch.step, *rest.steps), broken)


class _Table:
    """The public side of a play, worked out once for each history and shared by all types there."""

    def __init__(self, game: Game, ladder: Ladder, begin: Position) -> None:
        self.game = game
        self.ladder = ladder
        self.begin = begin
        self.problems: dict[str, None] = {}  # an ordered set: several types meet the same rung
        self._spots: dict[tuple[str, History], _Spot] = {}
        self._afters: dict[tuple[str, History], Aftermath] = {}

    def require_allowed(self) -> None:
        """Raise LadderError with every problem found so far."""
        if self.problems:
            raise _not_allowed(self.problems)

    def first(self, patron: PatronType) -> _Spot | None:
        """The spot where the play begins; None if the game is over there."""
        return None if self.begin.stage >= self.game.stages else self._spot(self.begin, patron, planned=True)

    def next(self, spot: _Spot, patron: PatronType, step: Step) -> _Spot | None:
        """The spot that a step leads to; None if the game ended."""
        if step.concedes or step.stage == self.game.stages - 1 or spot.posture is None:
            return None
        return self._spot(advance(self.game, spot.posture, step.response), patron, planned=spot.planned)

    def _spot(self, position: Position, patron: PatronType, *, planned: bool) -> _Spot:
        key = (self._known(patron), position.history)
        if key not in self._spots:
            self._spots[key] = self._look(position, patron, planned)
        return self._spots[key]

    def _look(self, position: Position, patron: PatronType, planned: bool) -> _Spot:
        """Find the rung of a position, note what is not allowed, and take it."""
        rung = self.ladder.rung_at(position.history, patron.name) if planned else None
        open_loop = self.ladder.information is Information.OPEN_LOOP
        missing = uncalled(position, rung) if rung is not None and open_loop else ()
        broken = f"{place(rung)}: {uncalled_reason(missing)}" if rung is not None and missing else ""
        if rung is None or broken:
            fallback = Rung(position.history, self._known(patron), starts=position.called)
            if unknown_names(self.game, fallback):
                return _Spot(None, False, broken)
            return _Spot(take(self.game, position, fallback), False, broken)
        self.problems.update(
            {f"{place(rung)}: {reason}": None for reason in violations(self.game, position, rung)}
        )
        if unknown_names(self.game, rung):
            return _Spot(None, True, "")
        return _Spot(take(self.game, position, rung.decisions()), True, "")

    def _known(self, patron: PatronType) -> str:
        return patron.name if self.ladder.information is Information.CLAIRVOYANT else ""

    def explore(self, patron: PatronType) -> _Fork | None:
        """All that best responses of a type can lead to."""
        return self._fork(self.first(patron), patron)

    def _fork(self, spot: _Spot | None, patron: PatronType) -> _Fork | None:
        if spot is None or spot.posture is None:
            return None
        branches = []
        for response in best_responses(utilities(self.game, spot.posture, patron)):
            step = self.step(spot, patron, response)
            branches.append(_Branch(step, self._fork(self.next(spot, patron, step), patron)))
        return _Fork(spot.broken, tuple(branches))

    def step(self, spot: _Spot, patron: PatronType, response: str) -> Step:
        """One stage of a type under a response; the belief is filled in when all paths are known."""
        game, posture = self.game, spot.posture
        assert posture is not None  # callers leave out spots that cannot be played
        stage, history = posture.stage, posture.position.history
        key = (self._known(patron), (*history, response))
        if key not in self._afters:
            self._afters[key] = aftermath(game, posture, response)
        after = self._afters[key]
        values = utilities(game, posture, patron)
        tied = best_responses(values)
        others = {name: value for name, value in values.items() if name != response}
        runner_up = max(others, key=others.__getitem__, default="")
        margin = values[response] - others[runner_up] if others else math.inf
        gives_in = concedes(game, posture, after, patron)
        payoff = after.payoff
        if gives_in and game.off_ramp is not None:
            payoff += game.discount ** (stage + 1) * game.off_ramp.concession_value
        elif stage == game.stages - 1:
            payoff += game.discount**game.stages * game.weights.credibility * posture.credibility
        return Step(
            type=patron.name,
            stage=stage,
            history=history,
            planned=spot.planned,
            rung=posture.rung,
            belief=0.0,
            response=response,
            hostile=game.response[response].hostile,
            tied=tied,
            runner_up=runner_up,
            # Tied responses are equal in decimals: what is left of their difference is rounding.
            margin=0.0 if response in tied and len(tied) > 1 else margin,
            utilities=values,
            concedes=gives_in,
            revenue=after.revenue,
            baseline_revenue=after.baseline_revenue,
            credibility=posture.credibility,
            provocation=posture.provocation,
            engagement=posture.engagement,
            threat_size=posture.threat_size,
            party_harm=after.party_harm,
            harm=after.harm,
            cost=posture.cost,
            removal=after.removal,
            exits=posture.exits,
            payoff=payoff,
        )


def _with_beliefs(
    steps: list[Step], priors: Mapping[str, float], information: Information
) -> tuple[Step, ...]:
    """Fill in beliefs by Bayes: prior over the sum of the priors of all types that get there."""
    reach: dict[tuple[str, History], float] = {}
    for step in steps:
        key = (step.rung.known_type, step.history)
        reach[key] = reach.get(key, 0.0) + priors[step.type]
    return tuple(
        replace(step, belief=priors[step.type] / total if total > 0.0 else 0.0)
        for step in steps
        for total in [reach[step.rung.known_type, step.history]]
    )


def _not_allowed(problems: Mapping[str, None]) -> LadderError:
    noun = "reason" if len(problems) == 1 else "reasons"
    lines = "\n".join(f"  {problem}" for problem in problems)
    return LadderError(f"the ladder is not allowed, for {len(problems)} {noun}:\n{lines}")
