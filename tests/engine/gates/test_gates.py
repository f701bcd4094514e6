"""What a person can do at each gate, what the model, the tools and the log get of it, and that all of it replays."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.core.errors import UsageError
from greenroom.core.events import (
    ApprovalRequested,
    GatePassed,
    GatePaused,
    MemoryWritten,
    Record,
    ToolReturned,
    TurnFinished,
    VerdictReached,
)
from greenroom.core.values import ApprovalReply, GateDeed, GateReply, Memory
from greenroom.engine.gates.stepping import TurnGivenUp
from greenroom.engine.replay.again import LogRecording, replay
from greenroom.engine.session import Session
from greenroom.regression.record.record import record
from tests.engine.stage import AmountPolicy, ListMemory, Stage, answering, says, stage
from tests.regression.taped import replayed

WORDS = "Refund order 7, please. I wear size 42 and I live in Bremen."
GATES = ("input", "recall", "retrieve", "prompt:1", "tool:c1", "result:c1", "prompt:2", "output", "remember")


def play(**parts: Any) -> Stage:
    """One turn that passes every gate."""
    return stage(
        says("Let me do that.", ("orders.refund", {"order_id": 7, "amount": 20})),
        says("Done."),
        memory=ListMemory(
            [
                Memory(id="m1", segment="customer", subject="visitor", text="Likes trails", key="taste"),
                Memory(id="m2", segment="customer", subject="visitor", text="Name: Mara", key="name"),
            ]
        ),
        **parts,
    )


def passed(made: Stage, at: str = "", action: GateDeed = "continue", edit: Any = None) -> Session:
    """The turn in step mode, with one deed at one gate."""
    reply = GateReply(action=action, edit=edit, by="kim", established="test")
    session = made.session(mode="step")
    answering(session, gates={f"t1/gate:{at}": reply})
    asyncio.run(asyncio.wait_for(session.turn(WORDS), 5))
    return session


def of(session: Session, kind: type[Any]) -> list[Any]:
    return [r.event for r in session.records if isinstance(r.event, kind)]


def replays(made: Stage, session: Session, folder: Path) -> None:
    """From its log and from its tape, the same events come again and nothing outside is asked."""
    again = play(policy=made.policy)
    again.model.replies = []
    result = asyncio.run(replay(again.session(recording=LogRecording(session.records)), session.records))
    assert result.same, result.difference
    assert again.tools.ran == []
    outcome = replayed(made, record(session.records, made.policy), folder)
    assert (outcome.kind, outcome.line, outcome.detail) == ("passed", "", "")


def test_step_mode_stops_at_every_gate_in_order_and_says_what_is_about_to_happen(tmp_path: Path) -> None:
    made = play()
    session = passed(made)
    paused = of(session, GatePaused)
    assert tuple(event.step.partition("gate:")[2] for event in paused) == GATES
    about = [event.about for event in paused]
    assert about[0] == WORDS and about[1] == "2 memories: Likes trails; Name: Mara"
    assert about[2] == "2 of 2 passages: returns.md#refunds, internal.md"
    assert about[4] == "orders.refund amount=20 order_id=7"
    assert about[7] == "Done." and "42" in about[8]
    replays(made, session, tmp_path)


EDITS: list[tuple[str, GateDeed, Any]] = [
    ("input", "edit", "Refund order 8."),
    ("recall", "edit", [{"at": 2, "text": "Name: Otto"}, {"at": 1}]),
    ("recall", "edit", []),
    ("recall", "skip", None),
    ("retrieve", "edit", [{"at": 2}, {"at": 1, "text": "Refunds take nine days."}]),
    ("retrieve", "skip", None),
    ("prompt:1", "edit", [{"source": "system", "at": 1, "text": "You are curt."}]),
    ("prompt:2", "edit", [{"source": "passages", "at": 1, "text": None}, {"source": "tool", "at": 2, "text": "paid"}]),
    ("tool:c1", "edit", {"order_id": 7, "amount": 15}),
    ("tool:c1", "simulate", {"output": {"refunded": True}}),
    ("tool:c1", "skip", None),
    ("result:c1", "edit", {"output": {"refunded": 99}}),
    ("result:c1", "edit", {"error": "the bank is closed"}),
    ("output", "edit", "All done."),
    ("remember", "edit", [{"at": 1, "text": "Size: 44"}]),
    ("remember", "skip", None),
]


@pytest.mark.parametrize(("gate", "action", "edit"), EDITS, ids=[f"{g} {a}" for g, a, _ in EDITS])
def test_what_a_person_does_at_a_gate_happens_is_in_the_log_and_replays(
    gate: str, action: GateDeed, edit: Any, tmp_path: Path
) -> None:
    made = play()
    session = passed(made, gate, action, edit)
    [event] = [one for one in of(session, GatePassed) if one.action not in ("continue", "step")]
    assert (event.action, event.by, event.established) == (action, "kim", "test")
    first, second = (str([m.text for m in request.messages]) for request in made.model.requests)
    ran = [arguments for _, arguments, _ in made.tools.ran]
    match gate, action:
        case "input", _:
            assert "Refund order 8." in first and WORDS not in first
        case "recall", "edit" if edit:
            assert "name: Otto\\n- taste: Likes trails" in first and "Mara" not in first
        case "recall", _:
            assert "trails" not in first
        case "retrieve", "edit":
            assert first.index("secret margin") < first.index("Refunds take nine days.")
        case "retrieve", _:
            assert "Refunds take" not in first
        case "prompt:1", _:
            assert "You are curt." in first and "You are curt." not in second
        case "prompt:2", _:
            assert "Refunds take" in first and "Refunds take" not in second and "'paid'" in second
        case "tool:c1", "edit":
            assert ran == [{"order_id": 7, "amount": 15}]
        case "tool:c1", _:
            assert ran == [] and ("refunded" in second if action == "simulate" else "skipped this call" in second)
        case "result:c1", _:
            assert ("99" in second or "the bank is closed" in second) and '"ok"' not in second
        case "output", _:
            assert session.records[-1].event.kind == "turn_finished" and "All done." in str(of(session, object))
        case _:
            kept = [memory.memory.text for memory in of(session, MemoryWritten)]
            assert kept == (["Size: 44"] if action == "edit" else [])
    replays(made, session, tmp_path)


def test_what_was_edited_keeps_where_it_came_from_and_says_who_edited_it() -> None:
    session = passed(play(), "retrieve", "edit", [{"at": 1, "text": "Refunds take nine days."}])
    turn = session._room.transcript.last()
    assert turn is not None
    [passage] = turn.passages
    assert (passage.label, passage.origin, passage.edited) == ("returns.md#refunds", "passage", "kim")
    session = passed(play(), "tool:c1", "simulate", {"output": 1})
    [result] = of(session, ToolReturned)
    assert (result.simulated, result.status) == (True, "done")


BAD: list[tuple[str, GateDeed, Any, str]] = [
    ("input", "edit", "  ", "not empty"),
    ("input", "skip", None, "nothing can be skipped"),
    ("input", "simulate", {"output": 1}, "nothing can be simulated"),
    ("recall", "edit", [{"at": 3}], "by number"),
    ("recall", "edit", [{"at": 1}, {"at": 1}], "twice"),
    ("recall", "edit", [{"at": 1, "text": " "}], "empty"),
    ("retrieve", "edit", "1", "by number"),
    ("prompt:1", "edit", [{"source": "memory", "at": 2, "text": "x"}], "source, at and text"),
    ("prompt:1", "edit", [{"source": "input", "at": 1, "text": None}], "cannot be left out"),
    ("tool:c1", "edit", {"amount": "much"}, "amount must be a number"),
    ("tool:c1", "edit", [1], "JSON object"),
    ("tool:c1", "edit", {"amount": float("nan")}, "cannot be kept"),
    ("result:c1", "edit", {"outputs": 1}, "a result is an object"),
    ("result:c1", "edit", {"status": "fine"}, "no status"),
]


@pytest.mark.parametrize(("gate", "action", "edit", "said"), BAD, ids=[f"{b[0]} {b[1]} {b[3]}" for b in BAD])
def test_what_does_not_fit_is_refused_in_a_line_and_the_gate_still_waits(
    gate: str, action: GateDeed, edit: Any, said: str
) -> None:
    made = play()
    session = made.session(mode="step")
    refused: list[str] = []

    def watch(item: Any) -> None:
        event = getattr(item, "event", None)
        if not isinstance(event, GatePaused):
            return
        if event.step == f"t1/gate:{gate}":
            with pytest.raises(UsageError) as caught:
                session.pass_gate(event.step, GateReply(action=action, edit=edit))
            refused.append(caught.value.line())
            assert session.waiting_gate() == event.step
        session.pass_gate(event.step, GateReply(action="continue"))

    session.bus.subscribe(watch)
    assert asyncio.run(asyncio.wait_for(session.turn(WORDS), 5)).outcome == "answered"
    assert len(refused) == 1 and said in refused[0]
    assert not session.bus.failures


def test_an_edited_call_is_decided_anew_and_a_denied_one_is_neither_made_nor_made_up(tmp_path: Path) -> None:
    made = play(policy=AmountPolicy(limit=1.5))  # 20 is denied
    session = passed(made, "tool:c1", "edit", {"order_id": 7, "amount": 1})
    assert [(v.step.rpartition(":")[2], v.effect) for v in of(session, VerdictReached) if v.hook == "tool.call"] == [
        ("c1", "deny"),
        ("c1.gate", "allow"),
    ]
    assert made.tools.ran[0][1]["amount"] == 1
    replays(made, session, tmp_path)
    made = play()
    session = passed(made, "tool:c1", "edit", {"order_id": 7, "amount": 5000})
    assert made.tools.ran == [] and of(session, ToolReturned)[0].status == "denied"
    replays(made, session, tmp_path)
    for gate, action in (("tool:c1", "simulate"), ("result:c1", "edit")):
        made = play(policy=AmountPolicy(limit=1.5))
        session = made.session(mode="step")
        answering(
            session, gates={f"t1/gate:{gate}": GateReply.model_validate({"action": action, "edit": {"output": 1}})}
        )
        with pytest.raises(TimeoutError):
            asyncio.run(asyncio.wait_for(session.turn(WORDS), 0.2))
        assert isinstance(session.bus.failures[0], UsageError)


def test_an_edited_call_that_a_rule_asks_about_is_asked_about_whatever_leave_there_is(tmp_path: Path) -> None:
    made = play()
    session = made.session(mode="tools")
    leave = ApprovalReply(decision="allow", approver="kim", scope="session", when=("amount <= 900",))
    edit = GateReply(action="edit", edit={"order_id": 7, "amount": 150}, by="kim")
    answering(session, leave, leave, gates={"t1/gate:tool:c1": edit, "t2/gate:tool:c2": edit})
    made.model.replies += [says("", ("orders.refund", {"order_id": 7, "amount": 150})), says("Done again.")]

    async def scene() -> None:
        await session.turn(WORDS)
        await session.turn("Once more.")

    asyncio.run(asyncio.wait_for(scene(), 5))
    asked = [r.event.step for r in session.records if r.event.kind == "approval_requested"]
    assert asked == ["t1/ask:c1.gate", "t2/ask:c2.gate"]
    assert len(made.tools.ran) == 2
    replays(made, session, tmp_path)


def test_tools_mode_stops_at_every_call_also_at_one_that_is_denied_or_cannot_be_made() -> None:
    made = stage(
        says("", ("orders.get", {}), ("orders.refund", {"amount": 5000}), ("orders.refund", {}), ("no.tool", {})),
        says("Done."),
    )
    session = made.session(mode="tools")
    answering(session)
    asyncio.run(asyncio.wait_for(session.turn("go"), 5))
    assert [e.step for e in of(session, GatePaused)] == [f"t1/gate:tool:c{n}" for n in range(1, 5)]
    assert len(made.tools.ran) == 1


def test_what_policy_withholds_of_an_edited_result_reaches_neither_log_nor_model(tmp_path: Path) -> None:
    made = play(policy=AmountPolicy(blocked={"tool.result": "margin"}))
    session = passed(made, "result:c1", "edit", {"output": "the margin is 4 and the card 4111"})
    assert "margin is" not in str(session.records) and "4111" not in str(session.records)
    assert "blocked says deny" in str(made.model.requests[1])
    replays(made, session, tmp_path)
    for gate, edit in (
        ("recall", [{"at": 1, "text": "card 4111"}]),
        ("prompt:1", [{"source": "system", "at": 1, "text": "card 4111"}]),
        ("tool:c1", {"amount": 3, "note": "x"}),
        ("output", "card 4111"),
        ("remember", [{"at": 1, "text": "card 4111"}]),
    ):
        made = play()
        session = passed(made, gate, "edit", edit)
        assert "4111" not in str(session.records) and "4111" not in str(made.model.requests), gate


def test_a_session_edited_at_every_gate_replays_from_log_and_tape(tmp_path: Path) -> None:
    deeds = {
        f"t1/gate:{gate}": GateReply(action=action, edit=edit, by="kim")
        for gate, action, edit in EDITS
        if action == "edit" and edit and "error" not in str(edit) and gate != "input"
    }
    made = play()
    session = made.session(mode="step")
    answering(session, gates=deeds)
    asyncio.run(asyncio.wait_for(session.turn(WORDS), 5))
    assert [e.action for e in of(session, GatePassed)] == ["continue", *["edit"] * 8]
    replays(made, session, tmp_path)


_WORDS = st.text(st.characters(codec="ascii", categories=["L", "N", "Zs"]), min_size=1, max_size=12).filter(str.strip)
_AMOUNTS = st.sampled_from([1, 15, 90, 150, 5000])
_ROWS = (
    st.permutations([1, 2])
    .flatmap(lambda order: st.integers(0, 2).map(lambda many: order[:many]))
    .flatmap(
        lambda kept: st.tuples(*[st.fixed_dictionaries({"at": st.just(at)}, optional={"text": _WORDS}) for at in kept])
    )
)
_DEEDS: dict[str, list[tuple[GateDeed, st.SearchStrategy[Any]]]] = {
    "input": [("edit", _WORDS)],
    "recall": [("edit", _ROWS.map(list)), ("skip", st.none())],
    "retrieve": [("edit", _ROWS.map(list)), ("skip", st.none())],
    "prompt": [("edit", _WORDS.map(lambda text: [{"source": "system", "at": 1, "text": text}]))],
    "tool": [
        ("edit", _AMOUNTS.map(lambda amount: {"order_id": 7, "amount": amount})),
        ("simulate", _WORDS.map(lambda text: {"output": text})),
        ("skip", st.none()),
    ],
    "result": [("edit", _WORDS.map(lambda text: {"output": text})), ("edit", _WORDS.map(lambda text: {"error": text}))],
    "output": [("edit", _WORDS)],
    "remember": [("skip", st.none())],
}


@st.composite
def deeds(draw: st.DrawFn) -> dict[str, GateReply]:
    """Something at some of the gates of two turns, and now and then the end of one."""
    found = {}
    for turn in (1, 2):
        calls = ("c1", "c2") if turn == 1 else ("c3",)
        for gate in ("input", "recall", "retrieve", "prompt:1", "prompt:2", "output", "remember", *calls, *calls):
            name = gate.partition(":")[0]
            place = f"{draw(st.sampled_from(['tool', 'result']))}:{gate}" if gate in calls else gate
            action, edits = draw(
                st.sampled_from([("continue", st.none()), *_DEEDS[place.partition(":")[0] if gate in calls else name]])
            )
            if draw(st.integers(0, 40)) == 0:
                action, edits = "abandon", st.none()
            found[f"t{turn}/gate:{place}"] = GateReply(action=action, edit=draw(edits), by="kim", established="test")
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(done=deeds())
def test_whatever_is_done_at_the_gates_of_two_turns_replays_from_log_and_tape(
    done: dict[str, GateReply], tmp_path: Path
) -> None:
    refund = ("orders.refund", {"order_id": 7, "amount": 20})
    made = stage(
        says("", refund, refund), says("Done."), says("", refund), says("Again."), says("More."), says("More.")
    )
    session = made.session(mode="step")
    refused: list[str] = []

    def watch(item: object) -> None:
        if isinstance(item, Record) and isinstance(item.event, GatePaused):
            step = item.event.step
            try:
                session.pass_gate(step, done.get(step, GateReply(action="continue")))
            except UsageError as error:  # what cannot be done there: a made-up result of a call that is denied
                refused.append(error.code)
                session.pass_gate(step, GateReply(action="continue"))
        elif isinstance(item, Record) and isinstance(item.event, ApprovalRequested):
            session.answer(item.event.step, ApprovalReply(decision="allow", approver="kim"))

    async def scene() -> None:
        for words in (WORDS, "And once more."):
            with suppress(TurnGivenUp):
                await session.turn(words)

    session.bus.subscribe(watch)
    asyncio.run(asyncio.wait_for(scene(), 5))
    assert session.open_turn() is None and set(refused) <= {"gate.edit"} and not session.bus.failures
    result = asyncio.run(replay(stage().session(recording=LogRecording(session.records)), session.records))
    assert result.same, result.difference
    if of(session, TurnFinished):  # else there is nothing to export
        outcome = replayed(made, record(session.records, made.policy), tmp_path)
        assert (outcome.kind, outcome.line, outcome.detail) == ("passed", "", "")
