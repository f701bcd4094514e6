"""The conversation as a person reads it: what was said, what was done about it, what came back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from greenroom.core.events import (
    ApprovalGiven,
    AttemptFailed,
    GatePaused,
    Record,
    ReplyGenerated,
    ReplyReleased,
    ToolReturned,
    TurnAbandoned,
    TurnFinished,
    TurnInterrupted,
    TurnResumed,
    TurnStarted,
    VerdictReached,
)
from greenroom.core.values import ToolCall
from greenroom.views.fold import Turns, by_turn

Kind = Literal["person", "persona", "tool", "verdict", "approval", "note"]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing in the conversation. `seq` is the record it comes from; `call` the call it is about, if any.

    `by` is who answered a question, and `established` how that is known.
    """

    seq: int
    kind: Kind
    text: str
    call: ToolCall | None = None
    status: str = ""
    final: bool = False
    by: str = ""
    established: str = ""


@dataclass(frozen=True, slots=True)
class ConversationTurn:
    """A turn's lines in order, and how it stands: running, interrupted, abandoned, or its outcome."""

    turn: int
    seq: int
    lines: tuple[Line, ...]
    calls: tuple[ToolCall, ...] = ()
    status: str = "running"


TRIED = "tried"
"""The status of a line about attempts of a model that failed."""

Conversation = Turns[ConversationTurn]
EMPTY: Conversation = Turns()


def _start(record: Record, event: TurnStarted) -> ConversationTurn:
    return ConversationTurn(event.turn, record.seq, (Line(record.seq, "person", event.words),))


def _grow(state: ConversationTurn, record: Record) -> ConversationTurn:
    match record.event:
        case VerdictReached() as event:
            return _judged(state, record.seq, event)
        case ReplyGenerated(text=text, calls=calls):
            state = replace(state, calls=state.calls + calls)
            return _add(state, Line(record.seq, "persona", text)) if calls and text else state
        case ToolReturned() as event:
            return _add(state, _tool_line(state, record.seq, event))
        case ReplyReleased(text=text):
            return _add(state, Line(record.seq, "persona", text, final=True))
        case ApprovalGiven() as event:
            return _add(state, _answered(record.seq, event))
        case AttemptFailed(model=model, attempt=attempt, problem=problem, message=message):
            return _tried(state, record.seq, attempt, message or f"{model}: {problem}")
        case TurnInterrupted(problem=problem, hint=hint):
            return replace(_ended(state, record.seq, problem, hint), status="interrupted")
        case TurnAbandoned(reason=reason):
            return replace(_add(state, Line(record.seq, "note", f"abandoned: {reason}")), status="abandoned")
        case TurnResumed():
            return replace(state, status="running")
        case TurnFinished(outcome=outcome):
            return replace(state, status=outcome)
        case GatePaused(gate=gate):
            return replace(state, status=f"paused at {gate}")
        case _:
            return state


def _judged(state: ConversationTurn, seq: int, event: VerdictReached) -> ConversationTurn:
    """Most verdicts allow something, and those about calls are told with the call."""
    if event.effect == "allow" or event.hook == "tool.call":
        return state
    verdict = event.verdict
    return _add(state, Line(seq, "verdict", f"{event.hook}: {event.effect} by {verdict.rule}. {verdict.why}"))


def _add(state: ConversationTurn, line: Line) -> ConversationTurn:
    return replace(state, lines=(*state.lines, line))


def _tried(state: ConversationTurn, seq: int, attempt: int, problem: str) -> ConversationTurn:
    """A failed attempt; one that failed as the one before it did stands in the same line."""
    before = state.lines[-1]
    if not (attempt > 1 and before.status == TRIED and before.text.partition(": ")[2] == problem):
        return _add(state, Line(seq, "note", f"attempt {attempt}: {problem}", status=TRIED))
    return replace(
        state, lines=(*state.lines[:-1], replace(before, text=f"attempts {_first(before)} to {attempt}: {problem}"))
    )


def _first(tried: Line) -> str:
    return tried.text.split(":")[0].split()[1]


def _ended(state: ConversationTurn, seq: int, problem: str, hint: str) -> ConversationTurn:
    """Why a turn was interrupted; after attempts that failed for that very reason it is not told twice."""
    before, said = state.lines[-1], f"{problem} ({hint})" if hint else problem
    head, _, why = before.text.partition(": ")
    if before.status != TRIED or why != problem:
        return _add(state, Line(seq, "note", said))
    said = said if head == "attempt 1" else f"{head}: {said}"
    return replace(state, lines=(*state.lines[:-1], replace(before, text=said, status="")))


def _tool_line(state: ConversationTurn, seq: int, event: ToolReturned) -> Line:
    call = next((c for c in state.calls if c.id == event.call), None)
    shown = event.error if event.status != "done" else _brief(event.output)
    status = "simulated" if event.simulated else event.status
    return Line(seq, "tool", shown, call=call, status=status)


def _answered(seq: int, event: ApprovalGiven) -> Line:
    kept = "" if event.kept_from is None else ", kept by a rerun"
    established = f"{event.established}{kept}".removeprefix(", ")
    return Line(seq, "approval", _answer(event), status=event.decision, by=event.approver, established=established)


def _answer(event: ApprovalGiven) -> str:
    by = f" by {event.approver}" if event.approver else ""
    reason = f": {event.reason}" if event.reason else ""
    return f"{event.decision}{by}{reason}"


def _brief(output: object) -> str:
    return output if isinstance(output, str) else str(output)


fold = by_turn(
    _start,
    _grow,
    ApprovalGiven,
    AttemptFailed,
    GatePaused,
    ReplyGenerated,
    ReplyReleased,
    ToolReturned,
    TurnAbandoned,
    TurnFinished,
    TurnInterrupted,
    TurnResumed,
    VerdictReached,
)
