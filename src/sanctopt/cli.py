"""The command ``sanctopt``: solve, play and check cases from the shell.

Answers go to standard output; progress, warnings and errors to standard error. Every expected error is one
message and exit code 2; nothing here computes anything that the public functions do not.
"""

from __future__ import annotations

import argparse
import difflib
import io
import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import sanctopt
from sanctopt.case.reader import read_folder
from sanctopt.cli_progress import shown_progress
from sanctopt.errors import CertificateError, LadderError, Problem, SanctoptError, SolverError
from sanctopt.game import Game
from sanctopt.ladder import SCHEMA_VERSION, Information, Ladder
from sanctopt.outcome import Outcome, Ties
from sanctopt.solution import Solution
from sanctopt.solve import versions
from sanctopt.solver_options import Reason, SolveOptions

FOUND, NO_LADDER, BAD_INPUT, BROKEN, INTERRUPTED = 0, 1, 2, 3, 130

EXIT_CODES = """\
exit codes:
  0    done; for solve: a ladder was found (its status says whether it is proven or a limit came first)
  1    solve: there is no ladder, because none has the margin or the limit came before the first
  2    the input is wrong: case, ladder, option or file; the message says what would be right
  3    the solver contradicted itself or its answer failed the certificate; nothing is returned
  130  interrupted by Ctrl-C; solve prints the best ladder found so far, if there is one
"""


class InputError(SanctoptError):
    """What was asked for on the command line cannot be done; the message says why."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the name of the program; None: those of the process.

    Returns
    -------
    int
        The exit code; ``sanctopt --help`` lists them.

    Examples
    --------
    >>> main(["check", "teaching"])
    no problems
    0
    """
    try:
        arguments = _parser().parse_args(argv)
    except SystemExit as end:  # argparse has said what there is to say
        return end.code if isinstance(end.code, int) else BAD_INPUT
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return run(arguments)
    except (SolverError, CertificateError) as error:
        _complain(str(error))
        return BROKEN
    except SanctoptError as error:
        _complain(str(error))
        return BAD_INPUT
    except OSError as error:
        _complain(_told(error))
        return BAD_INPUT
    except KeyboardInterrupt:
        _complain("interrupted; there is nothing to show yet")
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="sanctopt",
        description="Optimal escalation ladders for sanctions, with a certificate.",
        epilog=f"CASE is a case folder, or the name of a shipped case (sanctopt cases).\n\n{EXIT_CODES}",
        formatter_class=layout,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"sanctopt {versions()['sanctopt']}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name, help=text, description=text, epilog=EXIT_CODES, formatter_class=layout, allow_abbrev=False
        )
        added.set_defaults(run=run)
        return added

    solve = command("solve", _solve, "find the optimal ladder of a case, prove it and print it")
    _add_case(solve)
    words = [item.value for item in Information]
    solve.add_argument(
        "--information", choices=words, default=words[0],
        help="what the plan may depend on: the patron's responses so far, nothing, or the type "
        "(default: adaptive)",
    )  # fmt: skip
    solve.add_argument(
        "--margin", type=_real, default=0.0, metavar="E",
        help="only plans in which every response that is reached beats all others by E, in utility "
        "(default: 0)",
    )  # fmt: skip
    solve.add_argument("--time-limit", type=_real, metavar="S", help="seconds to search (default: no limit)")
    solve.add_argument(
        "--gap", type=_real, default=SolveOptions.relative_gap, metavar="G",
        help="stop when the proven bound is within this share of the value (default: %(default)g)",
    )  # fmt: skip
    solve.add_argument(
        "--threads", type=_whole(1), default=1, metavar="N",
        help="threads of the solver; runs repeat exactly with 1 (default: 1)",
    )  # fmt: skip
    solve.add_argument("--seed", type=_whole(0), default=0, metavar="N", help="random seed (default: 0)")
    solve.add_argument(
        "--json", metavar="FILE", help="write the solution as JSON; '-': to stdout, without the page"
    )
    solve.add_argument(
        "--plots", metavar="DIR", help="save the pictures ladder.png and stages.png in this folder"
    )

    play = command("play", _play, "play a ladder against every type and print what happens")
    _add_case(play)
    play.add_argument("ladder", metavar="LADDER.json", help="JSON of a ladder, or the JSON that solve wrote")
    play.add_argument(
        "--ties", choices=[item.value for item in Ties], default=Ties.OPTIMISTIC.value,
        help="whether ties of the patron are broken for or against the coalition (default: optimistic)",
    )  # fmt: skip
    play.add_argument(
        "--json", metavar="FILE", help="write the outcome as JSON; '-': to stdout, without the page"
    )

    _add_case(command("check", _check, "print every problem of a case, and what looks odd in it"))
    command("cases", _cases, "list the shipped cases")
    return parser


def _add_case(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("case", metavar="CASE", help="case folder, or name of a shipped case (a folder wins)")


def _real(text: str) -> float:
    """Argument: a finite number of at least 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no finite number of at least 0")
    return value


def _whole(least: int) -> Callable[[str], int]:
    """Argument: a whole number from ``least`` to the largest that HiGHS takes."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value < 2**31:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} to {2**31 - 1}")
        return value

    return read


# --- commands --------------------------------------------------------------------------------


def _solve(arguments: argparse.Namespace) -> int:
    options = SolveOptions(
        time_limit_seconds=arguments.time_limit,
        relative_gap=arguments.gap,
        threads=arguments.threads,
        seed=arguments.seed,
    )
    information = Information(arguments.information)
    game = _game(arguments.case)
    # What would fail after a long solve fails before it.
    _require_writable(arguments.json)
    _require_plots(arguments.plots)
    try:
        with shown_progress() as tell:
            solution = sanctopt.solve(
                game, information=information, margin=arguments.margin, options=options, on_progress=tell
            )
    except LadderError as error:  # a ladder of the search's own making: nothing that was given is wrong
        raise SolverError(f"please report this case: {error}") from error
    failures = []
    try:
        _write_json(arguments.json, solution.to_json)
        if arguments.plots is not None and solution.has_ladder:
            _save_plots(solution.ladder, Path(arguments.plots))
    except OSError as error:
        failures.append(_told(error))  # the page is printed all the same
    if arguments.json != "-":
        _say(str(solution) if solution.has_ladder else solution.summary())
    for failure in failures:
        _complain(failure)
    return BAD_INPUT if failures else _judge(solution)


def _judge(solution: Solution) -> int:
    """The exit code of a solution, with a word on standard error where it is not 0."""
    reason = solution.status.reason
    if reason is Reason.INTERRUPTED:
        best = "this is the best ladder so far" if solution.has_ladder else "there was no ladder yet"
        _complain(f"interrupted; {best}")
        return INTERRUPTED
    if solution.has_ladder:
        return FOUND
    margin = solution.provenance.margin
    if reason is Reason.INFEASIBLE:
        _complain(
            f"no ladder of {solution.provenance.game_name} has margin {margin:g}; try a smaller --margin"
        )
    else:
        _complain(f"no ladder found: the solve ended as {solution.status}; allow more time")
    return NO_LADDER


def _play(arguments: argparse.Namespace) -> int:
    game = _game(arguments.case)
    ladder = _ladder(Path(arguments.ladder))
    if ladder.game_name != game.name:
        raise InputError(
            f"{arguments.ladder}: this ladder is for the game {ladder.game_name!r}, not for {game.name!r}"
        )
    if ladder.game_digest != game.digest():
        _complain(
            f"warning: {arguments.ladder} was made for other data of {game.name!r} (the digests differ); "
            "it is played on the data given, where it may be worth more or less"
        )
    unknown = sorted({name for rung in ladder.rungs for name in rung.history} - set(game.response))
    if unknown:
        _complain(
            f"warning: {arguments.ladder} has rungs after {', '.join(unknown)}, no response of the game; "
            f"they are never played (the game has {', '.join(game.response)})"
        )
    _require_writable(arguments.json)
    outcome = sanctopt.play(game, ladder, Ties(arguments.ties))
    _write_json(
        arguments.json, lambda: json.dumps(_outcome_data(game, outcome), indent=2, ensure_ascii=False)
    )
    if arguments.json != "-":
        _say(_outcome_page(outcome))
    return FOUND


def _check(arguments: argparse.Namespace) -> int:
    _, notes = _game_and_notes(arguments.case)
    _say("\n".join([*(f"note: {note}" for note in notes), "no problems"]))
    return FOUND


def _cases(_arguments: argparse.Namespace) -> int:
    names = sanctopt.list_cases()
    width = max(map(len, names), default=0)
    for name in names:
        game = sanctopt.load_case(name)
        notes = {key: text.strip('"') for table, key, text in game.game_extra if table == "notes"}
        size = f"{game.stages} stages, {len(game.entities)} entities, {len(game.patron_types)} types"
        _say(f"{name:<{width}}  {notes.get('case', '').split('. ')[0].rstrip('.')}: {size}")
    return FOUND


# --- reading ---------------------------------------------------------------------------------


def _game(text: str) -> Game:
    """The game of `_game_and_notes`; the notes go to standard error."""
    game, notes = _game_and_notes(text)
    for note in notes:
        _complain(f"note: {note}")
    return game


def _game_and_notes(text: str) -> tuple[Game, tuple[Problem, ...]]:
    """The game of a case folder or, if there is no such folder, of the shipped case of that name."""
    path, shipped = Path(text), sanctopt.list_cases()
    if path.is_dir():
        if text in shipped:
            _complain(f"note: reading the folder {text!r} here, not the shipped case of the same name")
        reading = read_folder(path)
        return reading.game_or_raise(str(path)), reading.notes
    if text in shipped:
        return sanctopt.load_case(text), ()
    if path.exists():
        raise InputError(f"{text} is a file; give the folder that holds game.toml")
    close = difflib.get_close_matches(text, shipped, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise InputError(
        f"there is no folder {text!r} and no shipped case of that name ({', '.join(shipped)}){hint}"
    )


def _ladder(path: Path) -> Ladder:
    """The ladder of a file: its own JSON, or that of a solution."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise LadderError(f"{path}: not a JSON text: no UTF-8 at byte {error.start}") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise LadderError(f"{path}: not a JSON text: {error}") from error
    if isinstance(data, dict) and "rungs" not in data and "ladder" in data:
        if data["ladder"] is None:
            raise LadderError(f"{path}: the solution holds no ladder; its status is {data.get('status')!r}")
        data = data["ladder"]
    if not isinstance(data, dict):
        raise LadderError(f"{path}: no ladder: expected an object, found {type(data).__name__}")
    try:
        return Ladder.from_dict(data)
    except LadderError as error:
        raise LadderError(f"{path}: {error}") from error


# --- writing ---------------------------------------------------------------------------------


def _say(text: str) -> None:
    """Print to standard output; a reader that has gone away (``| head``) is no error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show
    try:
        print(text, flush=True)
    except OSError as error:
        # What is left in the buffer must not fail once more when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise InputError(f"cannot write to standard output: {error.strerror}") from error


def _complain(text: str) -> None:
    if sys.stderr is not None:  # print would turn to standard output
        print(f"sanctopt: {text}", file=sys.stderr, flush=True)


def _told(error: OSError) -> str:
    """An error of the operating system in one line."""
    name = f"{error.filename}: " if error.filename is not None else ""
    return f"{name}{error.strerror or error}"


def _require_writable(target: str | None) -> None:
    """Raise OSError unless a file can be written; what is there stays as it is."""
    if target is None or target == "-":
        return
    path = Path(target)
    if path.is_file() or path.is_dir():
        path.open("ab").close()
    elif not path.exists():  # pipes and devices are left alone
        path.open("xb").close()
        path.unlink()


def _write_json(target: str | None, text: Callable[[], str]) -> None:
    if target == "-":
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        _say(text())
    elif target is not None:
        try:
            Path(target).write_text(text() + "\n", encoding="utf-8")
        except OSError as error:  # a full disk does not say which file it has no room for
            raise OSError(error.errno, error.strerror, target) from error


def _require_plots(target: str | None) -> None:
    """Make the folder for pictures and see that matplotlib is there."""
    if target is None:
        return
    try:
        import sanctopt.plots  # noqa: F401
    except ImportError as error:
        raise InputError(f"--plots: {error}") from error
    folder = Path(target)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("ladder.png", "stages.png"):
        _require_writable(str(folder / name))


def _save_plots(ladder: Ladder, folder: Path) -> None:
    from sanctopt.plots import plot_ladder_tree, plot_stages

    for draw, name in ((plot_ladder_tree, "ladder.png"), (plot_stages, "stages.png")):
        figure = draw(ladder).get_figure(root=True)
        if figure is not None:
            figure.savefig(folder / name, dpi=150)


def _outcome_page(outcome: Outcome) -> str:
    values = ", ".join(f"{name} {value:,.2f}" for name, value in outcome.values.items())
    way = "for" if outcome.ties is Ties.OPTIMISTIC else "against"
    tied = sum(step.tie for step in outcome.steps)
    off = sorted({" > ".join(step.history) or "nothing" for step in outcome.steps if not step.planned})
    lines = [
        f"value         {outcome.value:,.2f}   (US$m, expected over types; ties {way} the coalition)",
        f"by type       {values}",
        f"ties          {tied} of {len(outcome.steps)} responses",
    ]
    if off:
        lines.append(f"no rung       after {'; '.join(off)}: there nothing is started but called threats")
    return "\n".join([*lines, "", str(outcome.ladder)])


def _outcome_data(game: Game, outcome: Outcome) -> dict[str, Any]:
    margin = outcome.smallest_margin
    return {
        "schema_version": SCHEMA_VERSION,
        "game": game.name,
        "game_digest": game.digest(),
        "ties": outcome.ties.value,
        "value": outcome.value,
        "values": outcome.values,
        "smallest_margin": None if math.isinf(margin) else margin,
        "responses": {name: list(taken) for name, taken in outcome.responses.items()},
        "ladder": outcome.ladder.to_dict(),
    }
