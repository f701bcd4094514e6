"""A view of entries as rows: only those in view are drawn, each is kept, and only what looks otherwise is painted again.

Invariant: what is at the top of a scrolled-up view stays there whatever happens elsewhere; at the bottom the view
follows. Text is drawn through `entries`, and so through `core.inert`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from greenroom.core.inert import inert_line
from greenroom.tui.conversation.column import Column, Place, Row
from greenroom.tui.conversation.entries import Entry, Part
from greenroom.tui.conversation.entry_list import EntryList
from greenroom.tui.conversation.kept_rows import KeptRows, Look
from greenroom.tui.conversation.painter import INDENT, Painter
from greenroom.tui.conversation.palette import Palette
from greenroom.tui.conversation.viewport import Viewport
from greenroom.tui.text.spans import marked, paint

_SELECTABLE_ROWS = 5_000


class RowView(ScrollView):
    """Draws entries; `placeholder` is shown while there are none."""

    ALLOW_SELECT = True

    def __init__(self, *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self.placeholder = placeholder
        self._painter = Painter(Palette())
        self._column = Column(self._draw_part)
        self._view = Viewport(self._column)
        self._list = EntryList(self._column)
        self._kept = KeptRows()
        self._style: Style | None = None
        self._syncing = False
        self._selected: str | None = None
        self._pattern: re.Pattern[str] | None = None

    @property
    def entries(self) -> Sequence[Entry]:
        """What is shown, in order."""
        return self._list.all

    @property
    def lines(self) -> list[str]:
        """The text of the rows in view."""
        return [row.strip.text for row in self._view.window]

    def _draw_part(self, part: Part, width: int) -> Sequence[Strip]:
        return self._painter.draw(part, width)

    def _settle(self) -> None:
        """Draw what is in view, so that it is exact."""
        self._view.height = max(self.scrollable_content_region.height, 1)
        self._view.settle()
        self._sync()

    def _sync(self) -> None:
        """Tell the scroll bar where we are, and repaint."""
        self._syncing = True
        try:
            total = self._column.total
            self.set_reactive(Widget.virtual_size, Size(self._column.width, total))
            if self.is_attached:
                self.vertical_scrollbar.window_virtual_size = total
                self.vertical_scrollbar.window_size = self._view.height
            self.scroll_y = self.scroll_target_y = self._view.offset
        finally:
            self._syncing = False
        self._repaint()

    def _repaint(self) -> None:
        """Paint anew what looks otherwise than it stands there."""
        width, height = self.size
        under = (self._view.offset, width, height, self._pattern, bool(self.entries))
        changed = self._kept.changed(under, [self._look(row) for row in self._view.window])
        if changed is None or len(changed) > height // 2:
            self.refresh()
        elif changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def _look(self, row: Row) -> Look:
        gutter = self._gutter(row.place, blank=not row.strip and row.place.part == 0)
        return Look(row.place, row.strip, gutter, self._faint(row.place))

    def _faint(self, place: Place) -> bool:
        """Whether a row stands back behind the others."""
        return False

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """A drag of the scroll bar, or anyone's `scroll_to`: find the place at that row."""
        super().watch_scroll_y(old_value, new_value)
        resized = self._view.height != max(self.scrollable_content_region.height, 1)  # a clamp, settled by on_resize
        if not self._syncing and not resized:
            self._go(self._column.place(round(new_value)))

    def _go(self, top: Place) -> None:
        self._view.go(top)
        self._sync()

    def _move(self, rows: int) -> None:
        self._view.move(rows)
        self._sync()

    def _new_look(self) -> None:
        variables = self.app.theme_variables
        self._painter = Painter(Palette.of(variables, variables.get("code-theme", "one-dark")))
        self._column.forget_drawings()
        self._settle()

    def render_line(self, y: int) -> Strip:
        """One row of the view."""
        window = self._view.window
        if y >= len(window):
            return self._below(y)
        look, offset = self._look(window[y]), self._view.offset + y
        if self._style is None:
            self._kept.under(None)
            return self._row(look, offset, self.rich_style)
        return self._kept.row(look, offset, partial(self._row, look, offset, self._style))

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows of a stretch, under one style: to work it out for each of them is most of what a row costs."""
        self._style = self.rich_style
        self._kept.under((self._style, self._pattern, self.text_selection, self.size.width, self._painter))
        try:
            return super().render_lines(crop)
        finally:
            self._style = None

    def _row(self, look: Look, offset: int, style: Style) -> Strip:
        line = Strip([look.gutter, *look.strip])
        if self._pattern is not None:
            hits = [hit.span() for hit in self._pattern.finditer(line.text)]
            line = paint(line, hits, self._found_style)
        if self.text_selection and (span := marked(self.text_selection, offset, line.text, INDENT)):
            line = paint(line, [span], self.screen.get_component_rich_style("screen--selection"))
        line = line.extend_cell_length(self.size.width).apply_style(style).apply_offsets(0, offset)
        if not look.faint:
            return line
        faint = Style(color=self._painter.palette.quiet, dim=True)
        return Strip(Segment.apply_style(line, post_style=faint), line.cell_length)

    @property
    def _found_style(self) -> Style:
        palette = self._painter.palette
        return Style(color=palette.background, bgcolor=palette.accent)

    def _gutter(self, place: Place, *, blank: bool) -> Segment:
        if blank or self.entries[place.entry].id != self._selected:
            return Segment(" " * INDENT)
        palette = self._painter.palette
        return Segment("▎".ljust(INDENT), Style(color=palette.accent if self.has_focus else palette.line))

    def _below(self, y: int) -> Strip:
        if y == 1 and not self.entries and self.placeholder:
            text = Segment(" " * INDENT + inert_line(self.placeholder), Style(color=self._painter.palette.quiet))
            return Strip([text]).adjust_cell_length(self.size.width).apply_style(self.rich_style)
        return Strip.blank(self.size.width, self.rich_style)

    def mark_words(self, words: Sequence[str]) -> None:
        """Highlight these wherever they stand, whatever their case."""
        self._pattern = re.compile("|".join(map(re.escape, words)), re.IGNORECASE) if words else None
        self.refresh()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The text under a mouse selection, without the gutter; of a very long one, the entries' own text."""
        first = selection.start.y if selection.start else 0
        last = selection.end.y if selection.end else self._column.total - 1
        if last - first > _SELECTABLE_ROWS:
            return "\n\n".join(entry.plain for entry in self.entries), "\n"
        rows = self._column.window(self._column.place(first), last - first + 1)
        lines = []
        for offset, row in enumerate(rows, first):
            text = " " * INDENT + row.strip.text
            span = marked(selection, offset, text, INDENT)
            lines.append(text[span[0] : span[1]].rstrip() if span else "")
        return "\n".join(lines), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()
