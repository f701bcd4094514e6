"""The tool calls of one reply: verdicts one after another in call order, then question, run and result side by side.

Invariant: no tool with effects is entered before its verdict, any approval it needs and its own start are on disk;
none is entered twice.
"""

from __future__ import annotations

import asyncio

from greenroom.core.errors import WaitingForPerson
from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    AutonomyChanged,
    ToolReturned,
    ToolStarted,
    VerdictReached,
)
from greenroom.core.values import ApprovalReply, ToolCall, ToolResult
from greenroom.engine.asking.permitting import EDITED
from greenroom.engine.asking.question import TurnStopped, Void, ask
from greenroom.engine.calls.decided import Decided, Reply
from greenroom.engine.calls.deciding import admitted, as_decided_now, card_of, decide, decide_call, edited, verdict_step
from greenroom.engine.calls.results import STOPPED, judge_unjudged, returned, waited_in_vain
from greenroom.engine.calls.running import run
from greenroom.engine.calls.spending import read_day
from greenroom.engine.calls.unknown import settle_unknown
from greenroom.engine.gates.call_gates import SKIPPED, STOPPED_CALL, result_gate, tool_gate
from greenroom.engine.gates.stepping import EDITED_AT_GATE, TurnGivenUp
from greenroom.engine.limits import Budget
from greenroom.engine.looks import ASK, FIRST, PASSED, RUN, VOID, place_of
from greenroom.engine.replay.lives import LifeOver
from greenroom.engine.room import Room


async def call_tools(room: Room, turn: int, calls: tuple[ToolCall, ...], budget: Budget) -> None:
    """Carry all calls of a reply to a logged result.

    Raises:
        WaitingForPerson: at least one question stays open; the other calls have ended.
        TurnStopped, TurnGivenUp: a person ended the turn; the other calls have ended.
    """
    await room.steps.look(FIRST, *(verdict_step(turn, call.id) for call in calls))
    before = budget.calls
    decided = [decide(room, turn, call, budget.no_call_left(before + place)) for place, call in enumerate(calls)]
    reply = Reply(room, turn, asyncio.Lock(), [], budget.replies + 1)
    async with asyncio.TaskGroup() as group:
        for item in decided:
            group.create_task(_to_the_end(reply, item))
    if reply.ended:
        cut_off = next((e for e in reply.ended if isinstance(e, LifeOver)), None)  # the turn ended in a later life
        raise cut_off or next((e for e in reply.ended if not isinstance(e, WaitingForPerson)), reply.ended[0])


async def _to_the_end(reply: Reply, item: Decided) -> None:
    # A question left open, or a person who ends the turn, must not cancel a sibling that is already running.
    try:
        await _carry_out(reply, item)
        if not reply.over:
            await result_gate(reply, item.call, item.step)
    except (WaitingForPerson, TurnStopped, TurnGivenUp) as error:
        reply.ended.append(error)


async def _carry_out(reply: Reply, item: Decided) -> None:
    room, turn = reply.room, reply.turn
    await room.steps.look(RUN, verdict_step(turn, item.call.id))
    item = as_decided_now(room, turn, item, RUN)
    started = room.steps.find(ToolStarted, item.step)
    if (ended := room.steps.find(ToolReturned, item.step)) is not None:
        await room.steps.moment(VerdictReached, f"t{turn}/verdict:tool.result:{item.call.id}")
        judge_unjudged(room, turn, item.call, ended)
        if started is None:  # it came to its result without having run
            room.facts.release(item.step)
        if _was_stopped(room, turn, item.call):  # in an earlier life, before the turn had ended for it
            raise TurnStopped("a person stopped the turn")
    elif started is not None and started.effects == "once":
        call = item.call.model_copy(update={"arguments": started.arguments})
        async with reply.asking_about(item):
            await settle_unknown(reply, call, item)
    else:
        await _through_gate(reply, item)


async def _through_gate(reply: Reply, item: Decided) -> None:
    """Let a person who steps look at the call first: what they leave of it is asked about or made as it then is."""
    passed = await tool_gate(reply, item)
    if isinstance(passed, ToolResult):
        await reply.room.steps.moment(ToolReturned, item.step)
        reply.room.facts.release(item.step)
        simulated = passed not in (SKIPPED, STOPPED_CALL)
        returned(reply.room, reply.turn, item.call, item.step, passed, simulated=simulated)
        return
    if passed is not None and passed.action == "edit":
        await reply.room.steps.look(FIRST, verdict_step(reply.turn, item.call.id, EDITED_AT_GATE))
        item = edited(reply.room, reply.turn, item, passed.edit)
    elif passed is not None:
        await reply.room.steps.look(PASSED, verdict_step(reply.turn, item.call.id))
        item = as_decided_now(reply.room, reply.turn, item, PASSED)
    await _put(reply, item)


async def _put(reply: Reply, item: Decided) -> None:
    """Refuse the call, ask about it or run it, as policy has it."""
    room, turn = reply.room, reply.turn
    if item.problem or item.verdict is None or item.verdict.effect == "deny":
        await _refuse(reply, item)
    elif item.verdict.blocks or _stepping(room, turn, item):
        await _over(reply, item, item.suffix)
        async with reply.asking_about(item):
            call, settled = await _ask_until_settled(reply, item)
        await _obey(room, turn, call, item.step, settled)
    else:
        await run(room, turn, item.call, item.step)


async def _refuse(reply: Reply, item: Decided) -> None:
    """End a call that may not run at all; in a replay with the turn, where a person ended that while it waited at its gate."""
    room, turn = reply.room, reply.turn
    if room.steps.holds(ToolReturned, item.step):
        await _over(reply, item, item.suffix)
        async with reply.asking:
            pass  # whoever came first has gone by then
        if reply.over:
            returned(room, turn, item.call, item.step, STOPPED_CALL)
            return
    await room.steps.moment(ToolReturned, item.step)
    if item.verdict is not None and not item.problem:
        result = ToolResult(status="denied", error=item.verdict.why)
    else:
        result = ToolResult(status="invalid", error=item.problem)
    returned(room, turn, item.call, item.step, result)


async def _over(reply: Reply, item: Decided, suffix: str) -> None:
    """In a replay: let the turn be given up at a gate beside this call first, where that kept it from being asked about."""
    await reply.room.steps.over(item.step, f"t{reply.turn}/ask:{item.call.id}{suffix}", lambda: reply.over)


def _was_stopped(room: Room, turn: int, call: ToolCall) -> bool:
    """Whether a person answered the last question about this call by stopping the turn; a branch may have answered it anew."""
    given = (r.event for r in reversed(room.steps.log.records) if isinstance(r.event, ApprovalGiven))
    last = next((one for one in given if (one.turn, one.call) == (turn, call.id)), None)
    return last is not None and last.decision == "stop"


def _stepping(room: Room, turn: int, item: Decided) -> bool:
    """Whether a person was asked about this call before, though no rule asks (tapes and logs of before calls had a gate
    of their own), or ended the turn when this was recorded, before this call was put to them. That a level changed when
    its turn to be asked about had come says that it waited for that.
    """
    call, about = item.call, f"{item.call.id}{item.suffix}"
    step = f"t{turn}/ask:{about}"
    asked = room.steps.record_of(ApprovalRequested, step) is not None
    asked = asked or room.steps.holds(AutonomyChanged, f"t{turn}/autonomy:{about}{place_of(ASK)}")
    held = room.steps.holds(ApprovalGiven, step) or room.steps.holds(ToolReturned, f"t{turn}/tool:{call.id}")
    again = room.steps.must_ask(f"t{turn}/tool:{call.id}", call)
    return asked or held or again or waited_in_vain(room, turn, call, item.suffix)


async def _ask_until_settled(among: Reply, item: Decided) -> tuple[ToolCall, ApprovalReply | ToolResult]:
    """Ask, and ask again after each edit: an edited call is decided from scratch and confirmed once more.

    Returns the call as it was settled, with the person's last answer, or with the result that ends it unasked.
    """
    room, turn = among.room, among.turn
    ended = among.over
    if ended:  # as at a gate: nothing is decided any more about a call that a person ended with the turn
        await room.steps.moment(ToolReturned, item.step)
        return item.call, ToolResult(status="denied", error=STOPPED)
    await room.steps.next_of(item.step)
    now = as_decided_now(room, turn, item, ASK)  # the questions before this one may have taken long
    call, verdict, decided_anew, edits = now.call, now.verdict, now is not item, 0
    assert verdict is not None  # only what was decided is asked about
    while True:
        if edits or decided_anew:
            await _over(among, item, f".{edits}" if edits else item.suffix)
        if among.over:
            return call, ToolResult(status="denied", error=STOPPED)
        if verdict.effect == "deny":
            return call, ToolResult(status="denied", error=verdict.why)
        again = room.steps.must_ask(item.step, call)
        suffix = f".{edits}" if edits else item.suffix
        held = room.steps.holds(ApprovalGiven, f"t{turn}/ask:{call.id}{suffix}")
        unasked = decided_anew or waited_in_vain(room, turn, call, item.suffix)
        if unasked and not (verdict.blocks or edits or again or held):
            return call, ApprovalReply(decision="allow")  # nobody needs to be asked any more
        reason = "" if verdict.blocks else (EDITED if suffix else "stepping")
        card = card_of(room, call, verdict, reason)
        reply = await ask(room, turn, f"{call.id}{suffix}", card, confirming=bool(suffix))
        if isinstance(reply, Void):
            verdict, decided_anew = decide_call(room, turn, call, suffix, VOID), True
            call = admitted(call, verdict)
            continue
        if reply.decision != "edit":
            return call, reply
        edits += 1
        call = call.model_copy(update={"arguments": reply.arguments or {}})
        if problem := room.outside.tools.problem(call):
            return call, ToolResult(status="invalid", error=problem)
        read_day(room, turn, call, f".{edits}")
        verdict = decide_call(room, turn, call, f".{edits}")
        call = admitted(call, verdict)
        if verdict.effect != "deny":
            room.facts.reserve(item.step, call.tool, call.arguments)


async def _obey(room: Room, turn: int, call: ToolCall, step: str, reply: ApprovalReply | ToolResult) -> None:
    if isinstance(reply, ToolResult):
        room.facts.release(step)
        returned(room, turn, call, step, reply)
        return
    match reply.decision:
        case "allow":
            await run(room, turn, call, step)
        case "simulate":
            room.facts.release(step)
            returned(room, turn, call, step, ToolResult(status="done", output=reply.result), simulated=True)
        case "stop":
            room.facts.release(step)
            returned(room, turn, call, step, ToolResult(status="denied", error=STOPPED))
            raise TurnStopped("a person stopped the turn")
        case _:
            room.facts.release(step)
            why = reply.reason or "A person declined this."
            returned(room, turn, call, step, ToolResult(status="denied", error=why))
