"""The plain min-cut dual in SCIP, for interdiction alone."""

from __future__ import annotations

import tempfile
from pathlib import Path

from sanctopt import Game
from suite import peer_scip, raw_highs
from suite.cut_program import CutProgram, answer_by
from suite.jobs import Answer, Job
from suite.raw_highs import Outcome


def answer(game: Game, job: Job) -> Answer:
    """Solve `suite.cut_program`; options as for `suite.peer_scip`."""

    def solve(cut: CutProgram) -> Outcome:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "cut.mps"
            raw_highs.write(raw_highs.load(cut.form, cut.names), path)
            return peer_scip.solve(path, job)

    return answer_by(game, solve)
