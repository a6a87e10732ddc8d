"""Cases: a folder of ``game.toml`` and CSV files, or data frames, to and from a validated `Game`."""

from sanctopt.case.reader import check_case, game_from_tables, read_case
from sanctopt.case.shipped import list_cases, load_case
from sanctopt.case.writer import write_case

__all__ = ["check_case", "game_from_tables", "list_cases", "load_case", "read_case", "write_case"]
