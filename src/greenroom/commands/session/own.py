"""What a session has of its own, told when it is opened, and let go of where a person says so.

Invariant: a session never goes on under anything else than it was made with before that was said; letting go is in the log.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer
from greenroom.core.errors import GreenroomError, UsageError
from greenroom.core.events import RerunStarted, TurnStarted
from greenroom.core.inert import inert_line
from greenroom.engine.contract import Contract

if TYPE_CHECKING:
    from greenroom.commands.live.actions import Live
    from greenroom.engine.session import Session
    from greenroom.workspace.layout import Workspace

_LONGEST = 200


def told(workspace: Workspace, session: Session) -> str:
    """`goes on under what it was made with: prompt, model scripted/other; ...`; '' where that is what is on disk, too.

    Of one that just begins nothing is said: its model was asked for this very moment.
    """
    contract = session.contract
    if not contract.own or not any(isinstance(record.event, TurnStarted | RerunStarted) for record in session.records):
        return ""
    parts = _otherwise(workspace, contract)
    if not parts:
        return ""
    return (
        f"goes on under what it was made with: {inert_line(', '.join(parts), _LONGEST)}; all else as on disk. "
        f"To go on as on disk: greenroom session disk {session.id} --take, or /let-go in it"
    )


def named(session: Session) -> str:
    """What a session with settings of its own is called: a variant, unless it was only begun with another model."""
    return "variant" if any(isinstance(record.event, RerunStarted) for record in session.records) else "session"


def _otherwise(workspace: Workspace, contract: Contract) -> list[str]:
    """What of its own is other than on disk; all of it where the disk cannot be read."""
    from greenroom.assembly import load_contract

    try:
        disk = load_contract(workspace, contract.persona.id, trusted=True)  # it is open, so it was trusted
    except GreenroomError:
        return [shown(contract, part) for part in contract.own]
    return [shown(contract, part) for part in contract.own if _differs(part, contract, disk)]


def _differs(part: str, contract: Contract, disk: Contract) -> bool:
    if part == "model":
        return contract.model != disk.model or (bool(contract.table and disk.table) and contract.table != disk.table)
    if part == "knowledge":
        return contract.persona.knowledge != disk.persona.knowledge
    return contract.digests.get(part) != disk.digests.get(part)


def shown(contract: Contract, part: str) -> str:
    """One thing that a session has of its own, as people name it."""
    match part:
        case "persona":
            return f"{contract.persona.id}@{contract.persona.version}"
        case "model":
            return f"model {contract.model}"
        case "parameters":
            params = contract.persona.model.params
            return f"parameters {' '.join(f'{name}={json.dumps(params[name])}' for name in sorted(params))}".rstrip()
        case "knowledge":
            return "retrieval settings"
        case _:
            return part


async def take(live: Live, words: str) -> Answer[str]:
    """From here on the session goes on under what is on disk.

    Raises:
        UsageError: a turn is not over, or it has nothing of its own.
        FileInvalid: what is on disk is broken.
    """
    return await let_go(live.workspace, live.session)


async def let_go(workspace: Workspace, session: Session) -> Answer[str]:
    """The same of a session that is open. Raises as `take`."""
    from greenroom.assembly import disk_contract

    own = session.contract.own
    if not own:
        raise UsageError("this session has nothing of its own: it goes on as on disk", code="own.none")
    if session.open_turn() is not None:
        raise UsageError("a turn is not over", hint="finish it or give it up first", code="turn.open")
    parts = [shown(session.contract, part) for part in session.contract.own]
    contract = await asyncio.to_thread(disk_contract, workspace, session)
    session.reload(contract)
    persona = f"{contract.persona.id}@{contract.persona.version}"
    line = f"goes on as on disk: {persona} on {contract.model}; let go of {inert_line(', '.join(parts), _LONGEST)}"
    return answer(line, [line], {"session": session.id, "persona": persona, "model": contract.model, "gone": parts})
