"""The page of a ladder says everything the ladder holds, in lines that fit, and nothing else."""

import re
from dataclasses import replace

import pytest

import example_ladders as examples
from sanctopt.game import Start
from sanctopt.ladder import Information, Ladder, Rung
from sanctopt.ladder_text import page
from sanctopt.ladder_view import margin, money, numbers, percentages, priors, reach, ways

LADDERS = {
    "korea": examples.korea,
    "off_path": examples.korea_off_path,
    "open_loop": examples.korea_open_loop,
    "clairvoyant": examples.korea_clairvoyant,
    "wide": examples.wide,
    "single": examples.single_response,
    "unplayed": lambda: examples.unplayed(examples.korea()),
    "unplayed_open_loop": lambda: examples.unplayed(examples.korea_open_loop()),
    "unplayed_clairvoyant": lambda: examples.unplayed(examples.korea_clairvoyant()),
}


@pytest.fixture(params=LADDERS)
def ladder(request: pytest.FixtureRequest) -> Ladder:
    return LADDERS[request.param]()


def block(text: str, number: str) -> str:
    """What the page says of one rung, on one line."""
    found = re.search(rf"^Rung {re.escape(number)}:.*?(?=^Rung |^=|^\S.* \(stage)", text, re.M | re.S)
    assert found is not None, number
    return " ".join(found[0].split())


def test_page_is_what_str_gives(ladder: Ladder) -> None:
    assert str(ladder) == page(ladder)


def test_lines_fit_and_are_plain(ladder: Ladder) -> None:
    lines = page(ladder).splitlines()
    assert max(map(len, lines)) <= 100
    assert all(line.isascii() and line == line.rstrip() for line in lines)


def test_every_move_of_every_rung_is_on_the_page(ladder: Ladder) -> None:
    text = " ".join(page(ladder).split())
    for rung in ladder.rungs:
        for start in (*rung.starts, *rung.threat):
            assert re.search(rf"\b{start.instrument}\b:? [^;:]*\b{start.entity}\b", text), str(start)
        for name in (*rung.engagements, *rung.mitigations):
            assert name in text
    assert text.count("offers the off-ramp") >= 1 or not any(rung.offer for rung in ladder.rungs)


def test_every_rung_has_its_block_with_its_own_moves() -> None:
    ladder = examples.korea()
    text = page(ladder)
    for (_, history), number in numbers(ladder).items():
        rung = ladder.rung_at(history, "")
        assert rung is not None
        said = block(text, number)
        assert all(start.entity in said for start in rung.starts)
        assert ("offers the off-ramp" in said) == rung.offer
        assert ("nothing new" in said) == (rung.stage == 6)
        assert all(entry.type in said for entry in rung.expected)


def test_beliefs_of_each_rung_add_up_to_100_per_cent() -> None:
    for ladder in (examples.korea(), examples.wide(), examples.korea_open_loop()):
        text = page(ladder)
        for number in numbers(ladder).values():
            facing = re.search(r"be facing: (.*?) After these moves", block(text, number))
            assert facing is not None
            shares = re.findall(r"([\d.]+) %", facing[1])
            assert sum(map(float, shares)) == pytest.approx(100.0, abs=1e-9)


def test_heading_gives_case_information_stages_and_priors() -> None:
    text = " ".join(page(examples.korea()).split())
    assert "Escalation ladder: North Korea 2017: maximum pressure" in text
    assert "adaptive - a rung depends on what the patron has done so far" in text
    assert "8 (2017Q2 to 2019Q1)" in text
    assert "facade_soft 30 %, facade_hard 20 %, patient_soft 25 %, patient_hard 15 %, defiant 10 %" in text


def test_types_that_behave_alike_share_a_line() -> None:
    text = page(examples.korea())
    assert re.search(
        r"facade_soft, +90 % +acquiesce +0\.42 over protest +450 of 450 +0 % +0 +rung 1\.1", text
    )
    assert re.search(r"defiant +10 % +protest +0\.42 over acquiesce +450 of 450 +0 % +7\.5 +rung 1\.2", text)


def test_tie_small_margin_and_no_alternative_are_told() -> None:
    text = page(examples.korea())
    assert "tie with acquiesce" in block(text, "2.1")
    assert "0.004 over protest" in block(text, "3.1")
    assert "no other response" in page(examples.single_response())


def test_smallest_margin_of_a_group_is_named() -> None:
    opening = examples.korea().rungs[0]
    entries = [replace(entry, margin=1.5 - place / 4) for place, entry in enumerate(opening.expected[:3])]
    assert margin(entries) == "1.00 over protest (patient_soft)"
    tied = [entries[0], replace(entries[1], margin=1e-9)]
    assert margin(tied) == "tie with protest (facade_hard)"


def test_histories_are_counted_dated_and_abbreviated() -> None:
    text = page(examples.korea())
    assert "Rung 2.1: after acquiesce x2 (from rung 1.1); probability 40 %" in text
    assert "Rung 4.2: after acquiesce x2, then protest x2 (from rung 3.1); probability 15 %" in text
    assert "Rung 7.1: after ..., acquiesce, then protest (from rung 6.1); probability 15 %" in text
    assert "2017Q4 (stage 2)" in text


def test_histories_of_a_stage_are_told_apart() -> None:
    text = page(examples.wide())
    titles = re.findall(r"^Rung (\d)\.\d+: (.*?)(?: \(from|; prob)", text, re.M)
    assert len(titles) == len(set(titles)) == len(examples.wide().rungs) - 1  # all but the opening


def test_equal_endings_are_lengthened_until_they_differ() -> None:
    longer = ("protest", "retaliate", "acquiesce", "protest")
    histories = [("cooperate", "acquiesce", "acquiesce", "protest"), longer]
    histories += [("protest", "cooperate", "acquiesce", "protest")]
    rungs = tuple(Rung(history) for history in histories)
    text = page(Ladder("x", "", Information.ADAPTIVE, examples.STAGES, rungs))
    assert "after ..., retaliate, acquiesce, then protest" in text or "after protest, retaliate" in text
    assert "after cooperate, acquiesce x2, then protest" in text


def test_concession_ends_the_game_on_the_page() -> None:
    text = page(examples.korea())
    assert "concedes: game ends" in block(text, "4.4")
    assert text.count("concedes: game ends") == 2
    assert re.search(r"facade_soft .*regime concedes in 2018Q2", text)
    assert re.search(r"defiant .*no concession", text)


def test_stocks_exits_and_money() -> None:
    text = page(examples.korea())
    said = block(text, "3.1")
    assert "Exits on its own: agricultural_bank_of_china, dalian_trading" in said
    assert "credibility 1.04, provocation 1.42, engagement 0.50, cost US$m 0" in said
    assert "232 of 480" in said
    assert "52 %" in said
    assert "cost US$m 12.5" in block(text, "0.1")
    assert "Exits on its own: nobody" in block(text, "0.1")


def test_what_differs_by_type_is_told_by_type() -> None:
    ladder = examples.korea()
    opening = ladder.rungs[0]
    first, *others = opening.expected
    changed = replace(opening, expected=(replace(first, exits=("bank_x",), credibility=0.9), *others))
    said = block(page(replace(ladder, rungs=(changed, *ladder.rungs[1:]))), "0.1")
    assert "bank_x (facade_soft); nobody (facade_hard)" in said
    assert "credibility 0.90 (facade_soft); 0.66 (facade_hard)" in said


def test_rung_off_the_path_says_so() -> None:
    said = block(page(examples.korea_off_path()), "1.2")
    assert said.startswith("Rung 1.2: after cooperate - cut_off: bank_of_dandong")
    assert said.endswith("No type is expected to get here.")


def test_response_without_a_rung_says_so() -> None:
    ladder = examples.korea()
    cut = replace(ladder, rungs=tuple(rung for rung in ladder.rungs if rung.stage < 3))
    assert "no rung" in block(page(cut) + "\n=", "2.1")
    assert "no rung after 2017Q4" in page(cut)


def test_ladder_never_played_shows_moves_only() -> None:
    text = page(examples.unplayed(examples.korea()))
    assert "Played        no" in text
    assert "- designate: bank_of_dandong" in text
    for word in ("facing", "margin", "In short", "No type is expected", "probability 90 %"):
        assert word not in text


def test_open_loop_gives_the_moves_of_a_stage_once() -> None:
    text = page(examples.korea_open_loop())
    assert text.count("Whatever the patron has done\n") == 8
    assert text.count("velmur_management") == 1
    assert "Rung 1.2: after protest; probability 10 %" in text


def test_open_loop_that_stops_early_says_so() -> None:
    ladder = examples.korea_open_loop()
    cut = replace(ladder, rungs=tuple(rung for rung in ladder.rungs if rung.stage == 0))
    assert "no rung" in block(page(cut), "0.1")
    kept = tuple(rung for rung in ladder.rungs if rung.history != ("protest",))
    assert "moves of 2017Q3" in block(page(replace(ladder, rungs=kept)), "0.1")


def test_clairvoyant_has_a_section_per_type() -> None:
    text = page(examples.korea_clairvoyant())
    sections = re.findall(r"^If the coalition knows: (\w+)$", text, re.M)
    assert sections == list(examples.PLANS)
    assert "be facing" not in text
    assert "prior" not in text


def test_threat_names_starts_and_stage() -> None:
    said = block(page(examples.korea()), "0.1")
    wanted = "warn agricultural_bank_of_china; cut_off dandong_hongxiang"
    assert f"threatens, if the answer is hostile, in 2017Q3: {wanted}" in said


def test_long_names_still_fit() -> None:
    long = "the_" + "very_" * 30 + "long_name"
    ladder = examples.played({long: (0.5, f"{long} acquiesce"), "b" * 120: (0.5, "acquiesce acquiesce")})
    rungs = (replace(ladder.rungs[0], starts=(Start(long, long),)), *ladder.rungs[1:])
    text = page(replace(ladder, rungs=rungs, game_name=long))
    assert max(map(len, text.splitlines())) <= 100
    assert long in "".join(text.split())


def test_no_rungs_at_all() -> None:
    text = page(Ladder("Empty", "", Information.ADAPTIVE, (), ()))
    assert "Rungs         0" in text


@pytest.mark.parametrize(
    ("shares", "shown"),
    [
        ([1.0], ["100 %"]),
        ([0.125, 0.875], ["12.5 %", "87.5 %"]),
        ([1 / 3, 1 / 3, 1 / 3], ["34 %", "33 %", "33 %"]),
        ([0.002, 0.998], ["0.2 %", "99.8 %"]),
        ([1 / 3000, 1 - 1 / 3000], ["0.03 %", "99.97 %"]),
        ([0.1 + 0.2, 0.7], ["30 %", "70 %"]),
        ([0.0, 1.0], ["0 %", "100 %"]),
    ],
)
def test_percentages(shares: list[float], shown: list[str]) -> None:
    assert percentages(shares) == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (0.02, "0.02"),
        (7.25, "7.2"),
        (99.97, "100"),
        (-12.34, "-12.3"),
        (1e6, "1,000,000"),
    ],
)
def test_money(amount: float, shown: str) -> None:
    assert money(amount) == shown


def test_priors_and_reach_come_from_stage_0() -> None:
    ladder = examples.korea()
    assert priors(ladder) == {name: prior for name, (prior, _) in examples.PLANS.items()}
    assert reach(ladder)["", ("acquiesce", "acquiesce")] == pytest.approx(0.40)
    assert priors(examples.korea_clairvoyant()) == {}
    assert reach(examples.unplayed(ladder)) == {}


def test_ways_end_where_the_regime_concedes() -> None:
    found = ways(examples.korea())
    assert [len(way) for way in found.values()] == [5, 8, 6, 8, 8]
    assert list(found) == list(examples.PLANS)
