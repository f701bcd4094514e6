"""Nobody answers: the policy's list goes on through restarts, and its end is a no."""

import asyncio

import pytest

from greenroom.approval.automatic import LeaveOpen
from greenroom.core.clock import FrozenClock
from greenroom.core.errors import WaitingForPerson
from greenroom.core.events import ApprovalGiven, ApprovalPassedOn, Record, ToolReturned
from greenroom.core.ids import CountedIds
from greenroom.core.values import ApprovalReply, Ask
from greenroom.engine import waiting
from greenroom.engine.replay.again import LogRecording, replay
from greenroom.engine.session import Session
from greenroom.log.memory_log import MemoryLog
from greenroom.views.fold import fold_all
from greenroom.views.people import approvals
from tests.engine.stage import AmountPolicy, Stage, says, stage, until

ASK = Ask(role="operator", deadline_seconds=900, then=("notify:desk", "escalate:lead", "deny"))
CALL = ("orders.refund", {"order_id": 1, "amount": 120})


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.001)


def asking(**parts: object) -> Stage:
    return stage(says("", CALL), says("Done."), policy=AmountPolicy(ask=ASK), **parts)


def events(session: Session, kind: type) -> list[object]:
    return [r.event for r in session.records if isinstance(r.event, kind)]


def test_each_deadline_passes_the_question_on_and_the_last_one_denies() -> None:
    play = asking()
    session = play.session()

    async def run() -> None:
        turn = asyncio.ensure_future(session.turn("refund it"))
        await until(lambda: fold_all(approvals.fold, approvals.EMPTY, session.records).question() is not None)
        play.clock.advance(901)
        await until(lambda: len(events(session, ApprovalPassedOn)) == 1)
        play.clock.advance(901)
        await until(lambda: len(events(session, ApprovalPassedOn)) == 2)
        play.clock.advance(901)
        await turn

    asyncio.run(run())
    told = [(e.action, e.role) for e in events(session, ApprovalPassedOn) if isinstance(e, ApprovalPassedOn)]
    assert told == [("notify", "desk"), ("escalate", "lead")]
    (given,) = events(session, ApprovalGiven)
    assert isinstance(given, ApprovalGiven)
    assert (given.decision, given.approver, given.established) == ("deny", "deadline", "policy refund.large")
    assert given.reason == "No lead answered in time, so this was not done. A next step is to ask for it again later."
    assert play.tools.ran == []
    (returned,) = events(session, ToolReturned)
    assert isinstance(returned, ToolReturned)
    assert returned.status == "denied"


def test_a_deadline_survives_a_restart_and_a_late_yes_reaches_the_next_one_asked() -> None:
    play = asking(approver=LeaveOpen())
    first = play.session()
    with pytest.raises(WaitingForPerson):
        asyncio.run(first.turn("refund it"))

    clock = FrozenClock()
    clock.advance(1000)  # the operator's time is over, nothing ran meanwhile
    again = stage(says("Done."), policy=AmountPolicy(ask=ASK), approver=LeaveOpen(), clock=clock)
    later = again.session(MemoryLog("s1", clock, CountedIds(), first.records))
    with pytest.raises(WaitingForPerson):
        asyncio.run(later.resume())
    (asked,) = fold_all(approvals.fold, approvals.EMPTY, later.records).open
    assert asked.card.call.arguments["amount"] == 120
    assert [e.action for e in events(later, ApprovalPassedOn) if isinstance(e, ApprovalPassedOn)] == ["notify"]


def test_no_deadline_waits_for_ever_and_an_answer_in_time_counts() -> None:
    play = stage(says("", CALL), says("Done."), policy=AmountPolicy(ask=Ask()))
    session = play.session()

    async def run() -> None:
        turn = asyncio.ensure_future(session.turn("refund it"))
        await until(lambda: fold_all(approvals.fold, approvals.EMPTY, session.records).question() is not None)
        play.clock.advance(10_000_000)
        session.answer("t1/ask:c1", ApprovalReply(decision="allow", approver="kim"))
        await turn

    asyncio.run(run())
    assert len(play.tools.ran) == 1
    assert events(session, ApprovalPassedOn) == []


def test_an_answer_that_comes_after_the_deadline_is_not_taken() -> None:
    play = stage(says("", CALL), says("Done."), policy=AmountPolicy(ask=Ask(deadline_seconds=60)))
    session = play.session()

    async def run() -> None:
        turn = asyncio.ensure_future(session.turn("refund it"))
        await until(lambda: fold_all(approvals.fold, approvals.EMPTY, session.records).question() is not None)
        play.clock.advance(61)
        session.answer("t1/ask:c1", ApprovalReply(decision="allow", approver="kim"))  # before anybody looked again
        await turn

    asyncio.run(run())
    assert play.tools.ran == []


def test_a_question_that_ran_out_replays_as_it_was() -> None:
    play = stage(says("", CALL), says("Done."), policy=AmountPolicy(ask=Ask(deadline_seconds=60)))
    session = play.session()

    async def run() -> None:
        turn = asyncio.ensure_future(session.turn("refund it"))
        await until(lambda: fold_all(approvals.fold, approvals.EMPTY, session.records).question() is not None)
        play.clock.advance(61)
        await turn

    asyncio.run(run())
    records: list[Record] = list(session.records)
    twin = stage(policy=AmountPolicy(ask=Ask(deadline_seconds=60)))
    assert asyncio.run(replay(twin.session(recording=LogRecording(records)), records)).same
