from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from greenroom.core.clock import FrozenClock
from greenroom.core.errors import ServiceUnavailable
from greenroom.core.values import Passage
from greenroom.retrieval.explain import explain
from greenroom.retrieval.fixed_retriever import FixedRetriever
from greenroom.retrieval.ingest import ingest
from greenroom.retrieval.port import Found, PassageQuery
from greenroom.retrieval.store_retriever import StoreRetriever
from greenroom.store.chroma_index import ChromaIndex
from greenroom.store.documents import remove_documents
from greenroom.store.ngrams_embedder import NgramsEmbedder
from greenroom.store.store import Store
from greenroom.store.vector_index import VectorHit

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

DOCUMENTS = {
    "returns": "# Returns\n\n## How long\nYou have 30 days to send shoes back after delivery.\n\n## Refund policy\nMoney goes"
    " back to the card you paid with within five days.\n\n## Damaged goods\nSend us a photo and we replace the item.",
    "shipping": "# Shipping\n\n## Cost\nFree over 50 EUR, otherwise 4.90 EUR.\n\n## Abroad\nWe deliver to all of the EU in"
    " about a week.\n\n## Tracking\nThe parcel number is in your confirmation mail.",
    "sizes": "# Sizes\n\n## Shoes\nOur shoes run small, take half a size more.\n\n## Shirts\nShirts come from XS to XXL.",
    "cards": "# Gift cards\n\n## Validity\nA gift card is valid for three years.\n\n## Balance\nAsk us with the card number's"
    " last four digits.",
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "state")
    files = []
    for name, text in DOCUMENTS.items():
        (tmp_path / f"{name}.md").write_text(text)
        files.append((name, tmp_path / f"{name}.md", f"{name}.md"))
    ingest(store, files, NgramsEmbedder())
    yield store
    store.close()


def with_retriever(store: Store, work: Callable[[StoreRetriever], Any], index: Any = None, embedder: Any = None) -> Any:
    async def main() -> Any:
        retriever = StoreRetriever(store, embedder or NgramsEmbedder(), index, FrozenClock())
        try:
            return await work(retriever)
        finally:
            await retriever.aclose()

    return asyncio.run(main())


def find(
    store: Store, text: str, *collections: str, warm: bool = True, index: Any = None, embedder: Any = None
) -> Found:
    async def work(retriever: StoreRetriever) -> Found:
        if warm:
            await retriever.warm()
        return await retriever.retrieve(PassageQuery(text=text, collections=collections))

    found = with_retriever(store, work, index, embedder)
    assert isinstance(found, Found)
    return found


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize(
    ("query", "label"),
    [
        ("how long may I keep the shoes before sending them back", "returns.md#how-long"),
        ("refnud polcy", "returns.md#refund-policy"),
        ("what does shipping cost?", "shipping.md#cost"),
        ("is my gift card still valid", "cards.md#validity"),
        ("delivring abroad", "shipping.md#abroad"),
    ],
)
def test_the_right_passage_comes_first(store: Store, query: str, label: str, warm: bool) -> None:
    found = find(store, query, warm=warm)
    assert found.candidates[0].label == label
    assert found.legs == (("lexical", "ngrams") if warm else ("lexical",))


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize(
    "query",
    [
        "qwxz blorf zzyx",
        "weather in paris",
        "what is it",
        "",
        "!!! ???",
        "quantum chromodynamics",
        "tell me a joke",
        "thank you",
    ],
)
def test_nonsense_finds_nothing(store: Store, query: str, warm: bool) -> None:
    assert find(store, query, warm=warm).candidates == ()


def test_a_misspelt_query_says_how_it_was_read_and_what_matched(store: Store) -> None:
    found = find(store, "refnud polcy")
    assert found.note == "read 'refnud' as 'refund', read 'polcy' as 'policy'"
    first = found.candidates[0]
    assert first.matched == ("refund", "policy")
    assert first.lexical is not None
    assert first.vector is not None
    assert 0 < first.lexical < 1


def test_passages_point_to_their_place(store: Store) -> None:
    for passage in find(store, "shoes size refund card shipping parcel").candidates:
        assert DOCUMENTS[passage.collection][passage.start : passage.end] == passage.text
        assert passage.id.startswith(f"{passage.collection}/{passage.source}:")


def test_collections_filter_before_ranking(store: Store) -> None:
    found = find(store, "shoes", "sizes")
    assert {passage.collection for passage in found.candidates} == {"sizes"}
    assert find(store, "shoes", "no-such").candidates == ()


def test_words_serve_while_the_index_is_brought_up_then_vectors_join(store: Store) -> None:
    async def work(retriever: StoreRetriever) -> None:
        query = PassageQuery(text="refund policy")
        before = await retriever.retrieve(query)
        assert before.legs == ("lexical",)
        assert "warming up" in before.note
        await retriever.warm()
        after = await retriever.retrieve(query)
        assert after.legs == ("lexical", "ngrams")
        assert after.note == ""

    with_retriever(store, work, ChromaIndex(store, NgramsEmbedder()))


def test_chroma_and_exact_search_agree(store: Store) -> None:
    for query in ("refund policy", "shoe sizes", "refnud", "parcel number"):
        exact = find(store, query)
        indexed = find(store, query, index=ChromaIndex(store, NgramsEmbedder()))
        assert [p.id for p in indexed.candidates] == [p.id for p in exact.candidates]


def test_documents_that_change_under_a_running_session_are_seen(store: Store) -> None:
    async def work(retriever: StoreRetriever) -> None:
        await retriever.warm()
        await asyncio.to_thread(remove_documents, store, [("cards", "cards.md")])
        found = await retriever.retrieve(PassageQuery(text="gift card validity"))
        assert all(p.collection != "cards" for p in found.candidates)

    with_retriever(store, work, ChromaIndex(store, NgramsEmbedder()))


def test_a_second_holder_of_the_index_still_has_both_legs_and_says_so(store: Store) -> None:
    async def main() -> Found:
        first = ChromaIndex(store, NgramsEmbedder())
        await first.start()
        second = StoreRetriever(store, NgramsEmbedder(), ChromaIndex(store, NgramsEmbedder()), FrozenClock())
        await second.warm()
        found = await second.retrieve(PassageQuery(text="refund policy"))
        await second.aclose()
        await first.aclose()
        return found

    found = asyncio.run(main())
    assert found.legs == ("lexical", "ngrams")
    assert "another process" in found.note


class OutEmbedder(NgramsEmbedder):
    """Its model went away after warming up."""

    def __init__(self) -> None:
        self.calls = 0

    def embed(self, texts: Sequence[str]) -> Any:
        self.calls += 1
        if self.calls > 1:
            raise ServiceUnavailable("the embedding model is gone", hint="start it")
        return super().embed(texts)


def test_an_embedder_that_is_out_leaves_the_words(store: Store) -> None:
    found = find(store, "refund policy", embedder=OutEmbedder())
    assert found.legs == ("lexical",)
    assert found.candidates[0].vector is None
    assert "embedding model is gone" in found.note


class StaleIndex:
    """Answers with chunks that are no longer there."""

    note = ""

    async def start(self) -> None: ...

    async def search(self, vector: Any, collections: Sequence[str], limit: int) -> list[VectorHit]:
        return [VectorHit(9_999, 0.9)]

    async def aclose(self) -> None: ...


def test_a_store_that_is_busy_does_not_hold_up_the_event_loop(store: Store) -> None:
    held, free = threading.Event(), threading.Event()

    def hold() -> bool:
        with store.transaction():
            held.set()
            return free.wait(20)

    async def work(retriever: StoreRetriever) -> None:
        await retriever.warm()
        async with asyncio.TaskGroup() as group:
            holder = group.create_task(asyncio.to_thread(hold))
            await asyncio.to_thread(held.wait)
            waiting = group.create_task(retriever.retrieve(PassageQuery(text="refund policy")))
            for _ in range(100):
                await asyncio.sleep(0)
            assert not waiting.done()
            free.set()
        assert holder.result()
        assert waiting.result().candidates

    with_retriever(store, work, ChromaIndex(store, NgramsEmbedder()))


def test_an_embedder_that_is_out_from_the_start_does_not_break_warming(store: Store) -> None:
    out = OutEmbedder()
    out.calls = 1
    found = find(store, "refund policy", embedder=out)
    assert found.legs == ("lexical",)
    assert found.candidates


def test_a_stale_hit_is_let_go(store: Store) -> None:
    found = find(store, "refund policy", index=StaleIndex())
    assert found.candidates
    assert all(p.vector is None for p in found.candidates)


def test_explained_hits_are_kept_or_say_why_not(store: Store) -> None:
    async def work(retriever: StoreRetriever) -> None:
        shown = await explain(retriever, PassageQuery(text="refund policy for shoes card"), top_k=1)
        assert shown.hits[0].cited == 1
        assert all(hit.cited is None and hit.reason for hit in shown.hits[1:])
        assert len(shown.hits) > 1
        assert [hit.rank for hit in shown.hits] == list(range(1, len(shown.hits) + 1))

    with_retriever(store, work)


def test_without_an_embedder_there_is_one_leg(store: Store) -> None:
    async def main() -> Found:
        retriever = StoreRetriever(store, None, None, FrozenClock())
        await retriever.warm()
        return await retriever.retrieve(PassageQuery(text="refund"))

    found = asyncio.run(main())
    assert (found.legs, found.note) == (("lexical",), "")
    assert found.candidates


def test_the_double_answers_from_what_it_was_given() -> None:
    passages = [Passage(id=f"p{n}", source="a.md", text="x", collection=f"c{n % 2}") for n in range(4)]
    double = FixedRetriever(passages, note="given")

    async def main() -> Found:
        return await double.retrieve(PassageQuery(text="q", collections=("c1",), candidates=1))

    found = asyncio.run(main())
    assert [p.id for p in found.candidates] == ["p1"]
    assert (found.legs, found.note) == (("lexical",), "given")
    assert double.queries[0].text == "q"
