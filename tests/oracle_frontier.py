"""Brute force with two objectives: every pair of expected amounts that plans can bring about, best ones kept.

An expectation adds up over types, so for a situation and those who play on from it a pair of numbers is all
that matters, but for hostility: whoever was hostile before does not count again. That stands in the history.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from oracle import TOLERANCE, Information, Past, Player, Pool, Reply, _Search, opening
from sanctopt.aims import Objective
from sanctopt.game import Game

Pair = tuple[float, float]
"""What counts of two objectives: more is better."""


class Amounts(NamedTuple):
    """What one stage brings about against one type; ``credibility`` is the stock, ``last`` ends the game."""

    payoff: float
    denied: float
    harm: float
    cost: float
    hostile: bool
    credibility: float
    last: bool


def best_pairs(game: Game, x: Objective, y: Objective, information: Information = "adaptive") -> list[Pair]:
    """The pairs that no other plan beats, those with the largest x first; equal ones once."""
    search = _Pairs(game, information, (x, y))
    everyone = tuple(Player(number, ()) for number in range(len(game.patron_types)))
    return sorted(search.pairs(0, opening(game), everyone), reverse=True)


def best_of(game: Game, x: Objective, information: Information = "adaptive") -> float:
    """The most that counts of one objective."""
    return best_pairs(game, x, x, information)[0][0]


class _Pairs(_Search):
    def __init__(self, game: Game, information: Information, objectives: tuple[Objective, Objective]) -> None:
        super().__init__(game, information, 0.0)
        self.objectives = objectives
        self.found: dict[tuple[int, Past, Pool], list[Pair]] = {}

    def reply(  # type: ignore[override]
        self, stage: int, player: Player, response: str, after: Past, harm: float, cost: float, offer: bool
    ) -> Reply:
        """The stage's amounts in place of its payoff."""
        game = self.game
        plain = super().reply(stage, player, response, after, harm, cost, offer)
        bare = replace(
            game, off_ramp=None, discount=1.0, weights=replace(game.weights, revenue=1.0, harm=0.0, cost=0.0)
        )
        self.game = bare
        denied = super().reply(stage, player, response, after, harm, cost, False).payoff
        self.game = game
        hostile = game.response[response].hostile
        last = plain.concedes or stage == game.stages - 1
        amounts = Amounts(plain.payoff, denied, harm, cost, hostile, after.credibility, last)
        return plain._replace(payoff=amounts)  # type: ignore[arg-type]

    def counts(self, objective: Objective, stage: int, reply: Reply) -> float:
        """What counts of a stage against a type, times its prior."""
        game = self.game
        amounts: Any = reply.payoff
        before = any(game.response[a].hostile for a in reply.player.responses)
        end = 0.0
        if amounts.last and not reply.concedes:
            end = game.discount**game.stages * game.weights.credibility * amounts.credibility
        value = {
            Objective.PAYOFF: amounts.payoff + end,
            Objective.DENIED: amounts.denied,
            Objective.HARM: -amounts.harm,
            Objective.COST: -amounts.cost,
            Objective.HOSTILITY: -float(amounts.hostile and not before),
            Objective.CREDIBILITY: amounts.credibility if amounts.last else 0.0,
        }[objective]
        return game.patron_types[reply.player.type].prior * value

    def pairs(self, stage: int, past: Past, pool: Pool) -> list[Pair]:
        """What can be brought about from a situation on."""
        if stage == self.game.stages or not pool:
            return [(0.0, 0.0)]
        key = (stage, past, pool)
        if key not in self.found:
            found: set[Pair] = set()
            for _, threat, after, replies in self.outcomes(stage, past, pool):
                now = [sum(self.counts(o, stage, reply) for reply in replies) for o in self.objectives]
                later = [
                    self.pairs(stage + 1, then, group)
                    for then, group in self.successors(replies, after, threat)
                ]
                for rests in product(*later):
                    found.add(
                        (now[0] + sum(rest[0] for rest in rests), now[1] + sum(rest[1] for rest in rests))
                    )
            self.found[key] = unbeaten(found)
        return self.found[key]


def unbeaten(found: set[Pair]) -> list[Pair]:
    """Pairs that no other one beats; of pairs that are equal within `TOLERANCE`, one."""
    kept: list[Pair] = []
    most = -np.inf
    for x, y in sorted(found, key=lambda pair: (-round(pair[0], 9), -pair[1])):
        if y > most + TOLERANCE:
            kept.append((x, y))
            most = y
    return kept
