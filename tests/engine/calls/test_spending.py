"""What all sessions may spend in a day: read when a call is decided, and once more right before it runs."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import pytest

from greenroom.approval.automatic import LeaveOpen
from greenroom.core.errors import WaitingForPerson
from greenroom.core.events import DaySumsRead, ToolReturned
from greenroom.core.values import ApprovalReply
from greenroom.engine.replay.again import LogRecording, replay
from greenroom.engine.session import Session
from tests.engine.stage import AmountPolicy, ListedApprover, says, stage

KEY = "orders.refund:amount:day"


def refund(amount: float) -> tuple[str, dict[str, object]]:
    return ("orders.refund", {"order_id": 1, "amount": amount})


@dataclass
class Book:
    """Sums of a day as they come up, one reading after another; the last one stays."""

    readings: list[float]
    days: list[str] = field(default_factory=list)
    held: int = 0

    def sums(self, day: str) -> Mapping[str, float]:
        self.days.append(day)
        spent = self.readings.pop(0) if len(self.readings) > 1 else self.readings[0]
        return {KEY: spent} if spent else {}

    def turn_to_spend(self) -> AbstractContextManager[object]:
        @contextmanager
        def hold() -> Iterator[None]:
            self.held += 1
            yield

        return hold()


def statuses(session: Session) -> list[str]:
    return [r.event.status for r in session.records if isinstance(r.event, ToolReturned)]


def test_what_other_sessions_spent_counts_and_a_replay_knows_it() -> None:
    book = Book([950.0])
    play = stage(says("", refund(90)), says("Done."), policy=AmountPolicy(reserved="day"), day=book)
    session = play.session()
    asyncio.run(session.turn("refund"))
    assert statuses(session) == ["denied"]  # 950 + 90 is over ten times the limit of 100
    (read,) = [r.event for r in session.records if isinstance(r.event, DaySumsRead)]
    assert (read.day, read.sums) == ("2026-11-20", {KEY: "950.0"})
    twin = stage(policy=AmountPolicy(reserved="day"))
    replayed = asyncio.run(replay(twin.session(recording=LogRecording(session.records)), session.records))
    assert replayed.same, replayed.difference


def test_two_sessions_that_were_decided_at_once_cannot_both_spend_the_rest() -> None:
    book = Book([0.0, 950.0])  # nothing was spent when this call was decided; then the other session ran its own
    play = stage(says("", refund(90)), says("Done."), policy=AmountPolicy(reserved="day"), day=book)
    session = play.session()
    asyncio.run(session.turn("refund"))
    assert play.tools.ran == []
    assert statuses(session) == ["denied"]
    assert book.held == 1
    twin = stage(policy=AmountPolicy(reserved="day"))
    replayed = asyncio.run(replay(twin.session(recording=LogRecording(session.records)), session.records))
    assert replayed.same, replayed.difference


def test_a_rule_that_asks_only_because_another_session_spent_meanwhile_is_not_passed_over() -> None:
    spent = Book([0.0, 60.0])
    play = stage(says("", refund(90)), says("Done."), policy=AmountPolicy(reserved="day"), day=spent)
    session = play.session()
    asyncio.run(session.turn("refund"))
    assert (play.tools.ran, statuses(session)) == ([], ["denied"])  # 60 + 90 wants a person, and nobody was asked
    approver = ListedApprover([ApprovalReply(decision="allow", approver="kim")])
    play = stage(
        says("", refund(120)),
        says("Done."),
        policy=AmountPolicy(reserved="day"),
        day=Book([0.0, 60.0]),
        approver=approver,
    )
    asyncio.run(play.session().turn("refund"))
    assert [tool for tool, _, _ in play.tools.ran] == [
        "orders.refund"
    ]  # a person said yes to the rule that asks now as well


def resumed(book: Book, meanwhile: float, *calls: tuple[str, dict[str, object]]) -> Session:
    """A turn whose last call waits for a person while other sessions spend; then it is resumed and allowed."""
    play = stage(says("", *calls), says("Done."), policy=AmountPolicy(reserved="day"), day=book, approver=LeaveOpen())
    first = play.session()
    with pytest.raises(WaitingForPerson):
        asyncio.run(first.turn("refund"))
    book.readings = [meanwhile]
    play.approver = ListedApprover([ApprovalReply(decision="allow", approver="kim")])
    session = play.session(log=first.log)
    asyncio.run(session.resume())
    twin = stage(policy=AmountPolicy(reserved="day"))
    replayed = asyncio.run(replay(twin.session(recording=LogRecording(session.records)), session.records))
    assert replayed.same, replayed.difference
    return session


def test_what_others_spent_while_a_question_was_open_counts_when_the_turn_is_resumed() -> None:
    assert statuses(resumed(Book([0.0]), 900.0, refund(150))) == ["denied"]
    assert statuses(resumed(Book([0.0]), 100.0, refund(150))) == ["done"]


def test_a_call_that_ran_is_judged_by_what_was_spent_then() -> None:
    session = resumed(Book([0.0]), 970.0, refund(90), refund(50))
    assert statuses(session) == ["done", "denied"]
    read = [(r.event.step, r.event.sums) for r in session.records if isinstance(r.event, DaySumsRead)]
    assert read == [("t1/day:c1", {}), ("t1/day:c2", {KEY: "970.0"})]


def test_on_another_day_own_and_other_spending_begins_anew() -> None:
    book = Book([0.0])
    replies = [reply for amount in (60, 60) for reply in (says("", refund(amount)), says("Done."))]
    play = stage(*replies, policy=AmountPolicy(limit=10, reserved="day"), day=book)
    play.policy.ask = None
    session = play.session()
    asyncio.run(asyncio.wait_for(_answered(session, "today"), 5))
    play.clock.advance(24 * 3600)
    asyncio.run(asyncio.wait_for(_answered(session, "tomorrow"), 5))
    assert statuses(session) == ["done", "done"]  # 120 in one day would be denied
    assert sorted(set(book.days)) == ["2026-11-20", "2026-11-21"]


async def _answered(session: Session, words: str) -> None:
    from tests.engine.stage import answering

    answering(session, ApprovalReply(decision="allow", approver="kim"))
    await session.turn(words)


def test_calls_without_a_limit_by_the_day_read_nothing() -> None:
    book = Book([950.0])
    play = stage(says("", refund(90)), says("Done."), day=book)
    asyncio.run(play.session().turn("refund"))
    assert book.days == []
