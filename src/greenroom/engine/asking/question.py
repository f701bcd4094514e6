"""Asking a person: two log events, bound to one exact question under one policy.

Invariant: an answer counts only for the request it was given to, and only while policy and tools are the same; no
answer in time is a no.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from greenroom.approval.binding import bind
from greenroom.core.clock import parse_stamp, stamp
from greenroom.core.errors import GreenroomError
from greenroom.core.events import ApprovalGiven, ApprovalRequested
from greenroom.core.values import ApprovalReply, Card, Json, ToolCall, Verdict
from greenroom.engine.asking.acted_upon import acted_upon
from greenroom.engine.asking.deadlines import Overdue, Stage, pass_on, stage_of
from greenroom.engine.asking.leave import leave_for, scoped
from greenroom.engine.kept import NOT_KEPT, kept
from greenroom.engine.room import Room, about_call, about_result
from greenroom.engine.stopping import must_go_on, stop_of
from greenroom.engine.waiting import attended
from greenroom.views.people.grants import asking

KILL_SWITCH = "kill switch"
"""How it was established who denied a call that was stopped."""


class TurnStopped(GreenroomError):
    """A person chose to stop the turn rather than answer the question."""

    default_code = "turn.stopped"


class Void:
    """The policy changed while the question was open: what it asked has to be decided again."""


Keeps = Callable[[str], str | None]
"""A person's words in the place of those that are asked about, as they may be kept; None if they may not."""


async def ask(
    room: Room,
    turn: int,
    key: str,
    card: Card,
    *,
    confirming: bool = False,
    verdict: str = "",
    keeps: Keeps | None = None,
) -> ApprovalReply | Void:
    """The answer to one question, from the log, a recording, leave given before, or a person.

    `key` tells the questions of a turn apart: a call's id with the round of its edits (`c2.1`), or the hook. What a
    person changed is confirmed by a person: leave does not answer when `confirming`. `verdict` is the step of the verdict on
    the card, where it is none about a call; there `keeps` says what may be kept of a person's own words.

    Raises:
        WaitingForPerson: nobody is here; the question is on disk.
        KillSwitchThrown: the turn or everything was stopped; the question stays open.
    """
    step = f"t{turn}/ask:{key}"
    card = room.steps.as_asked(step, card)
    verdict = verdict or f"t{turn}/verdict:tool.call:{key}"
    if await _void(room, step, card, verdict, put=False):
        return Void()  # before it is put: a question with an older verdict on its card would be void for ever
    if (stands := acted_upon(room, turn, step, card)) is not None:
        return _reply(stands)
    binds, asked = request(room, turn, step, card)
    if room.steps.governed is None and _outdated(room, card):  # by whoever heard of the question
        return Void()
    given = room.steps.find(ApprovalGiven, step)
    if given is None or given.binds != binds or room.steps.anew(ApprovalGiven, step):
        if room.steps.replaying and not room.steps.answered_at_once(step):
            await asyncio.sleep(0)  # a person took longer than the calls beside this one took to begin
        if room.steps.replaying and await _void(room, step, card, verdict, put=True):
            return Void()
        given = room.steps.recorded(ApprovalGiven, step, {"binds": binds})
    if given is None:
        given_leave = None if confirming else leave_for(room, turn, asked)
        reply = given_leave or await _answer(room, turn, step, asked)
        if isinstance(reply, Void):
            return reply
        given = give(room, turn, step, asked, binds, reply, keeps)
    return _reply(given)


def _reply(given: ApprovalGiven) -> ApprovalReply:
    return ApprovalReply(
        decision=given.decision,
        approver=given.approver,
        established=given.established,
        reason=given.reason,
        arguments=given.arguments,
        result=given.result,
    )


def allowed_by_person(room: Room, turn: int, call: ToolCall, verdict: Verdict) -> bool:
    """Whether the last answer about a call allowed it, and was given when the very rules asked that ask now."""
    answers = (r.event for r in reversed(room.steps.log.records) if isinstance(r.event, ApprovalGiven))
    given = next((event for event in answers if (event.turn, event.call) == (turn, call.id)), None)
    asked = room.steps.find(ApprovalRequested, given.step) if given and given.decision == "allow" else None
    if asked is None:
        return False
    before = asked.card.verdict
    return verdict.effect == before.effect and asking(verdict) <= asking(before)


async def _answer(room: Room, turn: int, step: str, card: Card) -> ApprovalReply | Void:
    """A person's answer, or what takes its place: a deadline, a stop, another policy."""

    def look() -> ApprovalReply | Overdue | Void | None:
        return _seen(room, turn, step, card)

    while True:
        seen = look()
        if seen is None:
            answer: ApprovalReply | Overdue | Void = await attended(lambda: room.outside.approver.ask(step, card), look)
            seen = look() or answer  # what came between two looks counts before an answer that came after it
        if not isinstance(seen, Overdue):
            return seen
        if (denied := pass_on(room, turn, step, card, seen)) is not None:
            return denied


def _seen(room: Room, turn: int, step: str, card: Card) -> ApprovalReply | Overdue | Void | None:
    """What ends the waiting now, if anything does.

    Raises:
        KillSwitchThrown: this turn or everything was stopped.
    """
    must_go_on(room, turn)
    if card.hook == "tool.call":
        stop = stop_of(room, f"t{turn}/tool:{card.call.id}", card.call.tool)
        if stop is not None:
            why = f"It was stopped{f': {stop.reason}' if stop.reason else '.'}"
            return ApprovalReply(decision="deny", approver=stop.by, established=KILL_SWITCH, reason=why)
    if _outdated(room, card):
        return Void()
    now: Stage = stage_of(room, step, card)
    overdue = now.deadline is not None and room.outside.clock.now() >= parse_stamp(now.deadline)
    return Overdue(now) if overdue else None


async def _void(room: Room, step: str, card: Card, verdict: str, *, put: bool) -> bool:
    """Whether a question is void; in a replay of a log, whether it was or became so when that was recorded."""
    governed = room.steps.governed
    return _outdated(room, card) if governed is None else await governed.void(step, verdict, put=put)


def _outdated(room: Room, card: Card) -> bool:
    """Whether the verdict on a card is another policy's than the one in force."""
    return card.verdict.policy_digest != room.contract.policy.digest


def request(room: Room, turn: int, step: str, card: Card) -> tuple[str, Card]:
    """Put the question on disk, unless it is there already; returns what an answer binds to, and the card as asked."""
    if (found := _put_before(room, step)) is not None:
        return found
    tools = room.contract.digests.get("tools", "")
    policy = room.contract.policy.digest
    session = room.steps.log.session
    inputs: list[Any] = [session, policy, tools, card.call.model_dump(mode="json"), card.reason]

    def put() -> ApprovalRequested:
        room.steps.must_come(ApprovalRequested, step)
        room.steps.peek(ApprovalRequested, step)  # from now on it is known to have been put in this life
        return ApprovalRequested(
            step=step,
            turn=turn,
            call=card.call.id,
            tool=card.call.tool,
            rule=card.verdict.rule,
            policy_digest=policy,
            role=card.verdict.ask.role if card.verdict.ask else "operator",
            deadline=_deadline(room, step, card),
            hook=card.hook,
            card=card,
        )

    again = room.steps.anew(ApprovalRequested, step)  # a branch of a session puts once more what is open in it
    asked = room.steps.decide(ApprovalRequested, step, inputs, put, sync=True, again=again)
    record = room.steps.record_of(ApprovalRequested, step)
    return bind(session, record.commitments["card"] if record else "", policy, tools), asked.card


def _put_before(room: Room, step: str) -> tuple[str, Card] | None:
    """In a replay of a log: the question as it was in it already, where this life did not put it (anew)."""
    governed, record = room.steps.governed, room.steps.record_of(ApprovalRequested, step)
    if governed is None or record is None or governed.puts(step):
        return None
    asked = room.steps.find(ApprovalRequested, step)
    assert asked is not None  # it is that record
    tools = room.contract.digests.get("tools", "")
    return bind(room.steps.log.session, record.commitments["card"], asked.policy_digest, tools), asked.card


def give(
    room: Room, turn: int, step: str, card: Card, binds: str, reply: ApprovalReply, keeps: Keeps | None = None
) -> ApprovalGiven:
    """Log an answer as it may be kept, before anything is done about it."""
    reply = scoped(room, card, _masked(room, card, reply, keeps))
    until = None
    if reply.valid_seconds is not None:
        until = stamp(room.outside.clock.now() + timedelta(seconds=reply.valid_seconds))
    return room.steps.note(
        ApprovalGiven(
            step=step,
            turn=turn,
            call=card.call.id,
            decision=reply.decision,
            approver=reply.approver,
            established=reply.established,
            binds=binds,
            reason=reply.reason,
            arguments=reply.arguments,
            result=reply.result,
            scope=reply.scope,
            when=reply.when,
            expires=until,
        ),
        sync=True,
    )


def _masked(room: Room, card: Card, reply: ApprovalReply, keeps: Keeps | None) -> ApprovalReply:
    """The answer as it may be kept: a person's words are looked at like everything else that comes in."""
    words: dict[str, Json] = {"output": reply.result, "error": reply.reason, "when": list(reply.when)}
    said = kept(room, about_result(room, card.call, words))
    return reply.model_copy(
        update={
            "arguments": None if reply.arguments is None else _edit(room, card, reply.arguments, keeps),
            "result": said["output"] if said is not None else NOT_KEPT,
            "reason": said["error"] if said is not None else NOT_KEPT,
            "when": tuple(said["when"]) if said is not None else (),
        }
    )


def _edit(room: Room, card: Card, arguments: dict[str, Any], keeps: Keeps | None) -> Json:
    """A person's edit as it may be kept: of words what their own hook lets be. None if it may not."""
    looked = kept(room, about_call(room, card.call.model_copy(update={"arguments": arguments})))
    edited = None if looked is None else looked["args"]
    if keeps is None or edited is None or not isinstance(edited.get("text"), str):
        return edited
    text = keeps(edited["text"])
    return None if text is None else {**edited, "text": text}


def _deadline(room: Room, step: str, card: Card) -> str | None:
    """Until when there is time; a question that is put anew because the policy changed has no more than it had."""
    ask = card.verdict.ask
    if ask is None or ask.deadline_seconds is None:
        return None
    before, given = room.steps.record_of(ApprovalRequested, step), room.steps.record_of(ApprovalGiven, step)
    asked = before.event if before is not None and (given is None or given.seq < before.seq) else None  # still open
    if isinstance(asked, ApprovalRequested) and asked.card.verdict.ask == ask:
        return stage_of(room, step, card).deadline
    return stamp(room.outside.clock.now() + timedelta(seconds=ask.deadline_seconds))
