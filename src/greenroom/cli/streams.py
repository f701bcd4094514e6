"""The three standard streams, whole before anything else is opened.

Invariant: a stream that was closed when the program started reads and writes like /dev/null, and its number is never
given to a file of ours: what a library prints to descriptor 1 or 2 must not end up in a session's log.
"""

from __future__ import annotations

import os
import sys
from typing import IO, Any


def complete() -> None:
    """Put /dev/null in the place of every standard stream that is closed."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)  # a child needs its standard streams too
    os.close(descriptor)
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, _nothing("r" if name == "stdin" else "w"))


def _nothing(mode: str) -> IO[Any]:
    return os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8")
