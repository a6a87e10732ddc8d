"""Build the program of one frame: the Pyomo model whose optimum is the game's."""

from __future__ import annotations

import gc
from typing import Any

import pyomo.environ as pyo

from sanctopt.formulation.aims import add_aims
from sanctopt.formulation.bounds import Bounds
from sanctopt.formulation.facilitators import add_facilitators
from sanctopt.formulation.frame import Frame
from sanctopt.formulation.information import add_information
from sanctopt.formulation.off_ramp import add_concessions, add_off_ramp
from sanctopt.formulation.patron import add_patron, add_responses
from sanctopt.formulation.payoff import add_payoff
from sanctopt.formulation.rerouting import add_rerouting
from sanctopt.formulation.response_limits import add_response_limits
from sanctopt.formulation.rung_limits import add_rung_limits
from sanctopt.formulation.rungs import add_rungs, chosen_keys


def hold_past(model: Any) -> None:
    """Fix the decisions, responses and concessions of the past."""
    frame: Frame = model.frame
    for stage, rung in enumerate(frame.past.rungs):
        chosen = chosen_keys(rung)
        for family, keys in chosen.items():
            for index, variable in getattr(model, family).items():
                if index[-1] == stage:
                    variable.fix(float(index[1:-1] in keys))
        for index, variable in model.takes.items():
            if index[-1] == stage:
                variable.fix(1.0)
        for index, variable in model.concedes.items():
            if index[-1] == stage:
                variable.fix(0.0)


def build_program(frame: Frame) -> Any:
    """Build the mixed-integer program of ``docs/formulation.md`` for a frame.

    Returns
    -------
    pyomo.environ.ConcreteModel
        With ``frame`` and ``bounds`` attached; its objective is in the frame's money unit.
    """
    collecting = gc.isenabled()
    gc.disable()  # millions of small objects, none of them garbage
    try:
        model = pyo.ConcreteModel(name=frame.game.name)
        model.frame = frame
        model.bounds = Bounds(frame)
        add_responses(model)
        add_concessions(model)
        add_rungs(model)
        add_facilitators(model)
        add_rerouting(model)
        add_patron(model)
        add_off_ramp(model)
        add_response_limits(model)
        add_information(model)
        add_payoff(model)
        add_aims(model)
        add_rung_limits(model)
        hold_past(model)
    finally:
        if collecting:
            gc.enable()
    return model
