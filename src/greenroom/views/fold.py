"""The one way a view grows: finished turns in a tuple, the open turn beside it, one record at a time.

Invariant: a view is a pure function of a log; folding a record costs the open turn, never the whole session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from greenroom.core.events import Event, Record, TurnStarted

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True)  # with slots, making one through an alias such as `Transcript()` fails before Python 3.13
class Turns(Generic[T]):
    """A view's turns in order. Records between two turns belong to the one before."""

    finished: Sequence[T] = ()
    open: T | None = None

    def all(self) -> tuple[T, ...]:
        return tuple(self.finished) if self.open is None else (*self.finished, self.open)

    def last(self) -> T | None:
        return self.open if self.open is not None else (self.finished[-1] if self.finished else None)

    def latest(self, most: int) -> tuple[T, ...]:
        """The last turns, at most so many."""
        last = () if self.open is None else (self.open,)
        return (*self.finished[-most:], *last)[-most:]

    def number(self, turn: int) -> T | None:
        """The turn of this number (from 1), or None."""
        if turn == len(self.finished) + 1:
            return self.open
        return self.finished[turn - 1] if 0 < turn <= len(self.finished) else None

    def until(self, turn: int) -> Turns[T]:
        """The turns up to this one (from 1), which is the open one of them; none if there is no such turn."""
        now = self.number(turn)
        return Turns(self.finished[: turn - 1], now) if now is not None else Turns()


class Fold(Generic[S]):
    """A fold that says which events tell it something: any other leaves the state as it is, and costs next to nothing.

    `one` is the fold over those alone.
    """

    __slots__ = ("one", "told_by")

    def __init__(self, one: Callable[[S, Record], S], told_by: Iterable[type[Event]]) -> None:
        self.one = one
        self.told_by = frozenset(told_by)

    def __call__(self, state: S, record: Record) -> S:
        return self.one(state, record) if type(record.event) in self.told_by else state


def told_by(*kinds: type[Event]) -> Callable[[Callable[[S, Record], S]], Fold[S]]:
    """Say of a fold that it looks at these events and no others."""
    return lambda fold: Fold(fold, kinds)


class TurnFold(Fold[Turns[T]]):
    """A fold of turns: how one starts with its first record, and how it grows by the kinds in `grown_by`."""

    __slots__ = ("_start", "grow", "grown_by")

    def __init__(
        self,
        start: Callable[[Record, TurnStarted], T],
        grow: Callable[[T, Record], T],
        grown_by: Iterable[type[Event]],
    ) -> None:
        self._start = start
        self.grow = grow
        self.grown_by = frozenset(grown_by)
        super().__init__(self._turns, self.grown_by | {TurnStarted})

    def start(self, record: Record) -> T:
        """A turn by the record it begins with."""
        event = record.event
        assert isinstance(event, TurnStarted)
        return self._start(record, event)

    def _turns(self, state: Turns[T], record: Record) -> Turns[T]:
        if isinstance(record.event, TurnStarted):
            return Turns(state.all(), self.start(record))
        if state.open is None:
            return state
        grown = self.grow(state.open, record)
        return state if grown is state.open else Turns(state.finished, grown)


def by_turn(
    start: Callable[[Record, TurnStarted], T], grow: Callable[[T, Record], T], *kinds: type[Event]
) -> TurnFold[T]:
    """A fold of turns from how one starts and how one grows by events of these kinds."""
    return TurnFold(start, grow, kinds)


def fold_all(fold: Fold[S], start: S, records: Iterable[Record]) -> S:
    """The state after all records."""
    one, looked_at = fold.one, fold.told_by
    for record in records:
        if type(record.event) in looked_at:
            start = one(start, record)
    return start
