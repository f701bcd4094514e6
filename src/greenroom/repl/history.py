"""What was typed, kept between runs in the workspace's state.

Invariant: the file is its owner's alone and holds what the log holds: a person's words after policy masked them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from prompt_toolkit.history import History

from greenroom.workspace.own_file import open_own, read_own

LONGEST = 1_000


class MaskedHistory(History):
    """Recalls what was typed in this run as it was typed, and earlier runs as `keep` was told."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def load_history_strings(self) -> Iterable[str]:
        """Earlier lines, the newest first; a damaged file is no history."""
        return list(reversed(self._read()))

    def store_string(self, string: str) -> None:
        """Nothing: only `keep` writes, because a line may hold what policy has not seen yet."""

    def keep(self, text: str) -> None:
        """Put a line on disk; a history that cannot be written is no reason to stop."""
        lines = self._read()
        fresh = [*lines, text][-LONGEST:]
        try:
            if len(fresh) <= len(lines):
                self._write(fresh, os.O_TRUNC)
            else:
                self._write([text], os.O_APPEND)
        except OSError:
            return

    def _read(self) -> list[str]:
        try:
            text = read_own(self._path).decode()
            return [line for raw in text.splitlines() if isinstance(line := json.loads(raw), str)]
        except (OSError, ValueError):
            return []

    def _write(self, lines: list[str], how: int) -> None:
        descriptor = open_own(self._path, os.O_WRONLY | os.O_CREAT | how)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
