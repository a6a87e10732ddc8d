"""The search for an optimal ladder: which programs are solved, in which order, from which start.

Three programs of one game know ever more, so their optima are ordered:

    open loop  <=  adaptive  <=  clairvoyant = sum over types of prior times the type's own optimum.

`answers` branches on what the types answer (`paths`, `open_nodes`), bounded by relaxations (`held`,
`type_table`), down to programs of rungs alone. `known` solves the game of each type alone by it, or if it is
large by `concessions`: their average no adaptive ladder beats. `pools` finds early ladders of large games by
programs in which types are made to answer alike, `neighbourhoods` better ones near the best; `groups` solves
games of some of the types, whose average no adaptive ladder beats either. `strategy` puts them together;
`program` solves one program and plays what it finds; `workers` spreads jobs over threads. `credible_threats`
searches again and again, each time without the threats that were found empty.
"""

from sanctopt.search.credible_threats import credible_search
from sanctopt.search.program import above, check_bound
from sanctopt.search.strategy import search
from sanctopt.search.task import Clock, Finding, OnProgress, SearchProgress, SearchResult, Task

__all__ = [
    "Clock",
    "Finding",
    "OnProgress",
    "SearchProgress",
    "SearchResult",
    "Task",
    "above",
    "check_bound",
    "credible_search",
    "search",
]
