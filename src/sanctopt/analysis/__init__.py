"""From one answer to a decision: what else could be done, what it is worth, what if the numbers are wrong.

Every function takes a game, solves changed copies of it or plays ladders in it, and returns frozen data with
`to_frame`. Nothing here solves the game itself: each optimum comes from `sanctopt.solve`. One exception comes
before the game: `elicitation` chooses types by small programs of its own, through `sanctopt.solver`.
"""

from sanctopt.analysis.batch import Answer, BatchProgress, Question, solve_each
from sanctopt.analysis.experts.candidates import Candidate, candidates_of, resolve_grid, telling_shifts
from sanctopt.analysis.experts.elicitation import Elicitation, types_from_elicitation
from sanctopt.analysis.experts.judgements import (
    Judgement,
    Package,
    base_rates,
    jeffreys_interval,
    package_of,
)
from sanctopt.analysis.pareto.points import FirstMove, Frontier, Point
from sanctopt.analysis.pareto.tracing import frontier
from sanctopt.analysis.reasons.explanation import Explanation, explain
from sanctopt.analysis.reasons.first_rungs import Alternative, Alternatives, alternatives
from sanctopt.analysis.reasons.what_it_takes import WhatItTakes, what_would_it_take
from sanctopt.analysis.replanning import Replan, replan
from sanctopt.analysis.rules.comparison import Comparison, compare
from sanctopt.analysis.rules.rules_of_thumb import baselines
from sanctopt.analysis.sensitivity.draws import Draws, MonteCarlo, monte_carlo
from sanctopt.analysis.sensitivity.factors import Factor, Shape, spread, together
from sanctopt.analysis.sensitivity.flipping import flip_radius
from sanctopt.analysis.sensitivity.flips import FlipRadius, FlipSearch
from sanctopt.analysis.sensitivity.one_at_a_time import Tornado, tornado
from sanctopt.analysis.sensitivity.screening import Morris, Output, Screening, Sobol, morris, sobol
from sanctopt.analysis.sensitivity.study import Study
from sanctopt.analysis.sensitivity.uncertainty import Ranges, ranges
from sanctopt.analysis.threats.commitment import Commitment, value_of_commitment
from sanctopt.analysis.threats.credibility_audit import Audit, audit
from sanctopt.analysis.valuation import Values, values

__all__ = [
    "Alternative",
    "Alternatives",
    "Answer",
    "Audit",
    "BatchProgress",
    "Candidate",
    "Commitment",
    "Comparison",
    "Draws",
    "Elicitation",
    "Explanation",
    "Factor",
    "FirstMove",
    "FlipRadius",
    "FlipSearch",
    "Frontier",
    "Judgement",
    "MonteCarlo",
    "Morris",
    "Output",
    "Package",
    "Point",
    "Question",
    "Ranges",
    "Replan",
    "Screening",
    "Shape",
    "Sobol",
    "Study",
    "Tornado",
    "Values",
    "WhatItTakes",
    "alternatives",
    "audit",
    "base_rates",
    "baselines",
    "candidates_of",
    "compare",
    "explain",
    "flip_radius",
    "frontier",
    "jeffreys_interval",
    "monte_carlo",
    "morris",
    "package_of",
    "ranges",
    "replan",
    "resolve_grid",
    "sobol",
    "solve_each",
    "spread",
    "telling_shifts",
    "together",
    "tornado",
    "types_from_elicitation",
    "value_of_commitment",
    "values",
    "what_would_it_take",
]
