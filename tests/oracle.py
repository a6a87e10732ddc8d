"""The exact optimum of the escalation game by brute force: slow, obvious, and on its own.

Every rung of every public history is tried, as `docs/model.md` tells it. Nothing is shared with the
library but the immutable records of `sanctopt.game`: it has its own response of the patron, its own
exits, its own max-flow (a linear program of scipy). Tests hold the library against it.

Two conventions are common to all numbers here. Numbers that differ by no more than `TOLERANCE`
(relative to their size or 1) are equal. Starts, mitigations and types are referred to by their place in
``game.eligible``, ``game.mitigation_names`` and ``game.patron_types``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, combinations, product
from math import inf
from typing import Literal, NamedTuple, TypeVar

import numpy as np
from scipy.optimize import linprog

from sanctopt.game import REGIME, Game, Start

TOLERANCE = 1e-9

Information = Literal["adaptive", "open_loop", "clairvoyant"]
_T = TypeVar("_T")
Places = tuple[int, ...]
Stages = tuple[int | None, ...]


@dataclass(frozen=True)
class Rung:
    """The decisions of one stage."""

    starts: frozenset[Start] = frozenset()
    engagements: frozenset[str] = frozenset()
    mitigations: frozenset[str] = frozenset()
    offer: bool = False
    threat: frozenset[Start] = frozenset()


@dataclass(frozen=True)
class Step:
    """What one type meets in one stage on the best plan: the rung, its response, and the end or not."""

    rung: Rung
    response: str
    concedes: bool


@dataclass(frozen=True)
class Answer:
    """The optimum. ``value`` is -inf, ``paths`` empty, if no plan has the margin.

    ``paths`` holds by type the steps of one best plan (of each type's own plan if clairvoyant);
    ``nodes`` counts the situations (stage, what was done, who is left) that were solved.
    """

    value: float
    paths: dict[str, tuple[Step, ...]]
    nodes: int

    @property
    def first_rung(self) -> Rung | None:
        """The rung of stage 0; None if there is none, or if every type has its own (clairvoyant)."""
        first = {path[0].rung for path in self.paths.values()}
        return first.pop() if len(first) == 1 else None


class Past(NamedTuple):
    """What was done before a stage: the stage of each start and mitigation, the stocks, the called threat."""

    started: Stages
    mitigated: Stages
    credibility: float
    provocation: float
    engagement: float
    called: Places


class Player(NamedTuple):
    """A type that is still in the game, and its responses so far."""

    type: int
    responses: tuple[str, ...]


Pool = tuple[Player, ...]
"""Types that play on together: undistinguished (adaptive), or all that have not conceded (open loop)."""


class Reply(NamedTuple):
    """One response that a type may take at a rung, what the stage then pays, and whether it ends the game."""

    player: Player
    response: str
    payoff: float
    concedes: bool


class Best(NamedTuple):
    """The best that can be had in a situation, by which rung, with which replies."""

    value: float
    rung: Rung | None = None
    replies: tuple[Reply, ...] = ()
    past: Past | None = None
    """The situation of the next stage; the called threat still depends on the responses."""


@cache
def brute_force(game: Game, information: Information = "adaptive", margin: float = 0.0) -> Answer:
    """Solve a game exactly by trying everything; games that tests share are solved once.

    Parameters
    ----------
    game
        The instance; keep it tiny, the effort is exponential in everything.
    information
        ``adaptive``: one rung per public history. ``open_loop``: one sequence of rungs whatever happens.
        ``clairvoyant``: each type is known at stage 0.
    margin
        0: ties of the patron fall as is best for the coalition. Above 0: only rungs at which every type
        that meets them has a response that beats every other by at least this much.
    """
    search = _Search(game, information, margin)
    start = opening(game)
    everyone = tuple(Player(number, ()) for number in range(len(game.patron_types)))
    pools = [(player,) for player in everyone] if information == "clairvoyant" else [everyone]
    value = sum(search.best(0, start, pool).value for pool in pools)
    paths: dict[str, list[Step]] = {row.name: [] for row in game.patron_types} if value > -inf else {}
    for pool in pools if paths else []:
        search.trace(0, start, pool, paths)
    return Answer(value, {name: tuple(path) for name, path in paths.items()}, len(search.solved))


def opening(game: Game) -> Past:
    """Before stage 0 nothing was done."""
    nothing = (None,) * len(game.eligible), (None,) * len(game.mitigation_names)
    return Past(*nothing, game.credibility.initial, 0.0, 0.0, ())


class _Search:
    """The recursion over stages, with what it has solved already."""

    def __init__(self, game: Game, information: Information, margin: float) -> None:
        self.game = game
        self.open_loop = information == "open_loop"
        self.margin = margin
        self.solved: dict[tuple[int, Past, Pool], Best] = {}
        # The methods below depend on their arguments only; remember their results.
        self.start_sets = cache(self.start_sets)  # type: ignore[method-assign]
        self.harm_and_denial = cache(self.harm_and_denial)  # type: ignore[method-assign]
        self.revenue = cache(self.revenue)  # type: ignore[method-assign]
        self.max_flow = cache(self.max_flow)  # type: ignore[method-assign]
        self.baseline = [self.max_flow(t, (0.0,) * len(game.entities)) for t in range(game.stages)]

    # --- the recursion -----------------------------------------------------------------------

    def best(self, stage: int, past: Past, pool: Pool) -> Best:
        """The most the coalition can still earn from a pool (weighted by priors), discounted to stage 0."""
        game = self.game
        if stage == game.stages or not pool:
            weight = sum(game.patron_types[player.type].prior for player in pool)
            return Best(weight * game.discount**stage * game.weights.credibility * past.credibility)
        key = (stage, past, pool)
        if key not in self.solved:
            outcomes = (
                Best(self.total(stage, replies, after, threat), rung, replies, after)
                for rung, threat, after, replies in self.outcomes(stage, past, pool)
            )
            self.solved[key] = max(outcomes, key=lambda outcome: outcome.value, default=Best(-inf))
        return self.solved[key]

    def total(self, stage: int, replies: Sequence[Reply], after: Past, threat: Places) -> float:
        """Expected payoff of this stage and, at best, of all later ones, given everyone's reply."""
        priors = self.game.patron_types
        now = sum(priors[reply.player.type].prior * reply.payoff for reply in replies)
        return now + sum(
            self.best(stage + 1, past, pool).value for past, pool in self.successors(replies, after, threat)
        )

    def successors(
        self, replies: Sequence[Reply], after: Past, threat: Places
    ) -> Iterator[tuple[Past, Pool]]:
        """The situations of the next stage: who plays on together, and under which called threat."""
        staying = [reply for reply in replies if not reply.concedes]
        if self.open_loop:
            groups = [staying] if staying else []
        else:
            answers = dict.fromkeys(reply.response for reply in staying)
            groups = [[reply for reply in staying if reply.response == answer] for answer in answers]
        for group in groups:
            called = any(self.game.response[reply.response].hostile for reply in group)
            pool = tuple(
                Player(player.type, (*player.responses, response)) for player, response, _, _ in group
            )
            yield after._replace(called=threat if called else ()), pool

    def outcomes(
        self, stage: int, past: Past, pool: Pool
    ) -> Iterator[tuple[Rung, Places, Past, tuple[Reply, ...]]]:
        """Every allowed rung with every joint choice among tied responses, and the stage after it."""
        game = self.game
        for starts in self.start_sets(stage, past.started):
            if not set(past.called) <= set(starts):
                continue
            chosen = [game.eligible[start] for start in starts]
            started = _mark(past.started, starts, stage)
            signal = sum(game.start_signal(start) for start in chosen)
            credibility = min(game.credibility.max, (1 - game.credibility.decay) * past.credibility + signal)
            provocation = game.carryover * past.provocation + sum(map(game.start_provocation, chosen))
            start_cost = sum(map(game.start_cost, chosen))
            threats = self.start_sets(stage + 1, started) if self.threats_at(stage) else [()]
            for engagements in _subsets(game.engagements):
                engagement = game.retention * past.engagement + sum(row.effect for row in engagements)
                engagement_cost = sum(row.cost for row in engagements)
                for mitigations in _subsets(_unmarked(past.mitigated)):
                    mitigated = _mark(past.mitigated, mitigations, stage)
                    names = [game.mitigation_names[number] for number in mitigations]
                    mitigation_cost = sum(game.mitigation_cost[name] for name in names)
                    harm, denial = self.harm_and_denial(stage, mitigated)
                    after = Past(started, mitigated, credibility, provocation, engagement, ())
                    for threat in threats:
                        size = sum(game.start_provocation(game.eligible[start]) for start in threat)
                        taken = [
                            self.responses(stage, player.type, provocation, engagement, denial, size)
                            for player in pool
                        ]
                        if not all(taken):
                            continue
                        for offer in (False, True) if game.off_ramp else (False,):
                            cost = start_cost + engagement_cost + mitigation_cost
                            cost += game.off_ramp.offer_cost if offer and game.off_ramp else 0.0
                            rung = Rung(
                                frozenset(chosen),
                                frozenset(row.name for row in engagements),
                                frozenset(names),
                                offer,
                                frozenset(game.eligible[start] for start in threat),
                            )
                            options = [
                                [
                                    self.reply(stage, player, answer, after, harm[answer], cost, offer)
                                    for answer in answers
                                ]
                                for player, answers in zip(pool, taken, strict=True)
                            ]
                            for replies in product(*options):
                                yield rung, threat, after, replies

    def trace(self, stage: int, past: Past, pool: Pool, paths: dict[str, list[Step]]) -> None:
        """Append to ``paths`` the steps of the best plan from a situation on."""
        found = self.best(stage, past, pool)
        if found.rung is None or found.past is None:
            return
        for reply in found.replies:
            path = paths[self.game.patron_types[reply.player.type].name]
            path.append(Step(found.rung, reply.response, reply.concedes))
        threat = tuple(n for n, start in enumerate(self.game.eligible) if start in found.rung.threat)
        for after, group in self.successors(found.replies, found.past, threat):
            self.trace(stage + 1, after, group, paths)

    # --- what the coalition may do -----------------------------------------------------------

    def threats_at(self, stage: int) -> bool:
        """Whether a standing threat can be made in a stage."""
        return self.game.standing_threats and stage < self.game.stages - 1

    def start_sets(self, stage: int, started: Stages) -> list[Places]:
        """Every set of starts allowed in a stage after earlier ones; the empty set is one of them."""
        return [starts for starts in _subsets(_unmarked(started)) if self.allowed(stage, started, starts)]

    def allowed(self, stage: int, started: Stages, starts: Places) -> bool:
        """Whether a set of new starts keeps within the effort and has its requirements."""
        game = self.game
        if (
            sum(game.start_effort(game.eligible[start]) for start in starts)
            > game.effort_per_stage + TOLERANCE
        ):
            return False
        made = {
            start: stage if number in starts else before
            for number, (start, before) in enumerate(zip(game.eligible, started, strict=True))
        }
        for start in (game.eligible[number] for number in starts):
            instrument = game.instrument[start.instrument]
            if instrument.requires:
                since = made.get(Start(start.entity, instrument.requires))
                if since is None or stage - since < instrument.requires_age:
                    return False
        return True

    # --- what the others do ------------------------------------------------------------------

    def responses(
        self,
        stage: int,
        number: int,
        provocation: float,
        engagement: float,
        denial: dict[str, float],
        threat: float,
    ) -> list[str]:
        """Responses that a type may take: the best ones; with a margin, the one that has it, or none."""
        game = self.game
        name = game.patron_types[number].name
        felt = provocation + game.offset.get((name, stage), 0.0)
        utility = {}
        for response in game.responses:
            row = game.utility[name, response.name]
            utility[response.name] = (
                row.base
                + row.provocation * felt
                + row.engagement * engagement
                + row.mitigation * denial[response.name]
                + row.threat * threat
            )
        if self.margin > 0:
            return [
                answer
                for answer, mine in utility.items()
                if all(
                    mine - other >= self.margin - TOLERANCE for it, other in utility.items() if it != answer
                )
            ]
        most = max(utility.values())
        return [answer for answer, mine in utility.items() if mine >= most - TOLERANCE]

    def reply(
        self, stage: int, player: Player, response: str, after: Past, harm: float, cost: float, offer: bool
    ) -> Reply:
        """What a stage pays when a type answers so, with the concession of its regime if there is one."""
        game = self.game
        row = game.patron_types[player.type]
        last = player.responses[-1] if player.responses else ""
        exits = tuple(
            entity.us_exposure is not None
            and _at_least(
                after.credibility * entity.us_exposure,
                entity.regime_profit * (1 + (game.shield(last, entity.jurisdiction) if last else 0.0)),
            )
            for entity in game.entities
        )
        revenue = self.revenue(stage, after.started, exits, (*player.responses, response))
        baseline = self.baseline[stage]
        weights = game.weights
        payoff = game.discount**stage * (
            weights.revenue * (baseline - revenue) - weights.harm * harm - weights.cost * cost
        )
        concedes = offer and row.reservation is not None and _at_least(row.reservation * baseline, revenue)
        if concedes and game.off_ramp:
            payoff += game.discount ** (stage + 1) * game.off_ramp.concession_value
        return Reply(player, response, payoff, concedes)

    def harm_and_denial(self, stage: int, mitigated: Stages) -> tuple[dict[str, float], dict[str, float]]:
        """Weighted harm of each response, and the share of its raw harm that coverage denies it."""
        game = self.game
        since = dict(zip(game.mitigation_names, mitigated, strict=True))
        harm, denial = {}, {}
        for response in (row.name for row in game.responses):
            harm[response] = total = covered = 0.0
            for party in game.parties:
                raw = game.harm.get((response, party.name), 0.0)
                reductions = [
                    row.reduction
                    for row in game.mitigations
                    if row.party == party.name
                    and row.response in ("", response)
                    and (begun := since[row.name]) is not None
                    and begun + row.lead <= stage
                ]
                cover = min(game.max_cover, sum(reductions))
                harm[response] += party.weight * raw * (1 - cover)
                total += raw
                covered += raw * cover
            denial[response] = covered / total if total else 0.0
        return harm, denial

    # --- the network -------------------------------------------------------------------------

    def revenue(
        self, stage: int, started: Stages, exits: tuple[bool, ...], responses: tuple[str, ...]
    ) -> float:
        """R(t), given the starts up to this stage, who exits, and the responses up to this stage."""
        game = self.game
        removal = []
        for entity, exit_ in zip(game.entities, exits, strict=True):
            acting = [0.0, entity.exit_removal if exit_ else 0.0]
            for start, since in zip(game.eligible, started, strict=True):
                if start.entity == entity.name and since is not None:
                    acting.append(game.start_removal(start, stage - since))
            for since, response in enumerate(responses):
                profile = game.enforcement_profile.get((response, entity.jurisdiction))
                if profile is not None:
                    acting.append(profile.at(stage - since))
            removal.append(max(acting))
        return self.max_flow(stage, tuple(removal))

    def max_flow(self, stage: int, removal: tuple[float, ...]) -> float:
        """The most that reaches the regime. Variables: what enters each link, what each channel offers."""
        game = self.game
        left = {row.name: 1 - share for row, share in zip(game.entities, removal, strict=True)}
        links, channels = game.links, game.channels
        bounds: list[tuple[float, float | None]] = [(0.0, link.capacity) for link in links]
        bounds += [(0.0, game.supply(row.name, stage) * left[row.name]) for row in channels]
        rows, limits = [], []
        for entity in game.entities:
            comes = [1 - link.toll if link.sink == entity.name else 0.0 for link in links]
            comes += [1.0 if row is entity else 0.0 for row in channels]
            goes = [1.0 if link.source == entity.name else 0.0 for link in links] + [0.0] * len(channels)
            rows += [comes, [out - into for out, into in zip(goes, comes, strict=True)]]
            limits += [game.capacity(entity.name, stage) * left[entity.name], 0.0]
        gain = [1 - link.toll if link.sink == REGIME else 0.0 for link in links] + [0.0] * len(channels)
        found = linprog(-np.array(gain), A_ub=rows, b_ub=limits, bounds=bounds, method="highs")
        assert found.x is not None, found.message
        return float(np.dot(gain, found.x))


def _at_least(left: float, right: float) -> bool:
    """``left >= right``, or equal within the tolerance."""
    return left >= right - TOLERANCE * max(1.0, abs(left), abs(right))


def _subsets(items: Iterable[_T]) -> Iterator[tuple[_T, ...]]:
    """All subsets, the empty one first."""
    pool = tuple(items)
    return chain.from_iterable(combinations(pool, size) for size in range(len(pool) + 1))


def _unmarked(stages: Stages) -> Places:
    """Places that have no stage yet."""
    return tuple(place for place, stage in enumerate(stages) if stage is None)


def _mark(stages: Stages, places: Places, stage: int) -> Stages:
    """The stages, with this stage at these places."""
    return tuple(stage if place in places else before for place, before in enumerate(stages))
