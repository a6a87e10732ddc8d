"""The tree of all public histories (`suite.tree_program`) in HiGHS, at the sizes where it still runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import product
from typing import Any

from sanctopt import Game, Information, Ladder, Rung, SanctoptError, play
from sanctopt.model_compiler import compile_standard_form
from suite import raw_highs
from suite.jobs import Answer, Job
from suite.tree_numbers import Tree
from suite.tree_program import build_tree

MOST_HISTORIES = 400
"""More would only show that the program cannot be built in reasonable time."""


def answer(game: Game, job: Job) -> Answer:
    """Solve the tree, unless it has too many histories; options as for `suite.peer_plain`."""
    count = sum(len(game.responses) ** stage for stage in range(game.stages))
    if count > MOST_HISTORIES:
        return Answer(f"refused: {count:,} histories")
    begin = time.process_time()
    model = build_tree(game)
    form = compile_standard_form(model)
    names = [f"c{column}" for column in range(len(form.variables))]
    highs = raw_highs.load(form, names)
    build_seconds = time.process_time() - begin
    found = raw_highs.solve(highs, job)
    begin, unit, status, value = time.process_time(), model.tree.unit, found.status, None
    if found.objective is not None:
        column = {id(variable): name for variable, name in zip(form.variables, names, strict=True)}
        try:
            value = played_value(model, lambda variable: found.point[column[id(variable)]])
        except SanctoptError as error:  # a point may break a rule by less than the solver's tolerance
            status = f"error: its ladder is not allowed: {error}"
    return Answer(
        status=status,
        value=value,
        claimed=None if found.objective is None else unit * found.objective,
        bound=None if found.bound is None else unit * found.bound,
        rows=len(form.row_lower),
        columns=len(form.cost),
        binaries=int(form.integer.sum()),
        nodes=found.nodes,
        iterations=found.iterations,
        build_seconds=build_seconds,
        check_seconds=time.process_time() - begin,
    )


def played_value(model: Any, value_of: Callable[[Any], float]) -> float:
    """Value of the ladder of a point, played by the rules of the game.

    Parameters
    ----------
    model : ConcreteModel
        Of `build_tree`.
    value_of : callable
        From a Pyomo variable to its value in the point.

    Returns
    -------
    float
        Millions of US dollars.
    """
    tree: Tree = model.tree
    game = tree.game

    def yes(variable: Any) -> bool:
        return float(value_of(variable)) > 0.5

    met = [move for move in product(tree.types, tree.nodes, tree.responses) if yes(model.takes[move])]
    # An offer that nobody accepts is left out: it may cost, and in the program it may be overlooked.
    accepted = {move[1] for move in met if move in model.concedes and yes(model.concedes[move])}
    threats = {key for key in model.threat if yes(model.threat[key])}
    rungs = [
        Rung(
            history=tree.histories[h],
            starts=tuple(sorted(row for s, row in enumerate(game.eligible) if yes(model.start[s, h]))),
            threat=tuple(sorted(row for s, row in enumerate(game.eligible) if (s, h) in threats)),
            engagements=tuple(row.name for row in game.engagements if yes(model.engage[row.name, h])),
            mitigations=tuple(name for name in game.mitigation_names if yes(model.mitigate[name, h])),
            offer=h in accepted,
        )
        for h in sorted({h for _, h, _ in met})
    ]
    return play(game, Ladder.of(game, Information.ADAPTIVE, rungs)).value
