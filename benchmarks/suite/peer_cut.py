"""The plain min-cut dual in HiGHS, for interdiction alone."""

from __future__ import annotations

from sanctopt import Game
from suite import raw_highs
from suite.cut_program import answer_by
from suite.jobs import Answer, Job


def answer(game: Game, job: Job) -> Answer:
    """Solve `suite.cut_program`; options as for `suite.peer_plain`."""
    return answer_by(game, lambda cut: raw_highs.solve(raw_highs.load(cut.form, cut.names), job))
