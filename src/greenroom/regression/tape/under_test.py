"""Which turns of a session or a tape are under test, and which are only the context that makes them happen.

Invariant: turns keep the numbers they have in their session, whatever is cut.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from greenroom.core.errors import UsageError
from greenroom.regression.tape.tape import Line, Tape

TAKEN_OVER = "taken over"
"""What a header says of a `context` that other files governed."""

_RANGE = re.compile(r"([1-9]\d{0,4})(?:\s*-\s*([1-9]\d{0,4}))?")

Stretch = tuple[int, int]
"""The first and the last turn of a range."""


def stretch(text: str) -> Stretch | None:
    """The range that `3` or `2-4` stands for; None for ''.

    Raises:
        UsageError: it is none.
    """
    if not text.strip():
        return None
    found = _RANGE.fullmatch(text.strip())
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if last < first:
        raise UsageError(
            f"'{text}' is not a range of turns", hint="a turn such as 3, or a range such as 2-4", code="export.turns"
        )
    return first, last


def written(turns: Stretch) -> str:
    """`3` or `2-4`."""
    first, last = turns
    return str(first) if first == last else f"{first}-{last}"


def named(turns: Stretch) -> str:
    """`turn 3` or `turns 2-4`."""
    return f"turn{'s' if turns[0] != turns[1] else ''} {written(turns)}"


def context_length(lines: Sequence[Line], first: int) -> int:
    """How many lines come before the turn `first`; all of them if it is not there."""
    if first <= 1:
        return 0
    return next((at for at, line in enumerate(lines) if line.get("turn") == first and "user" in line), len(lines))


def under_test(tape: Tape, lines: Sequence[Line]) -> Sequence[Line]:
    """Of a telling of this tape's session what expectations are judged on: the range, and what its names stand for."""
    if tape.first_turn <= 1:
        return lines
    at = context_length(lines, tape.first_turn)
    return [*(line for line in lines[:at] if next(iter(line)) == "memory"), *lines[at:]]
