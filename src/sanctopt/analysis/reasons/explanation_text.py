"""Plain text of an explanation, for an analyst who has not seen the library: one function per section."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence

from sanctopt.aims import Expectation
from sanctopt.analysis.plain_text import WIDTH, heading, money, section, table
from sanctopt.analysis.reasons.constraints import Constraint
from sanctopt.analysis.reasons.effects import Effect, Turn
from sanctopt.analysis.reasons.losses import Known, Loss, Way, differences
from sanctopt.analysis.reasons.scene import Scene
from sanctopt.analysis.reasons.switches import Switch
from sanctopt.analysis.reasons.untouched import Trial, Untouched, Why
from sanctopt.game import Start
from sanctopt.ladder import Rung
from sanctopt.rung_limits import Decision, decisions_of, first_rung

SHOWN = 0.05
"""Amounts below this many millions of US dollars are shown as 0: one decimal is."""

ROWS = 6
"""Starts of a kind that are told one by one; the others are listed."""

VERBS = {"engagements": "hold", "mitigations": "begin", "threat": "threaten to"}

MEANING = {
    Why.MADE: "Moved against before",
    Why.RULE: "Not allowed yet",
    Why.PROVOKES: "Would turn the patron, at a loss",
    Why.LATER: "Planned for later, and worth more then",
    Why.LEAVES: "Leave by themselves at this credibility; a move takes no more from them now",
    Why.NO_REVENUE: "Others would take over their business: the regime's revenue would not fall",
    Why.COST: "Cost more than they bring",
    Why.EFFORT: "Would help if there were effort to spare; what the effort is spent on now comes first",
    Why.GAIN: "Would make the plan better: it is not the best one",
}

ORDER = (
    *(Why.GAIN, Why.EFFORT, Why.PROVOKES, Why.LATER, Why.COST, Why.NO_REVENUE, Why.LEAVES),
    *(Why.RULE, Why.MADE),
)
"""Order of the reasons on the page: what is nearest to being done first."""


def moves(decisions: Iterable[Decision]) -> str:
    """Decisions in a line; "nothing" if there are none.

    >>> moves([Decision("engagements", "summit"), Decision("starts", Start("harbour bank", "warn"))])
    'hold summit, warn harbour bank'
    """
    return ", ".join(map(name, decisions)) or "nothing"


def name(decision: Decision) -> str:
    """A decision for people."""
    if decision.field == "offer":
        return "offer the off-ramp"
    return f"{VERBS.get(decision.field, '')} {decision.item}".strip()


def opening(scene: Scene, optimum: Known, best: Rung) -> Iterable[str]:
    """What the rung is, whom it may face, what the plan is worth."""
    number = f"stage {scene.stage}"
    when = scene.label if scene.label == number else f"{scene.label} ({number})"
    yield from heading(f"Why this rung? {scene.game.name}, {when}")
    yield "Money in millions of US dollars (US$m), expected over the types that are still possible."
    if scene.past.responses:
        way = " > ".join(scene.past.responses)
        chance = percent(scene.probability)
        yield from wrapped(f"The patron so far: {way}. Probability of getting here: {chance}.")
        yield "Only what is earned from here on counts."
    yield ""
    yield "The rung:"
    yield from (f"  - {name(decision)}" for decision in decisions_of(scene.rung))
    if not decisions_of(scene.rung):
        yield "  - nothing new"
    called = ", ".join(map(str, scene.position.called))
    if called:
        yield from wrapped(f"Carried out because a threat was called: {called}.")
    yield ""
    shares = (f"{step.type} {percent(step.belief)}" for step in scene.steps)
    yield from wrapped(f"It may be facing: {', '.join(shares)}.")
    yield from wrapped(_worth(scene, optimum))
    if optimum.value - scene.worth > SHOWN:
        added, dropped = differences(first_rung(scene.outcome), best)
        text = f"A better plan was found, worth {money(optimum.value)}; losses are measured from it. "
        text += (
            f"In this rung it differs: {_instead(added, dropped)}."
            if added or dropped
            else "It differs further down only."
        )
        yield from wrapped(text)
    if scene.aims.limits:
        yield from wrapped(f"Limits: {'; '.join(map(str, scene.aims.limits))}.")


def _worth(scene: Scene, optimum: Known) -> str:
    by = "" if isinstance(scene.aims.criterion, Expectation) else f" ({scene.aims.criterion})"
    text = f"The plan is worth {money(scene.worth)} from here on{by}"
    if optimum.high - scene.worth <= SHOWN:
        return f"{text}, and no plan is worth more."
    if optimum.value - scene.worth > SHOWN:
        return f"{text}; no plan is worth more than {money(optimum.high)}."
    if math.isinf(optimum.high):
        return f"{text}. Whether another one is worth more was not settled in time."
    return f"{text}. It is not proven to be best: no plan is worth more than {money(optimum.high)}."


def at_once(scene: Scene, found: Sequence[Effect]) -> Iterable[str]:
    """What each move changes in this stage."""
    if not found:
        return
    yield from section(f"What each move does at once, in this {scene.game.stage_unit}")
    yield "Compared with the same rung without it:"
    for row in found:
        yield from wrapped(f"  - {name(row.decision)}: {'; '.join(_changes(row))}.", "      ")
    exits = ", ".join(scene.posture.exits) or "nobody"
    yield from wrapped(
        f"At the rung's credibility of {scene.posture.credibility:.2f} leave by themselves: {exits}."
    )


def _changes(row: Effect) -> Iterable[str]:
    amounts = [("revenue", row.revenue), ("harm", row.harm), ("cost", row.cost)]
    shown = [f"{word} {signed(amount)}" for word, amount in amounts if abs(amount) >= SHOWN]
    yield ", ".join(shown) or "no money moves"
    if row.exits:
        yield f"credibility {row.credibility:+.2f}, which makes leave: {', '.join(row.exits)}"
    elif row.credibility > 0.0:
        yield f"credibility {row.credibility:+.2f}"
    stocks = [("provocation", row.provocation), ("engagement", row.engagement), ("threat", row.threat_size)]
    yield from (f"{word} {amount:+.2f}" for word, amount in stocks if amount != 0.0)
    yield from _turns(row.turns)


def worth_of_moves(scene: Scene, losses: Sequence[Loss]) -> Iterable[str]:
    """Losses, move by move, and what would be done instead."""
    yield from section("What each move is worth")
    if not losses:
        yield "Nothing is done here that could be left out."
        return
    unit = scene.game.stage_unit
    yield from wrapped(
        "A loss is the worth of the best plan from here on, minus that of the best plan that does without "
        f"the move: for good; or in this {unit}, but makes it in the next; or in this {unit} only. All else "
        "may be chosen anew."
    )
    yield ""
    order = dict.fromkeys(loss.decision for loss in losses)
    found = {(loss.decision, loss.way): loss for loss in losses}
    ranked = sorted(order, key=lambda decision: -_size(found[decision, Way.STRUCK]))
    ways = (Way.STRUCK, Way.POSTPONED, Way.REPLACED)
    titles = ("move", "loss if never", f"one {unit} later", f"not this {unit}")
    rows = [(name(decision), *(_cell(found.get((decision, way))) for way in ways)) for decision in ranked]
    yield from table(titles, rows)
    yield from _notes(losses)
    yield ""
    yield f"If a move is not made in this {unit}, the best plan found does instead, in this {unit}:"
    for decision in ranked:
        yield from wrapped(f"  - for {name(decision)}: {_outcome(found[decision, Way.REPLACED])}.", "      ")


def _size(loss: Loss) -> float:
    return -1.0 if math.isnan(loss.loss) else loss.loss


def _cell(loss: Loss | None) -> str:
    if loss is None:
        return "-"
    if not loss.possible:
        return "impossible"
    if math.isnan(loss.loss):
        return "?"
    return money(loss.loss) if exact(loss) else f"~{money(loss.loss)}"


def exact(loss: Loss) -> bool:
    """Whether a loss is known to the decimal that is shown."""
    return loss.high - loss.low <= SHOWN


def _notes(losses: Sequence[Loss]) -> Iterable[str]:
    if any(loss.possible and math.isnan(loss.loss) for loss in losses):
        yield "?  no plan was found in time."
    open_ = [loss for loss in losses if loss.possible and not exact(loss)]
    if not open_:
        return
    low, high = min(loss.low for loss in open_), max(loss.high for loss in open_)
    proven = "nothing is proven about the true ones"
    if not math.isinf(high):
        proven = f"of the true ones it is only proven that they lie between {money(low)} and {money(high)}"
    yield from wrapped(f"~  difference of the best plans found in time; {proven}.", "   ")


def _outcome(loss: Loss) -> str:
    """What the best plan does instead, and what that loses."""
    if none := _none(loss):
        return none
    lost = "no loss" if loss.loss < SHOWN else f"{_cell(loss)} less"
    if not (loss.added or loss.dropped):
        return f"nothing else ({lost})"
    return f"{_instead(loss.added, loss.dropped)} ({lost})"


def _instead(added: Sequence[Decision], dropped: Sequence[Decision]) -> str:
    parts = [moves(added)] if added else []
    if dropped:
        parts.append(f"without {moves(dropped)}")
    return "; ".join(parts)


def patron(scene: Scene, found: Sequence[Switch]) -> Iterable[str]:
    """Which response each type takes, and what would turn it."""
    yield from section("What the patron does, and what would turn it")
    size = scene.game.start_provocation
    yield from wrapped(
        f"The rung leaves provocation at {scene.posture.provocation:.2f}. How far the next best response "
        "is behind is in units of the patron's utility, not of money. Only provocation is varied; talks, "
        "cover and threats are held."
    )
    groups: dict[tuple[object, ...], list[Switch]] = {}
    for row in found:
        groups.setdefault(_answer(row), []).append(row)
    for rows in groups.values():
        row, belief = rows[0], math.fsum(item.belief for item in rows)
        parts = [f"{', '.join(item.type for item in rows)} ({percent(belief)}): {row.response}"]
        if row.runner_up:
            least = min(item.margin for item in rows)
            parts.append(f"next best {row.runner_up}, {f'{least:.2f} behind' if least > 0.0 else 'a tie'}")
        yield from wrapped(f"  - {'; '.join((*parts, *_turning(row, size)))}.", "      ")


def _answer(row: Switch) -> tuple[object, ...]:
    """What makes two types alike on the page."""
    return (
        *(row.response, row.runner_up, row.more_to, row.as_much_as, row.less_to, row.leaving_out),
        *(f"{number:.2f}" for number in (row.margin, row.more, row.less)),
    )


def _turning(row: Switch, size: Callable[[Start], float]) -> Iterator[str]:
    """What would turn a type, upwards and downwards."""
    if math.isinf(row.more):
        yield "more provocation changes nothing"
    else:
        enough = "more than any move left provokes"
        if row.as_much_as is not None:
            enough = f"{row.as_much_as} (+{size(row.as_much_as):.2f}) would do"
        yield f"{' or '.join(row.more_to)} at +{row.more:.2f} provocation: {enough}"
    if math.isfinite(row.less):
        text = f"{' or '.join(row.less_to)} at -{row.less:.2f}"
        if row.leaving_out is not None:
            text += f": to leave out {row.leaving_out} (-{size(row.leaving_out):.2f}) would do"
        yield text


def bounds(found: Sequence[Constraint]) -> Iterable[str]:
    """What binds, and what does not."""
    yield from section("What holds the rung back")
    binding = [row for row in found if row.binds]
    for row in binding:
        yield from wrapped(f"  - {_about(row)}", "      ")
    if not binding:
        yield "  - nothing that this page knows of"
    others = [row for row in found if not row.binds]
    if others:
        yield "Not in the way:"
    for row in others:
        yield from wrapped(f"  - {_about(row)}", "      ")


def _about(row: Constraint) -> str:
    subject = f", {row.subject}" if row.name == "reservation" else ""
    return f"{row.name}{subject}: {row.text}."


def left_out(scene: Scene, found: Sequence[Untouched], required: Sequence[Loss]) -> Iterable[str]:
    """Why the other entities are not touched."""
    yield from section("Why nothing is done against the others")
    if not found:
        yield "Every entity against which something could be done is moved against."
        return
    yield from wrapped(
        "Each move was added to the rung and the plan played again, as if there were effort for it; later "
        "rungs follow the plan where they can. First the change of the plan's worth, in brackets what "
        "changes from here to the end."
    )
    for why in ORDER:
        rows = [item.chief for item in found if item.chief.why is why]
        if rows:
            yield ""
            yield from wrapped(f"{MEANING[why]}:")
            yield from _reason(scene, why, sorted(rows, key=lambda row: -row.worth))
    if required:
        yield ""
        yield "The most promising of them made to happen in this rung, all else chosen anew:"
        for loss in required:
            yield from wrapped(f"  - {name(loss.decision)}: {_forced(loss)}.", "      ")


def _none(loss: Loss) -> str:
    """Why there is no plan to tell of; "" if there is one."""
    if not loss.possible:
        return "no plan that is allowed"
    return "no plan was found in time" if math.isnan(loss.loss) else ""


def _forced(loss: Loss) -> str:
    if none := _none(loss):
        return none
    lost = "no loss" if loss.loss < SHOWN else f"{_cell(loss)} less than the best plan"
    if not (loss.added or loss.dropped):
        return f"{lost}; the rest of the rung as it is"
    beside = f"with {moves(loss.added)}" if loss.added else ""
    return "; ".join(filter(None, (lost, beside, f"without {moves(loss.dropped)}" if loss.dropped else "")))


def _reason(scene: Scene, why: Why, rows: Sequence[Trial]) -> Iterable[str]:
    if why in (Why.MADE, Why.RULE):
        texts: dict[str, list[str]] = {}
        for row in rows:
            text = f"{row.start.instrument} {row.obstacle}" if why is Why.MADE else _rule(row)
            texts.setdefault(text, []).append(row.start.entity)
        for text, names in texts.items():
            yield from wrapped(f"  - {', '.join(names)}: {text}", "      ")
    elif why in (Why.NO_REVENUE, Why.LEAVES):
        yield from wrapped("  - " + ", ".join(f"{row.start} ({signed(row.worth)})" for row in rows), "      ")
    else:
        yield from _by_turns(scene, rows)


def _by_turns(scene: Scene, rows: Sequence[Trial]) -> Iterable[str]:
    """Starts with their changes, those that turn the same types together."""
    groups: dict[str, list[Trial]] = {}
    for row in rows:
        groups.setdefault("; ".join(_turns(row.turns)), []).append(row)
    for turns, alike in groups.items():
        if turns and len(alike) > 1:
            yield from wrapped(f"  With any of these, {turns}:", "  ")
        elif not turns and len(groups) > 1:
            yield "  The patron answers as before:"
        for row in alike[:ROWS]:
            single = [turns] if turns and len(alike) == 1 else []
            yield from wrapped(f"  - {row.start}: {'; '.join((*_trial(scene, row), *single))}", "      ")
        if more := alike[ROWS:]:
            names = ", ".join(str(row.start) for row in more)
            yield from wrapped(f"  - {signed(more[0].worth)} to {signed(more[-1].worth)}: {names}", "      ")


def _turns(turns: Iterable[Turn]) -> Iterator[str]:
    """Types that turn alike, together."""
    groups: dict[tuple[str, str], list[str]] = {}
    for turn in turns:
        groups.setdefault((turn.response, turn.instead), []).append(turn.type)
    for (response, instead), types in groups.items():
        yield f"{', '.join(types)}: {instead}, not {response}"


def _trial(scene: Scene, row: Trial) -> Iterable[str]:
    amounts = [("revenue", row.revenue_rest), ("harm", row.harm_rest), ("cost", row.cost_rest)]
    parts = [f"{word} {signed(amount)}" for word, amount in amounts if abs(amount) >= SHOWN]
    if abs(row.conceding) >= 0.0005:
        parts.append(f"probability of a concession {signed(100 * row.conceding)} points")
    yield signed(row.worth) + (f" ({', '.join(parts)})" if parts else "")
    if row.later:
        yield f"planned for {' or '.join(scene.game.stage_label(stage) for stage in row.later)}"


def _rule(row: Trial) -> str:
    return row.obstacle.replace(f"start {row.start} ", f"{row.start.instrument} ").replace(
        f" {row.start.entity} ", " "
    )


def percent(share: float) -> str:
    """A probability, to the percent.

    >>> percent(0.6)
    '60 %'
    """
    return f"{100 * share:.0f} %"


def signed(amount: float) -> str:
    """An amount with its sign.

    >>> signed(3.24), signed(-0.01), signed(-1200.0)
    ('+3.2', '0.0', '-1,200.0')
    """
    text = money(amount)
    return text if text == "0.0" or amount < 0.0 else f"+{text}"


def wrapped(text: str, later: str = "") -> Iterable[str]:
    """A paragraph, wrapped; lines after the first begin with ``later``."""
    return textwrap.wrap(text, WIDTH, subsequent_indent=later, break_on_hyphens=False)
