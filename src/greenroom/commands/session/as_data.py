"""A record of a log as a program reads it: its place, then the event's own fields."""

from __future__ import annotations

from greenroom.core.events import Record
from greenroom.core.values import Json


def as_data(record: Record) -> dict[str, Json]:
    """`{"seq", "at", "turn", "kind", ...}`; the fields of the event stand beside its place, not inside another object."""
    event = record.event.model_dump(mode="json")
    return {"seq": record.seq, "at": record.at, "turn": event.pop("turn"), "kind": event.pop("kind"), **event}
