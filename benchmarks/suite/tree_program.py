"""The tree of all public histories: one copy of every decision per history, whoever may reach it.

The obvious program of the game, and a second opinion on its optimum: of the library it shares the records of
`sanctopt.game` and the baseline revenue, none of the formulation, the bounds or the search. With A responses
and T stages there are ``1 + A + ... + A**(T-1)`` histories, so it runs at small sizes only.

Letters: number h of a history of stage t, response a, type q, number s of an eligible start.

    start, threat, engage, mitigate, offer [.., h]   what the coalition does at h               binary
    takes[q, h, a]                                   q gets to h and answers a                  binary
    concedes[q, h, a]                                and then its regime concedes               binary
    revenue[h, a]                                    R if a is the answer at h: an upper bound by prices

At a history all past responses are known: shields and enforcement are numbers here, not variables.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import pyomo.environ as pyo

from sanctopt.game import REGIME, Entity, Game, Start
from suite.tree_numbers import Tree

STRICT = 1e-6
"""Where the game says "below", the program asks for this much below, relative to the number."""


def build_tree(game: Game) -> Any:
    """Build the program.

    Returns
    -------
    pyomo.environ.ConcreteModel
        ``model.tree`` holds the numbers; the objective is in units of ``tree.unit``.
    """
    model = pyo.ConcreteModel(name=game.name)
    model.tree = Tree(game)
    model.rules = pyo.ConstraintList()
    _decisions(model)
    _stocks(model)
    _answers(model)
    _damage(model)
    _revenue(model)
    _concessions(model)
    _payoff(model)
    return model


def _decisions(model: Any) -> None:
    """What the coalition may do at every history."""
    tree: Tree = model.tree
    game, rule = tree.game, model.rules.add
    places = range(len(game.eligible))
    threatening = [h for h in tree.nodes if game.standing_threats and tree.stage(h) < game.stages - 1]
    model.start = pyo.Var(places, tree.nodes, domain=pyo.Binary)
    model.threat = pyo.Var(places, threatening, domain=pyo.Binary)
    model.engage = pyo.Var([row.name for row in game.engagements], tree.nodes, domain=pyo.Binary)
    model.mitigate = pyo.Var(game.mitigation_names, tree.nodes, domain=pyo.Binary)
    model.offer = pyo.Var(tree.nodes if tree.conceding else [], domain=pyo.Binary)
    effort = [game.start_effort(start) for start in game.eligible]
    place = {start: number for number, start in enumerate(game.eligible)}
    needs = {}
    for start, number in place.items():
        row = game.instrument[start.instrument]
        if row.requires:
            needs[number] = (place.get(Start(start.entity, row.requires)), row.requires_age)

    def met(number: int, node: int, stage: int) -> Any:
        """How often what a start of a stage requires was started early enough, up to this history."""
        required, age = needs[number]
        if required is None:
            return 0
        return sum(model.start[required, g] for g in tree.way(node) if stage - tree.stage(g) >= age)

    for h in tree.nodes if places else ():
        rule(sum(effort[s] * model.start[s, h] for s in places) <= game.effort_per_stage)
        for s in needs:
            rule(model.start[s, h] <= met(s, h, tree.stage(h)))
    for h in tree.leaves:
        for s in places:
            rule(sum(model.start[s, g] for g in tree.way(h)) <= 1)
        for name in game.mitigation_names:
            rule(sum(model.mitigate[name, g] for g in tree.way(h)) <= 1)
    for h in threatening if places else ():
        rule(sum(effort[s] * model.threat[s, h] for s in places) <= game.effort_per_stage)
        for s in places:
            rule(model.threat[s, h] + sum(model.start[s, g] for g in tree.way(h)) <= 1)
            for response in game.responses:
                if response.hostile:
                    rule(model.start[s, tree.after(h, response.name)] >= model.threat[s, h])
        for s, (required, age) in needs.items():
            also = model.threat[required, h] if required is not None and age == 0 else 0
            rule(model.threat[s, h] <= met(s, h, tree.stage(h) + 1) + also)


def _stocks(model: Any) -> None:
    """Credibility, provocation, engagement, size of the threat, coverage."""
    tree: Tree = model.tree
    game, rule = tree.game, model.rules.add
    starts = list(enumerate(game.eligible))
    most = game.credibility.initial + sum(game.start_signal(row) for row in game.eligible)
    model.credibility = pyo.Var(tree.nodes, bounds=(0.0, game.credibility.max))
    model.full = pyo.Var(tree.nodes if tree.exact else [], domain=pyo.Binary)
    for name in ("provocation", "engagement", "threat_size"):
        setattr(model, name, pyo.Var(tree.nodes, domain=pyo.NonNegativeReals))
    for h in tree.nodes:
        past: Any = (game.credibility.initial, 0.0, 0.0)
        if tree.stage(h) > 0:
            g, _ = tree.before(h)
            past = (model.credibility[g], model.provocation[g], model.engagement[g])
        level = (1 - game.credibility.decay) * past[0]
        level += sum(game.start_signal(row) * model.start[s, h] for s, row in starts)
        rule(model.credibility[h] <= level)
        if tree.exact:
            rule(model.credibility[h] >= level - most * model.full[h])
            rule(model.credibility[h] >= game.credibility.max * model.full[h])
        added = sum(game.start_provocation(row) * model.start[s, h] for s, row in starts)
        rule(model.provocation[h] == game.carryover * past[1] + added)
        used = sum(row.effect * model.engage[row.name, h] for row in game.engagements)
        rule(model.engagement[h] == game.retention * past[2] + used)
        named = [(s, row) for s, row in starts if (s, h) in model.threat]
        rule(
            model.threat_size[h] == sum(game.start_provocation(row) * model.threat[s, h] for s, row in named)
        )
    model.cover = pyo.Var(range(len(tree.groups)), tree.nodes, bounds=(0.0, game.max_cover))
    model.capped = pyo.Var(range(len(tree.groups)), tree.nodes, domain=pyo.Binary)
    for number, rows in enumerate(tree.groups):
        total = sum(row.reduction for row in rows)
        for h in tree.nodes:
            begun = [
                (row, g) for row in rows for g in tree.way(h) if tree.stage(g) + row.lead <= tree.stage(h)
            ]
            work = sum(row.reduction * model.mitigate[row.name, g] for row, g in begun)
            rule(model.cover[number, h] <= work)
            rule(model.cover[number, h] >= work - total * model.capped[number, h])
            rule(model.cover[number, h] >= game.max_cover * model.capped[number, h])


def _answers(model: Any) -> None:
    """Who gets where, and that every answer is a best one."""
    tree: Tree = model.tree
    game, rule = tree.game, model.rules.add
    model.takes = pyo.Var(tree.types, tree.nodes, tree.responses, domain=pyo.Binary)
    model.concedes = pyo.Var(tree.conceding, tree.nodes, tree.responses, domain=pyo.Binary)
    provoked = sum(game.start_provocation(start) for start in game.eligible)
    engaged = game.stages * sum(row.effect for row in game.engagements)
    for q, h in product(tree.types, tree.nodes):
        rule(sum(model.takes[q, h, a] for a in tree.responses) == _reaches(model, q, h))
        for a, b in product(tree.responses, repeat=2):
            one, two = game.utility[q, a], game.utility[q, b]
            taste = one.provocation - two.provocation
            constant = one.base - two.base + taste * game.offset.get((q, tree.stage(h)), 0.0)
            terms = [
                (taste, model.provocation[h], provoked),
                (one.engagement - two.engagement, model.engagement[h], engaged),
                (one.threat - two.threat, model.threat_size[h], provoked),
                (one.mitigation, _denial(model, a, h), 1.0),
                (-two.mitigation, _denial(model, b, h), 1.0),
            ]
            least = constant + sum(min(0.0, weight * most) for weight, _, most in terms)
            if a != b and least < 0:
                better = constant + sum(weight * body for weight, body, _ in terms)
                rule(better >= least * (1 - model.takes[q, h, a]))


def _reaches(model: Any, type_name: str, node: int) -> Any:
    """Whether a type gets to a history."""
    tree: Tree = model.tree
    if tree.stage(node) == 0:
        return 1
    before, answer = tree.before(node)
    ended = model.concedes[type_name, before, answer] if type_name in tree.conceding else 0
    return model.takes[type_name, before, answer] - ended


def _denial(model: Any, response: str, node: int) -> Any:
    """Share of a response's harm that is covered."""
    tree: Tree = model.tree
    rows = [row for row in tree.game.harms if row.response == response and row.harm > 0]
    total = sum(row.harm for row in rows)
    covered = ((row.harm / total, tree.group(row.party, response)) for row in rows)
    return sum(share * model.cover[tree.groups.index(group), node] for share, group in covered if group)


def _damage(model: Any) -> None:
    """Exits and removal levels: only if caused, and where concessions are forced also if caused."""
    tree: Tree = model.tree
    game, rule = tree.game, model.rules.add
    facilitators = [row for row in game.entities if row.us_exposure is not None]
    model.exits = pyo.Var([row.name for row in facilitators], tree.nodes, domain=pyo.Binary)
    keys = [
        (row.name, level, h)
        for row in game.entities
        for h in tree.nodes
        for level in tree.levels(row, tree.stage(h))
    ]
    model.removed = pyo.Var(keys, bounds=(0.0, 1.0))
    for row, h in product(facilitators, tree.nodes):
        shield = game.shield(tree.before(h)[1], row.jurisdiction) if tree.stage(h) > 0 else 0.0
        needed, exposure = row.regime_profit * (1 + shield), row.us_exposure or 0.0
        rule(needed * model.exits[row.name, h] <= exposure * model.credibility[h])
        if tree.exact:
            below = needed - STRICT * max(1.0, needed)
            most = max(0.0, exposure * game.credibility.max - below)
            rule(exposure * model.credibility[h] <= below + most * model.exits[row.name, h])
    for name, level, h in keys:
        causes = [
            model.start[s, g]
            for s, start in enumerate(game.eligible)
            if start.entity == name
            for g in tree.way(h)
            if game.start_removal(start, tree.stage(h) - tree.stage(g)) >= level
        ]
        if game.entity[name].us_exposure is not None and game.entity[name].exit_removal >= level:
            causes.append(model.exits[name, h])
        rule(model.removed[name, level, h] <= sum(causes))
        for cause in causes if tree.exact else ():
            rule(model.removed[name, level, h] >= cause)


def _revenue(model: Any) -> None:
    """Revenue after every answer at every history, by prices of at most 1 for a dollar.

    The dual of the regime's program in `sanctopt.network`; a slice that is removed is free.
    """
    tree: Tree = model.tree
    game, rule = tree.game, model.rules.add
    names = [row.name for row in game.entities]
    limited = [number for number, link in enumerate(game.links) if link.capacity is not None]
    model.leaving = pyo.Var(names, tree.moves, bounds=(0.0, 1.0))
    model.arriving = pyo.Var(names, tree.moves, bounds=(0.0, 1.0))
    model.link_price = pyo.Var(limited, tree.moves, bounds=(0.0, 1.0))
    model.price = pyo.VarList(domain=pyo.NonNegativeReals)
    model.revenue = pyo.Var(tree.moves, domain=pyo.NonNegativeReals)
    for h, a in tree.moves:
        worth: list[Any] = [
            (game.links[n].capacity or 0.0) / tree.unit * model.link_price[n, h, a] for n in limited
        ]
        for row in game.entities:
            arriving = model.arriving[row.name, h, a]
            throughput = (game.capacity(row.name, tree.stage(h)), model.leaving[row.name, h, a] - arriving)
            offer = (game.supply(row.name, tree.stage(h)), arriving)
            for capacity, value in (throughput, offer):
                for level, width in tree.slices(row, (h, a), capacity):
                    price = model.price.add()
                    rule(price >= value - (model.removed[row.name, level, h] if level <= 1 else 0))
                    worth.append(width * price)
        for number, link in enumerate(game.links):
            price = model.link_price[number, h, a] if number in limited else 0
            value = 1 if link.sink == REGIME else model.arriving[link.sink, h, a]
            rule(model.leaving[link.source, h, a] + price >= (1 - link.toll) * value)
        rule(model.revenue[h, a] == sum(worth))


def _concessions(model: Any) -> None:
    """The regime concedes if, and only if, the offer stands and revenue is at or below its reservation."""
    tree: Tree = model.tree
    rule = model.rules.add
    if tree.exact:
        model.flow = pyo.Var(range(len(tree.game.links)), tree.moves, domain=pyo.NonNegativeReals)
        model.offered = pyo.Var(
            [row.name for row in tree.game.channels], tree.moves, domain=pyo.NonNegativeReals
        )
    for h, a in tree.moves if tree.conceding else ():
        baseline = tree.baseline[tree.stage(h)]
        shipped = _shipped(model, (h, a)) if tree.exact else 0
        for q in tree.conceding:
            share = tree.game.patron_type[q].reservation or 0.0
            gone = model.concedes[q, h, a]
            rule(gone <= model.takes[q, h, a])
            rule(gone <= model.offer[h])
            rule(model.revenue[h, a] <= baseline - (1 - share) * baseline * gone)
            if tree.exact:
                declined = model.takes[q, h, a] + model.offer[h] - gone - 1
                # Who declines has more than the reservation to ship; without revenue nobody declines.
                rule(shipped >= (share + STRICT) * baseline * declined if baseline > 0 else declined <= 0)


def _shipped(model: Any, move: tuple[int, str]) -> Any:
    """What reaches the regime over some flow that the damaged network can carry."""
    tree: Tree = model.tree
    game, rule, (h, a) = tree.game, model.rules.add, move
    flow = [(model.flow[number, h, a], link) for number, link in enumerate(game.links)]

    def left(row: Entity, capacity: float) -> Any:
        return sum(
            width * (1 - model.removed[row.name, level, h] if level <= 1 else 1)
            for level, width in tree.slices(row, move, capacity)
        )

    for row in game.entities:
        comes = [(1 - link.toll) * part for part, link in flow if link.sink == row.name]
        if row.supply is not None:
            comes.append(model.offered[row.name, h, a])
            rule(comes[-1] <= left(row, game.supply(row.name, tree.stage(h))))
        goes = [part for part, link in flow if link.source == row.name]
        if comes:
            rule(sum(comes) <= left(row, game.capacity(row.name, tree.stage(h))))
        if goes:
            rule(sum(goes) <= sum(comes))
    for part, link in flow:
        if link.capacity is not None:
            rule(part <= link.capacity / tree.unit)
    return sum((1 - link.toll) * part for part, link in flow if link.sink == REGIME)


def _payoff(model: Any) -> None:
    """Denied revenue, harm, costs, concessions and last credibility, for every type where it gets to."""
    tree: Tree = model.tree
    game, rule, unit = tree.game, model.rules.add, tree.unit
    weights, discount = game.weights, game.discount
    model.denied = pyo.Var(tree.types, tree.moves, domain=pyo.NonNegativeReals)
    model.harm = pyo.Var(tree.types, tree.moves, domain=pyo.NonNegativeReals)
    model.paid = pyo.Var(tree.types, tree.nodes, domain=pyo.NonNegativeReals)
    model.kept = pyo.Var(tree.types, tree.leaves, domain=pyo.NonNegativeReals)
    value: list[Any] = []
    everything = sum(game.start_cost(start) for start in game.eligible)
    everything += sum(row.cost for row in game.engagements) + sum(game.mitigation_cost.values())
    everything += game.off_ramp.offer_cost if game.off_ramp is not None else 0.0
    for q in tree.types:
        prior = game.patron_type[q].prior
        for h in tree.nodes:
            now = prior * discount ** tree.stage(h)
            absent = 1 - _reaches(model, q, h)
            rule(model.paid[q, h] >= _cost(model, h) - everything / unit * absent)
            value.append(-now * weights.cost * model.paid[q, h])
        for h, a in tree.moves:
            now = prior * discount ** tree.stage(h)
            taken, baseline = model.takes[q, h, a], tree.baseline[tree.stage(h)]
            rule(model.denied[q, h, a] <= baseline * taken)
            rule(model.denied[q, h, a] <= baseline - model.revenue[h, a])
            most, harm = _harm(model, a, h)
            rule(model.harm[q, h, a] >= harm - most * (1 - taken))
            value.append(now * weights.revenue * model.denied[q, h, a])
            value.append(-now * weights.harm * model.harm[q, h, a])
            if q in tree.conceding and game.off_ramp is not None:
                gain = discount * game.off_ramp.concession_value / unit
                value.append(now * gain * model.concedes[q, h, a])
        for h in tree.leaves:
            stays = sum(model.takes[q, h, a] for a in tree.responses)
            if q in tree.conceding:
                stays -= sum(model.concedes[q, h, a] for a in tree.responses)
            rule(model.kept[q, h] <= game.credibility.max * stays)
            rule(model.kept[q, h] <= model.credibility[h])
            value.append(prior * discount**game.stages * weights.credibility / unit * model.kept[q, h])
    model.value = pyo.Objective(expr=sum(value), sense=pyo.maximize)


def _cost(model: Any, node: int) -> Any:
    """Cost of the rung of a history, in units."""
    game, unit = model.tree.game, model.tree.unit
    cost = sum(game.start_cost(row) * model.start[s, node] for s, row in enumerate(game.eligible))
    cost += sum(row.cost * model.engage[row.name, node] for row in game.engagements)
    cost += sum(price * model.mitigate[name, node] for name, price in game.mitigation_cost.items())
    if game.off_ramp is not None and node in model.offer:
        cost += game.off_ramp.offer_cost * model.offer[node]
    return cost / unit


def _harm(model: Any, response: str, node: int) -> tuple[float, Any]:
    """Weighted harm of a response in units: with nothing covered, and as it is covered at a history."""
    tree: Tree = model.tree
    most: float = 0.0
    harm: Any = 0.0
    for row in tree.game.harms:
        if row.response == response and row.harm > 0:
            weighted = tree.game.party[row.party].weight * row.harm / tree.unit
            group = tree.group(row.party, response)
            most += weighted
            harm += weighted * (1 - (model.cover[tree.groups.index(group), node] if group else 0))
    return most, harm
