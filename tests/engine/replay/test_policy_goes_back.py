"""A policy that comes in and is taken back before anything was decided under it, and what a crash cut off from its verdict.

What is promised: a replay decides nothing that a life did not, however often what governs changed in between.
"""

from __future__ import annotations

import asyncio

import pytest

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    AutonomyChanged,
    ContractLoaded,
    ToolReturned,
    ToolStarted,
    TurnFinished,
    TurnResumed,
    VerdictReached,
)
from tests.engine.chaos_world import contract, ticks
from tests.engine.replay.test_policy_comes_in import decided, policies_of
from tests.engine.replay.test_reloaded_stories import from_log, verdicts
from tests.engine.scripted import ALLOW, DENY, NOTE, Lives, edit, refund


async def taken_up(lives: Lives) -> None:
    """Wait until the turn was taken up again, and nothing has come of that yet."""
    before = sum(isinstance(r.event, TurnResumed) for r in lives.records)
    while sum(isinstance(r.event, TurnResumed) for r in lives.records) == before:
        await ticks(1)


def test_a_life_that_began_under_what_had_come_back_decides_nothing_anew(runner: asyncio.Runner) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(90)])
        await lives.say().at(VerdictReached, "t1/verdict:tool.call:c1")
        await lives.cut_off()
        lives.now.session.reload(contract("closed"))
        lives.resume()
        await taken_up(lives)
        lives.now.session.reload(contract("usual"))
        await ticks(20)
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert sum(isinstance(r.event, ContractLoaded) for r in records) == 3
    assert policies_of(records, "t1/verdict:input") == ["usual"]
    assert policies_of(records, "t1/verdict:tool.call:c1") == ["usual"]
    assert from_log(records, runner).same


@pytest.mark.parametrize("later", range(4))
def test_a_look_between_two_policies_that_came_in_one_after_another_was_under_the_first(
    later: int, runner: asyncio.Runner
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(90)])
        await lives.say().at(ApprovalRequested)
        await lives.cut_off()
        lives.now.session.reload(contract("lax"))
        lives.resume()
        await taken_up(lives)
        lives.now.session.reload(contract("usual"))
        await ticks(later)
        lives.now.session.reload(contract("closed"))
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert policies_of(records, "t1/verdict:tool.call:c1")[-1] == "closed"
    assert from_log(records, runner).same


@pytest.mark.parametrize("later", range(4))
def test_two_policies_that_come_in_at_once_govern_a_call_as_the_later_one(later: int, runner: asyncio.Runner) -> None:
    async def scene() -> Lives:
        lives = Lives([NOTE])
        lives.say()
        await decided(lives, "t1/verdict:tool.call:c1")
        await lives.cut_off()
        lives.resume()
        await taken_up(lives)
        await ticks(later)
        lives.now.session.reload(contract("closed"))
        lives.now.session.reload(contract("lax"))
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert policies_of(records, "t1/verdict:tool.result:c1")[-1] == "lax"
    assert from_log(records, runner).same


def test_a_question_is_decided_anew_at_another_level_though_its_policy_came_back(runner: asyncio.Runner) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(20)])
        await lives.say().at(ApprovalRequested)
        lives.now.session.reload(contract("closed"))
        lives.level(2, None)
        await ticks(2)
        lives.now.session.reload(contract("usual"))
        await ticks(20)
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    reached = verdicts(records, "t1/verdict:tool.call:c1")
    assert [(one.verdict.policy, one.verdict.autonomy) for one in reached] == [("usual@1.0.0", 3), ("usual@1.0.0", 2)]
    assert from_log(records, runner).same


@pytest.mark.parametrize("later", [2, 3])
def test_a_question_that_was_void_for_a_moment_lets_its_call_through_where_no_rule_asks(
    later: int, runner: asyncio.Runner
) -> None:
    async def scene() -> Lives:
        lives = Lives([NOTE])
        lives.now.session.reload(contract("strict"))
        await lives.say().at(ApprovalRequested)
        await lives.cut_off()
        lives.now.session.reload(contract("lax"))
        await lives.resume().at(ApprovalRequested, times=2)
        lives.now.session.reload(contract("usual"))
        await ticks(later)
        lives.now.session.reload(contract("lax"))
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert not any(isinstance(r.event, ApprovalGiven) for r in records)
    assert any(isinstance(r.event, TurnFinished) for r in records)
    assert from_log(records, runner).same


def test_words_that_two_policies_ask_about_in_one_life_are_asked_about_twice(runner: asyncio.Runner) -> None:
    async def scene() -> Lives:
        lives = Lives(words="Write to mara.lindt@post.example.")
        await lives.say().at(ApprovalRequested, "t1/ask:output")
        await lives.cut_off()
        lives.now.session.reload(contract("closed"))
        await lives.resume().at(ApprovalRequested, "t1/ask:output", times=2)
        lives.now.session.reload(contract("usual"))
        await lives.now.at(VerdictReached, "t1/verdict:output", times=3)
        await ticks(5)
        lives.now.session.answer("t1/ask:output", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert policies_of(records, "t1/verdict:output") == ["usual", "closed", "usual"]
    assert from_log(records, runner).same


@pytest.mark.parametrize("later", range(5))
def test_a_result_that_a_crash_cut_off_is_judged_under_what_came_in_by_then(later: int, runner: asyncio.Runner) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(90), NOTE])
        await lives.say().at(VerdictReached, "t1/verdict:tool.result:c2")
        (lost,) = (r for r in lives.records if r.event.step == "t1/verdict:tool.result:c2")
        await lives.lose(lost.seq)
        lives.resume()
        await taken_up(lives)
        await ticks(later)
        lives.now.session.reload(contract("lax"))
        await ticks(20)
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert len(policies_of(records, "t1/verdict:tool.result:c2")) == 1
    assert from_log(records, runner).same


def test_what_came_back_in_an_earlier_life_counts_for_what_is_decided_after_it(runner: asyncio.Runner) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(90), NOTE, refund(60)])
        await lives.say().at(ToolReturned, "t1/tool:c2")
        await lives.cut_off()
        lives.resume()
        await ticks(5)
        lives.now.session.reload(contract("closed"))
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    told = [r.event.error for r in records if isinstance(r.event, ToolReturned) and r.event.tool == "orders.refund"]
    assert [error.split()[5] for error in told] == ["150", "60"]
    assert from_log(records, runner).same


def test_an_edited_call_whose_question_was_open_is_decided_before_those_after_it(runner: asyncio.Runner) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(90), refund(90), refund(20)])
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.answer("t1/ask:c1", edit(60))
        await lives.now.at(ApprovalRequested, "t1/ask:c1.1")
        await lives.cut_off()
        lives.resume()
        await ticks(20)
        lives.level(2, None)
        lives.now.session.reload(contract("closed"))
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert policies_of(records, "t1/verdict:tool.call:c1.1") == ["usual", "closed"]
    assert from_log(records, runner).same


def test_a_life_that_was_cut_off_decides_a_call_no_more_often_than_it_did(runner: asyncio.Runner) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(150), refund(150)])
        lives.level(4)
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.level(3)
        lives.now.session.answer("t1/ask:c1", edit(120))
        await lives.now.at(ApprovalRequested, "t1/ask:c1.1")
        lives.level(4)
        await lives.cut_off()
        lives.resume()
        await ticks(20)
        lives.now.session.answer("t1/ask:c1.1", ALLOW)
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        lives.now.session.answer("t1/ask:c2", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert len(verdicts(records, "t1/verdict:tool.call:c2")) == 1
    assert from_log(records, runner).same


def test_a_call_that_was_denied_counts_for_nothing_when_those_beside_it_are_decided_in_a_later_life(
    runner: asyncio.Runner,
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(90), refund(60)])
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.answer("t1/ask:c1", DENY)
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        await lives.cut_off()
        lives.now.session.reload(contract("closed"))
        await lives.resume().over()
        return lives

    records = runner.run(scene()).records
    (told,) = (r.event.error for r in records if isinstance(r.event, ToolReturned) and r.event.call == "c2")
    assert "add up to 60 " in told
    assert from_log(records, runner).same


def test_two_levels_that_a_life_set_for_one_call_count_each_in_its_turn(runner: asyncio.Runner) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(90), refund(20)])
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        await lives.cut_off()
        lives.level(4, 500)
        await lives.resume().at(ApprovalRequested, "t1/ask:c1", times=2)
        lives.world.clock.advance(600)
        lives.now.session.reload(contract("lax"))
        await lives.now.at(AutonomyChanged, "t1/autonomy:c1", times=2)
        await ticks(5)
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    levels = [r.event.level for r in records if isinstance(r.event, AutonomyChanged) and r.event.step]
    assert levels == [4, 3]
    assert any(isinstance(r.event, ToolStarted) and r.event.call == "c2" for r in records)
    assert from_log(records, runner).same
