"""What was remembered for each turn, what it would have liked to keep, and what was kept."""

from __future__ import annotations

from dataclasses import dataclass, replace

from greenroom.core.events import (
    ContextSelected,
    GatePassed,
    MemoriesProposed,
    MemoriesRecalled,
    MemoryForgotten,
    MemoryWritten,
    Record,
    TurnStarted,
    VerdictReached,
)
from greenroom.core.values import Memory
from greenroom.views.fold import Turns, by_turn
from greenroom.views.prompt.edited import DROPPED, SKIPPED, edited_items, in_place


@dataclass(frozen=True, slots=True)
class Remembered:
    """A memory and what became of it in this turn: recalled, left out, proposed, kept, refused or forgotten."""

    memory: Memory
    fate: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class MemoryTurn:
    """A turn's memories: recalled ones first, then proposed ones."""

    turn: int
    recalled: tuple[Remembered, ...] = ()
    proposed: tuple[Remembered, ...] = ()


MemoryView = Turns[MemoryTurn]
EMPTY: MemoryView = Turns()


def _start(record: Record, event: TurnStarted) -> MemoryTurn:
    return MemoryTurn(event.turn)


def _grow(state: MemoryTurn, record: Record) -> MemoryTurn:
    match record.event:
        case MemoriesRecalled(memories=memories):
            return replace(state, recalled=tuple(Remembered(m, "recalled") for m in memories))
        case GatePassed(gate="recall") as passed:
            return replace(state, recalled=_edited(state.recalled, passed))
        case GatePassed(gate="remember") as passed:
            return replace(state, proposed=_left_out(_edited(state.proposed, passed), passed))
        case ContextSelected(dropped=dropped):
            return replace(state, recalled=tuple(_dropped(r, dropped) for r in state.recalled))
        case MemoriesProposed(memories=memories):
            return replace(state, proposed=tuple(Remembered(m, "proposed") for m in memories))
        case VerdictReached(hook="memory.write", effect="deny", subject=subject, verdict=verdict):
            return replace(state, proposed=_fated(state.proposed, subject, "refused", verdict.why))
        case MemoryWritten(memory_id=memory_id, superseded=superseded):
            why = f"in place of {superseded}" if superseded else ""
            return replace(state, proposed=_fated(state.proposed, memory_id, "kept", why))
        case MemoryForgotten(memory_id=memory_id):
            recalled = _fated(state.recalled, memory_id, "forgotten", "")
            return replace(state, recalled=recalled, proposed=_fated(state.proposed, memory_id, "forgotten", ""))
        case _:
            return state


def _edited(items: tuple[Remembered, ...], passed: GatePassed) -> tuple[Remembered, ...]:
    memories = in_place([item.memory for item in items], passed)
    return tuple(replace(item, memory=memory) for item, memory in zip(items, memories, strict=True))


def _left_out(items: tuple[Remembered, ...], passed: GatePassed) -> tuple[Remembered, ...]:
    """What a person did not let be kept."""
    if passed.action not in ("edit", "skip"):
        return items
    kept = {one.id for one in edited_items([item.memory for item in items], passed.edit, passed.by)}
    why = SKIPPED if passed.action == "skip" else DROPPED
    return tuple(item if item.memory.id in kept else replace(item, fate="left out", why=why) for item in items)


def _dropped(item: Remembered, dropped: dict[str, str]) -> Remembered:
    why = dropped.get(item.memory.id)
    return replace(item, fate="left out", why=why) if why else item


def _fated(items: tuple[Remembered, ...], memory_id: str, fate: str, why: str) -> tuple[Remembered, ...]:
    return tuple(replace(i, fate=fate, why=why) if i.memory.id == memory_id else i for i in items)


fold = by_turn(
    _start,
    _grow,
    ContextSelected,
    GatePassed,
    MemoriesProposed,
    MemoriesRecalled,
    MemoryForgotten,
    MemoryWritten,
    VerdictReached,
)
