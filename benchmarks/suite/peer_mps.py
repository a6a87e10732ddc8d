"""HiGHS on the plain program written as MPS, as anybody could run it."""

from __future__ import annotations

from sanctopt import Game
from suite import raw_highs
from suite.jobs import Answer, Job
from suite.plain_program import answer_from_mps


def answer(game: Game, job: Job) -> Answer:
    """Solve the exact adaptive program from a file."""
    return answer_from_mps(game, lambda path: raw_highs.solve(raw_highs.read(path), job))
