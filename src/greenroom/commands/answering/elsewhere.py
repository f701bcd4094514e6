"""Answering a question of a session that another process has open: the answer is left for it, and its log is watched.

Invariant: what is reported is what the log shows; an answer nobody took is taken back, so that it cannot act later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from greenroom.approval.answers import ELSEWHERE, AnswerBox, QuestionId
from greenroom.assembly import session_path
from greenroom.commands.answer import Answer, answer
from greenroom.commands.live.narrate import told
from greenroom.commands.session.as_data import as_data
from greenroom.core.clock import SystemClock
from greenroom.core.errors import WaitingForPerson
from greenroom.core.events import ApprovalGiven, ApprovalRequested, Record, ToolReturned, TurnFinished, TurnInterrupted
from greenroom.core.values import ApprovalReply
from greenroom.log.file_log import read_records
from greenroom.workspace.layout import Workspace

TAKEN_SECONDS = 6.0
"""How long an answer lies before it is taken back."""

LOGGED_SECONDS = 3.0
_LOOK_SECONDS = 0.1
_ENDS = (ToolReturned, TurnFinished, TurnInterrupted, ApprovalRequested)


async def leave(workspace: Workspace, question: QuestionId, reply: ApprovalReply) -> Answer[Record]:
    """Leave an answer, and tell what the other process made of it; exit 1 when another answer came first.

    Raises:
        UsageError: somebody else has just left one.
        WaitingForPerson: nobody took it; the question is still open.
    """
    box = AnswerBox(workspace.answers)
    box.leave(question, reply)
    try:
        found = await _after(workspace, question, TAKEN_SECONDS)
    finally:
        untouched = box.take_back(question)
    if not found and untouched:
        raise WaitingForPerson(
            f"nobody took the answer within {TAKEN_SECONDS:.0f} s, so it was taken back; the question is still open",
            hint="the process that has the session open does not listen; answer it there",
        )
    found = found or await _after(workspace, question, LOGGED_SECONDS)
    if not found:
        raise WaitingForPerson(
            "the other process took the answer away, and its log does not show it: the question changed, or it ended",
            hint=f"greenroom approve show {question.session}",
        )
    return await _said(workspace, question, reply, found)


async def _said(
    workspace: Workspace, question: QuestionId, reply: ApprovalReply, found: Sequence[Record]
) -> Answer[Record]:
    given = found[0]
    assert isinstance(given.event, ApprovalGiven)
    mine = (given.event.decision, given.event.approver, given.event.established)
    if mine != (reply.decision, reply.approver, ELSEWHERE):
        lines = ["another answer came first, and yours was not used:", *_told([given])]
        return answer(given, lines, as_data(given), exit_code=1)
    found = await _after(workspace, question, LOGGED_SECONDS, ended=True) or found
    notes = [f"session {question.session} goes on in the process that has it open"]
    if reply.decision == "edit":
        notes.append(f"the edited call was decided again; confirm it with: greenroom approve yes {question.session}")
    return answer(given, [f"record {given.seq}:", *_told(found)], [as_data(one) for one in found], notes=notes)


async def _after(
    workspace: Workspace, question: QuestionId, seconds: float, *, ended: bool = False
) -> Sequence[Record]:
    """The records from the answer on, as soon as there are any (with `ended`: as soon as something came of it)."""
    path, clock = session_path(workspace, question.session), SystemClock()
    until = clock.monotonic() + seconds
    size, found = -1, tuple[Record, ...]()
    while True:
        if (now := path.stat().st_size) != size:
            size, found = now, tuple(_since_answer(read_records(path), question))
        if found and (not ended or any(isinstance(one.event, _ENDS) for one in found[1:])):
            return found
        if clock.monotonic() >= until:
            return found
        await asyncio.sleep(_LOOK_SECONDS)


def _since_answer(records: Sequence[Record], question: QuestionId) -> Iterator[Record]:
    asked = answered = False
    for record in records:
        asked = asked or record.hash == question.record
        event = record.event
        answered = answered or (asked and isinstance(event, ApprovalGiven) and event.step == question.step)
        if answered:
            yield record


def _told(records: Sequence[Record]) -> list[str]:
    return [said.text for said in map(told, records) if said is not None and said.voice == "aside"]
