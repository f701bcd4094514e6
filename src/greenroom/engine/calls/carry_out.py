"""The tool calls of one reply: verdicts one after another in call order, then question, run and result side by side.

Invariant: no tool with effects is entered before its verdict, any approval it needs and its own start are on disk;
none is entered twice.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from greenroom.core.errors import WaitingForPerson
from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    ToolReturned,
    ToolStarted,
    VerdictReached,
)
from greenroom.core.values import ApprovalReply, Card, ToolCall, ToolResult, Verdict
from greenroom.engine.asking.permitting import EDITED
from greenroom.engine.asking.question import TurnStopped, Void, allowed_by_person, ask
from greenroom.engine.calls.decided import Decided, Reply
from greenroom.engine.calls.moments import when_asked, when_decided, when_looked_at, when_returned
from greenroom.engine.calls.results import (
    STOPPED,
    judge_recorded,
    judge_unjudged,
    returned,
    stopped_unknown,
    waited_in_vain,
)
from greenroom.engine.calls.spending import read_day, turn_to_spend
from greenroom.engine.gates.call_gates import SKIPPED, STOPPED_CALL, result_gate, tool_gate
from greenroom.engine.gates.stepping import EDITED_AT_GATE, TurnGivenUp
from greenroom.engine.limits import Budget
from greenroom.engine.replay.lives import LifeOver
from greenroom.engine.room import Room, about_call, args_from, spec_of
from greenroom.engine.standing import level_changes, settle_autonomy
from greenroom.engine.steps import OnChange
from greenroom.engine.stopping import must_go_on, stop_of
from greenroom.engine.waiting import attended

STOPPED_TOOL = "A person stopped this tool."
CUT_OFF = ToolResult(status="unknown", error="The tool was cut off; what it did is unknown.")
UNKNOWN_OUTCOME = "It was started before a crash and its outcome is unknown; running it again may do it twice."


async def call_tools(room: Room, turn: int, calls: tuple[ToolCall, ...], budget: Budget) -> None:
    """Carry all calls of a reply to a logged result.

    Raises:
        WaitingForPerson: at least one question stays open; the other calls have ended.
        TurnStopped, TurnGivenUp: a person ended the turn; the other calls have ended.
    """
    await when_decided(room, turn, [call.id for call in calls])
    before = budget.calls
    decided = [_decide(room, turn, call, budget.no_call_left(before + place)) for place, call in enumerate(calls)]
    reply = Reply(room, turn, asyncio.Lock(), [])
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
            await result_gate(reply.room, reply.turn, item.call, item.step)
    except (WaitingForPerson, TurnStopped, TurnGivenUp) as error:
        reply.ended.append(error)


def _decide(room: Room, turn: int, call: ToolCall, over_limit: str) -> Decided:
    step = f"t{turn}/tool:{call.id}"
    problem = call.problem or room.outside.tools.problem(call)
    if room.contract.spec(call.tool) is None:
        problem = problem or f"there is no tool named {call.tool}"
    problem = problem or over_limit
    if problem:
        return Decided(call, step, problem=problem, limit=over_limit)
    read_day(room, turn, call)
    verdict = decide_call(room, turn, call, suffix="")
    if room.steps.find(ToolStarted, step) is None and verdict.effect != "deny":  # what ran counts, denied by now or not
        room.facts.reserve(step, call.tool, call.arguments)
    return Decided(_admitted(call, verdict), step, verdict, autonomy=room.facts.autonomy)


def decide_call(room: Room, turn: int, call: ToolCall, suffix: str, moment: str = "") -> Verdict:
    """The verdict on a call as it stands; `suffix` tells the rounds of an edited call apart, `moment` when a round was
    decided once more, so that a replay takes on a level right where it was taken on.

    A call that has come to its result was decided under what counted then.
    """
    key = f"t{turn}/verdict:tool.call:{call.id}{suffix}"
    over = room.steps.record_of(ToolReturned, f"t{turn}/tool:{call.id}") is not None
    settle_autonomy(room, turn, call, suffix + moment, over=over)
    if over and (reached := room.steps.find(VerdictReached, key)) is not None:
        return reached.verdict
    question = about_call(room, call, without=f"t{turn}/tool:{call.id}")
    return room.judge(turn, key, question)


def card_of(room: Room, call: ToolCall, verdict: Verdict, reason: str) -> Card:
    """What a person is shown about a call."""
    return Card(
        call=call,
        spec=spec_of(room, call.tool),
        verdict=verdict,
        reason=reason,
        origin=room.facts.now().taint,
        provenance=args_from(room, call),
    )


def _admitted(call: ToolCall, verdict: Verdict) -> ToolCall:
    """The call with what a redact rule found masked."""
    if isinstance(verdict.payload, dict) and isinstance(verdict.payload.get("args"), dict):
        return call.model_copy(update={"arguments": verdict.payload["args"]})
    return call


async def _carry_out(reply: Reply, item: Decided) -> None:
    room, turn = reply.room, reply.turn
    await when_looked_at(room, turn, f"{item.call.id}{item.suffix}")
    item = _as_decided_now(room, turn, item, ".run")
    started = room.steps.find(ToolStarted, item.step)
    if (ended := room.steps.find(ToolReturned, item.step)) is not None:
        judge_unjudged(room, turn, item.call, ended, ran=started is not None)
        if started is None:  # it came to its result without having run
            room.facts.release(item.step)
        if _was_stopped(room, turn, item.call):  # in an earlier life, before the turn had ended for it
            raise TurnStopped("a person stopped the turn")
    elif started is not None and started.effects == "once":
        call = item.call.model_copy(update={"arguments": started.arguments})
        async with reply.asking:
            await _settle_unknown(reply, call, item)
    else:
        await _through_gate(reply, item)


async def _through_gate(reply: Reply, item: Decided) -> None:
    """Let a person who steps look at the call first: what they leave of it is asked about or made as it then is."""
    passed = await tool_gate(reply, item)
    if isinstance(passed, ToolResult):
        reply.room.facts.release(item.step)
        simulated = passed not in (SKIPPED, STOPPED_CALL)
        returned(reply.room, reply.turn, item.call, item.step, passed, simulated=simulated)
        return
    if passed is not None and passed.action == "edit":
        item = _edited(reply.room, reply.turn, item, passed.edit)
    elif passed is not None:
        item = _as_decided_now(reply.room, reply.turn, item, ".passed")
    await _put(reply, item)


def _edited(room: Room, turn: int, item: Decided, arguments: dict[str, Any]) -> Decided:
    """The call with a person's arguments: checked and decided about from scratch."""
    call = item.call.model_copy(update={"arguments": arguments, "problem": ""})
    room.facts.release(item.step)
    if problem := room.outside.tools.problem(call) or item.limit:
        return Decided(call, item.step, problem=problem)
    read_day(room, turn, call, EDITED_AT_GATE)
    verdict = decide_call(room, turn, call, EDITED_AT_GATE)
    call = _admitted(call, verdict)
    if room.steps.find(ToolStarted, item.step) is None and verdict.effect != "deny":
        room.facts.reserve(item.step, call.tool, call.arguments)
    return Decided(call, item.step, verdict, autonomy=room.facts.autonomy, suffix=EDITED_AT_GATE)


async def _put(reply: Reply, item: Decided) -> None:
    """Refuse the call, ask about it or run it, as policy has it."""
    room, turn = reply.room, reply.turn
    if item.problem or item.verdict is None:
        returned(room, turn, item.call, item.step, ToolResult(status="invalid", error=item.problem))
    elif item.verdict.effect == "deny":
        returned(room, turn, item.call, item.step, ToolResult(status="denied", error=item.verdict.why))
    elif item.verdict.blocks or _stepping(room, turn, item):
        async with reply.asking:
            call, settled = await _ask_until_settled(reply, item)
        await _obey(room, turn, call, item.step, settled)
    else:
        await _run(room, turn, item.call, item.step)


def _was_stopped(room: Room, turn: int, call: ToolCall) -> bool:
    """Whether a person answered a question about this call by stopping the turn."""
    given = (r.event for r in reversed(room.steps.log.records) if isinstance(r.event, ApprovalGiven))
    return any(one.decision == "stop" and (one.turn, one.call) == (turn, call.id) for one in given)


def _as_decided_now(room: Room, turn: int, item: Decided, moment: str) -> Decided:
    """The call under what is in force: policy and autonomy may have changed since the calls of its reply were decided."""
    if item.verdict is None:
        return item
    same_policy = item.verdict.policy_digest == room.contract.policy.digest
    same_level = item.autonomy == room.facts.autonomy and not level_changes(room, turn, item.call, item.suffix + moment)
    if same_policy and same_level:
        return item
    verdict = decide_call(room, turn, item.call, item.suffix, moment)
    if room.steps.find(ToolStarted, item.step) is None:
        room.facts.release(item.step)
        if verdict.effect != "deny":
            room.facts.reserve(item.step, item.call.tool, item.call.arguments)
    return replace(item, call=_admitted(item.call, verdict), verdict=verdict)


def _stepping(room: Room, turn: int, item: Decided) -> bool:
    """Whether a person was asked about this call before, though no rule asks (tapes and logs of before calls had a gate
    of their own), or ended the turn when this was recorded, before this call was put to them.
    """
    call, step = item.call, f"t{turn}/ask:{item.call.id}{item.suffix}"
    asked = room.steps.record_of(ApprovalRequested, step) is not None
    held = room.steps.holds(ApprovalGiven, step) or room.steps.holds(ToolReturned, f"t{turn}/tool:{call.id}")
    again = room.steps.must_ask(f"t{turn}/tool:{call.id}", call)
    return asked or held or again or waited_in_vain(room, turn, call)


async def _ask_until_settled(among: Reply, item: Decided) -> tuple[ToolCall, ApprovalReply | ToolResult]:
    """Ask, and ask again after each edit: an edited call is decided from scratch and confirmed once more.

    Returns the call as it was settled, with the person's last answer, or with the result that ends it unasked.
    """
    room, turn = among.room, among.turn
    ended = among.over
    if ended:  # as at a gate: nothing is decided any more about a call that a person ended with the turn
        await when_returned(room, item.step)
        return item.call, ToolResult(status="denied", error=STOPPED)
    await when_asked(room, f"t{turn}/ask:{item.call.id}{item.suffix}")
    now = _as_decided_now(room, turn, item, ".ask")  # the questions before this one may have taken long
    call, verdict, decided_anew, edits = now.call, now.verdict, now is not item, 0
    assert verdict is not None  # only what was decided is asked about
    while True:
        if among.over:
            return call, ToolResult(status="denied", error=STOPPED)
        if verdict.effect == "deny":
            return call, ToolResult(status="denied", error=verdict.why)
        again = room.steps.must_ask(item.step, call)
        suffix = f".{edits}" if edits else item.suffix
        held = room.steps.holds(ApprovalGiven, f"t{turn}/ask:{call.id}{suffix}")
        unasked = decided_anew or waited_in_vain(room, turn, call)
        if unasked and not (verdict.blocks or edits or again or held):
            return call, ApprovalReply(decision="allow")  # nobody needs to be asked any more
        reason = "" if verdict.blocks else (EDITED if suffix else "stepping")
        card = card_of(room, call, verdict, reason)
        reply = await ask(room, turn, f"{call.id}{suffix}", card, confirming=bool(suffix))
        if isinstance(reply, Void):
            verdict, decided_anew = decide_call(room, turn, call, suffix), True
            call = _admitted(call, verdict)
            continue
        if reply.decision != "edit":
            return call, reply
        edits += 1
        call = call.model_copy(update={"arguments": reply.arguments or {}})
        if problem := room.outside.tools.problem(call):
            return call, ToolResult(status="invalid", error=problem)
        read_day(room, turn, call, f".{edits}")
        verdict = decide_call(room, turn, call, f".{edits}")
        call = _admitted(call, verdict)
        if verdict.effect != "deny":
            room.facts.reserve(item.step, call.tool, call.arguments)


async def _obey(room: Room, turn: int, call: ToolCall, step: str, reply: ApprovalReply | ToolResult) -> None:
    if isinstance(reply, ToolResult):
        room.facts.release(step)
        returned(room, turn, call, step, reply)
        return
    match reply.decision:
        case "allow":
            await _run(room, turn, call, step)
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


async def _settle_unknown(among: Reply, call: ToolCall, item: Decided) -> None:
    """A call that may or may not have happened: a person says what is true, or has it run once more if policy lets it."""
    room, turn = among.room, among.turn
    starts = sum(isinstance(r.event, ToolStarted) and r.event.step == item.step for r in room.steps.log.records)
    suffix = f".{starts}.unknown" if starts > 1 else ".unknown"  # leave to repeat is good for one repetition
    verdict = decide_call(room, turn, call, suffix)
    unknown = ToolResult(status="unknown", error=UNKNOWN_OUTCOME)
    if among.over:
        returned(room, turn, call, item.step, unknown)
        return
    reply: ApprovalReply | Void = Void()
    while isinstance(reply, Void):
        reply = await ask(room, turn, f"{call.id}{suffix}", card_of(room, call, verdict, UNKNOWN_OUTCOME))
        verdict = decide_call(room, turn, call, suffix, ".now")
    match reply.decision:
        case "allow" if not item.problem and verdict.effect != "deny":
            await _run(room, turn, call, item.step, again=True)
        case "simulate":
            returned(room, turn, call, item.step, ToolResult(status="done", output=reply.result), simulated=True)
        case "stop":
            returned(room, turn, call, item.step, unknown)
            raise TurnStopped("a person stopped the turn")
        case _:
            returned(room, turn, call, item.step, unknown)


async def _run(room: Room, turn: int, call: ToolCall, step: str, *, again: bool = False) -> None:
    must_go_on(room, turn)
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
    await when_returned(room, step)
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
    if stop_of(room, step, call.tool) is None and not room.steps.holds(ApprovalGiven, f"t{turn}/ask:{asked}"):
        return None
    verdict = decide_call(room, turn, call, ".stop")
    reply = await ask(room, turn, asked, card_of(room, call, verdict, STOPPED_TOOL))
    return reply.reason if isinstance(reply, ApprovalReply) and reply.decision != "allow" else STOPPED_TOOL


def _overspent(room: Room, turn: int, call: ToolCall) -> str | None:
    """Why the call may not run after all, because another session spent meanwhile: a limit, or a rule nobody was asked for."""
    if not read_day(room, turn, call, ".start"):
        return None
    verdict = decide_call(room, turn, call, ".start")
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
