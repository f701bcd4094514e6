"""A replay decides by what was known when something was decided: of levels, of a day, and of what had been started.

Each of these was a session that a mixed story found, at its smallest.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    AutonomyChanged,
    GatePaused,
    ToolReturned,
    ToolStarted,
    TurnResumed,
    TurnStarted,
)
from greenroom.core.values import GateReply, Stop, ToolCall
from greenroom.regression.record.order import by_call
from greenroom.regression.tape.given_up import BEGUN
from greenroom.regression.tape.header_seal import SEAL
from greenroom.regression.tape.sealed import recorded_digests
from greenroom.regression.tape.tape import Line, Tape, sealed
from tests.engine.scripted import ALLOW, DENY, NOTE, STOP, Lives, edit, lines, refund, same_again

DAY = 86_400
"""Seconds."""


def test_a_level_that_falls_back_before_a_call_is_asked_about_that_was_edited_at_its_gate(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(150), refund(60)], mode="tools")
        lives.level(4, 20)
        await lives.say().at(GatePaused, "t1/gate:tool:c1")
        lives.now.session.pass_gate("t1/gate:tool:c1", GateReply(action="continue", by="kim"))
        await lives.now.at(GatePaused, "t1/gate:tool:c2")
        change = GateReply(action="edit", edit={"order_id": 1, "amount": 120}, by="kim")
        lives.now.session.pass_gate("t1/gate:tool:c2", change)
        await lives.now.at(ApprovalRequested, "t1/ask:c1")
        lives.world.clock.advance(60)
        for call in ("c1", "c2.gate"):
            await lives.now.at(ApprovalRequested, f"t1/ask:{call}")
            lives.now.session.answer(f"t1/ask:{call}", DENY)
        await lives.now.over()
        return lives

    lives = runner.run(scene())
    assert {"autonomy": 3, "of": "c2.gate.ask"} in lines(lives.records)
    same_again(lives.records, runner, tmp_path)


def test_what_a_call_that_was_let_pass_at_its_gate_may_spend_counts_for_one_that_is_edited_at_its_own(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(150), refund(60)], mode="tools")
        await lives.say().at(GatePaused, "t1/gate:tool:c1")
        lives.now.session.pass_gate("t1/gate:tool:c1", GateReply(action="continue", by="kim"))
        await lives.now.at(GatePaused, "t1/gate:tool:c2")
        change = GateReply(action="edit", edit={"order_id": 1, "amount": 900}, by="kim")
        lives.now.session.pass_gate("t1/gate:tool:c2", change)
        await lives.now.at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.answer("t1/ask:c1", DENY)
        await lives.now.over()
        return lives

    lives = runner.run(scene())
    told = [line["error"] for line in lines(lives.records) if line.get("result") == "c2"]
    assert told == ["args.amount would add up to 1050 in this session; the envelope allows 1000."]
    same_again(lives.records, runner, tmp_path)


def test_a_level_that_was_over_when_its_turn_was_given_up_does_not_count_after_it(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(60)], [NOTE])
        await lives.say().at(ApprovalRequested)
        await lives.cut_off()
        lives.level(4, 20)
        lives.world.clock.advance(60)
        await lives.resume().at(AutonomyChanged, "t1/autonomy:c1", times=2)  # it is taken on, and over
        await lives.cut_off()
        lives.now.session.abandon("enough")
        await lives.say().over()
        return lives

    lives = runner.run(scene())
    assert not any("autonomy" in line and "of" not in line for line in lines(lives.records))
    same_again(lives.records, runner, tmp_path)


def test_a_question_that_is_put_again_in_the_same_words_has_no_answer_yet(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(120)])
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.answer("t1/ask:c1", edit(20))
        await lives.now.at(ApprovalRequested, "t1/ask:c1.1")
        lives.level(4, 20)
        lives.now.session.answer("t1/ask:c1.1", edit(60))
        await lives.now.at(ApprovalRequested, "t1/ask:c1.2")
        await lives.cut_off()
        await lives.resume().at(ApprovalRequested, "t1/ask:c1.1", times=2)
        lives.world.clock.advance(60)
        await lives.cut_off()
        await lives.resume().at(ApprovalRequested, "t1/ask:c1.1", times=3)
        await lives.cut_off()
        await lives.resume().at(TurnResumed, times=3)
        lives.now.session.answer("t1/ask:c1.1", STOP)
        await lives.now.over()
        return lives

    lives = runner.run(scene())
    put = [line for line in lines(lives.records) if line.get("ask") == "c1.1"]
    assert [(line.get("reason", ""), line.get("life", 1)) for line in put] == [("", 1), ("edited", 2), ("", 3)]
    same_again(lives.records, runner, tmp_path)


def test_a_day_on_which_nothing_was_spent_yet_counts_where_an_earlier_life_had_read_another(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(60)], held="orders.refund")
        await lives.say().at(ApprovalRequested)
        lives.world.spend_elsewhere(50)
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(ToolStarted)
        lives.world.clock.advance(DAY)
        await (await lives.crash()).at(ApprovalRequested, "t1/ask:c1.unknown")
        lives.now.session.answer("t1/ask:c1.unknown", ALLOW)
        await lives.now.over()
        return lives

    lives = runner.run(scene())
    read = [
        (line["of"], bool(line["day"]), line["life"])
        for line in lines(lives.records)
        if line.get("life") and "day" in line
    ]
    assert read == [("c1", False, 2), ("c1.start", False, 2)]
    same_again(lives.records, runner, tmp_path)


async def _spent(lives: Lives) -> Lives:
    """A turn that asks for 450 and 400: together with 90, that is within a session's 1000; with 180, it is not."""
    await lives.say().at(ApprovalRequested, "t2/ask:c3")
    lives.now.session.answer("t2/ask:c3", ALLOW)
    await lives.now.at(ToolReturned, "t2/tool:c3")
    if lives.now.busy:
        await lives.now.at(TurnStarted)
        for step, _ in _open(lives):
            lives.now.session.answer(step, DENY)
    await lives.now.over()
    return lives


def _open(lives: Lives) -> list[tuple[str, int]]:
    asked = {r.event.step: r.seq for r in lives.records if isinstance(r.event, ApprovalRequested)}
    given = {r.event.step: r.seq for r in lives.records if isinstance(r.event, ApprovalGiven)}
    return [(step, seq) for step, seq in asked.items() if given.get(step, -1) < seq and step.startswith("t2")]


def test_what_was_started_counts_though_its_turn_was_given_up(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(90), refund(90)], [refund(450), refund(400)], held="orders.refund")
        lives.level(4)
        await lives.say().at(ToolStarted, "t1/tool:c2")
        await lives.cut_off()
        lives.now.session.abandon("enough")
        lives.now.hold("")
        return await _spent(lives)

    lives = runner.run(scene())
    told = lines(lives.records)
    assert [line[BEGUN] for line in told if BEGUN in line] == [{"c1": [1], "c2": [1]}]
    assert [line["status"] for line in told if line.get("result") == "c4"] == ["denied"]
    same_again(lives.records, runner, tmp_path)
    same_again(lives.records, runner, tmp_path, _not_said)  # as a tape of before


def _not_said(tape: Tape) -> Tape:
    events = [{key: item for key, item in line.items() if key != BEGUN} for line in tape.events]
    header = {key: item for key, item in tape.header.items() if key not in (SEAL, "tape")}
    return sealed({**header, "digests": {**tape.header["digests"], **recorded_digests(events)}}, events)


def test_what_was_only_permitted_when_its_turn_was_given_up_does_not_count(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(90), refund(95)], [refund(450), refund(400)], held="orders.refund")
        for call in ("c1", "c2"):
            await (lives.now if lives.now.busy else lives.say()).at(ApprovalRequested, f"t1/ask:{call}")
            lives.now.session.answer(f"t1/ask:{call}", ALLOW)
        await lives.now.at(ToolStarted, "t1/tool:c2")
        begun = next(r.seq for r in lives.records if isinstance(r.event, ToolStarted) and r.event.call == "c2")
        await lives.lose(begun)
        lives.now.session.abandon("enough")
        return await _spent(lives)

    lives = runner.run(scene())
    told = lines(lives.records)
    assert [line[BEGUN] for line in told if BEGUN in line] == [{"c1": [1]}]
    assert [line["error"] for line in told if line.get("result") == "c4"] == ["no"]
    same_again(lives.records, runner, tmp_path)


def test_a_call_that_was_started_and_is_kept_from_running_again_counts_as_made(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    look = ToolCall(id="", tool="orders.get", arguments={"order_id": 1})

    async def scene() -> Lives:
        lives = Lives([NOTE, *[look] * 8], [look], held="orders.note")  # nine calls a turn, and one more
        await lives.say().at(ToolReturned, "t1/tool:c9")
        lives.world.pressed.append(Stop(scope="tool", target="orders.note", by="kim", at="2026-11-20T10:00:00.000000Z"))
        await lives.crash()
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    ended = {r.event.call: r.event.status for r in records if isinstance(r.event, ToolReturned)}
    assert (ended["c1"], ended["c10"]) == ("denied", "invalid")
    same_again(records, runner, tmp_path)


def test_what_was_edited_at_a_gate_stands_before_what_was_edited_when_asked_about_whichever_came_first() -> None:
    told: list[tuple[int, Line]] = [(1, {"verdict": "tool.call", "of": of}) for of in ("c1.gate", "c1.1")]
    assert by_call(told, by_life=True) == by_call(told[::-1], by_life=True)
