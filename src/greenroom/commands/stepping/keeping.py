"""Passing gates where no screen shows them: a person at the terminal is asked, and without one the session rests.

Invariant: without a person nothing goes on past a gate but what was asked for on the command line, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.commands.answering.card import ESTABLISHED, approver
from greenroom.commands.invocation import Face, Invocation
from greenroom.commands.stepping.deeds import deed_of, why
from greenroom.core.errors import UsageError, WaitingForPerson
from greenroom.core.inert import inert_line
from greenroom.core.values import Breakpoint, GateReply
from greenroom.engine.gates.stepping import NotPassed

if TYPE_CHECKING:
    from greenroom.engine.gates.pending import Pending
    from greenroom.engine.session import Session

WAITING = "gate.waiting"
"""The code of the error with which a session rests at a gate."""


def signed(reply: GateReply) -> GateReply:
    """A deed with who did it."""
    return reply.model_copy(update={"by": approver(), "established": ESTABLISHED})


def breakpoints_of(asked: Invocation) -> tuple[Breakpoint, ...]:
    """Those of `--break`, looked at before anything is opened.

    Raises:
        UsageError: one cannot be used.
    """
    from greenroom.engine.gates.breakpoints import compiled

    wanted = tuple(Breakpoint(when=text.strip()) for text in asked.words("break"))
    for one in wanted:
        compiled(one.when)
    return wanted


def how_to_go_on(session: str) -> str:
    """What to type where a session rests at a gate."""
    return f"greenroom session resume {session} goes on; --edit, --simulate or --skip change what happens"


class Keeper:
    """Passes the gates of one session: as `first` says (a typed deed) the one it rests at, then as the person at `face`."""

    def __init__(self, session: Session, face: Face, first: str = "") -> None:
        self._session = session
        self._face = face
        self._first = first

    async def __call__(self, pending: Pending) -> None:
        """Pass it.

        Raises:
            WaitingForPerson: nobody is here, or they left.
            NotPassed: what was asked for on the command line cannot be done at this gate.
        """
        first, self._first = self._first, ""
        if first:
            self._as_given(pending, first)
            return
        if not self._face.interactive:
            because = why(pending)
            where = f"{pending.gate} gate of turn {pending.turn}{f' ({because})' if because else ''}"
            raise WaitingForPerson(f"paused at the {where}: {inert_line(pending.about, 160)}", code=WAITING)
        problem = ""
        while self._session.gates.waiting(pending.step) is not None:
            reply = await self._face.at_gate(pending, problem)
            try:
                self._session.pass_gate(pending.step, signed(reply))
            except UsageError as error:
                problem = error.line()

    def _as_given(self, pending: Pending, first: str) -> None:
        """What the command line says, as it would be typed here."""
        try:
            self._session.pass_gate(pending.step, signed(deed_of(first, pending)))
        except UsageError as error:
            raise NotPassed(error.message, hint=error.hint, code=error.code) from None
