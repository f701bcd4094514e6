"""Conditions that stop a session: what they may say, where they hold, how often they stop, and that nothing else changes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.clock import FrozenClock
from greenroom.core.errors import UsageError, WaitingForPerson
from greenroom.core.events import GatePaused
from greenroom.core.ids import CountedIds
from greenroom.core.values import Breakpoint, GateReply, Usage
from greenroom.engine.gates.breakpoints import Breakpoints, compiled
from greenroom.engine.gates.pending import Pending
from greenroom.engine.gates.stepping import paused
from greenroom.engine.replay.again import LogRecording, replay
from greenroom.engine.session import Session
from greenroom.log.memory_log import MemoryLog
from greenroom.policy.language.gate_words import WORDS, types
from tests.engine.stage import AmountPolicy, Stage, answering, says, stage


def play(**parts: Any) -> Stage:
    return stage(
        says("", ("orders.refund", {"order_id": 7, "amount": 20}), ("orders.get", {"order_id": 7})),
        says("Done.").model_copy(update={"usage": Usage(micro_usd=60_000)}),
        says("And again."),
        **parts,
    )


def stops(made: Stage, *conditions: str, turns: int = 1) -> list[str]:
    """The gates at which a session stops in run mode."""
    session = made.session()
    session.set_breakpoints(Breakpoint(when=when) for when in conditions)
    answering(session)
    for _ in range(turns):
        asyncio.run(asyncio.wait_for(session.turn("Refund order 7, I wear size 42"), 5))
    return [r.event.step for r in session.records if isinstance(r.event, GatePaused)]


@pytest.mark.parametrize(
    ("condition", "gates"),
    [
        ('tool.name == "orders.refund"', ["t1/gate:tool:c1"]),
        ("args.amount > 10 && gate == 'result'", ["t1/gate:result:c1"]),
        ("args.amount > 20", []),
        ("args.order_id == 7", ["t1/gate:tool:c1", "t1/gate:tool:c2"]),
        ('gate == "prompt"', ["t1/gate:prompt:1", "t1/gate:prompt:2"]),
        ("passages.top_score > 0.8", ["t1/gate:retrieve"]),
        ("passages.top_similarity < 0.4", []),  # the vector leg did not run
        ("passages.count == 2 && memories.count == 0", []),  # no gate knows both
        ("memories.keys.exists(k, k == 'size') && memories.count == 1", ["t1/gate:remember"]),
        ("turn == 1", ["t1/gate:input"]),
        ("turn == 2", []),
        ("usage.usd > 0.05", ["t1/gate:output"]),
        ("result.output.ok == true && tool.name == 'orders.get'", ["t1/gate:result:c2"]),
        ("prompt.call == 2 && text.length > 10", ["t1/gate:prompt:2"]),
        ("session.calls_this_turn >= 2", ["t1/gate:tool:c1"]),
        ("tool.name == 'x' || turn == 1", ["t1/gate:input"]),
    ],
)
def test_a_condition_stops_where_it_holds_and_as_often_as_what_it_is_about(condition: str, gates: list[str]) -> None:
    found = stops(play(), condition)
    assert found[: len(gates)] == gates
    if condition != "tool.name == 'x' || turn == 1":
        assert found == gates


def test_a_verdict_is_what_policy_says_of_what_is_about_to_happen() -> None:
    assert stops(play(policy=AmountPolicy(limit=1)), 'verdict.effect == "deny"') == ["t1/gate:tool:c1"]
    hidden = play(policy=AmountPolicy(blocked={"retrieval": "margin"}))
    assert stops(hidden, 'verdict.rule == "blocked"') == ["t1/gate:retrieve"]
    refused = play(policy=AmountPolicy(blocked={"input": "Refund"}))
    assert stops(refused, 'verdict.effect == "deny"') == ["t1/gate:input"]


def test_one_about_the_session_stops_again_only_when_it_had_ceased_to_hold() -> None:
    assert stops(play(), "turn == 1 || turn == 2", turns=2) == ["t1/gate:input"]
    assert stops(play(), "turn == 2", turns=2) == ["t2/gate:input"]
    assert stops(play(), "turn > 0", "usage.usd > 0.05", turns=2) == ["t1/gate:input", "t1/gate:output"]


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("tool.nam == 'x'", "unknown name 'tool.nam' (did you mean 'tool.name'? known: args, gate,"),
        ("colour == 'red'", "unknown name 'colour' (known: args, gate, memories.count"),
        ("turn", "is a whole number, not true or false (compare it with something)"),
        ("turn = 3", "'=' is no operator (compare with ==)"),
        ("gate == 3", "cannot be used with"),
        ("", "a breakpoint needs a condition"),
        ("x" * 3_000, "more than 2000 characters"),
    ],
)
def test_a_condition_that_cannot_be_used_is_refused_in_one_line_and_nothing_changes(condition: str, said: str) -> None:
    session = play().session()
    session.set_breakpoints([Breakpoint(when="turn == 3")])
    with pytest.raises(UsageError) as caught:
        session.set_breakpoints([Breakpoint(when="turn == 4"), Breakpoint(when=condition)])
    assert said in caught.value.line() and "\n" not in caught.value.line()
    assert [one.when for one in session.gates.breakpoints.all] == ["turn == 3"]


@given(
    words=st.dictionaries(
        st.sampled_from([word.name for word in WORDS]),
        st.none()
        | st.booleans()
        | st.integers(-9, 9)
        | st.floats(-9, 9)
        | st.text(max_size=3)
        | st.lists(st.text(max_size=2)),
    ),
    condition=st.sampled_from(
        [
            "args.amount > 3",
            "result.output.a.b == 'x'",
            "usage.usd > 0.05",
            "verdict.findings.exists(f, f == 'secret.key')",
            "!(tool.name == 'x')",
            "passages.sources[5] == 'a' || turn == 3",
            "session.counts['orders.refund'] > 1",
            "memories.count / 0 == 1",
        ]
    ),
)
def test_whatever_a_gate_knows_a_condition_holds_or_does_not_and_never_fails(
    words: dict[str, Any], condition: str
) -> None:
    policy: Any = AmountPolicy()
    pending = Pending("t1/gate:tool:c1", "tool", 1, {}, "", policy, words, lambda: words)
    found = Breakpoints()
    found.replace([Breakpoint(when=condition)])
    assert found.held(pending) in (None, Breakpoint(when=condition))


def test_every_word_can_be_used_and_one_that_is_off_never_stops() -> None:
    for name, kind in types().items():
        compiled(f"has({name}.x)" if kind.startswith(("map", "dyn")) else f"{name} == {name}")
    session = play().session()
    session.set_breakpoints([Breakpoint(when="turn == 1", on=False)])
    asyncio.run(asyncio.wait_for(session.turn("Hello"), 5))
    assert not [r for r in session.records if isinstance(r.event, GatePaused)]


def nobody(session: Session) -> None:
    async def keep(pending: Pending) -> None:
        raise WaitingForPerson("nobody is here", code="gate.waiting")

    session.gates.keeper = keep


def test_without_a_person_it_rests_there_and_another_process_goes_on_past_it() -> None:
    made = play()
    session = made.session()
    session.set_breakpoints([Breakpoint(when='tool.name == "orders.refund"')])
    nobody(session)
    with pytest.raises(WaitingForPerson):
        asyncio.run(asyncio.wait_for(session.turn("Refund"), 5))
    resting = paused(session.records)
    assert resting is not None and (resting.gate, resting.condition) == ("tool", 'tool.name == "orders.refund"')
    assert [call for call, _, _ in made.tools.ran] == ["orders.get"]  # what stood beside it has come to its end
    again = play()
    again.model.replies.pop(0)
    later = again.session(MemoryLog("s1", FrozenClock(), CountedIds(), session.records))
    later.set_breakpoints([Breakpoint(when='tool.name == "orders.refund"')])
    answering(later)
    seen: list[str] = []
    later.gates.keeper = None
    later.bus.subscribe(lambda item: seen.append(str(getattr(getattr(item, "event", None), "kind", ""))))

    async def on() -> None:
        work = asyncio.ensure_future(later.resume())
        while later.gates.waiting() is None:  # noqa: ASYNC110  # the gate waits without telling anybody again
            await asyncio.sleep(0)
        later.pass_gate("t1/gate:tool:c1", GateReply(action="edit", edit={"order_id": 7, "amount": 5}, by="kim"))
        await work

    asyncio.run(asyncio.wait_for(on(), 5))
    assert "gate_paused" not in seen and again.tools.ran[0][1]["amount"] == 5
    result = asyncio.run(replay(play().session(recording=LogRecording(later.records)), later.records))
    assert result.same, result.difference


def test_step_goes_to_the_very_next_gate_and_continue_to_the_next_that_stops() -> None:
    session = play().session()
    session.set_breakpoints([Breakpoint(when='gate == "retrieve"')])
    step = GateReply(action="step")
    answering(session, gates={"t1/gate:retrieve": step, "t1/gate:prompt:1": step})
    asyncio.run(asyncio.wait_for(session.turn("Refund"), 5))
    found = [(r.event.step, r.event.cause) for r in session.records if isinstance(r.event, GatePaused)]
    assert found == [("t1/gate:retrieve", "breakpoint"), ("t1/gate:prompt:1", "step"), ("t1/gate:tool:c1", "step")]
    session.gates.stop_at_next()
    asyncio.run(asyncio.wait_for(session.turn("Hello"), 5))
    assert [r.event.step for r in session.records if isinstance(r.event, GatePaused)][3:] == [
        "t2/gate:input",
        "t2/gate:retrieve",
    ]
