"""Independent check of a solution: a ladder, its value and the responses it counts on.

A certificate replays the ladder by the rules of ``docs/model.md`` (`sanctopt.play`) and believes nothing
else: it shares no code with the program, the solver or any search. It says that the ladder is allowed,
that every response it counts on is a best one, and that it is worth what is claimed. It does not say that
no other ladder is better: that is the dual bound of the solver.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from sanctopt.aims import PLAIN, Aims
from sanctopt.errors import CertificateError, LadderError
from sanctopt.game import EQUAL, Game
from sanctopt.ladder import Expected, History, Ladder
from sanctopt.outcome import Outcome, Step, Ties, annotated
from sanctopt.play import follow, play
from sanctopt.position import NO_PAST, Past
from sanctopt.rules import place

TOLERANCE = 1e-6
"""A claimed value may differ from the replayed one by this share of the larger of 1 and its size: the
program that claims it works with tolerances of this order, the replay with those of decimals."""


@dataclass(frozen=True)
class CheckedResponse:
    """One claimed response and how it compares with the others.

    Attributes
    ----------
    type : str
        The type of patron and regime.
    stage : int
        Stage of the response.
    history : tuple of str
        Public history at which it is taken.
    response : str
        The response claimed.
    utility : float
        Its utility for the type.
    runner_up : str
        The best other response; "" if there is none.
    margin : float
        Utility minus that of the runner-up: 0 in a tie, negative if it is not a best response, inf if
        there is no other.
    tie : bool
        Whether several responses are best.
    """

    type: str
    stage: int
    history: History
    response: str
    utility: float
    runner_up: str
    margin: float
    tie: bool


@dataclass(frozen=True)
class Certificate:
    """What the replay of a claimed solution found.

    Attributes
    ----------
    failures : tuple of str
        What is wrong, one sentence each; empty if the solution is accepted.
    value_claimed : float
        The value that was claimed.
    value_replayed : float
        Value of the ladder along the claimed responses; nan if it could not be replayed.
    value_optimistic, value_pessimistic : float
        Value of the ladder with ties for and against the coalition; nan if it is not allowed.
    relative_difference : float
        The largest difference of the replayed and the optimistic from the claimed value, over
        max(1, abs(value_claimed)); nan if either is missing.
    required_margin : float
        Margin that was asked for.
    smallest_margin : float
        The smallest margin of a claimed response; inf if no patron had a choice.
    responses : tuple of CheckedResponse
        Every claimed response, by type, then stage; empty if they could not be replayed.
    """

    failures: tuple[str, ...]
    value_claimed: float
    value_replayed: float
    value_optimistic: float
    value_pessimistic: float
    relative_difference: float
    required_margin: float
    smallest_margin: float
    responses: tuple[CheckedResponse, ...]

    @property
    def accepted(self) -> bool:
        """Whether nothing is wrong."""
        return not self.failures

    def require(self) -> None:
        """Do nothing if the solution is accepted.

        Raises
        ------
        CertificateError
            If it is not; the message lists the failures.
        """
        if self.failures:
            lines = "\n".join(f"  {failure}" for failure in self.failures)
            raise CertificateError(f"the solution is rejected by its certificate:\n{lines}")

    def to_frame(self) -> pd.DataFrame:
        """One row per claimed response."""
        names = [part.name for part in fields(CheckedResponse)]
        rows = [vars(row) | {"history": " > ".join(row.history)} for row in self.responses]
        return pd.DataFrame(rows, columns=names)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form, exact: an infinite margin and a missing value are null."""
        data = {part.name: getattr(self, part.name) for part in fields(self)}
        rows = [vars(row) | {"history": list(row.history)} for row in self.responses]
        return (
            {"accepted": self.accepted}
            | {name: _to_json(value) for name, value in data.items()}
            | {"failures": list(self.failures)}
            | {"responses": [{name: _to_json(value) for name, value in row.items()} for row in rows]}
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Certificate:
        """Read what `to_dict` gave.

        Raises
        ------
        CertificateError
            If a field is missing, has the wrong form or contradicts another.
        """
        try:
            values = {
                part.name: math.nan if data[part.name] is None else float(data[part.name])
                for part in fields(cls)
                if part.name not in ("failures", "responses", "smallest_margin")
            }
            certificate = cls(
                failures=tuple(str(failure) for failure in data["failures"]),
                smallest_margin=_margin(data["smallest_margin"]),
                responses=tuple(
                    CheckedResponse(
                        **{**row, "history": tuple(row["history"]), "margin": _margin(row["margin"])}
                    )
                    for row in data["responses"]
                ),
                **values,
            )
            accepted = data["accepted"]
        except KeyError as error:
            raise CertificateError(f"field {error} of the certificate is missing") from error
        except (TypeError, ValueError) as error:
            raise CertificateError(f"a field of the certificate has the wrong form: {error}") from error
        if accepted is not certificate.accepted:
            raise CertificateError(
                f"the certificate says accepted: {accepted!r}, but lists {len(certificate.failures)} failures"
            )
        return certificate

    def __str__(self) -> str:
        ties = sum(row.tie for row in self.responses)
        lines = [
            f"Certificate: {'accepted' if self.accepted else 'REJECTED'}",
            f"  value       {self.value_claimed:.6f} claimed, {self.value_replayed:.6f} replayed "
            f"(relative difference {self.relative_difference:.1e})",
            f"  ties        {self.value_optimistic:.6f} if all are broken for the coalition, "
            f"{self.value_pessimistic:.6f} if all against it",
            f"  responses   {len(self.responses)} checked, {ties} of them ties",
            f"  margin      {self.smallest_margin:.6g} at least, {self.required_margin:.6g} required",
        ]
        return "\n".join(lines + [f"  FAILURE     {failure}" for failure in self.failures])


@dataclass(frozen=True)
class Terms:
    """What a plan is held to.

    Attributes
    ----------
    margin : float
        Margin that every response must have, at least 0.
    aims : Aims
        Criterion and limits.
    past : Past
        What was done and answered before the plan begins.

    Raises
    ------
    ValueError
        If the margin is negative or not finite.
    """

    margin: float = 0.0
    aims: Aims = PLAIN
    past: Past = NO_PAST

    def __post_init__(self) -> None:
        if not 0.0 <= self.margin < math.inf:
            raise ValueError(f"margin is {self.margin}; it is a finite number of at least 0")


def certify(
    game: Game,
    ladder: Ladder,
    *,
    claimed_value: float,
    claimed_responses: Mapping[str, tuple[str, ...]],
    margin: float = 0.0,
    aims: Aims = PLAIN,
) -> Certificate:
    """Check a solution without trusting the code that produced it.

    It is accepted if

    - the ladder was made for this game, and every rung that is reached is allowed;
    - every claimed response is a best response, and every claimed path stays on the ladder until the
      game ends: U(claimed) >= max over a of U(a);
    - ``margin`` > 0: U(claimed) - U(a) >= margin for every other response a;
    - the value along the claimed responses, and that of the ladder with optimistic ties, both equal the
      claimed value to `TOLERANCE`; a ladder worth more than claimed was not put to its best use;
    - ties against the coalition do not make it worth more;
    - along the claimed responses, every limit of the aims is kept; with limits, ties fall as is claimed, so
      the ladder with optimistic ties may be worth more;
    - what the ladder's rungs expect, if they carry it, is what the replay finds.

    Parameters
    ----------
    game : Game
        The game that was solved.
    ladder : Ladder
        The plan.
    claimed_value : float
        Worth that is claimed for it: the expected value, unless the aims say otherwise (millions of US
        dollars).
    claimed_responses : mapping of str to tuple of str
        For each type the responses it is claimed to take, by stage, until the game ends for it.
    margin : float
        Margin that every response must have, at least 0.
    aims : Aims
        Criterion and limits of the plan.

    Returns
    -------
    Certificate
        Accepted or not; it never raises for a wrong solution.

    Raises
    ------
    ValueError
        If ``margin`` is negative or not finite.
    SolverError
        If a revenue cannot be proven (`sanctopt.network`).

    Examples
    --------
    >>> from sanctopt.game import Credibility, Entity, Link, PatronType, Response, Utility, Weights
    >>> from sanctopt.ladder import Information, Rung
    >>> game = Game("idle", 1, 1.0, Credibility(1, 0, 1), 0, 0, 1, Weights(1, 1, 1, 5), None,
    ...     (Entity("coal", "channel", supply=100.0),), (Link("coal", "regime"),), (), (),
    ...     (Response("acquiesce"),), (PatronType("calm", 1.0),), (Utility("calm", "acquiesce", 0, 0),))
    >>> plan = Ladder.of(game, Information.ADAPTIVE, [Rung(())])
    >>> certify(game, plan, claimed_value=5.0, claimed_responses={"calm": ("acquiesce",)}).accepted
    True
    >>> certify(game, plan, claimed_value=6.0, claimed_responses={"calm": ("acquiesce",)}).failures[0]
    'the claimed value is 6, but along the claimed responses the ladder is worth 5'
    """
    terms = Terms(margin, aims)
    return certify_from(
        game, ladder, claimed_value=claimed_value, claimed_responses=claimed_responses, terms=terms
    )


def certify_from(
    game: Game,
    ladder: Ladder,
    *,
    claimed_value: float,
    claimed_responses: Mapping[str, tuple[str, ...]],
    terms: Terms,
) -> Certificate:
    """`certify` under any terms, also for a plan that begins in the middle of a game.

    The claimed responses are those from where the plan begins, and so are the payoffs, harms and costs that
    count.
    """
    margin, aims = terms.margin, terms.aims
    begin = terms.past.position(game)
    failures: list[str] = []
    if ladder.game_digest != game.digest():
        failures.append(
            f"the ladder was made for {ladder.game_name!r} with digest {ladder.game_digest[:12]}, "
            f"not for {game.name!r} with digest {game.digest()[:12]}"
        )
    unknown = [name for name in claimed_responses if name not in game.patron_type]
    failures += [f"responses are claimed for {name!r}, which is no type of the game" for name in unknown]
    optimistic = pessimistic = replayed = math.nan
    steps: tuple[Step, ...] = ()
    try:
        best = play(game, ladder, begin=begin, objective=aims.objective)
        worst = play(game, ladder, Ties.PESSIMISTIC, begin=begin, objective=aims.objective)
        optimistic, pessimistic = aims.worth(best), aims.worth(worst)
        steps = follow(game, ladder, claimed_responses, begin=begin)
        found = _as_outcome(game, ladder, steps)
        replayed = aims.worth(found)
    except LadderError as error:
        failures += _sentences(error)
    else:
        failures += _wrong_values(aims, claimed_value, replayed, optimistic, pessimistic)
        failures += (f"a limit is broken: {text}" for text in aims.broken(game, found))
        failures += _wrong_responses(steps, margin)
        failures += _wrong_expectations(ladder, annotated(game, ladder.information, steps))
    difference = abs(replayed - claimed_value)
    if not aims.limits:
        difference = max(difference, abs(optimistic - claimed_value))
    return Certificate(
        failures=tuple(failures),
        value_claimed=claimed_value,
        value_replayed=replayed,
        value_optimistic=optimistic,
        value_pessimistic=pessimistic,
        relative_difference=math.nan if math.isnan(replayed) else difference / max(1.0, abs(claimed_value)),
        required_margin=margin,
        smallest_margin=min((step.margin for step in steps), default=math.inf),
        responses=tuple(_checked(step) for step in steps),
    )


def _as_outcome(game: Game, ladder: Ladder, steps: tuple[Step, ...]) -> Outcome:
    """The play along given responses."""
    priors = {patron.name: patron.prior for patron in game.patron_types}
    return Outcome(game.name, Ties.OPTIMISTIC, priors, steps, ladder)


def _checked(step: Step) -> CheckedResponse:
    return CheckedResponse(
        type=step.type,
        stage=step.stage,
        history=step.history,
        response=step.response,
        utility=step.utilities[step.response],
        runner_up=step.runner_up,
        margin=step.margin,
        tie=step.tie,
    )


def _same(one: float, other: float) -> bool:
    """Tell whether two values are equal to `TOLERANCE`; nan equals nothing."""
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _wrong_values(aims: Aims, claimed: float, replayed: float, best: float, worst: float) -> Iterator[str]:
    if not _same(claimed, replayed):
        yield (
            f"the claimed value is {claimed:.10g}, but along the claimed responses the ladder is "
            f"worth {replayed:.10g}"
        )
    if not _same(claimed, best) and not (aims.limits and best > claimed):
        use = " (the claimed responses are not its best use)" if best > claimed else ""
        yield (
            f"the claimed value is {claimed:.10g}, but with ties for the coalition the ladder is "
            f"worth {best:.10g}{use}"
        )
    if worst > best and not _same(worst, best):
        yield (
            f"ties against the coalition make the ladder worth {worst:.10g}, more than the "
            f"{best:.10g} with ties for it"
        )


def _wrong_responses(steps: tuple[Step, ...], margin: float) -> Iterator[str]:
    for step in steps:
        where = f"type {step.type}, {place(step.rung)}"
        if not step.planned:
            yield f"{where}: the claimed responses lead to a history that the ladder has no rung for"
        if step.response not in step.tied:
            better = f"{step.runner_up} is better by {-step.margin:g}"
            yield f"{where}: {step.response} is no best response; {better}"
        # A margin is a difference of two utilities, so it carries the rounding of both.
        size = max(1.0, *map(abs, step.utilities.values()))
        if margin > 0.0 and step.margin < margin - EQUAL * size:
            yield (
                f"{where}: {step.response} beats {step.runner_up} by {step.margin:g}, less than the "
                f"required margin {margin:g}"
            )


def _wrong_expectations(ladder: Ladder, found: Ladder) -> Iterator[str]:
    """Differences between what the rungs of a ladder expect and what a replay found there."""
    replayed = {(rung.known_type, rung.history): rung.expected for rung in found.rungs}
    for rung in ladder.rungs:
        entries = {entry.type: entry for entry in replayed.get((rung.known_type, rung.history), ())}
        for entry in rung.expected:
            if entry.type not in entries:
                yield f"{place(rung)}: it expects type {entry.type}, which does not get there"
                continue
            wrong = _different(entry, entries.pop(entry.type))
            if wrong:
                yield f"{place(rung)}: what it expects of type {entry.type} is wrong: {', '.join(wrong)}"
        if rung.expected and entries:
            yield f"{place(rung)}: it expects nothing of type {', '.join(entries)}, which gets there"


def _different(one: Expected, other: Expected) -> list[str]:
    """Names of the fields in which two expectations differ; a runner-up may be tied with another."""
    names = []
    for part in fields(Expected):
        mine, yours = getattr(one, part.name), getattr(other, part.name)
        equal = _same(mine, yours) if isinstance(mine, float) else mine == yours
        if not equal and part.name != "runner_up":
            names.append(part.name)
    return names


def _sentences(error: LadderError) -> list[str]:
    """One sentence for each reason of an error; `sanctopt.play` lists them below a heading."""
    heading, *reasons = str(error).split("\n")
    return [f"the ladder is not allowed: {reason.strip()}" for reason in reasons] or [heading]


def _to_json(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _margin(value: float | None) -> float:
    return math.inf if value is None else float(value)
