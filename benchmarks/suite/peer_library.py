"""The library itself, by its public door."""

from __future__ import annotations

from sanctopt import Game, SolveOptions, solve
from suite.jobs import Answer, Job


def answer(game: Game, job: Job) -> Answer:
    """Solve a game with `sanctopt.solve`; ``job.options`` are fields of `SolveOptions`."""
    asked = {"threads": 1, "seed": job.seed, "relative_gap": job.gap, "time_limit_seconds": job.time_limit}
    solution = solve(game, options=SolveOptions(**(asked | dict(job.options))))
    reports = [phase.report for phase in solution.phases]
    return Answer(
        status=str(solution.status),
        value=solution.value if solution.has_ladder else None,
        claimed=solution.certificate.value_claimed if solution.has_ladder else None,
        bound=solution.dual_bound,
        rows=max((report.rows for report in reports), default=None),
        columns=max((report.columns for report in reports), default=None),
        binaries=max((report.integer_columns for report in reports), default=None),
        nodes=sum(report.nodes for report in reports),
        iterations=sum(report.simplex_iterations for report in reports),
    )
