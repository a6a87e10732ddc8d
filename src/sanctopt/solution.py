"""The answer of a solve: ladder, value and bound, why it ended, its certificate and its provenance."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from sanctopt.aims import Aims, Expectation, Objective
from sanctopt.certificate import Certificate
from sanctopt.errors import LadderError
from sanctopt.ladder import SCHEMA_VERSION, History, Information, Ladder
from sanctopt.outcome import Outcome
from sanctopt.solver_options import Limit, Reason, SolveOptions, SolveReport


@dataclass(frozen=True)
class Status:
    """Why a solve ended, and separately which limit ended it.

    ``reason`` is ``OPTIMAL`` only if the gap between value and dual bound is within the gap asked for, but
    for the 1e-6 to which program and replay must agree (`Solution.relative_gap` is that of the replayed
    value); ``INFEASIBLE`` means that no ladder has the margin asked for.
    """

    reason: Reason
    limit: Limit = Limit.NONE

    def __str__(self) -> str:
        return self.reason.value if self.limit is Limit.NONE else f"{self.reason.value} ({self.limit.value})"


@dataclass(frozen=True)
class Phase:
    """One program that was solved on the way: what for, and how HiGHS ended.

    Objective values of the report are millions of US dollars.
    """

    purpose: str
    report: SolveReport


@dataclass(frozen=True)
class Provenance:
    """What is needed to get the same answer again; ``history`` is where the plan begins.

    ``credible_threats`` tells whether only ladders count whose threats would be carried out by choice.
    """

    versions: Mapping[str, str]
    game_name: str
    game_digest: str
    information: Information
    margin: float
    aims: Aims
    options: SolveOptions
    history: History = ()
    credible_threats: bool = False

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dictionary."""
        options = {name: getattr(self.options, name) for name in SolveOptions.__dataclass_fields__}
        return {
            "versions": dict(self.versions),
            "game": self.game_name,
            "game_digest": self.game_digest,
            "information": self.information.value,
            "margin": self.margin,
            "history": list(self.history),
            "credible_threats": self.credible_threats,
            "criterion": str(self.aims.criterion),
            "objective": str(self.aims.objective),
            "limits": [str(limit) for limit in self.aims.limits],
            "options": options | {"highs": dict(self.options.highs)},
        }


@dataclass(frozen=True)
class Plan:
    """A certified ladder: what `Solution` holds if any ladder was found."""

    ladder: Ladder
    outcome: Outcome
    certificate: Certificate


@dataclass(frozen=True)
class Solution:
    """An optimal (or, at a limit, the best known) escalation ladder with its proof.

    Attributes
    ----------
    status : Status
        Why the solve ended.
    dual_bound : float or None
        No ladder is worth more than this (millions of US dollars); None if nothing was proven.
    plans : tuple of Plan
        The ladder found, or nothing: a margin may be impossible, or a limit may have come too early.
    phases : tuple of Phase
        The programs solved, in order.
    wall_seconds : float
        Time of the whole solve: building, search, replay and certificate.
    provenance : Provenance
        Versions, options and the hash of the game.
    """

    status: Status
    dual_bound: float | None
    plans: tuple[Plan, ...]
    phases: tuple[Phase, ...]
    wall_seconds: float
    provenance: Provenance = field(repr=False)

    @property
    def has_ladder(self) -> bool:
        """Whether a ladder was found."""
        return bool(self.plans)

    @property
    def _plan(self) -> Plan:
        if not self.plans:
            raise LadderError(f"there is no ladder: the solve ended as {self.status}; see has_ladder")
        return self.plans[0]

    @property
    def value(self) -> float:
        """Worth of the ladder (millions of US dollars), as `play` computes it.

        It is the expected payoff, unless the aims have another criterion or objective; of harm, cost and
        hostility it is minus the amount.

        Raises
        ------
        LadderError
            If there is no ladder.
        """
        return self.provenance.aims.worth(self._plan.outcome)

    @property
    def relative_gap(self) -> float:
        """``(dual_bound - value) / |value|``; inf if one of them is missing, 0 within 1e-9 of each other."""
        if not self.plans or self.dual_bound is None:
            return math.inf
        difference = self.dual_bound - self.value
        return 0.0 if difference <= 1e-9 else difference / max(abs(self.value), 1e-9)

    @property
    def ladder(self) -> Ladder:
        """The ladder, each rung with what is expected there; LadderError if there is none."""
        return self._plan.ladder

    @property
    def outcome(self) -> Outcome:
        """The ladder played, ties in the coalition's favour (and as the limits need); LadderError if none."""
        return self._plan.outcome

    @property
    def certificate(self) -> Certificate:
        """The independent check that the ladder passed; LadderError if there is no ladder."""
        return self._plan.certificate

    def to_frame(self) -> pd.DataFrame:
        """The ladder as a table, one row per rung and type (`Ladder.to_frame`)."""
        return self.ladder.to_frame()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dictionary; ladder, value and certificate are null if there is no ladder."""
        return {
            "schema_version": SCHEMA_VERSION,
            "status": self.status.reason.value,
            "limit": self.status.limit.value,
            "value": self.value if self.plans else None,
            "dual_bound": self.dual_bound,
            "relative_gap": None if math.isinf(self.relative_gap) else self.relative_gap,
            "ladder": self.ladder.to_dict() if self.plans else None,
            "certificate": self.certificate.to_dict() if self.plans else None,
            "phases": [{"purpose": phase.purpose} | _report_to_dict(phase.report) for phase in self.phases],
            "wall_seconds": self.wall_seconds,
            "provenance": self.provenance.to_dict(),
        }

    def to_json(self) -> str:
        """`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)

    def __str__(self) -> str:
        return "\n".join([self.summary(), "", str(self.ladder), "", str(self.certificate)])

    def summary(self) -> str:
        """Value, bound, gap and status in a few lines."""
        lines = [f"status        {self.status}"]
        if self.plans:
            gap = "not proven" if math.isinf(self.relative_gap) else f"{100 * self.relative_gap:.4g} %"
            aims = self.provenance.aims
            payoff = aims.objective is Objective.PAYOFF
            expected = payoff and isinstance(aims.criterion, Expectation)
            meaning = "US$m, expected over types" if expected else f"US$m, {aims.criterion}"
            if not payoff:
                minus = ", counted as minus" if aims.objective.sign < 0.0 else ""
                meaning = f"{aims.criterion} of {aims.objective}{minus}"
            lines.append(f"value         {self.value:,.2f}   ({meaning})")
            if not expected:
                lines.append(f"expectation   {self.outcome.value:,.2f}   (US$m, expected over types)")
            for limit in aims.limits:
                lines.append(f"limit         {limit}")
            if self.provenance.credible_threats:
                lines.append("limit         only threats that would be carried out by choice")
            if self.dual_bound is None:
                lines.append("no bound was proven in time")
            else:
                lines.append(f"no ladder can be worth more than   {self.dual_bound:,.2f}   (gap {gap})")
        lines.append(f"wall time     {self.wall_seconds:.1f} s")
        return "\n".join(lines)


def _report_to_dict(report: SolveReport) -> dict[str, Any]:
    values = {name: getattr(report, name) for name in SolveReport.__dataclass_fields__}
    values["reason"], values["limit"] = report.reason.value, report.limit.value
    return {key: None if value in (math.inf, -math.inf) else value for key, value in values.items()}
