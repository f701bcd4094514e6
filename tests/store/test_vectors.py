from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from greenroom.store.documents import ChunkRow, remove_documents, replace_document
from greenroom.store.flat_index import FlatIndex
from greenroom.store.ngrams_embedder import NgramsEmbedder
from greenroom.store.store import Store

EMBEDDER = NgramsEmbedder()


def put(store: Store, collection: str, path: str, *texts: str) -> None:
    chunks = [ChunkRow(i, "", "", text, 0, len(text)) for i, text in enumerate(texts)]
    replace_document(store, collection, path, "d", chunks, EMBEDDER.id, EMBEDDER.embed(texts))


def cosine(one: str, other: str) -> float:
    left, right = EMBEDDER.embed([one, other])
    return float(left @ right)


def test_the_same_vector_in_another_process() -> None:
    code = """
import hashlib
from greenroom.store.ngrams_embedder import NgramsEmbedder
print(hashlib.sha256(NgramsEmbedder().embed(["Refund policy, 42 Straße"]).tobytes()).hexdigest())
"""
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def test_spelling_is_what_it_knows() -> None:
    right = "our refund policy says that money goes back to your card within five days"
    wrong = "parcels leave the warehouse on weekdays and arrive in a week in most places"
    assert cosine("refnud polcy", right) > cosine("refnud polcy", wrong) + 0.05
    assert cosine("refund", "refunds") > 0.3
    assert abs(cosine("weather in paris", right)) < EMBEDDER.floor


@given(st.lists(st.text(max_size=80), max_size=4))
def test_rows_have_length_one_or_nothing(texts: list[str]) -> None:
    rows = EMBEDDER.embed(texts)
    assert rows.shape == (len(texts), EMBEDDER.dimensions)
    assert rows.dtype == np.float32
    lengths = np.linalg.norm(rows, axis=1)
    assert all(abs(length - 1) < 1e-4 or length == 0 for length in lengths)


def test_exact_search_orders_filters_and_follows_the_store(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    put(store, "a", "one.md", "red apples", "green pears")
    put(store, "b", "two.md", "red apples in a basket")
    flat = FlatIndex(store, EMBEDDER.id, EMBEDDER.dimensions)
    query = EMBEDDER.embed(["red apples"])[0]
    assert _numbers(flat, query, ())[:2] == [1, 3]
    assert _numbers(flat, query, ("b",)) == [3]
    assert _numbers(flat, query, ("nowhere",)) == []
    remove_documents(store, [("a", "one.md")])
    assert _numbers(flat, query, ()) == [3]


def _numbers(flat: FlatIndex, query: Any, collections: tuple[str, ...]) -> list[int]:
    return [hit.number for hit in flat.search(query, collections, 5) or ()]


def test_exact_search_of_nothing(tmp_path: Path) -> None:
    flat = FlatIndex(Store.open(tmp_path), EMBEDDER.id, EMBEDDER.dimensions)
    assert flat.search(EMBEDDER.embed(["x"])[0], (), 5) == []
