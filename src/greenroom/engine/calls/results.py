"""How a call's result enters the log: masked, judged, and the same again when a recording has it.

Invariant: what the log has of a result is what the model reads; a result that policy withheld is in no log at all.
"""

from __future__ import annotations

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    DaySumsRead,
    ToolReturned,
    ToolStarted,
    TurnResumed,
    VerdictReached,
)
from greenroom.core.values import Json, ToolCall, ToolResult
from greenroom.engine.room import Room, about_result

STOPPED = "A person stopped the turn."
"""What the model reads of a call that waited for a person who then ended the turn."""


def returned(
    room: Room,
    turn: int,
    call: ToolCall,
    step: str,
    result: ToolResult,
    *,
    simulated: bool = False,
    milliseconds: int = 0,
) -> None:
    """Log how a call ended, masked and judged: what the log has is what the model reads."""
    room.steps.must_come(ToolReturned, step)
    question = about_result(room, call, {"output": result.output, "error": result.error})
    verdict, masked = room.admit(question)
    withheld = verdict.blocks and result.status not in ("denied", "invalid")  # those are our own words
    room.steps.note(
        ToolReturned(
            step=step,
            turn=turn,
            call=call.id,
            tool=call.tool,
            status="denied" if withheld and result.status == "done" else result.status,
            simulated=simulated,
            milliseconds=milliseconds,
            output=None if withheld else masked.get("output"),
            error=verdict.why if withheld else str(masked.get("error", "")),
        ),
        sync=True,
    )
    _judge_result(room, turn, call, masked)


def judge_recorded(room: Room, turn: int, call: ToolCall, event: ToolReturned) -> None:
    """The verdict on a recorded result; one that was withheld is nowhere, so its own verdict stands for it."""
    withheld = event.status == "denied" and not event.simulated
    if withheld and room.steps.recorded(VerdictReached, _result_verdict(turn, call)) is not None:
        return
    _judge_result(room, turn, call, {"output": event.output, "error": event.error})


def _judge_result(room: Room, turn: int, call: ToolCall, payload: dict[str, Json]) -> None:
    room.judge(turn, _result_verdict(turn, call), about_result(room, call, payload))


def _result_verdict(turn: int, call: ToolCall) -> str:
    return f"t{turn}/verdict:tool.result:{call.id}"


def judge_unjudged(room: Room, turn: int, call: ToolCall, event: ToolReturned) -> None:
    """The verdict on a result that a crash cut off from it. Of one that was withheld only the reason is left."""
    withheld = event.status == "denied" and _came_of_a_run(room, event.step)
    if not withheld and room.steps.record_of(VerdictReached, _result_verdict(turn, call)) is None:
        _judge_result(room, turn, call, {"output": event.output, "error": event.error})


def _came_of_a_run(room: Room, step: str) -> bool:
    """Whether a call came to its result by a run: it was started in the same life of its turn."""
    started, ended = room.steps.record_of(ToolStarted, step), room.steps.record_of(ToolReturned, step)
    if started is None or ended is None:
        return False
    return not any(isinstance(r.event, TurnResumed) for r in room.steps.log.records[started.seq : ended.seq])


def stopped_unknown(room: Room, turn: int, call: ToolCall) -> bool:
    """In a replay: whether a person ended the turn when asked about this call, whose outcome nobody knew."""
    step = f"t{turn}/ask:{call.id}.unknown"
    if not room.steps.replaying or not room.steps.holds(ApprovalGiven, step):
        return False
    given = room.steps.peek(ApprovalGiven, step)
    if given is None or given.decision != "stop":
        return False
    room.steps.note(given)
    return True


def waited_in_vain(room: Room, turn: int, call: ToolCall, suffix: str) -> bool:
    """In a replay: whether a person was to be asked about this call, and it was decided anew before its question was put.
    `suffix` is that of its question: of a call that was edited at its gate, that about what it was edited to.

    Of a call that policy let run and that did not, that is what is left; or else a stop of it, or what others spent, kept it.
    """
    steps = room.steps
    if steps.record_of(ApprovalRequested, f"t{turn}/ask:{call.id}{suffix}") is not None:
        return False
    if not steps.holds(ToolStarted, f"t{turn}/tool:{call.id}"):
        return False
    kept = steps.holds(ApprovalGiven, f"t{turn}/ask:{call.id}.stop")
    return not kept and not steps.holds(DaySumsRead, f"t{turn}/day:{call.id}.start")
