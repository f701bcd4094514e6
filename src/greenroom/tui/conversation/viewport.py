"""Which rows of a column are in view.

Invariant: while `follow` is set the end is in view; otherwise the row at the top stays the same row. Everything in
`window` has been drawn, so its heights are exact.
"""

from __future__ import annotations

from greenroom.tui.conversation.column import Column, Place, Row


class Viewport:
    """A view of `height` rows onto a column."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self.height = 1
        self.top = Place()
        self.follow = True
        self.window: list[Row] = []

    @property
    def offset(self) -> int:
        """The row at the top, counted from the start of the column, as far as known."""
        return self.column.offset(self.top)

    def settle(self) -> None:
        """Draw what is in view."""
        if self.follow:
            self.top = self.column.bottom(self.height)
        self.window = self.column.window(self.top, self.height)
        if not self.follow and len(self.window) < self.height:
            self.top = self.column.bottom(self.height)
            self.window = self.column.window(self.top, self.height)

    def go(self, top: Place) -> None:
        """Put a row at the top; follow again if that shows the end."""
        self.top = top
        self.follow = self.column.walk(top, self.height - 1) == self.column.end()
        self.settle()

    def move(self, rows: int) -> None:
        """Scroll down, or up if negative."""
        self.go(self.column.walk(self.top, rows))

    def shows(self, place: Place) -> bool:
        """Whether a row is in view."""
        return any(row.place == place for row in self.window)

    def reveal(self, index: int) -> None:
        """Scroll as little as shows the whole entry, or its start if it is taller than the view."""
        start, end = Place(index, 0, 0), self.column.end_of(index)
        if self.shows(start) and self.shows(end):
            return
        if start < self.top:
            self.go(start)
            return
        top = self.column.walk(end, 1 - self.height)
        self.go(start if top.entry == index else top)

    def reveal_row(self, place: Place) -> None:
        """Scroll so that a row stands in the upper third, unless it is in view."""
        if not self.shows(place):
            self.go(self.column.walk(place, -self.height // 3))
