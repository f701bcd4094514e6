"""Stepping: named places where a turn waits for a person before it goes on.

Invariant: a pause and what ended it are two log events, so a replay passes the same gates the same way; a pause that a
log ends with waits again when its turn is resumed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from greenroom.core.errors import Divergence, GreenroomError, UsageError
from greenroom.core.events import (
    Event,
    GatePassed,
    GatePaused,
    ModeChanged,
    Record,
    ReplyGenerated,
    TurnAbandoned,
    TurnFinished,
    TurnStarted,
    VerdictReached,
)
from greenroom.core.signals import StageEntered
from greenroom.core.values import Gate, GateReply, StepMode
from greenroom.engine.gates.breakpoints import BREAKPOINT, Breakpoints
from greenroom.engine.gates.pending import Pending
from greenroom.engine.replay.lives import turn_of
from greenroom.engine.steps import Steps

STEP = "step"
MODE = "mode"
RERUN = "rerun"
"""Other causes of a pause: a person asked for the next gate, the mode stops at this one, or a rerun does again what
somebody did there.
"""
EDITED_AT_GATE = ".gate"
"""The suffix of a verdict on what was edited at a gate, and of the question about it."""
OVER = GateReply(action="abandon")
"""In the place of what a person did at a gate that was not put, because they had ended the turn meanwhile."""
Beyond = tuple[type[Event], str]
"""What has happened, by kind and step, once a gate was left behind."""
Keeper = Callable[[Pending], Awaitable[None]]
"""Has the gate passed, in the place of a person who sees it on a screen. Raises WaitingForPerson where nobody is here."""


class TurnGivenUp(GreenroomError):
    """A person abandoned the turn at a gate."""

    default_code = "turn.abandoned"


class NotPassed(UsageError):
    """What was to be done at a gate cannot be; the turn waits there still."""

    default_code = "gate.refused"


@dataclass(frozen=True, slots=True)
class _Waiting:
    pending: Pending
    reply: asyncio.Future[GateReply]


class Gates:
    """The session's step mode, its breakpoints and its waiting places. `keeper` passes them where no screen does."""

    def __init__(self, steps: Steps, mode: StepMode) -> None:
        self._steps = steps
        self._waiting: dict[str, _Waiting] = {}
        self._at_next = False
        self.mode = mode
        self.breakpoints = Breakpoints()
        self.keeper: Keeper | None = None

    def set_mode(self, mode: StepMode) -> None:
        """Change the mode from here on; a gate at which only the mode before stopped goes on."""
        if mode == self.mode:
            return
        self.mode = mode
        self._steps.note(ModeChanged(mode=mode))
        for step, waiting in tuple(self._waiting.items()):
            if waiting.pending.cause == MODE and not self._mode_stops(waiting.pending.gate):
                self.answer(step, GateReply(action="continue"))

    def stop_at_next(self) -> None:
        """Stop at the very next gate, whatever the mode."""
        self._at_next = True

    def waiting(self, step: str = "") -> Pending | None:
        """What waits at this step, or anywhere; None if nothing does."""
        found = self._waiting.get(step) if step else next(iter(self._waiting.values()), None)
        return found.pending if found is not None and not found.reply.done() else None

    def answer(self, step: str, reply: GateReply) -> None:
        """Let a waiting gate go on. Who abandons the turn at one gate does so at all that wait beside it."""
        for place in tuple(self._waiting) if reply.action == "abandon" else (step,):
            waiting = self._waiting.get(place)
            if waiting is not None and not waiting.reply.done():
                waiting.reply.set_result(reply)

    async def wait(
        self,
        gate: Gate,
        turn: int,
        look: Callable[[str], Pending],
        suffix: str = "",
        among: asyncio.Lock | None = None,
        over: Callable[[], bool] = lambda: False,
        beyond: Sequence[Beyond] = (),
    ) -> GateReply | None:
        """Stop here if the mode, a breakpoint or a person says so; `look` tells what is about to happen at this step. A turn
        that is taken up again stops at no gate that it left behind: something that is `beyond` has happened then.

        Returns what the person did, None if nothing stopped. Pauses `among` the same questions come one at a time, and
        not at all once the turn is `over`: then `OVER` comes back.

        Raises:
            TurnGivenUp: the person abandoned the turn.
            WaitingForPerson, NotPassed: nobody is here to pass it, or not so; the pause is on disk.
        """
        step = f"t{turn}/gate:{gate}{suffix}"
        passed = self._steps.find(GatePassed, step)
        if passed is None:
            if (cause := self._cause(gate, step, look, beyond)) is None:
                return None
            if among is not None:
                await self._steps.come_to_gate(step)
            async with among or nullcontext():
                if over() and not self._steps.holds(GatePassed, step):
                    return OVER
                passed = await self._ask(replace(look(step), cause=cause[0], condition=cause[1]))
        if passed.action == "abandon":
            raise TurnGivenUp(f"abandoned at the {gate} gate")
        return GateReply(action=passed.action, edit=passed.edit, by=passed.by, established=passed.established)

    def _cause(
        self, gate: Gate, step: str, look: Callable[[str], Pending], beyond: Sequence[Beyond]
    ) -> tuple[str, str] | None:
        """Why this gate stops, with the condition that held; None if it does not."""
        paused = self._steps.record_of(GatePaused, step)
        if self._steps.holds(GatePassed, step) or self._steps.holds(GatePaused, step):
            return "", ""
        if paused is not None and isinstance(paused.event, GatePaused):
            return paused.event.cause, paused.event.condition
        if any(self._steps.record_of(*step) is not None for step in beyond):
            return None
        if self._steps.stops_again(step, lambda: look(step).value):
            return RERUN, ""
        held = self.breakpoints.held(look(step)) if self.breakpoints else None
        if held is not None:
            return BREAKPOINT, held.when
        if self._at_next:
            return STEP, ""
        return (MODE, "") if self._mode_stops(gate) else None

    def _mode_stops(self, gate: Gate) -> bool:
        return self.mode == "step" or (self.mode == "tools" and gate == "tool")

    async def _ask(self, pending: Pending) -> GatePassed:
        step = pending.step
        if (recorded := await self._recorded(step)) is not None:
            return recorded
        waiting = self._waiting[step] = _Waiting(pending, asyncio.get_running_loop().create_future())
        self._at_next = False
        if self._steps.record_of(GatePaused, step) is None:
            self._steps.note(_paused(pending), sync=True)
        else:  # in an earlier life: the log knows, whoever watches does not
            self._steps.bus.tell(StageEntered(pending.turn, f"waiting at the {pending.gate} gate"))
        try:
            reply = await self._answered(waiting)
        finally:
            self._waiting.pop(step, None)
        self._at_next = self._at_next or reply.action == "step"
        return self._steps.note(_passed(pending, reply), inputs=pending.value)

    async def _recorded(self, step: str) -> GatePassed | None:
        """In a replay: the pause as it was recorded, where a recording has it, and what was done at it.

        Raises:
            LifeOver, Divergence: the turn was cut off, or given up, while it waited here.
        """
        if not self._steps.replaying:
            return None
        if self._steps.record_of(GatePaused, step) is None and self._steps.recorded(GatePaused, step) is None:
            self._steps.note(GatePaused(step=step, turn=turn_of(step), gate=_gate_of(step)))
        await self._steps.moment(GatePassed, step)
        if not self._steps.holds(GatePassed, step):
            self._steps.must_come(GatePassed, step)
            raise Divergence(f"nobody passed {step} when this was recorded", step=step)
        await asyncio.sleep(0)  # a person took longer than the calls beside this one took to come to their own gates
        passed = self._steps.peek(GatePassed, step)
        if passed is not None and passed.action == "abandon":
            await self._steps.last_of_all()
        return self._steps.recorded(GatePassed, step)

    async def _answered(self, waiting: _Waiting) -> GateReply:
        """What a person did, on a screen or through the keeper."""
        if self.keeper is None:
            return await waiting.reply
        keeping = asyncio.ensure_future(self.keeper(waiting.pending))
        try:
            either: set[asyncio.Future[Any]] = {keeping, waiting.reply}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.reply.done():
                keeping.result()  # it may have raised
            return await waiting.reply
        finally:
            if not keeping.done():
                keeping.cancel()
                await asyncio.wait({keeping})
            if not keeping.cancelled():
                keeping.exception()  # looked at, so that nobody is told of it later: a call beside may have ended the turn


def _paused(pending: Pending) -> GatePaused:
    return GatePaused(
        step=pending.step,
        turn=pending.turn,
        gate=pending.gate,
        cause=pending.cause,
        condition=pending.condition,
        about=pending.about,
    )


def _passed(pending: Pending, reply: GateReply) -> GatePassed:
    return GatePassed(
        step=pending.step,
        turn=pending.turn,
        gate=pending.gate,
        action=reply.action,
        edit=reply.edit,
        by=reply.by,
        established=reply.established,
    )


def _gate_of(step: str) -> Gate:
    """The gate of a step such as `t1/gate:tool:c2`."""
    gate: Gate = step.split(":")[1]  # type: ignore[assignment]  # only gates have such steps
    return gate


def paused(records: Sequence[Record]) -> GatePaused | None:
    """The pause that a log ends with, one that nobody has passed, or None."""
    passed: set[str] = set()
    for record in reversed(records):
        match record.event:
            case TurnStarted() | TurnFinished() | TurnAbandoned():
                return None
            case GatePassed(step=step):
                passed.add(step)
            case GatePaused(step=step) as event if step not in passed:
                return event
            case _:
                pass
    return None


def before_reply(turn: int, number: int) -> tuple[Beyond, ...]:
    """What is beyond every gate before a turn's model call of this number."""
    return (VerdictReached, f"t{turn}/verdict:prompt:{number}"), (ReplyGenerated, f"t{turn}/generate:{number}")
