"""Processes end with the crew that started them, also when ctrl+c comes between two of its steps."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from greenroom.assembly.crew import processes
from greenroom.assembly.crew.processes import Processes
from greenroom.regression.suite.crew import Result

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes with names are a Unix thing")


def hang(pipe: str) -> Result:
    """Holds the pipe open until the process ends."""
    with Path(pipe).open("wb"):
        threading.Event().wait()
    return {}


@contextmanager
def interrupted_after() -> Iterator[None]:
    yield
    raise KeyboardInterrupt


def test_a_run_begun_as_ctrl_c_came_is_ended_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    monkeypatch.setattr(processes, "uninterrupted", interrupted_after)
    crew = Processes(hang, 2)
    try:
        with pytest.raises(KeyboardInterrupt):
            crew.submit(str(pipe))
        with pipe.open("rb") as begun:
            crew.close()
            assert begun.read() == b"", "it ends when nobody holds the other end"
    finally:
        crew.close()
