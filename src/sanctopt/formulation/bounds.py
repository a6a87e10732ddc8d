"""Bounds that hold for every plan, each with its proof; every big-M of the program is one of them.

There is no default big-M. A bound is computed from the game's data for its own row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from sanctopt.aims import Counted, Mixture, Objective
from sanctopt.formulation.frame import Frame
from sanctopt.formulation.linear import decimal_sum
from sanctopt.game import Start, at_least


def knapsack(items: Iterable[tuple[float, float]], capacity: float) -> float:
    """Most value of divisible items within a capacity; items are (value, weight), both >= 0.

    Proof: filling by value per weight is the optimum of the linear relaxation (Dantzig 1957,
    Operations Research 5, 266-277), which no whole selection beats.

    >>> knapsack([(6.0, 2.0), (5.0, 1.0)], 2.0)
    8.0
    """
    total, room = 0.0, capacity
    for value, weight in sorted(items, key=lambda item: -item[0] / item[1] if item[1] > 0 else -float("inf")):
        share = 1.0 if weight <= room else room / weight
        total += share * value
        room -= share * weight
    return total


@dataclass(frozen=True)
class Bounds:
    """Proven bounds of one frame."""

    frame: Frame

    def _per_stage(self, value: dict[Start, float]) -> float:
        game = self.frame.game
        items = ((value[start], game.start_effort(start)) for start in self.frame.starts)
        return knapsack(items, game.effort_per_stage * (1 + 1e-9))

    @cached_property
    def threat_size(self) -> float:
        """Most provocation of the starts of one stage: H(t) <= this, by effort alone (`knapsack`)."""
        return self._per_stage(
            {start: self.frame.game.start_provocation(start) for start in self.frame.starts}
        )

    @cached_property
    def provocation(self) -> tuple[float, ...]:
        """Upper bound of P(t): ``carryover`` times that of t-1 plus the most of one stage.

        Proof: induction over t; carryover and provocations are >= 0. In all stages together each start
        adds its provocation at most once, and carryover <= 1 lets none of it grow, so the sum over all
        starts bounds P(t) too.
        """
        game = self.frame.game
        everything = sum(game.start_provocation(start) for start in self.frame.starts)
        reached, level = [], 0.0
        for _ in self.frame.stages:
            level = min(everything, game.carryover * level + self.threat_size)
            reached.append(level)
        return tuple(reached)

    @cached_property
    def engagement(self) -> tuple[float, ...]:
        """Upper bound of E(t): every engagement used in every stage; retention and effects are >= 0."""
        each = sum(row.effect for row in self.frame.game.engagements)
        reached, level = [], 0.0
        for _ in self.frame.stages:
            level = self.frame.game.retention * level + each
            reached.append(level)
        return tuple(reached)

    @cached_property
    def credibility(self) -> tuple[float, ...]:
        """Upper bound of k(t): the recursion with the most signal of one stage, capped at ``max``."""
        game = self.frame.game
        signal = self._per_stage({start: game.start_signal(start) for start in self.frame.starts})
        reached, level = [], game.credibility.initial
        for _ in self.frame.stages:
            level = min(game.credibility.max, (1 - game.credibility.decay) * level + signal)
            reached.append(level)
        return tuple(reached)

    def coverage(self, group: tuple[int, ...], stage: int) -> float:
        """Upper bound of C: ``max_cover`` if the group can be capped, else all its mitigations at work."""
        return self.frame.game.max_cover if self.can_cap(group, stage) else self.most_at_work(group, stage)

    def can_cap(self, group: tuple[int, ...], stage: int) -> bool:
        """Tell whether a coverage group could exceed ``max_cover`` in a stage.

        In decimals: 0.1 + 0.2 does not exceed a ``max_cover`` of 0.3.
        """
        return not at_least(self.frame.game.max_cover, self.most_at_work(group, stage))

    def most_at_work(self, group: tuple[int, ...], stage: int) -> float:
        """Sum of all reductions of a coverage group that can be at work in a stage."""
        rows = [self.frame.game.mitigations[number] for number in group]
        return decimal_sum(*(row.reduction for row in rows if row.lead <= stage))

    @cached_property
    def inflow(self) -> tuple[dict[str, float], ...]:
        """Per stage, the most that can arrive at or be offered by each entity, without any removal.

        Proof: in the order of the flow, an entity passes on no more than arrives and is offered, no more
        than its capacity, and no more than its links carry; removal only lowers all of these.
        """
        game = self.frame.game
        stages = []
        for stage in self.frame.stages:
            arrives = {entity.name: game.supply(entity.name, stage) for entity in game.entities}
            for name in self.frame.downstream:
                passes = min(arrives[name], game.capacity(name, stage))
                for link in self.frame.links_from[name]:
                    carried = passes if link.capacity is None else min(link.capacity, passes)
                    if link.sink in arrives:
                        arrives[link.sink] += (1 - link.toll) * carried
            stages.append(arrives)
        return tuple(stages)

    def stage_cost(self, stage: int) -> float:
        """Upper bound of the cost of one stage: the most of starts by effort, plus all that is optional."""
        game = self.frame.game
        cost = self._per_stage({start: game.start_cost(start) for start in self.frame.starts})
        cost += sum(row.cost for row in game.engagements) + sum(game.mitigation_cost.values())
        return cost + (game.off_ramp.offer_cost if game.off_ramp is not None else 0.0)

    @cached_property
    def harm(self) -> float:
        """Upper bound of the weighted harm of one stage: the most harmful response, nothing covered."""
        game = self.frame.game
        total = dict.fromkeys(self.frame.responses, 0.0)
        for row in game.harms:
            total[row.response] += game.party[row.party].weight * row.harm
        return max(total.values(), default=0.0)

    def type_value(self, type_name: str) -> tuple[float, float]:
        """Least and most that a plan may be worth against a type, millions of US dollars.

        Proof: stage by stage, no more is denied than the baseline and no less than nothing, and harm and
        cost lie between nothing and their own bounds; a concession and what credibility is left add at
        most one concession value, undiscounted, and ``credibility_weight max``.
        """
        game, weights = self.frame.game, self.frame.game.weights
        least = most = 0.0
        for stage in self.frame.stages:
            now = game.discount**stage
            most += now * weights.revenue * self.frame.network.baseline_revenue(stage)
            least -= now * (weights.harm * self.harm + weights.cost * self.stage_cost(stage))
        most += weights.credibility * game.credibility.max
        if game.off_ramp is not None and type_name in self.frame.conceding:
            most += game.off_ramp.concession_value
        return least, most

    def counted(self, objective: Counted, type_name: str) -> tuple[float, float]:
        """Least and most of what counts against a type, in the objective's own unit.

        Proof: `type_value` for the payoff; all others are sums over stages, or one, of amounts between
        nothing and a bound above, or minus these; a mixture is a sum of the ends of its parts.
        """
        frame = self.frame
        if isinstance(objective, Mixture):
            parts = [(weight, self.counted(one, type_name)) for one, weight in objective.weights]
            low, high = (sum(weight * ends[side] for weight, ends in parts) for side in (0, 1))
            return low + objective.constant, high + objective.constant
        if objective is Objective.PAYOFF:
            return self.type_value(type_name)
        most = {
            Objective.DENIED: sum(frame.network.baseline_revenue(stage) for stage in frame.stages),
            Objective.HARM: self.harm * frame.game.stages,
            Objective.HOSTILITY: 1.0,
            Objective.COST: sum(self.stage_cost(stage) for stage in frame.stages),
            Objective.CREDIBILITY: max(self.credibility),
        }[objective]
        return (0.0, most) if objective.sign > 0.0 else (-most, 0.0)

    def preference(self, type_name: str, taken: str, other: str, stage: int) -> float:
        """Upper bound of U(taken) - U(other) in a stage, over all plans.

        Proof: the difference is linear in P, E, H and the coverages; each is bounded by its own box
        [0, bound], so the sum of the larger ends bounds the difference.
        """
        game = self.frame.game
        first, second = game.utility[type_name, taken], game.utility[type_name, other]
        offset = game.offset.get((type_name, stage), 0.0)
        value = decimal_sum(
            first.base, -second.base, first.provocation * offset, -second.provocation * offset
        )
        value += max(0.0, first.provocation - second.provocation) * self.provocation[stage]
        value += max(0.0, first.engagement - second.engagement) * self.engagement[stage]
        if stage in self.frame.threats_at:
            value += max(0.0, first.threat - second.threat) * self.threat_size
        for group, coefficient in self.denial_difference(type_name, taken, other).items():
            value += max(0.0, coefficient) * self.coverage(group, stage)
        return value

    def denial_difference(self, type_name: str, taken: str, other: str) -> dict[tuple[int, ...], float]:
        """Coefficient of each coverage group in ``mitigation N`` of one response less that of another."""
        game, frame = self.frame.game, self.frame
        shares: dict[tuple[int, ...], list[float]] = {}
        for response, sign in ((taken, 1.0), (other, -1.0)):
            taste = sign * game.utility[type_name, response].mitigation
            for row in game.harms:
                group = frame.coverage_group.get((row.party, row.response))
                if row.response == response and group is not None and taste != 0:
                    shares.setdefault(group, []).append(taste * (row.harm / frame.total_harm[response]))
        coefficients = {group: decimal_sum(*terms) for group, terms in shares.items()}
        return {group: value for group, value in coefficients.items() if value != 0}

    @cached_property
    def possible(self) -> dict[tuple[str, int], tuple[str, ...]]:
        """Responses that some plan could make all types of a pool take in a stage, by voice.

        `preference` rules out the rest.

        The slack of 1e-6 keeps responses that rounding could make tie. In the past only what was answered is
        possible.
        """
        frame = self.frame
        seen = {(voice, t): (a,) for voice in frame.voices for t, a in enumerate(frame.past.responses)}
        return seen | {
            (voice, stage): tuple(
                taken
                for taken in frame.responses
                if all(
                    self.preference(name, taken, other, stage) >= frame.margin - 1e-6
                    for name in frame.members[voice]
                    for other in frame.responses
                    if other != taken
                )
            )
            for voice, stage in frame.voice_stages
            if stage in frame.planned
        }

    @cached_property
    def provocation_under(self) -> dict[tuple[str, str, int], float]:
        """Upper bound of P(t) in the stages that are planned, if all types of a pool take a response there.

        Proof: the response a is best only if U(a) - U(b) >= margin for every b. Where b grows more with
        provocation, the difference is at most `preference`, which is that of P = 0, less the difference of
        the coefficients times P; this bounds P. The slack of 1e-6 is that of `possible`.
        """
        utility = self.frame.game.utility
        found = {}
        for (voice, stage), responses in self.possible.items():
            for taken in responses if stage in self.frame.planned else ():
                most = self.provocation[stage]
                for name in self.frame.members[voice]:
                    for other in self.frame.responses:
                        slope = decimal_sum(
                            utility[name, other].provocation, -utility[name, taken].provocation
                        )
                        if slope > 0.0:
                            excess = self.preference(name, taken, other, stage) - self.frame.margin
                            most = min(most, (excess + 1e-6) / slope)
                found[voice, taken, stage] = most
        return found
