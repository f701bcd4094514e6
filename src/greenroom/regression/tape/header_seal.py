"""The seal of a tape's first line: a digest of that line, and two hex digits for each key, so that a changed one is named.

Invariant: it is over the bytes as they stand, so a key that was changed, dropped, doubled, moved or added breaks it; like
every digest of a tape it guards against accidents, and not against somebody who makes it anew.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator

import orjson

from greenroom.core.inert import inert_line
from greenroom.core.values import Json

SEAL = "seal"
"""The header's last key."""
_DIGITS = 16
_SEALED = re.compile(rb'(\{.+),"seal":"([0-9a-f]{16})((?:[0-9a-f]{2})*)"\}', re.DOTALL)


def seal_of(row: bytes, header: dict[str, Json]) -> str:
    """The seal of a header whose line without it is `row`."""
    checks = "".join(f"{check:02x}" for _, check in _checks(header))
    return _digest(row[:-1], checks.encode()) + checks


def broken_header(row: bytes, header: dict[str, Json]) -> str:
    """What of a first line is not what was written, '' if nothing is; `header` is what `row` says."""
    found = _SEALED.fullmatch(row)
    if found is None:
        return "its seal is missing" if SEAL not in header else "its seal is not where it was written"
    if _digest(found[1], found[3]) == found[2].decode():
        return ""
    return _named(found[3].decode(), list(_checks({key: header[key] for key in header if key != SEAL})))


def _digest(row: bytes, checks: bytes) -> str:
    return hashlib.sha256(row + checks).hexdigest()[:_DIGITS]


def _named(stated: str, found: list[tuple[str, int]]) -> str:
    """The first key that differs from what was written, by its check."""
    before = [int(stated[at : at + 2], 16) for at in range(0, len(stated), 2)]
    now = [check for _, check in found]
    at = next(
        (at for at, pair in enumerate(zip(before, now, strict=False)) if pair[0] != pair[1]), min(len(before), len(now))
    )
    name = inert_line(found[at][0], 40) if at < len(found) else ""
    if len(now) < len(before):
        return f"a key before '{name}' is missing" if name else "its last key is missing"
    if len(now) > len(before):
        return f"'{name}' was added"
    return f"'{name}' is not what was written" if name else "a key was moved or doubled, or the seal was changed"


def _checks(header: dict[str, Json]) -> Iterator[tuple[str, int]]:
    """A check for each key, and for each digest by its component."""
    for key, value in header.items():
        if isinstance(value, dict) and value:
            yield from _checks({f"{key}.{inner}": item for inner, item in value.items()})
        else:
            yield key, zlib.crc32(orjson.dumps([key, value])) & 0xFF
