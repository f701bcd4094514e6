"""What a life of a turn that was cut off did not come to, of that of which a tape does not say in which life it happened.

Invariant: only what the whole tape of a turn cannot have, had it come to it, is taken as never reached.
"""

from __future__ import annotations

from collections.abc import Callable

from greenroom.core.events import (
    ApprovalRequested,
    ContextSelected,
    Event,
    GatePassed,
    GatePaused,
    MemoriesProposed,
    ReplyGenerated,
    ReplyReleased,
)
from greenroom.engine.replay.lives import turn_of
from greenroom.regression.replay.world import World

_LET_IN = frozenset({"input", "memory.read", "retrieval"})
"""The hooks of what a turn lets in before it asks a model anything."""


def not_reached(world: World, kind: type[Event], step: str) -> bool:
    """Whether a life that was cut off did not come to this."""
    return kind in _NEVER and _NEVER[kind](world, step)


def _unsaid(world: World, step: str) -> bool:
    """Whether something still came in a later life of what comes before a turn says anything."""
    return world.lives.later(
        turn_of(step), lambda kind, at: "/ask:memory.write" not in at and "/gate:remember" not in at
    )


def _unproposed(world: World, step: str) -> bool:
    """Whether a turn came to propose nothing: what it would have is not to take the name of what another proposed."""
    return step not in world.proposed_at and not _at_gate(world, f"t{turn_of(step)}/gate:remember")


def _unchosen(world: World, step: str) -> bool:
    """Whether a turn was ended before it let anything in, or asked again whether it may: what it would have is not to taint
    what comes after it.
    """
    turn = turn_of(step)
    if world.lives.later(
        turn, lambda kind, at: kind is ApprovalRequested and at.partition("/ask:")[2].partition(":")[0] in _LET_IN
    ):
        return True
    asked = (ReplyGenerated, f"t{turn}/generate:1") in world.events or _at_gate(world, f"t{turn}/gate:prompt:1")
    return not asked and (ContextSelected, step) not in world.lines


def _at_gate(world: World, step: str) -> bool:
    """Whether the turn came to a gate, passed it or not."""
    return (GatePassed, step) in world.events or world.lives.latest(GatePaused, step) is not None


_NEVER: dict[type[Event], Callable[[World, str], bool]] = {
    ContextSelected: _unchosen,
    MemoriesProposed: _unproposed,
    ReplyReleased: _unsaid,
}
