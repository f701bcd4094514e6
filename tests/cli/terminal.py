"""A real terminal for tests: a child on a pseudo-terminal, read until what is awaited appears."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE_SECONDS = 30.0
_IN_A_TERMINAL = """
import os, sys
os.login_tty(int(sys.argv[1]))  # a controlling terminal, so that Ctrl-C is a signal
os.execv(sys.executable, [sys.executable, "-m", "greenroom", *sys.argv[2:]])
"""


class Terminal:
    """`greenroom` with arguments on a terminal of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.seen = ""
        self._main, child = pty.openpty()
        termios.tcsetwinsize(child, (30, 100))
        self.process = subprocess.Popen(
            [sys.executable, "-c", _IN_A_TERMINAL, str(child), *arguments],
            cwd=folder,
            pass_fds=(child,),
            env={**os.environ, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"},
        )
        os.close(child)

    def until(self, text: str) -> str:
        """Everything up to and including `text`, which must still come."""
        while text not in self.seen:
            ready, _, _ = select.select([self._main], [], [], PATIENCE_SECONDS)
            assert ready, f"waited for {text!r}, saw {self.seen[-2000:]!r}"
            try:
                self.seen += os.read(self._main, 65_536).decode("utf-8", "replace")
            except OSError:
                raise AssertionError(f"ended without {text!r}: {self.seen[-2000:]!r}") from None
        before, _, self.seen = self.seen.partition(text)
        return before + text

    def type(self, text: str) -> None:
        os.write(self._main, text.encode())

    def kill(self) -> None:
        """As a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def code(self) -> int:
        """Read to the end and return the exit code."""
        while True:
            try:
                if not os.read(self._main, 65_536):
                    break
            except OSError:
                break
        return self.process.wait(PATIENCE_SECONDS)

    def close(self) -> None:
        if self.process.poll() is None:
            self.kill()
        os.close(self._main)


@contextmanager
def terminal(folder: Path, *arguments: str) -> Iterator[Terminal]:
    """A terminal that is closed whatever happens."""
    opened = Terminal(folder, *arguments)
    try:
        yield opened
    finally:
        opened.close()
