"""Rows that were laid out already, drawn as they stand and scrolled.

Invariant: what is drawn is what was laid out; only the rows in view are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from greenroom.tui.conversation.painter import Painter
from greenroom.tui.conversation.palette import Palette
from greenroom.tui.text.runs import Line


class CompareRows(ScrollView, can_focus=True, inherit_bindings=False):
    """Lines at the width they were laid out for. Arrow keys are the sheet's."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", "Down", show=False, id="compare.scroll_down"),
        Binding("k", "scroll_up", "Up", show=False, id="compare.scroll_up"),
        Binding("pagedown,space", "page_down", "Page down", show=False, id="compare.page_down"),
        Binding("pageup", "page_up", "Page up", show=False, id="compare.page_up"),
        Binding("home,g", "scroll_home", "Top", show=False, id="compare.top"),
        Binding("end,G", "scroll_end", "Bottom", show=False, id="compare.bottom"),
    ]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._lines: Sequence[Line] = ()
        self._painter = Painter(Palette())

    @property
    def lines(self) -> Sequence[Line]:
        """What is shown."""
        return self._lines

    def on_mount(self) -> None:
        self._new_look()
        self.app.theme_changed_signal.subscribe(self, lambda _: self._new_look())

    def _new_look(self) -> None:
        variables = self.app.theme_variables
        self._painter = Painter(Palette.of(variables, variables.get("code-theme", "one-dark")))
        self.refresh()

    def show(self, lines: Sequence[Line], *, from_top: bool = False) -> None:
        """Show these, from the first one or from where one was."""
        self._lines = lines
        self.virtual_size = Size(0, len(lines))
        if from_top:
            self.scroll_home(animate=False)
        self.refresh(layout=self.styles.height is not None and self.styles.height.is_auto)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As tall as its lines, where the sheet leaves that to it."""
        return len(self._lines)

    def render_line(self, y: int) -> Strip:
        """One row of the view."""
        place = y + int(self.scroll_offset.y)
        width = self.scrollable_content_region.width
        if place >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        strip = Strip(self._painter.segments(self._lines[place]))
        return strip.adjust_cell_length(width, self.rich_style).apply_style(self.rich_style)
