"""A branch has the level that counted where it begins, or its contract's, and so does its replay."""

from __future__ import annotations

import asyncio
from pathlib import Path

from greenroom.core.events import ApprovalRequested, Record, ToolStarted, TurnFinished
from tests.engine.replay.test_forked_stories import branch_of, holds
from tests.engine.replay.test_lives import runner
from tests.engine.scripted import NOTE, STOP, Lives, lines, refund

__all__ = ["runner"]


def test_a_level_that_was_set_in_a_turn_and_that_no_call_waited_for_is_none_that_a_branch_goes_back_from(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> list[Record]:
        lives = Lives([refund(60)], [NOTE])
        lives.level(1)
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.level(3)  # the contract's own
        lives.now.session.answer("t1/ask:c1", STOP)
        await lives.now.over()
        branch_of(lives, TurnFinished)
        await lives.as_kept()
        await lives.say().over()
        return lives.records

    records = runner.run(scene())
    assert [r.event.tool for r in records if isinstance(r.event, ToolStarted)] == ["orders.note"]
    assert [line["autonomy"] for line in lines(records) if "autonomy" in line] == [1, 3]
    holds(records, runner, tmp_path)
