"""What the engine needs of retrieval."""

from __future__ import annotations

from typing import Protocol

from pydantic import Field

from greenroom.core.values import Frozen, Passage


class PassageQuery(Frozen):
    """What to look for. `candidates` is how many to return before any selection."""

    text: str
    collections: tuple[str, ...] = ()
    candidates: int = Field(default=24, ge=1)


class Found(Frozen):
    """Candidates in order of fused score, the legs that took part (`lexical`, `ngrams`), and a note if one could not."""

    candidates: tuple[Passage, ...] = ()
    legs: tuple[str, ...] = ()
    note: str = ""


class Retriever(Protocol):
    """Finds candidate passages with component scores. Choosing among them is `retrieval/select.py`'s."""

    async def retrieve(self, query: PassageQuery) -> Found: ...

    async def warm(self) -> None:
        """Bring up whatever is slow to start; until then the quick legs serve."""
        ...

    async def aclose(self) -> None: ...
