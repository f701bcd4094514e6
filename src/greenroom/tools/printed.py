"""What a tool prints: it goes to stderr, inert, and never among what Greenroom itself says on stdout.

Invariant: only what is written from inside a tool is sent elsewhere; everybody else writes where they always did.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO, cast

from greenroom.core.inert import inert

_inside: ContextVar[bool] = ContextVar("inside", default=False)
_lock = threading.Lock()
_running: list[None] = []
_standing: list[tuple[str, Any]] = []


@contextmanager
def printing() -> Iterator[None]:
    """Run a tool, or a thread that does, inside this: what it prints is a person's to read, not a program's."""
    _enter()
    token = _inside.set(True)
    try:
        yield
    finally:
        _inside.reset(token)
        _leave()


class _Apart:
    """A stream that gives what a tool writes to stderr, without anything that a terminal obeys."""

    def __init__(self, real: TextIO, errors: TextIO) -> None:
        self.real = real
        self._errors = errors

    def write(self, text: str) -> int:
        if not _inside.get():
            return self.real.write(text)
        self._errors.write(inert(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def _enter() -> None:
    with _lock:
        _running.append(None)
        if len(_running) > 1 or sys.stdout is None or sys.stderr is None:
            return
        real = {"stdout": sys.stdout, "stderr": sys.stderr}
        for name, stream in real.items():
            apart = cast("TextIO", _Apart(stream, real["stderr"]))
            _standing.append((name, apart))
            setattr(sys, name, apart)


def _leave() -> None:
    with _lock:
        _running.pop()
        if _running:
            return
        for name, apart in _standing:
            if getattr(sys, name) is apart:  # who put another one there takes it away again
                setattr(sys, name, apart.real)
        _standing.clear()
