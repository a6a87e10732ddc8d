"""Solve a game: the public door to the search, with certificate and provenance."""

from __future__ import annotations

import functools
import importlib.metadata
import math
import platform
from collections.abc import Iterable
from dataclasses import replace

from sanctopt.aims import PLAIN, Aims, MinimaxRegret
from sanctopt.certificate import Terms, certify_from
from sanctopt.errors import OptionError
from sanctopt.game import Game
from sanctopt.ladder import Information, Ladder
from sanctopt.search import Clock, Finding, OnProgress, Task, check_bound, credible_search, search
from sanctopt.solution import Plan, Provenance, Solution, Status
from sanctopt.solver_options import SolveOptions

PACKAGES = ("sanctopt", "pyomo", "highspy", "numpy", "scipy", "pandas")


def solve(  # noqa: PLR0913 - the one door: what is asked, and how it is searched
    game: Game,
    *,
    information: Information = Information.ADAPTIVE,
    margin: float = 0.0,
    aims: Aims = PLAIN,
    options: SolveOptions | None = None,
    on_progress: OnProgress | None = None,
    known_ladders: Iterable[Ladder] = (),
    credible_threats: bool = False,
) -> Solution:
    """Find the optimal escalation ladder of a game, and prove it.

    Parameters
    ----------
    game : Game
        A validated game (`sanctopt.read_case`, `sanctopt.load_case`, `sanctopt.game_from_tables`).
    information : Information
        What the plan may depend on: the public history, nothing, or the type.
    margin : float
        Least utility by which every response that is reached must beat every other, at least 0. With a
        margin, no response rests on a tie or near-tie.
    aims : Aims
        What is maximized, and the limits that must be kept (`sanctopt.aims`); expectation without limits by
        default. With ``CLAIRVOYANT`` there can be no limits.
    options : SolveOptions, optional
        Time limit, relative gap, threads, seed, node limit, log, further HiGHS options. The time limit
        holds for all programs of the search together; the other limits for each. None: the defaults. With
        one thread and no time limit a solve repeats exactly, but for large adaptive games (over 3,000 types
        times stages times eligible pairs), which begin with two minutes of a search by time.
    on_progress : callable, optional
        Called with a `SearchProgress` about ten times a second while HiGHS searches.
    known_ladders : iterable of Ladder
        Ladders to begin with, of this game or of one like it; the search takes the best one that is allowed
        here. They change how long it takes, not what is optimal. A clairvoyant solve does not use them.
    credible_threats : bool
        Whether only ladders count all of whose standing threats would be carried out by choice: after every
        hostile response to a rung that threatens, expected or not, the best plan for the rest that carries
        the threat out is worth as much as the best one that need not, by the belief after that response
        and with credible threats only (`sanctopt.search.credible_threats` defines it exactly; the rest is
        weighed by the criterion of the aims, without margin and limits). Adaptive ladders only. It takes one
        search for each way to a threat that turns out to be empty, so give a time limit for a large game; the
        gap stays proven. `sanctopt.analysis.audit` checks a ladder by solving each rest anew.

    Returns
    -------
    Solution
        Interrupted (Ctrl-C), limited and infeasible solves are solutions too, with the best ladder known.

    Raises
    ------
    OptionError
        If the margin is negative or not finite, the aims do not fit the game, an option is wrong, or credible
        threats are asked of a plan that is not adaptive, or with a regret that is counted from the opening.
    CertificateError
        If the ladder found does not survive its independent check; it is never returned.
    SolverError
        If HiGHS contradicts what holds for every game.

    Examples
    --------
    >>> from sanctopt import load_case, solve
    >>> solution = solve(load_case("teaching"))
    >>> solution.status.reason.value, solution.certificate.accepted
    ('optimal', True)
    """
    if isinstance(margin, bool) or not 0 <= margin < math.inf:
        raise OptionError(f"margin is {margin!r}; give a finite utility of at least 0")
    if information not in tuple(Information):
        names = ", ".join(f"Information.{item.name}" for item in Information)
        raise OptionError(f"information is {information!r}; give one of {names}")
    aims.check(game)
    if aims.limits and information is Information.CLAIRVOYANT:
        raise OptionError("limits bind all types together, but a clairvoyant plan is made for each alone")
    if credible_threats:
        _check_credible(information, aims)
    options = SolveOptions() if options is None else options
    clock = Clock(options.time_limit_seconds)
    return solve_task(
        Task(
            game,
            information,
            margin,
            options,
            clock,
            on_progress,
            aims,
            known_ladders=tuple(known_ladders),
            credible_threats=credible_threats,
        )
    )


def _check_credible(information: Information, aims: Aims) -> None:
    """Raise an `OptionError` where credible threats are not defined."""
    if information is not Information.ADAPTIVE:
        raise OptionError(
            f"credible_threats with an {information.value} plan: what would be done after a threat is called "
            "depends on what was seen; give Information.ADAPTIVE"
        )
    if isinstance(aims.criterion, MinimaxRegret):
        raise OptionError(
            "credible_threats with minimax regret: regret is counted from the opening, so it does not say "
            "what the rest of a game is worth; give another criterion"
        )


def solve_task(task: Task) -> Solution:
    """Search for the ladder of a task whose parts fit each other, and have it certified."""
    result, aims = credible_search(task) if task.credible_threats else (search(task), task.aims)
    plans: tuple[Plan, ...] = ()
    bound = result.bound
    if result.finding is not None:
        plans = (_certified(replace(task, aims=aims), result.finding),)
        value = result.finding.worth
        check_bound(value, bound)
        bound = None if bound is None else max(bound, value)
    return Solution(
        status=Status(result.reason, result.limit),
        dual_bound=bound,
        plans=plans,
        phases=result.phases,
        wall_seconds=task.clock.seconds(),
        provenance=Provenance(
            versions=versions(),
            game_name=task.game.name,
            game_digest=task.game.digest(),
            information=task.information,
            margin=task.margin,
            aims=task.aims,
            options=task.options,
            history=task.past.responses,
            credible_threats=task.credible_threats,
        ),
    )


def versions() -> dict[str, str]:
    """Versions of Python, this library and what it solves with."""
    return {"python": platform.python_version()} | {package: _version(package) for package in PACKAGES}


@functools.cache
def _version(package: str) -> str:
    """Version of a package; read from its files once, which takes as long as a tiny game."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # run from a source tree that is not installed
        return "not installed"


def _certified(task: Task, finding: Finding) -> Plan:
    certificate = certify_from(
        task.game,
        finding.ladder,
        claimed_value=finding.claimed_value,
        claimed_responses=finding.claimed_responses,
        terms=Terms(task.margin, task.aims, task.past),
    )
    certificate.require()
    return Plan(finding.ladder, finding.outcome, certificate)
