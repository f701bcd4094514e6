"""A turn that was cut off has let in, proposed and kept what it had by then, and nothing more."""

from __future__ import annotations

import asyncio
from pathlib import Path

from greenroom.core.events import (
    ApprovalRequested,
    Event,
    GatePaused,
    MemoriesProposed,
    ReplyReleased,
    TurnResumed,
    VerdictReached,
)
from greenroom.core.values import ApprovalReply, GateReply
from tests.engine.replay.test_forked_stories import branch_of
from tests.engine.replay.test_lives import runner
from tests.engine.replay.test_mixed_stories import from_log
from tests.engine.scripted import ALLOW, DENY, STOP, Lives, Scripted, lines, refund, same_again

__all__ = ["runner"]
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


async def asked_once_more(at: type[Event]) -> Lives:
    """What is to be said was asked about and let pass; in a branch after that it is asked about again."""
    lives = Lives(rest="whole", words="Write to kim@post.example.")
    await lives.say("I live in Leipzig.").at(ApprovalRequested)
    await lives.cut_off()
    lives.resume()
    lives.now.session.answer("t1/ask:output", ALLOW)
    await lives.now.over()
    branch_of(lives, at)
    await lives.begin_again()
    return lives


def test_a_life_that_broke_off_once_it_had_said_its_reply_proposed_nothing(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = await asked_once_more(ReplyReleased)
        lives.now.session.answer("t1/ask:output", DENY)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert not any(isinstance(r.event, MemoriesProposed) for r in records)
    same_again(records, runner, tmp_path, rest="whole")


def test_what_was_proposed_is_kept_in_the_life_that_kept_it(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> Lives:
        lives = await asked_once_more(MemoriesProposed)
        lives.now.session.answer("t1/ask:output", told_otherwise("By letter."))
        await lives.now.at(ApprovalRequested, "t1/ask:output.1")
        lives.now.session.answer("t1/ask:output.1", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert [line["in"] for line in lines(records, "whole") if "write" in line] == [3]
    same_again(records, runner, tmp_path, rest="whole")


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


def test_words_that_were_said_before_a_branch_ended_their_turn_are_in_the_next_prompt(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = await asked_once_more(ReplyReleased)
        lives.now.session.answer("t1/ask:output", STOP)
        await lives.now.over()
        await lives.say().over()
        return lives

    records = runner.run(scene()).records
    assert [line["release"] for line in lines(records, "whole") if "release" in line] == ["Write to ‹email#1›."]
    same_again(records, runner, tmp_path, rest="whole")
