"""A session recorded, told as a tape, and replayed with nothing outside; then broken in every way a team breaks one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from greenroom.core.errors import ServiceUnavailable
from greenroom.core.events import Record
from greenroom.core.messages import ModelReply
from greenroom.core.values import ApprovalReply, GateReply, Hook, ToolCall, ToolResult
from greenroom.engine.session import Session
from greenroom.regression.case import Case
from greenroom.regression.record.record import record
from greenroom.regression.tape.tape import Tape, write
from tests.engine.stage import AmountPolicy, Stage, answering, persona, says, stage
from tests.regression.taped import edited, recorded_session, replayed


def test_a_recorded_session_replays_and_touches_nothing(tmp_path: Path) -> None:
    made, records = recorded_session()
    ran = list(made.tools.ran)
    kept = record(records, made.policy)
    outcome = replayed(made, kept, tmp_path)
    assert (outcome.kind, outcome.line, outcome.detail) == ("passed", "", "")
    assert made.tools.ran == ran


def test_the_tape_tells_what_happened_and_nothing_that_differs_from_run_to_run() -> None:
    made, records = recorded_session()
    data = write(record(records, made.policy).tape).decode()
    for random_part in ("x81f", "s1", "2026-", "idempotency", "millis", "kim"):
        assert random_part not in data
    for told in (
        '"decision":"edit"',
        '"reason":"less"',
        '"rule":"refund.large"',
        '"p1"',
        '"recall":["m1"]',
        '"write":"m2"',
    ):
        assert told in data
    assert '"It will take five days, as the page about returns says. "' in data.splitlines()
    assert len(data) < 6_000


def test_two_recordings_of_the_same_session_are_the_same_bytes() -> None:
    first, second = (
        write(record(records, made.policy).tape) for made, records in (recorded_session(), recorded_session())
    )
    assert first == second


@pytest.mark.parametrize(
    ("kind", "number", "values", "said"),
    [
        ("turn", 1, {"user": "Please refund order 1002."}, "turn 2"),
        (
            "reply",
            1,
            {"calls": [{"id": "c1", "tool": "orders.get", "args": {"order_id": 1002}}]},
            "turn 2, reply 2: the prompt is not the recorded one: ",
        ),
        (
            "reply",
            2,
            {"calls": [{"id": "c2", "tool": "orders.refund", "args": {"amount": 130, "order_id": 1001}}]},
            "turn 2",
        ),
        ("result", 0, {"output": {"ok": False}}, "turn 2, reply 2: the prompt is not the recorded one: "),
        (
            "result",
            1,
            {"args": {"amount": 91, "order_id": 1001}},
            "orders.refund was about to run with other arguments",
        ),
        ("answer", 0, {"args": {"amount": 80, "order_id": 1001}}, "turn 2"),
        ("answer", 1, {"decision": "deny"}, "turn 2"),
        ("verdict", 0, {"rule": "refund.huge"}, "turn 2: verdict tool.call of c2: rule"),
        ("write", 0, {"text": "Name: Eve"}, "turn 1"),
        ("finish", 2, {"finish": "limited"}, "turn 3: finish limited"),
        ("select", 0, {"select": []}, "turn 1: select"),
        ("recall", 0, {"recall": []}, "turn 1: memory m1 did not happen"),
        ("reply", 0, {"text": "Refunds take a year."}, "turn 2"),
    ],
)
def test_a_single_change_is_named(tmp_path: Path, kind: str, number: int, values: dict[str, Any], said: str) -> None:
    made, records = recorded_session()
    kept = record(records, made.policy)
    outcome = replayed(made, kept, tmp_path, tape=edited(kept.tape, kind, number, **values))
    assert outcome.kind == "diverged", outcome
    assert said in outcome.line, outcome
    assert len(outcome.detail.splitlines()) <= 40


@pytest.mark.parametrize(
    ("kind", "number", "values"),
    [("answer", 0, {"reason": "more"}), ("reply", -1, {"text": "That is fine."}), ("reply", 0, {"tokens": [9, 9]})],
)
def test_what_nothing_came_of_is_told_by_the_header(
    tmp_path: Path, kind: str, number: int, values: dict[str, Any]
) -> None:
    made, records = recorded_session()
    kept = record(records, made.policy)
    outcome = replayed(made, kept, tmp_path, tape=edited(kept.tape, kind, number, **values))
    assert (outcome.kind, outcome.line) == (
        "broken",
        "x.tape.jsonl:1: the recorded session is not what the header says",
    )


def test_a_dropped_event_and_an_added_turn_are_noticed(tmp_path: Path) -> None:
    made, records = recorded_session()
    kept = record(records, made.policy)
    for place in range(len(kept.tape.events)):
        if next(iter(kept.tape.events[place])) == "memory":
            continue
        events = kept.tape.events[:place] + kept.tape.events[place + 1 :]
        outcome = replayed(made, kept, tmp_path, tape=Tape(kept.tape.header, events))
        assert outcome.kind in ("diverged", "broken"), (kept.tape.events[place], outcome)
    more = Tape(kept.tape.header, (*kept.tape.events, {"turn": 4, "user": "Bye"}))
    assert replayed(made, kept, tmp_path, tape=more).kind == "diverged"


def test_a_changed_policy_is_stale_and_with_warn_shows_the_verdict_that_changed(tmp_path: Path) -> None:
    made, records = recorded_session()
    kept = record(records, made.policy)
    looser = AmountPolicy(limit=200)
    outcome = replayed(made, kept, tmp_path, policy=looser)
    assert outcome.kind == "stale"
    assert outcome.line.startswith("policy changed (#")
    outcome = replayed(made, kept, tmp_path, policy=looser, stale="warn")
    assert outcome.kind == "diverged"
    assert "verdict tool.call of c2" in outcome.line


def test_what_the_contract_does_not_name_still_diverges_by_event(tmp_path: Path) -> None:
    made, records = recorded_session()
    kept = record(records, made.policy)
    forgetful = persona(memory={"read": ["customer"], "write": []})
    outcome = replayed(made, kept, tmp_path, persona=forgetful)
    assert (outcome.kind, outcome.line) == ("diverged", "turn 1: memory m2 did not happen"), outcome
    short = persona(limits={"replies": 2})
    assert replayed(made, kept, tmp_path, persona=short).kind == "diverged"


def test_expectations_are_judged_on_the_replay(tmp_path: Path) -> None:
    made, records = recorded_session()
    kept = record(records, made.policy)
    case = Case.model_validate(
        {
            "schema": "case/1",
            "why": "Ninety.",
            "assert": [{"turn": 2, "call": {"tool": "orders.refund", "args": {"amount": 95}}}],
        }
    )
    outcome = replayed(made, kept, tmp_path, case)
    assert outcome.kind == "failed"
    assert outcome.line == "assert[0] turn 2: orders.refund was called, but with amount = 90, expected 95"
    assert outcome.detail == "why: Ninety."
    observed = case.model_copy(update={"expect": "observe"})
    assert replayed(made, kept, tmp_path, observed).kind == "passed"


def test_a_bad_recording_fails_until_it_no_longer_comes_back(tmp_path: Path) -> None:
    made, records = recorded_session()
    kept = record(records, made.policy)
    case = Case.model_validate(
        {
            "schema": "case/1",
            "expect": "bad",
            "assert": [{"turn": 2, "call": {"tool": "orders.refund", "status": "done"}}],
        }
    )
    assert replayed(made, kept, tmp_path, case).kind == "failed"
    strict = AmountPolicy(blocked={"tool.call": "'amount': 120"})
    assert replayed(made, kept, tmp_path, case, policy=strict).kind == "passed"
    both = AmountPolicy(
        blocked={"tool.call": "1001"}
    )  # the look before is stopped too, but the refund would be as well
    assert replayed(made, kept, tmp_path, case, policy=both).kind == "passed"
    blind = AmountPolicy(blocked={"tool.call": "{'order_id': 1001}"})  # only the look is stopped, and so nobody knows
    assert replayed(made, kept, tmp_path, case, policy=blind).kind == "stale"


def test_what_a_person_did_is_the_tests_approver(tmp_path: Path) -> None:
    """Denied, simulated and stopped calls, an edit at a gate and an abandoned turn all replay."""
    for last in (
        ApprovalReply(decision="deny", reason="No, thank you."),
        ApprovalReply(decision="simulate", result={"refund_id": "R-1"}),
        ApprovalReply(decision="stop"),
    ):
        made = stage(says("", ("orders.refund", {"amount": 500})), says("As you say."), says("Hello again."))

        async def run(made: Stage = made, last: ApprovalReply = last) -> list[Record]:
            session = made.session()
            answering(session, last)
            await session.turn("Refund 500.")
            await session.turn("Hello")
            return list(session.records)

        kept = record(asyncio.run(run()), made.policy)
        assert replayed(made, kept, tmp_path).kind == "passed", last


def test_edits_at_gates_and_an_abandoned_turn_replay(tmp_path: Path) -> None:
    made = stage(says("Never said."), says("Hello again."))

    def step(session: Session, edit_input: bool) -> None:
        def watch(item: object) -> None:
            if not isinstance(item, Record) or item.event.kind != "gate_paused":
                return
            gate = item.event.step
            reply = GateReply(action="continue")
            if gate == "t1/gate:prompt:1":
                reply = GateReply(action="abandon")
            if gate == "t2/gate:input":
                reply = GateReply(action="edit", edit="Hello, Aria")
            asyncio.get_running_loop().call_soon(session.pass_gate, gate, reply)

        session.bus.subscribe(watch)

    async def run() -> list[Record]:
        session = made.session(mode="step")
        step(session, True)
        with pytest.raises(Exception, match="abandoned"):
            await session.turn("Refund 500.")
        made.model.replies.pop(0)
        await session.turn("Hello")
        return list(session.records)

    kept = record(asyncio.run(run()), made.policy)
    assert replayed(made, kept, tmp_path).kind == "passed"
    other = edited(kept.tape, "gate", -1, edit="Hello, Eve")
    assert replayed(made, kept, tmp_path, tape=other).kind == "diverged"


def test_parallel_calls_are_told_in_call_order_whichever_came_back_first(tmp_path: Path) -> None:
    def session_with(slow: str) -> tuple[Stage, list[Record]]:
        made = stage(says("", ("orders.get", {"order_id": 1}), ("orders.refund", {"amount": 5})), says("Both done."))
        real_call = made.tools.call

        async def call(call: ToolCall, key: str) -> ToolResult:
            for _ in range(5 if call.tool == slow else 1):
                await asyncio.sleep(0)
            return await real_call(call, key)

        made.tools.call = call  # type: ignore[method-assign, assignment]  # a double that returns late

        async def run() -> list[Record]:
            session = made.session()
            await session.turn("Both, please")
            return list(session.records)

        return made, asyncio.run(run())

    tapes = []
    for slow in ("orders.get", "orders.refund"):
        made, records = session_with(slow)
        kept = record(records, made.policy)
        tapes.append(write(kept.tape))
        assert replayed(made, kept, tmp_path).kind == "passed"
    assert tapes[0] == tapes[1]


def _two_turns(made: Stage) -> list[Record]:
    """A turn with a call and one without; a turn that breaks off is resumed."""

    async def run() -> list[Record]:
        session = made.session()
        answering(session, ApprovalReply(decision="allow"), ApprovalReply(decision="allow"))
        for words in ("My name is Mara. Refund 120 of order 7, card 4111.", "Thanks, and how long?"):
            try:
                await session.turn(words)
            except ServiceUnavailable:
                await session.resume()
        return list(session.records)

    return asyncio.run(run())


def _replies() -> list[ModelReply | Exception]:
    return [
        says("", ("orders.get", {"order_id": 7}), ("orders.refund", {"amount": 120, "note": "word"})),
        says("Done, card 4111, word."),
        says("Five days, word. [1]"),
    ]


@pytest.mark.parametrize(
    "hook", ["input", "memory.read", "retrieval", "tool.call", "tool.result", "memory.write", "output"]
)
@pytest.mark.parametrize("word", ["a", "word", "Mara", "card", "p1", "order_id", "Five"])
def test_whatever_policy_blocks_the_recording_replays(tmp_path: Path, hook: Hook, word: str) -> None:
    made = stage(*_replies(), policy=AmountPolicy(blocked={hook: word}))
    kept = record(_two_turns(made), made.policy)
    outcome = replayed(made, kept, tmp_path)
    assert outcome.kind == "passed", (outcome, write(kept.tape).decode())


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_turn_that_was_interrupted_and_resumed_replays(tmp_path: Path, place: int) -> None:
    replies = _replies()
    replies.insert(place, ServiceUnavailable("gone"))
    made = stage(*replies)
    kept = record(_two_turns(made), made.policy)
    assert replayed(made, kept, tmp_path).kind == "passed"
    smooth = stage(*_replies())
    assert write(kept.tape) == write(record(_two_turns(smooth), smooth.policy).tape)


@pytest.mark.parametrize("limits", [{"replies": 1}, {"tool_calls": 1}, {"tool_calls": 0}])
def test_a_turn_that_met_a_limit_replays(tmp_path: Path, limits: dict[str, int]) -> None:
    made = stage(*_replies(), says("More."), persona=persona(limits=limits))
    kept = record(_two_turns(made), made.policy)
    assert replayed(made, kept, tmp_path).kind == "passed"


def test_a_turn_that_ran_out_of_time_replays(tmp_path: Path) -> None:
    made = stage(*_replies(), persona=persona(limits={"seconds": 5}))

    def slow(call: ToolCall) -> ToolResult:
        made.clock.advance(6)
        return ToolResult(status="done", output="late")

    made.tools.act = slow
    kept = record(_two_turns(made), made.policy)
    assert any(line.get("milliseconds", 0) >= 6_000 for line in kept.tape.events)
    assert {"finish": "limited"} in kept.tape.events
    assert replayed(made, kept, tmp_path).kind == "passed"
