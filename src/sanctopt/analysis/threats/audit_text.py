"""An audit as text for an analyst."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from sanctopt.analysis.plain_text import WIDTH
from sanctopt.analysis.threats.audited_rungs import Call, Facilitator, RungAudit, Threat, Verdict

MOST_NAMED = 4
"""Facilitators that are named in a line; the table has all."""


def page(head: str, rungs: Sequence[RungAudit]) -> str:
    """The audit, rung by rung."""
    lines = [head]
    for rung in rungs:
        lines += ["", *_rung(rung)]
    verdicts = [threat.verdict.value for rung in rungs for threat in rung.threats]
    told = ", ".join(f"{verdicts.count(text)} {text}" for text in dict.fromkeys(verdicts))
    lines += ["", f"Threats: {told}." if told else "The ladder makes no threats."]
    return "\n".join(wrapped for line in lines for wrapped in _wrapped(line))


def _wrapped(line: str) -> list[str]:
    """A line as several, if it is too long; they stand to the right of its first word."""
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    return textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_on_hyphens=False) or [""]


def _rung(rung: RungAudit) -> list[str]:
    """Credibility of a rung, and its threat."""
    after = " > ".join(rung.history) or "nothing"
    lines = [f"{rung.label}, after {after}: credibility {rung.credibility:.3f}"]
    moved = [f for f in rung.leaving if f.by_rung]
    others = [f for f in rung.leaving if not f.by_rung]
    for title, row in (
        ("leave because of this rung", moved),
        ("leave anyhow", others),
        ("nearest to leaving", list(rung.nearest)),
    ):
        if row:
            more = f", and {len(row) - MOST_NAMED} more" if len(row) > MOST_NAMED else ""
            lines.append(f"  {title}: {', '.join(map(_facilitator, row[:MOST_NAMED]))}{more}")
    for threat in rung.threats:
        lines += _threat(threat)
    return lines


def _facilitator(row: Facilitator) -> str:
    """Name and margin."""
    if not row.leaves:
        return f"{row.name} (lacks {-row.margin:.3f})"
    idle = "; is cut off anyhow" if row.removed >= row.exit_removal else ""
    return f"{row.name} (by {max(row.margin, 0.0):.3f}{idle})"


def _threat(threat: Threat) -> list[str]:
    verdict = threat.verdict.value
    verdict = verdict.upper() if threat.verdict is Verdict.EMPTY else verdict
    lines = [
        f"  threat: {', '.join(map(str, threat.starts))} if the response is hostile; {verdict}",
        f"    worth {threat.worth}: from here on the plan is worth {threat.value_with:,.2f}; "
        f"the best plan without a threat here {threat.value_without}, "
        f"this plan played without it {threat.played_without:,.2f}",
    ]
    moved = [row for row in threat.answers if row.moved]
    for row in moved:
        lines.append(
            f"    {'deters' if row.deterred else 'moves'} type {row.type} ({row.belief:.0%}): "
            f"{row.without_threat} without it, {row.with_threat} with it"
        )
    if not moved:
        lines.append("    moves no type")
    by = f"by type {', '.join(threat.called_by)}" if threat.called_by else "by no type"
    lines.append(f"    called on the expected path: {by}")
    alike: dict[str, list[str]] = {}
    for call in threat.calls:
        alike.setdefault(_call(call), []).append(call.response)
    return lines + [f"    after {', '.join(names)} ({text}" for text, names in alike.items()]


def _call(call: Call) -> str:
    """What follows a hostile response, after its name and an opening bracket."""
    believed = ", ".join(f"{name} {share:.0%}" for name, share in call.belief.items())
    verdicts = {
        Verdict.CREDIBLE: "it would be carried out by choice",
        Verdict.EMPTY: f"it would be waived: carrying it out loses {call.loss}",
        Verdict.OPEN: "whether it would be carried out is not proven",
    }
    return (
        f"{call.surprise.value}; then {believed}): carried out {call.carried_out}, "
        f"waived {call.waived}; {verdicts[call.verdict]}"
    )
