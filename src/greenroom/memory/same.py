"""When two memories are about the same thing: what a write replaces, decided once for store and double. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from greenroom.core.values import Memory

_WORD = re.compile(r"\w+")
_NEARLY = 0.8


def session_of(memory: Memory) -> str:
    """The session a memory's words came from, by its record `session:seq`."""
    return memory.record.rpartition(":")[0]


def replaced(new: Memory, standing: Iterable[Memory]) -> Memory | None:
    """Which standing memory of the same segment and subject `new` takes the place of, if any.

    The one with the same key; where keys say nothing, one that says nearly the same.
    """
    others = [old for old in standing if old.id != new.id]
    if new.key and (same := next((old for old in others if old.key == new.key), None)):
        return same
    return next((old for old in others if _compatible(old.key, new.key) and _nearly(old.text, new.text)), None)


def merged(new: Memory, old: Memory | None) -> Memory:
    """`new` with what saying it twice adds: the higher confidence, and a key if only the old one had it."""
    if old is None or not _nearly(old.text, new.text):
        return new
    return new.model_copy(update={"confidence": max(new.confidence, old.confidence), "key": new.key or old.key})


def _compatible(one: str, other: str) -> bool:
    return not one or not other or one == other


def _nearly(one: str, other: str) -> bool:
    """Whether four of five words are common; a differing number is never nearly the same."""
    left, right = set(_WORD.findall(one.lower())), set(_WORD.findall(other.lower()))
    if any(any(map(str.isdigit, word)) for word in left ^ right):
        return False
    return len(left & right) >= _NEARLY * max(len(left | right), 1)
