"""Medium banks first or large banks first: a result, not a rule.

On `teaching`, compares the best ladder that leaves the large bank alone in the first stage with the best one
that leaves the medium bank alone there. If the one is better, it begins with the medium bank (or it would be
among the others too); if the other is, with the large one. Each is a proven optimum, of a copy of the game in
which the bank can only be designated a stage after a notice that is free and does nothing.

Two assumptions vary: what the large bank stands to lose in the United States (at 30 it leaves by itself after
a blow at the medium bank, at 20 it does not), and how much a blow at it provokes the patron. The answer turns
with them.
"""

from dataclasses import replace

from sanctopt import Game, SolveOptions, load_case, solve
from sanctopt.game import Effect, Instrument

OPTIONS = SolveOptions(relative_gap=1e-4)
EXPOSURES, SALIENCES = (30.0, 20.0), (1.0, 3.0, 5.0)  # teaching: 30 and 5


def not_first(game: Game, kind: str) -> Game:
    """A copy in which entities of a kind are designated in the second stage at the earliest."""
    notice = Instrument("notice", effort=0.0, cost=0.0, provocation=0.0, signal=0.0)
    late = replace(game.instrument["designate"], name="designate_late", requires="notice", requires_age=1)
    effects = tuple(
        replace(row, instrument="designate_late")
        if (row.instrument, row.kind) == ("designate", kind)
        else row
        for row in game.effects
    )
    return replace(
        game,
        instruments=(*game.instruments, notice, late),
        effects=(*effects, Effect("notice", kind, age=0, removal=0.0)),
    )


def with_large_bank(game: Game, us_exposure: float, salience: float) -> Game:
    """A copy with other assumptions about the large bank."""
    large = replace(game.entity["large_bank"], us_exposure=us_exposure, salience=salience)
    return replace(game, entities=tuple(large if row.name == large.name else row for row in game.entities))


def value(game: Game) -> float:
    """Proven optimum."""
    solution = solve(game, options=OPTIONS)
    assert solution.relative_gap <= OPTIONS.relative_gap
    return solution.value


teaching = load_case("teaching")
leads: dict[tuple[float, float], float] = {}
print("exposure  salience  not the large first  not the medium first  better to begin with")
for exposure in EXPOSURES:
    for salience in SALIENCES:
        game = with_large_bank(teaching, exposure, salience)
        medium_first, large_first = (
            value(not_first(game, "bank_large")),
            value(not_first(game, "bank_medium")),
        )
        lead = leads[exposure, salience] = medium_first - large_first
        better = "either" if abs(lead) < 1e-3 * medium_first else "medium" if lead > 0 else "large"
        print(f"{exposure:8g}  {salience:8g}  {medium_first:19.2f}  {large_first:20.2f}  {better}")
        if (exposure, salience) == (30.0, 5.0):
            # The effort of a stage is enough for one bank, so no ladder begins with both.
            assert abs(value(teaching) - max(medium_first, large_first)) < 1e-3 * medium_first

assert leads[30.0, 5.0] > 1.0, "as shipped, medium first is better"
assert leads[20.0, 1.0] < -1.0, "if a small blow moves nobody and a large one provokes little, large first is"
print(
    "\nNeither order is a rule: it depends on whether the small blow moves the large bank, and on the patron."
)
