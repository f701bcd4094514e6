"""The persona's limits on one turn: replies, calls, tokens, money, seconds of work.

Invariant: a fold of the turn's records, so a resumed or replayed turn meets its limits at the same place. Waiting
for a person costs nothing.
"""

from __future__ import annotations

from greenroom.core.events import Record, ReplyGenerated, ToolReturned, ToolStarted
from greenroom.core.values import Usage
from greenroom.persona.contract import Limits


class Budget:
    """What a turn has used so far."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.usage = Usage()
        self.milliseconds = 0
        self.replies = 0
        self._started: set[str] = set()

    @property
    def calls(self) -> int:
        """Tool calls that were started. One that a person had run once more after a crash is still one call."""
        return len(self._started)

    def see(self, record: Record) -> None:
        """Take a record of this turn into account."""
        match record.event:
            case ReplyGenerated(usage=usage, milliseconds=milliseconds):
                self.usage = self.usage.plus(usage)
                self.replies += 1
                self.milliseconds += milliseconds
            case ToolStarted(step=step):
                self._started.add(step)
            case ToolReturned(milliseconds=milliseconds):
                self.milliseconds += milliseconds
            case _:
                pass

    def exceeded(self) -> str:
        """Which limit leaves no room for another model call, as the contract names it, or ''."""
        limits = self._limits
        if self.replies >= limits.replies:
            return f"limits.replies = {limits.replies}"
        if self.usage.tokens >= limits.tokens:
            return f"limits.tokens = {limits.tokens}"
        if self.usage.usd >= limits.usd > 0:
            return f"limits.usd = {limits.usd}"
        if self.milliseconds >= limits.seconds * 1000:
            return f"limits.seconds = {limits.seconds:g}"
        return ""

    def no_call_left(self, under_way: int) -> str:
        """Which limit forbids one more tool call when this turn has made or permitted `under_way`, or ''."""
        return f"limits.tool_calls = {self._limits.tool_calls}" if under_way >= self._limits.tool_calls else ""
