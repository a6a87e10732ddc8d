"""The patron: provocation, engagement, denial and threat as it sees them, and its best response.

    y_at     the types of a pool take response a in stage t                      binary
    P_t, E_t, H_t      provocation, engagement, size of the threat               one per copy
    C_gt     coverage of the mitigation rows g (`Frame.coverage_group`)          one per copy
    b_gt     that coverage is capped at max_cover                                binary
    P_at, E_at, H_at, C_agt      the same, if response a is taken; else 0        one per pool

The patron takes a best response: U(a) >= U(b) for every b, if a is taken. Written with one copy of the
patron's view per response, zero unless that response is taken, and summing to the view itself, each such
row is linear and needs no big-M but the bounds of its own variables (disaggregation by response; see
``docs/formulation.md``).

Types of a pool answer alike, so they have one y and one set of views, under the name of the type that
speaks for them (`Frame.voice`); the best response is asked for by each member's own utilities. In the exact
program every type speaks for itself alone. Only such a type has the view ENDED: it shows what the rungs
hold after the type's game has ended by a concession, where no response is taken.
"""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from sanctopt.formulation.bounds import Bounds
from sanctopt.formulation.frame import Frame
from sanctopt.formulation.linear import Row, at_least, at_most, decimal_sum, equal

Group = tuple[int, ...]


def add_patron(model: Any) -> None:
    """Add what the patron sees and the responses it takes; needs the rungs' decisions."""
    frame: Frame = model.frame
    bounds: Bounds = model.bounds
    copies, coverages = list(frame.copies), range(len(frame.coverages))
    model.provocation = pyo.Var(copies, bounds=lambda _, c, t: (0.0, bounds.provocation[t]))
    model.engagement = pyo.Var(copies, bounds=lambda _, c, t: (0.0, bounds.engagement[t]))
    model.coverage = pyo.Var(
        [(c, g, t) for c, t in copies for g in coverages],
        bounds=lambda _, c, g, t: (0.0, bounds.coverage(frame.coverages[g], t)),
    )
    model.capped = pyo.Var(
        [(c, g, t) for c, t in copies for g in coverages if bounds.can_cap(frame.coverages[g], t)],
        domain=pyo.Binary,
    )
    model.provocation_stock = pyo.Constraint(copies, rule=provocation_stock)
    model.engagement_stock = pyo.Constraint(copies, rule=engagement_stock)
    free = [key for key in model.coverage if key not in model.capped]
    capped = list(model.capped)
    model.coverage_sum = pyo.Constraint(free, rule=coverage_sum)
    model.coverage_at_most = pyo.Constraint(capped, rule=coverage_at_most)
    model.coverage_uncapped = pyo.Constraint(capped, rule=coverage_uncapped)
    model.coverage_capped = pyo.Constraint(capped, rule=coverage_capped)

    views = [(q, a, t) for q, a, t in model.takes]
    ended = [(q, ENDED, t) for q in frame.ending for t in frame.stages if t > 0]
    seen = [*views, *ended]
    threatening = [key for key in seen if key[2] in frame.threats_at]
    covering = [(q, a, g, t) for q, a, t in seen for g in coverages]
    model.seen_provocation = pyo.Var(seen, bounds=lambda _, q, a, t: (0.0, bounds.provocation[t]))
    model.seen_engagement = pyo.Var(seen, bounds=lambda _, q, a, t: (0.0, bounds.engagement[t]))
    model.seen_threat = pyo.Var(threatening, bounds=(0.0, bounds.threat_size))
    model.seen_coverage = pyo.Var(
        covering, bounds=lambda _, q, a, g, t: (0.0, bounds.coverage(frame.coverages[g], t))
    )
    pairs = list(frame.voice_stages)
    model.one_response = pyo.Constraint(pairs, rule=one_response)
    model.view_provocation = pyo.Constraint(pairs, rule=view_provocation)
    model.view_engagement = pyo.Constraint(pairs, rule=view_engagement)
    model.view_threat = pyo.Constraint([p for p in pairs if p[1] in frame.threats_at], rule=view_threat)
    model.view_coverage = pyo.Constraint([(q, g, t) for q, t in pairs for g in coverages], rule=view_coverage)
    model.only_provocation = pyo.Constraint(seen, rule=only_provocation)
    model.only_engagement = pyo.Constraint(seen, rule=only_engagement)
    model.only_threat = pyo.Constraint(threatening, rule=only_threat)
    model.only_coverage = pyo.Constraint(covering, rule=only_coverage)
    model.best_response = pyo.Constraint(
        [
            (q, a, b, t)
            for v, a, t in views
            for q in frame.members[v]
            for b in frame.responses
            if b != a and t in frame.planned
        ],
        rule=best_response,
    )


ENDED = ""
"""In place of a response: the view of a type for which the game has ended."""


def add_responses(model: Any) -> None:
    """Add the response variables alone; the other rooms' rows refer to them."""
    frame: Frame = model.frame
    possible = model.bounds.possible
    model.takes = pyo.Var(
        [(q, a, t) for q, t in frame.voice_stages for a in possible[q, t] or frame.responses],
        domain=pyo.Binary,
    )


def provocation_stock(model: Any, owner: str, stage: int) -> Row:
    """Provocation carries over and adds up (patron.1).

    ``P_t = carryover P_t-1 + sum_im provocation(m) salience(i) s_imt``
    """
    frame: Frame = model.frame
    added = [
        (-frame.game.start_provocation(start), model.starts[owner, start.entity, start.instrument, stage])
        for start in frame.starts
    ]
    return _stock(model, model.provocation, frame.game.carryover, added, owner, stage)


def engagement_stock(model: Any, owner: str, stage: int) -> Row:
    """Engagement is retained and adds up (patron.2).

    ``E_t = retention E_t-1 + sum_e effect(e) u_et``
    """
    game = model.frame.game
    added = [(-row.effect, model.engagements[owner, row.name, stage]) for row in game.engagements]
    return _stock(model, model.engagement, game.retention, added, owner, stage)


def _stock(
    model: Any, stock: Any, kept: float, added: list[tuple[float, Any]], owner: str, stage: int
) -> Row:
    before = [(-kept, stock[model.frame.copy(owner, stage - 1), stage - 1])] if stage > 0 else []
    return equal([(1.0, stock[owner, stage]), *before, *added], 0.0)


def _at_work(model: Any, owner: str, group: int, stage: int) -> list[tuple[float, Any]]:
    """Terms of the sum of reductions at work in a stage, before the cap."""
    frame: Frame = model.frame
    terms = []
    for number in frame.coverages[group]:
        row = frame.game.mitigations[number]
        terms += [
            (row.reduction, model.mitigations[frame.copy(owner, tau), row.name, tau])
            for tau in range(stage - row.lead + 1)
        ]
    return terms


def coverage_sum(model: Any, owner: str, group: int, stage: int) -> Row:
    """Coverage that no choice can bring over the cap is a sum (patron.3).

    ``C_gt = S_gt``,  S_gt = sum of reduction(j) w_jtau over the rows of g with tau + lead <= t
    """
    at_work = [(-weight, variable) for weight, variable in _at_work(model, owner, group, stage)]
    return equal([(1.0, model.coverage[owner, group, stage]), *at_work], 0.0)


def coverage_at_most(model: Any, owner: str, group: int, stage: int) -> Row:
    """Coverage is at most what is at work (patron.4).

    ``C_gt <= S_gt``;  C_gt <= max_cover is its bound
    """
    at_work = [(-weight, variable) for weight, variable in _at_work(model, owner, group, stage)]
    return at_most([(1.0, model.coverage[owner, group, stage]), *at_work], 0.0)


def coverage_uncapped(model: Any, owner: str, group: int, stage: int) -> Row:
    """Coverage that is not capped is all that is at work (patron.5).

    ``C_gt >= S_gt - (Smax_gt - max_cover) b_gt``

    Smax_gt, the sum of all reductions that can be at work in t, bounds S_gt; so with b = 1 the right side
    is at most max_cover, which (patron.6) asks for anyway.
    """
    frame: Frame = model.frame
    most = model.bounds.most_at_work(frame.coverages[group], stage)
    at_work = [(-weight, variable) for weight, variable in _at_work(model, owner, group, stage)]
    cap = (decimal_sum(most, -frame.game.max_cover), model.capped[owner, group, stage])
    return at_least([(1.0, model.coverage[owner, group, stage]), *at_work, cap], 0.0)


def coverage_capped(model: Any, owner: str, group: int, stage: int) -> Row:
    """Capped coverage is the cap (patron.6).

    ``C_gt >= max_cover b_gt``
    """
    cap = (-model.frame.game.max_cover, model.capped[owner, group, stage])
    return at_least([(1.0, model.coverage[owner, group, stage]), cap], 0.0)


def one_response(model: Any, type_name: str, stage: int) -> Row:
    """A type takes one response in every stage until its game has ended (patron.7).

    ``sum_a y_at + sum over tau < t of g_tau = 1``,  g_tau = 1 if the regime conceded in tau
    """
    frame: Frame = model.frame
    taken = [
        (1.0, model.takes[type_name, a, stage])
        for a in frame.responses
        if (type_name, a, stage) in model.takes
    ]
    ended = ended_before(model, type_name, stage) if type_name in frame.ending else []
    return equal([*taken, *ended], 1.0)


def ended_before(model: Any, type_name: str, stage: int) -> list[tuple[float, Any]]:
    """Terms of "the game ended for this type before ``stage``"."""
    if type_name not in model.frame.conceding:
        return []
    return [(1.0, model.concedes[type_name, tau]) for tau in range(stage)]


def _view(model: Any, seen: Any, whole: Any, type_name: str, stage: int, *key: Any) -> Row:
    frame: Frame = model.frame
    parts = [
        (1.0, seen[type_name, a, *key, stage])
        for a in (*frame.responses, ENDED)
        if (type_name, a, *key, stage) in seen
    ]
    return equal([*parts, *[(-weight, variable) for weight, variable in whole]], 0.0)


def view_provocation(model: Any, type_name: str, stage: int) -> Row:
    """The views of provocation sum to provocation (patron.8).

    ``sum_a P_at = P_t``,  a over the responses and ENDED
    """
    whole = [(1.0, model.provocation[model.frame.copy(type_name, stage), stage])]
    return _view(model, model.seen_provocation, whole, type_name, stage)


def view_engagement(model: Any, type_name: str, stage: int) -> Row:
    """The views of engagement sum to engagement (patron.9).

    ``sum_a E_at = E_t``,  a over the responses and ENDED
    """
    whole = [(1.0, model.engagement[model.frame.copy(type_name, stage), stage])]
    return _view(model, model.seen_engagement, whole, type_name, stage)


def view_threat(model: Any, type_name: str, stage: int) -> Row:
    """The views of the threat sum to its size (patron.10).

    ``sum_a H_at = H_t = sum_im provocation(m) salience(i) r_imt``,  a over the responses and ENDED
    """
    frame: Frame = model.frame
    owner = frame.copy(type_name, stage)
    whole = [
        (frame.game.start_provocation(start), model.threats[owner, start.entity, start.instrument, stage])
        for start in frame.starts
    ]
    return _view(model, model.seen_threat, whole, type_name, stage)


def view_coverage(model: Any, type_name: str, group: int, stage: int) -> Row:
    """The views of a coverage sum to it (patron.11).

    ``sum_a C_agt = C_gt``,  a over the responses and ENDED
    """
    whole = [(1.0, model.coverage[model.frame.copy(type_name, stage), group, stage])]
    return _view(model, model.seen_coverage, whole, type_name, stage, group)


def _only_if_taken(model: Any, variable: Any, bound: float, type_name: str, response: str, stage: int) -> Row:
    if response == ENDED:
        taken = ended_before(model, type_name, stage)
    else:
        taken = [(1.0, model.takes[type_name, response, stage])]
    return at_most([(1.0, variable), *[(-bound * weight, term) for weight, term in taken]], 0.0)


def only_provocation(model: Any, type_name: str, response: str, stage: int) -> Row:
    """A view is empty unless its response is taken (patron.12).

    ``P_at <= Pmax_t y_at``;  for ENDED ``P_at <= Pmax_t sum over tau < t of g_tau``;  Pmax_t is
    `Bounds.provocation`
    """
    bound = model.bounds.provocation[stage]
    view = model.seen_provocation[type_name, response, stage]
    return _only_if_taken(model, view, bound, type_name, response, stage)


def only_engagement(model: Any, type_name: str, response: str, stage: int) -> Row:
    """A view is empty unless its response is taken (patron.13).

    ``E_at <= Emax_t y_at``;  for ENDED ``E_at <= Emax_t sum over tau < t of g_tau``;  Emax_t is
    `Bounds.engagement`
    """
    bound = model.bounds.engagement[stage]
    view = model.seen_engagement[type_name, response, stage]
    return _only_if_taken(model, view, bound, type_name, response, stage)


def only_threat(model: Any, type_name: str, response: str, stage: int) -> Row:
    """A view is empty unless its response is taken (patron.14).

    ``H_at <= Hmax y_at``;  for ENDED ``H_at <= Hmax sum over tau < t of g_tau``;  Hmax is
    `Bounds.threat_size`
    """
    view = model.seen_threat[type_name, response, stage]
    return _only_if_taken(model, view, model.bounds.threat_size, type_name, response, stage)


def only_coverage(model: Any, type_name: str, response: str, group: int, stage: int) -> Row:
    """A view is empty unless its response is taken (patron.15).

    ``C_agt <= Cmax_gt y_at``;  for ENDED ``C_agt <= Cmax_gt sum over tau < t of g_tau``;  Cmax_gt is
    `Bounds.coverage`
    """
    bound = model.bounds.coverage(model.frame.coverages[group], stage)
    view = model.seen_coverage[type_name, response, group, stage]
    return _only_if_taken(model, view, bound, type_name, response, stage)


def best_response(model: Any, type_name: str, taken: str, other: str, stage: int) -> Row:
    """The response taken is at least as good as every other, by the margin (patron.16).

    ``(base_a - base_b + (prov_a - prov_b) offset_t - margin) y_at + (prov_a - prov_b) P_at
    + (eng_a - eng_b) E_at + (thr_a - thr_b) H_at + mit_a N_at(C_a) - mit_b N_bt(C_a) >= 0``

    N_at(C_a) is the denial of response a, linear in the coverages seen when a is taken.
    """
    frame: Frame = model.frame
    first, second = frame.game.utility[type_name, taken], frame.game.utility[type_name, other]
    offset = frame.game.offset.get((type_name, stage), 0.0)
    voice = frame.voice[type_name]
    provocation = decimal_sum(first.provocation, -second.provocation)
    engagement = decimal_sum(first.engagement, -second.engagement)
    provoked = first.provocation * offset, -second.provocation * offset
    constant = decimal_sum(first.base, -second.base, *provoked, -frame.margin)
    terms = [
        (constant, model.takes[voice, taken, stage]),
        (provocation, model.seen_provocation[voice, taken, stage]),
        (engagement, model.seen_engagement[voice, taken, stage]),
    ]
    if stage in frame.threats_at:
        threat = decimal_sum(first.threat, -second.threat)
        terms.append((threat, model.seen_threat[voice, taken, stage]))
    denial = model.bounds.denial_difference(type_name, taken, other)
    terms += [
        (coefficient, model.seen_coverage[voice, taken, frame.coverages.index(group), stage])
        for group, coefficient in denial.items()
    ]
    if not any(coefficient for coefficient, _ in terms):
        return pyo.Constraint.Skip  # type: ignore[no-any-return]
    return at_least(terms, 0.0)
