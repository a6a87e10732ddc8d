"""What would have to be true for another first rung to be right: the smallest change that makes it so.

Let r be in [0, 1], and let each number that is moved go the share r of the way to an end of its range:

    x(r) = x + r (end - x)

The end is the low or high one that the case states (``x_low``, ``x_high``). A number without a stated range
goes from x - |x| to x + |x|, within what is legal, so that r is its relative change. With

    V(x)  = the most that a plan with the wanted first rung is worth           (`FirstRung`)
    W(x)  = the most that a plan with any other first rung is worth            (`OtherFirstRungs`)

the wanted rung is optimal at x if V(x) >= W(x). It counts as optimal only where two solves show it: a plan
with the rung is worth at least the bound proven for all others, but for `GAP`. Two kinds of lines are
searched:

- one number alone, towards each of its ends;
- all of them together, each towards the end at which the difference between two plans, the best with the rung
  and the best without it, played in the changed game, is larger; a number that moves neither stays.

The difference V - W need not rise along a line, so the points `GRID` are asked from the inside out; between
the first at which the rung is optimal and the one before, bisection goes on until the two are within `CLOSE`
of the larger. What is reported is a witness: at r the rung *is* optimal. So r is an upper bound of the
smallest change; that no smaller one does is not shown. "None found" means: at none of the points asked, on
none of these lines.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import pandas as pd

from sanctopt.aims import PLAIN
from sanctopt.analysis.batch import OnBatchProgress, Question, solve_each
from sanctopt.analysis.changes import with_values
from sanctopt.analysis.plain_text import heading, money, section, table
from sanctopt.analysis.reasons import explanation_text as text
from sanctopt.analysis.reasons.losses import GAP, Known
from sanctopt.analysis.reasons.turning import together, turning_point
from sanctopt.analysis.reasons.ways import Move, moves_of, stated_moves
from sanctopt.errors import CaseError, LadderError, OptionError
from sanctopt.game import Game
from sanctopt.ladder import Ladder, Rung
from sanctopt.play import play
from sanctopt.rung_limits import FirstRung, OtherFirstRungs, RungLimit, decisions_of
from sanctopt.solver_options import Reason, SolveOptions

GRID = (0.25, 0.5, 0.75, 1.0)
"""Shares of the way that are asked on each line before bisection."""

CLOSE, CLOSEST = 0.05, 1 / 1024
"""Bisection narrows the share down to this part of itself, but no closer than that."""

SCREENED = 8
"""If no numbers are named, how many of those with a range are searched: those that favour the rung most."""

TOGETHER = "all together"


@dataclass(frozen=True)
class Line:
    """Numbers that go to ends of their ranges in step, and where the rung becomes optimal.

    Attributes
    ----------
    name : str
        The path of the number, or ``"all together"``.
    moves : tuple of Move
        What is moved.
    share : float
        The smallest share of the way found at which the rung is optimal, in (0, 1]; inf if none was found.
    below : float
        The largest share asked below it at which the rung was not shown to be optimal.
    with_rung, without_rung : Known
        V and W at the share; at the last point asked if none was found.
    invalid : int
        Points asked at which the game would not be valid, e.g. a concession worth too little.
    open : int
        Points asked at which the solves ended at a limit before they settled which is larger.
    """

    name: str
    moves: tuple[Move, ...]
    share: float
    below: float
    with_rung: Known
    without_rung: Known
    invalid: int
    open: int

    @property
    def witness(self) -> dict[str, float]:
        """The numbers at which the rung is optimal, by path; nothing if none was found."""
        if math.isinf(self.share):
            return {}
        return {move.path: move.at(self.share) for move in self.moves}


@dataclass(frozen=True)
class WhatItTakes:
    """What makes a first rung optimal.

    Attributes
    ----------
    game_name, stage_label : str
        The game, and the stage of the rung.
    rung : Rung
        The wanted first rung.
    with_rung, without_rung : Known
        V and W of the game as it is.
    lines : tuple of Line
        The smallest share first; those on which none was found last.
    left_out : int
        Numbers with a range that were not searched, because they help the two plans less.
    """

    game_name: str
    stage_label: str
    rung: Rung
    with_rung: Known
    without_rung: Known
    lines: tuple[Line, ...]
    left_out: int

    @property
    def optimal_already(self) -> bool:
        """Whether the rung is shown to be optimal in the game as it is."""
        return _shown(self.with_rung, self.without_rung)

    @property
    def share(self) -> float:
        """The smallest share found on any line: 0 if the rung is optimal already, inf if none was found."""
        return 0.0 if self.optimal_already else min((line.share for line in self.lines), default=math.inf)

    @property
    def witness(self) -> dict[str, float]:
        """Numbers with which the rung is optimal, none further from the case than `share`."""
        return dict(self.lines[0].witness) if self.lines and not self.optimal_already else {}

    def to_frame(self) -> pd.DataFrame:
        """One row per line and number moved on it.

        Columns: line, path, value, end, stated, share, below, witness (the number there; NaN if none was
        found), with_rung, without_rung (plans found there, US$m), without_rung_high (bound), invalid, open.
        """
        rows = [
            (
                line.name,
                move.path,
                move.value,
                move.end,
                move.stated,
                line.share,
                line.below,
                line.witness.get(move.path, math.nan),
                line.with_rung.value,
                line.without_rung.value,
                line.without_rung.high,
                line.invalid,
                line.open,
            )
            for line in self.lines
            for move in line.moves
        ]
        columns = ["line", "path", "value", "end", "stated", "share", "below", "witness"]
        columns += ["with_rung", "without_rung", "without_rung_high", "invalid", "open"]
        return pd.DataFrame(rows, columns=columns)

    def __str__(self) -> str:
        return "\n".join(line.rstrip() for line in _page(self))


def what_would_it_take(
    game: Game,
    first_rung: Rung,
    numbers: Iterable[str] | None = None,
    *,
    options: SolveOptions | None = None,
    executor: Executor | None = None,
    on_progress: OnBatchProgress | None = None,
) -> WhatItTakes:
    """Find the smallest change of named numbers that makes a first rung optimal.

    Parameters
    ----------
    game : Game
        The game; plans aim at the expectation.
    first_rung : Rung
        The first rung wanted; its history and what is expected at it do not count, an offer counts if some
        type takes it at once.
    numbers : iterable of str, optional
        Paths of numbers (`sanctopt.analysis.addresses`). None: of the numbers for which the case states a
        range, the `SCREENED` that change the difference between the two plans most in the rung's favour.
    options : SolveOptions, optional
        For each of the solves: two at each point asked, on each line up to 12 points.
    executor, on_progress : optional
        As in `sanctopt.analysis.batch.solve_each`; the lines are searched side by side.

    Returns
    -------
    WhatItTakes

    Raises
    ------
    OptionError
        If the rung does not fit the game, a path is unknown, or a number is blank, whole, or cannot move (it
        is 0 and has no range).

    Examples
    --------
    >>> from sanctopt import Rung, Start, load_case
    >>> from sanctopt.analysis.changes import with_value
    >>> game = with_value(load_case("teaching"), "stages", 1)
    >>> small = Rung((), starts=(Start("large_bank", "warn"), Start("trader", "designate")))
    >>> found = what_would_it_take(game, small, ["types.wary.prior"])
    >>> {path: round(value, 2) for path, value in found.witness.items()}  # it is 0.6 in the case
    {'types.wary.prior': 0.58}
    """
    limit = FirstRung(replace(first_rung.decisions(), history=()))
    replace(PLAIN, limits=(limit,)).check(game)
    named = None if numbers is None else tuple(dict.fromkeys(numbers))
    moves = stated_moves(game) if named is None else moves_of(game, named)
    search = _Search(game, limit, options, executor, on_progress)
    known = search.at({"": {}})[""]
    if _shown(*known):
        return WhatItTakes(game.name, game.stage_label(0), limit.rung, *known, (), 0)
    plans = search.plans
    gains = {path: _gains(game, ends, plans) for path, ends in moves.items()}
    kept = tuple(moves)
    if named is None:
        ranked = sorted(moves, key=lambda path: -max(gains[path].values(), default=-math.inf))
        kept = tuple(ranked[:SCREENED])
    lines: dict[Key, tuple[Move, ...]] = {(path, move.end): (move,) for path in kept for move in moves[path]}
    if joint := _joint(game, [(moves[path], gains[path]) for path in kept]):
        lines[TOGETHER, 0.0] = joint
    found = search.run(lines)
    order = sorted(found, key=lambda line: line.share)  # equal shares stay in the order of the numbers
    return WhatItTakes(
        game.name, game.stage_label(0), limit.rung, *known, tuple(order), len(moves) - len(kept)
    )


Key = tuple[str, float]
Pair = tuple[Known, Known]
NOT_VALID: Pair = (Known(math.nan, math.inf, Reason.ERROR), Known(math.nan, math.inf, Reason.ERROR))


def _shown(with_rung: Known, without: Known) -> bool:
    """Whether a plan with the rung is worth at least the bound of all others."""
    if with_rung.low == -math.inf:
        return False
    return with_rung.value >= without.high - GAP * max(1.0, abs(without.high))


def _refuted(with_rung: Known, without: Known) -> bool:
    """Whether a plan with another rung is worth more than the bound of all with it."""
    return with_rung.high < without.low or with_rung.reason is Reason.INFEASIBLE


class _Search:
    """What is asked along the lines, and what was answered."""

    def __init__(
        self,
        game: Game,
        wanted: FirstRung,
        options: SolveOptions | None,
        executor: Executor | None,
        on_progress: OnBatchProgress | None,
    ) -> None:
        self.game = game
        self.limits: tuple[RungLimit, RungLimit] = (wanted, OtherFirstRungs((wanted.rung,)))
        self.options, self.executor, self.on_progress = options, executor, on_progress
        self.plans: tuple[Ladder, ...] = ()

    def at(self, points: Mapping[str, Mapping[str, float]]) -> dict[str, Pair]:
        """V and W at points, by name; `NOT_VALID` where the game would not be valid."""
        questions, found = [], {}
        for name, values in points.items():
            try:
                changed = with_values(self.game, values) if values else self.game
            except (CaseError, OptionError):  # e.g. priors beyond 1, a concession worth too little: counted
                found[name] = NOT_VALID
                continue
            questions += [
                Question(name, changed, aims=replace(PLAIN, limits=(limit,)), known_ladders=self.plans)
                for limit in self.limits
            ]
        answers = solve_each(
            questions, options=self.options, executor=self.executor, on_progress=self.on_progress
        )
        pairs = zip(answers[::2], answers[1::2], strict=True)
        found |= {one.name: (Known.of(one.solution), Known.of(other.solution)) for one, other in pairs}
        if not self.plans:  # the first call: the game as it is
            self.plans = tuple(answer.solution.ladder for answer in answers if answer.solution.has_ladder)
        return found

    def run(self, lines: Mapping[Key, tuple[Move, ...]]) -> list[Line]:
        """Search all lines side by side."""
        asked: dict[Key, dict[float, Pair]] = {key: {} for key in lines}

        def holds(points: Mapping[Key, float]) -> dict[Key, bool]:
            names = {f"{key[0]} to {key[1]:g}: share {share:g}": key for key, share in points.items()}
            values = {
                name: {move.path: move.at(points[key]) for move in lines[key]} for name, key in names.items()
            }
            answers = self.at(values)
            for name, key in names.items():
                asked[key][points[key]] = answers[name]
            return {key: _shown(*answers[name]) for name, key in names.items()}

        turns = together({key: turning_point(GRID, CLOSE, CLOSEST) for key in lines}, holds)
        found = []
        for key, turn in turns.items():
            pair = asked[key][turn.below if turn.at is None else turn.at]
            others = [other for other in asked[key].values() if not _shown(*other)]
            found.append(
                Line(
                    name=key[0],
                    moves=lines[key],
                    share=math.inf if turn.at is None else turn.at,
                    below=turn.below,
                    with_rung=pair[0],
                    without_rung=pair[1],
                    invalid=sum(other is NOT_VALID for other in others),
                    open=sum(other is not NOT_VALID and not _refuted(*other) for other in others),
                )
            )
        return found


def _gains(game: Game, ends: tuple[Move, ...], plans: tuple[Ladder, ...]) -> dict[float, float]:
    """By end: by how much the difference of the two plans, played there, exceeds that in this game."""
    before = _difference(game, plans)
    found: dict[float, float] = {}
    for move in ends:
        try:
            changed = with_values(game, {move.path: move.end})
        except (CaseError, OptionError):  # not valid that far out; the line may be, nearer
            continue
        found[move.end] = _difference(changed, plans) - before
    return {end: gain for end, gain in found.items() if not math.isnan(gain)}


def _difference(game: Game, plans: tuple[Ladder, ...]) -> float:
    """Value of the first plan minus that of the second; NaN if one is missing or not allowed."""
    if len(plans) < 2:
        return math.nan
    values = []
    for plan in plans:
        try:
            rungs = (rung.decisions() for rung in plan.rungs)
            values.append(play(game, Ladder.of(game, plan.information, rungs)).value)
        except LadderError:  # made for the game as it is; another effort or requirement may forbid it
            return math.nan
    return values[0] - values[1]


def _joint(game: Game, numbers: Iterable[tuple[tuple[Move, ...], Mapping[float, float]]]) -> tuple[Move, ...]:
    """Each number to the end that favours the rung more than the other end and than staying does.

    If these are the priors of all types, the one that matters least stays out: it follows from the others.
    """
    chosen: list[tuple[float, Move]] = []
    for ends, gains in numbers:
        best = max((move for move in ends if move.end in gains), key=lambda m: gains[m.end], default=None)
        if best is not None and gains[best.end] > 0.0:
            chosen.append((gains[best.end], best))
    priors = {f"types.{name}.prior" for name in game.patron_type}
    moved = [item for item in chosen if item[1].path in priors]
    if len(moved) == len(priors):
        chosen.remove(min(moved, key=lambda item: item[0]))
    return tuple(move for _, move in chosen) if len(chosen) > 1 else ()


def _page(found: WhatItTakes) -> Iterator[str]:
    yield from heading(f"What would it take? {found.game_name}, {found.stage_label}")
    yield "Money in millions of US dollars, expected over types."
    yield ""
    yield "The first rung wanted:"
    yield from (f"  - {text.name(decision)}" for decision in decisions_of(found.rung))
    if not decisions_of(found.rung):
        yield "  - nothing"
    yield ""
    yield from text.wrapped(_today(found))
    if found.optimal_already:
        return
    hits = [line for line in found.lines if math.isfinite(line.share)]
    yield from section("What makes it optimal, the smallest change first")
    yield from text.wrapped(
        "Each change suffices: there, no other first rung is worth more, as two solves show. Its size is the "
        "share of the way from the number to the end of its range; for a number without a range, marked *, "
        "it is the relative change. A smaller change than the one found may do."
    )
    yield ""
    if not hits:
        yield "None was found within the ranges."
    else:
        yield from table(("change", "size", "from", "to", "with rung", "others"), list(_rows(hits)))
    missed = sorted({line.name for line in found.lines} - {line.name for line in hits})
    if missed:
        yield ""
        yield from text.wrapped(
            f"No change was found, at {', '.join(f'{100 * share:.0f}' for share in GRID)} % of the way to "
            f"either end: {', '.join(missed)}.",
            "  ",
        )
    if found.left_out:
        yield from text.wrapped(
            f"{found.left_out} more numbers have a range; they help the rung less when both plans are played "
            "with them, and were not searched. Name them to have them searched."
        )
    invalid, open_ = sum(line.invalid for line in found.lines), sum(line.open for line in found.lines)
    if invalid:
        yield from text.wrapped(f"{invalid} points were passed over: the game would not be valid there.")
    if open_:
        yield from text.wrapped(f"{open_} points were not settled: the solves ended at a limit.")


def _today(found: WhatItTakes) -> str:
    with_rung, without = found.with_rung, found.without_rung
    if with_rung.reason is Reason.INFEASIBLE:
        return "As the numbers are, the game does not allow this rung."
    if found.optimal_already:
        return f"It is optimal as the numbers are: {money(with_rung.value)}."
    if math.isnan(with_rung.value) or math.isnan(without.value):
        return "As the numbers are, no plan was found in time with this rung, or none with another one."
    best = "the best plan with it" + ("" if _exact(with_rung) else " found in time")
    other = "the best with another one" + ("" if _exact(without) else " found in time")
    less = money(without.value - with_rung.value)
    return (
        f"As the numbers are, {best} is worth {money(with_rung.value)}, {other} {money(without.value)}: "
        f"{less} more."
    )


def _exact(known: Known) -> bool:
    return known.high - known.value <= max(text.SHOWN, GAP * abs(known.value))


def _rows(hits: Iterable[Line]) -> Iterator[tuple[str, ...]]:
    for line in hits:
        size = f"{100 * line.share:.1f} %"
        others_worth = line.without_rung.value
        worth = (money(line.with_rung.value), money(others_worth) if math.isfinite(others_worth) else "none")
        first, *others = line.moves
        alone = not others
        start = _row(first, line.share) if alone else (line.name, "", "")
        yield (start[0], size, *start[1:], *worth)
        if not alone:
            for move in line.moves:
                name, begin, end = _row(move, line.share)
                yield (f"  {name}", "", begin, end, "", "")


def _row(move: Move, share: float) -> tuple[str, str, str]:
    mark = "" if move.stated else " *"
    return move.path + mark, f"{move.value:.4g}", f"{move.at(share):.4g}"
