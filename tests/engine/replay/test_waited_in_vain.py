"""A gate at which a life was cut off, and that the next one did not come to: its turn had been ended meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    GatePaused,
    Record,
    ToolReturned,
    ToolStarted,
    TurnFinished,
)
from greenroom.core.values import Breakpoint, GateReply, Stop
from greenroom.engine.calls.results import STOPPED
from tests.engine.chaos_world import WHOLE, ticks
from tests.engine.replay.test_whole_stories import pass_all
from tests.engine.scripted import ALLOW, DENY, NOTE, STOP, Lives, edit, lines, refund, same_again


def test_a_result_that_nobody_let_pass_says_that_its_turn_came_to_its_end_in_a_later_life(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(20), NOTE], held="orders.refund")
        await lives.say().at(ApprovalRequested)
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(ToolStarted, "t1/tool:c1")
        await lives.now.at(ToolReturned, "t1/tool:c2")
        lives.level(0)  # decided anew for it in the next life, so the tape tells lives
        await lives.crash(mode="step")
        await lives.now.at(ApprovalRequested, "t1/ask:c1.unknown")
        await lives.now.at(GatePaused, "t1/gate:result:c2")
        lives.now.session.answer("t1/ask:c1.unknown", STOP)
        await lives.now.at(ToolReturned, "t1/tool:c1")
        await lives.crash()
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert {"gate": "result:c2", "action": "waited", "life": 2} in lines(records)
    assert isinstance(records[-1].event, TurnFinished)
    same_again(records, runner, tmp_path)


def test_a_turn_that_was_ended_beside_a_result_that_waited_in_several_lives_says_how_many_it_had(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(60), NOTE])
        await lives.say().at(ToolReturned, "t1/tool:c2")
        await (await lives.crash(mode="step")).at(GatePaused, "t1/gate:result:c2")
        lives.now.session.pass_gate("t1/gate:tool:c1", GateReply(action="continue", by="kim", established="test"))
        await ticks(5)
        await lives.cut_off()
        lives.resume()
        await ticks(5)
        lives.now.session.answer("t1/ask:c1", STOP)
        await lives.now.at(ToolReturned, "t1/tool:c1")
        await (await lives.crash()).over()
        return lives

    records = runner.run(scene()).records
    assert {"gate": "result:c2", "action": "waited", "life": 2} in lines(records)
    assert lines(records)[-1] == {"finish": "stopped", "lives": 4}
    same_again(records, runner, tmp_path)


def test_a_call_that_a_stop_kept_from_running_in_a_life_that_was_cut_off_there_runs_in_the_next(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([NOTE])
        lives.world.pressed.append(Stop(scope="tool", target="orders.*", by="kim", at=""))
        await lives.say().over()
        lives.world.pressed.clear()
        await lives.lose(1 + next(r.seq for r in lives.records if isinstance(r.event, ApprovalGiven)))
        await lives.resume().over()
        return lives

    records = runner.run(scene()).records
    assert [r.event.status for r in records if isinstance(r.event, ToolReturned)] == ["done"]
    same_again(records, runner, tmp_path)


def test_a_call_that_is_edited_when_asked_about_beside_one_that_waited_at_its_gate_is_decided_with_that_set_aside(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(300), refund(90)], mode="tools")
        await lives.say().at(GatePaused, "t1/gate:tool:c1")
        await lives.crash()
        await ticks(5)
        lives.now.session.pass_gate("t1/gate:tool:c1", GateReply(action="continue", by="kim", established="test"))
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        lives.now.session.answer("t1/ask:c2", edit(720))
        await lives.now.at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.answer("t1/ask:c1", DENY)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    refused = next(r.event for r in records if isinstance(r.event, ToolReturned) and r.event.call == "c2")
    assert "would add up to 1020" in refused.error
    same_again(records, runner, tmp_path)


def test_a_result_that_a_later_life_stopped_at_is_told_before_the_prompt_that_an_earlier_one_had_passed(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([NOTE, refund(60)], rest=WHOLE)
        lives.now.session.set_breakpoints([Breakpoint(when='gate == "prompt" && prompt.call == 2')])
        await lives.say().at(ApprovalRequested, "t1/ask:c2")
        lives.now.session.answer("t1/ask:c2", DENY)
        await lives.now.at(GatePaused, "t1/gate:prompt:2")
        shorter = [{"source": "input", "at": 1, "text": "a note, quick"}]
        edited = GateReply(action="edit", edit=shorter, by="kim", established="test")
        lives.world.pressed.append(Stop(scope="everything", by="kim", at=""))
        lives.now.session.pass_gate("t1/gate:prompt:2", edited)
        await lives.now.over()
        lives.world.pressed.clear()
        await (await lives.crash(mode="step")).at(GatePaused, "t1/gate:result:c1")
        other = GateReply(action="edit", edit={"status": "failed", "error": "it broke"}, by="kim", established="test")
        lives.now.session.pass_gate("t1/gate:result:c1", other)
        await pass_all(lives)
        return lives

    records = runner.run(scene()).records
    gates = [line["gate"] for line in lines(records, WHOLE) if line.get("action") == "edit"]
    assert gates == ["result:c1", "prompt:2"]
    same_again(records, runner, tmp_path, rest=WHOLE)


def test_a_call_that_had_been_started_waits_at_its_gate_for_the_turn_that_was_ended_in_an_earlier_life(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> list[Record]:
        lives = Lives([refund(20), NOTE], held="orders.note")
        await lives.say().at(ToolStarted, "t1/tool:c2")
        await lives.now.at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.answer("t1/ask:c1", STOP)
        await lives.now.at(ToolReturned, "t1/tool:c1")
        await lives.crash(mode="tools")
        lives.level(0, None)
        await lives.now.over()
        lives.now.session.set_mode("run")
        await lives.say().over()
        return lives.records

    records = runner.run(scene())
    (error,) = (r.event.error for r in records if isinstance(r.event, ToolReturned) and r.event.call == "c2")
    assert error == STOPPED
    same_again(records, runner, tmp_path)
