"""The tool calls of one reply: verdicts one after another in call order, then question, run and result side by side.

Invariant: no tool with effects is entered before its verdict, any approval it needs and its own start are on disk;
none is entered twice.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from greenroom.core.errors import GreenroomError, WaitingForPerson
from greenroom.core.events import ApprovalGiven, ToolReturned, ToolStarted
from greenroom.core.values import ApprovalReply, Json, ToolCall, ToolResult, Verdict
from greenroom.engine.asking import TurnStopped, ask
from greenroom.engine.limits import Budget
from greenroom.engine.room import Room, spec_of
from greenroom.policy.port import Question

UNKNOWN_OUTCOME = "It was started before a crash and its outcome is unknown; running it again may do it twice."


@dataclass(frozen=True, slots=True)
class Decided:
    """A call, its verdict, and the key of its step. `problem` says why it cannot be run at all."""

    call: ToolCall
    step: str
    verdict: Verdict | None = None
    problem: str = ""


async def call_tools(room: Room, turn: int, calls: tuple[ToolCall, ...], budget: Budget) -> None:
    """Carry all calls of a reply to a logged result.

    Raises:
        WaitingForPerson: at least one question stays open; the other calls have ended.
        TurnStopped: a person stopped the turn.
    """
    before = budget.calls
    decided = [_decide(room, turn, call, budget.no_call_left(before + place)) for place, call in enumerate(calls)]
    stopped: list[GreenroomError] = []
    # Questions are put one at a time in call order, so that what an edit is decided against does not depend on timing.
    asking = asyncio.Lock()
    async with asyncio.TaskGroup() as group:
        for item in decided:
            group.create_task(_to_the_end(room, turn, item, asking, stopped))
    if stopped:
        raise next((error for error in stopped if isinstance(error, TurnStopped)), stopped[0])


async def _to_the_end(
    room: Room, turn: int, item: Decided, asking: asyncio.Lock, stopped: list[GreenroomError]
) -> None:
    # A question left open, or a person who stops the turn, must not cancel a sibling that is already running.
    try:
        await _carry_out(room, turn, item, asking)
        await room.gates.wait("result", turn, f":{item.call.id}")
    except (WaitingForPerson, TurnStopped) as error:
        stopped.append(error)


def _decide(room: Room, turn: int, call: ToolCall, over_limit: str) -> Decided:
    step = f"t{turn}/tool:{call.id}"
    problem = call.problem or room.outside.tools.problem(call)
    if room.contract.spec(call.tool) is None:
        problem = problem or f"there is no tool named {call.tool}"
    problem = problem or over_limit
    if problem:
        return Decided(call, step, problem=problem)
    verdict = decide_call(room, turn, call, suffix="")
    if verdict.effect != "deny":
        room.facts.reserve(step, call.tool, call.arguments)
    return Decided(_admitted(call, verdict), step, verdict)


def decide_call(room: Room, turn: int, call: ToolCall, suffix: str) -> Verdict:
    """The verdict on a call as it stands; `suffix` tells the rounds of an edited call apart."""
    question = Question(
        hook="tool.call",
        subject=call.tool,
        payload={"args": call.arguments},
        origin="model",
        tool=spec_of(room, call.tool),
        session=room.facts.now(without=f"t{turn}/tool:{call.id}"),
    )
    return room.judge(turn, f"t{turn}/verdict:tool.call:{call.id}{suffix}", question)


def _admitted(call: ToolCall, verdict: Verdict) -> ToolCall:
    """The call with what a redact rule found masked."""
    if isinstance(verdict.payload, dict) and isinstance(verdict.payload.get("args"), dict):
        return call.model_copy(update={"arguments": verdict.payload["args"]})
    return call


async def _carry_out(room: Room, turn: int, item: Decided, asking: asyncio.Lock) -> None:
    if room.steps.find(ToolReturned, item.step) is not None:
        return
    if item.problem or item.verdict is None:
        _returned(room, turn, item.call, item.step, ToolResult(status="invalid", error=item.problem))
        return
    started = room.steps.find(ToolStarted, item.step)
    if started is not None and started.effects == "once":
        async with asking:
            reply = await ask(room, turn, item.call, item.verdict, ".unknown", UNKNOWN_OUTCOME)
        await _settle_unknown(room, turn, item, reply)
    elif started is not None:
        await _run(room, turn, item.call.model_copy(update={"arguments": started.arguments}), item.step)
    elif item.verdict.effect == "deny":
        _returned(room, turn, item.call, item.step, ToolResult(status="denied", error=item.verdict.why))
    elif item.verdict.blocks or _stepping(room, turn, item.call):
        async with asking:
            call, settled = await _ask_until_settled(room, turn, item.call, item.step, item.verdict)
        await _obey(room, turn, call, item.step, settled)
    else:
        await _run(room, turn, item.call, item.step)


def _stepping(room: Room, turn: int, call: ToolCall) -> bool:
    """Whether a person steps through calls, or did so when this was recorded."""
    return room.gates.mode != "run" or room.steps.holds(ApprovalGiven, f"t{turn}/ask:{call.id}")


async def _ask_until_settled(
    room: Room, turn: int, call: ToolCall, step: str, verdict: Verdict
) -> tuple[ToolCall, ApprovalReply | ToolResult]:
    """Ask, and ask again after each edit: an edited call is decided from scratch and confirmed once more.

    Returns the call as it was settled, with the person's last answer, or with the result that ends it unasked.
    """
    edits = 0
    while True:
        suffix = f".{edits}" if edits else ""
        reason = "" if verdict.blocks else ("edited" if edits else "stepping")
        reply = await ask(room, turn, call, verdict, suffix, reason)
        if reply.decision != "edit":
            return call, reply
        edits += 1
        call = call.model_copy(update={"arguments": reply.arguments or {}})
        if problem := room.outside.tools.problem(call):
            return call, ToolResult(status="invalid", error=problem)
        verdict = decide_call(room, turn, call, f".{edits}")
        call = _admitted(call, verdict)
        if verdict.effect == "deny":
            return call, ToolResult(status="denied", error=verdict.why)
        room.facts.reserve(step, call.tool, call.arguments)


async def _obey(room: Room, turn: int, call: ToolCall, step: str, reply: ApprovalReply | ToolResult) -> None:
    if isinstance(reply, ToolResult):
        room.facts.release(step)
        _returned(room, turn, call, step, reply)
        return
    match reply.decision:
        case "allow":
            await _run(room, turn, call, step)
        case "simulate":
            room.facts.release(step)
            _returned(room, turn, call, step, ToolResult(status="done", output=reply.result), simulated=True)
        case "stop":
            _returned(room, turn, call, step, ToolResult(status="denied", error="A person stopped the turn."))
            raise TurnStopped("a person stopped the turn")
        case _:
            room.facts.release(step)
            why = reply.reason or "A person declined this."
            _returned(room, turn, call, step, ToolResult(status="denied", error=why))


async def _settle_unknown(room: Room, turn: int, item: Decided, reply: ApprovalReply) -> None:
    """A call that may or may not have happened: a person says what is true, or has it run again."""
    if reply.decision == "allow":
        await _run(room, turn, item.call, item.step)
    elif reply.decision == "simulate":
        _returned(room, turn, item.call, item.step, ToolResult(status="done", output=reply.result), simulated=True)
    else:
        _returned(room, turn, item.call, item.step, ToolResult(status="unknown", error=UNKNOWN_OUTCOME))


async def _run(room: Room, turn: int, call: ToolCall, step: str) -> None:
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

    await room.steps.once(ToolStarted, step, inputs, start, on_change="redo", sync=spec.effects != "none")
    recorded = room.steps.recorded(ToolReturned, step)
    if recorded is not None:
        _judge_result(room, turn, call, {"output": recorded.output, "error": recorded.error})
        return
    before = room.outside.clock.monotonic()
    result = await room.outside.tools.call(call, key)
    took = round((room.outside.clock.monotonic() - before) * 1000)
    _returned(room, turn, call, step, result, milliseconds=took)


def _returned(
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
    question = _about_result(room, call, {"output": result.output, "error": result.error})
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


def _judge_result(room: Room, turn: int, call: ToolCall, payload: dict[str, Json]) -> None:
    room.judge(turn, f"t{turn}/verdict:tool.result:{call.id}", _about_result(room, call, payload))


def _about_result(room: Room, call: ToolCall, payload: dict[str, Json]) -> Question:
    return Question(
        hook="tool.result",
        subject=call.tool,
        payload=payload,
        origin="tool",
        tool=spec_of(room, call.tool),
        session=room.facts.now(),
    )
