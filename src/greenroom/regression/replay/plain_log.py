"""A replay's log: records in order and nothing else, for a replay's log is compared event by event and then thrown away.

Invariant: what is appended is kept as it is; there is no chain and no commitment, so it must never stand for a session.
"""

from __future__ import annotations

from collections.abc import Sequence

from greenroom.core.chain import commit
from greenroom.core.events import ApprovalRequested, Event, Record
from greenroom.core.values import trusted
from greenroom.engine.replay.lives import ByLife
from greenroom.engine.steps import Recording


class PlainLog:
    """An unchained `Log` in memory: hashing would be most of a replay's time. `resumes` where turns are taken up again."""

    def __init__(self, session: str, *, resumes: bool = False) -> None:
        self.commits = resumes  # a turn that is taken up again looks for what it has done under the same inputs
        self._session = session
        self._records: list[Record] = []

    @property
    def session(self) -> str:
        return self._session

    @property
    def records(self) -> Sequence[Record]:
        return self._records

    def append(self, event: Event, *, derived: dict[str, object] | None = None, sync: bool = False) -> Record:
        # What an approval binds to is the card's commitment: a question that is put once more is another, as it is with salt.
        commitments = {"card": f"card {len(self._records)}"} if type(event) is ApprovalRequested else {}
        salts: dict[str, str] = {}
        if self.commits:
            commitments |= {name: commit("", value) for name, value in (derived or {}).items()}
            salts = dict.fromkeys(commitments.values(), "")
        record = trusted(
            Record, seq=len(self._records), at="", event=event, prev="", hash="", commitments=commitments, salts=salts
        )
        self._records.append(record)
        return record

    def sync(self) -> None:
        """There is no disk."""

    def close(self) -> None:
        """Nothing to let go of."""


def log_for(recording: Recording, session: str = "replay") -> PlainLog:
    """The log of a session that this recording answers."""
    return PlainLog(session, resumes=isinstance(recording, ByLife) and recording.resumes)
