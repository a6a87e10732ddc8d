"""One decision on `dprk_2017`, page by page: rules, trade-off, wrong numbers, threats, reasons.

Solves the shipped case within its time, then asks of the ladder found what a planner asks next. The case does
not close its gap in minutes, so most answers here are those of the best plans found, with what is proven of
them beside; each page says so. The time is shared out: by default the whole takes under ten minutes on two
cores. Pages go to standard output, pictures to `demo_output/`.
"""

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from fnmatch import fnmatch
from multiprocessing import get_context
from pathlib import Path

from sanctopt import Ladder, SolveOptions, load_case, solve
from sanctopt.aims import Objective
from sanctopt.analysis import (
    BatchProgress,
    Draws,
    Study,
    alternatives,
    audit,
    baselines,
    compare,
    explain,
    frontier,
    monte_carlo,
    ranges,
    spread,
    tornado,
)
from sanctopt.plots import plot_frontier, plot_ladder_tree, plot_tornado

HOME = Path(__file__).resolve().parents[1]
LARGE = 50
"""Starts from which a game is too large to be solved again and again."""

parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
parser.add_argument(
    "--seconds", type=float, default=400.0, help="for all solves together (default: %(default)g)"
)
parser.add_argument(
    "--draws", type=int, default=40, help="games drawn over the ranges (default: %(default)d)"
)
parser.add_argument("--case", default="dprk_2017", help="a shipped case (default: %(default)s)")
parser.add_argument(
    "--vary", default="*", help="paths of the numbers varied, e.g. 'weights.*' (default: all)"
)
parser.add_argument("--output", type=Path, default=HOME / "demo_output", help="folder (default: demo_output)")


def tell(progress: BatchProgress) -> None:
    """Tell how far an analysis is, now and then."""
    if progress.total and progress.done % max(1, progress.total // 5) == 0:
        print(f"  {progress.done} of {progress.total}, {progress.seconds:.0f} s", file=sys.stderr, flush=True)


def main() -> None:
    """Ask one question after the other."""
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    begin = time.perf_counter()

    def page(number: int, title: str) -> None:
        print(f"\n\n{number}. {title}\n", flush=True)
        print(f"{time.perf_counter() - begin:5.0f} s  {title}", file=sys.stderr, flush=True)

    def limit(share: float, threads: int = 1) -> SolveOptions:
        return SolveOptions(time_limit_seconds=share * arguments.seconds, relative_gap=1e-3, threads=threads)

    game = load_case(arguments.case)
    stated = ranges(game) if ranges(game).rows else spread(game, 0.2)  # a case may state none
    uncertain = [row for row in stated.rows if fnmatch(row.path, arguments.vary)]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        page(1, "The best ladder found")
        rules = baselines(game)
        best = solve(game, options=limit(0.25, threads=2), known_ladders=rules.values())
        if not best.has_ladder:
            sys.exit(f"no ladder was found in time ({best.status}); allow more with --seconds")
        print(best.summary())
        print(best.ladder)

        page(2, "Beside rules of thumb and the historical path")
        print(compare(game, rules, solution=best))

        page(3, "What it trades: revenue denied against cost")
        trade = frontier(
            game,
            Objective.DENIED,
            Objective.COST,
            points=5,
            options=limit(0.04),
            executor=executor,
            known_ladders=[best.ladder],
        )
        print(trade)

        page(4, "Other first rungs")
        others = alternatives(game, 3, solution=best, options=limit(0.06, threads=2))
        print(others)

        page(5, "If one number is wrong")
        wrong = tornado(
            game,
            Study(uncertain, best.ladder),
            top=1,
            options=limit(0.03),
            executor=executor,
            on_progress=tell,
        )
        print(wrong)

        page(6, "If all of them are")
        candidates: dict[str, Ladder] = dict(rules)
        candidates |= {f"frontier {number}": point.ladder for number, point in enumerate(trade.points)}
        candidates |= {f"alternative {number}": row.ladder for number, row in enumerate(others.rungs)}
        draws = Draws(arguments.draws, seed=1, solve=False)
        study = Study(uncertain, best.ladder, candidates)
        print(monte_carlo(game, draws, study, executor=executor, on_progress=tell))

        # Many solves follow. On a large game there is no time for them: plans mended by hand are compared.
        again = limit(0.02 if len(game.eligible) < LARGE else 0.0)
        page(7, "Credibility and threats")
        print(audit(game, best, options=again, executor=executor, on_progress=tell))

        page(8, "Why this first rung")
        print(explain(game, best, options=again, executor=executor, on_progress=tell))

    for axes, name in (
        (plot_ladder_tree(best.ladder), "ladder.png"),
        (plot_frontier(trade), "frontier.png"),
        (plot_tornado(wrong), "tornado.png"),
    ):
        axes.get_figure(root=True).savefig(arguments.output / name, dpi=150)
    print(f"\nladder.png, frontier.png and tornado.png are in {arguments.output.name}/")
    assert best.certificate.accepted


if __name__ == "__main__":
    main()
