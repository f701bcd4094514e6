"""Memories at rest: read by segment and subject, superseded, deleted with everything they replaced.

Invariant: one memory id is one row for ever; a superseded row names its successor, and goes when that one goes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from greenroom.core.values import Memory
from greenroom.store.store import Store, removed
from greenroom.store.words import content_words

_COLUMNS = "id, segment, subject, key, text, confidence, record, created, expires"
MOST_READ = 2_000
"""Newest rows looked at for one subject; relevance is decided among them."""


def read_about(store: Store, segments: Sequence[str], subject: str, session: str, now: str) -> list[Memory]:
    """Standing memories of a subject, newest first; those of segment `session` only from that session.

    `now` is a stamp as the log writes it; what expired by then is left out.
    """
    marks = ",".join("?" * len(segments))
    rows = store.rows(
        f"""select {_COLUMNS} from memories where subject = ? and superseded_by = '' and segment in ({marks})
        and (segment <> 'session' or session = ?) and (expires is null or expires > ?)
        order by number desc limit {MOST_READ}""",  # noqa: S608  # marks and own names only
        subject,
        *segments,
        session,
        now,
    )
    return [_memory(row) for row in rows]


def relevance(store: Store, ids: Sequence[str], text: str) -> dict[str, float]:
    """For the memories among `ids` that hold words of `text`: bm25, larger is better."""
    words = content_words(text)
    if not words or not ids:
        return {}
    match = " OR ".join(f'"{word}"' for word in words)
    rows = store.rows(
        """select m.id, -bm25(memory_stems, 2.0, 1.0) from memory_stems f join memories m on m.number = f.rowid
        where memory_stems match ?""",
        match,
    )
    wanted = set(ids)
    return {str(name): float(str(score)) for name, score in rows if name in wanted}


def list_memories(store: Store, segment: str | None = None, subject: str | None = None) -> list[Memory]:
    """Standing memories for people to look through, newest first, expired ones too."""
    rows = store.rows(
        f"""select {_COLUMNS} from memories where superseded_by = '' and (? is null or segment = ?)
        and (? is null or subject = ?) order by number desc""",  # noqa: S608  # own names only
        segment,
        segment,
        subject,
        subject,
    )
    return [_memory(row) for row in rows]


def replaced_by(connection: sqlite3.Connection, memory_id: str) -> str | None:
    """Id of what a stored memory replaced ('' for nothing), or None when `memory_id` is not in the store."""
    if connection.execute("select 1 from memories where id = ?", (memory_id,)).fetchone() is None:
        return None
    row = connection.execute(
        "select id from memories where superseded_by = ? order by number desc", (memory_id,)
    ).fetchone()
    return str(row[0]) if row else ""


def standing(connection: sqlite3.Connection, memory: Memory, session: str) -> list[Memory]:
    """What now stands in the place a memory would be written to: same segment, subject and (in `session`) session."""
    rows = connection.execute(
        f"""select {_COLUMNS} from memories where segment = ? and subject = ? and superseded_by = ''
        and (segment <> 'session' or session = ?) order by number desc limit {MOST_READ}""",  # noqa: S608  # own names
        (memory.segment, memory.subject, session),
    )
    return [_memory(row) for row in rows]


def insert(connection: sqlite3.Connection, memory: Memory, session: str) -> None:
    """Put a new row in."""
    connection.execute(
        f"insert into memories ({_COLUMNS}, session) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608  # own names
        (
            memory.id,
            memory.segment,
            memory.subject,
            memory.key,
            memory.text,
            memory.confidence,
            memory.record,
            memory.created,
            memory.expires,
            session,
        ),
    )


def supersede(connection: sqlite3.Connection, old: str, new: str) -> None:
    """Mark a row as replaced. It stays until its successor is forgotten."""
    connection.execute("update memories set superseded_by = ? where id = ?", (new, old))


def delete(store: Store, memory_id: str) -> int:
    """Delete a memory and all it replaced, with every byte of them; returns how many rows went."""
    with store.transaction() as connection:
        # Found first: deleting from what the recursion still reads leaves part of the line behind.
        line = connection.execute(
            """with recursive line (id) as (select id from memories where id = ?
            union select m.id from memories m join line l on m.superseded_by = l.id) select id from line""",
            (memory_id,),
        ).fetchall()
        connection.executemany("delete from memories where id = ?", line)
        count = len(line)
        if count:
            removed(connection)
    if count:
        store.scrub()
    return count


def delete_expired(store: Store, now: str) -> int:
    """Delete what had expired by `now`, with every byte; returns how many rows went."""
    with store.transaction() as connection:
        count = connection.execute("delete from memories where expires <= ?", (now,)).rowcount
        if count:
            removed(connection)
    if count:
        store.scrub()
    return count


def _memory(row: Sequence[object]) -> Memory:
    names = ("id", "segment", "subject", "key", "text", "confidence", "record", "created", "expires")
    return Memory.model_validate(dict(zip(names, row, strict=True)))
