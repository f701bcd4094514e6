"""What policy may know of a session: where its text came from, what was called, what the calls add up to.

Invariant: a fold of the log plus what the open turn has reserved, so that parallel calls cannot slip under a sum or
a count, and nothing depends on which of them runs first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from greenroom.core.events import (
    ContextSelected,
    PassagesRetrieved,
    Record,
    ReplyGenerated,
    ToolReturned,
    ToolStarted,
    TurnStarted,
)
from greenroom.core.values import Json, Origin
from greenroom.policy.port import SessionFacts

Reserves = Callable[[str, Mapping[str, Json]], Mapping[str, float]]
"""From a tool and its arguments to what the call adds to each sum the envelope limits."""


class Facts:
    """Counts of a session. A permitted call is reserved before the next one is decided, and counted once.

    `today` are the sums that other sessions of the same day have reached, by key (`tool:args.path:day`).
    """

    def __init__(self, autonomy: int, reserves: Reserves, today: Mapping[str, float] | None = None) -> None:
        self._autonomy = autonomy
        self._today = dict(today or {})
        self._reserves = reserves
        self.clear()

    def clear(self) -> None:
        """Know nothing."""
        self._turn = 0
        self._unread_result = False
        self._taint: dict[Origin, None] = {}
        self._reserved: dict[str, tuple[str, Mapping[str, float]]] = {}
        self._now: SessionFacts | None = None

    def see(self, record: Record) -> None:
        """Take a record into account."""
        self._now = None
        match record.event:
            case TurnStarted(turn=turn):
                self._turn = turn
                self._taint["user"] = None
            case ContextSelected(memories=memories, passages=passages):
                self._taint.update(dict.fromkeys(_origins(memories, passages)))
            case PassagesRetrieved(candidates=candidates) if any(p.origin == "web" for p in candidates):
                self._taint["web"] = None
            case ToolStarted(tool=tool, step=step, arguments=arguments):
                self.reserve(step, tool, arguments)
            case ToolReturned(status="done" | "failed" | "timed_out"):
                self._unread_result = True
            case ReplyGenerated() if self._unread_result:
                # A result taints once the model has read it; sooner would depend on which sibling returned first.
                self._taint["tool"] = None
                self._unread_result = False
            case _:
                pass

    def reserve(self, step: str, tool: str, arguments: Mapping[str, Json]) -> None:
        """Count a permitted call; an edited one replaces what its step had reserved."""
        self._reserved[step] = (tool, self._reserves(tool, arguments))
        self._now = None

    def release(self, step: str) -> None:
        """A call that was permitted and then not made counts for nothing."""
        self._reserved.pop(step, None)
        self._now = None

    def now(self, without: str = "") -> SessionFacts:
        """The facts at this moment, leaving out what the step `without` has itself reserved."""
        if without in self._reserved:
            return self._told(without)
        if self._now is None:
            self._now = self._told("")
        return self._now

    def _told(self, without: str) -> SessionFacts:
        mine = f"t{self._turn}/"
        sums = dict(self._today)
        counts: dict[str, int] = {}
        calls = 0
        for step, (tool, added) in self._reserved.items():
            if step == without:
                continue
            calls += step.startswith(mine)
            counts[tool] = counts.get(tool, 0) + 1
            for key, amount in added.items():
                if step.startswith(mine) or not key.endswith(":turn"):
                    sums[key] = sums.get(key, 0.0) + amount
        return SessionFacts(
            turn=self._turn,
            taint=tuple(self._taint),
            calls_this_turn=calls,
            counts=counts,
            sums=sums,
            autonomy=self._autonomy,
        )


def _origins(memories: Sequence[str], passages: Sequence[str]) -> Iterator[Origin]:
    if memories:
        yield "memory"
    if passages:
        yield "passage"
