"""A session in one line, for lists; and lists of them in which the branches of a session stand below it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

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
from greenroom.views.branches.lineage import Line, families, line_of


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """Who, when, how much, and whether something is open. `words` are the first the person said.

    `line` is its place among the sessions that were forked; of one that cannot be read nothing is known of that.
    """

    id: str
    persona: str = ""
    version: str = ""
    started: str = ""
    turns: int = 0
    status: str = "empty"
    words: str = ""
    line: Line | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing was said in it yet."""
        return self.status == "empty" and not self.turns

    @property
    def place(self) -> Line:
        """Its line; one by itself where nothing is known."""
        return self.line or Line(self.id, self.started, self.turns, "", "")


def by_family(found: Iterable[SessionSummary]) -> tuple[SessionSummary, ...]:
    """Each session with its branches below it, the family in which one was begun last first."""
    known = {one.id: one for one in found}
    return tuple(replace(known[line.id], line=line) for line in families(one.place for one in known.values()))


def said_in(known: Sequence[SessionSummary], but: str = "") -> tuple[SessionSummary, ...]:
    """The sessions in which something was said, and those that such a one was forked from; and `but`, whatever it holds."""
    parents = {one.place.origin.parent for one in known if one.place.origin is not None and not one.empty}
    return tuple(one for one in known if not one.empty or one.id in parents or one.id == but)


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
        line=line_of(session, records),
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
