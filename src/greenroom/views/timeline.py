"""The log as one short line an event: the Trace pane's rows, and the story that tests compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from greenroom.core.events import (
    AnyEvent,
    ApprovalGiven,
    ApprovalPassedOn,
    ApprovalRequested,
    AttemptFailed,
    AutonomyChanged,
    ContentErased,
    ContextSelected,
    ContractLoaded,
    DaySumsRead,
    DeadLetterDiscarded,
    GatePassed,
    GatePaused,
    GrantRevoked,
    MemoriesProposed,
    MemoriesRecalled,
    MemoryForgotten,
    MemoryWritten,
    ModeChanged,
    PassagesRetrieved,
    Record,
    ReplyGenerated,
    ReplyReleased,
    RerunStarted,
    SessionForked,
    SessionOpened,
    TailCut,
    ToolReturned,
    ToolStarted,
    TurnAbandoned,
    TurnFinished,
    TurnInterrupted,
    TurnResumed,
    TurnStarted,
    VariantChosen,
    VerdictReached,
)
from greenroom.core.inert import inert_line


@dataclass(frozen=True, slots=True)
class Row:
    """An event in one line. `at` is the log's stamp."""

    seq: int
    turn: int
    at: str
    kind: str
    text: str


def row(record: Record) -> Row:
    """The line of one record."""
    event = record.event
    kept = " · kept" if getattr(event, "kept_from", None) is not None else ""
    return Row(record.seq, event.turn, record.at, event.kind, f"{summary(event)}{kept}")


def story(records: list[Record] | tuple[Record, ...]) -> list[str]:
    """The log without times, ids and hashes: what two runs of the same situation share."""
    return [f"{r.event.step or '-'} {r.event.kind} {summary(r.event)}".rstrip() for r in records]


def summary(event: AnyEvent) -> str:
    """What happened, in a few words, with nothing a terminal could obey."""
    match event:
        case SessionOpened() | SessionForked() | ContractLoaded() | ModeChanged() | TailCut() | ContentErased():
            return _about_session(event)
        case TurnStarted() | TurnFinished() | TurnInterrupted() | TurnResumed() | TurnAbandoned() | ReplyReleased():
            return _about_turn(event)
        case MemoriesRecalled() | PassagesRetrieved() | ContextSelected() | MemoriesProposed():
            return _about_context(event)
        case MemoryWritten(memory=memory):
            return inert_line(f"{memory.segment}: {memory.text}", 80)
        case RerunStarted() | VariantChosen() | MemoryForgotten():
            return _about_variant(event)
        case AttemptFailed() | ReplyGenerated():
            return _about_model(event)
        case VerdictReached(hook=hook, subject=subject, effect=effect, rule=rule):
            return inert_line(f"{hook} {subject} {effect} by {rule}", 100)
        case ApprovalRequested() | ApprovalGiven() | ApprovalPassedOn() | GatePaused() | GatePassed():
            return _about_person(event)
        case GrantRevoked() | DeadLetterDiscarded() | AutonomyChanged():
            return _about_leave(event)
        case DaySumsRead(day=day, sums=sums):
            return inert_line(f"{day} {', '.join(f'{key} {amount}' for key, amount in sums.items())}".rstrip(), 100)
        case ToolStarted() | ToolReturned():
            return _about_tool(event)
        case _:
            assert_never(event)


def _about_session(
    event: SessionOpened | SessionForked | ContractLoaded | ModeChanged | TailCut | ContentErased,
) -> str:
    match event:
        case SessionOpened(persona=persona, version=version):
            return f"{persona}@{version}"
        case SessionForked(session=session, parent=parent, parent_seq=seq):
            return f"{session} from {parent} at {seq}"
        case ContractLoaded(persona=persona, version=version, model=model):
            return f"{persona}@{version} on {model}"
        case ModeChanged(mode=mode):
            return mode
        case TailCut(lost_bytes=lost):
            return f"{lost} bytes of a torn line"
        case ContentErased(records=records, reason=reason):
            return f"{len(records)} records: {inert_line(reason, 60)}"


def _about_variant(event: RerunStarted | VariantChosen | MemoryForgotten) -> str:
    match event:
        case RerunStarted(turns=turns, changed=changed):
            said = f"turn{'s' if len(turns) > 1 else ''} {_stretch(turns)}"
            return inert_line(f"{said}: {', '.join(changed)} changed" if changed else f"{said} as before", 100)
        case VariantChosen(memories=memories, over=over):
            preferred = f"over {', '.join(over)}, " if over else ""
            return inert_line(f"{preferred}{len(memories)} memories", 100)
        case MemoryForgotten(memory_id=memory_id):
            return memory_id


def _stretch(turns: tuple[int, ...]) -> str:
    return f"{turns[0]}-{turns[-1]}" if len(turns) > 1 else "".join(map(str, turns))


def _about_turn(
    event: TurnStarted | TurnFinished | TurnInterrupted | TurnResumed | TurnAbandoned | ReplyReleased,
) -> str:
    match event:
        case TurnStarted(words=words):
            return inert_line(words, 80)
        case ReplyReleased(text=text, effect=effect):
            return inert_line(text if effect == "allow" else f"({effect}) {text}", 80)
        case TurnFinished(outcome=outcome):
            return outcome
        case TurnInterrupted(cause=cause):
            return cause
        case TurnAbandoned(reason=reason):
            return inert_line(reason, 60)
        case TurnResumed():
            return ""


def _about_context(event: MemoriesRecalled | PassagesRetrieved | ContextSelected | MemoriesProposed) -> str:
    match event:
        case MemoriesRecalled(memories=memories):
            return f"{len(memories)} memories"
        case PassagesRetrieved(candidates=candidates, legs=legs):
            return f"{len(candidates)} candidates from {'+'.join(legs) or 'nothing'}"
        case ContextSelected(memories=memories, passages=passages, dropped=dropped):
            return f"{len(memories)} memories, {len(passages)} passages, {len(dropped)} dropped"
        case MemoriesProposed(memories=memories):
            return inert_line(", ".join(m.text for m in memories) or "none", 80)


def _about_model(event: AttemptFailed | ReplyGenerated) -> str:
    match event:
        case AttemptFailed(model=model, attempt=attempt, problem=problem):
            return f"{model} attempt {attempt}: {problem}"
        case ReplyGenerated(text=text, calls=calls):
            return inert_line(" ".join(f"{c.id}={c.tool}" for c in calls) or text, 80)


def _about_tool(event: ToolStarted | ToolReturned) -> str:
    match event:
        case ToolStarted(call=call, tool=tool):
            return inert_line(f"{call} {tool}", 80)
        case ToolReturned(call=call, tool=tool, status=status, simulated=simulated):
            return inert_line(f"{call} {tool} {'simulated' if simulated else status}", 80)


def _about_leave(event: GrantRevoked | DeadLetterDiscarded | AutonomyChanged) -> str:
    match event:
        case GrantRevoked(grant=grant):
            return inert_line(grant, 60)
        case DeadLetterDiscarded(letter=letter):
            return inert_line(letter, 60)
        case AutonomyChanged(level=level, expires=expires, from_next_call=later):
            return f"{level}{f' until {expires}' if expires else ''}{' from the next call' if later else ''}"


def _about_person(event: ApprovalRequested | ApprovalGiven | ApprovalPassedOn | GatePaused | GatePassed) -> str:
    match event:
        case ApprovalRequested(call=call, tool=tool, rule=rule):
            return inert_line(f"{call} {tool} because of {rule}", 100)
        case ApprovalGiven(call=call, decision=decision, scope=scope):
            return f"{call} {decision}{f' for this {scope}' if scope != 'once' else ''}"
        case ApprovalPassedOn(call=call, action=action, role=role):
            return inert_line(f"{call} {action} {role}", 60)
        case GatePaused(gate=gate, cause=cause, condition=condition, about=about):
            why = f"{gate} {condition or cause}".rstrip()
            return inert_line(f"{why}: {about}" if about else why, 100)
        case GatePassed(gate=gate, action=action, by=by):
            return inert_line(f"{gate} {action}{f' by {by}' if by and action not in ('continue', 'step') else ''}", 100)
