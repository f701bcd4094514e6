"""Memory over the store: recall by segment, subject and relevance; write, supersede, forget.

Invariant: a memory is only recalled for its own subject and segment (and `session` ones in their own session), and
what was forgotten leaves no byte in the store's files. Nothing blocks the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from greenroom.core.clock import Clock, stamp
from greenroom.core.ids import Ids
from greenroom.core.values import Memory
from greenroom.memory.port import MemoryQuery
from greenroom.memory.same import merged, replaced, session_of
from greenroom.store import memories
from greenroom.store.store import Store


class StoreMemory:
    """Memories in a store. The store belongs to whoever opened it."""

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    async def recall(self, query: MemoryQuery) -> tuple[Memory, ...]:
        """Memories that share words with the query first, then the rest, newest first; `score` is 0..1."""
        return await asyncio.to_thread(self._recall, query)

    async def write(self, memory: Memory) -> str:
        """Keep it; returns the id of the memory it superseded, or ''. Writing the same id twice changes nothing.

        A memory without id or time of creation gets them here.
        """
        return await asyncio.to_thread(self._write, memory)

    async def forget(self, memory_id: str) -> bool:
        """Remove it, all it superseded and every byte of both. False when there was none."""
        return bool(await asyncio.to_thread(memories.delete, self._store, memory_id))

    async def every(self, segment: str | None = None, subject: str | None = None) -> tuple[Memory, ...]:
        """Standing memories to look through, newest first."""
        return tuple(await asyncio.to_thread(memories.list_memories, self._store, segment, subject))

    async def search(self, text: str, segment: str | None = None, subject: str | None = None) -> tuple[Memory, ...]:
        """Standing memories that share words with `text`, most relevant first, of whatever subject."""
        return await asyncio.to_thread(self._search, text, segment, subject)

    async def prune(self) -> int:
        """Remove what has expired, every byte of it; returns how many rows went."""
        return await asyncio.to_thread(memories.delete_expired, self._store, stamp(self._clock.now()))

    async def aclose(self) -> None:
        """Nothing of its own to let go of."""

    def _recall(self, query: MemoryQuery) -> tuple[Memory, ...]:
        if not query.segments:
            return ()
        now = stamp(self._clock.now())
        found = memories.read_about(self._store, query.segments, query.subject, query.session, now)
        scores = memories.relevance(self._store, [memory.id for memory in found], query.text)
        return _ordered(found, scores)[: query.limit]

    def _search(self, text: str, segment: str | None, subject: str | None) -> tuple[Memory, ...]:
        found = memories.list_memories(self._store, segment, subject)
        scores = memories.relevance(self._store, [memory.id for memory in found], text)
        return _ordered([memory for memory in found if memory.id in scores], scores)

    def _write(self, memory: Memory) -> str:
        whole = memory.model_copy(
            update={
                "id": memory.id or self._ids.name("m"),
                "created": memory.created or stamp(self._clock.now()),
                "score": None,
            }
        )
        with self._store.transaction() as connection:
            before = memories.replaced_by(connection, whole.id)
            if before is not None:
                return before
            session = session_of(whole)
            old = replaced(whole, memories.standing(connection, whole, session))
            memories.insert(connection, merged(whole, old), session)
            if old is None:
                return ""
            memories.supersede(connection, old.id, whole.id)
            return old.id


def _ordered(found: list[Memory], scores: Mapping[str, float]) -> tuple[Memory, ...]:
    """By relevance, equals in the order given; `score` is the share of the best one's relevance, 0 without any."""
    top = max(scores.values(), default=0.0)
    scored = [m.model_copy(update={"score": round(scores.get(m.id, 0.0) / top, 4) if top > 0 else 0.0}) for m in found]
    return tuple(sorted(scored, key=lambda memory: -(memory.score or 0.0)))
