"""Replanning in the middle of a game: the belief after what was seen, and the best ladder from there on.

What was done and answered so far is held; starts, stocks, mitigations and a called threat are where they are
(`sanctopt.position`). Payoffs from now on count, discounted to stage 0 as before.

*The belief*, stage by stage, from the priors on. Let the types that are still possible have belief b.

1. Some of them were expected to answer as seen, and not to concede: Bayes, they keep their shares of b.
2. None was, but some have the answer seen among their best ones (a tie that was expected to fall otherwise):
   these keep their shares of b.
3. The answer was best for nobody: b stays as it was. Such an answer has probability zero, so Bayes says
   nothing; who thinks that it tells something passes a game with other priors.

On a history that the ladder expects, only the first happens, the belief is the ladder's own, and so is the
optimum of the rest: replanning an optimal ladder changes no value.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import pandas as pd

from sanctopt.aims import PLAIN, Aims
from sanctopt.analysis.batch import OnBatchProgress, Question, solve_each
from sanctopt.beliefs import Surprise, after_response, believed_game
from sanctopt.errors import LadderError
from sanctopt.game import Game
from sanctopt.ladder import History, Ladder, Rung
from sanctopt.outcome import Outcome
from sanctopt.play import play
from sanctopt.position import Past, advance, opening, take
from sanctopt.rules import place, violations
from sanctopt.solution import Solution
from sanctopt.solver_options import SolveOptions


@dataclass(frozen=True)
class Observation:
    """One stage of the past, and the belief after it.

    Attributes
    ----------
    stage : int
        The stage.
    rung : Rung
        What was done.
    response : str
        What was answered.
    surprise : Surprise
        How that fits what was expected.
    belief : dict of str to float
        Probability of each type of the game after it; 0 for those that are ruled out.
    """

    stage: int
    rung: Rung
    response: str
    surprise: Surprise
    belief: dict[str, float]


@dataclass(frozen=True)
class Replan:
    """The belief after what was seen, and the best ladder for the rest.

    Attributes
    ----------
    observations : tuple of Observation
        The past, stage by stage.
    game : Game
        The game with the belief as prior, without the types that are ruled out.
    solution : Solution
        The new ladder; its value counts payoffs from now on, in expectation over the belief.
    """

    observations: tuple[Observation, ...]
    game: Game
    solution: Solution

    @property
    def belief(self) -> dict[str, float]:
        """Probability of each type that is still possible."""
        return {patron.name: patron.prior for patron in self.game.patron_types}

    def to_frame(self) -> pd.DataFrame:
        """One row per stage of the past and type: response, surprise, belief after it."""
        rows = [
            (seen.stage, seen.response, seen.surprise.value, name, belief)
            for seen in self.observations
            for name, belief in seen.belief.items()
        ]
        return pd.DataFrame(rows, columns=["stage", "response", "surprise", "type", "belief"])

    def __str__(self) -> str:
        lines = ["What was seen, and what it tells about the type:"]
        for seen in self.observations:
            belief = ", ".join(f"{name} {share:.0%}" for name, share in seen.belief.items() if share > 0.0)
            lines.append(f"  stage {seen.stage}: {seen.response} ({seen.surprise.value}); now {belief}")
        if any(seen.surprise is Surprise.FULL for seen in self.observations):
            lines.append(
                "An answer that is best for no type leaves the belief as it was; check the utilities."
            )
        lines += ["", f"The best plan from stage {len(self.observations)} on:", "", str(self.solution)]
        return "\n".join(lines)


def replan(  # noqa: PLR0913 - what was done and seen, what is wanted, and how it is solved
    game: Game,
    ladder: Ladder | Sequence[Rung],
    observed: Sequence[str],
    *,
    aims: Aims = PLAIN,
    options: SolveOptions | None = None,
    executor: Executor | None = None,
    on_progress: OnBatchProgress | None = None,
) -> Replan:
    """Update the belief by what was seen, and find the best ladder for the rest of the game.

    Parameters
    ----------
    game : Game
        The game as it was before it began.
    ladder : Ladder or sequence of Rung
        What was done: an adaptive ladder that was followed (where it has no rung, a called threat was carried
        out and nothing else), or the rung of each stage so far.
    observed : sequence of str
        The responses so far, at least one and fewer than the game has stages; the regime has not conceded.
    aims : Aims
        Criterion and limits for the rest; limits count from now on.
    options : SolveOptions, optional
        As for `sanctopt.solve`.
    executor : concurrent.futures.Executor, optional
        Where to solve, as in `solve_each`. None: here.
    on_progress : callable, optional
        Called with a `BatchProgress` after the solve.

    Returns
    -------
    Replan

    Raises
    ------
    LadderError
        If a response is none of the game, a rung was not allowed, or nothing is left to plan.
    OptionError
        If the aims do not fit the game.

    Examples
    --------
    >>> from sanctopt import load_case, solve
    >>> game = load_case("teaching")
    >>> solution = solve(game)
    >>> response = solution.outcome.steps[0].response
    >>> again = replan(game, solution.ladder, [response])
    >>> again.observations[0].surprise.value
    'expected'
    """
    history = tuple(observed)
    if not 0 < len(history) < game.stages:
        raise LadderError(
            f"{len(history)} responses are given; a replanning needs at least 1, and fewer than the game's "
            f"{game.stages} stages"
        )
    for stage, response in enumerate(history):
        if response not in game.response:
            raise LadderError(
                f"stage {stage}: {response!r} is no response; the game has {', '.join(game.response)}"
            )
    observations = _observations(game, ladder, history)
    believed = believed_game(game, observations[-1].belief)
    aims.check(believed)
    past = Past(tuple(seen.rung for seen in observations), history)
    question = Question(believed.name, believed, aims=aims, past=past)
    (answer,) = solve_each([question], options=options, executor=executor, on_progress=on_progress)
    return Replan(observations, believed, answer.solution)


def _observations(game: Game, ladder: Ladder | Sequence[Rung], history: History) -> tuple[Observation, ...]:
    """Walk through the past with the belief."""
    played = play(game, ladder) if isinstance(ladder, Ladder) else None
    belief = {patron.name: patron.prior for patron in game.patron_types}
    position, found = opening(game), []
    for stage, response in enumerate(history):
        rung = _rung(ladder, history[:stage], position.called)
        problems = violations(game, position, rung)
        if problems:
            raise LadderError(f"{place(rung)} was not allowed: {'; '.join(problems)}")
        posture = take(game, position, rung)
        surprise, belief = after_response(game, posture, response, belief, _expected(played, history[:stage]))
        found.append(Observation(stage, rung, response, surprise, belief))
        position = advance(game, posture, response)
    return tuple(found)


def _rung(ladder: Ladder | Sequence[Rung], history: History, called: tuple) -> Rung:  # type: ignore[type-arg]
    """What was done at a history."""
    if not isinstance(ladder, Ladder):
        if len(ladder) <= len(history):
            raise LadderError(f"no rung is given for stage {len(history)}, but a response is")
        return replace(ladder[len(history)].decisions(), history=history)
    rung = ladder.rung_at(history, "")
    return Rung(history, starts=called) if rung is None else rung.decisions()


def _expected(outcome: Outcome | None, history: History) -> dict[str, str] | None:
    """What each type that gets to a history was expected to answer there."""
    if outcome is None:
        return None
    return {step.type: step.response for step in outcome.steps if step.history == history}
