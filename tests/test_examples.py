"""Every example runs as a user runs it, and says what it should."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import sanctopt

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
LINES = {
    "01_quick_start.py": "First move: designate medium_bank",
    "03_game_from_tables.py": "value 175, by hand 175",
    "04_known_type.py": "To know the type would be worth 19.40,",
    "05_medium_or_large_banks_first.py": (
        "      20         1               401.85                441.95  large"
    ),
    "06_from_answer_to_decision.py": "The best plan for the rest is worth 444.82.",
}
LONG = "02_dprk_2017.py"
DECISION = "07_decision_dprk_2017.py"


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    # The library may be on the path of the tests without being installed.
    path = os.pathsep.join([str(Path(sanctopt.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"PYTHONPATH": path, "MPLBACKEND": "Agg"},
    )


@pytest.mark.parametrize("name", LINES)
def test_example_runs(name: str) -> None:
    done = run(name)
    assert done.returncode == 0, done.stderr
    assert LINES[name] in done.stdout.splitlines()
    assert done.stderr == ""


def test_the_long_example_stops_at_its_limit(tmp_path: Path) -> None:
    done = run(LONG, "--time-limit", "5", "--output", str(tmp_path / "demo"))
    assert done.returncode == 0, done.stderr
    assert "Certificate: accepted" in done.stdout.splitlines()
    assert "no ladder can be worth more than" in done.stdout
    assert done.stderr.startswith("Solving dprk_2017 for at most 5 s")
    files = {path.name for path in (tmp_path / "demo").iterdir()}
    assert files == {"ladder.png", "stages.png", "solution.json"}


def test_the_decision_answers_every_question(tmp_path: Path) -> None:
    few = ("--case", "teaching", "--draws", "2", "--vary", "weights.*")  # dprk_2017 takes ten minutes
    done = run(DECISION, *few, "--output", str(tmp_path / "demo"))
    assert done.returncode == 0, done.stderr
    titles = [line for line in done.stdout.splitlines() if line[:3] in {f"{n}. " for n in range(1, 9)}]
    assert {title[:2] for title in titles} == {f"{n}." for n in range(1, 9)}
    files = {path.name for path in (tmp_path / "demo").iterdir()}
    assert files == {"ladder.png", "frontier.png", "tornado.png"}


def test_every_example_is_tested_and_listed() -> None:
    names = {path.name for path in EXAMPLES.glob("*.py")}
    assert names == {*LINES, LONG, DECISION}
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [name for name in names if f"`{name}`" not in listed] == []
