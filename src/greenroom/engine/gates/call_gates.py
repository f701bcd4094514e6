"""The two gates of a call: what comes of one that a person skips or simulates, and of a result that they edit.

Invariant: what a person made up is marked as theirs in the log, and the model reads no result that policy withholds.
"""

from __future__ import annotations

from greenroom.core.events import ToolReturned
from greenroom.core.values import GateReply, ToolCall, ToolResult
from greenroom.engine.calls.decided import Decided, Reply
from greenroom.engine.calls.results import STOPPED
from greenroom.engine.gates.pauses import of_call, of_result
from greenroom.engine.gates.pending import Pending
from greenroom.engine.gates.stepping import EDITED_AT_GATE, OVER, before_reply
from greenroom.engine.looks import FIRST
from greenroom.engine.room import about_result
from greenroom.views.prompt.edited import result_of

SKIPPED = ToolResult(status="denied", error="A person skipped this call; it was not made.")
STOPPED_CALL = ToolResult(status="denied", error=STOPPED)


async def tool_gate(reply: Reply, item: Decided) -> GateReply | ToolResult | None:
    """What a person did when a call was about to be asked about or made; the result that ends it, where that is one."""

    def look(step: str) -> Pending:
        return of_call(reply.room, step, reply.turn, item.call, item.verdict, item.problem)

    gates, suffix = reply.room.gates, f":{item.call.id}"
    passed = await gates.wait("tool", reply.turn, look, suffix, reply.asking, lambda: reply.over)
    if passed is OVER:
        return STOPPED_CALL
    if passed is not None and passed.action == "skip":
        return SKIPPED
    return _result(passed) if passed is not None and passed.action == "simulate" else passed


async def result_gate(reply: Reply, call: ToolCall, step: str) -> None:
    """Let a person look at a result before the model reads it; what they put in its place gets a verdict of its own."""
    room, turn = reply.room, reply.turn
    ended = room.steps.find(ToolReturned, step)
    if ended is None:
        return
    result = ToolResult(status=ended.status, output=ended.output, error=ended.error)
    more = {"result.simulated": ended.simulated, "result.milliseconds": ended.milliseconds}

    def look(at: str) -> Pending:
        return of_result(room, at, turn, call, result, more)

    beyond = before_reply(turn, reply.next)
    passed = await room.gates.wait("result", turn, look, f":{call.id}", beyond=beyond)
    if passed is None or passed.action != "edit":
        return
    edited = _result(passed)
    if edited.status != "denied":  # else it was withheld, or its words are our own
        question = about_result(room, call, {"output": edited.output, "error": edited.error})
        verdict = f"t{turn}/verdict:tool.result:{call.id}{EDITED_AT_GATE}"
        await room.steps.look(FIRST, verdict)
        room.judge(turn, verdict, question)


def _result(passed: GateReply) -> ToolResult:
    status, output, error = result_of(passed.edit)
    return ToolResult.model_validate({"status": status, "output": output, "error": error})
