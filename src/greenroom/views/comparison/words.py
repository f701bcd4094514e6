"""Two texts word by word: what stayed, what went, what came.

Invariant: what stayed and went is the old text, what stayed and came is the new one, to the last space; turned round,
the same words are marked.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

Change = Literal["same", "gone", "came"]
Block = tuple[bool, int, int, int, int]
"""Whether a stretch is equal, and where it stands in the one and in the other."""

_ALONE = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_SIGNS = r"!-/:-@\[-`{-~\u2026\u2013\u2014\u2018-\u201f\u00ab\u00bb\u00bf\u00a1\u3000-\u303f\uff00-\uff0f"
_TOKEN = re.compile(rf"\s+|[{_ALONE}]|(?:[^\s{_ALONE}{_SIGNS}]|(?<=\w)[.,:'\u2019_-](?=\w))+|[{_SIGNS}]")
"""Spaces, one letter of a script that has no spaces, a word (60.00, don't, order-id), or one sign."""

_MOST_TOKENS = 20_000
_SHORT = 2
"""So many words that stayed between two changes are read as part of the change, unless they are longer than it."""


class Piece(NamedTuple):
    """A stretch of text and what became of it."""

    change: Change
    text: str


def word_diff(old: str, new: str) -> tuple[Piece, ...]:
    """What became of the words of `old` in `new`. Texts of 40 KB take some hundredths of a second.

    Texts that differ in more than about 50 KB are compared line by line.
    """
    if old == new:
        return (Piece("same", old),) if old else ()
    if old > new:
        turned: dict[Change, Change] = {"gone": "came", "came": "gone", "same": "same"}
        return _in_order(Piece(turned[piece.change], piece.text) for piece in _diff(new, old))
    return _diff(old, new)


def mask_of(text: str, others: Iterable[str]) -> tuple[Piece, ...]:
    """`text` with those of its words marked as gone that at least one of `others` has not."""
    gone = bytearray(len(text))
    for other in others:
        at = 0
        for change, piece in word_diff(text, other):
            if change == "gone":
                gone[at : at + len(piece)] = b"\x01" * len(piece)
            at += len(piece) if change != "came" else 0
    return tuple(
        Piece("gone" if run[0][:1] == b"\x01" else "same", text[run.start() : run.end()])
        for run in re.finditer(rb"\x00+|\x01+", gone)
    )


def alike(pieces: Iterable[Piece], least: float = 0.5) -> bool:
    """Whether two texts have so much in common that one is read more easily as a change of the other: what stayed is at
    `least` so large a part of what went, and of what came.
    """
    sizes = {"same": 0, "gone": 0, "came": 0}
    for change, text in pieces:
        sizes[change] += len(text)
    return sizes["same"] >= least * max(sizes["gone"], sizes["came"])


def opcodes(one: Sequence[Hashable], other: Sequence[Hashable]) -> list[Block]:
    """The stretches that are equal, and those between, so that as much as can be is equal."""
    from rapidfuzz.distance import Indel

    start = _shared(one, other)
    end = _shared(one[start:][::-1], other[start:][::-1])
    numbers: dict[Hashable, int] = {}  # numbers are compared by what they are; texts would be by their hash
    first = [numbers.setdefault(item, len(numbers)) for item in one[start : len(one) - end]]
    second = [numbers.setdefault(item, len(numbers)) for item in other[start : len(other) - end]]
    blocks: list[Block] = [(True, 0, start, 0, start)] if start else []
    for code in Indel.opcodes(first, second):
        place = (code.src_start + start, code.src_end + start, code.dest_start + start, code.dest_end + start)
        blocks.append((code.tag == "equal", *place))
    if end:
        blocks.append((True, len(one) - end, len(one), len(other) - end, len(other)))
    return _joined(blocks)


def likeness(one: str, other: str) -> float:
    """How much two short texts have in common, 0 to 1."""
    from rapidfuzz.distance import Indel

    return Indel.normalized_similarity(one[:2_000].lower(), other[:2_000].lower())


@lru_cache(maxsize=256)
def _diff(old: str, new: str) -> tuple[Piece, ...]:
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    start = _shared(before, after)
    if max(len(before), len(after)) - start > _MOST_TOKENS:
        before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    if max(len(before), len(after)) > _MOST_TOKENS:
        blocks: list[Block] = [(False, 0, len(before), 0, len(after))]
    else:
        blocks = _read(opcodes(before, after), before, after)
    return _in_order(_pieces(blocks, before, after))


def _pieces(blocks: Iterable[Block], before: Sequence[str], after: Sequence[str]) -> Iterable[Piece]:
    for equal, a, b, c, d in blocks:
        if equal:
            yield Piece("same", "".join(before[a:b]))
        else:
            yield Piece("gone", "".join(before[a:b]))
            yield Piece("came", "".join(after[c:d]))


def _read(blocks: list[Block], before: Sequence[str], after: Sequence[str]) -> list[Block]:
    """The stretches as a person reads them: a stray word that stayed in the middle of a change belongs to it."""
    sizes = [max(len("".join(before[a:b])), len("".join(after[c:d]))) for _, a, b, c, d in blocks]
    kept: list[Block] = []
    for place, (equal, a, b, c, d) in enumerate(blocks):
        inside = 0 < place < len(blocks) - 1
        words = [token for token in before[a:b] if not token.isspace()] if equal and inside and b - a < 8 else None
        stray = words is not None and len(words) <= _SHORT
        absorbed = stray and (not words or sizes[place] <= min(sizes[place - 1], sizes[place + 1]))
        kept.append((equal and not absorbed, a, b, c, d))
    return _joined(kept)


def _joined(blocks: Iterable[Block]) -> list[Block]:
    found: list[Block] = []
    for equal, a, b, c, d in blocks:
        if found and found[-1][0] == equal:
            found[-1] = (equal, found[-1][1], b, found[-1][3], d)
        else:
            found.append((equal, a, b, c, d))
    return found


def _in_order(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """What went before what came, and nothing empty."""
    found: list[Piece] = []
    for piece in pieces:
        if piece.text:
            found.append(piece)
        if len(found) > 1 and found[-2].change == "came" and found[-1].change == "gone":
            found[-2:] = [found[-1], found[-2]]
    return tuple(found)


def _shared(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """How many items two sequences have in common at their beginning."""
    pairs = zip(one, other, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
