"""Information: copies of the decisions are tied until the public history tells the types apart.

    n_t     two types may differ from stage t on, because their histories do      in [0, 1]

Rows for every pair of types that have copies of their own (`Frame.pairs`), from stage 1 on. The recursion
starts at n_0 = 0, and an upper bound made of whole numbers lets n be continuous.
"""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from sanctopt.formulation.frame import Frame
from sanctopt.formulation.linear import Row, at_most


def add_information(model: Any) -> None:
    """Add the ties between copies."""
    frame: Frame = model.frame
    later = [(q, other, t) for q, other in frame.pairs for t in frame.stages if t > 0]
    model.apart = pyo.Var(later, bounds=(0.0, 1.0))
    model.told_apart = pyo.Constraint(
        [(q, other, a, t) for q, other, t in later for a in frame.responses], rule=told_apart
    )
    for name in ("starts", "threats", "engagements", "mitigations", "offers"):
        decisions = getattr(model, name)
        keys = [
            (q, other, *key, t)
            for q, other, t in later
            for key in dict.fromkeys(index[1:-1] for index in decisions if index[-1] == t and index[0] == q)
        ]
        setattr(model, f"same_{name}", pyo.Constraint(keys, rule=same_decision(decisions)))
        setattr(model, f"same_{name}_reversed", pyo.Constraint(keys, rule=same_decision(decisions, -1.0)))


def told_apart(model: Any, type_name: str, other: str, response: str, stage: int) -> Row:
    """Types stay pooled if they answer alike and neither leaves the game (information.1).

    ``n_t <= n_t-1 + (1 - y_a,t-1) + (1 - y'_a,t-1) + g_t-1 + g'_t-1``  for every response a
    """
    frame: Frame = model.frame
    terms = [(1.0, model.apart[type_name, other, stage])]
    if stage > 1:
        terms.append((-1.0, model.apart[type_name, other, stage - 1]))
    for name in (type_name, other):
        if (name, response, stage - 1) not in model.takes:
            return pyo.Constraint.Skip  # type: ignore[no-any-return]
        terms.append((1.0, model.takes[name, response, stage - 1]))
        if name in frame.ending:
            terms.append((-1.0, model.concedes[name, stage - 1]))
    return at_most(terms, 2.0)


def same_decision(decisions: Any, sign: float = 1.0) -> Any:
    """Rule: types that may not differ decide alike (information.2).

    ``d_t - d'_t <= n_t``  and  ``d'_t - d_t <= n_t``  for each decision d of the rung
    """

    def rule(model: Any, type_name: str, other: str, *key: Any) -> Row:
        pair = [(sign, decisions[type_name, *key]), (-sign, decisions[other, *key])]
        return at_most([*pair, (-1.0, model.apart[type_name, other, key[-1]])], 0.0)

    return rule
