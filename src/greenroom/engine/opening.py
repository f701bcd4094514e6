"""What a log says before its first turn: whose session it is, and what governs it from here on.

Invariant: the texts that govern a turn stand in the log before it, each of them once.
"""

from __future__ import annotations

from greenroom import __version__
from greenroom.core.events import ContractLoaded, SessionOpened
from greenroom.engine.room import Room


def begin(room: Room, workspace: str) -> None:
    """Open a new log, and bring in the contract unless the log ended under the very same."""
    log, contract = room.steps.log, room.contract
    if not log.records:
        opened = SessionOpened(
            session=log.session,
            persona=contract.persona.id,
            version=contract.persona.version,
            workspace=workspace,
            model=contract.model,
            greenroom=__version__,
        )
        room.steps.note(opened)
    loaded = [r.event for r in log.records if type(r.event) is ContractLoaded]
    now = contract.loaded(known_texts(room))
    if not loaded or _governs(loaded[-1]) != _governs(now):
        room.steps.note(now)


def _governs(loaded: ContractLoaded) -> tuple[object, ...]:
    return loaded.digests, loaded.model, loaded.table, loaded.own


def known_texts(room: Room) -> set[str]:
    """The digests of the texts that the log has already."""
    return {d for r in room.steps.log.records if type(r.event) is ContractLoaded for d in r.event.texts}
