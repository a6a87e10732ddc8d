"""A ladder made for one game, kept in another one with the same names: repaired where it is not allowed.

Other numbers may forbid what a rung does: its starts may take more effort than a stage has, or need to wait
longer for what they require. If `sanctopt.play` refuses the ladder for such a reason, it is repaired as
`sanctopt.analysis.rules.schedule` makes rules of thumb fit a game, at each public history of the ladder:

1. A called threat is carried out. Then come the starts that wait from before, then those of the rung, in
   their order; again and again the first of them is made that may be.
2. What may not be made waits for the next stage of the same history. What the ladder does there anyway, or
   the game ends before, is not waited for.
3. A threat keeps those of its starts that may be made in the next stage; of an open-loop ladder, those that
   its next rung makes in any case.
4. Talks, mitigations and offers stay.

A ladder that is allowed is never touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sanctopt.errors import LadderError
from sanctopt.game import Game, Start
from sanctopt.ladder import History, Information, Ladder, Rung
from sanctopt.outcome import Outcome
from sanctopt.play import play
from sanctopt.position import Dated, Position
from sanctopt.rules import violations
from sanctopt.rung_limits import first_rung


@dataclass(frozen=True)
class Kept:
    """A ladder as it is kept in a game.

    Attributes
    ----------
    ladder : Ladder
        As given, or repaired.
    outcome : Outcome
        What comes of it, ties in the coalition's favour.
    repaired : bool
        Whether the game did not allow it as it was given.
    """

    ladder: Ladder
    outcome: Outcome
    repaired: bool

    @property
    def value(self) -> float:
        """Expected payoff (millions of US dollars)."""
        return self.outcome.value

    @property
    def reached(self) -> Ladder:
        """The rungs that are reached, by history: what a solve of an adaptive ladder can begin with."""
        return self.outcome.ladder

    @property
    def first_rung(self) -> Rung:
        """What is done first; an offer counts if it is accepted at once (`sanctopt.rung_limits`)."""
        return first_rung(self.outcome)


def keep(game: Game, ladder: Ladder) -> Kept:
    """Play a ladder in a game, repaired if it must be.

    Parameters
    ----------
    game : Game
        The game; it has the names that the ladder uses.
    ladder : Ladder
        Adaptive or open loop.

    Returns
    -------
    Kept

    Raises
    ------
    LadderError
        If even the repaired ladder is not allowed: it names what the game does not have.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> from sanctopt.analysis.changes import with_value
    >>> from sanctopt.analysis.rules.rules_of_thumb import LARGEST_FIRST
    >>> game = load_case("teaching")
    >>> kept = keep(with_value(game, "effort_per_stage", 1.0), LARGEST_FIRST(game))
    >>> kept.repaired, round(kept.value, 2)
    (True, 14.85)
    """
    try:
        return Kept(ladder, play(game, ladder), False)
    except LadderError:
        mended = repaired(game, ladder)
        return Kept(mended, play(game, mended), True)


def repaired(game: Game, ladder: Ladder) -> Ladder:
    """The ladder with every rung made to fit the game, by the rules of the module."""
    if ladder.information is Information.CLAIRVOYANT:
        raise LadderError("a clairvoyant ladder has no first rung of its own to keep; give an adaptive one")
    done: dict[History, _Done] = {}
    rungs = sorted((rung.decisions() for rung in ladder.rungs), key=lambda rung: (rung.stage, rung.history))
    open_loop = ladder.information is Information.OPEN_LOOP
    if open_loop:  # one sequence: each stage once, whatever was answered
        anything = game.responses[0].name
        stages = {rung.stage: replace(rung, history=(anything,) * rung.stage) for rung in rungs}
        rungs = [stages.get(stage, Rung((anything,) * stage)) for stage in range(game.stages)]
    for rung in rungs:
        before = done.get(rung.history[:-1]) if rung.history else _Done(rung, (), ())
        if before is None:
            continue  # never reached: the ladder has no rung before it
        done[rung.history] = _mended(game, rung, before, open_loop=open_loop)
    found = [entry.rung for entry in done.values()]
    if open_loop:
        found = [
            replace(rung, threat=tuple(start for start in rung.threat if start in after.starts))
            for rung, after in zip(found, [*found[1:], Rung(())], strict=True)
        ]
    return Ladder.of(game, ladder.information, found)


@dataclass(frozen=True)
class _Done:
    """A rung as mended, with all starts made by then and those that wait."""

    rung: Rung
    started: Dated
    waiting: tuple[Start, ...]


def _mended(game: Game, rung: Rung, before: _Done, *, open_loop: bool) -> _Done:
    stage, history = rung.stage, rung.history
    hostile = bool(history) and game.response[history[-1]].hostile
    called = before.rung.threat if history and (hostile or open_loop) else ()
    if open_loop:
        called = tuple(start for start in called if start in rung.starts)
    position = Position(history, before.started, (), 0.0, 0.0, 0.0, ())  # starts do not depend on stocks
    made = {start for start, _ in before.started}
    wishes = [start for start in _once((*called, *before.waiting, *rung.starts)) if start not in made]
    now = list(_fitting(game, position, wishes))
    started = before.started + tuple((start, stage) for start in now)
    waiting = tuple(start for start in wishes if start not in now)
    then = Position((*history, game.responses[0].name), started, (), 0.0, 0.0, 0.0, ())
    threat = tuple(_fitting(game, then, rung.threat)) if stage < game.stages - 1 else ()
    mended = replace(rung, starts=tuple(sorted(now)), threat=tuple(sorted(threat)))
    return _Done(mended, started, waiting)


def _fitting(game: Game, position: Position, wishes: Sequence[Start]) -> Iterable[Start]:
    """Again and again the first start that may be made beside those made already."""
    now: list[Start] = []
    while True:
        for start in wishes:
            rung = Rung(position.history, starts=(*now, start))
            if start not in now and not violations(game, position, rung):
                now.append(start)
                break
        else:
            return now


def _once(starts: Iterable[Start]) -> tuple[Start, ...]:
    return tuple(dict.fromkeys(starts))
