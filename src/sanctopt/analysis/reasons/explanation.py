"""Why this rung: what its decisions are worth, what binds, what would turn the patron, what is left out.

The numbers are defined where they are made: losses in `losses`, what binds in `constraints`, switches of the
patron in `switches`, entities that are not touched in `untouched`; belief and limits at a later history in
`scene`, all modules of `sanctopt.analysis`.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

import pandas as pd

from sanctopt.analysis.batch import OnBatchProgress, solve_each
from sanctopt.analysis.reasons import explanation_text as text
from sanctopt.analysis.reasons.constraints import Constraint, constraints
from sanctopt.analysis.reasons.effects import Effect, effects
from sanctopt.analysis.reasons.losses import (
    GAP,
    Known,
    Loss,
    base_question,
    loss_of,
    loss_questions,
    optimum,
    required_question,
)
from sanctopt.analysis.reasons.scene import Scene, scene_at
from sanctopt.analysis.reasons.switches import Switch, switches
from sanctopt.analysis.reasons.untouched import Untouched, untouched, worth_trying
from sanctopt.game import Game
from sanctopt.ladder import History, Ladder, Rung
from sanctopt.solution import Solution
from sanctopt.solver_options import SolveOptions

TRIED = 3
"""Entities not touched for which the best plan that touches them is solved for."""


@dataclass(frozen=True)
class Explanation:
    """A rung explained; print it.

    Attributes
    ----------
    scene : Scene
        The rung, and the game as it stands there.
    optimum : Known
        The best plan from there on: what was found, and what is proven.
    best_rung : Rung
        What the best plan found does in this rung; the rung itself unless a better plan turned up.
    losses : tuple of Loss
        For each decision of the rung: struck out, postponed, replaced.
    required : tuple of Loss
        For the most promising entities that are not touched: a start made in this rung.
    effects : tuple of Effect
        What each decision of the rung changes in its stage.
    constraints : tuple of Constraint
        What bounds the rung.
    switches : tuple of Switch
        What would turn each type.
    untouched : tuple of Untouched
        Entities that the rung starts nothing against, and why.
    """

    scene: Scene
    optimum: Known
    best_rung: Rung
    losses: tuple[Loss, ...]
    required: tuple[Loss, ...]
    effects: tuple[Effect, ...]
    constraints: tuple[Constraint, ...]
    switches: tuple[Switch, ...]
    untouched: tuple[Untouched, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row per decision and way: what the plan loses that is held to it, and what it does instead.

        Columns: decision, way, loss, low, high, worth (of the best such plan found), status (of its solve),
        added, dropped. Money in millions of US dollars.
        """
        rows = [
            (
                str(loss.decision),
                loss.way.value,
                loss.loss,
                loss.low,
                loss.high,
                loss.best.value,
                loss.best.reason.value,
                "; ".join(map(str, loss.added)),
                "; ".join(map(str, loss.dropped)),
            )
            for loss in (*self.losses, *self.required)
        ]
        columns = ["decision", "way", "loss", "low", "high", "worth", "status", "added", "dropped"]
        return pd.DataFrame(rows, columns=columns)

    def effects_frame(self) -> pd.DataFrame:
        """One row per decision of the rung: see `Effect`; lists are joined by "; "."""
        rows = [
            {column: _cell(value) for column, value in vars(row).items()}
            | {"turns": "; ".join(f"{turn.type}: {turn.instead}" for turn in row.turns)}
            for row in self.effects
        ]
        return pd.DataFrame(rows, columns=list(_fields(Effect)))

    def constraints_frame(self) -> pd.DataFrame:
        """One row per constraint: name, subject, used, most, binds, text."""
        return pd.DataFrame([vars(row) for row in self.constraints], columns=list(_fields(Constraint)))

    def switches_frame(self) -> pd.DataFrame:
        """One row per type: see `Switch`; lists are joined by "; "."""
        rows = [{column: _cell(value) for column, value in vars(row).items()} for row in self.switches]
        return pd.DataFrame(rows, columns=list(_fields(Switch)))

    def untouched_frame(self) -> pd.DataFrame:
        """One row per start that was tried: see `Trial`; the entity's chief one first."""
        scene = self.scene
        rows = [
            {
                "entity": item.entity,
                "instrument": trial.start.instrument,
                "why": trial.why.value,
                "reasons": "; ".join(why.value for why in trial.reasons),
                "obstacle": trial.obstacle,
                "later": "; ".join(scene.game.stage_label(stage) for stage in trial.later),
                "turns": "; ".join(f"{turn.type}: {turn.instead}" for turn in trial.turns),
                "revenue": trial.revenue,
                "revenue_rest": trial.revenue_rest,
                "harm_rest": trial.harm_rest,
                "cost_rest": trial.cost_rest,
                "conceding": trial.conceding,
                "worth": trial.worth,
                "effort": trial.effort,
            }
            for item in self.untouched
            for trial in item.trials
        ]
        columns = ["entity", "instrument", "why", "reasons", "obstacle", "later", "turns", "revenue"]
        columns += ["revenue_rest", "harm_rest", "cost_rest", "conceding", "worth", "effort"]
        return pd.DataFrame(rows, columns=columns)

    def __str__(self) -> str:
        return "\n".join(
            line.rstrip()
            for part in (
                text.opening(self.scene, self.optimum, self.best_rung),
                text.at_once(self.scene, self.effects),
                text.worth_of_moves(self.scene, self.losses),
                text.patron(self.scene, self.switches),
                text.bounds(self.constraints),
                text.left_out(self.scene, self.untouched, self.required),
            )
            for line in part
        )


def explain(
    game: Game,
    plan: Solution | Ladder,
    history: History = (),
    *,
    options: SolveOptions | None = None,
    executor: Executor | None = None,
    on_progress: OnBatchProgress | None = None,
) -> Explanation:
    """Explain a rung: what its decisions are worth, what binds, what would turn the patron, what is left out.

    Parameters
    ----------
    game : Game
        The game as it was before it began.
    plan : Solution or Ladder
        A solution of the game, whose aims and margin are kept, or an adaptive or open-loop ladder, which then
        aims at the expectation. It need not be optimal.
    history : tuple of str
        The public history of the rung, which the ladder must get to; nothing: the first rung. An open-loop
        ladder has its first rung explained only.
    options : SolveOptions, optional
        For each of the solves: up to three for each decision of the rung, three for entities that are not
        touched, and one. With a time limit, losses are differences of the best plans found, with a range that
        is proven. None: the defaults.
    executor, on_progress : optional
        As in `sanctopt.analysis.batch.solve_each`.

    Returns
    -------
    Explanation
        Its text is a page for readers. After a Ctrl-C: losses that were not reached are NaN.

    Raises
    ------
    LadderError
        If the solution is of another game, the ladder is not allowed or does not get to the history.
    OptionError
        If a limit of the aims cannot be told apart by histories (`reasons.scene`).
    SolverError
        If two solves contradict each other.

    Examples
    --------
    >>> from sanctopt import load_case, solve
    >>> game = load_case("teaching")
    >>> found = explain(game, solve(game), ("acquiesce",))
    >>> [(row.way.value, round(row.loss, 1)) for row in found.losses][:2]
    [('struck out for good', 42.3), ('postponed by one stage', 0.0)]
    """
    scene = scene_at(game, plan, tuple(history))
    others = untouched(scene)
    asked = list(loss_questions(scene))
    count = len(asked)
    asked += [required_question(scene, start) for start in worth_trying(others, scene, TRIED)]
    known = scene.bound - scene.worth <= GAP * max(1.0, abs(scene.worth))
    # A solution at its first rung was searched for long enough: its own bound is what there is.
    first = [] if known or (isinstance(plan, Solution) and not scene.stage) else [base_question(scene)]
    questions = [*first, *(item.question for item in asked)]
    answers = solve_each(questions, options=options, executor=executor, on_progress=on_progress)
    solutions = [answer.solution for answer in answers]
    base = solutions.pop(0) if first else None
    best, rung = optimum(scene, base, solutions)
    losses = tuple(loss_of(scene, best, *pair) for pair in zip(asked, solutions, strict=True))
    return Explanation(
        scene,
        best,
        rung,
        losses[:count],
        losses[count:],
        effects(scene),
        constraints(scene),
        switches(scene),
        others,
    )


def _fields(record: type) -> tuple[str, ...]:
    return tuple(record.__dataclass_fields__)  # type: ignore[attr-defined]


def _cell(value: object) -> object:
    if isinstance(value, tuple):
        return "; ".join(map(str, value))
    return "" if value is None else value if isinstance(value, float | str) else str(value)
