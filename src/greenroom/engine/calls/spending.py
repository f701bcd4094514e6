"""What all sessions of a workspace may spend in a day: read when a call is decided, and once more right before it runs.

Invariant: two sessions that are open at once cannot pass a day's limit together, and a replay sees the sums that counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from greenroom.core.clock import stamp
from greenroom.core.events import DaySumsRead, ToolReturned
from greenroom.core.values import ToolCall
from greenroom.engine.room import Room


def read_day(room: Room, turn: int, call: ToolCall, suffix: str = "") -> bool:
    """Have the facts know what other sessions spent today, if the call adds to a day's sum.

    Returns whether that is something else than was known before. What counted for a call that has come to its result
    is what the log says, whatever was spent since.
    """
    if not spends(room, call):
        return False
    step = f"t{turn}/day:{call.id}{suffix}"
    known = room.facts.day
    room.steps.find(DaySumsRead, step)
    if room.steps.replaying:
        room.steps.recorded(DaySumsRead, step)
        return room.facts.day != known
    if room.steps.record_of(ToolReturned, f"t{turn}/tool:{call.id}") is None:
        day = stamp(room.outside.clock.now())[:10]
        sums = {key: repr(amount) for key, amount in sorted(room.outside.day.sums(day).items())}
        if room.facts.day != (day, sums):
            room.steps.note(DaySumsRead(step=step, turn=turn, day=day, sums=sums))
    return room.facts.day != known


def spends(room: Room, call: ToolCall) -> bool:
    """Whether the call adds to a sum that is limited by the day."""
    return any(key.endswith(":day") for key in room.contract.policy.reserves(call.tool, call.arguments))


@contextmanager
def turn_to_spend(room: Room, call: ToolCall) -> Iterator[None]:
    """Held from the last look at the sums until the call's start is on disk."""
    if room.steps.replaying or not spends(room, call):
        yield
        return
    with room.outside.day.turn_to_spend():
        yield
