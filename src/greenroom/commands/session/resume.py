"""Going on with a turn that did not end: its open question answered, or the turn given up.

Invariant: an answer given on the command line is used for the very question it was given to, once; any other is asked
anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from greenroom.approval.answers import QuestionId
from greenroom.approval.mailbox import Mailbox
from greenroom.commands.answer import Answer, answer
from greenroom.commands.answering.card import ESTABLISHED, approver
from greenroom.commands.control.stop import heed
from greenroom.commands.invocation import Face, Invocation
from greenroom.commands.run import approver_of, hint_at_answers, how_to_answer, told
from greenroom.commands.session.own import named
from greenroom.commands.session.own import told as told_own
from greenroom.commands.stepping.keeping import WAITING, Keeper, breakpoints_of, how_to_go_on
from greenroom.core.errors import UsageError, WaitingForPerson
from greenroom.core.events import ApprovalGiven, TurnFinished
from greenroom.core.values import ApprovalReply, Breakpoint, Card
from greenroom.engine.gates.stepping import paused
from greenroom.views.fold import fold_all
from greenroom.views.people import approvals
from greenroom.views.people.approvals import Asked, asking_record

if TYPE_CHECKING:
    from greenroom.approval.port import Approver
    from greenroom.core.events import Record
    from greenroom.workspace.layout import Workspace

_ASKS = "open question"
"""How a session stands that waits for an answer."""


class AnsweredOnce:
    """Gives one answer to the question it belongs to and leaves every other to `others`."""

    def __init__(self, reply: ApprovalReply, question: QuestionId, others: Approver, face: Face) -> None:
        self._reply: ApprovalReply | None = reply
        self._given = reply
        self._question = question
        self._others = others
        self._face = face
        self.records: Sequence[Record] = ()
        """The log of the session, set when it is open."""

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        """The answer.

        Raises:
            WaitingForPerson: it was used up, or belongs to another question, and nobody else is here.
        """
        reply, self._reply = self._reply, None
        if reply is not None and (step, asking_record(self.records, step)) == (
            self._question.step,
            self._question.record,
        ):
            return reply
        if reply is not None:
            self._face.note("the question changed since you saw it")
        return await self._others.ask(step, card)

    def used(self) -> bool:
        """Whether the log has it; said if not: its question changed, or was settled by a deadline, a stop or a policy."""
        mine = (self._question.step, self._given.decision, self._given.approver, self._given.established)
        asked = next((r.seq for r in self.records if r.hash == self._question.record), len(self.records))
        used = any(
            isinstance(r.event, ApprovalGiven)
            and (r.event.step, r.event.decision, r.event.approver, r.event.established) == mine
            for r in self.records[asked:]
        )
        if not used:
            self._face.note("your answer was not used")
        return used


async def resume(asked: Invocation) -> Answer[TurnFinished | None]:
    """Go on with the newest unfinished turn, or that of the session named.

    Raises:
        UsageError: no turn is unfinished.
        WaitingForPerson: its question is still open.
        KillSwitchThrown: it is stopped.
    """
    face, workspace = asked.person(), asked.workspace()
    given = asked.text("answer")
    name = with_question(workspace, asked.text("session")) if given else unfinished(workspace, asked.text("session"))
    others, answered = approver_of(asked.text("approve"), face), None
    if given:
        question = question_id(name, next_question(workspace, name))
        answered = AnsweredOnce(_reply(given, asked.text("reason")), question, others, face)
    at_gate, breakpoints = _at_gate(asked), breakpoints_of(asked)
    waiting = asked.text("approve") == "wait"
    return await finish(
        workspace, name, face, others, answered=answered, waiting=waiting, at_gate=at_gate, breakpoints=breakpoints
    )


def _at_gate(asked: Invocation) -> str:
    """What to do at the gate the turn waits at, as it would be typed there; '' where nothing was said.

    Raises:
        UsageError: more than one thing.
    """
    given = [name for name in ("edit", "simulate", "skip") if asked.options.get(name)]
    if len(given) > 1:
        raise UsageError("one thing at a gate", hint=" or ".join(f"--{name}" for name in given))
    return f"{given[0]} {asked.text(given[0])}".strip() if given else ""


async def finish(
    workspace: Workspace,
    session_id: str,
    face: Face,
    approver: Approver,
    *,
    answered: AnsweredOnce | None = None,
    waiting: bool = False,
    at_gate: str = "",
    breakpoints: Sequence[Breakpoint] = (),
) -> Answer[TurnFinished | None]:
    """Carry the open turn of a session to its end; exit 1 when it was refused, stopped or limited, or an answer not used.

    `answered` goes before `approver`; with `waiting` it is said how to answer from another terminal. `at_gate` is what is
    done at the gate it waits at; it goes on to the next where one of `breakpoints` holds.
    """
    from greenroom.assembly import open_session

    first = approver if answered is None else Mailbox(here=answered)
    session = await open_session(workspace, session=session_id, approver=first)
    try:
        heed(workspace, face)
        if session.open_turn() is None:
            raise UsageError(f"session {session.id} has no unfinished turn", hint="greenroom session list")
        if answered is not None:
            answered.records = session.records
        if own := await asyncio.to_thread(told_own, workspace, session):
            face.note(f"  {named(session)}  {own}")
        session.set_breakpoints(breakpoints)
        resting = paused(session.records) is not None
        if at_gate and not resting:
            raise UsageError(f"session {session.id} waits at no gate", hint="greenroom session list", code="gate.none")
        on = at_gate or ("" if face.interactive else "continue")
        session.gates.keeper = Keeper(session, face, on if resting else "")
        session.bus.subscribe(face.follow)
        if waiting:
            hint_at_answers(session, face)
        finished = await session.resume()
    except WaitingForPerson as error:
        error.hint = how_to_go_on(session.id) if error.code == WAITING else how_to_answer(session.id)
        raise
    finally:
        unused = answered is not None and not answered.used()
        await session.aclose()
    told(session)
    failed = unused or finished is None or finished.outcome != "answered"
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
    """The id of the session meant: the one named, or with 'last' the newest that has an unfinished turn.

    Raises:
        UsageError: none has, or there is no such session.
    """
    found = _newest(workspace, named, {_ASKS, "interrupted", "unfinished"})
    if not found:
        raise UsageError("no session waits for anything", hint="greenroom session list", code="session.none_open")
    return found


def with_question(workspace: Workspace, named: str) -> str:
    """The id of the session to answer: the one named, or with 'last' the newest that has an open question.

    Raises:
        UsageError: none has, or there is no such session.
    """
    found = _newest(workspace, named, {_ASKS})
    if not found:
        raise UsageError("no session has an open question", hint="greenroom approve list", code="session.none_open")
    return found


def _newest(workspace: Workspace, named: str, standing: AbstractSet[str]) -> str:
    from greenroom.assembly import session_id, sessions

    if named not in ("", "last"):
        return session_id(workspace, named)
    waiting = [one for one in sessions(workspace) if one.status in standing]
    return max(waiting, key=lambda one: one.started).id if waiting else ""


def open_questions(workspace: Workspace, session: str) -> tuple[Asked, ...]:
    """The open questions of one session."""
    from greenroom.assembly import read_session

    return fold_all(approvals.fold, approvals.EMPTY, read_session(workspace, session)).open


def next_question(workspace: Workspace, session: str, code: str = "") -> Asked:
    """The question to answer next; with a `code` it must be the one that `approve show` named so.

    Raises:
        UsageError: nothing waits, or another question.
    """
    found = open_questions(workspace, session)
    if not found:
        raise UsageError(f"session {session} has no open question", hint="greenroom approve list", code="approval.none")
    if code and not (len(code) >= len(found[0].code) and found[0].record.startswith(code)):
        raise UsageError(
            f"the open question is {found[0].code}, not {code}",
            hint=f"look at it with: greenroom approve show {session}",
            code="approval.changed",
        )
    return found[0]


def question_id(session: str, asked: Asked) -> QuestionId:
    """What an answer to this question is bound to."""
    return QuestionId(session, asked.step, asked.record)


def _reply(given: str, reason: str) -> ApprovalReply:
    if given == "allow":
        return ApprovalReply(decision="allow", approver=approver(), established=ESTABLISHED, reason=reason)
    if not reason:
        raise UsageError("a denial needs a reason, which the model reads", hint="--reason 'over the limit'")
    return ApprovalReply(decision="deny", approver=approver(), established=ESTABLISHED, reason=reason)
