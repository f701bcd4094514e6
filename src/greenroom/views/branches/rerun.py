"""What a rerun kept of the session it varies, and what it did anew. Pure: it follows from the variant's log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from greenroom.core.events import (
    ApprovalGiven,
    GatePassed,
    MemoriesRecalled,
    PassagesRetrieved,
    Record,
    ReplyGenerated,
    RerunStarted,
    SessionForked,
    ToolReturned,
    TurnAbandoned,
    TurnFinished,
    TurnStarted,
)
from greenroom.core.inert import inert_line
from greenroom.views.fold import fold_all, told_by

_TOLD = (MemoriesRecalled, PassagesRetrieved, ReplyGenerated, ToolReturned, ApprovalGiven, GatePassed)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a rerun: its key, its turn, what it was in a word or two, and the parent's record it was kept from."""

    step: str
    turn: int
    what: str
    kept_from: int | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """Where a session comes from: `parent` at its record, the first `turn` said anew here, and what a rerun changed.

    `rerun` are the turns of the parent that were said again; none of them for a fork in which a person went on. A fork
    that is `inside` left its parent in the middle of the turn before.
    """

    session: str
    parent: str
    at: int
    turn: int
    rerun: tuple[int, ...] = ()
    changed: tuple[str, ...] = ()
    inside: bool = False

    @property
    def line(self) -> str:
        """`fork of s-… at turn 3: prompt changed`."""
        said = f"fork of {self.parent} at turn {self.turn}"
        return f"{said}: {', '.join(self.changed)} changed" if self.changed else said


def branch(records: Sequence[Record]) -> Branch | None:
    """Where the session branched off last; None for one that nobody forked."""
    return fold_all(_branched, (None, 0, False), records)[0]


@told_by(SessionForked, RerunStarted, TurnStarted, TurnFinished, TurnAbandoned)
def _branched(state: tuple[Branch | None, int, bool], record: Record) -> tuple[Branch | None, int, bool]:
    """The branch by now, the last turn begun, and whether it is still open."""
    found, turns, inside = state
    match record.event:
        case SessionForked(session=session, parent=parent, parent_seq=at):
            return Branch(session, parent, at, turns + 1, inside=inside), turns, inside
        case RerunStarted(turns=said, changed=changed, turn=turn) if found is not None:
            return Branch(found.session, found.parent, found.at, turn, said, changed), turns, inside
        case TurnStarted(turn=turn):
            return found, turn, True
        case TurnFinished() | TurnAbandoned():
            return found, turns, False
        case _:
            return state


def steps(records: Sequence[Record]) -> tuple[Step, ...]:
    """The steps of the latest rerun in which something could have been kept, in the order of the log."""
    started = next((r for r in reversed(records) if isinstance(r.event, RerunStarted)), None)
    if started is None or not isinstance(started.event, RerunStarted):
        return ()
    turns = range(started.event.turn, started.event.turn + len(started.event.turns))
    return tuple(_told(r for r in records[started.seq :] if r.event.turn in turns))


def _told(records: Iterator[Record]) -> Iterator[Step]:
    for record in records:
        event = record.event
        if isinstance(event, _TOLD):
            yield Step(event.step, event.turn, _what(event), event.kept_from)


def _what(
    event: MemoriesRecalled | PassagesRetrieved | ReplyGenerated | ToolReturned | ApprovalGiven | GatePassed,
) -> str:
    match event:
        case MemoriesRecalled():
            return "memories"
        case PassagesRetrieved():
            return "passages"
        case ReplyGenerated():
            return "reply"
        case ToolReturned(tool=tool, status=status):
            return inert_line(f"{tool} {status}" if status != "done" else tool, 60)
        case ApprovalGiven(decision=decision):
            return f"answer {decision}"
        case GatePassed(gate=gate):
            return f"gate {gate}"
