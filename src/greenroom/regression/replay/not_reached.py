"""What a life of a turn that was cut off did not come to, of that of which a tape does not say in which life it happened.

Invariant: only what the tape of the turn would have otherwise, had this life come to it, is taken as not reached.
"""

from __future__ import annotations

from collections.abc import Callable

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    AutonomyChanged,
    ContextSelected,
    DaySumsRead,
    Event,
    GatePassed,
    GatePaused,
    MemoriesProposed,
    ReplyGenerated,
    ReplyReleased,
    VerdictReached,
)
from greenroom.engine.gates.stepping import EDITED_AT_GATE
from greenroom.engine.looks import PASSED, RUN, place_of
from greenroom.engine.replay.lives import turn_of
from greenroom.regression.replay.world import World

_LET_IN = frozenset({"input", "memory.read", "retrieval"})
"""The hooks of what a turn lets in before it asks a model anything."""

_PEOPLE = frozenset({ApprovalRequested, ApprovalGiven})
_READ = frozenset({AutonomyChanged, DaySumsRead})
_FIRST = frozenset({"", EDITED_AT_GATE})
"""How a call is decided about before it is its turn to be asked about."""


def not_reached(world: World, kind: type[Event], step: str) -> bool:
    """Whether a life that was cut off did not come to this."""
    return kind in _NEVER and _NEVER[kind](world, step)


def came_behind(world: World, step: str) -> bool:
    """Whether the life that the replay is in came to the call of a step, behind a question about another at which it was cut
    off: something happened to it that happens to no call before its own turn to be asked about.
    """
    call = _call_of(step).partition(".")[0]
    here = ((kind, _call_of(at)) for kind, at in world.lives.all_here(turn_of(step)))
    return any(of.partition(".")[0] == call and not _before_its_turn(kind, of.removeprefix(call)) for kind, of in here)


def _before_its_turn(kind: type[Event], suffix: str) -> bool:
    waits = kind is GatePassed or kind is GatePaused
    return waits or (kind in _READ and suffix.removesuffix(place_of(RUN)).removesuffix(place_of(PASSED)) in _FIRST)


def _call_of(step: str) -> str:
    """`c2.1` for `t1/ask:c2.1`."""
    return step.rpartition(":")[2]


def _unsaid(world: World, step: str) -> bool:
    """Whether something still came in a later life of what comes before a turn says anything."""
    later = (at for _, at in world.lives.later(turn_of(step)))
    return any("/ask:memory.write" not in at and "/gate:remember" not in at for at in later)


def _undecided(world: World, step: str) -> bool:
    """Whether the tape tells nothing of this life: whatever has a call decided otherwise than before would be told."""
    if "/verdict:tool.call:" not in step:
        return _unjudged(world, step)
    return next(world.lives.all_here(turn_of(step)), None) is None


def _unjudged(world: World, step: str) -> bool:
    """Whether words were never judged: a later life asked again for an answer that was there, and nothing came after that."""
    if _told(world, step):
        return False
    lives, turn = world.lives, turn_of(step)
    again = (at for kind, at in lives.later(turn) if kind is ApprovalRequested)
    if not any(lives.so_far(ApprovalGiven, at) for at in again):
        return False
    return not any(kind in _PEOPLE and lives.anew(kind, at) for kind, at in lives.all_here(turn))


def _told(world: World, step: str) -> bool:
    """Whether the tape tells of this verdict; of one about a memory, whose name may be another in a replay, whether it tells
    of any memory of the turn that was judged in that round of edits, or kept.
    """
    turn, _, of = step.partition("/verdict:memory.write:")
    if not of:
        return (VerdictReached, step) in world.lines
    judged = (at.partition(f"{turn}/verdict:memory.write:")[2] for kind, at in world.lines if kind is VerdictReached)
    kept = any(written == turn_of(step) for written, _, _ in world.writes)
    return (kept and not _round(of)) or any(_round(other) == _round(of) for other in judged if other)


def _round(of: str) -> str:
    """The number of edits before it: 1 for `m2.1`."""
    edits = of.rpartition(".")[2]
    return edits if edits.isdigit() else ""


def _unproposed(world: World, step: str) -> bool:
    """Whether a turn came to propose nothing: what it would have is not to take the name of what another proposed."""
    return step not in world.proposed_at and not _at_gate(world, f"t{turn_of(step)}/gate:remember")


def _unchosen(world: World, step: str) -> bool:
    """Whether a turn was ended before it let anything in, or asked again whether it may: what it would have is not to taint
    what comes after it.
    """
    turn = turn_of(step)
    later = (at.partition("/ask:")[2] for kind, at in world.lives.later(turn) if kind is ApprovalRequested)
    if any(asked.partition(":")[0] in _LET_IN for asked in later):
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
    VerdictReached: _undecided,
}
