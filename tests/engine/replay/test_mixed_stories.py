"""A session in which everything at once went wrong replays with the same events, from its log and from its tape.

Each seed is one story (`chaos`) with every kind of trouble but another policy, for a fixture holds one contract: cut off
and taken up again, killed, given up, stopped, stepped through, at other levels, beside other spenders. 200 by default;
`--mixed 2000` tells as many as wanted, `--mixed-from 1289 --mixed 1` that one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from greenroom.core.errors import UsageError
from greenroom.core.events import Record
from greenroom.engine.outside import Outside
from greenroom.engine.replay.again import LogRecording, Replayed, replay
from greenroom.engine.replay.closed import ClosedModel, ClosedParts
from greenroom.engine.session import Session
from greenroom.engine.steps import Recording
from greenroom.log.memory_log import MemoryLog
from greenroom.regression.case import Case
from greenroom.regression.record.record import record
from greenroom.regression.replay.closed_session import closed_session
from greenroom.regression.replay.outcome import Outcome
from greenroom.regression.replay.replay import replay_tape
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.tape import Tape, read, write
from tests.engine.chaos import DEEDS, Story
from tests.engine.chaos_world import Shelf, World, contract, opened_anew

BLOCKS = 8
RELOADS = (Story.reload, Story.reload_and_answer, Story.answer_and_reload)
TROUBLE: dict[Callable[[Story], Any], int] = {deed: weight for deed, weight in DEEDS.items() if deed not in RELOADS}


def lived(seed: int, runner: asyncio.Runner) -> list[Record]:
    """A story to the end of its last turn."""

    async def scene() -> list[Record]:
        return await Story(seed, TROUBLE).finish()

    return runner.run(scene())


def from_log(records: list[Record], runner: asyncio.Runner, session: str = "s1", rest: str = "first") -> Replayed:
    """The session replayed from its log, in a log that commits to its events as its own did."""
    world, recording = World(Random(0)), LogRecording(records)
    parts = ClosedParts(Shelf())
    outside = Outside(ClosedModel("chaos"), parts, parts, parts, parts, world.clock, world.ids)
    log = MemoryLog(session, world.clock, world.ids)
    twin = Session(log, opened_anew(contract("usual", rest)), outside, recording=recording)
    return runner.run(replay(twin, records))


def from_tape(
    records: list[Record],
    runner: asyncio.Runner,
    folder: Path,
    edited: Callable[[Tape], Tape] = lambda tape: tape,
    rest: str = "first",
) -> Outcome | None:
    """The session exported and replayed; None where no turn ended."""
    try:
        kept = record(records, contract("usual", rest).policy)
    except UsageError:
        return None
    parts = Parts(folder)
    parts.write(kept.texts)

    def build(recording: Recording, *, persona: str, model: str, clock: Any, ids: Any) -> Session:
        return closed_session(opened_anew(contract("usual", rest)), Shelf(), recording, clock, ids)

    tape = read(write(edited(kept.tape)), "x.tape.jsonl")
    return runner.run(replay_tape(tape, Case(schema="case/1", why="w"), build, parts))


@pytest.mark.parametrize("block", range(BLOCKS))
def test_a_session_with_all_kinds_of_trouble_replays(
    block: int, runner: asyncio.Runner, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    wrong, taped = [], 0
    begin, number = int(pytestconfig.getoption("mixed_from")), int(pytestconfig.getoption("mixed"))
    seeds = range(begin + block, begin + number, BLOCKS)
    for seed in seeds:
        records = lived(seed, runner)
        replayed = from_log(records, runner)
        if not replayed.same:
            wrong.append(f"seed {seed}, its log: {replayed.step} {replayed.difference}")
        outcome = from_tape(records, runner, tmp_path)
        taped += outcome is not None
        if outcome is not None and outcome.kind != "passed":
            wrong.append(f"seed {seed}, its tape: {outcome.kind} {outcome.line}\n{outcome.detail}")
    assert not wrong, f"{len(wrong)} of {len(seeds)}\n" + "\n\n".join(wrong[:5])
    assert taped >= len(seeds) * 0.8
