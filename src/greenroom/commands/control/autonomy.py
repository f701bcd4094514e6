"""How far a persona acts alone in one session, set from the command line.

Invariant: raising it needs a reason and an end; both are in the log with who did it.
"""

from __future__ import annotations

from greenroom.commands.answer import Answer, answer
from greenroom.commands.answering.card import ESTABLISHED, approver
from greenroom.commands.answering.grants import lasting
from greenroom.commands.invocation import Invocation
from greenroom.core.errors import UsageError


async def autonomy(asked: Invocation) -> Answer[int]:
    """Show the level that counts in a session, or set another.

    Raises:
        UsageError: no such level, a raise without reason, or another process has the session open.
    """
    from greenroom.assembly import open_session

    level = asked.number("level")
    try:
        session = await open_session(asked.workspace(), session=asked.text("session"))
    except UsageError as error:
        if error.code == "session.locked":
            error.hint = "set it there: /autonomy LEVEL 30m REASON"
        raise
    try:
        if level is not None:
            valid = lasting(asked.text("for") or "30m") if level > session.contract.persona.policy.autonomy else None
            session.set_autonomy(level, approver(), ESTABLISHED, asked.text("reason"), valid)
        now, until = session.autonomy
    finally:
        await session.aclose()
    usual = session.contract.persona.policy.autonomy
    beside = f" until {until[:19]}Z, then {usual}" if until else "" if now == usual else f" ({usual} by its contract)"
    return answer(
        now, [f"{session.id}: autonomy {now}{beside}"], {"session": session.id, "autonomy": now, "until": until}
    )
