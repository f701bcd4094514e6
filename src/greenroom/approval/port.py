"""What the engine needs of whoever approves."""

from __future__ import annotations

from typing import Protocol

from greenroom.core.values import ApprovalReply, Card


class Approver(Protocol):
    """Answers questions about calls: a person at a screen, a rule for headless runs, or a tape."""

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        """Wait for an answer.

        Raises:
            WaitingForPerson: nobody is here to answer; the question stays open in the log.
        """
        ...
