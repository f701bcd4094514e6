"""What a person changes about a session beside its turns: leave taken back, autonomy, dead letters, the contract.

Invariant: each change is an event with who made it, on disk before it counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from greenroom.approval.mailbox import Mailbox
from greenroom.core.clock import parse_stamp, stamp
from greenroom.core.errors import UsageError
from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    AutonomyChanged,
    DeadLetterDiscarded,
    GrantRevoked,
    Record,
    ReplyGenerated,
    SessionForked,
    ToolReturned,
    TurnAbandoned,
    TurnFinished,
    TurnStarted,
)
from greenroom.core.values import ApprovalReply, ToolCall
from greenroom.engine.asking.permitting import must_fit
from greenroom.engine.contract import Contract
from greenroom.engine.kept import NOT_KEPT, kept
from greenroom.engine.looks import place_of
from greenroom.engine.opening import known_texts
from greenroom.engine.outside import Renewed
from greenroom.engine.room import Room
from greenroom.policy.port import Question
from greenroom.views.people.dead_letters import AGAIN

HIGHEST = 4
FORKED = "the session was forked"
"""How the contract's own level came to count again in a branch."""
_BETWEEN = frozenset({TurnStarted, AutonomyChanged, TurnAbandoned, TurnFinished})
_BEHIND = _BETWEEN | {SessionForked}


def answer(room: Room, step: str, reply: ApprovalReply) -> None:
    """Answer an open question.

    Raises:
        UsageError: this session's questions are not answered by a person, there is no such question, or the answer does
            not fit it.
    """
    asked, given = room.steps.record_of(ApprovalRequested, step), room.steps.record_of(ApprovalGiven, step)
    approver = room.outside.approver
    if not isinstance(approver, Mailbox):
        raise UsageError("this session answers its questions itself")
    if asked is None or not isinstance(asked.event, ApprovalRequested) or (given and given.seq > asked.seq):
        raise UsageError("no such question is open", code="approval.closed")
    must_fit(room, asked.event.card, reply)
    approver.answer(step, asked.event.card, reply)


def revoke(room: Room, step: str, by: str, reason: str) -> None:
    """Take back the leave given at `step`.

    Raises:
        UsageError: none is in force there.
    """
    now = stamp(room.outside.clock.now())
    if all(grant.step != step for grant in room.leave().in_force(now)):
        raise UsageError(f"no leave is in force from {step}", code="grant.unknown")
    room.steps.note(GrantRevoked(grant=step, by=by, reason=masked(room, reason)), sync=True)


def autonomy_at(
    room: Room, level: int, by: str, established: str, reason: str, valid_seconds: int | None
) -> AutonomyChanged:
    """The event that has the persona act at another level. More than its contract says needs a reason and an end.

    Raises:
        UsageError: no such level, or a raise without reason or end.
    """
    if not 0 <= level <= HIGHEST:
        raise UsageError(f"there is no autonomy {level}", hint=f"0 to {HIGHEST}", code="autonomy.level")
    raised = level > room.contract.persona.policy.autonomy
    if raised and (not reason.strip() or not valid_seconds or valid_seconds < 0):
        raise UsageError(
            "raising autonomy above the contract needs a reason and an end", hint="3 30m REASON", code="autonomy.raise"
        )
    until = stamp(room.outside.clock.now() + timedelta(seconds=valid_seconds)) if valid_seconds else None
    return AutonomyChanged(level=level, by=by, established=established, reason=masked(room, reason), expires=until)


def take_on(room: Room, event: AutonomyChanged, *, running: bool, turn_open: bool) -> None:
    """Have a level count: at once between turns, else from the open turn's next call on. Either way it is on disk now."""
    room.steps.note(event.model_copy(update={"from_next_call": running}), sync=True)
    if turn_open:
        room.autonomy_next = event


def level_set_meanwhile(room: Room, begun: int) -> None:
    """Before a turn that record `begun` began goes on: what was set while it rested counts from its next call on.

    In a branch that is the contract's own level, where another was set for the session it was forked from.
    """
    if room.autonomy_next is not None:
        return
    own = room.contract.persona.policy.autonomy
    other = room.facts.autonomy != own
    for record in room.steps.log.records[begun + 1 :]:
        match record.event:
            case AutonomyChanged() as event:
                room.autonomy_next, other = None if event.step else _counting(event), True
            case SessionForked() if other:
                room.autonomy_next = AutonomyChanged(level=own, established=FORKED)
            case _:
                pass


def take_on_left_behind(room: Room) -> None:
    """Have a level count that was set during the last turn, or is the contract's own again because the session was forked
    during it, and came to do so at no call of it: the process was gone before the turn's end was over.
    """
    own = room.contract.persona.policy.autonomy
    over = forked = False
    for record in reversed(room.steps.log.records):
        if type(record.event) not in _BEHIND:
            continue
        match record.event:
            case TurnFinished() | TurnAbandoned():
                over = True
            case SessionForked():
                forked = True
            case AutonomyChanged() as event:
                left = AutonomyChanged(level=own, established=FORKED) if forked else _counting(event)
                if over and (event.level != own if forked else not event.step):
                    room.steps.note(left, sync=True)
                return
            case TurnStarted() if not forked:
                return
            case _:
                pass
        if forked and not over:
            return  # between two turns: there it counts by itself


def _counting(event: AutonomyChanged) -> AutonomyChanged:
    return event.model_copy(update={"from_next_call": False})


def set_between_turns(records: Iterable[Record]) -> frozenset[int]:
    """The records that set a level between two turns. What was set while a turn rested is there again, at a call of it,
    unless the turn was given up before it came to one.
    """
    found: set[int] = set()
    inside: set[int] | None = None
    for record in records:
        if type(record.event) not in _BETWEEN:
            continue
        match record.event:
            case TurnStarted():
                inside = set()
            case AutonomyChanged(step=""):
                (found if inside is None else inside).add(record.seq)
            case AutonomyChanged() if inside:
                inside.clear()  # it was taken on at a call
            case TurnAbandoned() | TurnFinished() as ended:
                found |= (inside or set()) if isinstance(ended, TurnAbandoned) else set()
                inside = None
            case _:
                pass
    return frozenset(found)


def own_level_again(records: Iterable[Record]) -> frozenset[int]:
    """The records from which on the contract's own level counts, because the session was forked: there, or at the end of
    the turn in the middle of which it was, unless that had taken a level on by then.
    """
    found: set[int] = set()
    inside = forked = False
    for record in records:
        match record.event:
            case SessionForked():
                forked = inside
                found |= set() if inside else {record.seq}
            case AutonomyChanged(from_next_call=False):
                forked = False
            case TurnStarted():
                inside = True
            case TurnFinished() | TurnAbandoned():
                found |= {record.seq} if forked else set()
                inside = forked = False
            case _:
                pass
    return frozenset(found)


def settle_autonomy(room: Room, turn: int, call: ToolCall, suffix: str, look: str, *, over: bool) -> None:
    """Before a call is decided: take on what a person set, and end a raise whose time is over.

    In a resumed turn the log's own changes are met again, those of the call's later rounds (`c2.1`, `c2.start`) too: not
    every round comes again. A call that is `over` changes nothing any more.
    """
    step = f"t{turn}/autonomy:{call.id}{suffix}{place_of(look)}"
    for changed in _changes_at(room, step):
        room.steps.find(AutonomyChanged, changed)
    if over:
        return
    if room.steps.replaying:
        room.steps.levels(step, look)
        return
    if room.autonomy_next is not None:
        room.steps.note(room.autonomy_next.model_copy(update={"step": step, "turn": turn, "moment": look}), sync=True)
        room.autonomy_next = None
    if raise_is_over(room):
        level = room.contract.persona.policy.autonomy
        over_now = AutonomyChanged(step=step, turn=turn, level=level, established="it expired", moment=look)
        room.steps.note(over_now, sync=True)


def _changes_at(room: Room, step: str) -> list[str]:
    """The steps of this turn at which the level changed for a call, each once, in the order in which they did last."""
    found = []
    for record in reversed(room.steps.log.records):
        if isinstance(record.event, TurnStarted):
            break
        if isinstance(record.event, AutonomyChanged) and f"{record.event.step}.".startswith(f"{step}."):
            found.append(record.event.step)
    return [*dict.fromkeys(found)][::-1]


def level_changes(room: Room, turn: int, call: ToolCall, suffix: str, look: str) -> bool:
    """Whether the level falls back before this call, or did when it was recorded."""
    step = f"t{turn}/autonomy:{call.id}{suffix}{place_of(look)}"
    return raise_is_over(room) or room.steps.holds(AutonomyChanged, step)


def raise_is_over(room: Room) -> bool:
    """Whether the time of a raised autonomy is up and it has not fallen back yet."""
    until = room.facts.raised_until
    return until is not None and not room.steps.replaying and room.outside.clock.now() >= parse_stamp(until)


def discard_letter(room: Room, step: str, by: str, reason: str) -> None:
    """Let a dead letter be.

    Raises:
        UsageError: nothing was asked or called at that step.
    """
    letter_call(room.steps.log.records, step)
    room.steps.note(DeadLetterDiscarded(letter=step, by=by, reason=masked(room, reason)), sync=True)


def letter_call(records: Sequence[Record], step: str) -> ToolCall:
    """The call that was asked about, or made, at `step`.

    Raises:
        UsageError: there is none.
    """
    for record in reversed(records):
        event = record.event
        if event.step != step:
            continue
        if isinstance(event, ApprovalRequested) and event.hook == "tool.call":
            return event.card.call
        if isinstance(event, ToolReturned):
            return _made(records, event)
    raise UsageError(f"no call was asked about at {step}", hint="greenroom approve dead", code="letter.unknown")


def _made(records: Sequence[Record], returned: ToolReturned) -> ToolCall:
    for record in reversed(records):
        event = record.event
        if isinstance(event, ReplyGenerated) and event.turn == returned.turn:
            for call in event.calls:
                if call.id == returned.call:
                    return call
    raise UsageError(f"no call was made at {returned.step}", code="letter.unknown")


def words_of(call: ToolCall) -> str:
    """What the turn is begun with that puts a call once more."""
    return f"Once more, please: {call.tool} {json.dumps(call.arguments, ensure_ascii=False, sort_keys=True)}"


def put_again(room: Room, begun: Record | None) -> None:
    """Have a turn that was begun for a dead letter put its call once more, as a model would ask for it."""
    event = begun.event if begun is not None else None
    if isinstance(event, TurnStarted) and event.origin.startswith(AGAIN):
        call = letter_call(room.steps.log.records, event.origin.removeprefix(AGAIN))
        room.again[event.turn] = call.model_copy(update={"vendor_id": "", "problem": ""})


def reload(room: Room, contract: Contract, renewed: Renewed, *, turn_open: bool) -> tuple[Contract, Renewed] | None:
    """Work under another contract; returns what waits for the end of the open turn.

    In an open turn only the policy counts, and a model made anew where it is the one the turn has: it answers from the
    next call on. Tools come with the contract that shows them to the model.
    """
    if not turn_open:
        room.outside.renew(renewed)
        if contract is not room.contract:
            govern(room, contract)
        return None
    policed = with_policy_of(room.contract, contract)
    if policed.policy.digest != room.contract.policy.digest:
        govern(room, policed)
    if contract.reached_by == room.contract.reached_by:
        room.outside.renew(replace(renewed, tools=None))
        renewed = replace(renewed, model=None)
    same = contract.digests == policed.digests and contract.reached_by == policed.reached_by
    return None if same and renewed.tools is None else (contract, renewed)


def govern(room: Room, contract: Contract) -> None:
    """Work under another contract from here on."""
    room.steps.note(contract.loaded(known_texts(room)), sync=True)
    room.contract = contract
    room.admitted = None
    room.facts.govern(contract.persona.policy.autonomy, contract.policy.reserves, contract.untrusted)


def with_policy_of(contract: Contract, other: Contract) -> Contract:
    """The contract with another one's policy and nothing else of it."""
    texts = {**contract.texts, "policy": other.texts.get("policy", "")}
    digests = {**contract.digests, "policy": other.digests.get("policy", other.policy.digest)}
    return replace(contract, policy=other.policy, texts=texts, digests=digests)


def masked(room: Room, words: str) -> str:
    """A person's reason, or what an error says, as it may be kept and shown."""
    looked = kept(room, Question(hook="input", payload={"text": words}, session=room.facts.now()))
    return NOT_KEPT if looked is None else str(looked["text"])
