"""What it would be worth to know Beijing's type, and what it is worth to watch it.

Solves `teaching` three times: with the type known from the start (clairvoyant), learned from the patron's
responses (adaptive), and with one sequence of moves for all histories (open loop). The first is a yardstick
and no plan; the differences are the value of information.
"""

from sanctopt import Information, Solution, load_case, solve

game = load_case("teaching")
solutions: dict[Information, Solution] = {item: solve(game, information=item) for item in Information}
open_loop, adaptive, clairvoyant = (
    solutions[item] for item in (Information.OPEN_LOOP, Information.ADAPTIVE, Information.CLAIRVOYANT)
)


def moves(solution: Solution, type_name: str) -> list[str]:
    """What the coalition does against one type, stage by stage."""
    told = []
    for step in solution.outcome.steps:
        if step.type == type_name:
            rung = step.rung
            names = [*map(str, rung.starts), *rung.engagements, *rung.mitigations]
            told.append(", ".join(names + ["offer the off-ramp"] * rung.offer) or "nothing new")
    return told


for patron in game.patron_types:
    print(f"Against {patron.name} (prior {patron.prior:.0%}):")
    unknown, known = moves(adaptive, patron.name), moves(clairvoyant, patron.name)
    print(f"  {'':<10}  {'type unknown':<40}  type known")
    for stage, (left, right) in enumerate(zip(unknown, known, strict=True)):
        print(f"  {game.stage_label(stage):<10}  {left:<40}  {right}")
    worth = [solution.outcome.values[patron.name] for solution in (adaptive, clairvoyant)]
    print(f"  {'worth':<10}  {worth[0]:<40,.2f}  {worth[1]:,.2f}\n")

print("Expected over types, US$m")
print(f"  type known from the start   {clairvoyant.value:8,.2f}")
print(f"  type learned on the way     {adaptive.value:8,.2f}")
print(f"  one sequence for all        {open_loop.value:8,.2f}")
print(f"To know the type would be worth {clairvoyant.value - adaptive.value:,.2f},")
print(f"to watch the responses is worth {adaptive.value - open_loop.value:,.2f}.")

assert all(solution.certificate.accepted for solution in solutions.values())
slack = 1e-6 * clairvoyant.value  # each value is proven to this share
assert clairvoyant.value >= adaptive.value - slack
assert adaptive.value >= open_loop.value - slack
