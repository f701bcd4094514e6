"""Questions that wait for a person, answered without opening the workbench."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, table
from greenroom.commands.card import ESTABLISHED, approver, card_lines
from greenroom.commands.given import arguments_of
from greenroom.commands.invocation import Invocation
from greenroom.commands.narrate import as_json
from greenroom.commands.resume import AnsweredOnce, finish, unfinished
from greenroom.commands.run import approver_of
from greenroom.core.errors import UsageError
from greenroom.core.events import TurnFinished
from greenroom.core.values import ApprovalReply
from greenroom.views import approvals
from greenroom.views.approvals import Asked
from greenroom.views.fold import fold_all

if TYPE_CHECKING:
    from greenroom.workspace.layout import Workspace


def list_open(asked: Invocation) -> Answer[tuple[tuple[str, Asked], ...]]:
    """Every open question of the workspace, oldest first."""
    from greenroom.assembly import sessions

    workspace = asked.workspace()
    waiting = [one.id for one in sessions(workspace) if one.status == "open question"]
    found = sorted(
        ((name, one) for name in waiting for one in open_questions(workspace, name)), key=lambda pair: pair[1].at
    )
    rows = [
        (name, one.at[:19], one.card.call.tool, one.card.verdict.rule, as_json(one.card.call.arguments))
        for name, one in found
    ]
    data = [
        {
            "session": name,
            "step": one.step,
            "asked": one.at,
            "deadline": one.deadline,
            "card": one.card.model_dump(mode="json"),
        }
        for name, one in found
    ]
    notes = () if found else ("nothing waits for a person",)
    return answer(tuple(found), table(("session", "asked", "tool", "rule", "arguments"), rows), data, notes=notes)


def open_questions(workspace: Workspace, session: str) -> tuple[Asked, ...]:
    """The open questions of one session."""
    from greenroom.assembly import read_session

    return fold_all(approvals.fold, approvals.EMPTY, read_session(workspace, session)).open


def show(asked: Invocation) -> Answer[Asked]:
    """The whole card of a session's next question.

    Raises:
        UsageError: nothing waits.
    """
    workspace = asked.workspace()
    one = _next(workspace, unfinished(workspace, asked.text("session")))
    return answer(one, card_lines(one.card, one.deadline), one.card.model_dump(mode="json"))


async def yes(asked: Invocation) -> Answer[TurnFinished | None]:
    """Allow the next question and finish the turn."""
    return await _answered(asked, ApprovalReply(decision="allow", approver=approver(), established=ESTABLISHED))


async def no(asked: Invocation) -> Answer[TurnFinished | None]:
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
    return await _answered(asked, reply)


async def edit(asked: Invocation) -> Answer[TurnFinished | None]:
    """Change the arguments; policy decides again, and one more confirmation is asked for.

    Raises:
        WaitingForPerson: nobody is here to confirm; `approve yes` does.
    """
    workspace = asked.workspace()
    card = _next(workspace, unfinished(workspace, asked.text("session"))).card
    changed = {**card.call.arguments, **arguments_of(asked.words("given"), card.spec)}
    reply = ApprovalReply(decision="edit", approver=approver(), established=ESTABLISHED, arguments=changed)
    return await _answered(asked, reply)


async def _answered(asked: Invocation, reply: ApprovalReply) -> Answer[TurnFinished | None]:
    workspace, face = asked.workspace(), asked.person()
    name = unfinished(workspace, asked.text("session"))
    _next(workspace, name)
    return await finish(workspace, name, face, AnsweredOnce(reply, approver_of("ask", face)))


def _next(workspace: Workspace, session: str) -> Asked:
    found = open_questions(workspace, session)
    if not found:
        raise UsageError(f"session {session} has no open question", hint="greenroom approve list", code="approval.none")
    return found[0]
