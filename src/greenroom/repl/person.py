"""The person at the REPL, asked inline: about calls, and at gates.

Invariant: one question at a time; closing a prompt answers nothing and leaves the question in the log.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.patch_stdout import patch_stdout

from greenroom.commands.card import CHOICES, answer_of, card_lines
from greenroom.core.errors import UsageError, WaitingForPerson
from greenroom.core.events import GatePaused
from greenroom.core.values import ApprovalReply, Card, GateReply
from greenroom.repl.out import Out

if TYPE_CHECKING:
    from greenroom.engine.session import Session

GATE_CHOICES = "continue | step | edit TEXT | abandon"


class Person:
    """Answers cards and gates by typing. `out` is set when the session is open."""

    def __init__(self) -> None:
        self.out = Out("persona")
        self._lock = asyncio.Lock()
        self._prompt: PromptSession[str] = PromptSession()

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        """The answer to a card.

        Raises:
            WaitingForPerson: the prompt was closed (Ctrl-C, Ctrl-D); the question stays open.
        """
        async with self._lock:
            self.out.lines([*card_lines(card), CHOICES])
            while True:
                text = await self._line("answer> ")
                if text is None:
                    raise WaitingForPerson(
                        f"{card.call.tool} waits for a person", hint="/resume asks again, /abandon gives up"
                    )
                try:
                    return answer_of(text, card)
                except UsageError as error:
                    self.out.error(error)

    async def keep_gates(self, session: Session, paused: asyncio.Queue[GatePaused]) -> None:
        """Ask at each pause until cancelled."""
        while True:
            event = await paused.get()
            async with self._lock:
                self.out.lines([f"-- paused at {event.gate}: {GATE_CHOICES}"])
                session.pass_gate(event.step, await self._gate())

    async def _gate(self) -> GateReply:
        while True:
            text = await self._line("gate> ")
            word, _, rest = (text if text is not None else "abandon").strip().partition(" ")
            match word:
                case "" | "continue" | "c":
                    return GateReply(action="continue")
                case "step" | "s":
                    return GateReply(action="step")
                case "abandon":
                    return GateReply(action="abandon")
                case "edit" if rest.strip():
                    return GateReply(action="edit", edit=rest.strip())
                case _:
                    self.out.lines([GATE_CHOICES])

    async def _line(self, prompt: str) -> str | None:
        with patch_stdout(raw=True):
            try:
                return await self._prompt.prompt_async(prompt)
            except (KeyboardInterrupt, EOFError):
                return None
