"""The one way a view grows: finished turns in a tuple, the open turn beside it, one record at a time.

Invariant: a view is a pure function of a log; folding a record costs the open turn, never the whole session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from greenroom.core.events import Event, Record, TurnStarted

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


def by_turn(
    start: Callable[[Record, TurnStarted], T], grow: Callable[[T, Record], T], *kinds: type[Event]
) -> Fold[Turns[T]]:
    """A fold of turns from how one starts and how one grows by events of these kinds."""

    @told_by(TurnStarted, *kinds)
    def fold(state: Turns[T], record: Record) -> Turns[T]:
        if isinstance(record.event, TurnStarted):
            return Turns(state.all(), start(record, record.event))
        if state.open is None:
            return state
        grown = grow(state.open, record)
        return state if grown is state.open else Turns(state.finished, grown)

    return fold


def fold_all(fold: Fold[S], start: S, records: Iterable[Record]) -> S:
    """The state after all records."""
    one, looked_at = fold.one, fold.told_by
    for record in records:
        if type(record.event) in looked_at:
            start = one(start, record)
    return start
