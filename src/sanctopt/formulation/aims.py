"""What the program maximizes and the limits it keeps, stated by epigraphs (`sanctopt.aims`).

m       worst payoff, or worst regret as a loss                     one
n       quantile η of CVaR and of the worst prior                   one
S       shortfall of the payoff below η                             per type
X       whether a hostile response is ever taken                    per type

A program that covers only some of the types, or pools them, serves the search: it maximizes the expectation
and knows no limits.
"""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from sanctopt.aims import (
    PLAIN,
    AtLeast,
    AtMost,
    Criterion,
    ExpectedCost,
    ExpectedHarm,
    HostileProbability,
    Limit,
    MeanCVaR,
    MinimaxRegret,
    PartyHarm,
    TotalCost,
    WorstPrior,
    WorstType,
)
from sanctopt.errors import OptionError
from sanctopt.formulation.frame import Frame
from sanctopt.formulation.linear import Row, at_least, at_most, linear
from sanctopt.rung_limits import RungLimit

Terms = list[tuple[float, Any]]


def add_aims(model: Any) -> None:
    """Add the objective and the limits."""
    frame: Frame = model.frame
    aims = frame.aims if len(frame.types) == len(frame.game.patron_types) and not frame.pools else PLAIN
    types = list(frame.types)
    low = min(model.type_value[name].lb for name in types)
    high = max(model.type_value[name].ub for name in types)
    floors = [limit.criterion for limit in aims.limits if isinstance(limit, AtLeast)]
    model.criteria = [aims.criterion, *floors]
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
            (n, name): _best_known(model.criteria[n], name) / frame.unit for n in worsts for name in types
        }
        model.best_known = known
        model.worst = pyo.Var(worsts, bounds=(low - max(known.values()), high - min(known.values())))
        model.worst_payoff = pyo.Constraint(list(known), rule=worst_payoff)
    model.worth_terms = worth_terms(model, 0)
    model.value = pyo.Objective(rule=value, sense=pyo.maximize)
    if any(isinstance(limit, HostileProbability) for limit in aims.limits):
        model.ever_hostile = pyo.Var(types, bounds=(0.0, 1.0))
        hostile = [(q, a, t) for q, a, t in model.takes if a in frame.hostile and t in frame.planned]
        model.hostile_once = pyo.Constraint(hostile, rule=hostile_once)
    model.limit_rows = [row for limit in aims.limits for row in limit_rows(model, limit)]
    if model.limit_rows:
        model.limits = pyo.Constraint(range(len(model.limit_rows)), rule=limit_kept)


def _best_known(criterion: Criterion, name: str) -> float:
    """What could be had against a type, if regret counts."""
    return criterion.best[name] if isinstance(criterion, MinimaxRegret) else 0.0


def below_quantile(model: Any, number: int, type_name: str) -> Row:
    """How far the payoff falls below the quantile (aims.1).

    ``S >= n - V``
    """
    shortfall, payoff = model.shortfall[number, type_name], model.type_value[type_name]
    return at_least([(1.0, shortfall), (-1.0, model.quantile[number]), (1.0, payoff)], 0.0)


def worst_payoff(model: Any, number: int, type_name: str) -> Row:
    """The worst payoff, less what could be had against the type if regret counts (aims.2).

    ``m <= V - best``;  best = 0 unless regret counts
    """
    most = -model.best_known[number, type_name]
    return at_most([(1.0, model.worst[number]), (-1.0, model.type_value[type_name])], most)


def worth_terms(model: Any, number: int) -> Terms:
    """Terms of the worth under one of the criteria, in the frame's money unit: see `value`."""
    frame: Frame = model.frame
    criterion: Criterion = model.criteria[number]

    def weighted(factor: float, variables: Any) -> Terms:
        return [(factor * prior, variables[name]) for name, prior in frame.weight.items()]

    def shortfalls(factor: float) -> Terms:
        return [(factor * prior, model.shortfall[number, name]) for name, prior in frame.weight.items()]

    if isinstance(criterion, MeanCVaR):
        mean = weighted(1.0 - criterion.weight, model.type_value) if criterion.weight < 1.0 else []
        tail = shortfalls(-criterion.weight / (1.0 - criterion.alpha))
        return [*mean, (criterion.weight, model.quantile[number]), *tail]
    if isinstance(criterion, WorstPrior):
        kept = [(1.0 - criterion.radius, model.quantile[number]), *shortfalls(-1.0)]
        return [(criterion.radius, model.worst[number]), *kept]
    if isinstance(criterion, (WorstType, MinimaxRegret)):
        return [(1.0, model.worst[number])]
    return weighted(1.0, model.type_value)


def value(model: Any) -> Any:
    """Worth of the ladder (aims.3).

    ``expectation                  sum over types of p V
    mean-CVaR                    (1 - weight) sum of p V + weight (n - 1 / (1 - alpha) sum of p S)
    worst type, minimax regret   m
    worst prior                  radius m + (1 - radius) n - sum of p S``
    """
    return linear(model.worth_terms)


def hostile_once(model: Any, type_name: str, response: str, stage: int) -> Row:
    """Whether a type is ever hostile (aims.4).

    ``X >= y_at`` for every hostile a
    """
    return at_least(
        [(1.0, model.ever_hostile[type_name]), (-1.0, model.takes[type_name, response, stage])], 0.0
    )


def limit_kept(model: Any, number: int) -> Row:
    """A limit is kept (aims.5).

    ``expected harm    sum over types of p sum_t D_t <= at_most
    harm of party k  sum over types of p sum_t sum_a harm(a, k) (y_at - C_a,g(k,a),t) <= at_most
    hostile          sum over types of p X <= at_most
    expected cost    sum over types of p sum_t K_t <= at_most
    total cost       sum_t K_t <= at_most, for each type
    criterion        its worth, as in (aims.3), >= least``
    """
    row: Row = model.limit_rows[number]
    return row


def limit_rows(model: Any, limit: Limit) -> list[Row]:
    """Rows of one limit: see `limit_kept`."""
    frame: Frame = model.frame
    if isinstance(limit, RungLimit):  # `sanctopt.formulation.rung_limits`
        return []
    if isinstance(limit, AtLeast):
        number = model.criteria.index(limit.criterion, 1)
        return [at_least(worth_terms(model, number), limit.least / frame.unit)]
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
