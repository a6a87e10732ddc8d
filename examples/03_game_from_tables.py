"""Build a game in Python, without a folder, and meet an optimum computed by hand.

Coal earns 100 per stage and reaches the regime through a small bank (at most 40) and a large one (any
amount). There are two stages; credibility is 0.4 and does not fade. Designating a bank costs 5 and closes it.

- The large bank loses 100 in the United States if it is cut off and earns 60 from the regime: it leaves by
  itself once credibility times 100 reaches 60, except for a tenth of its business.
- The patron retaliates above provocation 1.5, which costs an ally 70. The small bank provokes by 1, the
  large one by 2; half of the anger is left a stage later.

By hand: designating the small bank brings credibility to 0.4 + 0.3 = 0.7, so the large bank leaves and 10 of
100 get through. The patron, provoked by 1, does nothing. Stage 0 yields 100 - 10 - 5 = 85, stage 1, with no
further move, 90: together 175. More than 90 in a stage needs the last 10, thus a blow at the large bank; it
brings at most 10 per stage, and retaliation for 70 with it. So 175 is the optimum.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from sanctopt import Start, game_from_tables, read_case, solve, write_case

settings = {
    "name": "two banks",
    "stages": 2,
    "effort_per_stage": 1.0,
    "credibility": {"initial": 0.4, "decay": 0.0, "max": 2.0},
    "provocation": {"carryover": 0.5},
    "engagement": {"retention": 0.0},
    "mitigation": {"max_cover": 0.0},
    "weights": {"revenue": 1.0, "harm": 1.0, "cost": 1.0, "credibility": 0.0},
}
tables = {
    "entities": pd.DataFrame(
        [
            {"entity": "coal", "kind": "channel", "supply": 100.0},
            {"entity": "small_bank", "kind": "bank", "capacity": 40.0, "salience": 1.0, "signal": 0.3},
            {"entity": "large_bank", "kind": "bank", "salience": 2.0, "signal": 0.5,
             "us_exposure": 100.0, "regime_profit": 60.0, "exit_removal": 0.9},
        ]
    ),
    "links": pd.DataFrame(
        [("coal", "small_bank"), ("coal", "large_bank"), ("small_bank", "regime"), ("large_bank", "regime")],
        columns=["source", "sink"],
    ),
    "instruments": pd.DataFrame([{"instrument": "designate", "cost": 5.0}]),
    "effects": pd.DataFrame([{"instrument": "designate", "kind": "bank", "age": 0, "removal": 1.0}]),
    "responses": pd.DataFrame({"response": ["acquiesce", "retaliate"], "hostile": [False, True]}),
    "parties": pd.DataFrame({"party": ["ally"]}),
    "harms": pd.DataFrame([{"response": "retaliate", "party": "ally", "harm": 70.0}]),
    "types": pd.DataFrame([{"type": "patron", "prior": 1.0}]),
    "utilities": pd.DataFrame(
        [
            {"type": "patron", "response": "acquiesce", "base": 0.0, "provocation": 0.0},
            {"type": "patron", "response": "retaliate", "base": -1.5, "provocation": 1.0},
        ]
    ),
}  # fmt: skip

game = game_from_tables(settings, tables)
solution = solve(game)
print(solution.ladder)
print(f"\nvalue {solution.value:g}, by hand 175")

first, second = (rung for rung in solution.ladder.rungs)
assert abs(solution.value - 175.0) < 1e-6
assert first.starts == (Start("small_bank", "designate"),)
assert first.expected[0].exits == ("large_bank",)
assert second.starts == ()

# The same game as a folder, to keep, to edit by hand, or for `sanctopt solve`.
with TemporaryDirectory() as folder:
    assert read_case(write_case(game, Path(folder) / "two_banks")) == game
