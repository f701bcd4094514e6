"""Time comes from here only, so that a replay can be told what time it was."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """`now` is wall time in UTC; `monotonic` is seconds from an arbitrary start, for durations."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class FrozenClock:
    """A clock that moves only when told; every reading of `monotonic` is the same until then."""

    def __init__(self, start: datetime = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    def advance(self, seconds: float) -> None:
        self._elapsed += seconds


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds, as the log writes it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[: -len("+00:00")] + "Z"


def parse_stamp(text: str) -> datetime:
    """The moment a stamp names."""
    return datetime.fromisoformat(text)
