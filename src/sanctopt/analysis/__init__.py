"""From one answer to a decision: what else could be done, what it is worth, what if the numbers are wrong.

Every function takes a game, solves changed copies of it or plays ladders in it, and returns frozen data with
`to_frame`. Nothing here solves the game itself: each optimum comes from `sanctopt.solve`. One exception comes
before the game: `elicitation` chooses types by small programs of its own, through `sanctopt.solver`.
"""

from sanctopt.analysis.batch import Answer, BatchProgress, Question, solve_each
from sanctopt.analysis.candidates import Candidate, candidates_of, resolve_grid, telling_shifts
from sanctopt.analysis.comparison import Comparison, compare
from sanctopt.analysis.elicitation import Elicitation, types_from_elicitation
from sanctopt.analysis.explanation import Explanation, explain
from sanctopt.analysis.first_rungs import Alternative, Alternatives, alternatives
from sanctopt.analysis.judgements import Judgement, Package, base_rates, jeffreys_interval, package_of
from sanctopt.analysis.replanning import Replan, replan
from sanctopt.analysis.rules_of_thumb import baselines
from sanctopt.analysis.uncertainty import Ranges, ranges
from sanctopt.analysis.valuation import Values, values
from sanctopt.analysis.what_it_takes import WhatItTakes, what_would_it_take

__all__ = [
    "Alternative",
    "Alternatives",
    "Answer",
    "BatchProgress",
    "Candidate",
    "Comparison",
    "Elicitation",
    "Explanation",
    "Judgement",
    "Package",
    "Question",
    "Ranges",
    "Replan",
    "Values",
    "WhatItTakes",
    "alternatives",
    "base_rates",
    "baselines",
    "candidates_of",
    "compare",
    "explain",
    "jeffreys_interval",
    "package_of",
    "ranges",
    "replan",
    "resolve_grid",
    "solve_each",
    "telling_shifts",
    "types_from_elicitation",
    "values",
    "what_would_it_take",
]
