"""The logs of all sessions of one tree: what a variant was forked from, whatever that was forked from, and their branches.

Invariant: nothing is changed, and a log that is gone or damaged tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from greenroom.core.errors import GreenroomError
from greenroom.core.events import Record, SessionForked, SessionOpened
from greenroom.log.catalog import session_path
from greenroom.log.file_log import read_records
from greenroom.log.forks import Fork, forks
from greenroom.workspace.layout import Workspace
from greenroom.workspace.own_file import read_own

_REMEMBERED = b'"memory_written"'


def remembering(workspace: Workspace, here: Sequence[Record]) -> Iterator[Sequence[Record]]:
    """The logs of the tree that `here` belongs to in which something was remembered; without its own. Blocks."""
    mine = _named(here)
    own = next((name for name in reversed(mine)), "")
    for name in sorted(tree(mine, forks(workspace).values()) - {own}):
        path = session_path(workspace, name)
        with suppress(GreenroomError, OSError):
            if _REMEMBERED in read_own(path):  # most did not, and a log is slow to read as a whole
                yield read_records(path)


def tree(names: Iterable[str], known: Iterable[Fork]) -> set[str]:
    """The sessions that hang together with these by being forked from one another."""
    found, left = set(names), list(known)
    while near := [one for one in left if found & {one.session, one.parent}]:
        found.update(name for one in near for name in (one.session, one.parent))
        left = [one for one in left if one not in near]
    return found


def _named(records: Iterable[Record]) -> list[str]:
    """The sessions that a log is the beginning of, its own last."""
    found: list[str] = []
    for record in records:
        match record.event:
            case SessionOpened(session=name):
                found.append(name)
            case SessionForked(session=name, parent=parent):
                found += [parent, name]
            case _:
                pass
    return found
