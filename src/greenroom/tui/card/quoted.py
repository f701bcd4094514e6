"""The text around findings, cut out of the payload they were found in, with what was found marked.

Invariant: a mark covers exactly the span of a finding, in code points; where the text is no longer there, nothing is
quoted rather than something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from greenroom.tui.text.runs import Line, Run, marked

if TYPE_CHECKING:
    from greenroom.core.values import Finding, Json

AROUND = 60
"""Characters kept on each side of a finding in a long text."""
WHOLE = 320
"""Characters up to which a text is quoted whole."""
SHOWN = 12
"""Places quoted at most; the findings themselves are all listed."""
Span = tuple[int, int]


class Quote(NamedTuple):
    """A stretch of the text at `path`, and the spans in it that were found."""

    path: str
    text: str
    spans: tuple[Span, ...]

    @property
    def line(self) -> Line:
        """As runs, what was found tinted."""
        return marked(self.text, self.spans)

    @property
    def plain(self) -> str:
        """As plain text, what was found between marks that need no colour."""
        return "".join(f"»{run.text}«" if run.tint == "mark" else run.text for run in self.line)


def quotes(payload: Json, findings: Iterable[Finding]) -> list[Quote]:
    """The surroundings of every finding, in reading order; findings close together share one."""
    from greenroom.detectors.walk import walk

    texts = dict(walk(payload).strings)
    by_path: dict[str, list[Span]] = {}
    for item in findings:
        text = texts.get(item.path, "")
        if (span := _span(text, item)) is not None:
            by_path.setdefault(item.path, []).append(span)
    found = [quote for path, spans in by_path.items() for quote in _cut(path, texts[path], sorted(set(spans)))]
    return found[:SHOWN]


def _span(text: str, item: Finding) -> Span | None:
    """Where a finding stands: its mask if that is in the text by now, else its own span."""
    if item.mask and text[item.start : item.end] != item.mask and (at := text.find(item.mask)) >= 0:
        return at, at + len(item.mask)
    return (item.start, item.end) if 0 <= item.start < item.end <= len(text) else None


def _cut(path: str, text: str, spans: Sequence[Span]) -> list[Quote]:
    if len(text) <= WHOLE:
        return [Quote(path, text, tuple(spans))]
    found: list[Quote] = []
    held: list[Span] = []
    for span in spans:
        if held and span[0] - held[-1][1] > 2 * AROUND:
            found.append(_around(path, text, held))
            held = []
        held.append(span)
    return [*found, _around(path, text, held)]


def _around(path: str, text: str, spans: Sequence[Span]) -> Quote:
    start, end = max(spans[0][0] - AROUND, 0), min(spans[-1][1] + AROUND, len(text))
    before, after = "… " if start else "", " …" if end < len(text) else ""
    shift = len(before) - start
    return Quote(path, before + text[start:end] + after, tuple((a + shift, b + shift) for a, b in spans))


def quoted_lines(found: Iterable[Quote]) -> tuple[Line, ...]:
    """Each quote under the path it stands at, where there are several."""
    listed = list(found)
    several = len({quote.path for quote in listed}) > 1
    lines: list[Line] = []
    for quote in listed:
        name = f"in {quote.path}" if several else "in"
        lines.append((Run(f"{name:<9} ", "quiet"), *quote.line))
    return tuple(lines)
