"""Changed copies of a game: without something, with more of something, with another number.

Each function is pure, takes a game and returns another one, checked as a case folder is checked. The name
stays: games that play the same have the same `Game.digest`, so that nobody solves them twice. Plausible
ranges (``x_low``, ``x_high``) stay beside their numbers, but for those that no longer enclose them.

Taking away what the coalition may do, and nothing else, leaves it ladders that play the same in both games:
so `without_instrument`, `without_engagements`, `without_mitigations`, `without_threats` and
`without_off_ramp` never raise the optimum, and `with_effort` (by more than 0) never lowers it. That is no law
for `with_credibility` where there is an off-ramp: an exit may make a regime concede too early.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from sanctopt.analysis.addresses import find, without_broken_ranges, without_extra
from sanctopt.case.schema import PRIOR_TOLERANCE
from sanctopt.case.writer import case_files
from sanctopt.errors import OptionError
from sanctopt.game import Game, PatronType, Perception, Utility

_MEAN = "mean"


def without_instrument(game: Game, name: str) -> Game:
    """The game without an instrument, and without those that require it, directly or not.

    Parameters
    ----------
    game : Game
        The game.
    name : str
        An instrument of it.

    Returns
    -------
    Game

    Raises
    ------
    OptionError
        If the game has no such instrument.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> [row.name for row in without_instrument(load_case("teaching"), "warn").instruments]
    ['designate']
    """
    _known(name, game.instrument, "instrument")
    gone = {name}
    while more := {row.name for row in game.instruments if row.requires in gone} - gone:
        gone |= more
    return valid(
        replace(
            game,
            instruments=tuple(row for row in game.instruments if row.name not in gone),
            effects=tuple(row for row in game.effects if row.instrument not in gone),
        )
    )


def without_engagements(game: Game, *names: str) -> Game:
    """The game without some engagements; without any if no name is given.

    Raises
    ------
    OptionError
        If the game has no such engagement.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> without_engagements(load_case("teaching")).engagements
    ()
    """
    for name in names:
        _known(name, game.engagement, "engagement")
    return valid(
        replace(game, engagements=tuple(row for row in game.engagements if names and row.name not in names))
    )


def without_mitigations(game: Game, *names: str) -> Game:
    """The game without some mitigations; without any if no name is given. Harms and parties stay.

    Raises
    ------
    OptionError
        If the game has no such mitigation.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> without_mitigations(load_case("teaching"), "insurance").mitigations
    ()
    """
    for name in names:
        _known(name, game.mitigation_names, "mitigation")
    return valid(
        replace(game, mitigations=tuple(row for row in game.mitigations if names and row.name not in names))
    )


def without_threats(game: Game) -> Game:
    """The game without standing threats.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> without_threats(load_case("dprk_2017")).standing_threats
    False
    """
    return valid(replace(game, standing_threats=False))


def without_off_ramp(game: Game) -> Game:
    """The game without an off-ramp.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> without_off_ramp(load_case("teaching")).off_ramp is None
    True
    """
    extra = tuple(item for item in game.game_extra if item[0] != "off_ramp")
    return valid(replace(game, off_ramp=None, game_extra=extra))


def with_effort(game: Game, more: float) -> Game:
    """The game with more effort per stage; less if ``more`` is below 0.

    Raises
    ------
    OptionError
        If the effort would be below 0 or not finite.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> with_effort(load_case("teaching"), 1.0).effort_per_stage
    3.0
    """
    return with_value(game, "effort_per_stage", game.effort_per_stage + more)


def with_credibility(game: Game, more: float) -> Game:
    """The game with more credibility before it begins, within the most that there can be.

    Parameters
    ----------
    game : Game
        The game.
    more : float
        Added to ``credibility.initial``. The sum is cut at ``credibility.max``, but not below ``initial``
        where that is above ``max`` already. Less if below 0.

    Returns
    -------
    Game

    Raises
    ------
    OptionError
        If credibility would be below 0 or not finite.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> with_credibility(load_case("teaching"), 1.0).credibility.initial
    1.5
    """
    initial, most = game.credibility.initial, game.credibility.max
    if math.isfinite(more):
        return with_value(game, "credibility.initial", min(initial + more, max(most, initial)))
    return with_value(game, "credibility.initial", initial + more)


def with_priors(game: Game, priors: Mapping[str, float]) -> Game:
    """The game with other priors.

    Parameters
    ----------
    game : Game
        The game.
    priors : mapping of str to float
        Probability in [0, 1] of every type; they sum to 1.

    Returns
    -------
    Game

    Raises
    ------
    OptionError
        If a type is unknown or missing, or a prior is no probability.
    CaseError
        If the priors do not sum to 1.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> game = with_priors(load_case("teaching"), {"wary": 0.25, "proud": 0.75})
    >>> [row.prior for row in game.patron_types]
    [0.25, 0.75]
    """
    for name in priors:
        _known(name, game.patron_type, "type")
    if missing := [name for name in game.patron_type if name not in priors]:
        raise OptionError(f"type {missing[0]!r} has no prior; give one for every type (it may be 0)")
    return with_values(game, {f"types.{name}.prior": prior for name, prior in priors.items()})


def without_type(game: Game, name: str) -> Game:
    """The game if a type can be ruled out: the other priors are scaled up in proportion (Bayes).

    Raises
    ------
    OptionError
        If there is no such type, or if no other one is possible.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> without_type(load_case("teaching"), "proud").patron_types[0].prior
    1.0
    """
    _known(name, game.patron_type, "type")
    return _only_types(game, [row.name for row in game.patron_types if row.name != name])


def only_type(game: Game, name: str) -> Game:
    """The game against one type for certain.

    Raises
    ------
    OptionError
        If there is no such type.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> [row.name for row in only_type(load_case("teaching"), "proud").patron_types]
    ['proud']
    """
    _known(name, game.patron_type, "type")
    certain = {row.name: 1.0 if row.name == name else 0.0 for row in game.patron_types}
    return _only_types(_priors(game, certain), [name])


def with_mean_type(game: Game) -> Game:
    """The game against one type, "mean", for certain: the mean-value problem of stochastic programming.

    What is uncertain in the game is the type, so the mean is taken over the numbers that a type has, each
    weighted by the prior p:

        coefficient(mean, a) = sum over types of p(theta) coefficient(theta, a)    for each of the five
        offset(mean, t)      = sum over types of p(theta) offset(theta, t)         0 where there is no row
        reservation(mean)    = sum over types of p(theta) reservation(theta)       if all have one

    The utility is linear in the coefficients, so the mean type's utility of a response is the mean of the
    utilities wherever the offsets are equal. (Else the product of mean coefficient and mean offset
    stands for the mean of the products: the mean is one of the data, as in a mean-value problem.) A blank
    reservation is no number: if some regime never concedes, there is no mean, and the reservation is that of
    the most likely type, the first in the game's order among equals, blank or not.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> game = with_mean_type(load_case("teaching"))
    >>> game.patron_types[0].reservation, round(game.utility["mean", "retaliate"].base, 3)
    (0.28, -2.852)
    """
    total = math.fsum(row.prior for row in game.patron_types)
    share = {row.name: row.prior / total for row in game.patron_types}

    def mean(numbers: Mapping[str, float]) -> float:
        return math.fsum(share[name] * number for name, number in numbers.items())

    reservations = {row.name: row.reservation for row in game.patron_types if row.reservation is not None}
    reservation = max(game.patron_types, key=lambda row: row.prior).reservation
    if len(reservations) == len(game.patron_types):
        reservation = min(1.0, mean(reservations))  # rounding may lift a mean of ones

    def of(response: str, part: str) -> float:
        return mean({name: getattr(game.utility[name, response], part) for name in share})

    utilities = tuple(
        Utility(
            _MEAN,
            response,
            base=of(response, "base"),
            provocation=of(response, "provocation"),
            engagement=of(response, "engagement"),
            mitigation=of(response, "mitigation"),
            threat=of(response, "threat"),
        )
        for response in game.response
    )
    perception = tuple(
        Perception(_MEAN, stage, mean({name: game.offset.get((name, stage), 0.0) for name in share}))
        for stage in sorted({row.stage for row in game.perception})
    )
    return valid(
        replace(
            game,
            patron_types=(PatronType(_MEAN, 1.0, reservation),),
            utilities=utilities,
            perception=perception,
        )
    )


def with_value(game: Game, path: str, value: float) -> Game:
    """The game with another value of one number: `with_values` of one path.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> with_value(load_case("teaching"), "weights.harm", 2.0).weights.harm
    2.0
    """
    return with_values(game, {path: value})


def with_values(game: Game, values: Mapping[str, float]) -> Game:
    """The game with other values of some numbers.

    Parameters
    ----------
    game : Game
        The game.
    values : mapping of str to float
        By path, i.e. where the number stands in the case folder: ``discount``, ``weights.harm``,
        ``entities.bank.us_exposure``, ``utilities.hawk.coerce.base``, ... (`sanctopt.analysis.addresses`).
        Each value in its unit and range. A blank number may be given a value. The cost of a mitigation is
        that of its first row.

    Returns
    -------
    Game
        All other numbers as they were, with one exception: where *priors* are set, the priors of the other
        types are scaled in proportion, so that all sum to 1.

    Raises
    ------
    OptionError
        If there is no such number, a value is out of its range, or the priors set leave less than nothing
        to the other types, or something to types that all have prior 0.
    CaseError
        If the game is not valid with them, e.g. a concession is worth too little then.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> changed = with_values(load_case("teaching"), {"types.wary.prior": 0.75, "effort_per_stage": 1.5})
    >>> changed.effort_per_stage, [row.prior for row in changed.patron_types]
    (1.5, [0.75, 0.25])
    """
    priors: dict[str, float] = {}
    changed = game
    for place, value in zip(find(game, values), values.values(), strict=True):
        checked = place.checked(value)
        if place.table == "types" and place.column.name == "prior":
            priors[game.patron_types[place.row].name] = checked
        else:
            changed = place.write(changed, checked)
    return valid(_priors(changed, _scaled(game, priors)) if priors else changed)


def valid(game: Game) -> Game:
    """The game, checked as a case folder is; plausible ranges that enclose their number no more are dropped.

    Raises
    ------
    CaseError
        If it is not valid; all defects are named.
    """
    case_files(without_extra(game))
    return without_broken_ranges(game)


def _known(name: str, names: Iterable[str], noun: str) -> None:
    known = list(names)
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(known) or 'none'}"
        raise OptionError(f"the game has no {noun} {name!r}; {hint}")


def _priors(game: Game, priors: Mapping[str, float]) -> Game:
    return replace(
        game, patron_types=tuple(replace(row, prior=priors[row.name]) for row in game.patron_types)
    )


def _scaled(game: Game, priors: Mapping[str, float]) -> dict[str, float]:
    """Priors of all types: those given, and the others in proportion to what they were."""
    rest = {row.name: row.prior for row in game.patron_types if row.name not in priors}
    left, total = 1.0 - math.fsum(priors.values()), math.fsum(rest.values())
    if rest and (left < -PRIOR_TOLERANCE or (total <= 0.0 and left > PRIOR_TOLERANCE)):
        given = ", ".join(f"types.{name}.prior = {prior!r}" for name, prior in priors.items())
        why = "more than 1 together" if left < 0.0 else "less than 1, and all other types have prior 0"
        raise OptionError(f"{given}: {why}; give every type its prior, so that they sum to 1")
    scale = max(0.0, left) / total if total > 0.0 else 0.0
    return {row.name: priors.get(row.name, scale * row.prior) for row in game.patron_types}


def _only_types(game: Game, names: list[str]) -> Game:
    """The game of some of its types, given that it is one of them."""
    kept = [row for row in game.patron_types if row.name in names]
    total = math.fsum(row.prior for row in kept)
    if total <= 0.0:
        raise OptionError("no type with a prior above 0 would be left; keep one that is possible")
    return valid(
        replace(
            game,
            patron_types=tuple(replace(row, prior=row.prior / total) for row in kept),
            utilities=tuple(row for row in game.utilities if row.type in names),
            perception=tuple(row for row in game.perception if row.type in names),
        )
    )
