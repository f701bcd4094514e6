"""A new session from any record of another: a verbatim copy of the chain so far, then a life of its own.

Invariant: the parent's bytes are never changed, and the child's first records are the parent's, hash by hash.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from greenroom.core.clock import Clock, stamp
from greenroom.core.errors import DiskFailed, UsageError
from greenroom.core.events import SessionForked
from greenroom.core.ids import Ids
from greenroom.log.chain import Anchors
from greenroom.log.codec import encode
from greenroom.log.file_log import FileLog, read_records
from greenroom.workspace.own_file import read_own

_INSTANT_SECONDS = 600


def fork(source: Path, at: int, target: Path, clock: Clock, ids: Ids, anchors: Anchors | None = None) -> FileLog:
    """The child's log, open for writing, with all of the parent up to and including record `at`.

    Raises:
        UsageError: the parent has no such record.
        LogDamaged: the parent does not verify.
        DiskFailed: the child could not be written.
    """
    records = read_records(source, anchors)
    if not 0 <= at < len(records):
        raise UsageError(f"session {source.stem} has no record {at}", hint=f"its records are 0 to {len(records) - 1}")
    event = SessionForked(session=target.stem, parent=source.stem, parent_seq=at, parent_hash=records[at].hash)
    last, _ = encode(event, at + 1, stamp(clock.now()), records[at].hash, ids, {})
    lines = b"".join(read_own(source).splitlines(keepends=True)[: at + 1]) + last
    draft = target.with_name(f".{target.name}.new")  # a copy that does not say it is one is never seen under its name
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _sweep(target.parent, clock)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    except OSError as error:
        raise DiskFailed(f"could not write {target.name}: {error.strerror or error}") from None
    return FileLog.open(target, clock, ids)


def _sweep(folder: Path, clock: Clock) -> None:
    """Remove copies that a process which was killed left half written; one is made in an instant, so an old one is such."""
    for draft in folder.glob(".*.jsonl.new"):
        with suppress(OSError):  # another process sweeps, too
            if clock.now().timestamp() - draft.lstat().st_mtime > _INSTANT_SECONDS:
                draft.unlink()
