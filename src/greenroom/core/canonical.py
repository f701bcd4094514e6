"""One byte form for a JSON value (RFC 8785), its digest, and the cleaning every foreign value passes first.

Invariant: equal values have equal bytes, whoever wrote them and in whatever key order.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any

import orjson
import rfc8785

MAX_DEPTH = 32
_SAFE_INTEGER = 2**53 - 1


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of a JSON value. orjson writes the same bytes far faster where the value is plain."""
    if _plain(value) or _plain(value := whole(value)):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return rfc8785.dumps(value)


def digest(value: Any) -> str:
    """SHA-256 of the canonical bytes, in hex. For texts a team keeps in git, never for a person's words."""
    return hashlib.sha256(canonical(value)).hexdigest()


def short(full: str) -> str:
    """The first eight characters of a digest, as people read it."""
    return full[:8]


def _plain(value: Any) -> bool:
    """Whether orjson's sorted output is already RFC 8785 for this value."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is int:
        return bool(-_SAFE_INTEGER <= value <= _SAFE_INTEGER)
    if kind is float:
        return bool(1e-4 <= abs(value) < 1e15 and not value.is_integer())
    if kind is dict:
        return all(type(key) is str and key.isascii() and _plain(item) for key, item in value.items())
    return kind in (list, tuple) and all(map(_plain, value))


def whole(value: Any) -> Any:
    """The value with whole numbers such as 120.0 as integers: RFC 8785 writes both as 120."""
    kind = type(value)
    if kind is float:
        return int(value) if value.is_integer() and abs(value) <= _SAFE_INTEGER else value
    if kind is dict:
        return {key: whole(item) for key, item in value.items()}
    return [whole(item) for item in value] if kind in (list, tuple) else value


def clean_text(text: str) -> str:
    """Text fit to keep: a lone surrogate, which no encoder accepts, becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def clean_json(value: Any, depth: int = 0) -> Any:
    """A JSON value fit to keep.

    Raises:
        ValueError: nested deeper than 32, a number that is not finite or above 2**53, or a type JSON lacks.
    """
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, str):
        return clean_text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _clean_number(value)
    if isinstance(value, dict):
        return {clean_text(str(key)): clean_json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(item, depth + 1) for item in value]
    raise ValueError(f"{type(value).__name__} is not a JSON value")


def _clean_number(value: int | float) -> int | float:
    if isinstance(value, int):
        if abs(value) > _SAFE_INTEGER:
            raise ValueError("an integer beyond 2**53 cannot be kept exactly")
    elif not math.isfinite(value):
        raise ValueError("NaN and infinity are not JSON numbers")
    return value
