"""How the tree of answers branches: nodes of paths, their bounds, and the ways to go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sanctopt.search.held import HeldProgram, Leeway
from sanctopt.search.open_nodes import NOTHING, Node
from sanctopt.search.paths import Path, longer
from sanctopt.search.task import Clock, Task
from sanctopt.search.type_table import TypeTable

WHOLE = 0.999
"""What a relaxation takes wholly, it takes at least this much of."""


LAG = 2
"""A path that is this many stages behind another is short, if any of its answers is open."""


class Branching:
    """The nodes of a tree of answers.

    Parameters
    ----------
    task : Task
        Whose types the paths are of.
    whole : HeldProgram
        The program of all types.
    table : TypeTable
        What each type alone can give.
    clock : Clock
        Time of the tree.
    """

    def __init__(self, task: Task, whole: HeldProgram, table: TypeTable, clock: Clock) -> None:
        self._whole, self._table, self._clock = whole, table, clock
        self._prior = {patron.name: patron.prior for patron in task.game.patron_types}
        self._types = tuple(self._prior)
        self._stages = task.game.stages

    def by_type(self, paths: tuple[Path, ...]) -> dict[str, Path]:
        """The paths of a node by the type that goes them."""
        return dict(zip(self._types, paths, strict=True))

    def complete(self, node: Node) -> bool:
        """Whether all is decided that ties types."""
        return all(path.complete(self._stages) for path in node.paths)

    def node(self, bound: float, paths: dict[str, Path]) -> Node | None:
        """A node of paths; None if they are not possible."""
        bounds = self._whole.on(paths)
        ordered = tuple(paths[name] for name in self._types)
        return None if bounds is None else Node(bound, ordered, self._whole.leeway(bounds))

    def relaxed(self, node: Node, enough: float) -> Node | None:
        """A node bounded by the relaxation of the whole program; None if that has no point."""
        if node.point is not None:
            return node
        found = self._whole.relax(node.leeway, node.basis, self._clock.left(), enough)
        if found is None:
            return None
        return replace(node, bound=min(node.bound, found.bound), basis=found.basis, point=found)

    def worthwhile(self, node: Node, floor: float) -> Leeway:
        """The leeway of a node without what its relaxation proves to be worth no more than a floor.

        The same object if that is nothing.
        """
        if node.point is None or floor == NOTHING:
            return node.leeway
        return self._whole.worthwhile(node.point, node.leeway, floor)

    def children(self, node: Node, leeway: Leeway) -> Iterator[tuple[float, Node]]:
        """The ways to go on within leeway, each with how much of it the relaxation of the node takes."""
        number, whole = self._next(node), self._whole
        name = self._types[number]
        within = whole.within(leeway)
        if within is None:
            return
        for path in longer(whole.model, name, node.paths[number]):
            paths = (*node.paths[:number], path, *node.paths[number + 1 :])
            by_type = self.by_type(paths)
            bounds = whole.going_on(within, by_type)
            value = None if bounds is None else self._table.worth(by_type, self._clock.left())
            if bounds is None or value is None:
                continue
            child = Node(min(node.bound, value), paths, whole.leeway(bounds), node.basis)
            weight = 0.0
            if node.point is not None:
                weight = whole.weight(node.point, name, path)
                child.bound = min(child.bound, whole.foreseen(node.point, child.leeway))
                if whole.does(node.point, child.leeway):  # it has the same best point
                    child.point = node.point
            yield weight, child

    def _next(self, node: Node) -> int:
        """The type to branch on: concessions first, then what is not whole, short paths, likely types.

        A type whose next answer is whole, and a later one is not, must not be left behind: what divides types
        may be what they answer later, and no bound moves until that is decided.
        """

        def key(number: int) -> tuple[bool, bool, int, float]:
            path, prior = node.paths[number], self._prior[self._types[number]]
            behind = longest - len(path.given) >= LAG and self._open_answers(node, number)
            return path.decided, self._whole_next(node, number) and not behind, len(path.given), -prior

        waiting = [n for n in range(len(node.paths)) if not node.paths[n].complete(self._stages)]
        longest = max(len(path.given) for path in node.paths)
        return min(waiting, key=key)

    def _open_answers(self, node: Node, number: int) -> bool:
        """Whether the relaxation leaves any answer of a type open, be it of a later stage."""
        return node.point is not None and self._whole.undecided(node.point, self._types[number])

    def _whole_next(self, node: Node, number: int) -> bool:
        """Whether the relaxation takes the next step of a type's path wholly."""
        if node.point is None:
            return False
        name = self._types[number]
        steps = longer(self._whole.model, name, node.paths[number])
        return any(self._whole.weight(node.point, name, step) >= WHOLE for step in steps)
