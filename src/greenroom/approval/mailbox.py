"""Where a face leaves a person's answer and a turn waits for it.

Invariant: the log is what counts, the future here only wakes the waiter; an answer left before anybody waits is kept,
and counts only for the very card it was given to.
"""

from __future__ import annotations

import asyncio

from greenroom.core.values import ApprovalReply, Card


class Mailbox:
    """An approver for sessions with a person at a screen."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[ApprovalReply]] = {}
        self._early: dict[str, tuple[Card, ApprovalReply]] = {}

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        seen, reply = self._early.pop(step, (None, None))
        if reply is not None and seen == card:
            return reply
        future: asyncio.Future[ApprovalReply] = asyncio.get_running_loop().create_future()
        self._waiting[step] = future
        try:
            return await future
        finally:
            self._waiting.pop(step, None)

    def answer(self, step: str, card: Card, reply: ApprovalReply) -> None:
        """Leave an answer to the question `step` as it stands on `card`. The first one counts."""
        future = self._waiting.get(step)
        if future is None:
            if step not in self._early or self._early[step][0] != card:
                self._early[step] = (card, reply)
        elif not future.done():
            future.set_result(reply)
