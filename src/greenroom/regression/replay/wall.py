"""The wall around a replay: while one runs, nothing it calls connects anywhere or starts a process.

Invariant: it holds for everything that runs on a replay's behalf, the import of a workspace's tools included, and for
nothing else of the process: a session that is live at the same time goes on.
Known limit: a thread that was started elsewhere is not within it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

_NETWORK = "a replay tried to use the network; everything it needs must be on the tape"
_PROCESS = "a replay tried to start a process; everything it needs must be on the tape"
_REFUSED = {
    **dict.fromkeys(
        (
            "socket.connect",
            "socket.getaddrinfo",
            "socket.gethostbyaddr",
            "socket.gethostbyname",
            "socket.getnameinfo",
            "socket.sendmsg",
            "socket.sendto",
        ),
        _NETWORK,
    ),
    **dict.fromkeys(
        (
            "_winapi.CreateProcess",
            "os.exec",
            "os.fork",
            "os.forkpty",
            "os.posix_spawn",
            "os.spawn",
            "os.startfile",
            "os.system",
            "pty.spawn",
            "subprocess.Popen",
        ),
        _PROCESS,
    ),
}
_UP: ContextVar[bool] = ContextVar("greenroom_wall", default=False)


class Refused(PermissionError):
    """What a replay may not do. A kind of `OSError`, so that a library that can do without goes on without."""


@contextmanager
def walled() -> Iterator[None]:
    """Refuse connections, look-ups of names and new processes to whatever runs in this context.

    The interpreter itself reports them, so that no way of asking goes round it; its hook stays, and lets pass what is
    not within a wall.
    """
    _watch()
    token = _UP.set(True)
    try:
        yield
    finally:
        _UP.reset(token)


@cache
def _watch() -> None:
    """Have the interpreter ask, once a process."""
    sys.addaudithook(_asked)


def _asked(event: str, _: Any, refused: dict[str, str] = _REFUSED, up: ContextVar[bool] = _UP) -> None:
    """What the interpreter calls. Its parts are defaults because modules are emptied before the last event of a process."""
    if event in refused and up.get():
        raise Refused(refused[event])
