"""Documents and their chunks: written a document at a time, listed, read back by number.

Invariant: a document, its chunks and their vectors change together or not at all, and every change is counted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from greenroom.store.store import Store, changed, removed


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """A piece of a document. `anchor` is the slug of its nearest heading, `heading` the path of headings above it.

    `start` and `end` are code points in the document's text. `number` and `document` are the store's own (0 before
    it is written).
    """

    ordinal: int
    anchor: str
    heading: str
    text: str
    start: int
    end: int
    number: int = 0
    document: int = 0
    collection: str = ""
    path: str = ""

    @property
    def id(self) -> str:
        """`returns/returns.md:3`: collection, path and place."""
        where = f"{self.collection}/{self.path}" if self.collection else self.path
        return f"{where}:{self.ordinal}"


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document with how many chunks it has."""

    collection: str
    path: str
    digest: str
    chunks: int


@dataclass(frozen=True, slots=True)
class CollectionRow:
    """A collection with its counts."""

    name: str
    documents: int
    chunks: int


def list_documents(store: Store, collection: str | None = None) -> list[DocumentRow]:
    """All documents, or those of one collection, by collection and path."""
    rows = store.rows(
        """select d.collection, d.path, d.digest, count(c.id) from documents d left join chunks c on c.document = d.id
        where ? is null or d.collection = ? group by d.id order by d.collection, d.path""",
        collection,
        collection,
    )
    return [DocumentRow(*row) for row in rows]  # type: ignore[arg-type]  # the columns above, in order


def list_collections(store: Store) -> list[CollectionRow]:
    """All collections with how much is in them, by name."""
    rows = store.rows(
        """select d.collection, count(distinct d.id), count(c.id) from documents d
        left join chunks c on c.document = d.id group by d.collection order by d.collection"""
    )
    return [CollectionRow(*row) for row in rows]  # type: ignore[arg-type]  # the columns above, in order


def digests(store: Store) -> dict[tuple[str, str], str]:
    """The content digest of every document, by collection and path."""
    return {(row.collection, row.path): row.digest for row in list_documents(store)}


def replace_document(
    store: Store,
    collection: str,
    path: str,
    digest: str,
    chunks: Sequence[ChunkRow],
    embedder: str,
    vectors: Any | None,
) -> None:
    """Put a document in, in place of what was under its collection and path.

    Args:
        store: where to.
        collection: the collection it belongs to.
        path: its name in citations.
        digest: of its content.
        chunks: its pieces, in order.
        embedder: whose vectors these are.
        vectors: one row a chunk, or None where there is no embedder.
    """
    blobs = [] if vectors is None else packed(vectors)
    with store.transaction() as connection:
        _drop(connection, collection, path)
        document = connection.execute(
            "insert into documents (collection, path, digest) values (?, ?, ?)", (collection, path, digest)
        ).lastrowid
        for place, chunk in enumerate(chunks):
            number = connection.execute(
                "insert into chunks (document, ordinal, anchor, heading, text, first, past) values (?, ?, ?, ?, ?, ?, ?)",
                (document, chunk.ordinal, chunk.anchor, chunk.heading, chunk.text, chunk.start, chunk.end),
            ).lastrowid
            if blobs:
                connection.execute("insert into vectors values (?, ?, ?)", (embedder, number, blobs[place]))
        changed(connection)


def remove_documents(store: Store, keys: Iterable[tuple[str, str]]) -> int:
    """Take documents out, with chunks and vectors, and wipe what they leave on disk; returns how many there were."""
    with store.transaction() as connection:
        count = sum(_drop(connection, collection, path) for collection, path in keys)
        if count:
            changed(connection)
    if count:
        store.scrub()
    return count


def without_vectors(store: Store, embedder: str, limit: int) -> list[tuple[int, str]]:
    """Number and text (headings first) of chunks that `embedder` has not seen."""
    rows = store.rows(
        """select id, heading || char(10) || text from chunks
        where not exists (select 1 from vectors where embedder = ? and chunk = chunks.id) order by id limit ?""",
        embedder,
        limit,
    )
    return [(int(str(number)), str(text)) for number, text in rows]


def add_vectors(store: Store, embedder: str, numbers: Sequence[int], vectors: Any) -> None:
    """Keep vectors of chunks; one whose chunk is gone meanwhile is let go."""
    with store.transaction() as connection:
        connection.executemany(
            "insert or replace into vectors select ?, id, ? from chunks where id = ?",
            [(embedder, blob, number) for number, blob in zip(numbers, packed(vectors), strict=True)],
        )
        changed(connection)


def read_chunks(store: Store, numbers: Sequence[int]) -> dict[int, ChunkRow]:
    """Chunks by number; numbers that are gone are left out."""
    marks = ",".join("?" * len(numbers))
    rows = store.rows(
        f"""select c.ordinal, c.anchor, c.heading, c.text, c.first, c.past, c.id, c.document, d.collection, d.path
        from chunks c join documents d on d.id = c.document where c.id in ({marks})""",  # noqa: S608  # marks only
        *numbers,
    )
    chunks = (ChunkRow(*row) for row in rows)  # type: ignore[arg-type]  # the columns above, in order
    return {chunk.number: chunk for chunk in chunks}


def texts_of(store: Store, collection: str, path: str) -> list[tuple[str, str]]:
    """The headings and text of each piece of a document, in order; none where there is no such document."""
    rows = store.rows(
        """select c.heading, c.text from chunks c join documents d on d.id = c.document
        where d.collection = ? and d.path = ? order by c.ordinal""",
        collection,
        path,
    )
    return [(str(heading), str(text)) for heading, text in rows]


def counts(store: Store, embedder: str) -> Mapping[str, int]:
    """How many `chunks` there are and how many `vectors` of this embedder."""
    row = store.rows(
        "select (select count(*) from chunks), (select count(*) from vectors where embedder = ?)", embedder
    )[0]
    return {"chunks": int(str(row[0])), "vectors": int(str(row[1]))}


def packed(vectors: Any) -> list[bytes]:
    """Rows as little-endian half floats: half the disk, and an error under 0.001 in a cosine."""
    return [row.astype("<f2").tobytes() for row in vectors]


def _drop(connection: sqlite3.Connection, collection: str, path: str) -> int:
    # Chunks by hand: a cascade does not fire the triggers that keep the word tables in step unless they are recursive.
    found = connection.execute(
        "select id from documents where collection = ? and path = ?", (collection, path)
    ).fetchone()
    if found is None:
        return 0
    connection.execute("delete from chunks where document = ?", found)
    connection.execute("delete from documents where id = ?", found)
    removed(connection)
    return 1
