"""A small valid case folder that uses every file, column and key, and ways to break it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

CASES = Path(__file__).parent / "cases"
SHARED = sorted(path.parent for kind in ("small", "tiny") for path in CASES.glob(f"{kind}/*/game.toml"))
"""Copies of the folders whose values are known (`tests/cases/README.md`)."""

Files = dict[str, bytes]
Edit = Callable[[Files], None]

TEXTS: Mapping[str, str] = {
    "game.toml": """\
name = "valid"
stages = 3
stage_unit = "quarter"
start = "2017Q2"
discount = 0.9
discount_low = 0.8
effort_per_stage = 2.0
standing_threats = true

[credibility]
initial = 0.5
decay = 0.1
max = 1.5

[provocation]
carryover = 0.4

[engagement]
retention = 0.5

[mitigation]
max_cover = 0.7

[off_ramp]
offer_cost = 2.0
concession_value = 500.0

[weights]
revenue = 1.0
harm = 1.2
harm_low = 1.0
harm_high = 1.5
cost = 1.0
credibility = 5.0

[notes]
author = "test"
years = [2016, 2017]
""",
    "entities.csv": """\
entity,kind,jurisdiction,supply,capacity,us_exposure,regime_profit,exit_removal,salience,signal,effort,cost,supply_low,supply_high,source
coal,channel,DPRK,40.0,,,0,1,0.5,0.1,1,1,30,50,"UN, 2017"
fish,channel,DPRK,20.0,,,0,1,0.4,0.1,1,1,,,
trader,trader,CN,,30.0,20.0,5.0,0.8,1.5,0.4,1,1.2,,,
bank,bank,CN,,60.0,25.0,10.0,1,3.0,0.8,2,1.5,,,ledger
""",
    "links.csv": """\
source,sink,capacity,toll
coal,trader,,0.1
coal,bank,15.0,0.05
fish,trader,,0.1
trader,bank,,0.02
bank,regime,,0
""",
    "instruments.csv": """\
instrument,effort,cost,provocation,signal,requires,requires_age
waiver,1,1.0,0.3,0.4,,0
designate,1,2.0,1.0,1.0,waiver,1
""",
    "effects.csv": """\
instrument,kind,age,removal
waiver,trader,0,0.2
waiver,trader,1,0.5
designate,trader,0,0.4
designate,bank,0,0.6
""",
    "responses.csv": """\
response,hostile,shield,shields
hold,false,0,
hit,true,0.5,CN;DPRK
""",
    "enforcement.csv": "response,jurisdiction,age,removal\nhold,CN,1,0.3\n",
    "harms.csv": "response,party,harm\nhit,KOR,20.0\nhit,JPN,15.0\n",
    "parties.csv": "party,kind,weight\nKOR,ally,1\nJPN,ally,0.8\n",
    "mitigations.csv": """\
mitigation,party,response,reduction,cost,lead
insure,KOR,,0.3,2.0,1
insure,JPN,hit,0.2,2.0,1
""",
    "engagements.csv": "engagement,effect,cost\nenvoy,1.2,1.0\n",
    "types.csv": "type,prior,reservation\nsoft,0.5,\nfirm,0.5,0.6\n",
    "utilities.csv": """\
type,response,base,provocation,engagement,mitigation,threat
soft,hold,0,0,0,0,0
soft,hit,-2.5,1.0,-0.5,-1.0,-0.3
firm,hold,0,0,0,0,0
firm,hit,-1.5,1.2,-0.3,-0.5,-0.2
""",
    "perception.csv": "type,stage,offset\nfirm,1,-0.2\n",
    "supply.csv": "channel,stage,supply\ncoal,2,10.0\n",
}


def valid_files() -> Files:
    """Content of the valid folder, by file name."""
    return {file: text.encode() for file, text in TEXTS.items()}


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files into a new folder."""
    folder.mkdir(parents=True)
    for file, content in files.items():
        (folder / file).write_bytes(content)
    return folder


def put(file: str, row: int, column: str, text: str) -> Edit:
    """Put ``text`` into one cell; rows as an editor counts them. For lines without quotes."""

    def edit(files: Files) -> None:
        lines = files[file].decode().splitlines()
        cells = lines[row - 1].split(",")
        cells[lines[0].split(",").index(column)] = text
        lines[row - 1] = ",".join(cells)
        files[file] = ("\n".join(lines) + "\n").encode()

    return edit


def swap(file: str, old: str, new: str) -> Edit:
    """Replace a text that stands exactly once in a file."""

    def edit(files: Files) -> None:
        content = files[file].decode()
        assert content.count(old) == 1, f"{old!r} stands {content.count(old)} times in {file}"
        files[file] = content.replace(old, new).encode()

    return edit


def add(file: str, line: str) -> Edit:
    """Append a line to a file, made with nothing in it if it is not there."""

    def edit(files: Files) -> None:
        files[file] = files.get(file, b"") + line.encode() + b"\n"

    return edit


def drop(*names: str) -> Edit:
    """Leave files out."""

    def edit(files: Files) -> None:
        for name in names:
            del files[name]

    return edit


def rename(old: str, new: str) -> Edit:
    """Give a file another name."""

    def edit(files: Files) -> None:
        files[new] = files.pop(old)

    return edit


def content(file: str, text: str | bytes) -> Edit:
    """Replace a whole file."""

    def edit(files: Files) -> None:
        files[file] = text.encode() if isinstance(text, str) else text

    return edit


def header_only(file: str) -> Edit:
    """Keep nothing but the header of a file."""

    def edit(files: Files) -> None:
        files[file] = files[file].splitlines(keepends=True)[0]

    return edit


def without_column(file: str, column: str) -> Edit:
    """Take a column out of a file. For files without quotes."""

    def edit(files: Files) -> None:
        rows = [line.split(",") for line in files[file].decode().splitlines()]
        place = rows[0].index(column)
        kept = [",".join(cells[:place] + cells[place + 1 :]) for cells in rows]
        files[file] = ("\n".join(kept) + "\n").encode()

    return edit


def both(*edits: Edit) -> Edit:
    """Make several edits, one after the other."""

    def edit(files: Files) -> None:
        for one in edits:
            one(files)

    return edit
