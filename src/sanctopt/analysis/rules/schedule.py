"""From wishes in order of priority to a ladder that the game allows.

A rule of thumb says what should be started, in which order; it knows neither effort nor requirements. Here is
the one way in which every rule is made to fit the game (the *repair*):

1. What a wish requires is wished directly before it, from the same stage on (earlier if wished so itself).
2. In each stage, again and again, the first wish is started that may be: its earliest stage has come, it was
   not started before, its requirements are met and the effort of the stage still has room for it.
3. What may not be started waits for the next stage. Smaller wishes further down may pass it.
4. What the game ends before is never started. `Schedule.to_frame` lists it with the reason.

"May be" is decided by `sanctopt.rules.violations`, the rules that `sanctopt.play` holds every ladder to. The
ladder that comes out is open loop: one sequence for all histories. It starts instruments and does nothing
else: no engagement, no mitigation, no standing threat, no off-ramp.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from sanctopt.errors import LadderError
from sanctopt.game import Game, Start, at_least
from sanctopt.ladder import History, Information, Ladder, Rung
from sanctopt.position import Dated, Position
from sanctopt.rules import violations


@dataclass(frozen=True)
class Wish:
    """A start that a rule wants, and the first stage (from 0) in which it wants it."""

    start: Start
    stage: int = 0


@dataclass(frozen=True)
class Schedule:
    """Wishes and what became of them.

    Attributes
    ----------
    game : Game
        The game.
    wishes : tuple of Wish
        In order of priority, each start once, what it requires before it.
    started : dict of Start to int
        The stage in which a wish was started; wishes that never were are not in it.
    required : frozenset of Start
        Starts that were not wished, but are required by a wish.
    """

    game: Game
    wishes: tuple[Wish, ...]
    started: dict[Start, int]
    required: frozenset[Start]

    @cached_property
    def ladder(self) -> Ladder:
        """The open-loop ladder that makes these starts, one rung for each stage; not played yet."""
        # An open-loop rung answers every history of its stage: any of the right length may stand for them.
        anything = self.game.responses[0].name
        rungs = (
            Rung((anything,) * stage, starts=tuple(sorted(s for s, t in self.started.items() if t == stage)))
            for stage in range(self.game.stages)
        )
        return Ladder.of(self.game, Information.OPEN_LOOP, rungs)

    def to_frame(self) -> pd.DataFrame:
        """One row per wish, in order of priority.

        Columns: priority (from 1), entity, instrument, wished and started (names of stages; "" if never),
        waited (stages between the two; missing if never started), note (why a start is here or never comes).
        """
        columns = ["priority", "entity", "instrument", "wished", "started", "waited", "note"]
        rows = [
            (
                number,
                wish.start.entity,
                wish.start.instrument,
                self._label(wish.stage),
                "" if when is None else self._label(when),
                None if when is None else when - wish.stage,
                self._note(wish),
            )
            for number, wish in enumerate(self.wishes, start=1)
            for when in [self.started.get(wish.start)]
        ]
        return pd.DataFrame(rows, columns=columns).astype({"waited": "Int64"})

    def _label(self, stage: int) -> str:
        return self.game.stage_label(stage)

    def _note(self, wish: Wish) -> str:
        notes = ["not wished, but required by a wish"] if wish.start in self.required else []
        if wish.start not in self.started:
            notes.append(f"never started: {self._obstacle(wish)}")
        return "; ".join(notes)

    def _obstacle(self, wish: Wish) -> str:
        """Why a wish was never started."""
        game, row = self.game, self.game.instrument[wish.start.instrument]
        if wish.stage >= game.stages:
            return "wished after the game ends"
        effort = game.start_effort(wish.start)
        if not at_least(game.effort_per_stage, effort):
            return f"its effort of {effort:g} exceeds the {game.effort_per_stage:g} of a stage"
        if row.requires:
            needed = Start(wish.start.entity, row.requires)
            since = self.started.get(needed)
            if since is None:
                known = needed in game.eligible
                return f"it requires {needed}, which is {'never started' if known else 'not eligible'}"
            if since + row.requires_age >= game.stages:
                return f"it requires {needed} for {row.requires_age} stages, and the game ends before"
        return "wishes before it took the effort of every stage"


def schedule(game: Game, wishes: Iterable[Wish]) -> Schedule:
    """Make a ladder that the game allows from wishes in order of priority.

    Parameters
    ----------
    game : Game
        The game.
    wishes : iterable of Wish
        What to start, most wanted first. A start that is wished twice keeps its first place.

    Returns
    -------
    Schedule
        Its ``ladder`` is allowed by the game; its ``to_frame`` tells what waited and what never came.

    Raises
    ------
    LadderError
        If a wish is not eligible (no row of ``effects.csv`` for its instrument and the kind of its entity)
        or its stage is negative.

    Examples
    --------
    >>> from sanctopt import Start, load_case
    >>> wanted = [Wish(Start("large_bank", "designate")), Wish(Start("trader", "designate"))]
    >>> schedule(load_case("teaching"), wanted).to_frame()[["entity", "started"]].values.tolist()
    [['large_bank', 'quarter 0'], ['trader', 'quarter 1']]
    """
    wanted = _checked(game, wishes)
    complete: dict[Start, Wish] = {}
    for wish in wanted.values():
        for start in (*requirements(game, wish.start), wish.start):
            own = wanted.get(start, wish)  # a requirement may be wished by itself, and for an earlier stage
            complete.setdefault(start, Wish(start, min(wish.stage, own.stage)))
    started: list[tuple[Start, int]] = []
    for stage in range(game.stages):
        now: list[Start] = []
        while (wanted_now := _next(game, complete.values(), tuple(started), stage, now)) is not None:
            now.append(wanted_now)
        started += [(start, stage) for start in now]
    return Schedule(game, tuple(complete.values()), dict(started), frozenset(complete.keys() - wanted.keys()))


def requirements(game: Game, start: Start) -> tuple[Start, ...]:
    """Eligible starts that must come before a start against the same entity, the first of them first.

    They end where a required instrument is not eligible; the start can then never be made.
    """
    chain: list[Start] = []
    needed = game.instrument[start.instrument].requires
    while needed:
        link = Start(start.entity, needed)
        if link == start or link in chain or link not in game.eligible:
            break
        chain.insert(0, link)
        needed = game.instrument[needed].requires
    return tuple(chain)


def _checked(game: Game, wishes: Iterable[Wish]) -> dict[Start, Wish]:
    wanted: dict[Start, Wish] = {}
    eligible = set(game.eligible)
    for wish in wishes:
        if wish.start not in eligible:
            raise LadderError(
                f"wish {wish.start} is not eligible in {game.name}: effects.csv has no row for it; "
                "wish for starts of game.eligible only"
            )
        if wish.stage < 0:
            raise LadderError(f"wish {wish.start} has stage {wish.stage}; stages are numbered from 0")
        wanted.setdefault(wish.start, wish)
    return wanted


def _next(game: Game, wishes: Iterable[Wish], started: Dated, stage: int, now: list[Start]) -> Start | None:
    """The first wish that may be started in a stage beside those of ``now``; None if there is none."""
    before = {start for start, _ in started} | set(now)
    history: History = (game.responses[0].name,) * stage
    # Whether starts are allowed does not depend on the stocks.
    position = Position(history, started, (), 0.0, 0.0, 0.0, ())
    for wish in wishes:
        if wish.stage <= stage and wish.start not in before:
            rung = Rung(history, starts=(*now, wish.start))
            if not violations(game, position, rung):
                return wish.start
    return None


@dataclass(frozen=True)
class Rule:
    """A rule of thumb: what it would start in a game, most wanted first.

    Call it with a game for its ladder, or ask for its `schedule` to see what had to wait.

    Parameters
    ----------
    name : str
        Name for tables.
    meaning : str
        What the rule does, in a sentence or two.
    wishes : callable
        From a game to its wishes in order of priority.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> banks = Rule("banks only", "Designates the banks, in the order of the case.", lambda game: tuple(
    ...     Wish(s) for s in game.eligible if s.instrument == "designate" and s.entity.endswith("bank")))
    >>> [str(s) for rung in banks(load_case("teaching")).rungs for s in rung.starts]
    ['designate medium_bank', 'designate large_bank']
    """

    name: str
    meaning: str
    wishes: Callable[[Game], tuple[Wish, ...]]

    def schedule(self, game: Game) -> Schedule:
        """What the rule wishes in a game and what becomes of it; errors as in `schedule`."""
        return schedule(game, self.wishes(game))

    def __call__(self, game: Game) -> Ladder:
        """The ladder of the rule in a game; errors as in `schedule`."""
        return self.schedule(game).ladder
