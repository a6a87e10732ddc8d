"""The game of each type alone, and the bound that follows.

Against a type that is known, no response reveals anything and the program is easy. A ladder of the whole
game meets a type with some sequence of rungs that would also be allowed if the type were known, so its
payoff against that type is at most the type's own optimum: type by type, and so in expectation.

A regime that can concede makes its program hard, because in the relaxation it concedes a little in every
stage. The stage of the concession is therefore branched on first: one program for each, most of them short
or soon closed.
"""

from __future__ import annotations

import math
from dataclasses import replace

from sanctopt.game import Game, PatronType
from sanctopt.ladder import Information, Ladder
from sanctopt.network import baseline_revenue
from sanctopt.play import play
from sanctopt.search.program import Program, do_nothing, solve_program, solve_until_settled
from sanctopt.search.task import Clock, Finding, SearchResult, Task
from sanctopt.search.workers import Turns, each
from sanctopt.solver_options import Limit, Reason

ROOT_SHARE, FIRST_SHARE = 0.15, 0.4
"""Shares of a conceding type's time: for the root bound, and for its most promising stage."""


def known_types(task: Task, share: float) -> dict[str, SearchResult]:
    """Solve the game of each type alone, within a share of the time left.

    Types whose patron is the same differ only in when their regime concedes: the program in which it
    never does is solved once for all of them.
    """
    game = task.game
    alike: dict[object, list[PatronType]] = {}
    for patron in game.patron_types:
        alike.setdefault(_patron(game, patron), []).append(patron)
    firm_first = [
        sorted(patrons, key=lambda patron: may_concede(game, patron))
        for patrons in alike.values()
        if not all(may_concede(game, patron) for patron in patrons)
    ]
    conceding = [patron for patron in game.patron_types if may_concede(game, patron)]
    turns = Turns(task.clock.until(share), len(firm_first) + len(conceding), task.options.threads)

    def never(inner: Task, patrons: list[PatronType]) -> SearchResult:
        purpose = f"type {patrons[0].name} known"
        alone = replace(inner, game=alone_with(game, patrons[0]), information=Information.ADAPTIVE)
        return solve_program(alone, purpose, turns.seconds())

    firm = {
        patron.name: result
        for patrons, result in zip(firm_first, each(task, never, firm_first), strict=True)
        for patron in patrons
    }

    def concedes(inner: Task, patron: PatronType) -> SearchResult:
        alone = replace(inner, game=alone_with(game, patron), information=Information.ADAPTIVE)
        return known_concession(alone, firm.get(patron.name), turns.seconds())

    yielding = dict(zip((patron.name for patron in conceding), each(task, concedes, conceding), strict=True))
    results = {
        patron.name: yielding.get(patron.name) or _as_own(alone_with(game, patron), firm[patron.name])
        for patron in game.patron_types
    }
    for patrons in firm_first:  # a program that several types share is told of once
        first = patrons[0].name
        results[first] = replace(results[first], phases=firm[first].phases)
    return results


def may_concede(game: Game, patron: PatronType) -> bool:
    """Tell whether a type's regime could ever concede."""
    return game.off_ramp is not None and patron.reservation is not None


def _patron(game: Game, patron: PatronType) -> object:
    """All that a type's responses depend on."""
    rows = (game.utility[patron.name, response.name] for response in game.responses)
    tastes = tuple((r.base, r.provocation, r.engagement, r.mitigation, r.threat) for r in rows)
    return tastes, tuple(game.offset.get((patron.name, t), 0.0) for t in range(game.stages))


def _as_own(game: Game, result: SearchResult) -> SearchResult:
    """The result of a type alone, told of another type whose patron is the same; without its phases."""
    finding = result.finding
    if finding is None or finding.ladder.game_digest == game.digest():
        return replace(result, phases=())
    ladder = Ladder.of(game, Information.ADAPTIVE, (rung.decisions() for rung in finding.ladder.rungs))
    outcome = play(game, ladder)
    (taken,) = finding.claimed_responses.values()
    own = Finding(outcome.ladder, outcome, finding.claimed_value, {game.patron_types[0].name: taken})
    return replace(result, finding=own, phases=())


def alone_with(game: Game, patron: PatronType) -> Game:
    """The game of one type, which then is no secret."""
    return replace(
        game,
        patron_types=(replace(patron, prior=1.0),),
        utilities=tuple(row for row in game.utilities if row.type == patron.name),
        perception=tuple(row for row in game.perception if row.type == patron.name),
    )


def known_type(task: Task, seconds: float | None) -> SearchResult:
    """Solve the game of a single type."""
    timed = replace(task, clock=Clock(seconds))
    (patron,) = task.game.patron_types
    return known_types(timed, 1.0)[patron.name]


def known_concession(task: Task, firm: SearchResult | None, seconds: float | None) -> SearchResult:
    """Solve the game of a single type whose regime can concede.

    Each stage of the concession, and that there is none, is a program of its own, the most promising first,
    with the best payoff so far as a floor: a program without a better ladder is infeasible. The root of the
    program that leaves the stage open bounds them all. Those that time leaves open get what is left of it in
    a second round. ``firm`` is the result if the regime never concedes, where another type with the same
    patron has it already.
    """
    (patron,) = task.game.patron_types
    known_firm = None if firm is None else _as_own(task.game, firm)
    program = Program.build(task, f"type {patron.name} known, concedes")
    clock = Clock(seconds)
    root = program.solve(clock.left(ROOT_SHARE), node_limit=0)
    phases = [program.phase(root, " or not")]
    cap = phases[-1].report.dual_bound
    best = None if known_firm is None else known_firm.finding
    if best is None and task.margin == 0:
        best = program.claim(do_nothing(task.game, task.information))
    if root.reason is Reason.INTERRUPTED:
        return SearchResult(best, None, root.reason, root.limit, tuple(phases))
    stages: list[int | None] = list(reversed(range(task.game.stages)))
    bounds: dict[int | None, float | None] = dict.fromkeys(stages, cap)
    values: list[float | None] = []
    reason, limit = Reason.OPTIMAL, Limit.NONE
    if known_firm is None:
        bounds[None] = cap
    elif known_firm.reason is not Reason.INFEASIBLE:
        reason, limit = known_firm.reason, known_firm.limit
        values.append(known_firm.bound)
    for share in (FIRST_SHARE, 1.0):
        order = sorted(bounds, key=lambda stage: _order(bounds[stage], stage))
        for number, stage in enumerate(order):
            if share == 1.0 and not _open(task, best, bounds[stage]):
                continue
            program.concede_in(patron.name, stage)
            if best is not None:
                program.limit_value(patron.name, lower=best.outcome.value)
            part = share if number == 0 or share == 1.0 else share / (len(order) - number)
            note = " in no stage" if stage is None else f" in stage {stage}"
            result = solve_until_settled(program, clock.left(part), note=note)
            phases += result.phases
            found = result.finding
            if found is not None and (best is None or found.outcome.value > best.outcome.value):
                best = found
            if result.reason is Reason.INTERRUPTED:
                return SearchResult(best, None, result.reason, result.limit, tuple(phases))
            if result.reason is Reason.INFEASIBLE:
                del bounds[stage]
            else:
                proven = [bound for bound in (bounds[stage], result.bound) if bound is not None]
                bounds[stage] = min(proven, default=None)
            if result.reason is Reason.LIMIT:
                reason, limit = result.reason, result.limit
        if clock.left() is None:
            break
    values += bounds.values()
    if best is not None:
        values.append(best.outcome.value)  # its own program may have been closed by this very floor
    if not values:
        return SearchResult(None, None, Reason.INFEASIBLE, Limit.NONE, tuple(phases))
    bound = None if any(value is None for value in values) else max(v for v in values if v is not None)
    if best is not None and best.gap(bound) <= task.options.relative_gap:
        reason, limit = Reason.OPTIMAL, Limit.NONE
    return SearchResult(best, bound, reason, limit, tuple(phases))


def _order(bound: float | None, stage: int | None) -> tuple[float, int]:
    """Most promising first: the largest bound, then the last stage; no concession after all of these."""
    return (-math.inf if bound is None else -bound, 1 if stage is None else -stage)


def _open(task: Task, best: Finding | None, bound: float | None) -> bool:
    """Whether a program could still hold a ladder better than the best by more than the gap."""
    return best is None or best.gap(bound) > task.options.relative_gap


def expected_bound(game: Game, known: dict[str, SearchResult]) -> float:
    """Sum over types of prior times bound, or of `trivial_bound` where time brought none."""
    return sum(patron.prior * type_bound(game, patron, known) for patron in game.patron_types)


def type_bound(game: Game, patron: PatronType, known: dict[str, SearchResult]) -> float:
    """Proven bound of the payoff against a type, `trivial_bound` if time brought none."""
    bound = known[patron.name].bound if patron.name in known else None
    return trivial_bound(game, patron) if bound is None else bound


def trivial_bound(game: Game, patron: PatronType) -> float:
    """Payoff against a type that needs no program to prove: all revenue denied, no harm, no cost.

    Credibility is at most ``max`` at the end; a concession may come in the best stage for it.
    """
    earned, best = 0.0, 0.0
    for stage in range(game.stages):
        earned += game.discount**stage * game.weights.revenue * baseline_revenue(game, stage)
        if may_concede(game, patron) and game.off_ramp is not None:
            best = max(best, earned + game.discount ** (stage + 1) * game.off_ramp.concession_value)
    left = game.discount**game.stages * game.weights.credibility
    return max(best, earned + left * max(game.credibility.max, 0.0))
