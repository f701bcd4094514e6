"""Which call of one log is which of another, and what a rerun has taken and done already. Pure functions of records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from greenroom.core.events import Record, ReplyGenerated, ToolReturned, ToolStarted
from greenroom.core.values import ToolCall

Repeats = Callable[[int], bool]
"""Whether a turn is one that is said again."""


def marks(record: Record) -> dict[str, Any]:
    """What an event of the rerun takes over beside its content."""
    found: dict[str, Any] = {"kept_from": record.seq}
    if isinstance(record.event, ReplyGenerated):
        timing = ("milliseconds", "first_token_milliseconds")
        found |= {name: getattr(record.event, name) for name in timing}
    return found


def call_of(records: Sequence[Record], name: str) -> ToolCall | None:
    """The call of this number that a model asked for last."""
    events = (r.event for r in reversed(records) if isinstance(r.event, ReplyGenerated))
    return next((call for event in events for call in event.calls if call.id == name), None)


def number_there(records: Sequence[Record], turn: int, call: ToolCall) -> str:
    """The number that the same call has in a turn of the parent: its own if it can be, else the first that is alike."""
    events = (r.event for r in records if isinstance(r.event, ReplyGenerated) and r.event.turn == turn)
    alike = [one.id for event in events for one in event.calls if same_call(one, call)]
    return call.id if call.id in alike else next(iter(alike), "")


def same_call(one: ToolCall, other: ToolCall) -> bool:
    return (one.tool, one.arguments) == (other.tool, other.arguments)


def used_already(records: Sequence[Record], repeats: Repeats) -> set[int]:
    """The recorded starts whose results were taken before the session was opened."""
    mine = [r.event for r in records if repeats(r.event.turn)]
    returned = {event.step for event in mine if isinstance(event, ToolReturned)}
    started = (event for event in mine if isinstance(event, ToolStarted) and event.step in returned)
    return {event.kept_from for event in started if event.kept_from is not None}


def changed_already(records: Sequence[Record], repeats: Repeats) -> bool:
    """Whether a turn that is said again had an effect of its own before the session was opened."""
    started = (r.event for r in records if isinstance(r.event, ToolStarted))
    return any(event.kept_from is None and event.effects != "none" and repeats(event.turn) for event in started)
