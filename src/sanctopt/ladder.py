"""The escalation ladder: one rung for each public history.

A *public history* is what the coalition has seen: the patron's past responses, oldest first. (A
regime that conceded ended the game, so every history at which a rung is needed is one without a
concession.) A *rung* is what the coalition does there. A `Ladder` holds decisions only plus, for each
rung, what every type that gets there is expected to do: `sanctopt.play` computes that; the optimizer
never writes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import Any

import pandas as pd

from sanctopt.errors import LadderError
from sanctopt.game import Game, Start

SCHEMA_VERSION = 1
"""Version of the JSON form of a ladder; a change of its meaning raises it."""

History = tuple[str, ...]


class Information(Enum):
    """What the coalition's plan may depend on."""

    ADAPTIVE = "adaptive"
    """The public history: the game of ``docs/model.md``."""
    OPEN_LOOP = "open_loop"
    """Nothing: one sequence of rungs for all histories."""
    CLAIRVOYANT = "clairvoyant"
    """The type, known at stage 0: one ladder for each type."""


@dataclass(frozen=True)
class Expected:
    """What one type does at a rung, and what follows in that stage.

    Attributes
    ----------
    type : str
        The type of patron and regime.
    belief : float
        Its probability given the public history (Bayes), in [0, 1].
    response : str
        The response it takes.
    runner_up : str
        The response it likes second best; "" if there is only one.
    margin : float
        Utility of the response minus that of the runner-up, at least 0; inf if there is no other.
    concedes : bool
        Whether the regime takes the off-ramp here; the game then ends.
    revenue, baseline_revenue : float
        What reaches the regime, and would without any removal (millions of US dollars).
    credibility, provocation, engagement : float
        The stocks after the rung is played.
    harm : float
        Weighted harm to all parties (millions of US dollars).
    cost : float
        Starts, engagements, mitigations and offer (millions of US dollars).
    payoff : float
        Discounted payoff of this stage, with a concession's value and the terminal credibility where
        they fall due; the prior-weighted sum over all stages and types is the ladder's value.
    exits : tuple of str
        Facilitators that leave by themselves in this stage.
    """

    type: str
    belief: float
    response: str
    runner_up: str
    margin: float
    concedes: bool
    revenue: float
    baseline_revenue: float
    credibility: float
    provocation: float
    engagement: float
    harm: float
    cost: float
    payoff: float
    exits: tuple[str, ...]


@dataclass(frozen=True)
class Rung:
    """What the coalition does at one public history.

    Attributes
    ----------
    history : tuple of str
        The patron's past responses; its length is the stage.
    known_type : str
        The type, if the coalition knows it (clairvoyant); otherwise "".
    starts : tuple of Start
        Instruments started in this stage, sorted.
    engagements, mitigations : tuple of str
        Engagements used in this stage; mitigations started in it.
    threat : tuple of Start
        Standing threat: starts that follow in the next stage if the response is hostile.
    offer : bool
        Whether the off-ramp is offered.
    expected : tuple of Expected
        What each type that gets here does, in the game's order; empty until the ladder is played.
    """

    history: History
    known_type: str = ""
    starts: tuple[Start, ...] = ()
    engagements: tuple[str, ...] = ()
    mitigations: tuple[str, ...] = ()
    threat: tuple[Start, ...] = ()
    offer: bool = False
    expected: tuple[Expected, ...] = ()

    @property
    def stage(self) -> int:
        """Stage at which the rung is played."""
        return len(self.history)

    def decisions(self) -> Rung:
        """The same rung without what is expected at it."""
        return replace(self, expected=())


@dataclass(frozen=True)
class Ladder:
    """All rungs of a plan, sorted by known type, stage and history.

    Parameters
    ----------
    game_name, game_digest : str
        Name and `Game.digest` of the game that the ladder was made for.
    information : Information
        What the plan may depend on.
    stage_labels : tuple of str
        Name of each stage for people; its length is the number of stages.
    rungs : tuple of Rung
        At most one per (known type, history).

    Raises
    ------
    LadderError
        If two rungs share known type and history, if a clairvoyant ladder has a rung without known
        type (or another ladder one with it), if an open-loop ladder has two different rungs in one
        stage, or if a history is longer than the game.
    """

    game_name: str
    game_digest: str
    information: Information
    stage_labels: tuple[str, ...]
    rungs: tuple[Rung, ...]

    def __post_init__(self) -> None:
        knows = self.information is Information.CLAIRVOYANT
        seen: dict[tuple[str, History], Rung] = {}
        for rung in self.rungs:
            where = f"rung after {' > '.join(rung.history) or 'nothing'}"
            if (rung.known_type, rung.history) in seen:
                raise LadderError(f"{where} stands twice; give one rung per public history")
            if knows != bool(rung.known_type):
                wanted = "a known_type" if knows else "no known_type"
                raise LadderError(f"{where}: a rung of this {self.information.value} ladder has {wanted}")
            if rung.stage >= len(self.stage_labels):
                raise LadderError(f"{where} comes after the last of {len(self.stage_labels)} stages")
            seen[rung.known_type, rung.history] = rung
        if self.information is Information.OPEN_LOOP:
            for rung in self.rungs:
                plan = replace(rung.decisions(), history=())
                if plan != self._sequence[rung.stage]:
                    raise LadderError(
                        f"stage {rung.stage} has two different rungs; "
                        "an open-loop ladder has one sequence for all histories"
                    )

    @classmethod
    def of(cls, game: Game, information: Information, rungs: Iterable[Rung]) -> Ladder:
        """Make a ladder for a game from rungs in any order."""
        order = {row.name: number for number, row in enumerate(game.patron_types)}
        known = sorted(rungs, key=lambda r: (order.get(r.known_type, -1), r.stage, r.history))
        labels = tuple(game.stage_label(stage) for stage in range(game.stages))
        return cls(game.name, game.digest(), information, labels, tuple(known))

    @cached_property
    def _by_history(self) -> dict[tuple[str, History], Rung]:
        return {(rung.known_type, rung.history): rung for rung in self.rungs}

    @cached_property
    def _sequence(self) -> dict[int, Rung]:
        """The first rung of each stage, without its history (the plan of an open-loop ladder)."""
        plan: dict[int, Rung] = {}
        for rung in self.rungs:
            plan.setdefault(rung.stage, replace(rung.decisions(), history=()))
        return plan

    def rung_at(self, history: History, type_name: str) -> Rung | None:
        """The rung that meets a type after a public history; None where the ladder has none.

        An open-loop ladder answers every history of a stage with the stage's one rung.
        """
        if self.information is Information.OPEN_LOOP:
            plan = self._sequence.get(len(history))
            return None if plan is None else replace(plan, history=history)
        known = type_name if self.information is Information.CLAIRVOYANT else ""
        return self._by_history.get((known, history))

    def to_frame(self) -> pd.DataFrame:
        """One row per rung and type that reaches it (per rung, if it was never played)."""
        rows: list[dict[str, Any]] = []
        for rung in self.rungs:
            decisions = {
                "stage": rung.stage,
                "label": self.stage_labels[rung.stage],
                "known_type": rung.known_type,
                "history": " > ".join(rung.history),
                "starts": "; ".join(map(str, rung.starts)),
                "engagements": "; ".join(rung.engagements),
                "mitigations": "; ".join(rung.mitigations),
                "threat": "; ".join(map(str, rung.threat)),
                "offer": rung.offer,
            }
            rows.extend(
                decisions | vars(entry) | {"exits": "; ".join(entry.exits)} for entry in rung.expected
            )
            if not rung.expected:
                rows.append(decisions)
        columns = ["stage", "label", "known_type", "history", "starts", "engagements", "mitigations"]
        columns += ["threat", "offer", *Expected.__dataclass_fields__]
        return pd.DataFrame(rows, columns=columns)

    def to_json(self) -> str:
        """Exact JSON text: `from_json` gives an equal ladder."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False)

    def to_dict(self) -> dict[str, Any]:
        """The ladder as JSON-ready dictionaries and lists; an infinite margin is null."""
        from sanctopt.ladder_json import to_data

        return to_data(self)

    @classmethod
    def from_json(cls, text: str) -> Ladder:
        """Read what `to_json` wrote.

        Raises
        ------
        LadderError
            If the text is no JSON or `from_dict` refuses what it says.
        """
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:  # also numbers and lists beyond Python's limits
            raise LadderError(f"not a JSON text: {error}") from error
        return cls.from_dict(data)

    @classmethod
    def from_dict(cls, data: Any) -> Ladder:
        """Read what `to_dict` gave; ``expected`` may be missing in a ladder written by hand.

        Raises
        ------
        LadderError
            If the object is no ladder, of another schema version, or wrong in any field: it names every
            such field's place and what would be right.
        """
        from sanctopt.ladder_json import from_data

        return from_data(data)

    def __str__(self) -> str:
        from sanctopt.ladder_text import page

        return page(self)
