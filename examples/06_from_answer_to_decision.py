"""What a planner asks next, on `teaching`: against rules of thumb, under other aims, and after a surprise.

Plays rules of thumb beside the optimum; asks what each part of the plan is worth; solves again for the worst
type and with a limit on hostility; and plans anew after an answer that nobody expected.
"""

from sanctopt import Aims, load_case, solve
from sanctopt.aims import HostileProbability, WorstType
from sanctopt.analysis import baselines, compare, replan, values

game = load_case("teaching")
best = solve(game)

print("1. What do rules of thumb give?")
page = compare(game, baselines(game), solution=best)
print(page.to_frame().query("ties == 'optimistic'")[["ladder", "value"]].to_string(index=False))

print("\n2. What is it worth, to know and to be able to?")
worth = values(game)
print(worth.to_frame()[["name", "value"]].to_string(index=False))

print("\n3. What if the worst type counts, or Beijing must not be provoked?")
cautious = solve(game, aims=Aims(WorstType()))
calm = solve(game, aims=Aims(limits=(HostileProbability(0.0),)))
for name, solution in (("expectation", best), ("worst type", cautious), ("never hostile", calm)):
    by_type = ", ".join(f"{kind} {value:,.1f}" for kind, value in solution.outcome.values.items())
    print(f"{name:<14} expected {solution.outcome.value:8,.1f}   ({by_type})")

print("\n4. What if the patron does what nobody expected?")
expected = {step.response for step in best.outcome.steps if step.stage == 0}
surprise = next(name for name in game.response if name not in expected)
again = replan(game, best.ladder, [surprise])
print(str(again).split("\n\n")[0])
print(f"The best plan for the rest is worth {again.solution.value:,.2f}.")

assert page.to_frame()["value"].max() <= best.value + 1e-6 * best.value
assert min(cautious.outcome.values.values()) >= min(best.outcome.values.values()) - 1e-4
assert calm.outcome.value <= best.value + 1e-6 * best.value
assert all(solution.certificate.accepted for solution in (best, cautious, calm, again.solution))
