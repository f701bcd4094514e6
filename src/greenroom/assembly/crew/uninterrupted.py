"""Processes that ctrl+c does not reach: a terminal sends it to all of them, and it is for the first to end the others.

Invariant: a ctrl+c that comes while they are started is not lost; the first process gets it right after.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Threads and processes that are started in here never get the signal, nor do those they start."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
