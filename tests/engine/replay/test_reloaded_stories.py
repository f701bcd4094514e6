"""Sessions whose persona, prompt, limits, tools and policy are written and read again while they run replay all the same.

What is promised: the log replays with the same events, each under what governed it then. A fixture holds one contract, so
an export is of turns that ended under one: they replay, with the turns before them as they were recorded. Where the
policy changed in the middle of a turn and what it decided comes out otherwise under the later one, the export says so and
writes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from greenroom.core.errors import UsageError
from greenroom.core.events import ApprovalRequested, ContractLoaded, Record, ToolReturned, VerdictReached
from greenroom.core.values import ToolCall
from greenroom.engine.outside import Outside
from greenroom.engine.replay.again import LogRecording, Replayed, replay
from greenroom.engine.replay.closed import ClosedModel, ClosedParts
from greenroom.engine.session import Session
from greenroom.engine.steps import Recording
from greenroom.log.memory_log import MemoryLog
from greenroom.regression.case import Case
from greenroom.regression.record.governing import changed_within, governing, stretches
from greenroom.regression.record.record import Recorded, record
from greenroom.regression.replay.closed_session import closed_session
from greenroom.regression.replay.outcome import Outcome
from greenroom.regression.replay.replay import replay_tape
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.tape import read, write
from tests.engine.chaos import Story
from tests.engine.chaos_changes import CHANGES, Changing
from tests.engine.chaos_world import Shelf, World, contract, contract_of, opened_anew, ticks
from tests.engine.scripted import ALLOW, Lives, refund

STORIES = 40
CHANGED = (Changing.write, Changing.read, Changing.write_and_read, Changing.write_back, Story.reload)
ALWAYS = (
    *(Story.answer, Story.answer_twice, Story.answer_something_else, Story.wait, Story.revoke),
    *(*CHANGED, Story.reload_and_answer, Story.answer_and_reload),
)
TROUBLE: dict[str, tuple[Any, ...]] = {
    "nothing else": (),
    "other spenders": (Story.spend_elsewhere, Story.sleep_over),
    "stopped": (Story.press, Story.lift),
    "asked again": (Story.ask_again,),
    "all of these": (Story.spend_elsewhere, Story.sleep_over, Story.press, Story.lift, Story.ask_again),
}


def lived(seed: int, trouble: str, runner: asyncio.Runner) -> list[Record]:
    async def scene() -> list[Record]:
        deeds = {deed: CHANGES[deed] for deed in CHANGES if deed in (*ALWAYS, *TROUBLE[trouble])}
        return await Changing(seed, deeds).finish()

    return runner.run(scene())


def from_log(records: list[Record], runner: asyncio.Runner, session: str = "s1") -> Replayed:
    """The session replayed from its log, under each of its contracts where that came in."""
    loaded = [(r.seq, r.event) for r in records if isinstance(r.event, ContractLoaded)]
    contracts = {seq: opened_anew(contract_of(event.digests)) for seq, event in loaded}
    world, parts = World(Random(0)), ClosedParts(Shelf())
    outside = Outside(ClosedModel("chaos"), parts, parts, parts, parts, world.clock, world.ids)
    log = MemoryLog(session, world.clock, world.ids)
    twin = Session(log, contracts[min(contracts)], outside, recording=LogRecording(records))
    return runner.run(replay(twin, records, contracts))


def from_tape(records: list[Record], turns: tuple[int, int], runner: asyncio.Runner, folder: Path) -> Outcome:
    """A range of its turns exported and replayed. Raises what an export raises."""
    contract = contract_of(governing(records)[turns[1]].digests)
    played = list[Outcome]()

    def build(recording: Recording, *, persona: str, model: str, clock: Any, ids: Any) -> Session:
        return closed_session(opened_anew(contract), Shelf(), recording, clock, ids)

    def replays(made: Recorded, records: Sequence[Record], loaded: ContractLoaded) -> str:
        parts = Parts(folder, made.texts)
        tape = read(write(made.tape), "x.tape.jsonl")
        played.append(runner.run(replay_tape(tape, Case(schema="case/1", why="w"), build, parts)))
        return played[-1].line if played[-1].kind != "passed" else ""

    made = record(records, contract.policy, turns, replays=replays)
    if not played:  # nothing changed in the middle of a turn
        replays(made, records, governing(records)[turns[1]])
    return played[-1]


@dataclass
class Again:
    """What came of sessions that were replayed from their logs and, in each stretch under one contract, from their tapes.
    `refused` says why an export was, and whether something had changed in the middle of its turns.
    """

    wrong: list[str] = field(default_factory=list)
    taped: int = 0
    refused: set[tuple[str, bool]] = field(default_factory=set)

    def take(self, seed: int, records: list[Record], runner: asyncio.Runner, folder: Path, session: str = "s1") -> None:
        """Replay one more."""
        replayed = from_log(records, runner, session)
        if not replayed.same:
            self.wrong.append(f"seed {seed}, the log of {session}: {replayed.step} {replayed.difference}")
        within = changed_within(records)
        for turns in stretches(governing(records)):
            try:
                outcome = from_tape(records, turns, runner, folder)
            except UsageError as error:
                self.refused.add((error.code, any(turns[0] <= turn <= turns[1] for turn in within)))
                continue
            self.taped += 1
            if outcome.kind != "passed":
                self.wrong.append(f"seed {seed}, the tape of {session}, {turns}: {outcome.line}\n{outcome.detail}")


@pytest.mark.parametrize("trouble", TROUBLE)
def test_a_session_that_was_reloaded_replays(trouble: str, runner: asyncio.Runner, tmp_path: Path) -> None:
    again = Again()
    for seed in range(STORIES):
        again.take(seed, lived(seed, trouble, runner), runner, tmp_path)
    assert again.wrong == []
    assert again.refused == {("export.changed", True)}
    assert again.taped > STORIES / 2


def test_a_question_that_became_void_is_exported_as_it_was_put_last(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(120)])
        await lives.say().at(ApprovalRequested)
        lives.now.session.reload(contract("strict", "prompt"))  # the prompt waits for the end of the turn
        await lives.now.at(ApprovalRequested, times=2)
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert [r.event.digests.get("rest") for r in records if isinstance(r.event, ContractLoaded)] == [
        None,
        None,
        "prompt",
    ]
    assert from_log(records, runner).same
    assert from_tape(records, (1, 1), runner, tmp_path).kind == "passed"


def test_a_turn_whose_policy_changed_is_not_exported_where_something_is_decided_otherwise_under_the_later_one(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(60), refund(120)], [])
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        lives.now.session.reload(contract("strict"))
        await lives.now.at(ApprovalRequested, "t1/ask:c2", times=2)
        lives.now.session.answer("t1/ask:c2", ALLOW)
        await lives.now.over()
        await lives.say().over()
        return lives

    records = runner.run(scene()).records
    assert from_log(records, runner).same
    with pytest.raises(UsageError) as caught:
        from_tape(records, (1, 2), runner, tmp_path)
    assert caught.value.message == (
        "the policy changed in the middle of turn 1, and replayed under the later one it goes otherwise: "
        "verdict tool.call of c1: rule autonomy -> refund.large"
    )
    assert caught.value.hint == "without it: --turns 2; with it: greenroom session rerun, then export what that made"
    assert from_tape(records, (2, 2), runner, tmp_path).kind == "passed"


def test_a_turn_whose_policy_changed_is_exported_where_everything_is_decided_the_same_under_the_later_one(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(60), refund(300)])
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.answer("t1/ask:c1", ALLOW)
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        lives.now.session.reload(contract("lax"))
        await lives.now.at(ApprovalRequested, "t1/ask:c2", times=2)
        lives.now.session.answer("t1/ask:c2", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert {one.verdict.policy for one in verdicts(records, "t1/verdict:tool.call:c1")} == {"usual@1.0.0"}
    with pytest.raises(UsageError, match="after c1 had been decided"):  # where nobody replays it
        record(records, contract("lax").policy)
    assert from_tape(records, (1, 1), runner, tmp_path).kind == "passed"


def verdicts(records: list[Record], step: str) -> list[VerdictReached]:
    return [r.event for r in records if isinstance(r.event, VerdictReached) and r.event.step == step]


def test_a_call_that_waited_for_the_question_before_it_is_decided_under_what_came_in_between(
    runner: asyncio.Runner,
) -> None:
    async def scene() -> Lives:
        lives = Lives([refund(140), refund(140)])
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.reload(contract("strict"))
        while not any(isinstance(r.event, ToolReturned) for r in lives.records):
            await ticks(1)
        lives.now.session.reload(contract("closed"))  # before the second call has its turn
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert [event.rule for event in verdicts(records, "t1/verdict:tool.call:c2")] == ["refund.large", "envelope"]
    assert from_log(records, runner).same


def test_a_call_of_no_tool_comes_to_its_end_under_what_came_in_after_the_calls_were_decided(
    runner: asyncio.Runner,
) -> None:
    async def scene() -> Lives:
        lives = Lives([ToolCall(id="", tool="orders.lost", arguments={}), refund(20)])
        lives.say()
        while not any(isinstance(r.event, VerdictReached) and r.event.hook == "tool.call" for r in lives.records):
            await ticks(1)
        lives.now.session.reload(contract("strict"))
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        lives.now.session.answer("t1/ask:c2", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    (judged,) = verdicts(records, "t1/verdict:tool.result:c1")
    assert judged.verdict.policy == "strict@1.0.0"
    assert from_log(records, runner).same


def test_a_level_set_between_two_turns_counts_under_the_persona_that_came_in_before_it(runner: asyncio.Runner) -> None:
    async def scene() -> Lives:
        lives = Lives([], [refund(60)])
        lives.now.session.reload(contract("usual", "careful"))
        await lives.say().over()
        lives.now.session.reload(contract("usual"))
        lives.level(2, None)
        await lives.say().at(ApprovalRequested)
        lives.now.session.answer("t2/ask:c1", ALLOW)
        await lives.now.over()
        return lives

    records = runner.run(scene()).records
    assert [one.verdict.autonomy for one in verdicts(records, "t2/verdict:tool.call:c1")] == [2]
    assert from_log(records, runner).same
