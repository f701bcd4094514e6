"""Which value a mask of a log stands for, where the log has the value too: a memory is judged after the words it is of.

Invariant: only what a detector finds in the words is taken for a value, and nothing where words and mask do not fit.
"""

from __future__ import annotations

from collections.abc import Iterable

from greenroom.core.events import MemoriesProposed, Record
from greenroom.core.signals import Signal
from greenroom.detectors.find import find
from greenroom.detectors.masks import Masks
from greenroom.detectors.own import MASK, NONE, OwnDetectors
from greenroom.engine.bus import Bus
from greenroom.engine.replay.lives import judging, words_judged
from greenroom.policy.decide import RulePolicy
from greenroom.policy.port import Policy


def heed(bus: Bus, masks: Masks) -> None:
    """Never give out a number from here on that a session has come to show: a memory of another may have masks in it."""

    def told(item: Record | Signal) -> None:
        if isinstance(item, Record):
            masks.reserve_all(event.model_dump_json() for event in (item.event,))

    bus.subscribe(told)


def learn(records: Iterable[Record], masks: Masks, policy: Policy) -> None:
    """Have `masks` give these values the masks that the log has for them; the first, if it has several."""
    own = policy.detectors if isinstance(policy, RulePolicy) else NONE
    proposed: dict[str, str] = {}
    for record in records:
        event = record.event
        if isinstance(event, MemoriesProposed):
            proposed |= {judging(event.turn, memory): memory.text for memory in event.memories}
        elif event.step in proposed:
            for masked in words_judged(record):
                for mask, value in values_of(proposed[event.step], masked, own):
                    masks.learn(value, mask)


def values_of(text: str, masked: str, own: OwnDetectors) -> list[tuple[str, str]]:
    """Each mask of a text with the value that it took the place of."""
    if text == masked:
        return []
    ends: dict[int, list[int]] = {}
    for one in find({"text": text}, own):
        ends.setdefault(one.start, []).append(one.end)
    found: list[tuple[str, str]] = []
    pieces = MASK.split(masked)
    marks = MASK.findall(masked)
    here = 0
    for place, piece in enumerate(pieces):
        if place:
            end = _end(text, here, marks[place - 1], ends, piece, last=place == len(marks))
            if end is None:
                return []
            if text[here:end] != marks[place - 1]:
                found.append((marks[place - 1], text[here:end]))
            here = end
        if not text.startswith(piece, here):
            return []
        here += len(piece)
    return found if here == len(text) else []


def _end(text: str, here: int, mark: str, ends: dict[int, list[int]], piece: str, *, last: bool) -> int | None:
    """Where what a mask stands for ends in the text; None if nothing there fits what follows."""
    own = [here + len(mark)] if text.startswith(mark, here) else []
    for end in own + sorted(ends.get(here, ()), reverse=True):
        if text.startswith(piece, end) and (not last or end + len(piece) == len(text)):
            return end
    return None
