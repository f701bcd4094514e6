"""A view that grows with its log and can be seen as it was after any number of records.

Invariant: the state after `count` records is the fold of exactly those, however it was come by. Every so many records
a mark is kept, so that going back costs the stretch from the nearest mark and never the whole session. A view of turns
folds a turn when it is looked at, from its own records: no other turn has a say in it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from greenroom.core.events import Event, Record, TurnStarted
from greenroom.views.fold import Fold, TurnFold, Turns

S = TypeVar("S")
T = TypeVar("T")

EVERY = 64
"""Records that tell a view something between two of its marks."""
_CLOSE = 4
"""So many turns of a view are held with the marks within them: the last one, and where one looks."""


class Course:
    """The records of a session as they come, each one's kind, and the places at which turns begin."""

    __slots__ = ("kinds", "records", "starts")

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.kinds: list[type[Event]] = []
        self.starts: list[int] = []

    def add(self, record: Record) -> None:
        """Take the next one in."""
        kind = type(record.event)
        if kind is TurnStarted:
            self.starts.append(len(self.records))
        self.records.append(record)
        self.kinds.append(kind)

    def turn_at(self, place: int) -> int:
        """The turn that the record at `place` belongs to; 0 before the first."""
        return bisect_right(self.starts, place)

    def end(self, turn: int) -> int:
        """The place behind the last record of a turn (from 1), as far as it has come."""
        return self.starts[turn] if turn < len(self.starts) else len(self.records)


class _Stretch(Generic[S]):
    """A fold from a place of the course on, with the marks to go back by."""

    def __init__(self, fold: Callable[[S, Record], S], told_by: frozenset[type[Event]], state: S, begun: int) -> None:
        self._fold = fold
        self._told_by = told_by
        self._state = state
        self._seen = begun
        self._places: list[int] = []
        self._marks = [state]

    def until(self, course: Course, count: int) -> S:
        """The state after the first `count` records of the course."""
        if count >= self._seen:
            return self._grow(course, count)
        told = bisect_left(self._places, count)
        mark = told // EVERY
        state = self._marks[mark]
        for place in self._places[mark * EVERY : told]:
            state = self._fold(state, course.records[place])
        return state

    def _grow(self, course: Course, count: int) -> S:
        told_by = self._told_by
        for place, kind in enumerate(course.kinds[self._seen : count], self._seen):
            if kind in told_by:
                self._state = self._fold(self._state, course.records[place])
                self._places.append(place)
                if len(self._places) % EVERY == 0:
                    self._marks.append(self._state)
                self._seen = place + 1  # at once: where a record cannot be taken in, those before it count once
        self._seen = max(self._seen, count)
        return self._state


class Grown(Generic[S]):
    """One view, grown to the last record when it is asked for. Records that tell it nothing are passed over."""

    def __init__(self, fold: Fold[S], empty: S) -> None:
        self._stretch = _Stretch(fold.one, fold.told_by, empty, 0)

    def as_of(self, course: Course, count: int) -> S:
        """The state after the first `count` of the records, which only ever get more."""
        return self._stretch.until(course, count)


class GrownTurns(Generic[T]):
    """A view of turns, each folded when it is looked at and no sooner."""

    def __init__(self, fold: TurnFold[T]) -> None:
        self._fold = fold
        self._over: dict[int, T] = {}
        self._close: dict[int, _Stretch[T]] = {}

    def as_of(self, course: Course, count: int) -> Turns[T]:
        """The turns after the first `count` of the records."""
        turn = bisect_left(course.starts, count)
        return Turns(Finished(self, course, turn - 1), self._open(course, turn, count)) if turn else Turns()

    def over(self, course: Course, turn: int) -> T:
        """A turn (from 1) that another one follows."""
        found = self._over.get(turn)
        if found is None:
            end = course.end(turn)
            close = self._close.get(turn)
            found = self._over[turn] = close.until(course, end) if close else self._whole(course, turn, end)
        return found

    def _open(self, course: Course, turn: int, count: int) -> T:
        if turn < len(course.starts) and count == course.end(turn):
            return self.over(course, turn)
        close = self._close.get(turn)
        if close is None:
            for other in [*self._close][: 1 - _CLOSE]:
                del self._close[other]
            begun = course.starts[turn - 1]
            started = self._fold.start(course.records[begun])
            close = self._close[turn] = _Stretch(self._fold.grow, self._fold.grown_by, started, begun + 1)
        return close.until(course, count)

    def _whole(self, course: Course, turn: int, end: int) -> T:
        begun = course.starts[turn - 1]
        state = self._fold.start(course.records[begun])
        for place, kind in enumerate(course.kinds[begun + 1 : end], begun + 1):
            if kind in self._fold.grown_by:
                state = self._fold.grow(state, course.records[place])
        return state


class Finished(Sequence[T]):
    """The first `count` turns of a view; equal to the tuple of them."""

    __hash__ = None  # type: ignore[assignment]  # as large as the session

    def __init__(self, view: GrownTurns[T], course: Course, count: int) -> None:
        self._view = view
        self._course = course
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            start, stop, step = place.indices(self._count)
            if start == 0 and step == 1:
                return Finished(self._view, self._course, max(stop, 0))
            return tuple(self._view.over(self._course, one + 1) for one in range(*place.indices(self._count)))
        turn = place if place >= 0 else place + self._count
        if not 0 <= turn < self._count:
            raise IndexError(place)
        return self._view.over(self._course, turn + 1)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and tuple(self) == tuple(other)
