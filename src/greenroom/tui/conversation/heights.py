"""Rows per entry with running sums: where an entry starts, and which entry a row belongs to, in logarithmic time.

Invariant: `start(i)` is the sum of the heights before entry `i`, and `find` is its inverse (a Fenwick tree,
P. Fenwick, "A new data structure for cumulative frequency tables", 1994).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable


class Heights:
    """A growing list of heights, each at least 0."""

    def __init__(self, heights: Iterable[int] = ()) -> None:
        self._heights = array("q", heights)
        self._tree = array("q", [0, *self._heights])
        for place in range(1, len(self._tree)):
            above = place + (place & -place)
            if above < len(self._tree):
                self._tree[above] += self._tree[place]

    def __len__(self) -> int:
        return len(self._heights)

    def __getitem__(self, index: int) -> int:
        return self._heights[index]

    @property
    def total(self) -> int:
        """The height of everything."""
        return self.start(len(self._heights))

    def append(self, height: int) -> None:
        """Add an entry at the end."""
        self._heights.append(height)
        place = len(self._heights)
        covered = self.start(place - 1) - self.start(place - (place & -place))
        self._tree.append(height + covered)

    def cut(self, count: int) -> None:
        """Keep the first `count` entries: what a place of the tree sums up stands before it."""
        del self._heights[count:]
        del self._tree[count + 1 :]

    def set(self, index: int, height: int) -> None:
        """Change one height."""
        difference = height - self._heights[index]
        if not difference:
            return
        self._heights[index] = height
        place = index + 1
        while place < len(self._tree):
            self._tree[place] += difference
            place += place & -place

    def start(self, index: int) -> int:
        """The row where entry `index` starts; for `len(self)` the total."""
        total = 0
        while index > 0:
            total += self._tree[index]
            index -= index & -index
        return total

    def find(self, row: int) -> tuple[int, int]:
        """The entry that holds `row`, and the row within it; rows beyond the ends give the first or last one."""
        if not self._heights:
            return 0, 0
        row = max(0, min(row, self.total - 1))
        place, step = 0, 1 << (len(self._heights).bit_length())
        while step:
            ahead = place + step
            if ahead < len(self._tree) and self._tree[ahead] <= row:
                place, row = ahead, row - self._tree[ahead]
            step >>= 1
        return min(place, len(self._heights) - 1), row
