"""What the program maximizes and the limits it keeps, stated by epigraphs (`sanctopt.aims`).

m       worst payoff, or worst regret as a loss                     one
n       quantile η of CVaR and of the worst prior                   one
S       shortfall of the payoff below η                             per type
Q       what counts against a type, if that is not the payoff       per type
X       whether a hostile response is ever taken                    per type
B       credibility in the last stage that is played                per type

A program that covers only some of the types, or pools them, serves the search: it maximizes the expectation
of the objective and knows no limits.
"""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo
from pyomo.common.collections import ComponentMap

from sanctopt.aims import (
    Aims,
    AtLeast,
    AtMost,
    Counted,
    Criterion,
    ExpectedCost,
    ExpectedHarm,
    HostileProbability,
    Limit,
    MeanCVaR,
    MinimaxRegret,
    Mixture,
    Objective,
    PartyHarm,
    TotalCost,
    WorstPrior,
    WorstType,
)
from sanctopt.errors import OptionError
from sanctopt.formulation.frame import Frame
from sanctopt.formulation.linear import Row, at_least, at_most, equal, linear
from sanctopt.formulation.patron import ended_before
from sanctopt.rung_limits import RungLimit

Terms = list[tuple[float, Any]]


def add_aims(model: Any) -> None:
    """Add the objective and the limits."""
    frame: Frame = model.frame
    whole = len(frame.types) == len(frame.game.patron_types) and not frame.pools
    aims = frame.aims if whole else Aims(objective=frame.aims.objective)
    types = list(frame.types)
    floors = [limit for limit in aims.limits if isinstance(limit, AtLeast)]
    model.criteria = [aims.criterion, *(limit.criterion for limit in floors)]
    model.objectives = [aims.objective, *(limit.objective for limit in floors)]
    hostile_limit = any(isinstance(limit, HostileProbability) for limit in aims.limits)
    mixed = [one for o in model.objectives if isinstance(o, Mixture) for one, _ in o.weights]
    parts = {*mixed, *model.objectives}
    if Objective.CREDIBILITY in parts:
        _add_credibility_left(model)
    if Objective.HOSTILITY in parts:
        _add_ever_hostile(model)
    _add_counted(model)
    low = min(variable.lb for counted in model.counted for variable in counted.values())
    high = max(variable.ub for counted in model.counted for variable in counted.values())
    tails = [n for n, one in enumerate(model.criteria) if isinstance(one, (MeanCVaR, WorstPrior))]
    if tails:
        keys = [(number, name) for number in tails for name in types]
        model.quantile = pyo.Var(tails, bounds=(low, high))
        model.shortfall = pyo.Var(keys, bounds=(0.0, high - low))
        model.below_quantile = pyo.Constraint(keys, rule=below_quantile)
    with_worst = (WorstType, WorstPrior, MinimaxRegret)
    worsts = [n for n, one in enumerate(model.criteria) if isinstance(one, with_worst)]
    if worsts:
        known = {
            (n, name): _best_known(model.criteria[n], name) / frame.unit_of(model.objectives[n])
            for n in worsts
            for name in types
        }
        model.best_known = known
        model.worst = pyo.Var(worsts, bounds=(low - max(known.values()), high - min(known.values())))
        model.worst_payoff = pyo.Constraint(list(known), rule=worst_payoff)
    model.worth_terms = worth_terms(model, 0)
    model.value = pyo.Objective(rule=value, sense=pyo.maximize)
    if hostile_limit and Objective.HOSTILITY not in parts:
        _add_ever_hostile(model)
    model.limit_rows = [row for limit in aims.limits for row in limit_rows(model, limit)]
    if model.limit_rows:
        model.limits = pyo.Constraint(range(len(model.limit_rows)), rule=limit_kept)


def _add_ever_hostile(model: Any) -> None:
    frame: Frame = model.frame
    model.ever_hostile = pyo.Var(list(frame.types), bounds=(0.0, 1.0))
    hostile = [
        (name, a, t)
        for voice, a, t in model.takes
        if a in frame.hostile and t in frame.planned
        for name in frame.members[voice]
    ]
    model.hostile_once = pyo.Constraint(hostile, rule=hostile_once)


def _add_credibility_left(model: Any) -> None:
    frame: Frame = model.frame
    model.last_credibility = pyo.Var(list(frame.types), bounds=(0.0, max(model.bounds.credibility)))
    ends = [(q, t) for q in frame.conceding for t in frame.planned if t < frame.game.stages - 1]
    model.credibility_at_end = pyo.Constraint(list(frame.types), rule=credibility_at_end)
    model.credibility_at_concession = pyo.Constraint(ends, rule=credibility_at_concession)


def _add_counted(model: Any) -> None:
    """For each criterion, the variables of what counts, by type: ``model.counted``."""
    frame: Frame = model.frame
    payoff = {name: model.type_value[name] for name in frame.types}
    variables: dict[Counted, Any] = {Objective.PAYOFF: payoff}
    model.others = [o for o in dict.fromkeys(model.objectives) if o is not Objective.PAYOFF]
    if model.others:
        keys = [(number, name) for number in range(len(model.others)) for name in frame.types]

        def ends(_: Any, number: int, name: str) -> tuple[float, ...]:
            objective = model.others[number]
            return tuple(end / frame.unit_of(objective) for end in model.bounds.counted(objective, name))

        model.amount = pyo.Var(keys, bounds=ends)
        model.amount_counted = pyo.Constraint(keys, rule=amount_counted)
        for number, objective in enumerate(model.others):
            variables[objective] = {name: model.amount[number, name] for name in frame.types}
    model.counted = [variables[objective] for objective in model.objectives]


def _best_known(criterion: Criterion, name: str) -> float:
    """What could be had against a type, if regret counts."""
    return criterion.best[name] if isinstance(criterion, MinimaxRegret) else 0.0


def below_quantile(model: Any, number: int, type_name: str) -> Row:
    """How far the payoff falls below the quantile (aims.1).

    ``S >= n - V``
    """
    shortfall, payoff = model.shortfall[number, type_name], model.counted[number][type_name]
    return at_least([(1.0, shortfall), (-1.0, model.quantile[number]), (1.0, payoff)], 0.0)


def worst_payoff(model: Any, number: int, type_name: str) -> Row:
    """The worst payoff, less what could be had against the type if regret counts (aims.2).

    ``m <= V - best``;  best = 0 unless regret counts
    """
    most = -model.best_known[number, type_name]
    return at_most([(1.0, model.worst[number]), (-1.0, model.counted[number][type_name])], most)


def worth_terms(model: Any, number: int) -> Terms:
    """Terms of the worth under one of the criteria, in the program's unit of its objective: see `value`."""
    frame: Frame = model.frame
    criterion: Criterion = model.criteria[number]
    counted = model.counted[number]

    def weighted(factor: float, variables: Any) -> Terms:
        return [(factor * prior, variables[name]) for name, prior in frame.weight.items()]

    def shortfalls(factor: float) -> Terms:
        return [(factor * prior, model.shortfall[number, name]) for name, prior in frame.weight.items()]

    if isinstance(criterion, MeanCVaR):
        mean = weighted(1.0 - criterion.weight, counted) if criterion.weight < 1.0 else []
        tail = shortfalls(-criterion.weight / (1.0 - criterion.alpha))
        return [*mean, (criterion.weight, model.quantile[number]), *tail]
    if isinstance(criterion, WorstPrior):
        kept = [(1.0 - criterion.radius, model.quantile[number]), *shortfalls(-1.0)]
        return [(criterion.radius, model.worst[number]), *kept]
    if isinstance(criterion, (WorstType, MinimaxRegret)):
        return [(1.0, model.worst[number])]
    return weighted(1.0, counted)


def value(model: Any) -> Any:
    """Worth of the ladder (aims.3).

    ``expectation                  sum over types of p V
    mean-CVaR                    (1 - weight) sum of p V + weight (n - 1 / (1 - alpha) sum of p S)
    worst type, minimax regret   m
    worst prior                  radius m + (1 - radius) n - sum of p S``

    V is what counts against the type: the payoff (payoff.7), or Q of another objective (aims.6), also in
    (aims.1) and (aims.2).
    """
    return linear(model.worth_terms)


def hostile_once(model: Any, type_name: str, response: str, stage: int) -> Row:
    """Whether a type is ever hostile (aims.4).

    ``X >= y_at`` for every hostile a
    """
    taken = model.takes[model.frame.voice[type_name], response, stage]
    return at_least([(1.0, model.ever_hostile[type_name]), (-1.0, taken)], 0.0)


def amount_counted(model: Any, number: int, type_name: str) -> Row:
    """What counts against a type if that is not the payoff, from the first stage that is planned on (aims.6).

    ``revenue denied     Q = sum_t G_t
    harm               Q = - sum_t D_t
    hostile response   Q = - X
    cost               Q = - sum_t K_t
    credibility left   Q = B
    mixture            Q = sum of weight times these, or V, + constant``
    """
    frame: Frame = model.frame
    objective: Counted = model.others[number]
    unit, constant = frame.unit_of(objective), 0.0
    if isinstance(objective, Mixture):
        constant = objective.constant / unit
        parts = [(weight / unit, terms_counted(model, o, type_name)) for o, weight in objective.weights]
    else:
        parts = [(1.0 / unit, terms_counted(model, objective, type_name))]
    merged: ComponentMap = ComponentMap()
    for scale, terms in parts:
        for weight, variable in terms:
            merged[variable] = merged.get(variable, 0.0) + scale * weight
    terms = [(weight, variable) for variable, weight in merged.items()]
    return equal([(-1.0, model.amount[number, type_name]), *terms], -constant)


def terms_counted(model: Any, objective: Objective, type_name: str) -> Terms:
    """Terms of what counts of one objective, in its own unit."""
    frame: Frame = model.frame
    if objective is Objective.HOSTILITY:
        return [(-1.0, model.ever_hostile[type_name])]
    if objective is Objective.CREDIBILITY:
        return [(1.0, model.last_credibility[type_name])]
    if objective is Objective.PAYOFF:
        return [(frame.unit, model.type_value[type_name])]
    sums = {Objective.DENIED: model.denied, Objective.HARM: model.harm, Objective.COST: model.cost}
    return [(objective.sign * frame.unit, sums[objective][type_name, t]) for t in frame.planned]


def credibility_at_end(model: Any, type_name: str) -> Row:
    """Credibility left is that of the last stage, if the game lasts until then (aims.7).

    ``B <= k_T-1 + kmax sum over t < T-1 of g_t``;  kmax, the largest `Bounds.credibility`, bounds B
    """
    frame: Frame = model.frame
    last = frame.game.stages - 1
    level = model.credibility[frame.copy(type_name, last), last]
    most = max(model.bounds.credibility)
    ended = [(-most * weight, term) for weight, term in ended_before(model, type_name, last)]
    return at_most([(1.0, model.last_credibility[type_name]), (-1.0, level), *ended], 0.0)


def credibility_at_concession(model: Any, type_name: str, stage: int) -> Row:
    """Credibility left is that of the stage of the concession, if there is one (aims.8).

    ``B <= k_t + kmax (1 - g_t)``;  kmax as in (aims.7)
    """
    frame: Frame = model.frame
    most = max(model.bounds.credibility)
    level = (-1.0, model.credibility[frame.copy(type_name, stage), stage])
    ends = (most, model.concedes[type_name, stage])
    return at_most([(1.0, model.last_credibility[type_name]), level, ends], most)


def limit_kept(model: Any, number: int) -> Row:
    """A limit is kept (aims.5).

    ``expected harm    sum over types of p sum_t D_t <= at_most
    harm of party k  sum over types of p sum_t sum_a harm(a, k) (y_at - C_a,g(k,a),t) <= at_most
    hostile          sum over types of p X <= at_most
    expected cost    sum over types of p sum_t K_t <= at_most
    total cost       sum_t K_t <= at_most, for each type
    criterion        its worth, as in (aims.3), of its objective, >= least``
    """
    row: Row = model.limit_rows[number]
    return row


def limit_rows(model: Any, limit: Limit) -> list[Row]:
    """Rows of one limit: see `limit_kept`."""
    frame: Frame = model.frame
    if isinstance(limit, RungLimit):  # `sanctopt.formulation.rung_limits`
        return []
    if isinstance(limit, AtLeast):
        named = list(zip(model.criteria, model.objectives, strict=True))
        number = named.index((limit.criterion, limit.objective), 1)
        return [at_least(worth_terms(model, number), limit.least / frame.unit_of(limit.objective))]
    if not isinstance(limit, AtMost):
        raise OptionError(f"limit {limit}: the program has no rows for it")
    most = limit.at_most / frame.unit

    def expected(variables: Any) -> list[Row]:
        terms = [(frame.weight[name], variables[name, t]) for name in frame.types for t in frame.planned]
        return [at_most(terms, most)]

    if isinstance(limit, ExpectedHarm):
        return expected(model.harm)
    if isinstance(limit, ExpectedCost):
        return expected(model.cost)
    if isinstance(limit, PartyHarm):
        return [at_most(_party_harm(model, limit.party), most)]
    if isinstance(limit, HostileProbability):
        terms = [(prior, model.ever_hostile[name]) for name, prior in frame.weight.items()]
        return [at_most(terms, limit.at_most)]
    if isinstance(limit, TotalCost):
        return [at_most([(1.0, model.cost[name, t]) for t in frame.planned], most) for name in frame.types]
    raise OptionError(f"limit {limit}: the program has no rows for it")


def _party_harm(model: Any, party: str) -> Terms:
    """Expected harm of a party after coverage."""
    frame: Frame = model.frame
    terms: Terms = []
    for row in frame.game.harms:
        if row.party != party:
            continue
        group = frame.coverage_group.get((party, row.response))
        for name, stage in frame.type_stages:
            if (name, row.response, stage) not in model.takes or stage not in frame.planned:
                continue
            weighted = frame.weight[name] * row.harm / frame.unit
            terms.append((weighted, model.takes[name, row.response, stage]))
            if group is not None:
                seen = model.seen_coverage[name, row.response, frame.coverages.index(group), stage]
                terms.append((-weighted, seen))
    return terms
