"""A replay's log: records in order and nothing else, for a replay's log is compared event by event and then thrown away.

Invariant: what is appended is kept as it is; there is no chain and no commitment, so it must never stand for a session.
"""

from __future__ import annotations

from collections.abc import Sequence

from greenroom.core.events import ApprovalRequested, Event, Record
from greenroom.core.values import trusted


class PlainLog:
    """An unchained `Log` in memory: hashing would be most of a replay's time."""

    commits = False

    def __init__(self, session: str) -> None:
        self._session = session
        self._records: list[Record] = []

    @property
    def session(self) -> str:
        return self._session

    @property
    def records(self) -> Sequence[Record]:
        return self._records

    def append(self, event: Event, *, derived: dict[str, object] | None = None, sync: bool = False) -> Record:
        # What an approval binds to is the card's commitment; in a replay any fixed word serves.
        commitments = {"card": "card"} if isinstance(event, ApprovalRequested) else {}
        record = trusted(
            Record, seq=len(self._records), at="", event=event, prev="", hash="", commitments=commitments, salts={}
        )
        self._records.append(record)
        return record

    def sync(self) -> None:
        """There is no disk."""

    def close(self) -> None:
        """Nothing to let go of."""
