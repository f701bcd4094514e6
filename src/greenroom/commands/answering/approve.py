"""Questions that wait for a person, answered without opening the workbench, whoever has the session open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenroom.commands.answer import Answer, answer, table
from greenroom.commands.answering.card import ESTABLISHED, approver, card_lines, time_left
from greenroom.commands.invocation import Invocation
from greenroom.commands.live.narrate import as_json
from greenroom.commands.run import approver_of
from greenroom.commands.session.resume import (
    AnsweredOnce,
    finish,
    next_question,
    open_questions,
    question_id,
    with_question,
)
from greenroom.commands.tool.arguments import arguments_of
from greenroom.core.clock import SystemClock, stamp
from greenroom.core.errors import UsageError
from greenroom.core.values import ApprovalReply
from greenroom.views.people.approvals import Asked

if TYPE_CHECKING:
    from greenroom.core.values import Json
    from greenroom.workspace.layout import Workspace


def list_open(asked: Invocation) -> Answer[tuple[tuple[str, Asked], ...]]:
    """Every open question of the workspace, oldest first, with who is asked and until when."""
    from greenroom.assembly import sessions
    from greenroom.commands.answering.fatigue import last_day, meter_lines

    workspace, now = asked.workspace(), stamp(SystemClock().now())
    waiting = [one.id for one in sessions(workspace) if one.status == "open question"]
    found = sorted(
        ((name, one) for name in waiting for one in open_questions(workspace, name)), key=lambda pair: pair[1].at
    )
    rows = [
        (
            name,
            one.at[:19],
            one.role,
            time_left(one.deadline, now),
            one.card.call.tool,
            one.card.verdict.rule,
            as_json(one.card.call.arguments),
        )
        for name, one in found
    ]
    data = [_data(name, one, now) for name, one in found]
    notes = [*meter_lines(last_day(workspace, now), "in 24 h"), *(() if found else ("nothing waits for a person",))]
    heads = ("session", "asked", "role", "until", "tool", "rule", "arguments")
    return answer(tuple(found), table(heads, rows), data, notes=notes)


def show(asked: Invocation) -> Answer[Any]:
    """The whole card of a session's next question, with the package for an escalated one; or of a dead letter.

    Raises:
        UsageError: nothing waits.
    """
    from greenroom.assembly import read_session
    from greenroom.commands.answering.escalated import package_data, package_lines
    from greenroom.views.people.escalation import package

    if asked.text("dead"):
        from greenroom.commands.answering.letters import show_letter

        return show_letter(asked)
    workspace, now = asked.workspace(), stamp(SystemClock().now())
    name = with_question(workspace, asked.text("session"))
    one = next_question(workspace, name)
    lines = card_lines(one.card, one.deadline, role=one.role, passed=one.passed, now=now)
    data = {**_data(name, one, now), "package": None}
    if found := package(read_session(workspace, name), one):
        lines += ["", *package_lines(workspace, found)]
        data["package"] = package_data(workspace, found)
    notes = [f"answer exactly this one with: greenroom approve yes {name} --card {one.code}   (no, edit alike)"]
    return answer(one, lines, data, notes=notes)


async def yes(asked: Invocation) -> Answer[Any]:
    """Allow the next question, with a scope also later calls like it, and finish the turn.

    Raises:
        UsageError: the scope cannot be given.
    """
    from greenroom.commands.answering.grants import scoped

    workspace, name, one = asked_question(asked)
    reply = ApprovalReply(decision="allow", approver=approver(), established=ESTABLISHED)
    return await _answered(asked, workspace, name, one, scoped(asked, one, reply))


async def no(asked: Invocation) -> Answer[Any]:
    """Deny it.

    Raises:
        UsageError: without a reason.
    """
    reason = " ".join(asked.words("reason"))
    if not reason:
        raise UsageError(
            "a denial needs a reason, which the model reads", hint="greenroom approve no ID over the limit"
        )
    reply = ApprovalReply(decision="deny", approver=approver(), established=ESTABLISHED, reason=reason)
    return await _answered(asked, *asked_question(asked), reply)


async def edit(asked: Invocation) -> Answer[Any]:
    """Change the arguments; policy decides again, and one more confirmation is asked for.

    Raises:
        WaitingForPerson: nobody is here to confirm; `approve yes` does.
    """
    workspace, name, one = asked_question(asked)
    changed = {**one.card.call.arguments, **arguments_of(asked.words("given"), one.card.spec)}
    reply = ApprovalReply(decision="edit", approver=approver(), established=ESTABLISHED, arguments=changed)
    return await _answered(asked, workspace, name, one, reply)


def asked_question(asked: Invocation) -> tuple[Workspace, str, Asked]:
    """The workspace, the session's id and its next question, as the command line names them.

    Raises:
        UsageError: nothing waits, or another question than `--card` says.
    """
    workspace = asked.workspace()
    name = with_question(workspace, asked.text("session"))
    return workspace, name, next_question(workspace, name, asked.text("card"))


async def _answered(
    asked: Invocation, workspace: Workspace, name: str, one: Asked, reply: ApprovalReply
) -> Answer[Any]:
    """Answer here and finish the turn; where another process has the session open, leave the answer for it."""
    face, question = asked.person(), question_id(name, one)
    others = approver_of("ask", face)
    try:
        return await finish(workspace, name, face, others, answered=AnsweredOnce(reply, question, others, face))
    except UsageError as error:
        if error.code != "session.locked":
            raise
    from greenroom.commands.answering.elsewhere import leave

    return await leave(workspace, question, reply)


def _data(session: str, one: Asked, now: str) -> dict[str, Json]:
    return {
        "session": session,
        "step": one.step,
        "code": one.code,
        "asked": one.at,
        "role": one.role,
        "passed": one.passed,
        "deadline": one.deadline,
        "overdue": one.deadline is not None and one.deadline <= now,
        "card": one.card.model_dump(mode="json"),
    }
