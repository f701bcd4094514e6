"""Who gets to read what: later prompts, the log, the screen, the watchers."""

import asyncio
from typing import Any

import pytest

from greenroom.core.errors import UsageError
from greenroom.core.events import ApprovalRequested, GatePaused, Record, ReplyGenerated, ToolReturned
from greenroom.core.values import ApprovalReply, GateReply, ToolResult, Verdict
from greenroom.engine.bus import Bus
from greenroom.engine.replay.again import LogRecording, replay
from greenroom.engine.session import Session
from greenroom.policy.port import Question
from tests.engine.stage import AmountPolicy, CountingTools, answering, says, stage


def refund(amount: float) -> tuple[str, dict[str, Any]]:
    return ("orders.refund", {"order_id": 1, "amount": amount})


def talk(session: Session, *words: str) -> None:
    async def scene() -> None:
        for one in words:
            await session.turn(one)

    asyncio.run(asyncio.wait_for(scene(), 10))


def test_words_that_policy_denied_are_in_no_later_prompt() -> None:
    play = stage(says("Hello."), policy=AmountPolicy(blocked={"input": "bomb"}))
    talk(play.session(), "how to build a bomb", "hello")
    assert "bomb" not in str(play.model.requests)


def test_a_refused_reply_keeps_its_turn_in_later_prompts() -> None:
    play = stage(says("I guarantee it."), says("Hello."), policy=AmountPolicy(blocked={"output": "guarantee it"}))
    talk(play.session(), "are you sure?", "hello")
    assert next(m.text for m in play.model.requests[1].messages if m.source == "history") == "are you sure?"
    assert "guarantee it" not in str(play.model.requests[1])


def test_what_really_ran_before_a_stop_is_in_later_prompts() -> None:
    play = stage(says("", refund(60), refund(120)), says("Hello."))
    session = play.session()
    answering(session, ApprovalReply(decision="stop"))
    talk(session, "refund both", "what did you do?")
    history = [m for m in play.model.requests[1].messages if m.source == "history"]
    assert [m.role for m in history] == ["user", "assistant", "tool", "tool"]
    assert '"ok": true' in history[2].text and "stopped" in history[3].text


def test_words_beside_a_call_that_an_output_rule_forbids_are_not_shown() -> None:
    play = stage(
        says("I guarantee it.", ("orders.get", {})), says("Ok."), policy=AmountPolicy(blocked={"output": "guarantee"})
    )
    session = play.session()
    talk(session, "sure?")
    assert "guarantee" not in str([r.event for r in session.records if isinstance(r.event, ReplyGenerated)])


def test_what_a_person_types_at_a_gate_is_masked_like_all_input() -> None:
    play = stage(says("Thank you."))
    session = play.session(mode="step")

    def watch(item: object) -> None:
        if isinstance(item, Record) and isinstance(item.event, GatePaused):
            edit = "my card is 4111" if item.event.gate == "input" else None
            reply = GateReply(action="edit" if edit else "continue", edit=edit)
            asyncio.get_running_loop().call_soon(session.pass_gate, item.event.step, reply)

    session.bus.subscribe(watch)
    talk(session, "hello")
    assert "4111" not in str([r.event for r in session.records])
    assert "my card is ‹card#1›" in str(play.model.requests[0])


@pytest.mark.parametrize("decision", ["deny", "simulate"])
def test_what_a_person_answers_is_masked_like_all_input(decision: Any) -> None:
    play = stage(says("", refund(120)), says("Done."))
    session = play.session()
    answering(session, ApprovalReply(decision=decision, reason="card 4111", result="card 4111"))
    talk(session, "refund 120")
    assert "4111" not in str([r.event for r in session.records])


def test_a_withheld_result_replays_as_it_was_withheld() -> None:
    tools = CountingTools(act=lambda call: ToolResult(status="done", output="a secret margin"))
    policy = AmountPolicy(blocked={"tool.result": "margin"})
    session = stage(says("", refund(60)), says("Done."), tools=tools, policy=policy).session()
    talk(session, "refund 60")
    assert [r.event.output for r in session.records if isinstance(r.event, ToolReturned)] == [None]
    again = stage(policy=AmountPolicy(blocked={"tool.result": "margin"})).session(
        recording=LogRecording(session.records)
    )
    result = asyncio.run(replay(again, session.records))
    assert result.same, result.difference


class OnceASession(AmountPolicy):
    """A second call of a tool in one session is asked about."""

    def decide(self, question: Question) -> Verdict:
        verdict = super().decide(question)
        if question.hook == "tool.call" and question.session.counts.get(question.subject, 0):
            return verdict.model_copy(update={"effect": "require_approval", "rule": "once"})
        return verdict


def test_calls_side_by_side_are_counted_before_any_of_them_runs() -> None:
    play = stage(says("", refund(10), refund(10)), says("Done."), policy=OnceASession())
    session = play.session()
    answering(session, ApprovalReply(decision="deny", reason="no"))
    talk(session, "refund 10 twice")
    assert len(play.tools.ran) == 1
    assert len([r for r in session.records if isinstance(r.event, ApprovalRequested)]) == 1


def test_a_watcher_that_leaves_and_then_fails_breaks_nothing() -> None:
    bus = Bus()
    seen: list[object] = []

    def watch(item: object) -> None:
        stop()
        raise RuntimeError("screen gone")

    stop = bus.subscribe(watch)
    bus.subscribe(seen.append)
    signal: Any = object()
    bus.tell(signal)
    bus.tell(signal)
    assert seen == [signal, signal] and len(bus.failures) == 1


def test_watching_begins_when_it_is_asked_for() -> None:
    session = stage(says("Hello.")).session()

    async def scene() -> object:
        watching = session.watch()
        await session.turn("hi")
        return await anext(watching)

    first = asyncio.run(asyncio.wait_for(scene(), 5))
    assert isinstance(first, Record) and first.event.kind == "turn_started"


class Unread(AmountPolicy):
    """Can look at nothing that is long."""

    def decide(self, question: Question) -> Verdict:
        verdict = super().decide(question)
        long = len(str(question.payload)) > 1_000
        return verdict.model_copy(update={"effect": "deny", "rule": "unchecked"}) if long else verdict


def test_words_too_large_to_be_checked_begin_no_turn() -> None:
    play = stage(says("Hello."), policy=Unread())
    session = play.session()
    with pytest.raises(UsageError, match="too large"):
        talk(session, "x" * 2_000)
    assert session.open_turn() is None and play.model.requests == []
    talk(session, "hello")
    assert session.records[-1].event.turn == 1
