"""In a branch nobody is asked again about words that a model has read before it began; about those of which nothing had come
they are.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    ContextSelected,
    Event,
    Record,
    ReplyGenerated,
    SessionForked,
    ToolStarted,
    TurnFinished,
)
from tests.engine.chaos_world import contract, ticks
from tests.engine.replay.test_forked_stories import branch_of, holds
from tests.engine.scripted import ALLOW, DENY, NOTE, PATIENCE, Lives

LONG = "Tell me all of it. " * 40
"""Words that make a prompt so long that a rule asks."""


async def until(lives: Lives, kind: type[Event], step: str = "") -> None:
    """Allow whatever is asked until something of a kind happens."""
    for _ in range(PATIENCE):
        if any(isinstance(r.event, kind) and step in ("", r.event.step) for r in lives.records):
            return
        await ticks(2)
        for asked in open_questions(lives):
            lives.now.session.answer(asked, ALLOW)
    raise AssertionError(f"no {kind.__name__}")


def open_questions(lives: Lives) -> set[str]:
    found: set[str] = set()
    for event in (record.event for record in lives.records):
        if isinstance(event, ApprovalRequested):
            found.add(event.step)
        elif isinstance(event, ApprovalGiven):
            found.discard(event.step)
    return found


def asked_after(records: list[Record], kind: type[Event]) -> list[str]:
    begin = max(r.seq for r in records if isinstance(r.event, kind))
    return [r.event.step for r in records if isinstance(r.event, ApprovalRequested) and r.seq > begin]


@pytest.mark.parametrize(
    ("at", "again"),
    [
        (ApprovalGiven, ["t1/ask:retrieval:2", "t1/ask:prompt:1", "t1/ask:prompt:2"]),
        (ContextSelected, ["t1/ask:prompt:1", "t1/ask:prompt:2"]),
        (ReplyGenerated, ["t1/ask:prompt:2"]),
        (ToolStarted, ["t1/ask:prompt:2"]),
    ],
)
def test_a_branch_asks_about_what_nothing_has_come_of(
    at: type[Event], again: list[str], runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> list[Record]:
        lives = Lives([NOTE], rest="asking")
        lives.say(LONG)
        await until(lives, at)
        branch_of(lives, at)
        await lives.as_kept()
        lives.resume()
        await until(lives, TurnFinished)
        return lives.records

    records = runner.run(scene())
    assert asked_after(records, SessionForked) == again
    holds(records, runner, tmp_path, "asking")


def test_a_passage_that_was_declined_and_left_out_stays_out(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> list[Record]:
        lives = Lives([NOTE], rest="asking")
        await lives.say("What about returns?").at(ApprovalRequested)
        lives.now.session.answer("t1/ask:retrieval:2", DENY)
        await lives.now.at(ContextSelected)
        branch_of(lives, ContextSelected)
        await lives.as_kept()
        lives.resume()
        await until(lives, TurnFinished)
        return lives.records

    records = runner.run(scene())
    assert asked_after(records, SessionForked) == []
    assert {r.event.passages for r in records if isinstance(r.event, ContextSelected)} == {("p1",)}
    holds(records, runner, tmp_path, "asking")


def test_under_another_policy_it_is_asked_again(runner: asyncio.Runner) -> None:
    async def scene() -> list[Record]:
        lives = Lives([NOTE], rest="asking")
        lives.say("What about returns?")
        await until(lives, ReplyGenerated)
        branch_of(lives, ReplyGenerated)
        await lives.as_kept()
        lives.now.session.reload(contract("strict", "asking"))
        lives.resume()
        await lives.now.at(ApprovalRequested, "t1/ask:retrieval:2", times=2)
        await lives.now.die()
        return lives.records

    assert asked_after(runner.run(scene()), SessionForked)[0] == "t1/ask:retrieval:2"
