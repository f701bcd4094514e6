"""A view that grows with its log and can be seen as it was after any number of records.

Invariant: the state after `count` records is the fold of exactly those, however it was come by. Every so many records
a mark is kept, so that going back costs the stretch from the nearest mark and never the whole session; a mark of turns
keeps the open turn alone, because the finished ones never change.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Generic, TypeVar

from greenroom.core.events import Record
from greenroom.views.fold import Fold, Turns

S = TypeVar("S")
T = TypeVar("T")

EVERY = 64
"""Records that tell a view something between two of its marks."""


class Grown(Generic[S]):
    """One view, grown to the last record when it is asked for. Records that tell it nothing are passed over."""

    def __init__(self, fold: Fold[S], empty: S) -> None:
        self._fold = fold
        self._state = empty
        self._seen = 0
        self._places: list[int] = []
        self._marks = [empty]

    def upon(self, records: Sequence[Record]) -> S:
        """The state after these records, which only ever get more."""
        return self._grow(records, len(records))

    def as_of(self, records: Sequence[Record], count: int) -> S:
        """The state after the first `count` of the records."""
        if count >= self._seen:
            return self._grow(records, count)
        told = bisect_left(self._places, count)
        mark = told // EVERY
        state = self._restored(mark)
        for place in self._places[mark * EVERY : told]:
            state = self._fold.one(state, records[place])
        return state

    def _grow(self, records: Sequence[Record], count: int) -> S:
        told_by = self._fold.told_by
        for place in range(self._seen, count):
            if type(records[place].event) in told_by:
                self._state = self._fold.one(self._state, records[place])
                self._places.append(place)
                if len(self._places) % EVERY == 0:
                    self._mark()
                self._seen = place + 1  # at once: where a record cannot be taken in, those before it count once
        self._seen = max(self._seen, count)
        return self._state

    def _mark(self) -> None:
        self._marks.append(self._state)

    def _restored(self, mark: int) -> S:
        return self._marks[mark]


class GrownTurns(Grown[Turns[T]]):
    """A view of turns. A mark that held all finished turns would make the marks of a long session quadratic."""

    def __init__(self, fold: Fold[Turns[T]], empty: Turns[T]) -> None:
        super().__init__(fold, empty)
        self._finished = [0]

    def _mark(self) -> None:
        self._marks.append(Turns((), self._state.open))
        self._finished.append(len(self._state.finished))

    def _restored(self, mark: int) -> Turns[T]:
        return Turns(self._state.finished[: self._finished[mark]], self._marks[mark].open)
