"""Ladders written by hand for the tests of page and pictures: the numbers are chosen, not played."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf

from sanctopt.game import Start
from sanctopt.ladder import Expected, Information, Ladder, Rung

STAGES = ("2017Q2", "2017Q3", "2017Q4", "2018Q1", "2018Q2", "2018Q3", "2018Q4", "2019Q1")

# What each type does, stage by stage; "!" marks the stage in which the regime concedes.
PLANS = {
    "facade_soft": (0.30, "acquiesce cooperate cooperate cooperate cooperate!"),
    "facade_hard": (0.20, "acquiesce cooperate cooperate acquiesce acquiesce acquiesce acquiesce acquiesce"),
    "patient_soft": (0.25, "acquiesce acquiesce protest acquiesce acquiesce cooperate!"),
    "patient_hard": (0.15, "acquiesce acquiesce protest protest protest acquiesce protest acquiesce"),
    "defiant": (0.10, "protest retaliate retaliate retaliate retaliate retaliate retaliate retaliate"),
}

OPENING = Rung(
    (),
    starts=(
        Start("bank_of_dandong", "designate"),
        Start("dandong_zhicheng_metallic", "designate"),
        Start("mingzheng_international", "designate"),
        Start("sun_moon_star_trading", "designate"),
        Start("vietcombank_branch", "warn"),
    ),
    engagements=("mar_a_lago_channel",),
    mitigations=("thaad_compensation_seoul",),
    threat=(Start("agricultural_bank_of_china", "warn"), Start("dandong_hongxiang", "cut_off")),
)

MOVES: dict[int, Rung] = {
    0: OPENING,
    1: Rung((), starts=(Start("bank_of_dandong", "cut_off"), Start("velmur_management", "designate"))),
    2: Rung((), engagements=("mar_a_lago_channel", "new_york_channel")),
    3: Rung((), starts=(Start("independent_petroleum", "designate"),), offer=True),
    4: Rung((), offer=True),
    5: Rung((), offer=True, engagements=("new_york_channel",)),
    6: Rung(()),
    7: Rung((), starts=(Start("chinese_seafood_buyers", "cargo_ban"),)),
}

HOSTILE = {2: (Start("dandong_hongxiang", "cut_off"),), 4: (Start("overseas_labour_dalian", "cargo_ban"),)}


def moves(history: tuple[str, ...]) -> Rung:
    """Moves after a history: those of the stage, and more against a patron that turned hostile."""
    plan = MOVES[len(history)]
    extra = HOSTILE.get(len(history), ()) if "retaliate" in history else ()
    return Rung(
        history,
        starts=tuple(sorted({*plan.starts, *extra})),
        engagements=plan.engagements,
        mitigations=plan.mitigations,
        threat=plan.threat,
        offer=plan.offer,
    )


def entry(type_name: str, belief: float, history: tuple[str, ...], response: str, concedes: bool) -> Expected:
    """What a type does and what follows, with numbers that move as an analyst would expect."""
    stage = len(history)
    hostile = history.count("retaliate") + history.count("protest") / 2
    harm = {"retaliate": 40.0, "protest": 7.5}.get(response, 0.0)
    return Expected(
        type=type_name,
        belief=belief,
        response=response,
        runner_up="acquiesce" if response != "acquiesce" else "protest",
        margin={0: 0.42, 2: 0.0, 3: 0.004}.get(stage, 0.35 + 0.5 * len(type_name) / 10),
        concedes=concedes,
        revenue=round(450 / (1 + 0.35 * stage) + 25 * hostile, 1),
        baseline_revenue=450 + 10.0 * stage,
        credibility=round(0.66 + 0.12 * min(stage, 4) + 0.05 * hostile, 2),
        provocation=round(2.4 * 0.6**stage + 0.8 * (stage % 2) + 0.2 * hostile, 2),
        engagement=0.5,
        harm=harm,
        cost=12.5 if stage == 0 else 0.0,
        payoff=100.0,
        exits=("agricultural_bank_of_china", "dalian_trading") if stage == 3 else (),
    )


def played(
    plans: Mapping[str, tuple[float, str]],
    information: Information = Information.ADAPTIVE,
    move: Callable[[tuple[str, ...]], Rung] = moves,
    name: str = "North Korea 2017: maximum pressure",
) -> Ladder:
    """A ladder in which each type follows its plan; beliefs are those of Bayes."""
    priors = {type_name: prior for type_name, (prior, _) in plans.items()}
    knows = information is Information.CLAIRVOYANT
    groups: dict[tuple[str, tuple[str, ...]], list[tuple[str, str, bool]]] = {}
    for type_name, (_, plan) in plans.items():
        history: tuple[str, ...] = ()
        for word in plan.split():
            response, concedes = word.rstrip("!"), word.endswith("!")
            known = type_name if knows else ""
            groups.setdefault((known, history), []).append((type_name, response, concedes))
            history = (*history, response)
    rungs = []
    for (known, history), members in groups.items():
        total = sum(priors[type_name] for type_name, _, _ in members)
        expected = tuple(
            entry(type_name, priors[type_name] / total, history, response, concedes)
            for type_name, response, concedes in members
        )
        plan_here = move(history)
        rungs.append(
            Rung(
                history,
                known,
                plan_here.starts,
                plan_here.engagements,
                plan_here.mitigations,
                plan_here.threat,
                plan_here.offer,
                expected,
            )
        )
    order = {name: place for place, name in enumerate(plans)}
    rungs.sort(key=lambda r: (order.get(r.known_type, -1), r.stage, r.history))
    return Ladder(name, "digest", information, STAGES, tuple(rungs))


def korea() -> Ladder:
    """The adaptive example: 8 stages, 5 types, two of which concede."""
    return played(PLANS)


def korea_off_path() -> Ladder:
    """The same with one rung that no type is expected to reach."""
    base = korea()
    rungs = (*base.rungs, moves(("cooperate",)))
    return Ladder(base.game_name, "digest", base.information, STAGES, rungs)


def korea_open_loop() -> Ladder:
    """One sequence for all histories, played."""
    return played(PLANS, Information.OPEN_LOOP, lambda h: replace_history(MOVES[len(h)], h))


def korea_clairvoyant() -> Ladder:
    """One ladder for each type."""
    base = played(PLANS, Information.CLAIRVOYANT)
    assert all(e.belief == 1.0 for r in base.rungs for e in r.expected)
    return base


def unplayed(ladder: Ladder) -> Ladder:
    """The same decisions, never played."""
    rungs = tuple(rung.decisions() for rung in ladder.rungs)
    return Ladder(ladder.game_name, "digest", ladder.information, ladder.stage_labels, rungs)


def wide() -> Ladder:
    """Twelve types that part early: 12 histories in each late stage."""
    first = ("acquiesce", "cooperate", "protest")
    second = ("acquiesce", "cooperate", "protest", "retaliate")
    plans = {
        f"type_{a[:3]}_{b[:3]}": (1 / 12, " ".join((a, b, *((b, a) * 3)))) for a in first for b in second
    }
    return played(plans, name="Twelve types")


def replace_history(rung: Rung, history: tuple[str, ...]) -> Rung:
    return Rung(
        history,
        starts=rung.starts,
        engagements=rung.engagements,
        mitigations=rung.mitigations,
        threat=rung.threat,
        offer=rung.offer,
    )


def single_response() -> Ladder:
    """One stage, one type, one response: no runner-up, an infinite margin, no baseline."""
    only = Expected("only", 1.0, "acquiesce", "", inf, False, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, ())
    return Ladder("One", "digest", Information.ADAPTIVE, ("stage 0",), (Rung((), expected=(only,)),))
