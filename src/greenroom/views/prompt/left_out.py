"""What a turn's prompt does not hold though it was there: passages, memories and earlier turns, each with why.

Invariant: whatever was found for the turn is either in the prompt or here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from greenroom.views.prompt.transcript import HISTORY_TURNS, TranscriptTurn
from greenroom.views.turns.memory import MemoryTurn
from greenroom.views.turns.retrieval import RetrievalTurn

_BY_BUDGET = ("budget", "count")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One thing that is not in the prompt. `fits` is False where only the room for it was missing."""

    kind: Literal["passage", "memory", "turn"]
    name: str
    why: str
    text: str = ""
    fits: bool = True


def left_out(
    earlier: Sequence[TranscriptTurn], found: RetrievalTurn | None, remembered: MemoryTurn | None
) -> tuple[LeftOut, ...]:
    """What was left out of a turn with these turns before it; first what there was no room for."""
    all_of_it = [*_turns(earlier), *_memories(remembered), *_passages(found)]
    return tuple(sorted(all_of_it, key=lambda one: one.fits))


def _turns(earlier: Sequence[TranscriptTurn]) -> list[LeftOut]:
    cut = max(len(earlier) - HISTORY_TURNS, 0)
    found = []
    for number, turn in enumerate(earlier, 1):
        if number <= cut and turn.past:
            why = f"budget: only the last {HISTORY_TURNS} turns are told"
            found.append(LeftOut("turn", f"turn {number}", why, turn.words, fits=False))
        elif not turn.past:
            found.append(LeftOut("turn", f"turn {number}", _why_untold(turn), turn.words))
    return found


def _why_untold(turn: TranscriptTurn) -> str:
    if turn.abandoned:
        return "it was given up"
    return "nothing came of it" if turn.taken_in else "its words were not let in"


def _memories(remembered: MemoryTurn | None) -> list[LeftOut]:
    items = remembered.recalled if remembered else ()
    return [LeftOut("memory", one.memory.id, one.why, one.memory.text) for one in items if one.fate == "left out"]


def _passages(found: RetrievalTurn | None) -> list[LeftOut]:
    hits = found.hits if found else ()
    return [
        LeftOut(
            "passage",
            hit.passage.label,
            hit.reason,
            hit.passage.text,
            fits=hit.reason.partition(":")[0] not in _BY_BUDGET,
        )
        for hit in hits
        if hit.reason
    ]
