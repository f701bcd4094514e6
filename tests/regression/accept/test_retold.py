"""A tape told again under today's contract: the same bytes where nothing changed, what is missing by name, and settled once
it was taken over."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.assembly import replay_builder
from greenroom.core.events import Record
from greenroom.core.values import ApprovalReply, GateReply
from greenroom.engine.replay.closed import ClosedModel, ClosedParts
from greenroom.engine.session import Session
from greenroom.engine.steps import Recording
from greenroom.regression.accept.retold import Retold, retell
from greenroom.regression.record.record import Recorded, record
from greenroom.regression.replay.plain_log import log_for
from greenroom.regression.replay.replay import Fixture, load_fixture, replay_fixture
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.tape import read, write
from greenroom.workspace.layout import Workspace
from tests.engine.stage import AmountPolicy, Stage, persona, says, stage
from tests.regression.taped import GOOD, recorded_session

HELPDESK = Workspace(Path(__file__).parents[3] / "workspaces" / "helpdesk")


def fixture_of(kept: Recorded | Retold, folder: Path) -> Fixture:
    """As it would be read back from disk."""
    parts = Parts(folder)
    parts.write(kept.texts)
    return Fixture("x.tape.jsonl", read(write(kept.tape), "x.tape.jsonl"), GOOD, parts)


def told(made: Stage, fixture: Fixture, **changes: Any) -> Retold:
    return asyncio.run(retell(fixture, closed(made, **changes)))


def closed(made: Stage, **changes: Any) -> Any:
    """`build` over the stage with the ports that a replay has."""

    def build(recording: Recording, *, persona: str, model: str, clock: Any, ids: Any) -> Session:
        parts: Any = ClosedParts(made.tools)
        ports = {"tools": parts, "retriever": parts, "memory": parts, "approver": parts, "clock": clock, "ids": ids}
        name: Any = ClosedModel(made.model.name)
        return replace(made, model=name, **{**ports, **changes}).session(log_for(recording), recording)

    return build


def test_where_nothing_changed_the_bytes_are_the_same(tmp_path: Path) -> None:
    made, records = recorded_session()
    kept = record(records, made.policy)
    again = told(made, fixture_of(kept, tmp_path))
    assert again.missing == ()
    assert write(again.tape) == write(kept.tape)
    assert set(again.texts) == set(kept.texts)


@pytest.mark.parametrize("path", sorted(HELPDESK.fixtures.glob("*.tape.jsonl")), ids=lambda path: path.name)
def test_what_is_shipped_is_told_byte_for_byte(path: Path) -> None:
    again = asyncio.run(retell(load_fixture(path), replay_builder(HELPDESK, trusted=True)))
    assert (write(again.tape), again.missing) == (path.read_bytes(), ())


def test_a_turn_that_was_given_up_stays_as_it_was(tmp_path: Path) -> None:
    made = stage(says("Good day."), says("Bye."))
    session = made.session(mode="step")

    async def run() -> None:
        def watch(item: object) -> None:
            if isinstance(item, Record) and item.event.kind == "gate_paused":
                gate = item.event.step
                reply = GateReply(action="abandon" if gate == "t1/gate:prompt:1" else "continue")
                asyncio.get_running_loop().call_soon(session.pass_gate, gate, reply)

        session.bus.subscribe(watch)
        with pytest.raises(Exception, match="abandoned"):
            await session.turn("one")
        await session.turn("two")

    asyncio.run(run())
    kept = record(session.records, made.policy)
    assert [line["finish"] for line in kept.tape.events if "finish" in line] == ["abandoned", "answered"]
    again = told(made, fixture_of(kept, tmp_path), policy=AmountPolicy(limit=7))
    assert again.tape.events == kept.tape.events
    assert again.tape.digests["policy"] != kept.tape.digests["policy"]


def test_a_result_is_only_that_of_the_call_it_came_from(tmp_path: Path) -> None:
    """The person changed 120 to 90; where nobody is asked any more, 120 would be paid, and of that nothing is known."""
    made, records = recorded_session()
    again = told(made, fixture_of(record(records, made.policy), tmp_path), policy=AmountPolicy(limit=600))
    assert len(again.missing) == 1
    assert again.missing[0].startswith("turn 2, call c2: orders.refund was about to run with other arguments")
    assert "the tape has no result of that" in again.missing[0] and "90" in again.missing[0]


def test_a_new_question_to_a_person_is_missing_by_name(tmp_path: Path) -> None:
    made = stage(says("", ("orders.refund", {"amount": 60, "order_id": 1})), says("Done."))
    session = made.session()
    asyncio.run(session.turn("refund"))
    fixture = fixture_of(record(session.records, made.policy), tmp_path)
    again = told(made, fixture, policy=AmountPolicy(limit=50))
    assert again.missing == (
        "turn 1: a person is asked about orders.refund (c1), by refund.large, and nobody answered that on the tape",
    )


def test_a_call_that_never_ran_and_runs_now_is_missing_by_name(tmp_path: Path) -> None:
    made = stage(says("", ("orders.refund", {"amount": 6000, "order_id": 1})), says("No."))
    session = made.session()
    asyncio.run(session.turn("refund"))
    fixture = fixture_of(record(session.records, made.policy), tmp_path)
    again = told(made, fixture, policy=AmountPolicy(limit=9000))
    assert len(again.missing) == 1
    assert again.missing[0].startswith('turn 1: orders.refund (c1) runs with {"amount": 6000, "order_id": 1}')


def test_an_approval_is_still_the_answer_where_another_rule_asks(tmp_path: Path) -> None:
    made = stage(says("", ("orders.refund", {"amount": 120, "order_id": 1})), says("Done."))
    session = made.session()

    async def run() -> None:
        def watch(item: object) -> None:
            if isinstance(item, Record) and item.event.kind == "approval_requested":
                session.answer(item.event.step, ApprovalReply(decision="allow", approver="kim", established="test"))

        session.bus.subscribe(watch)
        await session.turn("refund")

    asyncio.run(run())
    fixture = fixture_of(record(session.records, made.policy), tmp_path)
    again = told(made, fixture, policy=AmountPolicy(limit=9000, asking={"tool.call": "120"}))
    assert again.missing == ()
    assert [line["rule"] for line in again.tape.events if "ask" in line] == ["asking"]


CONTRACTS = st.fixed_dictionaries(
    {
        "policy": st.builds(
            AmountPolicy,
            limit=st.sampled_from([10, 60, 100, 119, 120, 400, 6000]),
            blocked=st.dictionaries(
                st.sampled_from(["input", "output", "retrieval", "memory.read", "memory.write", "tool.result"]),
                st.sampled_from(["Refunds", "five", "Mara", "trails", "size", "1001", "4111"]),
                max_size=2,
            ),
        ),
        "persona": st.builds(
            lambda top_k, read, write, collections, calls: persona(
                knowledge={"collections": collections, "top_k": top_k},
                memory={"read": read, "write": write},
                limits={"tool_calls": calls},
            ),
            st.integers(1, 3),
            st.sampled_from([[], ["customer"]]),
            st.sampled_from([[], ["customer"]]),
            st.sampled_from([[], ["returns"]]),
            st.integers(0, 3),
        ),
    }
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CONTRACTS)
def test_once_told_again_it_passes_is_not_stale_and_is_told_the_same(changes: dict[str, Any]) -> None:
    made, records = _SESSION
    with tempfile.TemporaryDirectory() as folder:
        first = told(made, fixture_of(record(records, made.policy), Path(folder)), **changes)
        if first.missing:
            assert first.missing[0].startswith(("turn ", "the "))
            return
        fixture = fixture_of(first, Path(folder))
        outcome = asyncio.run(replay_fixture(fixture, closed(made, **changes)))
        assert (outcome.kind, outcome.line) == ("passed", "")
        second = told(made, fixture, **changes)
        assert (write(second.tape), second.missing) == (write(first.tape), ())


_SESSION = recorded_session()
