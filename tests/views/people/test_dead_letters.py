"""Dead letters: what nobody answered, and what nobody knows the outcome of, until a person settles it."""

import asyncio
from functools import partial

import pytest

from greenroom.approval.automatic import LeaveOpen
from greenroom.core.errors import WaitingForPerson
from greenroom.core.events import ToolReturned, ToolStarted
from greenroom.core.values import ApprovalReply, Ask, Card, ToolCall, ToolResult
from greenroom.engine import waiting
from greenroom.engine.session import Session
from greenroom.log.memory_log import MemoryLog
from greenroom.views.fold import fold_all
from greenroom.views.people import approvals, dead_letters
from greenroom.views.people.dead_letters import DeadLetter
from tests.engine.stage import AmountPolicy, ListedApprover, Stage, says, stage, until

CALL = ("orders.refund", {"order_id": 1, "amount": 120})
SMALL = ("orders.refund", {"order_id": 1, "amount": 20})
ALLOW = ApprovalReply(decision="allow", approver="kim", established="test")


def letters(session: Session) -> tuple[DeadLetter, ...]:
    return fold_all(dead_letters.fold, dead_letters.EMPTY, session.records).letters


def expired(**parts: object) -> tuple[Stage, Session]:
    """A session in which nobody answered in time."""
    ask = Ask(role="operator", deadline_seconds=60, then=("escalate:lead", "deny"))
    play = stage(says("", CALL), says("Sorry."), policy=AmountPolicy(ask=ask), **parts)
    session = play.session()

    async def scene() -> None:
        turn = asyncio.ensure_future(session.turn("refund it"))
        await until(lambda: fold_all(approvals.fold, approvals.EMPTY, session.records).question() is not None)
        play.clock.advance(61)
        await until(lambda: fold_all(approvals.fold, approvals.EMPTY, session.records).open[0].passed == 1)
        assert letters(session) == ()
        play.clock.advance(61)
        await turn

    asyncio.run(asyncio.wait_for(scene(), 10))
    return play, session


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.001)


def test_a_question_nobody_answered_in_time_is_one_with_its_card() -> None:
    _, session = expired()
    (one,) = letters(session)
    assert (one.step, one.kind, one.turn, one.role) == ("t1/ask:c1", "expired", 1, "lead")
    assert one.why == "no lead answered in time"
    assert one.card.call.arguments == {"order_id": 1, "amount": 120}
    assert one.card.verdict.rule == "refund.large"


def test_a_denial_by_a_person_is_none() -> None:
    play = stage(says("", CALL), says("Sorry."), approver=ListedApprover([ApprovalReply(decision="deny", reason="no")]))
    session = play.session()
    asyncio.run(session.turn("refund it"))
    assert letters(session) == ()


def test_a_question_that_its_turn_left_behind_is_one() -> None:
    session = stage(says("", CALL), approver=LeaveOpen()).session()
    with pytest.raises(WaitingForPerson):
        asyncio.run(session.turn("refund it"))
    assert letters(session) == ()  # it is open, not dead
    session.abandon("never mind")
    (one,) = letters(session)
    assert (one.step, one.kind, one.why) == (
        "t1/ask:c1",
        "orphaned",
        "its turn was given up while the question was open",
    )


def unknown_outcome(*, asks: bool) -> Session:
    """A session that was killed while a refund ran, and whose next process is told that nobody knows."""
    call = CALL if asks else SMALL
    first = stage(says("", call), says("Done."), approver=ListedApprover([ALLOW]))
    session = first.session()
    asyncio.run(session.turn("refund it"))
    cut = next(r.seq for r in session.records if isinstance(r.event, ToolStarted))
    log = MemoryLog("s1", first.clock, first.ids, session.records[: cut + 1])
    second = stage(says("Unclear."), approver=ListedApprover([ApprovalReply(decision="deny", reason="nobody knows")]))
    again = second.session(log)
    asyncio.run(again.resume())
    return again


@pytest.mark.parametrize("asks", [True, False])
def test_a_call_of_unknown_outcome_is_one_whether_it_was_asked_about_or_not(asks: bool) -> None:
    session = unknown_outcome(asks=asks)
    assert any(isinstance(r.event, ToolReturned) and r.event.status == "unknown" for r in session.records)
    (one,) = letters(session)
    assert (one.step, one.kind) == ("t1/tool:c1", "unknown")
    assert one.card.call.tool == "orders.refund"
    assert one.card.call.arguments["amount"] == (120 if asks else 20)


def test_a_call_cut_off_that_nobody_was_asked_about_has_a_card_made_from_the_log() -> None:
    play = stage(says("", SMALL), says("Unclear."))
    play.tools.act = lambda call: ToolResult(status="unknown", error="cut off")
    session = play.session()
    asyncio.run(session.turn("refund it"))
    (one,) = letters(session)
    assert (one.kind, one.why) == ("unknown", "cut off")
    assert one.card.verdict.effect == "allow"
    assert one.card.call == ToolCall(id="c1", tool="orders.refund", arguments=SMALL[1])


def test_a_letter_let_go_is_gone() -> None:
    _, session = expired()
    session.discard_letter("t1/ask:c1", "kim", "paid by hand")
    assert letters(session) == ()


def test_a_letter_put_again_is_gone_and_its_question_is_a_new_one() -> None:
    play, session = expired()
    play.model.replies = [says("Done.")]

    async def scene() -> None:
        turn = asyncio.ensure_future(session.ask_again("t1/ask:c1"))
        await until(lambda: fold_all(approvals.fold, approvals.EMPTY, session.records).question() is not None)
        assert letters(session) == ()
        assert play.tools.ran == []
        session.answer("t2/ask:c2", ALLOW)
        await turn

    asyncio.run(asyncio.wait_for(scene(), 10))
    assert len(play.tools.ran) == 1
    assert letters(session) == ()


def test_a_letter_put_again_that_dies_again_is_one_again() -> None:
    play, session = expired(approver=Never())
    play.model.replies = [says("Sorry again.")]

    async def scene() -> None:
        turn = asyncio.ensure_future(session.ask_again("t1/ask:c1"))
        for passed in (0, 1):
            await until(partial(_open_at, session, passed))
            play.clock.advance(61)
        await turn

    asyncio.run(asyncio.wait_for(scene(), 10))
    assert [(one.step, one.kind) for one in letters(session)] == [("t2/ask:c2", "expired")]
    assert play.tools.ran == []


def test_folding_record_by_record_is_folding_at_once() -> None:
    _, session = expired()
    state = dead_letters.EMPTY
    for record in session.records:
        state = dead_letters.fold(state, record)
    assert state == fold_all(dead_letters.fold, dead_letters.EMPTY, session.records)


def _open_at(session: Session, passed: int) -> bool:
    found = fold_all(approvals.fold, approvals.EMPTY, session.records).question()
    return found is not None and found.passed == passed


class Never:
    """Nobody ever answers."""

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        await asyncio.Event().wait()
        raise AssertionError
