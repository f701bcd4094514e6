"""A turn that a person gives up at a gate replays with what the calls beside it came to before, and because of that."""

from __future__ import annotations

import asyncio
from pathlib import Path

from greenroom.core.events import ApprovalRequested, GatePaused, Record, ToolReturned, TurnAbandoned
from greenroom.core.values import GateReply
from greenroom.engine.calls.results import STOPPED
from tests.engine.chaos_world import ticks
from tests.engine.scripted import ALLOW, DENY, NOTE, Lives, edit, refund, same_again

GO_ON = GateReply(action="continue", by="kim", established="test")
GIVE_UP = GateReply(action="abandon", by="kim", established="test")


async def at_the_result_of_a_note(*beside: float) -> Lives:
    """A note has come back and waits at its gate; the first refund beside it is asked about."""
    lives = Lives([NOTE, *map(refund, beside)], mode="tools")
    session = lives.now.session
    lives.say()
    for place in range(len(beside) + 1):
        await lives.now.at(GatePaused, f"t1/gate:tool:c{place + 1}")
        if not place:
            session.set_mode("step")
        session.pass_gate(f"t1/gate:tool:c{place + 1}", GO_ON)
    await lives.now.at(GatePaused, "t1/gate:result:c1")
    await lives.now.at(ApprovalRequested, "t1/ask:c2")
    return lives


async def and_another_turn(lives: Lives) -> list[Record]:
    await lives.now.over()
    lives.now.session.set_mode("run")
    await lives.say().over()
    assert any(isinstance(record.event, TurnAbandoned) for record in lives.records)
    return lives.records


def errors(records: list[Record]) -> dict[str, str]:
    """How its calls ended."""
    return {r.event.call: r.event.error for r in records if isinstance(r.event, ToolReturned)}


def test_calls_that_were_declined_before_the_turn_was_given_up_beside_them_are_so_again(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> list[Record]:
        lives = await at_the_result_of_a_note(60, 70)
        for call in ("c2", "c3"):
            await lives.now.at(ApprovalRequested, f"t1/ask:{call}")
            lives.now.session.answer(f"t1/ask:{call}", DENY)
            await lives.now.at(GatePaused, f"t1/gate:result:{call}")
        lives.now.session.pass_gate("t1/gate:result:c1", GIVE_UP)
        return await and_another_turn(lives)

    records = runner.run(scene())
    assert errors(records) == {"c1": "", "c2": "no", "c3": "no"}
    same_again(records, runner, tmp_path)


def test_a_call_that_waited_to_be_asked_about_when_the_turn_was_given_up_is_not(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> list[Record]:
        lives = await at_the_result_of_a_note(60, 70)
        lives.now.session.pass_gate("t1/gate:result:c1", GIVE_UP)
        lives.now.session.answer("t1/ask:c2", ALLOW)  # it was put, so it is answered and obeyed
        return await and_another_turn(lives)

    records = runner.run(scene())
    assert errors(records) == {"c1": "", "c2": "", "c3": STOPPED}
    same_again(records, runner, tmp_path)


def test_a_call_that_was_edited_to_what_may_not_run_when_the_turn_was_given_up_ended_with_the_turn(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> list[Record]:
        lives = await at_the_result_of_a_note(60)
        lives.now.session.pass_gate("t1/gate:result:c1", GIVE_UP)
        await ticks(3)
        lives.now.session.answer("t1/ask:c2", edit(700))  # which policy denies
        return await and_another_turn(lives)

    records = runner.run(scene())
    assert errors(records) == {"c1": "", "c2": STOPPED}
    same_again(records, runner, tmp_path)
