"""Stretches of a row painted over (a search hit, a selection), and the row's text with the cells that held it.

Invariant: painting changes style only; text and width of the row stay the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.selection import Selection
from textual.strip import Strip

Span = tuple[int, int]


def paint(strip: Strip, spans: Sequence[Span], style: Style) -> Strip:
    """The strip with `style` over each span of character positions (start, end); spans are in order, not overlapping."""
    if not spans:
        return strip
    segments: list[Segment] = []
    position = 0
    for text, base, control in strip:
        start = 0
        for cut in _cuts(spans, position, position + len(text)):
            piece = text[start : cut - position]
            segments.append(Segment(piece, _style(base, style, spans, position + start), control))
            start = cut - position
        if start < len(text):
            segments.append(Segment(text[start:], _style(base, style, spans, position + start), control))
        position += len(text)
    return Strip(segments, strip.cell_length)


def marked(selection: Selection, row: int, text: str, gutter: int) -> Span | None:
    """The characters of a row that a mouse selection covers, from behind the gutter on; None if none."""
    span = selection.get_span(row)
    if span is None:
        return None
    return max(span[0], gutter), len(text) if span[1] == -1 else span[1]


def _cuts(spans: Sequence[Span], start: int, end: int) -> list[int]:
    """The borders of spans strictly inside a segment."""
    return sorted({border for span in spans for border in span if start < border < end})


def _style(base: Style | None, over: Style, spans: Sequence[Span], position: int) -> Style | None:
    covered = any(start <= position < end for start, end in spans)
    if not covered:
        return base
    return base + over if base else over
