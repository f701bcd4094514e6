"""A retriever that answers from given passages, for tests and demonstrations without a store.

Invariant: the same query gives the same candidates, in the given order, with the scores they were given.
"""

from __future__ import annotations

from collections.abc import Sequence

from greenroom.core.values import Passage
from greenroom.retrieval.port import Found, PassageQuery


class FixedRetriever:
    """Answers every query with the given passages of the collections asked for."""

    def __init__(self, passages: Sequence[Passage], *, legs: tuple[str, ...] = ("lexical",), note: str = "") -> None:
        self._passages = tuple(passages)
        self._legs = legs
        self._note = note
        self.queries: list[PassageQuery] = []

    async def retrieve(self, query: PassageQuery) -> Found:
        """The passages of `query.collections` (empty: all), at most `query.candidates`."""
        self.queries.append(query)
        wanted = set(query.collections)
        found = tuple(p for p in self._passages if not wanted or p.collection in wanted)
        return Found(candidates=found[: query.candidates], legs=self._legs, note=self._note)

    async def warm(self) -> None:
        """Always ready."""

    async def aclose(self) -> None:
        """Nothing to let go of."""
