"""The escalation ladder for North Korea, 2017Q2 to 2019Q1: what `make demo` runs.

Solves the shipped case `dprk_2017` (eight quarters, 55 entities, six types of patron and regime) until the
ladder is proven to within 0.1 %, or for three minutes. A limit is no failure: the ladder found is certified
and comes with a bound that no ladder can beat. Progress goes to standard error, the page to standard output,
two pictures and the solution as JSON to `demo_output/`.
"""

import argparse
import math
import sys
from pathlib import Path

from sanctopt import SearchProgress, SolveOptions, load_case, solve
from sanctopt.plots import plot_ladder_tree, plot_stages

SECONDS_BETWEEN = 5.0
HOME = Path(__file__).resolve().parents[1]

parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
parser.add_argument("--time-limit", type=float, default=160.0, help="seconds (default: %(default)g)")
parser.add_argument("--output", type=Path, default=HOME / "demo_output", help="folder (default: demo_output)")
arguments = parser.parse_args()
arguments.output.mkdir(parents=True, exist_ok=True)


class Teller:
    """Tells how far the search is, every few seconds."""

    def __init__(self) -> None:
        self.next = 0.0

    def __call__(self, progress: SearchProgress) -> None:
        """Write a line if it is time for one."""
        if progress.wall_seconds < self.next:
            return
        self.next = progress.wall_seconds + SECONDS_BETWEEN
        best, bound = (
            "none yet" if number is None else f"{number:,.1f}"
            for number in (progress.incumbent, progress.dual_bound)
        )
        seconds = f"{progress.wall_seconds:5.0f} s"
        print(f"{seconds}  {progress.purpose}: best {best}, bound {bound}", file=sys.stderr, flush=True)


options = SolveOptions(time_limit_seconds=arguments.time_limit, relative_gap=1e-3, threads=2)
print(f"Solving dprk_2017 for at most {arguments.time_limit:g} s; Ctrl-C stops earlier", file=sys.stderr)
solution = solve(load_case("dprk_2017"), options=options, on_progress=Teller())
if not solution.has_ladder:
    sys.exit(f"no ladder was found in time ({solution.status}); allow more with --time-limit")

print(solution.ladder)
print()
print(solution.certificate)
print()
print(solution.summary())

for draw, name in ((plot_ladder_tree, "ladder.png"), (plot_stages, "stages.png")):
    draw(solution.ladder).get_figure(root=True).savefig(arguments.output / name, dpi=150)
(arguments.output / "solution.json").write_text(solution.to_json() + "\n", encoding="utf-8")
print(f"\nladder.png, stages.png and solution.json are in {arguments.output.name}/")

assert solution.certificate.accepted
if solution.dual_bound is None:
    sys.exit("no bound was proven in time; allow more with --time-limit")
assert solution.value <= solution.dual_bound
assert math.isfinite(solution.relative_gap)
