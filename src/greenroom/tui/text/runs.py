"""Rows of a pane as data: runs of text with a tone, made harmless, wrapped without losing their tones.

Invariant: `safe` runs hold nothing a terminal would obey, and the runs of wrapped rows have the text of the whole, save
white space where it was broken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from greenroom.core.inert import inert, inert_line
from greenroom.tui.text.wrapping import wrap

Tint = Literal["plain", "quiet", "good", "wait", "bad", "strong", "key", "person", "persona", "mark", "gone", "came"]


class Run(NamedTuple):
    """A stretch of text of one tint. Untrusted until `safe`."""

    text: str
    tint: Tint = "plain"


Line = tuple[Run, ...]


def plain(line: Line) -> str:
    """The text of a line."""
    return "".join(run.text for run in line)


def safe(line: Line) -> Line:
    """The line with every run made harmless."""
    return tuple(Run(inert(run.text), run.tint) for run in line if run.text)


def flat(line: Line) -> Line:
    """The line made harmless and kept on one row."""
    return tuple(Run(inert(run.text).replace("\n", " ").replace("\t", " "), run.tint) for run in line if run.text)


def by_line(line: Line) -> Iterator[Line]:
    """The line cut where its text has line ends."""
    now: list[Run] = []
    for run in line:
        first, *more = run.text.split("\n")
        now.append(Run(first, run.tint))
        for text in more:
            yield tuple(now)
            now = [Run(text, run.tint)]
    yield tuple(now)


def cell(text: str, width: int, tint: Tint = "plain", *, right: bool = False) -> Run:
    """A column: one line of text, padded to `width` characters or cut to it."""
    flat = inert_line(text, width)
    return Run(flat.rjust(width) if right else flat.ljust(width), tint)


def named(name: str, value: str, tint: Tint = "plain", room: int = 9) -> Line:
    """A quiet name and its value, as `query    shoes`."""
    return (Run(f"{inert_line(name, room):<{room}} ", "quiet"), Run(value, tint))


def marked(text: str, spans: Iterable[tuple[int, int]], tint: Tint = "mark") -> Line:
    """Text with some stretches of it in another tint; spans may overlap and reach beyond the text."""
    runs: list[Run] = []
    at = 0
    for first, last in sorted(spans):
        start, end = max(first, at), min(last, len(text))
        if start < end:
            runs += [Run(text[at:start]), Run(text[start:end], tint)]
            at = end
    return tuple(run for run in (*runs, Run(text[at:])) if run.text)


def wrapped(line: Line, width: int) -> list[Line]:
    """The line broken into rows of `width` cells; what follows a quiet name hangs beside it where there is room."""
    name = line[0] if len(line) > 1 else Run("")
    hang = len(name.text)
    if name.tint != "quiet" or not name.text.endswith(" ") or hang * 3 > width:
        return _rows(line, width)
    rows = _rows(line[1:], width - hang)
    return [(name, *rows[0]), *((Run(" " * hang), *row) for row in rows[1:])]


def _rows(line: Line, width: int) -> list[Line]:
    runs = [Run(run.text.expandtabs(4), run.tint) for run in line]
    text = "".join(run.text for run in runs)
    rows: list[Line] = []
    at = 0
    for row in wrap(text, width):
        found = text.find(row, at)
        at = at if found < 0 else found
        rows.append(_between(runs, at, at + len(row)))
        at += len(row)
    return rows


def _between(runs: list[Run], start: int, end: int) -> Line:
    """The runs of the characters from `start` to `end`."""
    cut: list[Run] = []
    place = 0
    for text, tint in runs:
        piece = text[max(start - place, 0) : max(end - place, 0)]
        if piece:
            cut.append(Run(piece, tint))
        place += len(text)
        if place >= end:
            break
    return tuple(cut)
