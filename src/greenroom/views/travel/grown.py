"""A view that grows with its log and can be seen as it was after any number of records.

Invariant: the state after `count` records is the fold of exactly those, however it was come by. Every so many records
a mark is kept, so that going back costs the stretch from the nearest mark and never the whole session; a mark of turns
keeps the open turn alone, because the finished ones never change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from greenroom.core.events import Record
from greenroom.views.fold import Turns

S = TypeVar("S")
T = TypeVar("T")

EVERY = 64
"""Records between two marks."""


class Grown(Generic[S]):
    """One view, grown to the last record when it is asked for."""

    def __init__(self, fold: Callable[[S, Record], S], empty: S) -> None:
        self._fold = fold
        self._state = empty
        self._seen = 0
        self._marks = [empty]

    def upon(self, records: Sequence[Record]) -> S:
        """The state after these records, which only ever get more."""
        return self._grow(records, len(records))

    def as_of(self, records: Sequence[Record], count: int) -> S:
        """The state after the first `count` of the records."""
        if count >= self._seen:
            return self._grow(records, count)
        mark = count // EVERY
        state = self._restored(mark)
        for place in range(mark * EVERY, count):
            state = self._fold(state, records[place])
        return state

    def _grow(self, records: Sequence[Record], count: int) -> S:
        for place in range(self._seen, count):
            self._state = self._fold(self._state, records[place])
            self._seen = place + 1  # at once: where a record cannot be taken in, those before it count once
            if self._seen % EVERY == 0:
                self._mark()
        return self._state

    def _mark(self) -> None:
        self._marks.append(self._state)

    def _restored(self, mark: int) -> S:
        return self._marks[mark]


class GrownTurns(Grown[Turns[T]]):
    """A view of turns. A mark that held all finished turns would make the marks of a long session quadratic."""

    def __init__(self, fold: Callable[[Turns[T], Record], Turns[T]], empty: Turns[T]) -> None:
        super().__init__(fold, empty)
        self._finished = [0]

    def _mark(self) -> None:
        self._marks.append(Turns((), self._state.open))
        self._finished.append(len(self._state.finished))

    def _restored(self, mark: int) -> Turns[T]:
        return Turns(self._state.finished[: self._finished[mark]], self._marks[mark].open)
