"""Words for the points of a frontier: amounts, sides, and what is done at first."""

from __future__ import annotations

import math

from sanctopt.aims import Objective
from sanctopt.ladder import Rung
from sanctopt.ladder_view import by_instrument


def move_text(rung: Rung) -> str:
    """A rung in one line.

    >>> from sanctopt import Start
    >>> move_text(Rung((), starts=(Start("bank", "designate"),), offer=True)), move_text(Rung(()))
    ('designate bank; offer', 'nothing')
    """
    parts = [f"{name} {', '.join(entities)}" for name, entities in by_instrument(rung.starts).items()]
    parts += rung.engagements + rung.mitigations
    parts += [f"threat: {name} {', '.join(hit)}" for name, hit in by_instrument(rung.threat).items()]
    return "; ".join([*parts, *(["offer"] if rung.offer else [])]) or "nothing"


def side_text(objective: Objective) -> str:
    """Unit of an objective, and whether much of it is good."""
    unit = "US$m, " if objective.money else ""
    return f"{unit}{'much' if objective.sign > 0.0 else 'little'} is good"


def number_text(objective: Objective, amount: float) -> str:
    """An amount of an objective."""
    if not math.isfinite(amount):
        return "unknown"
    return f"{amount:,.2f}" if objective.money else f"{amount:.3f}"
