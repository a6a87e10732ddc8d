"""What a program is built from: the game, the types it covers, and which decisions types share.

A program carries one *copy* of the rung's decisions per type and stage. Copies are tied while the
types that own them cannot have been told apart (`information`). Where they can never differ, there is
only one: all types share stage 0, and an open-loop plan is shared throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter

from sanctopt.aims import PLAIN, Aims, Counted, Mixture, Objective
from sanctopt.game import REGIME, Game, Link, Start
from sanctopt.ladder import Information
from sanctopt.network import RevenueNetwork
from sanctopt.position import NO_PAST, Past


@dataclass(frozen=True)
class Frame:
    """Game, covered types and information of one program.

    Parameters
    ----------
    game : Game
        A validated game.
    types : tuple of str
        Types that the program covers; one type alone gives that type's clairvoyant program.
    information : Information
        ``ADAPTIVE`` or ``OPEN_LOOP`` (with one type they are the same program).
    margin : float
        Least utility by which each response taken must beat every other, at least 0.
    pools : tuple of tuple of str
        Types that are made to answer alike throughout, pool by pool; empty: each type is a pool of its
        own. Larger pools give a smaller program whose ladders are allowed, but it is a restriction: it
        proves no bound. The search uses it to find good ladders early.
    aims : Aims
        Criterion and limits, for programs that cover all types without pools.
    past : Past
        What was done and answered before the first stage that is planned. It is held, no response in it need
        be best, and payoffs, harms and costs count from there on.
    tight : bool
        Whether the program has rows that rule out no ladder but make its relaxation closer
        (`sanctopt.formulation.response_limits`).
    """

    game: Game
    types: tuple[str, ...]
    information: Information
    margin: float = 0.0
    pools: tuple[tuple[str, ...], ...] = ()
    aims: Aims = PLAIN
    past: Past = NO_PAST
    tight: bool = False

    @cached_property
    def network(self) -> RevenueNetwork:
        """The revenue network, for the baseline Rbar(t) and the value of a dollar at an entity."""
        return RevenueNetwork(self.game)

    @cached_property
    def stages(self) -> range:
        """Stages 0 to T-1."""
        return range(self.game.stages)

    @cached_property
    def planned(self) -> range:
        """Stages from the end of the past on."""
        return range(self.past.stage, self.game.stages)

    @cached_property
    def weight(self) -> dict[str, float]:
        """Prior of each covered type, rescaled to sum to 1."""
        prior = {name: self.game.patron_type[name].prior for name in self.types}
        total = sum(prior.values())
        return {name: value / total for name, value in prior.items()}

    @cached_property
    def responses(self) -> tuple[str, ...]:
        """Names of the patron's responses."""
        return tuple(row.name for row in self.game.responses)

    @cached_property
    def hostile(self) -> tuple[str, ...]:
        """Names of the hostile responses."""
        return tuple(row.name for row in self.game.responses if row.hostile)

    @cached_property
    def voice(self) -> dict[str, str]:
        """The type that speaks for the pool of each type: its first member, itself if it is alone."""
        pools = self.pools or tuple((name,) for name in self.types)
        return {name: pool[0] for pool in pools for name in pool}

    @cached_property
    def voices(self) -> tuple[str, ...]:
        """One type for each pool."""
        return tuple(dict.fromkeys(self.voice[name] for name in self.types))

    @cached_property
    def members(self) -> dict[str, tuple[str, ...]]:
        """Types of the pool that a voice speaks for."""
        return {
            voice: tuple(name for name in self.types if self.voice[name] == voice) for voice in self.voices
        }

    @cached_property
    def ending(self) -> tuple[str, ...]:
        """Voices whose game may end by a concession: those that speak for themselves alone."""
        return tuple(
            voice for voice in self.voices if self.members[voice] == (voice,) and voice in self.conceding
        )

    def copy(self, type_name: str, stage: int) -> str:
        """Owner of the decisions that a type meets in a stage."""
        shared = stage == 0 or self.information is Information.OPEN_LOOP
        return self.voices[0] if shared else self.voice[type_name]

    def outlives(self, type_name: str) -> bool:
        """Tell whether others may still meet a type's rungs after its own game has ended."""
        return self.information is Information.OPEN_LOOP or len(self.members[self.voice[type_name]]) > 1

    @cached_property
    def copies(self) -> tuple[tuple[str, int], ...]:
        """Every (owner, stage) for which the program has decisions."""
        return tuple(
            dict.fromkeys((self.copy(name, stage), stage) for stage in self.stages for name in self.voices)
        )

    @cached_property
    def type_stages(self) -> tuple[tuple[str, int], ...]:
        """Every (type, stage)."""
        return tuple((name, stage) for name in self.types for stage in self.stages)

    @cached_property
    def voice_stages(self) -> tuple[tuple[str, int], ...]:
        """Every (voice, stage)."""
        return tuple((name, stage) for name in self.voices for stage in self.stages)

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """One voice for each distinct sequence of copies: rows along a history are written once."""
        return self.voices[:1] if self.information is Information.OPEN_LOOP else self.voices

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Pairs of voices whose copies are tied while their public histories agree."""
        if self.information is Information.OPEN_LOOP:
            return ()
        return tuple((one, other) for number, one in enumerate(self.voices) for other in self.voices[:number])

    @cached_property
    def starts(self) -> tuple[Start, ...]:
        """Eligible starts that a plan could ever make.

        Alone they are within the effort of a stage, and all that they require is eligible too.
        """
        game = self.game
        affordable = {
            start
            for start in game.eligible
            if game.start_effort(start) <= game.effort_per_stage * (1 + 1e-9) + 1e-9
        }

        def possible(start: Start) -> bool:
            required = game.instrument[start.instrument].requires
            return start in affordable and (not required or possible(Start(start.entity, required)))

        return tuple(start for start in game.eligible if possible(start))

    @cached_property
    def starts_against(self) -> dict[str, tuple[Start, ...]]:
        """The same by entity, for entities with any."""
        found: dict[str, list[Start]] = {}
        for start in self.starts:
            found.setdefault(start.entity, []).append(start)
        return {entity: tuple(starts) for entity, starts in found.items()}

    @cached_property
    def conceding(self) -> tuple[str, ...]:
        """Types whose regime could accept an off-ramp."""
        if self.game.off_ramp is None:
            return ()
        return tuple(name for name in self.types if self.game.patron_type[name].reservation is not None)

    @cached_property
    def threats_at(self) -> range:
        """Stages in which a standing threat may be made."""
        return range(self.game.stages - 1) if self.game.standing_threats else range(0)

    @cached_property
    def links_from(self) -> dict[str, tuple[Link, ...]]:
        """Links that begin at each entity."""
        return {
            name: tuple(self.game.links[n] for n in numbers) for name, numbers in self.numbers_from.items()
        }

    @cached_property
    def numbers_from(self) -> dict[str, tuple[int, ...]]:
        """Numbers of the links that begin at each entity."""
        found: dict[str, list[int]] = {entity.name: [] for entity in self.game.entities}
        for number, link in enumerate(self.game.links):
            found[link.source].append(number)
        return {name: tuple(numbers) for name, numbers in found.items()}

    @cached_property
    def downstream(self) -> tuple[str, ...]:
        """Entities in the order of the flow: each after all that ship to it."""
        order = TopologicalSorter({entity.name: () for entity in self.game.entities})
        for link in self.game.links:
            if link.sink != REGIME:
                order.add(link.sink, link.source)
        return tuple(order.static_order())

    @cached_property
    def coverage_group(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """For each (party, response) with harm: numbers of the mitigation rows that cover it.

        Coverage depends on these rows alone, so pairs with the same rows share one variable; pairs that
        no row covers are left out.
        """
        groups = {}
        for row in self.game.harms:
            rows = tuple(
                number
                for number, mitigation in enumerate(self.game.mitigations)
                if mitigation.party == row.party and mitigation.response in ("", row.response)
            )
            if rows and row.harm > 0:
                groups[row.party, row.response] = rows
        return groups

    @cached_property
    def coverages(self) -> tuple[tuple[int, ...], ...]:
        """The distinct coverage groups."""
        return tuple(dict.fromkeys(self.coverage_group.values()))

    @cached_property
    def total_harm(self) -> dict[str, float]:
        """Unweighted harm of each response over all parties, for the denial N(a, t)."""
        total = dict.fromkeys(self.responses, 0.0)
        for row in self.game.harms:
            total[row.response] += row.harm
        return total

    @cached_property
    def unit(self) -> float:
        """Millions of US dollars per unit of money in the program: its largest amount becomes 1000.

        The aim is coefficients between about 1e-2 and 1e4, at which the solver's absolute tolerances mean
        something, and a program that is the same whatever currency unit the case is written in. Small
        amounts of a case may still fall below.
        """
        game, weights = self.game, self.game.weights
        amounts = [self.network.baseline_revenue(stage) for stage in self.stages]
        amounts += [weights.revenue * amount for amount in amounts]
        amounts += [weights.harm * total for total in self.total_harm.values()]
        amounts.append(weights.credibility * game.credibility.max)
        if game.off_ramp is not None:
            amounts.append(game.off_ramp.concession_value)
        largest = max(amounts)
        return largest / 1000.0 if largest > 0 else 1.0

    def unit_of(self, objective: Counted) -> float:
        """What one unit of an objective in the program is: `unit` for money; the largest amount is 1000."""
        if isinstance(objective, Mixture):
            return max(weight * self.unit_of(one) for one, weight in objective.weights) or 1.0
        if objective.money:
            return self.unit
        most = self.game.credibility.max if objective is Objective.CREDIBILITY else 1.0
        return most / 1000.0 if most > 0 else 1.0
