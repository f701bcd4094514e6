"""Where answers come together: from a screen, from a person at a prompt, from another terminal; a turn waits here.

Invariant: the log is what counts, the future here only wakes the waiter; the first answer counts, one left before
anybody waits is kept, and each counts only for the very question it was given to.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from greenroom.approval.port import Approver
from greenroom.core.values import ApprovalReply, Card

if TYPE_CHECKING:
    from greenroom.approval.answers import Elsewhere

POLL_SECONDS = 0.2
"""How long an answer from another terminal may lie unseen."""

Waiting = asyncio.Future[ApprovalReply]


class Mailbox:
    """An approver for sessions that a person can answer. `here` is asked too, if anybody is: a prompt, for example."""

    def __init__(self, here: Approver | None = None) -> None:
        self._here = here
        self._elsewhere: Elsewhere | None = None
        self._waiting: dict[str, Waiting] = {}
        self._early: dict[str, tuple[Card, ApprovalReply]] = {}

    def hear(self, elsewhere: Elsewhere) -> None:
        """Take answers from other terminals as well, from the next question on."""
        self._elsewhere = elsewhere

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        """The first answer from anywhere.

        Raises:
            WaitingForPerson: whoever is here went away.
        """
        seen, reply = self._early.pop(step, (None, None))
        if reply is not None and seen == card:
            return reply
        future: Waiting = asyncio.get_running_loop().create_future()
        self._waiting[step] = future
        try:
            async with asyncio.TaskGroup() as group:
                sources = []
                if self._here is not None:
                    sources.append(group.create_task(_asked(self._here, step, card, future)))
                if self._elsewhere is not None:
                    sources.append(group.create_task(_heard(self._elsewhere, step, future)))
                try:
                    await asyncio.wait({future})  # not awaited itself: its error must not end the group as one
                finally:
                    for source in sources:
                        source.cancel()
        finally:
            self._waiting.pop(step, None)
        return future.result()

    def answer(self, step: str, card: Card, reply: ApprovalReply) -> None:
        """Leave an answer to the question `step` as it stands on `card`. The first one counts."""
        future = self._waiting.get(step)
        if future is None:
            if step not in self._early or self._early[step][0] != card:
                self._early[step] = (card, reply)
        elif not future.done():
            future.set_result(reply)


async def _asked(here: Approver, step: str, card: Card, future: Waiting) -> None:
    try:
        reply = await here.ask(step, card)
    except Exception as error:  # noqa: BLE001  # it belongs to whoever waits for the answer
        if not future.done():
            future.set_exception(error)
    else:
        if not future.done():
            future.set_result(reply)


async def _heard(elsewhere: Elsewhere, step: str, future: Waiting) -> None:
    question = elsewhere.question(step)
    while not future.done():
        if (reply := elsewhere.look(question)) is not None and not future.done():
            future.set_result(reply)
        await asyncio.sleep(POLL_SECONDS)
