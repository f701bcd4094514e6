"""A branch has the level that counted where it begins, or its contract's, and so does its replay."""

from __future__ import annotations

import asyncio
from pathlib import Path

from greenroom.core.events import ApprovalRequested, Record, ToolStarted, TurnFinished, TurnStarted
from tests.engine.chaos_world import contract
from tests.engine.replay.test_forked_stories import branch_of, holds
from tests.engine.replay.test_reloaded_stories import from_log
from tests.engine.scripted import DENY, NOTE, STOP, Lives, lines, refund


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


def test_a_branch_in_the_middle_of_a_turn_has_its_contracts_level_after_it_though_the_turn_had_the_same_as_was_set(
    runner: asyncio.Runner,
) -> None:
    async def scene() -> list[Record]:
        lives = Lives([refund(120)], [refund(120)], [], [], [refund(60)])
        lives.level(4)
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        branch_of(lives, TurnStarted)
        lives.world.rest = "trusting"  # of level 4
        await lives.begin_again()
        lives.now.session.answer("t1/ask:c1", DENY)
        await lives.now.over()
        await lives.say().over()
        lives.now.session.reload(contract("usual"))
        await lives.say().at(ApprovalRequested, "t3/ask:c2")
        lives.now.session.answer("t3/ask:c2", DENY)
        await lives.now.over()
        return lives.records

    records = runner.run(scene())
    cards = [r.event.card.verdict for r in records if isinstance(r.event, ApprovalRequested)]
    assert [(one.rule, one.autonomy) for one in cards[-2:]] == [("refund.large", 4), ("autonomy", 3)]
    replayed = from_log(records, runner, "s2")
    assert replayed.same, f"{replayed.step} {replayed.difference}"
