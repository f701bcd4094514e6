"""When a call went its way, in a replay of a session in which something else came to govern meanwhile.

Invariant: outside a replay nothing here waits.
"""

from __future__ import annotations

from collections.abc import Sequence

from greenroom.core.events import ToolReturned
from greenroom.engine.room import Room


async def when_decided(room: Room, turn: int, calls: Sequence[str]) -> None:
    """Wait for what came to govern before the calls of a reply were decided."""
    governed = room.steps.governed
    while governed is not None and governed.before_deciding(turn, calls):
        await governed.next()


async def when_looked_at(room: Room, turn: int, key: str, beside: Sequence[str]) -> None:
    """Wait for what came to govern after the calls of a reply were decided, this one and others, and before they went their
    way.
    """
    governed = room.steps.governed
    while governed is not None and governed.before_going(turn, key, beside):
        await governed.next()


async def when_asked(room: Room, step: str) -> None:
    """Wait for what came to govern before a call's question was put that then was not about it any more, or still was."""
    governed = room.steps.governed
    while governed is not None and governed.before_asking(step):
        await governed.next()


async def when_returned(room: Room, step: str) -> None:
    """Wait for what came to govern while a tool ran."""
    while await room.steps.moment(ToolReturned, step):
        pass
