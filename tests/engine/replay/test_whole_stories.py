"""A session that looks things up and remembers, stopped, edited and skipped at each of its gates and cut off at any moment,
replays with the same events, from its log and from its tape; and so does a branch of it.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import pytest

from greenroom.core.clock import stamp
from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    DaySumsRead,
    GatePassed,
    GatePaused,
    MemoriesRecalled,
    MemoryWritten,
    Record,
    TurnAbandoned,
    TurnResumed,
)
from greenroom.core.values import GateReply, Stop
from tests.engine.chaos_whole import WholeStory, WholeWorld
from tests.engine.chaos_world import WHOLE, ticks
from tests.engine.replay.test_forked_stories import branched
from tests.engine.replay.test_mixed_stories import TROUBLE, from_log, from_tape
from tests.engine.scripted import ALLOW, DENY, Lives, lines, refund, same_again

STORIES = 64
BLOCKS = 2
BRANCHES = (*range(13), 140084, 500221, 500395, 510179)
GATES = {"input", "recall", "retrieve", "prompt", "tool", "result", "output", "remember"}


def wrong_with(records: list[Record], runner: asyncio.Runner, folder: Path, session: str = "s1") -> list[str]:
    """How the replays of a session differ from it."""
    replayed, outcome = from_log(records, runner, session, WHOLE), from_tape(records, runner, folder, rest=WHOLE)
    found = [] if replayed.same else [f"the log of {session}: {replayed.step} {replayed.difference}"]
    if outcome is not None and outcome.kind != "passed":
        found.append(f"the tape of {session}: {outcome.kind} {outcome.line}\n{outcome.detail}")
    return found


@pytest.mark.parametrize("block", range(BLOCKS))
def test_a_session_replays_whatever_is_done_at_its_gates(block: int, runner: asyncio.Runner, tmp_path: Path) -> None:
    wrong, edited = [], set()
    for seed in range(block, STORIES, BLOCKS):
        records = runner.run(WholeStory(seed, TROUBLE).finish())
        wrong += [f"seed {seed}, {one}" for one in wrong_with(records, runner, tmp_path)]
        edited |= {
            r.event.gate
            for r in records
            if isinstance(r.event, GatePassed) and r.event.action not in ("continue", "step")
        }
    assert wrong == []
    assert edited == GATES


def test_a_branch_of_it_does_too(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene(seed: int) -> dict[str, list[Record]]:
        story = WholeStory(seed, TROUBLE)
        await story._live()
        await story.process.quiet()
        parent, dice, whole = list(story.process.log.records), Random(seed + 1_000_000), story.world
        assert isinstance(whole, WholeWorld)
        world = WholeWorld(dice, clock=whole.clock, ids=whole.ids, session="s2", modes=whole.modes)
        world.memories = whole.memories
        world.kept = branched(parent, dice.randrange(2, len(parent)), world)
        return {"s2": await WholeStory(seed, TROUBLE, world).finish(), "s1": await story.finish()}

    wrong = []
    for seed in BRANCHES:
        for name, records in runner.run(scene(seed)).items():
            wrong += [f"seed {seed}, {one}" for one in wrong_with(records, runner, tmp_path, name)]
    assert wrong == []


async def pass_all(lives: Lives) -> None:
    """Let every gate pass and every question be answered with yes, until the turn is over."""
    session = lives.now.session
    while lives.now.busy:
        await ticks(2)
        if gate := session.waiting_gate():
            session.pass_gate(gate, GateReply(action="continue", by="kim"))
        given = {r.event.step for r in lives.records if isinstance(r.event, ApprovalGiven)}
        for step in {r.event.step for r in lives.records if isinstance(r.event, ApprovalRequested)} - given:
            session.answer(step, ALLOW)


def test_what_words_with_a_placeholder_gave_to_remember_is_on_the_tape(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> list[Record]:
        lives = Lives(rest=WHOLE)
        await lives.say("My e-mail is kim@post.example, and I wear size 42.").over()
        await lives.say("I live in Leipzig.").over()
        return lives.records

    records = runner.run(scene())
    assert [r.event.memory.key for r in records if isinstance(r.event, MemoryWritten)] == ["email", "size", "city"]
    told = [line["text"] for line in lines(records, WHOLE) if "memory" in line]
    assert told == ["E-mail: ‹email#1›", "Size: 42", "Lives in: Leipzig"]
    same_again(records, runner, tmp_path, rest=WHOLE)


def test_a_turn_that_is_taken_up_again_stops_at_no_gate_that_it_left_behind(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> list[Record]:
        lives = Lives([refund(20)], [refund(60)], rest=WHOLE)
        await lives.say("I live in Leipzig.").at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        await lives.crash(mode="step")
        await pass_all(lives)
        return lives.records

    records = runner.run(scene())
    gates = [r.event.step.partition("gate:")[2] for r in records if isinstance(r.event, GatePaused)]
    assert gates == ["tool:c2", "result:c2", "prompt:3", "output", "remember"]
    same_again(records, runner, tmp_path, rest=WHOLE)


def test_a_turn_that_was_cut_off_at_a_gate_where_nothing_else_waits_is_told_as_if_it_never_had_been(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> list[Record]:
        lives = Lives([refund(20)], mode="step", rest=WHOLE)
        await lives.say().at(GatePaused, "t1/gate:input")
        await lives.cut_off()
        await lives.resume().at(GatePaused, "t1/gate:input")
        edit = GateReply(action="edit", edit="a refund, quick", by="kim", established="test")
        lives.now.session.pass_gate("t1/gate:input", edit)
        await lives.now.at(GatePaused, "t1/gate:recall")
        lives.now.session.set_mode("run")
        await lives.now.at(ApprovalRequested, "t1/ask:c1")
        lives.world.spend_elsewhere(50)
        await lives.crash()  # what others spent is read anew, so that its lives are told
        await lives.now.at(DaySumsRead, "t1/day:c1", times=2)
        lives.now.session.answer("t1/ask:c1", DENY)
        await lives.now.over()
        return lives.records

    records = runner.run(scene())
    told = lines(records, WHOLE)
    assert [line for line in told if "gate" in line] == [{"gate": "input", "action": "edit", "edit": "a refund, quick"}]
    assert any("life" in line for line in told)
    same_again(records, runner, tmp_path, rest=WHOLE)


def test_a_turn_that_is_given_up_at_the_gate_of_a_result_in_a_later_life_had_its_other_calls_before(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> list[Record]:
        lives = Lives([refund(20), refund(60)], rest=WHOLE)
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        lives.world.spend_elsewhere(50)
        await lives.crash(mode="step")
        await lives.now.at(GatePaused, "t1/gate:result:c1")
        lives.now.session.pass_gate("t1/gate:result:c1", GateReply(action="abandon", by="kim"))
        await lives.now.over()
        lives.now.session.set_mode("run")
        await lives.say().over()
        return lives.records

    records = runner.run(scene())
    assert any(isinstance(record.event, TurnAbandoned) for record in records)
    assert {"gate": "result:c1", "action": "abandon", "life": 2} in lines(records, WHOLE)
    same_again(records, runner, tmp_path, rest=WHOLE)


def test_a_reply_that_an_earlier_life_released_keeps_no_life_after_it_from_its_gate(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> list[Record]:
        lives = Lives(mode="step", rest=WHOLE)
        lives.say("I live in Leipzig.")
        for gate in ("input", "recall", "retrieve", "prompt:1", "output"):
            await lives.now.at(GatePaused, f"t1/gate:{gate}")
            lives.now.session.pass_gate(f"t1/gate:{gate}", GateReply(action="continue", by="kim"))
        await lives.now.at(GatePaused, "t1/gate:remember")
        await lives.cut_off()
        lives.resume()
        await ticks(5)
        lives.world.pressed.append(Stop(scope="everything", by="kim", at=stamp(lives.world.clock.now())))
        lives.now.session.pass_gate("t1/gate:remember", GateReply(action="continue", by="kim"))
        await lives.now.over()
        lives.world.pressed.clear()
        await lives.resume().over()
        return lives.records

    records = runner.run(scene())
    assert sum(isinstance(record.event, TurnResumed) for record in records) == 2
    assert any(isinstance(record.event, MemoryWritten) for record in records)
    same_again(records, runner, tmp_path, rest=WHOLE)


def test_what_a_turn_recalled_and_had_not_read_when_it_was_given_up_is_behind_no_later_question(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> list[Record]:
        lives = Lives([], [], [refund(120)], rest=WHOLE)
        await lives.say("I live in Leipzig.").over()
        await lives.say("What do you know of me?").over()
        await lives.lose(next(r.seq for r in lives.records if r.event.step == "t2/select"))
        lives.now.session.abandon("enough")
        await lives.say().at(ApprovalRequested, "t3/ask:c1")
        lives.now.session.answer("t3/ask:c1", DENY)
        await lives.now.over()
        return lives.records

    records = runner.run(scene())
    assert any(isinstance(r.event, MemoriesRecalled) and r.event.memories for r in records)
    (asked,) = (r.event for r in records if isinstance(r.event, ApprovalRequested))
    assert "memory" not in asked.card.origin
    same_again(records, runner, tmp_path, rest=WHOLE)
