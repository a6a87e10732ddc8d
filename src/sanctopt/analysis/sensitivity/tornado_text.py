"""The page of a tornado, for an analyst who has not seen the library."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sanctopt.analysis import plain_text as text
from sanctopt.analysis.sensitivity.bars import Bar, End
from sanctopt.analysis.sensitivity.pages import count, hanging, legend, money, optimum_sentence, paragraph
from sanctopt.analysis.sensitivity.study import Known
from sanctopt.ladder import Rung
from sanctopt.rung_limits import describe

SHOWN = 20
"""Most factors in the text; the frame has all."""


def page(
    game_name: str, kept_value: float, optimum: Known | None, first_rung: Rung, bars: Sequence[Bar]
) -> Iterable[str]:
    """The lines of the page."""
    solved = [bar for bar in bars if any(end.solved for end in bar.ends)]
    yield from text.heading(f"One number at a time: {game_name}")
    yield from paragraph(
        f"{count(len(bars), 'factor')} moved to both ends of the range, each alone, all else as the case "
        "stands. Money in millions of US dollars, expected over types."
    )
    yield from paragraph(
        f"The kept ladder is worth {text.money(kept_value)} as the case stands. It begins with: "
        f"{describe(first_rung)}."
    )
    if optimum is not None:
        yield from paragraph(optimum_sentence(optimum, kept_value))
    if not solved:
        yield from paragraph(
            "Nothing was solved at the ends: only what the kept ladder gives there is known. The optimum may "
            "move more or less."
        )
    elif len(solved) < len(bars):
        yield from paragraph(
            f"{count(len(solved), 'factor')} with the largest swing of the kept ladder were solved anew at "
            "both ends; of the others only what the kept ladder gives is known, so the optimum may move more."
        )
    yield from text.section("Largest first" + (f" ({SHOWN} of {len(bars)})" if len(bars) > SHOWN else ""))
    yield from _table(bars[:SHOWN], bool(solved))
    yield from _changes(bars)
    yield from _troubles(bars)
    yield from _words(bool(solved))


def _table(bars: Sequence[Bar], solved: bool) -> Iterable[str]:
    titles = ["factor", "at low", "at high", "kept\nat low", "kept\nat high"]
    titles += ["best\nat low", "best\nat high", "swing", "other\nfirst rung"] if solved else ["swing"]
    rows = []
    for bar in bars:
        row = [bar.factor.name, *(_number(bar, end) for end in bar.ends), *map(_kept, bar.ends)]
        if not solved:
            row.append(money(bar.kept_swing))
        elif any(end.solved for end in bar.ends):
            row += [*map(_best, bar.ends), money(bar.swing), _change(bar)]
        else:
            row += ["-", "-", f"({money(bar.kept_swing)})", "-"]
        rows.append(row)
    return text.table(titles, rows)


def _number(bar: Bar, end: End) -> str:
    if len(end.numbers) > 1:
        return f"{len(end.numbers)} numbers"
    return f"{next(iter(end.numbers.values())):.4g}"


def _kept(end: End) -> str:
    if end.problem:
        return "invalid"
    return text.money(end.kept) + ("r" if end.repaired else "")


def _best(end: End) -> str:
    if end.problem:
        return "invalid"
    if not end.solved:
        return "-"
    return text.money(end.optimum) + ("" if end.optimal else "*")


def _change(bar: Bar) -> str:
    where = [name for name, end in zip(("low", "high"), bar.ends, strict=True) if end.changes]
    if where:
        return "at both" if len(where) == 2 else f"at {where[0]}"
    return "no" if bar.changes is False else "?"


def _changes(bars: Sequence[Bar]) -> Iterable[str]:
    """What is done first instead, where the first rung changes."""
    changed = [(bar, end) for bar in bars for end in bar.ends if end.changes and end.first_rung is not None]
    if not any(end.solved for bar in bars for end in bar.ends):
        return
    yield from text.section("Where another first rung is better")
    if not changed:
        unknown = sum(bar.changes is None and any(end.solved for end in bar.ends) for bar in bars)
        tail = f"; {unknown} are open" if unknown else ""
        yield f"At no end that was solved is that proven{tail}."
    for bar, end in changed:
        number = f" = {_number(bar, end)}" if len(end.numbers) == 1 else f" at its {_side(bar, end)} end"
        assert end.first_rung is not None
        yield from hanging(
            f"{bar.factor.name}{number}: {describe(end.first_rung)}. Keeping the ladder costs "
            f"{text.money(end.regret)} there."
        )


def _side(bar: Bar, end: End) -> str:
    return "low" if end is bar.low else "high"


def _troubles(bars: Sequence[Bar]) -> Iterable[str]:
    """Ends that are no valid game."""
    broken = [(bar, end) for bar in bars for end in bar.ends if end.problem]
    if broken:
        yield from text.section("Ends that are no valid game")
        for bar, end in broken[:SHOWN]:
            yield from hanging(f"{bar.factor.name}, {_side(bar, end)} end: {end.problem}")
        if len(broken) > SHOWN:
            yield f"... and {len(broken) - SHOWN} more"


def _words(solved: bool) -> Iterable[str]:
    whose = ""
    if solved:
        whose = ": of the best ladder, or in brackets, where nothing was solved, of the kept one"
    words = [
        ("at low, at high", "the number at the ends of its range."),
        (
            "kept",
            "what the kept ladder is worth there, played. 'r': it is not allowed there as it is and was "
            "repaired; what does not fit waits for the next stage.",
        ),
        ("swing", f"largest minus smallest of the values at low, as the case stands, and at high{whose}."),
    ]
    if solved:
        words += [
            (
                "best",
                "what the best ladder is worth there: the optimum, or with '*' the best found in the time "
                "given, which is not proven optimal (the bounds are in the table of to_frame).",
            ),
            (
                "other first rung",
                "where no optimal ladder begins as the kept one does. '?': the time was too short to tell.",
            ),
        ]
    yield from legend(words)
