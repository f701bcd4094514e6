"""The tool calls of each turn: what was asked, decided, run and returned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    GatePassed,
    Record,
    ReplyGenerated,
    ToolReturned,
    ToolStarted,
    TurnStarted,
    VerdictReached,
)
from greenroom.core.values import ToolCall
from greenroom.views.fold import Turns, by_turn
from greenroom.views.prompt.edited import gate_call, result_of


@dataclass(frozen=True, slots=True)
class CallView:
    """One call. `ran_with` are the arguments it was started with, which an edit can make differ from the model's.

    `seq` is the record of the reply that asked for it. `kept` says that a rerun took the result from the session it varies.
    `edited` is who put another result in the place of the tool's.
    """

    call: ToolCall
    status: str = "asked for"
    verdict: str = ""
    rule: str = ""
    answer: str = ""
    ran_with: dict[str, Any] | None = None
    output: Any = None
    error: str = ""
    simulated: bool = False
    kept: bool = False
    milliseconds: int = 0
    seq: int = 0
    edited: str = ""


@dataclass(frozen=True, slots=True)
class ToolTurn:
    """A turn's calls in reply order."""

    turn: int
    calls: tuple[CallView, ...] = ()


ToolsView = Turns[ToolTurn]
EMPTY: ToolsView = Turns()


def _start(record: Record, event: TurnStarted) -> ToolTurn:
    return ToolTurn(event.turn)


def _grow(state: ToolTurn, record: Record) -> ToolTurn:
    match record.event:
        case VerdictReached(hook=hook) if hook != "tool.call":  # most records are such
            return state
        case ReplyGenerated(calls=calls) if calls:
            return replace(state, calls=state.calls + tuple(CallView(call, seq=record.seq) for call in calls))
        case VerdictReached(hook="tool.call", step=step, effect=effect, rule=rule):
            return _change(state, step.rsplit(":", 1)[-1].split(".")[0], verdict=effect, rule=rule)
        case ApprovalRequested(call=call):
            return _change(state, call, status="waits for a person")
        case GatePassed(gate="tool", action=action) as passed if action not in ("continue", "step"):
            return _change(
                state, gate_call(passed), answer=f"{action} at the gate{f' by {passed.by}' if passed.by else ''}"
            )
        case GatePassed(gate="result", action="edit") as passed:
            status, output, error = result_of(passed.edit)
            by = passed.by or "a person"
            return _change(state, gate_call(passed), status=status, output=output, error=error, edited=by)
        case ApprovalGiven(call=call, decision=decision):
            return _change(state, call, answer=decision)
        case ToolStarted(call=call, arguments=arguments):
            return _change(state, call, status="running", ran_with=arguments)
        case ToolReturned() as event:
            return _change(
                state,
                event.call,
                status=event.status,
                output=event.output,
                error=event.error,
                simulated=event.simulated,
                milliseconds=event.milliseconds,
                kept=event.kept_from is not None,
            )
        case _:
            return state


def _change(state: ToolTurn, call: str, **changes: Any) -> ToolTurn:
    calls = tuple(replace(view, **changes) if view.call.id == call else view for view in state.calls)
    return replace(state, calls=calls)


fold = by_turn(
    _start,
    _grow,
    ApprovalGiven,
    ApprovalRequested,
    GatePassed,
    ReplyGenerated,
    ToolReturned,
    ToolStarted,
    VerdictReached,
)
