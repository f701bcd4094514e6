"""Watchers of a session: records and signals go out to whoever listens, and no watcher can hold a turn up.

Invariant: watchers see records in log order, each after it was appended.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from greenroom.core.events import Record
from greenroom.core.signals import Signal

Watcher = Callable[[Record | Signal], None]


class Bus:
    """Tells every watcher. A watcher must return at once; a stream is a watcher with a queue of its own.

    A watcher that fails is told nothing more: a broken screen or pipe must not break a turn.
    """

    def __init__(self) -> None:
        self._watchers: list[Watcher] = []
        self.failures: list[Exception] = []

    def tell(self, item: Record | Signal) -> None:
        for watcher in tuple(self._watchers):
            try:
                watcher(item)
            except Exception as error:  # noqa: BLE001  # what a watcher does is its own affair, and is kept for its face
                self._stop(watcher)
                self.failures.append(error)

    def subscribe(self, watcher: Watcher) -> Callable[[], None]:
        """Start telling `watcher`; the returned callable ends it."""
        self._watchers.append(watcher)
        return lambda: self._stop(watcher)

    def stream(self) -> Stream:
        """Everything from this call on, until it is closed."""
        return Stream(self)

    def _stop(self, watcher: Watcher) -> None:
        if watcher in self._watchers:
            self._watchers.remove(watcher)


class Stream(AsyncIterator[Record | Signal]):
    """A watcher's own queue, however late it is read. Close it with `aclose`."""

    def __init__(self, bus: Bus) -> None:
        self._queue: asyncio.Queue[Record | Signal] = asyncio.Queue()
        self._stop = bus.subscribe(self._queue.put_nowait)

    async def __anext__(self) -> Record | Signal:
        return await self._queue.get()

    async def aclose(self) -> None:
        """Hear nothing more."""
        self._stop()
