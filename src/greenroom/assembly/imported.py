"""A session over a log in memory whose world is a foreign conversation: everything of Greenroom runs, nothing else does.

Invariant: no tool, model, document or memory of the workspace is reached, and nothing is written.
"""

from __future__ import annotations

from greenroom.assembly.casting import cast_of
from greenroom.core.clock import FrozenClock, SystemClock
from greenroom.core.ids import CountedIds
from greenroom.engine.outside import Outside
from greenroom.engine.session import Session
from greenroom.regression.interop.conversation import Conversation
from greenroom.regression.interop.ports import ImportedWorld
from greenroom.regression.plain_log import PlainLog
from greenroom.workspace.layout import Workspace


def imported_session(
    workspace: Workspace, conversation: Conversation, persona: str = "", model: str = "", *, trusted: bool | None = None
) -> tuple[Session, ImportedWorld]:
    """The session in which a conversation can be said again, and the world that answers it.

    Each has a contract of its own, so that what is masked in one conversation is numbered from 1 in the next.

    Raises:
        UsageError: the workspace is not trusted, or there is no such persona.
        FileInvalid: a persona, policy, tools or settings file is broken.
    """
    cast = cast_of(workspace, persona, model, SystemClock(), trusted=trusted)
    world = ImportedWorld(conversation, cast.tools, cast.contract.model)
    outside = Outside(
        model=world,
        tools=world,
        retriever=world,
        memory=world,
        approver=world,
        clock=FrozenClock(),
        ids=CountedIds(),
    )
    return Session(PlainLog("import"), cast.contract, outside), world
