"""Parts of entries drawn as strips, each once per width and look.

Invariant: drawing never fails: what Markdown cannot render is drawn as plain text. Rich's Markdown and Pygments are
imported with the first reply that needs them, never before the first paint.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.strip import Strip

from greenroom.tui.conversation.entries import Part
from greenroom.tui.conversation.palette import Palette
from greenroom.tui.text.runs import Line, Tint, wrapped
from greenroom.tui.text.wrapping import wrap

if TYPE_CHECKING:
    from greenroom.tui.conversation.markdown_lines import MarkdownLines

INDENT = 2
"""Cells left of every row: the gutter, where the selection is marked."""
CACHED_PARTS = 600
CURSOR = "▍"


class Painter:
    """Draws parts. One painter per look; a new theme takes a new painter."""

    def __init__(self, palette: Palette) -> None:
        self.palette = palette
        self._cache: LRUCache[tuple[Part, int], list[Strip]] = LRUCache(CACHED_PARTS)
        self._markdown: MarkdownLines | None = None

    def draw(self, part: Part, width: int) -> Sequence[Strip]:
        """The rows of a part at a width in cells; at least one."""
        if part.shape == "tail":
            return self._rows(part, width)
        key = (part, width)
        strips = self._cache.get(key)
        if strips is None:
            strips = self._cache[key] = self._rows(part, width)
        return strips

    def _rows(self, part: Part, width: int) -> list[Strip]:
        room = max(width - INDENT - 1, 4)
        rows: list[Strip]
        match part.shape:
            case "speech":
                rows = self._speech(part, room)
            case "speaker":
                rows = [self._headline(part.text, part.aside, room, Style(color=self.palette.primary, bold=True))]
            case "prose":
                rows = self._prose(part, room)
            case "card":
                rows = [self._card(part, room)]
            case "body":
                rows = self._body(part, room)
            case "fold":
                rows = [_line(part.text, self._quiet, room)]
            case "note":
                rows = self._note(part, room)
            case "section":
                aside = part.aside if len(part.aside) + len(part.text) + 2 <= room else ""
                rows = [self._headline(part.text, aside, room, Style(color=self.palette.accent))]
            case "row":
                rows = [self._row(part, room)]
            case "runs":
                rule = Segment("│ ", Style(color=self.palette.line))
                rows = [Strip([rule, *self.segments(line)]) for line in wrapped(part.runs, room - 2)]
            case _:
                assert part.shape == "tail"
                rows = self._plain(part.text + CURSOR, room, Style(color=self.palette.foreground))
        return [Strip([], 0), *rows] if part.gap else rows

    @property
    def _quiet(self) -> Style:
        return Style(color=self.palette.quiet)

    def segments(self, line: Line) -> list[Segment]:
        """A line that is safe already, in its colours."""
        return [Segment(text, self._tint(tint)) for text, tint in line]

    def _tint(self, tint: Tint) -> Style:
        """How a tint looks."""
        palette = self.palette
        match tint:
            case "strong":
                return Style(color=palette.foreground, bold=True)
            case "key":
                return Style(color=palette.accent)
            case "person":
                return Style(color=palette.secondary)
            case "persona":
                return Style(color=palette.primary)
            case "gone":
                return Style(color=palette.error, strike=True)
            case "came":
                return Style(color=palette.success, bold=True, underline=True)
            case "mark":
                return Style(color=palette.background, bgcolor=palette.warning)
            case _:
                return Style(color=palette.tone(tint))

    def _row(self, part: Part, room: int) -> Strip:
        """One line of a pane, cut where the figures beside it begin; a row that matters now stands on its own ground."""
        left, right = self.segments(part.runs), Strip(self.segments(part.beside))
        wanted = right.cell_length
        strip = Strip(left)
        if wanted and wanted + min(strip.cell_length, 16) + 2 > room:
            right, wanted = Strip([]), 0
        space = room - wanted - (2 if wanted else 0)
        if strip.cell_length > space:
            strip = Strip([*strip.crop(0, space - 1), Segment("…", self._quiet)])
        padding = Segment(" " * (room - wanted - strip.cell_length))
        return Strip([*strip, padding, *right], room)

    def _note(self, part: Part, room: int) -> list[Strip]:
        style = Style(color=self.palette.quiet if part.tone == "plain" else self.palette.tone(part.tone))
        lines = wrap(part.text, room - 2)
        return [_line(("  " if row else "· ") + line, style, room) for row, line in enumerate(lines)]

    def _plain(self, text: str, room: int, style: Style) -> list[Strip]:
        return [_line(line, style, room) for line in wrap(text, room)]

    def _speech(self, part: Part, room: int) -> list[Strip]:
        """What a person said: on its own ground, behind a bar."""
        ground = Style(bgcolor=self.palette.surface)
        bar = Segment("▌ ", ground + Style(color=self.palette.secondary))
        words = ground + Style(color=self.palette.foreground)
        rows = []
        lines = list(wrap(part.text, room - 2))
        if part.aside and cell_len(lines[0]) + cell_len(part.aside) + 2 > room - 2:
            lines.insert(0, "")
        for place, line in enumerate(lines):
            aside = part.aside if place == 0 else ""
            text = set_cell_size(line, max(room - 2 - cell_len(aside), 0))
            rows.append(Strip([bar, Segment(text, words), Segment(aside, ground + self._quiet)], room))
        return rows

    def _card(self, part: Part, room: int) -> Strip:
        mark, title = part.text[:1], part.text[1:]
        color = self.palette.quiet if part.tone == "plain" else self.palette.tone(part.tone)
        name, _, rest = title.strip().partition(" ")
        weight = Style(color=self.palette.foreground, bold=part.kind != "tool")
        segments = [
            Segment(f"{mark} ", Style(color=color)),
            Segment(name, weight),
            Segment(f" {rest}" if rest else "", self._quiet),
        ]
        return _beside(segments, Segment(part.aside, Style(color=color)), room)

    def _headline(self, text: str, aside: str, room: int, style: Style) -> Strip:
        return _beside([Segment(text, style)], Segment(aside, self._quiet), room)

    def _body(self, part: Part, room: int) -> list[Strip]:
        """Folded-out lines, hanging on a thin rule; a leading `name: ` is quiet."""
        rule = Segment("│ ", Style(color=self.palette.line))
        style = Style(color=self.palette.foreground if part.tone == "plain" else self.palette.quiet)
        return [Strip([rule, *_line(line, style, room - 2)]) for line in wrap(part.text, room - 2)]

    def _prose(self, part: Part, room: int) -> list[Strip]:
        from greenroom.tui.conversation.markdown_lines import MarkdownLines

        if self._markdown is None:
            self._markdown = MarkdownLines(self.palette)
        rows = self._markdown.rows(part.text, min(room, 120))
        return rows or self._plain(part.text, room, Style(color=self.palette.foreground))


def _line(text: str, style: Style, room: int) -> Strip:
    width = cell_len(text)
    if width > room:
        text, width = set_cell_size(text, room), room
    return Strip([Segment(text, style)], width)


def _beside(left: list[Segment], right: Segment, room: int) -> Strip:
    """Two texts at the two ends of a row; the left one gives way."""
    wanted = cell_len(right.text)
    if wanted and wanted + 8 > room:
        right, wanted = Segment("", right.style), 0
    strip = Strip(left)
    space = room - wanted
    if strip.cell_length > space - 1:
        strip = Strip([*strip.crop(0, space - 2), Segment("…", left[-1].style)])
    padding = Segment(" " * (space - strip.cell_length))
    return Strip([*strip, padding, right], room)
