"""The rows of a view as they were painted: each is made once, and what looks the same is not painted again.

Invariant: a kept row is the one that making it now would give, for its key says everything that it depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from rich.segment import Segment
from textual.strip import Strip

from greenroom.tui.conversation.column import Place

_MOST = 600
"""Rows that are kept: more than any terminal shows, and some of the way one came."""


class Look(NamedTuple):
    """What one row of the view shows: the row, what stands in the gutter before it, and whether it is faint."""

    place: Place
    strip: Strip
    gutter: Segment
    faint: bool


class KeptRows:
    """Rows by their look, as long as `under` stays the same, and what the view looked like last."""

    def __init__(self) -> None:
        self._under: Hashable = None
        self._made: dict[tuple[int, int, Segment, bool], tuple[Strip, Strip]] = {}
        self._view: tuple[Hashable, Sequence[Look]] = (None, ())

    def under(self, look: Hashable) -> None:
        """From here on rows are made under this: width, style, what is marked."""
        if look != self._under or len(self._made) > _MOST:
            self._under = look
            self._made.clear()

    def row(self, look: Look, offset: int, make: Callable[[], Strip]) -> Strip:
        """The row at `offset` rows from the start of everything."""
        key = (id(look.strip), offset, look.gutter, look.faint)
        kept = self._made.get(key)
        if kept is None or kept[0] is not look.strip:
            kept = self._made[key] = (look.strip, make())
        return kept[1]

    def changed(self, under: Hashable, rows: Sequence[Look]) -> Sequence[int] | None:
        """Which rows look otherwise than the last time; None where that may be all of them."""
        (before, old), self._view = self._view, (under, rows)
        if before != under or len(old) != len(rows):
            return None
        return [y for y, (one, other) in enumerate(zip(old, rows, strict=True)) if one != other]
