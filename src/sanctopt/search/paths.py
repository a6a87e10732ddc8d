"""What a type does along its public history: when its regime concedes, and what its patron answers.

Against given paths of all types, who is told apart when is known, and the program is one of rungs alone:
types share everything until they part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

from pyomo.common.collections import ComponentMap, ComponentSet

from sanctopt.formulation.frame import Frame
from sanctopt.formulation.readout import Values
from sanctopt.ladder import Information
from sanctopt.outcome import Outcome
from sanctopt.position import NO_PAST, Past

T = TypeVar("T")

RUNG = ("starts", "threats", "engagements", "mitigations", "offers")
"""Families of decisions: the same for all types at one public history."""

COPIED = ("provocation", "engagement", "coverage", "capped", "credibility")
"""Families that follow from the rungs up to a stage: as many copies as there are of the rungs."""

STOCKS = (*COPIED, "exits")
"""Families that follow from the rungs up to a stage and the answers before it."""

SEEN = ("seen_provocation", "seen_engagement", "seen_threat", "seen_coverage")
"""Families of what the patron sees if it takes a response, which comes first in their index."""

FLOWS = (
    *SEEN,
    *("departure", "arrival", "throughput_price", "offer_price", "link_price"),
    *("revenue", "denied", "harm", "cost"),
)
"""Families that follow from these and the answer of the stage itself."""


@dataclass(frozen=True, slots=True)
class Path:
    """A type's path as far as it is decided.

    Attributes
    ----------
    given : tuple of str
        Responses of the first stages.
    concedes : int or None
        Stage in which its regime concedes, None for never; meaningless while ``decided`` is False.
    decided : bool
        Whether the concession is decided; it is from the start where a regime never concedes.
    """

    given: tuple[str, ...] = ()
    concedes: int | None = None
    decided: bool = True

    def length(self, stages: int) -> int:
        """Stages that the game lasts on this path, out of ``stages``."""
        return stages if self.concedes is None else self.concedes + 1

    def complete(self, stages: int) -> bool:
        """Whether all is decided that ties types: the answer of the last stage tells nobody apart."""
        return self.decided and len(self.given) >= min(self.length(stages), stages - 1)

    def tying(self, stages: int) -> Path:
        """The path without what ties no types: without the answer of the last stage."""
        return replace(self, given=self.given[: stages - 1])


Paths = Mapping[str, Path]
"""Path of each type."""


def opening_paths(frame: Frame) -> dict[str, Path]:
    """Paths of which nothing is decided but the past."""
    given = frame.past.responses
    return {name: Path(given, decided=name not in frame.conceding) for name in frame.types}


def played_paths(outcome: Outcome, past: Past = NO_PAST) -> dict[str, Path]:
    """The complete paths of a ladder that was played from a past on."""
    ends = {step.type: step.stage for step in outcome.steps if step.concedes}
    paths = outcome.responses.items()
    return {name: Path((*past.responses, *given), ends.get(name)) for name, given in paths}


def longer(model: Any, name: str, path: Path) -> list[Path]:
    """The paths that decide one thing more."""
    if not path.decided:
        ends = (*reversed(model.frame.planned), None)
        return [replace(path, decided=True, concedes=end) for end in ends]
    stage = len(path.given)
    answers = [response for q, response, t in model.takes if (q, t) == (name, stage)]
    return [replace(path, given=(*path.given, response)) for response in answers]


def taken(path: Path, response: str, stage: int) -> float | None:
    """1 if a path says that a response is taken in a stage, 0 if it says that it is not, None if neither."""
    if stage < len(path.given):
        return float(path.given[stage] == response)
    return 0.0 if path.decided and path.concedes is not None and stage > path.concedes else None


def conceded(path: Path, stage: int) -> float | None:
    """The same of a concession of the regime."""
    return float(path.concedes == stage) if path.decided else None


def said(
    takes: Mapping[tuple[str, str, int], T], concedes: Mapping[tuple[str, int], T], paths: Paths
) -> Iterator[tuple[T, float]]:
    """What paths say of answers, by (type, response, stage) and by (type, stage), without open ones."""
    for (name, response, stage), answer in takes.items():
        if (value := taken(paths[name], response, stage)) is not None:
            yield answer, value
    for (name, stage), answer in concedes.items():
        if (value := conceded(paths[name], stage)) is not None:
            yield answer, value


def held(model: Any, paths: Paths) -> Values:
    """Values of the response and concession variables that the paths decide."""
    values: Values = ComponentMap(said(model.takes, model.concedes, paths))
    return values


def together(paths: Paths, one: str, other: str, stages: int) -> int:
    """Number of stages whose rung two types meet at the same public history, on complete paths."""
    first, second = paths[one], paths[other]
    met = 1
    for stage in range(stages - 1):
        alike = stage < min(len(first.given), len(second.given)) and first.given[stage] == second.given[stage]
        if not alike or stage in (first.concedes, second.concedes):
            break
        met += 1
    return met


def of_type(model: Any, variables: Sequence[Any], name: str) -> list[int]:
    """Numbers of the variables of a type: what it does, what it meets, and what follows from these."""
    frame: Frame = model.frame
    counted = ComponentSet(by_type[name] for by_type in model.counted)

    def belongs(variable: Any) -> bool:
        family, index = variable.parent_component().local_name, variable.index()
        key = index if isinstance(index, tuple) else (index,)
        met = family in (*RUNG, *COPIED) and key[0] == frame.copy(name, key[-1])
        return met or variable in counted or (key[0] == name and family != "apart")

    return [number for number, variable in enumerate(variables) if belongs(variable)]


@dataclass(frozen=True)
class PathIndex:
    """The variables of a model by owner and stage, for tying and holding them."""

    model: Any

    @cached_property
    def places(self) -> dict[tuple[str, str, int], dict[tuple[Any, ...], Any]]:
        """(family, owner, stage) -> rest of the index -> variable."""
        found: dict[tuple[str, str, int], dict[tuple[Any, ...], Any]] = {}
        for family in (*RUNG, *STOCKS, *FLOWS):
            for key, variable in getattr(self.model, family).items():
                found.setdefault((family, key[0], key[-1]), {})[key[1:-1]] = variable
        return found

    def settled_by(self, paths: Paths, others: Iterable[tuple[Any, float]] = ()) -> tuple[Values, Values]:
        """What complete paths decide: values of variables, and which variables are the same.

        While two types are together, their decisions and all that follows from them are one; and what
        follows from the answer of a stage too, if that is decided and the same. Types that have parted are
        free of each other. After a game has ended, a copy that nobody else meets stays empty.

        Parameters
        ----------
        paths : mapping of str to Path
            Complete paths.
        others : iterable of (variable, float)
            Values that follow from more than the paths; what is tied to these variables has them, too.

        Returns
        -------
        tuple of ComponentMap
            Variables with their values; variables with the one that leads them.
        """
        frame: Frame = self.model.frame
        stages = frame.game.stages
        fixed = held(self.model, paths)
        tied: Values = ComponentMap()
        own = frame.information is not Information.OPEN_LOOP
        for number, name in enumerate(frame.types):
            path, length = paths[name], paths[name].length(stages)
            for stage in range(length, stages):
                for family in (*(RUNG if own else ()), "exits"):
                    empty = self.places.get((family, name, stage), {})
                    fixed.update((variable, 0.0) for variable in empty.values())
            for stage in range(length):
                met = (q for q in frame.types[:number] if together(paths, q, name, stages) > stage)
                if (lead := next(met, None)) is None:
                    continue
                alike = stage < len(path.given) and paths[lead].given[: stage + 1] == path.given[: stage + 1]
                for family in (*RUNG, *STOCKS, *(FLOWS if alike else ())):
                    leading = self.places.get((family, lead, stage), {})
                    own_place = self.places.get((family, name, stage), {})
                    tied.update((v, leading[key]) for key, v in own_place.items() if key in leading)
            for stage, response in enumerate(path.given):
                for family in SEEN:
                    views = self.places.get((family, name, stage), {})
                    unseen = (v for key, v in views.items() if key[0] != response)
                    fixed.update((variable, 0.0) for variable in unseen)
        for (one, other, stage), variable in self.model.apart.items():
            fixed[variable] = float(together(paths, one, other, stages) <= stage)
        for variable in fixed:
            tied.pop(variable, None)
        for variable, value in others:
            if variable not in fixed:
                fixed[tied.get(variable, variable)] = value
        for variable in [follower for follower, lead in tied.items() if lead in fixed]:
            fixed[variable] = fixed[tied.pop(variable)]
        return fixed, tied
