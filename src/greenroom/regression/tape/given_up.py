"""After what a turn was given up, which the line that ends it says.

A replay expects no end of a turn that a person gave up, and a person may do so when all but its end has happened. So that
no other turn passes for one, the line names what it came after, and a turn that came to its end has no such name.
Invariant: what is said agrees with the lines before it, or the place where it does not is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenroom.regression.tape.tape import Line

AFTER = "after"
"""The key that says it."""
BEGUN = "begun"
"""The key that says what had been started and never came back: it counts, and a replay would not know of it."""
ABANDONED = "abandoned"

_TOLD_BY_KIND = frozenset({"release", "memory", "write"})
"""Whose first value is words, or a name that is another in every session."""


def place(line: Line) -> str:
    """What a line is about, as a later one refers to it: `reply 2`, `result c1`, `verdict tool.call of c1`."""
    kind = next(iter(line))
    value = line[kind]
    if kind in _TOLD_BY_KIND or not isinstance(value, str | int):
        return kind
    return f"{kind} {value}" + (f" of {line['of']}" if "of" in line else "")


def before(events: Sequence[Line], index: int) -> str:
    """What stands before line `index`, without what only tells a replay what to go by."""
    return next((place(events[at]) for at in range(index - 1, -1, -1) if "held" not in events[at]), "")


def wrong_ending(events: Sequence[Line]) -> tuple[int, str] | None:
    """The first line that ends a turn otherwise than any recording does, and what is wrong with it."""
    turn: object = 0
    for index, line in enumerate(events):
        turn = line.get("turn", turn)
        if "finish" not in line:
            continue
        said, stands = line.get(AFTER), before(events, index)
        if line["finish"] != ABANDONED:
            if AFTER in line:
                return index, f"turn {turn} came to its end here, and the line says after what it was given up"
        elif said is None:
            return index, f"turn {turn} is given up here, and the line does not say after what: it came to its end"
        elif said != stands:
            return index, f"turn {turn} is given up here after '{said}', and after '{stands}' by the lines before it"
    return None


def with_places(events: Sequence[Line]) -> list[Line]:
    """The lines, where those that give a turn up say after what."""
    return [
        {**line, AFTER: before(events, index)} if line.get("finish") == ABANDONED else line
        for index, line in enumerate(events)
    ]
