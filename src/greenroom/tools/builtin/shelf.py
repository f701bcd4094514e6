"""All built-in tools as one set.

Invariant: the time comes from the session's clock, so that a replay can be told what time it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from greenroom.core.clock import Clock
from greenroom.tools.builtin.arithmetic import calculate
from greenroom.tools.builtin.files import read, write
from greenroom.tools.declare import tool
from greenroom.tools.python_tools import PythonTools


def builtin_tools(workspace_root: Path, clock: Clock, allow: Sequence[str] | None = None) -> PythonTools:
    """`calculate`, `clock.now`, `files.read` and `files.write`, narrowed by `allow` patterns."""

    @tool("clock.now", effects="none", sensitivity="public", timeout=5)
    def now() -> dict[str, Any]:
        """The current date, weekday and time in UTC."""
        moment = clock.now()
        return {"utc": moment.strftime("%Y-%m-%dT%H:%M:%SZ"), "weekday": moment.strftime("%A")}

    return PythonTools.of([calculate, now, read, write], workspace_root, allow=allow)
