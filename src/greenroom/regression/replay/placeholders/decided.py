"""What a line of a tape that holds a decision is about, found among the lines before it.

Invariant: nothing is guessed; what such a line is about stands before it, or the tape is malformed.
"""

from __future__ import annotations

from collections.abc import Mapping

from greenroom.core.events import ApprovalGiven, Event, GatePassed, ToolStarted
from greenroom.core.values import Json
from greenroom.regression.replay.answers import Key
from greenroom.regression.tape.tape import Line


def decided(of: str, turn: int, lines: Mapping[Key, Line], events: Mapping[Key, Event]) -> tuple[str, Json]:
    """The tool of a call that was decided about, and its arguments: those of the call, or of the edit before `c1.2`.

    Raises:
        KeyError, ValueError: no line before it has them.
    """
    call, _, edits = of.partition(".")
    asked = lines[ToolStarted, f"t{turn}/tool:{call}"]
    if not edits:
        return str(asked["tool"]), asked["args"]
    if edits == "gate":
        return str(asked["tool"]), lines[GatePassed, f"t{turn}/gate:tool:{call}"]["edit"]
    gate = (ApprovalGiven, f"t{turn}/ask:{call}.gate") in events
    before = f"{call}.{int(edits) - 1}" if int(edits) > 1 else f"{call}.gate" if gate else call
    given = events[ApprovalGiven, f"t{turn}/ask:{before}"]
    return str(asked["tool"]), given.arguments if isinstance(given, ApprovalGiven) else None
