"""What is uncertain: numbers of a case with their ranges, alone or moved together, and games made from them.

A *factor* is one number, or several that move together. A *position* s in [-1, 1] says where it stands:

    number(s) = value + s (high - value)    if s >= 0
                value + s (value - low)     if s < 0

so -1 is the low end, 0 the number of the case and 1 the high end. A *share* u in [0, 1] says the same for
draws: number(u) is the u-quantile of the distribution of the number, for all numbers of a factor the same u.

Two rules make a game of the numbers:

*Priors.* If some types' priors are set and others are not, those set stand as they are and the others are
scaled in proportion, so that all sum to 1 (`sanctopt.analysis.changes.with_values`). If all are set, or those
set exceed 1, they are divided by their sum: then a prior may end up outside its range.

*Whole numbers* (a lead in stages) are rounded to the nearest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any

from sanctopt.analysis.addresses import addresses, find, without_extra
from sanctopt.analysis.sensitivity.uncertainty import Range, Ranges, ranges
from sanctopt.case.schema import GAME_FILE, TABLES
from sanctopt.case.writer import case_files
from sanctopt.errors import CaseError, OptionError, Problem
from sanctopt.game import Game, at_least
from sanctopt.network import baseline_revenue, share_network


class Shape(Enum):
    """How a number is distributed over its range."""

    UNIFORM = "uniform between low and high"
    TRIANGULAR = "triangular from low to high, most likely at the number of the case"

    def quantile(self, row: Range, share: float) -> float:
        """The number below which it lies with probability ``share``.

        Triangular with low a, mode c, high b (Evans, Hastings & Peacock 2000, Statistical Distributions, 3rd
        ed., chapter 40):

            a + sqrt(u (b - a) (c - a))          if u <= (c - a) / (b - a)
            b - sqrt((1 - u) (b - a) (b - c))    otherwise
        """
        low, mode, high = row.low, row.value, row.high
        width = high - low
        if width <= 0.0:
            return mode
        if self is Shape.UNIFORM:
            found = low + share * width
        elif share * width <= mode - low:
            found = low + math.sqrt(share * width * (mode - low))
        else:
            found = high - math.sqrt((1.0 - share) * width * (high - mode))
        return min(max(found, low), high)


@dataclass(frozen=True)
class Factor:
    """Numbers that move together.

    Attributes
    ----------
    name : str
        The path of the number, or a name for several.
    rows : tuple of Range
        At least one; `sanctopt.analysis.ranges` gives those that a case states.
    """

    name: str
    rows: tuple[Range, ...]

    def at(self, position: float) -> dict[str, float]:
        """The numbers, by path, at a position in [-1, 1] (see the module)."""
        return {row.path: _between(row, position) for row in self.rows}

    def drawn(self, share: float, shape: Shape) -> dict[str, float]:
        """The numbers, by path, at a quantile in [0, 1]."""
        return {row.path: shape.quantile(row, share) for row in self.rows}


def _between(row: Range, position: float) -> float:
    if abs(position) >= 1.0:  # the very end, free of rounding
        return row.high if position > 0.0 else row.low
    return row.value + position * (row.high - row.value if position >= 0.0 else row.value - row.low)


Uncertain = Ranges | Iterable[Range | Factor]
"""What may be passed as uncertain numbers."""


def together(uncertain: Uncertain, *patterns: str) -> tuple[Factor, ...]:
    """Let numbers move together: one factor for each pattern, one for each number that fits none.

    Parameters
    ----------
    uncertain : Ranges or iterable of Range or Factor
        The numbers; a `Factor` stays as it is.
    patterns : str
        Paths in which ``*`` stands for anything, dots included: ``links.*.toll`` are the tolls of all links.
        A number belongs to the first pattern that it fits.

    Returns
    -------
    tuple of Factor
        In the order of the first number of each.

    Raises
    ------
    OptionError
        If no number fits a pattern.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> from sanctopt.analysis.sensitivity.uncertainty import ranges
    >>> found = together(ranges(load_case("dprk_2017")), "links.*.toll", "entities.*")
    >>> [(factor.name, len(factor.rows)) for factor in found[11:14]]
    [('weights.cost', 1), ('weights.credibility', 1), ('entities.*', 213)]
    """
    groups: dict[str, list[Range]] = {}
    for factor in _listed(uncertain):
        pattern = next((p for p in patterns if len(factor.rows) == 1 and fnmatchcase(factor.name, p)), "")
        groups.setdefault(pattern or factor.name, []).extend(factor.rows)
    if missing := [pattern for pattern in patterns if pattern not in groups]:
        raise OptionError(
            f"no uncertain number fits {missing[0]!r}; paths look like 'weights.harm', and a number that "
            "fits several patterns belongs to the first"
        )
    return tuple(Factor(name, tuple(rows)) for name, rows in groups.items())


def spread(game: Game, share: float, *patterns: str) -> Ranges:
    """Ranges for a case that states none: each number plus and minus a share of itself.

    Parameters
    ----------
    game : Game
        The game.
    share : float
        Above 0, e.g. 0.2 for plus and minus 20 %. Cut where a number may not go, as a share beyond 1.
    patterns : str
        Which numbers, as in `together`; none for all. Blank numbers, zeros and whole numbers get no range.

    Returns
    -------
    Ranges
        Not what is plausible, but what is asked.

    Raises
    ------
    OptionError
        If the share is not above 0, or no number fits a pattern.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> [(row.path, row.low, row.high) for row in spread(load_case("teaching"), 0.5, "weights.h*").rows]
    [('weights.harm', 0.5, 1.5)]
    """
    if not 0.0 < share < math.inf:
        raise OptionError(f"share is {share!r}; give a finite number above 0, e.g. 0.2")
    rows, fitted = [], set()
    for item in addresses(game):
        value, allowed = item.read(game), item.column.range
        fitting = {pattern for pattern in patterns if fnmatchcase(item.path, pattern)}
        if value is None or value == 0.0 or allowed.whole or (patterns and not fitting):
            continue
        fitted |= fitting
        reach = share * abs(value)
        low, high = max(value - reach, allowed.low), min(value + reach, allowed.high)
        if not allowed.holds(low):  # a discount of 0 is none
            low = value / 2.0
        rows.append(Range(item.path, value, low, high))
    if missing := [pattern for pattern in patterns if pattern not in fitted]:
        raise OptionError(f"no number fits {missing[0]!r}; paths look like 'weights.harm'")
    return Ranges(game.name, tuple(rows))


def factors_of(game: Game, uncertain: Uncertain | None) -> tuple[Factor, ...]:
    """The factors that are meant, checked; None: every range that the case states, each by itself.

    Raises
    ------
    OptionError
        If there are none, a number occurs twice, is none of the game or another one there, or a range does
        not enclose it or leaves what may stand there.
    """
    factors = _listed(ranges(game) if uncertain is None else uncertain)
    rows = [row for factor in factors for row in factor.rows]
    if not rows:
        raise OptionError(
            f"game {game.name!r} states no range beside any number; add columns x_low and x_high to its "
            "case, or give ranges (sanctopt.analysis.spread makes plus and minus 20 %)"
        )
    seen: set[str] = set()
    for name in (factor.name for factor in factors):
        if name in seen:
            raise OptionError(f"two factors are called {name!r}; name each once")
        seen.add(name)
    seen = set()
    for place, row in zip(find(game, [row.path for row in rows]), rows, strict=True):
        if row.path in seen:
            raise OptionError(f"{row.path} is in two factors; a number moves with one")
        seen.add(row.path)
        if place.read(game) != row.value:
            raise OptionError(
                f"{row.path} is {place.read(game)!r} in game {game.name!r}, its range is one around "
                f"{row.value!r}; give ranges of this game"
            )
        if not row.low <= row.value <= row.high:
            raise OptionError(f"{row.path}: {row.low!r} to {row.high!r} does not enclose {row.value!r}")
        for end in (row.low, row.high):
            place.checked(end)
    return factors


def _listed(uncertain: Uncertain) -> tuple[Factor, ...]:
    given = uncertain.rows if isinstance(uncertain, Ranges) else uncertain
    return tuple(item if isinstance(item, Factor) else Factor(item.path, (item,)) for item in given)


class Changer:
    """Makes games from numbers: one set of paths, any number of times.

    It does what `sanctopt.analysis.changes.with_values` does, faster, and with the rules of this module. In a
    valid case, numbers within what may stand in their places can break three things only: the last stage
    (``stages``), the sum of the priors, and the least value of a concession; these are checked.

    Parameters
    ----------
    game : Game
        The game as it stands.
    factors : sequence of Factor
        What is set each time.
    """

    def __init__(self, game: Game, factors: Sequence[Factor]) -> None:
        self.base = without_extra(game)
        case_files(self.base)
        self.factors = tuple(factors)
        self._places = {place.path: place for place in find(game, (r.path for f in factors for r in f.rows))}

    def game(self, numbers: Mapping[str, float]) -> Game:
        """The game with some of the numbers set, the others as they stand.

        Raises
        ------
        CaseError
            If it is not valid, e.g. a concession is worth too little.
        """
        changed = self._changed(numbers)
        if (lack := _concession_lacks(changed)) is not None:
            raise CaseError(f"game {changed.name!r}", [lack])
        return changed

    def lifted(self, numbers: Mapping[str, float]) -> tuple[Game, bool]:
        """The game, and whether the value of its concession had to be raised to the least that is valid.

        Raises
        ------
        CaseError
            If it is not valid even so.
        """
        changed = self._changed(numbers)
        if changed.off_ramp is None or _concession_lacks(changed) is None:
            return changed, False
        ramp = replace(changed.off_ramp, concession_value=least_concession(changed))
        return replace(changed, off_ramp=ramp), True

    def _changed(self, numbers: Mapping[str, float]) -> Game:
        tables: dict[str, dict[int, dict[str, Any]]] = {}
        priors: dict[int, float] = {}
        changed = self.base
        for path, number in numbers.items():
            place = self._places[path]
            value = place.checked(round(number) if place.column.range.whole else number)
            if place.row < 0:
                changed = place.write(changed, value)
            elif place.table == "types" and place.column.name == "prior":
                priors[place.row] = value
            else:
                row = tables.setdefault(place.table, {}).setdefault(place.row, {})
                row[place.column.field or place.column.name] = value
        for name, rows in tables.items():
            field = TABLES[name].game_field
            old = getattr(changed, field)
            new = tuple(replace(row, **rows[n]) if n in rows else row for n, row in enumerate(old))
            fields: dict[str, Any] = {field: new}
            changed = replace(changed, **fields)
        changed = _with_priors(changed, priors) if priors else changed
        share_network(changed, self.base)
        if "stages" in numbers:  # all else that numbers alone can break is checked by `game`
            case_files(replace(changed, off_ramp=None))
        return changed


def least_concession(game: Game) -> float:
    """The least value of a concession that is valid (``docs/model.md``, "The off-ramp").

    sum over t of discount**t revenue_weight Rbar(t) + credibility_weight max
    """
    revenue = math.fsum(game.discount**t * baseline_revenue(game, t) for t in range(game.stages))
    return game.weights.revenue * revenue + game.weights.credibility * game.credibility.max


def _concession_lacks(game: Game) -> Problem | None:
    """What is wrong with the value of a concession; it is computed on the game that will be played."""
    if game.off_ramp is None:
        return None
    value, least = game.off_ramp.concession_value, least_concession(game)
    if at_least(value, least):
        return None
    message = f"is less than the {least:.6g} that could still be earned without a concession"
    return Problem(GAME_FILE, None, "off_ramp.concession_value", f"{value:.6g}", message)


def reason(error: CaseError) -> str:
    """Why a game is not valid, without places in files: its numbers were set, not read."""
    found = ((problem.column or problem.file, problem.value, problem.message) for problem in error.problems)
    return "; ".join(" ".join(filter(None, parts)) for parts in found)


def _with_priors(game: Game, given: Mapping[int, float]) -> Game:
    """Priors by the rule of the module."""
    rest = {n: row.prior for n, row in enumerate(game.patron_types) if n not in given}
    total, left = math.fsum(given.values()), math.fsum(rest.values())
    if total <= 0.0 and left <= 0.0:
        problem = Problem(TABLES["types"].file, None, "prior", "", "all are 0; they must sum to 1")
        raise CaseError(f"game {game.name!r}", [problem])
    if left > 0.0 and total <= 1.0:
        scale, own = (1.0 - total) / left, 1.0
    else:
        scale, own = 0.0, 1.0 / total
    priors = {n: scale * prior for n, prior in rest.items()} | {n: own * p for n, p in given.items()}
    return replace(
        game, patron_types=tuple(replace(row, prior=priors[n]) for n, row in enumerate(game.patron_types))
    )


def numbers_at(factors: Iterable[Factor], positions: Iterable[float]) -> dict[str, float]:
    """All numbers, by path, with each factor at its position."""
    return dict(_pairs(factor.at(s) for factor, s in zip(factors, positions, strict=True)))


def numbers_drawn(factors: Iterable[Factor], shares: Iterable[float], shape: Shape) -> dict[str, float]:
    """All numbers, by path, with each factor at its quantile."""
    return dict(_pairs(factor.drawn(u, shape) for factor, u in zip(factors, shares, strict=True)))


def _pairs(parts: Iterable[Mapping[str, float]]) -> Iterator[tuple[str, float]]:
    for part in parts:
        yield from part.items()
