"""Brute force under any criterion and limit: all that plans can bring about, vector by vector.

An expectation can be maximized pool by pool (`oracle`); a worst case or a limit binds all types together. So
this oracle lists, for every situation, the vectors that plans bring about there, one entry for each type, and
keeps those that no other vector beats in everything that counts. Criterion and limits are worked out in the
plainest way: the worst prior by a linear program, CVaR by splitting probability, sums written out.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import fsum
from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog

from oracle import TOLERANCE, Information, Past, Player, Pool, Reply, _Search, opening
from sanctopt.game import Game


class Sums(NamedTuple):
    """What a plan brings about against one type, over all stages."""

    payoff: float
    harm: float = 0.0
    cost: float = 0.0
    hostile: bool = False
    party: float = 0.0


Vector = tuple[tuple[int, Sums], ...]
"""Type (its place) and what is brought about against it, in order of types."""

Worth = Callable[[dict[str, float], dict[str, float]], float]
Keeps = Callable[[dict[str, Sums], dict[str, float]], bool]


def best_worth(
    game: Game,
    worth: Worth,
    keeps: Keeps = lambda _, __: True,
    *,
    counts: tuple[str, ...] = (),
    party: str = "",
    information: Information = "adaptive",
) -> float:
    """The largest worth of a plan that keeps the limits; -inf if there is none.

    ``counts`` names the fields of `Sums` that the limits look at, apart from the payoff.
    """
    search = _Vectors(game, information, counts, party)
    everyone = tuple(Player(number, ()) for number in range(len(game.patron_types)))
    priors = {row.name: row.prior for row in game.patron_types}
    best = float("-inf")
    for vector in search.vectors(0, opening(game), everyone):
        sums = {game.patron_types[number].name: entry for number, entry in vector}
        if keeps(sums, priors):
            best = max(best, worth({name: entry.payoff for name, entry in sums.items()}, priors))
    return best


class _Vectors(_Search):
    def __init__(self, game: Game, information: Information, counts: tuple[str, ...], party: str) -> None:
        super().__init__(game, information, 0.0)
        self.counts, self.party = counts, party
        self.found: dict[tuple[int, Past, Pool], list[Vector]] = {}

    def reply(  # type: ignore[override]
        self, stage: int, player: Player, response: str, after: Past, harm: float, cost: float, offer: bool
    ) -> Reply:
        """The stage's sums in place of its payoff."""
        plain = super().reply(stage, player, response, after, harm, cost, offer)
        hostile = self.game.response[response].hostile
        sums = Sums(plain.payoff, harm, cost, hostile, self.uncovered(stage, response, after))
        return plain._replace(payoff=sums)  # type: ignore[arg-type]

    def uncovered(self, stage: int, response: str, after: Past) -> float:
        """Harm of the party that counts, after coverage."""
        game = self.game
        since = dict(zip(game.mitigation_names, after.mitigated, strict=True))
        cover = fsum(
            row.reduction
            for row in game.mitigations
            if row.party == self.party
            and row.response in ("", response)
            and (begun := since[row.name]) is not None
            and begun + row.lead <= stage
        )
        return game.harm.get((response, self.party), 0.0) * (1 - min(game.max_cover, cover))

    def vectors(self, stage: int, past: Past, pool: Pool) -> list[Vector]:
        """What can be brought about from a situation on."""
        game = self.game
        if stage == game.stages or not pool:
            left = game.discount**stage * game.weights.credibility * past.credibility
            return [tuple((player.type, Sums(left)) for player in pool)]
        key = (stage, past, pool)
        if key not in self.found:
            found = {
                self.added(replies, rests)
                for _, threat, after, replies in self.outcomes(stage, past, pool)
                for rests in product(
                    *(
                        self.vectors(stage + 1, later, group)
                        for later, group in self.successors(replies, after, threat)
                    )
                )
            }
            self.found[key] = self.unbeaten(found)
        return self.found[key]

    def added(self, replies: tuple[Reply, ...], rests: tuple[Vector, ...]) -> Vector:
        later = dict(entry for vector in rests for entry in vector)
        total = []
        for reply in replies:
            now: Sums = reply.payoff  # type: ignore[assignment]
            rest = later.get(reply.player.type, Sums(0.0))
            total.append(
                (
                    reply.player.type,
                    Sums(
                        now.payoff + rest.payoff,
                        now.harm + rest.harm,
                        now.cost + rest.cost,
                        now.hostile or rest.hostile,
                        now.party + rest.party,
                    ),
                )
            )
        return tuple(sorted(total))

    def unbeaten(self, found: set[Vector]) -> list[Vector]:
        """Vectors that no other one equals or beats in all that counts."""
        signs = {"payoff": -1.0} | dict.fromkeys(self.counts, 1.0)
        order = sorted(found)
        rows = [
            [sign * getattr(sums, name) for _, sums in vector for name, sign in signs.items()]
            for vector in order
        ]
        table = np.array(rows)
        _, first = np.unique(table.round(12), axis=0, return_index=True)
        kept = []
        for number in first:
            others = table[first]
            no_worse = (others <= table[number] + TOLERANCE).all(axis=1)
            better = (others < table[number] - TOLERANCE).any(axis=1)
            if not (no_worse & better).any():
                kept.append(order[number])
        return kept


def cvar(values: dict[str, float], priors: dict[str, float], alpha: float) -> float:
    """Mean of the worst 1 - alpha of probability."""
    atoms = sorted((values[name], priors[name]) for name in values)
    left, total = 1.0 - alpha, 0.0
    for value, weight in atoms:
        part = min(weight, left)
        total += value * part
        left -= part
    return total / (1.0 - alpha)


def worst_expectation(values: dict[str, float], priors: dict[str, float], radius: float) -> float:
    """Least expectation over priors within a total variation, by a linear program over up and down moves."""
    names = list(values)
    size = len(names)
    v, p = np.array([values[n] for n in names]), np.array([priors[n] for n in names])
    cost = np.concatenate([v, -v])  # q = p + up - down
    equal = np.concatenate([np.ones(size), -np.ones(size)])[None, :]
    most = np.concatenate([np.zeros(size), np.ones(size)])[None, :]
    bounds = [(0.0, None)] * size + [(0.0, weight) for weight in p]
    found = linprog(cost, A_ub=most, b_ub=[radius], A_eq=equal, b_eq=[0.0], bounds=bounds, method="highs")
    return float(v @ p + found.fun)
