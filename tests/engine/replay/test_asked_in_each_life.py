"""Whom a life of a turn waited for, and who did not need to be, is so again in a replay.

Each of these was a session that a mixed story found, at its smallest.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    AutonomyChanged,
    DaySumsRead,
    Event,
    GatePaused,
    ToolReturned,
    ToolStarted,
    TurnResumed,
    VerdictReached,
)
from greenroom.core.values import GateReply, Stop, ToolCall
from tests.engine.chaos_world import ticks
from tests.engine.replay.test_forked_stories import branch_of, holds
from tests.engine.replay.test_policy_comes_in import decided, press
from tests.engine.scripted import ALLOW, DENY, NOTE, STOP, Lives, edit, lines, refund, same_again


def test_a_call_that_was_edited_at_its_gate_was_asked_about_in_a_life_that_goes_on_after_its_question(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(90)], mode="tools")
        await lives.say().at(GatePaused)
        other = GateReply(action="edit", edit={"order_id": 1, "amount": 60}, by="kim")
        lives.now.session.pass_gate("t1/gate:tool:c1", other)
        await lives.now.at(ApprovalRequested, "t1/ask:c1.gate")
        lives.level(4)
        await lives.cut_off()
        await lives.resume().at(ApprovalRequested, "t1/ask:c1.gate", times=2)
        lives.now.session.answer("t1/ask:c1.gate", edit(20))
        await lives.now.at(ApprovalRequested, "t1/ask:c1.1")
        await lives.cut_off()
        await lives.resume().at(TurnResumed, times=2)
        lives.now.session.answer("t1/ask:c1.1", DENY)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert not any(isinstance(r.event, ToolStarted) for r in records)
    same_again(records, runner, tmp_path)


def test_a_person_who_answers_before_anything_else_happens_does_so_when_the_calls_beside_that_wait(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([NOTE, refund(60)])
        lives.level(1, 20)
        await lives.say().at(ApprovalRequested)
        lives.world.clock.advance(60)
        for asked, reply in (("t1/ask:c1", edit(60)), ("t1/ask:c1.1", STOP)):
            await lives.now.at(ApprovalRequested, asked)
            lives.now.session.answer(asked, reply)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    decided = [r.event.verdict.autonomy for r in records if isinstance(r.event, VerdictReached) and r.event.subject]
    assert decided[:3] == [1, 1, 3]
    same_again(records, runner, tmp_path)


def test_a_call_that_was_started_once_and_may_not_run_again_has_a_verdict_on_its_result_when_a_crash_took_that(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([NOTE], held="orders.note")
        await lives.say().at(ToolStarted)
        lives.level(0, None)
        await (await lives.crash()).over()
        await lives.lose(next(r.seq for r in lives.records if _on_result(r.event)))
        await lives.resume().over()
        return lives

    records = runner.run(scene()).records
    assert [r.event.status for r in records if isinstance(r.event, ToolReturned)] == ["denied"]
    assert any(_on_result(r.event) for r in records)
    same_again(records, runner, tmp_path)


def _on_result(event: Event) -> bool:
    return isinstance(event, VerdictReached) and event.hook == "tool.result"


def test_a_call_that_was_not_decided_at_the_level_it_came_to_when_its_turn_was_given_up_is_told_without_a_verdict(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(20)], mode="tools")
        lives.level(0, 20)
        await lives.say().at(GatePaused)
        lives.world.clock.advance(60)
        lives.now.session.pass_gate("t1/gate:tool:c1", GateReply(action="continue", by="kim"))
        await lives.now.at(ApprovalRequested)
        await lives.lose(1 + next(r.seq for r in lives.records if r.event.step == "t1/autonomy:c1.passed"))
        lives.now.session.abandon("enough")
        await lives.say().over()
        return lives

    records = runner.run(scene()).records
    assert not any("verdict" in line for line in lines(records))
    same_again(records, runner, tmp_path)


def test_an_edit_of_a_call_that_is_simulated_at_its_gate_in_a_later_life_is_none_any_more(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(90)])
        await lives.say().at(ApprovalRequested)
        lives.now.session.answer("t1/ask:c1", edit(20))
        await lives.now.at(ApprovalGiven)
        lives.world.modes = ("tools",)
        await lives.lose(1 + next(r.seq for r in lives.records if isinstance(r.event, ApprovalGiven)))
        await lives.resume().at(GatePaused)
        lives.now.session.pass_gate("t1/gate:tool:c1", GateReply(action="simulate", edit={"output": "paid"}, by="kim"))
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert not any(line.get("of") == "c1.1" for line in lines(records))
    same_again(records, runner, tmp_path)


def test_a_call_that_waits_because_it_was_asked_about_before_does_so_though_nobody_answered_then(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(120), NOTE], mode="tools")
        await lives.say().at(GatePaused)
        lives.level(1)
        await (await lives.crash()).at(AutonomyChanged, "t1/autonomy:c1")
        lives.now.session.pass_gate("t1/gate:tool:c1", GateReply(action="continue", by="kim"))
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        lives.level(4, 500)
        await (await lives.crash()).at(ApprovalRequested, "t1/ask:c1")
        lives.world.clock.advance(550)
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert {"autonomy": 3, "of": "c2.ask", "life": 3} in lines(records)
    same_again(records, runner, tmp_path)


def test_a_stop_that_a_level_had_come_to_count_for_when_a_crash_came_was_met_there(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([ToolCall(id="", tool="orders.get", arguments={})], mode="tools")
        await lives.say().at(GatePaused)
        lives.level(2)
        lives.world.pressed.append(Stop(scope="tool", target="orders.get", by="kim", at=""))
        lives.now.session.pass_gate("t1/gate:tool:c1", GateReply(action="continue", by="kim"))
        await lives.now.at(ToolReturned)
        lives.world.pressed.clear()
        await lives.lose(1 + next(r.seq for r in lives.records if r.event.step == "t1/autonomy:c1.stop"))
        await lives.resume().over()
        return lives

    records = runner.run(scene()).records
    assert [r.event.status for r in records if isinstance(r.event, ToolReturned)] == ["done"]
    same_again(records, runner, tmp_path)


def test_an_edit_of_a_call_that_a_life_in_between_may_have_denied_counts_in_the_one_after_it(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(300)])
        await lives.say().at(ApprovalRequested)
        lives.now.session.answer("t1/ask:c1", edit(90))
        await lives.now.at(ApprovalRequested, "t1/ask:c1.1")
        lives.world.spend_elsewhere(2_300)
        await (await lives.crash()).over()
        await lives.lose(1 + max(r.seq for r in lives.records if isinstance(r.event, DaySumsRead)))
        lives.world.clock.advance(86_400)
        await lives.resume().at(TurnResumed, times=2)
        lives.now.session.answer("t1/ask:c1.1", DENY)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert any(line.get("of") == "c1.1" for line in lines(records) if "verdict" in line)
    same_again(records, runner, tmp_path)


def test_a_call_that_is_stopped_when_it_is_about_to_run_is_so_before_the_calls_beside_it_are_looked_at(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(490), refund(490)], [refund(20), refund(20)])
        lives.level(4)
        lives.say()
        for asked in ("t1/ask:c1", "t1/ask:c2"):
            await lives.now.at(ApprovalRequested, asked)
            lives.now.session.answer(asked, ALLOW)
            press(lives, "call", "s1/t1/tool:c3")
        await decided(lives, "t1/verdict:tool.call:c4")
        lives.level(0)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    errors = [r.event.error for r in records if isinstance(r.event, ToolReturned)]
    assert errors[2] == "It was stopped." and "At autonomy 0" in errors[3]
    same_again(records, runner, tmp_path)


def test_an_answer_to_a_question_that_a_branch_puts_once_more_is_none_in_a_life_that_waits_for_another(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(20)], held="orders.refund")
        await lives.say().at(ApprovalRequested)
        lives.world.spend_elsewhere(50)
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(ToolStarted)
        await (await lives.crash()).at(ApprovalRequested, "t1/ask:c1.unknown")
        lives.now.session.answer("t1/ask:c1.unknown", ALLOW)
        await lives.now.at(ApprovalGiven, "t1/ask:c1.unknown")
        branch_of(lives, ApprovalGiven)
        lives.world.spend_elsewhere(50)
        await lives.begin_again()
        await lives.cut_off()
        await lives.resume().at(TurnResumed, times=3)
        lives.now.session.answer("t1/ask:c1.unknown", DENY)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert [line["life"] for line in lines(records) if line.get("ask") == "c1.unknown"] == [2, 3]
    holds(records, runner, tmp_path)


def test_a_call_that_a_person_lets_run_once_more_may_have_been_looked_at_in_a_life_that_was_cut_off_there(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(20)], held="orders.refund")
        await lives.say().at(ApprovalRequested)
        lives.world.spend_elsewhere(50)
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(ToolStarted)
        lives.world.spend_elsewhere(50)
        await (await lives.crash()).at(ApprovalRequested, "t1/ask:c1.unknown")
        lives.now.session.answer("t1/ask:c1.unknown", ALLOW)
        await lives.now.at(ApprovalGiven, "t1/ask:c1.unknown")
        branch_of(lives, ApprovalGiven)
        await lives.begin_again()
        lives.now.session.answer("t1/ask:c1.unknown", DENY)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert any(r.event.step == "t1/verdict:tool.call:c1.start" for r in records)
    holds(records, runner, tmp_path)


def test_an_edit_that_a_life_put_to_a_person_is_none_when_the_turn_is_stopped_in_a_later_one_before_it_is_answered(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(60), refund(70)], mode="tools")
        await lives.say().at(GatePaused, "t1/gate:tool:c1")
        await lives.crash()
        await ticks(5)
        lives.now.session.pass_gate("t1/gate:tool:c1", GateReply(action="continue", by="kim", established="test"))
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        lives.now.session.answer("t1/ask:c2", edit(90))
        await lives.now.at(ApprovalRequested, "t1/ask:c2.1")
        await (await lives.crash()).at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.answer("t1/ask:c1", STOP)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert any(r.event.step == "t1/verdict:tool.call:c2.1" for r in records)
    assert not [line for line in lines(records) if line.get("of") == "c2.1"]
    same_again(records, runner, tmp_path)


def test_a_question_that_a_stop_answered_at_once_is_so_before_the_calls_beside_it_take_a_level_on(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(300), refund(60), ToolCall(id="", tool="orders.get", arguments={})])
        lives.world.pressed.append(Stop(scope="tool", target="orders.*", by="kim", at=""))
        lives.say()
        while lives.records[-1].event.step != "t1/verdict:tool.call:c3":
            await ticks(1)
        lives.level(0)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    told = [line for line in lines(records) if "answer" in line]
    assert [(line["answer"], "at_once" in line) for line in told] == [("c1", True), ("c2", True), ("c3.stop", False)]
    assert {"autonomy": 0, "of": "c3.stop"} in lines(records)
    same_again(records, runner, tmp_path)


def test_a_call_that_leave_had_answered_for_when_everything_was_stopped_was_asked_about_in_that_life(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(60)], [refund(120), refund(90)])
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.answer(
            "t1/ask:c1", ALLOW.model_copy(update={"scope": "session", "when": ("args.amount <= 100",)})
        )
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        lives.world.pressed.append(Stop(scope="everything", by="kim", at=""))
        await lives.now.over()
        lives.world.pressed.clear()
        await lives.resume().at(TurnResumed)
        lives.now.session.answer("t1/ask:c2", STOP)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    (given,) = (r.event for r in records if isinstance(r.event, ApprovalGiven) and r.event.call == "c3")
    assert given.established == "grant t1/ask:c1"
    assert {"answer": "c2", "decision": "stop", "life": 2} in lines(records)
    same_again(records, runner, tmp_path)


def test_a_level_that_one_call_took_on_counts_for_those_that_were_looked_at_after_it(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(120), refund(130), refund(60)], mode="tools")
        await lives.say().at(GatePaused, "t1/gate:tool:c1")
        await lives.crash()
        await ticks(5)
        lives.now.session.pass_gate("t1/gate:tool:c1", GateReply(action="continue", by="kim", established="test"))
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        lives.now.session.answer("t1/ask:c2", edit(140))
        await lives.now.at(ApprovalRequested, "t1/ask:c2.1")
        await (await lives.crash()).at(ApprovalRequested, "t1/ask:c1")
        lives.world.pressed.append(Stop(scope="turn", target="s1/t1", by="kim", at=""))
        await lives.now.over()
        lives.resume()
        await ticks(2)  # what is decided first of all is decided again by then
        lives.level(4)
        await lives.now.over()
        lives.world.pressed.clear()
        await lives.resume().at(TurnResumed, times=4)
        lives.now.session.answer("t1/ask:c1", DENY)
        await ticks(5)
        lives.now.session.answer("t1/ask:c2.1", DENY)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    later = [r.event.step for r in records if isinstance(r.event, VerdictReached | AutonomyChanged)]
    assert later.index("t1/autonomy:c2.1") < max(at for at, one in enumerate(later) if one == "t1/verdict:tool.call:c3")
    same_again(records, runner, tmp_path)
