"""The link of a hash chain and the salted commitment, shared by session logs and the ledger.

Invariant: a hash covers everything of a record but its detachable content, and content is covered by its commitment.
"""

from __future__ import annotations

import hashlib
import hmac
from binascii import a2b_base64, b2a_base64
from typing import Any

import orjson

from greenroom.core.canonical import canonical

VERSION = 1
GENESIS = "0" * 64
SALT = "salt"
"""Beside a commitment whose value is not kept: a mark of its salt, which nothing else could check."""


def link(seq: int, at: str, body_name: str, body: dict[str, Any], prev: str) -> str:
    """SHA-256 over the RFC 8785 bytes of version, place, time, body and the hash before, in hex."""
    return hashlib.sha256(canonical(_linked(seq, at, body_name, body, prev))).hexdigest()


def links(line: dict[str, Any], body_name: str) -> bool:
    """Whether a line read from disk carries the hash of its own contents."""
    linked = _linked(line["seq"], line["at"], body_name, line[body_name], line["prev"])
    # orjson first: it is right for all but exotic numbers and keys, and twenty times as fast.
    fast = orjson.dumps(linked, option=orjson.OPT_SORT_KEYS)
    wanted: str = line["hash"]
    return hashlib.sha256(fast).hexdigest() == wanted or hashlib.sha256(canonical(linked)).hexdigest() == wanted


def commit(salt: str, value: Any) -> str:
    """HMAC-SHA-256 of a value under a salt of 32 random bytes, as base64. Without the salt it says nothing."""
    return _code(salt, canonical(value))


def committed(commitment: str, salt: str, value: Any) -> bool:
    """Whether `value` under `salt` is what `commitment` was made of."""
    fast = _code(salt, orjson.dumps(value, option=orjson.OPT_SORT_KEYS))
    return fast == commitment or commit(salt, value) == commitment


def salt_mark(salt: str) -> str:
    """Half a SHA-256 of a salt, as base64. A salt is 32 random bytes, so its mark says nothing about it."""
    return b2a_base64(hashlib.sha256(salt.encode()).digest()[:16], newline=False).decode()


def _linked(seq: int, at: str, body_name: str, body: dict[str, Any], prev: str) -> dict[str, Any]:
    return {"v": VERSION, "seq": seq, "at": at, body_name: body, "prev": prev}


def _code(salt: str, data: bytes) -> str:
    return b2a_base64(hmac.digest(a2b_base64(salt, strict_mode=True), data, "sha256"), newline=False).decode()
