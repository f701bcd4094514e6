"""Lives of one session whose model says what it is told to: what `chaos` finds by chance, done on purpose.

Invariant: nothing happens but what a test does; each wait ends at the event it names or fails.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from greenroom.core.errors import GreenroomError
from greenroom.core.events import ApprovalRequested, Event, Record
from greenroom.core.messages import ModelReply, ModelRequest
from greenroom.core.values import ApprovalReply, StepMode, ToolCall, ToolResult
from greenroom.models.port import OnFailure, OnText
from greenroom.regression.record.record import record
from greenroom.regression.tape.tape import Line, Tape
from tests.engine.chaos_world import Process, World, contract, ticks
from tests.engine.replay.test_mixed_stories import from_log, from_tape

ALLOW = ApprovalReply(decision="allow", approver="kim", established="test")
DENY = ApprovalReply(decision="deny", approver="kim", established="test", reason="no")
STOP = ApprovalReply(decision="stop", approver="kim", established="test")
PATIENCE = 400
"""Turns of the loop that a wait takes at most."""


def edit(amount: float) -> ApprovalReply:
    return ApprovalReply(
        decision="edit", approver="kim", established="test", arguments={"order_id": 1, "amount": amount}
    )


def refund(amount: float | str) -> ToolCall:
    return ToolCall(id="", tool="orders.refund", arguments={"order_id": 1, "amount": amount})


NOTE = ToolCall(id="", tool="orders.note", arguments={"order_id": 1})


class Scripted(Process):
    """A life that says the replies in order; a tool of `held` never comes back."""

    def __init__(self, world: World, replies: list[Sequence[ToolCall]], held: str = "", words: str = "Done.") -> None:
        super().__init__(world)
        self._words = words
        self._replies = replies
        self._held = held

    async def generate(self, request: ModelRequest, on_text: OnText, on_failure: OnFailure) -> ModelReply:
        calls = self._replies.pop(0) if self._replies else ()
        return ModelReply(model="chaos", text="" if calls else self._words, calls=tuple(calls), finish="calls")

    async def call(self, call: ToolCall, idempotency_key: str) -> ToolResult:
        if call.tool == self._held:
            await asyncio.Event().wait()
        return ToolResult(status="done", output={"ok": True})

    def hold(self, tool: str) -> None:
        """Have another tool, or none, not come back from here on."""
        self._held = tool

    async def at(self, kind: type[Event], step: str = "", times: int = 1) -> None:
        """Wait until something of a kind has happened so often, at a step if one is named."""
        for _ in range(PATIENCE):
            if sum(isinstance(r.event, kind) and step in ("", r.event.step) for r in self.log.records) >= times:
                return await ticks(5)
            await ticks(1)
        raise AssertionError(f"no {kind.__name__} {step}")

    async def over(self) -> None:
        """Wait until the turn rests."""
        for _ in range(PATIENCE):
            if not self.busy:
                return
            await ticks(1)
        raise AssertionError("the turn goes on")


class Lives:
    """A session and who carries it at the moment."""

    def __init__(
        self,
        *replies: Sequence[ToolCall],
        mode: StepMode = "run",
        held: str = "",
        words: str = "Done.",
        rest: str = "first",
    ) -> None:
        self.world = World(random.Random(0), modes=(mode,), brittle=0.0, rest=rest)
        self._replies = list(replies)
        self.now = Scripted(self.world, self._replies, held, words)

    def say(self, words: str = "refund, please") -> Scripted:
        self._begin(lambda: self.now.session.turn(words))
        return self.now

    def resume(self) -> Scripted:
        """Go on in the same process."""
        self._begin(self.now.session.resume)
        return self.now

    async def cut_off(self) -> None:
        """A person interrupts the turn."""
        self.now.session.cancel()
        await self.now.over()

    async def crash(self, mode: StepMode = "run", held: str = "") -> Scripted:
        """The process is gone; another one goes on, with all that was written."""
        self.now.log.sync()
        await self.now.die()
        self.world.modes = (mode,)
        self.now = Scripted(self.world, self._replies, held)
        return self.resume()

    async def lose(self, seq: int) -> None:
        """The process is gone, and what it wrote from record `seq` on; another one stands there."""
        kept = self.records[:seq]
        await self.now.die()
        self.world.kept = kept
        self.now = Scripted(self.world, self._replies)

    async def as_kept(self) -> None:
        """Another process stands there with what the world has kept."""
        kept = self.world.kept
        await self.now.die()
        self.world.kept = kept
        self.now = Scripted(self.world, self._replies)

    async def begin_again(self, up_to: type[Event] = ApprovalRequested) -> None:
        """Another process goes on with what the world has kept, until something of a kind happens."""
        await self.as_kept()
        before = sum(isinstance(r.event, up_to) for r in self.world.kept)
        await self.resume().at(up_to, times=before + 1)

    def _begin(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        async def forgiven() -> None:
            with suppress(GreenroomError, BaseExceptionGroup):
                await work()

        self.now.begin(forgiven())

    def level(self, number: int, seconds: int | None = 500) -> None:
        """A person has it act at another level."""
        self.now.session.set_autonomy(number, "kim", "test", "a reason", seconds)

    @property
    def records(self) -> list[Record]:
        return list(self.now.log.records)


def lines(records: list[Record], rest: str = "first") -> Sequence[Line]:
    """The session as its tape tells it."""
    return record(records, contract("usual", rest).policy).tape.events


def same_again(
    records: list[Record],
    runner: asyncio.Runner,
    folder: Path,
    edited: Callable[[Tape], Tape] = lambda tape: tape,
    rest: str = "first",
) -> None:
    """Hold a session to its log and its tape."""
    replayed = from_log(records, runner, rest=rest)
    assert replayed.same, f"{replayed.step} {replayed.difference}"
    outcome = from_tape(records, runner, folder, edited, rest)
    assert outcome is not None and outcome.kind == "passed", outcome
