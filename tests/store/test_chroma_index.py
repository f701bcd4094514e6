"""A real Chroma, damaged in every way the design names; each time the store's truth is served again."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from greenroom.store.chroma_index import ChromaIndex
from greenroom.store.documents import ChunkRow, remove_documents, replace_document
from greenroom.store.ngrams_embedder import NgramsEmbedder
from greenroom.store.store import Store

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

EMBEDDER = NgramsEmbedder()


def text(path: str, number: int) -> str:
    """A text of its own words: a digest in syllables, so that vectors spread as those of real passages do."""
    digest = hashlib.sha256(f"{path}/{number}".encode()).hexdigest()
    return f"{path} item {number} " + " ".join(digest[at : at + 5] for at in range(0, 60, 5))


def put(store: Store, path: str, count: int, collection: str = "shop") -> None:
    texts = [text(path, number) for number in range(count)]
    chunks = [ChunkRow(i, "", "", one, 0, len(one)) for i, one in enumerate(texts)]
    replace_document(store, collection, path, "d", chunks, EMBEDDER.id, EMBEDDER.embed(texts))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.open(tmp_path)
    put(store, "a.md", 40)
    put(store, "b.md", 10, "other")
    return store


def run(store: Store, work: Callable[[ChromaIndex], Awaitable[None]]) -> ChromaIndex:
    """One run of the program: start, do, close."""
    index = ChromaIndex(store, EMBEDDER)

    async def main() -> None:
        await index.start()
        try:
            await work(index)
        finally:
            await index.aclose()

    asyncio.run(main())
    return index


async def serves(index: ChromaIndex) -> None:
    assert index.note == ""
    vector = EMBEDDER.embed([text("a.md", 3)])[0]
    hits = await index.search(vector, (), 5)
    assert hits is not None
    assert hits[0].number == 4
    assert hits[0].cosine > 0.99
    within = await index.search(vector, ("other",), 50)
    assert within is not None
    assert {hit.number for hit in within} == set(range(41, 51))


def test_built_once_and_reused(store: Store) -> None:
    assert run(store, serves).rebuilds == 1
    for _ in range(3):
        assert run(store, serves).rebuilds == 0


def test_deleted_between_runs(store: Store) -> None:
    run(store, serves)
    shutil.rmtree(store.folder / "chroma")
    assert run(store, serves).rebuilds == 1


@pytest.mark.parametrize("size", [50, 1_600])
def test_every_file_overwritten_with_garbage(store: Store, size: int) -> None:
    """With 1 600 vectors there are HNSW files; garbage in one of them would kill the process that loads it."""
    if size > 50:
        put(store, "many.md", size)
    run(store, serves)
    files = [path for path in (store.folder / "chroma").rglob("*") if path.is_file()]
    assert size == 50 or any(path.name == "data_level0.bin" for path in files)
    for file in files:
        (current,) = (path for path in (store.folder / "chroma").rglob(file.name))
        current.write_bytes(os.urandom(max(200, current.stat().st_size)))
        assert run(store, serves).rebuilds == 1


def test_one_flipped_byte_is_noticed(store: Store) -> None:
    run(store, serves)
    (file,) = (store.folder / "chroma").rglob("chroma.sqlite3")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert run(store, serves).rebuilds == 1


def test_new_documents_are_added_and_removed_ones_leave_with_the_folder(store: Store) -> None:
    async def grow(index: ChromaIndex) -> None:
        put(store, "c.md", 5)
        assert await index.search(EMBEDDER.embed(["c.md item 1"])[0], (), 5) is None
        await index.start()
        hits = await index.search(EMBEDDER.embed([text("c.md", 1)])[0], (), 5)
        assert hits is not None
        assert hits[0].number == 52
        assert index.rebuilds == 1
        before = {path.name for path in (store.folder / "chroma").iterdir()}
        remove_documents(store, [("shop", "c.md")])
        await index.start()
        assert index.rebuilds == 2
        assert not before & {path.name for path in (store.folder / "chroma").iterdir()}
        await serves(index)

    run(store, grow)


def test_a_second_process_stays_out_and_says_so(store: Store) -> None:
    async def beside(index: ChromaIndex) -> None:
        code = """
import asyncio, sys
from pathlib import Path
from greenroom.store.chroma_index import ChromaIndex
from greenroom.store.ngrams_embedder import NgramsEmbedder
from greenroom.store.store import Store
async def main():
    index = ChromaIndex(Store.open(Path(sys.argv[1])), NgramsEmbedder())
    await index.start()
    print(index.note, await index.search(NgramsEmbedder().embed(["x"])[0], (), 3), index.rebuilds, "chromadb" in sys.modules)
    await index.aclose()
asyncio.run(main())
"""
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", code, str(store.folder)], capture_output=True, text=True, check=True
        )
        assert done.stdout.startswith("another process has the vector index")
        assert done.stdout.endswith("None 0 False\n")
        await serves(index)

    run(store, beside)
    assert run(store, serves).rebuilds == 0


WRITER = """
import asyncio, sys
from pathlib import Path
from greenroom.store import chroma_index
from greenroom.store.ngrams_embedder import NgramsEmbedder
from greenroom.store.store import Store
chroma_index._BATCH = 100
upsert = chroma_index.ChromaIndex._upsert
def told(self, rows):
    upsert(self, rows)
    print("batch", flush=True)
chroma_index.ChromaIndex._upsert = told
async def main():
    index = chroma_index.ChromaIndex(Store.open(Path(sys.argv[1])), NgramsEmbedder())
    await index.start()
asyncio.run(main())
"""


@pytest.mark.parametrize("batches", [1, 4, 11])
def test_killed_during_a_bulk_write(store: Store, batches: int) -> None:
    put(store, "many.md", 3_000)
    child = subprocess.Popen([sys.executable, "-c", WRITER, str(store.folder)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for _ in range(batches):
        assert child.stdout.readline() == "batch\n"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert run(store, serves).rebuilds == 1
    assert run(store, serves).rebuilds == 0


def test_failing_while_it_serves_leads_to_a_rebuild(store: Store) -> None:
    async def broken(index: ChromaIndex) -> None:
        collection = index._collection
        index._client.delete_collection(collection.name)
        assert await index.search(EMBEDDER.embed(["a.md"])[0], (), 3) is None
        assert index._collection is None
        assert "being rebuilt" in index.note
        await index.start()
        assert index.rebuilds == 2
        await serves(index)

    run(store, broken)


def test_a_folder_that_cannot_be_written_is_said_and_not_tried_for_ever(store: Store) -> None:
    (store.folder / "chroma").write_text("a file where the folder belongs")

    async def out(index: ChromaIndex) -> None:
        assert "failed" in index.note
        for _ in range(3):
            assert await index.search(EMBEDDER.embed(["x"])[0], (), 3) is None
        assert index.rebuilds == 0

    run(store, out)


def test_an_empty_store(tmp_path: Path) -> None:
    async def nothing(index: ChromaIndex) -> None:
        assert index.note == ""
        assert await index.search(EMBEDDER.embed(["x"])[0], (), 3) == []

    run(Store.open(tmp_path), nothing)
