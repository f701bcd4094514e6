"""The conversation as one tall column of rows of which only what is looked at is ever drawn.

Invariant: a place (entry, part, row) keeps showing the same text whatever is learnt about the heights above it.
Heights are guesses until a part is drawn; walking from a place by rows draws, and so is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from textual.strip import Strip

from greenroom.tui.conversation.entries import Entry, Part, guess, parts_of
from greenroom.tui.conversation.heights import Heights

Draw = Callable[[Part, int], Sequence[Strip]]


class Place(NamedTuple):
    """A row of a part of an entry."""

    entry: int = 0
    part: int = 0
    row: int = 0


class Row(NamedTuple):
    """One drawn row and where it belongs."""

    place: Place
    strip: Strip


@dataclass(slots=True)
class _Laid:
    """An entry looked at closely: its parts, their heights, and which of them have been drawn."""

    parts: list[Part]
    rows: list[int]
    drawn: list[bool]


class Column:
    """Entries laid out at one width. `draw` makes the rows of a part (cached by whoever owns it)."""

    def __init__(self, draw: Draw, width: int = 80) -> None:
        self._draw = draw
        self._entries: list[Entry] = []
        self._heights = Heights()
        self._laid: dict[int, _Laid] = {}
        self.width = width

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def entries(self) -> Sequence[Entry]:
        """The entries, in order."""
        return self._entries

    @property
    def total(self) -> int:
        """Rows of the whole column, as far as known."""
        return self._heights.total

    def load(self, entries: Sequence[Entry], width: int) -> None:
        """Start again with these entries at this width."""
        self._entries = list(entries)
        self.width = width
        self._laid.clear()
        self._heights = Heights(guess(entry, width) for entry in self._entries)

    def cut(self, count: int) -> None:
        """Keep the first `count` entries."""
        del self._entries[count:]
        self._heights.cut(count)
        for index in [index for index in self._laid if index >= count]:
            del self._laid[index]

    def append(self, entry: Entry) -> None:
        """Add an entry at the end."""
        self._entries.append(entry)
        self._heights.append(guess(entry, self.width))

    def replace(self, index: int, entry: Entry) -> None:
        """Change an entry; the next one may gain or lose the blank row before it."""
        kind = self._entries[index].kind
        self._entries[index] = entry
        self._forget(index)
        if entry.kind != kind and index + 1 < len(self):
            self._forget(index + 1)

    def set_parts(self, index: int, parts: list[Part]) -> None:
        """Give an entry parts other than those its text says: a reply that is still arriving."""
        old = self._laid.get(index)
        same = 0
        if old:
            while same < min(len(old.parts), len(parts)) and old.parts[same] == parts[same]:
                same += 1
        fresh = [self._guess(part) for part in parts[same:]]
        rows = [*(old.rows[:same] if old else []), *fresh]
        self._laid[index] = _Laid(parts, rows, [*(old.drawn[:same] if old else []), *([False] * len(fresh))])
        self._heights.set(index, sum(rows))

    def forget_drawings(self) -> None:
        """The look has changed: every height is a guess again."""
        for laid in self._laid.values():
            laid.drawn = [False] * len(laid.parts)

    def height(self, index: int) -> int:
        """Rows of one entry, as far as known."""
        return self._heights[index]

    def drawn(self, index: int, part: int) -> Sequence[Strip]:
        """The rows of a part; its height is exact from here on."""
        laid = self._look(index)
        strips = self._draw(laid.parts[part], self.width)
        if not laid.drawn[part] or laid.rows[part] != len(strips):
            laid.drawn[part] = True
            laid.rows[part] = len(strips)
            self._heights.set(index, sum(laid.rows))
        return strips

    def parts(self, index: int) -> Sequence[Part]:
        """The parts of one entry."""
        return self._look(index).parts

    def offset(self, place: Place) -> int:
        """The row of a place from the top of the column, as far as known."""
        if not self._entries:
            return 0
        laid = self._look(place.entry)
        return self._heights.start(place.entry) + sum(laid.rows[: place.part]) + place.row

    def place(self, offset: int) -> Place:
        """The place at a row from the top, as far as known; drawn, so that it exists."""
        if not self._entries:
            return Place()
        index, row = self._heights.find(offset)
        parts = len(self._look(index).parts)
        for part in range(parts):
            rows = len(self.drawn(index, part))
            if row < rows:
                return Place(index, part, row)
            row -= rows
        return self._last_of(index, parts - 1)

    def end(self) -> Place:
        """The last row."""
        return self.end_of(len(self) - 1) if self._entries else Place()

    def end_of(self, index: int) -> Place:
        """The last row of an entry."""
        return self._last_of(index, len(self._look(index).parts) - 1)

    def walk(self, place: Place, rows: int) -> Place:
        """The place so many rows further down (or up, if negative), at most to the end (or start)."""
        if not self._entries:
            return Place()
        return self._down(self._settle(place), rows) if rows >= 0 else self._up(self._settle(place), -rows)

    def bottom(self, height: int) -> Place:
        """The top row of a view of `height` rows that shows the end."""
        return self._up(self.end(), height - 1) if self._entries else Place()

    def window(self, top: Place, height: int) -> list[Row]:
        """The rows of a view that starts at `top`; fewer than `height` only at the end."""
        rows: list[Row] = []
        if not self._entries:
            return rows
        index, part, skip = self._settle(top)
        while len(rows) < height:
            strips = self.drawn(index, part)
            shown = range(skip, min(len(strips), skip + height - len(rows)))
            rows.extend(Row(Place(index, part, row), strips[row]) for row in shown)
            skip = 0
            following = self._after(index, part)
            if following is None:
                break
            index, part = following
        return rows

    def _settle(self, place: Place) -> Place:
        """The nearest place that exists: entries, parts and rows may have become fewer."""
        index = max(0, min(place.entry, len(self) - 1))
        part = max(0, min(place.part, len(self._look(index).parts) - 1))
        rows = len(self.drawn(index, part))
        return Place(index, part, max(0, min(place.row, rows - 1)))

    def _down(self, place: Place, rows: int) -> Place:
        index, part, row = place
        while True:
            height = len(self.drawn(index, part))
            if row + rows < height:
                return Place(index, part, row + rows)
            following = self._after(index, part)
            if following is None:
                return Place(index, part, max(0, height - 1))
            rows -= height - row
            (index, part), row = following, 0

    def _up(self, place: Place, rows: int) -> Place:
        index, part, row = place
        while rows > row:
            before = self._before(index, part)
            if before is None:
                return Place(index, part, 0)
            rows -= row + 1
            index, part = before
            row = len(self.drawn(index, part)) - 1
        return Place(index, part, row - rows)

    def _after(self, index: int, part: int) -> tuple[int, int] | None:
        if part + 1 < len(self._look(index).parts):
            return index, part + 1
        return (index + 1, 0) if index + 1 < len(self) else None

    def _before(self, index: int, part: int) -> tuple[int, int] | None:
        if part:
            return index, part - 1
        return (index - 1, len(self._look(index - 1).parts) - 1) if index else None

    def _last_of(self, index: int, part: int) -> Place:
        return Place(index, part, max(0, len(self.drawn(index, part)) - 1))

    def _look(self, index: int) -> _Laid:
        laid = self._laid.get(index)
        if laid is None:
            previous = self._entries[index - 1].kind if index else None
            parts = parts_of(self._entries[index], previous)
            laid = _Laid(parts, [self._guess(part) for part in parts], [False] * len(parts))
            self._laid[index] = laid
            self._heights.set(index, sum(laid.rows))
        return laid

    def _forget(self, index: int) -> None:
        self._laid.pop(index, None)
        self._heights.set(index, guess(self._entries[index], self.width))

    def _guess(self, part: Part) -> int:
        text = part.text
        return part.gap + text.count("\n") + 1 + len(text) // max(self.width - 2, 1)
