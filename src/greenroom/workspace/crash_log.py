"""Where the details of an unexpected error go: the workspace's state, never the terminal.

Invariant: the log is readable by its owner alone, and holds places in the code and kinds of errors, never an error's words
or the values of variables: they may be a customer's.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
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
        text = f"{stamp(SystemClock().now())}\n{''.join(_places(error))}\n"
        descriptor = open_own(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        with os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        return str(path)
    except (OSError, GreenroomError):
        return ""


def _places(error: BaseException | None) -> Iterator[str]:
    """Where an error came from, what it is, and the same of the errors behind and inside it."""
    while error is not None:
        yield from traceback.format_tb(error.__traceback__)
        yield f"{type(error).__module__}.{type(error).__qualname__}\n"
        for inner in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
            yield from _places(inner)
        behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if behind is not None:
            yield "behind it:\n"
        error = behind
