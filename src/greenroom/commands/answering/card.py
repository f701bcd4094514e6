"""An approval card in plain text, and a person's typed answer to it.

Invariant: only a whole word answers; an empty line or anything unclear changes nothing, and approving is never the default.
"""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator

from greenroom.commands.tool.arguments import arguments_of
from greenroom.core.clock import parse_stamp
from greenroom.core.errors import UsageError
from greenroom.core.inert import inert, inert_line
from greenroom.core.values import ApprovalReply, Card, Fired, Json
from greenroom.policy.explain import clause, finding, policy, risk, value_text

CHOICES = "approve | deny REASON | edit NAME=VALUE ... | simulate RESULT | stop"
ESTABLISHED = "terminal"


def approver() -> str:
    """Who is at this terminal, as the operating system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "operator"


def card_lines(card: Card, deadline: str | None = None, *, role: str = "", passed: int = 0, now: str = "") -> list[str]:
    """The card in reading order: what would happen, why it is asked, on what evidence, at what risk, until when.

    `role` is who is asked by now, `passed` how many deadlines went by, and `now` (a stamp) makes the time left a number.
    """
    spec, verdict = card.spec, card.verdict
    undo = "can be undone" if spec.reversible else "cannot be undone"
    lines = [f"-- {card.call.tool} ({card.call.id}) waits for {role or 'you'} --"]
    lines += [line for name in sorted(card.call.arguments) for line in _argument(card, name)]
    lines.append(f"  effects {spec.effects}, {undo}{', sends something out' if spec.outbound else ''}")
    lines.append(f"why: {verdict.effect} by {verdict.rule}: {verdict.why}")
    lines += [line for fired in verdict.fired for line in _clauses(fired)]
    if card.reason:
        lines.append(f"also: {card.reason}")
    lines += [f"found: {finding(item)}" for item in verdict.findings]
    if card.origin:
        lines.append(f"this session holds text from: {', '.join(card.origin)}")
    lines.append(f"risk: {risk(verdict)} · autonomy {verdict.autonomy} · policy {policy(verdict)}")
    lines += [f"not checked: {what}" for what in verdict.unchecked]
    if deadline:
        lines.append(
            f"until: {deadline}{f' ({time_left(deadline, now)})' if now else ''}, then {_next_step(card, passed)}"
        )
    return [line if line.startswith("  ") else inert_line(line, 400) for line in map(inert, lines)]


def _argument(card: Card, name: str) -> Iterator[str]:
    """An argument in full: who approves must be able to read all of it."""
    value = card.call.arguments[name]
    short = value_text(value)
    if not short.endswith("…") and not (isinstance(value, str) and "\n" in value):
        yield f"  {inert_line(name)} = {short}{_from(card, name)}"
        return
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
    yield f"  {inert_line(name)}, {len(text)} characters:{_from(card, name)}"
    yield from (f"    {line}" for line in inert(text).splitlines())


def _from(card: Card, name: str) -> str:
    """Whose words an argument repeats, as far as they are known."""
    origins = [one for path, found in card.provenance.items() if _about(path, name) for one in found]
    return f"   (from {', '.join(dict.fromkeys(origins))})" if origins else ""


def _about(path: str, name: str) -> bool:
    return path in (name, f"args.{name}") or path.startswith((f"args.{name}.", f"args.{name}["))


def time_left(deadline: str | None, now: str) -> str:
    """`12 min left`, `overdue`, or '-' without a deadline. Both are stamps."""
    if deadline is None:
        return "-"
    seconds = (parse_stamp(deadline) - parse_stamp(now)).total_seconds()
    if seconds <= 0:
        return "overdue"
    if seconds < 120:
        return f"{seconds:.0f} s left"
    return f"{seconds // 60:.0f} min left" if seconds < 7_200 else f"{seconds // 3_600:.0f} h left"


def _next_step(card: Card, passed: int) -> str:
    """What happens at the deadline: `lead is asked`, `lead is told`, `it is denied`."""
    then = card.verdict.ask.then if card.verdict.ask else ()
    word, _, role = (then[passed] if passed < len(then) else "deny").partition(":")
    return {"escalate": f"{role} is asked", "notify": f"{role} is told"}.get(word, "it is denied")


def _clauses(fired: Fired) -> list[str]:
    noted = " (observed only)" if fired.observed else ""
    head = inert_line(f"rule {fired.rule} of {fired.policy}: {fired.effect}{noted}")
    return [f"  {head}", *(f"    {clause(item)}" for item in fired.clauses)]


def answer_of(text: str, card: Card) -> ApprovalReply:
    """What a person's line means.

    Raises:
        UsageError: it is not an answer; the question stays open.
    """
    word, _, rest = text.strip().partition(" ")
    rest = rest.strip()
    reply = ApprovalReply(decision="allow", approver=approver(), established=ESTABLISHED)
    match word.lower():
        case "approve" | "yes":
            return reply
        case "deny" | "no":
            if not rest:
                raise UsageError("a denial needs a reason, which the model reads", hint="deny over the limit")
            return reply.model_copy(update={"decision": "deny", "reason": rest})
        case "stop":
            return reply.model_copy(update={"decision": "stop", "reason": rest})
        case "edit":
            return reply.model_copy(update={"decision": "edit", "arguments": _edited(rest, card)})
        case "simulate":
            return reply.model_copy(update={"decision": "simulate", "result": _result(rest)})
        case _:
            raise UsageError("that is not an answer", hint=CHOICES)


def _edited(rest: str, card: Card) -> dict[str, Json]:
    if not rest:
        raise UsageError("say what to change", hint="edit amount=90")
    if rest.startswith("{"):
        whole = _result(rest)
        if not isinstance(whole, dict):
            raise UsageError("arguments are a JSON object", hint='edit {"amount": 90}')
        return whole
    return {**card.call.arguments, **arguments_of([rest], card.spec)}


def _result(rest: str) -> Json:
    if not rest:
        raise UsageError("say what the tool would have returned", hint='simulate {"ok": true}')
    try:
        return json.loads(rest)
    except ValueError:
        if rest[0] in "{[":
            raise UsageError("that is not JSON", hint='simulate {"ok": true}') from None
        return rest
