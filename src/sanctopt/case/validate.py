"""Checks that concern more than one cell: names, doubles, cycles, sums, and the off-ramp.

Each check is a function from the case to its problems. None needs another to have passed: what a
check cannot know, because a file or a cell could not be read, it leaves alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import networkx as nx

from sanctopt.case.build import build_game
from sanctopt.case.cells import suggestion
from sanctopt.case.schema import GAME_FILE, PRIOR_TOLERANCE, TABLES, Column, Table
from sanctopt.case.settings import Settings
from sanctopt.case.tables import Row, Rows
from sanctopt.errors import Problem, SolverError
from sanctopt.game import REGIME, Game, at_least

_WORTH = ("off_ramp", "concession_value")
_NETWORK = ("entities", "links", "supply")


@dataclass(frozen=True)
class Case:
    """What could be read of a case.

    ``settings`` is None if ``game.toml`` could not be read. ``absent`` names the tables that are
    not there; a table neither there nor in ``rows`` could not be read.
    """

    settings: Settings | None
    rows: dict[str, Rows]
    absent: frozenset[str]

    def table(self, name: str) -> list[Row]:
        """Rows of a table; empty if it is absent or could not be read."""
        return self.rows[name].rows if name in self.rows else []

    def names(self, table: str) -> list[str] | None:
        """Names that a table defines; None if they cannot be known, or it lacks all its rows."""
        column = TABLES[table].columns[0].name
        if table not in self.rows:
            return [] if table in self.absent and not TABLES[table].required else None
        rows = self.rows[table]
        if column not in rows.columns or (TABLES[table].needs_rows and not rows.rows):
            return None
        return [row.name(column) for row in rows.rows]

    def stages(self) -> int | None:
        """Number of stages; None if it could not be read."""
        value = None if self.settings is None else self.settings.values.get(("", "stages"))
        return value if isinstance(value, int) else None


def cross_check(case: Case, found: Sequence[Problem]) -> tuple[Problem, ...]:
    """Every problem between cells, tables and ``game.toml``.

    Parameters
    ----------
    case : Case
        What could be read.
    found : sequence of Problem
        What is already known to be wrong: the off-ramp's worth is not computed from wrong numbers.
    """
    problems = [problem for check in _CHECKS for problem in check(case)]
    tainted = {problem.file for problem in (*found, *problems)}
    sound = not tainted & {GAME_FILE, *(TABLES[name].file for name in _NETWORK)}
    known = all(name in case.rows or (name == "supply" and name in case.absent) for name in _NETWORK)
    if sound and known and case.settings is not None:
        try:
            problems.extend(_off_ramp_too_small(case.settings, build_game(case.settings, case.rows)))
        except SolverError as error:
            message = f"cannot be compared with the revenue at stake: {error}"
            problems.append(case.settings.problem(*_WORTH, None, message))
    return tuple(problems)


def _empty_tables(case: Case) -> Iterator[Problem]:
    for name, rows in case.rows.items():
        if rows.table.needs_rows and not rows.rows:
            message = f"has no rows; a game needs at least one {_one(name)}"
            yield Problem(rows.table.file, None, None, "", message)
    channels = (row for row in case.table("entities") if not row.sound or row.number("supply") is not None)
    if case.table("entities") and not any(channels):
        message = "no entity is a channel; give at least one entity a supply"
        yield Problem(TABLES["entities"].file, None, "supply", "", message)


def _one(table: str) -> str:
    """Singular of a table's name."""
    return {"entities": "entity", "utilities": "utility"}.get(table, table.removesuffix("s"))


def _reserved_names(case: Case) -> Iterator[Problem]:
    for row in case.table("entities"):
        if row.name("entity") == REGIME:
            message = f"{REGIME!r} names the end of the network; call the entity something else"
            yield Problem(TABLES["entities"].file, row.line, "entity", REGIME, message)


def _doubles(case: Case) -> Iterator[Problem]:
    for rows in case.rows.values():
        table = rows.table
        first: dict[tuple[object, ...], int] = {}
        for row in rows.rows:
            if any(part not in row.values for part in table.key):
                continue
            key = tuple(row.values[part] for part in table.key)
            if key in first:
                shown = ", ".join("(blank)" if part == "" else str(part) for part in key)
                message = f"stands already in row {first[key]}; keep one row for each {_words(table.key)}"
                yield Problem(table.file, row.line, table.key[-1] if len(key) == 1 else None, shown, message)
            else:
                first[key] = row.line


def _words(key: tuple[str, ...]) -> str:
    return key[0] if len(key) == 1 else f"{', '.join(key[:-1])} and {key[-1]}"


def _unknown_names(case: Case) -> Iterator[Problem]:
    for rows in case.rows.values():
        for column in rows.table.columns:
            names = case.names(column.refers) if column.refers else None
            if names is not None:
                yield from _unknown_in(rows.table, column, rows.rows, names)


def _unknown_in(table: Table, column: Column, rows: Iterable[Row], names: list[str]) -> Iterator[Problem]:
    kind = TABLES[column.refers].columns[0].name
    known = {*names, REGIME} if column.name == "sink" else set(names)
    for row in rows:
        name = row.name(column.name)
        if not name or name in known:
            continue
        if column.name == "source" and name == REGIME:
            message = f"no link leaves {REGIME!r}: revenue ends there; did you swap source and sink?"
        else:
            or_end = f" or {REGIME!r}" if column.name == "sink" else ""
            where = f"no {kind}{or_end} of {TABLES[column.refers].file}"
            message = f"is {where}{suggestion(name, sorted(known - {''}))}"
        yield Problem(table.file, row.line, column.name, name, message)


def _cyclic_links(case: Case) -> Iterator[Problem]:
    # A link out of the regime is reported as such; the cycle that it may close would say it twice.
    rows = [row for row in case.table("links") if row.name("source") not in ("", REGIME) and row.name("sink")]
    yield from _cycles(
        TABLES["links"].file,
        "sink",
        [(row.name("source"), row.name("sink"), row.line) for row in rows],
        "a link cannot lead back to where it begins",
        "links form a cycle {}; revenue must flow one way, so drop one of them",
    )


def _cyclic_requirements(case: Case) -> Iterator[Problem]:
    rows = [row for row in case.table("instruments") if row.name("instrument") and row.name("requires")]
    yield from _cycles(
        TABLES["instruments"].file,
        "requires",
        [(row.name("instrument"), row.name("requires"), row.line) for row in rows],
        "an instrument cannot require itself; leave the cell blank if it requires nothing",
        "requirements form a cycle {}, so that none of them could ever start; drop one of them",
    )


def _cycles(
    file: str, column: str, arcs: list[tuple[str, str, int]], alone: str, together: str
) -> Iterator[Problem]:
    """One problem for each arc that leads back to its own start, and for each cycle of several.

    ``arcs`` are (from, to, row), in the order of the file. An arc that closes a cycle with those before
    it is reported and left out; so each cycle is reported at its last arc.
    """
    lines: dict[tuple[str, str], int] = {}
    for tail, head, line in arcs:
        if tail == head:
            yield Problem(file, line, column, head, alone)
        else:
            lines.setdefault((tail, head), line)
    if nx.is_directed_acyclic_graph(nx.DiGraph([*lines])):
        return  # the usual case, without a search for each arc
    graph = nx.DiGraph()
    for (tail, head), line in lines.items():
        graph.add_nodes_from((tail, head))
        try:
            way_back = nx.shortest_path(graph, head, tail)
        except nx.NetworkXNoPath:
            graph.add_edge(tail, head)
        else:
            yield Problem(file, line, column, head, together.format(" -> ".join((tail, *way_back))))


def _unreachable(case: Case) -> Iterator[Problem]:
    """Channels from which no link leads on to the regime."""
    entities = case.names("entities")
    if entities is None or "links" not in case.rows:
        return
    vertices = {*entities, REGIME}
    graph = nx.DiGraph()
    graph.add_nodes_from(vertices)
    for row in case.table("links"):
        source, sink = row.name("source"), row.name("sink")
        if source not in vertices:
            return  # that link may be the way of any channel; its wrong name is reported already
        # A sink that is not known is reported already; it may mean one that leads to the regime.
        graph.add_edge(source, sink if sink in vertices else REGIME)
    reached = {REGIME} | nx.ancestors(graph, REGIME)
    for row in case.table("entities"):
        name = row.name("entity")
        if name and row.number("supply") is not None and name not in reached:
            message = f"is a channel, but no links lead from it to {REGIME!r}; add them or drop its supply"
            yield Problem(TABLES["entities"].file, row.line, "entity", name, message)


def _supply_of_no_channel(case: Case) -> Iterator[Problem]:
    blank = {
        row.name("entity")
        for row in case.table("entities")
        if "supply" in row.values and row.values["supply"] is None
    }
    for row in case.table("supply"):
        if row.name("channel") and row.name("channel") in blank:
            message = "is no channel: its supply in entities.csv is blank; give it one there (it may be 0)"
            yield Problem(TABLES["supply"].file, row.line, "channel", row.name("channel"), message)


def _stages_beyond(case: Case) -> Iterator[Problem]:
    stages = case.stages()
    if stages is None:
        return
    for name in ("perception", "supply"):
        for row in case.table(name):
            stage = row.number("stage")
            if stage is not None and stage >= stages:
                message = f"is beyond the last stage; stages run from 0 to {stages - 1}"
                yield Problem(TABLES[name].file, row.line, "stage", str(stage), message)


def _priors_off(case: Case) -> Iterator[Problem]:
    priors = [row.number("prior") for row in case.table("types")]
    known = [prior for prior in priors if prior is not None]
    if known and len(known) == len(priors) and abs(sum(known) - 1.0) > PRIOR_TOLERANCE:
        total = f"{sum(known):.10g}"
        message = f"the priors sum to {total}; they must sum to 1 (within {PRIOR_TOLERANCE:g})"
        yield Problem(TABLES["types"].file, None, "prior", total, message)


def _utilities_missing(case: Case) -> Iterator[Problem]:
    types, responses = case.names("types"), case.names("responses")
    if types is None or responses is None or not case.table("utilities"):
        return
    if not {"type", "response"} <= case.rows["utilities"].columns:
        return
    known = {(row.name("type"), row.name("response")) for row in case.table("utilities")}
    file = TABLES["utilities"].file
    for name in dict.fromkeys(types):
        for response in dict.fromkeys(responses):
            if name and response and (name, response) not in known:
                message = f"type {name!r} has no row for response {response!r}; add one"
                yield Problem(file, None, "response", response, message)


def _off_ramp_too_small(settings: Settings, game: Game) -> Iterator[Problem]:
    """Check the rule that makes a concession never unwelcome (`docs/model.md`, "The off-ramp").

    concession_value >= sum_t discount**t revenue_weight Rbar(t) + credibility_weight max
    """
    if game.off_ramp is None:
        return
    changed = sorted({row.stage for row in game.supply_changes})
    # Rbar is the same in all stages without a row in supply.csv: it is computed once for them.
    usual = next((stage for stage in range(game.stages) if stage not in changed), None)
    revenue = sum(game.discount**stage * _baseline_revenue(game, stage) for stage in changed)
    if usual is not None:
        power = game.discount**game.stages
        all_stages = game.stages if game.discount == 1.0 else (1.0 - power) / (1.0 - game.discount)
        others = all_stages - sum(game.discount**stage for stage in changed)
        revenue += others * _baseline_revenue(game, usual)
    least = game.weights.revenue * revenue + game.weights.credibility * game.credibility.max
    if not at_least(game.off_ramp.concession_value, least):
        message = (
            f"is less than what the coalition could still earn without a concession; it must be at least "
            f"{least:.10g} (sum of discount**t * weights.revenue * baseline revenue, "
            "plus weights.credibility * credibility.max), or the off-ramp must go"
        )
        found = repr(game.off_ramp.concession_value)
        yield settings.problem(*_WORTH, found, message)


def _baseline_revenue(game: Game, stage: int) -> float:
    # Imported on use: only a game with an off-ramp needs the network to be checked.
    from sanctopt.network import baseline_revenue  # noqa: PLC0415

    return baseline_revenue(game, stage)


_CHECKS: tuple[Callable[[Case], Iterator[Problem]], ...] = (
    _empty_tables,
    _reserved_names,
    _doubles,
    _unknown_names,
    _cyclic_links,
    _cyclic_requirements,
    _unreachable,
    _supply_of_no_channel,
    _stages_beyond,
    _priors_off,
    _utilities_missing,
)
