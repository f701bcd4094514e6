"""What live runs came to, one line each, in `.greenroom/live.jsonl`: so that 3 of 3 becoming 2 of 3 is seen.

Invariant: an entry is a whole line, written under a lock; a torn line is passed over and destroys no other. Nothing of
a conversation is kept here, and no key.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import orjson
from filelock import FileLock, Timeout
from pydantic import Field, ValidationError

from greenroom.core.errors import DiskFailed
from greenroom.core.values import Frozen
from greenroom.regression.replay.outcome import Kind
from greenroom.workspace.own_file import open_own

FILE = "live.jsonl"
UNDECIDED = frozenset({"error", "broken", "cancelled"})
"""Outcomes that end the runs of a fixture before its verdict."""
_PATIENCE_SECONDS = 10
_MOST_BYTES = 4_000_000
"""How much of the end is read: some ten thousand runs."""


class Entry(Frozen):
    """One live run of a fixture. `runs` came to a verdict and `passed` of them passed; `asked` were to be made.

    `at` is a stamp. `outcome` is "cancelled" where a person stopped it. `table` is the one of
    greenroom.toml that says how the model is reached, '' where it was named in full.
    """

    v: Literal[1] = 1
    fixture: str
    persona: str
    model: str
    table: str = ""
    at: str
    start: str = ""
    asked: int = Field(default=1, ge=0)
    needed: int = Field(default=1, ge=0)
    runs: int = Field(ge=0)
    passed: int = Field(ge=0)
    pass_k: float | None = None
    micro_usd: int = Field(default=0, ge=0)
    milliseconds: int = Field(default=0, ge=0)
    outcome: Kind | str

    @property
    def early(self) -> bool:
        """Whether runs were left out because nothing could change the verdict: then what passed is no rate."""
        return self.runs < self.asked and self.outcome not in UNDECIDED

    @property
    def told(self) -> str:
        """`2 of 3`, or `passed early, decided after 2 of 5`."""
        if self.early:
            return (
                f"{'passed' if self.outcome == 'passed' else 'failed'} early, decided after {self.runs} of {self.asked}"
            )
        return f"{self.passed} of {self.runs}"

    def like(self, other: Entry) -> bool:
        """Whether the two can be compared: one fixture from one start, one persona in any version, one model."""
        return self._place() == other._place()

    def _place(self) -> tuple[str, ...]:
        return self.fixture, self.start, self.persona.partition("@")[0], self.model, self.table


class History:
    """The journal of one workspace's live runs."""

    def __init__(self, state: Path) -> None:
        self._path = state / FILE

    def entries(self) -> tuple[Entry, ...]:
        """What can be read, oldest first; () where there is nothing."""
        return tuple(_read(self._tail()))

    def before(self, entry: Entry) -> Entry | None:
        """The latest entry that `entry` can be compared with and that came to a verdict."""
        return next((one for one in reversed(self.entries()) if one.runs and one.like(entry)), None)

    def append(self, entry: Entry) -> None:
        """Put down one more.

        Raises:
            DiskFailed: it could not be written, or another process holds the journal.
        """
        row = written(entry)
        try:
            with FileLock(self._path.with_suffix(".lock"), mode=0o600, timeout=_PATIENCE_SECONDS):
                self._write(row)
        except (OSError, Timeout) as error:
            why = getattr(error, "strerror", None) or "another process holds it"
            raise DiskFailed(f"could not write {self._path.name}: {why}") from None

    def _write(self, row: bytes) -> None:
        with os.fdopen(open_own(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND), "r+b") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                row = row if file.read(1) == b"\n" else b"\n" + row  # a torn line keeps to itself
            file.write(row)

    def _tail(self) -> bytes:
        try:
            with os.fdopen(open_own(self._path, os.O_RDONLY), "rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _MOST_BYTES))
                return file.read()
        except OSError:
            return b""


def written(entry: Entry) -> bytes:
    """An entry's line."""
    return orjson.dumps({"v": entry.v, **entry.model_dump(exclude_defaults=True)}) + b"\n"


def _read(data: bytes) -> Sequence[Entry]:
    found = []
    for row in data.split(b"\n"):
        try:
            found.append(Entry.model_validate(orjson.loads(row)))
        except (ValueError, ValidationError, RecursionError):
            continue  # torn, or of a later Greenroom
    return found
