"""A session and a branch of it, taken off in the middle of everything, both replay with the same events.

Each seed is one mixed story; its branch begins at any record, is another session, and lives on under its own seed while
the first one comes to its end.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    AutonomyChanged,
    DaySumsRead,
    Event,
    Record,
    SessionForked,
    ToolReturned,
    ToolStarted,
    TurnFinished,
    VerdictReached,
)
from greenroom.core.values import ApprovalReply, Stop
from greenroom.log.memory_log import MemoryLog
from tests.engine.chaos import Story
from tests.engine.chaos_world import World
from tests.engine.replay.test_mixed_stories import TROUBLE, from_log, from_tape
from tests.engine.scripted import ALLOW, DENY, NOTE, STOP, Lives, edit, lines, refund

STORIES = 30


def branched(parent: list[Record], at: int, world: World, of: str = "s1", session: str = "s2") -> list[Record]:
    """The log of a branch of a session that has the records up to number `at`."""
    log = MemoryLog(session, world.clock, world.ids, parent[: at + 1])
    log.append(SessionForked(session=session, parent=of, parent_seq=at, parent_hash=parent[at].hash))
    return list(log.records)


def lived(seed: int, runner: asyncio.Runner) -> dict[str, list[Record]]:
    """A story and its branch, each to the end of its last turn, by the session's name."""

    async def scene() -> dict[str, list[Record]]:
        story = Story(seed, TROUBLE)
        await story._live()
        await story.process.quiet()
        parent = list(story.process.log.records)
        dice, whole = Random(seed + 1_000_000), story.world
        world = World(dice, clock=whole.clock, ids=whole.ids, elsewhere=dict(whole.elsewhere), session="s2")
        world.kept = branched(parent, dice.randrange(2, len(parent)), world)
        return {"s2": await Story(seed, TROUBLE, world).finish(), "s1": await story.finish()}

    return runner.run(scene())


def test_a_session_and_its_branch_replay(runner: asyncio.Runner, tmp_path: Path) -> None:
    wrong, taped, inside = [], 0, 0
    for seed in range(STORIES):
        for name, records in lived(seed, runner).items():
            replayed = from_log(records, runner, name)
            if not replayed.same:
                wrong.append(f"seed {seed}, the log of {name}: {replayed.step} {replayed.difference}")
            outcome = from_tape(records, runner, tmp_path)
            taped += outcome is not None
            if outcome is not None and outcome.kind != "passed":
                wrong.append(f"seed {seed}, the tape of {name}: {outcome.kind} {outcome.line}\n{outcome.detail}")
            inside += name == "s2" and _asked_once_more(records)
    assert wrong == []
    assert taped > STORIES
    assert inside > STORIES / 8


def _asked_once_more(records: list[Record]) -> bool:
    """Whether a question that the first session had put was put again in the branch."""
    forked = next(r.seq for r in records if isinstance(r.event, SessionForked))
    before, after = (
        {r.event.step for r in records if isinstance(r.event, ApprovalRequested) and (r.seq > forked) is late}
        for late in (False, True)
    )
    return bool(before & after)


def holds(records: list[Record], runner: asyncio.Runner, folder: Path, rest: str = "first") -> None:
    """Hold a branch to its log and its tape."""
    replayed = from_log(records, runner, "s2", rest=rest)
    assert replayed.same, replayed.difference
    outcome = from_tape(records, runner, folder, rest=rest)
    assert outcome is not None and outcome.kind == "passed", outcome


def branch_of(lives: Lives, at: type[Event], step: str = "") -> None:
    """Go on in a branch that begins at the last record of a kind, at a step if one is named."""
    seq = max(r.seq for r in lives.records if isinstance(r.event, at) and step in ("", r.event.step))
    lives.world.session = "s2"
    lives.world.kept = branched(lives.records, seq, lives.world)


def test_a_question_that_a_branch_puts_once_more_has_the_level_of_the_branch_on_its_card(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(120)])
        lives.level(1)
        await lives.say().at(ApprovalRequested)
        branch_of(lives, ApprovalRequested)
        await lives.begin_again()
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    cards = [r.event.card for r in records if isinstance(r.event, ApprovalRequested)]
    assert [card.verdict.autonomy for card in cards] == [1, 3]
    holds(records, runner, tmp_path)


def test_a_question_that_something_else_asks_in_a_branch_is_told_of_both(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(20)], held="orders.refund")
        await lives.say().at(ApprovalRequested)
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(ToolStarted)
        await (await lives.crash()).at(ApprovalRequested, "t1/ask:c1.unknown")
        branch_of(lives, ApprovalRequested)
        lives.world.spend_elsewhere(2_490)
        await lives.begin_again()
        lives.now.session.answer("t1/ask:c1.unknown", DENY)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    told = [line for line in lines(records) if line.get("ask") == "c1.unknown"]
    assert [(line["rule"], line["life"]) for line in told] == [("autonomy", 2), ("envelope", 3)]
    holds(records, runner, tmp_path)


def test_an_edit_that_a_branch_answers_otherwise_is_none_any_more(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(120)])
        await lives.say().at(ApprovalRequested)
        lives.now.session.answer("t1/ask:c1", edit(60))
        await lives.now.at(ApprovalGiven)
        branch_of(lives, ApprovalGiven)
        await lives.begin_again()
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert not any(line.get("of") == "c1.1" for line in lines(records))
    holds(records, runner, tmp_path)


def test_an_edited_call_that_may_not_run_in_a_branch_is_none_any_more(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(120)])
        await lives.say().at(ApprovalRequested)
        lives.now.session.answer("t1/ask:c1", edit(60))
        await lives.now.at(ApprovalGiven)
        branch_of(lives, ApprovalGiven)
        lives.world.spend_elsewhere(2_450)
        await lives.begin_again(ToolReturned)
        await lives.now.over()
        return lives

    holds(runner.run(scene()).records, runner, tmp_path)


def test_words_that_nobody_let_pass_before_a_branch_was_taken_off_are_not_what_ends_its_turn(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([], words="Done. Write to kim@example.com.")
        await lives.say().at(ApprovalRequested)
        lives.now.session.answer("t1/ask:output", DENY)
        await lives.now.at(ApprovalGiven)
        branch_of(lives, ApprovalGiven)
        await lives.begin_again()
        lives.now.session.answer("t1/ask:output", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert [r.event.outcome for r in records if isinstance(r.event, TurnFinished)] == ["answered"]
    holds(records, runner, tmp_path)


def test_a_stop_that_was_lifted_before_a_branch_came_to_its_call_is_none_any_more(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([NOTE])
        lives.world.pressed.append(Stop(scope="tool", target="orders.note", by="kim", at=""))
        await lives.say().over()
        branch_of(lives, VerdictReached, "t1/verdict:tool.call:c1.stop")
        lives.world.pressed.clear()
        await lives.begin_again(ToolReturned)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert [r.event.status for r in records if isinstance(r.event, ToolReturned)] == ["done"]
    assert not any(line.get("of") == "c1.stop" for line in lines(records))
    holds(records, runner, tmp_path)


def test_words_that_a_person_denies_once_more_in_a_branch_are_denied_before_anything_is_said(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([], words="Done. Write to kim@example.com.")
        await lives.say().at(ApprovalRequested)
        lives.now.session.answer("t1/ask:output", DENY)
        await lives.now.at(ApprovalGiven)
        branch_of(lives, ApprovalGiven)
        await lives.begin_again()
        lives.now.session.answer("t1/ask:output", DENY.model_copy(update={"reason": "never"}))
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    told = [next(iter(line)) for line in lines(records)]
    assert told[-5:] == ["answer", "ask", "answer", "release", "finish"]
    holds(records, runner, tmp_path)


def test_edits_of_an_edit_that_a_branch_answers_otherwise_are_none_any_more(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(120)])
        await lives.say().at(ApprovalRequested)
        for asked, amount in (("t1/ask:c1", 60), ("t1/ask:c1.1", 90)):
            await lives.now.at(ApprovalRequested, asked)
            lives.now.session.answer(asked, edit(amount))
        await lives.now.at(ApprovalGiven, "t1/ask:c1.1")
        branch_of(lives, ApprovalGiven)
        await lives.begin_again()
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert not any("verdict" in line and line.get("of") in ("c1.1", "c1.2") for line in lines(records))
    holds(records, runner, tmp_path)


def test_a_branch_from_right_before_a_call_was_decided_to_start_decides_that_itself(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(20)])
        await lives.say().at(ApprovalRequested)
        lives.world.spend_elsewhere(50)
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.over()
        branch_of(lives, DaySumsRead, "t1/day:c1.start")
        await lives.begin_again()
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert [(line["of"], line.get("life", 1)) for line in lines(records) if "day" in line] == [
        ("c1", 2),
        ("c1.start", 1),
    ]
    holds(records, runner, tmp_path)


def test_a_branch_whose_process_was_gone_when_its_first_turn_had_just_ended_goes_on_at_the_level_of_its_contract(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([], [refund(20)], words="Done. Write to kim@example.com.")
        lives.level(4)
        await lives.say().at(ApprovalRequested)
        branch_of(lives, ApprovalRequested)
        await lives.begin_again()
        lives.now.session.answer("t1/ask:output", ALLOW)
        await lives.now.over()
        await lives.lose(max(r.seq for r in lives.records if isinstance(r.event, AutonomyChanged)))
        assert isinstance(lives.records[-1].event, TurnFinished)
        await lives.say().at(ApprovalRequested, "t2/ask:c1")
        lives.now.session.answer("t2/ask:c1", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert [line["autonomy"] for line in lines(records) if "autonomy" in line] == [4, 3]
    holds(records, runner, tmp_path)


def test_words_that_a_branch_stopped_at_are_not_said_though_they_had_been_let_pass(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([], words="Done. Write to kim@example.com.")
        await lives.say().at(ApprovalRequested)
        other = ApprovalReply(decision="edit", approver="kim", arguments={"text": "Done."})
        for asked, reply in (("t1/ask:output", other), ("t1/ask:output.1", ALLOW)):
            await lives.now.at(ApprovalRequested, asked)
            lives.now.session.answer(asked, reply)
        await lives.now.at(ApprovalGiven, "t1/ask:output.1")
        branch_of(lives, ApprovalGiven)
        await lives.begin_again()
        lives.now.session.answer("t1/ask:output", STOP)
        await lives.now.over()
        await lives.say().over()
        return lives

    records = runner.run(scene()).records
    assert [r.event.outcome for r in records if isinstance(r.event, TurnFinished)] == ["stopped", "answered"]
    assert not any("release" in line for line in lines(records))
    holds(records, runner, tmp_path)


def test_a_stop_that_a_branch_answers_otherwise_does_not_end_its_turn_when_that_is_taken_up_again(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(120)], [refund(130)])
        await lives.say().at(ApprovalRequested)
        lives.now.session.answer("t1/ask:c1", STOP)
        await lives.now.at(ApprovalGiven)
        branch_of(lives, ApprovalGiven)
        await lives.begin_again()
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        await lives.cut_off()
        lives.resume()
        lives.now.session.answer("t1/ask:c2", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert [r.event.outcome for r in records if isinstance(r.event, TurnFinished)] == ["answered"]
    holds(records, runner, tmp_path)


def test_a_call_that_a_branch_lets_run_after_all_has_run(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> Lives:
        lives = Lives([NOTE], held="orders.note")
        await lives.say().at(ToolStarted)
        lives.level(1)
        await (await lives.crash()).at(ApprovalRequested)
        lives.now.session.answer("t1/ask:c1", DENY)
        await lives.now.at(ApprovalGiven)
        branch_of(lives, ApprovalGiven)
        await lives.begin_again()
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert [line["ran"] for line in lines(records) if "result" in line] == [True]
    holds(records, runner, tmp_path)


def test_words_that_a_branch_edits_after_they_were_let_pass_are_said_last(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([], words="Done. Write to kim@example.com.")
        await lives.say().at(ApprovalRequested)
        lives.now.session.answer("t1/ask:output", ALLOW)
        await lives.now.at(ApprovalGiven)
        branch_of(lives, ApprovalGiven)
        await lives.begin_again()
        other = ApprovalReply(decision="edit", approver="kim", arguments={"text": "Done."})
        for asked, reply in (("t1/ask:output", other), ("t1/ask:output.1", ALLOW)):
            await lives.now.at(ApprovalRequested, asked)
            lives.now.session.answer(asked, reply)
        await lives.now.over()
        return lives

    holds(runner.run(scene()).records, runner, tmp_path)
