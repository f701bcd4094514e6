"""Approvers for runs without a person: they say by whose rule they answered, and never allow by default."""

from __future__ import annotations

from greenroom.core.errors import WaitingForPerson
from greenroom.core.values import ApprovalReply, Card


class LeaveOpen:
    """Leaves every question in the log for a person to come."""

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        raise WaitingForPerson(
            f"{card.call.tool} waits for a person: {card.verdict.why}",
            hint="answer it with: greenroom session resume",
        )


class DenyAll:
    """Answers every question with no, in words a model can work with."""

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        return ApprovalReply(
            decision="deny",
            approver="--approve deny",
            established="command line",
            reason="Nobody is here to approve this now. Say so and offer a next step.",
        )


class AllowAsked:
    """Approves what policy would ask a person about. The person who typed the flag is the approver."""

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        if card.verdict.effect == "escalate":
            return ApprovalReply(
                decision="deny",
                approver="--approve policy",
                established="command line",
                reason="This needs a named person.",
            )
        return ApprovalReply(decision="allow", approver="--approve policy", established="command line")
