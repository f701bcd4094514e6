"""When a call went its way, in a replay of a session in which something else came to govern meanwhile.

Invariant: outside a replay nothing here waits.
"""

from __future__ import annotations

from collections.abc import Sequence

from greenroom.core.events import ToolReturned, VerdictReached
from greenroom.engine.room import Room


async def when_decided(room: Room, turn: int, calls: Sequence[str]) -> None:
    """Wait for what came to govern before the calls of a reply were decided."""
    governed = room.steps.governed
    while governed is not None and governed.before_deciding(turn, calls):
        await governed.next()
    await _until_decided(room, turn, calls)


async def when_looked_at(room: Room, turn: int, key: str, beside: Sequence[str]) -> None:
    """Wait for what came to govern after the calls of a reply were decided, this one and others, and before they went their
    way.
    """
    governed = room.steps.governed
    while governed is not None and governed.before_going(turn, key, beside):
        await governed.next()
    await _until_decided(room, turn, [key])


async def when_asked(room: Room, step: str) -> None:
    """Wait for what came to govern before a call's question was put that then was not about it any more, or still was; and
    for what came after that, where it was asked about without having been decided anew.
    """
    governed = room.steps.governed
    while governed is not None and governed.before_asking(step):
        await governed.next()
    await room.until_decided(step.replace("/ask:", "/verdict:tool.call:"))


async def when_returned(room: Room, step: str) -> None:
    """Wait for what came to govern while a tool ran."""
    while await room.steps.moment(ToolReturned, step):
        pass


async def when_judged(room: Room, turn: int, call: str) -> None:
    """Wait for what came to govern before a result was judged that a crash had cut off from its verdict."""
    while await room.steps.moment(VerdictReached, f"t{turn}/verdict:tool.result:{call}"):
        pass


async def _until_decided(room: Room, turn: int, calls: Sequence[str]) -> None:
    """See `Steps.until_decided`; a call that has come to its result is decided no more."""
    open_ = [call for call in calls if room.steps.record_of(ToolReturned, f"t{turn}/tool:{call}") is None]
    await room.until_decided(*(f"t{turn}/verdict:tool.call:{call}" for call in open_))
