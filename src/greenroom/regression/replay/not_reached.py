"""What a life of a turn that was cut off did not come to, of that of which a tape does not say in which life it happened.

Invariant: only what the whole tape of a turn cannot have, had it come to it, is taken as never reached.
"""

from __future__ import annotations

from collections.abc import Callable

from greenroom.core.events import (
    ApprovalGiven,
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


def not_reached(world: World, kind: type[Event], step: str) -> bool:
    """Whether a life that was cut off did not come to this."""
    return kind in _NEVER and _NEVER[kind](world, step)


def _unsaid(world: World, step: str) -> bool:
    """Whether a person ended the turn when asked once more about words that an earlier life had let pass or refused, and
    nothing was said for that: what there was to remember was proposed only once something had been.
    """
    turn = turn_of(step)
    asked = ("output", "output.1", "input", f"prompt:{_unanswered(world, turn)}")
    answers = [world.lives.latest(ApprovalGiven, f"t{turn}/ask:{key}") for key in asked]
    stopped = any(isinstance(one[1], ApprovalGiven) and one[1].decision == "stop" for one in answers if one)
    said = (ReplyReleased, step) in world.lines or f"t{turn}/propose" in world.proposed_at
    return stopped and not said


def _unproposed(world: World, step: str) -> bool:
    """Whether a turn came to propose nothing: what it would have is not to take the name of what another proposed."""
    return step not in world.proposed_at and not _at_gate(world, f"t{turn_of(step)}/gate:remember")


def _unchosen(world: World, step: str) -> bool:
    """Whether a turn was ended before it let anything in: what it would have is not to taint what comes after it."""
    turn = turn_of(step)
    asked = (ReplyGenerated, f"t{turn}/generate:1") in world.events or _at_gate(world, f"t{turn}/gate:prompt:1")
    return not asked and (ContextSelected, step) not in world.lines


def _unanswered(world: World, turn: int) -> int:
    """The number of the model call that a turn has no reply to."""
    number = 1
    while (ReplyGenerated, f"t{turn}/generate:{number}") in world.events:
        number += 1
    return number


def _at_gate(world: World, step: str) -> bool:
    """Whether the turn came to a gate, passed it or not."""
    return (GatePassed, step) in world.events or world.lives.latest(GatePaused, step) is not None


_NEVER: dict[type[Event], Callable[[World, str], bool]] = {
    ContextSelected: _unchosen,
    MemoriesProposed: _unproposed,
    ReplyReleased: _unsaid,
}
