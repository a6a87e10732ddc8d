"""Ladders all of whose threats would be carried out by choice: solve, judge, exclude, repeat.

*Definition.* A plan is a ladder with a best response of each type at each rung that it meets. Let h be a
public history of stage t that some type of positive prior reaches, where the rung makes a standing threat of
starts S. Let a be a hostile response, whether or not any type gives it, b the belief after it
(`sanctopt.beliefs`: Bayes over the types that answer so and do not concede; if there are none, over those
for which it is a best response and which do not concede; if there are none, as at h). Let V(h, a, b, S) be
the most that can be had of the stages after t, with belief b, by plans that start all of S in stage t + 1
and whose own threats are all credible. The threat is *credible* if for every such a

    V(h, a, b, S) = V(h, a, b, {})                              (within `SAME`, relative)

and the plan has *credible threats* if all of its threats are. The recursion ends with the last stage, which
has no threats.

Must-starts are a restriction: all that a plan may do with S it may do without it, and S alone is within the
effort of the next stage. So V(.., S) <= V(.., {}), and a threat is credible if and only if carrying it out is
among the best choices once it is called. What patron, facilitators and regime do depends on the rung and on
what came before, never on later rungs; so beside threats there is no other commitment in the game.

What is weighed after a response is the criterion of the task over the rest of the game, without margin and
limits: these are of the plan that is asked for. An offer counts only where some type accepts it at once.

*Algorithm.* Every program on the way is a relaxation: the game's own, without plans that make a threat which
was proven not to be credible (`NoEmptyThreat`). So every bound holds. The optimum of the last one, whose
threats are all credible, is the optimum. Doing nothing makes no threats, so there always is a ladder, unless
margin or limits forbid it. What is cut off is one way to one threat, widened where that is proven:

- where some type gives a, the belief after it depends on who does, not on the threat, and a larger threat
  leaves less choice: larger threats are cut off with it, and one that is empty without some of its starts is
  cut off by the rest alone;
- where every type is alone at h, or every belief over the types there gives the same verdict, it does not
  matter what is answered at h.

The number of ways to a threat grows fast with the game: on a large one, read the gap.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from sanctopt.aims import Aims
from sanctopt.beliefs import Surprise, after_response, believed_game
from sanctopt.game import Start
from sanctopt.ladder import Ladder, Rung
from sanctopt.outcome import Outcome, Step
from sanctopt.position import Past, Position, take
from sanctopt.rules import violations
from sanctopt.rung_limits import Barred, Decision, Givers, NoEmptyThreat
from sanctopt.search.claims import claimed_by_type
from sanctopt.search.program import do_nothing, replayed
from sanctopt.search.strategy import search
from sanctopt.search.task import Finding, SearchResult, Task
from sanctopt.solution import Phase
from sanctopt.solver_options import Limit, Reason, relative_gap

SAME = 1e-6
"""Carrying a threat out is as good as not if it costs no more than this share of the larger of 1 and the
value of the rest."""

CLOSE = 1e-7
"""Gap to which the rest of a game is solved where the gap asked for does not decide."""

SEARCH_SHARE, JUDGE_SHARE, REST_SHARE, DIVE_SHARE = 0.6, 0.3, 0.3, 0.7
"""Shares of the time left for one search of the game, for judging the ladder found, of that for one rest of
the game, and for the search of a ladder without the threats that were found empty."""

BUILDING = 3.0
"""How many times longer a rest of a game takes than its types' slowest program takes to compile, at least:
with less time it is not begun (a program is built before it is compiled, and played after)."""

PATIENCE = 3
"""Rounds without a time limit before a ladder without the threats that were found empty is looked for."""

MOST_ALIKE = 2
"""Types at a history up to which it is asked whether the verdict is the same for every belief."""


@dataclass(frozen=True)
class Rest:
    """What is known of the rest of a game: its optimum is in [low, high], in millions of US dollars.

    ``starts`` is what the plan worth ``low`` starts first; ``limit`` ended the solve, if not its proof.
    """

    low: float
    high: float
    starts: frozenset[Start]
    limit: Limit


@dataclass(frozen=True)
class Verdict:
    """A threat that is not credible, or of which a limit kept from telling, and what cuts it off."""

    empty: NoEmptyThreat
    limit: Limit

    @property
    def proven(self) -> bool:
        """Whether the threat is proven not to be credible."""
        return self.limit is Limit.NONE


def credible_search(task: Task) -> tuple[SearchResult, Aims]:
    """Find the best ladder with credible threats.

    Returns
    -------
    tuple
        The result, and the aims with the limits under which its ladder was found: ties fall as they need.
    """
    if not task.game.standing_threats:
        return search(task), task.aims
    return _Rounds(task, _Judge()).run()


class _Rounds:
    """Searches, each without the threats that were found empty."""

    def __init__(self, task: Task, judge: _Judge) -> None:
        self._task, self._judge = task, judge
        self._best: tuple[Finding, Aims] | None = None
        self._spare: Outcome | None = None
        self._bound: float | None = None
        self._undecided = Limit.NONE
        self._phases: list[Phase] = []

    def run(self) -> tuple[SearchResult, Aims]:
        """Search until nothing that is better can be credible, or a limit is met."""
        task = self._task
        limits: tuple[NoEmptyThreat, ...] = ()
        share, rounds = SEARCH_SHARE, 0
        while True:
            result, aims = self._search(limits, share)
            if self._undecided is Limit.NONE and result.bound is not None:
                self._bound = result.bound if self._bound is None else min(self._bound, result.bound)
            if result.reason is Reason.INFEASIBLE:
                return self._exhausted()
            if result.finding is None:
                return self._ended(result.reason, result.limit)
            verdicts = self._judged(result.finding, aims)
            if self._closed():
                return self._ended(Reason.OPTIMAL, Limit.NONE)
            if task.stop.is_set():
                return self._ended(Reason.INTERRUPTED, Limit.INTERRUPT)
            if task.clock.left() == 0.0:
                return self._ended(Reason.LIMIT, Limit.TIME)
            if verdicts:
                rounds += 1
                limits += tuple(verdict.empty for verdict in verdicts)
                for verdict in verdicts:
                    if not verdict.proven:
                        self._undecided = verdict.limit
                if rounds == (PATIENCE if task.clock.left() is None else 1):
                    self._dive(verdicts)
            elif result.reason is Reason.LIMIT and result.limit is Limit.TIME and share < 1.0:
                share = 1.0  # what was found is credible: the time that was kept for judging is free
            else:
                return self._ended(result.reason, result.limit)

    def _search(self, limits: tuple[NoEmptyThreat | Barred, ...], share: float) -> tuple[SearchResult, Aims]:
        task = self._task
        found = [] if self._best is None else [self._best[0].ladder]
        found += [] if self._spare is None else [self._spare.ladder]
        known = (*task.known_ladders, *found)
        aims = replace(task.aims, limits=(*task.aims.limits, *limits))
        result = search(replace(task, aims=aims, known_ladders=known, clock=task.clock.until(share)))
        self._phases += result.phases
        self._judge.hear(result.phases)
        return result, aims

    def _judged(self, finding: Finding, aims: Aims) -> tuple[Verdict, ...]:
        """What is wrong with a ladder; it is kept if that is nothing, and it is the best so far.

        If something is, it is kept without its threats: what has none needs no judging.
        """
        task = self._task
        timed = replace(task, clock=task.clock.until(JUDGE_SHARE))
        verdicts = tuple(self._judge.verdicts(timed, finding.outcome))
        if not verdicts and (self._best is None or finding.worth > self._best[0].worth):
            self._best = finding, aims
        if verdicts:
            rungs = (replace(rung.decisions(), threat=()) for rung in finding.ladder.rungs)
            self._keep_spare(replayed(task, rungs))
        return verdicts

    def _keep_spare(self, outcome: Outcome) -> None:
        """Keep a ladder without threats, if it is the best of these."""
        task = self._task
        if task.allows(outcome) and (self._spare is None or task.worth(outcome) > task.worth(self._spare)):
            self._spare = outcome

    def _dive(self, verdicts: tuple[Verdict, ...]) -> None:
        """Look for a ladder without the threats that were found empty, in none of their stages."""
        barred: tuple[Barred, ...] = ()
        while verdicts and not self._task.stop.is_set() and self._task.clock.left() != 0.0:
            rungs = [verdict.empty.rungs[-1] for verdict in verdicts]
            starts = {(rung.stage, start) for rung in rungs for start in rung.threat}
            barred += tuple(Barred(Decision("threat", start), (stage,)) for stage, start in sorted(starts))
            result, aims = self._search(barred, DIVE_SHARE)
            if result.finding is None:
                return
            verdicts = self._judged(result.finding, aims)

    def _closed(self) -> bool:
        """Whether the best ladder is within the gap asked for of the bound."""
        worths = [] if self._best is None else [self._best[0].worth]
        worths += [] if self._spare is None else [self._task.worth(self._spare)]
        if not worths or self._bound is None:
            return False
        worth = max(worths)
        return relative_gap(worth, max(self._bound, worth)) <= self._task.options.relative_gap

    def _exhausted(self) -> tuple[SearchResult, Aims]:
        """All ladders that are left break a margin, a limit, or make a threat that was cut off."""
        if self._undecided is not Limit.NONE:
            return self._ended(Reason.LIMIT, self._undecided)
        if self._best is None:
            return self._ended(Reason.INFEASIBLE, Limit.NONE)
        self._bound = self._best[0].worth
        return self._ended(Reason.OPTIMAL, Limit.NONE)

    def _ended(self, reason: Reason, limit: Limit) -> tuple[SearchResult, Aims]:
        """The best ladder with credible threats and what is proven; doing nothing has no threats."""
        task, phases = self._task, tuple(self._phases)
        if reason is Reason.INFEASIBLE:
            return SearchResult(None, None, reason, limit, phases), task.aims
        if self._undecided is not Limit.NONE and reason is Reason.OPTIMAL and not self._closed():
            reason, limit = Reason.LIMIT, self._undecided
        if self._best is None:
            self._keep_spare(do_nothing(task))
        if self._spare is not None and (self._best is None or task.worth(self._spare) > self._best[0].worth):
            self._best = claimed_by_type(task, self._spare), task.aims
        if self._best is None:
            return SearchResult(None, self._bound, reason, limit, phases), task.aims
        finding, aims = self._best
        return SearchResult(finding, self._bound, reason, limit, phases), aims


class _Judge:
    """Whether threats are credible; what the rest of a game is worth is remembered."""

    def __init__(self) -> None:
        self._known: dict[object, Rest] = {}
        self._slowest = 0.0

    def hear(self, phases: tuple[Phase, ...]) -> None:
        """Learn from the programs that were solved how long it takes to begin one."""
        self._slowest = max((self._slowest, *(phase.report.compile_seconds for phase in phases)))

    def verdicts(self, task: Task, outcome: Outcome) -> Iterator[Verdict]:
        """What cuts off each threat that is not credible, one for each rung that makes one."""
        for here in _threatening(outcome):
            verdict = _Threat.made(task, outcome, here).verdict(self)
            if verdict is not None:
                yield verdict

    def rest(self, task: Task, ladder: Ladder, past: Past, belief: dict[str, float], gap: float) -> Rest:
        """The most that can be had after a past, with a belief, by plans with credible threats."""
        likely = tuple((name, share) for name, share in belief.items() if share > 0.0)
        key = _key(past.position(task.game)), likely, gap
        if key in self._known:
            return self._known[key]
        left = task.clock.left(REST_SHARE)
        if task.stop.is_set() or (left is not None and left <= BUILDING * len(likely) * self._slowest):
            limit = Limit.INTERRUPT if task.stop.is_set() else Limit.TIME
            return Rest(-INFINITE, INFINITE, frozenset(), limit)
        inner = replace(
            task,
            game=believed_game(task.game, belief),
            margin=0.0,
            options=replace(task.options, relative_gap=gap),
            clock=task.clock.until(REST_SHARE),
            aims=Aims(task.aims.criterion),
            past=past,
            known_ladders=(ladder,),
        )
        result, _ = _Rounds(inner, self).run()
        rest = _rest_of(result, past)
        if rest.limit is Limit.NONE:
            self._known[key] = rest
        return rest


INFINITE = float("inf")


def _key(position: Position) -> Position:
    """A position, whatever the order in which its starts were written."""
    return replace(
        position,
        started=tuple(sorted(position.started)),
        mitigated=tuple(sorted(position.mitigated)),
        called=tuple(sorted(position.called)),
    )


def _rest_of(result: SearchResult, past: Past) -> Rest:
    high = INFINITE if result.bound is None else result.bound
    limit = Limit.NONE if result.reason is Reason.OPTIMAL else result.limit
    if result.finding is None:
        return Rest(-INFINITE, high, frozenset(), limit)
    first = next(step.rung for step in result.finding.outcome.steps if step.stage == past.stage)
    return Rest(result.finding.worth, max(high, result.finding.worth), frozenset(first.starts), limit)


def _threatening(outcome: Outcome) -> Iterator[list[Step]]:
    """The steps of types of positive prior at each history where a threat is made, early ones first."""
    steps = [step for step in outcome.steps if step.rung.threat and outcome.priors[step.type] > 0.0]
    for history in sorted({step.history for step in steps}, key=lambda h: (len(h), h)):
        yield [step for step in steps if step.history == history]


@dataclass(frozen=True)
class _Threat:
    """A threat of a ladder at a public history.

    ``rungs`` are those planned up to it; an offer of the last one counts only if it is accepted there.
    """

    task: Task
    ladder: Ladder
    rungs: tuple[Rung, ...]
    priors: dict[str, float]
    expected: dict[str, str]

    @classmethod
    def made(cls, task: Task, outcome: Outcome, here: list[Step]) -> _Threat:
        """The threat at a history, from the steps of the types that get there."""
        name, history = here[0].type, here[0].history
        met = [step.rung for step in outcome.steps if step.type == name and step.stage < len(history)]
        last = replace(here[0].rung, offer=any(step.concedes for step in here))
        priors = {step.type: outcome.priors[step.type] for step in here}
        expected = {step.type: step.response for step in here}
        return cls(task, outcome.ladder, (*met, last), priors, expected)

    @property
    def last(self) -> Rung:
        """The rung that threatens."""
        return self.rungs[-1]

    @property
    def starts(self) -> tuple[Start, ...]:
        """What is threatened."""
        return self.last.threat

    def position(self) -> Position:
        """Where the rung that threatens is played."""
        rungs = (*self.task.past.rungs, *self.rungs[:-1])
        return Past(rungs, self.last.history).position(self.task.game)

    def verdict(self, judge: _Judge) -> Verdict | None:
        """What cuts the threat off; None if it is credible."""
        game = self.task.game
        posture = take(game, self.position(), self.last)
        belief = {patron.name: self.priors.get(patron.name, 0.0) for patron in game.patron_types}
        belief = _normal(belief)
        undecided: Verdict | None = None
        for response in (row.name for row in game.responses if row.hostile):
            surprise, after = after_response(game, posture, response, belief, self.expected)
            pays, limit = self.pays(judge, response, after, self.starts)
            if pays is False:
                return Verdict(self._widest(judge, response, surprise, after), Limit.NONE)
            if pays is None and undecided is None:
                undecided = Verdict(self._exactly(response, surprise, after, self.starts), limit)
        return undecided

    def pays(
        self, judge: _Judge, response: str, belief: dict[str, float], starts: tuple[Start, ...]
    ) -> tuple[bool | None, Limit]:
        """Whether starts would be carried out by choice after a response; None if time did not tell."""
        task = self.task
        limit = Limit.NONE
        for gap in dict.fromkeys((task.options.relative_gap, min(task.options.relative_gap, CLOSE))):
            waived = judge.rest(task, self.ladder, self._past(response, ()), belief, gap)
            least = SAME * max(1.0, abs(waived.low))
            chosen = frozenset(starts) <= waived.starts
            if chosen and waived.low >= waived.high - least:
                return True, Limit.NONE
            forced = judge.rest(task, self.ladder, self._past(response, starts), belief, gap)
            low = max(forced.low, waived.low) if chosen else forced.low
            if low >= waived.high - least:
                return True, Limit.NONE
            if forced.high < max(waived.low, forced.low) - least:
                return False, Limit.NONE
            limit = waived.limit if waived.limit is not Limit.NONE else forced.limit
            if limit is Limit.NONE and gap <= CLOSE:  # equal to the accuracy of a solve
                return low >= waived.low - least, Limit.NONE
        return None, limit

    def _past(self, response: str, starts: tuple[Start, ...]) -> Past:
        rungs = (*self.task.past.rungs, *self.rungs[:-1], replace(self.last, threat=starts))
        return Past(rungs, (*self.last.history, response))

    def _exactly(
        self, response: str, surprise: Surprise, after: dict[str, float], starts: tuple[Start, ...]
    ) -> NoEmptyThreat:
        """The threat, given by those who give the response, or by nobody."""
        rungs = (*self.rungs[:-1], replace(self.last, threat=starts))
        if surprise is Surprise.NONE:
            givers = tuple(name for name, share in after.items() if share > 0.0)
            return NoEmptyThreat(rungs, response, Givers.THESE, givers)
        return NoEmptyThreat(rungs, response, Givers.NOBODY, tuple(self.priors))

    def _widest(
        self, judge: _Judge, response: str, surprise: Surprise, after: dict[str, float]
    ) -> NoEmptyThreat:
        """What is cut off with an empty threat: see the docstring of the module."""
        beliefs = list(self._beliefs()) if len(self.priors) <= MOST_ALIKE else []
        if beliefs and all(self._empty(judge, response, belief, self.starts) for belief in beliefs):
            starts = self._fewest(judge, response, beliefs)
            rungs = (*self.rungs[:-1], replace(self.last, threat=starts))
            return NoEmptyThreat(rungs, response, Givers.ANYBODY, tuple(self.priors))
        starts = self._fewest(judge, response, [after]) if surprise is Surprise.NONE else self.starts
        return self._exactly(response, surprise, after, starts)

    def _beliefs(self) -> Iterator[dict[str, float]]:
        """Every belief after a response: the shares of some of the types that get to the history."""
        everyone = dict.fromkeys((patron.name for patron in self.task.game.patron_types), 0.0)
        for count in range(1, len(self.priors) + 1):
            for names in combinations(self.priors, count):
                yield _normal(everyone | {name: self.priors[name] for name in names})

    def _empty(
        self, judge: _Judge, response: str, belief: dict[str, float], starts: tuple[Start, ...]
    ) -> bool:
        return self.pays(judge, response, belief, starts)[0] is False

    def _fewest(self, judge: _Judge, response: str, beliefs: list[dict[str, float]]) -> tuple[Start, ...]:
        """Starts none of which can be left out if the rest is to be an empty threat that is allowed."""
        game, position, starts = self.task.game, self.position(), self.starts
        for start in self.starts:
            fewer = tuple(other for other in starts if other != start)
            if (
                fewer
                and not violations(game, position, replace(self.last, threat=fewer))
                and all(self._empty(judge, response, belief, fewer) for belief in beliefs)
            ):
                starts = fewer
        return starts


def _normal(weights: dict[str, float]) -> dict[str, float]:
    """Weights as shares of their sum."""
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}
