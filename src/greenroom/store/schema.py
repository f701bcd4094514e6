"""The tables of the store and how an older file becomes a newer one.

Invariant: a file is either at the version this code writes, or it is copied first and then upgraded in one
transaction, or it is refused and left as it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from greenroom.core.errors import FileInvalid

VERSION = 1

UPGRADES: Mapping[int, str] = {}
"""From a version to the SQL that makes it the next one."""

# Both word tables are external-content: the text itself is stored once, in `chunks` or `memories`.
# `chunk_words` keeps unstemmed words, without positions, as the dictionary for misspelt queries.
_TABLES = """
create table counters (name text primary key, value integer not null) without rowid;
insert into counters values ('generation', 0), ('scrub', 0);

create table documents (
    id integer primary key autoincrement, collection text not null, path text not null, digest text not null,
    unique (collection, path));
create table chunks (
    id integer primary key autoincrement, document integer not null references documents on delete cascade,
    ordinal integer not null, anchor text not null, heading text not null, text text not null,
    first integer not null, past integer not null, unique (document, ordinal));
create table vectors (
    embedder text not null, chunk integer not null references chunks on delete cascade, vector blob not null,
    primary key (embedder, chunk)) without rowid;
create index vectors_of_chunk on vectors (chunk);
create table derived (
    embedder text primary key, folder text not null, state text not null, generation integer not null,
    fingerprint text not null) without rowid;

create virtual table chunk_stems using fts5 (heading, text, content='chunks', content_rowid='id',
    tokenize='porter unicode61 remove_diacritics 2');
create virtual table chunk_words using fts5 (heading, text, content='chunks', content_rowid='id', detail=none,
    tokenize='unicode61 remove_diacritics 2');
create virtual table dictionary using fts5vocab (chunk_words, row);
create trigger chunk_added after insert on chunks begin
    insert into chunk_stems (rowid, heading, text) values (new.id, new.heading, new.text);
    insert into chunk_words (rowid, heading, text) values (new.id, new.heading, new.text);
end;
create trigger chunk_removed after delete on chunks begin
    insert into chunk_stems (chunk_stems, rowid, heading, text) values ('delete', old.id, old.heading, old.text);
    insert into chunk_words (chunk_words, rowid, heading, text) values ('delete', old.id, old.heading, old.text);
end;

create table memories (
    number integer primary key autoincrement, id text not null unique, segment text not null, subject text not null,
    key text not null, text text not null, confidence real not null, session text not null, record text not null,
    created text not null, expires text, superseded_by text not null default '');
create index memories_about on memories (subject, segment);
create virtual table memory_stems using fts5 (key, text, content='memories', content_rowid='number',
    tokenize='porter unicode61 remove_diacritics 2');
create trigger memory_added after insert on memories begin
    insert into memory_stems (rowid, key, text) values (new.number, new.key, new.text);
end;
create trigger memory_removed after delete on memories begin
    insert into memory_stems (memory_stems, rowid, key, text) values ('delete', old.number, old.key, old.text);
end;
"""


def prepare(
    connection: sqlite3.Connection, file: Path, version: int = VERSION, upgrades: Mapping[int, str] = UPGRADES
) -> None:
    """Bring an open file to `version`: make the tables of a new one, upgrade an older one after a copy.

    Raises:
        FileInvalid: written by a newer Greenroom, or no upgrade leads from its version.
    """
    found = int(connection.execute("pragma user_version").fetchone()[0])
    if found == version:
        return
    if found == 0:
        _run(connection, 0, version, _TABLES)
        return
    steps = range(found, version)
    if found > version or any(step not in upgrades for step in steps):
        raise FileInvalid(
            f"the store has version {found}, this Greenroom writes {version}",
            where=str(file),
            hint="use the Greenroom that wrote it, or move the file away and add the documents again",
            code="store.version",
        )
    _copy(connection, file, found)
    for step in steps:
        _run(connection, step, step + 1, upgrades[step])


def _run(connection: sqlite3.Connection, old: int, new: int, script: str) -> None:
    """Apply a step in one transaction; of two processes that come together, the second finds it done."""
    connection.execute("begin immediate")
    try:
        if int(connection.execute("pragma user_version").fetchone()[0]) == old:
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute(f"pragma user_version = {new:d}")
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise


def _statements(script: str) -> list[str]:
    """The statements of a script, triggers whole; `executescript` would commit behind our back."""
    found, pending = [], ""
    for piece in script.split(";"):
        pending += piece + ";"
        if sqlite3.complete_statement(pending):
            found.append(pending)
            pending = ""
    return [statement for statement in found if statement.strip(" \n;")]


def _copy(connection: sqlite3.Connection, file: Path, version: int) -> None:
    target = file.with_name(f"{file.name}.v{version}")
    target.touch(mode=0o600)
    copy = sqlite3.connect(target)
    try:
        connection.backup(copy)
    finally:
        copy.close()
