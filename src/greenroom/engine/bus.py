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
                self._watchers.remove(watcher)
                self.failures.append(error)

    def subscribe(self, watcher: Watcher) -> Callable[[], None]:
        """Start telling `watcher`; the returned callable ends it."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher) if watcher in self._watchers else None

    async def stream(self) -> AsyncIterator[Record | Signal]:
        """Everything from now on, until the caller stops iterating."""
        queue: asyncio.Queue[Record | Signal] = asyncio.Queue()
        stop = self.subscribe(queue.put_nowait)
        try:
            while True:
                yield await queue.get()
        finally:
            stop()
