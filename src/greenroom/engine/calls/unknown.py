"""A call that a crash cut off: whether it happened nobody knows but a person.

Invariant: it runs once more only if a person says so and policy lets it.
"""

from __future__ import annotations

from greenroom.core.events import ToolStarted
from greenroom.core.values import ApprovalReply, ToolCall, ToolResult
from greenroom.engine.asking.question import TurnStopped, Void, ask
from greenroom.engine.calls.decided import Decided, Reply
from greenroom.engine.calls.deciding import card_of, decide_call, verdict_step
from greenroom.engine.calls.results import returned
from greenroom.engine.calls.rounds import UNKNOWN
from greenroom.engine.calls.running import run
from greenroom.engine.looks import FIRST, NOW

UNKNOWN_OUTCOME = "It was started before a crash and its outcome is unknown; running it again may do it twice."


async def settle_unknown(among: Reply, call: ToolCall, item: Decided) -> None:
    """A call that may or may not have happened: a person says what is true, or has it run once more if policy lets it."""
    room, turn = among.room, among.turn
    starts = sum(isinstance(r.event, ToolStarted) and r.event.step == item.step for r in room.steps.log.records)
    suffix = f".{starts}{UNKNOWN}" if starts > 1 else UNKNOWN  # leave to repeat is good for one repetition
    await room.steps.look(FIRST, verdict_step(turn, call.id, suffix))
    verdict = decide_call(room, turn, call, suffix)
    unknown = ToolResult(status="unknown", error=UNKNOWN_OUTCOME)
    if among.over:
        returned(room, turn, call, item.step, unknown)
        return
    reply: ApprovalReply | Void = Void()
    while isinstance(reply, Void):
        reply = await ask(room, turn, f"{call.id}{suffix}", card_of(room, call, verdict, UNKNOWN_OUTCOME))
        verdict = decide_call(room, turn, call, suffix, NOW)
    match reply.decision:
        case "allow" if not item.problem and verdict.effect != "deny":
            await run(room, turn, call, item.step, again=True)
        case "simulate":
            returned(room, turn, call, item.step, ToolResult(status="done", output=reply.result), simulated=True)
        case "stop":
            returned(room, turn, call, item.step, unknown)
            raise TurnStopped("a person stopped the turn")
        case _:
            returned(room, turn, call, item.step, unknown)
