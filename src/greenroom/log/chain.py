"""Reading and verifying a session's chain: every line, every link, every commitment, every ledger anchor.

Invariant: a log that verifies is, up to its last anchor, the log that was written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from greenroom.core.chain import GENESIS, SALT, VERSION, committed, links, salt_mark
from greenroom.core.errors import LogDamaged
from greenroom.workspace.own_file import read_own

_FIELDS = len(("v", "seq", "at", "event", "prev", "hash"))
"""How many keys a line has; one more with content."""
Anchors = dict[int, str]
"""Hash by record number, as the ledger holds them for one session."""


@dataclass(slots=True)
class Scan:
    """A walk over a log file. `torn_bytes` counts a last line without its newline, which a crash leaves behind."""

    records: int = 0
    good_bytes: int = 0
    torn_bytes: int = 0
    head: str = GENESIS
    erased: set[int] = field(default_factory=set)
    without_content: dict[int, int] = field(default_factory=dict)
    met: Anchors = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verified:
    """A sound log: how many records, its head, and the last record the ledger anchors (-1 if none)."""

    records: int
    head: str
    anchored: int
    torn_bytes: int = 0


def walk(data: bytes, anchors: Anchors, found: Scan) -> Iterator[dict[str, Any]]:
    """Every line of a log, checked one by one; when exhausted, the whole is checked too.

    Raises:
        LogDamaged: a line is not JSON, not in its place or not what was written (names the line), content is gone
            that no erasure explains, or the log lacks what the ledger anchors.
    """
    found.torn_bytes = len(data) - data.rfind(b"\n") - 1
    number = 0
    for number, raw in enumerate(_lines(data), 1):
        line = _parse(raw, number)
        _check(line, number, found)
        found.head = line["hash"]
        yield line
    found.records = number
    found.good_bytes = len(data) - found.torn_bytes
    _check_erasures(found)
    _check_anchors(found, anchors)


def _lines(data: bytes) -> Iterator[memoryview]:
    """Every whole line without its newline; nothing is copied."""
    view, start = memoryview(data), 0
    while (end := data.find(b"\n", start)) >= 0:
        yield view[start:end]
        start = end + 1


def verify(path: Path, anchors: Anchors) -> Verified:
    """Check one session file against itself and against the ledger's anchors for it.

    Raises:
        LogDamaged: see `walk`.
    """
    found = Scan(met=dict.fromkeys(anchors, ""))
    for _ in walk(read_log(path), anchors, found):
        pass
    return Verified(found.records, found.head, max(anchors, default=-1), found.torn_bytes)


def read_log(path: Path) -> bytes:
    """The bytes of a session's file.

    Raises:
        FileNotFoundError: there is none.
        LogDamaged: what is there is no file, or cannot be read.
    """
    try:
        return read_own(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise LogDamaged(f"it cannot be read: {error.strerror}", code="log.unreadable") from None


def _parse(raw: memoryview, number: int) -> dict[str, Any]:
    try:
        line = orjson.loads(raw)
        if (
            type(line["v"]) is int
            and line["v"] == VERSION
            and type(line["seq"]) is int
            and type(line["at"]) is str
            and type(line["event"]) is dict
            and type(line["prev"]) is type(line["hash"]) is str
            and (len(line) == _FIELDS or (len(line) == _FIELDS + 1 and type(line["content"]) is dict))
        ):
            return line  # type: ignore[no-any-return]  # its shape was checked in this very condition
    except (orjson.JSONDecodeError, KeyError, TypeError):
        pass
    raise LogDamaged(f"line {number} is not a log record", line_number=number)


def _check(line: dict[str, Any], number: int, found: Scan) -> None:
    seq, event = line["seq"], line["event"]
    if seq != number - 1:
        raise LogDamaged(
            f"line {number} holds record {seq} where record {number - 1} belongs: a line is missing or moved",
            line_number=number,
        )
    if line["prev"] != found.head:
        raise LogDamaged(f"line {number} does not follow the line before it", line_number=number)
    if not _sound(line, number, found):
        raise LogDamaged(f"line {number} was changed after it was written", line_number=number)
    if event.get("kind") == "content_erased":
        found.erased.update(_erased(event, number))
    if seq in found.met:
        found.met[seq] = line["hash"]


def _erased(event: dict[str, Any], number: int) -> list[int]:
    """The records that an erasure names."""
    records = event.get("records")
    if type(records) is not list or any(type(seq) is not int for seq in records):
        raise LogDamaged(f"line {number} erases what it does not name", line_number=number)
    return records


def _sound(line: dict[str, Any], number: int, found: Scan) -> bool:
    """Whether the hash fits and every piece of content fits its commitment; notes content that is gone."""
    try:
        if not links(line, "event"):
            return False
        content = line.get("content", {})
        referred = 0
        for name, value in line["event"].items():
            if type(value) is dict and "$" in value:
                entry = content.get(value["$"])
                referred += entry is not None
                if entry is None or (name != "inputs" and type(entry) is list and len(entry) == 1):
                    found.without_content[line["seq"]] = number
                elif not _fits(value, entry):
                    return False
        return referred == len(content)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError):
        return False


def _fits(reference: dict[str, Any], entry: list[Any]) -> bool:
    """Whether a kept value is the one committed to, or the salt of one that is not kept the one it was (if marked)."""
    if type(entry) is list and len(entry) == 2:
        return committed(reference["$"], entry[0], entry[1])
    if type(entry) is not list or len(entry) != 1:
        return False
    return SALT not in reference or reference[SALT] == salt_mark(entry[0])


def _check_erasures(found: Scan) -> None:
    for seq, number in found.without_content.items():
        if seq not in found.erased:
            raise LogDamaged(f"line {number} has lost content that no erasure explains", line_number=number)


def _check_anchors(found: Scan, anchors: Anchors) -> None:
    last = found.records - 1
    top = max(anchors, default=-1)
    if top > last:
        torn = " and its last line is torn" if found.torn_bytes else ""
        raise LogDamaged(
            f"the log ends at {last}, the ledger anchors {top}{torn}",
            line_number=last + 2,
            hint="its tail was cut off after it was written",
            code="log.cut",
        )
    for seq, head in anchors.items():
        if found.met.get(seq) != head:
            raise LogDamaged(
                f"line {seq + 1} is not the record the ledger anchors", line_number=seq + 1, code="log.rewritten"
            )
