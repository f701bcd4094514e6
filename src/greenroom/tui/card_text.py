"""An approval card as text, in the order a person should read it: what, why, evidence, risk, what nobody checked.

Invariant: everything is shown in full (the card scrolls), through `core.inert`, and the model's own reason is last
and marked untrusted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.content import Content, Span

from greenroom.core.inert import inert, inert_line
from greenroom.tui.wrapping import wrap

if TYPE_CHECKING:
    from greenroom.core.values import Card, Clause, Json

LABEL = 11
_NARROW = 56
_EFFECTS = {
    "none": "only reads",
    "repeatable": "changes something, safe to repeat",
    "once": "changes something, must not run twice",
}

Line = tuple[str, str]
"""Text and style."""


def card_text(card: Card, width: int) -> Content:
    """The card's body at a width in cells."""
    sections = (
        ("will run", _what(card)),
        ("why asked", _why(card)),
        ("evidence", _evidence(card)),
        ("risk", _risk(card)),
        ("unchecked", [(inert(item), "$warning") for item in card.verdict.unchecked]),
        ("model says", _reason(card)),
    )
    text, spans = "", list[Span]()
    for label, lines in sections:
        for line, style in _section(label, lines, width):
            start = len(text)
            text += line + "\n"
            _style(spans, start, line, label, style)
    return Content(text.rstrip("\n"), spans)


def _section(label: str, lines: Iterable[Line], width: int) -> list[Line]:
    """Lines beside their label, or under it where there is no room."""
    narrow = width < _NARROW
    indent = " " * (2 if narrow else LABEL)
    rows = [(indent + row, style) for line, style in lines for row in wrap(line, max(width - len(indent), 8))]
    if not rows:
        return []
    if narrow:
        return [(label, "$quiet"), *rows]
    first, style = rows[0]
    return [(label.ljust(LABEL) + first[LABEL:], style), *rows[1:]]


def _style(spans: list[Span], start: int, line: str, label: str, style: str) -> None:
    named = len(label) if line.startswith(label) else 0
    if named:
        spans.append(Span(start, start + named, "$quiet"))
    if style:
        spans.append(Span(start + named, start + len(line), style))


def _what(card: Card) -> list[Line]:
    spec = card.spec
    terms = [_EFFECTS[spec.effects]]
    if spec.effects != "none":
        terms.append("can be undone" if spec.reversible else "cannot be undone")
    if spec.outbound:
        terms.append("sends data out")
    if spec.sensitivity in ("personal", "secret"):
        terms.append(f"{spec.sensitivity} data")
    careful = spec.effects != "none" and not spec.reversible
    head = [(inert_line(card.call.tool), "bold"), (" · ".join(terms), "$warning" if careful else "$success")]
    return [*head, *_arguments(card.call.arguments)]


def _arguments(arguments: dict[str, Json]) -> list[Line]:
    """One argument a line; what is not one line by nature is indented JSON."""
    if not arguments:
        return [("no arguments", "$quiet")]
    room = min(max(len(inert_line(name)) for name in arguments), 24)
    return [(f"{inert_line(name).ljust(room)}  {_value(value)}", "") for name, value in sorted(arguments.items())]


def _value(value: Json) -> str:
    if isinstance(value, str):
        return inert(value) if value else '""'
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return inert(json.dumps(value, ensure_ascii=False, indent=2 if isinstance(value, dict | list) else None))


def _why(card: Card) -> list[Line]:
    verdict = card.verdict
    policy = f"  ({inert_line(verdict.policy)} {verdict.policy_digest[:8]})" if verdict.policy else ""
    lines: list[Line] = [(f"{inert_line(verdict.rule)}{policy}", "bold"), (inert(verdict.why), "")]
    for fired in verdict.fired:
        observed = " (observed only)" if fired.observed else ""
        if fired.rule != verdict.rule or observed:
            lines.append((f"also {inert_line(fired.rule)}: {inert(fired.why)}{observed}", "$quiet"))
        lines.extend(_clause(clause) for clause in fired.clauses)
    lines.extend((f"{inert_line(name)} = {_value(value)}", "$accent") for name, value in verdict.show.items())
    return lines


def _clause(clause: Clause) -> Line:
    """A clause with its live values: `✓ args.amount > 100    args.amount = 120`."""
    mark, style = {"true": ("✓", "$accent"), "false": ("·", "$quiet"), "error": ("!", "$error")}[clause.outcome]
    values = ", ".join(f"{inert_line(name)} = {_value(value)}" for name, value in clause.values.items())
    told = f"could not be evaluated: {inert(clause.error)}" if clause.outcome == "error" else values
    return f"{mark} {inert(clause.source)}    {told}".rstrip(), style


def _evidence(card: Card) -> list[Line]:
    lines: list[Line] = []
    for finding in card.verdict.findings:
        mask = f"  {inert_line(finding.mask)}" if finding.mask else ""
        place = f"{inert_line(finding.path)} {finding.start} to {finding.end}"
        lines.append((f"{inert_line(finding.detector)} in {place}{mask}", "$warning"))
    if card.origin:
        lines.append((f"text in play from: {', '.join(inert_line(origin) for origin in card.origin)}", ""))
    return lines


def _risk(card: Card) -> list[Line]:
    verdict = card.verdict
    parts = " + ".join(f"{points} {inert_line(name)}" for name, points in verdict.addends)
    style = "$error" if verdict.risk >= 70 else "$warning" if verdict.risk >= 40 else "$success"
    return [(f"{verdict.risk} of 100{f' = {parts}' if parts else ''} · autonomy {verdict.autonomy}", style)]


def _reason(card: Card) -> list[Line]:
    if not card.reason.strip():
        return []
    return [("untrusted, in the model's own words:", "$quiet"), (inert(card.reason.strip()), "$quiet italic")]
