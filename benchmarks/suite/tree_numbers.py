"""The public histories of a game, numbered, and what is a number at each of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

from sanctopt.game import Entity, Game, Mitigation
from sanctopt.ladder import History
from sanctopt.network import baseline_revenue


@dataclass(frozen=True)
class Tree:
    """A game, its public histories by number, and the numbers that the program needs."""

    game: Game

    @cached_property
    def responses(self) -> tuple[str, ...]:
        """Names of the responses."""
        return tuple(row.name for row in self.game.responses)

    @cached_property
    def histories(self) -> tuple[History, ...]:
        """All public histories at which the coalition decides, shortest first."""
        return tuple(
            history for stage in range(self.game.stages) for history in product(self.responses, repeat=stage)
        )

    @cached_property
    def number(self) -> dict[History, int]:
        """Number of each history."""
        return {history: number for number, history in enumerate(self.histories)}

    @cached_property
    def nodes(self) -> range:
        """Numbers of the histories."""
        return range(len(self.histories))

    def stage(self, node: int) -> int:
        """Stage of a history."""
        return len(self.histories[node])

    def before(self, node: int) -> tuple[int, str]:
        """The history one stage earlier, and the response that led on; not for the first one."""
        history = self.histories[node]
        return self.number[history[:-1]], history[-1]

    def after(self, node: int, response: str) -> int:
        """The history one stage later."""
        return self.number[(*self.histories[node], response)]

    def way(self, node: int) -> list[int]:
        """The history of every stage up to this one."""
        history = self.histories[node]
        return [self.number[history[:stage]] for stage in range(len(history) + 1)]

    @cached_property
    def leaves(self) -> list[int]:
        """The histories of the last stage."""
        return [node for node in self.nodes if self.stage(node) == self.game.stages - 1]

    @cached_property
    def moves(self) -> list[tuple[int, str]]:
        """Every response at every history."""
        return list(product(self.nodes, self.responses))

    @cached_property
    def types(self) -> list[str]:
        """Names of the types."""
        return [row.name for row in self.game.patron_types]

    @cached_property
    def conceding(self) -> list[str]:
        """Types whose regime could concede."""
        if self.game.off_ramp is None:
            return []
        return [row.name for row in self.game.patron_types if row.reservation is not None]

    @cached_property
    def exact(self) -> bool:
        """Whether concessions must be forced: with one such type, an offer that it declines is left out."""
        return len(self.conceding) > 1

    @cached_property
    def unit(self) -> float:
        """Millions of US dollars per unit of the program: its largest amount becomes 1000."""
        game = self.game
        amounts = [baseline_revenue(game, stage) for stage in range(game.stages)]
        amounts += [row.harm for row in game.harms]
        amounts += [game.off_ramp.concession_value] if game.off_ramp is not None else []
        return max(amounts) / 1000.0 if max(amounts) > 0 else 1.0

    @cached_property
    def baseline(self) -> list[float]:
        """Rbar(t), in units."""
        return [baseline_revenue(self.game, stage) / self.unit for stage in range(self.game.stages)]

    def group(self, party: str, response: str) -> tuple[Mitigation, ...]:
        """Rows of mitigations that cover a party against a response."""
        rows = self.game.mitigations
        return tuple(row for row in rows if row.party == party and row.response in ("", response))

    @cached_property
    def groups(self) -> tuple[tuple[Mitigation, ...], ...]:
        """The distinct groups of such rows, for the harms that exist."""
        found = (self.group(row.party, row.response) for row in self.game.harms if row.harm > 0)
        return tuple(dict.fromkeys(rows for rows in found if rows))

    def enforced(self, entity: Entity, answers: History) -> float:
        """Removal share of an entity by the responses so far, the last of them in this stage."""
        profiles = self.game.enforcement_profile
        shares = [
            profiles[answer, entity.jurisdiction].at(len(answers) - 1 - when)
            for when, answer in enumerate(answers)
            if (answer, entity.jurisdiction) in profiles
        ]
        return max(shares, default=0.0)

    def levels(self, entity: Entity, stage: int) -> tuple[float, ...]:
        """Distinct removal shares of the starts and the exit of an entity in a stage, ascending."""
        game = self.game
        shares = {
            game.start_removal(start, age)
            for start in game.eligible
            if start.entity == entity.name
            for age in range(stage + 1)
        }
        if entity.us_exposure is not None:
            shares.add(entity.exit_removal)
        return tuple(sorted(share for share in shares if share > 0))

    def slices(self, entity: Entity, move: tuple[int, str], capacity: float) -> list[tuple[float, float]]:
        """Capacity that enforcement leaves, cut at the levels: (level that takes the slice, its width).

        The level of the last slice is above 1: nothing takes it.
        """
        node, response = move
        below, parts = self.enforced(entity, (*self.histories[node], response)), []
        for level in self.levels(entity, self.stage(node)):
            if level > below:
                parts.append((level, capacity * (level - below) / self.unit))
                below = level
        return [*parts, (2.0, capacity * (1 - below) / self.unit)]
