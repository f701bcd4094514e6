"""A turn that was given up proposes to remember what it had proposed by then, and nothing more."""

from __future__ import annotations

import asyncio
from pathlib import Path

from greenroom.core.events import GatePaused, MemoriesProposed
from greenroom.core.values import GateReply
from tests.engine.replay.test_lives import runner
from tests.engine.scripted import Lives, same_again

__all__ = ["runner"]


def test_a_turn_that_was_given_up_before_it_proposed_anything_takes_no_name_from_what_a_later_one_proposed(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives(mode="step", rest="whole")
        lives.say("My name is Mara Lindt.")
        for gate in ("input", "recall", "retrieve", "prompt:1"):
            await lives.now.at(GatePaused, f"t1/gate:{gate}")
            lives.now.session.pass_gate(f"t1/gate:{gate}", GateReply(action="continue", by="kim"))
        await lives.now.at(GatePaused, "t1/gate:output")
        await lives.cut_off()
        lives.now.session.abandon("enough")
        lives.now.session.set_mode("run")
        await lives.say("My name is Mara Lindt.").over()
        return lives

    records = runner.run(scene()).records
    assert [r.event.turn for r in records if isinstance(r.event, MemoriesProposed)] == [2]
    same_again(records, runner, tmp_path, rest="whole")
