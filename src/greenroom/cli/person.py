"""A person at the terminal, asked in plain text.

Invariant: what was typed before a question was shown never answers it, and a question never blocks the event loop.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from greenroom.cli import stderr
from greenroom.core.errors import UsageError, WaitingForPerson
from greenroom.core.values import ApprovalReply, Card, GateReply

if TYPE_CHECKING:
    from greenroom.engine.gates.pending import Pending


class Person:
    """Answers cards one after another, however many calls wait at once."""

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()
        self._reading: asyncio.Future[bytes] | None = None

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        """The person's answer.

        Raises:
            WaitingForPerson: the terminal was closed; the question stays open.
        """
        from greenroom.commands.answering.card import CHOICES, answer_of, card_lines

        async with self._one_at_a_time:
            _forget_typed_ahead()
            stderr.note("\n".join(card_lines(card)))
            while True:
                stderr.prompt(f"{CHOICES}\n? ")
                text = await self._line()
                if text is None:
                    raise WaitingForPerson(
                        f"{card.call.tool} waits for a person", hint="answer it with: greenroom session resume"
                    )
                try:
                    return answer_of(text, card)
                except UsageError as error:
                    stderr.note(error.line())

    async def at_gate(self, pending: Pending, problem: str) -> GateReply:
        """What the person does at a gate.

        Raises:
            WaitingForPerson: the terminal was closed; the turn waits there still.
        """
        from greenroom.commands.stepping.deeds import choices, deed_of, gate_lines

        async with self._one_at_a_time:
            _forget_typed_ahead()
            stderr.note(problem or "\n".join(gate_lines(pending)))
            while True:
                stderr.prompt(f"{choices(pending.gate)}\n? ")
                text = await self._line()
                if text is None:
                    raise WaitingForPerson(f"paused at the {pending.gate} gate", code="gate.waiting")
                try:
                    return deed_of(text, pending)
                except UsageError as error:
                    stderr.note(error.line())

    async def _line(self) -> str | None:
        """A line from the terminal, None at its end.

        A question that was answered elsewhere leaves its read behind; the next one goes on with that, as two at once
        would take one another's lines.
        """
        if self._reading is None or self._reading.done():
            self._reading = _read_line()
        data = await asyncio.shield(self._reading)
        self._reading = None
        return data.decode("utf-8", "replace").rstrip("\r\n") if data else None


def _forget_typed_ahead() -> None:
    """Drop what waits in the terminal's input; where the platform cannot, only whole words answer anyway."""
    with suppress(ImportError, OSError):
        import termios

        with suppress(termios.error):
            termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


def _read_line() -> asyncio.Future[bytes]:
    """The next line, empty at the terminal's end. The thread is a daemon: Ctrl-C must not wait for Enter."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[bytes] = loop.create_future()

    def arrived(data: bytes) -> None:
        if not future.done():
            future.set_result(data)

    def read() -> None:
        # os.read and not sys.stdin: a thread that dies inside a buffered read breaks Python's shutdown.
        try:
            data = os.read(sys.stdin.fileno(), 65_536)
        except OSError:
            data = b""
        loop.call_soon_threadsafe(arrived, data)

    threading.Thread(target=read, daemon=True).start()
    return future
