"""A turn that is taken up again in another mode stops at no gate whose words were judged behind it already: the question that
is open there is answered as it was put, and a tape tells it once.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from greenroom.core.events import ApprovalGiven, ApprovalRequested, GatePaused, Record
from greenroom.core.values import GateReply
from tests.engine.chaos_world import ticks
from tests.engine.scripted import ALLOW, NOTE, PATIENCE, Lives, lines, same_again

MAIL = "mara.lindt@post.example"
GO_ON = GateReply(action="continue", by="kim", established="test")


async def carried_on(lives: Lives) -> list[Record]:
    """Whoever is asked allows it, whoever stops goes on, until the turn rests."""
    process = lives.now
    for _ in range(PATIENCE):
        if not process.busy:
            return lives.records
        await ticks(2)
        given = {r.event.step for r in lives.records if isinstance(r.event, ApprovalGiven)}
        for step in {r.event.step for r in lives.records if isinstance(r.event, ApprovalRequested)} - given:
            process.session.answer(step, ALLOW)
        if step := process.session.waiting_gate():
            process.session.pass_gate(step, GO_ON)
    raise AssertionError("the turn goes on")


@pytest.mark.parametrize(
    ("rest", "words", "step", "before"),
    [
        ("asking", "What about returns?", "t1/ask:retrieval:2", "retrieve"),
        ("asking", "Tell me all of it. " * 40, "t1/ask:prompt:1", "prompt:1"),
        ("asking", "Tell me of it. " * 20, "t1/ask:prompt:2", "result:c1"),
    ],
)
def test_the_gate_before_an_open_question_about_words_is_left_behind(
    rest: str, words: str, step: str, before: str, runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> list[Record]:
        lives = Lives([NOTE], rest=rest)
        lives.say(words)
        for _ in range(3):
            asked = [r.event.step for r in lives.records if isinstance(r.event, ApprovalRequested)]
            if step in asked:
                break
            await lives.now.at(ApprovalRequested, times=len(asked) + 1)
            last = [r.event.step for r in lives.records if isinstance(r.event, ApprovalRequested)][-1]
            if last != step:
                lives.now.session.answer(last, ALLOW)
        await lives.now.at(ApprovalRequested, step)
        await lives.crash(mode="step")
        return await carried_on(lives)

    records = runner.run(scene())
    stopped = [r.event.step for r in records if isinstance(r.event, GatePaused)]
    assert f"t1/gate:{before}" not in stopped
    assert "t1/gate:output" in stopped
    assert [r.event.step for r in records if isinstance(r.event, ApprovalGiven)].count(step) == 1
    same_again(records, runner, tmp_path, rest=rest)


def test_a_passage_that_a_person_changed_takes_no_private_word_along(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> list[Record]:
        lives = Lives(mode="step", rest="asking")
        lives.say("What about returns?")
        for gate in ("input", "recall"):
            await lives.now.at(GatePaused, f"t1/gate:{gate}")
            lives.now.session.pass_gate(f"t1/gate:{gate}", GO_ON)
        await lives.now.at(GatePaused, "t1/gate:retrieve")
        changed = GateReply(action="edit", edit=[{"at": 2, "text": f"Write to {MAIL}."}], by="kim", established="test")
        lives.now.session.pass_gate("t1/gate:retrieve", changed)
        return await carried_on(lives)

    records = runner.run(scene())
    (asked,) = [line for line in lines(records, "asking") if line.get("ask") == "retrieval:1"]
    assert asked["args"] == {"text": "Write to ‹email#1›."}
    assert MAIL not in str(lines(records, "asking"))
    same_again(records, runner, tmp_path, rest="asking")
