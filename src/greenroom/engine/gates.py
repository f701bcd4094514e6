"""Stepping: named places where a turn waits for a person before it goes on.

Invariant: a pause and what ended it are two log events, so a replay passes the same gates the same way.
"""

from __future__ import annotations

import asyncio

from greenroom.core.errors import GreenroomError
from greenroom.core.events import GatePassed, GatePaused, ModeChanged
from greenroom.core.values import Gate, GateReply, StepMode
from greenroom.engine.steps import Steps


class TurnGivenUp(GreenroomError):
    """A person abandoned the turn at a gate."""

    default_code = "turn.abandoned"


class Gates:
    """The session's step mode and its waiting places."""

    def __init__(self, steps: Steps, mode: StepMode) -> None:
        self._steps = steps
        self._waiting: dict[str, asyncio.Future[GateReply]] = {}
        self.mode = mode

    def set_mode(self, mode: StepMode) -> None:
        """Change the mode from here on; leaving `step` lets a waiting gate go on."""
        if mode == self.mode:
            return
        self.mode = mode
        self._steps.note(ModeChanged(mode=mode))
        if mode != "step":
            for step in tuple(self._waiting):
                self.answer(step, GateReply(action="continue"))

    def waiting(self) -> str:
        """The step a person is waited for at, or ''."""
        return next(iter(self._waiting), "")

    def answer(self, step: str, reply: GateReply) -> None:
        """Let a waiting gate go on. Who abandons the turn at one gate does so at all that wait beside it."""
        for place in tuple(self._waiting) if reply.action == "abandon" else (step,):
            future = self._waiting.get(place)
            if future is not None and not future.done():
                future.set_result(reply)

    async def wait(self, gate: Gate, turn: int, suffix: str = "") -> GateReply | None:
        """Stop here if the mode says so. Returns what the person did, None if nothing stopped.

        Raises:
            TurnGivenUp: the person abandoned the turn.
        """
        step = f"t{turn}/gate:{gate}{suffix}"
        passed = self._steps.find(GatePassed, step)
        if passed is None:
            if self.mode != "step" and not self._steps.holds(GatePassed, step):
                return None
            passed = await self._ask(gate, turn, step)
        if passed.action == "abandon":
            raise TurnGivenUp(f"abandoned at the {gate} gate")
        return GateReply(action=passed.action, edit=passed.edit)

    async def _ask(self, gate: Gate, turn: int, step: str) -> GatePassed:
        self._steps.note(GatePaused(step=step, turn=turn, gate=gate))
        if (recorded := self._steps.recorded(GatePassed, step)) is not None:
            return recorded
        self._waiting[step] = asyncio.get_running_loop().create_future()
        try:
            reply = await self._waiting[step]
        finally:
            self._waiting.pop(step, None)
        return self._steps.note(GatePassed(step=step, turn=turn, gate=gate, action=reply.action, edit=reply.edit))
