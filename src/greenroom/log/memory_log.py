"""A log that lives in memory: for replays and tests. It keeps the same chain and the same codec as a file."""

from __future__ import annotations

from collections.abc import Sequence

from greenroom.core.chain import GENESIS
from greenroom.core.clock import Clock, stamp
from greenroom.core.events import Event, Record
from greenroom.core.ids import Ids
from greenroom.log.codec import encode


class MemoryLog:
    """The records of one session, kept until the process ends."""

    commits = True

    def __init__(self, session: str, clock: Clock, ids: Ids, records: Sequence[Record] = ()) -> None:
        self._session = session
        self._clock = clock
        self._ids = ids
        self._records = list(records)

    @property
    def session(self) -> str:
        return self._session

    @property
    def records(self) -> Sequence[Record]:
        return self._records

    def append(self, event: Event, *, derived: dict[str, object] | None = None, sync: bool = False) -> Record:
        prev = self._records[-1].hash if self._records else GENESIS
        _, record = encode(event, len(self._records), stamp(self._clock.now()), prev, self._ids, derived or {})
        self._records.append(record)
        return record

    def sync(self) -> None:
        """There is no disk."""

    def close(self) -> None:
        """Nothing to let go of."""
