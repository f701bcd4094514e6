"""A session's log on disk: one writer, one line a record, fsync where the caller asks.

Invariant: what `append` returned is in the file as a whole line; a failed write leaves the file as it was.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.core.chain import GENESIS
from greenroom.core.clock import Clock, stamp
from greenroom.core.errors import DiskFailed, FileInvalid, LogDamaged, UsageError
from greenroom.core.events import Event, Record, TailCut
from greenroom.core.ids import Ids
from greenroom.log.chain import Anchors, Scan, read_log, walk
from greenroom.log.codec import decode, encode
from greenroom.workspace.own_file import open_own

if TYPE_CHECKING:
    from filelock import FileLock


def read_records(path: Path, anchors: Anchors | None = None) -> list[Record]:
    """All records of a session, verified; takes no lock and cuts nothing.

    Raises:
        FileInvalid: no such session.
        LogDamaged: see `chain.walk`.
    """
    return _scanned(path, anchors or {})[0]


class FileLog:
    """The one writer of a session's file. Make it with `create` or `open`."""

    commits = True

    def __init__(self, path: Path, clock: Clock, ids: Ids, lock: FileLock, records: list[Record], size: int) -> None:
        self._path = path
        self._clock = clock
        self._ids = ids
        self._lock = lock
        self._records = records
        self._size = size
        self._unsynced = False
        self._torn = False
        self._file = open_own(path, os.O_WRONLY | os.O_CREAT)
        os.lseek(self._file, size, os.SEEK_SET)
        self._fsync: Callable[[int], None] = os.fsync

    @classmethod
    def create(cls, path: Path, clock: Clock, ids: Ids) -> FileLog:
        """Start a session's file.

        Raises:
            DiskFailed: the folder cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = _locked(path)
            return cls(path, clock, ids, lock, [], 0)
        except OSError as error:
            raise _disk_failed(path, error) from None

    @classmethod
    def open(cls, path: Path, clock: Clock, ids: Ids, anchors: Anchors | None = None) -> FileLog:
        """Go on with a session. A torn last line is cut off and the cut is recorded.

        Raises:
            UsageError: another process writes this session.
            LogDamaged: anything else is wrong with it; names the line.
            DiskFailed: it cannot be written.
        """
        if not path.is_file():
            raise _no_session(path)
        try:
            lock = _locked(path)
        except OSError as error:
            raise _disk_failed(path, error) from None
        try:
            records, found = _scanned(path, anchors or {})
            log = cls(path, clock, ids, lock, records, found.good_bytes)
            if found.torn_bytes:
                os.ftruncate(log._file, found.good_bytes)
                log.append(TailCut(lost_bytes=found.torn_bytes), sync=True)
        except OSError as error:
            lock.release()
            raise _disk_failed(path, error) from None
        except BaseException:
            lock.release()
            raise
        return log

    @property
    def session(self) -> str:
        return self._path.stem

    @property
    def records(self) -> Sequence[Record]:
        return self._records

    def append(self, event: Event, *, derived: dict[str, object] | None = None, sync: bool = False) -> Record:
        prev = self._records[-1].hash if self._records else GENESIS
        line, record = encode(event, len(self._records), stamp(self._clock.now()), prev, self._ids, derived or {})
        self._write(line, sync=sync)
        self._records.append(record)
        return record

    def sync(self) -> None:
        try:
            if self._unsynced:
                self._fsync(self._file)
        except OSError as error:
            raise _disk_failed(self._path, error) from None
        self._unsynced = False

    def close(self) -> None:
        """Let go of the file and the lock; safe to call twice."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._lock.release()

    def _write(self, line: bytes, *, sync: bool) -> None:
        try:
            if self._torn:
                self._take_back()
            written = 0
            while written < len(line):
                written += os.write(self._file, line[written:])
            if sync:
                self._fsync(self._file)
        except OSError as error:
            self._torn = True
            with suppress(OSError):
                self._take_back()
            raise _disk_failed(self._path, error) from None
        self._size += len(line)
        self._unsynced = not sync

    def _take_back(self) -> None:
        """Cut off what a failed write left; as long as that fails too, nothing more is written."""
        os.ftruncate(self._file, self._size)
        os.lseek(self._file, self._size, os.SEEK_SET)
        self._torn = False


@contextmanager
def _unswept() -> Iterator[None]:
    """No search for cycles meanwhile: records have none, and to go through all of them every so often doubles the time."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _scanned(path: Path, anchors: Anchors) -> tuple[list[Record], Scan]:
    found = Scan(met=dict.fromkeys(anchors, ""))
    try:
        with _unswept():
            return [decode(line) for line in walk(read_log(path), anchors, found)], found
    except FileNotFoundError:
        raise _no_session(path) from None
    except LogDamaged as error:
        message = f"{path.name}: {error.message}"
        raise LogDamaged(message, line_number=error.line_number, hint=error.hint, code=error.code) from None


def _locked(path: Path) -> FileLock:
    from filelock import FileLock, Timeout  # loaded on use (5 ms): replays and readers lock nothing

    lock = FileLock(path.with_suffix(".lock"), mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UsageError(
            f"session {path.stem} is open in another process",
            hint="close it there, or look at it with: greenroom session show " + path.stem,
            code="session.locked",
        ) from None
    return lock


def _no_session(path: Path) -> FileInvalid:
    return FileInvalid(
        f"there is no session {path.stem}", hint="greenroom session list shows them", code="session.unknown"
    )


def _disk_failed(path: Path, error: OSError) -> DiskFailed:
    return DiskFailed(
        f"could not write {path.name}: {error.strerror or error}",
        hint="nothing was run that is not in the log; make room and resume the session",
    )
