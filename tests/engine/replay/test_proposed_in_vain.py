"""A turn that was cut off has let in, proposed and kept what it had by then, and nothing more."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    Event,
    GatePaused,
    MemoriesProposed,
    MemoryWritten,
    ReplyReleased,
    SessionForked,
    TurnResumed,
    VerdictReached,
)
from greenroom.core.values import ApprovalReply, GateReply
from tests.engine.replay.test_forked_stories import branch_of, holds
from tests.engine.replay.test_mixed_stories import from_log
from tests.engine.scripted import ALLOW, DENY, STOP, Lives, Scripted, lines, refund, same_again

CONTINUE = GateReply(action="continue", by="kim")
SKIP = GateReply(action="skip", by="kim")


def test_a_turn_that_was_given_up_before_it_proposed_anything_takes_no_name_from_what_a_later_one_proposed(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives(mode="step", rest="whole")
        lives.say("My name is Mara Lindt.")
        for gate in ("input", "recall", "retrieve", "prompt:1"):
            await lives.now.at(GatePaused, f"t1/gate:{gate}")
            lives.now.session.pass_gate(f"t1/gate:{gate}", CONTINUE)
        await lives.now.at(GatePaused, "t1/gate:output")
        await lives.cut_off()
        lives.now.session.abandon("enough")
        lives.now.session.set_mode("run")
        await lives.say("My name is Mara Lindt.").over()
        return lives

    records = runner.run(scene()).records
    assert [r.event.turn for r in records if isinstance(r.event, MemoriesProposed)] == [2]
    same_again(records, runner, tmp_path, rest="whole")


def told_otherwise(text: str) -> ApprovalReply:
    return ApprovalReply(decision="edit", approver="kim", established="test", arguments={"text": text})


async def let_pass(at: type[Event]) -> Lives:
    """What is to be said was asked about and let pass in a second life; a branch begins at something after that."""
    lives = Lives(rest="whole", words="Write to kim@post.example.")
    await lives.say("I live in Leipzig.").at(ApprovalRequested)
    await lives.cut_off()
    lives.resume()
    lives.now.session.answer("t1/ask:output", ALLOW)
    await lives.now.over()
    branch_of(lives, at)
    return lives


@pytest.mark.parametrize("answer", [DENY, STOP, told_otherwise("By letter.")], ids=["deny", "stop", "edit"])
def test_words_that_were_let_pass_and_not_said_yet_are_asked_about_again_in_a_branch_and_said_as_that_has_it(
    answer: ApprovalReply, runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = await let_pass(ApprovalGiven)
        await lives.begin_again()
        lives.now.session.answer("t1/ask:output", answer)
        if answer.decision == "edit":
            await lives.now.at(ApprovalRequested, "t1/ask:output.1")
            await lives.crash()
            lives.now.session.answer("t1/ask:output.1", ALLOW)
        await lives.now.over()
        await lives.say("Thank you.").over()
        return lives

    records = runner.run(scene()).records
    assert sum(isinstance(r.event, MemoriesProposed) and r.event.turn == 1 for r in records) == (
        answer.decision == "edit"
    )
    holds(records, runner, tmp_path, "whole")


def test_words_that_had_been_said_are_not_asked_about_again_in_a_branch(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> Lives:
        lives = await let_pass(ReplyReleased)
        await lives.as_kept()
        await lives.resume().over()
        await lives.say("Thank you.").over()
        return lives

    records = runner.run(scene()).records
    forked = next(r.seq for r in records if isinstance(r.event, SessionForked))
    asked = [r.seq > forked for r in records if isinstance(r.event, ApprovalRequested) and r.event.turn == 1]
    assert asked == [False]
    assert any(isinstance(r.event, MemoryWritten) and r.event.turn == 1 for r in records)
    holds(records, runner, tmp_path, "whole")


def test_what_was_proposed_is_kept_in_the_life_that_kept_it(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> Lives:
        lives, kept = Lives(rest="asking"), "t1/ask:memory.write:1"
        lives.say("I live in Leipzig.")
        for asked in ("t1/ask:retrieval:2", kept):
            await lives.now.at(ApprovalRequested, asked)
            lives.now.session.answer(asked, ALLOW)
        await lives.now.over()
        branch_of(lives, ApprovalGiven, kept)
        await lives.begin_again()
        lives.now.session.answer(kept, ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert [line["in"] for line in lines(records, "asking") if "write" in line] == [2]
    holds(records, runner, tmp_path, "asking")


def test_a_turn_that_was_given_up_before_it_let_anything_in_taints_nothing(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives(rest="whole")
        await lives.say().over()
        branch_of(lives, VerdictReached, "t1/verdict:retrieval:p2")
        kept = lives.world.kept
        await lives.now.die()
        lives.world.kept = kept
        lives.now = Scripted(lives.world, [[refund(120)]])
        session = lives.now.session
        session.abandon("enough")
        session.set_mode("step")
        lives.say()
        for gate, action in (("input", CONTINUE), ("recall", CONTINUE), ("retrieve", SKIP)):
            await lives.now.at(GatePaused, f"t2/gate:{gate}")
            session.pass_gate(f"t2/gate:{gate}", action)
        session.set_mode("run")
        await lives.now.at(ApprovalRequested)
        session.answer("t2/ask:c1", DENY)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    [card] = [r.event.card for r in records if isinstance(r.event, ApprovalRequested)]
    assert card.origin == ("user",)
    assert from_log(records, runner, "s2", rest="whole").same
    same_again(records, runner, tmp_path, rest="whole")


def test_a_turn_that_was_given_up_where_it_would_have_kept_nothing_comes_there_again(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(120)], rest="whole", mode="tools")
        session = lives.now.session
        await lives.say().at(GatePaused, "t1/gate:tool:c1")
        lives.level(1)  # taken on in the next life, so the tape tells lives
        await lives.cut_off()
        await lives.resume().at(TurnResumed)
        session.pass_gate("t1/gate:tool:c1", CONTINUE)
        await lives.now.at(ApprovalRequested)
        session.set_mode("step")
        session.answer("t1/ask:c1", DENY)
        for gate in ("result:c1", "prompt:2", "output"):
            await lives.now.at(GatePaused, f"t1/gate:{gate}")
            session.pass_gate(f"t1/gate:{gate}", CONTINUE)
        await lives.now.at(GatePaused, "t1/gate:remember")
        await lives.cut_off()
        session.abandon("enough")
        session.set_mode("run")
        await lives.say().over()
        return lives

    records = runner.run(scene()).records
    assert {"gate": "remember", "action": "waited", "life": 2} in lines(records, "whole")
    same_again(records, runner, tmp_path, rest="whole")
