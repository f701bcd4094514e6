"""The tape: one recorded session as JSON lines that read well in a git diff.

First line: what it was recorded under, sealed. Then one line an event, long texts in lines of their own below it. Last line:
the number of events, two hex digits of a rolling checksum for each line, and a digest of everything.
Invariant: writing what was read gives the same bytes, and a changed line is noticed and named.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from greenroom.core.errors import FileInvalid
from greenroom.core.inert import hidden_spans
from greenroom.core.values import Json
from greenroom.regression.tape import versions
from greenroom.regression.tape.damage import told_better
from greenroom.regression.tape.header_form import wrong_form
from greenroom.regression.tape.header_seal import SEAL, broken_header, seal_of
from greenroom.regression.tape.long_text import MARK, pack, unpack

MAX_BYTES = 16_000_000
SUFFIX = ".tape.jsonl"
_DIGEST_LENGTH = 32
_DEEP = 64
_SURELY_FLAT = 2 * _DEEP
"""A line of so many bytes has no room for more brackets that open and close."""
_MARKED = MARK.encode()

_TURNS = re.compile(r"([1-9]\d{0,4})(?:-([1-9]\d{0,4}))?")

OWN = "own"
"""The key of a first line that names what a variant had of its own."""

Line = dict[str, Json]
"""One event. Its first key says what happened, its keys have a fixed order."""


@dataclass(frozen=True, slots=True)
class Tape:
    """`header` holds persona, model and digests by component; `line_numbers` where each event stands, from 1.

    Where only a range of turns is under test, the header has it as `turns`, and `context` as "taken over" where the turns
    before it ran under another contract.
    """

    header: Line
    events: tuple[Line, ...]
    line_numbers: tuple[int, ...] = field(default=(), compare=False)

    @property
    def persona(self) -> str:
        """The persona's id."""
        return str(self.header.get("persona", "")).partition("@")[0]

    @property
    def model(self) -> str:
        return str(self.header.get("model", ""))

    @property
    def digests(self) -> dict[str, str]:
        """What each component was when this was recorded, by name."""
        found = self.header.get("digests")
        return dict(found) if isinstance(found, dict) else {}

    @property
    def own(self) -> tuple[str, ...]:
        """The components that its session had of its own, in the place of what is on disk."""
        found = self.header.get(OWN)
        return tuple(str(part) for part in found) if isinstance(found, list) else ()

    @property
    def first_turn(self) -> int:
        """The first turn under test; those before it are its context."""
        found = turns_of_header(self.header)
        return found[0] if found else 1

    @property
    def takes_over(self) -> bool:
        """Whether the context is taken over as it was recorded, because other files governed it than govern the rest."""
        return self.first_turn > 1 and "context" in self.header

    def line_number(self, index: int) -> int:
        """Where event `index` stands in the file; the first line if that is not known."""
        return self.line_numbers[index] if 0 <= index < len(self.line_numbers) else 1


def sealed(header: Line, events: Sequence[Line]) -> Tape:
    """The tape of these events whose first line states its own seal, in the place of any it has."""
    plain = {key: item for key, item in header.items() if key != SEAL}
    return Tape({**plain, SEAL: seal_of(_header_row(plain), plain)}, tuple(events))


def turns_of_header(header: Line) -> tuple[int, int] | None:
    """The first and last turn that a header says are under test; None if it names no range that has a context."""
    found = _TURNS.fullmatch(str(header["turns"])) if "turns" in header else None
    if found is None:
        return None
    first, last = int(found[1]), int(found[2] or found[1])
    return (first, last) if 1 < first <= last else None


def write(tape: Tape) -> bytes:
    """The bytes of a tape file. Its header is `sealed` before: nobody reads one that is not."""
    rows = [_header_row(tape.header)]
    for event in tape.events:
        parts: list[str] = []
        packed = pack(event, parts)
        rows.append(_row(packed))
        rows.extend(_row(part) for part in parts)
    body = b"\n".join(rows) + b"\n"
    return body + _last_row(len(tape.events), _checks(rows), _digest(body)) + b"\n"


def read(data: bytes, file: str) -> Tape:
    """The tape in `data`; `file` is the name shown in errors.

    Raises:
        FileInvalid: not a tape (`tape.malformed`), of a later format (`tape.version`), or changed after it was
            recorded (`tape.tampered`). One line, naming the line of the file.
    """
    if len(data) > MAX_BYTES:
        raise FileInvalid(f"larger than {MAX_BYTES // 1_000_000} MB", where=file, code="tape.malformed")
    try:
        return _read(data, file)
    except FileInvalid as error:
        raise told_better(data, file, error) from None


def _read(data: bytes, file: str) -> Tape:
    rows = data.split(b"\n")
    if len(rows) < 3 or rows[-1]:
        raise FileInvalid(
            "not a whole tape: it must begin with a header and end with its digest line and a line end",
            where=f"{file}:{max(1, len(rows))}",
            hint="restore it from git, or export the session again",
            code="tape.malformed",
        )
    rows.pop()
    header, version = _header(rows[0], file)
    digest, checks = _digest(data[: len(data) - len(rows[-1]) - 1]), _checks(rows[:-1])
    _require_untouched(rows, digest, checks, file)
    _require_sealed(rows[0], header, version, file)
    tape = _assembled(header, rows, file, escaped=b"\\u00" in data)
    if rows[-1] != _last_row(len(tape.events), checks, digest):
        raise _touched(file, len(rows))
    if version == versions.VERSION:
        return tape
    header, events = versions.upgraded(version, header, list(tape.events), file)
    fresh = sealed(header, events)
    return Tape(fresh.header, fresh.events, tape.line_numbers)


def format_of(data: bytes, file: str) -> int:
    """The format of the tape in `data`, of which only the first line is looked at.

    Raises:
        FileInvalid: that line is none of a tape, or of a format that is not known here.
    """
    return _header(data.partition(b"\n")[0], file)[1]


def sorted_json(value: Json) -> Json:
    """A foreign JSON value with its keys in order, so that equal values are written alike."""
    if isinstance(value, dict):
        return {key: sorted_json(value[key]) for key in sorted(value)}
    return [sorted_json(item) for item in value] if isinstance(value, list | tuple) else value


def _header_row(header: Line) -> bytes:
    return _row({"tape": versions.VERSION, **{key: item for key, item in header.items() if key != "tape"}})


def _row(value: Json) -> bytes:
    """One line, with every character a terminal or a reader would not show as itself escaped."""
    raw = orjson.dumps(value)
    if raw.isascii() and b"\x7f" not in raw:
        return raw
    text = raw.decode()
    for start, end in reversed(list(hidden_spans(text))):
        text = text[:start] + "".join(map(_escape, text[start:end])) + text[end:]
    return text.encode()


def _escape(character: str) -> str:
    return re.sub(r"(....)", r"\\u\1", character.encode("utf-16-be").hex())


def _checks(rows: list[bytes]) -> str:
    """Two hex digits a line of a checksum that rolls on, so that the first changed line shows."""
    rolling, crc = 0, zlib.crc32
    whole = [rolling := crc(row, rolling) for row in rows]
    return struct.pack(f"<{len(whole)}I", *whole)[::4].hex()


def _last_row(events: int, checks: str, digest: str) -> bytes:
    return orjson.dumps({"events": events, "lines": checks, "digest": digest})


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:_DIGEST_LENGTH]


def _header(row: bytes, file: str) -> tuple[Line, int]:
    header = _object(row, file, 1)
    version = header.pop("tape", None)
    if type(version) is not int:
        raise FileInvalid("not a tape: its first line has no format number", where=f"{file}:1", code="tape.malformed")
    versions.require_known(version, file)
    if wrong := wrong_form(header):
        raise FileInvalid(
            f"{wrong[0]} in the first line is not {wrong[1]}",
            where=f"{file}:1",
            hint="restore it from git, or export the session again",
            code="tape.malformed",
        )
    if "turns" in header and turns_of_header(header) is None:
        raise FileInvalid(
            "'turns' in the first line is not a range such as '2-4' that begins after turn 1",
            where=f"{file}:1",
            hint="restore it from git, or export the session again",
            code="tape.malformed",
        )
    return header, version


def _require_untouched(rows: list[bytes], digest: str, have: str, file: str) -> None:
    last = _loaded(rows[-1], file, len(rows))
    if not isinstance(last, dict) or not isinstance(last.get("lines"), str) or "digest" not in last:
        raise _touched(file, len(rows), "the last line is not the tape's digest line: its end is missing")
    if last["digest"] == digest:
        return
    checks = last["lines"]
    wrong = next((i for i in range(0, max(len(have), len(checks)), 2) if have[i : i + 2] != checks[i : i + 2]), 0)
    raise _touched(file, min(wrong // 2 + 1, len(rows)))


def _require_sealed(row: bytes, header: Line, version: int, file: str) -> None:
    """A first line that is not what its seal says was changed by somebody who made the last line anew."""
    if version < versions.SEALED_SINCE:
        wrong = "it has a seal, which its format has not" if SEAL in header else ""
    else:
        wrong = broken_header(row, header)
    if wrong:
        raise _touched(file, 1, f"the header was changed after it was recorded: {wrong}")


def _touched(file: str, line: int, what: str = "") -> FileInvalid:
    return FileInvalid(
        what or "changed after it was recorded: this line, or one right before it, is not what was written",
        where=f"{file}:{line}",
        hint="restore it from git, or export the session again",
        code="tape.tampered",
    )


def _assembled(header: Line, rows: list[bytes], file: str, *, escaped: bool) -> Tape:
    """The events, with their texts back in place. `escaped`: somewhere a mark may be written as an escape."""
    values = _values(rows, file)
    events: list[Line] = []
    numbers: list[int] = []
    places = iter(range(1, len(rows) - 1))
    for at in places:
        event, row = values[at], rows[at]
        if type(event) is not dict or not event:
            raise FileInvalid("not an event", where=f"{file}:{at + 1}", code="tape.malformed")
        if len(row) > _SURELY_FLAT:
            _require_flat(event, row, file, at + 1)
        if (not row.isascii() and _MARKED in row) or (escaped and b"\\u00" in row):
            pieces = (_piece(values[place], file, place + 1) for place in places)
            try:
                event = unpack(event, pieces)
            except StopIteration:
                raise FileInvalid("text lines are missing", where=f"{file}:{at + 1}", code="tape.malformed") from None
        numbers.append(at + 1)
        events.append(event)
    return Tape(header, tuple(events), tuple(numbers))


def _values(rows: list[bytes], file: str) -> list[Any]:
    """What each row says; they are taken one by one only to find the one that is no JSON."""
    try:
        return list(map(orjson.loads, rows))
    except ValueError:
        return [_loaded(row, file, number) for number, row in enumerate(rows, 1)]


def _object(row: bytes, file: str, number: int) -> Line:
    found = _loaded(row, file, number)
    if not isinstance(found, dict) or not found:
        raise FileInvalid("not an event", where=f"{file}:{number}", code="tape.malformed")
    return found


def _piece(found: Json, file: str, number: int) -> str:
    if type(found) is not str:
        raise FileInvalid("a line of text is missing here", where=f"{file}:{number}", code="tape.malformed")
    return found


def _loaded(row: bytes, file: str, number: int) -> Any:
    try:
        found = orjson.loads(row)
    except ValueError:
        raise _no_json(file, number) from None
    _require_flat(found, row, file, number)
    return found


def _require_flat(found: Json, row: bytes, file: str, number: int) -> None:
    if row.count(b"[") + row.count(b"{") > _DEEP and _deeper(found, _DEEP):
        raise _no_json(file, number)


def _no_json(file: str, number: int) -> FileInvalid:
    return FileInvalid("not a line of JSON", where=f"{file}:{number}", code="tape.malformed")


def _deeper(value: Json, most: int) -> bool:
    """Whether a value nests deeper than `most` levels."""
    level = [value]
    for _ in range(most + 1):
        level = [
            item
            for outer in level
            if isinstance(outer, dict | list)
            for item in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(level)
