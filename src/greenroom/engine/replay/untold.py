"""The looks at which verdicts were reached in a log of before, which does not say so, as far as their order tells it.

Invariant: what a log says of a look is taken as it stands; of what says nothing only that is inferred which cannot have been
the first look at it in its life.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from greenroom.core.events import (
    ApprovalGiven,
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
    TurnResumed,
    TurnStarted,
    VerdictReached,
)
from greenroom.engine.calls.rounds import UNKNOWN
from greenroom.engine.looks import ASK, FIRST, NOW, PASSED, RUN, VOID

_OF_CALL = re.compile(
    r"(t\d+)/(?:verdict:tool\.call|autonomy):(c\d+)(\.\w+|\.\d+\.unknown)??(?:\.(run|passed|ask|now))?"
)
_ONCE = frozenset({".start", ".stop"})
_WAY = frozenset({ApprovalRequested, ApprovalGiven, GatePaused, GatePassed, ToolStarted, ToolReturned})
"""What happens to a call when all calls of its reply have been decided."""


def looks(records: Iterable[Record]) -> dict[int, str]:
    """At which look each verdict was reached, and each level changed, by record."""
    told = _Looks()
    return {record.seq: look for record in records if (look := told.see(record.event)) is not None}


class _Looks:
    """What of the life of a turn tells at which look something was decided."""

    def __init__(self) -> None:
        self._beside: dict[str, frozenset[str]] = {}
        self._begin()

    def _begin(self) -> None:
        self._reached: set[str] = set()
        self._put: set[str] = set()
        self._gone: set[str] = set()
        self._waited: set[str] = set()
        self._passed = ""

    def see(self, event: Event) -> str | None:
        """Take the next thing in; the look at which it was decided, None if it is no decision."""
        match event:
            case TurnStarted() | TurnResumed():
                self._begin()
            case ReplyGenerated(calls=calls):
                beside = frozenset(call.id for call in calls)
                self._beside |= dict.fromkeys(beside, beside)
            case VerdictReached(step=step):
                look = event.moment or self._look(step)
                self._reached.add(step)
                return look
            case AutonomyChanged(step=step) if step:
                changed = event.moment or self._look(step)
                self._waited |= self._gone  # all calls of a reply go their way at once
                return changed
            case ContractLoaded() | AutonomyChanged():
                self._waited |= self._gone
            case _ if type(event) in _WAY:
                self._on_its_way(event)
        return None

    def _on_its_way(self, event: Event) -> None:
        call = event.step.partition(":")[2].removeprefix("tool:").removeprefix("result:").partition(".")[0]
        self._gone |= self._beside.get(call, frozenset())
        self._passed = call if isinstance(event, GatePassed) else ""
        if isinstance(event, ApprovalRequested):
            self._put.add(event.step)

    def _look(self, step: str) -> str:
        found = _OF_CALL.fullmatch(step)
        if found is None:
            return VOID if step in self._reached else FIRST
        turn, call, suffix, place = found[1], found[2], found[3] or "", found[4]
        if place or suffix in _ONCE:
            return place or FIRST
        anew = f"{turn}/verdict:tool.call:{call}{suffix}" in self._reached
        if suffix.endswith(UNKNOWN):
            return NOW if anew else FIRST
        if f"{turn}/ask:{call}{suffix}" in self._put:
            return VOID
        if not anew and (suffix or call not in self._gone):
            return FIRST
        if self._passed == call:
            return PASSED
        return ASK if call in self._waited else RUN
