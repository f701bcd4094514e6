"""A session full of private words replays from its log, and from its tape, where placeholders stand in their place: in
arguments, results, edits, answers, memories and replies, whether a rule masks them before or only the export does.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greenroom.core.events import ApprovalGiven, ApprovalRequested, MemoryWritten, Record, ToolStarted
from greenroom.core.values import ApprovalReply
from greenroom.regression.tape.tape import Line
from tests.engine.chaos import Story
from tests.engine.chaos_kinds import PrivateStory, PrivateWorld
from tests.engine.chaos_rules import RULES
from tests.engine.chaos_world import WHOLE, ticks
from tests.engine.replay.test_forked_stories import branch_of, branched, holds
from tests.engine.replay.test_mixed_stories import TROUBLE, from_log, from_tape
from tests.engine.scripted import ALLOW, Lives, lines, refund, same_again

STORIES = 6
BRANCHES = 8
ONCE_OTHERWISE = {
    "asking": (13, 140071, 200020, 200088, 200169, 572008),
    "asking and masking": (591034,),
    "counting": (320048, 340001, 341037, 341087),
}
"""Branches whose replays once differed, by the rules of their stories."""
OFTEN = (Story.answer, Story.answer_twice, Story.answer_something_else, Story.step_mode, Story.ask_again)
CALM: dict[Callable[[Story], Any], int] = {Story.kill: 0, **{deed: TROUBLE[deed] for deed in OFTEN}}


def _shows_document(line: Line) -> bool:
    """Whether this asks about a passage as it was found: documents are the team's own, and not replaced."""
    return str(line.get("ask")).startswith("retrieval:")


@pytest.mark.parametrize("deeds", [CALM, TROUBLE], ids=["calm", "all trouble"])
@pytest.mark.parametrize("rest", [WHOLE, *(rest for rest in RULES if "level" not in rest)])
def test_a_session_full_of_private_words_replays(
    rest: str, deeds: dict[Callable[[Story], Any], int], runner: asyncio.Runner, tmp_path: Path
) -> None:
    wrong, masked, held = [], 0, 0
    for seed in range(STORIES):
        records = runner.run(PrivateStory(seed, deeds, rest).finish())
        replayed = from_log(records, runner, rest=rest)
        wrong += [] if replayed.same else [f"seed {seed}, its log: {replayed.step} {replayed.difference}"]
        outcome = from_tape(records, runner, tmp_path, rest=rest)
        if outcome is None:
            continue
        wrong += [] if outcome.kind == "passed" else [f"seed {seed}, its tape: {outcome.line}\n{outcome.detail}"]
        told = lines(records, rest)
        masked += any("‹email#" in str(line.get("calls")) for line in told)
        held += any("held" in line for line in told)
        assert "@post.example" not in str([line for line in told if not _shows_document(line)])
    assert wrong == []
    assert masked > STORIES / 2
    assert held > 0 or "masking" in rest


@pytest.mark.parametrize("rest", [*ONCE_OTHERWISE])
def test_a_branch_of_such_a_session_replays(rest: str, runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene(seed: int) -> list[Record]:
        story = PrivateStory(seed, TROUBLE, rest)
        await story._live()
        await story.process.quiet()
        parent, dice, old = list(story.process.log.records), random.Random(seed + 1_000_000), story.world
        assert isinstance(old, PrivateWorld)
        world = PrivateWorld(
            dice,
            clock=old.clock,
            ids=old.ids,
            elsewhere=dict(old.elsewhere),
            session="s2",
            modes=old.modes,
            memories=old.memories,
            rest=rest,
        )
        world.kept = branched(parent, dice.randrange(2, len(parent)), world)
        return await PrivateStory(seed, TROUBLE, rest, world).finish()

    wrong = []
    for seed in (*range(BRANCHES), *ONCE_OTHERWISE[rest]):
        records = runner.run(scene(seed))
        replayed = from_log(records, runner, "s2", rest=rest)
        wrong += [] if replayed.same else [f"seed {seed}, its log: {replayed.step} {replayed.difference}"]
        outcome = from_tape(records, runner, tmp_path, rest=rest)
        told = outcome is None or outcome.kind == "passed"
        wrong += [] if told else [f"seed {seed}, its tape: {outcome}"]
    assert wrong == []


def test_a_memory_whose_words_a_person_changed_when_asked_has_one_name_on_a_tape(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> list[Record]:
        lives = Lives(rest="asking")
        process = lives.say("I live in Leipzig.")
        while process.busy:
            await ticks(2)
            given = {r.event.step for r in lives.records if isinstance(r.event, ApprovalGiven)}
            for step in {r.event.step for r in lives.records if isinstance(r.event, ApprovalRequested)} - given:
                changed = {"decision": "edit", "arguments": {"text": "Lives in: Leipzig, the north"}}
                first = step == "t1/ask:memory.write:1"
                process.session.answer(step, ALLOW.model_copy(update=changed) if first else ALLOW)
        return lives.records

    records = runner.run(scene())
    assert [r.event.memory.text for r in records if isinstance(r.event, MemoryWritten)] == [
        "Lives in: Leipzig, the north"
    ]
    told = lines(records, "asking")
    (name,) = [line["write"] for line in told if "write" in line]
    assert {line["of"] for line in told if line.get("verdict") == "memory.write"} <= {name, f"{name}.1"}
    same_again(records, runner, tmp_path, rest="asking")


def test_an_edit_of_a_call_that_may_have_run_holds_nothing(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> list[Record]:
        lives = Lives([refund(120)], held="orders.refund", rest="masking")
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(ToolStarted)
        lives.world.spend_elsewhere(50)  # its lives are told
        await lives.crash()
        await lives.now.at(ApprovalRequested, "t1/ask:c1.unknown")
        lives.level(4)  # so that it is decided once more when that is answered
        changed = {"order_id": 1, "amount": 120, "to": "DE89 3704 0044 0532 0130 00"}
        lives.now.session.answer(
            "t1/ask:c1.unknown", ALLOW.model_copy(update={"decision": "edit", "arguments": changed})
        )
        await lives.now.over()
        await lives.say("Thank you. It is kim@post.example.").over()
        return lives.records

    records = runner.run(scene())
    assert any(line.get("answer") == "c1.unknown" for line in lines(records, "masking"))
    assert not any("held" in line for line in lines(records, "masking"))
    same_again(records, runner, tmp_path, rest="masking")


def test_what_is_held_about_an_edited_call_is_about_the_arguments_of_its_own_life(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    def changed(amount: float | str, to: str) -> ApprovalReply:
        return ALLOW.model_copy(update={"decision": "edit", "arguments": {"order_id": 1, "amount": amount, "to": to}})

    async def scene() -> list[Record]:
        lives = Lives([refund(120)])
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.answer("t1/ask:c1", changed(60, "+49 341 5550123"))
        await lives.now.at(ApprovalRequested, "t1/ask:c1.1")
        branch_of(lives, ApprovalRequested, "t1/ask:c1.1")
        await lives.begin_again()
        lives.now.session.answer("t1/ask:c1", changed("many", "kim@post.example"))
        await lives.now.over()
        return lives.records

    records = runner.run(scene())
    assert [line["held"] for line in lines(records) if "held" in line] == ["c1.1"]
    assert any(line.get("status") == "invalid" for line in lines(records))
    holds(records, runner, tmp_path)
