"""Every view of one session, grown record by record: the only thing panes and conversation are drawn from.

Invariant: what is held is a pure function of the records seen; a record costs the turn it belongs to, never the session.
"""

from __future__ import annotations

from collections.abc import Iterable

from greenroom.core.events import ContractLoaded, ModeChanged, Record, SessionOpened, TurnStarted
from greenroom.core.values import StepMode
from greenroom.views import approvals, conversation, memory, retrieval, tools, transcript, usage, verdicts


class Folds:
    """The views of a session. `turn_records` are the records of each turn, those before the first one under 0."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.conversation = conversation.EMPTY
        self.memory = memory.EMPTY
        self.retrieval = retrieval.EMPTY
        self.verdicts = verdicts.EMPTY
        self.approvals = approvals.EMPTY
        self.tools = tools.EMPTY
        self.transcript = transcript.EMPTY
        self.usage = usage.EMPTY
        self.opened: SessionOpened | None = None
        self.contract: ContractLoaded | None = None
        self.mode: StepMode = "run"
        self.turns = 0
        self.turn_records: dict[int, list[Record]] = {0: []}
        for record in records:
            self.see(record)

    def see(self, record: Record) -> None:
        """Take one record in."""
        self.conversation = conversation.fold(self.conversation, record)
        self.memory = memory.fold(self.memory, record)
        self.retrieval = retrieval.fold(self.retrieval, record)
        self.verdicts = verdicts.fold(self.verdicts, record)
        self.approvals = approvals.fold(self.approvals, record)
        self.tools = tools.fold(self.tools, record)
        self.transcript = transcript.fold(self.transcript, record)
        self.usage = usage.fold(self.usage, record)
        self._note(record)

    def _note(self, record: Record) -> None:
        match record.event:
            case SessionOpened() as event:
                self.opened = event
            case ContractLoaded() as event:
                self.contract = event
            case ModeChanged(mode=mode):
                self.mode = mode
            case TurnStarted():
                self.turns += 1
            case _:
                pass
        self.turn_records.setdefault(self.turns, []).append(record)
