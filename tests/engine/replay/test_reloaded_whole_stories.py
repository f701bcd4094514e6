"""Sessions that look things up, remember and are stepped through replay, though all that governs them is written and read
again at any time: as those in `test_reloaded_stories`, and with turns that are killed, cut off and given up.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from greenroom.core.errors import UsageError
from greenroom.core.events import (
    ApprovalRequested,
    AutonomyChanged,
    DaySumsRead,
    GatePaused,
    Record,
    ToolReturned,
    TurnAbandoned,
    TurnResumed,
)
from greenroom.core.values import GateReply, ToolCall
from greenroom.engine.looks import RUN
from greenroom.regression.record.governing import governing
from greenroom.regression.record.record import record
from greenroom.regression.tape.tape import Tape
from tests.engine.chaos_changes import CHANGES, ChangingWhole
from tests.engine.chaos_world import WHOLE, contract, contract_of, ticks
from tests.engine.replay.test_reloaded_stories import Again, from_log, from_tape, verdicts
from tests.engine.scripted import ALLOW, DENY, NOTE, Lives, edit, refund

STORIES = 48
BLOCKS = 4
GO_ON = GateReply(action="continue", by="kim", established="test")


def put(edit: Any) -> GateReply:
    """What a person puts in at a gate."""
    return GateReply(action="edit", edit=edit, by="kim", established="test")


@pytest.mark.parametrize("block", range(BLOCKS))
def test_such_a_session_replays(block: int, runner: asyncio.Runner, tmp_path: Path) -> None:
    again = Again()
    for seed in range(block, STORIES, BLOCKS):
        again.take(seed, runner.run(ChangingWhole(seed, CHANGES).finish()), runner, tmp_path)
    assert again.wrong == []
    assert {code for code, _ in again.refused} == {"export.changed"}
    assert again.taped > STORIES / BLOCKS / 2


async def step_to(lives: Lives, *gates: str) -> None:
    """Let these gates of the first turn pass, one after another."""
    for gate in gates:
        await lives.now.at(GatePaused, f"t1/gate:{gate}")
        lives.now.session.pass_gate(f"t1/gate:{gate}", GO_ON)


def tape_of(records: list[Record], turns: tuple[int, int] | None = None) -> Tape:
    """The tape of a session under what governs it last, as if it went the same under that."""
    policy = list(governing(records).values())[-1]
    return record(records, contract_of(policy.digests).policy, turns, replays=lambda *_: "").tape


def test_an_edited_result_is_judged_under_what_came_in_since_it_was_in_an_earlier_life(runner: asyncio.Runner) -> None:
    async def scene() -> list[Record]:
        lives = Lives([NOTE], mode="step", rest=WHOLE)
        lives.say()
        await step_to(lives, "input", "recall", "retrieve", "prompt:1", "tool:c1")
        await lives.now.at(GatePaused, "t1/gate:result:c1")
        lives.now.session.reload(contract("strict", WHOLE))
        lives.now.session.pass_gate("t1/gate:result:c1", put({"output": {"ok": False}}))
        await lives.now.at(GatePaused, "t1/gate:prompt:2")
        lives.world.policy = "strict"
        await lives.crash()
        await ticks(1)
        assert isinstance(lives.records[-1].event, TurnResumed)
        lives.now.session.reload(contract("usual", WHOLE))  # as when the words were let in
        await ticks(5)
        lives.now.session.pass_gate("t1/gate:prompt:2", GO_ON)
        await lives.now.over()
        return lives.records

    records = runner.run(scene())
    judged = [event.verdict.policy for event in verdicts(records, "t1/verdict:tool.result:c1.gate")]
    assert judged == ["strict@1.0.0", "usual@1.0.0"]
    assert from_log(records, runner).same


def test_a_context_that_is_taken_over_may_have_waited_at_gates_and_been_asked_with_other_words(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> list[Record]:
        lives = Lives([NOTE, refund(120)], mode="step", rest=WHOLE)
        lives.say()
        await step_to(lives, "input", "recall", "retrieve", "prompt:1", "tool:c1")
        await lives.now.at(GatePaused, "t1/gate:result:c1")
        await lives.now.at(GatePaused, "t1/gate:tool:c2")
        lives.world.spend_elsewhere(50)
        await lives.crash(mode="step")
        await lives.now.at(DaySumsRead, "t1/day:c2", times=2)
        await step_to(lives, "tool:c2", "result:c1")
        await lives.now.at(ApprovalRequested, "t1/ask:c2")
        lives.now.session.answer("t1/ask:c2", DENY)
        await step_to(lives, "result:c2")
        await lives.now.at(GatePaused, "t1/gate:prompt:2")
        shorter = [{"source": "input", "at": 1, "text": "refund"}]
        lives.now.session.pass_gate("t1/gate:prompt:2", put(shorter))
        await step_to(lives, "output", "remember")
        await lives.now.over()
        lives.now.session.set_mode("run")
        lives.now.session.reload(contract("usual", "whole, prompt"))
        await lives.say().over()
        return lives.records

    records = runner.run(scene())
    told = tape_of(records, (2, 2))
    assert told.takes_over
    gates = [line["action"] for line in told.events if line.get("gate") in ("tool:c2", "prompt:2")]
    assert gates == ["waited", "continue", "edit"]
    added = [line["added"] for line in told.events if "added" in line][-1]
    assert len([tag for tag in added if tag.startswith("user#")]) == 2  # the words of turn 1 as they are, not as put in
    assert from_tape(records, (2, 2), runner, tmp_path).kind == "passed"


async def given_up_under(lives: Lives, policy: str) -> None:
    """A turn that goes otherwise under another policy, and is given up."""
    lives.now.session.reload(contract(policy))
    before = sum(isinstance(record.event, ApprovalRequested) for record in lives.records)
    await lives.say().at(ApprovalRequested, times=before + 1)
    lives.now.session.cancel()
    await lives.now.over()
    lives.now.session.abandon("enough")


async def said_under(lives: Lives, policy: str) -> None:
    lives.now.session.reload(contract(policy))
    await lives.say().over()


def test_a_turn_that_was_given_up_under_another_contract_is_context_before_those_that_ended(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> list[Record]:
        lives = Lives([refund(60)], [], [refund(60)])
        await given_up_under(lives, "strict")
        await said_under(lives, "lax")
        await given_up_under(lives, "strict")
        return lives.records

    records = runner.run(scene())
    assert sum(isinstance(record.event, TurnAbandoned) for record in records) == 2
    told = tape_of(records)
    assert (told.first_turn, told.takes_over) == (2, True)
    assert [line["turn"] for line in told.events if "turn" in line] == [1, 2]
    assert from_tape(records, (2, 2), runner, tmp_path).kind == "passed"


def test_between_two_turns_it_keeps_them_from_being_one_fixture_where_it_goes_otherwise(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene() -> list[Record]:
        lives = Lives([], [refund(120)], [])
        await said_under(lives, "lax")
        await given_up_under(lives, "strict")
        await said_under(lives, "lax")
        return lives.records

    records = runner.run(scene())
    with pytest.raises(UsageError) as caught:
        from_tape(records, (1, 3), runner, tmp_path)
    assert caught.value.message == (
        "the policy changed around turn 2, which was given up, and replayed under the later one it goes otherwise: "
        "verdict tool.call of c1: rule refund.large -> autonomy"
    )
    assert caught.value.hint == "without it: --turns 3; with it: greenroom session rerun, then export what that made"
    assert from_tape(records, (3, 3), runner, tmp_path).kind == "passed"


def test_a_level_that_was_the_contracts_own_goes_with_it(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> list[Record]:
        lives = Lives([], [refund(20)])
        lives.level(2)
        lives.level(3, None)  # as the contract has it
        await lives.say().over()
        lives.now.session.reload(contract("usual", "trusting"))
        await lives.say().over()
        return lives.records

    records = runner.run(scene())
    assert not any(isinstance(record.event, ApprovalRequested) for record in records)
    assert from_log(records, runner).same
    assert from_tape(records, (2, 2), runner, tmp_path).kind == "passed"


def test_the_level_that_was_set_last_in_a_context_counts_after_it(runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> list[Record]:
        lives = Lives([refund(120)], [refund(20)])
        await lives.say().at(ApprovalRequested, "t1/ask:c1")
        lives.level(4)
        lives.now.session.answer("t1/ask:c1", edit(140))
        await lives.now.at(ApprovalRequested, "t1/ask:c1.1")
        await lives.cut_off()
        lives.level(0, None)
        await lives.resume().over()
        lives.now.session.reload(contract("usual", "prompt"))
        await lives.say().over()
        return lives.records

    records = runner.run(scene())
    assert from_log(records, runner).same
    assert [line["autonomy"] for line in tape_of(records, (2, 2)).events if "autonomy" in line] == [0, 4, 0]
    assert from_tape(records, (2, 2), runner, tmp_path).kind == "passed"


async def decided_first_under(lives: Lives, policy: str, call: str) -> None:
    """Another process takes the turn up under a policy, and has just decided about its calls."""
    lives.world.policy = policy
    await lives.crash(mode="tools")
    resumed = len(lives.records)
    while not any(r.event.step == f"t1/verdict:tool.call:{call}" for r in lives.records[resumed:]):
        await ticks(1)


def test_a_call_that_is_decided_once_more_counts_what_those_before_it_came_to(runner: asyncio.Runner) -> None:
    async def scene() -> list[Record]:
        lives = Lives([refund(60), refund(700)], mode="tools")
        lives.now.session.reload(contract("strict"))
        lives.say()
        await step_to(lives, "tool:c1")
        await lives.now.at(GatePaused, "t1/gate:tool:c2")
        lives.now.session.pass_gate("t1/gate:tool:c2", put({"order_id": 1, "amount": 60}))
        await lives.now.at(ApprovalRequested, "t1/ask:c1")
        lives.world.clock.advance(700)
        await decided_first_under(lives, "usual", "c2")
        lives.now.session.reload(contract("strict"))
        await lives.now.at(ToolReturned, "t1/tool:c1")  # nobody had answered in time
        await lives.now.at(ApprovalRequested, "t1/ask:c2.gate")
        lives.now.session.answer("t1/ask:c2.gate", DENY)
        await lives.now.over()
        return lives.records

    records = runner.run(scene())
    last = verdicts(records, "t1/verdict:tool.call:c2")[-1]
    assert (last.moment, last.verdict.why.partition(";")[0]) == (RUN, "args.amount would add up to 700 in this session")
    assert from_log(records, runner).same


def test_a_call_that_need_not_be_decided_comes_to_its_gate_after_those_before_it(runner: asyncio.Runner) -> None:
    async def scene() -> list[Record]:
        lives = Lives([refund(700), ToolCall(id="", tool="orders.lost", arguments={})], mode="tools")
        lives.now.session.reload(contract("strict"))
        await lives.say().at(GatePaused, "t1/gate:tool:c1")
        await decided_first_under(lives, "lax", "c1")
        lives.now.session.reload(contract("usual"))
        await step_to(lives, "tool:c1")
        await lives.now.at(ToolReturned, "t1/tool:c1")
        await lives.now.at(GatePaused, "t1/gate:tool:c2")
        lives.now.session.reload(contract("closed"))
        await step_to(lives, "tool:c2")
        await lives.now.over()
        return lives.records

    records = runner.run(scene())
    (judged,) = verdicts(records, "t1/verdict:tool.result:c1")
    assert judged.verdict.policy == "usual@1.0.0"
    assert from_log(records, runner).same


def test_a_level_counts_that_a_question_took_on_when_it_became_void_after_the_turn_was_given_up_beside_it(
    runner: asyncio.Runner,
) -> None:
    async def scene() -> list[Record]:
        lives = Lives([refund(120), NOTE], [NOTE], mode="step")
        lives.say()
        await step_to(lives, "input", "recall", "retrieve", "prompt:1", "tool:c1", "tool:c2")
        await lives.now.at(GatePaused, "t1/gate:result:c2")
        await lives.now.at(ApprovalRequested, "t1/ask:c1")
        lives.now.session.pass_gate("t1/gate:result:c2", GateReply(action="abandon", by="kim"))
        await ticks(5)
        lives.level(1, None)
        lives.now.session.reload(contract("strict"))
        await lives.now.over()
        lives.now.session.set_mode("run")
        await lives.say().at(ApprovalRequested, "t2/ask:c3")
        lives.now.session.answer("t2/ask:c3", ALLOW)
        await lives.now.over()
        return lives.records

    records = runner.run(scene())
    assert [r.event.step for r in records if isinstance(r.event, AutonomyChanged)] == ["", "t1/autonomy:c1"]
    assert any(isinstance(record.event, TurnAbandoned) for record in records)
    assert from_log(records, runner).same


def test_a_prompt_that_no_rule_watched_any_more_is_judged_by_none_in_a_replay(runner: asyncio.Runner) -> None:
    async def scene() -> list[Record]:
        lives = Lives([NOTE], rest="masking")
        lives.say()
        while not verdicts(lives.records, "t1/verdict:tool.result:c1"):
            await ticks(1)
        lives.now.session.reload(contract("usual", WHOLE))
        await lives.now.over()
        return lives.records

    records = runner.run(scene())
    assert [bool(verdicts(records, f"t1/verdict:prompt:{number}")) for number in (1, 2)] == [True, False]
    assert from_log(records, runner).same
