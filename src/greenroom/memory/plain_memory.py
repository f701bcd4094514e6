"""Memory in this process alone, for tests and replays: the same answers as the store's, gone when it goes.

Invariant: keeps to the same rules of place, replacement and expiry as `StoreMemory`; only relevance is plainer.
"""

from __future__ import annotations

from collections.abc import Sequence

from greenroom.core.clock import Clock, stamp
from greenroom.core.values import Memory
from greenroom.memory.port import MemoryQuery
from greenroom.memory.same import merged, replaced, session_of


class PlainMemory:
    """Memories in a dictionary. Without a clock nothing expires."""

    def __init__(self, memories: Sequence[Memory] = (), clock: Clock | None = None) -> None:
        self._memories = {memory.id: memory for memory in memories}
        self._successors: dict[str, str] = {}
        self._clock = clock

    async def recall(self, query: MemoryQuery) -> tuple[Memory, ...]:
        """Memories that share words with the query first, then the rest, newest first."""
        words = set(query.text.lower().split())
        found = [m for m in reversed(self._memories.values()) if self._concerns(m, query)]
        shared = {m.id: len(words & set(f"{m.key} {m.text}".lower().split())) for m in found}
        top = max(shared.values(), default=0)
        scored = [m.model_copy(update={"score": round(shared[m.id] / top, 4) if top else 0.0}) for m in found]
        return tuple(sorted(scored, key=lambda m: -(m.score or 0.0))[: query.limit])

    async def write(self, memory: Memory) -> str:
        """Keep it; returns the id of the memory it superseded, or ''. Writing the same id twice changes nothing."""
        if memory.id in self._memories:
            return next((old for old, new in self._successors.items() if new == memory.id), "")
        old = replaced(memory, [m for m in reversed(self._memories.values()) if self._same_place(m, memory)])
        self._memories[memory.id] = merged(memory, old)
        if old is None:
            return ""
        self._successors[old.id] = memory.id
        return old.id

    async def forget(self, memory_id: str) -> bool:
        """Remove it and all it superseded. False when there was none."""
        if memory_id not in self._memories:
            return False
        for old in [old for old, new in self._successors.items() if new == memory_id]:
            await self.forget(old)
        del self._memories[memory_id]
        self._successors.pop(memory_id, None)
        return True

    async def aclose(self) -> None:
        """Nothing to let go of."""

    def _concerns(self, memory: Memory, query: MemoryQuery) -> bool:
        now = stamp(self._clock.now()) if self._clock else ""
        return (
            memory.id not in self._successors
            and memory.segment in query.segments
            and memory.subject == query.subject
            and (memory.segment != "session" or session_of(memory) == query.session)
            and (memory.expires is None or memory.expires > now)
        )

    def _same_place(self, old: Memory, new: Memory) -> bool:
        return (
            old.id not in self._successors
            and (old.segment, old.subject) == (new.segment, new.subject)
            and (old.segment != "session" or session_of(old) == session_of(new))
        )
