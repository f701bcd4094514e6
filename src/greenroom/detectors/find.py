"""Findings in a payload: which detector, where, from which code point to which.

Invariant: every string is looked at, or `unchecked` says what was not; spans are code points of the string at `path`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, islice

from greenroom.core.inert import hidden_spans
from greenroom.core.values import Finding, Json, trusted
from greenroom.detectors.checks import MAX_WINDOWS
from greenroom.detectors.fold import fold
from greenroom.detectors.own import MASK, NONE, OwnDetectors
from greenroom.detectors.patterns import PATTERNS, Pattern
from greenroom.detectors.walk import Walked, walk

MAX_FINDINGS = 2_000
_REMEMBERED = 1_024
_REMEMBERED_CHARACTERS = 4_000
"""Payloads up to this size are looked at once: a turn puts the same words to policy at several hooks. In memory only."""

_PLAIN = frozenset({str, int, float, bool, type(None)})

LABELS = {
    "personal.email": "email",
    "personal.card": "card",
    "personal.iban": "iban",
    "personal.phone": "phone",
    "personal.ip": "ip",
    "secret.jwt": "jwt",
    "secret.pem": "key",
    "secret.token": "token",
    "secret.keyed": "password",
    "text.control": "control",
    "link.mismatch": "link",
    "injection.hint": "instruction",
    "voice.never": "word",
}
"""What a mask calls each kind of finding: `personal.card` becomes `‹card#1›`."""

KINDS = tuple(LABELS)
"""The names of all detectors, as rules give them in `find`."""

_KIND_OF = {label: kind for kind, label in LABELS.items()}
_MASK = re.compile(f"‹({'|'.join(_KIND_OF)})#([1-9][0-9]{{0,8}})›")
_SEPARATOR = "\x00"
Place = tuple[int, int, int, str]
"""Index of a string, start, end, detector."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What was found, in reading order, and what could not be checked."""

    findings: tuple[Finding, ...] = ()
    unchecked: tuple[str, ...] = ()


def find(payload: Json, own: OwnDetectors = NONE) -> tuple[Finding, ...]:
    """All findings in `payload`; use `scan` where it matters that something could not be checked."""
    return scan(payload, own).findings


def scan(payload: Json, own: OwnDetectors = NONE) -> Scan:
    """Look at every string of `payload`, keys included, with the built-in detectors and `own` ones.

    Linear in its size; never raises.
    """
    if _is_flat(payload):
        return _remembered_flat(tuple(payload.items()), own)
    walked = walk(payload)
    look = _remembered if walked.characters <= _REMEMBERED_CHARACTERS else looked_at
    return _with(walked, look(tuple(walked.strings), own))


def _is_flat(payload: Json) -> bool:
    """Whether it is a short object of texts and numbers, as most questions are: they are known again without a walk."""
    if type(payload) is not dict or not {str}.issuperset(map(type, payload)):
        return False
    if not _PLAIN.issuperset(map(type, payload.values())):
        return False
    return sum([len(value) for value in payload.values() if type(value) is str]) <= _REMEMBERED_CHARACTERS


def _scan_flat(items: tuple[tuple[str, Json], ...], own: OwnDetectors) -> Scan:
    walked = walk(dict(items))
    return _with(walked, looked_at(tuple(walked.strings), own))


def _with(walked: Walked, seen: Scan) -> Scan:
    return Scan(seen.findings, (*walked.unchecked, *seen.unchecked)) if walked.unchecked else seen


def looked_at(strings: tuple[tuple[str, str], ...], own: OwnDetectors, patterns: Sequence[Pattern] = PATTERNS) -> Scan:
    """The same for strings with their paths, with these `patterns` only."""
    joined = _Strings(strings)
    budget = [MAX_WINDOWS]
    found: list[Place] = []
    for pattern in patterns:
        joined.search(pattern, budget, found)
    joined.odd_characters(found)
    if own.detectors:
        found.extend(own.places([text for _, text in strings], MAX_FINDINGS + 1))
    unchecked = []
    if budget[0] <= 0:
        unchecked.append(f"possible card and account numbers beyond {MAX_WINDOWS:,}")
    if len(found) > MAX_FINDINGS:
        unchecked.append(f"findings beyond {MAX_FINDINGS:,}")
    places = _without_numbers_in_numbers(sorted(set(found)))[:MAX_FINDINGS]
    return Scan(tuple(joined.finding(*place) for place in places), tuple(unchecked))


# Pure functions, so remembering their answers changes none. Numbers that are equal (1, 1.0, True) hold the same digits
# for a detector, or none at all.
_remembered = lru_cache(_REMEMBERED)(looked_at)
_remembered_flat = lru_cache(_REMEMBERED)(_scan_flat)


def _without_numbers_in_numbers(places: list[Place]) -> list[Place]:
    """The same places, but no phone number that is a part of a card number or an IBAN (`DE89 3704 0044 ...`)."""
    if not any(place[3] == "personal.phone" for place in places):
        return places
    outer = (-1, 0, 0)
    kept: list[Place] = []
    for index, start, end, detector in places:
        if detector in ("personal.card", "personal.iban"):
            outer = (index, start, end)
        elif detector == "personal.phone" and outer[0] == index and outer[1] < start and end <= outer[2]:
            continue
        kept.append((index, start, end, detector))
    return kept


class _Strings:
    """All strings of a payload as one run of bytes, so that each pattern is searched once and not per string."""

    def __init__(self, strings: tuple[tuple[str, str], ...]) -> None:
        self._strings = strings
        texts = [text for _, text in strings]
        joined = _SEPARATOR.join(texts)
        self._ascii = joined.isascii()
        self._folded = [] if self._ascii else [fold(text) for text in texts]
        if self._ascii:
            self._data, sizes = joined.encode(), [len(text) for text in texts]
        else:
            parts = [folded.text.encode("utf-8", "surrogatepass") for folded in self._folded]
            self._data, sizes = _SEPARATOR.encode().join(parts), [len(part) for part in parts]
        self._starts = list(accumulate((size + 1 for size in sizes), initial=0))
        self._cursor = (0, 0, 0)

    def search(self, pattern: Pattern, budget: list[int], found: list[Place]) -> None:
        """Add what `pattern` finds, as (index of the string, start, end, detector)."""
        data = self._data
        if pattern.literals and not any(literal in data for literal in pattern.literals):
            return
        for match in pattern.compiled.finditer(data):
            for start, end in pattern.check(match, budget):
                if (place := self._place(start, end)) is not None:
                    found.append((*place, pattern.name))
            if len(found) > MAX_FINDINGS:
                return

    def odd_characters(self, found: list[Place]) -> None:
        """Add control, bidi and invisible characters, and the masks that earlier redactions left."""
        for index, (_, text) in enumerate(self._strings):
            if text.isascii() and text.isprintable():
                continue
            hidden = islice(hidden_spans(text), MAX_FINDINGS + 1)
            found.extend((index, start, end, "text.control") for start, end in hidden)
            masks = islice(_MASK.finditer(text), MAX_FINDINGS + 1) if "‹" in text else ()
            found.extend((index, mask.start(), mask.end(), _KIND_OF[mask[1]]) for mask in masks)
            if len(found) > MAX_FINDINGS:
                return

    def finding(self, index: int, start: int, end: int, detector: str) -> Finding:
        path, text = self._strings[index]
        mask = text[start:end] if text[start] == "‹" and MASK.fullmatch(text, start, end) else ""
        return trusted(Finding, detector=detector, path=path, start=start, end=end, mask=mask)

    def _place(self, start: int, end: int) -> tuple[int, int, int] | None:
        """Which string a byte span stands in, and where there in code points; None if it spans several."""
        index = bisect_right(self._starts, start) - 1
        base = self._starts[index]
        if self._ascii:
            return (index, start - base, end - base) if end < self._starts[index + 1] else None
        folded = self._folded[index]
        first = self._points(index, base, start)
        last = first + len(self._data[start:end].decode("utf-8", "surrogatepass"))
        return (index, *folded.span(first, last)) if last <= len(folded.text) else None

    def _points(self, index: int, base: int, start: int) -> int:
        """Code points before byte `start` in string `index`; counts on from the last answer, so that a scan stays linear."""
        last, byte, points = self._cursor
        if last != index or byte > start:
            byte, points = base, 0
        points += len(self._data[byte:start].decode("utf-8", "surrogatepass"))
        self._cursor = (index, start, points)
        return points
