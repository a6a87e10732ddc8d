"""Two objectives against each other: the ladders that no other ladder beats in both, and how each begins.

A ladder *dominates* another one if it is at least as good in both objectives and better in one. The frontier
is the set of points (x, y) of ladders that none dominates. Objectives are those of `sanctopt.aims.Objective`:
expected over the prior, summed over the stages that are played; a concession ends the game, and only the
payoff has a term for it.

With X(L) and Y(L) for what counts of a ladder L (minus the amount where little is good), points are found
from the best x to the best y by the epsilon-constraint method in its lexicographic form (Mavrotas 2009,
Applied Mathematics and Computation 213, 455-465, does the same in one solve, by a small weight)::

    x_k = max X(L)  subject to  Y(L) >= e_k                   e_0 = -infinity,  e_k+1 = y_k + step
    y_k = max Y(L)  subject to  Y(L) >= e_k,  X(L) >= x_k

*Complete.* A ladder with Y >= e_k has X <= x_k. If its Y is at most y_k, point k dominates it or is the same;
if its Y is above y_k by the step, it is among those of k + 1. Decisions are discrete, so points are finitely
many, and the sweep ends where y is the best there is. *None is dominated*: a better x would contradict x_k,
and a better y with the same x would contradict y_k.

*The second line is solved by a weight*, which does not change the result, as it is checked: with W = max of
weight (X(L) - x_k) + Y(L) under the same limit, every ladder with X >= x_k has Y <= W. If the best known
ladder with this X has Y = W, it is the one. Otherwise that of W has less X, and the weight is raised until
that does not pay. (To hold X by a row leaves the program hardly any room for its prices, and HiGHS was caught
calling such programs infeasible that are not.)

*Tolerance.* Amounts are the same if they differ by no more than 1e-6 of them, or by a ten-millionth of the
largest amount of money in the game, or 1e-5 for a probability or credibility. The step is that, and of points
nearer than that one is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor

from sanctopt.aims import Objective
from sanctopt.analysis.batch import OnBatchProgress
from sanctopt.analysis.pareto.points import Frontier
from sanctopt.analysis.pareto.sweep import Sweep
from sanctopt.errors import OptionError
from sanctopt.game import Game
from sanctopt.ladder import Ladder
from sanctopt.solver_options import SolveOptions


def frontier(  # noqa: PLR0913 - what is asked, where it begins, and how it is solved
    game: Game,
    x: Objective,
    y: Objective,
    *,
    options: SolveOptions | None = None,
    executor: Executor | None = None,
    on_progress: OnBatchProgress | None = None,
    points: int | None = None,
    known_ladders: Iterable[Ladder] = (),
) -> Frontier:
    """The points of two objectives that no ladder dominates, each with its ladder.

    Parameters
    ----------
    game : Game
        The game.
    x, y : Objective
        Two different objectives of `sanctopt.aims`.
    options : SolveOptions, optional
        For each solve: three or more for a point, one if it ends at the time limit. None: the defaults. With
        a time limit the solves begin with the ladders of rules of thumb (`baselines`), too.
    executor : concurrent.futures.Executor, optional
        As in `solve_each`. Points are then found from both ends at once, by two workers; with ``points``,
        those between the ends all at once. None: here, one after the other, each with what is known by then.
    on_progress : callable, optional
        Called with a `BatchProgress` after each point; Ctrl-C ends with the points found by then.
    points : int, optional
        For games whose solves end at a time limit: at most so many points, at least 2, evenly spaced in y
        where the ladders allow it. A point that was not solved to optimality is the best one found. None:
        all.
    known_ladders : iterable of Ladder
        Ladders of the game that every solve may begin with, e.g. the one that is best for the payoff.

    Returns
    -------
    Frontier
        Exact where every solve ended as optimal, by itself or within ``options.relative_gap``; otherwise with
        bounds. Points found that another point dominates are left out.

    Raises
    ------
    OptionError
        If the objectives are the same or none, or ``points`` is below 2.
    SolverError
        If two solves contradict each other.

    Notes
    -----
    The solves build on each other: each starts from the ladders found before, and its bound holds for the
    next point too. Where all points are exact they do not depend on the executor; which ones ``points``
    picks does.

    Examples
    --------
    >>> from sanctopt import load_case
    >>> found = frontier(load_case("teaching"), Objective.DENIED, Objective.HOSTILITY)
    >>> [(round(point.x, 1), round(point.y, 1)) for point in found.points], found.complete
    ([(280.0, 1.0), (277.6, 0.4), (177.0, 0.0)], True)
    """
    for objective in (x, y):
        if not isinstance(objective, Objective):
            raise OptionError(f"{objective!r} is no objective; give one of sanctopt.aims, as Objective.COST")
    if x is y:
        raise OptionError(f"both objectives are {x}; give two different ones")
    if points is not None and (isinstance(points, bool) or points < 2):
        raise OptionError(f"points is {points!r}; give at least 2, or None for all")
    options = SolveOptions() if options is None else options
    sweep = Sweep(game, (x, y), options, on_progress, points, executor)
    sweep.begin_with(known_ladders)
    found = sweep.run()
    return Frontier(game.name, x, y, found, sweep.complete and all(point.exact for point in found))
