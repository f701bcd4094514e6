"""The days on which a tape looked at a day's sums, by number from the first. How many days lay between is no matter.

Invariant: which day a line is about is on the line itself, so that it does not matter in what order lines are told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from greenroom.regression.tape.tape import Line

_MOST = 36_500
"""More days than a session lasts."""


def days_by_number(days: Iterable[str]) -> dict[str, int]:
    """The number of each of these days, which are such as `2026-11-20`: 1 for the first, 2 for the next among them."""
    return {day: number for number, day in enumerate(sorted(set(days)), 1)}


def day_of(number: int) -> str:
    """The day of that number, as a replay has it.

    Raises:
        ValueError: a tape spans no such day.
    """
    if not 0 < number <= _MOST:
        raise ValueError(number)
    return date.fromordinal(number).isoformat()


def numbered(read: Iterable[Line], last: int) -> Iterator[tuple[Line, int]]:
    """The `day` lines of a turn with their numbers. A line of before these were told says only that it is a `later` day
    than the one before it, in the order of the turn's lives, or than the `last` of the turns before.
    """
    for line in sorted(read, key=lambda one: int(one.get("life", 1))):
        last = min(last + bool(line.get("later")), _MOST)
        yield line, int(line.get("on", last))
