"""The kill switch inside a turn: what a stop covers does not begin, and what runs is cut off."""

import asyncio
from dataclasses import dataclass, field

import pytest

from greenroom.core.errors import KillSwitchThrown
from greenroom.core.events import ApprovalGiven, ReplyGenerated, ToolReturned, ToolStarted, TurnInterrupted
from greenroom.core.messages import ModelReply, ModelRequest
from greenroom.core.values import ApprovalReply, Stop, ToolCall, ToolResult
from greenroom.engine import waiting
from greenroom.engine.replay.again import LogRecording, replay
from greenroom.engine.session import Session
from greenroom.models.port import OnFailure, OnText
from tests.engine.stage import CountingTools, ListedApprover, says, stage, until

REFUND = ("orders.refund", {"order_id": 1, "amount": 20})
LOOK = ("orders.get", {"order_id": 1})


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.001)


@dataclass
class Switch:
    """A kill switch in memory."""

    pressed: list[Stop] = field(default_factory=list)

    def stops(self) -> tuple[Stop, ...]:
        return tuple(self.pressed)


@dataclass
class SlowTools(CountingTools):
    """Tools that run until they are cut off; `cut` counts how often they were."""

    cut: int = 0

    async def call(self, call: ToolCall, idempotency_key: str) -> ToolResult:
        self.ran.append((call.tool, dict(call.arguments), idempotency_key))
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cut += 1
            raise
        raise AssertionError


class EndlessModel:
    """A model that never stops thinking."""

    name = "listed/replies"

    async def generate(self, request: ModelRequest, on_text: OnText, on_failure: OnFailure) -> ModelReply:
        await asyncio.Event().wait()
        raise AssertionError

    async def aclose(self) -> None:
        """Nothing is held."""


def everything() -> Stop:
    return Stop(scope="everything", by="mara", reason="drill")


def of(session: Session, kind: type) -> list[object]:
    return [r.event for r in session.records if isinstance(r.event, kind)]


def test_nothing_is_asked_of_a_model_once_everything_is_stopped_and_the_turn_goes_on_after_the_lift() -> None:
    switch = Switch([everything()])
    play = stage(says("", REFUND), says("Done."), brake=switch)
    session = play.session()
    with pytest.raises(KillSwitchThrown, match="mara stopped everything: drill") as thrown:
        asyncio.run(session.turn("refund it"))
    assert thrown.value.exit_code == 7
    assert play.model.requests == []
    (interrupted,) = of(session, TurnInterrupted)
    assert isinstance(interrupted, TurnInterrupted)
    assert interrupted.cause == "stopped"
    with pytest.raises(KillSwitchThrown):
        asyncio.run(session.resume())
    switch.pressed.clear()
    asyncio.run(session.resume())
    assert len(play.tools.ran) == 1


def test_a_stop_between_the_verdict_and_the_start_of_a_tool_holds_it_back() -> None:
    switch = Switch()
    play = stage(says("", REFUND), says("Done."), brake=switch)
    problem = play.tools.problem

    def pressing(call: ToolCall) -> str:
        switch.pressed.append(everything())
        return problem(call)

    play.tools.problem = pressing  # type: ignore[method-assign]  # pressed at the last moment before the call is judged
    session = play.session()
    with pytest.raises(KillSwitchThrown):
        asyncio.run(session.turn("refund it"))
    assert of(session, ReplyGenerated)
    assert of(session, ToolStarted) == []
    assert play.tools.ran == []


@pytest.mark.parametrize("target", ["orders.refund", "orders.*"])
def test_a_stopped_tool_is_denied_in_the_name_of_who_stopped_it_and_the_others_run(target: str) -> None:
    switch = Switch([Stop(scope="tool", target=target, by="mara", reason="prices are wrong")])
    play = stage(says("", REFUND, LOOK), says("Sorry."), brake=switch)
    session = play.session()
    asyncio.run(session.turn("refund it"))
    assert [tool for tool, _, _ in play.tools.ran] == ([] if target.endswith("*") else ["orders.get"])
    denied = {
        e.tool: e.error for e in of(session, ToolReturned) if isinstance(e, ToolReturned) and e.status == "denied"
    }
    assert "prices are wrong" in denied["orders.refund"]
    answers = [(e.approver, e.established) for e in of(session, ApprovalGiven) if isinstance(e, ApprovalGiven)]
    assert set(answers) == {("mara", "kill switch")}
    twin = stage()
    replayed = asyncio.run(replay(twin.session(recording=LogRecording(session.records)), session.records))
    assert replayed.same, replayed.difference


def test_a_stop_of_one_call_or_turn_leaves_others_alone() -> None:
    switch = Switch([Stop(scope="call", target="s1/t1/tool:c1", by="mara"), Stop(scope="turn", target="s1/t2")])
    play = stage(says("", REFUND, REFUND), says("One."), says("Three."), brake=switch)
    session = play.session()
    asyncio.run(session.turn("one"))
    assert len(play.tools.ran) == 1
    with pytest.raises(KillSwitchThrown, match="this turn"):
        asyncio.run(session.turn("two"))
    session.abandon("stopped")
    asyncio.run(session.turn("three"))
    assert play.model.replies == []


def test_a_running_model_and_a_running_tool_are_cut_off() -> None:
    switch = Switch()
    play = stage(brake=switch)
    play.model = EndlessModel()  # type: ignore[assignment]  # the stage only hands it on
    session = play.session()

    async def run(begun: object) -> None:
        turn = asyncio.ensure_future(session.turn("go"))
        await until(lambda: session.running)
        switch.pressed.append(everything())
        with pytest.raises(KillSwitchThrown):
            await turn

    asyncio.run(run(None))

    switch.pressed.clear()
    slow = SlowTools()
    other = stage(says("", REFUND), says("Done."), tools=slow, brake=switch)
    session = other.session()

    async def stop_the_tool() -> None:
        turn = asyncio.ensure_future(session.turn("refund"))
        await until(lambda: bool(slow.ran))
        switch.pressed.append(Stop(scope="tool", target="orders.refund", by="mara"))
        await turn

    asyncio.run(stop_the_tool())
    assert slow.cut == 1
    (returned,) = of(session, ToolReturned)
    assert isinstance(returned, ToolReturned)
    assert returned.status == "unknown"


def test_a_tool_cut_off_by_a_stop_of_everything_is_asked_about_before_it_could_run_once_more() -> None:
    switch = Switch()
    slow = SlowTools()
    play = stage(says("", REFUND), says("Done."), tools=slow, brake=switch)
    session = play.session()

    async def cut() -> None:
        turn = asyncio.ensure_future(session.turn("refund"))
        await until(lambda: bool(slow.ran))
        switch.pressed.append(everything())
        with pytest.raises(KillSwitchThrown):
            await turn

    asyncio.run(cut())
    switch.pressed.clear()
    play.tools = CountingTools()
    session._room.outside.tools = play.tools  # the same log, tools that would work now
    session._room.outside.approver = ListedApprover(
        [ApprovalReply(decision="deny", approver="kim", reason="look first")]
    )
    asyncio.run(session.resume())
    assert play.tools.ran == []
    assert [e.status for e in of(session, ToolReturned) if isinstance(e, ToolReturned)] == ["unknown"]


def test_an_open_question_ends_with_the_stop_of_its_tool() -> None:
    switch = Switch()
    play = stage(says("", ("orders.refund", {"order_id": 1, "amount": 120})), says("Sorry."), brake=switch)
    session = play.session()

    async def run() -> None:
        turn = asyncio.ensure_future(session.turn("refund"))
        await until(lambda: any(r.event.kind == "approval_requested" for r in session.records))
        switch.pressed.append(Stop(scope="tool", target="orders.refund", by="mara", reason="wait"))
        await turn

    asyncio.run(run())
    (given,) = of(session, ApprovalGiven)
    assert isinstance(given, ApprovalGiven)
    assert (given.decision, given.established, given.reason) == ("deny", "kill switch", "It was stopped: wait")
    assert play.tools.ran == []
