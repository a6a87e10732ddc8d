"""What a case may hold but hardly means: names that match nothing, a ceiling below its stock.

None of this is an error. A folder may keep rows for entities that were taken out, and such a row has no
effect; so has a misspelt one, which is why it must not pass in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sanctopt.case.cells import suggestion
from sanctopt.case.schema import TABLES
from sanctopt.case.validate import Case
from sanctopt.errors import Problem

_SEPARATORS = re.compile(r"[|,/+&\s]+")
"""What people write between the jurisdictions of a cell, where ";" is meant."""


def notes_on(case: Case) -> tuple[Problem, ...]:
    """Every note on a case without problems, in the order of `docs/model.md`."""
    return (
        *_ceiling_below_stock(case),
        *_nothing_to_start(case),
        *_of_no_entity(case, "effects", "kind"),
        *_of_no_entity(case, "responses", "shields"),
        *_of_no_entity(case, "enforcement", "jurisdiction"),
    )


def _ceiling_below_stock(case: Case) -> Iterator[Problem]:
    if case.settings is None:
        return
    initial, most = (case.settings.values["credibility", key] for key in ("initial", "max"))
    if isinstance(initial, float) and isinstance(most, float) and most < initial:
        message = (
            f"is below credibility.initial, which is {initial!r}, so credibility falls to it in stage 0 "
            "whatever is started; usual is a max of at least initial"
        )
        yield case.settings.problem("credibility", "max", most, message)


def _nothing_to_start(case: Case) -> Iterator[Problem]:
    if not case.table("effects"):
        message = (
            "has no rows, so nothing can be started; usual is a row for each instrument and kind it fits"
        )
        yield Problem(TABLES["effects"].file, None, None, "", message)


def _of_no_entity(case: Case, table: str, column: str) -> Iterator[Problem]:
    """Notes on kinds or jurisdictions that no entity has: one for each name, at its first row."""
    what = "kind" if column == "kind" else "jurisdiction"
    known = list(dict.fromkeys(row.name(what) for row in case.table("entities") if row.name(what)))
    lines: dict[str, list[int]] = {}
    for row in case.table(table):
        value = row.values[column]
        for name in value if isinstance(value, tuple) else (str(value),):
            if name not in known:
                lines.setdefault(name, []).append(row.line)
    for name, (first, *others) in lines.items():
        also = f" (so in row {', '.join(map(str, others))})" if others else ""
        effect = "shields nobody" if column == "shields" else "acts on nobody"
        message = (
            f"is the {what} of no entity in entities.csv, so it {effect}{also}; "
            f"usual is a {what} that an entity has{_advice(name, known, column)}"
        )
        yield Problem(TABLES[table].file, first, column, name, message)


def _advice(name: str, known: list[str], column: str) -> str:
    parts = [part for part in _SEPARATORS.split(name) if part]
    if column == "shields" and len(parts) > 1 and any(part in known for part in parts):
        return f"; separate jurisdictions by ';': did you mean {';'.join(parts)!r}?"
    return suggestion(name, known) if known else "; no entity has one"
