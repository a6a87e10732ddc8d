"""A flip radius as data: how it was sought, its witness, what is proven (`sensitivity.flipping`)."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from sanctopt.analysis.checks import require_whole
from sanctopt.analysis.sensitivity.flip_text import Moved, page
from sanctopt.analysis.sensitivity.study import tolerance
from sanctopt.errors import OptionError
from sanctopt.game import Game
from sanctopt.ladder import Rung


@dataclass(frozen=True)
class FlipSearch:
    """How a flip is sought.

    Parameters
    ----------
    tolerance : float
        Width to which radii are bisected, above 0 and below 1.
    rivals : int
        How many other first rungs are tried, the best ones of the game as it stands; at least 1.
    rounds : int
        How often a ray may be turned towards the ladders found at its witness; at least 0.
    steps : int
        Points of the scan on each side, for a single factor; at least 1.

    Raises
    ------
    OptionError
        If a number is out of range.
    """

    tolerance: float = 0.01
    rivals: int = 3
    rounds: int = 2
    steps: int = 8

    def __post_init__(self) -> None:
        if not 0.0 < self.tolerance < 1.0:
            raise OptionError(f"tolerance is {self.tolerance!r}; give a number between 0 and 1, e.g. 0.01")
        for name, least in (("rivals", 1), ("rounds", 0), ("steps", 1)):
            require_whole(name, getattr(self, name), least)


@dataclass(frozen=True)
class Witness:
    """A game in which the first rung flips. Money in millions of US dollars.

    Attributes
    ----------
    positions : dict of str to float
        Position of each factor, in [-1, 1].
    moved : tuple of Moved
        Every number that was changed, from and to.
    game : Game
        The game with these numbers.
    first_rung : Rung
        The other first rung.
    value : float
        O: value of the best ladder found that begins with another first rung than the kept one.
    kept_rung_value : float
        F: value of the best ladder found that begins with the kept one; -inf if none can.
    kept_rung_bound : float
        No ladder that begins with the kept first rung is worth more; inf if nothing was proven.
    """

    positions: dict[str, float]
    moved: tuple[Moved, ...]
    game: Game
    first_rung: Rung
    value: float
    kept_rung_value: float
    kept_rung_bound: float

    @property
    def proven(self) -> bool:
        """Whether bounds prove that no ladder with the kept first rung is worth more."""
        return self.value >= self.kept_rung_bound - tolerance(self.value)


@dataclass(frozen=True)
class FlipRadius:
    """How far the numbers must move, all together, before another first rung is as good.

    Attributes
    ----------
    game_name : str
        Name of the game.
    first_rung : Rung
        The kept one.
    radius : float
        Radius of the witness, in [0, 1]; inf if none was found. The flip radius is at most this, if the
        witness is proven.
    at_least : float
        The flip radius is proven to be at least this, within [0, 1]; 0 if nothing was proven. 1 with an
        infinite radius: the first rung flips nowhere in the ranges.
    witness : Witness or None
        None if none was found.
    factors : tuple of str
        What was moved.
    search : FlipSearch
        How it was sought.
    solved : int
        Points that were solved, with two solves each.
    """

    game_name: str
    first_rung: Rung
    radius: float
    at_least: float
    witness: Witness | None
    factors: tuple[str, ...]
    search: FlipSearch
    solved: int

    @property
    def proven(self) -> bool:
        """Whether bounds prove the witness."""
        return self.witness is not None and self.witness.proven

    def to_frame(self) -> pd.DataFrame:
        """The numbers that the witness changes: path, value, witness, position; empty without a witness."""
        rows = () if self.witness is None else self.witness.moved
        return pd.DataFrame([vars(row) for row in rows], columns=list(Moved.__dataclass_fields__))

    def __str__(self) -> str:
        witness = self.witness
        values = None if witness is None else (witness.value, witness.kept_rung_value, witness.proven)
        return "\n".join(
            page(
                self.game_name,
                (self.first_rung, None if witness is None else witness.first_rung),
                (self.radius, self.at_least, self.search.tolerance),
                values,
                () if witness is None else witness.moved,
                (len(self.factors), self.solved),
            )
        )
