"""OpenAI-style message files: one conversation a line, as chat fine-tuning takes them, or one JSON value.

Looked at: the Chat Completions and fine-tuning formats of 2026 (`messages`, `tools`, `parallel_tool_calls`).
Invariant: a conversation that was written is read back with the same turns, calls, arguments and results.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from greenroom.core.values import Json
from greenroom.regression.interop.conversation import Conversation, Loss, Losses
from greenroom.regression.interop.messages import closed, messages_of, turns_of
from greenroom.regression.interop.source import text_in
from greenroom.regression.interop.taped import Taped, wire_definitions

Entries = Iterable[tuple[str, Json]]
_TAKEN = {"messages", "tools", "functions", "metadata", "id", "name"}


def read(entries: Entries, losses: Losses) -> list[Conversation]:
    """The conversations of a file; lines that are single messages are one conversation together."""
    found: list[Conversation] = []
    single: list[Json] = []
    first = ""
    for where, entry in entries:
        if isinstance(entry, dict) and "role" in entry and "messages" not in entry:
            first = first or where
            single.append(entry)
        else:
            found += _conversation(where, entry, losses)
    return found + (_conversation(first, {"messages": single}, losses) if single else [])


def _conversation(where: str, entry: Json, losses: Losses) -> list[Conversation]:
    if isinstance(entry, list):
        entry = {"messages": entry}
    messages = entry.get("messages") if isinstance(entry, dict) else None
    if not isinstance(messages, list):
        losses.note(where, "an entry", "it has no list of messages")
        return []
    for key in entry.keys() - _TAKEN:
        losses.note(where, f"'{key[:40]}'", "a draft has no place for it")
    if entry.get("tools") or entry.get("functions"):
        losses.note(where, "the definitions of tools", "the workspace's own tools are the ones that run")
    turns = closed(turns_of(messages, where, losses), where, losses)
    if not turns:
        losses.note(where, "an entry", "the person says nothing in it")
        return []
    name = text_in(entry, "id") or text_in(entry, "name") or text_in(entry.get("metadata"), "fixture")
    return [Conversation(turns, name=name, where=where)]


def write(tapes: Iterable[Taped]) -> tuple[str, list[Loss]]:
    """One line a fixture, with the definitions of the persona's tools where they were kept."""
    losses = Losses()
    lines = []
    for taped in tapes:
        taped.note_losses(losses, "chat messages hold no")
        _note_statuses(taped, losses)
        entry: dict[str, Json] = {"messages": messages_of(taped.conversation.turns)}
        if tools := wire_definitions(taped):
            entry["tools"] = tools
        lines.append(json.dumps(entry, ensure_ascii=False))
        for item in taped.conversation.expectations:
            losses.note(
                taped.name,
                f"the expectation on {', '.join(k for k in item if k != 'turn')}",
                "chat messages hold no expectations",
            )
    return "".join(line + "\n" for line in lines), losses


def _note_statuses(taped: Taped, losses: Losses) -> None:
    """What a tool message cannot say: that a call was denied, ran out of time or was refused for its arguments."""
    for turn in taped.conversation.turns:
        for reply in turn.replies:
            for call in reply.calls:
                if call.result is not None and call.result.status != "done":
                    what = f"that a call of {call.tool[:60]} ended as {call.result.status}"
                    losses.note(taped.name, what, "a tool message holds a text alone; read again, it ran")
