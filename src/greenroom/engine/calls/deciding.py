"""The verdict on a tool call: when its reply came, when a person changed it, and once more when something else counts.

Invariant: what a call may cost is set aside as soon as it is decided that it may run, so that those beside it cannot
spend it too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from greenroom.core.events import ToolReturned, ToolStarted, VerdictReached
from greenroom.core.values import Card, ToolCall, Verdict
from greenroom.engine.calls.decided import Decided
from greenroom.engine.calls.spending import read_day
from greenroom.engine.gates.stepping import EDITED_AT_GATE
from greenroom.engine.looks import FIRST
from greenroom.engine.room import Room, about_call, args_from, spec_of
from greenroom.engine.standing import level_changes, settle_autonomy

STARTING = ".start"
"""The suffix of a verdict right before a call starts: whoever comes to start it in a later life decides anew."""


def decide(room: Room, turn: int, call: ToolCall, over_limit: str) -> Decided:
    step = f"t{turn}/tool:{call.id}"
    problem = call.problem or room.outside.tools.problem(call)
    if room.contract.spec(call.tool) is None:
        problem = problem or f"there is no tool named {call.tool}"
    problem = problem or over_limit
    if problem:
        return Decided(call, step, problem=problem, limit=over_limit)
    read_day(room, turn, call)
    verdict = decide_call(room, turn, call, suffix="")
    started = room.steps.find(ToolStarted, step) is not None  # what ran counts, denied by now or not
    if not started and verdict.effect != "deny" and room.steps.record_of(ToolReturned, step) is None:
        room.facts.reserve(step, call.tool, call.arguments)
    return Decided(admitted(call, verdict), step, verdict, autonomy=room.facts.autonomy)


def decide_call(room: Room, turn: int, call: ToolCall, suffix: str, look: str = FIRST) -> Verdict:
    """The verdict on a call as it stands; `suffix` tells the rounds of an edited call apart, `look` when a round is decided
    once more, so that a replay does it, and takes on a level, right where that was done.

    A call that has come to its result was decided under what counted then.
    """
    key = verdict_step(turn, call.id, suffix)
    over = room.steps.record_of(ToolReturned, f"t{turn}/tool:{call.id}") is not None
    settle_autonomy(room, turn, call, suffix, look, over=over)
    if over and (reached := room.steps.find(VerdictReached, key)) is not None:
        return reached.verdict
    question = about_call(room, call, without=f"t{turn}/tool:{call.id}")
    return room.judge(turn, key, question, again=suffix == STARTING, look=look)


def verdict_step(turn: int, call: str, suffix: str = "") -> str:
    """The step at which a round of a call is decided."""
    return f"t{turn}/verdict:tool.call:{call}{suffix}"


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


def admitted(call: ToolCall, verdict: Verdict) -> ToolCall:
    """The call with what a redact rule found masked."""
    if isinstance(verdict.payload, dict) and isinstance(verdict.payload.get("args"), dict):
        return call.model_copy(update={"arguments": verdict.payload["args"]})
    return call


def edited(room: Room, turn: int, item: Decided, arguments: dict[str, Any]) -> Decided:
    """The call with a person's arguments: checked and decided about from scratch."""
    call = item.call.model_copy(update={"arguments": arguments, "problem": ""})
    room.facts.release(item.step)
    if problem := room.outside.tools.problem(call) or item.limit:
        return Decided(call, item.step, problem=problem)
    read_day(room, turn, call, EDITED_AT_GATE)
    verdict = decide_call(room, turn, call, EDITED_AT_GATE)
    call = admitted(call, verdict)
    if room.steps.find(ToolStarted, item.step) is None and verdict.effect != "deny":
        room.facts.reserve(item.step, call.tool, call.arguments)
    return Decided(call, item.step, verdict, autonomy=room.facts.autonomy, suffix=EDITED_AT_GATE)


def as_decided_now(room: Room, turn: int, item: Decided, look: str) -> Decided:
    """The call under what is in force: policy and autonomy may have changed since the calls of its reply were decided."""
    if item.verdict is None:
        return item
    if level_changes(room, turn, item.call, item.suffix, look) or _others_count(room, turn, item, item.verdict, look):
        return _anew(room, turn, item, look)
    return item


def _others_count(room: Room, turn: int, item: Decided, verdict: Verdict, look: str) -> bool:
    """Whether another policy or level counts than when a call was first decided; of the policy, a replay of a log asks that."""
    if item.autonomy != room.facts.autonomy:
        return True
    if room.steps.governed is not None:
        return room.steps.governed.reaches(verdict_step(turn, item.call.id, item.suffix), look)
    return verdict.policy_digest != room.contract.policy.digest


def _anew(room: Room, turn: int, item: Decided, look: str) -> Decided:
    verdict = decide_call(room, turn, item.call, item.suffix, look)
    if room.steps.find(ToolStarted, item.step) is None:
        room.facts.release(item.step)
        if verdict.effect != "deny":
            room.facts.reserve(item.step, item.call.tool, item.call.arguments)
    return replace(item, call=admitted(item.call, verdict), verdict=verdict)
