"""Sessions in which everything happened said again: no effect unasked, nothing kept that is not the same, legal logs.

The sessions are stories (`chaos`); each is rerun from its first turn, with a model that goes its own way from some point
on, under the same policy and under a stricter one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from greenroom.approval.automatic import DenyAll
from greenroom.approval.port import Approver
from greenroom.core.canonical import canonical
from greenroom.core.errors import UsageError
from greenroom.core.events import ApprovalGiven, Record, SessionForked, ToolReturned, ToolStarted
from greenroom.core.messages import ModelReply, ModelRequest
from greenroom.core.values import ApprovalReply, Card, ToolCall, ToolResult
from greenroom.engine.outside import Outside
from greenroom.engine.replay.again import LogRecording, replay
from greenroom.engine.rerun.ports import through
from greenroom.engine.rerun.recording import RerunRecording
from greenroom.engine.rerun.turns import announce, before, said, say
from greenroom.engine.session import Session
from greenroom.log.memory_log import MemoryLog
from greenroom.models.port import OnFailure, OnText
from tests.engine.chaos_world import Shelf, World, _call, contract
from tests.engine.replay.test_replays_hold import TROUBLE, closed, lived
from tests.engine.stage import ListMemory, OnePassage

STORIES = 5


class Elsewhere(Shelf):
    """A world for reruns: it is its own model and tools, and keeps which effects it had."""

    name = "chaos"

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.ran: list[str] = []

    async def generate(self, request: ModelRequest, on_text: OnText, on_failure: OnFailure) -> ModelReply:
        if self.dice.random() < 0.4:
            return ModelReply(model="chaos", text="Done.")
        calls = tuple(_call(self.dice) for _ in range(self.dice.randint(1, 3)))
        return ModelReply(model="chaos", calls=calls, finish="calls")

    async def call(self, call: ToolCall, idempotency_key: str) -> ToolResult:
        if call.tool != "orders.get":
            self.ran.append(idempotency_key.partition("/")[2])
        return ToolResult(status="done", output={"ok": True})


class Anybody:
    """Says yes to everything."""

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        return ApprovalReply(decision="allow", approver="ann", established="a test")


async def again(records: list[Record], seed: int, policy: str, approver: Approver, *, anew: bool) -> Any:
    """The story said again: its session, and the world in which it was."""
    plan, world, place = said(records, 1), Elsewhere(seed), World(Random(seed))
    at = before(records, plan[0].turn)
    log = MemoryLog("s2", place.clock, place.ids, records[: at + 1])
    log.append(SessionForked(session="s2", parent="s1", parent_seq=at, parent_hash=records[at].hash))
    recording = RerunRecording(records, {1 + n: one.turn for n, one in enumerate(plan)}, anew=anew)
    outside = Outside(world, world, OnePassage(), ListMemory(), approver, place.clock, place.ids)
    session = Session(log, contract(policy), through(recording, outside), recording=recording)
    recording.attach(session)
    announce(session, plan, (), {}, {})
    await say(session, plan, {})
    return session, world


def stories(runner: asyncio.Runner, trouble: str) -> Iterator[tuple[int, list[Record]]]:
    for seed in range(STORIES):
        records = lived(seed, runner, trouble)
        try:
            said(records, 1)
        except UsageError:
            continue  # nothing was said
        yield seed, records


@pytest.mark.parametrize("policy", ["usual", "strict"])
@pytest.mark.parametrize("trouble", TROUBLE)
def test_without_a_person_a_rerun_has_no_effect_and_keeps_only_what_is_the_same(
    trouble: str, policy: str, runner: asyncio.Runner
) -> None:
    wrong = []
    for seed, records in stories(runner, trouble):
        for anew in (False, True):
            session, world = runner.run(again(records, seed, policy, DenyAll(), anew=anew))
            wrong += [f"seed {seed}: {step} ran" for step in world.ran]
            wrong += [f"seed {seed}: {one}" for one in _unlike(records, session)]
    assert wrong == []


@pytest.mark.parametrize("trouble", TROUBLE)
def test_what_ran_again_was_allowed_in_the_rerun_itself(trouble: str, runner: asyncio.Runner) -> None:
    wrong, ran = [], 0
    for seed, records in stories(runner, trouble):
        session, world = runner.run(again(records, seed, "usual", Anybody(), anew=True))
        ran += len(world.ran)
        given = [r.event for r in session.records if isinstance(r.event, ApprovalGiven) and r.event.kept_from is None]
        asked = {one.step.partition("/ask:")[2].partition(".")[0] for one in given if one.decision == "allow"}
        wrong += [f"seed {seed}: {step}" for step in world.ran if step.partition(":")[2] not in asked]
    assert wrong == []
    assert ran > 0


@pytest.mark.parametrize("trouble", TROUBLE)
def test_a_rerun_replays_with_the_same_events(trouble: str, runner: asyncio.Runner) -> None:
    wrong = []
    for seed, records in stories(runner, trouble):
        session, _ = runner.run(again(records, seed, "usual", DenyAll(), anew=bool(seed % 2)))
        place = World(Random(0))
        twin = closed(MemoryLog("s2", place.clock, place.ids), LogRecording(session.records), place.clock, place.ids)
        result = runner.run(replay(twin, session.records))
        wrong += [] if result.same else [f"seed {seed}: {result.step} {result.difference}"]
    assert wrong == []


def _unlike(records: list[Record], session: Session) -> list[str]:
    """Kept results that are not those of the very same call."""
    found = []
    started = {r.event.step: r.event for r in session.records if isinstance(r.event, ToolStarted)}
    for record in session.records:
        event = record.event
        if not isinstance(event, ToolReturned) or event.kept_from is None:
            continue
        then, mine = records[event.kept_from].event, started[event.step]
        begun = next(
            r.event for r in reversed(records) if isinstance(r.event, ToolStarted) and r.event.step == then.step
        )
        if (begun.tool, canonical(begun.arguments)) != (mine.tool, canonical(mine.arguments)):
            found.append(f"{event.step} is not {then.step}")
    return found
