"""What the retriever needs of a vector index over the store's vectors.

Invariant: an index is derived; it may be slow, absent or rebuilding, and says so, but what it answers is true of the
store as it was at `generation`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class VectorHit:
    """A chunk's number with its cosine similarity, cut to 0..1."""

    number: int
    cosine: float


class VectorIndex(Protocol):
    """Finds chunks by vector. All waiting is off the event loop."""

    @property
    def note(self) -> str:
        """Why it does not serve, in words for a person; '' when it does."""
        ...

    async def start(self) -> None:
        """Open, check, and where needed rebuild; returns when it serves or has given up."""
        ...

    async def search(self, vector: Any, collections: Sequence[str], limit: int) -> list[VectorHit] | None:
        """The nearest chunks, nearest first; None when it cannot serve now (`note` says why)."""
        ...

    async def aclose(self) -> None:
        """Let go of files, locks and threads."""
        ...
