"""What the engine needs of whoever approves, and of whoever stops."""

from __future__ import annotations

from typing import Protocol

from greenroom.core.values import ApprovalReply, Card, Stop


class Approver(Protocol):
    """Answers questions about calls: a person at a screen, a rule for headless runs, or a tape."""

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        """Wait for an answer.

        Raises:
            WaitingForPerson: nobody is here to answer; the question stays open in the log.
        """
        ...


class Brake(Protocol):
    """The kill switch as a session sees it."""

    def stops(self) -> tuple[Stop, ...]:
        """What is stopped now. Asked before every model call and side effect and some times a second, so it is cheap.

        Never raises: a switch that cannot be read counts as one that stops everything.
        """
        ...


class NoBrake:
    """For replays and tests: nothing is ever stopped."""

    def stops(self) -> tuple[Stop, ...]:
        return ()
