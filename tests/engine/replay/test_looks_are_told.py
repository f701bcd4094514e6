"""At which look at its call something was decided: the log says it, and a replay decides there and nowhere else.

What is promised: a look that found what had been decided already decides nothing in a replay, whatever governs there; and
a log of before, which says nothing of looks, replays as far as the order of its events tells them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from greenroom.core.events import (
    ApprovalRequested,
    AutonomyChanged,
    GatePaused,
    Record,
    ToolStarted,
    VerdictReached,
)
from greenroom.core.values import ApprovalReply, GateReply
from greenroom.engine.replay.untold import looks
from tests.engine.chaos_changes import CHANGES, Changing
from tests.engine.chaos_world import contract, ticks
from tests.engine.replay.test_policy_comes_in import decided
from tests.engine.replay.test_reloaded_stories import from_log, verdicts
from tests.engine.scripted import ALLOW, DENY, NOTE, Lives, edit, refund

STORIES = 30
ORDER_ALONE_TOLD_TOO_LITTLE = (50134, 50433, 50633, 51144, 51964, 52107, 52108, 52353, 52684)
"""Seeds of stories that replayed otherwise while logs did not tell of looks."""


async def when_it_went_its_way(lives: Lives) -> None:
    lives.say()
    await decided(lives, "t1/verdict:tool.call:c1")
    lives.now.session.reload(contract("strict"))
    await lives.now.at(ApprovalRequested)
    lives.now.session.answer("t1/ask:c1", ALLOW)


async def when_it_had_passed_its_gate(lives: Lives) -> None:
    lives.now.session.set_mode("tools")
    await lives.say().at(GatePaused)
    lives.now.session.reload(contract("closed"))
    lives.now.session.pass_gate("t1/gate:tool:c1", GateReply(action="continue"))
    await lives.now.at(ApprovalRequested)
    lives.now.session.answer("t1/ask:c1", ALLOW)


async def when_its_turn_had_come(lives: Lives) -> None:
    lives.level(1, None)
    await lives.say().at(ApprovalRequested)
    lives.now.session.reload(contract("strict"))
    await lives.now.at(ApprovalRequested, "t1/ask:c1", times=2)
    lives.now.session.answer("t1/ask:c1", DENY)
    await lives.now.at(ApprovalRequested, "t1/ask:c2")
    lives.now.session.answer("t1/ask:c2", ALLOW)


async def when_its_question_was_void(lives: Lives) -> None:
    lives.now.session.reload(contract("strict"))
    await lives.say().at(ApprovalRequested)
    lives.now.session.reload(contract("closed"))
    await lives.now.at(ApprovalRequested, times=2)
    lives.now.session.answer("t1/ask:c1", ALLOW)


LOOKS: dict[str, tuple[Callable[[Lives], Awaitable[None]], str]] = {
    "run": (when_it_went_its_way, "c1"),
    "passed": (when_it_had_passed_its_gate, "c1"),
    "ask": (when_its_turn_had_come, "c2"),
    "void": (when_its_question_was_void, "c1"),
}


def lived(look: str, runner: asyncio.Runner) -> list[Record]:
    async def scene() -> Lives:
        told, _ = LOOKS[look]
        lives = Lives([refund(90), NOTE] if look == "ask" else [NOTE])
        await told(lives)
        await lives.now.over()
        return lives

    return runner.run(scene()).records


def untold(records: list[Record]) -> list[Record]:
    """The log as it was before it told of looks."""
    return [
        record.model_copy(update={"event": record.event.model_copy(update={"moment": ""})})
        if isinstance(record.event, VerdictReached | AutonomyChanged)
        else record
        for record in records
    ]


@pytest.mark.parametrize("look", LOOKS)
def test_a_verdict_tells_at_which_look_it_was_reached(look: str, runner: asyncio.Runner) -> None:
    records = lived(look, runner)
    reached = [one.moment for one in verdicts(records, f"t1/verdict:tool.call:{LOOKS[look][1]}")]
    assert reached[:2] == ["", look]
    assert from_log(records, runner).same


@pytest.mark.parametrize("look", LOOKS)
def test_a_log_of_before_has_it_in_the_order_of_its_events(look: str, runner: asyncio.Runner) -> None:
    records = lived(look, runner)
    assert looks(untold(records)) == looks(records)
    assert from_log(untold(records), runner).same


def test_a_call_of_unknown_outcome_is_decided_anew_when_the_question_about_it_was_void(runner: asyncio.Runner) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(20)], held="orders.refund")
        await lives.say().at(ApprovalRequested)
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(ToolStarted)
        await (await lives.crash()).at(ApprovalRequested, "t1/ask:c1.unknown")
        lives.now.session.reload(contract("closed"))
        await lives.now.at(ApprovalRequested, "t1/ask:c1.unknown", times=2)
        lives.now.session.answer("t1/ask:c1.unknown", DENY)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert [one.moment for one in verdicts(records, "t1/verdict:tool.call:c1.unknown")] == ["", "now"]
    assert looks(untold(records)) == looks(records)
    assert from_log(records, runner).same


def test_levels_that_counted_when_a_question_became_void_for_the_second_time_count_only_then(
    runner: asyncio.Runner,
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(150)])
        await lives.say().at(ApprovalRequested)
        lives.now.session.reload(contract("lax"))
        await lives.now.at(ApprovalRequested, times=2)
        lives.level(0, None)
        lives.now.session.reload(contract("usual"))
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    reached = verdicts(records, "t1/verdict:tool.call:c1")
    assert [(one.moment, one.verdict.autonomy) for one in reached] == [("", 3), ("void", 3), ("void", 0)]
    assert from_log(records, runner).same


def test_a_level_that_was_over_when_its_call_came_changes_twice_at_one_look(runner: asyncio.Runner) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(90)])
        await lives.say().at(ApprovalRequested)
        await lives.cut_off()
        lives.level(4, 500)
        lives.world.clock.advance(600)
        lives.now.session.reload(contract("strict"))
        await lives.resume().at(ApprovalRequested, times=2)
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    changed = [r.event for r in records if isinstance(r.event, AutonomyChanged) and r.event.step]
    assert [(one.level, one.moment) for one in changed] == [(4, ""), (3, "")]
    assert from_log(records, runner).same


def test_an_answer_of_an_earlier_life_counts_though_the_policy_changed_when_the_next_question_was_open(
    runner: asyncio.Runner,
) -> None:
    async def scene() -> Lives:
        lives = Lives(words="Write to mara.lindt@post.example.")
        await lives.say().at(ApprovalRequested, "t1/ask:output")
        other = ApprovalReply(decision="edit", approver="kim", established="test", arguments={"text": "Write to us."})
        lives.now.session.answer("t1/ask:output", other)
        await lives.now.at(ApprovalRequested, "t1/ask:output.1")
        await lives.cut_off()
        lives.resume()
        await ticks(20)
        lives.now.session.reload(contract("strict"))
        await lives.now.at(ApprovalRequested, "t1/ask:output.1", times=2)
        lives.now.session.answer("t1/ask:output.1", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert [one.moment for one in verdicts(records, "t1/verdict:output")] == [""]
    assert [one.moment for one in verdicts(records, "t1/verdict:output.1")] == ["", "void"]
    assert from_log(records, runner).same


def test_a_call_decided_anew_because_the_level_changed_for_one_after_it_is_asked_about_no_more(
    runner: asyncio.Runner,
) -> None:
    async def scene() -> Lives:
        lives = Lives([NOTE, NOTE], mode="tools")
        lives.now.session.reload(contract("strict"))
        await lives.say().at(GatePaused, "t1/gate:tool:c1")
        lives.now.session.pass_gate("t1/gate:tool:c1", GateReply(action="continue"))
        await lives.now.at(GatePaused, "t1/gate:tool:c2")
        lives.level(4)
        lives.now.session.reload(contract("closed"))
        lives.now.session.pass_gate("t1/gate:tool:c2", GateReply(action="continue"))
        await lives.now.at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.answer("t1/ask:c1", edit(20))
        await lives.now.at(ApprovalRequested, "t1/ask:c1.1")
        await lives.cut_off()
        lives.now.session.reload(contract("lax"))
        await lives.resume().over()
        return lives

    records = runner.run(scene()).records
    reached = verdicts(records, "t1/verdict:tool.call:c1")
    assert [(one.moment, one.verdict.autonomy) for one in reached][-2:] == [("", 3), ("run", 4)]
    assert [r.event.arguments for r in records if isinstance(r.event, ToolStarted) and r.event.call == "c1"] == [
        {"order_id": 1}
    ]
    assert from_log(records, runner).same


@pytest.mark.parametrize("seed", ORDER_ALONE_TOLD_TOO_LITTLE)
def test_stories_of_which_order_alone_told_too_little_replay(seed: int, runner: asyncio.Runner) -> None:
    async def scene() -> list[Record]:
        return await Changing(seed, CHANGES).finish()

    replayed = from_log(runner.run(scene()), runner)
    assert replayed.same, f"{replayed.step} {replayed.difference}"


def test_of_logs_of_before_hardly_any_replays_otherwise(runner: asyncio.Runner) -> None:
    async def scene(seed: int) -> list[Record]:
        return await Changing(seed, CHANGES).finish()

    stories = [untold(runner.run(scene(seed))) for seed in range(STORIES)]
    assert sum(from_log(records, runner).same for records in stories) >= STORIES * 0.9
