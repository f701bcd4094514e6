"""An approval card as text, in the order a person should read it: what, why, evidence, risk, what nobody checked.
Options and clock stand under it and never scroll away.

Invariant: everything is shown in full (the card scrolls), through `core.inert`, and the model's own reason is last
and marked untrusted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content, Span

from greenroom.core.inert import inert, inert_line
from greenroom.tui.card.form import text_of
from greenroom.tui.card.quoted import quotes
from greenroom.tui.card.shown import shown_besides
from greenroom.tui.text.wrapping import wrap

if TYPE_CHECKING:
    from greenroom.core.values import Card, Clause, Hook, Json

LABEL = 11
_NARROW = 56
_TITLE = 24
"""Characters of a tool's name that the card's title shows at any width we support."""
_EFFECTS = {
    "none": "only reads",
    "repeatable": "changes something, safe to repeat",
    "once": "changes something, must not run twice",
}

_TEXTS: dict[Hook, str] = {
    "input": "words to be taken in",
    "memory.read": "a memory for the model to read",
    "retrieval": "a passage for the model to read",
    "prompt": "the prompt, as the model would get it",
    "tool.result": "a result for the model to read",
    "memory.write": "a memory to be kept",
    "handoff": "words to be handed over",
    "output": "a reply to be released",
    "export": "text to be exported",
}
_REASONS = {
    "edited": "a person changed it, so it takes one more yes",
    "stepping": "the step mode asks about every call",
}
_STRANGERS = ("web", "tool", "passage")

Line = tuple[str, str]
"""Text and style."""


def card_text(card: Card, width: int, *, tight: bool = False, package: Sequence[str] = (), said: str = "") -> Content:
    """The card's body at a width in cells; `tight` says the same on fewer rows, for a small screen.

    `package` are the lines of an escalation: what happened, what was tried, what is asked. `said` is what the model
    itself said beside the call.
    """
    reason = [(inert(said.strip()), "$quiet italic")] if said.strip() else []
    sections: list[tuple[str, list[Line]]] = [
        (_label(card, narrow=tight and width < _NARROW), _what(card, width, tight=tight)),
        ("why asked", _why(card, tight=tight)),
        ("package", [(inert(line), "") for line in package]),
        ("evidence", _evidence(card)),
        ("risk", _risk(card)),
        ("unchecked", [(inert(item), "$warning") for item in card.verdict.unchecked]),
        ("policy", [(_policy(card), "$quiet")] if tight and card.verdict.policy else []),
        ("untrusted" if tight else "model says", reason if tight else _own_words(reason)),
    ]
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
    indent = " " * (LABEL if not narrow else 2 if label else 0)
    rows = [(indent + row, style) for line, style in lines for row in wrap(line, max(width - len(indent), 8))]
    if not rows:
        return []
    if narrow:
        return [(label, "$quiet"), *rows] if label else rows
    first, style = rows[0]
    return [(label.ljust(LABEL) + first[LABEL:], style), *rows[1:]]


def _style(spans: list[Span], start: int, line: str, label: str, style: str) -> None:
    named = len(label) if line.startswith(label) else 0
    if named:
        spans.append(Span(start, start + named, "$quiet"))
    if style:
        spans.append(Span(start + named, start + len(line), style))


def _label(card: Card, *, narrow: bool) -> str:
    return "" if narrow else "will run" if card.hook == "tool.call" else "the text"


def _what(card: Card, width: int, *, tight: bool) -> list[Line]:
    """The call as it would run, or the text as it would go on."""
    if card.hook != "tool.call":
        named = (_TEXTS.get(card.hook, card.hook), "$warning")
        text = (inert(text_of(card)) or "(nothing)", "$accent")
        return [text, named] if tight else [named, text]
    return _call(card, width, tight=tight)


def _call(card: Card, width: int, *, tight: bool) -> list[Line]:
    spec = card.spec
    terms = [_EFFECTS[spec.effects].removeprefix("changes something, " if tight and not spec.reversible else "")]
    if spec.effects != "none":
        terms.append("can be undone" if spec.reversible else "cannot be undone")
    if spec.outbound:
        terms.append("sends data out")
    if spec.sensitivity in ("personal", "secret"):
        terms.append(f"{spec.sensitivity} data")
    careful = spec.effects != "none" and not spec.reversible
    head: list[Line] = [(" · ".join(terms), "$warning" if careful else "$success")]
    if not tight or len(card.call.tool) > _TITLE:  # the card's title has it, as far as there is room
        head.insert(0, (inert_line(card.call.tool), "bold"))
    if not tight:
        return [*head, *_arguments(card)]
    short = _one_row(card.call.arguments, width - (0 if width < _NARROW else LABEL))
    return [
        *([(short, "$accent")] if short else _arguments(card)),
        *head,
    ]  # on a few rows, what matters most comes first


def _one_row(arguments: dict[str, Json], room: int) -> str:
    """All arguments on one row, or '' where they do not fit; text is quoted, so that no value can pass for another."""
    if any(isinstance(value, list | dict) for value in arguments.values()):
        return ""
    row = "  ".join(
        f"{name if name.isidentifier() else _quoted(name)}={_quoted(value) if isinstance(value, str) else _value(value)}"
        for name, value in sorted(arguments.items())
    )
    return row if cell_len(row) <= room else ""


def _quoted(text: str) -> str:
    return inert(json.dumps(text, ensure_ascii=False))


def _arguments(card: Card) -> list[Line]:
    """One argument a line, those that the rule shows in colour; what is not one line by nature is indented JSON."""
    arguments = card.call.arguments
    if not arguments:
        return [("no arguments", "$quiet")]
    room = min(max(len(inert_line(name)) for name in arguments), 24)
    shown = card.verdict.show
    return [
        (f"{inert_line(name).ljust(room)}  {_value(value)}", "$accent" if f"args.{name}" in shown else "")
        for name, value in sorted(arguments.items())
    ]


def _value(value: Json) -> str:
    if isinstance(value, str):
        return inert(value) if value else '""'
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return inert(json.dumps(value, ensure_ascii=False, indent=2 if isinstance(value, dict | list) else None))


def _why(card: Card, *, tight: bool) -> list[Line]:
    verdict = card.verdict
    rule = inert_line(verdict.rule)
    policy = f"  ({_policy(card)})" if verdict.policy else ""
    lines: list[Line] = [(f"{rule}{policy}", "bold"), (inert(verdict.why), "")]
    if tight:
        lines = [(f"{rule}: {inert(verdict.why)}", "")]
    if card.reason:
        lines.append((_REASONS.get(card.reason, inert(card.reason)), "$warning"))
    for fired in verdict.fired:
        observed = " (observed only)" if fired.observed else ""
        if fired.rule != verdict.rule or observed:
            lines.append((f"also {inert_line(fired.rule)}: {inert(fired.why)}{observed}", "$quiet"))
        lines.extend(_clause(clause) for clause in fired.clauses)
    arguments = {f"args.{name}": value for name, value in card.call.arguments.items()}
    told = shown_besides(verdict, arguments)
    return [*lines, *((f"{inert_line(name)} = {_value(value)}", "$accent") for name, value in told.items())]


def _policy(card: Card) -> str:
    return f"{inert_line(card.verdict.policy)} {card.verdict.policy_digest[:8]}".rstrip()


def _clause(clause: Clause) -> Line:
    """A clause with its live values: `✓ args.amount > 100    args.amount = 120`."""
    mark, style = {"true": ("✓", "$accent"), "false": ("·", "$quiet"), "error": ("!", "$error")}[clause.outcome]
    values = ", ".join(f"{inert_line(name)} = {_value(value)}" for name, value in clause.values.items())
    told = f"could not be evaluated: {inert(clause.error)}" if clause.outcome == "error" else values
    return f"{mark} {inert(clause.source)}    {told}".rstrip(), style


def _evidence(card: Card) -> list[Line]:
    """What was found and where, in its own words, and whose words the arguments repeat."""
    lines: list[Line] = []
    for finding in card.verdict.findings:
        mask = f"  {inert_line(finding.mask)}" if finding.mask else ""
        place = f"{inert_line(finding.path)} {finding.start} to {finding.end}"
        lines.append((f"{inert_line(finding.detector)} in {place}{mask}", "$warning"))
    payload = {"args": card.call.arguments} if card.hook == "tool.call" else card.call.arguments
    lines.extend((inert_line(quote.plain), "$quiet") for quote in quotes(payload, card.verdict.findings))
    for name, origins in sorted(card.provenance.items()):
        if origins:
            argument = name if name.startswith("args.") else f"args.{name}"
            style = "$warning" if any(origin in _STRANGERS for origin in origins) else "$quiet"
            lines.append((f"{inert_line(argument)} repeats words from: {', '.join(origins)}", style))
    if card.origin:
        lines.append((f"text in play from: {', '.join(inert_line(origin) for origin in card.origin)}", ""))
    return lines


def _risk(card: Card) -> list[Line]:
    verdict = card.verdict
    parts = " + ".join(f"{points} {inert_line(name)}" for name, points in verdict.addends)
    style = "$error" if verdict.risk >= 70 else "$warning" if verdict.risk >= 40 else "$success"
    return [(f"{verdict.risk} of 100{f' = {parts}' if parts else ''} · autonomy {verdict.autonomy}", style)]


def _own_words(reason: list[Line]) -> list[Line]:
    return [("untrusted, in the model's own words:", "$quiet"), *reason] if reason else []
