"""What a person decided before a crash is what happens after it, and a question is never answered by an old answer."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from greenroom.approval.automatic import LeaveOpen
from greenroom.core.clock import FrozenClock
from greenroom.core.errors import UsageError, WaitingForPerson
from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    Event,
    MemoryWritten,
    Record,
    SessionForked,
    ToolReturned,
    ToolStarted,
    TurnResumed,
)
from greenroom.core.ids import CountedIds
from greenroom.core.messages import ModelReply
from greenroom.core.values import ApprovalReply, Card, Memory, ToolCall, ToolResult, Verdict
from greenroom.engine.replay.again import LogRecording, replay
from greenroom.engine.session import Session
from greenroom.log.memory_log import MemoryLog
from greenroom.log.summary import summarise
from greenroom.policy.port import Question
from greenroom.views.fold import fold_all
from greenroom.views.people import approvals
from tests.engine.stage import AmountPolicy, CountingTools, ListMemory, Stage, answering, persona, says, stage


def refund(amount: float, order: int = 1) -> tuple[str, dict[str, Any]]:
    return ("orders.refund", {"order_id": order, "amount": amount})


def said(play: Stage, *replies: ApprovalReply, **options: Any) -> Session:
    session = play.session(**options)
    answering(session, *replies)
    asyncio.run(asyncio.wait_for(session.turn("refund, please"), 10))
    return session


def until(records: Sequence[Record], kind: type[Any], number: int = 1) -> list[Record]:
    """The log as a crash right after the `number`th event of a kind leaves it."""
    places = [place for place, record in enumerate(records) if isinstance(record.event, kind)]
    return list(records[: places[number - 1] + 1])


def again(play: Stage, records: Sequence[Record], *replies: ApprovalReply, name: str = "s1", **options: Any) -> Session:
    """A new process over the log."""
    session = play.session(MemoryLog(name, FrozenClock(), CountedIds(), records), **options)
    answering(session, *replies)
    return session


def carry_on(session: Session) -> None:
    asyncio.run(asyncio.wait_for(session.resume(), 5))


def amounts(play: Stage) -> list[float]:
    return [args["amount"] for tool, args, _ in play.tools.ran if tool == "orders.refund"]


def of(session: Session, kind: type[Any]) -> list[Any]:
    return [record.event for record in session.records if isinstance(record.event, kind)]


EDIT = ApprovalReply(decision="edit", arguments={"order_id": 1, "amount": 90}, approver="kim")
ALLOW = ApprovalReply(decision="allow", approver="kim")
DENY = ApprovalReply(decision="deny", reason="no")
STOP = ApprovalReply(decision="stop")


def edited_and_started() -> list[Record]:
    session = said(stage(says("", refund(120)), says("Done.")), EDIT, ALLOW)
    return until(session.records, ToolStarted)


def test_an_edited_call_of_unknown_outcome_is_asked_about_as_it_was_started() -> None:
    play = stage(says("Done."))
    session = again(play, edited_and_started(), ALLOW)
    carry_on(session)
    assert of(session, ApprovalRequested)[-1].card.call.arguments["amount"] == 90
    assert amounts(play) == [90]


def test_a_leave_to_repeat_is_good_for_one_repetition() -> None:
    def act(call: ToolCall) -> ToolResult:
        raise RuntimeError("the machine went down")

    first = stage(says("Done."), tools=CountingTools(act=act))
    session = again(first, edited_and_started(), ALLOW)
    with pytest.raises(RuntimeError):
        carry_on(session)
    second = stage(says("Done."))
    resumed = again(second, session.records, DENY)
    carry_on(resumed)
    assert amounts(first) == [90] and amounts(second) == []
    assert len([e for e in of(resumed, ApprovalRequested) if e.step.endswith(".unknown")]) == 2


def test_a_tool_cut_off_from_within_has_a_result() -> None:
    def act(call: ToolCall) -> ToolResult:
        raise asyncio.CancelledError

    session = said(stage(says("", refund(10)), says("Done."), tools=CountingTools(act=act)))
    assert [event.status for event in of(session, ToolReturned)] == ["unknown"]


def test_a_session_with_an_unknown_outcome_replays() -> None:
    session = again(stage(says("Done.")), edited_and_started(), ALLOW)
    carry_on(session)
    copy = stage().session(recording=LogRecording(session.records))
    result = asyncio.run(asyncio.wait_for(replay(copy, session.records), 5))
    assert result.same, result.difference


def test_what_policy_denies_by_now_is_not_repeated() -> None:
    play = stage(says("Done."), policy=AmountPolicy(limit=5))
    session = again(play, edited_and_started(), ALLOW)
    carry_on(session)
    assert amounts(play) == []
    assert of(session, ToolReturned)[-1].status == "unknown"


def test_stop_ends_the_turn_at_a_question_about_an_unknown_outcome() -> None:
    session = again(stage(says("Done.")), edited_and_started(), STOP)
    carry_on(session)
    assert of(session, ToolReturned)[-1].status == "unknown"
    assert session.records[-1].event.kind == "turn_finished" and session.open_turn() is None


@pytest.mark.parametrize(
    ("answer", "ran"), [(EDIT, 90), (DENY, 0), (ApprovalReply(decision="simulate", result="paid"), 0)]
)
def test_sums_after_a_crash_are_what_really_ran(answer: ApprovalReply, ran: float) -> None:
    before = said(stage(says("", refund(150)), says("Done.")), answer, ALLOW)
    policy = AmountPolicy()
    play = stage(says("", refund(11, 2)), says("Done."), policy=policy)
    carry_on(again(play, until(before.records, ToolReturned), ALLOW))
    asked = next(q.session for q in policy.asked if q.hook == "tool.call" and q.payload["args"].get("amount") == 11)
    assert asked.sums.get("orders.refund:amount:session", 0) == ran
    assert asked.counts.get("orders.refund", 0) == (1 if ran else 0)


def test_calls_before_a_crash_count_against_the_limit() -> None:
    look = ("orders.get", {"order_id": 1})
    replies = [says("", look, look), says("", look), says("Done.")]
    limited = persona(limits={"tool_calls": 2})
    before = said(stage(*replies, persona=limited))
    assert [event.status for event in of(before, ToolReturned)] == ["done", "done", "invalid"]
    play = stage(*replies[1:], persona=limited)
    session = again(play, until(before.records, ToolReturned, 2))
    carry_on(session)
    assert [event.status for event in of(session, ToolReturned)] == ["done", "done", "invalid"]


@pytest.mark.parametrize("last", [ApprovalRequested, ApprovalGiven])
def test_a_question_asked_while_stepping_is_still_asked_when_nobody_steps(last: type[Any]) -> None:
    before = said(stage(says("", refund(150)), says("Done.")), DENY)
    play = stage(says("Done."), policy=AmountPolicy(limit=200))  # as where earlier versions asked: no rule does
    session = again(play, until(before.records, last), DENY, mode="run")
    for asked in of(session, ApprovalRequested):
        if last is ApprovalRequested:
            session.answer(asked.step, DENY)
    carry_on(session)
    assert amounts(play) == []


def test_an_answer_to_the_old_card_does_not_answer_a_new_one() -> None:
    open_ = stage(says("", refund(120)), says("Done."), approver=LeaveOpen())
    before = open_.session()
    with pytest.raises(WaitingForPerson):
        asyncio.run(before.turn("refund 120"))
    play = stage(says("Done."), policy=AmountPolicy(limit=50))
    session = again(play, before.records)
    asked: list[ApprovalRequested] = []

    def watch(item: object) -> None:
        if isinstance(item, Record) and isinstance(item.event, ApprovalRequested):
            asked.append(item.event)
            session.answer(item.event.step, DENY)

    session.bus.subscribe(watch)
    session.answer("t1/ask:c1", ALLOW)  # given to what the log holds: a card under the old policy
    carry_on(session)
    assert len(asked) == 1 and asked[0].policy_digest == AmountPolicy(limit=50).digest
    assert amounts(play) == []


def test_an_answer_nobody_asked_for_is_refused() -> None:
    session = said(stage(says("", refund(120)), says("Done.")), ALLOW)
    with pytest.raises(UsageError, match="no such question"):
        session.answer("t1/ask:c1", ALLOW)


def test_an_approval_is_not_used_again_by_a_fork() -> None:
    before = said(stage(says("", refund(120)), says("Done.")), ALLOW)
    records = until(before.records, ApprovalGiven)
    play = stage(says("Done."))
    log = MemoryLog("s2", FrozenClock(), CountedIds(), records)
    log.append(SessionForked(session="s2", parent="s1", parent_seq=len(records) - 1, parent_hash=records[-1].hash))
    session = play.session(log)
    answering(session, DENY)
    carry_on(session)
    assert amounts(play) == []
    assert [event.decision for event in of(session, ApprovalGiven)] == ["allow", "deny"]


def test_a_turn_interrupted_in_an_earlier_process_is_said_to_be_resumed() -> None:
    play = stage(RuntimeError("broken"), says("Done."))
    session = play.session()
    with pytest.raises(RuntimeError):
        asyncio.run(session.turn("hi"))
    later = again(stage(says("Done."), policy=AmountPolicy(limit=7)), session.records)  # loads another contract
    carry_on(later)
    assert len(of(later, TurnResumed)) == 1


def test_a_running_turn_is_neither_resumed_nor_given_up() -> None:
    play = stage(says("", refund(120)), says("Done."))
    session = play.session()

    async def scene() -> None:
        asked = asyncio.Event()
        session.bus.subscribe(
            lambda item: asked.set() if isinstance(getattr(item, "event", None), ApprovalRequested) else None
        )
        task = asyncio.ensure_future(session.turn("refund 120"))
        await asked.wait()
        with pytest.raises(UsageError):
            await session.resume()
        with pytest.raises(UsageError):
            session.abandon("enough")
        session.answer("t1/ask:c1", ALLOW)
        await task

    asyncio.run(asyncio.wait_for(scene(), 5))
    assert amounts(play) == [120]
    assert session.records[-1].event.kind == "turn_finished"


def replies_of(*calls: tuple[str, dict[str, Any]]) -> list[ModelReply | Exception]:
    return [says("", *calls), says("Done.")]


def test_stop_asks_nothing_more() -> None:
    play = stage(*replies_of(refund(120), refund(150)))
    session = said(play, STOP)
    assert [event.step for event in of(session, ApprovalRequested)] == ["t1/ask:c1"]
    assert [event.status for event in of(session, ToolReturned)] == ["denied", "denied"]


def test_what_a_stopped_or_abandoned_turn_reserved_is_given_back() -> None:
    play = stage(says("", refund(190), refund(160)), says("", refund(40)), says("Done."), policy=AmountPolicy())
    session = play.session()
    answering(session, STOP, ALLOW)

    async def scene() -> None:
        assert (await session.turn("refund 190 and 160")).outcome == "stopped"
        await session.turn("refund 40")

    asyncio.run(asyncio.wait_for(scene(), 5))
    assert amounts(play) == [40]
    assert len(of(session, ApprovalRequested)) == 1


class NumberedMasks(AmountPolicy):
    """Masks what is remembered, and like real masks starts from another number in every process."""

    def __init__(self, first: int) -> None:
        super().__init__()
        self.first = first

    def decide(self, question: Question) -> Verdict:
        verdict = super().decide(question)
        if question.hook == "memory.write":
            return verdict.model_copy(update={"effect": "redact", "payload": {"text": f"‹name#{self.first}›"}})
        return verdict


def test_a_memory_that_was_written_is_not_looked_at_again() -> None:
    first = stage(says("Hello."), policy=NumberedMasks(1)).session()
    asyncio.run(first.turn("My name is Mara"))
    play = stage(policy=NumberedMasks(2))
    session = again(play, until(first.records, MemoryWritten))
    carry_on(session)
    assert session.records[-1].event.kind == "turn_finished" and play.memory.kept == []


def test_what_a_ledger_knows_is_on_disk() -> None:
    class Disk(MemoryLog):
        synced = -1

        def append(self, event: Event, *, derived: dict[str, object] | None = None, sync: bool = False) -> Record:
            record = super().append(event, derived=derived, sync=sync)
            self.synced = record.seq if sync else self.synced
            return record

        def sync(self) -> None:
            self.synced = len(self.records) - 1

    log = Disk("s1", FrozenClock(), CountedIds())
    ahead: list[int] = []
    session = stage(says("", refund(120), ("orders.get", {})), approver=LeaveOpen()).session(
        log, anchor=lambda name, seq, head: ahead.append(seq - log.synced)
    )
    with pytest.raises(WaitingForPerson):
        asyncio.run(session.turn("refund 120"))
    assert ahead and max(ahead) <= 0


@pytest.mark.parametrize("amount", [2**60, float("nan")])
def test_arguments_that_no_log_can_hold_are_refused(amount: float) -> None:
    edit = ApprovalReply(decision="edit", arguments={"order_id": 1, "amount": amount})
    play = stage(says("", refund(120)), says("Done."))
    session = said(play, edit, ALLOW)
    assert amounts(play) == [] and session.records[-1].event.kind == "turn_finished"


def test_an_open_question_ends_with_its_call() -> None:
    before = said(stage(says("", refund(120)), says("Done.")), DENY)
    play = stage(says("Done."), policy=AmountPolicy(limit=5))
    session = again(play, until(before.records, ApprovalRequested))
    carry_on(session)
    returned = until(session.records, ToolReturned)
    assert fold_all(approvals.fold, approvals.EMPTY, returned).open == ()
    assert summarise("s1", returned).status == "unfinished"


def test_a_list_names_the_question_that_is_still_open() -> None:
    first = stage(says("", refund(120), refund(150)), approver=LeaveOpen()).session()
    with pytest.raises(WaitingForPerson):
        asyncio.run(first.turn("both"))

    class Once(LeaveOpen):
        async def ask(self, step: str, card: Card) -> ApprovalReply:
            return DENY if step.endswith("c1") else await super().ask(step, card)

    second = again(stage(approver=Once()), first.records)
    with pytest.raises(WaitingForPerson):
        carry_on(second)
    assert summarise("s1", second.records).status == "open question"


def test_what_is_remembered_taints() -> None:
    policy = AmountPolicy()
    memory = ListMemory([Memory(id="m1", segment="customer", subject="visitor", text="Name: Mara")])
    said(stage(says("", refund(10)), says("Done."), policy=policy, memory=memory))
    assert "memory" in next(q.session.taint for q in policy.asked if q.hook == "tool.call")
