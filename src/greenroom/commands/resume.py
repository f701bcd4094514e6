"""Going on with a turn that did not end: its open question answered, or the turn given up.

Invariant: an answer given on the command line is used for one question; the next one is asked anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer
from greenroom.commands.card import ESTABLISHED, approver
from greenroom.commands.invocation import Face, Invocation
from greenroom.commands.run import approver_of, told
from greenroom.core.errors import UsageError
from greenroom.core.events import TurnFinished
from greenroom.core.values import ApprovalReply, Card

if TYPE_CHECKING:
    from greenroom.approval.port import Approver
    from greenroom.workspace.layout import Workspace


class AnsweredOnce:
    """Gives one answer to the first question and leaves every other to `others`."""

    def __init__(self, reply: ApprovalReply, others: Approver) -> None:
        self._reply: ApprovalReply | None = reply
        self._others = others

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        """The answer.

        Raises:
            WaitingForPerson: it was used up and nobody else is here.
        """
        reply, self._reply = self._reply, None
        return reply if reply is not None else await self._others.ask(step, card)


async def resume(asked: Invocation) -> Answer[TurnFinished | None]:
    """Go on with the newest unfinished turn, or that of the session named.

    Raises:
        UsageError: no turn is unfinished.
        WaitingForPerson: its question is still open.
    """
    face = asked.person()
    others = approver_of(asked.text("approve"), face)
    given = asked.text("answer")
    if given:
        others = AnsweredOnce(_reply(given, asked.text("reason")), approver_of("ask", face))
    workspace = asked.workspace()
    return await finish(workspace, unfinished(workspace, asked.text("session")), face, others)


async def finish(workspace: Workspace, session_id: str, face: Face, approver: Approver) -> Answer[TurnFinished | None]:
    """Carry the open turn of a session to its end; exit 1 when it was refused, stopped or limited."""
    from greenroom.assembly import open_session

    session = await open_session(workspace, session=session_id, approver=approver)
    try:
        if session.open_turn() is None:
            raise UsageError(f"session {session.id} has no unfinished turn", hint="greenroom session list")
        session.bus.subscribe(face.follow)
        finished = await session.resume()
    finally:
        await session.aclose()
    told(session)
    failed = finished is None or finished.outcome != "answered"
    return answer(finished, stream=True, exit_code=1 if failed else 0)


async def abandon(asked: Invocation) -> Answer[str]:
    """Give the open turn up.

    Raises:
        UsageError: there is none.
    """
    from greenroom.assembly import open_session

    session = await open_session(asked.workspace(), session=asked.text("session"))
    try:
        if session.open_turn() is None:
            raise UsageError(f"session {session.id} has no unfinished turn", hint="greenroom session list")
        session.abandon(asked.text("reason") or "given up on the command line")
    finally:
        await session.aclose()
    return answer(session.id, [f"{session.id}: the turn is given up"], {"session": session.id})


def unfinished(workspace: Workspace, named: str) -> str:
    """The session meant: the one named, or with 'last' the newest that has an unfinished turn.

    Raises:
        UsageError: none has.
    """
    from greenroom.assembly import sessions

    if named not in ("", "last"):
        return named
    waiting = [one for one in sessions(workspace) if one.status in ("open question", "interrupted", "unfinished")]
    if not waiting:
        raise UsageError("no session waits for anything", hint="greenroom session list", code="session.none_open")
    return max(waiting, key=lambda one: one.started).id


def _reply(given: str, reason: str) -> ApprovalReply:
    if given == "allow":
        return ApprovalReply(decision="allow", approver=approver(), established=ESTABLISHED, reason=reason)
    if not reason:
        raise UsageError("a denial needs a reason, which the model reads", hint="--reason 'over the limit'")
    return ApprovalReply(decision="deny", approver=approver(), established=ESTABLISHED, reason=reason)
