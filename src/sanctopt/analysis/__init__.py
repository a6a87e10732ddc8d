"""From one answer to a decision: what else could be done, what it is worth, what if the numbers are wrong.

Every function takes a game, solves changed copies of it or plays ladders in it, and returns frozen data with
`to_frame`. Nothing here solves the game itself: each optimum comes from `sanctopt.solve`. One exception comes
before the game: `elicitation` chooses types by small programs of its own, through `sanctopt.solver`.
"""

from sanctopt.analysis.batch import Answer, BatchProgress, Question, solve_each
from sanctopt.analysis.candidates import Candidate, candidates_of, resolve_grid, telling_shifts
from sanctopt.analysis.commitment import Commitment, value_of_commitment
from sanctopt.analysis.comparison import Comparison, compare
from sanctopt.analysis.credibility_audit import Audit, audit
from sanctopt.analysis.elicitation import Elicitation, types_from_elicitation
from sanctopt.analysis.judgements import Judgement, Package, base_rates, jeffreys_interval, package_of
from sanctopt.analysis.pareto import FirstMove, Frontier, Point, frontier
from sanctopt.analysis.replanning import Replan, replan
from sanctopt.analysis.rules_of_thumb import baselines
from sanctopt.analysis.uncertainty import Ranges, ranges
from sanctopt.analysis.valuation import Values, values

__all__ = [
    "Answer",
    "Audit",
    "BatchProgress",
    "Candidate",
    "Commitment",
    "Comparison",
    "Elicitation",
    "FirstMove",
    "Frontier",
    "Judgement",
    "Package",
    "Point",
    "Question",
    "Ranges",
    "Replan",
    "Values",
    "audit",
    "base_rates",
    "baselines",
    "candidates_of",
    "compare",
    "frontier",
    "jeffreys_interval",
    "package_of",
    "ranges",
    "replan",
    "resolve_grid",
    "solve_each",
    "telling_shifts",
    "types_from_elicitation",
    "value_of_commitment",
    "values",
]
