"""The calls of a turn that had been started and never came back, which only a turn that was given up has at its end.

Invariant: what counts for later calls, because a tool may have done it, is told; a call that was only permitted is not.
"""

from __future__ import annotations

from collections.abc import Iterable

from greenroom.core.events import ToolReturned, ToolStarted
from greenroom.core.values import Json, ToolCall
from greenroom.regression.record.lives import ToldLives
from greenroom.regression.tape.given_up import BEGUN
from greenroom.regression.tape.tape import Line, sorted_json


class Out:
    """The calls of one turn that are out."""

    def __init__(self) -> None:
        self._asked: dict[str, Json] = {}
        self._started: dict[str, Json] = {}

    def ask(self, calls: Iterable[ToolCall]) -> None:
        """The model wants these."""
        self._asked |= {call.id: call.arguments for call in calls}

    def start(self, event: ToolStarted) -> None:
        """One was started."""
        self._started[event.call] = event.arguments

    def come_back(self, event: ToolReturned) -> None:
        """One came to its result, whether it had run or not."""
        self._asked.pop(event.call, None)
        self._started.pop(event.call, None)

    def told(self, turn: int, lives: ToldLives) -> Line:
        """Of those that are out, in which lives each was started, and with what where it is not what the model gave."""
        if not self._asked:
            return {}
        return {BEGUN: {call: self._starts(call, lives.begun.get((turn, call))) for call in self._started}}

    def _starts(self, call: str, begun: Iterable[tuple[int, Json]] | None) -> list[Json]:
        starts = begun or [(1, self._started[call])]
        return [life if given == self._asked.get(call) else [life, sorted_json(given)] for life, given in starts]
