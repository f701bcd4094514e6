"""Exact search over the store's own vectors, in memory: serves while the derived index cannot, and checks it.

Invariant: it answers from the store as it is now, or says that the corpus is too large for it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenroom.store.store import Store
from greenroom.store.vector_index import VectorHit

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CHUNKS = 50_000
"""Beyond this the matrix would cost more memory than a workbench may take (50 000 x 1024 floats are 200 MB)."""


@dataclass(frozen=True, slots=True)
class _Matrix:
    generation: int
    numbers: NDArray[Any]
    names: dict[str, int]
    collections: NDArray[Any]
    vectors: NDArray[Any]


class FlatIndex:
    """A matrix of one embedder's vectors. Blocks: call it off the event loop; threads may share it."""

    def __init__(self, store: Store, embedder: str, dimensions: int) -> None:
        self._store = store
        self._embedder = embedder
        self._dimensions = dimensions
        self._matrix: _Matrix | None = None
        self._lock = threading.Lock()

    def search(self, vector: Any, collections: Sequence[str], limit: int) -> list[VectorHit] | None:
        """The nearest chunks, nearest first; None when there are too many chunks to hold."""
        import numpy as np

        matrix = self._current()
        if matrix is None:
            return None
        wanted = [matrix.names[name] for name in collections if name in matrix.names]
        among = np.flatnonzero(np.isin(matrix.collections, wanted)) if collections else None
        # All rows, then the scope: copying a scope's rows out of the matrix costs more than multiplying the others.
        cosines = matrix.vectors @ vector
        cosines = cosines if among is None else cosines[among]
        count = min(limit, len(cosines))
        # All that reach the last place, then sorted: the store's order decides between equals, so two runs agree.
        least = np.partition(cosines, len(cosines) - count)[len(cosines) - count] if count else 0.0
        reach = np.flatnonzero(cosines >= least)
        best = reach[np.argsort(-cosines[reach], kind="stable")][:count]
        rows = best if among is None else among[best]
        return [
            VectorHit(int(number), min(1.0, max(0.0, float(cosine))))
            for number, cosine in zip(matrix.numbers[rows], cosines[best], strict=True)
        ]

    def _current(self) -> _Matrix | None:
        with self._lock:
            generation = self._store.generation
            if self._matrix is None or self._matrix.generation != generation:
                self._matrix = self._load(generation)
            return self._matrix

    def _load(self, generation: int) -> _Matrix | None:
        import numpy as np

        held = self._store.rows("select count(*) from vectors where embedder = ?", self._embedder)[0][0]
        if int(str(held)) > MOST_CHUNKS:
            return None
        numbers: list[int] = []
        names: dict[str, int] = {}
        collections: list[int] = []
        parts: list[NDArray[Any]] = []
        for page in vector_pages(self._store, self._embedder):
            numbers += [row[0] for row in page]
            collections += [names.setdefault(row[1], len(names)) for row in page]
            joined = b"".join(row[2] for row in page)
            parts.append(np.frombuffer(joined, "<f2").reshape(-1, self._dimensions).astype(np.float32))
        vectors = np.concatenate(parts) if parts else np.zeros((0, self._dimensions), np.float32)
        return _Matrix(generation, np.array(numbers, np.int64), names, np.array(collections, np.int64), vectors)


def vector_pages(store: Store, embedder: str, size: int = 1_000) -> Any:
    """Pages of (chunk number, collection, vector bytes) of one embedder, in order of number."""
    return store.stream(
        """select v.chunk, d.collection, v.vector from vectors v join chunks c on c.id = v.chunk
        join documents d on d.id = c.document where v.embedder = ? and v.chunk >= ? order by v.chunk limit ?""",
        embedder,
        size=size,
    )
