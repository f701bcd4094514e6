"""What came to govern a session in the middle of a turn, brought in again by a replay at the moment it came.

Invariant: nothing that was recorded after it happens before it; and it comes in no sooner than it must, when all that can
happen without it has happened.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from math import inf

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalPassedOn,
    ApprovalRequested,
    AutonomyChanged,
    ContractLoaded,
    Event,
    GatePassed,
    GatePaused,
    Record,
    ReplyGenerated,
    ToolReturned,
    ToolStarted,
    TurnAbandoned,
    TurnFinished,
    TurnResumed,
    TurnStarted,
    VerdictReached,
)
from greenroom.engine.contract import Contract

_QUIET = 30
"""Turns of the loop in which nothing happens any more: then everything waits."""

_OF_CALLS = frozenset(
    {ApprovalRequested, ApprovalPassedOn, ApprovalGiven, GatePaused, GatePassed, ToolStarted, ToolReturned}
)

_UNWAITED = ("grant ", "kill switch", "policy ")
"""How it is established who answered, where nobody was waited for: by leave, by a stop, or because it was too late."""


class _Change:
    """A contract that came in as record `seq`; `at_once` after another one, before anything looked at that.

    `before_calls`: no call of the reply had gone its way yet. `decided` are the steps that followed before any did,
    `before_next` those before another contract came in, `let_through` of these the verdicts that need nobody's answer.
    """

    def __init__(self, seq: int, contract: Contract, before_calls: bool, *, at_once: bool) -> None:
        self.seq = seq
        self.at_once = at_once
        self.contract = contract
        self.before_calls = before_calls
        self.decided: list[str] = []
        self.before_next: set[str] = set()
        self.let_through: set[str] = set()
        self._deciding = True

    def followed_by(self, event: Event) -> None:
        """Take in what came after it in the same life."""
        self._deciding = self._deciding and not _of_calls(event)
        if self._deciding:
            self.decided.append(event.step)

    def before_another(self, event: Event) -> None:
        """Take in what came after it before another one."""
        self.before_next.add(event.step)
        if isinstance(event, VerdictReached) and not event.verdict.blocks:
            self.let_through.add(event.step)


def _of_calls(event: Event) -> bool:
    """Whether a call of a reply was on its way when this happened: the calls had been decided."""
    return type(event) in _OF_CALLS or (isinstance(event, VerdictReached) and event.hook == "tool.result")


def _verdicts(turn: int, calls: Sequence[str]) -> list[str]:
    """The steps at which calls are decided."""
    return [f"t{turn}/verdict:tool.call:{one}" for one in calls]


class _Life:
    """Of one life of a turn: what came in during it, what came in when it was over, and when each step happened last."""

    def __init__(self) -> None:
        self.changes: list[_Change] = []
        self.after: list[_Change] = []
        self.last = -1
        self.at: dict[tuple[type[Event], str], int] = {}
        self.first: dict[tuple[type[Event], str], int] = {}
        self.decided: defaultdict[str, list[int]] = defaultdict(list)
        self.levels: defaultdict[str, list[tuple[int, AutonomyChanged]]] = defaultdict(list)
        self.at_once: set[str] = set()

    def take(self, seq: int, event: Event) -> None:
        """Something of the turn happened."""
        self.at[type(event), event.step] = seq
        self.first.setdefault((type(event), event.step), seq)
        if isinstance(event, VerdictReached):
            self.decided[event.step].append(seq)
        elif isinstance(event, AutonomyChanged):
            self.levels[event.step].append((seq, event))
        elif isinstance(event, ApprovalGiven):
            self.at_once.discard(event.step)
            if event.established.startswith(_UNWAITED) and self.at.get((ApprovalRequested, event.step)) == seq - 1:
                self.at_once.add(event.step)
        self.changes += self.after  # the turn went on after them
        self.after = []
        for change in self.changes:
            change.followed_by(event)
        for change in reversed(self.changes):
            change.before_another(event)
            if not change.at_once:
                break
        self.last = self.changes[-1].seq if self.changes else -1


class Governed:
    """The contracts of a recorded session that came in while a turn was open. `govern` brings one in."""

    def __init__(
        self, recorded: Sequence[Record], contracts: Mapping[int, Contract], govern: Callable[[Contract], None]
    ) -> None:
        self._govern = govern
        self._lives: defaultdict[tuple[int, int], _Life] = defaultdict(_Life)
        self._last: _Change | None = None
        self._now = (0, 0)
        self._noted = 0
        self._levels: set[tuple[tuple[int, int], str]] = set()
        self._waiting: list[object] = []
        self._read(recorded, contracts)

    def _read(self, recorded: Sequence[Record], contracts: Mapping[int, Contract]) -> None:
        turn, life, here, before_calls = 0, 0, _Life(), True
        for record in recorded:
            match record.event:
                case TurnStarted() | TurnResumed() as event:
                    turn, life = event.turn, 1 if isinstance(event, TurnStarted) else life + 1
                    here, before_calls = self._lives[turn, life], True
                case TurnFinished() | TurnAbandoned():
                    turn = 0
                case ContractLoaded() if turn and record.seq in contracts:
                    here.after.append(
                        _Change(record.seq, contracts[record.seq], before_calls, at_once=bool(here.after))
                    )
                case event if turn and event.step:
                    before_calls = isinstance(event, ReplyGenerated) or (before_calls and not _of_calls(event))
                    here.take(record.seq, event)
                case _:
                    pass

    def see(self, record: Record) -> None:
        """Something happened in the replay, or was met again in a later life of its turn."""
        self._noted += 1
        match record.event:
            case TurnStarted(turn=turn):
                self._now = turn, 1
            case TurnResumed():
                over = self._here
                while over.changes or over.after:
                    self._last = (over.changes or over.after).pop(0)
                    self._govern(self._last.contract)
                self._now = self._now[0], self._now[1] + 1
            case AutonomyChanged(step=step):
                self._levels.add((self._now, step))
            case _:
                pass

    @property
    def since(self) -> int:
        """The record with which came in what governs now, if it came in the middle of a turn; what is decided under it came after."""
        return self._last.seq if self._last is not None else -1

    @property
    def _here(self) -> _Life:
        return self._lives[self._now]

    def later(self, kind: type[Event], step: str) -> bool:
        """Whether this event came after something that does not govern yet."""
        changes, at = self._here.changes, self._here.at.get((kind, step))
        if kind is AutonomyChanged and at is not None and (now := self.level(step)) is not None:
            at = self._here.at[kind, step] if now is self._here.levels[step][-1][1] else self.since
        return bool(changes) and at is not None and at > changes[0].seq

    def level(self, step: str) -> AutonomyChanged | None:
        """Of several levels at a step in this life, the one that was set there while what governs now did; the last of all
        others came in before it.
        """
        levels, changes = self._here.levels.get(step, ()), self._here.changes
        if len(levels) < 2:
            return None
        end = changes[0].seq if changes else levels[-1][0] + 1
        found = [event for seq, event in levels if self.since < seq < end]
        return found[-1] if found else levels[-1][1]

    def over(self, kind: type[Event], step: str) -> bool:
        """Whether this is a level that changed in this life before what governs now came in, and did so here too."""
        at = self._here.at.get((kind, step), -1)
        return kind is AutonomyChanged and -1 < at < self.since and (self._now, step) in self._levels

    def decides(self, step: str) -> bool:
        """Whether this life reached a verdict at a step while what governs now did, or nothing else came in after that."""
        changes = self._here.changes
        return not changes or any(self.since < at < changes[0].seq for at in self._here.decided.get(step, ()))

    def before_deciding(self, turn: int, calls: Sequence[str]) -> bool:
        """Whether what governs next came in before these calls of a reply were decided."""
        changes = self._here.changes
        if not changes or not changes[0].before_calls or self._decided_already(turn, calls, changes[0]):
            return False
        if any(self._open_before(turn, one, changes[0]) for one in calls):
            return False
        kinds = {
            kind: [f"t{turn}/{kind}:{call}" for call in calls] for kind in ("verdict:tool.call", "day", "autonomy")
        }
        found = {kind: sum(step in changes[0].decided for step in steps) for kind, steps in kinds.items()}
        if found["day"] > 0:
            return True
        either = found["verdict:tool.call"] > 1 or found["autonomy"] > 0
        return either and not self._one_by_one(turn, calls)

    def before_going(self, turn: int, call: str, beside: Sequence[str]) -> bool:
        """Whether what governs next came in when this call and those `beside` it were decided, and none had gone its way.

        Then each was decided anew before anything else came in. Where one of them was only later, they had gone as far as
        to a question that was open in an earlier life of the turn already, and it became void in this one.
        """
        changes = self._here.changes
        if not changes or not changes[0].before_calls or self._level_next(f"t{turn}/autonomy:{call}"):
            return False
        if any(self._waited(turn, one, changes[0]) for one in beside):
            return False
        looked_at = [step in changes[0].before_next for step in _verdicts(turn, beside)]
        if not all(looked_at[: beside.index(call) + 1] if call in beside else [False]) or self._one_by_one(
            turn, beside
        ):
            return False
        return not self._open_before(turn, call, changes[0])

    def _one_by_one(self, turn: int, calls: Sequence[str]) -> bool:
        """Whether one of these calls was decided only when something else had come in after what governs next."""
        change = self._here.changes[0]
        return any(one not in change.before_next and self.later(VerdictReached, one) for one in _verdicts(turn, calls))

    def _waited(self, turn: int, call: str, change: _Change) -> bool:
        """Whether a call passed its gate after a change, or had its turn to be asked about, and was decided under it only
        then: it had waited there.
        """
        decided = self._here.decided.get(f"t{turn}/verdict:tool.call:{call}", ())
        first = next((at for at in decided if at > change.seq), inf)
        turns = (GatePassed, f"t{turn}/gate:tool:{call}"), (AutonomyChanged, f"t{turn}/autonomy:{call}.ask")
        return any(change.seq < self._here.at.get(one, -1) < first for one in turns)

    def _decided_already(self, turn: int, calls: Sequence[str], change: _Change) -> bool:
        """Whether one of these calls was decided in this life before a change, or first under it when others had gone
        their way: all are decided together.
        """
        first = {step: self._here.decided[step][0] for step in _verdicts(turn, calls) if self._here.decided[step]}
        return any(at < change.seq or (step not in change.decided and at < self._end) for step, at in first.items())

    def _level_next(self, step: str) -> bool:
        """Whether a level changed at a step while what governs next did: one that changed under what came in later tells
        nothing about this.
        """
        return any(self._here.changes[0].seq < seq < self._end for seq, _ in self._here.levels.get(step, ()))

    @property
    def _end(self) -> float:
        """The record with which what governs next is over."""
        return next((one.seq for one in self._here.changes[1:] if not one.at_once), inf)

    def _open_before(self, turn: int, call: str, change: _Change) -> bool:
        """Whether the question about a call was open in an earlier life, and nobody needed to answer it after this change.

        Had the change come before this life put it, that would have been put in spite of that, as it had been before,
        unless the level changed for the call as well before it went its way, or it came to its gate after that.
        """
        asked, gate = (ApprovalRequested, f"t{turn}/ask:{call}"), f"t{turn}/gate:tool:{call}"
        others = asked, (AutonomyChanged, f"t{turn}/autonomy:{call}.run"), (GatePaused, gate), (GatePassed, gate)
        through = f"t{turn}/verdict:tool.call:{call}" in change.let_through
        if not through or any(self._here.at.get(one, -1) > change.seq for one in others):
            return False
        return any(asked in self._lives[turn, life].at for life in range(1, self._now[1]))

    def before_asking(self, step: str) -> bool:
        """Whether what governs next came in before this question was first put in this life; or, of one that was not put
        at all, before its call was decided last: as soon as a call is decided it is asked about, or comes to its end.
        """
        changes = self._here.changes
        if not changes or self._level_next(step.replace("/ask:", "/autonomy:")):
            return False  # what a level changed with was decided when the question had become void
        asked = self._here.first.get((ApprovalRequested, step))
        if asked is None:
            asked = self._here.at.get((VerdictReached, step.replace("/ask:", "/verdict:tool.call:")), -1)
        return asked > changes[0].seq

    def void(self, step: str) -> bool:
        """Whether a question that was put in this life became void in it, and none was answered after that."""
        at = self._here.at
        return at.get((ApprovalGiven, step), -1) < at.get((ApprovalRequested, step), -1) < self._here.last

    def answered_at_once(self, step: str) -> bool:
        """Whether a question was answered in this life before anything else happened, and nobody was waited for."""
        return step in self._here.at_once

    def noticed(self, step: str, outdated: bool) -> bool:
        """Whether whoever waited for a person at this step saw that something else governs, before yet another did, or
        before an answer came that was not waited for: that a call was stopped is seen first.

        A question that is not `outdated`, because what governed when it was put does again, was seen to have been by what
        was decided about it then, at another level of autonomy, or by there being no answer to it.
        """
        if self._last is None:
            return outdated
        given, asked = (self._here.at.get((kind, step), -1) for kind in (ApprovalGiven, ApprovalRequested))
        if not outdated:
            anew = self._here.at.get((VerdictReached, step.replace("/ask:", "/verdict:tool.call:")), -1)
            return anew > self._last.seq or given <= asked
        if asked < self._last.seq < given:
            return False
        if not self._here.changes:
            return True
        turn, _, about = step.partition("/ask:")
        return f"{turn}/verdict:tool.call:{about}" in self._last.before_next or not about.startswith("c")

    async def moment(self, kind: type[Event], step: str) -> bool:
        """Wait until it is this event's turn, or until something else governs: then True, and this may not come at all.

        A question that has no answer here waits for what made it void.
        """
        changes = self._here.changes
        if kind is VerdictReached and self.decides(step):
            return False
        void = kind is ApprovalGiven and bool(changes) and (kind, step) not in self._here.at
        if not void and not self.later(kind, step):
            return False
        await self.next()
        return True

    async def next(self, *, only: bool = False) -> None:
        """Wait until something else governs: it does when nothing happens any more without it, and whoever has waited for
        it longest goes on first. What came in at once after that does with it, unless it is wanted `only`.
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
        while changes and (len(changes) == left or (changes[0].at_once and not only)):
            self._last = changes.pop(0)
            self._govern(self._last.contract)
