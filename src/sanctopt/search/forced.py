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
from sanctopt.game import Game, PatronType, Start, at_least
from sanctopt.ladder import History, Rung
from sanctopt.position import Aftermath, Posture, advance, aftermath, concedes, opening, take


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
    least_reservation : float
        Reservation of the type that was seen to accept; every higher one accepts too.
    """

    stage: int
    starts: tuple[tuple[Start, int], ...]
    responses: tuple[tuple[str, int], ...]
    revenue_share: float
    least_reservation: float


def overlooked(
    game: Game,
    rungs: Mapping[History, Rung],
    taken: Mapping[str, tuple[str, ...]],
    conceded: Mapping[str, int | None],
    begin: int = 0,
) -> list[Forced]:
    """Find, for each type, the first stage in which it would concede and the program has it go on.

    What happened before stage ``begin`` is past.
    """
    found = []
    for patron in game.patron_types:
        if game.off_ramp is None or patron.reservation is None:
            continue
        path = [rungs[taken[patron.name][:stage]] for stage in range(len(taken[patron.name]))]
        for stage, rung in enumerate(path):
            if conceded[patron.name] == stage:
                break
            if stage >= begin and rung.offer and _accepts(game, patron, path, taken[patron.name], stage):
                found.append(_smallest(game, patron, path, taken[patron.name], stage))
                break
    return found


def _stage(game: Game, path: list[Rung], responses: tuple[str, ...], stage: int) -> tuple[Posture, Aftermath]:
    position = opening(game)
    for rung, response in zip(path[:stage], responses[:stage], strict=True):
        position = advance(game, take(game, position, rung), response)
    posture = take(game, position, path[stage])
    return posture, aftermath(game, posture, responses[stage])


def _accepts(
    game: Game, patron: PatronType, path: list[Rung], responses: tuple[str, ...], stage: int
) -> bool:
    return concedes(game, *_stage(game, path, responses, stage), patron)


def _smallest(
    game: Game, patron: PatronType, path: list[Rung], responses: tuple[str, ...], stage: int
) -> Forced:
    """Leave out every start without which the regime still accepts, one after the other."""
    kept = list(path[: stage + 1])
    for tau, rung in enumerate(path[: stage + 1]):
        for start in rung.starts:
            fewer = replace(kept[tau], starts=tuple(other for other in kept[tau].starts if other != start))
            trial = [*kept[:tau], fewer, *kept[tau + 1 :]]
            if _accepts(game, patron, trial, responses, stage):
                kept = trial
    enforcing = {response for response, _ in game.enforcement_profile}
    shielding = any(row.shield > 0 for row in game.responses)
    _, after = _stage(game, kept, responses, stage)
    return Forced(
        stage=stage,
        starts=tuple((start, tau) for tau, rung in enumerate(kept) for start in rung.starts),
        responses=tuple(
            (response, tau)
            for tau, response in enumerate(responses[: stage + 1])
            if response in enforcing or (shielding and tau == stage - 1)
        ),
        revenue_share=after.revenue / after.baseline_revenue if after.baseline_revenue > 0 else 0.0,
        least_reservation=patron.reservation or 0.0,
    )


def forced_rows(model: Any, forced: Forced) -> list[tuple[list[tuple[float, Any]], float]]:
    """The row for every type whose reservation is reached: terms and the least they must sum to."""
    frame: Frame = model.frame
    rows = []
    for name in frame.conceding:
        reservation = frame.game.patron_type[name].reservation
        voice = frame.voice[name]
        present = all((voice, response, tau) in model.takes for response, tau in forced.responses)
        if reservation is None or not present:
            continue
        if reservation < forced.least_reservation and not at_least(reservation, forced.revenue_share):
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
