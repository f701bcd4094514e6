"""A new session from any event of another, and what is said first in it."""

from __future__ import annotations

from greenroom.commands.answer import Answer, answer
from greenroom.commands.invocation import Invocation
from greenroom.commands.run import approver_of, carry
from greenroom.core.errors import UsageError
from greenroom.core.events import Record, TurnStarted
from greenroom.views.travel.moments import place_of


async def fork(asked: Invocation) -> Answer[str]:
    """A new session that shares everything up to `--at`, an event or just before a turn; with `--say` a turn is said at once.

    Raises:
        UsageError: no such moment, or a turn is not over there that words were to be said after.
        LogDamaged: the parent does not verify.
    """
    from greenroom.assembly import fork_session

    words = asked.text("say")
    if not asked.text("at"):
        raise UsageError("fork at which event?", hint="--at N or --at t3; session show ID --events numbers them")
    at = _event(asked)
    face = asked.person() if words else None
    approver = approver_of(asked.text("approve"), face) if face is not None else None
    session = await fork_session(asked.workspace(), asked.text("session"), at, approver=approver)
    name, records = session.id, len(session.records)
    data = {"session": name, "records": records}
    notes = [f"go on with: greenroom run --session {name} TEXT, or greenroom open --session {name}"]
    if face is None:
        await session.aclose()
        return answer(name, [name], data, notes=notes)
    if (begun := session.open_turn()) is not None:
        await session.aclose()
        raise UsageError(_not_over(name, begun), hint=f"fork just before it: --at {begun.seq - 1}", code="turn.open")
    finished = await carry(session, face, [words])
    return answer(name, [name], data, notes=notes, exit_code=int(finished[0].outcome != "answered"))


def _event(asked: Invocation) -> int:
    """The number of the last event to keep. A turn is named to say something else in its place, so it begins after it."""
    from greenroom.assembly import read_session

    words = asked.text("at").strip()
    if words.isascii() and words.isdecimal():
        return int(words)
    records = read_session(asked.workspace(), asked.text("session"))
    place = place_of(records, words)
    before = words.lower().startswith("t") and isinstance(records[place].event, TurnStarted)
    return records[max(place - 1, 0) if before else place].seq


def _not_over(name: str, begun: Record) -> str:
    turn = begun.event.turn if isinstance(begun.event, TurnStarted) else 0
    return f"turn {turn} is not over at that event, so nothing else can be said there ({name} is left as it is)"
