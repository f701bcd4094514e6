"""An edit that nobody answered about, and whose call ran in a later life as it had been: it is none any more."""

from __future__ import annotations

import asyncio
from pathlib import Path

from greenroom.core.events import ApprovalRequested, AutonomyChanged, ToolStarted, VerdictReached
from tests.engine.replay.test_forked_stories import branch_of, holds
from tests.engine.scripted import ALLOW, DENY, Lives, edit, refund


def test_a_call_that_runs_unasked_after_a_life_that_broke_off_at_its_edit_was_not_decided_as_edited(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(60), refund(70)], held="orders.refund")
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        lives.level(4)
        lives.now.session.answer("t1/ask:c2", edit(90))
        await lives.now.at(VerdictReached, "t1/verdict:tool.call:c2.1")
        branch_of(lives, AutonomyChanged, "t1/autonomy:c2.1")
        await lives.begin_again()
        lives.level(4)  # what happened to the call before it is asked first: by then the other needs no answer
        lives.now.session.answer("t1/ask:c1.unknown", DENY)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert [r.event.arguments["amount"] for r in records if isinstance(r.event, ToolStarted)] == [60, 70]
    holds(records, runner, tmp_path)
