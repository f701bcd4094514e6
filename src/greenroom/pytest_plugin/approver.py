"""Who answers a test's questions about calls: nobody and so no, yes to each, or a function of the test's own.

Invariant: an answer that a function got wrong is an error that says so, never a yes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from greenroom.approval.automatic import DenyAll
from greenroom.approval.port import Approver
from greenroom.core.errors import UsageError
from greenroom.core.values import ApprovalReply, Card

Given = bool | Literal["allow", "deny"] | ApprovalReply
Approve = Literal["allow", "deny"] | Callable[[Card], Given]
_TEST = "test"


class Answering:
    """Asks a function; its yes or no, or a whole reply (an edit, a simulated result), is the answer."""

    def __init__(self, decide: Callable[[Card], Given]) -> None:
        self._decide = decide

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        """The answer.

        Raises:
            UsageError: what the function returned is none.
        """
        given = self._decide(card)
        if isinstance(given, ApprovalReply):
            return given.model_copy(update={"approver": given.approver or _TEST, "established": _TEST})
        if given is True or given == "allow":
            return ApprovalReply(decision="allow", approver=_TEST, established=_TEST)
        if given is False or given == "deny":
            return ApprovalReply(decision="deny", approver=_TEST, established=_TEST, reason="The test said no.")
        raise UsageError(
            f"approve returned {given!r} for {card.call.tool}",
            hint="return True, False, 'allow', 'deny' or an ApprovalReply",
            code="test.approve",
        )


def approver_of(approve: Approve) -> Approver:
    """The approver that a test's word or function stands for.

    Raises:
        UsageError: it stands for none.
    """
    if callable(approve):
        return Answering(approve)
    if approve == "deny":
        return DenyAll()
    if approve == "allow":
        return Answering(lambda card: True)
    raise UsageError(
        f"approve={approve!r} is nobody who could answer",
        hint="'deny', 'allow' or a function of a card",
        code="test.approve",
    )
