"""The command: answers on standard output, every expected error as one message and its exit code."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

import sanctopt
from sanctopt import (
    CertificateError,
    Game,
    Information,
    Ladder,
    LadderError,
    Rung,
    SolverError,
    Start,
    cli_progress,
    load_case,
    solve,
    write_case,
)
from sanctopt.cli import main

VALUE = 471.1829846528
"""Optimum of the teaching case (`sanctopt solve teaching`); an independent test holds it elsewhere."""


@pytest.fixture(scope="module")
def teaching() -> Game:
    return load_case("teaching")


@pytest.fixture(scope="module")
def solved(teaching: Game, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File with the JSON of the solution of the teaching case."""
    file = tmp_path_factory.mktemp("solved") / "solution.json"
    file.write_text(solve(teaching).to_json(), encoding="utf-8")
    return file


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., SimpleNamespace]:
    """Run the command in this process, without words on progress however slow it is."""
    monkeypatch.setattr(cli_progress, "FIRST_SECONDS", 3600.0)

    def call(*arguments: object) -> SimpleNamespace:
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return SimpleNamespace(code=code, out=out, err=err)

    return call


def environment() -> dict[str, str]:
    path = os.pathsep.join([str(Path(sanctopt.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    return os.environ | {"PYTHONPATH": path, "MPLBACKEND": "Agg"}


# --- solve -----------------------------------------------------------------------------------


def test_solve_prints_the_page(run):
    done = run("solve", "teaching")
    assert done.code == 0
    assert done.err == ""
    for part in ("value         471.18", "Rung 0.1: opening", "Certificate: accepted"):
        assert part in done.out


def test_solve_writes_json_and_pictures(run, tmp_path):
    done = run("solve", "teaching", "--json", tmp_path / "x.json", "--plots", tmp_path / "new" / "pictures")
    assert done.code == 0
    data = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))
    assert data["schema_version"] == 1
    assert (data["status"], data["limit"]) == ("optimal", "none")
    assert data["value"] == pytest.approx(VALUE)
    assert data["dual_bound"] >= data["value"]
    assert 0 <= data["relative_gap"] <= 1e-6
    assert data["certificate"]["accepted"] is True
    assert data["certificate"]["value_pessimistic"] <= data["certificate"]["value_optimistic"] + 1e-9
    assert Ladder.from_dict(data["ladder"]).game_name == "teaching"
    pictures = sorted((tmp_path / "new" / "pictures").iterdir())
    assert [path.name for path in pictures] == ["ladder.png", "stages.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)


def test_json_on_standard_output_stands_alone(run):
    done = run("solve", "teaching", "--information", "open_loop", "--json", "-")
    assert done.code == 0
    assert json.loads(done.out)["provenance"]["information"] == "open_loop"


def test_options_reach_the_solve(run):
    done = run(
        *("solve", "teaching", "--margin", 0.5, "--time-limit", 50, "--gap", 0.01, "--threads", 2),
        *("--seed", 7, "--information", "clairvoyant", "--json", "-"),
    )
    given = json.loads(done.out)["provenance"]
    assert (given["margin"], given["information"]) == (0.5, "clairvoyant")
    wanted = {"time_limit_seconds": 50.0, "relative_gap": 0.01, "threads": 2, "seed": 7}
    assert wanted.items() <= given["options"].items()


def test_no_ladder_has_the_margin(run):
    done = run("solve", "teaching", "--margin", 5)
    assert done.code == 1
    assert done.out.startswith("status        infeasible\n")
    assert done.err == "sanctopt: no ladder of teaching has margin 5; try a smaller --margin\n"


def test_no_ladder_in_time(run, tmp_path):
    done = run(
        "solve",
        "teaching",
        "--margin",
        0.75,
        "--time-limit",
        0,
        "--json",
        tmp_path / "x",
        "--plots",
        tmp_path,
    )
    assert done.code == 1
    assert done.err == "sanctopt: no ladder found: the solve ended as limit (time); allow more time\n"
    assert json.loads((tmp_path / "x").read_text(encoding="utf-8"))["ladder"] is None
    played = run("play", "teaching", tmp_path / "x")
    assert played.code == 2
    assert "the solution holds no ladder; its status is 'limit'" in played.err


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--gap", "-1", "'-1' is no finite number of at least 0"),
        ("--gap", "small", "'small' is no finite number of at least 0"),
        ("--margin", "nan", "'nan' is no finite number of at least 0"),
        ("--margin", "-0.5", "'-0.5' is no finite number of at least 0"),
        ("--time-limit", "inf", "'inf' is no finite number of at least 0"),
        ("--time-limit", "-3", "'-3' is no finite number of at least 0"),
        ("--threads", "0", "'0' is no whole number from 1 to 2147483647"),
        ("--threads", "1.5", "'1.5' is no whole number from 1 to 2147483647"),
        ("--seed", "99999999999", "'99999999999' is no whole number from 0 to 2147483647"),
        ("--information", "all", "invalid choice: 'all'"),
    ],
)
def test_bad_option_values(run, option, value, message):
    done = run("solve", "teaching", option, value)
    assert done.code == 2
    assert done.out == ""
    assert f"argument {option}: {message}" in done.err


@pytest.mark.parametrize(
    "arguments", [(), ("solve",), ("sove", "teaching"), ("solve", "teaching", "--gapp", "1")]
)
def test_bad_commands(run, arguments):
    done = run(*arguments)
    assert done.code == 2
    assert done.err.startswith("usage: sanctopt")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (".", "sanctopt: .: Is a directory\n"),
        ("nowhere/x.json", "sanctopt: nowhere/x.json: No such file or directory\n"),
        ("file/x.json", "sanctopt: file/x.json: Not a directory\n"),
    ],
)
def test_an_unwritable_target_is_told_before_the_solve(run, tmp_path, monkeypatch, target, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    monkeypatch.setattr(sanctopt, "solve", None)  # it would fail if called
    done = run("solve", "teaching", "--json", target)
    assert (done.code, done.out, done.err) == (2, "", message)


def test_checking_the_target_leaves_it_as_it_is(run, tmp_path):
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text("kept", encoding="utf-8")
    for target in (old, new):
        assert run("solve", "teaching", "--json", target, "--plots", old).code == 2
    assert old.read_text(encoding="utf-8") == "kept"
    assert not new.exists()


def test_pictures_need_a_folder_and_matplotlib(run, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    done = run("solve", "teaching", "--plots", tmp_path / "file")
    assert (done.code, done.err) == (2, f"sanctopt: {tmp_path / 'file'}: File exists\n")
    monkeypatch.setitem(sys.modules, "sanctopt.plots", None)
    done = run("solve", "teaching", "--plots", tmp_path)
    assert done.code == 2
    assert done.err.startswith("sanctopt: --plots: ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_the_page_is_printed_although_the_disk_is_full(run):
    done = run("solve", "teaching", "--json", "/dev/full")
    assert done.code == 2
    assert "Certificate: accepted" in done.out
    assert done.err == "sanctopt: /dev/full: No space left on device\n"


@pytest.mark.parametrize("error", [SolverError, CertificateError, LadderError])
def test_a_contradiction_has_its_own_code(run, monkeypatch, error):
    def fail(*_arguments: object, **_options: object) -> None:
        raise error("A contradicts B")

    monkeypatch.setattr(sanctopt, "solve", fail)
    done = run("solve", "teaching")
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("sanctopt: ")
    assert done.err.endswith("A contradicts B\n")


def test_an_interrupt_without_a_ladder(run, monkeypatch):
    def interrupt(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sanctopt, "solve", interrupt)
    done = run("solve", "teaching")
    assert (done.code, done.err) == (130, "sanctopt: interrupted; there is nothing to show yet\n")


# --- cases -----------------------------------------------------------------------------------


def test_an_unknown_case(run):
    done = run("solve", "teachin")
    assert done.code == 2
    assert done.err == (
        "sanctopt: there is no folder 'teachin' and no shipped case of that name (dprk_2017, teaching); "
        "did you mean teaching?\n"
    )


def test_a_file_is_no_case(run, solved):
    done = run("solve", solved)
    assert (done.code, done.err) == (
        2,
        f"sanctopt: {solved} is a file; give the folder that holds game.toml\n",
    )


def test_a_folder_wins_over_a_shipped_case(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "teaching").mkdir()
    done = run("solve", "teaching")
    assert done.code == 2
    assert "note: reading the folder 'teaching' here, not the shipped case of the same name" in done.err
    assert "game.toml: file is missing" in done.err


def test_check_lists_every_problem(run, teaching, tmp_path):
    folder = write_case(teaching, tmp_path / "case")
    assert run("check", folder).out == "no problems\n"
    (folder / "types.csv").unlink()
    text = (folder / "links.csv").read_text(encoding="utf-8")
    (folder / "links.csv").write_text(text.replace("coal,trader", "coal,nobody"), encoding="utf-8")
    done = run("check", folder)
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith(f"sanctopt: {folder}: 2 problems\n  links.csv, row 2, column sink: 'nobody': ")
    assert "\n  types.csv: file is missing; every case needs it\n" in done.err
    assert run("solve", folder).err == done.err


def test_what_is_hardly_meant_is_noted(run, teaching, solved, tmp_path):
    folder = write_case(teaching, tmp_path / "case")
    with (folder / "effects.csv").open("a", encoding="utf-8") as file:
        file.write("designate,bank_lrage,0,0.5,,,\n")
    row = len((folder / "effects.csv").read_text(encoding="utf-8").splitlines())
    note = f"note: effects.csv, row {row}, column kind: 'bank_lrage': is the kind of no entity"
    done = run("check", folder)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(note)
    assert done.out.endswith("did you mean 'bank_large'?\nno problems\n")
    for done in (run("solve", folder, "--information", "open_loop"), run("play", folder, solved)):
        assert done.code == 0
        assert done.err.startswith(f"sanctopt: {note}")
        assert "note:" not in done.out


def test_check_takes_shipped_names_and_refuses_others(run):
    done = run("check", "dprk_2017")
    assert (done.code, done.out, done.err) == (0, "no problems\n", "")
    done = run("check", "nowhere")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("sanctopt: there is no folder 'nowhere'")


def test_cases_are_listed_with_a_line_each(run):
    done = run("cases")
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()] == list(sanctopt.list_cases())
    assert "8 stages, 55 entities, 6 types" in done.out


def test_help_and_version(run):
    done = run("--help")
    assert done.code == 0
    assert "130  interrupted by Ctrl-C" in done.out
    assert "exit codes:" in run("solve", "--help").out
    assert run("--version").out.startswith("sanctopt ")


# --- play ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ties", ["optimistic", "pessimistic"])
def test_play_takes_a_solution_or_a_ladder(run, solved, tmp_path, ties):
    alone = tmp_path / "ladder.json"
    ladder = json.loads(solved.read_text(encoding="utf-8"))["ladder"]
    alone.write_text(json.dumps(ladder), encoding="utf-8")
    pages = [run("play", "teaching", file, "--ties", ties) for file in (solved, alone)]
    assert [page.code for page in pages] == [0, 0]
    assert pages[0].err == ""
    assert pages[0].out == pages[1].out
    way = "for" if ties == "optimistic" else "against"
    assert pages[0].out.startswith(
        f"value         471.18   (US$m, expected over types; ties {way} the coalition)\n"
    )
    assert "by type       wary 719.95, proud 98.03\n" in pages[0].out


def test_play_writes_json(run, solved, tmp_path):
    assert run("play", "teaching", solved, "--json", tmp_path / "out.json").code == 0
    data = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert data["value"] == pytest.approx(VALUE)
    assert data["responses"]["proud"] == ["retaliate"] * 3
    assert json.loads(run("play", "teaching", solved, "--json", "-").out) == data
    assert run("play", "teaching", tmp_path / "out.json").code == 0  # an outcome holds a ladder too


def test_a_ladder_for_other_data_is_played_with_a_warning(run, teaching, solved, tmp_path):
    folder = write_case(replace(teaching, discount=0.9), tmp_path / "other")
    done = run("play", folder, solved)
    assert done.code == 0
    assert "was made for other data of 'teaching' (the digests differ)" in done.err
    assert "Rung 0.1: opening" in done.out


def test_a_ladder_for_another_game_is_refused(run, solved):
    done = run("play", "dprk_2017", solved)
    assert (done.code, done.out) == (2, "")
    assert done.err == f"sanctopt: {solved}: this ladder is for the game 'teaching', not for 'dprk_2017'\n"


def hand_made(game: Game, file: Path, *rungs: Rung) -> Path:
    file.write_text(Ladder.of(game, Information.ADAPTIVE, rungs).to_json(), encoding="utf-8")
    return file


def test_a_ladder_that_is_not_allowed(run, teaching, tmp_path):
    starts = (Start("large_bank", "designate"), Start("medium_bank", "designate"))
    done = run("play", "teaching", hand_made(teaching, tmp_path / "x", Rung((), starts=starts)))
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("sanctopt: the ladder is not allowed, for 1 reason:\n  rung after nothing: ")


def test_rungs_that_are_missing_or_never_played_are_told(run, teaching, tmp_path):
    rungs = (Rung((), starts=(Start("medium_bank", "designate"),)), Rung(("acquiese",), offer=True))
    done = run("play", "teaching", hand_made(teaching, tmp_path / "x", *rungs))
    assert done.code == 0
    assert "has rungs after acquiese, no response of the game; they are never played" in done.err
    assert re.search(
        r"^no rung +after acquiesce; .*: there nothing is started but called", done.out, re.MULTILINE
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a JSON text: Expecting value"),
        (b"\xff\xfe", "not a JSON text: no UTF-8 at byte 0"),
        (b"[" * 200_000, "not a JSON text: "),
        (b"[]", "no ladder: expected an object, found list"),
        (b'{"ladder": 3}', "no ladder: expected an object, found int"),
        (b"{}", "no ladder: expected an object with a field 'rungs'"),
        (b'{"rungs": []}', "schema_version is None; this version reads 1"),
        (
            b'{"rungs": [], "schema_version": 1}',
            "the ladder has the wrong form in 4 places:\n  game is missing\n  game_digest is missing\n",
        ),
    ],
)
def test_bad_ladder_files(run, tmp_path, content, message):
    (tmp_path / "x.json").write_bytes(content)
    done = run("play", "teaching", tmp_path / "x.json")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"sanctopt: {tmp_path / 'x.json'}: {message}")


def test_a_ladder_file_that_cannot_be_read(run, tmp_path):
    assert run("play", "teaching", tmp_path).err == f"sanctopt: {tmp_path}: Is a directory\n"
    done = run("play", "teaching", tmp_path / "no")
    assert (done.code, done.err) == (2, f"sanctopt: {tmp_path / 'no'}: No such file or directory\n")


# --- progress --------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_progress_goes_to_standard_error_at_its_own_pace(monkeypatch, stream):
    for name in ("FIRST_SECONDS", "TTY_SECONDS", "LINE_SECONDS"):
        monkeypatch.setattr(cli_progress, name, 0.02)
    monkeypatch.setattr(sys, "stderr", shown := stream())
    with cli_progress.shown_progress() as tell:
        tell(sanctopt.SearchProgress("adaptive program", 1.0, 471.18, None, float("inf"), 5))
        for _ in range(500):
            if "nodes 5" in shown.getvalue():
                break
            time.sleep(0.01)
    text = shown.getvalue()
    assert "adaptive program: best 471.18, bound none yet, gap unknown, nodes 5" in text
    assert text.endswith("\r\x1b[K" if stream is Terminal else "nodes 5\n")


# --- as a process ----------------------------------------------------------------------------


def process(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "sanctopt", *arguments],
        check=False,
        **{"capture_output": True, "text": True, "timeout": 120, "env": environment()} | options,
    )


def test_python_dash_m():
    done = process("check", "teaching")
    assert (done.returncode, done.stdout, done.stderr) == (0, "no problems\n", "")
    done = process("solve", "nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("sanctopt: there is no folder 'nowhere'")


@pytest.mark.skipif(os.name != "posix", reason="needs a pipe")
def test_a_reader_that_goes_away_is_no_error():
    read, write = os.pipe()
    os.close(read)  # nobody will ever read
    try:
        done = process("check", "teaching", capture_output=False, stdout=write, stderr=subprocess.PIPE)
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_standard_output_is_told():
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = process("cases", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr == "sanctopt: cannot write to standard output: No space left on device\n"


def test_names_that_the_terminal_cannot_show(teaching, tmp_path):
    write_case(replace(teaching, name="Pekín"), tmp_path / "case")
    env = environment() | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = process("solve", str(tmp_path / "case"), "--information", "open_loop", env=env)
    assert done.returncode == 0
    assert "Escalation ladder: Pek\\xedn" in done.stdout
    done = process(
        "solve",
        str(tmp_path / "case"),
        "--information",
        "open_loop",
        "--json",
        "-",
        env=env,
        encoding="utf-8",
    )
    assert json.loads(done.stdout)["ladder"]["game"] == "Pekín"


CASES = Path(__file__).parent / "cases"


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
@pytest.mark.parametrize(
    "arguments",
    [
        (str(CASES / "small" / "102"), "--information", "open_loop"),
        ("dprk_2017", "--threads", "2"),
        ("dprk_2017", "--threads", "1"),
    ],
)
def test_ctrl_c_prints_the_best_ladder_so_far(arguments):
    command = [sys.executable, "-m", "sanctopt", "solve", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if re.search(r"best -?[\d,]+\.\d\d", line):
                break
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=120)
    assert running.returncode == 130
    assert out.startswith("status        interrupted")
    assert "Rung 0.1: opening" in out
    assert "Certificate: accepted" in out
    assert "sanctopt: interrupted; this is the best ladder so far\n" in err
    assert "Traceback" not in err
