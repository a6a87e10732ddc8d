"""Types of patron that an elicitation may choose from, and what each would answer to a package.

A `Candidate` is a utility table without a prior. Three ways to get some: write their tables by hand (one for
each temper that the experts speak of), take the types of a game (`candidates_of`), or let one table differ in
resolve only (`resolve_grid`). For the last, `telling_shifts` gives the shifts that answer the packages in all
the ways in which that table can.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from sanctopt.analysis.experts.judgements import Package
from sanctopt.errors import ElicitationError
from sanctopt.game import Game, Utility
from sanctopt.position import best_responses

_APART = 1e-6
"""Two thresholds of resolve closer than this (relative, from 1 up) are one: no type stands between them."""


@dataclass(frozen=True)
class Candidate:
    """A type of patron and regime that may be chosen; its prior is what is looked for.

    Attributes
    ----------
    name : str
        Name of the type.
    utilities : tuple of Utility
        Its row for every response; `Utility.type` is ``name``.
    reservation : float or None
        Passed on as it is: packages say nothing on the regime.

    Raises
    ------
    ElicitationError
        If there are no rows, two for one response, or rows of another type.

    Examples
    --------
    >>> calm = Candidate("calm", (Utility("calm", "acquiesce", 0, 0), Utility("calm", "broad", -2, 0.5)))
    >>> calm.answer(Package("a small trader", 0.1)), calm.answer(Package("a large bank", 5.0))
    ('acquiesce', 'broad')
    """

    name: str
    utilities: tuple[Utility, ...]
    reservation: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "utilities", tuple(self.utilities))
        responses = [row.response for row in self.utilities]
        if not responses or len(set(responses)) < len(responses):
            raise ElicitationError(f"candidate {self.name!r}: give one utility row for each response")
        others = sorted({row.type for row in self.utilities} - {self.name})
        if others:
            raise ElicitationError(
                f"candidate {self.name!r} has utility rows of type {others[0]!r}; name the candidate so, "
                "or replace the type of the rows"
            )

    @property
    def responses(self) -> tuple[str, ...]:
        """Names of the responses, in the order of the rows."""
        return tuple(row.response for row in self.utilities)

    def values(self, package: Package) -> dict[str, float]:
        """Utility of each response to a package: the formula of `sanctopt.position.utilities`.

        U(a) = base + provocation P + engagement E + mitigation N(a) + threat H
        """
        return {row.response: _value(row, package) for row in self.utilities}

    def answer(self, package: Package) -> str:
        """The best response to a package.

        Raises
        ------
        ElicitationError
            If several are best. What such a type does depends on the rest of the game, so it has no answer
            that an expert could be asked for.
        """
        tied = best_responses(self.values(package))
        if len(tied) > 1:
            raise ElicitationError(
                f"candidate {self.name!r} is indifferent between {' and '.join(tied)} at package "
                f"{package.name!r}; change a base a little, or leave the candidate out"
            )
        return tied[0]


def _value(row: Utility, package: Package) -> float:
    return (
        row.base
        + row.provocation * package.provocation
        + row.engagement * package.engagement
        + row.mitigation * package.denial.get(row.response, 0.0)
        + row.threat * package.threat_size
    )


def candidates_of(game: Game) -> tuple[Candidate, ...]:
    """The types of a game as candidates, in its order; their priors are left behind.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> [row.name for row in candidates_of(load_case("teaching"))]
    ['wary', 'proud']
    """
    return tuple(
        Candidate(
            patron.name,
            tuple(game.utility[patron.name, row.name] for row in game.responses),
            patron.reservation,
        )
        for patron in game.patron_types
    )


def resolve_grid(
    utilities: Sequence[Utility],
    hostile: Iterable[str],
    shifts: Iterable[float],
    *,
    name: str = "resolve",
    reservation: float | None = None,
) -> tuple[Candidate, ...]:
    """Candidates that share one utility table and differ in resolve.

    Assumed: what sets types apart is one number δ, their resolve, which adds to the base of every hostile
    response:

        base(a, δ) = base(a) + δ  if a is hostile,   base(a)  otherwise

    Parameters
    ----------
    utilities : sequence of Utility
        One row for each response, all of one type: the template. Extra columns are left out, because
        sources and ranges speak of the template.
    hostile : iterable of str
        The responses that resolve makes dearer to the patron; some, but not all.
    shifts : iterable of float
        The values of δ, in units of utility; see `telling_shifts`.
    name : str
        The candidates are called ``name_0``, ``name_1``, ..., by rising δ.
    reservation : float, optional
        Of all of them.

    Returns
    -------
    tuple of Candidate

    Raises
    ------
    ElicitationError
        If the template has rows of two types or misses a hostile response, if all or no responses are
        hostile, or a shift is not finite or there is none.

    Examples
    --------
    >>> rows = (Utility("any", "acquiesce", 0.0, 0.0), Utility("any", "broad", -2.0, 0.5))
    >>> [(row.name, row.utilities[1].base) for row in resolve_grid(rows, ["broad"], [1.0, -1.0])]
    [('resolve_0', -3.0), ('resolve_1', -1.0)]
    """
    meant = _hostile(utilities, hostile)
    ordered = sorted({float(shift) for shift in shifts})
    if not ordered or not all(map(math.isfinite, ordered)):
        raise ElicitationError(f"the shifts of resolve are {ordered}; give at least one, all of them finite")
    return tuple(
        Candidate(
            f"{name}_{number}",
            tuple(
                replace(
                    row,
                    type=f"{name}_{number}",
                    base=row.base + (shift if row.response in meant else 0.0),
                    extra=(),
                )
                for row in utilities
            ),
            reservation,
        )
        for number, shift in enumerate(ordered)
    )


def telling_shifts(
    utilities: Sequence[Utility], hostile: Iterable[str], packages: Iterable[Package], *, beyond: float = 1.0
) -> tuple[float, ...]:
    """Shifts of resolve that tell apart all that the packages can tell apart.

    A type of `resolve_grid` answers package j by a hostile response if and only if its δ exceeds the
    threshold

        δ_j = max over other a of U_j(a) - max over hostile a of U_j(a),

    so only the order of δ and the thresholds matters: one shift in the middle of each two neighbouring
    thresholds stands for all between them. No type of the grid is then indifferent between hostile and other
    responses, and no grid of shifts, however fine, answers the packages in another way.

    Parameters
    ----------
    utilities, hostile
        As in `resolve_grid`.
    packages : iterable of Package
        The packages asked for, at least one.
    beyond : float
        How far the outermost shifts stand below the first and above the last threshold, above 0 (assumed:
        packages put no number to it).

    Returns
    -------
    tuple of float
        Ascending; one more than there are different thresholds.

    Raises
    ------
    ElicitationError
        As `resolve_grid`, or if there is no package or ``beyond`` is not above 0.

    Examples
    --------
    >>> rows = (Utility("any", "acquiesce", 0.0, 0.0), Utility("any", "broad", -2.0, 0.5))
    >>> telling_shifts(rows, ["broad"], [Package("small", 0.0), Package("large", 3.0)])
    (-0.5, 1.25, 3.0)
    """
    meant = _hostile(utilities, hostile)
    if not beyond > 0.0 or not math.isfinite(beyond):
        raise ElicitationError(f"beyond is {beyond}; give a number above 0")
    thresholds: list[float] = []
    for threshold in sorted(_threshold(utilities, meant, package) for package in packages):
        if not thresholds or threshold - thresholds[-1] > _APART * max(1.0, abs(threshold)):
            thresholds.append(threshold)
    if not thresholds:
        raise ElicitationError("there is no package; give the packages that were asked for")
    between = [(low + high) / 2.0 for low, high in pairwise(thresholds)]
    return (thresholds[0] - beyond, *between, thresholds[-1] + beyond)


def _threshold(utilities: Sequence[Utility], hostile: frozenset[str], package: Package) -> float:
    """The resolve at which the best hostile response is worth as much as the best other one."""
    other = max(_value(row, package) for row in utilities if row.response not in hostile)
    return other - max(_value(row, package) for row in utilities if row.response in hostile)


def _hostile(utilities: Sequence[Utility], hostile: Iterable[str]) -> frozenset[str]:
    """The hostile responses, checked against a template of rows."""
    types = {row.type for row in utilities}
    if len(types) != 1:
        raise ElicitationError(f"the template has rows of {len(types)} types; give the rows of one")
    responses = {row.response for row in utilities}
    meant = frozenset((hostile,) if isinstance(hostile, str) else hostile)
    unknown = sorted(meant - responses)
    if unknown:
        raise ElicitationError(f"hostile response {unknown[0]!r} has no row in the template; add it")
    if not meant or meant == responses:
        raise ElicitationError(
            f"{len(meant)} of {len(responses)} responses are hostile; name some, but not all of them"
        )
    return meant
