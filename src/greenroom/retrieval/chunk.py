"""A document's text in pieces a prompt can hold, each with the headings above it and its exact place.

Invariant: `text[piece.start:piece.end] == piece.text`; pieces are in order, do not overlap, and hold everything
but blank space and the headings of sections that have no text of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from greenroom.store.documents import ChunkRow

VERSION = 1
"""Raised when pieces would be cut differently; documents are then taken in again."""
LARGEST = 900
"""Characters of a piece: two or three paragraphs. Smaller ones crowd out answers, larger ones dilute them."""
_SMALLEST = 200

_HEADING = re.compile(r"(#{1,6})[ \t]+(\S.*)")
_FENCE = re.compile(r"[ ]{0,3}(`{3,}|~{3,})")
_BREAKS = (re.compile(r"\n[ \t\r]*\n"), re.compile(r"\n"), re.compile(r"[.!?…][\"')\]]*\s"), re.compile(r"\s"))
_SLUG_DROPPED = re.compile(r"[^\w\- ]")


@dataclass(frozen=True, slots=True)
class _Section:
    """A heading line with what follows it. `body` is where the text after the heading begins."""

    path: tuple[str, ...]
    start: int
    body: int
    end: int


def chunk(text: str, *, markdown: bool, largest: int = LARGEST) -> list[ChunkRow]:
    """The pieces of a document.

    Args:
        text: the whole document, line ends as they are.
        markdown: whether `#` begins a heading.
        largest: the most characters in a piece.
    """
    sections = list(_sections(text)) if markdown else [_Section((), 0, 0, len(text))]
    filled = [section for section in sections if text[section.body : section.end].strip()]
    pieces: list[ChunkRow] = []
    for section in filled or sections:
        heading = " > ".join(section.path)
        anchor = slug(section.path[-1]) if section.path else ""
        for start, end in _cut(text, section.start, section.end, largest):
            pieces.append(ChunkRow(len(pieces), anchor, heading, text[start:end], start, end))
    return pieces


def slug(heading: str) -> str:
    """A heading as it stands in a link: `Gift cards & vouchers` is `gift-cards--vouchers`, as on the code hosts."""
    return _SLUG_DROPPED.sub("", heading.strip().lower()).replace(" ", "-")


def _sections(text: str) -> Iterator[_Section]:
    """The text cut at its headings; a `#` inside a fenced block is none."""
    path: tuple[tuple[int, str], ...] = ()
    start = body = at = 0
    fence = ""
    for line in text.splitlines(keepends=True):
        fenced = _FENCE.match(line)
        if fence:
            if fenced and fenced.group(1).startswith(fence):
                fence = ""
        elif fenced:
            fence = fenced.group(1)
        elif heading := _HEADING.match(line):
            yield _Section(tuple(title for _, title in path), start, body, at)
            level = len(heading.group(1))
            path = (*(step for step in path if step[0] < level), (level, _title(heading.group(2))))
            start, body = at, at + len(line)
        at += len(line)
    yield _Section(tuple(title for _, title in path), start, body, at)


def _title(line: str) -> str:
    """A heading's words without the `#` that may close it."""
    words = line.strip()
    bare = words.rstrip("#")
    return bare.rstrip() if bare != words and (not bare or bare[-1].isspace()) else words


def _cut(text: str, start: int, end: int, largest: int) -> Iterator[tuple[int, int]]:
    """Spans without blank ends, none longer than `largest`, broken at the best place there is."""
    while True:
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        if start == end:
            return
        stop = end if end - start <= largest else _break(text, start, start + largest)
        tail = stop
        while text[tail - 1].isspace():
            tail -= 1
        yield start, tail
        start = stop


def _break(text: str, start: int, stop: int) -> int:
    """The last paragraph, line, sentence or word end before `stop` that leaves a piece worth having."""
    for pattern in _BREAKS:
        ends = [found.end() for found in pattern.finditer(text, start + min(_SMALLEST, (stop - start) // 2), stop)]
        if ends:
            return ends[-1]
    return stop
