"""Where the details of an unexpected error go: the workspace's state, never the terminal.

Invariant: the log is readable by its owner alone, and holds no values of variables.
"""

from __future__ import annotations

import os
import traceback
from pathlib import Path

from greenroom.core.clock import SystemClock, stamp
from greenroom.core.errors import GreenroomError
from greenroom.workspace.find import find
from greenroom.workspace.own_file import open_own


def keep(error: BaseException, start: str) -> str:
    """Append the traceback to `.greenroom/crash.log` of the workspace at `start`; the path, or '' if that failed."""
    try:
        workspace = find(Path(start))
        if workspace is None:
            return ""
        path = workspace.make_state() / "crash.log"
        text = f"{stamp(SystemClock().now())}\n{''.join(traceback.format_exception(error))}\n"
        descriptor = open_own(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        with os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        return str(path)
    except (OSError, GreenroomError):
        return ""
