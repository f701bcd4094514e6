"""The terminal as a face: results as they come on stdout, everything beside them on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from greenroom.cli import stderr, stdout

if TYPE_CHECKING:
    from greenroom.cli.person import Person
    from greenroom.core.events import Record
    from greenroom.core.signals import Signal
    from greenroom.core.values import ApprovalReply, Card, GateReply
    from greenroom.engine.gates.pending import Pending


class Terminal:
    """Follows a session on the command line; with `as_json` each record is one line of JSON and nothing else is said."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._person: object = None

    @property
    def interactive(self) -> bool:
        return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()

    def note(self, text: str) -> None:
        stderr.note(text)

    def follow(self, item: Record | Signal) -> None:
        from greenroom.core.events import Record

        if not isinstance(item, Record):
            self._signal(item)
        elif self._as_json:
            from greenroom.commands.session.as_data import as_data

            stdout.write_json(as_data(item))
        else:
            self._tell(item)

    def lines_in(self) -> list[str]:
        if sys.stdin is None or sys.stdin.isatty():
            return []
        return [line.rstrip("\r\n") for line in sys.stdin if line.strip()]

    def confirm(self, question: str) -> bool:
        if not self.interactive:
            return False
        stderr.prompt(f"{question} [y/N] ")
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def pick(self, question: str, letters: str) -> str:
        while self.interactive:
            stderr.prompt(f"{question} ")
            line = sys.stdin.readline()
            said = line.strip().lower()[:1]
            if not line or (said and said in letters):
                return said
        return ""

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        return await self._who().ask(step, card)

    async def at_gate(self, pending: Pending, problem: str) -> GateReply:
        return await self._who().at_gate(pending, problem)

    def _who(self) -> Person:
        from greenroom.cli.person import Person

        if not isinstance(self._person, Person):
            self._person = Person()
        return self._person

    def _tell(self, record: Record) -> None:
        from greenroom.commands.live.narrate import told
        from greenroom.core.events import GatePaused, TurnInterrupted

        said = told(record)
        # Why a turn was interrupted, or paused where nobody is, is the line of the error that ends the command.
        if said is None or said.voice == "you" or isinstance(record.event, TurnInterrupted | GatePaused):
            return
        if said.voice == "reply":
            stdout.write_lines([said.text])
        else:
            stderr.note(said.text)

    def _signal(self, signal: Signal) -> None:
        from greenroom.core.signals import Noted

        if isinstance(signal, Noted) and not self._as_json:
            stderr.note(f"  {signal.level:<8} {signal.text}")
