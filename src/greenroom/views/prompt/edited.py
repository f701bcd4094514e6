"""What a person's edit at a gate makes of memories, passages, messages and results.

Invariant: pure, and never an error: what an edit speaks of that is not there is left out, so that a log with a wrong
edit can still be looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypeVar

from greenroom.core.events import GatePassed
from greenroom.core.messages import Message
from greenroom.core.values import Json, Memory, Passage

Item = TypeVar("Item", Memory, Passage)
SKIPPED = "person: skipped at the gate"
DROPPED = "person: dropped at the gate"
"""Why something is not in the prompt that policy and selection would have let in."""


def edited_items(items: Sequence[Item], edit: Json, by: str) -> tuple[Item, ...]:
    """The memories or passages an edit keeps, in its order: `[{"at": 2}, {"at": 1, "text": "..."}]`, counted from 1."""
    kept: dict[int, Item] = {}
    for row in edit if isinstance(edit, list) else ():
        at, text = (row.get("at"), row.get("text")) if isinstance(row, dict) else (None, None)
        if isinstance(at, int) and 1 <= at <= len(items):
            item = items[at - 1]
            changed = isinstance(text, str) and text != item.text
            kept[at] = item.model_copy(update={"text": text, "edited": by or "a person"}) if changed else item
    return tuple(kept.values())


def rows_without(ids: Sequence[str], chosen: Sequence[str], without: Collection[str]) -> list[Json]:
    """The edit that lets of `ids` those `chosen`, in their order, go on that are not in `without`."""
    places = {key: at for at, key in enumerate(ids, 1)}
    return [{"at": places[key]} for key in chosen if key in places and key not in without]


def in_place(items: Sequence[Item], event: GatePassed) -> tuple[Item, ...]:
    """All of the items in their own order, those that an edit changed with their new text."""
    if event.action != "edit":
        return tuple(items)
    changed = {one.id: one for one in edited_items(items, event.edit, event.by)}
    return tuple(changed.get(one.id, one) for one in items)


def edited_messages(messages: Iterable[Message], edit: Json) -> tuple[Message, ...]:
    """The messages of one request with what a person put in: `[{"source": "system", "at": 1, "text": "..."}]`, where
    `at` counts the messages of that source from 1, and a `text` of None leaves the message out.
    """
    changes = {(row["source"], row["at"]): row["text"] for row in edit if _is_change(row)} if edit else {}
    seen: dict[str, int] = {}
    out: list[Message] = []
    for message in messages:
        at = seen[message.source] = seen.get(message.source, 0) + 1
        text = changes.get((message.source, at), message.text)
        if text is not None:
            out.append(message if text == message.text else message.model_copy(update={"text": text}))
    return tuple(out)


def _is_change(row: Any) -> bool:
    return isinstance(row, dict) and {"source", "at", "text"} <= set(row)


def result_of(edit: Json) -> tuple[str, Json, str]:
    """Status, output and error of an edited or simulated result: `{"output": ...}` or `{"error": "..."}`."""
    values = edit if isinstance(edit, dict) else {"output": edit}
    error = str(values.get("error") or "")
    return str(values.get("status") or ("failed" if error else "done")), values.get("output"), error


def gate_call(event: GatePassed) -> str:
    """The call a gate was about, '' if it was about none."""
    return event.step.partition(f"gate:{event.gate}:")[2] if event.gate in ("tool", "result") else ""
