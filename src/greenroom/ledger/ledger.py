"""`.greenroom/ledger.jsonl`: a chain over the workspace that anchors the heads of its sessions.

Invariant: a session's head is on disk before its anchor is. Whoever can write all files can still rewrite both
chains; an exported head is what finds that.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson
from filelock import FileLock

from greenroom.core.chain import GENESIS, VERSION, link, links
from greenroom.core.clock import Clock, stamp
from greenroom.core.errors import DiskFailed, LogDamaged

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
        if not self._path.exists():
            return []
        found: list[dict[str, Any]] = []
        head = GENESIS
        for number, raw in enumerate(self._path.read_bytes().split(b"\n")[:-1], 1):
            line = _parse(raw, number)
            if line["seq"] != number - 1 or line["prev"] != head or not links(line, "entry"):
                raise LogDamaged(f"the ledger is damaged at line {number}", line_number=number, code="ledger.damaged")
            head = line["hash"]
            found.append(line["entry"])
        return found

    def _append(self, entry: dict[str, Any]) -> None:
        try:
            with self._lock, self._path.open("ab+") as file:
                last = _last_line(file, self._path)
                seq, prev = (last["seq"] + 1, last["hash"]) if last else (0, GENESIS)
                at = stamp(self._clock.now())
                line = {"v": VERSION, "seq": seq, "at": at, "entry": entry, "prev": prev}
                line["hash"] = link(seq, at, "entry", entry, prev)
                file.write(orjson.dumps(line) + b"\n")
                file.flush()
                os.fsync(file.fileno())
                self._path.chmod(0o600)
        except OSError as error:
            raise DiskFailed(f"could not write the ledger: {error.strerror or error}") from None


def _last_line(file: Any, path: Path) -> dict[str, Any] | None:
    """The last whole line; a torn rest behind it is cut off, so that the chain goes on from what was synced."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL))
    tail = file.read()
    whole, newline, torn = tail.rpartition(b"\n")
    if torn:
        os.truncate(path, size - len(torn))
        file.seek(0, os.SEEK_END)
    if not newline:
        return None
    return _parse(whole.rsplit(b"\n", 1)[-1], 0)


def _parse(raw: bytes, number: int) -> dict[str, Any]:
    try:
        line = orjson.loads(raw)
        if (
            line["v"] == VERSION
            and type(line["entry"]) is dict
            and type(line["seq"]) is int
            and type(line["at"]) is str
        ):
            return line  # type: ignore[no-any-return]  # its shape was checked in this very line
    except (orjson.JSONDecodeError, KeyError, TypeError):
        pass
    where = f"at line {number}" if number else "at its last line"
    raise LogDamaged(f"the ledger is damaged {where}", line_number=number, code="ledger.damaged")
