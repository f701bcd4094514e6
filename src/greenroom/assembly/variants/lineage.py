"""The trees of a workspace's sessions, read from their logs, and the branches that stand beside one."""

from __future__ import annotations

from greenroom.core.errors import GreenroomError
from greenroom.log.catalog import session_path
from greenroom.log.file_log import read_records
from greenroom.log.forks import forks
from greenroom.views.branches.lineage import Line, line_of
from greenroom.workspace.layout import Workspace

MOST = 8
"""So many branches are set beside a session to be compared with it; the newest ones."""


def session_lines(workspace: Workspace) -> tuple[Line, ...]:
    """Every session that can be read, in the order in which their own parts began. Blocks; nothing is changed.

    The order is by file: a fork's log begins with the times of its parent.
    """
    found: list[Line] = []
    for path in sorted(workspace.sessions.glob("*.jsonl")):
        try:
            records = read_records(path)
        except GreenroomError:
            continue  # `session list` says what is wrong with it
        found.append(line_of(path.stem, records))
    return tuple(sorted(found, key=lambda line: line.began))


def beside(workspace: Workspace, session: str) -> tuple[int, tuple[str, ...]]:
    """The record at which a session and its variants part, and all of them: the line they left first, then as they came.

    Of a session that was forked those of its branch; of another its own forks at the record at which it was forked last.
    No log is read but for which session was forked from which.
    """
    known = forks(workspace)
    own = known.get(session)
    if own is None:
        children = [one for one in known.values() if one.parent == session]
        if not children:
            return -1, (session,)
        own = max(children, key=lambda one: one.made)
    branches = sorted((one for one in known.values() if one.hash == own.hash), key=lambda one: one.made)
    names = [own.parent, *(one.session for one in branches)]
    return own.at, tuple(name for name in dict.fromkeys(names) if session_path(workspace, name).is_file())


def variants(workspace: Workspace, session: str) -> list[str]:
    """The other sessions to compare `session` with: of those beside it the line they left, and the newest branches."""
    line, *branches = beside(workspace, session)[1]
    return [name for name in (line, *branches[-MOST:]) if name != session]
