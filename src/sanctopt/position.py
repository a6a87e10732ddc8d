"""One stage of the game: from a position, through a rung and a response, to the next position.

Everything here is public, so it is the same for every type, except the two acts of a type itself:
its utilities and whether its regime concedes. A stage runs

    Position --take(rung)--> Posture --aftermath(response)--> Aftermath
                                     --advance(response)--> Position of the next stage

and every function is pure: a replanning, a search or a picture may start from any position.

Letters as in ``docs/model.md``: stage t, entity i, instrument m, response a, party k, type theta.
"""

from __future__ import annotations

from dataclasses import dataclass

from sanctopt.game import Game, PatronType, Start, at_least
from sanctopt.ladder import History, Rung
from sanctopt.network import revenue_network

Dated = tuple[tuple[Start, int], ...]
"""Starts with the stage in which each was made."""


@dataclass(frozen=True)
class Position:
    """What the past has left when a stage begins.

    Attributes
    ----------
    history : tuple of str
        The patron's past responses; its length is the stage t.
    started : tuple of (Start, int)
        All starts made so far, with their stage.
    mitigated : tuple of (str, int)
        Mitigations started so far, with their stage.
    credibility, provocation, engagement : float
        The stocks k(t-1), P(t-1) and E(t-1).
    called : tuple of Start
        Starts that a standing threat and a hostile response have made binding for this stage.
    """

    history: History
    started: Dated
    mitigated: tuple[tuple[str, int], ...]
    credibility: float
    provocation: float
    engagement: float
    called: tuple[Start, ...]

    @property
    def stage(self) -> int:
        """The stage that begins here."""
        return len(self.history)


@dataclass(frozen=True)
class Past:
    """What was done and answered before a stage, whether or not anybody expected it.

    Attributes
    ----------
    rungs : tuple of Rung
        What was played, by stage from 0 on.
    responses : tuple of str
        The public history: the response to each of them. The regime has not conceded.
    """

    rungs: tuple[Rung, ...] = ()
    responses: History = ()

    @property
    def stage(self) -> int:
        """The stage that begins now."""
        return len(self.responses)

    def position(self, game: Game) -> Position:
        """Where it has led, rungs and responses as they were."""
        position = opening(game)
        for rung, response in zip(self.rungs, self.responses, strict=True):
            position = advance(game, take(game, position, rung), response)
        return position


NO_PAST = Past()
"""The opening."""


@dataclass(frozen=True)
class Posture:
    """A position after its rung was played: what facilitators and patron see.

    Attributes
    ----------
    position : Position
        Where the stage began.
    rung : Rung
        What was played.
    started, mitigated
        As in `Position`, with those of the rung.
    credibility, provocation, engagement : float
        The stocks k(t), P(t) and E(t).
    threat_size : float
        H(t), the provocation of the threatened starts.
    cost : float
        Starts, engagements, mitigations and offer (millions of US dollars).
    exits : tuple of str
        Facilitators that leave by themselves in this stage, in the game's order.
    """

    position: Position
    rung: Rung
    started: Dated
    mitigated: tuple[tuple[str, int], ...]
    credibility: float
    provocation: float
    engagement: float
    threat_size: float
    cost: float
    exits: tuple[str, ...]

    @property
    def stage(self) -> int:
        """The stage being played."""
        return self.position.stage


@dataclass(frozen=True)
class Aftermath:
    """What a response leaves in its stage.

    Attributes
    ----------
    response : str
        The response a.
    removal : dict of str to float
        Removal share of every entity, in the game's order.
    revenue, baseline_revenue : float
        R(t) and Rbar(t) (millions of US dollars).
    party_harm : dict of str to float
        harm(a, k) (1 - C(k, a, t)) by party, without the party's weight, in the game's order.
    harm : float
        Weighted sum of the above (millions of US dollars).
    payoff : float
        Discounted payoff of the stage, without concession and terminal credibility.
    """

    response: str
    removal: dict[str, float]
    revenue: float
    baseline_revenue: float
    party_harm: dict[str, float]
    harm: float
    payoff: float


def opening(game: Game) -> Position:
    """The position before stage 0: k(-1) = initial, P(-1) = E(-1) = 0, nothing started."""
    return Position((), (), (), game.credibility.initial, 0.0, 0.0, ())


def take(game: Game, position: Position, rung: Rung) -> Posture:
    """Play a rung, which must be allowed (see `sanctopt.rules.violations`).

        k(t) = min(max, (1 - decay) k(t-1) + sum over starts of signal(m) signal(i))
        P(t) = carryover P(t-1) + sum over starts of provocation(m) salience(i)
        E(t) = retention E(t-1) + sum of effect(e) over the engagements used
        H(t) = sum over threatened starts of provocation(m) salience(i)
        i exits iff k(t) us_exposure(i) >= regime_profit(i) (1 + shield of the response in t-1)

    Raises
    ------
    KeyError
        If the rung names an entity, instrument, engagement or mitigation that the game does not have.
    """
    stage = position.stage
    gained = sum(game.start_signal(start) for start in rung.starts)
    credibility = min(game.credibility.max, (1 - game.credibility.decay) * position.credibility + gained)
    cost = sum(game.start_cost(start) for start in rung.starts)
    cost += sum(game.engagement[name].cost for name in rung.engagements)
    cost += sum(game.mitigation_cost[name] for name in rung.mitigations)
    if rung.offer and game.off_ramp is not None:
        cost += game.off_ramp.offer_cost
    return Posture(
        position=position,
        rung=rung,
        started=position.started + tuple((start, stage) for start in rung.starts),
        mitigated=position.mitigated + tuple((name, stage) for name in rung.mitigations),
        credibility=credibility,
        provocation=game.carryover * position.provocation
        + sum(game.start_provocation(start) for start in rung.starts),
        engagement=game.retention * position.engagement
        + sum(game.engagement[name].effect for name in rung.engagements),
        threat_size=sum(game.start_provocation(start) for start in rung.threat),
        cost=cost,
        exits=_exits(game, credibility, position.history),
    )


def _exits(game: Game, credibility: float, history: History) -> tuple[str, ...]:
    """Facilitators whose exposure at this credibility outweighs the regime's profit and the shield."""
    names = []
    for entity in game.entities:
        if entity.us_exposure is not None:
            shield = game.shield(history[-1], entity.jurisdiction) if history else 0.0
            if at_least(credibility * entity.us_exposure, entity.regime_profit * (1 + shield)):
                names.append(entity.name)
    return tuple(names)


def coverage(game: Game, posture: Posture, party: str, response: str) -> float:
    """Share of a party's harm that is covered: C = min(max_cover, sum of reduction at work).

    A row of a mitigation started in stage s works from stage s + lead on, against its own response
    or, where that is blank, against all.
    """
    started = dict(posture.mitigated)
    reduction = sum(
        row.reduction
        for row in game.mitigations
        if row.party == party
        and row.response in ("", response)
        and row.name in started
        and posture.stage >= started[row.name] + row.lead
    )
    return min(game.max_cover, reduction)


def denial(game: Game, posture: Posture, response: str) -> float:
    """Share of a response's harm that the patron sees covered.

    N(a, t) = sum_k harm(a, k) C(k, a, t) / sum_k harm(a, k),    0 if a harms nobody
    """
    harms = [(row.name, game.harm.get((response, row.name), 0.0)) for row in game.parties]
    total = sum(harm for _, harm in harms)
    if total <= 0.0:
        return 0.0
    return sum(harm * coverage(game, posture, name, response) for name, harm in harms if harm > 0.0) / total


def utilities(game: Game, posture: Posture, patron: PatronType) -> dict[str, float]:
    """Utility of every response for a type, in the game's order.

    U(a) = base + provocation (P(t) + offset(theta, t)) + engagement E(t) + mitigation N(a, t)
           + threat H(t)
    """
    provoked = posture.provocation + game.offset.get((patron.name, posture.stage), 0.0)
    values = {}
    for response in game.responses:
        row = game.utility[patron.name, response.name]
        values[response.name] = (
            row.base
            + row.provocation * provoked
            + row.engagement * posture.engagement
            + row.mitigation * denial(game, posture, response.name)
            + row.threat * posture.threat_size
        )
    return values


def best_responses(values: dict[str, float]) -> tuple[str, ...]:
    """The responses whose utility equals the greatest, in the game's order (decimals: `game.EQUAL`).

    >>> best_responses({"acquiesce": 0.3, "protest": 0.1 + 0.2, "broad": -1.0})
    ('acquiesce', 'protest')
    """
    most = max(values.values())
    return tuple(name for name, value in values.items() if at_least(value, most))


def removal_shares(game: Game, posture: Posture, response: str) -> dict[str, float]:
    """Removal share of every entity after the response: the maximum of all that acts on it.

    Starts so far (by age), voluntary exit in this stage, enforcement by this and every past response
    (by age) in the entity's jurisdiction.
    """
    stage = posture.stage
    shares = {row.name: 0.0 for row in game.entities}
    for start, when in posture.started:
        shares[start.entity] = max(shares[start.entity], game.start_removal(start, stage - when))
    for name in posture.exits:
        shares[name] = max(shares[name], game.entity[name].exit_removal)
    enforced: dict[str, float] = {}
    for when, taken in enumerate((*posture.position.history, response)):
        for (name, jurisdiction), profile in game.enforcement_profile.items():
            if name == taken:
                share = max(enforced.get(jurisdiction, 0.0), profile.at(stage - when))
                enforced[jurisdiction] = share
    for row in game.entities:
        shares[row.name] = max(shares[row.name], enforced.get(row.jurisdiction, 0.0))
    return shares


def aftermath(game: Game, posture: Posture, response: str) -> Aftermath:
    """Reroute the revenue and count harm and payoff of the stage under a response.

        harm   = sum_k weight(k) harm(a, k) (1 - C(k, a, t))
        payoff = discount**t (revenue_weight (Rbar(t) - R(t)) - harm_weight harm - cost_weight cost)

    Raises
    ------
    SolverError
        If the revenue cannot be proven (`sanctopt.network`).
    """
    network = revenue_network(game)
    removal = removal_shares(game, posture, response)
    revenue = network.most_revenue(posture.stage, removal)
    baseline = network.baseline_revenue(posture.stage)
    party_harm = {}
    for party in game.parties:
        gross = game.harm.get((response, party.name), 0.0)
        share = coverage(game, posture, party.name, response) if gross > 0.0 else 0.0
        party_harm[party.name] = gross * (1 - share)
    harm = sum(party.weight * party_harm[party.name] for party in game.parties)
    weights = game.weights
    gain = weights.revenue * (baseline - revenue) - weights.harm * harm - weights.cost * posture.cost
    return Aftermath(
        response=response,
        removal=removal,
        revenue=revenue,
        baseline_revenue=baseline,
        party_harm=party_harm,
        harm=harm,
        payoff=game.discount**posture.stage * gain,
    )


def concedes(game: Game, posture: Posture, after: Aftermath, patron: PatronType) -> bool:
    """Tell whether the regime of a type takes the off-ramp: offered and R <= reservation Rbar."""
    if game.off_ramp is None or not posture.rung.offer or patron.reservation is None:
        return False
    return at_least(patron.reservation * after.baseline_revenue, after.revenue)


def advance(game: Game, posture: Posture, response: str) -> Position:
    """The position of the next stage: a hostile response calls the threat."""
    return Position(
        history=(*posture.position.history, response),
        started=posture.started,
        mitigated=posture.mitigated,
        credibility=posture.credibility,
        provocation=posture.provocation,
        engagement=posture.engagement,
        called=posture.rung.threat if game.response[response].hostile else (),
    )
