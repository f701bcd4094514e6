"""Which of the written things stands for which of those that were there: assignments, ordered and unordered.

Invariant: every assignment is as large as any can be, so nothing is called missing that another choice would have found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

Fits = Callable[[int, int], bool]
"""Whether the written thing of one number can stand for what was there under another."""


def assignment(left: Sequence[int], right: Sequence[int], fits: Fits) -> dict[int, int]:
    """A largest assignment of `left` to `right`, each at most once: augmenting paths, each found breadth first."""
    edges = {one: [other for other in right if fits(one, other)] for one in left}
    taken: dict[int, int] = {}
    for one in left:
        _augment(one, edges, taken)
    return {one: other for other, one in taken.items()}


def in_order(written: Sequence[int], groups: Sequence[Sequence[int]], fits: Fits) -> dict[int, int]:
    """The longest beginning of `written` that is found in order; within a group the order is nobody's.

    Each group takes as many as it can: a later start never ends earlier, so what is taken early is never missed.
    """
    pairs: dict[int, int] = {}
    start = 0
    for group in groups:
        edges: dict[int, list[int]] = {}
        taken: dict[int, int] = {}
        for one in written[start : start + len(group)]:
            edges[one] = [other for other in group if fits(one, other)]
            if not _augment(one, edges, taken):
                break
        pairs |= {one: other for other, one in taken.items()}
        start += len(taken)
    return pairs


def _augment(start: int, edges: dict[int, list[int]], taken: dict[int, int]) -> bool:
    """Give `start` a place if all that have one can keep one; whether that went."""
    came_from: dict[int, int] = {}
    queue = [start]
    for one in queue:
        for other in edges[one]:
            if other in came_from:
                continue
            came_from[other] = one
            if other not in taken:
                _flip(other, came_from, taken, start)
                return True
            queue.append(taken[other])
    return False


def _flip(free: int, came_from: dict[int, int], taken: dict[int, int], start: int) -> None:
    """Move everybody along the path one place on, from the free place back to `start`."""
    held = {one: other for other, one in taken.items()}
    place = free
    while (one := came_from[place]) != start:
        taken[place] = one
        place = held[one]
    taken[place] = start


def strictly(written: Sequence[int], groups: Sequence[Sequence[int]], fits: Fits) -> dict[int, int]:
    """Each group's own stretch of `written`, in order; what does not fit in its stretch is left out."""
    pairs: dict[int, int] = {}
    start = 0
    for group in groups:
        pairs |= assignment(written[start : start + len(group)], group, fits)
        start += len(group)
    return pairs
