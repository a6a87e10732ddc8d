"""What sets the families of `suite.families` apart: tempers, for everything that is not the network.

Types lie on a line from 0 (dove) to 1 (hawk).

- ``standard`` has every feature but standing threats, and magnitudes like ``tests/cases/small/101``.
- ``adapting`` is where a plan that does not listen loses much: doves tolerate what hawks strike at, and
  cooperate only once they are hit as hard as no hawk may be; harm is far above revenue; only traders exit by
  themselves. At sizes XS and S, the best open-loop plan loses 20 % to 40 % of the optimum.
- ``distant`` lies between the two, like ``tests/cases/small/103``: types far apart, heavy harm, but what is
  best against doves is nearly best against hawks. The best open-loop plan loses 1 % to 2 %.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Range:
    """Least and most of what is drawn evenly."""

    low: float
    high: float


@dataclass(frozen=True)
class Temper:
    """What sets a family apart: how the patron answers, what that costs, and who exits by himself.

    Parameters
    ----------
    answers : callable
        Base, provocation and engagement of each response for a type's place between dove (0) and hawk (1).
    harms : dict
        By (response, party), to be drawn.
    exposed : float
        Share of traders with a ``us_exposure``.
    exposed_hubs : bool
        Whether shippers and banks have one.
    salience : float
        Scales that of traders and banks.
    shipper_salience : Range
        That of shippers.
    enforcement : tuple
        What cooperation removes: (jurisdiction, age, removal).
    off_ramp : bool
        Whether there is one.
    """

    answers: Callable[[float], dict[str, tuple[float, float, float]]]
    harms: dict[tuple[str, str], Range]
    exposed: float
    exposed_hubs: bool
    salience: float
    shipper_salience: Range
    enforcement: tuple[tuple[str, int, float], ...]
    off_ramp: bool


def _standard_answers(place: float) -> dict[str, tuple[float, float, float]]:
    return {
        "cooperate": (-4.0 - 6.0 * place, 0.5, 1.6 - 0.8 * place),
        "acquiesce": (0.0, 0.0, 0.0),
        "protest": (-1.0 + 0.5 * place, 0.4, -0.1),
        "coerce_ally": (-9.0 + 5.0 * place, 0.7 + 0.6 * place, -0.7 + 0.3 * place),
        "broad": (-22.0 + 7.0 * place, 1.2 + 0.9 * place, -0.8),
    }


def _adapting_answers(place: float) -> dict[str, tuple[float, float, float]]:
    """Doves cooperate from a provocation of about 7 on; hawks never do, and strike at about 2."""
    dove = place < 0.6
    return {
        "cooperate": (-8.0 - 4.0 * place if dove else -18.0 - 6.0 * place, 1.2, 1.0 - 0.8 * place),
        "acquiesce": (0.0, 0.0, 0.0),
        "protest": (-1.2 + 0.9 * place, 0.3, 0.0),
        "coerce_ally": (-22.0 + 4.0 * place if dove else -8.0 + 5.0 * place, 0.4 + 1.8 * place, -0.4),
        "broad": (-40.0 + 16.0 * place, 0.5 + 2.2 * place, -0.4),
    }


def _distant_answers(place: float) -> dict[str, tuple[float, float, float]]:
    """Types far apart: doves cooperate from a provocation of about 2 on, hawks strike at about 5."""
    dove = place < 0.6
    return {
        "cooperate": (-2.0 - 6.0 * place if dove else -10.0 - 10.0 * place, 1.2, 1.0 - 0.8 * place),
        "acquiesce": (0.0, 0.0, 0.0),
        "protest": (-1.0, 0.3, 0.0),
        "coerce_ally": (-22.0 + 16.0 * place, 0.4 + 1.8 * place, -0.4),
        "broad": (-40.0 + 16.0 * place, 0.5 + 2.2 * place, -0.4),
    }


STANDARD = Temper(
    answers=_standard_answers,
    harms={
        ("coerce_ally", "KOR"): Range(60.0, 100.0),
        ("coerce_ally", "JPN"): Range(12.0, 40.0),
        ("broad", "KOR"): Range(160.0, 260.0),
        ("broad", "JPN"): Range(60.0, 100.0),
        ("broad", "US_firms"): Range(80.0, 140.0),
        ("protest", "US_firms"): Range(5.0, 5.0),
    },
    exposed=1.0,
    exposed_hubs=True,
    salience=1.0,
    shipper_salience=Range(0.4, 1.0),
    enforcement=(("CN", 0, 0.1), ("CN", 1, 0.35), ("CN", 3, 0.2), ("HK", 1, 0.3)),
    off_ramp=True,
)

ADAPTING = Temper(
    answers=_adapting_answers,
    harms={
        ("coerce_ally", "KOR"): Range(900.0, 1100.0),
        ("coerce_ally", "JPN"): Range(400.0, 500.0),
        ("broad", "KOR"): Range(2200.0, 2800.0),
        ("broad", "JPN"): Range(1000.0, 1300.0),
        ("broad", "US_firms"): Range(1000.0, 1300.0),
        ("protest", "US_firms"): Range(20.0, 40.0),
    },
    exposed=0.5,
    exposed_hubs=False,
    salience=3.0,
    shipper_salience=Range(4.0, 6.0),
    enforcement=(("CN", 0, 0.5), ("CN", 1, 0.85), ("CN", 4, 0.4), ("HK", 1, 0.6)),
    off_ramp=False,
)

DISTANT = replace(
    ADAPTING,
    answers=_distant_answers,
    harms={
        ("coerce_ally", "KOR"): Range(480.0, 640.0),
        ("coerce_ally", "JPN"): Range(220.0, 320.0),
        ("broad", "KOR"): Range(1500.0, 2000.0),
        ("broad", "JPN"): Range(800.0, 1000.0),
        ("broad", "US_firms"): Range(800.0, 1000.0),
        ("protest", "US_firms"): Range(40.0, 40.0),
    },
    shipper_salience=Range(2.1, 2.8),
)

TEMPERS = {"standard": STANDARD, "adapting": ADAPTING, "distant": DISTANT}
"""By the name of the family."""
