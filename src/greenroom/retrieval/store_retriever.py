"""The retriever over the store: words at once, vectors as soon as they are ready, one ranked list of candidates.

Invariant: it always answers with what it has and names the legs that took part; what neither leg vouches for is not
returned, so a query about nothing in the documents finds nothing. Nothing blocks the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from greenroom.core.clock import Clock
from greenroom.core.errors import ServiceUnavailable
from greenroom.core.values import Passage
from greenroom.retrieval.port import Found, PassageQuery
from greenroom.retrieval.rank import Candidate, Ranked, rank
from greenroom.store.documents import ChunkRow, read_chunks
from greenroom.store.embedder import Embedder
from greenroom.store.flat_index import MOST_CHUNKS, FlatIndex
from greenroom.store.lexical import LexicalHit, LexicalIndex, Term
from greenroom.store.spelling import Speller
from greenroom.store.store import Store
from greenroom.store.vector_index import VectorHit, VectorIndex
from greenroom.store.words import content_words

LEXICAL = "lexical"
_POOL = 2
"""How many times the candidates asked for each leg looks up, so that surroundings have something to lift."""
_FILTERED_FLAT_FROM = 2_000
"""Chunks from which a filter costs Chroma more (6 ms at 6 000) than searching all vectors exactly (1 ms)."""
_GUESS = 0.8
"""What a corrected word is worth against one that was spelt right."""


@dataclass(frozen=True, slots=True)
class _Words:
    """A query as the legs see it: its terms, the information of all its words, and how it was read."""

    terms: tuple[Term, ...]
    ideal: float
    text: str
    corrected: Mapping[str, str]


class StoreRetriever:
    """Finds passages in a store.

    The lexical leg serves from the first moment. `warm` brings up the vector leg; run it beside the session.
    """

    def __init__(
        self,
        store: Store,
        embedder: Embedder | None,
        index: VectorIndex | None,
        clock: Clock,
        *,
        owns_store: bool = False,
    ) -> None:
        self._owns_store = owns_store
        self._store = store
        self._embedder = embedder
        self._index = index
        self._clock = clock
        self._lexical = LexicalIndex(store)
        self._speller = Speller(store)
        self._flat = FlatIndex(store, embedder.id, embedder.dimensions) if embedder else None
        self._warm = False
        self.seconds = 0.0

    async def warm(self) -> None:
        """Bring up the vector leg: exact search first, then the index, which may rebuild for a while."""
        if self._embedder is None:
            return
        with contextlib.suppress(ServiceUnavailable):  # said by each retrieval, for as long as it lasts
            await asyncio.to_thread(self._warm_flat)
        self._warm = True
        if self._index is not None:
            await self._index.start()

    async def retrieve(self, query: PassageQuery) -> Found:
        """Candidates with both legs' scores; empty when no leg finds anything it vouches for."""
        began = self._clock.monotonic()
        pool = query.candidates * _POOL
        words = await asyncio.to_thread(self._words, query.text)
        async with asyncio.TaskGroup() as legs:
            by_words = legs.create_task(asyncio.to_thread(self._by_words, words, query.collections, pool))
            by_vector = legs.create_task(self._by_vector(words.text, query.collections, pool))
        vector, note = by_vector.result()
        found = await asyncio.to_thread(self._joined, query, words, by_words.result(), vector)
        self.seconds = self._clock.monotonic() - began
        names = (LEXICAL,) if vector is None or self._embedder is None else (LEXICAL, self._embedder.leg)
        return Found(candidates=found, legs=names, note="; ".join(filter(None, (_read_as(words), note))))

    async def aclose(self) -> None:
        """Let go of the index, and of the store where it was given away (`owns_store`)."""
        if self._index is not None:
            await self._index.aclose()
        if self._owns_store:
            self._store.close()

    def _warm_flat(self) -> None:
        assert self._embedder is not None
        assert self._flat is not None
        self._flat.search(self._embedder.embed(["warm"])[0], (), 1)

    def _by_words(self, words: _Words, collections: Sequence[str], pool: int) -> list[LexicalHit]:
        return self._lexical.search(words.terms, words.ideal, collections, pool)

    def _flat_filters_faster(self) -> bool:
        """Whether the corpus has the size where exact search beats the index as soon as collections are named."""
        return _FILTERED_FLAT_FROM <= self._lexical.total() <= MOST_CHUNKS

    def _words(self, text: str) -> _Words:
        """The query's content words, each unknown one replaced by what it probably was."""
        terms: list[Term] = []
        corrected: dict[str, str] = {}
        for word in content_words(text):
            count = self._lexical.chunks_with(word)
            guess = "" if count else self._speller.suggest(word)
            if guess:
                corrected[word] = guess
                terms.append(Term(guess, self._lexical.chunks_with(guess), _GUESS))
            else:
                terms.append(Term(word, count))
        ideal = sum(map(self._lexical.information, terms))
        # The vector leg gets the word as typed too: its n-grams may find what the dictionary does not.
        return _Words(tuple(terms), ideal, " ".join([*(t.word for t in terms), *corrected]), corrected)

    async def _by_vector(self, text: str, collections: Sequence[str], pool: int) -> tuple[list[VectorHit] | None, str]:
        """What the vector leg found over its noise floor, or None and why it did not run."""
        if self._embedder is None or self._flat is None:
            return None, ""
        if not self._warm:
            return None, "the vector leg is warming up"
        if not text:
            return [], ""
        try:
            vector = (await asyncio.to_thread(self._embedder.embed, [text]))[0]
        except ServiceUnavailable as error:
            return None, f"the vector leg is out: {error.line()}"
        hits: list[VectorHit] | None = None
        if self._index and not (bool(collections) and await asyncio.to_thread(self._flat_filters_faster)):
            hits = await self._index.search(vector, collections, pool)
        note = self._index.note if self._index else ""
        if hits is None:
            hits = await asyncio.to_thread(self._flat.search, vector, collections, pool)
        if hits is None:
            return None, note or "too many passages to search vectors without an index"
        return [hit for hit in hits if hit.cosine >= self._embedder.floor], note

    def _joined(
        self, query: PassageQuery, words: _Words, lexical: Sequence[LexicalHit], vector: Sequence[VectorHit] | None
    ) -> tuple[Passage, ...]:
        by_words = {hit.number: hit.score for hit in lexical}
        alone = self._embedder.alone if self._embedder else 1.0
        by_vector = {hit.number: hit.cosine for hit in vector or () if hit.cosine >= alone or hit.number in by_words}
        chunks = read_chunks(self._store, list(by_words | by_vector))
        candidates = [
            Candidate(number, chunk.document, chunk.ordinal, by_words.get(number), by_vector.get(number))
            for number, chunk in chunks.items()
        ]
        best = rank(candidates, self._embedder.weight if self._embedder else 0.0)[: query.candidates]
        stems = self._lexical.stems(words.terms)
        return tuple(self._passage(chunks[one.candidate.number], one, stems) for one in best)

    def _passage(self, chunk: ChunkRow, ranked: Ranked, stems: frozenset[str]) -> Passage:
        """Four decimals of a score: as much as it means, and the same on every machine."""
        lexical, vector = ranked.candidate.lexical, ranked.candidate.vector
        return Passage(
            id=chunk.id,
            source=chunk.path,
            heading=chunk.anchor,
            text=chunk.text,
            start=chunk.start,
            end=chunk.end,
            collection=chunk.collection,
            score=round(ranked.score, 4),
            vector=None if vector is None else round(vector, 4),
            lexical=None if lexical is None else round(lexical, 4),
            matched=self._lexical.matched(f"{chunk.heading}\n{chunk.text}", stems),
        )


def _read_as(words: _Words) -> str:
    return ", ".join(f"read '{typed}' as '{meant}'" for typed, meant in words.corrected.items())
