from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from greenroom.core.errors import DiskFailed, FileInvalid
from greenroom.store import schema
from greenroom.store.documents import (
    ChunkRow,
    counts,
    list_collections,
    list_documents,
    read_chunks,
    remove_documents,
    replace_document,
)
from greenroom.store.store import Store


def row(ordinal: int, text: str) -> ChunkRow:
    return ChunkRow(ordinal, "a", "A", text, 0, len(text))


def put(store: Store, path: str, *texts: str, collection: str = "shop") -> None:
    replace_document(store, collection, path, "d", [row(i, t) for i, t in enumerate(texts)], "", None)


def bytes_of(store: Store) -> bytes:
    return b"".join(path.read_bytes() for path in store.folder.iterdir() if path.is_file())


def test_a_new_store_is_opened_by_several_at_once(tmp_path: Path) -> None:
    together = threading.Barrier(3)

    def opened(number: int) -> int:
        together.wait()
        store = Store.open(tmp_path / str(number))
        try:
            return store.counter("scrub")
        finally:
            store.close()

    with ThreadPoolExecutor(3) as pool:
        for number in range(40):
            assert list(pool.map(opened, [number] * 3)) == [0, 0, 0]


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "state")
    put(store, "a.md", "words")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in store.folder.iterdir()}
    store.close()
    assert set(modes) >= {"store.db", "store.db-wal"}
    assert set(modes.values()) == {0o600}


def test_a_replaced_document_keeps_nothing_of_the_old_one(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    put(store, "a.md", "first quincemarker", "second")
    before = store.generation
    put(store, "a.md", "third")
    assert store.generation > before
    assert [(d.path, d.chunks) for d in list_documents(store)] == [("a.md", 1)]
    assert store.rows("select count(*) from chunk_stems where chunk_stems match 'quincemarker'") == [(0,)]
    store.scrub()
    assert b"quincemark" not in bytes_of(store)


def test_removed_documents_leave_no_byte(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    for number in range(300):
        put(store, f"{number}.md", f"ordinary note {number} about gardens")
    put(store, "secret.md", "my sister quincemarker lives in zanzibarstreet")
    assert remove_documents(store, [("shop", "secret.md"), ("shop", "never.md")]) == 1
    left = bytes_of(store)
    assert b"quincemark" not in left
    assert b"zanzibar" not in left
    assert counts(store, "x")["chunks"] == 300


def test_a_reader_delays_the_wipe_and_the_next_open_does_it(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    put(store, "secret.md", "quincemarker")
    reader = sqlite3.connect(tmp_path / "store.db")
    reader.execute("begin")
    reader.execute("select * from chunks").fetchall()
    store._connection.execute("pragma busy_timeout = 50")
    remove_documents(store, [("shop", "secret.md")])
    assert b"quincemark" in bytes_of(store)
    reader.close()
    store.close()
    again = Store.open(tmp_path)
    assert b"quincemark" not in bytes_of(again)


def test_counts_and_rows_by_collection(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    put(store, "a.md", "one", "two")
    put(store, "b.md", "three", collection="returns")
    put(store, "empty.md", collection="returns")
    assert [(c.name, c.documents, c.chunks) for c in list_collections(store)] == [("returns", 2, 1), ("shop", 1, 2)]
    assert [d.path for d in list_documents(store, "returns")] == ["b.md", "empty.md"]
    chunks = read_chunks(store, [1, 99])
    assert chunks[1].id == "shop/a.md:0"
    assert set(chunks) == {1}


def test_a_failed_transaction_changes_nothing(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    put(store, "a.md", "kept")

    def half_done() -> None:
        with store.transaction() as connection:
            connection.execute("delete from chunks")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        half_done()
    assert counts(store, "")["chunks"] == 1


KILLED = """
import os, signal, sys
from pathlib import Path
from greenroom.store.documents import ChunkRow, replace_document
from greenroom.store.store import Store
store = Store.open(Path(sys.argv[1]))
number = 0
while True:
    replace_document(store, "c", f"{number}.md", "d", [ChunkRow(i, "", "", f"text {i}", 0, 6) for i in range(20)], "", None)
    number += 1
    print(number, flush=True)
"""


def test_kill_while_writing_loses_nothing_acknowledged(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for _ in range(15):
        child.stdout.readline()
    os.kill(child.pid, signal.SIGKILL)
    said = [int(line) for line in child.stdout.read().split()] or [15]
    child.wait()
    child.stdout.close()
    store = Store.open(tmp_path)
    documents = list_documents(store)
    assert len(documents) >= said[-1]
    assert {document.chunks for document in documents} == {20}
    assert store.rows("pragma integrity_check") == [("ok",)]
    store.close()


def test_many_processes_may_make_the_store_at_once(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from greenroom.store.store import Store; Store.open(Path(sys.argv[1])).close()"
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "new")], stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [child.communicate()[1] for child in children] == [""] * 4


def test_garbage_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"not a database at all, sorry" * 100)
    with pytest.raises(FileInvalid) as caught:
        Store.open(tmp_path)
    assert "store.db" in caught.value.line()
    assert "move it away" in caught.value.line()


def test_a_folder_that_cannot_be_made_is_a_disk_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DiskFailed):
        Store.open(tmp_path / "file" / "state")


def test_a_newer_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "store.db")
    connection.execute("pragma user_version = 99")
    connection.close()
    with pytest.raises(FileInvalid, match="version 99"):
        Store.open(tmp_path)


def test_an_older_store_is_copied_and_upgraded(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    put(store, "a.md", "kept")
    upgrades = {1: "create table extra (x);", 2: "insert into extra values (1); insert into extra values (2);"}
    schema.prepare(store._connection, tmp_path / "store.db", 3, upgrades)
    assert store.rows("select count(*) from extra") == [(2,)]
    assert store.rows("pragma user_version") == [(3,)]
    copy = sqlite3.connect(tmp_path / "store.db.v1")
    assert copy.execute("select text from chunks").fetchall() == [("kept",)]
    copy.close()
    assert stat.S_IMODE((tmp_path / "store.db.v1").stat().st_mode) == 0o600


def test_a_broken_upgrade_leaves_the_version_before(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    with pytest.raises(sqlite3.Error):
        schema.prepare(store._connection, tmp_path / "store.db", 2, {1: "create table extra (x); select nonsense();"})
    assert store.rows("pragma user_version") == [(1,)]
    assert store.rows("select count(*) from sqlite_master where name = 'extra'") == [(0,)]


def test_words_and_memory_need_no_heavy_import(tmp_path: Path) -> None:
    code = """
import asyncio, sys
from pathlib import Path
from greenroom.core.clock import SystemClock
from greenroom.core.ids import RandomIds
from greenroom.core.values import Memory
from greenroom.memory.port import MemoryQuery
from greenroom.memory.propose import propose
from greenroom.memory.store_memory import StoreMemory
from greenroom.retrieval.ingest import ingest
from greenroom.retrieval.port import PassageQuery
from greenroom.retrieval.store_retriever import StoreRetriever
from greenroom.store.chroma_index import ChromaIndex
from greenroom.store.ngrams_embedder import NgramsEmbedder
from greenroom.store.store import Store
folder = Path(sys.argv[1])
(folder / "a.md").write_text("# Refunds\\n\\nMoney goes back in five days.")
store = Store.open(folder / "state")
ingest(store, [("c", folder / "a.md", "a.md")], None)
embedder = NgramsEmbedder()
retriever = StoreRetriever(store, embedder, ChromaIndex(store, embedder), SystemClock())
assert asyncio.run(retriever.retrieve(PassageQuery(text="refnud"))).candidates
memory = StoreMemory(store, SystemClock(), RandomIds())
asyncio.run(memory.write(Memory(id="m1", segment="customer", subject="v", text="Name: Ana")))
assert asyncio.run(memory.recall(MemoryQuery(text="x", segments=("customer",), subject="v")))
print(sorted({"numpy", "chromadb", "onnxruntime"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
