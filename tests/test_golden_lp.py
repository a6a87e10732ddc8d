"""Golden text of the program of `tests/cases/two_entities`: every row of every family, to be reviewed.

Each Pyomo `Constraint` has a file in `tests/golden`; so have the objective and, with their bounds, the
variables. The same families stand in `tests/golden_lp` as ``.lp`` files, each with the objective.
``SANCTOPT_UPDATE_GOLDEN=1`` writes the files anew: then read what changed.
"""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyomo.environ as pyo
import pytest
from pyomo.repn import generate_standard_repn

from sanctopt import Information, read_case
from sanctopt.formulation.build import build_program
from sanctopt.formulation.frame import Frame

TESTS = Path(__file__).parent
GOLDEN = TESTS / "golden"
GOLDEN_LP = TESTS / "golden_lp"
UPDATE = os.environ.get("SANCTOPT_UPDATE_GOLDEN") == "1"


@functools.cache
def program() -> Any:
    game = read_case(TESTS / "cases" / "two_entities")
    types = tuple(patron.name for patron in game.patron_types)
    return build_program(Frame(game, types, Information.ADAPTIVE, margin=0.25))


def text(name: str) -> str:
    """All rows of a component, one term per line, sorted by name."""
    if name == "variables":
        rows = [
            f"{variable.name}: {'binary' if variable.is_binary() else span(variable.lower, variable.upper)}"
            for variable in program().component_data_objects(pyo.Var)
        ]
    elif name == "objective":
        objective = program().value
        assert objective.sense == pyo.maximize
        rows = ["\n".join(["maximize", *terms(objective.expr)])]
    else:
        rows = [
            "\n".join([f"{row.name}:", *terms(row.body), f"  {side(row)}"])
            for row in program().component(name).values()
        ]
    return "\n".join(sorted(rows)) + "\n"


def terms(expression: Any) -> Iterable[str]:
    """The linear terms of an expression without a constant."""
    repn = generate_standard_repn(expression)
    assert repn.is_linear()
    assert repn.constant == 0
    pairs = zip(repn.linear_vars, repn.linear_coefs, strict=True)
    return [f"  {coefficient:+.6g} {name}" for name, coefficient in sorted((v.name, c) for v, c in pairs)]


def side(row: Any) -> str:
    if row.equality:
        return f"= {number(row.upper)}"
    assert (row.lower is None) != (row.upper is None)
    return f">= {number(row.lower)}" if row.upper is None else f"<= {number(row.upper)}"


def span(lower: float | None, upper: float | None) -> str:
    low = -math.inf if lower is None else lower
    high = math.inf if upper is None else upper
    return f"[{number(low)}, {number(high)}]"


def number(value: Any) -> str:
    return f"{pyo.value(value) + 0.0:.6g}"  # + 0.0: no minus before a zero


def families() -> list[str]:
    return [component.name for component in program().component_objects(pyo.Constraint)]


def names() -> list[str]:
    return ["objective", "variables", *families()]


def lp(name: str, folder: Path) -> str:
    """The objective with one family alone, as Pyomo writes it in LP format."""
    others = [program().component(other) for other in families() if other != name]
    for other in others:
        other.deactivate()
    try:
        target = folder / f"{name}.lp"
        program().write(str(target), io_options={"symbolic_solver_labels": True})
        return target.read_text(encoding="utf-8")
    finally:
        for other in others:
            other.activate()


@pytest.mark.parametrize("name", names())
def test_family(name: str) -> None:
    file = GOLDEN / f"{name}.txt"
    if UPDATE:
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(text(name), encoding="utf-8")
    assert text(name) == file.read_text(encoding="utf-8"), "SANCTOPT_UPDATE_GOLDEN=1 writes it anew"


@pytest.mark.parametrize("name", families())
def test_family_as_lp(name: str, tmp_path: Path) -> None:
    file = GOLDEN_LP / f"{name}.lp"
    written = lp(name, tmp_path)
    if UPDATE:
        GOLDEN_LP.mkdir(exist_ok=True)
        file.write_text(written, encoding="utf-8")
    assert written == file.read_text(encoding="utf-8"), "SANCTOPT_UPDATE_GOLDEN=1 writes it anew"


def test_every_file_has_its_family() -> None:
    assert sorted(file.stem for file in GOLDEN.glob("*")) == sorted(names())
    assert sorted(file.stem for file in GOLDEN_LP.glob("*")) == sorted(families())


def test_every_family_has_rows() -> None:
    """Else its golden file shows nothing."""
    assert [name for name in names() if not text(name).strip()] == []


def test_money_is_not_scaled_here() -> None:
    """So the numbers of the case folder are those of the rows."""
    assert program().frame.unit == 1.0
