"""A conversation said again to a session: what it becomes on a tape, and that the tape replays."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from greenroom.core.errors import UsageError
from greenroom.core.events import Record
from greenroom.core.values import Verdict
from greenroom.policy.port import Question
from greenroom.regression.case import Case
from greenroom.regression.interop.conversation import Call, Conversation, Losses, Reply, Result, Turn, folded
from greenroom.regression.interop.draft import draft_of, own_tools, play
from greenroom.regression.interop.ports import ImportedWorld
from greenroom.regression.interop.private import free_name
from greenroom.regression.interop.taped import taped_of
from greenroom.regression.tape.parts import Parts
from tests.engine.stage import AmountPolicy, Stage, stage
from tests.regression.interop.conversations import TOOLS, conversations
from tests.regression.taped import replayed

REFUND = Call("orders.refund", {"amount": 120, "order_id": 1}, Result("paid"))


def said(conversation: Conversation) -> tuple[Stage, list[Record], ImportedWorld]:
    """The stage, the records of the conversation on it, and the world that answered."""
    made = stage()
    world = ImportedWorld(conversation, made.tools, made.model.name)
    ports: dict[str, Any] = dict.fromkeys(("model", "tools", "retriever", "memory", "approver"), world)

    async def run() -> list[Record]:
        session = replace(made, **ports).session()
        await play(conversation, session, world)
        return list(session.records)

    return made, asyncio.run(run()), world


@given(turns=conversations())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_draft_holds_the_conversation_and_replays(turns: tuple[Turn, ...], tmp_path: Path) -> None:
    turns = Conversation(turns).with_tools(dict.fromkeys(TOOLS, "orders.get")).turns
    conversation = Conversation(turns, name="one", where="x:1")
    made, records, _ = said(conversation)
    draft = draft_of("one", conversation, records, made.policy, "x (openai)", Losses())
    assert draft.findings == ()
    parts = Parts(tmp_path)
    assert taped_of("one", draft.recorded.tape, Case(schema="case/1"), parts).conversation.turns == turns
    assert replayed(made, draft.recorded, tmp_path).kind == "passed"


def test_who_would_have_been_asked_is_known_and_a_refusal_in_the_source_is_one_here() -> None:
    refused = replace(REFUND, result=Result(error="Not now.", status="denied"))
    calls = (REFUND, refused)
    _, records, world = said(Conversation((Turn("Pay", (Reply("", calls), Reply("Done."))),)))
    assert [(one.subject, one.rule, one.decision) for one in world.asked] == [
        ("orders.refund", "refund.large", "allow"),
        ("orders.refund", "refund.large", "deny"),
    ]
    ended = [r.event for r in records if r.event.kind == "tool_returned"]
    assert [(one.status, one.output, one.error) for one in ended] == [
        ("done", "paid", ""),
        ("denied", None, "Not now."),
    ]


def test_more_than_policy_allows_is_a_finding_and_fewer_replies_than_calls_are_empty_ones() -> None:
    much = replace(REFUND, args={"amount": 5_000, "order_id": 1})
    conversation = Conversation((Turn("Pay", (Reply("", (much,)),)),), where="x:1")
    made, records, _ = said(conversation)
    draft = draft_of("one", conversation, records, made.policy, "x (adk)", Losses())
    assert draft.findings == ("in turn 1 orders.refund, which ran there, was denied here by refund.large",)
    assert draft.expect == "observe" and 'expect = "observe"' in draft.case


def test_tools_get_their_own_names_and_what_is_missing_is_listed() -> None:
    made, losses = stage(), Losses()
    calls = (Call("orders__get"), Call("weather", {}, Result(1)))
    expected = {"turn": 1, "call": {"tool": "orders__get", "args": {"tool": "orders__get"}}}
    several = {"tools": {"calls": ["orders__get", {"tool": "orders__get"}]}, "never": {"tool": ["orders__get"]}}
    turns = (Turn("hi", (Reply("", calls), Reply("x"))),)
    conversation = Conversation(turns, where="x:1", expectations=(expected, several))
    found = own_tools(conversation, made.tools.specs(), losses)
    assert [call.tool for call in found.calls()] == ["orders.get", "weather"]
    assert found.expectations == (
        {"turn": 1, "call": {"tool": "orders.get", "args": {"tool": "orders__get"}}},
        {"tools": {"calls": ["orders.get", {"tool": "orders.get"}]}, "never": {"tool": ["orders.get"]}},
    )
    assert [loss.what for loss in losses] == ["the result of orders__get", "what the tool weather did"]
    own_tools(replace(conversation, turns=(Turn("hi", (Reply("", calls[1:]),)),)), made.tools.specs(), losses)
    assert losses[-1].what == "the end of turn 1"


class _Keeping(AmountPolicy):
    """Also has a rule at the export hook."""

    def decide(self, question: Question) -> Verdict:
        kept = question.hook == "export" and question.subject == "case" and "plan 9" in str(question.payload)
        return super().decide(question) if not kept else Verdict(effect="deny", rule="plans.stay", why="No.")


def test_what_the_export_hook_keeps_back_does_not_reach_the_case() -> None:
    wanted = ({"turn": 1, "text": {"contains": "plan 9"}}, {"turn": 1, "text": {"contains": "Hello"}})
    conversation = Conversation((Turn("hi", (Reply("Hello"),)),), where="x:1", why="About plan 9", expectations=wanted)
    _, records, _ = said(conversation)
    losses = Losses()
    draft = draft_of("one", conversation, records, _Keeping(), "x (adk)", losses)
    assert "plan 9" not in draft.case and 'contains = "Hello"' in draft.case and draft.expect == "good"
    assert [loss.what for loss in losses] == ["an expectation", "why it exists"]
    assert "rule plans.stay" in losses[0].why


def test_a_conversation_without_end_is_refused() -> None:
    with pytest.raises(UsageError, match="more than 500 turns"):
        said(Conversation((Turn("hi", (Reply("x"),)),) * 501))


def test_names_are_safe_and_numbered() -> None:
    taken: dict[str, int] = {}
    names = ["../a b", "A--b", "a-b-3", "a b", "lena@private.example", "", "...", "x" * 200]
    assert [free_name(name, taken, AmountPolicy()) for name in names] == [
        "a-b",
        "a-b-2",
        "a-b-3",
        "a-b-4",
        "email-1",
        "imported",
        "imported-2",
        "x" * 60,
    ]


def test_the_same_loss_in_many_places_is_one_line() -> None:
    losses = Losses()
    for place in ("x:1", "x:1", "x:2", "x:3"):
        losses.note(place, "a thing", "no reason")
    losses.note("y", "another", "a reason")
    losses.note("x:2", "a thing", "no reason")
    assert folded(losses) == ["  loss     a thing: no reason (x:1 and 2 more)", "  loss     another: a reason (y)"]
