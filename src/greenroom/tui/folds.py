"""Every view of one session, grown record by record: the only thing panes and conversation are drawn from.

Invariant: what is held is a pure function of the records seen. A view grows when it is looked at, so what no pane shows
costs nothing, and a record costs the turn it belongs to, never the session. A session as of an earlier record (`Past`)
is read from the same views, and says what folds of those records alone would say.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Protocol, TypeVar, cast, get_args

from greenroom.core.events import (
    AutonomyChanged,
    ContractLoaded,
    ModeChanged,
    Record,
    SessionForked,
    SessionOpened,
    TurnStarted,
)
from greenroom.core.values import StepMode, Usage
from greenroom.views.people import approvals, dead_letters, fatigue, grants
from greenroom.views.prompt import transcript
from greenroom.views.travel.grown import Course, Grown, GrownTurns
from greenroom.views.turns import conversation, memory, retrieval, tools, usage, verdicts

S_co = TypeVar("S_co", covariant=True)
Turning = SessionOpened | SessionForked | ContractLoaded | ModeChanged | AutonomyChanged
"""The events that say under what the session goes on."""
_TURNING = frozenset(get_args(Turning))


class View(Protocol[S_co]):
    """A view as of any number of records."""

    def as_of(self, course: Course, count: int) -> S_co:
        """The view after the first `count` of them."""
        ...


class Views:
    """The views of a session, each as far as it was looked at."""

    def __init__(self) -> None:
        self.conversation = GrownTurns(conversation.fold)
        self.memory = GrownTurns(memory.fold)
        self.retrieval = GrownTurns(retrieval.fold)
        self.verdicts = GrownTurns(verdicts.fold)
        self.approvals = Grown(approvals.fold, approvals.EMPTY)
        self.tools = GrownTurns(tools.fold)
        self.transcript = GrownTurns(transcript.fold)
        self.usage = GrownTurns(usage.fold)
        self.spent = Grown(usage.spent, Usage())
        self.grants = Grown(grants.fold, grants.EMPTY)
        self.answers = Grown(fatigue.fold, fatigue.EMPTY)
        self.letters = Grown(dead_letters.fold, dead_letters.EMPTY)


class Folds:
    """The views of a session. `turn_records` are the records of each turn, those before the first one under 0."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.course = Course()
        self.opened: SessionOpened | None = None
        self.contract: ContractLoaded | None = None
        self.mode: StepMode = "run"
        self.turns = 0
        self.turn_records: dict[int, list[Record]] = {0: []}
        self.views = Views()
        self._level: AutonomyChanged | None = None
        self.turning: list[tuple[int, Turning]] = []
        for record in records:
            self.see(record)

    @property
    def records(self) -> Sequence[Record]:
        """The records, in order."""
        return self.course.records

    @property
    def count(self) -> int:
        """How many records there are."""
        return len(self.course.records)

    @property
    def last(self) -> Record | None:
        """The last one."""
        return self.course.records[self.count - 1] if self.count else None

    @property
    def whole(self) -> Folds:
        """The session as it is now, whatever this shows of it."""
        return self

    def as_of(self, place: int) -> Folds:
        """The session as it was when the record at `place` (from 0) was the last one."""
        return Past(self, place)

    def turn_at(self, place: int) -> int:
        """The turn that the record at `place` belongs to; 0 before the first."""
        return self.course.turn_at(place)

    @property
    def autonomy(self) -> tuple[int | None, str | None]:
        """The level that counted with the last record, and until when (a stamp) where another one falls back."""
        usual = self.contract.autonomy if self.contract else None
        if self._level is None or self._level.level == usual:
            return usual, None
        until = self._level.expires
        over = until is not None and self.last is not None and until <= self.last.at
        return (usual, None) if over else (self._level.level, until)

    def _of(self, view: View[S_co]) -> S_co:
        return view.as_of(self.course, self.count)

    @property
    def conversation(self) -> conversation.Conversation:
        return self._of(self.views.conversation)

    @property
    def memory(self) -> memory.MemoryView:
        return self._of(self.views.memory)

    @property
    def retrieval(self) -> retrieval.Retrieval:
        return self._of(self.views.retrieval)

    @property
    def verdicts(self) -> verdicts.Verdicts:
        return self._of(self.views.verdicts)

    @property
    def approvals(self) -> approvals.Approvals:
        return self._of(self.views.approvals)

    @property
    def tools(self) -> tools.ToolsView:
        return self._of(self.views.tools)

    @property
    def transcript(self) -> transcript.Transcript:
        return self._of(self.views.transcript)

    @property
    def usage(self) -> usage.UsageView:
        return self._of(self.views.usage)

    @property
    def spent(self) -> Usage:
        """What the session has used in all."""
        return self._of(self.views.spent)

    @property
    def grants(self) -> grants.Grants:
        return self._of(self.views.grants)

    @property
    def letters(self) -> dead_letters.DeadLetters:
        return self._of(self.views.letters)

    @property
    def fatigue(self) -> fatigue.Fatigue:
        return fatigue.measure(self._of(self.views.answers).given)

    def grow(self) -> None:
        """Bring up what the header and a question need; `Rehearsal` does it beside the event loop."""
        _ = (self.approvals, self.spent)

    def see(self, record: Record) -> None:
        """Take one record in."""
        place = self.count
        self.course.add(record)
        if type(record.event) is TurnStarted:
            self.turns += 1
        elif type(record.event) in _TURNING:
            event = cast(Turning, record.event)
            self.turning.append((place, event))
            self._take(event)
        self.turn_records.setdefault(self.turns, []).append(record)

    def _take(self, event: Turning) -> None:
        match event:
            case SessionOpened():
                self.opened = event
            case ContractLoaded():
                self.contract = event
            case ModeChanged(mode=mode):
                self.mode = mode
            case AutonomyChanged(from_next_call=False):
                self._level = event
            case SessionForked():
                self._level = None  # whoever set it did so for the session this one was forked from
            case AutonomyChanged():
                pass


class Past(Folds):
    """A session as of one of its records. It stays as it is while the session goes on."""

    def __init__(self, whole: Folds, place: int) -> None:
        super().__init__()
        self._whole = whole
        self.views = whole.views
        self._states: dict[int, Any] = {}
        self.course = whole.course
        self._count = place + 1
        self.turns = whole.turn_at(place)
        self.turn_records = {turn: whole.turn_records[turn] for turn in range(self.turns)}
        began = self.course.starts[self.turns - 1] if self.turns else 0
        self.turn_records[self.turns] = self.course.records[began : self._count]
        self.turning = whole.turning[: bisect_left(whole.turning, place + 1, key=lambda one: one[0])]
        for _, event in self.turning:
            self._take(event)

    @cached_property
    def records(self) -> Sequence[Record]:
        return self.course.records[: self._count]

    @property
    def count(self) -> int:
        return self._count

    @property
    def whole(self) -> Folds:
        return self._whole

    def as_of(self, place: int) -> Folds:
        """As of an earlier record still."""
        return Past(self._whole, min(place, self._count - 1))

    def see(self, record: Record) -> None:
        """Nothing is added to the past."""
        raise TypeError("the past takes no records")

    def _of(self, view: View[S_co]) -> S_co:
        if id(view) not in self._states:
            self._states[id(view)] = view.as_of(self.course, self._count)
        state: S_co = self._states[id(view)]
        return state
