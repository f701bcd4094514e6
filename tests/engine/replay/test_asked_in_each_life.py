"""Whom a life of a turn waited for, and who did not need to be, is so again in a replay.

Each of these was a session that a mixed story found, at its smallest.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from greenroom.core.events import (
    ApprovalRequested,
    GatePaused,
    ToolStarted,
    TurnResumed,
    VerdictReached,
)
from greenroom.core.values import GateReply
from tests.engine.replay.test_lives import runner
from tests.engine.scripted import DENY, NOTE, STOP, Lives, edit, refund, same_again

__all__ = ["runner"]


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
