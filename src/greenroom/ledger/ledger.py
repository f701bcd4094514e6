"""`.greenroom/ledger.jsonl`: a chain over the workspace that anchors the heads of its sessions, policy changes and stops.

Invariant: a session's head is on disk before its anchor is. Whoever can write all files can still rewrite both
chains; an exported head is what finds that, and a signed one says by whom it was made.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, cast

import orjson

from greenroom.core.chain import GENESIS, VERSION, link, links
from greenroom.core.clock import Clock, stamp
from greenroom.core.errors import DiskFailed, LogDamaged
from greenroom.core.ids import Ids, RandomIds
from greenroom.core.values import Json
from greenroom.ledger.entries import ANCHORED, SIGNED, Entry, Kind, Line, content_fits, made, read, well_formed
from greenroom.ledger.signing import Signer, signer_of
from greenroom.workspace.layout import Workspace
from greenroom.workspace.own_file import open_own, read_own
from greenroom.workspace.settings import Environment, load_settings

_TAIL = 65_536
_LONGEST_LINE = _TAIL // 2
"""Bytes of a line: the last whole one is looked for in the tail, with at most a torn one behind it."""
_POLICY = b'"kind":"policy_loaded"'
PATIENCE_SECONDS = 10
"""How long another process may take with its own entry, which is a matter of milliseconds."""


class Ledger:
    """Appends entries under a lock of its own, so that several processes can anchor in one workspace.

    With a `signer`, each entry is followed by a signature over the chain up to it, in the same write.
    """

    def __init__(self, path: Path, clock: Clock, *, signer: Signer | None = None, ids: Ids | None = None) -> None:
        self._path = path
        self._clock = clock
        self._signer = signer
        self._ids = ids or RandomIds()
        from filelock import FileLock

        self._lock = FileLock(path.with_suffix(".lock"), mode=0o600, timeout=PATIENCE_SECONDS)

    @classmethod
    def of(cls, workspace: Workspace, clock: Clock, environment: Environment | None = None) -> Ledger:
        """The ledger of a workspace to write in, signing as greenroom.toml says and if the key is there.

        Raises:
            FileInvalid: greenroom.toml is broken, or the key is not one, or not the one it names.
            ServiceUnavailable: signing is asked for and cannot be had.
        """
        return cls(workspace.ledger, clock, signer=signer_of(load_settings(workspace).audit, environment))

    @property
    def signing(self) -> bool:
        """Whether entries are signed."""
        return self._signer is not None

    def anchor(self, session: str, seq: int, head: str) -> None:
        """Record that `session` has reached record `seq` with hash `head`; the session is synced by then.

        Raises:
            DiskFailed: it could not be written.
        """
        self._append({"kind": ANCHORED, "session": session, "seq": seq, "head": head}, {})

    def note(self, kind: Kind, **fields: Json) -> None:
        """Record a fact of the workspace (see `entries.FIELDS`); a stop's `reason` may be given and is kept erasable.

        Raises:
            ValueError: not the fields of that kind.
            DiskFailed: it could not be written.
        """
        self._append(*made(kind, fields, self._ids))

    def policy_loaded(self, session: str, persona: str, digest: str, label: str) -> bool:
        """Record that a persona of this workspace runs under a policy from here on, unless the ledger has just that.

        Returns:
            Whether it was recorded: the policy is another one than before.

        Raises:
            DiskFailed: it could not be written.
        """
        if self._last_policy(persona) == digest:
            return False
        self.note("policy_loaded", session=session, persona=persona, digest=digest, label=label)
        return True

    def sign(self) -> bool:
        """Sign the chain as it stands; False where there is nothing unsigned, or nobody to sign.

        Raises:
            DiskFailed: it could not be written.
        """
        lines = self.lines()
        if self._signer is None or not lines or lines[-1]["entry"]["kind"] == SIGNED:
            return False
        self._append(None, {})
        return True

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
        return anchors_in(self.lines())

    def entries(self) -> list[Entry]:
        """All entries, verified.

        Raises:
            LogDamaged: names the line.
        """
        return [read(line) for line in self.lines()]

    def lines(self) -> list[Line]:
        """All lines, verified but for signatures. A torn last line is passed over: its anchor was never relied on.

        Raises:
            LogDamaged: names the line.
        """
        found: list[Line] = []
        head = GENESIS
        for number, raw in enumerate(self._bytes().split(b"\n")[:-1], 1):
            line = _parse(raw, number)
            if line["seq"] != number - 1 or line["prev"] != head or not _sound(line):
                raise _damaged(number)
            head = line["hash"]
            found.append(line)
        return found

    def _bytes(self) -> bytes:
        try:
            return read_own(self._path)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise LogDamaged(f"the ledger cannot be read: {error.strerror}", code="ledger.damaged") from None

    def _last_policy(self, persona: str) -> str:
        """The policy a persona last ran under, '' if it never ran; found from the end, since the ledger is long."""
        data = self._bytes()
        end = len(data)
        while (place := data.rfind(_POLICY, 0, end)) >= 0:
            end = data.rfind(b"\n", 0, place) + 1
            stop = data.find(b"\n", place)
            entry = _parse(data[end:stop], data.count(b"\n", 0, end) + 1)["entry"] if stop >= 0 else {}
            if entry.get("kind") == "policy_loaded" and entry["persona"] == persona:
                return str(entry["digest"])
        return ""

    def _opened(self) -> BinaryIO:
        descriptor = open_own(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        self._path.chmod(0o600)  # also where it was made by hand
        return cast(BinaryIO, os.fdopen(descriptor, "ab+"))

    def _append(self, entry: dict[str, Json] | None, content: dict[str, list[str]]) -> None:
        """Write an entry (None: none) and, where there is a signer, the signature over it, as one write."""
        from filelock import Timeout

        at = stamp(self._clock.now())
        try:
            with self._lock, self._opened() as file:
                last = _last_line(file)
                lines = [_next(last, at, entry, content)] if entry is not None else []
                signed = lines[-1] if lines else last
                if self._signer is not None and signed is not None:
                    lines.append(_next(signed, at, {"kind": SIGNED, **self._signer.signs(signed)}, {}))
                written = [orjson.dumps(line) + b"\n" for line in lines]
                if max(map(len, written), default=0) > _LONGEST_LINE:
                    raise DiskFailed("could not write the ledger: the entry is too long", code="ledger.long")
                file.write(b"".join(written))
                file.flush()
                os.fsync(file.fileno())
        except Timeout:
            raise DiskFailed(
                "could not write the ledger: another process holds its lock and does not let go",
                hint="end the process that hangs, or that was stopped with ctrl+z",
                code="ledger.locked",
            ) from None
        except OSError as error:
            raise DiskFailed(f"could not write the ledger: {error.strerror or error}") from None


def anchors_in(lines: list[Line]) -> dict[str, dict[int, str]]:
    """The anchored records of every session, from lines that were verified."""
    found: dict[str, dict[int, str]] = {}
    for line in lines:
        entry = line["entry"]
        if entry["kind"] == ANCHORED:
            found.setdefault(entry["session"], {})[entry["seq"]] = entry["head"]
    return found


def _next(last: Line | None, at: str, entry: dict[str, Json], content: dict[str, list[str]]) -> Line:
    seq, prev = (last["seq"] + 1, last["hash"]) if last else (0, GENESIS)
    line: Line = {"v": VERSION, "seq": seq, "at": at, "entry": entry, "prev": prev}
    line["hash"] = link(seq, at, "entry", entry, prev)
    return {**line, "content": content} if content else line


def _last_line(file: BinaryIO) -> Line | None:
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


def _sound(line: Line) -> bool:
    try:
        return links(line, "entry") and ("content" not in line or content_fits(line))
    except (AttributeError, TypeError, ValueError):  # what has no canonical form, or another shape, was never written
        return False


def _parse(raw: bytes, number: int) -> Line:
    try:
        line = orjson.loads(raw)
        if (
            line["v"] == VERSION
            and type(line["entry"]) is dict
            and type(line["seq"]) is int
            and type(line["at"]) is str
            and type(line["prev"]) is str
            and type(line["hash"]) is str
            and well_formed(line["entry"])
        ):
            return line  # type: ignore[no-any-return]  # its shape was checked in this very line
    except (orjson.JSONDecodeError, KeyError, TypeError):
        pass
    raise _damaged(number)


def _damaged(number: int) -> LogDamaged:
    where = f"at line {number}" if number else "at its last line"
    return LogDamaged(f"the ledger is damaged {where}", line_number=number, code="ledger.damaged")
