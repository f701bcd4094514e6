"""A question that a stop answers as soon as its turn is taken up again is answered so in a replay: before the calls beside it go
on, and before what they come to.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from greenroom.core.clock import stamp
from greenroom.core.events import ApprovalGiven, ApprovalRequested, AutonomyChanged, Record, ToolStarted, TurnResumed
from greenroom.core.values import Stop
from tests.engine.scripted import NOTE, PATIENCE, Lives, lines, refund, same_again


def test_a_stop_answers_before_a_call_beside_it_takes_on_a_level(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> list[Record]:
        lives = Lives([refund(120), refund(130), NOTE], held="orders.note")
        await lives.say().at(ToolStarted)
        await lives.now.at(ApprovalRequested, "t1/ask:c1")
        at = stamp(lives.world.clock.now())
        lives.world.pressed += [
            Stop(scope="tool", target=tool, by="kim", at=at) for tool in ("orders.refund", "orders.note")
        ]
        await lives.crash()
        for _ in range(PATIENCE):
            if any(isinstance(r.event, TurnResumed) for r in lives.records):
                break
            await asyncio.sleep(0)
        await asyncio.sleep(0)  # its calls are decided about, and c1 is answered
        lives.level(0)
        await lives.now.over()
        return lives.records

    records = runner.run(scene())
    assert "t1/autonomy:c3.stop" in [r.event.step for r in records if isinstance(r.event, AutonomyChanged)]
    given = [r.event for r in records if isinstance(r.event, ApprovalGiven)]
    assert [event.step for event in given][:2] == ["t1/ask:c1", "t1/ask:c2"]
    assert {event.established for event in given} == {"kill switch"}
    told = {line["answer"]: line for line in lines(records) if "answer" in line}
    assert told["c1"]["at_once"] is told["c2"]["at_once"] is True
    same_again(records, runner, tmp_path)
