"""Approvers for runs without a person: they say by whose rule they answered.

Invariant: none of them allows what a rule wants a person to see, or runs a call whose outcome is unknown once more.
"""

from __future__ import annotations

from greenroom.core.errors import WaitingForPerson
from greenroom.core.values import ApprovalReply, Card, Verdict

_COMMAND_LINE = "command line"
AUTONOMY = "autonomy"
"""The built-in rule behind a question that only the persona's autonomy level raises."""


RERUN = "This is a rerun, and this call is not one that was recorded, so it would be made for real."
"""The reason on the card of a call with effects that a rerun cannot keep; no rule of a policy answers for a person there."""


class LeaveOpen:
    """Leaves every question in the log for a person to come."""

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        raise WaitingForPerson(
            f"{card.call.tool} waits for a person: {card.reason or card.verdict.why}",
            hint="answer it with: greenroom session resume",
        )


class DenyAll:
    """Answers every question with no, in words a model can work with and a customer may read."""

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        return ApprovalReply(
            decision="deny",
            approver="--approve deny",
            established=_COMMAND_LINE,
            reason="Nobody is here to approve this now, so it was not done. A next step is to ask for it again later.",
        )


class ByPolicy:
    """Answers as the policy files say: what autonomy alone asks about is allowed, a rule's question gets its `ask.then`.

    That list never allows, and without people to notify or escalate to it always ends in a denial. The person who
    typed the flag is the approver.
    """

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        """The answer.

        Raises:
            WaitingForPerson: it is not policy that asks (a step-through, or a call with an unknown outcome).
        """
        if card.reason == RERUN:
            return _no_rerun()
        if step.endswith(".unknown") or not card.verdict.blocks:
            return await LeaveOpen().ask(step, card)
        if _by_autonomy_alone(card.verdict):
            return ApprovalReply(decision="allow", approver="--approve policy", established=_COMMAND_LINE)
        return ApprovalReply(
            decision="deny", approver="--approve policy", established=_COMMAND_LINE, reason=_refusal(card.verdict)
        )


def _no_rerun() -> ApprovalReply:
    return ApprovalReply(
        decision="deny",
        approver="--approve policy",
        established=_COMMAND_LINE,
        reason="This is a rerun, and nobody is here to say that it may be done once more, so it was not done.",
    )


def _by_autonomy_alone(verdict: Verdict) -> bool:
    acting = [fired for fired in verdict.fired if not fired.observed and fired.rule != AUTONOMY]
    restricting = any(fired.effect in ("require_approval", "escalate", "deny") for fired in acting)
    return verdict.effect == "require_approval" and verdict.rule == AUTONOMY and not restricting


def _refusal(verdict: Verdict) -> str:
    role = verdict.ask.role if verdict.ask else "person"
    then = verdict.ask.then if verdict.ask else ("deny",)
    tried = [step.partition(":")[2] for step in then if ":" in step]
    also = f", nor {' or '.join(tried)}" if tried else ""
    return f"{verdict.why} No {role}{also} is here to decide, so it was not done. A next step is to ask for it again later."
