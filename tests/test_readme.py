"""The README is true: its code prints what stands there, its commands work, its links lead somewhere."""

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

from sanctopt import load_case, write_case
from sanctopt.cli import main

HOME = Path(__file__).resolve().parents[1]
README = (HOME / "README.md").read_text(encoding="utf-8")
CUT = "[...]"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def test_the_code_prints_what_stands_below_it() -> None:
    (code,), (shown,) = blocks("python"), blocks("text")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})
    chunks = [chunk.strip("\n") for chunk in shown.split(f"{CUT}\n")]
    text = printed.getvalue().rstrip("\n")
    assert text.startswith(chunks[0])
    assert text.endswith(chunks[-1])
    place = 0
    for chunk in chunks:
        found = text.find(f"{chunk}\n" if chunk is not chunks[-1] else chunk, place)
        assert found >= 0, f"not printed any more, or not in this order:\n{chunk}"
        place = found + len(chunk)


def test_the_commands_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_case(load_case("teaching"), tmp_path / "my_case")
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("sanctopt ")]
    assert len(lines) >= 4
    for line in lines:
        assert main(shlex.split(line)[1:]) == 0, line
    assert "sanctopt:" not in capsys.readouterr().err
    assert (tmp_path / "ladder.json").is_file()
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {"ladder.png", "stages.png"}


def test_the_targets_exist() -> None:
    makefile = (HOME / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^make (\w+)", "".join(blocks("sh")), flags=re.MULTILINE)
    assert targets
    assert all(re.search(rf"^{target}:", makefile, flags=re.MULTILINE) for target in targets)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_links_lead_somewhere(link: str) -> None:
    assert (HOME / link).exists()


def test_rooms_exist() -> None:
    table = README.partition("| in `src/sanctopt/` |")[2].partition("\n\n")[0]
    rooms = [name for row in table.splitlines() for name in re.findall(r"`(\w+)/?`", row.split("|")[1])]
    assert len(rooms) > 10
    package = HOME / "src" / "sanctopt"
    assert [room for room in rooms if not list(package.glob(f"{room}*"))] == []
