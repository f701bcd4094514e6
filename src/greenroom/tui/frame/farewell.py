"""What is said on leaving with a question open: it stays open, and how to answer it from here.

Invariant: the command that is named works in the folder where the person stands.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from greenroom.core.errors import GreenroomError
from greenroom.core.inert import inert_line
from greenroom.workspace.layout import Workspace


def still_open(workspace: Workspace, session: str, tool: str) -> str:
    """One line for the question about `tool` that waits in `session`."""
    from greenroom.log.catalog import session_id

    try:
        name = "last" if session_id(workspace, "last") == session else session
    except GreenroomError:
        name = session
    there = "" if _inside(workspace.root) else f" --workspace {shlex.quote(str(workspace.root))}"
    return f"{inert_line(tool, 60)} still waits for your answer: greenroom approve show {name}{there}"


def _inside(root: Path) -> bool:
    """Whether commands run here find the workspace by themselves."""
    try:
        return Path.cwd().resolve().is_relative_to(root.resolve())
    except OSError:
        return False
