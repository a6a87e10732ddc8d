"""The coalition's payoff, in money units of the frame.

G_t     revenue denied, while the game lasts                        per type
D_t     weighted harm                                               per type
K_t     costs, while the game lasts                                 per type
L       credibility left at the end, if the game lasted             per type
V       payoff against the type                                     per type
"""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from sanctopt.formulation.bounds import Bounds
from sanctopt.formulation.frame import Frame
from sanctopt.formulation.linear import Row, at_least, at_most, equal
from sanctopt.formulation.patron import ended_before


def add_payoff(model: Any) -> None:
    """Add what the coalition earns and pays."""
    frame: Frame = model.frame
    bounds: Bounds = model.bounds
    pairs = list(frame.type_stages)
    unit = frame.unit
    model.denied = pyo.Var(pairs, bounds=lambda _, q, t: (0.0, frame.network.baseline_revenue(t) / unit))
    model.harm = pyo.Var(pairs, bounds=(0.0, bounds.harm / unit))
    model.cost = pyo.Var(pairs, bounds=lambda _, q, t: (0.0, bounds.stage_cost(t) / unit))
    model.credibility_left = pyo.Var(list(frame.types), bounds=(0.0, bounds.credibility[-1]))
    model.revenue_denied = pyo.Constraint(pairs, rule=revenue_denied)
    ending = [(q, t) for q, t in pairs if t > 0 and q in frame.conceding]
    model.denied_while_it_lasts = pyo.Constraint(ending, rule=denied_while_it_lasts)
    model.harm_borne = pyo.Constraint(pairs, rule=harm_borne)
    model.costs_borne = pyo.Constraint(pairs, rule=costs_borne)
    model.credibility_kept = pyo.Constraint(list(frame.types), rule=credibility_kept)
    model.credibility_while_it_lasts = pyo.Constraint(list(frame.conceding), rule=credibility_while_it_lasts)
    model.type_value = pyo.Var(
        list(frame.types), bounds=lambda _, q: tuple(end / unit for end in bounds.type_value(q))
    )
    model.type_payoff = pyo.Constraint(list(frame.types), rule=type_payoff)


def revenue_denied(model: Any, type_name: str, stage: int) -> Row:
    """Denied is what the regime would have earned and does not (payoff.1).

    ``G_t <= Rbar_t - R_t``
    """
    frame: Frame = model.frame
    baseline = frame.network.baseline_revenue(stage) / frame.unit
    return at_most(
        [(1.0, model.denied[type_name, stage]), (1.0, model.revenue[frame.voice[type_name], stage])], baseline
    )


def denied_while_it_lasts(model: Any, type_name: str, stage: int) -> Row:
    """Nothing is earned after the game has ended (payoff.2).

    ``G_t <= Rbar_t (1 - sum over tau < t of g_tau)``;  Rbar_t bounds G_t since R_t >= 0
    """
    frame: Frame = model.frame
    baseline = frame.network.baseline_revenue(stage) / frame.unit
    ended = [(baseline * weight, term) for weight, term in ended_before(model, type_name, stage)]
    return at_most([(1.0, model.denied[type_name, stage]), *ended], baseline)


def harm_borne(model: Any, type_name: str, stage: int) -> Row:
    """Harm is that of the response taken, less what is covered (payoff.3).

    ``D_t >= sum_a sum_k weight(k) harm(a, k) (y_at - C_a,g(k,a),t) - Dmax sum over tau < t of g_tau``

    C_agt is the coverage seen if a is taken, 0 otherwise, so no product is needed. The last term stands
    only where others of a pool answer on after this type's game has ended; Dmax is the largest
    uncovered harm of a response.
    """
    frame: Frame = model.frame
    voice = frame.voice[type_name]
    terms: dict[int, tuple[float, Any]] = {}

    def add(weight: float, variable: Any) -> None:
        before = terms.get(id(variable), (0.0, variable))[0]
        terms[id(variable)] = (before + weight, variable)

    for row in frame.game.harms:
        if (voice, row.response, stage) not in model.takes:
            continue
        weighted = frame.game.party[row.party].weight * row.harm / frame.unit
        add(-weighted, model.takes[voice, row.response, stage])
        group = frame.coverage_group.get((row.party, row.response))
        if group is not None:
            number = frame.coverages.index(group)
            add(weighted, model.seen_coverage[voice, row.response, number, stage])
    ended: list[tuple[float, Any]] = []
    if len(frame.members[voice]) > 1:
        most = model.bounds.harm / frame.unit
        ended = [(most * weight, term) for weight, term in ended_before(model, type_name, stage)]
    return at_least([(1.0, model.harm[type_name, stage]), *terms.values(), *ended], 0.0)


def costs_borne(model: Any, type_name: str, stage: int) -> Row:
    """Costs are those of the rung, until the game has ended (payoff.4).

    ``K_t >= sum_im cost(m) cost(i) s_imt + sum_e cost(e) u_et + sum_j cost(j) w_jt + offer_cost o_t
    - Kmax_t sum over tau < t of g_tau``

    The last term stands only where the rung is shared with types whose game goes on (open-loop plans,
    pools); elsewhere an ended type's own copy is simply left empty. Kmax_t is `Bounds.stage_cost`.
    """
    frame: Frame = model.frame
    game, unit = frame.game, frame.unit
    owner = frame.copy(type_name, stage)
    paid = [
        (game.start_cost(start) / unit, model.starts[owner, start.entity, start.instrument, stage])
        for start in frame.starts
    ]
    paid += [(row.cost / unit, model.engagements[owner, row.name, stage]) for row in game.engagements]
    paid += [
        (cost / unit, model.mitigations[owner, name, stage]) for name, cost in game.mitigation_cost.items()
    ]
    if game.off_ramp is not None and frame.conceding:
        paid.append((game.off_ramp.offer_cost / unit, model.offers[owner, stage]))
    terms = [(1.0, model.cost[type_name, stage]), *[(-weight, variable) for weight, variable in paid]]
    if frame.outlives(type_name):
        most = model.bounds.stage_cost(stage) / unit
        terms += [(most * weight, term) for weight, term in ended_before(model, type_name, stage)]
    return at_least(terms, 0.0)


def credibility_kept(model: Any, type_name: str) -> Row:
    """What is left at the end is the last credibility (payoff.5).

    ``L <= k_T-1``
    """
    frame: Frame = model.frame
    last = frame.game.stages - 1
    left = (1.0, model.credibility_left[type_name])
    return at_most([left, (-1.0, model.credibility[frame.copy(type_name, last), last])], 0.0)


def credibility_while_it_lasts(model: Any, type_name: str) -> Row:
    """After a concession no terminal credibility is earned (payoff.6).

    ``L <= kmax (1 - sum_t g_t)``;  kmax is `Bounds.credibility` of the last stage
    """
    frame: Frame = model.frame
    most = model.bounds.credibility[-1]
    ended = [(most * weight, term) for weight, term in ended_before(model, type_name, frame.game.stages)]
    return at_most([(1.0, model.credibility_left[type_name]), *ended], most)


def type_payoff(model: Any, type_name: str) -> Row:
    """Payoff against one type, discounted (payoff.7).

    ``V = sum_t discount**t (w_R G_t - w_D D_t - w_K K_t) + sum_t discount**(t+1) concession_value g_t
    + discount**T w_k L``
    """
    frame: Frame = model.frame
    game, weights = frame.game, frame.game.weights
    terms: list[tuple[float, Any]] = [(-1.0, model.type_value[type_name])]
    for stage in frame.stages:
        now = game.discount**stage
        terms.append((now * weights.revenue, model.denied[type_name, stage]))
        terms.append((-now * weights.harm, model.harm[type_name, stage]))
        terms.append((-now * weights.cost, model.cost[type_name, stage]))
        if type_name in frame.conceding and game.off_ramp is not None:
            gain = now * game.discount * game.off_ramp.concession_value / frame.unit
            terms.append((gain, model.concedes[type_name, stage]))
    last = game.discount**game.stages * weights.credibility / frame.unit
    return equal([*terms, (last, model.credibility_left[type_name])], 0.0)
