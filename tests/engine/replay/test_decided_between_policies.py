"""Calls of one reply that are decided and asked about while one policy after another comes in: which of them saw which.

What is promised: a replay decides each call under what governed when a life did, and no call that the life left alone.
"""

from __future__ import annotations

import asyncio

import pytest

from greenroom.core.events import ApprovalPassedOn, ApprovalRequested, AutonomyChanged, GatePaused, ToolReturned
from greenroom.core.values import GateReply
from tests.engine.chaos_world import contract, ticks
from tests.engine.replay.test_policy_comes_in import decided, policies_of, press
from tests.engine.replay.test_policy_goes_back import taken_up
from tests.engine.replay.test_reloaded_stories import from_log, verdicts
from tests.engine.scripted import ALLOW, DENY, NOTE, Lives, refund


def test_a_level_that_came_with_a_later_policy_tells_nothing_about_when_its_call_went_its_way(
    runner: asyncio.Runner,
) -> None:
    async def scene() -> Lives:
        lives = Lives([NOTE])
        lives.say()
        await decided(lives, "t1/verdict:tool.call:c1")
        lives.now.session.reload(contract("strict"))
        await lives.now.at(ApprovalRequested)
        lives.level(4)
        lives.now.session.reload(contract("lax"))
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert policies_of(records, "t1/verdict:tool.call:c1") == ["usual", "strict", "lax"]
    assert [r.event.level for r in records if isinstance(r.event, AutonomyChanged) and r.event.step] == [4]
    assert from_log(records, runner).same


@pytest.mark.parametrize("later", range(2))
def test_a_level_that_came_with_a_later_policy_tells_nothing_about_when_its_call_was_asked_about(
    later: int, runner: asyncio.Runner
) -> None:
    async def scene() -> Lives:
        lives = Lives([NOTE])
        lives.now.session.reload(contract("strict"))
        await lives.say().at(ApprovalRequested)
        await lives.cut_off()
        lives.resume()
        await taken_up(lives)
        await ticks(later)
        lives.now.session.reload(contract("usual"))
        await ticks(9)
        lives.level(4)
        lives.now.session.reload(contract("lax"))
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert sum(isinstance(r.event, ApprovalRequested) for r in records) == 2
    assert policies_of(records, "t1/verdict:tool.call:c1") == ["strict", "usual", "lax"]
    assert from_log(records, runner).same


def test_a_call_that_was_not_decided_anew_tells_what_had_come_in_by_then_though_one_beside_it_was(
    runner: asyncio.Runner,
) -> None:
    async def scene() -> Lives:
        lives = Lives([NOTE], [refund(60), refund(70)], mode="tools")
        await lives.say().at(GatePaused, "t1/gate:tool:c1")
        lives.now.session.pass_gate("t1/gate:tool:c1", GateReply(action="continue"))
        lives.now.session.reload(contract("closed"))
        await lives.now.at(ApprovalRequested)
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(GatePaused, "t1/gate:tool:c2")
        lives.now.session.reload(contract("usual"))
        lives.now.session.pass_gate("t1/gate:tool:c2", GateReply(action="continue"))
        await lives.now.at(GatePaused, "t1/gate:tool:c3")
        await lives.cut_off()
        lives.resume()
        await taken_up(lives)
        await ticks(1)
        lives.now.session.reload(contract("closed"))
        await lives.now.at(ToolReturned, "t1/tool:c2")
        lives.now.session.pass_gate("t1/gate:tool:c3", GateReply(action="continue"))
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert policies_of(records, "t1/verdict:tool.call:c2") == ["closed", "usual", "closed"]
    assert policies_of(records, "t1/verdict:tool.call:c3") == ["closed"]
    assert from_log(records, runner).same


@pytest.mark.parametrize("later", range(2))
def test_the_calls_of_a_reply_had_been_decided_where_one_was_decided_anew_after_another_had_gone_its_way(
    later: int, runner: asyncio.Runner
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(20), refund(60), refund(70)], mode="tools")
        await lives.say().at(GatePaused)
        await lives.crash()
        await taken_up(lives)
        await ticks(later)
        lives.now.session.reload(contract("closed"))
        await lives.now.at(ToolReturned, "t1/tool:c3")
        lives.now.session.pass_gate("t1/gate:tool:c1", GateReply(action="continue"))
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert policies_of(records, "t1/verdict:tool.call:c3") == ["usual", "closed"]
    assert from_log(records, runner).same


def test_the_calls_of_a_reply_had_been_decided_where_their_life_had_decided_them_under_what_was_before(
    runner: asyncio.Runner,
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(20), refund(60)], mode="tools")
        await lives.say().at(GatePaused)
        lives.world.spend_elsewhere(500)
        await lives.crash()
        await decided(lives, "t1/verdict:tool.call:c2", times=2)
        lives.now.session.reload(contract("closed"))
        await lives.now.at(ToolReturned, "t1/tool:c2")
        lives.now.session.pass_gate("t1/gate:tool:c1", GateReply(action="continue"))
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert policies_of(records, "t1/verdict:tool.call:c1") == ["usual", "usual", "closed"]
    (told,) = (r.event.error for r in records if isinstance(r.event, ToolReturned) and r.event.call == "c1")
    assert "add up to 80 " in told
    assert from_log(records, runner).same


def test_calls_whose_question_was_passed_on_had_gone_their_way_when_a_policy_came_in(runner: asyncio.Runner) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(300), refund(330)])
        await lives.say().at(ApprovalRequested)
        await lives.cut_off()
        lives.resume()
        await ticks(5)
        lives.world.clock.advance(3600)
        await lives.now.at(ApprovalPassedOn)
        lives.level(1, None)
        lives.now.session.reload(contract("closed"))
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    (told,) = (r.event.error for r in records if isinstance(r.event, ToolReturned) and r.event.call == "c1")
    assert "add up to 630 " in told
    assert from_log(records, runner).same


def test_calls_that_waited_for_one_at_its_gate_had_gone_their_way_when_a_policy_came_in(runner: asyncio.Runner) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(60), refund(20), refund(30)], mode="tools")
        await lives.say().at(GatePaused)
        await lives.crash()
        await ticks(5)
        lives.now.session.reload(contract("closed"))
        await ticks(5)
        lives.now.session.pass_gate("t1/gate:tool:c1", GateReply(action="continue"))
        while not any(isinstance(r.event, ToolReturned) for r in lives.records):
            await ticks(1)
        lives.now.session.reload(contract("usual"))
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        lives.now.session.answer("t1/ask:c2", ALLOW)
        await lives.now.at(ApprovalRequested, "t1/ask:c3")
        await lives.cut_off()
        lives.resume()
        await ticks(5)
        lives.now.session.answer("t1/ask:c3", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert policies_of(records, "t1/verdict:tool.call:c1") == ["usual", "closed"]
    assert policies_of(records, "t1/verdict:tool.call:c2") == ["usual"]
    assert from_log(records, runner).same


def test_a_question_that_was_answered_at_once_is_so_before_the_calls_beside_it_are_decided(
    runner: asyncio.Runner,
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(450), refund(450), refund(450)])
        lives.now.session.reload(contract("closed"))
        press(lives, "tool", "orders.refund")
        lives.say()
        await decided(lives, "t1/verdict:tool.call:c3")
        lives.now.session.reload(contract("usual"))
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert [one.effect for one in verdicts(records, "t1/verdict:tool.call:c3")] == ["deny", "require_approval"]
    assert from_log(records, runner).same


def test_a_call_let_through_at_another_level_though_its_question_had_been_open_waited_there(
    runner: asyncio.Runner,
) -> None:
    async def scene() -> Lives:
        lives = Lives([NOTE])
        lives.now.session.reload(contract("strict"))
        await lives.say().at(ApprovalRequested)
        await lives.cut_off()
        lives.resume()
        await ticks(20)
        lives.level(4)
        lives.now.session.reload(contract("usual"))
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert sum(isinstance(r.event, ApprovalRequested) for r in records) == 1
    assert [one.verdict.autonomy for one in verdicts(records, "t1/verdict:tool.call:c1")] == [3, 4]
    assert from_log(records, runner).same


@pytest.mark.parametrize("later", range(2))
def test_a_call_that_came_to_its_gate_when_it_was_decided_anew_had_not_been_asked_about_before(
    later: int, runner: asyncio.Runner
) -> None:
    async def scene() -> Lives:
        lives = Lives([NOTE])
        lives.now.session.reload(contract("strict"))
        await lives.say().at(ApprovalRequested)
        await lives.cut_off()
        lives.now.session.reload(contract("usual"))
        lives.now.session.set_mode("tools")
        lives.resume()
        await taken_up(lives)
        await ticks(later)
        lives.now.session.reload(contract("strict"))
        lives.now.session.reload(contract("lax"))
        await lives.now.at(GatePaused)
        lives.now.session.pass_gate("t1/gate:tool:c1", GateReply(action="skip"))
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert policies_of(records, "t1/verdict:tool.call:c1")[-1] == "lax"
    assert from_log(records, runner).same


def test_a_call_whose_level_changed_when_it_was_its_turn_to_be_asked_about_had_waited_for_that(
    runner: asyncio.Runner,
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(60), NOTE])
        lives.level(1, None)
        await lives.say().at(ApprovalRequested)
        await lives.cut_off()
        lives.resume()
        await ticks(5)
        lives.now.session.reload(contract("strict"))
        await lives.now.at(ApprovalRequested, times=2)
        lives.level(4, 500)
        lives.now.session.answer("t1/ask:c1", DENY)
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        await lives.cut_off()
        lives.world.clock.advance(600)
        lives.resume()
        await ticks(5)
        lives.now.session.answer("t1/ask:c2", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert [one.verdict.autonomy for one in verdicts(records, "t1/verdict:tool.call:c2")] == [1, 4, 3]
    assert from_log(records, runner).same


def test_a_call_that_was_asked_about_undecided_anew_was_so_when_what_had_come_in_was_gone_again(
    runner: asyncio.Runner,
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(60), refund(70)])
        await lives.say().at(ApprovalRequested)
        await (await lives.crash(mode="tools")).at(GatePaused, "t1/gate:tool:c1")
        lives.now.session.pass_gate("t1/gate:tool:c1", GateReply(action="continue"))
        await lives.now.at(GatePaused, "t1/gate:tool:c2")
        lives.now.session.reload(contract("lax"))
        lives.now.session.pass_gate("t1/gate:tool:c2", GateReply(action="continue"))
        await decided(lives, "t1/verdict:tool.call:c2", times=2)
        lives.now.session.reload(contract("usual"))
        await ticks(5)
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        await lives.cut_off()
        lives.now.session.reload(contract("strict"))
        await lives.resume().at(ApprovalRequested, "t1/ask:c2", times=2)
        lives.now.session.answer("t1/ask:c2", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert policies_of(records, "t1/verdict:tool.call:c1") == ["usual"]
    assert policies_of(records, "t1/verdict:tool.call:c2") == ["usual", "lax", "usual", "strict"]
    assert from_log(records, runner).same
