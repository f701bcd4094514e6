"""Long text on a tape: cut at sentence ends into lines of its own, and put together again without a loss.

Invariant: `unpack(pack(value)) == value` for every JSON value, and the pieces of a text joined are the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from greenroom.core.values import Json

MARK = "¶"
"""The key of `{"¶": 3}`, which stands for the next three pieces. A real object with such a key gets one more mark."""

LONG = 100
"""Texts up to this many characters stay in their event's line."""

_NESTS = frozenset({dict, list})

_END = re.compile(r"(?:[.!?…][\"'”’)\]]*[ \t]+|\n+)")


def pieces(text: str) -> list[str]:
    """The text cut behind each sentence end and line end; one piece if it has none."""
    cuts = [match.end() for match in _END.finditer(text) if match.end() < len(text)]
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def pack(value: Json, out: list[str]) -> Json:
    """The value with each long text replaced by a mark; the texts' pieces are added to `out` in reading order."""
    if isinstance(value, str):
        if len(value) <= LONG:
            return value
        parts = pieces(value)
        if len(parts) == 1:
            return value
        out.extend(parts)
        return {MARK: len(parts)}
    if isinstance(value, dict):
        if len(value) == 1:
            [(key, item)] = value.items()
            return {MARK + key if key.startswith(MARK) else key: pack(item, out)}
        return {key: pack(item, out) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [pack(item, out) for item in value]
    return value


def unpack(value: Json, parts: Iterator[str]) -> Json:
    """The value with its long texts back in place.

    Raises:
        StopIteration: there are fewer pieces than the marks say.
    """
    if isinstance(value, dict):
        if len(value) == 1:
            [(key, item)] = value.items()
            if key == MARK and type(item) is int:
                return "".join([next(parts) for _ in range(item)])
            return {key[1:] if key.startswith(MARK * 2) else key: unpack(item, parts)}
        return {key: unpack(item, parts) if type(item) in _NESTS else item for key, item in value.items()}
    if isinstance(value, list):
        return [unpack(item, parts) if type(item) in _NESTS else item for item in value]
    return value
