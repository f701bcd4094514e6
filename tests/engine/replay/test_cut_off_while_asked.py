"""A life that was cut off while a person was asked about one call had not come to the call behind it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from greenroom.core.events import ApprovalRequested, ToolReturned
from tests.engine.scripted import ALLOW, Lives, edit, lines, refund, same_again


def test_what_waits_behind_a_question_is_not_decided_again_in_the_life_that_was_cut_off_at_it(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(120), refund(20)])
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.world.spend_elsewhere(2370)
        lives.level(2)  # at which what waits would be decided again
        lives.now.session.answer("t1/ask:c1", edit(90))
        await lives.now.at(ApprovalRequested, "t1/ask:c1.1")
        await lives.crash()
        await lives.now.at(ToolReturned, "t1/tool:c2")  # what was spent elsewhere leaves no room for it
        lives.now.session.answer("t1/ask:c1.1", edit(120))
        await lives.now.at(ApprovalRequested, "t1/ask:c1.2")
        lives.now.session.answer("t1/ask:c1.2", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    results = {line["result"]: line["status"] for line in lines(records) if "result" in line}
    assert results == {"c1": "done", "c2": "denied"}
    same_again(records, runner, tmp_path)
