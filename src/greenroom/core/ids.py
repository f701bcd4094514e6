"""Randomness comes from here only: session ids, memory ids and the salts of commitments."""

from __future__ import annotations

import base64
import secrets
from typing import Protocol

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


class Ids(Protocol):
    """`name` gives a short unique word; `salt` 32 fresh bytes as base64 text."""

    def name(self, prefix: str) -> str: ...
    def salt(self) -> str: ...


class RandomIds:
    """Ids no one can guess."""

    def name(self, prefix: str) -> str:
        return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(10))

    def salt(self) -> str:
        return base64.b64encode(secrets.token_bytes(32)).decode()


class CountedIds:
    """Ids that count, for tests and for replays, where two runs must write the same bytes."""

    def __init__(self) -> None:
        self._count = 0

    def name(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count:04d}"

    def salt(self) -> str:
        self._count += 1
        return base64.b64encode(self._count.to_bytes(32, "big")).decode()
