"""What came to govern a session in the middle of a turn, brought in again by a replay where it came.

Invariant: whatever was decided about a call or about words is decided again under what governed it then, since it waits
for that; and what a life did not decide at a look is not decided there by its replay.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Container, Mapping, Sequence

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    AutonomyChanged,
    ContractLoaded,
    Event,
    GatePassed,
    Record,
    ToolReturned,
    TurnAbandoned,
    TurnFinished,
    TurnResumed,
    TurnStarted,
    VerdictReached,
)
from greenroom.engine.contract import Contract
from greenroom.engine.looks import FIRST
from greenroom.engine.replay.courses import Course, Told, course_of
from greenroom.engine.replay.untold import looks

_QUIET = 30
"""Turns of the loop in which nothing happens any more: then everything waits."""


_COUNTING = (AutonomyChanged, ToolReturned)
"""What happens to one call and counts for those beside it: a level, and that what was set aside for it no longer is."""


class _Life:
    """Of one life of a turn: what came in during it and after it, the course of each call and of the turn itself, and what
    happens in any of them that counts for the others and still is to happen.
    """

    def __init__(self) -> None:
        self.changes: list[tuple[int, Contract]] = []
        self.courses: defaultdict[str, Course] = defaultdict(Course)
        self.awaited: list[Told] = []

    def of(self, step: str) -> Course:
        """The course that a step belongs to."""
        return self.courses[course_of(step)]


class Governed:
    """The contracts of a recorded session that came in while a turn was open. `govern` brings one in."""

    def __init__(
        self, recorded: Sequence[Record], contracts: Mapping[int, Contract], govern: Callable[[Contract], None]
    ) -> None:
        self._govern = govern
        self._lives: defaultdict[tuple[int, int], _Life] = defaultdict(_Life)
        self.since = -1
        self._now = (0, 0)
        self._noted = 0
        self._newest = -1
        self._waiting: list[object] = []
        self._voided: set[int] = set()
        self._changed: set[int] = set()
        self._read(recorded, contracts)

    def _read(self, recorded: Sequence[Record], contracts: Mapping[int, Contract]) -> None:
        turn, life, here = 0, 0, _Life()
        told = looks(recorded)
        for record in recorded:
            match record.event:
                case TurnStarted() | TurnResumed() as event:
                    turn, life = event.turn, 1 if isinstance(event, TurnStarted) else life + 1
                    here = self._lives[turn, life]
                case TurnFinished() | TurnAbandoned():
                    turn = 0
                case ContractLoaded() if turn and record.seq in contracts:
                    here.changes.append((record.seq, contracts[record.seq]))
                    self._changed.add(turn)
                case event if turn and event.step:
                    one = Told(record.seq, type(event), event.step, told.get(record.seq, ""), event)
                    here.of(event.step).put(one)
                    if one.kind in _COUNTING or (one.kind is GatePassed and "/gate:tool:" in one.step):
                        here.awaited.append(one)
                case _:
                    pass

    def see(self, record: Record) -> None:
        """Something happened in the replay, or was met again in a later life of its turn."""
        self._noted += 1
        match record.event:
            case TurnStarted(turn=turn):
                self._now = turn, 1
            case TurnResumed():
                while self._here.changes:
                    self._come_in()
                self._now = self._now[0], self._now[1] + 1
            case event if event.step and record.seq > self._newest:
                self._here.of(event.step).come_to(type(event), event.step)
                if type(event) in _COUNTING:
                    self._happened(type(event), event.step)
            case _:
                pass
        self._newest = max(self._newest, record.seq)

    def _happened(self, kind: type[Event], step: str) -> None:
        """Nobody waits any more for what happened at this step."""
        awaited = self._here.awaited
        place = next((at for at, one in enumerate(awaited) if (one.kind, one.step) == (kind, step)), None)
        if place is not None:
            del awaited[place]

    @property
    def _here(self) -> _Life:
        return self._lives[self._now]

    def reaches(self, step: str, look: str) -> bool:
        """Whether the verdict that this life reaches next at a step is reached at this look: if not, the look found what had
        been decided already.
        """
        verdict = self._here.of(step).next_at(VerdictReached, step)
        return verdict is not None and verdict.look == look

    def passes_unjudged(self, step: str) -> bool:
        """Whether something else came to govern in the middle of this turn, and this life reaches no verdict at a step."""
        return self._now[0] in self._changed and not self.reaches(step, FIRST)

    def levels(self, step: str, look: str) -> list[AutonomyChanged]:
        """The levels that changed at a look in this life, one right after another."""
        return self._here.of(step).levels(step, look)

    def awaits(self, step: str) -> bool:
        """Whether a question is still to be put or answered in this life."""
        course = self._here.of(step)
        return any(course.next_at(kind, step) is not None for kind in (ApprovalRequested, ApprovalGiven))

    def puts(self, step: str) -> bool:
        """Whether this life put a question, and the replay has not yet; if not, it had been put before."""
        return self._here.of(step).next_at(ApprovalRequested, step) is not None

    def answered_at_once(self, step: str) -> bool:
        """Whether a question was answered in this life before anything else happened."""
        return self._here.of(step).answered_at_once(step)

    def voided(self, step: str) -> bool:
        """Whether a question about a call is put in this life, or was before, and then becomes void."""
        coming = self._here.of(step).after_asking(step)
        return coming is not None and coming.voids(step, step.replace("/ask:", "/verdict:tool.call:"), put=False)

    async def void(self, step: str, verdict: str, *, put: bool) -> bool:
        """Whether a question becomes void in this life before it is answered, or, if it is not `put` yet, before it is.
        Returns when what made it void governs, or what its answer was given under.
        """
        course = self._here.of(step)
        coming = course.after_asking(step) if put else course.next()
        if coming is None:
            return False
        void = coming.voids(step, verdict, put=put) and coming.seq not in self._voided
        if put:
            self._voided.add(coming.seq)
        if void or put:
            await self._until(coming.seq)
        return void

    async def moment(self, kind: type[Event], step: str) -> None:
        """Wait for what governed when this happened in this life, if it did."""
        coming = self._here.of(step).next_at(kind, step)
        if coming is not None:
            await self._until(coming.seq)

    async def next_of(self, step: str) -> None:
        """Wait for what governed when something of the course of this step happened next in this life, if anything did."""
        coming = self._here.of(step).next()
        if coming is not None:
            await self._until(coming.seq)

    async def look(self, look: str, steps: Sequence[str]) -> None:
        """Wait for what governed when a verdict was reached at one of these steps at this look at them, if one was, and for
        the levels that had been taken on and the calls that had come back beside it by then.
        """
        reached = [self._here.of(step).next_at(VerdictReached, step) for step in steps if self.reaches(step, look)]
        if reached:
            seq = min(verdict.seq for verdict in reached if verdict is not None)
            await self._until(seq)
            await self._before(seq, _COUNTING, {course_of(step) for step in steps})

    async def come_to(self, gate: str) -> None:
        """A call comes to its gate; wait until those have come to theirs that were passed before this one in this life."""
        here = self._here
        here.awaited = [one for one in here.awaited if (one.kind, one.step) != (GatePassed, gate)]
        passed = here.of(gate).next_at(GatePassed, gate)
        if passed is not None:
            await self._before(passed.seq, (GatePassed,), ())

    async def _before(self, seq: int, kinds: Container[type[Event]], courses: Container[str]) -> None:
        """Wait until all of these kinds has happened to other calls that had before record `seq`, unless nothing happens any
        more.
        """
        here, quiet = self._here, 0
        while awaited := [
            one for one in here.awaited if one.seq < seq and one.kind in kinds and course_of(one.step) not in courses
        ]:
            if quiet == _QUIET:
                here.awaited = [one for one in here.awaited if one not in awaited]  # it never comes
                return
            noted = self._noted
            await asyncio.sleep(0)
            quiet = 0 if self._noted != noted else quiet + 1

    async def _until(self, seq: int) -> None:
        """Wait until everything governs that came in before record `seq`."""
        changes = self._here.changes
        while changes and changes[0][0] < seq:
            await self._next()

    async def _next(self) -> None:
        """Wait until something else governs: it does when nothing happens any more without it, and whoever has waited for
        it longest goes on first.
        """
        changes, me = self._here.changes, object()
        left, quiet = len(changes), 0
        self._waiting.append(me)
        try:
            while len(changes) == left and (quiet < _QUIET or self._waiting[0] is not me):
                noted = self._noted
                await asyncio.sleep(0)
                quiet = 0 if self._noted != noted else quiet + 1
        finally:
            self._waiting.remove(me)
        if len(changes) == left:
            self._come_in()

    def _come_in(self) -> None:
        self.since, contract = self._here.changes.pop(0)
        self._govern(contract)
