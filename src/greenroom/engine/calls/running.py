"""Running a tool: its start on disk, the last look at what may hinder it, and what came of it.

Invariant: a tool with effects is entered only when its start is on disk, after a last look at stops and at what others
spent.
"""

from __future__ import annotations

import asyncio
from typing import Any

from greenroom.core.events import ApprovalGiven, AutonomyChanged, ToolReturned, ToolStarted
from greenroom.core.values import ApprovalReply, ToolCall, ToolResult
from greenroom.engine.asking.question import TurnStopped, allowed_by_person, ask
from greenroom.engine.calls.deciding import STARTING, card_of, decide_call
from greenroom.engine.calls.results import judge_recorded, returned, stopped_unknown
from greenroom.engine.calls.spending import read_day, turn_to_spend
from greenroom.engine.room import Room, spec_of
from greenroom.engine.steps import OnChange
from greenroom.engine.stopping import must_go_on, stop_of
from greenroom.engine.waiting import attended

STOPPED_TOOL = "A person stopped this tool."
CUT_OFF = ToolResult(status="unknown", error="The tool was cut off; what it did is unknown.")


async def run(room: Room, turn: int, call: ToolCall, step: str, *, again: bool = False) -> None:
    """Run a call that may run, to its logged result; `again` if it was started before.

    Raises:
        KillSwitchThrown: the turn or everything was stopped.
        TurnStopped: in a replay, a person ended the turn when asked what had come of it.
    """
    must_go_on(room, turn)
    await room.steps.next_of(step)
    if (why := await _hindered(room, turn, call, step)) is not None:
        room.facts.release(step)
        returned(room, turn, call, step, ToolResult(status="denied", error=why))
        return
    with turn_to_spend(room, call):
        if (why := _overspent(room, turn, call)) is not None:
            room.facts.release(step)
            returned(room, turn, call, step, ToolResult(status="denied", error=why))
            return
        key = await _start(room, turn, call, step, again=again)
    await room.steps.moment(ToolReturned, step)
    stopped = stopped_unknown(room, turn, call)
    recorded = room.steps.recorded(ToolReturned, step)
    if recorded is not None:
        judge_recorded(room, turn, call, recorded)
        if stopped:
            raise TurnStopped("a person stopped the turn")
        return
    before = room.outside.clock.monotonic()
    result = await _called(room, turn, call, step, key)
    took = round((room.outside.clock.monotonic() - before) * 1000)
    returned(room, turn, call, step, result, milliseconds=took)


async def _start(room: Room, turn: int, call: ToolCall, step: str, *, again: bool) -> str:
    """Put the start of a call on disk; returns its idempotency key."""
    spec = spec_of(room, call.tool)
    key = f"{room.steps.log.session}/{step}"
    inputs: list[Any] = [call.tool, call.arguments]

    async def start() -> ToolStarted:
        return ToolStarted(
            step=step,
            turn=turn,
            call=call.id,
            tool=call.tool,
            effects=spec.effects,
            idempotency_key=key,
            arguments=call.arguments,
        )

    change: OnChange = "again" if again else "redo"
    await room.steps.once(ToolStarted, step, inputs, start, on_change=change, sync=spec.effects != "none")
    return key


async def _hindered(room: Room, turn: int, call: ToolCall, step: str) -> str | None:
    """Why a stop of this call or tool keeps it from running; the person who pressed it answers as any other does."""
    asked = f"{call.id}.stop"
    if stop_of(room, step, call.tool) is None and not _stopped_then(room, turn, asked):
        return None
    verdict = decide_call(room, turn, call, ".stop")
    reply = await ask(room, turn, asked, card_of(room, call, verdict, STOPPED_TOOL))
    return reply.reason if isinstance(reply, ApprovalReply) and reply.decision != "allow" else STOPPED_TOOL


def _stopped_then(room: Room, turn: int, asked: str) -> bool:
    """In a replay: whether the call was stopped, answered to or cut off when a level had come to count for that."""
    answered = room.steps.holds(ApprovalGiven, f"t{turn}/ask:{asked}")
    return answered or room.steps.holds(AutonomyChanged, f"t{turn}/autonomy:{asked}")


def _overspent(room: Room, turn: int, call: ToolCall) -> str | None:
    """Why the call may not run after all, because another session spent meanwhile: a limit, or a rule nobody was asked for."""
    if not read_day(room, turn, call, STARTING):
        return None
    verdict = decide_call(room, turn, call, STARTING)
    barred = verdict.effect == "deny" or (verdict.blocks and not allowed_by_person(room, turn, call, verdict))
    return verdict.why if barred else None


async def _called(room: Room, turn: int, call: ToolCall, step: str, key: str) -> ToolResult:
    """What came of a call; one that was cut off by a stop, or by something else than this turn, did not end as it should."""

    def stopped() -> ToolResult | None:
        must_go_on(room, turn)
        return CUT_OFF if stop_of(room, step, call.tool) is not None else None

    try:
        return await attended(lambda: room.outside.tools.call(call, key), stopped)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return CUT_OFF
