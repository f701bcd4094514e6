"""Waiting for something that may take long while the world goes on: a person, a model, a tool.

Invariant: whatever ends the wait, the work that was waited for has ended too, or was cancelled and has let go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
E = TypeVar("E")

POLL_SECONDS = 0.2
"""How long a kill switch, a deadline or a changed policy may go unnoticed by something that waits."""


async def attended(work: Callable[[], Awaitable[T]], look: Callable[[], E | None]) -> T | E:
    """What `work` comes to, or the first thing `look` sees meanwhile; then the work is cancelled.

    `look` is called right before the work begins and then every `POLL_SECONDS`. What it raises ends the wait too.
    """
    task = asyncio.ensure_future(_unless(look, work))
    try:
        while True:
            done, _ = await asyncio.wait({task}, timeout=POLL_SECONDS)
            if done:
                return task.result()
            if (seen := look()) is not None:
                return seen
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # looked at, so that nobody is told of it later: the wait may have ended for another reason


async def _unless(look: Callable[[], E | None], work: Callable[[], Awaitable[T]]) -> T | E:
    # A task begins a moment after it was made: what was stopped in between does not begin.
    seen = look()
    return await work() if seen is None else seen
