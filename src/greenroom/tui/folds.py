"""Every view of one session, grown record by record: the only thing panes and conversation are drawn from.

Invariant: what is held is a pure function of the records seen. A view grows when it is looked at, so what no pane shows
costs nothing, and a record costs the turn it belongs to, never the session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from greenroom.core.events import ContractLoaded, ModeChanged, Record, SessionOpened, TurnStarted
from greenroom.core.values import StepMode
from greenroom.views import (
    approvals,
    conversation,
    dead_letters,
    fatigue,
    grants,
    memory,
    retrieval,
    tools,
    transcript,
    usage,
    verdicts,
)

S = TypeVar("S")


class Grown(Generic[S]):
    """One view, grown to the last record when it is asked for."""

    def __init__(self, fold: Callable[[S, Record], S], empty: S) -> None:
        self._fold = fold
        self._state = empty
        self._seen = 0

    def upon(self, records: Sequence[Record]) -> S:
        """The state after these records, which only ever get more."""
        for place in range(self._seen, len(records)):
            self._state = self._fold(self._state, records[place])
            self._seen = place + 1  # at once: where a record cannot be taken in, those before it count once
        return self._state


class Folds:
    """The views of a session. `turn_records` are the records of each turn, those before the first one under 0."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.records: list[Record] = []
        self._conversation = Grown(conversation.fold, conversation.EMPTY)
        self._memory = Grown(memory.fold, memory.EMPTY)
        self._retrieval = Grown(retrieval.fold, retrieval.EMPTY)
        self._verdicts = Grown(verdicts.fold, verdicts.EMPTY)
        self._approvals = Grown(approvals.fold, approvals.EMPTY)
        self._tools = Grown(tools.fold, tools.EMPTY)
        self._transcript = Grown(transcript.fold, transcript.EMPTY)
        self._usage = Grown(usage.fold, usage.EMPTY)
        self._grants = Grown(grants.fold, grants.EMPTY)
        self._answers = Grown(fatigue.fold, fatigue.EMPTY)
        self._letters = Grown(dead_letters.fold, dead_letters.EMPTY)
        self.opened: SessionOpened | None = None
        self.contract: ContractLoaded | None = None
        self.mode: StepMode = "run"
        self.turns = 0
        self.turn_records: dict[int, list[Record]] = {0: []}
        for record in records:
            self.see(record)

    @property
    def conversation(self) -> conversation.Conversation:
        return self._conversation.upon(self.records)

    @property
    def memory(self) -> memory.MemoryView:
        return self._memory.upon(self.records)

    @property
    def retrieval(self) -> retrieval.Retrieval:
        return self._retrieval.upon(self.records)

    @property
    def verdicts(self) -> verdicts.Verdicts:
        return self._verdicts.upon(self.records)

    @property
    def approvals(self) -> approvals.Approvals:
        return self._approvals.upon(self.records)

    @property
    def tools(self) -> tools.ToolsView:
        return self._tools.upon(self.records)

    @property
    def transcript(self) -> transcript.Transcript:
        return self._transcript.upon(self.records)

    @property
    def usage(self) -> usage.UsageView:
        return self._usage.upon(self.records)

    @property
    def grants(self) -> grants.Grants:
        return self._grants.upon(self.records)

    @property
    def letters(self) -> dead_letters.DeadLetters:
        return self._letters.upon(self.records)

    @property
    def fatigue(self) -> fatigue.Fatigue:
        return fatigue.measure(self._answers.upon(self.records).given)

    def grow(self) -> None:
        """Bring up what the conversation and the header need; `Rehearsal` does it beside the event loop."""
        _ = (self.conversation, self.approvals, self.tools, self.usage)

    def see(self, record: Record) -> None:
        """Take one record in."""
        self.records.append(record)
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
