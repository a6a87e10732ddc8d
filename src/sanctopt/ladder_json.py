"""The JSON form of a ladder: written exactly, and read with every defect told at once.

This is a border: what is read may be any object. pydantic checks its form here, so that no module
behind it has to.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    ConfigDict,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import ErrorDetails

from sanctopt.errors import LadderError
from sanctopt.game import Start
from sanctopt.ladder import SCHEMA_VERSION, Expected, Information, Ladder, Rung

LONGEST = 60
"""Characters of a value that a message shows."""

_STRICT = ConfigDict(strict=True, allow_inf_nan=False, extra="forbid")


def to_data(ladder: Ladder) -> dict[str, Any]:
    """A ladder as JSON-ready dictionaries and lists; an infinite margin is null."""
    return {
        "schema_version": SCHEMA_VERSION,
        "game": ladder.game_name,
        "game_digest": ladder.game_digest,
        "information": ladder.information.value,
        "stage_labels": list(ladder.stage_labels),
        "rungs": [_rung_to_data(rung) for rung in ladder.rungs],
    }


def _rung_to_data(rung: Rung) -> dict[str, Any]:
    return {
        "history": list(rung.history),
        "known_type": rung.known_type,
        "starts": [{"instrument": s.instrument, "entity": s.entity} for s in rung.starts],
        "engagements": list(rung.engagements),
        "mitigations": list(rung.mitigations),
        "threat": [{"instrument": s.instrument, "entity": s.entity} for s in rung.threat],
        "offer": rung.offer,
        "expected": [
            vars(entry)
            | {"margin": None if entry.margin == math.inf else entry.margin}
            | {"exits": list(entry.exits)}
            for entry in rung.expected
        ],
    }


def from_data(data: Any) -> Ladder:
    """Read what `to_data` gave; ``expected`` and ``known_type`` may be missing.

    Raises
    ------
    LadderError
        If the object is no ladder, of another schema version, or wrong in any field: it names every
        such field's place and what would be right.
    """
    if not isinstance(data, Mapping) or "rungs" not in data:
        raise LadderError("no ladder: expected an object with a field 'rungs'")
    version = data.get("schema_version")
    if version != SCHEMA_VERSION:
        raise LadderError(f"schema_version is {version!r}; this version reads {SCHEMA_VERSION}")
    try:
        # pydantic's strict types take lists and objects only from JSON text, not from Python.
        form = _FORM.validate_json(json.dumps(data, default=_plain))
    except ValidationError as error:
        lines = [_line(detail) for detail in error.errors(include_url=False)]
        noun = "place" if len(lines) == 1 else "places"
        told = "\n".join(f"  {line}" for line in lines)
        raise LadderError(f"the ladder has the wrong form in {len(lines)} {noun}:\n{told}") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise LadderError(f"the ladder cannot be written as JSON: {error}") from error
    return Ladder(form.game, form.game_digest, form.information, form.stage_labels, form.rungs)


def _plain(value: object) -> dict[Any, Any]:
    """A mapping that is no dict, for `json.dumps`."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON type")


# --- the form of the file -----------------------------------------------------------------------------


def _or_infinite(value: object, check: ValidatorFunctionWrapHandler) -> float:
    return math.inf if value is None else float(check(value))


def _sorted(starts: tuple[Start, ...]) -> tuple[Start, ...]:
    return tuple(sorted(starts))


def _expected(form: Expected) -> Expected:
    return Expected(**vars(form))


def _rung(form: Rung) -> Rung:
    return Rung(**vars(form))


_Starts = Annotated[tuple[Start, ...], AfterValidator(_sorted)]


@dataclass(frozen=True)
class _ExpectedForm(Expected):
    """`Expected` in a file: null is an infinite margin."""

    __pydantic_config__ = _STRICT

    margin: Annotated[float, WrapValidator(_or_infinite)]


@dataclass(frozen=True, kw_only=True)
class _RungForm(Rung):
    """`Rung` in a file: every decision must be there, starts in any order."""

    __pydantic_config__ = _STRICT

    starts: _Starts = field()
    engagements: tuple[str, ...] = field()
    mitigations: tuple[str, ...] = field()
    threat: _Starts = field()
    offer: bool = field()
    expected: tuple[Annotated[_ExpectedForm, AfterValidator(_expected)], ...] = ()


@dataclass(frozen=True)
class _LadderForm:
    """`Ladder` in a file; unlike in its rungs, a field of one's own (a remark) may stand beside it."""

    __pydantic_config__ = _STRICT | ConfigDict(extra="ignore")

    game: str
    game_digest: str
    information: Information
    stage_labels: tuple[str, ...]
    rungs: tuple[Annotated[_RungForm, AfterValidator(_rung)], ...]


_FORM = TypeAdapter(_LadderForm)


# --- what is wrong with it ----------------------------------------------------------------------------

_RECORDS: Mapping[str, type] = {"rungs": Rung, "starts": Start, "threat": Start, "expected": Expected}
"""What stands in the lists of a ladder."""

_WANTED = {
    "string_type": "a text",
    "bool_type": "true or false",
    "float_type": "a number",
    "finite_number": "a finite number",
    "tuple_type": "a list",
}


def _line(detail: ErrorDetails) -> str:
    """One defect: its place, what was found, what would be right."""
    place, kind = detail["loc"], detail["type"]
    where = _path(place) or "the ladder"
    if kind == "missing":
        return f"{where} is missing"
    if kind == "unexpected_keyword_argument":
        return f"{where} is no field; {_path(place[:-1])} has {_fields(place[:-1])}"
    if kind == "dataclass_type":
        wanted = f"an object with {_fields(place)}"
    elif kind == "enum":
        wanted = detail["ctx"]["expected"]
    elif kind in _WANTED:
        wanted = _WANTED[kind]
        if place[-1] == "margin":
            wanted = "a finite number, or null if there is no other response"
    else:
        return f"{where}: {detail['msg']}"
    return f"{where} is {_shown(detail['input'])}; give {wanted}"


def _path(place: tuple[int | str, ...]) -> str:
    """A place as one would write it: ``rungs[0].starts[1].entity``."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return "".join(steps).removeprefix(".")


def _fields(place: tuple[int | str, ...]) -> str:
    """Names of the fields of the record at a place that ends with a list and a number."""
    return ", ".join(item.name for item in fields(_RECORDS[str(place[-2])]))


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
