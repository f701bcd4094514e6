"""A session recorded, told as a tape, and replayed with nothing outside; then broken in every way a team breaks one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from greenroom.core.errors import CheckFailed, UsageError
from greenroom.core.events import Record
from greenroom.core.values import ApprovalReply, GateReply, Memory, Passage, ToolCall, ToolResult, Verdict
from greenroom.engine.session import Session
from greenroom.engine.steps import Recording
from greenroom.log.memory_log import MemoryLog
from greenroom.policy.port import Question
from greenroom.regression.case import Case, load_case
from greenroom.regression.outcome import Outcome
from greenroom.regression.parts import Parts
from greenroom.regression.record import Recorded, export, record
from greenroom.regression.replay import load_fixture, replay_fixture, replay_tape
from greenroom.regression.tape import Line, Tape, read, write
from tests.engine.stage import AmountPolicy, ListMemory, OnePassage, Stage, answering, persona, says, stage

GOOD = Case(schema="case/1", why="A refund is never made alone.")


class _Closed:
    """Every port at once; whoever comes through it has left the tape."""

    name = "listed/replies"

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a replay reached {name}")

    async def aclose(self) -> None:
        """Nothing is held."""


def recorded_session() -> tuple[Stage, list[Record]]:
    """Three turns: an answer with passages and a memory, a refund asked for, edited and made, a denied one."""
    made = stage(
        says("Refunds take five days. [1]"),
        says("Let me see.", ("orders.get", {"order_id": 1001})),
        says("", ("orders.refund", {"amount": 120, "order_id": 1001})),
        says(
            "Done. I refunded 90 EUR for you. It will take five days, as the page about returns says. Is there anything else I can do?"
        ),
        says("", ("orders.refund", {"amount": 5000, "order_id": 1001})),
        says("That is not possible."),
        memory=ListMemory([Memory(id="x81f", segment="customer", subject="visitor", text="Likes trails", key="taste")]),
    )

    async def run() -> list[Record]:
        session = made.session()
        edit = ApprovalReply(decision="edit", approver="kim", arguments={"amount": 90, "order_id": 1001}, reason="less")
        answering(session, edit, ApprovalReply(decision="allow", approver="kim"))
        await session.turn("How long do refunds take? My name is Mara and I wear size 42.")
        await session.turn("Please refund order 1001.")
        await session.turn("And now 5000 more!")
        records = list(session.records)
        await session.aclose()
        return records

    return made, asyncio.run(run())


def builder(made: Stage, **changes: Any) -> Any:
    """`build` over a closed stage; `changes` replace parts of its contract or policy."""
    closed: Any = _Closed()

    def build(recording: Recording, *, persona: str, model: str, clock: Any, ids: Any) -> Session:
        shut = replace(
            made, model=closed, retriever=closed, memory=closed, approver=closed, clock=clock, ids=ids, **changes
        )
        shut.tools = replace(shut.tools, act=lambda call: pytest.fail(f"{call.tool} ran in a replay"))
        return shut.session(MemoryLog("replay", clock, ids), recording)

    return build


def replayed(
    made: Stage, kept: Recorded, folder: Path, case: Case = GOOD, tape: Tape | None = None, **changes: Any
) -> Outcome:
    parts = Parts(folder)
    parts.write(kept.texts)
    stale = changes.pop("stale", "fail")
    build = builder(made, **changes)
    again = read(write(tape or kept.tape), "x.tape.jsonl")
    return asyncio.run(replay_tape(again, case, build, parts, file="x.tape.jsonl", stale=stale))


def edited(tape: Tape, kind: str, number: int = 0, **values: Any) -> Tape:
    """The tape with keys of the nth line of a kind changed, as an editor who recomputes the digest would leave it."""
    places = [i for i, line in enumerate(tape.events) if next(iter(line)) == kind]
    events: list[Line] = list(tape.events)
    events[places[number]] = {**events[places[number]], **values}
    return Tape(tape.header, tuple(events))


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
        ("reply", 1, {"calls": [{"id": "c1", "tool": "orders.get", "args": {"order_id": 1002}}]}, "turn 2, generate 2"),
        (
            "reply",
            2,
            {"calls": [{"id": "c2", "tool": "orders.refund", "args": {"amount": 130, "order_id": 1001}}]},
            "turn 2",
        ),
        ("result", 0, {"output": {"ok": False}}, "turn 2, generate 2"),
        (
            "result",
            1,
            {"args": {"amount": 91, "order_id": 1001}},
            "orders.refund was about to run with other arguments",
        ),
        ("answer", 0, {"args": {"amount": 80, "order_id": 1001}}, "turn 2"),
        ("answer", 1, {"decision": "deny"}, "turn 2"),
        ("answer", 0, {"reason": "more"}, ""),
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
    assert outcome.kind == ("diverged" if said else "passed"), outcome
    assert said in outcome.line, outcome
    assert len(outcome.detail.splitlines()) <= 40


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
    assert outcome.line.startswith("persona aria: policy changed (#")
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
    assert outcome.line == "Ninety. assert[0] turn 2: orders.refund was called, but with amount = 90, expected 95"
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
    strict = AmountPolicy(blocked={"tool.call": "1001"})
    assert replayed(made, kept, tmp_path, case, policy=strict).kind == "passed"


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


class _Exporting(AmountPolicy):
    """Also rules at the export hook."""

    def __init__(self, effect: str) -> None:
        super().__init__()
        self.effect = effect

    def decide(self, question: Question) -> Verdict:
        if question.hook != "export":
            return super().decide(question)
        if "Likes trails" not in str(question.payload):
            return Verdict(effect="allow", rule="default", why="")
        if self.effect == "deny":
            return Verdict(effect="deny", rule="export.no", why="Customers are not exported.", policy="support@1.0.0")
        memories = [{**memory, "text": "‹taste#1›"} for memory in question.payload["memories"]]
        return Verdict(effect="redact", rule="export.mask", why="", payload={**question.payload, "memories": memories})


def test_secrets_and_personal_data_become_numbered_placeholders_that_still_match(tmp_path: Path) -> None:
    token = "ghp_" + "a1B2" * 9
    made = stage(
        says("I wrote to mara@post.example.", ("orders.get", {"note": "mara@post.example"})),
        says("Sent to mara@post.example."),
    )

    async def run() -> list[Record]:
        session = made.session()
        await session.turn(f"Write to mara@post.example and eve@post.example, my token is {token}")
        return list(session.records)

    kept = record(asyncio.run(run()), made.policy)
    data = write(kept.tape).decode()
    assert "post.example" not in data
    assert token not in data
    assert data.count("‹email#1›") >= 4
    assert "‹email#2›" in data
    assert {(r.turn, r.kind) for r in kept.redactions} >= {(1, "personal.email"), (1, "secret.token")}
    assert replayed(made, kept, tmp_path).kind == "passed"


def test_the_export_hook_may_mask_or_forbid(tmp_path: Path) -> None:
    _, records = recorded_session()
    masked = write(record(records, _Exporting("redact")).tape).decode()
    assert "Likes trails" not in masked
    assert "‹taste#1›" in masked
    with pytest.raises(CheckFailed, match="Customers are not exported"):
        record(records, _Exporting("deny"))


def test_passages_keep_published_addresses() -> None:
    shop = OnePassage(
        (Passage(id="a", source="contact.md", text="Write to help@northwind.example.", score=1.0, lexical=3.0),)
    )
    made = stage(says("See [1]."), retriever=shop)

    async def run() -> Sequence[Record]:
        session = made.session()
        await session.turn("Where do I write to?")
        return session.records

    kept = record(list(asyncio.run(run())), made.policy)
    assert "Write to help@northwind.example." in kept.texts.values()


def test_export_writes_three_kinds_of_files_and_never_over_a_persons_work(tmp_path: Path) -> None:
    made, records = recorded_session()
    folder = tmp_path / "fixtures"
    contract = made.session().contract
    done = export(records, contract, folder, "refund", why='Never "alone".', tags=["refunds"])
    assert done.command == f"pytest {done.tape}"
    assert done.case.read_text().startswith("# What is expected of refund.tape.jsonl.")
    case = load_case(done.case)
    assert (case.why, case.expect, case.tags) == ('Never "alone".', "good", ("refunds",))
    assert len(case.assert_) >= 4
    assert asyncio.run(replay_fixture(load_fixture(done.tape), builder(made))).kind == "passed"
    with pytest.raises(UsageError, match="exists"):
        export(records, contract, folder, "refund")
    done.case.write_text('schema = "case/1"  # mine\n')
    again = export(records, contract, folder, "refund", replace=True)
    assert (again.case_kept, done.case.read_text()) == (True, 'schema = "case/1"  # mine\n')
    assert again.parts == ()
    assert sorted(path.name for path in folder.iterdir()) == [".parts", "refund.case.toml", "refund.tape.jsonl"]


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "A B", "x" * 90])
def test_a_name_cannot_lead_elsewhere(tmp_path: Path, name: str) -> None:
    made, records = recorded_session()
    with pytest.raises(UsageError, match="cannot be a fixture's name"):
        export(records, made.session().contract, tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_a_session_without_an_ended_turn_is_not_exported() -> None:
    made = stage()
    with pytest.raises(UsageError, match="no turn"):
        record(list(made.session().records), made.policy)


def test_a_session_under_two_policies_is_not_exported() -> None:
    made = stage(says("One."), says("Two."))

    async def run() -> list[Record]:
        session = made.session()
        await session.turn("One")
        made.policy = AmountPolicy(limit=7)
        again = made.session(session.log)
        await again.turn("Two")
        return list(again.records)

    with pytest.raises(UsageError, match="changed during this session"):
        record(asyncio.run(run()), made.policy)


def test_a_missing_or_changed_passage_is_a_broken_fixture(tmp_path: Path) -> None:
    made, records = recorded_session()
    done = export(records, made.session().contract, tmp_path, "refund")
    parts = [path for path in done.parts if "Refunds take" in path.read_text()]
    parts[0].write_text("Refunds take a year.")
    outcome = asyncio.run(replay_fixture(load_fixture(done.tape), builder(made)))
    assert outcome.kind == "broken"
    assert ".parts/" in outcome.line
    parts[0].unlink()
    assert "is missing" in asyncio.run(replay_fixture(load_fixture(done.tape), builder(made))).line
