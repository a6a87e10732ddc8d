"""Ladders side by side: numbers by hand, the same numbers from the table of a play, and the page."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from games import SMALL, random_game
from hand_games import BANK, HAND_GAME, TRADER, adaptive, changed
from sanctopt import (
    Information,
    Ladder,
    LadderError,
    Limit,
    Reason,
    Rung,
    Solution,
    SolveOptions,
    Start,
    Status,
    Ties,
    load_case,
    play,
    solve,
)
from sanctopt.analysis.batch import BatchProgress
from sanctopt.analysis.plain_text import WIDTH, table
from sanctopt.analysis.rules.rules_of_thumb import Comparison, baselines, compare
from sanctopt.game import Game, Harm, OffRamp, Party

GAME = changed(parties=(Party("KOR", weight=2.0),), harms=(Harm("hit", "KOR", 200.0),))
"""The game by hand with a harm of 400 where the patron hits."""

BOTH = adaptive(GAME, Rung((), starts=(BANK, TRADER)))
"""Bank and trader at once. Proud hits in stage 0 (provocation 3) and is torn in stage 1 (1.5)."""

NOTHING = adaptive(GAME)


@pytest.fixture(scope="module")
def solution() -> Solution:
    return solve(GAME)


@pytest.fixture(scope="module")
def comparison(solution: Solution) -> Comparison:
    return compare(GAME, {"nothing": NOTHING, "both": BOTH}, solution=solution)


@pytest.mark.parametrize("workers", [0, 2])
def test_the_executor_changes_nothing(workers: int, comparison: Comparison, solution: Solution) -> None:
    told: list[BatchProgress] = []
    with ThreadPoolExecutor(2) as executor:
        again = compare(
            GAME,
            {"nothing": NOTHING, "both": BOTH},
            solution=solution,
            executor=executor if workers else None,
            on_progress=told.append,
        )
    assert again == comparison
    assert (told[0].done, told[-1].done, told[-1].total) == (0, 3, 3)


class TestMeasures:
    def test_by_hand(self, comparison: Comparison) -> None:
        """Baseline 95. Stage 0: 30 pass the bank; stage 1: nothing passes. Cost 2 x 3 + 2 x 1."""
        found = comparison.measures("both")
        assert found.revenue_denied == pytest.approx(65 + 95)
        assert found.cost == pytest.approx(8)
        assert found.harm == pytest.approx(0.25 * 400)
        assert found.hostile_probability == pytest.approx(0.25)
        assert found.credibility_left == pytest.approx(0.6)
        assert found.concession_probability == 0.0
        assert found.value == pytest.approx(160 - 8 - 100)

    def test_ties_against_the_coalition(self, comparison: Comparison) -> None:
        """Torn in stage 1, proud hits once more."""
        found = comparison.measures("both", Ties.PESSIMISTIC)
        assert found.harm == pytest.approx(0.25 * 800)
        assert found.value == pytest.approx(160 - 8 - 200)
        assert found.hostile_probability == pytest.approx(0.25)

    def test_a_concession_ends_the_sums(self) -> None:
        types = (
            replace(GAME.patron_types[0], reservation=0.5),
            GAME.patron_types[1],
        )
        game = replace(GAME, patron_types=types, off_ramp=OffRamp(1.0, 1000.0))
        ladder = Ladder.of(game, Information.ADAPTIVE, [Rung((), starts=(BANK, TRADER), offer=True)])
        found = compare(game, {"offer": ladder}).measures("offer")
        assert found.concession_probability == pytest.approx(0.75)  # calm's regime is left with 30 of 95
        assert found.revenue_denied == pytest.approx(0.75 * 65 + 0.25 * 160)
        assert found.cost == pytest.approx(9)

    @pytest.mark.parametrize("seed", range(12))
    def test_against_the_table_of_a_play(self, seed: int) -> None:
        game = random_game(seed, SMALL)
        everyone = baselines(game)
        found = compare(game, everyone).to_frame()
        assert len(found) == 2 * len(everyone)
        for row in found.to_dict("records"):
            outcome = play(game, everyone[row["ladder"]], Ties(row["ties"]))
            steps = outcome.to_frame()
            steps["prior"] = steps["type"].map(outcome.priors)
            hostile = [name for name in game.response if game.response[name].hostile]
            last = steps.groupby("type").tail(1)
            wanted = {
                "value": outcome.value,
                "revenue_denied": (steps.prior * (steps.baseline_revenue - steps.revenue)).sum(),
                "harm": (steps.prior * steps.harm).sum(),
                "cost": (steps.prior * steps.cost).sum(),
                "hostile_probability": steps[steps.response.isin(hostile)]
                .drop_duplicates("type")["prior"]
                .sum(),
                "credibility_left": (last.prior * last.credibility).sum(),
                "concession_probability": last[last.concedes]["prior"].sum(),
            } | {f"value_{name}": value for name, value in outcome.values.items()}
            assert {name: row[name] for name in wanted} == pytest.approx(wanted, abs=1e-9)

    def test_the_name_must_be_known(self, comparison: Comparison) -> None:
        with pytest.raises(LadderError, match=r"is called 'bth'; there are: both, nothing|optimum"):
            comparison.measures("bth")


class TestOrder:
    def test_best_first(self, comparison: Comparison) -> None:
        names = [entry.name for entry in comparison.ladders]
        assert names == ["optimum", "both", "nothing"]
        values = [entry.optimistic.value for entry in comparison.ladders]
        assert values == sorted(values, reverse=True)

    def test_the_optimum_comes_before_its_equals(self, solution: Solution) -> None:
        found = compare(GAME, {"same": solution.ladder}, solution=solution)
        assert [entry.name for entry in found.ladders] == ["optimum", "same"]

    def test_equals_stay_in_the_order_given(self) -> None:
        found = compare(GAME, {"b": NOTHING, "c": BOTH, "a": NOTHING})
        assert [entry.name for entry in found.ladders] == ["c", "b", "a"]

    def test_rows(self, comparison: Comparison) -> None:
        frame = comparison.to_frame()
        assert list(frame["ladder"]) == ["optimum", "optimum", "both", "both", "nothing", "nothing"]
        assert list(frame["ties"]) == ["optimistic", "pessimistic"] * 3
        assert list(frame.columns[-2:]) == ["value_calm", "value_proud"]


class TestShares:
    def test_of_optimum_gain_and_bound(self, comparison: Comparison, solution: Solution) -> None:
        idle = play(GAME, NOTHING).value
        frame = comparison.to_frame().set_index(["ladder", "ties"])
        both = frame.loc[("both", "optimistic")]
        assert comparison.idle_value == pytest.approx(idle)
        assert both["share_of_optimum"] == pytest.approx(52 / solution.value)
        assert both["share_of_gain"] == pytest.approx((52 - idle) / (solution.value - idle))
        assert both["share_of_bound"] == pytest.approx(52 / comparison.dual_bound)
        best = frame.loc[("optimum", "optimistic")]
        assert best["share_of_optimum"] == best["share_of_gain"] == 1.0
        assert frame.loc[("nothing", "optimistic")]["share_of_gain"] == 0.0
        assert frame.loc[("both", "pessimistic")]["share_of_optimum"] == pytest.approx(-48 / solution.value)

    def test_unknown_without_an_optimum(self) -> None:
        found = compare(GAME, {"both": BOTH})
        assert (found.optimum_value, found.dual_bound) == (None, None)
        for column in ("share_of_optimum", "share_of_gain", "share_of_bound"):
            assert found.to_frame()[column].isna().all()

    def test_unknown_if_nothing_can_be_gained(self) -> None:
        helpless = replace(GAME, effects=())
        nothing = adaptive(helpless)
        found = compare(helpless, {"nothing": nothing}, solution=solve(helpless))
        assert math.isnan(found.share_of_gain(found.idle_value))
        assert math.isnan(found.share_of_optimum(0.0))


class TestRefusals:
    def test_a_ladder_that_is_not_allowed_is_named(self) -> None:
        wrong = adaptive(GAME, Rung((), starts=(Start("trader", "notice"),)))
        with pytest.raises(LadderError, match=r"(?s)ladder 'typo': the ladder is not allowed.*not eligible"):
            compare(GAME, {"fine": BOTH, "typo": wrong})

    def test_nothing_to_compare(self) -> None:
        with pytest.raises(LadderError, match=r"no ladder to compare; give at least one"):
            compare(GAME, {})

    def test_a_solution_of_another_game(self, solution: Solution) -> None:
        with pytest.raises(
            LadderError, match=r"the solution is of another game \(by hand\).*solve this game"
        ):
            compare(HAND_GAME, {"both": BOTH}, solution=solution)

    def test_the_name_of_the_optimum_is_taken(self, solution: Solution) -> None:
        with pytest.raises(LadderError, match=r"called 'optimum', the name of the solution's; rename it"):
            compare(GAME, {"optimum": BOTH}, solution=solution)


class TestPage:
    def test_page_of_the_game_by_hand(self, comparison: Comparison, solution: Solution) -> None:
        page = str(comparison)
        assert f"The optimum (adaptive ladder) is worth {solution.value:.1f}." in page
        assert "No adaptive ladder can be worth more than" in page
        lines = page.splitlines()
        worth = next(line.split() for line in lines if line.startswith("both"))
        assert worth[:3] == ["both", "52.0", "-48.0"]
        assert "both      160.0  100.0   8.0   25.0 %     0.0 %         0.60" in page
        assert "75.0 %  25.0 %" in page

    def test_every_column_is_explained(self, comparison: Comparison) -> None:
        page = str(comparison)
        for word in ("value", "ties against", "of optimum", "of gain", "denied", "harm", "cost", "hostile"):
            assert f"\n{word}: " in page
        assert "\nconcedes: " in page
        assert "\ncredibility left: " in page

    def test_no_line_is_too_long(self) -> None:
        game: Game = load_case("dprk_2017")
        page = str(compare(game, {"nothing": Ladder.of(game, Information.ADAPTIVE, [])}))
        assert max(map(len, page.splitlines())) <= WIDTH
        assert "No optimum is given" in page

    @pytest.mark.parametrize(
        ("changes", "text"),
        [
            (
                {"status": Status(Reason.LIMIT, Limit.TIME), "dual_bound": None},
                r"'optimum' is the best adaptive ladder known, worth ",
            ),
            ({"dual_bound": None}, "No bound was proven in time."),
            ({"plans": ()}, "No adaptive ladder was found: the solve ended as optimal."),
        ],
    )
    def test_what_is_known_of_the_optimum(
        self, solution: Solution, changes: dict[str, object], text: str
    ) -> None:
        found = compare(GAME, {"both": BOTH}, solution=replace(solution, **changes))
        assert text in str(found)
        assert ("optimum" in [entry.name for entry in found.ladders]) == ("plans" not in changes)

    def test_information_and_margin_of_the_solution_are_told(self) -> None:
        options = SolveOptions(time_limit_seconds=60.0)
        found = solve(GAME, information=Information.OPEN_LOOP, margin=0.1, options=options)
        page = str(compare(GAME, {"both": BOTH}, solution=found))
        assert "open-loop ladder with a margin of 0.1" in page

    def test_a_wide_table_goes_on_below(self) -> None:
        names = [f"type_number_{n:02d}_of_many" for n in range(9)]
        lines = list(table(("ladder", *names), [("greedy", *"123456789")]))
        assert max(map(len, lines)) <= WIDTH
        assert [line.split()[0] for line in lines if line] == ["ladder", "greedy"] * 3
        assert " ".join(" ".join(line.split()[1:]) for line in lines if line.startswith("greedy")) == (
            "1 2 3 4 5 6 7 8 9"
        )
