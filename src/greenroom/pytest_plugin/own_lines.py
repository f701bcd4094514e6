"""The traceback of an error in what a test gave Greenroom, such as its `approve`: the lines of the test, and not ours.

Invariant: an error that Greenroom itself raised keeps every line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

_OURS = (Path(__file__).resolve().parents[1], Path(asyncio.__file__).resolve().parent)


def leave_ours_out(error: BaseException) -> None:
    """Take the lines of Greenroom and of the event loop out of an error that neither of them raised."""
    lines = list(_lines(error.__traceback__))
    theirs = [one for one in lines if not _is_ours(one)]
    if not theirs or theirs[-1] is not lines[-1]:
        return
    linked: TracebackType | None = None
    for one in reversed(theirs):
        linked = TracebackType(linked, one.tb_frame, one.tb_lasti, one.tb_lineno)
    error.__traceback__ = linked
    if isinstance(error.__context__, BaseExceptionGroup):  # the tasks that it came out of
        error.__context__ = None


def _lines(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _is_ours(line: TracebackType) -> bool:
    return any(Path(line.tb_frame.f_code.co_filename).is_relative_to(folder) for folder in _OURS)
