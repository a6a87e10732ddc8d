"""The plain min-cut dual of maximum-flow interdiction (Wood 1993), for solvers that know nothing of games.

    max   whole - sum over arcs of capacity(a) * paid(a)
    s.t.  paid(a) + attacked(a) >= side(head of a) - side(tail of a)
          sum of attacked(a) <= R,   attacked(a) in {0, 1},   paid, side in [0, 1]

with side(source) = 0 and side(sink) = 1; ``whole`` is the largest flow without attacks. So value and gap are
those of the coalition's payoff, as for the library.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from sanctopt.game import REGIME, Game
from sanctopt.model_compiler import compile_standard_form
from sanctopt.standard_form import StandardForm
from suite.grids import Arc, Instance, largest_flow
from suite.jobs import Answer
from suite.raw_highs import Outcome


def instance_of(game: Game) -> Instance | None:
    """The instance that `suite.grids.interdiction_game` made a game of; None if this is another game."""
    alone = len(game.patron_types) == len(game.responses) == game.stages == 1
    named = all(row.kind == "arc" and row.name.count(">") == 1 for row in game.entities)
    if not (alone and named):
        return None
    ends = {row.name: row.name.split(">") for row in game.entities}
    arcs = {name: Arc(tail, head, game.capacity(name, 0)) for name, (tail, head) in ends.items()}
    (source,) = {arcs[row.name].tail for row in game.channels}
    (sink,) = {arcs[link.source].head for link in game.links if link.sink == REGIME}
    return Instance(game.name, tuple(arcs.values()), source, sink, int(game.effort_per_stage))


@dataclass(frozen=True)
class CutProgram:
    """The program of one instance, as arrays with named columns."""

    instance: Instance
    form: StandardForm
    names: list[str]

    @classmethod
    def build(cls, instance: Instance) -> CutProgram:
        """Build it."""
        arcs, numbers = instance.arcs, range(len(instance.arcs))
        model: Any = pyo.ConcreteModel(name=instance.name)
        model.paid = pyo.Var(numbers, bounds=(0.0, 1.0))
        model.attacked = pyo.Var(numbers, domain=pyo.Binary)
        inner = dict.fromkeys(name for arc in arcs for name in (arc.tail, arc.head))
        model.side = pyo.Var(list(inner), bounds=(0.0, 1.0))
        model.side[instance.source].fix(0.0)
        model.side[instance.sink].fix(1.0)
        model.across = pyo.Constraint(
            numbers,
            rule=lambda m, n: m.paid[n] + m.attacked[n] >= m.side[arcs[n].head] - m.side[arcs[n].tail],
        )
        model.attacks = pyo.Constraint(expr=sum(model.attacked[n] for n in numbers) <= instance.attacks)
        whole = largest_flow(instance)
        model.payoff = pyo.Objective(
            expr=whole - sum(arcs[n].capacity * model.paid[n] for n in numbers), sense=pyo.maximize
        )
        form = compile_standard_form(model)
        # Columns by what they are: names of vertices need not be names in MPS.
        place = {id(model.attacked[n]): f"attacked_{n}" for n in numbers}
        names = [place.get(id(variable), f"c{column}") for column, variable in enumerate(form.variables)]
        return cls(instance, form, names)

    def answer(self, found: Outcome, build_seconds: float) -> Answer:
        """The answer of a solver; its attacks are made and the flow left is computed anew."""
        begin, value = time.process_time(), None
        if found.objective is not None:
            arcs = enumerate(self.instance.arcs)
            removed = {arc for number, arc in arcs if found.point[f"attacked_{number}"] > 0.5}
            value = largest_flow(self.instance) - largest_flow(self.instance, removed)
        return Answer(
            status=found.status,
            value=value,
            claimed=found.objective,
            bound=found.bound,
            rows=len(self.form.row_lower),
            columns=len(self.form.cost),
            binaries=int(self.form.integer.sum()),
            nodes=found.nodes,
            iterations=found.iterations,
            build_seconds=build_seconds,
            check_seconds=time.process_time() - begin,
        )


def answer_by(game: Game, solve: Callable[[CutProgram], Outcome]) -> Answer:
    """Build the program of a game that is an interdiction, and have it solved."""
    begin, instance = time.process_time(), instance_of(game)
    if instance is None:
        return Answer("refused: no interdiction alone")
    program = CutProgram.build(instance)
    build_seconds = time.process_time() - begin
    return program.answer(solve(program), build_seconds)
