"""Giving a turn up at a gate, as it was when that was recorded: last of all that happened to the calls of its reply.

Invariant: what a call beside that gate came to before the turn was given up, it comes to in a replay too; and what it came
to because of that, it comes to afterwards. Neither waits for what does not come.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

GIVING_UP = 60
"""Turns of the loop in which nothing happens any more; more than what comes in waits for (see `governed`)."""
GIVEN_UP = 120
"""The same where the turn was given up elsewhere: more than that waits for."""


async def quiet(happened: Callable[[], int], turns: int, over: Callable[[], bool] = lambda: False) -> None:
    """Wait until nothing has `happened` any more for so many turns of the loop, or it is over before."""
    known, left = happened(), turns
    while left and not over():
        await asyncio.sleep(0)
        now = happened()
        known, left = now, left - 1 if now == known else turns
