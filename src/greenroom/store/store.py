"""The SQLite file that is the truth of passages and memories: opening, transactions, and wiping what was removed.

Invariant: the file is readable by its owner alone, what a transaction committed survives a killed process, and
after `scrub` no removed text is left in the file or its write-ahead log.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from greenroom.core.errors import DiskFailed, FileInvalid, GreenroomError
from greenroom.store import schema
from greenroom.workspace.own_file import open_own, require_own_folder

FILE = "store.db"
BUSY_MILLISECONDS = 5_000


class Store:
    """One open store. Every call blocks: use it off the event loop; threads may share it."""

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection = connection
        self._lock = threading.RLock()
        self.folder = folder
        # A store that is dropped rather than closed must not keep the file open until the collector comes by.
        weakref.finalize(self, connection.close)

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Open `folder/store.db`, made when it is not there.

        Raises:
            DiskFailed: the folder cannot be written.
            FileInvalid: the file is not a store, is damaged, or comes from a newer Greenroom.
        """
        file = folder / FILE
        try:
            require_own_folder(folder)
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Made here first, because SQLite would make it readable by everyone.
            os.close(open_own(file, os.O_RDWR | os.O_CREAT))
            connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            said = error.strerror if isinstance(error, OSError) else error
            raise DiskFailed(f"cannot write {file}: {said}", hint="is the disk full or read-only?") from error
        store = cls(connection, folder)
        try:
            with store._translated():
                store._set_up(file)
        except BaseException:
            connection.close()
            raise
        return store

    def _set_up(self, file: Path) -> None:
        for pragma in (
            f"busy_timeout = {BUSY_MILLISECONDS}",
            "synchronous = full",
            "secure_delete = on",
            "foreign_keys = on",
        ):
            self._connection.execute(f"pragma {pragma}")
        with _alone(file):
            self._connection.execute("pragma journal_mode = wal")
            schema.prepare(self._connection, file)
        if self.counter("scrub"):
            self.scrub()

    def rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """All rows of a query."""
        with self._lock, self._translated():
            return self._connection.execute(sql, values).fetchall()

    def stream(self, sql: str, *values: object, size: int = 500) -> Iterator[list[tuple[object, ...]]]:
        """Rows in pages of `size`; the query's last two placeholders are the smallest key not seen yet and the size.

        Rows must come ordered by their first column, an integer. No lock is held between pages.
        """
        after = 0
        while page := self.rows(sql, *values, after, size):
            yield page
            last = page[-1][0]
            assert isinstance(last, int)
            after = last + 1

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing. Within it, only the given connection is used.

        Raises:
            DiskFailed: the disk refused; nothing was written.
        """
        with self._lock, self._translated():
            self._connection.execute("begin immediate")
            try:
                yield self._connection
                self._connection.execute("commit")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("rollback")
                raise

    def counter(self, name: str) -> int:
        """A counter's value: `generation` grows with every change of chunks or vectors."""
        value = self.rows("select value from counters where name = ?", name)[0][0]
        assert isinstance(value, int)
        return value

    @property
    def generation(self) -> int:
        """Grows with every change of chunks or vectors, by whatever process."""
        return self.counter("generation")

    def scrub(self) -> bool:
        """Remove from disk what deleted rows left: index terms, free pages, the write-ahead log.

        Returns False when another process is reading; then the next open does it again.
        """
        with self._lock, self._translated():
            for table in ("memory_stems", "chunk_stems", "chunk_words"):
                self._connection.execute(f"insert into {table} ({table}) values ('optimize')")  # noqa: S608  # own names
            busy = bool(self._connection.execute("pragma wal_checkpoint(truncate)").fetchone()[0])
            if not busy:
                self._connection.execute("update counters set value = 0 where name = 'scrub'")
            return not busy

    def close(self) -> None:
        """Let go of the file; calling it twice is harmless."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """SQLite's errors in our own words."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise _operational(error, self.folder / FILE) from error
        except sqlite3.DatabaseError as error:
            raise FileInvalid(
                f"the store is damaged: {error}",
                where=str(self.folder / FILE),
                hint="move it away; documents can be added again, memories cannot",
                code="store.damaged",
            ) from error


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """One process at a time: SQLite waits for nobody where two of them turn the same new file to a write-ahead log."""
    from filelock import FileLock, Timeout  # loaded on use (5 ms)

    try:
        with FileLock(file.with_suffix(".lock"), mode=0o600, timeout=BUSY_MILLISECONDS / 1_000):
            yield
    except Timeout:
        raise _busy(file) from None
    except OSError as error:
        raise DiskFailed(f"cannot write {file}: {error.strerror}", hint="is the disk full or read-only?") from error


def _busy(file: Path) -> DiskFailed:
    return DiskFailed(f"{file} is in use by another process", hint="try again in a moment", code="store.busy")


def _operational(error: sqlite3.OperationalError, file: Path) -> GreenroomError:
    kind = (
        error.sqlite_errorcode & 0xFF
    )  # https://www.sqlite.org/rescode.html: the byte above says only more of the same
    if kind == sqlite3.SQLITE_BUSY:
        return _busy(file)
    if kind in {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
    }:
        return DiskFailed(f"cannot write {file}: {error}", hint="is the disk full or read-only?")
    return GreenroomError(f"the store failed: {error}", code="store.failed")


def changed(connection: sqlite3.Connection) -> None:
    """Count a change of chunks or vectors, inside the transaction that makes it."""
    connection.execute("update counters set value = value + 1 where name = 'generation'")


def removed(connection: sqlite3.Connection) -> None:
    """Ask for a scrub, inside the transaction that removes rows; a crash before it is then made good on open."""
    connection.execute("update counters set value = 1 where name = 'scrub'")
