"""A program and its relaxation, held to paths."""

from __future__ import annotations

from sanctopt.search.paths import Path, PathIndex, Paths, held
from sanctopt.search.program import Program
from sanctopt.solver_relaxation import Basis, Relaxation, Relaxed


class HeldProgram:
    """A program, its relaxation, and how often that was solved."""

    def __init__(self, program: Program, relaxation: Relaxation) -> None:
        self.program = program
        self.index = PathIndex(program.model)
        self.iterations = self.solves = 0
        self._relaxation = relaxation

    def relax(
        self, paths: Paths, basis: Basis | None = None, seconds: float | None = None
    ) -> tuple[float, Relaxed] | None:
        """Bound (millions of US dollars) and point of the relaxation held to paths; None if it has none."""
        columns = self.program.compiled.columns
        values = held(self.program.model, paths)
        free = {columns[v]: value for v, value in values.items() if v in columns}  # the past is constant
        found = self._relaxation.solve(free, basis, seconds)
        self.solves += 1
        if found is None:
            return None
        self.iterations += found.iterations
        return self.program.unit * found.bound, found

    def weight(self, relaxed: Relaxed, name: str, path: Path) -> float:
        """How much of what a path decided last the point of a relaxation does, from 0 to 1."""
        model, columns = self.program.model, self.program.compiled.columns
        if len(path.given) > model.frame.past.stage:
            stage = len(path.given) - 1
            return float(relaxed.values[columns[model.takes[name, path.given[stage], stage]]])
        own = {t: v for (q, t), v in model.concedes.items() if q == name and v in columns}
        ends = {t: float(relaxed.values[columns[v]]) for t, v in own.items()}
        return 1.0 - sum(ends.values()) if path.concedes is None else ends[path.concedes]
