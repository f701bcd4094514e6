"""The variants of a session: what was forked from the same record of the same parent, the parent, and its own forks.

Invariant: nothing is read but which session was forked from which.
"""

from __future__ import annotations

from greenroom.log.catalog import session_path
from greenroom.log.forks import forks
from greenroom.workspace.layout import Workspace

MOST = 8
"""So many variants are set beside a session; the newest ones."""


def variants(workspace: Workspace, session: str) -> list[str]:
    """The other sessions to compare `session` with, its parent first, then the oldest of the others.

    Of a session that was forked: its parent, and the forks of it at the same record. Of one that was not, or whose parent
    is gone: its own forks at the record at which it was last forked.
    """
    known = forks(workspace)
    own = known.get(session)
    if own is not None:
        siblings = [one.session for one in known.values() if one.hash == own.hash and one.session != session]
        found = [own.parent, *_newest(workspace, siblings)]
    else:
        children = [one for one in known.values() if one.parent == session]
        newest = _newest(workspace, [one.session for one in children])
        at = known[newest[-1]].hash if newest else ""
        found = _newest(workspace, [one.session for one in children if one.hash == at])
    return [name for name in found if session_path(workspace, name).is_file()]


def _newest(workspace: Workspace, names: list[str]) -> list[str]:
    """The newest of some sessions, oldest first."""
    paths = [path for path in (session_path(workspace, name) for name in names) if path.is_file()]
    return [path.stem for path in sorted(paths, key=lambda path: path.stat().st_mtime_ns)[-MOST:]]
