"""A session in one line, for lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    Record,
    SessionOpened,
    TurnAbandoned,
    TurnFinished,
    TurnInterrupted,
    TurnStarted,
)
from greenroom.core.inert import inert_line


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """Who, when, how much, and whether something is open. `words` are the first the person said."""

    id: str
    persona: str = ""
    version: str = ""
    started: str = ""
    turns: int = 0
    status: str = "empty"
    words: str = ""


def summarise(session: str, records: Sequence[Record]) -> SessionSummary:
    """The summary of a log."""
    opened = next((r for r in records if isinstance(r.event, SessionOpened)), None)
    turns = [r.event for r in records if isinstance(r.event, TurnStarted)]
    event = opened.event if opened else None
    return SessionSummary(
        id=session,
        persona=event.persona if isinstance(event, SessionOpened) else "",
        version=event.version if isinstance(event, SessionOpened) else "",
        started=opened.at if opened else "",
        turns=len(turns),
        status=_status(records),
        words=inert_line(turns[0].words, 60) if turns else "",
    )


def _status(records: Sequence[Record]) -> str:
    """How it stands, told by the last event that says so."""
    for record in reversed(records):
        match record.event:
            case TurnFinished() | TurnAbandoned():
                return "closed"
            case ApprovalRequested():
                return "open question"
            case TurnInterrupted() if not _asked(records):
                return "interrupted"
            case TurnStarted() | ApprovalGiven():
                return "unfinished"
            case _:
                continue
    return "empty"


def _asked(records: Sequence[Record]) -> bool:
    """Whether the last question of the open turn has no answer yet."""
    answered: set[str] = set()
    for record in reversed(records):
        match record.event:
            case ApprovalGiven(step=step):
                answered.add(step)
            case ApprovalRequested(step=step):
                return step not in answered
            case TurnStarted():
                return False
            case _:
                continue
    return False
