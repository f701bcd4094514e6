"""Which value a mask of a log stands for, where the log has the value too: a memory is judged after the words it is of, and
a call maybe when a rule has come to mask what it let be when the model asked for it.

Invariant: only what a detector finds in the words is taken for a value, and nothing where words and mask do not fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from greenroom.core.events import MemoriesProposed, Record, VerdictReached
from greenroom.core.signals import Signal
from greenroom.core.values import Json
from greenroom.detectors.find import find
from greenroom.detectors.masks import Masks
from greenroom.detectors.own import MASK, NONE, OwnDetectors
from greenroom.detectors.walk import walk
from greenroom.engine.bus import Bus
from greenroom.engine.calls.deciding import verdict_step
from greenroom.engine.calls.rounds import arguments_by_round
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
    for text, masked in _masked_later(records):
        for mask, value in values_of(text, masked, own):
            masks.learn(value, mask)


def _masked_later(records: Iterable[Record]) -> Iterator[tuple[str, str]]:
    """Words of a log that a later verdict masked, and what it made of them."""
    proposed: dict[str, str] = {}
    asked: dict[str, Json] = {}
    for record in records:
        event = record.event
        if isinstance(event, MemoriesProposed):
            proposed |= {judging(event.turn, memory): memory.text for memory in event.memories}
        elif isinstance(event, VerdictReached) and event.verdict.payload is not None:
            if event.step in proposed:
                yield from ((proposed[event.step], masked) for masked in words_judged(record))
            elif event.step in asked and isinstance(event.verdict.payload, dict):
                yield from _side_by_side(asked[event.step], event.verdict.payload.get("args"))
        else:
            brought = arguments_by_round(record)
            asked |= {verdict_step(turn, called): arguments for (turn, called), arguments in brought.items()}


def _side_by_side(one: Json, other: Json) -> Iterator[tuple[str, str]]:
    """The texts that stand at the same place in both."""
    beside = dict(walk(other).strings)
    return ((text, beside[path]) for path, text in walk(one).strings if path in beside)


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
