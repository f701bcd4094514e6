"""A process can end between any two records: the turn goes on, and nothing with effects happens twice."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.core.clock import FrozenClock
from greenroom.core.errors import Divergence
from greenroom.core.events import ApprovalGiven, ApprovalRequested, Record, ReplyGenerated, ReplyReleased, ToolStarted
from greenroom.core.ids import CountedIds
from greenroom.core.messages import ModelReply
from greenroom.core.values import ApprovalReply
from greenroom.engine.replay.again import LogRecording, replay
from greenroom.engine.session import Session
from greenroom.log.memory_log import MemoryLog
from greenroom.views.fold import fold_all
from greenroom.views.people import approvals
from tests.engine.stage import AmountPolicy, CountingTools, Stage, answering, says, stage

T = TypeVar("T")

REPLIES: list[ModelReply] = [
    says("Let me see.", ("orders.get", {"order_id": 1}), ("orders.refund", {"order_id": 1, "amount": 120})),
    says("And once more.", ("orders.refund", {"order_id": 2, "amount": 5})),
    says("All done."),
]


def reply_to(asked: ApprovalRequested) -> ApprovalReply:
    """Edit 120 to 90, say of an unknown outcome that it happened, allow the rest."""
    if asked.step.endswith(".unknown"):
        return ApprovalReply(decision="simulate", result={"ok": True}, approver="kim")
    if asked.card.call.arguments["amount"] == 120:
        return ApprovalReply(decision="edit", arguments={"order_id": 1, "amount": 90}, approver="kim")
    return ApprovalReply(decision="allow", approver="kim")


def attend(session: Session) -> None:
    """Answer what is open in the log and whatever comes up."""

    def watch(item: object) -> None:
        if isinstance(item, Record) and isinstance(item.event, ApprovalRequested):
            session.answer(item.event.step, reply_to(item.event))

    for asked in fold_all(approvals.fold, approvals.EMPTY, session.records).open:
        event = session.records[asked.seq].event
        assert isinstance(event, ApprovalRequested)
        session.answer(event.step, reply_to(event))
    session.bus.subscribe(watch)


def within(work: Coroutine[Any, Any, T]) -> T:
    """Run it, and fail rather than hang."""
    return asyncio.run(asyncio.wait_for(work, 10))


def whole() -> tuple[Stage, Sequence[Record]]:
    play = stage(*REPLIES)
    session = play.session()
    attend(session)
    within(session.turn("refund both, I wear size 42"))
    return play, session.records


def effects(tools: CountingTools) -> list[float]:
    return sorted(args["amount"] for tool, args, _ in tools.ran if tool == "orders.refund")


def resumed(records: Sequence[Record], policy: AmountPolicy | None = None) -> tuple[Stage, list[Record]]:
    """What a new process makes of a log that ends with these records."""
    said = sum(isinstance(r.event, ReplyGenerated) for r in records)
    play = stage(*REPLIES[said:], policy=policy or AmountPolicy())
    session = play.session(MemoryLog("s1", FrozenClock(), CountedIds(), records))
    attend(session)
    within(session.resume())
    return play, list(session.records)


def test_a_turn_cut_after_any_record_ends_the_same_way() -> None:
    _, records = whole()
    starts = next(i for i, r in enumerate(records) if r.event.kind == "turn_started")
    for cut in range(starts + 1, len(records)):
        before = records[:cut]
        play, after = resumed(before)
        ran_before = [r.event for r in before if isinstance(r.event, ToolStarted) and r.event.effects == "once"]
        already = sorted(event.arguments["amount"] for event in ran_before)
        assert sorted(already + effects(play.tools)) == [5, 90], f"cut after record {cut - 1} ({before[-1].event.kind})"
        released = [r.event.text for r in after if isinstance(r.event, ReplyReleased)]
        assert released == ["All done."]
        assert sum(isinstance(r.event, ReplyGenerated) for r in after) == 3


def test_a_tool_that_started_and_never_returned_is_not_run_again_without_a_person() -> None:
    _, records = whole()
    started = next(i for i, r in enumerate(records) if isinstance(r.event, ToolStarted) and r.event.effects == "once")
    play, after = resumed(records[: started + 1])
    asked = [r.event for r in after if isinstance(r.event, ApprovalRequested) and r.event.step.endswith(".unknown")]
    assert len(asked) == 1 and "unknown" in asked[0].card.reason
    assert effects(play.tools) == [5]


def test_a_policy_changed_while_the_question_was_open_asks_again() -> None:
    _, records = whole()
    given_ = next(
        i for i, r in enumerate(records) if isinstance(r.event, ApprovalGiven) and r.event.decision == "allow"
    )
    play, after = resumed(records[: given_ + 1], AmountPolicy(limit=50))
    asked = [r.event for r in after if isinstance(r.event, ApprovalRequested)]
    assert {e.policy_digest for e in asked} == {AmountPolicy().digest, AmountPolicy(limit=50).digest}
    assert effects(play.tools) == [5, 90]


def test_a_changed_prompt_is_a_divergence_not_a_guess() -> None:
    _, records = whole()
    said = next(i for i, r in enumerate(records) if isinstance(r.event, ReplyGenerated))
    play = stage(*REPLIES[1:])
    play.model.name = "listed/others"
    session = play.session(MemoryLog("s1", FrozenClock(), CountedIds(), records[: said + 1]))
    with pytest.raises(Divergence, match="other inputs"):
        within(session.resume())


def test_a_replay_with_nothing_changed_writes_the_same_events() -> None:
    _, records = whole()
    play = stage()
    session = play.session(recording=LogRecording(records))
    result = within(replay(session, records))
    assert result.same, result.difference
    assert play.tools.ran == [] and play.model.requests == []


def test_a_replay_under_another_policy_names_the_first_difference() -> None:
    _, records = whole()
    play = stage(policy=AmountPolicy(limit=20))
    session = play.session(recording=LogRecording(records))
    result = within(replay(session, records))
    assert not result.same
    assert (
        result.step.startswith("t1/") and "require_approval" in result.difference
    ) or "not in the recording" in result.difference


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["get", "refund"]), st.integers(1, 300)), max_size=5))
def test_any_session_replays_to_itself(calls: list[tuple[str, int]]) -> None:
    replies = [
        says(
            f"step {n}",
            ("orders.get", {"order_id": n}) if what == "get" else ("orders.refund", {"order_id": n, "amount": n}),
        )
        for what, n in calls
    ]
    play = stage(*replies, says("end"))
    session = play.session()
    answers = [ApprovalReply(decision="allow" if n % 2 else "deny", reason="no") for _, n in calls]
    answering(session, *answers)
    within(session.turn("go"))
    again = stage().session(recording=LogRecording(session.records))
    result = within(replay(again, session.records))
    assert result.same, result.difference
