"""The trees of a workspace's sessions, read from their logs."""

from __future__ import annotations

from greenroom.core.errors import GreenroomError
from greenroom.log.file_log import read_records
from greenroom.views.lineage import Line, line_of
from greenroom.workspace.layout import Workspace


def session_lines(workspace: Workspace) -> tuple[Line, ...]:
    """Every session that can be read, in the order in which their own parts began. Blocks; nothing is changed.

    The order is by file: a fork's log begins with the times of its parent.
    """
    found: list[tuple[str, Line]] = []
    for path in sorted(workspace.sessions.glob("*.jsonl")):
        try:
            records = read_records(path)
        except GreenroomError:
            continue  # `session list` says what is wrong with it
        line = line_of(path.stem, records)
        begun = records[line.origin.at + 1].at if line.origin is not None else line.started
        found.append((begun, line))
    return tuple(line for _, line in sorted(found, key=lambda pair: pair[0]))
