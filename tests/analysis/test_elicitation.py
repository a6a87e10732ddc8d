"""Types from judgements: against brute force over all subsets, against play, and against known priors."""

from __future__ import annotations

import itertools
import multiprocessing
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

from games import SMALL, random_game
from sanctopt import Information, Ladder, Rung, SolveOptions, Start, load_case, play, read_case, write_case
from sanctopt.analysis.batch import BatchProgress
from sanctopt.analysis.experts.candidates import Candidate, candidates_of, resolve_grid, telling_shifts
from sanctopt.analysis.experts.elicitation import Elicitation, types_from_elicitation
from sanctopt.analysis.experts.judgements import Judgement, Package, base_rates, package_of
from sanctopt.errors import ElicitationError, SolverError
from sanctopt.game import Game, Perception, Utility
from sanctopt.position import advance, opening, take
from sanctopt.rules import violations

RESPONSES = ("hold", "hit", "cooperate", "strike")
SAME = 1e-6


# --- random elicitations ----------------------------------------------------------------------------------
def random_candidate(draw: random.Random, name: str, responses: Sequence[str]) -> Candidate:
    """Coefficients with odd decimals, so that no two responses tie."""
    return Candidate(
        name,
        tuple(
            Utility(name, response, *(round(draw.uniform(-2, 2), 5) for _ in range(5)))
            for response in responses
        ),
    )


def random_packages(draw: random.Random, count: int, responses: Sequence[str]) -> list[Package]:
    return [
        Package(
            f"package {number}",
            provocation=draw.uniform(0, 4),
            engagement=draw.uniform(0, 2),
            denial={response: draw.random() for response in responses if draw.random() < 0.5},
            threat_size=draw.choice((0.0, 1.0, 3.0)),
        )
        for number in range(count)
    ]


def random_elicitation(seed: int) -> tuple[list[Candidate], list[Judgement]]:
    """Experts who say what they like: incoherent, with or without ranges, on one or several responses."""
    draw = random.Random(seed)
    responses = RESPONSES[: draw.randint(2, 4)]
    candidates = [random_candidate(draw, f"c{n}", responses) for n in range(draw.randint(1, 6))]
    judgements = []
    for package in random_packages(draw, draw.randint(1, 4), responses):
        for _ in range(draw.randint(1, 2)):
            event = tuple(draw.sample(responses, draw.randint(1, len(responses) - 1)))
            stated = draw.randint(0, 20) / 20
            if draw.random() < 0.5:
                low, high = (
                    draw.randint(0, round(20 * stated)) / 20,
                    draw.randint(round(20 * stated), 20) / 20,
                )
                judgements.append(Judgement(package, event, stated, low, high))
            else:
                judgements.append(Judgement(package, event, stated))
    return candidates, judgements


# --- the oracle: linear programs of scipy over every subset -----------------------------------------------
def answer_by_hand(candidate: Candidate, package: Package) -> str:
    worth = {
        row.response: row.base
        + row.provocation * package.provocation
        + row.engagement * package.engagement
        + row.mitigation * package.denial.get(row.response, 0.0)
        + row.threat * package.threat_size
        for row in candidate.utilities
    }
    return max(worth, key=worth.__getitem__)


def least(
    subset: Sequence[Candidate], judgements: Sequence[Judgement], most: float | None = None
) -> float | None:
    """Least misfit of a subset of candidates, or, given the most misfit allowed, its least distance."""
    n, m = len(subset), len(judgements)
    fits = np.array(
        [[answer_by_hand(row, said.package) in said.responses for row in subset] for said in judgements],
        dtype=float,
    )
    low, high = np.array([said.range for said in judgements]).T
    stated = np.array([said.probability for said in judgements])
    eye, none = np.eye(m), np.zeros((m, m))
    # columns: priors, misfit, distance
    rows = np.block([[-fits, -eye, none], [fits, -eye, none], [-fits, none, -eye], [fits, none, -eye]])
    sides = np.concatenate([-low, high, -stated, stated])
    cost = np.concatenate([np.zeros(n), np.ones(m), np.zeros(m)])
    if most is not None:
        rows, sides = np.vstack([rows, cost]), np.append(sides, most)
        cost = np.concatenate([np.zeros(n + m), np.ones(m)])
    certain = np.concatenate([np.ones(n), np.zeros(2 * m)])[None, :]
    answer = linprog(cost, A_ub=rows, b_ub=sides, A_eq=certain, b_eq=[1.0], method="highs")
    return float(answer.fun) if answer.status == 0 else None


def brute_force(candidates: Sequence[Candidate], judgements: Sequence[Judgement]) -> tuple[float, int, float]:
    """Least misfit, then fewest types, then least distance."""
    misfit = least(candidates, judgements)
    assert misfit is not None
    for size in range(1, len(candidates) + 1):
        found = [
            distance
            for subset in itertools.combinations(candidates, size)
            if (distance := least(subset, judgements, misfit + SAME)) is not None
        ]
        if found:
            return misfit, size, min(found)
    raise AssertionError("the whole set reproduces as well as itself")


@pytest.mark.parametrize("seed", range(60))
def test_as_good_as_the_best_of_all_subsets(seed: int) -> None:
    candidates, judgements = random_elicitation(seed)
    found = types_from_elicitation(candidates, judgements)
    misfit, size, distance = brute_force(candidates, judgements)
    assert found.proven
    assert found.misfit == pytest.approx(misfit, abs=2e-6)
    assert len(found.patron_types) == size
    assert found.distance == pytest.approx(distance, abs=1e-5)
    check_consistent(found, candidates)


def check_consistent(found: Elicitation, candidates: Sequence[Candidate]) -> None:
    """Priors, answers and the fit belong together, by sums of our own."""
    named = {row.name: row for row in candidates}
    assert sum(row.prior for row in found.patron_types) == pytest.approx(1.0, abs=1e-12)
    for row in found.patron_types:
        ranges = {name: float(text) for name, text in row.extra}
        assert 0 < row.prior <= 1
        assert 0 <= ranges["prior_low"] <= row.prior <= ranges["prior_high"] <= 1
    frame = found.to_frame()
    assert frame["misfit"].sum() == pytest.approx(found.misfit)
    assert (frame["within"] == (frame["misfit"] <= SAME)).all()
    for said, value in zip(found.judgements, frame["reproduced"], strict=True):
        total = sum(
            row.prior
            for row in found.patron_types
            if answer_by_hand(named[row.name], said.package) in said.responses
        )
        assert value == pytest.approx(total, abs=1e-12)
    types = found.types_frame()
    assert list(types["type"]) == [row.name for row in found.patron_types]
    for said in found.judgements:
        wanted = [answer_by_hand(named[name], said.package) for name in types["type"]]
        assert list(types[said.package.name]) == wanted


def test_random_elicitations_differ() -> None:
    """The comparison above is worth nothing if all fit, or one type does for all."""
    found = [brute_force(*random_elicitation(seed)) for seed in range(60)]
    assert sum(misfit > 0.01 for misfit, _, _ in found) >= 10
    assert sum(misfit < 1e-9 for misfit, _, _ in found) >= 10
    assert {size for _, size, _ in found} >= {1, 2, 3}
    assert sum(distance > 0.01 for _, _, distance in found) >= 10


@pytest.mark.parametrize("seed", range(25))
def test_true_types_are_reproduced_with_no_more_types(seed: int) -> None:
    draw = random.Random(1000 + seed)
    candidates = [random_candidate(draw, f"c{n}", RESPONSES) for n in range(9)]
    packages = random_packages(draw, 4, RESPONSES)
    truth = draw.sample(candidates, draw.randint(1, 4))
    shares = np.array([draw.randint(1, 9) for _ in truth])
    priors = shares / shares.sum()
    judgements = [
        Judgement(
            package,
            (response,),
            float(sum(p for p, row in zip(priors, truth, strict=True) if row.answer(package) == response)),
        )
        for package in packages
        for response in RESPONSES
    ]
    found = types_from_elicitation(candidates, judgements)
    assert found.misfit <= SAME
    assert found.distance <= SAME
    assert len(found.patron_types) <= len(truth)
    wide = [replace(said, low=0.0, high=1.0) for said in judgements]
    assert len(types_from_elicitation(candidates, wide).patron_types) == 1


@pytest.mark.parametrize("seed", range(10))
def test_order_and_doubles_change_nothing(seed: int) -> None:
    candidates, judgements = random_elicitation(seed)
    found = types_from_elicitation(candidates, judgements)
    other = types_from_elicitation(candidates[::-1], judgements[::-1])
    assert other.misfit == pytest.approx(found.misfit, abs=2e-6)
    assert other.distance == pytest.approx(found.distance, abs=1e-5)
    assert len(other.patron_types) == len(found.patron_types)

    twins = [
        Candidate(f"twin of {row.name}", tuple(replace(u, type=f"twin of {row.name}") for u in row.utilities))
        for row in candidates
    ]
    doubled = types_from_elicitation([*candidates, *twins], judgements)
    assert doubled.patron_types == found.patron_types
    assert all(f"twin of {row.name}" in doubled.alike[row.name] for row in doubled.patron_types)
    assert types_from_elicitation(candidates, judgements).patron_types == found.patron_types  # it repeats


@pytest.mark.parametrize("seed", range(10))
def test_more_candidates_never_fit_worse_and_wider_ranges_never_need_more_types(seed: int) -> None:
    candidates, judgements = random_elicitation(seed)
    found = types_from_elicitation(candidates, judgements)
    fewer = types_from_elicitation(candidates[: max(1, len(candidates) // 2)], judgements)
    assert fewer.misfit >= found.misfit - 2e-6
    reached = [
        replace(said, probability=min(1.0, max(0.0, value)), low=None, high=None)
        for said, value in zip(judgements, found.reproduced, strict=True)
    ]
    exact = types_from_elicitation(candidates, reached)
    wide = [replace(s, low=max(0, s.probability - 0.2), high=min(1, s.probability + 0.2)) for s in reached]
    assert len(types_from_elicitation(candidates, wide).patron_types) <= len(exact.patron_types)


# --- what play says ---------------------------------------------------------------------------------------
def random_rungs(game: Game, draw: random.Random) -> list[Rung]:
    """Allowed first rungs of a game, with whatever it has."""
    pairs = [
        Start(entity.name, instrument)
        for (instrument, kind) in game.effect_profile
        for entity in game.entities
        if entity.kind == kind
    ]
    rungs = [Rung(())]
    for _ in range(40):
        threats = [s for s in pairs if draw.random() < 0.3] if game.standing_threats else []
        rung = Rung(
            (),
            starts=tuple(sorted(s for s in pairs if draw.random() < 0.4)),
            engagements=tuple(row.name for row in game.engagements if draw.random() < 0.5),
            mitigations=tuple(name for name in game.mitigation_names if draw.random() < 0.5),
            threat=tuple(sorted(threats)),
        )
        if rung not in rungs and not violations(game, opening(game), rung):
            rungs.append(rung)
    return rungs[-4:]


@pytest.mark.parametrize("seed", range(40))
def test_played_types_respond_as_reproduced(seed: int) -> None:
    draw = random.Random(seed)
    game = random_game(seed, SMALL)
    offset = draw.choice((0.0, 0.5))
    game = replace(
        game,
        perception=tuple(Perception(row.name, 0, offset) for row in game.patron_types),
        # Bases with odd decimals: no ties.
        utilities=tuple(replace(row, base=row.base + draw.uniform(-0.01, 0.01)) for row in game.utilities),
    )
    rungs = random_rungs(game, draw)
    packages = [package_of(game, f"rung {number}", rung) for number, rung in enumerate(rungs)]
    template = game.utilities[: len(game.responses)]
    last = game.responses[-1].name
    grid = resolve_grid(template, [last], [-0.37, 0.21, 0.83]) if len(template) > 1 else ()
    candidates = (*candidates_of(game), *grid)
    judgements = [
        Judgement(package, (row.name,), draw.randint(0, 10) / 10)
        for package in packages
        for row in game.responses
    ]
    found = types_from_elicitation(candidates, judgements)
    played = found.game_with(game)
    reproduced = dict(zip(judgements_by_name(judgements), found.reproduced, strict=True))
    for package, rung in zip(packages, rungs, strict=True):
        outcome = play(played, Ladder.of(played, Information.ADAPTIVE, [rung]))
        for row in game.responses:
            share = sum(
                outcome.priors[step.type]
                for step in outcome.steps
                if step.stage == 0 and step.response == row.name
            )
            assert share == pytest.approx(reproduced[package.name, row.name], abs=1e-12)


def judgements_by_name(judgements: Sequence[Judgement]) -> list[tuple[str, str]]:
    return [(said.package.name, said.responses[0]) for said in judgements]


def test_a_package_later_in_the_game() -> None:
    game = load_case("dprk_2017")
    first = Rung((), starts=(Start("bank_of_dandong", "designate"),))
    position = advance(game, take(game, opening(game), first), "protest")
    second = Rung(("protest",), starts=(Start("joint_stock_bank_a", "designate"),))
    package = package_of(game, "a large bank, one quarter later", second, position)
    offset = game.offset[game.patron_types[0].name, 1]
    assert package.provocation == pytest.approx(game.carryover * 0.5 + 3.0 + offset)


# --- known answers ----------------------------------------------------------------------------------------
def test_shipped_priors_come_back_from_the_base_rates() -> None:
    """The shares of types that turn hostile in `dprk_2017` were set to 0.04, 0.35 and 0.60."""
    game = load_case("dprk_2017")
    hostile = tuple(row.name for row in game.responses if row.hostile)
    judgements = [
        Judgement(package_of(game, bank, Rung((), starts=(Start(bank, "designate"),))), hostile, share)
        for bank, share in (("bank_of_dandong", 0.04), ("joint_stock_bank_a", 0.35), ("state_bank_a", 0.60))
    ]
    found = types_from_elicitation(candidates_of(game), judgements)
    priors = {row.name: round(row.prior, 9) for row in found.patron_types}
    assert priors == {
        "cooperative_firm": 0.40,
        "pragmatic_firm": 0.25,
        "protective_firm": 0.31,
        "hawkish_firm": 0.04,
    }
    shipped = {row.name: row.prior for row in game.patron_types}
    for name, prior in priors.items():
        assert prior == pytest.approx(shipped[name] + sum(shipped[other] for other in found.alike[name]))
    assert found.alike["cooperative_firm"] == ("cooperative_yielding",)
    assert found.misfit <= SAME


def test_base_rates_with_their_intervals_need_fewer_types() -> None:
    """0 of 11 and 1 of 2 cases, as Jeffreys intervals: one type that retaliates for a large target only."""
    game = load_case("dprk_2017")
    hostile = tuple(row.name for row in game.responses if row.hostile)
    rates = base_rates()
    judgements = []
    for bank, rate in (
        ("bank_of_dandong", "patron, small or medium target: economic retaliation"),
        ("joint_stock_bank_a", "patron, large target: economic retaliation"),
    ):
        package = package_of(game, bank, Rung((), starts=(Start(bank, "designate"),)))
        counts = rates.loc[rate]
        judgements.append(
            Judgement.of_counts(package, hostile, int(counts["successes"]), int(counts["trials"]))
        )
    found = types_from_elicitation(candidates_of(game), judgements)
    assert found.misfit == 0.0
    assert {row.name: round(row.prior, 9) for row in found.patron_types} == {
        "cooperative_firm": 0.5,
        "protective_firm": 0.5,
    }
    ranges = {name: float(text) for name, text in found.patron_types[1].extra}
    large = rates.loc["patron, large target: economic retaliation"]
    assert ranges["prior_low"] == pytest.approx(large["low"], abs=1e-8)
    assert ranges["prior_high"] == pytest.approx(large["high"], abs=1e-8)
    # The central judgement is met exactly without a range, and then needs the hawk.
    exact = [replace(said, low=None, high=None) for said in judgements]
    assert len(types_from_elicitation(candidates_of(game), exact).patron_types) == 3


def test_resolve_is_read_off_rising_judgements() -> None:
    """Priors of a resolve grid are the differences of the stated probabilities."""
    rows = (Utility("any", "protest", 0.0, 0.1), Utility("any", "retaliate", -4.0, 1.0))
    packages = [Package(f"P = {p}", p) for p in (0.5, 2.0, 6.0)]
    stated = (0.05, 0.35, 0.65)
    shifts = telling_shifts(rows, ["retaliate"], packages)
    candidates = resolve_grid(rows, ["retaliate"], shifts, reservation=0.5)
    found = types_from_elicitation(
        candidates, [Judgement(p, ("retaliate",), s) for p, s in zip(packages, stated, strict=True)]
    )
    assert [row.name for row in found.patron_types] == [f"resolve_{n}" for n in range(4)]
    assert [row.prior for row in found.patron_types] == pytest.approx([0.35, 0.30, 0.30, 0.05])
    assert all(row.reservation == 0.5 for row in found.patron_types)
    falling = types_from_elicitation(
        candidates, [Judgement(p, ("retaliate",), s) for p, s in zip(packages, (0.6, 0.4, 0.4), strict=True)]
    )
    assert falling.misfit == pytest.approx(0.2)  # resolve alone cannot make a larger blow less provoking
    assert not falling.to_frame()["within"].all()


def test_experts_who_disagree_are_met_at_the_median() -> None:
    rows = (Utility("any", "protest", 0.0, 0.0), Utility("any", "retaliate", -1.0, 1.0))
    package = Package("a bank", 2.0)
    candidates = resolve_grid(rows, ["retaliate"], telling_shifts(rows, ["retaliate"], [package]))
    found = types_from_elicitation(
        candidates, [Judgement(package, ("retaliate",), p) for p in (0.1, 0.3, 0.9)]
    )
    assert found.patron_types[1].prior == pytest.approx(0.3)
    assert found.misfit == pytest.approx(0.8)


# --- the game with the types ------------------------------------------------------------------------------
def simple(names: Sequence[str], game: Game) -> Elicitation:
    """An elicitation with the first type of a game under several names, apart by resolve."""
    template = [game.utility[game.patron_types[0].name, row.name] for row in game.responses]
    hostile = [row.name for row in game.responses if row.hostile]
    packages = [Package(f"P = {p}", p) for p in (0.5, 40.0)]
    grid = resolve_grid(template, hostile, telling_shifts(template, hostile, packages))
    candidates = [
        Candidate(name, tuple(replace(u, type=name) for u in row.utilities))
        for name, row in zip(names, grid, strict=False)
    ]
    return types_from_elicitation(
        candidates, [Judgement(p, tuple(hostile), s) for p, s in zip(packages, (0.2, 0.7), strict=True)]
    )


def test_a_case_with_elicited_types_is_written_and_read_back(tmp_path: Path) -> None:
    game = load_case("dprk_2017")
    found = simple(("calm", "firm", "hard"), game)
    elicited = found.game_with(game)
    assert elicited.patron_types == found.patron_types
    assert {row.type for row in elicited.perception} == {"calm", "firm", "hard"}
    for row in elicited.perception:
        assert row.offset == game.offset[game.patron_types[0].name, row.stage]
    assert read_case(write_case(elicited, tmp_path / "case")) == elicited


def test_perception_of_new_types() -> None:
    game = load_case("teaching")
    names = [row.name for row in game.patron_types]
    apart = replace(game, perception=(Perception(names[0], 0, 0.5), Perception(names[1], 0, -0.5)))
    new = simple(("calm", "firm", "hard"), game)
    with pytest.raises(ElicitationError, match=r"perceive differently.*replace perception in the game first"):
        new.game_with(apart)
    assert new.game_with(replace(game, perception=())).perception == ()
    own = replace(new, patron_types=(replace(new.patron_types[0], name=names[1]),))
    assert own.game_with(apart).perception == (Perception(names[1], 0, -0.5),)
    with pytest.raises(ElicitationError, match=r"the types are provoked differently .offsets -0.5, 0.5."):
        package_of(apart, "nothing", Rung(()))


def test_game_with_other_responses_is_refused() -> None:
    found = simple(("calm", "firm", "hard"), load_case("dprk_2017"))
    with pytest.raises(ElicitationError, match="give the candidates one row for each of these"):
        found.game_with(load_case("teaching"))


# --- refusals and limits ----------------------------------------------------------------------------------
CALM = Candidate("calm", (Utility("calm", "hold", 0.0, 0.0), Utility("calm", "hit", -1.0, 0.5)))
FIRM = Candidate("firm", (Utility("firm", "hold", 0.0, 0.0), Utility("firm", "hit", -1.0, 2.0)))
BANK = Package("a bank", 1.0)
SAID = Judgement(BANK, ("hit",), 0.3)


def test_what_is_not_well_posed_is_refused() -> None:
    with pytest.raises(ElicitationError, match="0 candidates and 1 judgements; give at least one of each"):
        types_from_elicitation([], [SAID])
    with pytest.raises(ElicitationError, match="2 candidates and 0 judgements"):
        types_from_elicitation([CALM, FIRM], [])
    with pytest.raises(ElicitationError, match="two candidates are called 'calm'"):
        types_from_elicitation([CALM, FIRM, CALM], [SAID])
    odd = Candidate("odd", (Utility("odd", "hold", 0.0, 0.0),))
    with pytest.raises(ElicitationError, match="'calm' and 'odd' have different responses"):
        types_from_elicitation([CALM, odd], [SAID])
    with pytest.raises(ElicitationError, match="two packages are called 'a bank'"):
        types_from_elicitation([CALM], [SAID, Judgement(Package("a bank", 2.0), ("hit",), 0.4)])
    with pytest.raises(ElicitationError, match="'strike' is no response; the candidates have hit, hold"):
        types_from_elicitation([CALM], [Judgement(BANK, ("strike",), 0.4)])


def test_an_indifferent_candidate_is_refused() -> None:
    level = Judgement(Package("just so", 2.0), ("hit",), 0.5)
    with pytest.raises(
        ElicitationError, match="'calm' is indifferent between hold and hit at package 'just so'"
    ):
        types_from_elicitation([CALM, FIRM], [level])
    binary = Candidate("b", (Utility("b", "hold", 0.3, 0.0), Utility("b", "hit", 0.1, 0.2)))
    with pytest.raises(ElicitationError, match="indifferent"):  # 0.1 + 0.2 is not 0.3 in binary
        binary.answer(BANK)


@pytest.mark.parametrize("processes", [False, True])
def test_the_executor_changes_nothing(processes: bool) -> None:
    spawn = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(2, mp_context=spawn) if processes else ThreadPoolExecutor(2)
    told: list[BatchProgress] = []
    with executor:
        for seed in range(2 if processes else 6):
            candidates, judgements = random_elicitation(seed)
            here = types_from_elicitation(candidates, judgements)
            there = types_from_elicitation(candidates, judgements, executor=executor, on_progress=told.append)
            assert replace(there, phases=()) == replace(here, phases=())
            assert [phase.purpose for phase in there.phases] == [phase.purpose for phase in here.phases]
            assert told[-1].done == told[-1].total == len(here.phases)


def test_limits() -> None:
    candidates, judgements = random_elicitation(3)
    with pytest.raises(SolverError, match="allow more time or fewer candidates"):
        types_from_elicitation(candidates, judgements, options=SolveOptions(time_limit_seconds=0.0))
    draw = random.Random(5)
    many = [random_candidate(draw, f"c{n}", RESPONSES) for n in range(40)]
    packages = random_packages(draw, 12, RESPONSES)
    said = [Judgement(p, (r,), draw.randint(0, 20) / 20) for p in packages for r in RESPONSES]
    limited = types_from_elicitation(many, said, options=SolveOptions(node_limit=0))
    assert not limited.proven
    check_consistent(limited, many)
    least_misfit = least(many, said)
    assert limited.misfit == pytest.approx(least_misfit, abs=1e-5)
