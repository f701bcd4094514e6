"""A session replays with the same verdicts, from its log and from its tape, whatever people did in it.

The sessions are stories (`chaos`) whose policy stays what it was: a fixture holds one contract. Each kind of trouble
comes alone, and as often as it likes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from greenroom.core.errors import UsageError
from greenroom.core.events import Record, TurnFinished, VerdictReached
from greenroom.engine.outside import Outside
from greenroom.engine.replay.again import LogRecording, replay
from greenroom.engine.replay.closed import ClosedModel, ClosedParts
from greenroom.engine.session import Session
from greenroom.engine.steps import Recording
from greenroom.log.memory_log import MemoryLog
from greenroom.log.port import Log
from greenroom.regression.case import Case
from greenroom.regression.record.record import record
from greenroom.regression.replay.plain_log import log_for
from greenroom.regression.replay.replay import replay_tape
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.tape import read, write
from tests.engine.chaos import DEEDS, Story
from tests.engine.chaos_world import Shelf, World, contract

STORIES = 40
SETTLED = (Story.answer, Story.answer_twice, Story.answer_something_else, Story.wait, Story.revoke)
DEEDS_HERE: dict[Callable[[Story], Any], int] = {deed: weight for deed, weight in DEEDS.items() if deed in SETTLED}
"""Every kind of answer, to calls and to words, leave given and taken back, deadlines and days that go by."""

TROUBLE: dict[str, tuple[Callable[[Story], Any], ...]] = {
    "nothing else": (),
    "cancelled": (Story.cancel,),
    "killed": (Story.kill,),
    "closed": (Story.close,),
    "given up": (Story.abandon,),
    "stopped": (Story.press, Story.lift),
    "levels": (Story.autonomy,),
    "other spenders": (Story.spend_elsewhere, Story.sleep_over),
    "stepped through": (Story.step_mode,),
    "asked again": (Story.ask_again,),
}


def lived(seed: int, runner: asyncio.Runner, trouble: str = "nothing else") -> list[Record]:
    """A story to the end of its last turn."""
    made: list[Story] = []

    async def scene() -> list[Record]:
        made.append(Story(seed, DEEDS_HERE | {deed: DEEDS[deed] for deed in TROUBLE[trouble]}))
        return await made[0].finish()

    return runner.run(scene())


def closed(log: Log, recording: Recording, clock: Any, ids: Any) -> Session:
    """A session with nothing outside."""
    parts = ClosedParts(Shelf())
    outside = Outside(ClosedModel("chaos"), parts, parts, parts, parts, clock, ids)
    return Session(log, contract("usual"), outside, recording=recording)


def verdicts(records: list[Record]) -> dict[str, tuple[str, str]]:
    """What was decided of every call and text in turns that ended; where it was decided anew, what counted."""
    ended = {r.event.turn for r in records if isinstance(r.event, TurnFinished)}
    return {
        r.event.step: (r.event.effect, r.event.rule)
        for r in records
        if isinstance(r.event, VerdictReached) and r.event.turn in ended and ".unknown" not in r.event.step
    }


def test_a_log_replays_with_the_same_verdicts(runner: asyncio.Runner) -> None:
    wrong = []
    for seed in range(100):
        records = lived(seed, runner)
        world = World(Random(0))
        twin = closed(MemoryLog("s1", world.clock, world.ids), LogRecording(records), world.clock, world.ids)
        replayed = runner.run(replay(twin, records))
        if not replayed.same or verdicts(list(twin.records)) != verdicts(records):
            wrong.append(f"seed {seed}: {replayed.step} {replayed.difference}")
    assert wrong == []


@pytest.mark.parametrize("trouble", TROUBLE)
def test_a_tape_replays_with_the_same_verdicts(trouble: str, runner: asyncio.Runner, tmp_path: Path) -> None:
    wrong, taped = [], 0
    for seed in range(STORIES):
        records = lived(seed, runner, trouble)
        try:
            kept = record(records, contract("usual").policy)
        except UsageError:
            continue  # no turn ended
        parts = Parts(tmp_path)
        parts.write(kept.texts)

        def build(recording: Recording, *, persona: str, model: str, clock: Any, ids: Any) -> Session:
            return closed(log_for(recording), recording, clock, ids)

        tape = read(write(kept.tape), "x.tape.jsonl")
        result = runner.run(replay_tape(tape, Case(schema="case/1", why="w"), build, parts))
        taped += 1
        if result.kind != "passed":
            wrong.append(f"seed {seed}: {result.kind} {result.line}\n{result.detail}")
    assert wrong == []
    assert taped > STORIES * 0.6
