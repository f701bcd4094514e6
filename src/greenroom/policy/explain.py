"""A verdict as plain lines, for the command line, the REPL and the approval card.

Invariant: every line is safe to print: what came from a model, a tool or a document goes through `inert_line`.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from greenroom.core.canonical import short
from greenroom.core.inert import inert_line
from greenroom.core.values import Clause, Effect, Finding, Fired, Json, Verdict
from greenroom.detectors.walk import walk

_AROUND = 40
"""Characters shown on each side of a finding."""

_MARKS = {"true": "holds", "false": "fails", "error": "cannot be evaluated, so it counts as holding"}
_DEED: dict[Effect, str] = {
    "allow": "allowed",
    "redact": "masked, then goes on",
    "require_approval": "needs a person's approval",
    "escalate": "goes to a person",
    "deny": "denied",
}


def explain(verdict: Verdict, payload: Json = None) -> list[str]:
    """Effect, rule, reason, risk with its addends, policy, autonomy, clauses with live values, findings, unchecked.

    With the `payload` it was about, every finding is shown in the text it stands in.
    """
    texts = dict(walk(payload).strings) if payload is not None else {}
    lines = [
        f"{verdict.effect}: {_DEED[verdict.effect]}",
        f"rule: {inert_line(verdict.rule)}",
        f"why: {inert_line(verdict.why)}",
        f"risk: {risk(verdict)}",
        f"policy: {policy(verdict)}",
        f"autonomy: {verdict.autonomy}",
    ]
    for fired in verdict.fired:
        lines += _fired(fired)
    lines += [f"shown: {inert_line(name)} = {value_text(value)}" for name, value in verdict.show.items()]
    for item in verdict.findings:
        shown = quoted(texts.get(item.path, ""), item, verdict.findings)
        lines.append(f"found: {finding(item)}{': ' if shown else ''}{shown}")
    lines += [f"not checked: {inert_line(item)}" for item in verdict.unchecked]
    if verdict.ask is not None:
        lines.append(f"asks: {asks(verdict)}")
    return lines


def policy(verdict: Verdict) -> str:
    """`support@2.3.0#1a2b3c4d`."""
    label = inert_line(verdict.policy) or "none"
    return f"{label}#{short(verdict.policy_digest)}" if verdict.policy_digest else label


def risk(verdict: Verdict) -> str:
    """`65 = 40 (refund.large) + 25 (refund.large: session.taint...)`; sums over 100 are cut and say so."""
    if not verdict.addends:
        return str(verdict.risk)
    parts = " + ".join(f"{points} ({inert_line(label)})" for label, points in verdict.addends)
    cut = " (cut at 100)" if sum(points for _, points in verdict.addends) > verdict.risk else ""
    return f"{verdict.risk}{cut} = {parts}"


def clause(item: Clause) -> str:
    """`args.amount > 100 holds; args.amount = 120`."""
    text = f"{inert_line(item.source)} {_MARKS[item.outcome]}"
    if item.error:
        text += f" ({inert_line(item.error)})"
    values = ", ".join(f"{inert_line(name)} = {value_text(value)}" for name, value in item.values.items())
    return f"{text}; {values}" if values else text


def finding(item: Finding) -> str:
    """`personal.card at args.note, 5 to 24, now ‹card#1›`."""
    text = f"{inert_line(item.detector)} at {inert_line(item.path)}, {item.start} to {item.end}"
    return f"{text}, now {inert_line(item.mask)}" if item.mask else text


def quoted(text: str, item: Finding, findings: Sequence[Finding] = ()) -> str:
    """`… my card «‹card#1›» please`: a finding in the text around it, masked as the verdict masks it; '' if it is not there.

    `findings` are all of the verdict, so that nothing masked shows beside it.
    """
    if not 0 <= item.start < item.end <= len(text):
        return ""
    here = sorted((one for one in findings if one.path == item.path and one.mask), key=lambda one: one.start)
    before = _masked(text, 0, item.start, here)
    after = _masked(text, item.end, len(text), here)
    head = "… " if len(before) > _AROUND else ""
    tail = " …" if len(after) > _AROUND else ""
    found = item.mask or text[item.start : item.end]
    return inert_line(f"{head}{before[-_AROUND:]}«{found}»{after[:_AROUND]}{tail}")


def _masked(text: str, start: int, end: int, findings: Sequence[Finding]) -> str:
    """A part of a text with masks in place of what is masked in it."""
    parts = []
    for one in findings:
        if start <= one.start and one.end <= end:
            parts += [text[start : one.start], one.mask]
            start = one.end
    return "".join(parts) + text[start:end]


def value_text(value: Json) -> str:
    """A value as JSON on one line; a whole number that came as a float is written without `.0`."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    try:
        return inert_line(orjson.dumps(value).decode(), 120)
    except (TypeError, ValueError):
        return inert_line(str(value), 120)


def _fired(fired: Fired) -> list[str]:
    watched = " (set aside)" if fired.aside else " (observed only)" if fired.observed else ""
    head = f"fired: {inert_line(fired.rule)} of {inert_line(fired.policy)} -> {fired.effect}{watched}: {inert_line(fired.why)}"
    return [head, *(f"  clause: {clause(item)}" for item in fired.clauses)]


def asks(verdict: Verdict) -> str:
    """`operator within 15 min, then escalate:lead, deny`; '' where nobody is asked."""
    ask = verdict.ask
    if ask is None:
        return ""
    until = f" within {_length(ask.deadline_seconds)}" if ask.deadline_seconds else ""
    return inert_line(f"{ask.role}{until}, then {', '.join(ask.then)}")


def _length(seconds: int) -> str:
    """`15 min` for 900: the largest unit that says it in whole numbers."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
