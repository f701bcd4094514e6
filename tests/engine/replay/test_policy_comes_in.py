"""When a policy that is reloaded in the middle of a turn comes in again in a replay: between which looks at its calls.

What is promised: each call is decided under what governed it then, whoever answered and however a life of the turn ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from greenroom.core.clock import stamp
from greenroom.core.events import ApprovalGiven, ApprovalRequested, Record, ToolReturned, ToolStarted
from greenroom.core.values import Stop, StopScope
from tests.engine.chaos_world import contract, ticks
from tests.engine.replay.test_reloaded_stories import from_log, verdicts
from tests.engine.scripted import ALLOW, NOTE, Lives, refund


def press(lives: Lives, scope: StopScope, target: str) -> None:
    """A person throws the kill switch."""
    stop = Stop(scope=scope, target=target, by="kim", at=stamp(lives.world.clock.now()))
    lives.world.pressed.append(stop)


def policies_of(records: list[Record], step: str) -> list[str]:
    """By which policies a verdict was reached, in order."""
    return [event.verdict.policy.partition("@")[0] for event in verdicts(records, step)]


async def decided(lives: Lives, step: str, times: int = 1) -> None:
    """Wait until a call was decided so often, and nothing has come of that."""
    while len(verdicts(lives.records, step)) < times:
        await ticks(1)


async def leave(lives: Lives) -> None:
    """Leave that was given under the policy that comes in answers the first call."""
    await lives.say().at(ApprovalRequested, "t1/ask:c1")
    lives.now.session.answer(
        "t1/ask:c1", ALLOW.model_copy(update={"scope": "session", "when": ("args.amount <= 100",)})
    )
    await lives.now.at(ToolStarted, "t1/tool:c1")


async def stop(lives: Lives) -> None:
    """The kill switch answers the first call."""
    await lives.say().at(ApprovalRequested, "t1/ask:c1")
    lives.now.session.answer("t1/ask:c1", ALLOW)
    await lives.now.at(ToolStarted, "t1/tool:c1")
    press(lives, "tool", "orders.refund")


@pytest.mark.parametrize("answered_by", [leave, stop])
def test_a_call_after_one_that_was_answered_at_once_is_decided_under_what_came_in_before_both(
    answered_by: Callable[[Lives], Awaitable[None]], runner: asyncio.Runner
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(20)], [refund(20), NOTE])
        await answered_by(lives)
        lives.now.session.reload(contract("lax"))
        await decided(lives, "t1/verdict:tool.call:c3")
        lives.now.session.reload(contract("usual"))
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    (given,) = (r for r in records if isinstance(r.event, ApprovalGiven) and r.event.step == "t1/ask:c2")
    (_, anew) = (r for r in records if r.event.step == "t1/verdict:tool.call:c3")
    assert given.seq < anew.seq
    assert from_log(records, runner).same


def test_a_stopped_call_is_denied_though_its_question_became_void_at_the_same_moment(runner: asyncio.Runner) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(90), refund(60)])
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.reload(contract("closed"))
        press(lives, "call", "s1/t1/tool:c1")
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert policies_of(records, "t1/verdict:tool.call:c1") == ["usual"]
    assert policies_of(records, "t1/verdict:tool.call:c2") == ["usual", "closed"]
    assert from_log(records, runner).same


def test_a_question_that_its_life_did_not_see_become_void_is_decided_in_the_next(runner: asyncio.Runner) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(300), refund(120)])
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.reload(contract("strict"))
        press(lives, "turn", "s1/t1")
        await lives.now.over()
        lives.world.pressed.clear()
        await lives.resume().over()
        return lives

    records = runner.run(scene()).records
    (ended,) = (r for r in records if isinstance(r.event, ToolReturned) and r.event.step == "t1/tool:c2")
    (_, anew) = (r for r in records if r.event.step == "t1/verdict:tool.call:c1")
    assert ended.seq < anew.seq
    assert [one.effect for one in verdicts(records, "t1/verdict:tool.call:c1")] == ["require_approval", "deny"]
    assert "420" in str(ended.event)  # what the first call would have cost was still set aside
    assert from_log(records, runner).same


def test_a_call_whose_question_was_open_in_an_earlier_life_is_let_through_unasked(runner: asyncio.Runner) -> None:
    async def scene() -> Lives:
        lives = Lives([NOTE])
        lives.now.session.reload(contract("strict"))
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        await lives.cut_off()
        lives.resume()
        await ticks(20)
        lives.now.session.reload(contract("usual"))
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert sum(isinstance(r.event, ApprovalRequested) for r in records) == 1
    assert any(isinstance(r.event, ToolStarted) for r in records)
    assert from_log(records, runner).same


def test_questions_that_were_open_in_an_earlier_life_are_decided_one_by_one(runner: asyncio.Runner) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(90), refund(90), refund(120)])
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        await lives.cut_off()
        lives.resume()
        await ticks(20)
        lives.now.session.reload(contract("strict"))
        await lives.now.at(ApprovalRequested, "t1/ask:c1", times=2)
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        lives.now.session.reload(contract("closed"))
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert policies_of(records, "t1/verdict:tool.call:c2") == ["usual", "strict", "closed"]
    assert policies_of(records, "t1/verdict:tool.call:c3") == ["usual", "closed"]
    assert from_log(records, runner).same


def test_words_that_a_person_put_in_are_judged_under_what_came_in_before_they_were_in_a_later_life(
    runner: asyncio.Runner,
) -> None:
    async def scene() -> list[Record]:
        lives = Lives([], words="Done. Write to kim@example.com.")
        await lives.say().at(ApprovalRequested, "t1/ask:output")
        other = {"decision": "edit", "arguments": {"text": "Done, in other words."}}
        lives.now.session.answer("t1/ask:output", ALLOW.model_copy(update=other))
        await lives.now.at(ApprovalRequested, "t1/ask:output.1")
        lives.now.session.reload(contract("closed"))
        await lives.now.at(ApprovalRequested, "t1/ask:output.1", times=2)
        lives.world.policy = "closed"
        await lives.crash()
        await ticks(1)
        lives.now.session.reload(contract("usual"))
        await lives.now.at(ApprovalRequested, "t1/ask:output.1", times=3)
        lives.now.session.answer("t1/ask:output.1", ALLOW)
        await lives.now.over()
        return lives.records

    records = runner.run(scene())
    judged = [event.verdict.policy for event in verdicts(records, "t1/verdict:output.1")]
    assert judged == ["usual@1.0.0", "closed@1.0.0", "usual@1.0.0"]
    replayed = from_log(records, runner)
    assert replayed.same, f"{replayed.step} {replayed.difference}"
