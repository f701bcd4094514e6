"""What a person changes beside the turns: autonomy for a while, dead letters put once more or let be."""

import asyncio
import contextlib
from types import SimpleNamespace

import pytest

from greenroom.core.clock import FrozenClock
from greenroom.core.errors import UsageError
from greenroom.core.events import (
    ApprovalGiven,
    AutonomyChanged,
    DeadLetterDiscarded,
    Record,
    ReplyGenerated,
    TurnFinished,
    TurnStarted,
)
from greenroom.core.ids import CountedIds
from greenroom.core.values import ApprovalReply
from greenroom.engine.replay.again import LogRecording, replay
from greenroom.engine.session import Session
from greenroom.engine.standing import _changes_at
from greenroom.log.memory_log import MemoryLog
from tests.engine.stage import AmountPolicy, ListedApprover, Stage, says, stage, until

CALL = ("orders.refund", {"order_id": 1, "amount": 120})
LOOK = ("orders.get", {"order_id": 1})
ALLOW = ApprovalReply(decision="allow", approver="kim", established="test")


def levels(play: Stage) -> list[int]:
    """The autonomy that each call was decided under."""
    return [question.session.autonomy for question in play.policy.asked if question.hook == "tool.call"]


def test_a_raise_needs_a_reason_and_an_end_and_lowering_needs_neither() -> None:
    session = stage().session()
    with pytest.raises(UsageError, match="reason and an end"):
        session.set_autonomy(4, "kim", "test", "", 60)
    with pytest.raises(UsageError, match="reason and an end"):
        session.set_autonomy(4, "kim", "test", "a long list of small refunds")
    with pytest.raises(UsageError, match="no autonomy 5"):
        session.set_autonomy(5, "kim", "test", "more", 60)
    session.set_autonomy(0, "kim", "test")
    assert session.autonomy == (0, None)


def test_a_raised_level_counts_until_its_end_and_falls_back_before_the_next_call() -> None:
    play = stage(says("", LOOK), says("One."), says("", LOOK), says("Two."))
    session = play.session()
    session.set_autonomy(4, "kim", "test", "many small refunds", 60)
    asyncio.run(session.turn("one"))
    play.clock.advance(61)
    asyncio.run(session.turn("two"))
    assert sorted(set(levels(play))) == [2, 4]
    assert session.autonomy == (2, None)
    changes = [r.event for r in session.records if isinstance(r.event, AutonomyChanged)]
    assert [(e.level, e.by, e.established) for e in changes] == [(4, "kim", "test"), (2, "", "it expired")]
    same(play, session)


def test_a_level_set_while_a_turn_runs_counts_from_its_next_call_and_replays_so() -> None:
    play = stage(says("", CALL), says("", LOOK), says("Done."))

    class Raising:
        async def ask(self, step: str, card: object) -> ApprovalReply:
            session.set_autonomy(1, "kim", "test", "careful now")
            return ALLOW

    play.approver = Raising()
    session = play.session()
    asyncio.run(session.turn("refund"))
    assert session.autonomy == (1, None)
    decided = [q.session.autonomy for q in play.policy.asked if q.hook == "tool.call" and q.subject == "orders.get"]
    assert decided[-1] == 1
    said, counted = [r.event for r in session.records if isinstance(r.event, AutonomyChanged)]
    assert (said.step, said.from_next_call) == ("", True)
    assert (counted.step, counted.from_next_call, counted.level) == ("t1/autonomy:c2", False, 1)
    same(play, session)


def test_a_level_set_when_a_turn_has_just_ended_counts_from_there() -> None:
    play = stage(says("One."), says("", LOOK), says("Two."))
    session = play.session()

    def careful(item: object) -> None:
        if isinstance(item, Record) and isinstance(item.event, TurnFinished) and item.event.turn == 1:
            session.set_autonomy(1, "kim", "test", "careful now")

    session.bus.subscribe(careful)
    asyncio.run(session.turn("one"))
    assert session.autonomy == (1, None)
    asyncio.run(session.turn("two"))
    assert set(levels(play)) == {1}
    same(play, session)


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_level_set_while_a_turn_ran_outlives_the_process(goes_on: bool) -> None:  # resumed or given up
    play = stage(says("", CALL), says("", LOOK), says("Done."))
    session = play.session()

    async def die() -> None:
        turn = asyncio.ensure_future(session.turn("refund"))
        await until(lambda: any(r.event.kind == "approval_requested" for r in session.records))
        session.set_autonomy(0, "kim", "test", "stop this")
        turn.cancel()  # nothing is written after this: as if the process had been killed
        session.log.append = lambda *_, **__: (_ for _ in ()).throw(AssertionError)  # type: ignore[method-assign]  # a disk that died
        with contextlib.suppress(BaseException):
            await turn

    asyncio.run(die())
    records = list(session.records)
    again = stage(says("", LOOK), says("Done."), approver=ListedApprover([ALLOW]))
    later = again.session(MemoryLog("s1", again.clock, CountedIds(), records))
    if goes_on:
        asyncio.run(later.resume())
        assert levels(again)[-1] == 0
    else:
        later.abandon("enough")
    assert later.autonomy == (0, None)


def same(play: Stage, session: Session) -> None:
    twin = stage(policy=AmountPolicy())
    replayed = asyncio.run(replay(twin.session(recording=LogRecording(session.records)), session.records))
    assert replayed.same, replayed.difference
    assert levels(twin)[-1] == levels(play)[-1]


def test_a_dead_letter_is_put_to_policy_and_to_a_person_once_more() -> None:
    play = stage(says("", CALL), says("Later."), says("Paid now."))
    deny = ApprovalReply(decision="deny", approver="deadline", established="policy refund.large", reason="too late")
    play.approver = ListedApprover([deny, ALLOW])
    play.policy.reserved = "nothing"
    session = play.session()
    asyncio.run(session.turn("refund"))
    assert play.tools.ran == []
    finished = asyncio.run(session.ask_again("t1/ask:c1"))
    assert finished.outcome == "answered"
    assert [args for _, args, _ in play.tools.ran] == [CALL[1]]
    begun = [r.event for r in session.records if isinstance(r.event, TurnStarted)][-1]
    assert (begun.origin, begun.words) == (
        "again:t1/ask:c1",
        'Once more, please: orders.refund {"amount": 120, "order_id": 1}',
    )
    replies = [r.event.model for r in session.records if isinstance(r.event, ReplyGenerated) and r.event.turn == 2]
    assert replies == ["dead letter", "listed/replies"]
    answers = [r.event.decision for r in session.records if isinstance(r.event, ApprovalGiven)]
    assert answers == ["deny", "allow"]
    same(play, session)


def test_a_dead_letter_can_be_let_be_and_an_unknown_one_is_refused() -> None:
    play = stage(
        says("", CALL), says("Later."), approver=ListedApprover([ALLOW.model_copy(update={"decision": "deny"})])
    )
    session = play.session()
    asyncio.run(session.turn("refund"))
    session.discard_letter("t1/ask:c1", "kim", "the customer called")
    (event,) = [r.event for r in session.records if isinstance(r.event, DeadLetterDiscarded)]
    assert (event.letter, event.by, event.reason) == ("t1/ask:c1", "kim", "the customer called")
    with pytest.raises(UsageError, match="no call was asked about"):
        session.discard_letter("t9/ask:c9", "kim")
    with pytest.raises(UsageError, match="no call was asked about"):
        asyncio.run(session.ask_again("t9/ask:c9"))


def test_levels_met_again_end_with_the_one_that_was_set_last() -> None:
    """In a third life a call's level was set anew under its first key, behind a fall that has a key of its own."""
    clock, ids = FrozenClock(), CountedIds()
    log = MemoryLog("s1", clock, ids)
    log.append(TurnStarted(turn=1, words="hello", origin="person"))
    for step, level in (("c3", 4), ("c3.run", 3), ("c4", 2), ("c3", 1)):
        log.append(AutonomyChanged(step=f"t1/autonomy:{step}", turn=1, level=level))
    room = SimpleNamespace(steps=SimpleNamespace(log=log))
    assert _changes_at(room, "t1/autonomy:c3") == ["t1/autonomy:c3.run", "t1/autonomy:c3"]  # type: ignore[arg-type]  # only its log is read
