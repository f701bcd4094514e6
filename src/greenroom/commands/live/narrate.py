"""A session told in plain lines, one record at a time: what the command line and the REPL show of a turn.

Invariant: a pure function of the records; every line is one line, and nothing in it can move a cursor.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from greenroom.commands.answer import counted
from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    AttemptFailed,
    ContextSelected,
    GatePassed,
    GatePaused,
    MemoryForgotten,
    MemoryWritten,
    Record,
    ReplyGenerated,
    ReplyReleased,
    TailCut,
    ToolReturned,
    ToolStarted,
    TurnAbandoned,
    TurnFinished,
    TurnInterrupted,
    TurnStarted,
    VerdictReached,
)
from greenroom.core.inert import inert, inert_line
from greenroom.core.values import Json

Voice = Literal["you", "reply", "aside"]
_WIDE = 160
_DONE = {"edit": "edited", "simulate": "simulated", "skip": "skipped", "abandon": "given up"}


@dataclass(frozen=True, slots=True)
class Said:
    """One thing to show: the person's words, the reply as it was released, or a line beside them."""

    voice: Voice
    text: str


def told(record: Record) -> Said | None:
    """What a record says to someone who follows the conversation, or None."""
    match record.event:
        case TurnStarted(words=words):
            return Said("you", inert(words))
        case ReplyReleased(text=text):
            return Said("reply", inert(text))
        case _:
            line = _aside(record)
            return Said("aside", line) if line else None


def _aside(record: Record) -> str:
    match record.event:
        case VerdictReached(effect=effect, hook=hook, subject=subject, verdict=verdict) if effect != "allow":
            about = f" {subject}" if subject else ""
            return _line("policy", f"{hook}{about}: {effect} by {verdict.rule}. {verdict.why}")
        case ContextSelected(passages=passages, memories=memories) if passages or memories:
            return _line("context", f"{counted(len(passages), 'passage')}, {counted(len(memories), 'memory')}")
        case ReplyGenerated(text=text, calls=calls) if calls and text:
            return _line("says", text)
        case AttemptFailed(model=model, attempt=attempt, problem=problem):
            return _line("model", f"{model}, attempt {attempt}: {problem}")
        case MemoryWritten(memory=memory, memory_id=key):
            return _line("memory", f"kept {key} in {memory.segment}: {memory.text}")
        case MemoryForgotten(memory_id=key):
            return _line("memory", f"forgot {key}")
        case GatePaused(gate=gate, cause=cause, condition=condition, about=about):
            why = f" ({cause}{f' {condition}' if condition else ''})" if cause else ""
            return _line("gate", f"paused at {gate}{why}{f': {about}' if about else ''}")
        case GatePassed(gate=gate, action=action, by=by, edit=edit) if action not in ("continue", "step"):
            said = f": {as_json(edit)}" if edit is not None else ""
            return _line("gate", f"{gate} {_DONE[action]}{f' by {by}' if by else ''}{said}")
        case TailCut(lost_bytes=lost):
            return _line("log", f"a torn last line of {lost} bytes was cut off; a crash left it")
        case _:
            return _about_call(record) or _about_turn(record)


def _about_call(record: Record) -> str:
    match record.event:
        case ApprovalRequested(call=call, tool=tool, card=card, deadline=deadline):
            until = f" until {deadline[11:16]} UTC" if deadline else ""
            return _line("asks", f"{call} {tool} waits for a person{until}: {as_json(card.call.arguments)}")
        case ApprovalGiven(call=call, decision=decision, approver=approver, reason=reason):
            by = f" by {approver}" if approver else ""
            by += " (kept)" if record.event.kept_from is not None else ""
            return _line("answer", f"{call} {decision}{by}{': ' + reason if reason else ''}")
        case ToolStarted(call=call, tool=tool, arguments=arguments):
            return _line("tool", f"{call} {tool} {as_json(arguments)}")
        case ToolReturned(call=call, tool=tool, status=status, simulated=simulated, output=output, error=error):
            came = error if status != "done" else as_json(output)
            how = "simulated" if simulated else f"kept, {status}" if record.event.kept_from is not None else status
            return _line("tool", f"{call} {tool} {how}: {came}")
        case _:
            return ""


def _about_turn(record: Record) -> str:
    match record.event:
        case TurnInterrupted(problem=problem, hint=hint):
            return _line("turn", f"interrupted: {problem}{f' ({hint})' if hint else ''}")
        case TurnAbandoned(reason=reason):
            return _line("turn", f"abandoned: {reason}")
        case TurnFinished(outcome=outcome) if outcome != "answered":
            return _line("turn", outcome)
        case _:
            return ""


def as_json(value: Json) -> str:
    """A value on one line, as people read it; a plain string stands without quotes."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _line(name: str, text: str) -> str:
    return f"  {name:<8} {inert_line(text, _WIDE)}"
