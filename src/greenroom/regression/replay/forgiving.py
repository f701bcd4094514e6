"""A tape that answers by step, whatever it is asked with today: what would be, if the world said all that it said.

Invariant: a result is only that of the call it came from; what the tape does not have is a divergence, never made up.
"""

from __future__ import annotations

from typing import Any

from greenroom.core.events import (
    ApprovalGiven,
    Event,
    MemoriesRecalled,
    MemoryWritten,
    PassagesRetrieved,
    ToolStarted,
)
from greenroom.regression.replay.match import TapeRecording, written_again
from greenroom.regression.tape.tape import Line


class ForgivingRecording(TapeRecording):
    """A tape that answers by step even where it was asked otherwise; but a result is only that of the call it came from."""

    def answer(self, kind: type[Event], step: str, inputs: Any) -> Event | None:
        """The recorded answer, narrowed to what is asked for today.

        Raises:
            Divergence: nothing on the tape can stand for it.
        """
        if kind is ApprovalGiven and self.line(kind, step, inputs) is None:
            return None  # leave that was given before may answer; a person is not here
        if kind is MemoryWritten:
            return written_again(step, self.line(kind, step, inputs) or {}, inputs)
        event = super().answer(kind, step, inputs)
        if isinstance(event, MemoriesRecalled) and inputs is not None:
            kept = tuple(memory for memory in event.memories if memory.segment in inputs["segments"])
            return event.model_copy(update={"query": inputs["text"], "memories": kept})
        if isinstance(event, PassagesRetrieved) and inputs is not None:
            wanted = inputs["collections"]
            found = tuple(
                one for one in event.candidates if wanted and (not one.collection or one.collection in wanted)
            )
            legs = event.legs if wanted else ()
            return event.model_copy(update={"query": inputs["text"], "candidates": found, "legs": legs})
        return event

    def check(self, kind: type[Event], step: str, line: Line, inputs: Any) -> None:
        """Only what a tool was called with must be the same: its result is of that call."""
        if kind is ToolStarted:
            super().check(kind, step, line, inputs)
