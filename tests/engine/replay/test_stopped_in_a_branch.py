"""A branch that begins right after an answer about words, before anything came of it, and in which a person then ends the turn:
in its replay nothing comes of that answer either.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    ContextSelected,
    Record,
    ReplyReleased,
    SessionForked,
)
from greenroom.core.values import ApprovalReply
from tests.engine.replay.test_forked_stories import branch_of, holds
from tests.engine.scripted import ALLOW, DENY, STOP, Lives

MAIL = "I live in Leipzig, and you can write to mara.lindt@post.example."


@pytest.mark.parametrize(
    ("rest", "words", "step", "answer"),
    [
        ("asking", "What about returns?", "retrieval:2", ALLOW),
        ("counting", MAIL, "input", DENY),
        ("asking", "Tell me all of it. " * 40, "prompt:1", DENY),
    ],
)
def test_nothing_comes_of_an_answer_that_a_branch_takes_back(
    rest: str, words: str, step: str, answer: ApprovalReply, runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> list[Record]:
        lives = Lives([], rest=rest)
        lives.say(words)
        for asked in dict.fromkeys(("retrieval:2", step) if step.startswith("prompt") else (step,)):
            await lives.now.at(ApprovalRequested, f"t1/ask:{asked}")
            lives.now.session.answer(f"t1/ask:{asked}", answer if asked == step else ALLOW)
        await lives.now.at(ApprovalGiven, f"t1/ask:{step}")
        branch_of(lives, ApprovalGiven, f"t1/ask:{step}")
        await lives.begin_again()
        lives.now.session.answer(f"t1/ask:{step}", STOP)
        await lives.now.over()
        return lives.records

    records = runner.run(scene())
    assert not any(isinstance(r.event, ReplyReleased) for r in records)
    assert any(isinstance(r.event, ContextSelected) for r in records) is step.startswith("prompt")
    holds(records, runner, tmp_path, rest)


def test_a_turn_that_has_refused_is_not_asked_again_whether_it_does(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> list[Record]:
        lives = Lives([], rest="counting")
        await lives.say(MAIL).at(ApprovalRequested, "t1/ask:input")
        lives.now.session.answer("t1/ask:input", DENY)
        await lives.now.over()
        branch_of(lives, ReplyReleased)
        await lives.as_kept()
        await lives.resume().over()
        return lives.records

    records = runner.run(scene())
    forked = next(r.seq for r in records if isinstance(r.event, SessionForked))
    assert not any(isinstance(r.event, ApprovalRequested) for r in records if r.seq > forked)
    holds(records, runner, tmp_path, "counting")
