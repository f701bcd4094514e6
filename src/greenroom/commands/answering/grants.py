"""Approvals that cover later calls: given with a scope, listed, taken back.

Invariant: what a wider scope covers is shown before it is given, and never is more than one tool with clauses that hold
for the call at hand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from greenroom.commands.answer import Answer, answer, table
from greenroom.commands.answering.card import approver
from greenroom.commands.control.live import held
from greenroom.commands.invocation import Invocation
from greenroom.core.clock import SystemClock, stamp
from greenroom.core.errors import UsageError
from greenroom.core.inert import inert_line
from greenroom.core.values import ApprovalReply, Card, Json, Scope
from greenroom.policy.files.rules import seconds
from greenroom.policy.port import Question
from greenroom.policy.verdict.leave import clause_problem, covers
from greenroom.policy.verdict.narrow_leave import narrow
from greenroom.views.fold import fold_all
from greenroom.views.people import grants as grants_view
from greenroom.views.people.approvals import Asked
from greenroom.views.people.grants import Grant, asking, coverable

_DURATION = re.compile(r"[1-9]\d{0,5}[smhd]")


def scoped(asked: Invocation, one: Asked, reply: ApprovalReply) -> ApprovalReply:
    """The answer with the scope of the command line, shown first, and confirmed where a person is at the terminal.

    Raises:
        UsageError: this question cannot have it, a clause is wrong, or the person does not want it.
    """
    scope, face = asked.text("scope") or "once", asked.person()
    if scope == "once":
        if asked.words("when"):
            raise UsageError("--when belongs to a wider scope", hint="--scope turn, or --scope session")
        return reply
    wide: Scope = "session" if scope == "session" else "turn"
    when = clauses_for(one.card, asked.words("when"))
    valid = lasting(asked.text("for") or "30m")
    for line in grant_lines(one.card, wide, when, asked.text("for") or "30m"):
        face.note(line)
    if face.interactive and not face.confirm("Give this grant?"):
        raise UsageError(
            "nothing was given; the question is still open", hint="without --scope it is for this call only"
        )
    return reply.model_copy(update={"scope": wide, "when": when, "valid_seconds": valid})


def clauses_for(card: Card, given: Sequence[str] = ()) -> tuple[str, ...]:
    """The clauses of leave for calls like the one on the card: those given, else the narrow ones.

    Raises:
        UsageError: this question is put every time, or a clause is wrong.
    """
    if not coverable(card):
        raise UsageError("this question is put every time", hint="answer it once", code="scope.refused")
    when = tuple(given) or narrow(card.spec, card.call.arguments)
    if problem := clause_problem(card.spec, when):
        raise UsageError(problem, hint="--when 'args.amount <= 120'", code="scope.clause")
    if not covers(card.spec, about(card, card.call.arguments), when):
        raise UsageError(
            f"these clauses do not hold for the call at hand: {inert_line(' and '.join(when), 200)}",
            code="scope.clause",
        )
    return when


def about(card: Card, arguments: dict[str, Json]) -> Question:
    """The question whether such a call may be made, in a session without a past."""
    payload: dict[str, Json] = {"args": arguments}
    return Question(hook="tool.call", subject=card.call.tool, payload=payload, origin="model", tool=card.spec)


def lasting(text: str) -> int:
    """`30m` in seconds.

    Raises:
        UsageError: not such a text.
    """
    if not _DURATION.fullmatch(text):
        raise UsageError(f"'{text}' is no length of time", hint="90s, 30m, 2h or 1d")
    return seconds(text)


def grant_lines(card: Card, scope: Scope, when: Sequence[str], length: str) -> list[str]:
    """What such leave would cover, in plain lines."""
    rules = ", ".join(sorted(asking(card.verdict)))
    return [
        inert_line(f"for the rest of this {scope}, at most {length}: {card.call.tool} without asking again, while"),
        *(f"  {inert_line(clause)}" for clause in when),
        inert_line(f"  and no other rule than {rules} asks, and the risk is at most {card.verdict.risk}"),
    ]


def list_grants(asked: Invocation) -> Answer[tuple[tuple[str, Grant], ...]]:
    """Every approval that covers or covered later calls, with who gave it, until when and how it stands."""
    from greenroom.assembly import read_session, session_id, sessions

    workspace, named = asked.workspace(), asked.text("session") or "all"
    names = [one.id for one in sessions(workspace)] if named == "all" else [session_id(workspace, named)]
    now = stamp(SystemClock().now())
    found: list[tuple[str, Grant, bool]] = []
    for name in names:
        state = fold_all(grants_view.fold, grants_view.EMPTY, read_session(workspace, name))
        in_force = {one.step for one in state.in_force(now)}
        found += [(name, one, one.step in in_force) for one in state.all]
    rows = [
        (
            name,
            one.step,
            one.scope,
            one.tool,
            ", ".join(sorted(one.rules)),
            one.by,
            held(one, live),
            " and ".join(one.when),
        )
        for name, one, live in found
    ]
    data = [
        {
            "session": name,
            "step": one.step,
            "scope": one.scope,
            "tool": one.tool,
            "rules": sorted(one.rules),
            "risk": one.risk,
            "by": one.by,
            "established": one.established,
            "expires": one.expires,
            "in_force": live,
            "ended": one.ended,
            "when": list(one.when),
        }
        for name, one, live in found
    ]
    notes = () if found else ("nobody gave a grant for later calls",)
    heads = ("session", "step", "for this", "tool", "rules", "by", "until", "while")
    return answer(tuple((name, one) for name, one, _ in found), table(heads, rows), data, notes=notes)


async def revoke(asked: Invocation) -> Answer[str]:
    """Take leave back; from here on the question is put again.

    Raises:
        UsageError: none is in force at this step, or another process has the session open.
    """
    from greenroom.assembly import open_session

    step = asked.text("step")
    try:
        session = await open_session(asked.workspace(), session=asked.text("session"))
    except UsageError as error:
        if error.code == "session.locked":
            error.hint = "take it back there, or stop its tool at once: greenroom stop tool NAME"
        raise
    try:
        session.revoke(step, approver(), asked.text("reason"))
    finally:
        await session.aclose()
    return answer(step, [f"{session.id} {step}: taken back"], {"session": session.id, "grant": step})
