"""The command line in a process that kills itself, as `kill -9` would, at a chosen touch of the disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.hostile.attack import PATIENCE_SECONDS

KILLED = -9
_START = """
import os, signal, sys
left = [{at}]
def dying(real):
    def call(*given, **named):
        left[0] -= 1
        if left[0] == 0:
            {before}os.kill(os.getpid(), signal.SIGKILL)
        done = real(*given, **named)
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return done
    return call
import greenroom.cli.app as app
for name in ("write", "fsync", "replace", "rename"):
    setattr(os, name, dying(getattr(os, name)))

sys.exit(app.run(sys.argv[1:]))
"""


def killed(folder: Path, at: int, *command: str, after: bool = False) -> subprocess.CompletedProcess[bytes]:
    """Run it, and kill it at its `at`th write, sync or rename: just before it, or just `after` it was done."""
    start = _START.format(at=at, before="pass #" if after else "")
    return subprocess.run(
        [sys.executable, "-c", start, *command],
        cwd=folder,
        input=b"",
        capture_output=True,
        check=False,
        timeout=PATIENCE_SECONDS,
        env={**os.environ, "NO_COLOR": "1"},
    )
