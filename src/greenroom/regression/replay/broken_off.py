"""Whether a turn that a person gave up went, as far as it went, as it did when it was recorded.

Where exactly the world broke off a replay cannot know: it goes on as far as the tape answers, and of calls made side by side
it may come to fewer. So what both have must be the same, and what a turn has before and between its calls must be there.
Invariant: nothing is said of what only the replay has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from greenroom.regression.tape.given_up import ABANDONED
from greenroom.regression.tape.tape import Line

Placed = tuple[int, int, Line, Line | None]
"""Index among the recorded lines, turn, the line, and the one of the replay in its place."""

_BESIDE = frozenset({"ask", "answer", "result", "autonomy", "day"})
"""What comes of one call while others may be under way."""
_NAMED = frozenset({"gate", "verdict", "reply", "ask", "answer", "result", "day", "autonomy", "write"})


def given_up(recorded: Sequence[Line], replayed: Sequence[Line]) -> Iterator[Placed]:
    """The recorded lines of turns that were given up which the replay must have too, each with its own."""
    old = _turns(recorded)
    if not old:
        return
    new = _turns(replayed)
    for turn, lines in old.items():
        now = {_key(line): line for _, line in new.get(turn, ())}
        for index, line in lines:
            if (found := now.get(_key(line))) is not None or not _of_call(line):
                yield index, turn, line, found


def _turns(lines: Sequence[Line]) -> dict[int, list[tuple[int, Line]]]:
    """The lines of each turn that was given up, but for the one that says so and those that only tell a replay something."""
    if not any(line.get("finish") == ABANDONED for line in lines):
        return {}
    found: dict[int, list[tuple[int, Line]]] = {}
    here: list[tuple[int, Line]] = []
    turn = 0
    for index, line in enumerate(lines):
        if "turn" in line:
            turn, here = int(line["turn"]), []
        if line.get("finish") == ABANDONED:
            found[turn] = here
        elif "held" not in line:
            here.append((index, line))
    return found


def _of_call(line: Line) -> bool:
    kind = next(iter(line))
    about = str(line.get("of", "")) if kind == "verdict" else str(line[kind]).partition(":")[2]
    return kind in _BESIDE or (kind in ("verdict", "gate") and about.startswith("c"))


def _key(line: Line) -> tuple[str, ...]:
    """What makes a line of one telling that of another. A memory is told again whenever its name stands for another."""
    kind = next(iter(line))
    if kind == "memory":
        return kind, str(line[kind]), str(line["text"])
    return kind, str(line[kind]) if kind in _NAMED else "", str(line.get("of", "")), str(line.get("life", ""))
