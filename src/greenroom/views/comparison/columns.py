"""Lists set beside one another: what belongs together stands in one row, what only some have leaves the others empty.

Invariant: every item stands in exactly one row, in its own list's order; two lists turned round give the same pairs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from greenroom.views.comparison.words import opcodes

T = TypeVar("T")
Key = Callable[[T], str]
Near = Callable[[T, T], float]
"""How well two items fit together that are not equal: from 0, or below 0 where they never do."""

_MOST_FITTED = 2_500
"""So large a gap (items times items) is fitted by likeness; in a larger one items are paired in their order."""

_WORTH = 0.01
"""What a pair counts for beside its likeness, so that as many items as can find a partner."""


def columns(lists: Sequence[Sequence[T]], key: Key[T], near: Near[T]) -> list[tuple[T | None, ...]]:
    """The rows, one cell for each list. Items of one row have the same `key`, or stand in the same place and are `near`."""
    if not lists:
        return []
    if not any(lists):
        return []
    first, rest = lists[0], lists[1:]
    partners = [dict(pairs(first, other, key, near)) for other in rest]
    extras = [_extras(len(first), other, known) for other, known in zip(rest, partners, strict=True)]
    rows: list[tuple[T | None, ...]] = []
    for place in range(-1, len(first)):
        if place >= 0:
            beside = zip(rest, partners, strict=True)
            rows.append((first[place], *(other[known[place]] if place in known else None for other, known in beside)))
        rows += [(None, *row) for row in columns([extra[place] for extra in extras], key, near)]
    return rows


def pairs(one: Sequence[T], other: Sequence[T], key: Key[T], near: Near[T]) -> list[tuple[int, int]]:
    """Which item of the one belongs to which of the other, both in their order."""
    keys, others = [key(item) for item in one], [key(item) for item in other]
    if keys > others:
        turned = pairs(other, one, key, lambda a, b: near(b, a))
        return [(a, b) for b, a in turned]
    found: list[tuple[int, int]] = []
    for equal, a, b, c, d in opcodes(keys, others):
        if equal:
            found += zip(range(a, b), range(c, d), strict=True)
        else:
            found += ((a + i, c + j) for i, j in _fitted(one[a:b], other[c:d], near))
    return found


def _extras(size: int, other: Sequence[T], known: dict[int, int]) -> defaultdict[int, list[T]]:
    """The items without a partner, by the place in the first list after which they stand."""
    owners = {theirs: ours for ours, theirs in known.items()}
    found: defaultdict[int, list[T]] = defaultdict(list)
    following = size
    for place in range(len(other) - 1, -1, -1):
        if place in owners:
            following = owners[place]
        else:
            found[following - 1].insert(0, other[place])
    return found


def _fitted(one: Sequence[T], other: Sequence[T], near: Near[T]) -> Iterator[tuple[int, int]]:
    """Pairs inside a gap, in order, such that they are as alike as can be."""
    if len(one) * len(other) > _MOST_FITTED:
        yield from ((i, i) for i in range(min(len(one), len(other))) if near(one[i], other[i]) >= 0)
        return
    worth = [[near(a, b) for b in other] for a in one]
    best = [[0.0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i in range(len(one) - 1, -1, -1):
        for j in range(len(other) - 1, -1, -1):
            skipped = max(best[i + 1][j], best[i][j + 1])
            paired = best[i + 1][j + 1] + worth[i][j] + _WORTH if worth[i][j] >= 0 else -1.0
            best[i][j] = max(paired, skipped)
    i = j = 0
    while i < len(one) and j < len(other):
        if worth[i][j] >= 0 and best[i][j] == best[i + 1][j + 1] + worth[i][j] + _WORTH:
            yield i, j
            i, j = i + 1, j + 1
        elif best[i + 1][j] >= best[i][j + 1]:
            i += 1
        else:
            j += 1
