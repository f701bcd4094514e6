"""What a turn does, told by its log."""

import asyncio
from typing import Any

import pytest

from greenroom.approval.automatic import LeaveOpen
from greenroom.core.errors import ServiceUnavailable, UsageError, WaitingForPerson
from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    ReplyReleased,
    ToolReturned,
    ToolStarted,
    TurnFinished,
    TurnStarted,
    VerdictReached,
)
from greenroom.core.values import ApprovalReply, ToolResult
from greenroom.engine.session import Session
from tests.engine.stage import AmountPolicy, CountingTools, answering, kinds, persona, says, stage


def events(session: Session, kind: type[Any]) -> list[Any]:
    return [r.event for r in session.records if isinstance(r.event, kind)]


def refund(amount: float) -> tuple[str, dict[str, Any]]:
    return ("orders.refund", {"order_id": 1, "amount": amount})


def test_a_turn_reads_as_the_design_says() -> None:
    session = stage(says("Here you go [1].")).session()
    asyncio.run(session.turn("how long do refunds take?"))
    assert kinds(session.records) == [
        "session_opened",
        "contract_loaded",
        "turn_started",
        "memories_recalled",
        "passages_retrieved",
        "context_selected",
        "reply_generated",
        "reply_released",
        "memories_proposed",
        "turn_finished",
    ]


def test_a_small_refund_runs_and_its_result_reaches_the_model() -> None:
    play = stage(says("One moment.", refund(60)), says("Done."))
    session = play.session()
    asyncio.run(session.turn("refund 60"))
    assert [args["amount"] for _, args, _ in play.tools.ran] == [60]
    assert '"ok": true' in play.model.requests[1].messages[-1].text
    assert events(session, ReplyReleased)[0].text == "Done."


def test_a_large_refund_waits_for_a_person_and_an_edit_is_decided_again() -> None:
    play = stage(says("", refund(120)), says("Done."))
    session = play.session()
    answering(
        session,
        ApprovalReply(decision="edit", arguments={"order_id": 1, "amount": 90}, approver="kim"),
        ApprovalReply(decision="allow", approver="kim"),
    )
    asyncio.run(session.turn("refund 120"))
    assert [args["amount"] for _, args, _ in play.tools.ran] == [90]
    asked = events(session, ApprovalRequested)
    assert [a.card.call.arguments["amount"] for a in asked] == [120, 90]
    assert [a.card.verdict.effect for a in asked] == ["require_approval", "allow"]
    assert [g.decision for g in events(session, ApprovalGiven)] == ["edit", "allow"]
    assert len({g.binds for g in events(session, ApprovalGiven)}) == 2


def test_an_edit_cannot_reach_what_policy_denies() -> None:
    play = stage(says("", refund(120)), says("Sorry."))
    session = play.session()
    answering(session, ApprovalReply(decision="edit", arguments={"order_id": 1, "amount": 5000}))
    asyncio.run(session.turn("refund 120"))
    assert play.tools.ran == []
    assert events(session, ToolReturned)[0].status == "denied"


def test_a_denial_with_a_reason_is_what_the_model_reads() -> None:
    play = stage(says("", refund(120)), says("I see."))
    session = play.session()
    answering(session, ApprovalReply(decision="deny", reason="Offer a voucher instead."))
    asyncio.run(session.turn("refund 120"))
    assert "Offer a voucher instead." in play.model.requests[1].messages[-1].text
    assert play.tools.ran == []


def test_a_simulated_result_runs_nothing_and_says_so() -> None:
    play = stage(says("", refund(120)), says("Done."))
    session = play.session()
    answering(session, ApprovalReply(decision="simulate", result={"paid": 120}))
    asyncio.run(session.turn("refund 120"))
    assert play.tools.ran == [] and events(session, ToolStarted) == []
    assert events(session, ToolReturned)[0].simulated


def test_stopping_the_turn_is_an_answer_of_its_own() -> None:
    play = stage(says("", refund(120)))
    session = play.session()
    answering(session, ApprovalReply(decision="stop"))
    assert asyncio.run(session.turn("refund 120")).outcome == "stopped"
    assert session.open_turn() is None


def test_parallel_calls_add_up_before_any_of_them_runs() -> None:
    play = stage(says("", refund(60), refund(60)), says("Done."))
    session = play.session()
    answering(session, ApprovalReply(decision="deny", reason="no"))
    asyncio.run(session.turn("twice 60"))
    assert [args["amount"] for _, args, _ in play.tools.ran] == [60]
    effects = [v.effect for v in events(session, VerdictReached) if v.hook == "tool.call"]
    assert effects == ["allow", "require_approval"]


def test_a_denied_call_gives_back_what_it_had_reserved() -> None:
    play = stage(says("", refund(120)), says("No."), says("", refund(90)), says("Done."))
    session = play.session()
    answering(session, ApprovalReply(decision="deny", reason="no"))

    async def both() -> None:
        await session.turn("refund 120")
        await session.turn("then 90")

    asyncio.run(both())
    assert [args["amount"] for _, args, _ in play.tools.ran] == [90]


def test_a_question_nobody_answers_stays_open_and_its_siblings_finish() -> None:
    play = stage(says("", refund(120), ("orders.get", {"order_id": 1})), approver=LeaveOpen())
    session = play.session()
    with pytest.raises(WaitingForPerson):
        asyncio.run(session.turn("refund 120"))
    assert [tool for tool, _, _ in play.tools.ran] == ["orders.get"]
    assert session.open_turn() is not None
    with pytest.raises(UsageError, match="still open"):
        asyncio.run(session.turn("again"))


def test_bad_arguments_are_refused_before_any_verdict() -> None:
    play = stage(says("", ("orders.refund", {"amount": "lots"})), says("Sorry."))
    session = play.session()
    asyncio.run(session.turn("refund"))
    assert events(session, ToolReturned)[0].status == "invalid"
    assert [v for v in events(session, VerdictReached) if v.hook == "tool.call"] == []


def test_an_unknown_tool_is_a_result_the_model_can_read() -> None:
    play = stage(says("", ("rm.all", {})), says("Sorry."))
    session = play.session()
    asyncio.run(session.turn("hi"))
    assert "no tool named rm.all" in events(session, ToolReturned)[0].error


def test_a_failing_tool_is_a_result_not_a_crash() -> None:
    tools = CountingTools(act=lambda call: ToolResult(status="failed", error="no such order"))
    play = stage(says("", refund(10)), says("Sorry."), tools=tools)
    session = play.session()
    asyncio.run(session.turn("refund 10"))
    assert "no such order" in play.model.requests[1].messages[-1].text


def test_what_the_input_rule_masks_is_masked_everywhere() -> None:
    play = stage(says("You said 4111."))
    session = play.session()
    asyncio.run(session.turn("my card is 4111"))
    assert all("4111" not in m.text for m in play.model.requests[0].messages)
    assert all("4111" not in str(r.event) for r in session.records)
    assert events(session, TurnStarted)[0].words == "my card is ‹card#1›"


def test_a_denied_input_never_reaches_the_model() -> None:
    play = stage(policy=AmountPolicy(blocked={"input": "bomb"}))
    session = play.session()
    assert asyncio.run(session.turn("a bomb")).outcome == "refused"
    assert play.model.requests == []


def test_a_denied_passage_is_dropped_with_its_rule() -> None:
    play = stage(says("Hm."), policy=AmountPolicy(blocked={"retrieval": "margin"}))
    session = play.session()
    asyncio.run(session.turn("margin?"))
    assert "margin" not in "".join(m.text for m in play.model.requests[0].messages[:-1])
    assert [r.event.dropped for r in session.records if r.event.kind == "context_selected"] == [
        {"p2": "policy: blocked"}
    ]


def test_a_reply_a_rule_forbids_is_replaced() -> None:
    play = stage(says("I guarantee it."), policy=AmountPolicy(blocked={"output": "guarantee"}))
    session = play.session()
    shown: list[str] = []
    session.bus.subscribe(
        lambda item: shown.append(getattr(item, "text", "")) if type(item).__name__ == "TextArrived" else None
    )
    assert asyncio.run(session.turn("sure?")).outcome == "refused"
    assert shown == [], "text streamed before a verdict that could still deny it"
    assert "guarantee it" not in events(session, ReplyReleased)[0].text


def test_limits_end_a_turn_in_plain_words() -> None:
    replies = [says("", ("orders.get", {"n": n})) for n in range(5)]
    play = stage(*replies, persona=persona(limits={"replies": 3}))
    session = play.session()
    assert asyncio.run(session.turn("loop")).outcome == "limited"
    assert "limits.replies = 3" in events(session, ReplyReleased)[0].text


def test_calls_above_the_limit_are_refused_to_the_model() -> None:
    play = stage(
        says("", *[("orders.get", {"n": n}) for n in range(3)]), says("ok"), persona=persona(limits={"tool_calls": 2})
    )
    session = play.session()
    asyncio.run(session.turn("many"))
    assert len(play.tools.ran) == 2
    assert events(session, ToolReturned)[0].status == "invalid" or "limits.tool_calls" in str(session.records)


def test_a_broken_service_leaves_a_turn_that_can_be_resumed() -> None:
    play = stage(ServiceUnavailable("refused", hint="start it"), says("Back again."))
    session = play.session()
    with pytest.raises(ServiceUnavailable):
        asyncio.run(session.turn("hi"))
    assert session.records[-1].event.kind == "turn_interrupted"
    finished = asyncio.run(session.resume())
    assert isinstance(finished, TurnFinished) and finished.outcome == "answered"
    assert len([k for k in kinds(session.records) if k == "memories_recalled"]) == 1


def test_what_is_remembered_is_in_the_next_prompt() -> None:
    play = stage(says("Hello Mara."), says("42."))
    session = play.session()

    async def both() -> None:
        await session.turn("My name is Mara and I wear size 42")
        await session.turn("which size do I wear?")

    asyncio.run(both())
    assert play.memory.kept
    assert any(m.source == "memory" and "42" in m.text for m in play.model.requests[1].messages)


def test_cancelling_leaves_a_legal_log() -> None:
    play = stage(says("", refund(120)), says("Done."))
    session = play.session()

    async def scene() -> None:
        asked = asyncio.Event()
        session.bus.subscribe(
            lambda item: asked.set() if isinstance(getattr(item, "event", None), ApprovalRequested) else None
        )
        task = asyncio.ensure_future(session.turn("refund 120"))
        await asked.wait()
        session.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scene())
    assert session.records[-1].event.kind == "turn_interrupted"
    answering(session, ApprovalReply(decision="allow"))
    session.answer("t1/ask:c1", ApprovalReply(decision="allow"))
    assert asyncio.run(session.resume()) is not None
    assert len(play.tools.ran) == 1
