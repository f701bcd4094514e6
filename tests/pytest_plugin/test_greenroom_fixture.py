"""The `greenroom` fixture: a persona in an ordinary test, in a sealed copy, without network and without a trace."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from greenroom.core.errors import GreenroomError, UsageError
from greenroom.core.values import ApprovalReply, Card
from greenroom.pytest_plugin.sessions import Sessions
from greenroom.regression import expect
from greenroom.regression.replay.check import check_file
from tests.pytest_plugin.running import copied, replaced, run
from tests.regression.judge.test_judge import SCRIPT

REFUND = "I want a refund of 120 EUR for order 1001"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return copied(tmp_path / "shop")


@pytest.fixture
def sessions(shop: Path, pytestconfig: pytest.Config) -> Iterator[Sessions]:
    """The fixture's object as a test file that lies in the shop would get it."""
    with Sessions(pytestconfig, shop / "test_it.py") as made:
        yield made


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_nobody_approves_unless_the_test_does_and_the_workspace_is_untouched(sessions: Sessions, shop: Path) -> None:
    before = everything_in(shop)
    reply = sessions("aria").say(REFUND)
    assert [(call.tool, call.status, call.answer) for call in reply.calls] == [
        ("orders.get", "done", ""),
        ("orders.refund", "denied", "deny"),
    ]
    assert ("tool.call", "require_approval", "refund.large") in [(v.hook, v.effect, v.rule) for v in reply.verdicts]
    assert reply.outcome == "answered"
    assert reply.text
    assert reply.passages[0].label == "refunds.md#refund-limits"
    copy = sessions.copy
    assert copy != shop
    assert everything_in(shop) == before
    sessions.__exit__(None, None, None)
    assert not copy.exists()


def test_a_function_sees_the_card_and_its_answer_counts(sessions: Sessions) -> None:
    cards: list[Card] = []

    def edit(card: Card) -> ApprovalReply | bool:
        cards.append(card)
        arguments = {"order_id": 1001, "amount": 90, "reason": "They do not fit"}
        return True if len(cards) > 1 else ApprovalReply(decision="edit", arguments=arguments)

    call = sessions("aria", approve=edit).say(REFUND).calls[-1]
    assert (call.status, call.args["amount"]) == ("done", 90)
    assert [card.call.tool for card in cards] == ["orders.refund", "orders.refund"]
    with pytest.raises(UsageError, match=r"approve returned None for orders\.refund"):
        sessions("aria", approve=cast("Any", lambda card: None)).say(REFUND)
    with pytest.raises(UsageError, match="nobody who could answer"):
        sessions("aria", approve=cast("Any", "perhaps"))


def test_sessions_of_one_test_share_memories_and_the_next_test_starts_without(
    sessions: Sessions, shop: Path, pytestconfig: pytest.Config
) -> None:
    kept = sessions("aria").say("Hello, my name is Mara and I wear size 42.").memories
    assert {memory.key: memory.text for memory in kept} == {"name": "Name: Mara", "size": "Size: 42"}
    again = sessions("aria").say("How long may I return shoes?")
    assert {memory.key for memory in again.recalled} == {"name", "size"}
    with Sessions(pytestconfig, shop / "test_it.py") as other:
        assert other("aria").say("How long may I return shoes?").recalled == ()


def test_a_conversation_is_exported_into_the_copy_or_where_the_test_says(
    sessions: Sessions, shop: Path, tmp_path: Path
) -> None:
    session = sessions("aria", approve="allow")
    session.say(REFUND)
    made = session.export("here", why="it may", tags=["refunds"])
    assert made.tape.is_relative_to(sessions.copy)
    assert check_file(made.tape).kind == "passed"
    assert session.export("there", into=tmp_path / "kept").tape == tmp_path / "kept/there.tape.jsonl"
    assert session.contract.model == "scripted/helpdesk"
    assert len(session.records) > 10
    assert not (shop / "fixtures/here.tape.jsonl").exists()


def test_expectations_take_the_conversation_as_it_is(sessions: Sessions) -> None:
    session = sessions("aria")
    session.say(REFUND)
    expect(session).turn(1).called("orders.refund", status="denied").never(tool="mail.send")
    with pytest.raises(AssertionError, match=r"mail\.send"):
        expect(session).called("mail.send")


def test_expectations_of_a_reply_are_about_its_turn_alone(sessions: Sessions) -> None:
    session = sessions("aria")
    kept, thanked = session.say("I'm Mara and I wear size 42"), session.say("thank you")
    expect(kept).memory(write={"size": "Size: 42"})
    expect(thanked).text(contains="walk")
    expect(session).turn(1).text(contains="42")
    with pytest.raises(AssertionError, match="turn 2: "):
        expect(thanked).text(contains="42")
    with pytest.raises(UsageError, match=r"int is nothing that can be judged: expect.* a reply of it"):
        expect(42)


def test_no_tool_reaches_the_network_unless_the_test_asks(sessions: Sessions, shop: Path) -> None:
    body = "    with database() as connection:\n        order = _order(connection, order_id)\n"
    reach = "    __import__('socket').create_connection(('127.0.0.1', 9), timeout=1)\n"
    replaced(shop / "tools/orders.py", body, reach + body)
    sealed = sessions("aria").say(REFUND).calls[0]
    assert "a test tried to use the network; where that is meant" in sealed.error
    reached = sessions("aria", network=True).say(REFUND).calls[0]
    assert "a test tried" not in reached.error
    assert reached.status != "done"


def test_a_persona_with_a_real_model_is_not_reached_by_accident(sessions: Sessions, shop: Path) -> None:
    replaced(shop / "personas/aria/persona.toml", "scripted/helpdesk", "hosted")
    with pytest.raises(UsageError, match="the persona's model is openai/gpt-5-mini") as refused:
        sessions("aria")
    assert "one of scripted/helpdesk, scripted/outage, or openai/gpt-5-mini" in refused.value.hint
    (sessions.copy / "scripts/outage.toml").unlink()
    assert sessions("aria").contract.model == "scripted/helpdesk"


def test_what_is_wrong_is_said_in_words(sessions: Sessions, tmp_path: Path) -> None:
    with pytest.raises(GreenroomError, match="no persona 'bria'"):
        sessions("bria")
    with pytest.raises(UsageError, match="there is no workspace at"):
        sessions("aria", workspace=tmp_path.parent)
    session = sessions("aria")

    async def inside() -> None:
        session.say("hello")

    with pytest.raises(UsageError, match="tests without async"):
        asyncio.run(inside())


def test_it_works_from_a_repository_that_names_its_workspace(tmp_path: Path) -> None:
    team = tmp_path / "team"
    copied(team / "desk")
    (team / "test_desk.py").write_text(
        "def test_denied(greenroom):\n"
        f"    reply = greenroom('aria').say({REFUND!r})\n"
        "    assert reply.calls[-1].answer == 'deny'\n"
    )
    code, said = run(team, "test_desk.py")
    assert (code, "the greenroom fixture found no workspace: set greenroom_workspace" in said) == (1, True), said
    (team / "pytest.ini").write_text("[pytest]\ngreenroom_workspace = desk\n")
    code, said = run(team, "test_desk.py")
    assert (code, "1 passed" in said) == (0, True), said
    assert not (team / "desk/.greenroom").exists()


def test_a_test_can_have_replies_judged(sessions: Sessions, shop: Path) -> None:
    (shop / "scripts/judge.toml").write_text(SCRIPT)
    with (shop / "greenroom.toml").open("a") as settings:
        settings.write('\n[models.judge]\nuse = "scripted/judge"\n')
    session = sessions("aria")
    session.say("How long does a refund take?")
    expect(session).judged("Be kind.", sessions.judge(), votes=3)
    expect(session).judged("Be kind.", sessions.judge("scripted/judge"))


def test_without_a_judge_it_is_said_where_one_is_named(sessions: Sessions) -> None:
    with pytest.raises(UsageError, match=r"no \[models.judge\]") as caught:
        sessions.judge()
    assert "greenroom.toml" in str(caught.value)
