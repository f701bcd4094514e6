"""The person at the REPL, asked inline: about calls, and at gates.

Invariant: one question at a time; closing a prompt answers nothing and leaves the question in the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.patch_stdout import patch_stdout

from greenroom.commands.answering.card import CHOICES, answer_of, card_lines
from greenroom.commands.answering.grants import clauses_for, grant_lines, lasting
from greenroom.commands.stepping.deeds import choices, deed_of, gate_lines
from greenroom.commands.stepping.keeping import WAITING, signed
from greenroom.core.clock import SystemClock, stamp
from greenroom.core.errors import UsageError, WaitingForPerson
from greenroom.core.values import ApprovalReply, Card, Scope
from greenroom.repl.out import Out

if TYPE_CHECKING:
    from greenroom.engine.gates.pending import Pending
    from greenroom.engine.session import Session
    from greenroom.views.people.approvals import Asked

GRANT = "grant turn|session [30m]"


class Person:
    """Answers cards and gates by typing. `out`, and `asked`, which looks a question up, are set when the session is open."""

    def __init__(self) -> None:
        self.out = Out("persona")
        self.asked: Callable[[str], Asked | None] = lambda step: None
        self._lock = asyncio.Lock()
        self._prompt: PromptSession[str] = PromptSession()

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        """The answer to a card.

        Raises:
            WaitingForPerson: the prompt was closed (Ctrl-C, Ctrl-D); the question stays open.
        """
        async with self._lock:
            self.out.lines([*self._card(step, card), f"{CHOICES} | {GRANT}"])
            while True:
                text = await self._line("answer> ")
                if text is None:
                    raise WaitingForPerson(
                        f"{card.call.tool} waits for a person", hint="/resume asks again, /abandon gives up"
                    )
                try:
                    word, _, rest = text.strip().partition(" ")
                    reply = await self._leave(rest, card) if word == "grant" else answer_of(text, card)
                except UsageError as error:
                    self.out.error(error)
                    continue
                if reply is not None:
                    return reply

    def _card(self, step: str, card: Card) -> list[str]:
        """The card with who is asked by now, until when, and what happens then."""
        asked = self.asked(step)
        if asked is None:
            return card_lines(card)
        now = stamp(SystemClock().now())
        return card_lines(card, asked.deadline, role=asked.role, passed=asked.passed, now=now)

    async def _leave(self, words: str, card: Card) -> ApprovalReply | None:
        """Leave for later calls: its clauses are shown first and can be put otherwise; None where it is not given.

        Raises:
            UsageError: no such scope or time, a clause is wrong, or this question is put every time.
        """
        scope, _, length = words.strip().partition(" ")
        if scope not in ("turn", "session"):
            raise UsageError("a grant for how long?", hint=GRANT)
        length = length.strip() or "30m"
        valid, when = lasting(length), clauses_for(card)
        wide: Scope = "session" if scope == "session" else "turn"
        self.out.lines(
            [
                *grant_lines(card, wide, when, length),
                "yes gives it; other clauses, separated by ';', are taken instead; an empty line gives nothing",
            ]
        )
        said = (await self._line("grant> ") or "").strip()
        if not said:
            return None
        if said != "yes":
            when = clauses_for(card, [clause.strip() for clause in said.split(";") if clause.strip()])
        return answer_of("approve", card).model_copy(update={"scope": wide, "when": when, "valid_seconds": valid})

    async def keep_gate(self, session: Session, pending: Pending) -> None:
        """Ask at a pause, until the gate is passed.

        Raises:
            WaitingForPerson: the prompt was closed (Ctrl-C, Ctrl-D); the turn waits there still.
        """
        async with self._lock:
            self.out.lines([*gate_lines(pending), choices(pending.gate)])
            while session.gates.waiting(pending.step) is not None:
                text = await self._line("gate> ")
                if text is None:
                    hint = "/resume goes on there, /abandon gives up"
                    raise WaitingForPerson(f"paused at the {pending.gate} gate", hint=hint, code=WAITING)
                try:
                    reply = deed_of(text.strip() or "continue", pending)
                    session.pass_gate(pending.step, signed(reply))
                except UsageError as error:
                    self.out.error(error)

    async def _line(self, prompt: str) -> str | None:
        with patch_stdout(raw=True):
            try:
                return await self._prompt.prompt_async(prompt)
            except (KeyboardInterrupt, EOFError):
                return None
