"""What each type alone can give on its path: a table that many nodes of the tree of answers share."""

from __future__ import annotations

from collections.abc import Mapping

from sanctopt.search.held import HeldProgram
from sanctopt.search.open_nodes import UNBOUNDED
from sanctopt.search.paths import Path, Paths, of_type
from sanctopt.search.program import Program
from sanctopt.search.task import Caps, Group, Task
from sanctopt.standard_form import StandardForm


class TypeTable:
    """Bounds by type and path, filled as they are asked for.

    Parameters
    ----------
    task : Task
        The task of all types.
    caps : Caps
        Proven bounds, whatever the paths.
    programs : mapping of str to HeldProgram
        The part of the program that is each type's own (`own_parts`); empty if the task is that of one type,
        which then needs no table.
    """

    def __init__(self, task: Task, caps: Caps, programs: Mapping[str, HeldProgram]) -> None:
        self._criterion = task.aims.criterion
        self._prior = {patron.name: patron.prior for patron in task.game.patron_types}
        self._caps, self._programs = caps, programs
        self._bounds: dict[tuple[str, Path], float | None] = {}

    @property
    def iterations(self) -> int:
        """Simplex iterations of all relaxations."""
        return sum(program.iterations for program in self._programs.values())

    def worth(self, paths: Paths, seconds: float | None) -> float | None:
        """Worth of what each type alone can give on its path; None if one cannot go it.

        ``seconds`` is the time for each relaxation; None for no limit.
        """
        values = {}
        for name, program in self._programs.items():
            place = (name, paths[name])
            if place not in self._bounds:
                self._bounds[place] = self._relaxed(program, {name: paths[name]}, seconds)
            bound = self._bounds[place]
            if bound is None:
                return None
            values[name] = min(bound, self._caps.types.get(name, UNBOUNDED))
        for group, cap in self._caps.groups.items():
            self._lower(values, group, cap)
        if not values or UNBOUNDED in values.values():
            return UNBOUNDED
        return self._criterion.worth(values, self._prior)

    def _lower(self, values: dict[str, float], group: Group, cap: float) -> None:
        """Where bounds of a group's types come to more than its own, put its own in their place."""
        prior = sum(self._prior[name] for name in group)
        if sum(self._prior[name] * values[name] for name in group) > prior * cap:
            values.update(dict.fromkeys(group, cap))

    def _relaxed(self, program: HeldProgram, paths: Paths, seconds: float | None) -> float | None:
        bounds = program.on(paths)
        found = None if bounds is None else program.relax(program.leeway(bounds), None, seconds)
        return None if found is None else found.bound


def own_parts(program: Program) -> dict[str, StandardForm]:
    """The part of a program that is each type's own, with what counts against the type to maximize.

    A plan against that type alone is a point of it: the rows left out tie the type to others.
    """
    model, form, columns = program.model, program.compiled.form, program.compiled.columns
    return {
        name: form.part(of_type(model, form.variables, name), columns[model.counted[0][name]])
        for name in model.frame.types
    }
