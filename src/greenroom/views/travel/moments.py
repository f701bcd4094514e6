"""A moment of a session as a person names it: an event's number, a turn, a time of day, or now.

Invariant: a moment is the place of a record that is there; nothing is guessed from one that is not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from greenroom.core.errors import UsageError
from greenroom.core.events import Record, TurnStarted

HINT = "an event's number such as 214, a turn such as t3, a time such as 14:05 or 14:05:30 (UTC), or now"
_TIME = re.compile(r"(\d{4}-\d\d-\d\d[T ])?([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?Z?")


def place_of(records: Sequence[Record], words: str) -> int:
    """The place (from 0) of the record that `words` name; a turn is its first record, a time the last record until then.

    Raises:
        UsageError: there is no such moment, or it is not understood.
    """
    text = words.strip().lower()
    if not records:
        raise UsageError("the session has no events yet")
    if text in ("now", "end", "last"):
        return len(records) - 1
    if text.isdecimal():
        return _numbered(records, int(text))
    if text[:1] == "t" and text[1:].isdecimal():
        return _turn(records, int(text[1:]))
    if _TIME.fullmatch(text.upper()):
        return _time(records, text.upper().rstrip("Z").replace(" ", "T"))
    raise UsageError(f"'{words.strip()}' is no moment of a session", hint=HINT)


def _numbered(records: Sequence[Record], seq: int) -> int:
    place = next((place for place, record in enumerate(records) if record.seq == seq), None)
    if place is None:
        raise UsageError(f"there is no event {seq}", hint=f"this session's are {records[0].seq} to {records[-1].seq}")
    return place


def _turn(records: Sequence[Record], turn: int) -> int:
    begun = [place for place, record in enumerate(records) if isinstance(record.event, TurnStarted)]
    if turn == 0:
        return max(begun[0] - 1, 0) if begun else len(records) - 1
    if turn > len(begun):
        raise UsageError(f"there is no turn {turn}", hint=f"there are {len(begun)}")
    return begun[turn - 1]


def _time(records: Sequence[Record], wanted: str) -> int:
    """The last record that is not after `wanted`: all of the minute, or of the second, that it names."""
    of_day = "T" not in wanted
    stamps = [record.at[11:] if of_day else record.at for record in records]
    found = [place for place, at in enumerate(stamps) if at[: len(wanted)] <= wanted]
    if of_day and any(record.at[:10] != records[0].at[:10] for record in records):
        raise UsageError("the session lasted more than a day", hint=f"with the date: {records[-1].at[:10]}T{wanted}")
    if not found:
        raise UsageError(f"nothing happened until {wanted}", hint=f"the first event is of {records[0].at[:19]}Z")
    return found[-1]
