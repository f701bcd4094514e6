"""What a rerun may keep, and what it never does unasked."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.approval.automatic import RERUN, DenyAll
from greenroom.core.canonical import canonical
from greenroom.core.errors import ServiceUnavailable, WaitingForPerson
from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    GatePassed,
    GatePaused,
    MemoriesRecalled,
    MemoryWritten,
    Record,
    ReplyGenerated,
    ReplyReleased,
    ToolReturned,
    ToolStarted,
    TurnInterrupted,
    VariantChosen,
)
from greenroom.core.values import ApprovalReply, GateReply, ToolSpec
from greenroom.engine.session import Session
from tests.engine.rerun_stage import rerun
from tests.engine.stage import (
    LOOK,
    REFUND,
    AmountPolicy,
    CountingTools,
    ListedApprover,
    ListedModel,
    Stage,
    says,
    stage,
)

ALLOW = ApprovalReply(decision="allow", approver="ann", established="a test")
REFUND_5 = ("orders.refund", {"order_id": 1, "amount": 5})
REFUND_500 = ("orders.refund", {"order_id": 1, "amount": 500})
LOOK_1 = ("orders.get", {"order_id": 1})
Calls = list[tuple[str, dict[str, Any]]]


async def recorded(parts: Stage, *words: str) -> list[Record]:
    session = parts.session()
    for one in words:
        await session.turn(one)
    return list(session.records)


def events(session: Session, kind: type[Any], since: int = 0) -> list[Any]:
    return [r.event for r in session.records[since:] if isinstance(r.event, kind)]


def test_a_call_with_effects_that_was_recorded_is_kept_and_not_made_again() -> None:
    async def scene() -> None:
        first = stage(says("", REFUND_5), says("done"), says("", LOOK_1), says("here"))
        parent = await recorded(first, "refund", "look")
        again = Stage(ListedModel([]), tools=CountingTools())
        tools = again.tools
        session = await rerun(parent, again, since=1)
        assert tools.ran == []
        started = events(session, ToolStarted, 3)
        assert [one.idempotency_key for one in started] == ["s1/t1/tool:c1", "s1/t2/tool:c2"]
        assert all(one.kept_from is not None for one in events(session, ToolReturned, 3))

    asyncio.run(scene())


def test_a_call_with_effects_that_is_new_goes_to_a_person_and_is_refused_without_one() -> None:
    async def scene() -> None:
        parent = await recorded(stage(says("", LOOK_1), says("here")), "look")
        other = stage(says("", REFUND_5), says("sorry"), approver=DenyAll())
        tools = other.tools
        session = await rerun(parent, other, words={1: "refund me"})
        assert tools.ran == []
        asked = events(session, ApprovalRequested)
        assert [one.card.reason for one in asked] == [RERUN]
        assert [one.status for one in events(session, ToolReturned, 3)] == ["denied"]

    asyncio.run(scene())


def test_a_person_may_have_it_made_and_what_is_read_after_it_is_read_anew() -> None:
    async def scene() -> None:
        parent = await recorded(stage(says("", LOOK_1), says("here"), says("", LOOK_1), says("so")), "look", "again")
        other = stage(says("", REFUND_5), says("done"), says("", LOOK_1), says("so"), approver=ListedApprover([ALLOW]))
        tools = other.tools
        await rerun(parent, other, since=1, words={1: "refund me"})
        assert [one[0] for one in tools.ran] == ["orders.refund", "orders.get"]

    asyncio.run(scene())


def test_a_persons_yes_is_kept_for_the_very_question_and_asked_for_again_under_another_policy() -> None:
    async def scene() -> None:
        first = stage(says("", REFUND_500), says("done"), approver=ListedApprover([ALLOW]))
        parent = await recorded(first, "refund")
        same = Stage(ListedModel([]), approver=DenyAll())
        kept = await rerun(parent, same)
        assert [one.decision for one in events(kept, ApprovalGiven, 3)] == ["allow"]
        assert events(kept, ApprovalGiven, 3)[0].kept_from is not None
        other = Stage(ListedModel([says("no")]), policy=AmountPolicy(limit=90), approver=DenyAll())
        tools = other.tools
        session = await rerun(parent, other)
        assert [(one.decision, one.kept_from) for one in events(session, ApprovalGiven, 3)] == [("deny", None)]
        assert tools.ran == []

    asyncio.run(scene())


def test_leave_that_is_kept_does_not_let_another_call_through() -> None:
    async def scene() -> None:
        leave = ALLOW.model_copy(update={"scope": "session", "when": ("amount <= 900",), "valid_seconds": 3600})
        first = stage(says("", REFUND_500), says("done"), says("bye"), approver=ListedApprover([leave]))
        parent = await recorded(first, "refund", "thanks")
        more = ("orders.refund", {"order_id": 2, "amount": 400})
        other = Stage(ListedModel([says("", more), says("no")]), approver=DenyAll())
        tools = other.tools
        session = await rerun(parent, other, since=1, words={2: "another refund"})
        given = events(session, ApprovalGiven, 3)
        assert [(one.decision, one.scope) for one in given] == [("allow", "once"), ("deny", "once")]
        assert tools.ran == []

    asyncio.run(scene())


def test_without_anybody_the_question_stays_open_and_the_log_is_legal() -> None:
    class Nobody:
        async def ask(self, step: str, card: object) -> ApprovalReply:
            raise WaitingForPerson("nobody is here")

    async def scene() -> None:
        parent = await recorded(stage(says("", LOOK_1), says("here")), "look")
        other = stage(says("", REFUND_5), approver=Nobody())
        tools = other.tools
        with pytest.raises(WaitingForPerson):
            await rerun(parent, other, words={1: "refund me"})
        assert tools.ran == []

    asyncio.run(scene())


def test_a_later_step_is_kept_though_an_earlier_turn_gained_a_call() -> None:
    async def scene() -> None:
        parent = await recorded(stage(says("hi"), says("", LOOK_1), says("here")), "hello", "look")
        other = stage(says("", ("orders.get", {"order_id": 9})), says("hi"), says("", LOOK_1), says("here"))
        tools = other.tools
        session = await rerun(parent, other, since=1, words={1: "hello there"})
        assert [one[1] for one in tools.ran] == [{"order_id": 9}]
        last = events(session, ToolReturned)[-1]
        assert (last.call, last.kept_from is not None) == ("c2", True)  # it was c1 when it was recorded

    asyncio.run(scene())


def test_what_a_variant_remembers_is_in_the_store_only_once_somebody_goes_on_with_it() -> None:
    async def scene() -> None:
        parent = await recorded(first := stage(says("hi"), says("yes")), "my name is Tom", "who am I?")
        store = first.memory
        assert [one.text for one in store.kept] == ["Name: Tom"]
        other = Stage(ListedModel([says("hi"), says("yes"), says("bye")]), memory=store)
        session = await rerun(parent, other, since=1, words={1: "my name is Bob"})
        assert [one.text for one in store.kept] == ["Name: Tom"]
        assert [[m.text for m in one.memories] for one in events(session, MemoriesRecalled, 3)] == [[], ["Name: Bob"]]
        assert [one.memory.text for one in events(session, MemoryWritten, 3)] == ["Name: Bob"]
        await session.turn("go on")
        assert [one.text for one in store.kept] == ["Name: Tom", "Name: Bob"]
        assert len(events(session, VariantChosen)) == 1

    asyncio.run(scene())


def test_words_in_the_place_of_a_models_are_not_kept_and_not_asked_of_the_model() -> None:
    async def scene() -> None:
        parent = await recorded(stage(says("rude"), says("bye")), "hello", "thanks")
        other = stage(says("bye then"))
        session = await rerun(parent, other, since=1, replies={"t1/generate:1": "polite"})
        made = events(session, ReplyGenerated, 3)
        assert [(one.model, one.text) for one in made] == [("a person", "polite"), ("listed/replies", "bye then")]

    asyncio.run(scene())


def test_a_variant_that_breaks_off_leaves_a_log_that_says_so_and_goes_on() -> None:
    async def scene() -> None:
        parent = await recorded(stage(says("hi")), "hello")
        other = stage(ServiceUnavailable("gone"), says("hi there"))
        seen: list[Session] = []
        with pytest.raises(ServiceUnavailable):
            await rerun(parent, other, words={1: "other"}, opened=seen.append)
        assert isinstance(seen[0].records[-1].event, TurnInterrupted)
        await seen[0].resume()
        assert [one.text for one in events(seen[0], ReplyGenerated, 3)] == ["hi there"]

    asyncio.run(scene())


_ARGUMENTS = st.fixed_dictionaries({"amount": st.sampled_from([1, 1.0, 2, 500]), "order_id": st.integers(0, 1)})
_CALLS = st.lists(st.tuples(st.sampled_from(["orders.get", "orders.refund"]), _ARGUMENTS), max_size=4)
_SCHEMAS = st.sampled_from([LOOK.parameters, REFUND.parameters])


@settings(max_examples=120, deadline=None)
@given(st.lists(_CALLS, min_size=1, max_size=3), st.lists(_CALLS, min_size=3, max_size=3), _SCHEMAS, st.booleans())
def test_a_tools_result_is_kept_only_for_the_same_name_arguments_and_schema(
    then: list[Calls], now: list[Calls], schema: dict[str, Any], allow: bool
) -> None:
    async def scene() -> tuple[list[Record], Session, CountingTools]:
        replies = [says("", *calls) for calls in then]
        words = [f"say {place}" for place in range(len(then))]
        spoken = [one for calls in replies for one in ((calls, says("so")) if calls.calls else (calls,))]
        yes = [ALLOW] * 40
        parent = await recorded(stage(*spoken, approver=ListedApprover(list(yes))), *words)
        other_replies = [says("", *calls) for calls in now[: len(then)]]
        others = [one for calls in other_replies for one in ((calls, says("so")) if calls.calls else (calls,))]
        tools = Reshaped(look=LOOK.model_copy(update={"parameters": schema}))
        approver = ListedApprover(list(yes)) if allow else DenyAll()
        again = stage(*others, tools=tools, approver=approver, persona=stage().persona)
        return parent, await rerun(parent, again, 1, {1: "said otherwise"}), tools

    parent, session, tools = asyncio.run(scene())
    specs = {spec.name: spec for spec in tools.specs()}
    used: list[int] = []
    for event in events(session, ToolReturned):
        if event.kept_from is None:
            continue
        before = parent[event.kept_from].event
        assert isinstance(before, ToolReturned)
        start = next(r.event for r in parent if isinstance(r.event, ToolStarted) and r.event.step == before.step)
        mine = next(one for one in events(session, ToolStarted) if one.step == event.step)
        assert (start.tool, canonical(start.arguments)) == (mine.tool, canonical(mine.arguments))
        assert event.output == before.output
        assert specs[start.tool].parameters == (LOOK if start.tool == "orders.get" else REFUND).parameters
        used.append(event.kept_from)
    assert len(used) == len(set(used))
    effects = [one for one in tools.ran if one[0] == "orders.refund"]
    assert allow or effects == []


class Reshaped(CountingTools):
    """Tools one of which has another schema than it had."""

    def __init__(self, look: ToolSpec) -> None:
        super().__init__()
        self._look = look

    def specs(self) -> tuple[ToolSpec, ...]:
        return (self._look, REFUND)


def test_what_a_person_put_in_at_a_gate_is_put_in_again_where_the_same_stands_there() -> None:
    async def scene() -> None:
        first = stage(says("rude"), says("bye"))
        session = first.session(mode="step")
        session.bus.subscribe(lambda item: _at_output(session, item))
        await session.turn("hello")
        parent = list(session.records)
        again = await rerun(parent, Stage(ListedModel([])))
        passed = events(again, GatePassed, 3)
        assert [(one.gate, one.edit, one.kept_from is not None) for one in passed] == [("output", "polite", True)]
        other = await rerun(parent, stage(says("worse")), words={1: "hello there"})
        assert events(other, GatePassed, 3) == []
        assert [one.text for one in events(other, ReplyReleased, 3)] == ["worse"]

    asyncio.run(scene())


def _at_output(session: Session, item: object) -> None:
    """Go on at every gate, with other words at the last."""
    if isinstance(item, Record) and isinstance(item.event, GatePaused):
        gate, step = item.event.gate, item.event.step
        edit = GateReply(action="edit", edit="polite") if gate == "output" else GateReply(action="continue")
        session.pass_gate(step, edit)
