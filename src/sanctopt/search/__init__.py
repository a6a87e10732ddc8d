"""The search for an optimal ladder: which programs are solved, in which order, from which start.

Three programs of one game know ever more, so their optima are ordered:

    open loop  <=  adaptive  <=  clairvoyant = sum over types of prior times the type's own optimum.

`known` solves the game of each type alone: easy programs whose average no adaptive ladder beats. `pools`
finds early ladders by programs in which types are made to answer alike. `strategy` puts them together;
`program` solves one program and plays what it finds; `workers` spreads jobs over threads.
"""

from sanctopt.search.program import above
from sanctopt.search.strategy import search
from sanctopt.search.task import Clock, Finding, OnProgress, SearchProgress, SearchResult, Task

__all__ = ["Clock", "Finding", "OnProgress", "SearchProgress", "SearchResult", "Task", "above", "search"]
