"""What the engine needs of memory."""

from __future__ import annotations

from typing import Protocol

from pydantic import Field

from greenroom.core.values import Frozen, Memory


class MemoryQuery(Frozen):
    """What to recall: memories of `segments` about `subject`, most relevant to `text` first."""

    text: str
    segments: tuple[str, ...]
    subject: str
    session: str = ""
    limit: int = Field(default=12, ge=1)


class MemoryStore(Protocol):
    """Memories at rest. A write with the same segment, subject and key supersedes the one before."""

    async def recall(self, query: MemoryQuery) -> tuple[Memory, ...]: ...

    async def write(self, memory: Memory) -> str:
        """Keep it; returns the id of the memory it superseded, or ''. Writing the same id twice changes nothing."""
        ...

    async def forget(self, memory_id: str) -> bool:
        """Remove it for good. False when there was none."""
        ...

    async def aclose(self) -> None: ...
