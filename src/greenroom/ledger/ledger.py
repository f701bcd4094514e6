"""`.greenroom/ledger.jsonl`: a chain over the workspace that anchors the heads of its sessions.

Invariant: a session's head is on disk before its anchor is. Whoever can write all files can still rewrite both
chains; an exported head is what finds that.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson
from filelock import FileLock

from greenroom.core.chain import GENESIS, VERSION, link, links
from greenroom.core.clock import Clock, stamp
from greenroom.core.errors import DiskFailed, LogDamaged
from greenroom.workspace.own_file import open_own, read_own

_TAIL = 65_536


class Ledger:
    """Appends entries under a lock of its own, so that several processes can anchor in one workspace."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._lock = FileLock(path.with_suffix(".lock"), mode=0o600)

    def anchor(self, session: str, seq: int, head: str) -> None:
        """Record that `session` has reached record `seq` with hash `head`; the session is synced by then.

        Raises:
            DiskFailed: it could not be written.
        """
        self._append({"kind": "session_anchored", "session": session, "seq": seq, "head": head})

    def anchors(self, session: str) -> dict[int, str]:
        """Every anchored record of a session with its hash.

        Raises:
            LogDamaged: the ledger itself is damaged.
        """
        return self.all_anchors().get(session, {})

    def all_anchors(self) -> dict[str, dict[int, str]]:
        """The anchored records of every session.

        Raises:
            LogDamaged: the ledger itself is damaged.
        """
        found: dict[str, dict[int, str]] = {}
        for entry in self.entries():
            if entry["kind"] == "session_anchored":
                found.setdefault(entry["session"], {})[entry["seq"]] = entry["head"]
        return found

    def entries(self) -> list[dict[str, Any]]:
        """All entries, verified. A torn last line is passed over: its anchor was never relied on.

        Raises:
            LogDamaged: names the line.
        """
        found: list[dict[str, Any]] = []
        head = GENESIS
        for number, raw in enumerate(self._bytes().split(b"\n")[:-1], 1):
            line = _parse(raw, number)
            if line["seq"] != number - 1 or line["prev"] != head or not _sound(line):
                raise LogDamaged(f"the ledger is damaged at line {number}", line_number=number, code="ledger.damaged")
            head = line["hash"]
            found.append(line["entry"])
        return found

    def _bytes(self) -> bytes:
        try:
            return read_own(self._path)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise LogDamaged(f"the ledger cannot be read: {error.strerror}", code="ledger.damaged") from None

    def _opened(self) -> BinaryIO:
        descriptor = open_own(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        self._path.chmod(0o600)  # also where it was made by hand
        return cast(BinaryIO, os.fdopen(descriptor, "ab+"))

    def _append(self, entry: dict[str, Any]) -> None:
        try:
            with self._lock, self._opened() as file:
                last = _last_line(file)
                seq, prev = (last["seq"] + 1, last["hash"]) if last else (0, GENESIS)
                at = stamp(self._clock.now())
                line = {"v": VERSION, "seq": seq, "at": at, "entry": entry, "prev": prev}
                line["hash"] = link(seq, at, "entry", entry, prev)
                file.write(orjson.dumps(line) + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DiskFailed(f"could not write the ledger: {error.strerror or error}") from None


def _last_line(file: BinaryIO) -> dict[str, Any] | None:
    """The last whole line; a torn rest behind it is cut off, so that the chain goes on from what was synced."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL))
    tail = file.read()
    whole, newline, torn = tail.rpartition(b"\n")
    if len(torn) == _TAIL:
        raise LogDamaged("the ledger is damaged at its last line", code="ledger.damaged")  # no crash tears that much
    if torn:
        file.truncate(size - len(torn))
    if not newline:
        return None
    return _parse(whole.rsplit(b"\n", 1)[-1], 0)


def _sound(line: dict[str, Any]) -> bool:
    try:
        return links(line, "entry")
    except (TypeError, ValueError):  # a number or a text that has no canonical form was never written
        return False


def _known(entry: dict[str, Any]) -> bool:
    """Whether an anchor has its fields; of kinds that later versions add, nothing is demanded."""
    if entry["kind"] != "session_anchored":
        return True
    return type(entry["session"]) is str and type(entry["seq"]) is int and type(entry["head"]) is str


def _parse(raw: bytes, number: int) -> dict[str, Any]:
    try:
        line = orjson.loads(raw)
        if (
            line["v"] == VERSION
            and type(line["entry"]) is dict
            and type(line["seq"]) is int
            and type(line["at"]) is str
            and type(line["prev"]) is str
            and type(line["hash"]) is str
            and _known(line["entry"])
        ):
            return line  # type: ignore[no-any-return]  # its shape was checked in this very line
    except (orjson.JSONDecodeError, KeyError, TypeError):
        pass
    where = f"at line {number}" if number else "at its last line"
    raise LogDamaged(f"the ledger is damaged {where}", line_number=number, code="ledger.damaged")
