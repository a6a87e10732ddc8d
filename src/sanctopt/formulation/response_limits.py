"""What a response rules out: rows that every whole point satisfies, and fractional ones do not.

    y_at     type answers a in stage t                      binary
    s_imt    instrument m starts against i                  binary
    P_t      provocation; P_at if a is taken, else 0

A type takes a response only while it is not provoked too much for it: P_t <= U_at
(`Bounds.provocation_under`). The views of the room ``patron`` say so too, and for whole y and s nothing is
missing there. But half a start provokes half as much, and a relaxation starts a fraction of everything that
a whole response would have ruled out. The rows of this room say it start by start, for sets of starts, and
for what carries over to later stages. They cut off no ladder (``docs/formulation.md`` section 4.10); the
search adds them where its bound rests on relaxations (`Frame.tight`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from sanctopt.formulation.bounds import Bounds
from sanctopt.formulation.frame import Frame
from sanctopt.formulation.linear import Row, at_most
from sanctopt.formulation.patron import ended_before
from sanctopt.game import Start

LOOK_AHEAD = 3
"""Stages that a start or a stock is followed into; what carries over that far is little."""


@dataclass(frozen=True)
class StartSet:
    """Starts of one stage that provoke at least some amount each, and how many of them there can be.

    Attributes
    ----------
    starts : tuple of Start
        The starts.
    most : int
        Number of them that effort allows in a stage.
    under : dict of str to int
        Number of them that each response allows, at most ``most``.
    """

    starts: tuple[Start, ...]
    most: int
    under: dict[str, int]


def add_response_limits(model: Any) -> None:
    """Add what responses rule out, if the frame asks for it; needs the rungs, the patron, and concessions."""
    frame: Frame = model.frame
    if not frame.tight:
        return
    model.start_sets = {
        (q, t, number): found
        for q, t in frame.voice_stages
        if t in frame.planned
        for number, found in enumerate(start_sets(model, q, t))
    }
    model.one_start = pyo.Constraint(list(_ruled_out(model)), rule=one_start)
    model.some_starts = pyo.Constraint(list(model.start_sets), rule=some_starts)
    model.earlier_provocation = pyo.Constraint(list(_earlier(model)), rule=earlier_provocation)


def _answers(model: Any, type_name: str, stage: int) -> dict[str, float]:
    """Responses that a type may take in a stage, each with the most provocation under it."""
    bounds: Bounds = model.bounds
    return {a: bounds.provocation_under[type_name, a, stage] for a in bounds.possible[type_name, stage]}


def _later(frame: Frame, stage: int) -> range:
    """A stage and those that what is done in it is followed into."""
    return range(stage, min(stage + LOOK_AHEAD + 1, frame.game.stages))


def _ruled_out(model: Any) -> Iterator[tuple[str, str, str, int, int]]:
    """Type, start and its stage, and a stage in which the start alone provokes too much for some response."""
    frame: Frame = model.frame
    for q, t in frame.voice_stages:
        for stage in _later(frame, t) if t in frame.planned else ():
            least = min(_answers(model, q, stage).values(), default=float("inf"))
            for start in frame.starts:
                if _left(frame, start, stage - t) > least:
                    yield q, start.entity, start.instrument, t, stage


def _left(frame: Frame, start: Start, stages: int) -> float:
    """Provocation of a start that is left after some stages."""
    return frame.game.start_provocation(start) * frame.game.carryover**stages


def _too_much(model: Any, type_name: str, start: Start, stage: int, later: int) -> list[str]:
    """Responses of a later stage for which a start alone provokes too much."""
    left = _left(model.frame, start, later - stage)
    return [a for a, most in _answers(model, type_name, later).items() if left > most]


def one_start(model: Any, type_name: str, entity: str, instrument: str, stage: int, later: int) -> Row:
    """A start and a response that it alone provokes too much for go not together (response_limits.1).

    ``s_imt + sum over a of y_at' <= 1``,  over the responses a with carryover^(t' - t) provocation(m)
    salience(i) > U_at',  for t <= t' <= t + 3
    """
    frame: Frame = model.frame
    owner = frame.copy(type_name, stage)
    excluded = _too_much(model, type_name, Start(entity, instrument), stage, later)
    answers = [(1.0, model.takes[type_name, a, later]) for a in excluded]
    return at_most([(1.0, model.starts[owner, entity, instrument, stage]), *answers], 1.0)


def start_sets(model: Any, type_name: str, stage: int) -> list[StartSet]:
    """Sets of starts of which some response allows fewer than effort does.

    One set for each provocation p of a start: all starts that provoke at least p. Of sets with the same
    numbers only the largest is kept, since its row implies the others'.
    """
    frame: Frame = model.frame
    game = frame.game
    answers = _answers(model, type_name, stage)
    room = game.effort_per_stage * (1 + 1e-9) + 1e-9
    found: list[StartSet] = []
    for least in sorted({game.start_provocation(start) for start in frame.starts} - {0.0}, reverse=True):
        starts = tuple(start for start in frame.starts if game.start_provocation(start) >= least)
        most = how_many((game.start_effort(start) for start in starts), room)
        provocations = [game.start_provocation(start) for start in starts]
        under = {a: min(most, how_many(provocations, bound)) for a, bound in answers.items()}
        if min(under.values(), default=most) == most:
            continue
        if found and (found[-1].under, found[-1].most) == (under, most):
            found.pop()
        found.append(StartSet(starts, most, under))
    return found


def how_many(amounts: Iterable[float], room: float) -> int:
    """Largest number of amounts, each at least 0, whose sum is at most ``room``: the smallest ones.

    >>> how_many([2.0, 1.0, 1.5], 2.5)
    2
    """
    count, total = 0, 0.0
    for amount in sorted(amounts):
        total += amount
        if total > room:
            break
        count += 1
    return count


def some_starts(model: Any, type_name: str, stage: int, number: int) -> Row:
    """No more starts of a set than the response and effort allow (response_limits.2).

    ``sum over (i, m) in S of s_imt <= sum_a n_a y_at + n sum over tau < t of g_tau``,  S the starts that
    provoke at least p, n how many of them effort allows, n_a <= n how many provoke at most U_at together
    """
    frame: Frame = model.frame
    owner = frame.copy(type_name, stage)
    chosen: StartSet = model.start_sets[type_name, stage, number]
    made = [(1.0, model.starts[owner, s.entity, s.instrument, stage]) for s in chosen.starts]
    allowed = [(-float(count), model.takes[type_name, a, stage]) for a, count in chosen.under.items()]
    return at_most([*made, *allowed, *_ended(model, type_name, stage, float(chosen.most))], 0.0)


def _ended(model: Any, type_name: str, stage: int, most: float) -> list[tuple[float, Any]]:
    """Terms of what is allowed once the type's game has ended."""
    return [(-most * weight, variable) for weight, variable in ended_before(model, type_name, stage)]


def _earlier(model: Any) -> Iterator[tuple[str, str, int, int, str]]:
    """Type, response and stage, a later stage, and a response there that allows less than some other does."""
    frame: Frame = model.frame
    for q, t in frame.voice_stages:
        if t not in frame.planned:
            continue
        for a, most in _answers(model, q, t).items():
            for later in list(_later(frame, t))[1:]:
                before = {b: _carried(model, q, b, t, later, most) for b in _answers(model, q, later)}
                below = sorted({(bound, b) for b, bound in before.items() if bound < most})
                for number, (bound, b) in enumerate(below):
                    if number == 0 or bound > below[number - 1][0]:
                        yield q, a, t, later, b


def _carried(model: Any, type_name: str, response: str, stage: int, later: int, most: float) -> float:
    """Most provocation in a stage, at most ``most``, after which a response of a later one is possible."""
    frame: Frame = model.frame
    share = frame.game.carryover ** (later - stage)
    bound: float = model.bounds.provocation_under[type_name, response, later]
    return min(most, bound / share) if share > 0.0 else most


def earlier_provocation(model: Any, type_name: str, response: str, stage: int, later: int, mild: str) -> Row:
    """Provocation now must leave room for the response of a later stage (response_limits.3).

    ``P_at <= W_c y_at + sum over b of (W_b - W_c) y_bt' + sum over t <= tau < t' of (U_at - W_c) g_tau``,
    W_b = min(U_at, U_bt' / carryover^(t' - t)), over the responses b with W_b > W_c,  for t < t' <= t + 3
    """
    frame: Frame = model.frame
    most = model.bounds.provocation_under[type_name, response, stage]
    before = {b: _carried(model, type_name, b, stage, later, most) for b in _answers(model, type_name, later)}
    least = before[mild]
    terms = [
        (1.0, model.seen_provocation[type_name, response, stage]),
        (-least, model.takes[type_name, response, stage]),
    ]
    terms += [
        (least - bound, model.takes[type_name, b, later]) for b, bound in before.items() if bound > least
    ]
    if type_name in frame.conceding:
        terms += [(least - most, model.concedes[type_name, tau]) for tau in range(stage, later)]
    return at_most(terms, 0.0)
