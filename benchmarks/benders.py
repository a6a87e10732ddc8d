"""A search that the library does not use: Benders decomposition over the first rung (decision 0013).

    python benchmarks/benders.py standard/M/0 --time-limit 150 --against

Stage 0 is the one stage that all types share outright, as nobody has revealed anything yet. Its decisions y
(starts, threats, engagements, mitigations, offer) are the trunk. Later stages are tied only among types
that have answered alike, which is itself decided: they belong to no trunk, and their tie lives in Q(y), the
worth of the best ladder with the first rung y. With v_k what counts against type k, of prior p_k, the
master is

    max  sum of p_k v_k   over first rungs y that the rules allow, and the cuts;

with ``--whole`` also the relaxation of the program of all types. One kind of cut is added between two
masters, so that the fall of the bound is that of one kind. V_k(y) is the best that type k alone can be
worth with the first rung y; a ladder with that rung has v_k <= V_k(y).

- *known*: v_k <= max V_k, by the library's search for known types.
- *tie, priced* (strengthened Benders, or Lagrangean, cuts: Zou, Ahmed, Sun 2019, Mathematical Programming
  175): for any pi, as d = y is one of the first rungs,

      p_k v_k  <=  max over first rungs d of { p_k V_k(d) - pi d }  +  pi y.

  *tie*: pi is the dual of the tie between types in their relaxation (`lagrangean`). *priced*: pi is the
  dual of y = y^ in the relaxation of type k; more steps go along the subgradient y^ - d. The maximum is a
  dual bound, at most that of the relaxation, which would give the Benders cut with the same pi: so that one
  is implied. With ``--whole`` the master has those of all y anyway.
- *part, cheap, rest* (integer L-shaped cuts: Laporte, Louveaux 1993, Operations Research Letters 13). Let F
  be some decisions of stage 0, dist(y) the number of those in which y differs from y^, C at least the worth
  of any ladder with dist = 0, and U at least that of any ladder at all: the bound when the cut is made.
  Then

      sum of p_k v_k  <=  C + max(0, U - C) dist(y):   by C if dist(y) = 0; else the right side is at least U.

  The fewer decisions F has, the more rungs are cut. *part*: F is what y^ does, and C the sum of p_k V_k
  over rungs that do that, too. *cheap*: F is all of stage 0, C the sum of p_k V_k(y^). *rest*: F is all, C
  the library's own dual bound with this first rung; ``--wide``: F is what y^ does, C the library's bound
  with that required. ``--multi`` adds the first two by type, with the known V_k for U. ``--floor`` asks the
  rest for ladders above a floor only; if there are none, dist(y) >= 1, and the bound is at least the floor.

An offer that no type accepts only costs, so a ladder that begins with one need not count; with the others,
"first rung y^" says the same here and in `FirstRung`. There are finitely many rungs. Each is priced, then
bounded cheaply, then searched, with twice the time at each visit, so the bound meets the best ladder if
time does not end it. Ladders are those of `sanctopt.solve`, with their certificate.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

import lagrangean
from sanctopt import Game, Information, Solution, SolveOptions, read_case, solve
from sanctopt.aims import Aims, AtLeast, Expectation, Limit
from sanctopt.ladder import Rung
from sanctopt.rung_limits import FirstRung, describe, first_rung
from sanctopt.search import Clock, Task
from sanctopt.search.known import known_types, type_bound
from sanctopt.search.strategy import LARGE
from sanctopt.solver_options import Reason
from sanctopt.standard_form import StandardForm
from suite import trunk
from suite.cases import case_folders
from suite.trunk import Choice, Key

FINER = 0.25
"""Part of the gap asked for to which the programs inside are solved."""

FLOOR = 0.9
"""Part of the gap by which ladders must beat the best one to count, as in the tree of answers."""

STEP = 0.005
"""First step of the prices, as a share of the bound."""

KINDS = ("first", "known", "tie", "priced", "part", "cheap", "rest")


def _option(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class Way:
    """How the decomposition goes: the options of the command."""

    time_limit: float = _option(120.0, "in seconds")
    gap: float = _option(1e-4, "relative gap asked for")
    seconds: float = _option(10.0, "for each program of one type, and for the rest at first")
    whole: bool = _option(False, "the relaxation of all types is in the master")
    steps: int = _option(1, "prices for each rung and type; 0: no priced cuts")
    part: bool = _option(True, "bound what a rung does by known types")
    cheap: bool = _option(True, "bound a rung by known types before the rest is searched")
    multi: bool = _option(False, "these two by type, too")
    wide: bool = _option(False, "the rest is that of all rungs that do what one does")
    floor: bool = _option(False, "the rest is asked for ladders better than the best one only")
    first: float = _option(
        0.0, "share of the time for a ladder of the library first, whose rung is then the first y^"
    )


class TypeProgram(lagrangean.TypeProgram):
    """The program of one type alone, with stage 0 held or priced; without presolve."""

    def duals(self, rung: Choice) -> dict[Key, float]:
        """What each decision of a rung adds in the relaxation that holds them all (the program's unit)."""
        form = self._held(rung)
        form = replace(form, cost=self.cost({}), integer=np.zeros(len(form.cost), dtype=np.bool_))
        duals = trunk.solved(form, None, 0.0).getSolution().col_dual
        return {key: float(duals[column]) for key, column in self.first.items()}

    def most(
        self, prices: Choice, held: Choice, seconds: float | None, gap: float
    ) -> tuple[float, dict[Key, float]]:
        """Bound of ``p V(d) - pi d`` (millions of US dollars) and the d found; empty if none was."""
        cost = self.cost({key: -price for key, price in prices.items()})
        form = replace(self._held(held), cost=cost, offset=self.prior * self.form.offset)
        highs = trunk.solved(form, seconds, gap)
        return trunk.bound_of(highs) * self.unit, trunk.chosen(highs, self.first)

    def _held(self, held: Choice) -> StandardForm:
        lower, upper = self.form.column_lower.copy(), self.form.column_upper.copy()
        for key in held.keys() & self.first.keys():
            lower[self.first[key]] = upper[self.first[key]] = held[key]
        return replace(self.form, column_lower=lower, column_upper=upper)


class Benders:
    """One run: ``bound`` and ``best`` hold what is known so far (millions of US dollars)."""

    def __init__(self, game: Game, way: Way) -> None:
        options = SolveOptions(way.time_limit, relative_gap=FINER * way.gap)
        self.task = Task(game, Information.ADAPTIVE, 0.0, options, Clock(way.time_limit), None)
        self.way = way
        self.types = range(len(game.patron_types))
        self.programs = [TypeProgram(self.task, patron.name) for patron in game.patron_types]
        self.master = trunk.Master(self.task, whole=way.whole)
        self.bound, self.floor = float("inf"), -float("inf")
        self.best: Solution | None = None
        self.alone: list[float] = []
        self.cuts: Counter[str] = Counter()
        self.fall: defaultdict[str, float] = defaultdict(float)
        self.spent: defaultdict[str, float] = defaultdict(float)
        self.visits: Counter[tuple[str, Rung]] = Counter()
        self.settled: set[Rung] = set()

    @property
    def target(self) -> float:
        """What the bound must come down to."""
        return -float("inf") if self.best is None else self.best.value + self.way.gap * abs(self.best.value)

    def run(self) -> Iterator[str]:
        """Lines of the table, as they are found."""
        yield "seconds      bound       best   gap, %   cuts  last     first rung"
        clock, kind, rung = self.task.clock, "master", Rung(())
        while True:
            begin = clock.seconds()
            bound, found = self.master.solve(clock.left(), FINER * self.way.gap)
            bound = self.floor if bound is None else max(bound, self.floor)
            self.spent["master"] += clock.seconds() - begin
            if self.bound < float("inf"):
                self.fall[kind] += max(0.0, self.bound - bound)
            self.bound = min(self.bound, bound)
            best = float("nan") if self.best is None else self.best.value
            left = 100.0 * (max(self.bound, best) - best) / max(abs(best), 1e-9)
            yield (
                f"{clock.seconds():7.1f} {self.bound:10,.2f} {best:10,.2f} {left:8.4f} "
                f"{sum(self.cuts.values()):6}  {kind:7}  {describe(rung)}"
            )
            begin = clock.seconds()
            if self.way.first and self.best is None:
                kind = "first"
                self._first()
            elif not self.alone:
                kind = "known"
                self._known()
            elif self.bound <= self.target or not found or clock.left() == 0.0:
                break
            else:
                rung = trunk.rung_of(found)
                kind = self._next(rung, found)
                if kind == "rest" and rung in self.settled:
                    break  # what is left is less than the programs inside can tell
                getattr(self, f"_{kind}")(rung, found)
            self.spent[kind] += clock.seconds() - begin

    def summary(self) -> Iterator[str]:
        """What each kind of cut gave and took; the ladder's certificate."""
        looked = len({rung for _, rung in self.visits})
        yield f"{looked} of {trunk.count_rungs(self.task.game):,} first rungs (threats apart) were looked at"
        yield "kind     cuts   fall of the bound   seconds"
        for kind in ("master", *KINDS):
            yield f"{kind:7} {self.cuts[kind]:5} {self.fall[kind]:19,.2f} {self.spent[kind]:9.1f}"
        if self.best is not None:
            best, seconds = self.best.value, self.task.clock.seconds()
            yield f"Benders: {best:,.2f} of {max(self.bound, best):,.2f} in {seconds:.1f} s"

    def _next(self, rung: Rung, found: Choice) -> str:
        """The next kind of cut at a rung."""
        if self.way.steps and not self.cuts["tie"]:
            return "tie"
        wanted = {
            "priced": self.way.steps > 0,
            "part": self.way.part and bool(trunk.made(found)),
            "cheap": self.way.cheap,
        }
        for kind, use in wanted.items():
            if use and not self.visits[kind, rung]:
                self.visits[kind, rung] += 1
                return kind
        return "rest"

    def _first(self) -> None:
        """A ladder of the library's search, and the rest of the game with its first rung."""
        seconds = self.task.clock.left(self.way.first)
        if (found := self._look(seconds, ())).has_ladder:
            rung = first_rung(found.outcome)
            self._rest(rung, trunk.choice_of(rung, self.master.first))

    def _known(self) -> None:
        """What each type is worth if it is known."""
        game, patrons = self.task.game, self.task.game.patron_types
        large = len(patrons) * game.stages * len(game.eligible) > LARGE
        known = known_types(self.task, 1.0, large=large)
        self.alone = [patron.prior * type_bound(self.task, patron, known) for patron in patrons]
        for number in self.types:
            self._cut("known", [number], {}, self.alone[number])

    def _tie(self, rung: Rung, found: Choice) -> None:
        _, prices = lagrangean.tied_relaxation(self.programs)
        for number, price in zip(self.types, prices, strict=True):
            self._price("tie", number, {key: -price.get(key, 0.0) for key in self.programs[number].first})

    def _priced(self, rung: Rung, found: Choice) -> None:
        for number, program in enumerate(self.programs):
            prices = program.duals(found)
            for step in range(self.way.steps):
                most, taken = self._price("priced", number, prices)
                away = {key: found[key] - value for key, value in taken.items() if found[key] != value}
                if not away or not self.task.clock.left():
                    break
                worth = most / program.unit + sum(price * found[key] for key, price in prices.items())
                length = lagrangean.SHRINK**step * abs(worth) * STEP / len(away)
                prices = {key: price - length * away.get(key, 0.0) for key, price in prices.items()}

    def _price(self, kind: str, number: int, prices: dict[Key, float]) -> tuple[float, dict[Key, float]]:
        """A priced cut; its side, and the decisions that reach it."""
        program = self.programs[number]
        most, taken = program.most(prices, {}, self._seconds(), FINER * self.way.gap)
        if np.isfinite(most):
            self._cut(kind, [number], {key: -price * program.unit for key, price in prices.items()}, most)
        return most, taken

    def _part(self, rung: Rung, found: Choice) -> None:
        self._by_type("part", trunk.made(found))

    def _cheap(self, rung: Rung, found: Choice) -> None:
        self._by_type("cheap", found)

    def _by_type(self, kind: str, held: Choice) -> None:
        worth = list(self.alone)
        for number, program in enumerate(self.programs):
            most, _ = program.most({}, held, self._seconds(), FINER * self.way.gap)
            worth[number] = min(worth[number], most if np.isfinite(most) else worth[number])
            if self.way.multi:
                self._shaped(kind, [number], held, worth[number], self.alone[number])
        self._shaped(kind, self.types, held, sum(worth), self.bound)

    def _rest(self, rung: Rung, found: Choice) -> None:
        held, limits = found, (FirstRung(rung),)  # type: Choice, tuple[Limit, ...]
        if self.way.wide and (done := trunk.required(rung)):
            held, limits = trunk.made(found), done
        least = -float("inf")
        if self.way.floor and self.best is not None:
            least = self.best.value + FLOOR * self.way.gap * abs(self.best.value)
            limits = (*limits, AtLeast(least, Expectation()))
        seconds = self._seconds(2.0 ** self.visits["rest", rung])
        self.visits["rest", rung] += 1
        solution = self._look(seconds, limits)
        reason, worth = solution.status.reason, solution.dual_bound
        if reason in (Reason.OPTIMAL, Reason.INFEASIBLE):
            self.settled.add(rung)
        if reason is Reason.INFEASIBLE:  # no such ladder, or none above the floor
            self.floor = max(self.floor, least)
            self._shaped("rest", (), held, -1.0, 0.0)
        elif worth is not None:
            self._shaped("rest", self.types, held, worth, self.bound)

    def _seconds(self, times: float = 1.0) -> float:
        """Time for a program inside."""
        return min(self.task.clock.left() or 0.0, times * self.way.seconds)

    def _look(self, seconds: float | None, limits: tuple[Limit, ...]) -> Solution:
        """Ask the library for a ladder, and keep it if it is the best."""
        known = () if self.best is None else (self.best.ladder,)
        aims, options = Aims(Expectation(), limits), replace(self.task.options, time_limit_seconds=seconds)
        solution = solve(self.task.game, aims=aims, options=options, known_ladders=known)
        if solution.has_ladder and (self.best is None or solution.value > self.best.value):
            self.best = solution
        return solution

    def _shaped(self, kind: str, types: Sequence[int], held: Choice, worth: float, most: float) -> None:
        """An integer L-shaped cut: ``worth`` where all is held, ``most`` anywhere."""
        slope = max(0.0, most - worth)
        terms = {key: slope if value else -slope for key, value in held.items()}
        self._cut(kind, types, terms, worth + slope * sum(held.values()))

    def _cut(self, kind: str, types: Sequence[int], terms: Choice, most: float) -> None:
        self.master.cut(types, terms, most)
        self.cuts[kind] += 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    made = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    made.add_argument("case", metavar="CASE", help="as in run.py")
    for option in fields(Way):
        kind: Any = {"type": type(option.default)}
        if isinstance(option.default, bool):
            kind = {"action": argparse.BooleanOptionalAction}
        text = f"{option.metadata['help']} (default: {option.default})"
        made.add_argument("--" + option.name.replace("_", "-"), default=option.default, help=text, **kind)
    made.add_argument("--against", action="store_true", help="then the library's search, in the same time")
    given = made.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        (folder,) = case_folders([given.case], Path(scratch)).values()
        game = read_case(folder)
    way = Way(**{option.name: getattr(given, option.name) for option in fields(Way)})
    run = Benders(game, way)
    for line in itertools.chain(run.run(), run.summary()):
        print(line, flush=True)
    if given.against:
        for line in trunk.searched(game, way.time_limit, way.gap):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
