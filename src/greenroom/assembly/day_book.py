"""What the workspace's other sessions have spent on a day, read from their logs.

Invariant: the logs are the truth; nothing is kept beside them. A log that did not grow is not read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.core.errors import DiskFailed
from greenroom.core.events import ToolStarted
from greenroom.log.catalog import Mark, started_on, touched_on

if TYPE_CHECKING:
    from greenroom.core.values import Json
    from greenroom.log.file_log import FileLog
    from greenroom.workspace.layout import Workspace

PATIENCE_SECONDS = 10
"""How long another session may take from its last look at the sums to having its call on disk."""

Reserves = Callable[[str, Mapping[str, "Json"]], Mapping[str, float]]


class LogDayBook:
    """An `engine.outside.DayBook` for the session of one log. `reserves` is asked anew each time: policies change."""

    def __init__(self, workspace: Workspace, log: FileLog, reserves: Callable[[], Reserves]) -> None:
        self._workspace = workspace
        self._log = log
        self._reserves = reserves
        self._day = ""
        self._read: dict[Path, tuple[Mark, tuple[ToolStarted, ...]]] = {}
        from filelock import FileLock

        self._lock = FileLock(workspace.state / "day.lock", mode=0o600, timeout=PATIENCE_SECONDS)

    def sums(self, day: str) -> Mapping[str, float]:
        """By key, over every call that another session began on `day`. A fork's copy of a call is no other call."""
        sums: dict[str, float] = {}
        reserves = self._reserves()
        known = {r.event.idempotency_key for r in self._log.records if isinstance(r.event, ToolStarted)}
        for event in self._elsewhere(day):
            if event.idempotency_key in known:
                continue
            known.add(event.idempotency_key)
            for key, amount in reserves(event.tool, event.arguments).items():
                if key.endswith(":day"):
                    sums[key] = sums.get(key, 0.0) + amount
        return sums

    def _elsewhere(self, day: str) -> Iterator[ToolStarted]:
        """The calls of the other sessions; a file that is as it was is not read again."""
        touched = dict(touched_on(self._workspace, day, but=self._log.session))
        if day != self._day:
            self._day, self._read = day, {}
        for path, mark in touched.items():
            if (read := self._read.get(path)) is None or read[0] != mark:
                read = self._read[path] = (mark, started_on(path, day))
            yield from read[1]

    def turn_to_spend(self) -> AbstractContextManager[object]:
        """The workspace's lock on spending.

        Raises:
            DiskFailed: another session has held it for too long.
        """
        from filelock import Timeout

        try:
            return self._lock.acquire()
        except Timeout:
            raise DiskFailed(
                "another session is spending and does not come to an end",
                hint="remove .greenroom/day.lock if no other session runs",
            ) from None
