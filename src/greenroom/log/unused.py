"""Sessions that were opened and left without a word: their logs are not kept.

Invariant: a log goes only while nobody writes it, where it says nothing but that it was opened, under what and in which
mode, and where the ledger anchors nothing of it. Whatever a person said, set or did keeps it.
"""

from __future__ import annotations

from contextlib import suppress

from greenroom.core.clock import SystemClock
from greenroom.core.errors import GreenroomError
from greenroom.core.events import ContractLoaded, ModeChanged, SessionOpened
from greenroom.core.ids import RandomIds
from greenroom.ledger.ledger import Ledger
from greenroom.log.catalog import session_path
from greenroom.log.file_log import FileLog
from greenroom.workspace.layout import Workspace

_NOTHING = (SessionOpened, ContractLoaded, ModeChanged)
_LINES = 64
"""A log of more lines is kept whatever they say: nothing is gained by reading it."""


def remove_unused(workspace: Workspace, session: str) -> bool:
    """Remove a session in which nothing was said or done; whether it was one. Blocks."""
    path = session_path(workspace, session)
    try:
        if path.read_bytes().count(b"\n") > _LINES or Ledger(workspace.ledger, SystemClock()).anchors(session):
            return False
        log = FileLog.open(path, SystemClock(), RandomIds())
    except (GreenroomError, OSError):
        return False  # open elsewhere, damaged, or gone
    try:
        unused = all(isinstance(record.event, _NOTHING) for record in log.records)
        if unused:
            path.unlink(missing_ok=True)
    except OSError:
        unused = False
    finally:
        log.close()
    if unused:
        with suppress(OSError):
            path.with_suffix(".lock").unlink(missing_ok=True)
    return unused
