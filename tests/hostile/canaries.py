"""Secrets that are easy to find again: six kinds, different for every door they come in by."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from greenroom.detectors.checks import luhn


@dataclass(frozen=True)
class Canary:
    """What is put in at a door, and the pieces of it that must come out nowhere."""

    door: str
    said: str
    needles: tuple[tuple[str, str], ...]

    def traces(self) -> Iterable[tuple[str, bytes]]:
        """Kind and bytes to look for: as it is, escaped in JSON, and in base64 at any offset."""
        for kind, needle in self.needles:
            raw = needle.encode()
            yield kind, raw
            escaped = json.dumps(needle)[1:-1].encode()
            if escaped != raw:
                yield kind, escaped
            for offset in range(3):
                coded = base64.b64encode(b"\0" * offset + raw)
                yield kind, coded[4 if offset else 0 : -4]


def canary(door: str) -> Canary:
    """The canaries of a door, in one line of text."""
    number = zlib.crc32(door.encode())
    card = _card(number)
    spaced = " ".join(card[start : start + 4] for start in range(0, 16, 4))
    token = f"sk-proj-T0K{number:010d}Zq{number ^ 0x5A5A5A5A:010d}"
    body = f"MIIE{number:010d}vQ{number ^ 0xFFFF:010d}"
    jwt = f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIi{number:010d}x.c2ln{number:010d}"
    password = f"Pw{number:010d}kV9z"
    code = f"NW-{_letters(number)}-{_letters(number // 7)}-{_letters(number // 49)}"
    pem = f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----"
    said = f"token {token} card {spaced} jwt {jwt} password: {password} code {code} and {pem}"
    needles = (("token", token[8:]), ("card", card), ("card", spaced), ("jwt", jwt[21:]), ("password", password), ("code", code), ("key", body))  # fmt: skip
    return Canary(door, said, needles)


def found(canaries: Iterable[Canary], places: Iterable[tuple[str, bytes]]) -> list[str]:
    """`place: door kind` for every trace in the bytes of a place."""
    wanted = [(one.door, kind, trace) for one in canaries for kind, trace in one.traces()]
    seen = {f"{place}: {door} {kind}" for place, data in places for door, kind, trace in wanted if trace in data}
    return sorted(seen)


def _card(number: int) -> str:
    digits = f"4{number:010d}{number % 9973:04d}"
    return next(digits + str(last) for last in range(10) if luhn(digits + str(last)))


def _letters(number: int) -> str:
    alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "".join(alphabet[number // 32**place % 32] for place in range(4))
