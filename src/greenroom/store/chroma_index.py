"""The vector index in Chroma, derived from the store; the only importer of chromadb, on use.

Invariant: it serves only when its collection holds exactly the store's vectors of one generation. One process has
it at a time (a lock file), one thread touches it, and anything wrong with it leads to a fresh folder built from SQLite.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from greenroom.core.errors import DiskFailed
from greenroom.store import derived
from greenroom.store.documents import counts
from greenroom.store.embedder import Embedder
from greenroom.store.flat_index import vector_pages
from greenroom.store.store import Store
from greenroom.store.vector_index import VectorHit

FOLDER = "chroma"
_PROBES = 8
_MISSES = 2
"""How many probes may miss: HNSW is approximate. In a torn index most do (measured: 1 001 of 5 000 were reachable)."""
# Twice Chroma's own settings: vectors of like texts lie close together, and its defaults then lose some of them.
_HNSW = {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": 200}
_BATCH = 1_000
"""Rows per write. Chroma allows some 5 400; smaller batches keep the thread free for a close."""


class ChromaIndex:
    """One collection of one embedder's vectors. Nothing heavy is imported before `start`."""

    def __init__(self, store: Store, embedder: Embedder) -> None:
        self._store = store
        self._embedder = embedder.id
        self._dimensions = embedder.dimensions
        self._slug = re.sub(r"[^a-z0-9]+", "-", f"chunks {embedder.id}".lower()).strip("-")[:60]
        self._parent = store.folder / FOLDER
        self._lock = FileLock(store.folder / "chroma.lock", mode=0o600, thread_local=False)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="chroma")
        self._client: Any = None
        self._collection: Any = None
        self._folder = self._parent
        self._generation = -1
        self._pending: Future[None] | None = None
        self._closing = False
        self._note = "the vector index is not open yet"
        self.rebuilds = 0

    @property
    def note(self) -> str:
        """Why it does not serve; '' when it does."""
        return self._note

    async def start(self) -> None:
        """Open and check the index, and rebuild it where that is needed; returns when it serves or `note` says why not."""
        await asyncio.wrap_future(self._refresh())

    async def search(self, vector: Any, collections: Sequence[str], limit: int) -> list[VectorHit] | None:
        """The nearest chunks; None while it is opening, rebuilding, behind the store, or another process has it."""
        if self._closing or self._busy():
            return None
        return await asyncio.wrap_future(self._thread.submit(self._search, vector, tuple(collections), limit))

    async def aclose(self) -> None:
        """Stop after the batch at hand and let go of everything."""
        self._closing = True
        await asyncio.to_thread(self._thread.shutdown, wait=True)
        self._shut()

    def _busy(self) -> bool:
        return self._pending is not None and not self._pending.done()

    def _refresh(self) -> Future[None]:
        if self._pending is None or self._pending.done():
            self._pending = self._thread.submit(self._guarded, self._bring_up)
        return self._pending

    # Everything below runs on the one thread.

    def _guarded(self, work: Callable[[], None]) -> None:
        """Do it; whatever Chroma throws (its Rust panics are no `Exception`) only means that it does not serve."""
        try:
            work()
        except BaseException as error:  # noqa: BLE001  # on its own thread, where nothing else can interrupt
            self._shut()
            self._note = f"the vector index failed ({type(error).__name__}); vectors are searched exactly in SQLite"

    def _bring_up(self) -> None:
        if self._closing:
            return
        generation = self._store.generation
        # Set first: if this fails, it is tried again when the documents change, not at every search.
        self._generation = generation
        if not self._locked():
            self._note = "another process has the vector index; vectors are searched exactly in SQLite"
            return
        reason = self._opened(generation)
        if reason and not self._closing:
            self._note = f"the vector index {reason} and is being rebuilt; vectors are searched exactly in SQLite"
            self._rebuild(generation)
        if self._collection is not None:
            self._note = ""

    def _locked(self) -> bool:
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        except OSError as error:
            raise DiskFailed(f"cannot lock {self._lock.lock_file}: {error.strerror}") from error
        return True

    def _opened(self, generation: int) -> str:
        """Open what is on disk; why it cannot serve `generation`, or ''."""
        if self._collection is not None:
            return self._caught_up(generation)
        if reason := derived.problem(self._store, self._embedder, self._parent):
            return reason
        row = derived.recorded(self._store, self._embedder)
        assert row is not None
        derived.writing(self._store, self._embedder, row.folder)
        try:
            self._connect(self._parent / row.folder)
            return self._caught_up(generation)
        except BaseException as error:  # noqa: BLE001  # Rust panics are no `Exception`
            return f"was damaged ({type(error).__name__})"

    def _caught_up(self, generation: int) -> str:
        """Add what the collection lacks and check it; why it cannot serve, or ''."""
        held = {int(name) for name in self._collection.get(include=[])["ids"]}
        if held - self._numbers():
            # Deleted vectors would stay readable in its files, so they go with the folder.
            return "holds removed documents"
        derived.writing(self._store, self._embedder, self._folder.name)
        self._add_missing(held)
        if self._closing:
            return "was closed"
        if mismatch := self._mismatch():
            return mismatch
        # After the probes, because a query may make Chroma write what it had only queued.
        derived.settled(self._store, self._embedder, self._folder, generation)
        return ""

    def _connect(self, folder: Path) -> None:
        import chromadb
        from chromadb.config import Settings

        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._client = chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
        self._collection = self._client.get_or_create_collection(
            self._slug, embedding_function=None, configuration={"hnsw": _HNSW}
        )
        self._folder = folder

    def _rebuild(self, generation: int) -> None:
        """A new folder each time: an old one may be broken in ways that reach into the client, and it holds deleted vectors."""
        self._shut(keep_lock=True)
        row = derived.recorded(self._store, self._embedder)
        name = f"{self._slug}-{int(row.folder.rpartition('-')[2]) + 1 if row else 1}"
        derived.writing(self._store, self._embedder, name)
        self._clear()
        self._connect(self._parent / name)
        self.rebuilds += 1
        if (reason := self._caught_up(generation)) and not self._closing:
            self._shut()
            self._note = f"the vector index {reason} even when new; vectors are searched exactly in SQLite"

    def _clear(self) -> None:
        """Remove every folder but those that other embedders have on record."""
        kept = {
            str(row[0]) for row in self._store.rows("select folder from derived where embedder <> ?", self._embedder)
        }
        for path in list(self._parent.iterdir()) if self._parent.is_dir() else []:
            if path.name not in kept:
                shutil.rmtree(path, ignore_errors=True)

    def _numbers(self) -> set[int]:
        rows = self._store.rows("select chunk from vectors where embedder = ?", self._embedder)
        return {int(str(row[0])) for row in rows}

    def _add_missing(self, held: set[int]) -> None:
        size = min(_BATCH, self._client.get_max_batch_size())
        for page in vector_pages(self._store, self._embedder, size):
            if self._closing:
                return
            if rows := [row for row in page if row[0] not in held]:
                self._upsert(rows)

    def _upsert(self, rows: Sequence[tuple[int, str, bytes]]) -> None:
        import numpy as np

        joined = b"".join(vector for _, _, vector in rows)
        self._collection.upsert(
            ids=[str(number) for number, _, _ in rows],
            embeddings=np.frombuffer(joined, "<f2").reshape(len(rows), self._dimensions).astype(np.float32),
            metadatas=[{"collection": collection} for _, collection, _ in rows],
        )

    def _mismatch(self) -> str:
        """Whether counts differ, or a stored vector does not find itself."""
        held = counts(self._store, self._embedder)["vectors"]
        if self._collection.count() != held:
            return f"holds {self._collection.count()} of {held} vectors"
        misses = sum(self._misses(place) for place in range(0, held, max(1, held // _PROBES)))
        return "does not find its own vectors" if misses > _MISSES else ""

    def _misses(self, place: int) -> bool:
        """Whether the vector at `place` is not found by itself. Twins tie, so as near as can be is enough."""
        number, vector = self._probe(place)
        hits = self._query(vector, (), 3)
        return not hits or (number not in {hit.number for hit in hits} and hits[0].cosine < 0.99)

    def _probe(self, place: int) -> tuple[int, Any]:
        import numpy as np

        row = self._store.rows(
            "select chunk, vector from vectors where embedder = ? order by chunk limit 1 offset ?",
            self._embedder,
            place,
        )[0]
        blob = row[1]
        assert isinstance(blob, bytes)
        return int(str(row[0])), np.frombuffer(blob, "<f2").astype(np.float32)

    def _search(self, vector: Any, collections: tuple[str, ...], limit: int) -> list[VectorHit] | None:
        if self._generation != self._store.generation:
            # Behind the documents: catch up after this, and let exact search answer meanwhile.
            with contextlib.suppress(RuntimeError):  # closed in the meantime
                self._refresh()
            return None
        if self._collection is None:
            return None
        try:
            return self._query(vector, collections, limit)
        except BaseException as error:  # noqa: BLE001  # Rust panics are no `Exception`
            self._note = f"the vector index failed ({type(error).__name__}) and is being rebuilt"
            derived.writing(self._store, self._embedder, self._folder.name)
            self._shut()
            self._generation = -1
            return None

    def _query(self, vector: Any, collections: tuple[str, ...], limit: int) -> list[VectorHit]:
        scope = {"where": {"collection": {"$in": list(collections)}}} if collections else {}
        found = self._collection.query(
            query_embeddings=vector.reshape(1, -1), n_results=limit, include=["distances"], **scope
        )
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return [VectorHit(int(name), min(1.0, max(0.0, 1.0 - distance))) for name, distance in pairs]

    def _shut(self, *, keep_lock: bool = False) -> None:
        client, self._client, self._collection = self._client, None, None
        if client is not None:
            client.close()
        if not keep_lock:
            self._lock.release(force=True)
