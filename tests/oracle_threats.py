"""Brute force over plans all of whose threats would be carried out by choice: slow, obvious, on its own.

A rung that threatens counts only if for every hostile response the rest of the game is worth as much with the
threat carried out as with it waived. The rest is solved in the same way, so its own threats are held to the
same. It goes on with

- the types that give the response at this rung and play on; if there are none,
- the types that get here, have the response among their best ones and would play on; if there are none,
- all types that get here.

Offers that nobody takes at once are left out: they could only change who is believed to be in the game.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

import oracle
from oracle import Past, Places, Player, Pool, Reply, Rung, _Search
from sanctopt.game import Game

SAME = 1e-6
"""As in the definition: a share of the larger of 1 and the value, under the belief."""


class CredibleSearch(_Search):
    """The recursion of the oracle, over rungs whose threats are credible."""

    def __init__(self, game: Game) -> None:
        super().__init__(game, "adaptive", 0.0)

    def outcomes(
        self, stage: int, past: Past, pool: Pool
    ) -> Iterator[tuple[Rung, Places, Past, tuple[Reply, ...]]]:
        for rung, threat, after, replies in super().outcomes(stage, past, pool):
            if rung.offer and not any(reply.concedes for reply in replies):
                continue
            if not threat or self.credible(stage, rung, threat, after, replies):
                yield rung, threat, after, replies

    def credible(
        self, stage: int, rung: Rung, threat: Places, after: Past, replies: tuple[Reply, ...]
    ) -> bool:
        """Whether the threat would be carried out by choice after every hostile response."""
        return all(
            self.pays(stage, rung, threat, after, replies, row.name)
            for row in self.game.responses
            if row.hostile
        )

    def pays(
        self, stage: int, rung: Rung, threat: Places, after: Past, replies: tuple[Reply, ...], response: str
    ) -> bool:
        """Whether the rest is worth as much with the threat carried out as with it waived."""
        forced, waived = self.rests(stage, rung, threat, after, replies, response)
        return forced >= waived - SAME * max(1.0, abs(waived))

    def rests(
        self, stage: int, rung: Rung, threat: Places, after: Past, replies: tuple[Reply, ...], response: str
    ) -> tuple[float, float]:
        """What the rest is worth under the belief after a response: carried out, waived."""
        pool = self.believed(stage, rung, threat, after, replies, response)
        weight = sum(self.game.patron_types[player.type].prior for player in pool)
        if weight == 0:
            return 0.0, 0.0
        forced = self.best(stage + 1, after._replace(called=threat), pool).value
        waived = self.best(stage + 1, after._replace(called=()), pool).value
        return forced / weight, waived / weight

    def believed(
        self, stage: int, rung: Rung, threat: Places, after: Past, replies: tuple[Reply, ...], response: str
    ) -> Pool:
        """The types that are believed to be in the game after a response, with it in their history."""
        players = [reply.player for reply in replies]
        kept = [reply.player for reply in replies if reply.response == response and not reply.concedes]
        if not kept:
            kept = [
                player
                for player in players
                if response in self.at(stage, player, after, threat)
                and not self.reply(stage, player, response, after, 0.0, 0.0, rung.offer).concedes
            ]
        return tuple(Player(player.type, (*player.responses, response)) for player in kept or players)

    def at(self, stage: int, player: Player, after: Past, threat: Places) -> list[str]:
        """The best responses of a type."""
        _, denial = self.harm_and_denial(stage, after.mitigated)
        size = sum(self.game.start_provocation(self.game.eligible[start]) for start in threat)
        return self.responses(stage, player.type, after.provocation, after.engagement, denial, size)


def credible_optimum(game: Game) -> float:
    """The most that a plan with credible threats is worth."""
    everyone = tuple(Player(number, ()) for number in range(len(game.patron_types)))
    return CredibleSearch(game).best(0, oracle.opening(game), everyone).value


def optimum_without_threats(game: Game) -> float:
    """The most that a plan without threats is worth."""

    class Search(_Search):
        def threats_at(self, stage: int) -> bool:
            return False

    everyone = tuple(Player(number, ()) for number in range(len(game.patron_types)))
    found = Search(game, "adaptive", 0.0).best(0, oracle.opening(game), everyone).value
    assert found > -inf
    return found
