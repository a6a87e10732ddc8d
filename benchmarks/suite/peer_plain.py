"""The plain program: what the library would be without its search. HiGHS, default options, no start."""

from __future__ import annotations

import time

from sanctopt import Game
from suite import raw_highs
from suite.jobs import Answer, Job
from suite.plain_program import PlainProgram


def answer(game: Game, job: Job) -> Answer:
    """Solve the exact adaptive program of all types at once."""
    begin = time.process_time()
    program = PlainProgram.build(game)
    highs = raw_highs.load(program.form, program.names)
    build_seconds = time.process_time() - begin
    return program.answer(raw_highs.solve(highs, job), build_seconds)
