"""Nodes of the tree of answers: those that are open, and what is proven of those that are closed."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sanctopt.search.held import Held, Leeway
from sanctopt.search.paths import Path
from sanctopt.solver_relaxation import Basis

UNBOUNDED, NOTHING = float("inf"), float("-inf")
"""Bound of a node of which nothing is known; bound where there is no node."""


@dataclass(order=True)
class Node:
    """A node of the tree; the smallest is the next: largest bound first, then the longest paths.

    Attributes
    ----------
    priority : tuple of float, int and int
        Place among the open nodes; `OpenNodes.push` gives it.
    bound : float
        No ladder that goes the paths is worth more (millions of US dollars).
    paths : tuple of Path
        Of each type.
    leeway : Leeway
        What the paths leave to the program of all types.
    basis : Basis or None
        To start its relaxation from.
    point : Held or None
        The relaxation of all types held to the paths, solved; None as long as that is not known.
    looks : int
        How often time has ended its program of rungs.
    """

    priority: tuple[float, int, int] = field(default=(0.0, 0, 0), init=False)
    bound: float = field(compare=False)
    paths: tuple[Path, ...] = field(compare=False)
    leeway: Leeway = field(compare=False)
    basis: Basis | None = field(compare=False, default=None)
    point: Held | None = field(compare=False, default=None)
    looks: int = field(compare=False, default=0)


class OpenNodes:
    """The open nodes of a tree, best bound first.

    Attributes
    ----------
    begun : bool
        Whether the root was opened, or is known to be impossible; before, nothing is proven.
    """

    def __init__(self) -> None:
        self.begun = False
        self._open: list[Node] = []
        self._hand: list[Node] = []
        self._closed = NOTHING
        self._proven: dict[tuple[Path, ...], float] = {}
        self._count = itertools.count()

    def __bool__(self) -> bool:
        return bool(self._open)

    @property
    def first(self) -> Node:
        """The next node."""
        return self._open[0]

    def push(self, node: Node, enough: float) -> None:
        """Open a node; one whose bound is at most ``enough`` is closed at once."""
        node.bound = min(node.bound, self.proven(node.paths))
        if node.bound <= enough:
            self.close(node.bound)
            return
        depth = sum(len(path.given) + path.decided for path in node.paths)
        node.priority = (-node.bound, -depth, next(self._count))
        heapq.heappush(self._open, node)

    def close(self, bound: float) -> None:
        """Remember the bound of a node that needs no further look."""
        self._closed = max(self._closed, bound)

    @contextmanager
    def taken(self) -> Iterator[Node]:
        """The next node, out of the tree until what follows from it is in.

        Ctrl-C may fall on any line. A node that was not dealt with to the end stays in hand, and counts: so
        there is no ``finally`` here.
        """
        self._hand = self._open[:1]
        heapq.heappop(self._open)
        yield self._hand[0]
        self._hand = []

    def bound(self) -> float:
        """Proven bound of all nodes: open, in hand, closed."""
        if not self.begun:
            return UNBOUNDED
        return max(self._closed, *(node.bound for node in (*self._open, *self._hand)), NOTHING)

    def prove(self, paths: tuple[Path, ...], bound: float) -> float:
        """Remember what is proven of paths; returns the least that is known of them."""
        self._proven[paths] = least = min(bound, self.proven(paths))
        return least

    def proven(self, paths: tuple[Path, ...]) -> float:
        """What is proven of paths."""
        return self._proven.get(paths, UNBOUNDED)
