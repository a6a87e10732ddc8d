"""Concessions that the program overlooks, and the rows that remind it of them.

The program lets a regime concede only where it may; the game makes it concede wherever it would. The
difference matters if one offer stands for several types: the program could have one of them decline, to
concede later for more. Such a point is found by playing its ladder, and cut off by a row that holds for every
plan (``docs/formulation.md``, forced.1):

    sum over tau <= t of g_tau >= o_t - sum over starts in S of (1 - s_imtau) - sum over A of (1 - y_a,tau)

where the starts S and the responses A were enough to bring revenue to the reservation in stage t. It holds
because more starts only add removal and credibility, and with it exits: revenue would be no higher.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sanctopt.formulation.frame import Frame
from sanctopt.game import Game, Start, at_least
from sanctopt.ladder import History, Rung
from sanctopt.position import advance, aftermath, opening, take


@dataclass(frozen=True)
class Forced:
    """What makes every regime with at least this reservation accept an offer of a stage.

    Attributes
    ----------
    stage : int
        Stage of the offer.
    starts : tuple of (Start, int)
        Starts and their stages that suffice.
    responses : tuple of (str, int)
        Responses and their stages on which that rests.
    revenue_share : float
        Revenue that they leave, as a share of the baseline.
    """

    stage: int
    starts: tuple[tuple[Start, int], ...]
    responses: tuple[tuple[str, int], ...]
    revenue_share: float


def overlooked(
    game: Game,
    rungs: Mapping[History, Rung],
    taken: Mapping[str, tuple[str, ...]],
    conceded: Mapping[str, int | None],
) -> list[Forced]:
    """Find, for each type, the first stage in which it would concede and the program has it go on."""
    found = []
    for patron in game.patron_types:
        if game.off_ramp is None or patron.reservation is None:
            continue
        path = [rungs[taken[patron.name][:stage]] for stage in range(len(taken[patron.name]))]
        for stage, rung in enumerate(path):
            if conceded[patron.name] == stage:
                break
            share = _revenue_share(game, path, taken[patron.name], stage)
            if rung.offer and at_least(patron.reservation, share):
                found.append(_smallest(game, path, taken[patron.name], stage, patron.reservation))
                break
    return found


def _revenue_share(game: Game, path: list[Rung], responses: tuple[str, ...], stage: int) -> float:
    position = opening(game)
    for rung, response in zip(path[:stage], responses[:stage], strict=True):
        position = advance(game, take(game, position, rung), response)
    after = aftermath(game, take(game, position, path[stage]), responses[stage])
    return after.revenue / after.baseline_revenue if after.baseline_revenue > 0 else 0.0


def _smallest(
    game: Game, path: list[Rung], responses: tuple[str, ...], stage: int, reservation: float
) -> Forced:
    """Leave out every start without which revenue still is at or below the reservation."""
    kept = [list(rung.starts) for rung in path[: stage + 1]]

    def share() -> float:
        fewer = [replace(rung, starts=tuple(starts)) for rung, starts in zip(path, kept, strict=False)]
        return _revenue_share(game, fewer, responses, stage)

    for starts in kept:
        for start in tuple(starts):
            starts.remove(start)
            if not at_least(reservation, share()):
                starts.append(start)
    enforcing = {response for response, _ in game.enforcement_profile}
    shielding = any(row.shield > 0 for row in game.responses)
    return Forced(
        stage=stage,
        starts=tuple((start, tau) for tau, starts in enumerate(kept) for start in sorted(starts)),
        responses=tuple(
            (response, tau)
            for tau, response in enumerate(responses[: stage + 1])
            if response in enforcing or (shielding and tau == stage - 1)
        ),
        revenue_share=share(),
    )


def forced_rows(model: Any, forced: Forced) -> list[tuple[list[tuple[float, Any]], float]]:
    """The row for every type whose reservation is reached: terms and the least they must sum to."""
    frame: Frame = model.frame
    rows = []
    for name in frame.conceding:
        reservation = frame.game.patron_type[name].reservation
        voice = frame.voice[name]
        present = all((voice, response, tau) in model.takes for response, tau in forced.responses)
        if reservation is None or not at_least(reservation, forced.revenue_share) or not present:
            continue
        terms = [(1.0, model.concedes[name, tau]) for tau in range(forced.stage + 1)]
        terms.append((-1.0, model.offers[frame.copy(name, forced.stage), forced.stage]))
        terms += [
            (-1.0, model.starts[frame.copy(name, tau), start.entity, start.instrument, tau])
            for start, tau in forced.starts
        ]
        terms += [(-1.0, model.takes[voice, response, tau]) for response, tau in forced.responses]
        rows.append((terms, -float(len(forced.starts) + len(forced.responses))))
    return rows
