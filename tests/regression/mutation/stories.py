"""Sessions that together have every kind of line a tape can hold, each really run on the engine's stage."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from greenroom.core.errors import FileInvalid, GreenroomError
from greenroom.core.events import Record
from greenroom.core.messages import ModelReply
from greenroom.core.values import ApprovalReply, GateReply, ToolCall, ToolResult
from greenroom.engine.session import Session
from greenroom.regression.case import Case
from greenroom.regression.mutation.mutant import Retold
from greenroom.regression.mutation.overlay import PartsWith
from greenroom.regression.record.record import record
from greenroom.regression.replay.outcome import Outcome, outcome
from greenroom.regression.replay.replay import Build, Fixture, replay_tape
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.tape import read, write
from tests.engine.stage import AmountPolicy, ListedApprover, Stage, answering, persona, says, stage
from tests.regression.taped import builder, recorded_session

NOTHING = Case(schema="case/1")
Told = tuple[Stage, list[Record]]
CONTINUE = GateReply(action="continue")
ALLOW = ApprovalReply(decision="allow", approver="kim", established="test")


def answered(reply: ApprovalReply) -> Told:
    """A refund that a person answers so, as the last thing that happens."""
    made = stage(says("", ("orders.refund", {"amount": 500})), says("As you say."), approver=ListedApprover([reply]))
    return made, _run(made.session(), "Refund 500.")


def gated(gate: str, action: Literal["edit", "abandon"] = "edit") -> Told:
    """A person steps in at one gate of the second turn."""
    made = stage(says("Never said. My name is Eve."), says("Hello again."))
    session = made.session(mode="step")

    def watch(item: object) -> None:
        if isinstance(item, Record) and item.event.kind == "gate_paused":
            edit = item.event.step == gate
            reply = GateReply(action=action, edit="Other words") if edit else CONTINUE
            asyncio.get_running_loop().call_soon(session.pass_gate, item.event.step, reply)

    session.bus.subscribe(watch)
    return made, _run(session, "My name is Mara.", "Hello")


def given_up_at_the_end() -> Told:
    """A turn that was interrupted while its answer waited at the last gate, and given up then; another after it."""
    made = stage(says("Never said."), says("Hello again."))
    session = made.session(mode="step")

    def watch(item: object) -> None:
        if isinstance(item, Record) and item.event.kind == "gate_paused":
            on = partial(session.pass_gate, item.event.step, CONTINUE)
            asyncio.get_running_loop().call_soon(session.cancel if item.event.step == "t1/gate:output" else on)

    async def run() -> list[Record]:
        session.bus.subscribe(watch)
        with suppress(asyncio.CancelledError):
            await session.turn("Hello")
        session.abandon("too slow")
        session.set_mode("run")
        await session.turn("Hello?")
        return list(session.records)

    return made, asyncio.run(run())


@dataclass
class _Spent:
    """What other sessions spent, by the day."""

    days: dict[str, float]

    def sums(self, day: str) -> Mapping[str, float]:
        return {"orders.refund:amount:day": self.days[day]} if day in self.days else {}

    def turn_to_spend(self) -> AbstractContextManager[object]:
        return nullcontext()


def _refund(amount: float) -> tuple[str, dict[str, Any]]:
    return ("orders.refund", {"order_id": 1, "amount": amount})


def _twice(amount: float, reply: ApprovalReply = ALLOW, **parts: Any) -> Stage:
    replies: list[ModelReply | Exception] = []
    for _ in range(2):
        replies += [says("", _refund(amount)), says("Done.")]
    return stage(*replies, approver=ListedApprover([reply] * 2), **parts)


def spent_elsewhere() -> Told:
    """Past midnight, on a day on which others spent as well."""
    made = _twice(60, policy=AmountPolicy(limit=10, reserved="day"), day=_Spent({"2026-11-20": 50.0}))
    session = made.session()
    first = _run(session, "today", close=False)
    assert first
    made.clock.advance(24 * 3600)
    return made, _run(session, "tomorrow")


def autonomy_set() -> Told:
    """A level set before the first turn, and leave given for the session."""
    leave = ALLOW.model_copy(update={"scope": "session", "when": ("amount <= 150",)})
    made = _twice(120, leave)
    made.policy.reserved = "nothing"
    session = made.session()
    session.set_autonomy(1, "kim", "test", "careful")
    return made, _run(session, "one", "two")


def blocked(hook: Any, word: str) -> Told:
    """Policy keeps something back at a hook."""
    made = stage(*_replies(), policy=AmountPolicy(blocked={hook: word}))
    session = made.session()
    answering(session, ALLOW, ALLOW)
    return made, _run(session, "My name is Mara. Refund 120 of order 7, card 4111.", "Thanks, and how long?")


def _replies() -> list[ModelReply | Exception]:
    return [
        says("", ("orders.get", {"order_id": 7}), ("orders.refund", {"amount": 120, "note": "word"})),
        says("Done, card 4111, word."),
        says("Five days, word. [1]"),
    ]


def out_of_time() -> Told:
    """A turn that met its limit of seconds."""
    made = stage(*_replies(), persona=persona(limits={"seconds": 5}))

    def slow(call: ToolCall) -> ToolResult:
        made.clock.advance(6)
        return ToolResult(status="done", output="late")

    made.tools.act = slow
    session = made.session()
    answering(session, ALLOW, ALLOW)
    return made, _run(session, "Refund 120 of order 7.", "Thanks.")


def _run(session: Session, *words: str, close: bool = True) -> list[Record]:
    async def told() -> list[Record]:
        for one in words:
            with suppress(GreenroomError):  # a turn that was given up
                await session.turn(one)
        records = list(session.records)
        if close:
            await session.aclose()
        return records

    return asyncio.run(told())


STORIES = {
    "three turns": recorded_session,
    "denied": lambda: answered(ApprovalReply(decision="deny", reason="No, thank you.")),
    "simulated": lambda: answered(ApprovalReply(decision="simulate", result={"refund_id": "R-1"})),
    "stopped": lambda: answered(ApprovalReply(decision="stop")),
    "input edited": lambda: gated("t2/gate:input"),
    "output edited": lambda: gated("t2/gate:output"),
    "given up": lambda: gated("t1/gate:prompt:1", "abandon"),
    "given up at the end": given_up_at_the_end,
    "spent elsewhere": spent_elsewhere,
    "autonomy set": autonomy_set,
    "result withheld": lambda: blocked("tool.result", "word"),
    "reply withheld": lambda: blocked("output", "Five"),
    "memory withheld": lambda: blocked("memory.write", "Mara"),
    "out of time": out_of_time,
}


def replayed(fixture: Fixture, retold: Retold, build: Build) -> Outcome:
    """The tape written anew, with a last line that fits it, as by someone who edits a recorded answer."""
    try:
        tape = read(write(retold.tape), fixture.file)
    except FileInvalid as error:
        return outcome("broken", error.line())
    parts = PartsWith(fixture.parts, retold.texts)
    return asyncio.run(replay_tape(tape, NOTHING, build, parts, file=fixture.file, stale="warn"))


def of_story(name: str, folder: Path) -> tuple[Fixture, Build]:
    made, records = STORIES[name]()
    kept = record(records, made.policy)
    parts = Parts(folder)
    parts.write(kept.texts)
    return Fixture(f"{name}.tape.jsonl", kept.tape, NOTHING, parts), builder(made)
