"""Read a case, solve it, read the answer.

Shows the whole way once, on the small made-up case `teaching`: the escalation ladder, the bound that
proves it, and the certificate that checks it.
"""

from sanctopt import load_case, solve

game = load_case("teaching")  # a folder of your own: sanctopt.read_case("path/to/folder")
solution = solve(game)

print(solution)

opening = solution.ladder.rungs[0]
print("\nFirst move:", ", ".join(map(str, opening.starts)))
print("As a table (solution.to_frame()), three columns of it:")
print(solution.to_frame()[["history", "type", "response"]].to_string(index=False))

assert solution.certificate.accepted
assert solution.relative_gap <= 1e-6
assert solution.dual_bound is not None
assert solution.value <= solution.dual_bound
