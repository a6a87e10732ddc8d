"""Write the generated sections of ``docs/formulation.md`` from the program itself.

    python docs/generate_formulation.py            rewrite the page
    python docs/generate_formulation.py --check    exit with 1 if the page is not current

The rule functions of ``sanctopt.formulation`` carry their formulas in their docstrings: the first line ends
with the label ``(room.number).``, and each paragraph that begins with two backticks is a formula. Which
Pyomo components use a rule is asked of a program that is built. The row that the search adds while it solves
stands in the docstring of its module, `sanctopt.search.forced`, as the indented paragraph.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyomo.environ as pyo

from sanctopt import Information, load_case, read_case
from sanctopt.aims import PLAIN, Aims, AtLeast, Expectation, HostileProbability, Objective, WorstPrior
from sanctopt.formulation.build import build_program
from sanctopt.formulation.frame import Frame
from sanctopt.game import Game
from sanctopt.ladder import Rung
from sanctopt.rung_limits import Decision, Givers, HeldRung, NoEmptyThreat, OtherFirstRungs, Required
from sanctopt.search import forced

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "formulation.md"
CASES = ROOT / "tests" / "cases"

ROOMS = (
    *("rungs", "facilitators", "rerouting", "patron", "off_ramp", "information", "payoff", "aims"),
    *("rung_limits", "response_limits"),
)
"""Modules of ``sanctopt.formulation`` that hold constraint families, in the order of the page."""

SIZED = ("worked_example", "tiny/24", "small/101", "small/102", "small/103")
"""Cases, in ``tests/cases``, whose programs are counted."""

EVERY_AIM = Aims(
    WorstPrior(0.2),
    (
        HostileProbability(1.0),
        AtLeast(0.0, Expectation(), Objective.CREDIBILITY),
        OtherFirstRungs((Rung((), offer=True),)),
        Required(Decision("offer"), 1),
        HeldRung(Rung(())),
        NoEmptyThreat((Rung((), offer=True),), "retaliate", Givers.NOBODY, ("wary",)),
        NoEmptyThreat((Rung((), offer=True),), "broad", Givers.NOBODY, ("type0",)),
    ),
)
"""Aims whose program has every family of the rooms ``aims`` and ``rung_limits``."""

LABEL = re.compile(r"^(?P<says>.+) \((?P<room>\w+)\.(?P<number>\d+)\)\.$")
ADDED = "forced.1"
"""Label of the row that the search adds (`sanctopt.search.forced`)."""

SECTION = "<!-- generated: {} -->"
END = "<!-- end of generated -->"


@dataclass(frozen=True)
class Family:
    """A constraint family: one rule function and the components that it fills."""

    room: str
    number: int
    function: str
    says: str
    paragraphs: tuple[str, ...]
    components: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        """The label as it stands in the docstring, e.g. ``rungs.5``."""
        return f"{self.room}.{self.number}"

    @property
    def formulas(self) -> tuple[str, ...]:
        """The paragraphs that are formulas."""
        return tuple(text for text in self.paragraphs if text.startswith("``"))


def families() -> list[Family]:
    """All labelled rule functions, by room and number."""
    found = []
    for room in ROOMS:
        module = importlib.import_module(f"sanctopt.formulation.{room}")
        for name, function in vars(module).items():
            if inspect.isfunction(function) and function.__module__ == module.__name__:
                found += _family(name, function)
    return sorted(found, key=lambda family: (ROOMS.index(family.room), family.number))


def _family(name: str, function: Callable[..., Any]) -> Iterator[Family]:
    paragraphs = inspect.cleandoc(function.__doc__ or "").split("\n\n")
    label = LABEL.match(paragraphs[0].replace("\n", " "))
    if label is not None:
        number = int(label["number"])
        yield Family(label["room"], number, name, label["says"], tuple(paragraphs[1:]))


def full_program(
    game: Game, information: Information = Information.ADAPTIVE, aims: Aims = PLAIN, *, tight: bool = True
) -> Any:
    """The program of all types of a game; ``tight`` with the rows that only make its relaxation closer."""
    names = tuple(row.name for row in game.patron_types)
    return build_program(Frame(game, names, information, aims=aims, tight=tight))


def rule_name(component: Any) -> str:
    """Room and rule function of a Pyomo constraint or objective, e.g. ``rungs.effort``.

    A rule made by another function, such as `same_decision`, goes by the name of its maker.
    """
    function = component.rule._fcn
    return f"{function.__module__.rpartition('.')[2]}.{function.__qualname__.split('.')[0]}"


def components(model: Any) -> dict[str, str]:
    """Rule of every constraint and objective of a program, by component."""
    kinds = (pyo.Constraint, pyo.Objective)
    return {component.name: rule_name(component) for component in model.component_objects(kinds)}


def added_formula() -> str:
    """The row that the search adds, from the docstring of its module.

    Raises
    ------
    ValueError
        If the docstring lacks the label, or does not hold exactly one indented paragraph.
    """
    text = inspect.cleandoc(forced.__doc__ or "")
    found = [part for part in text.split("\n\n") if part.startswith("    ")]
    if ADDED not in text or len(found) != 1:
        raise ValueError(f"{forced.__name__} must say {ADDED} and hold one indented formula")
    return inspect.cleandoc(found[0])


def with_components(rules: Mapping[str, str]) -> list[Family]:
    """All families, each with its components."""
    found = families()
    for family in found:
        wanted = f"{family.room}.{family.function}"
        family.components.extend(name for name, rule in rules.items() if rule == wanted)
    return found


def families_section() -> str:
    """The constraint families, room by room."""
    found = with_components(components(full_program(load_case("teaching"), aims=EVERY_AIM)))
    lines: list[str] = []
    for room in ROOMS:
        lines += [f"### Room `{room}`", ""]
        for family in (one for one in found if one.room == room):
            named = ", ".join(f"`{name}`" for name in family.components)
            noun = "component" if len(family.components) == 1 else "components"
            lines += [
                f"**({family.label})** {family.says}. `{family.room}.{family.function}`, {noun} {named}.",
                "",
            ]
            for text in family.paragraphs:
                if text.startswith("``"):
                    lines += ["```text", *text.replace("``", "").split("\n"), "```", ""]
                else:
                    lines += [*text.split("\n"), ""]
    lines += [
        "### Added while solving",
        "",
        f"**({ADDED})** A regime that would concede does. `search.forced.forced_rows`, while solving.",
        "",
        "```text",
        *added_formula().split("\n"),
        "```",
        "",
    ]
    return "\n".join(lines)


def sizes_section() -> str:
    """Rows, columns and binaries of the programs of some test cases."""
    lines = [
        "| case | types | stages | starts | information | rows | columns | of these binary |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in SIZED:
        game = read_case(CASES / name)
        for information in (Information.OPEN_LOOP, Information.ADAPTIVE):
            model = full_program(game, information, tight=False)
            rows = sum(len(component) for component in model.component_objects(pyo.Constraint))
            columns = list(model.component_data_objects(pyo.Var))
            binaries = sum(variable.is_binary() for variable in columns)
            cells = (
                f"`{name}`",
                len(game.patron_types),
                game.stages,
                len(model.frame.starts),
                information.value.replace("_", " "),
                f"{rows:,}",
                f"{len(columns):,}",
                f"{binaries:,}",
            )
            lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join([*lines, ""])


GENERATED: Mapping[str, Callable[[], str]] = {"families": families_section, "sizes": sizes_section}


def current(page: str) -> str:
    """The page with its generated sections made anew.

    Raises
    ------
    ValueError
        If the page lacks the marks of a section.
    """
    for name, make in GENERATED.items():
        begin = SECTION.format(name)
        if page.count(begin) != 1 or END not in page.partition(begin)[2]:
            raise ValueError(f"{PAGE.name} must hold {begin} once, and {END} after it")
        before, _, rest = page.partition(begin)
        after = rest.partition(END)[2]
        page = f"{before}{begin}\n\n{make()}\n{END}{after}"
    return page


def main() -> int:
    """Rewrite the page, or check it."""
    parser = argparse.ArgumentParser(description="Write the generated sections of docs/formulation.md.")
    parser.add_argument("--check", action="store_true", help="only tell whether the page is current")
    page = PAGE.read_text(encoding="utf-8")
    new = current(page)
    if parser.parse_args().check:
        if new != page:
            sys.stderr.write(f"{PAGE.name} is not current; run python docs/{Path(__file__).name}\n")
        return int(new != page)
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
