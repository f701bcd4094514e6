"""The clock of a live run: the date of every replay, so that rules about dates say the same, and real durations."""

from __future__ import annotations

from datetime import datetime, timedelta

from greenroom.core.clock import Clock, FrozenClock, SystemClock


class LiveClock:
    """A `Clock` that begins where a replay's stands still and goes on as the machine's does."""

    def __init__(self, real: Clock | None = None) -> None:
        self._real = real or SystemClock()
        self._began = self._real.monotonic()

    def now(self) -> datetime:
        return FrozenClock().now() + timedelta(seconds=self.monotonic() - self._began)

    def monotonic(self) -> float:
        return self._real.monotonic()
