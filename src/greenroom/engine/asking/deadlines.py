"""What happens when nobody answers in time: the policy's list, notify and escalate first, and a no at its end.

Invariant: how far the list has come stands in the log, so it survives a restart; no deadline ever allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from greenroom.core.clock import stamp
from greenroom.core.events import ApprovalPassedOn, ApprovalRequested
from greenroom.core.signals import Noted
from greenroom.core.values import ApprovalReply, Ask, Card
from greenroom.engine.room import Room
from greenroom.views.people.dead_letters import DEADLINE


@dataclass(frozen=True, slots=True)
class Stage:
    """How far a question has come: how many entries of the list are used up, who is asked, and until when (a stamp)."""

    passed: int
    role: str
    deadline: str | None


@dataclass(frozen=True, slots=True)
class Overdue:
    """Nobody answered before the deadline of this stage."""

    stage: Stage


def stage_of(room: Room, step: str, card: Card) -> Stage:
    """Where the question at `step` stands by the log."""
    asked = room.steps.record_of(ApprovalRequested, step)
    role = card.verdict.ask.role if card.verdict.ask else "operator"
    if asked is None or not isinstance(asked.event, ApprovalRequested) or asked.event.deadline is None:
        return Stage(0, role, None)
    stage = Stage(0, role, asked.event.deadline)
    latest = room.steps.record_of(ApprovalPassedOn, step)
    if latest is None or latest.seq < asked.seq:
        return stage
    for record in room.steps.log.records[asked.seq + 1 : latest.seq + 1]:
        event = record.event
        if isinstance(event, ApprovalPassedOn) and event.step == step:
            stage = Stage(stage.passed + 1, event.role if event.action == "escalate" else stage.role, event.deadline)
    return stage


def pass_on(room: Room, turn: int, step: str, card: Card, overdue: Overdue) -> ApprovalReply | None:
    """Take the next entry of the policy's list; the denial it ends in, or None where somebody else has time now."""
    stage, ask = overdue.stage, card.verdict.ask or Ask()
    entry = ask.then[stage.passed] if stage.passed < len(ask.then) else "deny"
    word, _, role = entry.partition(":")
    if word == "deny" or not role:
        return ApprovalReply(
            decision="deny",
            approver=DEADLINE,
            established=f"policy {card.verdict.rule}",
            reason=f"No {stage.role} answered in time, so this was not done. A next step is to ask for it again later.",
        )
    action: Literal["notify", "escalate"] = "escalate" if word == "escalate" else "notify"
    until = room.outside.clock.now() + timedelta(seconds=ask.deadline_seconds or 0)
    room.steps.note(
        ApprovalPassedOn(step=step, turn=turn, call=card.call.id, action=action, role=role, deadline=stamp(until)),
        sync=True,
    )
    told = f"{card.call.tool}: no {stage.role} answered in time; "
    told += f"{role} is asked now" if action == "escalate" else f"{role} is to be told"
    room.steps.bus.tell(Noted(told, "warning"))
    return None
