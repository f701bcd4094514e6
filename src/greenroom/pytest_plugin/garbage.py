"""Python's search for garbage, kept away from what stays for the whole run anyway.

Invariant: whatever becomes garbage is found as ever, the tests' own too; only what lived when the first tape was met, the
imports of a replay above all, is looked through no more.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenroom.pytest_plugin.tapes import TapeFile


@cache
def tape_file() -> type[TapeFile]:
    """The class of a tape on disk; with it comes everything that a replay stands on.

    To look through all of that, some hundred thousand objects, was a third of a short run's time: Python does it while
    they are imported, and pytest five times when it ends.
    """
    gc.collect()  # what is garbage by now must not stay
    with uncollected():
        from greenroom.pytest_plugin.tapes import TapeFile
    gc.freeze()
    return TapeFile


@contextmanager
def uncollected() -> Iterator[None]:
    """Have Python look for no cycles meanwhile. A replay leaves none behind, and to look at what it makes, and now and
    then at all that the run holds, is a fifteenth of its time.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()
