"""Limits on the rungs themselves: which first rung, which decisions must or must not be made.

They answer "what if not": the best plan with another first rung, without a start, or with a start one stage
later. Each is a `Limit`, so it goes with the aims into `solve`, the program (`formulation.rung_limits`) and
the certificate.

The *first rung* is that of the first stage that is planned. An offer counts as part of a rung only if some
type accepts it at once: an offer that nobody takes changes nothing but its cost.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from sanctopt.aims import Limit
from sanctopt.errors import OptionError
from sanctopt.game import Game, Start
from sanctopt.ladder import History, Rung
from sanctopt.outcome import Outcome, Step
from sanctopt.rules import place, unknown_names

FIELDS = ("starts", "threat", "engagements", "mitigations", "offer")
"""Fields of a rung that hold decisions."""

_WORDS = {"starts": "start", "threat": "threaten", "engagements": "use", "mitigations": "begin"}


@dataclass(frozen=True, order=True)
class Decision:
    """One thing that a rung does.

    Attributes
    ----------
    field : str
        Field of `Rung`: one of `FIELDS`.
    item : Start or str
        What stands in that field; "" for an offer.

    Examples
    --------
    >>> print(Decision("threat", Start("harbour bank", "designate")))
    threaten designate harbour bank
    """

    field: str
    item: Start | str = ""

    def __post_init__(self) -> None:
        wanted = {"offer": not self.item, "starts": isinstance(self.item, Start)}
        wanted["threat"] = wanted["starts"]
        plain = isinstance(self.item, str) and bool(self.item)
        if self.field not in FIELDS or not wanted.get(self.field, plain):
            raise OptionError(
                f"{self.field!r}, {self.item!r} is no decision; give a field of {', '.join(FIELDS)} and a "
                "Start for the first two, a name for the next two, nothing for an offer"
            )

    @property
    def key(self) -> tuple[str, ...]:
        """The item as a tuple of names."""
        if isinstance(self.item, Start):
            return self.item.entity, self.item.instrument
        return (self.item,) if self.item else ()

    def made_in(self, rung: Rung) -> bool:
        """Whether a rung makes the decision."""
        return rung.offer if self.field == "offer" else self.item in getattr(rung, self.field)

    def __str__(self) -> str:
        if self.field == "offer":
            return "offer the off-ramp"
        item = f"{self.item.instrument} {self.item.entity}" if isinstance(self.item, Start) else self.item
        return f"{_WORDS[self.field]} {item}"


def decisions_of(rung: Rung) -> tuple[Decision, ...]:
    """All decisions of a rung, field by field."""
    made = [Decision(field, item) for field in FIELDS[:-1] for item in getattr(rung, field)]
    return (*made, *([Decision("offer")] if rung.offer else []))


def without(rung: Rung, decision: Decision) -> Rung:
    """A rung without one decision, and without what is expected at it."""
    if decision.field == "offer":
        return replace(rung.decisions(), offer=False)
    kept = tuple(item for item in getattr(rung, decision.field) if item != decision.item)
    changes: dict[str, object] = {decision.field: kept}
    return replace(rung.decisions(), **changes)  # type: ignore[arg-type]


def first_rung(outcome: Outcome) -> Rung:
    """What is done in the first stage that was played; an offer counts if some type accepts it at once."""
    steps = list(_steps_at(outcome, min(step.stage for step in outcome.steps)))
    return replace(_plain(steps[0].rung), offer=any(step.concedes for step in steps))


def _plain(rung: Rung) -> Rung:
    """The decisions of a rung alone, in one order."""
    return Rung(
        (),
        starts=tuple(sorted(rung.starts)),
        engagements=tuple(sorted(rung.engagements)),
        mitigations=tuple(sorted(rung.mitigations)),
        threat=tuple(sorted(rung.threat)),
        offer=rung.offer,
    )


def _steps_at(outcome: Outcome, stage: int) -> Iterator[Step]:
    return (step for step in outcome.steps if step.stage == stage)


class RungLimit(Limit):
    """A limit on rungs; its measure is the number of decisions by which it is missed."""

    def kept(self, game: Game, outcome: Outcome) -> bool:
        """Whether nothing is missed."""
        return self.measure(game, outcome) == 0.0

    @abstractmethod
    def alone(self, game: Game) -> Limit | None:
        """What the limit asks of a ladder against each type alone."""


@dataclass(frozen=True)
class FirstRung(RungLimit):
    """The first rung is this one.

    Parameters
    ----------
    rung : Rung
        The rung; its history and what is expected at it do not count.
    offer_free : bool
        Whether it does not count either if the off-ramp is taken at once.
    """

    rung: Rung
    offer_free: bool = False

    def measure(self, game: Game, outcome: Outcome) -> float:
        """Number of decisions that the rungs do not share."""
        first = first_rung(outcome)
        return float(len(_differing(_plain(self.rung), first, offers=not self.offer_free)))

    def misfit(self, game: Game) -> str:
        """Why the rung does not fit the game."""
        return _misfit(game, self.rung)

    def alone(self, game: Game) -> Limit:
        """A single type need not be the one that accepts an offer."""
        return replace(self, offer_free=True) if self.rung.offer else self

    def __str__(self) -> str:
        return f"first rung: {describe(self.rung)}"


@dataclass(frozen=True)
class OtherFirstRungs(RungLimit):
    """The first rung is none of these.

    Parameters
    ----------
    rungs : tuple of Rung
        The rungs; their history and what is expected at them do not count.
    """

    rungs: tuple[Rung, ...]

    def measure(self, game: Game, outcome: Outcome) -> float:
        """1 if the first rung is one of these."""
        first = first_rung(outcome)
        return float(any(not _differing(_plain(rung), first) for rung in self.rungs))

    def misfit(self, game: Game) -> str:
        """Why a rung does not fit the game."""
        return "; ".join(filter(None, (_misfit(game, rung) for rung in self.rungs)))

    def alone(self, game: Game) -> Limit | None:
        """Against one type a rung may be the same that differs by another type's acceptance."""
        return None if any(may_accept(game)) else self

    def __str__(self) -> str:
        return f"first rung none of {len(self.rungs)}"


@dataclass(frozen=True)
class HeldRung(RungLimit):
    """At its public history, if the game gets there, the rung is this one.

    An offer that it makes may be left out; one that it does not make is not accepted there.

    Parameters
    ----------
    rung : Rung
        The rung; what is expected at it does not count.
    """

    rung: Rung

    def measure(self, game: Game, outcome: Outcome) -> float:
        """Number of decisions that the rungs do not share."""
        met = [step for step in outcome.steps if step.history == self.rung.history]
        if not met:
            return 0.0
        added = not self.rung.offer and any(step.concedes for step in met)
        return float(len(_differing(_plain(self.rung), _plain(met[0].rung), offers=False)) + added)

    def misfit(self, game: Game) -> str:
        """Why the rung does not fit the game."""
        unknown = [name for name in self.rung.history if name not in game.response]
        if unknown or self.rung.stage >= game.stages:
            return f"{place(self.rung)}: the game has no such history"
        return _misfit(game, self.rung)

    def alone(self, game: Game) -> Limit:
        """The same."""
        return self

    def __str__(self) -> str:
        return f"{place(self.rung)}: {describe(self.rung)}"


@dataclass(frozen=True)
class Barred(RungLimit):
    """A decision is not made: in some stages, or ever.

    Parameters
    ----------
    decision : Decision
        What is not done. A start that a called threat carries out counts too.
    stages : tuple of int
        Stages in which it is not done; none: never.
    """

    decision: Decision
    stages: tuple[int, ...] = ()

    def measure(self, game: Game, outcome: Outcome) -> float:
        """Number of rungs that make the decision."""
        made = {
            step.history
            for step in outcome.steps
            if (not self.stages or step.stage in self.stages) and self.decision.made_in(step.rung)
        }
        return float(len(made))

    def misfit(self, game: Game) -> str:
        """Why the decision or a stage does not fit the game."""
        return _misfit_of(game, self.decision, self.stages)

    def alone(self, game: Game) -> Limit:
        """The same."""
        return self

    def __str__(self) -> str:
        when = f" in stage {', '.join(map(str, self.stages))}" if self.stages else ""
        return f"do not {self.decision}{when}"


@dataclass(frozen=True)
class Required(RungLimit):
    """A decision is made in a stage, at every public history at which the game goes on.

    Parameters
    ----------
    decision : Decision
        What is done. An offer is required to be accepted by some type.
    stage : int
        When.
    """

    decision: Decision
    stage: int

    def measure(self, game: Game, outcome: Outcome) -> float:
        """Number of rungs of the stage that do not make the decision; 1 for an offer that nobody takes."""
        steps = list(_steps_at(outcome, self.stage))
        if self.decision.field == "offer":
            return float(not any(step.concedes for step in steps))
        return float(len({step.history for step in steps if not self.decision.made_in(step.rung)}))

    def misfit(self, game: Game) -> str:
        """Why the decision or the stage does not fit the game."""
        return _misfit_of(game, self.decision, (self.stage,))

    def alone(self, game: Game) -> Limit | None:
        """The same; a single type need not be the one that accepts an offer."""
        return None if self.decision.field == "offer" else self

    def __str__(self) -> str:
        return f"{self.decision} in stage {self.stage}"


class Givers(Enum):
    """Who of the types that get to a history gives a response there and plays on."""

    THESE = "exactly these types"
    NOBODY = "none of exactly these types"
    ANYBODY = "any of these types, or none"


@dataclass(frozen=True)
class NoEmptyThreat(RungLimit):
    """A threat is not made where it would not be carried out by choice (`sanctopt.search.credible_threats`).

    It cuts off the ladders that do on their way to the threat what is named here, and no others. Types of
    prior 0 do not count.

    Parameters
    ----------
    rungs : tuple of Rung
        What is done from the first stage that is planned up to the rung that threatens, one rung per stage.
        Starts, engagements and mitigations count, of the last rung the threat, too; with `Givers.NOBODY` also
        whether some type accepts an offer there. Otherwise a larger threat is cut off with it.
    response : str
        The hostile response after which the threat would not be carried out.
    givers : Givers
        Who gives it.
    types : tuple of str
        ``THESE``: the types that give the response at the last rung and play on. ``NOBODY``: the types that
        get there. ``ANYBODY``: the types that get there are these or some of these.
    """

    rungs: tuple[Rung, ...]
    response: str
    givers: Givers
    types: tuple[str, ...]

    @property
    def history(self) -> History:
        """Where the threat is made."""
        return self.rungs[-1].history

    def measure(self, game: Game, outcome: Outcome) -> float:
        """1 if the threat is made there."""
        here = [s for s in outcome.steps if s.history == self.history and outcome.priors[s.type] > 0.0]
        if not here or not self._same_way(outcome, here[0].type) or not self._threatens(here):
            return 0.0
        there = {step.type for step in here}
        giving = {step.type for step in here if step.response == self.response and not step.concedes}
        if self.givers is Givers.THESE:
            return float(giving == set(self.types))
        if self.givers is Givers.NOBODY:
            return float(there == set(self.types) and not giving)
        return float(there <= set(self.types))

    def _same_way(self, outcome: Outcome, name: str) -> bool:
        """Whether a type meets the rungs that are named here, but for their threats and offers."""
        met = {step.history: step.rung for step in outcome.steps if step.type == name}
        return all(
            rung.history in met and not any(d.field in _LASTING for d in _differing(rung, met[rung.history]))
            for rung in self.rungs
        )

    def _threatens(self, here: list[Step]) -> bool:
        last, met = self.rungs[-1], here[0].rung
        if self.givers is not Givers.NOBODY:
            return set(last.threat) <= set(met.threat)
        return set(last.threat) == set(met.threat) and last.offer == any(step.concedes for step in here)

    def misfit(self, game: Game) -> str:
        """Why a rung, the response or a type does not fit the game."""
        unknown = [f"{name!r} is no type of the game" for name in self.types if name not in game.patron_type]
        if self.response not in game.response:
            unknown.append(f"{self.response!r} is no response of the game")
        return "; ".join(filter(None, (*(_misfit(game, rung) for rung in self.rungs), *unknown)))

    def alone(self, game: Game) -> Limit | None:
        """Against one type nothing: what the others answer is not known."""
        return None

    def __str__(self) -> str:
        threat = ", ".join(f"{start.instrument} {start.entity}" for start in self.rungs[-1].threat)
        return f"no empty threat of {threat} after {' > '.join(self.history) or 'nothing'}"


_LASTING = ("starts", "engagements", "mitigations")
"""Fields of a rung that change the position after it; a threat does so only if it is called."""


def describe(rung: Rung) -> str:
    """A rung's decisions in one line.

    Examples
    --------
    >>> describe(Rung((), starts=(Start("harbour bank", "warn"),), offer=True))
    'warn harbour bank; offer the off-ramp'
    """
    made = [str(decision) for decision in decisions_of(rung)]
    return "; ".join(text.removeprefix("start ") for text in made) or "nothing"


def may_accept(game: Game) -> tuple[str, ...]:
    """Types whose regime could accept an off-ramp."""
    if game.off_ramp is None:
        return ()
    return tuple(patron.name for patron in game.patron_types if patron.reservation is not None)


def _differing(one: Rung, other: Rung, *, offers: bool = True) -> set[Decision]:
    """Decisions of one of two rungs only."""
    found = set(decisions_of(one)) ^ set(decisions_of(other))
    return found if offers else {decision for decision in found if decision.field != "offer"}


def _misfit(game: Game, rung: Rung) -> str:
    return "; ".join(unknown_names(game, rung))


def _misfit_of(game: Game, decision: Decision, stages: tuple[int, ...]) -> str:
    beyond = [stage for stage in stages if stage not in range(game.stages)]
    if beyond:
        return f"stage {beyond[0]} is none of the game, which has {game.stages}"
    items = {} if decision.field == "offer" else {decision.field: (decision.item,)}
    return _misfit(game, Rung((), **items))  # type: ignore[arg-type]
