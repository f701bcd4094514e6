"""Text as detectors read it: full-width letters, other scripts' digits, odd spaces and dashes made plain ASCII.

Invariant: each place of the folded text knows its place in the text itself, so that spans stay exact.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_ZERO_WIDTH = "\u00ad\u200b-\u200d\u2060\ufeff"
_SPACES = "\u00a0\u2007\u2009\u202f\u3000"
_DASHES = "\u2010-\u2015\u2212"
_DIGITS = "\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef"
_ODD = re.compile(f"[{_ZERO_WIDTH}{_SPACES}{_DASHES}{_DIGITS}\uff01-\uff5e]")
_DROPPED = re.compile(f"[{_ZERO_WIDTH}]+")
_TABLE = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_TABLE |= dict.fromkeys(map(ord, _SPACES), " ")
_TABLE |= dict.fromkeys([*range(0x2010, 0x2016), 0x2212], "-")
_TABLE |= {
    code: str(unicodedata.decimal(chr(code)))
    for first in (0x0660, 0x06F0, 0x0966, 0x09E6)
    for code in range(first, first + 10)
}


@dataclass(frozen=True, slots=True)
class Folded:
    """`text` to search; `places[i]` is where its character i stands in the original, None where nothing was dropped."""

    text: str
    places: tuple[int, ...] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """A span of `text` as one of the original; what was dropped inside it belongs to it."""
        if self.places is None:
            return start, end
        return self.places[start], self.places[end - 1] + 1


def fold(text: str) -> Folded:
    """`text` folded. Zero-width characters are dropped, every other odd one becomes one plain one."""
    if text.isascii() or not _ODD.search(text):
        return Folded(text)
    plain = text.translate(_TABLE)
    if not _DROPPED.search(plain):
        return Folded(plain)
    places: list[int] = []
    last = 0
    for run in _DROPPED.finditer(plain):
        places.extend(range(last, run.start()))
        last = run.end()
    places.extend(range(last, len(plain)))
    return Folded(_DROPPED.sub("", plain), tuple(places))
