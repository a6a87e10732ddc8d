"""Game-theoretic optimization of sanctions sequencing.

Read a case, solve it, print the escalation ladder:

>>> from sanctopt import load_case, solve
>>> solution = solve(load_case("teaching"))
>>> print(solution.ladder)  # doctest: +SKIP
"""

from sanctopt.aims import Aims
from sanctopt.case import check_case, game_from_tables, list_cases, load_case, read_case, write_case
from sanctopt.certificate import Certificate, certify
from sanctopt.errors import (
    CaseError,
    CaseWarning,
    CertificateError,
    ElicitationError,
    LadderError,
    OptionError,
    Problem,
    SanctoptError,
    SolverError,
)
from sanctopt.game import Game, Start
from sanctopt.ladder import Information, Ladder, Rung
from sanctopt.outcome import Outcome, Ties
from sanctopt.play import play
from sanctopt.search import SearchProgress
from sanctopt.solution import Solution, Status
from sanctopt.solve import solve
from sanctopt.solver_options import Limit, Reason, SolveOptions

__all__ = [
    "Aims",
    "CaseError",
    "CaseWarning",
    "Certificate",
    "CertificateError",
    "ElicitationError",
    "Game",
    "Information",
    "Ladder",
    "LadderError",
    "Limit",
    "OptionError",
    "Outcome",
    "Problem",
    "Reason",
    "Rung",
    "SanctoptError",
    "SearchProgress",
    "Solution",
    "SolveOptions",
    "SolverError",
    "Start",
    "Status",
    "Ties",
    "certify",
    "check_case",
    "game_from_tables",
    "list_cases",
    "load_case",
    "play",
    "read_case",
    "solve",
    "write_case",
]
