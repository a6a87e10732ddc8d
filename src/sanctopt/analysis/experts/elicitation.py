"""Types from what experts can answer: the fewest types, with priors, that reproduce judgements on responses.

Asked alone for one package, a type gives one response, so what judgements can tell of it is its *answers*.
With candidates c, judgements j, prior p_c, and A_jc = 1 where the answer of c to the package of j is among
the responses of j, the judgement is reproduced as

    r_j = sum_c A_jc p_c.

Types are chosen in three steps, each among the best of the one before:

1. least *misfit* sum_j max(0, low_j - r_j, r_j - high_j): within the ranges as far as the candidates can;
2. fewest types with p_c > 0;
3. least *distance* sum_j |r_j - probability_j| to the central judgements.

The first is a linear program, the others are mixed-integer; `sanctopt.solver` solves all three. Ranges buy
fewer types; judgements that contradict each other or the candidates show as misfit, not as an error.

What is not identified is told, not hidden: candidates that answer alike (`Elicitation.alike`), and the range
in which each prior can move while the chosen types keep the least misfit (``prior_low``, ``prior_high``).

Assumed, beyond the candidates: each judgement counts once, in units of probability; fits that differ by at
most 1e-6 are the same. References on asking experts: O'Hagan, A. et al. (2006), Uncertain Judgements:
Eliciting Experts' Probabilities, Wiley.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from sanctopt.analysis.batch import OnBatchProgress
from sanctopt.analysis.experts.candidates import Candidate
from sanctopt.analysis.experts.fewest_types import SAME_FIT, Task, choose
from sanctopt.analysis.experts.judgements import Judgement
from sanctopt.errors import ElicitationError
from sanctopt.game import Extra, Game, PatronType, Perception, Utility
from sanctopt.solution import Phase
from sanctopt.solver_options import Reason, SolveOptions


@dataclass(frozen=True)
class Elicitation:
    """The chosen types, and how well they reproduce what was said.

    Attributes
    ----------
    patron_types : tuple of PatronType
        In the order of the candidates; extra columns ``prior_low`` and ``prior_high`` say how far each prior
        can move, the others following, while the misfit stays the least.
    utilities : tuple of Utility
        Their rows.
    judgements : tuple of Judgement
        What was said.
    reproduced : tuple of float
        Probability of each judgement's responses under the types, summed from the priors.
    answers : dict of str to dict of str to str
        Response of each type to each package, by their names.
    alike : dict of str to tuple of str
        For each type the other candidates that fit every judgement as it does; the first in order was taken.
    phases : tuple of Phase
        The programs solved, in order.
    """

    patron_types: tuple[PatronType, ...]
    utilities: tuple[Utility, ...]
    judgements: tuple[Judgement, ...]
    reproduced: tuple[float, ...]
    answers: dict[str, dict[str, str]]
    alike: dict[str, tuple[str, ...]]
    phases: tuple[Phase, ...] = field(repr=False)

    @property
    def misfit(self) -> float:
        """Sum over judgements of how far the reproduced probability is outside the range."""
        return math.fsum(
            _outside(said, value) for said, value in zip(self.judgements, self.reproduced, strict=True)
        )

    @property
    def distance(self) -> float:
        """Sum over judgements of how far the reproduced probability is from the central one."""
        return math.fsum(
            abs(value - said.probability)
            for said, value in zip(self.judgements, self.reproduced, strict=True)
        )

    @property
    def proven(self) -> bool:
        """Whether all programs were solved to the end; if not, fewer or closer types may exist."""
        return all(phase.report.reason is Reason.OPTIMAL for phase in self.phases)

    def to_frame(self) -> pd.DataFrame:
        """The fit, one row per judgement: stated, low, high, reproduced, misfit, and whether it is within."""
        rows = []
        for said, value in zip(self.judgements, self.reproduced, strict=True):
            low, high = said.range
            outside = _outside(said, value)
            rows.append(
                (
                    said.package.name,
                    "; ".join(said.responses),
                    said.probability,
                    low,
                    high,
                    value,
                    outside,
                    outside <= SAME_FIT,
                )
            )
        columns = ["package", "responses", "stated", "low", "high", "reproduced", "misfit", "within"]
        return pd.DataFrame(rows, columns=columns)

    def types_frame(self) -> pd.DataFrame:
        """One row per type: prior and its range, reservation, candidates alike, answer to each package."""
        rows = []
        for row in self.patron_types:
            ranges = {name: float(text) for name, text in row.extra}
            fixed = {"type": row.name, "prior": row.prior} | ranges
            fixed |= {"reservation": row.reservation, "alike": "; ".join(self.alike[row.name])}
            rows.append(fixed | self.answers[row.name])
        return pd.DataFrame(rows)

    def game_with(self, game: Game) -> Game:
        """The game with these types in place of its own.

        Perception (how much more provoked a type is in a stage than the moves explain) belongs to types. If
        the game's types all perceive alike, so do the new ones; if the new ones are among the game's, each
        keeps its own.

        Raises
        ------
        ElicitationError
            If the game has other responses, or its types perceive differently and the new ones are not
            among them.
        """
        given, wanted = {row.response for row in self.utilities}, {row.name for row in game.responses}
        if given != wanted:
            raise ElicitationError(
                f"the types have utilities of {', '.join(sorted(given))}, but game {game.name!r} has the "
                f"responses {', '.join(sorted(wanted))}; give the candidates one row for each of these"
            )
        return replace(
            game,
            patron_types=self.patron_types,
            utilities=self.utilities,
            perception=self._perception(game),
        )

    def _perception(self, game: Game) -> tuple[Perception, ...]:
        names = [row.name for row in self.patron_types]
        own = [row.name for row in game.patron_types]
        if set(names) <= set(own):
            return tuple(row for row in game.perception if row.type in names)
        felt = {
            name: {row.stage: row.offset for row in game.perception if row.type == name and row.offset}
            for name in own
        }
        if any(felt[name] != felt[own[0]] for name in own):
            raise ElicitationError(
                f"the types of game {game.name!r} perceive differently, so it is not known how the "
                "new ones do; replace perception in the game first, "
                "e.g. dataclasses.replace(game, perception=())"
            )
        common = [row for row in game.perception if row.type == own[0]]
        return tuple(replace(row, type=name) for name in names for row in common)


def types_from_elicitation(
    candidates: Sequence[Candidate],
    judgements: Sequence[Judgement],
    *,
    options: SolveOptions | None = None,
    executor: Executor | None = None,
    on_progress: OnBatchProgress | None = None,
) -> Elicitation:
    """The smallest set of types and priors that reproduces judgements, as well as the candidates can.

    Parameters
    ----------
    candidates : sequence of Candidate
        The types to choose from, all with the same responses; see `experts.candidates`.
    judgements : sequence of Judgement
        What was said, at least one. Several on the same responses to the same package (several experts) are
        all counted.
    options : SolveOptions, optional
        For each of the programs; None for the defaults. At a limit the types found so far are returned, and
        `Elicitation.proven` is False.
    executor : concurrent.futures.Executor, optional
        Where to solve the programs for the ranges of the priors; it changes nothing else. None: here.
    on_progress : callable, optional
        Called with a `BatchProgress` after each program, or each few of an executor.

    Returns
    -------
    Elicitation

    Raises
    ------
    ElicitationError
        If there is nothing to choose from or to reproduce, names are double, a package's name stands for two
        packages, responses differ or are unknown, or a candidate is indifferent at a package; the message
        says where.
    SolverError
        If the solver contradicts itself, or a limit left no types at all.

    Examples
    --------
    Base rates as a worked example: no retaliation in 11 cases against small and medium targets, and assumed
    judgements for larger ones. One utility table (assumed), types that differ in resolve. Two types do for
    these ranges; judgements without ranges would need four.

    >>> from sanctopt.analysis.experts.candidates import resolve_grid, telling_shifts
    >>> from sanctopt.analysis.experts.judgements import Package, base_rates
    >>> rows = (Utility("any", "protest", 0.0, 0.0), Utility("any", "retaliate", -5.0, 1.0))
    >>> medium, large, mega = Package("medium", 0.5), Package("large", 3.0), Package("mega", 9.0)
    >>> rate = base_rates().loc["patron, small or medium target: economic retaliation"]
    >>> judgements = (
    ...     Judgement.of_counts(medium, ("retaliate",), int(rate.successes), int(rate.trials)),
    ...     Judgement(large, ("retaliate",), 0.35, 0.15, 0.60),
    ...     Judgement(mega, ("retaliate",), 0.60, 0.35, 0.85),
    ... )
    >>> shifts = telling_shifts(rows, ["retaliate"], (medium, large, mega))
    >>> found = types_from_elicitation(resolve_grid(rows, ["retaliate"], shifts), judgements)
    >>> [(row.name, round(row.prior, 3)) for row in found.patron_types]
    [('resolve_0', 0.4), ('resolve_2', 0.6)]
    >>> found.to_frame()[["package", "stated", "reproduced", "within"]].round(3)
      package  stated  reproduced  within
    0  medium   0.042         0.0    True
    1   large   0.350         0.6    True
    2    mega   0.600         0.6    True
    """
    answers = _answers(candidates, judgements)
    matrix = np.array(
        [
            [answers[row.name][said.package.name] in said.responses for row in candidates]
            for said in judgements
        ],
        dtype=np.float64,
    )
    groups: dict[tuple[float, ...], list[int]] = {}
    for number, column in enumerate(matrix.T):
        groups.setdefault(tuple(column), []).append(number)
    firsts = [members[0] for members in groups.values()]
    low, high = np.array([said.range for said in judgements]).T
    stated = np.array([said.probability for said in judgements])
    task = Task(matrix[:, firsts], low, stated, high)
    choice = choose(task, SolveOptions() if options is None else options, executor, on_progress)

    chosen = [firsts[number] for number in choice.columns]
    priors = dict(zip(chosen, choice.priors.tolist(), strict=True))
    types = tuple(
        PatronType(
            candidates[number].name, priors[number], candidates[number].reservation, _ranges(lowest, highest)
        )
        for number, (lowest, highest) in zip(chosen, choice.ranges, strict=True)
    )
    others = {members[0]: members[1:] for members in groups.values()}
    return Elicitation(
        patron_types=types,
        utilities=tuple(row for number in chosen for row in candidates[number].utilities),
        judgements=tuple(judgements),
        reproduced=tuple(
            math.fsum(float(matrix[row, number]) * priors[number] for number in chosen)
            for row in range(len(judgements))
        ),
        answers={row.name: answers[row.name] for row in types},
        alike={
            candidates[number].name: tuple(candidates[other].name for other in others[number])
            for number in chosen
        },
        phases=choice.phases,
    )


def _ranges(low: float, high: float) -> Extra:
    return (("prior_low", repr(low)), ("prior_high", repr(high)))


def _outside(said: Judgement, value: float) -> float:
    low, high = said.range
    return max(0.0, low - value, value - high)


def _answers(candidates: Sequence[Candidate], judgements: Sequence[Judgement]) -> dict[str, dict[str, str]]:
    """The answer of each candidate to each package, by their names; refuses what is not well posed."""
    if not candidates or not judgements:
        raise ElicitationError(
            f"{len(candidates)} candidates and {len(judgements)} judgements; give at least one of each"
        )
    names = [row.name for row in candidates]
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise ElicitationError(f"two candidates are called {double!r}; give each a name of its own")
    known = set(candidates[0].responses)
    for row in candidates:
        if set(row.responses) != known:
            raise ElicitationError(
                f"candidates {names[0]!r} and {row.name!r} have different responses; give all the same"
            )
    packages = {said.package.name: said.package for said in judgements}
    for said in judgements:
        if said.package != packages[said.package.name]:
            raise ElicitationError(f"two packages are called {said.package.name!r}; give each its own name")
        unknown = [name for name in said.responses if name not in known]
        if unknown:
            raise ElicitationError(
                f"{said}: {unknown[0]!r} is no response; the candidates have {', '.join(sorted(known))}"
            )
    return {row.name: {name: row.answer(package) for name, package in packages.items()} for row in candidates}
