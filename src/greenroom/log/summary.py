"""A session in one line, for lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    Record,
    SessionOpened,
    ToolReturned,
    TurnAbandoned,
    TurnFinished,
    TurnInterrupted,
    TurnResumed,
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
    turns = [r.event for r in records if type(r.event) is TurnStarted]
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
    """How it stands: closed, or what the open turn waits for."""
    settled: set[str] = set()
    interrupted: bool | None = None
    for record in reversed(records):
        match record.event:
            case TurnFinished() | TurnAbandoned():
                return "closed"
            case ApprovalGiven(step=step):
                settled.add(step)
            case ToolReturned(call=call):
                settled.add(call)
            case ApprovalRequested(step=step, call=call) if not {step, call} & settled:
                return "open question"
            case TurnInterrupted() | TurnResumed() as event if interrupted is None:
                interrupted = isinstance(event, TurnInterrupted)
            case TurnStarted():
                return "interrupted" if interrupted else "unfinished"
            case _:
                continue
    return "empty"
