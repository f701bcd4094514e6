"""Where a face leaves a person's answer and a turn waits for it.

The log is what counts: the future here only wakes the waiter, and an answer for nobody is kept until someone asks.
"""

from __future__ import annotations

import asyncio

from greenroom.core.values import ApprovalReply, Card


class Mailbox:
    """An approver for sessions with a person at a screen."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[ApprovalReply]] = {}
        self._early: dict[str, ApprovalReply] = {}

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        if step in self._early:
            return self._early.pop(step)
        future: asyncio.Future[ApprovalReply] = asyncio.get_running_loop().create_future()
        self._waiting[step] = future
        try:
            return await future
        finally:
            self._waiting.pop(step, None)

    def answer(self, step: str, reply: ApprovalReply) -> None:
        """Leave an answer. The first one counts."""
        future = self._waiting.get(step)
        if future is None:
            self._early.setdefault(step, reply)
        elif not future.done():
            future.set_result(reply)
