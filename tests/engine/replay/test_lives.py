"""A turn that was cut off and taken up again replays life by life: what a later life decided anew is decided anew again.

Each of these was a session that a mixed story found, at its smallest.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    AutonomyChanged,
    GatePaused,
    ToolReturned,
    ToolStarted,
    TurnFinished,
    TurnResumed,
    VerdictReached,
)
from greenroom.core.values import GateReply, ToolCall
from greenroom.engine.calls.results import STOPPED
from greenroom.engine.replay.lives import by_life
from tests.engine.scripted import ALLOW, DENY, NOTE, STOP, Lives, edit, lines, refund, same_again


def test_what_ran_before_the_cut_keeps_the_level_it_ran_at(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> Lives:
        lives = Lives([NOTE, refund(90)])
        await lives.say().at(ToolReturned, "t1/tool:c1")
        lives.level(1)
        await lives.cut_off()
        await lives.resume().at(AutonomyChanged, "t1/autonomy:c2")
        lives.now.session.answer("t1/ask:c2", ALLOW)
        await lives.now.over()
        return lives

    lives = runner.run(scene())
    assert {"autonomy": 1, "of": "c2", "life": 2} in lines(lives.records)
    same_again(lives.records, runner, tmp_path)


def test_a_call_that_was_edited_and_denied_is_not_decided_at_the_level_of_the_next_life(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(20), refund(60)])
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.answer("t1/ask:c1", edit(700))
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        lives.level(4)
        await lives.cut_off()
        await lives.resume().at(AutonomyChanged, "t1/autonomy:c2")
        lives.now.session.answer("t1/ask:c2", DENY)
        await lives.now.over()
        return lives

    same_again(runner.run(scene()).records, runner, tmp_path)


def test_a_question_that_was_answered_otherwise_in_each_life(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(20)])
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.answer("t1/ask:c1", edit(60))
        await lives.now.at(ApprovalRequested, "t1/ask:c1.1")
        lives.level(4)
        await (await lives.crash()).at(AutonomyChanged)
        await lives.now.at(ApprovalRequested, "t1/ask:c1.1")
        lives.now.session.answer("t1/ask:c1", edit(700))
        await lives.now.over()
        return lives

    lives = runner.run(scene())
    told = [line for line in lines(lives.records) if line.get("answer") == "c1"]
    assert [(line["args"]["amount"], line.get("life", 1)) for line in told] == [(60, 1), (700, 2)]
    same_again(lives.records, runner, tmp_path)


def test_a_level_set_while_the_outcome_of_a_call_was_asked_about(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(20)], held="orders.refund")
        await lives.say().at(ApprovalRequested)
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(ToolStarted)
        await (await lives.crash()).at(ApprovalRequested, "t1/ask:c1.unknown")
        lives.level(0)
        lives.now.session.answer("t1/ask:c1.unknown", DENY)
        await lives.now.over()
        return lives

    lives = runner.run(scene())
    assert {"autonomy": 0, "of": "c1.unknown.now", "life": 2} in lines(lives.records)
    same_again(lives.records, runner, tmp_path)


def test_a_call_edited_at_a_gate_after_it_had_begun(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> Lives:
        lives = Lives([NOTE], held="orders.note")
        await lives.say().at(ToolStarted)
        await (await lives.crash(mode="tools")).at(GatePaused)
        await (await lives.crash(mode="tools")).at(TurnResumed)
        lives.now.session.pass_gate("t1/gate:tool:c1", GateReply(action="edit", edit={"order_id": 2}, by="kim"))
        await lives.now.over()
        return lives

    lives = runner.run(scene())
    [result] = [line for line in lines(lives.records) if "result" in line]
    assert (result["begun"], result["args"]) == ([[1, {"order_id": 1}], 3], {"order_id": 2})
    same_again(lives.records, runner, tmp_path)


def test_a_life_that_was_cut_off_at_a_gate(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(20), refund(30)])
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.answer("t1/ask:c1", edit(60))
        await lives.now.at(ApprovalRequested, "t1/ask:c1.1")
        lives.level(4)
        await (await lives.crash(mode="tools")).at(GatePaused, "t1/gate:tool:c1")
        await (await lives.crash(mode="tools")).at(TurnResumed)
        for call in ("c1", "c2"):
            await lives.now.at(GatePaused, f"t1/gate:tool:{call}")
            lives.now.session.pass_gate(f"t1/gate:tool:{call}", GateReply(action="skip", by="kim"))
        await lives.now.over()
        return lives

    lives = runner.run(scene())
    assert {"gate": "tool:c1", "action": "waited", "life": 2} in lines(lives.records)
    same_again(lives.records, runner, tmp_path)


def test_a_turn_that_was_given_up_after_it_had_been_stopped(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(20)])
        await lives.say().at(ApprovalRequested)
        lives.now.session.answer("t1/ask:c1", STOP)
        await lives.now.at(ToolReturned)
        await lives.now.over()
        kept = [r for r in lives.records if not isinstance(r.event, TurnFinished)]
        lives.now.log.dead = True
        lives.world.kept = kept[: max(r.seq for r in kept if isinstance(r.event, ToolReturned)) + 1]
        lives = await _given_up(lives)
        await lives.say().over()
        return lives

    same_again(runner.run(scene()).records, runner, tmp_path)


async def _given_up(lives: Lives) -> Lives:
    """In another process, which sets a level first: it counts from the turn's end on."""
    after = Lives()
    after.world.kept = lives.world.kept
    after.now = type(after.now)(after.world, [])
    after.level(2, None)
    after.now.session.abandon("enough")
    return after


def test_a_turn_that_only_went_on_is_told_as_one_life(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(20)])
        await lives.say().at(ApprovalRequested)
        await lives.crash()
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    given = [r for r in records if isinstance(r.event, ApprovalGiven)]
    assert [by_life(records)[r.seq] for r in given] == [2]
    assert not any("life" in line for line in lines(records))
    same_again(records, runner, tmp_path)


def test_the_level_that_was_set_last_counts_though_a_later_call_had_another_before(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([NOTE, refund(20)], held="orders.note")
        lives.level(1, 20)
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.world.clock.advance(60)
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(AutonomyChanged, "t1/autonomy:c2.ask")
        lives.level(0)
        await lives.cut_off()
        await lives.resume().over()
        return lives

    lives = runner.run(scene())
    ended = [r.event for r in lives.records if isinstance(r.event, ToolReturned)]
    assert [(one.call, one.status) for one in ended] == [("c1", "denied"), ("c2", "denied")]
    assert lives.now.session.autonomy[0] == 0
    same_again(lives.records, runner, tmp_path)


def test_what_others_spent_is_known_in_the_life_that_read_it(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(90), refund(60)])
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.world.spend_elsewhere(50)
        lives.level(2, None)  # taken on where c1 starts, so that c2 is decided anew by what is known there
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        await lives.crash()
        lives.now.session.answer("t1/ask:c2", DENY)
        await lives.now.over()
        return lives

    lives = runner.run(scene())
    told = [(line["of"], line.get("life", 1)) for line in lines(lives.records) if "day" in line]
    assert told == [("c1.start", 1), ("c2", 2)]  # as one life, c1 would have known of it before it was to start
    same_again(lives.records, runner, tmp_path)


@pytest.mark.parametrize("beside", [refund(700), refund("many")], ids=["denied", "invalid"])
def test_a_call_that_may_not_run_ends_with_the_turn_that_was_given_up_while_it_waited_at_its_gate(
    beside: ToolCall, runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(700), beside], [], mode="tools")
        await lives.say().at(GatePaused, "t1/gate:tool:c1")
        lives.now.session.pass_gate("t1/gate:tool:c1", GateReply(action="abandon", by="kim", established="test"))
        await lives.now.over()
        await lives.say().over()
        return lives

    lives = runner.run(scene())
    assert {"result": "c2", "tool": "orders.refund", "status": "denied", "error": STOPPED} in lines(lives.records)
    same_again(lives.records, runner, tmp_path)


def test_a_call_that_was_under_way_when_a_person_ended_the_turn_for_the_one_before_it_is_lived_to_where_it_was(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(120), refund(130)], held="orders.refund")
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        lives.now.session.answer("t1/ask:c2", ALLOW)
        await lives.now.at(ToolStarted, "t1/tool:c2")
        after = await lives.crash()
        await after.at(ApprovalRequested, "t1/ask:c1.unknown")
        after.session.answer("t1/ask:c1.unknown", STOP)
        await after.over()
        return lives

    lives = runner.run(scene())
    assert [r.event.status for r in lives.records if isinstance(r.event, ToolReturned)] == ["unknown", "unknown"]
    same_again(lives.records, runner, tmp_path)


def test_a_level_whose_process_was_gone_when_the_turn_had_just_ended_counts_from_the_next_one_on(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(20)], [], [NOTE])
        await lives.say().at(ApprovalRequested)
        lives.level(0, None)
        lives.now.session.answer("t1/ask:c1", DENY)
        await lives.now.over()
        await lives.lose(max(r.seq for r in lives.records if isinstance(r.event, AutonomyChanged)))
        assert isinstance(lives.records[-1].event, TurnFinished)
        await lives.say().over()
        return lives

    lives = runner.run(scene())
    assert lives.now.session.autonomy[0] == 0
    assert [line["status"] for line in lines(lives.records) if "result" in line] == ["denied", "denied"]
    same_again(lives.records, runner, tmp_path)


def test_what_the_last_life_of_a_turn_decided_before_it_was_given_up_is_decided_again(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(20), refund(30)], held="orders.refund")
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        lives.now.session.answer("t1/ask:c2", ALLOW)
        await lives.now.at(ToolStarted, "t1/tool:c2")
        await (await lives.crash()).at(ApprovalRequested, "t1/ask:c1.unknown")
        lives.level(0, None)
        lives.now.session.answer("t1/ask:c1.unknown", DENY)
        await lives.now.at(ApprovalRequested, "t1/ask:c2.unknown")
        await lives.cut_off()
        await lives.resume().at(VerdictReached, "t1/verdict:tool.call:c2", times=2)
        await lives.cut_off()
        lives.now.session.abandon("enough")
        await lives.say().over()
        return lives

    lives = runner.run(scene())
    told = lines(lives.records)
    assert {"verdict": "tool.call", "of": "c2", "effect": "deny", "rule": "autonomy"} in told
    assert not any(line.get("life") == 3 for line in told)
    assert [line["lives"] for line in told if line.get("finish") == "abandoned"] == [3]
    same_again(lives.records, runner, tmp_path)


def test_a_call_that_came_back_before_a_person_ended_the_turn_for_the_one_before_it_is_lived_to_its_end(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(120), refund(130)], held="orders.refund")
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        lives.now.hold("")
        lives.now.session.answer("t1/ask:c2", ALLOW)
        await lives.now.at(ToolReturned, "t1/tool:c2")
        after = await lives.crash()
        await after.at(ApprovalRequested, "t1/ask:c1.unknown")
        after.session.answer("t1/ask:c1.unknown", STOP)
        await after.over()
        return lives

    lives = runner.run(scene())
    assert [r.event.status for r in lives.records if isinstance(r.event, ToolReturned)] == ["done", "unknown"]
    same_again(lives.records, runner, tmp_path)


def test_a_call_that_may_have_happened_counts_though_it_is_kept_from_running_once_more(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(90)], [refund(450), refund(490)], held="orders.refund")
        lives.level(4)
        await lives.say().at(ToolStarted)
        await (await lives.crash()).at(ApprovalRequested, "t1/ask:c1.unknown")
        lives.level(3, None)
        lives.world.spend_elsewhere(50)
        lives.now.session.answer("t1/ask:c1.unknown", ALLOW)  # under a level at which nobody is asked; it is no more
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        lives.now.session.answer("t1/ask:c2", DENY)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    ended = [r.event for r in records if isinstance(r.event, ToolReturned)]
    assert [one.status for one in ended] == ["denied"] * 3
    assert "add up to 1030" in next(one.error for one in ended if one.call == "c3")
    same_again(records, runner, tmp_path)
