"""What the engine needs of a log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from greenroom.core.events import Event, Record


class Log(Protocol):
    """An append-only chain of records, written by one process."""

    @property
    def session(self) -> str: ...

    @property
    def commits(self) -> bool:
        """Whether records commit to their content and to what their steps were given; if not, nothing resumes from it."""
        ...

    @property
    def records(self) -> Sequence[Record]:
        """All records so far, in order."""
        ...

    def append(self, event: Event, *, derived: dict[str, object] | None = None, sync: bool = False) -> Record:
        """Put an event at the end.

        Args:
            event: the fact.
            derived: values to commit to without keeping them (step inputs), by field name.
            sync: return only when the record is on disk.

        Raises:
            DiskFailed: it could not be written; the log is as it was before.
        """
        ...

    def sync(self) -> None:
        """Return only when every record is on disk.

        Raises:
            DiskFailed: it could not be written.
        """
        ...

    def close(self) -> None: ...
