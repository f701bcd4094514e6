"""Retrieval at 6 000 chunks of generated text (DESIGN section 18: p50 of 5 ms, embedder excluded).

Run with `pytest tests/benchmarks/test_retrieval_speed.py`. The embedder is replaced by one that remembers, so that
its time does not count. The texts are Zipf-distributed over 880 words, which is harder on words than prose is.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from greenroom.core.clock import SystemClock
from greenroom.retrieval.ingest import ingest
from greenroom.retrieval.port import PassageQuery
from greenroom.retrieval.store_retriever import StoreRetriever
from greenroom.store.chroma_index import ChromaIndex
from greenroom.store.ngrams_embedder import NgramsEmbedder
from greenroom.store.store import Store

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

CHUNKS = 6_000
WORDS = [
    f"{a}{b}{c}"
    for a in ["ka", "lo", "mi", "tu", "re", "sa", "po", "ni", "ve", "du"]
    for b in ["tor", "len", "mik", "sal", "pun", "dor", "gal", "zin"]
    for c in ["", "a", "en", "is", "o", "ra", "ti", "vel", "mu", "x", "ys"]
]


def words(seed: str, count: int) -> list[str]:
    """Words by Zipf's law, the same for the same seed."""
    state = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")
    drawn = []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        share = ((state >> 11) + 1) / 2**53
        drawn.append(WORDS[min(len(WORDS) - 1, int(len(WORDS) ** share) - 1)])
    return drawn


class RememberingEmbedder(NgramsEmbedder):
    """Embeds a query once; the benchmark leaves the embedder out."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, ...], Any] = {}

    def embed(self, texts: Sequence[str]) -> Any:
        key = tuple(texts)
        if key not in self._kept:
            self._kept[key] = super().embed(texts)
        return self._kept[key]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("speed")
    files = []
    for number in range(CHUNKS // 10):
        sections = (
            f"## {' '.join(words(f'h{number}.{j}', 2))}\n{' '.join(words(f'{number}.{j}', 60))}.\n" for j in range(10)
        )
        (folder / f"{number}.md").write_text("\n".join(sections))
        files.append((f"c{number % 4}", folder / f"{number}.md", f"{number}.md"))
    store = Store.open(folder / "state")
    assert ingest(store, files, NgramsEmbedder()).chunks == CHUNKS
    yield store
    store.close()


@pytest.mark.parametrize("collections", [(), ("c1",)], ids=["everywhere", "one-of-four"])
@pytest.mark.parametrize("legs", ["lexical", "exact", "chroma"])
def test_retrieve(benchmark: Any, store: Store, legs: str, collections: tuple[str, ...]) -> None:
    embedder = RememberingEmbedder()
    index = ChromaIndex(store, embedder) if legs == "chroma" else None
    retriever = StoreRetriever(store, embedder, index, SystemClock())
    queries = [PassageQuery(text=" ".join(words(f"q{n}", 5)), collections=collections) for n in range(60)]
    with asyncio.Runner() as runner:
        if legs != "lexical":
            runner.run(retriever.warm())
        for query in queries:
            assert runner.run(retriever.retrieve(query)).candidates
        turns = itertools.cycle(queries)
        benchmark.pedantic(lambda: runner.run(retriever.retrieve(next(turns))), rounds=120)
        runner.run(retriever.aclose())
