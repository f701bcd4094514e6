"""The courses of a turn's life: what happened one after another to each of its calls, and to the turn itself.

Invariant: whatever happens beside it, a course goes in a replay as it went; a replay is somewhere in it, and never goes
back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalPassedOn,
    ApprovalRequested,
    AttemptFailed,
    AutonomyChanged,
    Event,
    VerdictReached,
)
from greenroom.engine.looks import NOW, VOID, place_of

AT_ONCE = "at once"
"""How it is established in the replay of a tape, which says no more of it than that."""
_CALL = re.compile(
    r"t\d+/(?:ask|day|autonomy|tool|verdict:tool\.call|verdict:tool\.result|gate:tool|gate:result):(c\d+)"
)
_LEFT_OUT = frozenset({ApprovalPassedOn, AttemptFailed})
"""What a replay does not have: nobody waits in it, and no model fails."""
_UNWAITED = ("grant ", "kill switch", "policy ", AT_ONCE)
"""How it is established who answered, where nobody was waited for: by leave, by a stop, or because it was too late."""
_AGAIN = (VOID, NOW)
"""Looks at something that was asked about, once its question is void or answered."""


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that happened, as record `seq`; `look` says at which look at it, where it is a decision."""

    seq: int
    kind: type[Event]
    step: str
    look: str
    event: Event

    def voids(self, asked: str, verdict: str, *, put: bool) -> bool:
        """Whether this happened because a question had become void: if it is `put`, anything but an answer; else only a look
        that says so.
        """
        if put:
            return not (self.kind is ApprovalGiven and self.step == asked)
        level = verdict.replace("/verdict:tool.call:", "/autonomy:")
        places = {VerdictReached: verdict, AutonomyChanged: f"{level}{place_of(self.look)}"}
        return self.look in _AGAIN and self.step == places.get(self.kind)


@dataclass(slots=True)
class Course:
    """What happened in it, in order; a replay has come to `at` of that."""

    told: list[Told] = field(default_factory=list)
    at: int = 0

    def put(self, told: Told) -> None:
        """Something happened, last of all."""
        if told.kind not in _LEFT_OUT:
            self.told.append(told)

    def come_to(self, kind: type[Event], step: str) -> None:
        """The replay has come to this; what happened before it does not any more."""
        for place in range(self.at, len(self.told)):
            if self.told[place].kind is kind and self.told[place].step == step:
                self.at = place + 1
                return

    def next(self) -> Told | None:
        """What happens next."""
        return self.told[self.at] if self.at < len(self.told) else None

    def next_at(self, kind: type[Event], step: str) -> Told | None:
        """What of a kind happens next at a step."""
        return next((one for one in self.told[self.at :] if one.kind is kind and one.step == step), None)

    def after_asking(self, step: str) -> Told | None:
        """What happens next but that a question is put."""
        coming = self.told[self.at :]
        return next((one for one in coming if not (one.kind is ApprovalRequested and one.step == step)), None)

    def levels(self, step: str, look: str) -> list[AutonomyChanged]:
        """The levels that change next at a step at this look, one right after another."""
        found: list[AutonomyChanged] = []
        for one in self.told[self.at :]:
            if one.step == step and one.look == look and isinstance(one.event, AutonomyChanged):
                found.append(one.event)
            elif found or one.kind is VerdictReached:
                break
        return found

    def answered_at_once(self, step: str) -> bool:
        """Whether the next answer to a question came as the very next record after it was put, and nobody was waited for."""
        given = self.next_at(ApprovalGiven, step)
        if given is None or not unwaited(given.event):
            return False
        asked = [one.seq for one in self.told if one.kind is ApprovalRequested and one.step == step]
        return given.seq - 1 in asked


def unwaited(event: Event) -> bool:
    """Whether this is an answer for which nobody was waited for."""
    return isinstance(event, ApprovalGiven) and event.established.startswith(_UNWAITED)


def course_of(step: str) -> str:
    """The call whose course a step belongs to; '' for the turn's own."""
    found = _CALL.match(step)
    return found[1] if found else ""
