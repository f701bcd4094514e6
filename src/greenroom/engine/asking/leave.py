"""Leave for later calls: when an approval given for a turn or a session answers a question by itself.

Invariant: leave never covers a deny, an escalation, a step-through, an edited call or a call of unknown outcome, and
never a question that another rule, a higher risk, a lower autonomy or another policy puts.
"""

from __future__ import annotations

from greenroom.core.clock import stamp
from greenroom.core.values import ApprovalReply, Card
from greenroom.engine.room import Room, about_call
from greenroom.views.people.grants import Grant, asking, coverable

DEFAULT_SECONDS = 3_600
"""How long leave for a session counts where its giver did not say."""


def leave_for(room: Room, turn: int, card: Card) -> ApprovalReply | None:
    """The answer that leave in force gives to a question, or None."""
    if not coverable(card):
        return None
    for grant in room.leave().in_force(stamp(room.outside.clock.now())):
        if _covers(room, turn, grant, card):
            return ApprovalReply(decision="allow", approver=grant.by, established=f"grant {grant.step}")
    return None


def _covers(room: Room, turn: int, grant: Grant, card: Card) -> bool:
    policy = room.contract.policy
    return (
        grant.tool == card.call.tool
        and (grant.scope == "session" or grant.turn == turn)
        and grant.policy_digest == policy.digest
        and asking(card.verdict) <= grant.rules
        and card.verdict.risk <= grant.risk
        and card.verdict.autonomy >= grant.autonomy
        and policy.covers(about_call(room, card.call, without=f"t{turn}/tool:{card.call.id}"), grant.when)
    )


def scoped(room: Room, card: Card, reply: ApprovalReply) -> ApprovalReply:
    """The answer with leave for later calls only where it can be given; else it is for this call alone."""
    if reply.scope == "once":
        return reply.model_copy(update={"when": (), "valid_seconds": None})
    if scope_problem(room, card, reply):
        return reply.model_copy(update={"scope": "once", "when": (), "valid_seconds": None})
    return reply if reply.valid_seconds else reply.model_copy(update={"valid_seconds": DEFAULT_SECONDS})


def scope_problem(room: Room, card: Card, reply: ApprovalReply) -> str:
    """Why an answer cannot give leave for later calls, or ''."""
    if reply.decision != "allow":
        return "only an approval can cover later calls"
    if not coverable(card):
        return "this question is put every time"
    if reply.valid_seconds is not None and reply.valid_seconds <= 0:
        return "leave must last longer than no time"
    policy = room.contract.policy
    problem = policy.clause_problem(card.spec, reply.when)
    if not problem and not policy.covers(about_call(room, card.call), reply.when):
        return "these clauses do not hold for this very call"
    return problem
