"""The exact adaptive program as a peer gets it: built, named, written as MPS, and its answers played.

What `build_program` makes for all types at once is all that a peer gets: none of the library's known types,
pools, caps, starts or added rows. Where one offer stands for several types, that program may overlook a
concession (``docs/formulation.md``, section 4.3): then a peer claims more than playing its ladder gives.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyomo.common.collections import ComponentMap

from sanctopt import Game, Information, Ladder, SanctoptError, play
from sanctopt.formulation.build import build_program
from sanctopt.formulation.frame import Frame
from sanctopt.formulation.readout import read_rungs
from sanctopt.standard_form import StandardForm
from suite import raw_highs
from suite.jobs import Answer
from suite.raw_highs import Outcome

try:
    from sanctopt.model_compiler import compile_standard_form, file_names
except ModuleNotFoundError:  # a library of before that room, as `peers.py --peers-from` asks for it
    from sanctopt.standard_form import compile_standard_form, file_names


@dataclass(frozen=True)
class PlainProgram:
    """The exact adaptive program of a game, as a Pyomo model and as arrays."""

    game: Game
    model: Any
    form: StandardForm
    names: list[str]

    @classmethod
    def build(cls, game: Game) -> PlainProgram:
        """Build it for all types at once."""
        types = tuple(patron.name for patron in game.patron_types)
        model = build_program(Frame(game, types, Information.ADAPTIVE))
        form = compile_standard_form(model)
        return cls(game, model, form, file_names([variable.name for variable in form.variables]))

    def answer(self, found: Outcome, build_seconds: float) -> Answer:
        """The answer of a solver in millions of US dollars, its ladder played."""
        begin, unit = time.process_time(), float(self.model.frame.unit)
        status, value = found.status, None
        if found.objective is not None:
            try:
                value = self._played(found)
            except SanctoptError as error:  # a point may break a rule by less than the solver's tolerance
                status = f"error: its ladder is not allowed: {error}"
        return Answer(
            status=status,
            value=value,
            claimed=None if found.objective is None else unit * found.objective,
            bound=None if found.bound is None else unit * found.bound,
            rows=len(self.form.row_lower),
            columns=len(self.form.cost),
            binaries=int(self.form.integer.sum()),
            nodes=found.nodes,
            iterations=found.iterations,
            build_seconds=build_seconds,
            check_seconds=time.process_time() - begin,
        )

    def _played(self, found: Outcome) -> float:
        values = ComponentMap(
            (variable, found.point.get(name, 0.0))
            for variable, name in zip(self.form.variables, self.names, strict=True)
        )
        ladder = Ladder.of(self.game, Information.ADAPTIVE, read_rungs(self.model, values).values())
        return play(self.game, ladder).value


def answer_from_mps(game: Game, solve: Callable[[Path], Outcome]) -> Answer:
    """Write the program of a game as MPS and hand the file to a solver."""
    begin = time.process_time()
    program = PlainProgram.build(game)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.mps"
        raw_highs.write(raw_highs.load(program.form, program.names), path)
        build_seconds = time.process_time() - begin
        return program.answer(solve(path), build_seconds)
