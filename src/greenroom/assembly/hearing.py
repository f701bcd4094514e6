"""A session's mailbox joined to the workspace's answer box, so that questions can be answered from another terminal."""

from __future__ import annotations

from greenroom.approval.answers import AnswerBox, Elsewhere
from greenroom.approval.mailbox import Mailbox
from greenroom.approval.port import Approver
from greenroom.core.signals import Noted
from greenroom.engine.session import Session
from greenroom.views.people.approvals import asking_record
from greenroom.workspace.layout import Workspace


def hear_elsewhere(workspace: Workspace, session: Session, approver: Approver) -> None:
    """Let the session's mailbox take such answers; another approver answers by itself. Refused ones are told as notes."""

    def record_of(step: str) -> str:
        return asking_record(session.records, step)

    def report(text: str) -> None:
        session.bus.tell(Noted(text, "warning"))

    if isinstance(approver, Mailbox):
        approver.hear(Elsewhere(AnswerBox(workspace.answers), session.id, record_of, report))
