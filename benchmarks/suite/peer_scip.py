"""SCIP on the plain program written as MPS: another solver on the same rows, with its default settings.

An oracle should rest on as few reductions as it can do without: then give ``{"misc/usesymmetry": 0}``.
"""

from __future__ import annotations

from pathlib import Path

from sanctopt import Game
from suite.jobs import Answer, Job
from suite.plain_program import answer_from_mps
from suite.raw_highs import Outcome

PARAMETERS = {
    "display/verblevel": 0,
    "lp/threads": 1,
    "parallel/maxnthreads": 1,
    "timing/clocktype": 2,  # the wall, as for all others
}
STATUS = {
    "optimal": "optimal",
    "gaplimit": "optimal",
    "timelimit": "limit (time)",
    "memlimit": "limit (memory)",
    "infeasible": "infeasible",
    "unbounded": "unbounded",
    "inforunbd": "infeasible or unbounded",
}


def answer(game: Game, job: Job) -> Answer:
    """Solve the exact adaptive program from a file; ``job.options`` are parameters of SCIP by name."""
    return answer_from_mps(game, lambda path: solve(path, job))


def solve(path: Path, job: Job) -> Outcome:
    """Have SCIP solve an MPS file."""
    try:
        from pyscipopt import Model  # noqa: PLC0415  # optional
    except ImportError:
        return Outcome(
            "refused: SCIP is not installed; pip install -c constraints.txt pyscipopt", None, None, {}, 0, 0
        )
    model = Model()
    model.hideOutput()
    limits = {"limits/gap": job.gap, "limits/time": job.time_limit}
    model.setParams(PARAMETERS | limits | {"randomization/randomseedshift": job.seed} | dict(job.options))
    model.readProblem(str(path))
    model.optimize()
    status = model.getStatus()
    best = model.getBestSol() if model.getNSols() else None
    return Outcome(
        status=STATUS.get(status, f"error: SCIP ended with {status}"),
        objective=None if best is None else model.getSolObjVal(best),
        bound=None if model.isInfinity(abs(model.getDualbound())) else model.getDualbound(),
        point={} if best is None else {row.name: model.getSolVal(best, row) for row in model.getVars()},
        nodes=int(model.getNTotalNodes()),
        iterations=int(model.getNLPIterations()),
    )
