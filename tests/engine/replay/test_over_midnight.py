"""What others spent in a day is known again on the day on which it was read, wherever a tape tells of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from greenroom.core.events import ApprovalRequested, DaySumsRead, GatePaused
from greenroom.core.values import GateReply
from greenroom.regression.tape.sealed import SESSION, session_digest
from greenroom.regression.tape.tape import Line, Tape, sealed
from tests.engine.scripted import ALLOW, DENY, Lives, lines, refund, same_again

DAY = 24 * 3600
SUM = "orders.refund:args.amount:day"


def _marked(line: Line) -> Line:
    return {("later" if key == "on" else key): (True if key == "on" else item) for key, item in line.items()}


async def before_and_after_midnight() -> Lives:
    """The second call reads the day before midnight, the first one after it."""
    lives = Lives([refund(90), refund(20)], mode="tools")
    await lives.say().at(GatePaused, "t1/gate:tool:c1")
    lives.now.session.pass_gate("t1/gate:tool:c1", GateReply(action="continue", by="kim"))
    await lives.now.at(GatePaused, "t1/gate:tool:c2")
    lives.world.spend_elsewhere(1_000)
    edit = GateReply(action="edit", edit={"order_id": 1, "amount": 30}, by="kim", established="test")
    lives.now.session.pass_gate("t1/gate:tool:c2", edit)
    await lives.now.at(DaySumsRead, "t1/day:c2.gate")
    lives.world.clock.advance(DAY)
    lives.now.session.answer("t1/ask:c1", ALLOW)
    await lives.now.at(ApprovalRequested, "t1/ask:c2.gate")
    return lives


def days(told: list[Line]) -> list[tuple[str, int, bool]]:
    return [(line["of"], line.get("on", 1), bool(line["day"])) for line in told if "day" in line]


def test_a_day_that_is_read_before_midnight_by_a_call_and_after_it_by_the_one_before(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = await before_and_after_midnight()
        lives.now.session.answer("t1/ask:c2.gate", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert days([*lines(records)]) == [("c1.start", 2, False), ("c2.gate", 1, True)]
    same_again(records, runner, tmp_path)


def test_the_same_in_a_turn_that_is_cut_off(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> Lives:
        lives = await before_and_after_midnight()
        lives.world.spend_elsewhere(50)
        await lives.crash()
        lives.now.session.answer("t1/ask:c2.gate", DENY)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert {"gate": "tool:c2", "action": "edit", "edit": {"amount": 30, "order_id": 1}} in lines(records)
    same_again(records, runner, tmp_path)


def test_a_tape_that_says_only_that_a_day_is_later_replays(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(20)], [], [refund(20)], [])
        for number in (1, 2):
            lives.world.spend_elsewhere(2_465)  # which leaves room for one of them a day
            await lives.say().at(ApprovalRequested, f"t{number}/ask:c{number}")
            lives.now.session.answer(f"t{number}/ask:c{number}", ALLOW)
            await lives.now.over()
            lives.world.clock.advance(DAY)
        return lives

    def as_before(tape: Tape) -> Tape:
        events = [_marked(line) for line in tape.events]
        digests = tape.digests | {SESSION: session_digest(events)}
        return sealed({**tape.header, "digests": digests}, events)

    records = runner.run(scene()).records
    assert days([*lines(records)]) == [("c1", 1, True), ("c2", 2, True)]
    same_again(records, runner, tmp_path, as_before)


@pytest.mark.parametrize("restarted", [True, False])
def test_what_a_turn_over_midnight_spent_counts_the_same_whether_its_process_goes_on_after_it(
    restarted: bool, runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(60)], [], [refund(20)], words="Done. Write to kim@example.com.")
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.world.clock.advance(DAY)
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(ApprovalRequested, "t1/ask:output")
        await lives.cut_off()
        lives.resume()
        lives.now.session.answer("t1/ask:output", ALLOW)
        await lives.now.over()
        if restarted:
            await lives.lose(len(lives.records))
        lives.world.spend_elsewhere(2_430)  # with 60 of that turn, whose start was on this day, there is no room for 20
        if not restarted:  # whose words are others
            await lives.say().at(ApprovalRequested, "t2/ask:output")
            lives.now.session.answer("t2/ask:output", DENY)
            await lives.now.over()
        else:
            await lives.say().over()
        return lives

    records = runner.run(scene()).records
    assert [line["status"] for line in lines(records) if "result" in line] == ["done", "denied"]
    same_again(records, runner, tmp_path)
