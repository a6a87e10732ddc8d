"""Ladders changed by hand: a decision struck out, added or put off, and the rest fitted to the game again.

They are where a search begins, and what is played to see what one more start would do. Fitting goes stage by
stage from a position along all best responses of all types:

1. At a history that the ladder knows, its rung is wanted; at another one, the rung of the same stage whose
   history agrees longest with it from the beginning, the first of several. Then the change is made.
2. A called threat is carried out. Of the other starts wanted, in order, those are made that are allowed
   beside the ones before; of mitigations, those that were not started yet.
3. The threat is kept as far as it would be allowed in the next stage; in the last stage there is none.

What comes out is allowed by the game, knows every history that its types can reach, and is no optimum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from sanctopt.game import Game, PatronType, Start
from sanctopt.ladder import History, Information, Ladder, Rung
from sanctopt.position import Position, advance, best_responses, take, utilities
from sanctopt.rules import violations

Change = Callable[[Rung], Rung]
"""What is wanted at a history instead of a rung; it may look at the rung's history."""


def fitted(game: Game, ladder: Ladder, begin: Position, change: Change) -> Ladder:
    """An adaptive ladder with a change, as near as the game allows: see the module docstring.

    Parameters
    ----------
    game : Game
        The game; its types are those that are met.
    ladder : Ladder
        What is changed: adaptive, with a rung at the history where it begins.
    begin : Position
        Where it begins.
    change : callable
        From the rung that is wanted at a history to what is wanted there instead.

    Returns
    -------
    Ladder
        Rungs from there on, without what is expected at them.
    """
    known = {rung.history: rung.decisions() for rung in ladder.rungs}
    rungs: list[Rung] = []
    open_: list[tuple[Position, tuple[PatronType, ...]]] = [(begin, game.patron_types)]
    while open_:
        position, pool = open_.pop()
        wanted = change(_wanted(known, position.history))
        rung = _allowed(game, position, wanted)
        rungs.append(rung)
        if position.stage < game.stages - 1:
            posture = take(game, position, rung)
            answers: dict[str, list[PatronType]] = {}
            for patron in pool:
                for response in best_responses(utilities(game, posture, patron)):
                    answers.setdefault(response, []).append(patron)
            open_ += [(advance(game, posture, name), tuple(types)) for name, types in answers.items()]
    return Ladder.of(game, Information.ADAPTIVE, rungs)


def _wanted(known: dict[History, Rung], history: History) -> Rung:
    """The rung at a history or, if there is none, at the most similar one; nothing if the stage has none."""
    if history in known:
        return known[history]
    same = [other for other in known if len(other) == len(history)]
    if not same:
        return Rung(history)
    return replace(known[max(same, key=lambda other: _common(other, history))], history=history)


def _common(one: History, other: History) -> int:
    """Number of responses before the first that differs."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=True)) if a != b), len(one))


def _allowed(game: Game, position: Position, wanted: Rung) -> Rung:
    """As much of a rung as is allowed at a position."""
    before = dict(position.mitigated)
    rung = Rung(
        position.history,
        starts=tuple(sorted(position.called)),
        engagements=tuple(dict.fromkeys(wanted.engagements)),
        mitigations=tuple(name for name in dict.fromkeys(wanted.mitigations) if name not in before),
        offer=wanted.offer and game.off_ramp is not None,
    )
    for start in _by_need(game, wanted.starts):
        more = replace(rung, starts=tuple(sorted({*rung.starts, start})))
        if start not in rung.starts and not violations(game, position, more):
            rung = more
    for start in _by_need(game, wanted.threat):
        more = replace(rung, threat=tuple(sorted({*rung.threat, start})))
        if not violations(game, position, more):
            rung = more
    return rung


def _by_need(game: Game, starts: tuple[Start, ...]) -> Iterator[Start]:
    """In the order given, but what requires another instrument after what does not."""
    return iter(sorted(starts, key=lambda start: _depth(game, start.instrument)))


def _depth(game: Game, name: str) -> int:
    """How many instruments must come before one; a circle of requirements is cut."""
    seen: set[str] = set()
    while name and name not in seen:
        seen.add(name)
        name = game.instrument[name].requires
    return len(seen)
