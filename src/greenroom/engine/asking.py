"""Asking a person about a call: two log events, bound to one exact call under one policy.

Invariant: an answer counts only for the request it was given to, and only while policy and tools are the same.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from greenroom.approval.binding import bind
from greenroom.core.clock import stamp
from greenroom.core.errors import GreenroomError
from greenroom.core.events import ApprovalGiven, ApprovalRequested
from greenroom.core.values import ApprovalReply, Card, ToolCall, Verdict
from greenroom.engine.kept import NOT_KEPT, kept
from greenroom.engine.room import Room, about_call, about_result, spec_of


class TurnStopped(GreenroomError):
    """A person chose to stop the turn rather than answer the question."""

    default_code = "turn.stopped"


async def ask(room: Room, turn: int, call: ToolCall, verdict: Verdict, suffix: str, reason: str) -> ApprovalReply:
    """The answer to one question about one call, from the log, a recording or a person.

    Raises:
        WaitingForPerson: nobody is here; the question is on disk.
    """
    step = f"t{turn}/ask:{call.id}{suffix}"
    card = Card(call=call, spec=spec_of(room, call.tool), verdict=verdict, reason=reason, origin=room.facts.now().taint)
    binds, asked = _request(room, turn, step, card)
    given = room.steps.find(ApprovalGiven, step)
    if given is None or given.binds != binds:
        given = room.steps.recorded(ApprovalGiven, step, {"binds": binds})
    if given is None:
        reply = await room.outside.approver.ask(step, asked)
        given = _give(room, turn, step, call, binds, _masked(room, call, reply))
    return ApprovalReply(
        decision=given.decision,
        approver=given.approver,
        established=given.established,
        reason=given.reason,
        arguments=given.arguments,
        result=given.result,
    )


def _request(room: Room, turn: int, step: str, card: Card) -> tuple[str, Card]:
    """Put the question on disk, unless it is there already; returns what an answer binds to, and the card as asked."""
    tools = room.contract.digests.get("tools", "")
    policy = room.contract.policy.digest
    session = room.steps.log.session
    inputs: list[Any] = [session, policy, tools, card.call.model_dump(mode="json"), card.reason]
    deadline = _deadline(room, card.verdict)
    asked = room.steps.decide(
        ApprovalRequested,
        step,
        inputs,
        lambda: ApprovalRequested(
            step=step,
            turn=turn,
            call=card.call.id,
            tool=card.call.tool,
            rule=card.verdict.rule,
            policy_digest=policy,
            role=card.verdict.ask.role if card.verdict.ask else "operator",
            deadline=deadline,
            card=card,
        ),
        sync=True,
    )
    record = room.steps.record_of(ApprovalRequested, step)
    return bind(session, record.commitments["card"] if record else "", policy, tools), asked.card


def _masked(room: Room, call: ToolCall, reply: ApprovalReply) -> ApprovalReply:
    """The answer as it may be kept: a person's words are looked at like everything else that comes in."""
    said = kept(room, about_result(room, call, {"output": reply.result, "error": reply.reason}))
    edited = None
    if reply.arguments is not None:
        edited = kept(room, about_call(room, call.model_copy(update={"arguments": reply.arguments})))
    return reply.model_copy(
        update={
            "arguments": edited["args"] if edited is not None else None,
            "result": said["output"] if said is not None else NOT_KEPT,
            "reason": said["error"] if said is not None else NOT_KEPT,
        }
    )


def _give(room: Room, turn: int, step: str, call: ToolCall, binds: str, reply: ApprovalReply) -> ApprovalGiven:
    return room.steps.note(
        ApprovalGiven(
            step=step,
            turn=turn,
            call=call.id,
            decision=reply.decision,
            approver=reply.approver,
            established=reply.established,
            binds=binds,
            reason=reply.reason,
            arguments=reply.arguments,
            result=reply.result,
        ),
        sync=True,
    )


def _deadline(room: Room, verdict: Verdict) -> str | None:
    if verdict.ask is None or verdict.ask.deadline_seconds is None:
        return None
    return stamp(room.outside.clock.now() + timedelta(seconds=verdict.ask.deadline_seconds))
