"""The one way a view grows: finished turns in a tuple, the open turn beside it, one record at a time.

Invariant: a view is a pure function of a log; folding a record costs the open turn, never the whole session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from greenroom.core.events import Record, TurnStarted

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True)  # with slots, making one through an alias such as `Transcript()` fails before Python 3.13
class Turns(Generic[T]):
    """A view's turns in order. Records between two turns belong to the one before."""

    finished: tuple[T, ...] = ()
    open: T | None = None

    def all(self) -> tuple[T, ...]:
        return self.finished if self.open is None else (*self.finished, self.open)

    def last(self) -> T | None:
        return self.open if self.open is not None else (self.finished[-1] if self.finished else None)

    def number(self, turn: int) -> T | None:
        """The turn of this number (from 1), or None."""
        turns = self.all()
        return turns[turn - 1] if 0 < turn <= len(turns) else None


def by_turn(
    start: Callable[[Record, TurnStarted], T], grow: Callable[[T, Record], T]
) -> Callable[[Turns[T], Record], Turns[T]]:
    """A fold of turns from how one starts and how one grows."""

    def fold(state: Turns[T], record: Record) -> Turns[T]:
        if isinstance(record.event, TurnStarted):
            return Turns(state.all(), start(record, record.event))
        if state.open is None:
            return state
        grown = grow(state.open, record)
        return state if grown is state.open else Turns(state.finished, grown)

    return fold


def fold_all(fold: Callable[[S, Record], S], start: S, records: Iterable[Record]) -> S:
    """The state after all records."""
    for record in records:
        start = fold(start, record)
    return start
