"""From checked settings and rows to the immutable `Game`."""

from __future__ import annotations

from typing import Any

from sanctopt.case.schema import TABLES, Table
from sanctopt.case.settings import Settings
from sanctopt.case.tables import Row, Rows
from sanctopt.game import Credibility, Game, OffRamp, Weights


def build_game(settings: Settings, rows: dict[str, Rows]) -> Game:
    """Build the game; every value of ``settings`` must be there, rows that are not sound are left out.

    A table that is not in ``rows`` is empty.
    """
    value: dict[tuple[str, str], Any] = dict(settings.values)
    records = {
        table.game_field: tuple(_record(table, row) for row in rows[name].rows if row.sound)
        if name in rows
        else ()
        for name, table in TABLES.items()
    }
    off_ramp = None
    if "off_ramp" in settings.tables:
        off_ramp = OffRamp(value["off_ramp", "offer_cost"], value["off_ramp", "concession_value"])
    return Game(
        name=value["", "name"],
        stages=value["", "stages"],
        effort_per_stage=value["", "effort_per_stage"],
        credibility=Credibility(
            value["credibility", "initial"], value["credibility", "decay"], value["credibility", "max"]
        ),
        carryover=value["provocation", "carryover"],
        retention=value["engagement", "retention"],
        max_cover=value["mitigation", "max_cover"],
        weights=Weights(
            value["weights", "revenue"],
            value["weights", "harm"],
            value["weights", "cost"],
            value["weights", "credibility"],
        ),
        off_ramp=off_ramp,
        discount=value["", "discount"],
        stage_unit=value["", "stage_unit"],
        start=value["", "start"],
        standing_threats=value["", "standing_threats"],
        game_extra=tuple(settings.extra),
        **records,
    )


def _record(table: Table, row: Row) -> Any:
    """Record of a sound row: each column in the field that `Table` names for it."""
    named = {column.field or column.name: row.values[column.name] for column in table.columns}
    return table.record(**named, extra=row.extra)
