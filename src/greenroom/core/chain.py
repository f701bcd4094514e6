"""The link of a hash chain and the salted commitment, shared by session logs and the ledger.

Invariant: a hash covers everything of a record but its detachable content, and content is covered by its commitment.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from hashlib import sha256 as _sha256
from typing import Any

import orjson

from greenroom.core.canonical import canonical, whole

_BLOCK = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))

VERSION = 1
GENESIS = "0" * 64
SALT = "salt"
"""Beside a commitment whose value is not kept: a mark of its salt, which nothing else could check."""


def link(seq: int, at: str, body_name: str, body: dict[str, Any], prev: str) -> str:
    """SHA-256 over the RFC 8785 bytes of version, place, time, body and the hash before, in hex."""
    return _sha256(canonical(_linked(seq, at, body_name, body, prev))).hexdigest()


def links(line: dict[str, Any], body_name: str) -> bool:
    """Whether a line read from disk carries the hash of its own contents."""
    linked = {"v": VERSION, "seq": line["seq"], "at": line["at"], body_name: line[body_name], "prev": line["prev"]}
    # orjson first: it is right for all but exotic numbers and keys, and twenty times as fast.
    fast = orjson.dumps(linked, option=orjson.OPT_SORT_KEYS)
    wanted: str = line["hash"]
    return _sha256(fast).hexdigest() == wanted or _sha256(canonical(linked)).hexdigest() == wanted


def commit(salt: str, value: Any) -> str:
    """HMAC-SHA-256 of a value under a salt of 32 random bytes, as base64. Without the salt it says nothing."""
    return _code(salt, canonical(value))


def committed(commitment: str, salt: str, value: Any) -> bool:
    """Whether `value` under `salt` is what `commitment` was made of."""
    fast = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    if _code(salt, fast) == commitment:
        return True
    if b".0" in fast and _code(salt, orjson.dumps(whole(value), option=orjson.OPT_SORT_KEYS)) == commitment:
        return True
    return commit(salt, value) == commitment


def salt_mark(salt: str) -> str:
    """Half a SHA-256 of a salt, as base64. A salt is 32 random bytes, so its mark says nothing about it."""
    return b2a_base64(_sha256(salt.encode()).digest()[:16], newline=False).decode()


def _linked(seq: int, at: str, body_name: str, body: dict[str, Any], prev: str) -> dict[str, Any]:
    return {"v": VERSION, "seq": seq, "at": at, body_name: body, "prev": prev}


def _code(salt: str, data: bytes) -> str:
    """HMAC by RFC 2104 from two hashes: `hmac.digest` looks the algorithm up on each call, for half as much again."""
    key = a2b_base64(salt, strict_mode=True)
    if len(key) > _BLOCK:
        key = _sha256(key).digest()
    key = key.ljust(_BLOCK, b"\0")
    inner = _sha256(key.translate(_INNER) + data).digest()
    return b2a_base64(_sha256(key.translate(_OUTER) + inner).digest(), newline=False).decode()
